package issuer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
)

// read parses a file of testdata.
func read(t *testing.T, name string) strictjson.Value {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestIdentityHashVectors(t *testing.T) {
	vectors := read(t, "expected/identity-hash-vectors.json").Get("vectors")
	if vectors.Len() != 3 {
		t.Fatalf("%d vectors", vectors.Len())
	}
	for n, v := range vectors.Elements() {
		if got := issuer.IdentityHash(v.Get("email").Text(), v.Get("salt").Text()); got != v.Get("identityHash").Text() {
			t.Errorf("vector %d: %s", n, got)
		}
	}
	// The vector of Open Badges 3.0 section B.4 itself.
	if got := issuer.IdentityHash("a@example.com", "Kosher"); !strings.HasPrefix(got, "sha256$b5809d8a92f88584") {
		t.Errorf("the specification's example gives %s", got)
	}
	one, err := issuer.HashedEmail(stuck{}, "ana@learner.example")
	if err != nil {
		t.Fatal(err)
	}
	two, err := issuer.HashedEmail(stuck{}, "ana@learner.example")
	if err != nil || one.Salt == two.Salt || one.IdentityHash == two.IdentityHash || len(one.Salt) != 22 {
		t.Errorf("two badges of one person: %+v %+v, %v", one, two, err)
	}
}

// fixtures is a place with the fixtures' issuers and achievements.
func fixtures(t *testing.T) *place {
	t.Helper()
	p := &place{Service: issuertest.New(t, boltHome(t).store, issuertest.Options{Issuers: []string{"urban-health-learning", "digital-health-learning"}})}
	for _, v := range read(t, "parties.json").Get("issuers").Elements() {
		var profile issuer.Profile
		strictjson.View(v, &profile)
		if _, err := p.PutProfile(t.Context(), profile, "test"); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range read(t, "achievements.json").Get("achievements").Elements() {
		var a issuer.Achievement
		strictjson.View(v, &a)
		if a.Slug == "uh-kit-completion" {
			a.Results = issuer.ResultsScore // the expected badge shows them; the template says nothing
		}
		p.put(t, a)
	}
	return p
}

// TestExpectedCredentials asks for the badges of the fixtures: what is issued
// is what was expected, but for what is settled otherwise since (ids, keys,
// contexts, the award date that is not signed, addresses of editions).
func TestExpectedCredentials(t *testing.T) {
	p := fixtures(t)
	emails := map[string]string{
		"course-achievement": "participant.01@learner.example", "workshop-participant": "participant.01@roster.example",
		"workshop-completion": "participant.01@roster.example", "facilitator": "facilitator.01@team.example",
		"dh-planning": "participant.02@dh.example", "dh-trainer": "participant.01@dh.example", "programme": "participant.06@roster.example",
	}
	for name, email := range emails {
		t.Run(name, func(t *testing.T) {
			expected := read(t, "expected/credential-"+name+".json")
			a := awardOf(t, expected, email)
			rec := p.issue(t, a).Record
			doc, err := rec.View()
			if err != nil {
				t.Fatal(err)
			}
			if (doc.View().RefreshService != nil) != (name == "dh-trainer") { // the one with a term
				t.Errorf("refreshService %+v", doc.View().RefreshService)
			}
			got, want := issuertest.Comparable(t, doc.Root(), email), issuertest.Comparable(t, expected, email)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("issued:\n%s\nexpected:\n%s", issuertest.Indented(got), issuertest.Indented(want))
			}
		})
	}
	if n := issuertest.Audit(t, p.Issuer); n != len(emails) {
		t.Errorf("%d credentials in the store", n)
	}
}

// TestCorrectedName: a name that was misspelt is corrected under the same id,
// and the rest of the badge stays as the fixtures have it.
func TestCorrectedName(t *testing.T) {
	p := fixtures(t)
	const email = "participant.12@roster.example"
	expected := read(t, "expected/credential-corrected-name.json")
	a := awardOf(t, expected, email)
	a.Recipient.Name = "Participant 12"
	first := p.issue(t, a).Record
	name := "Participant Douze"
	second, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Name: &name})
	if err != nil || second.Record.ID != first.ID || second.Record.Edition != 2 || !second.Record.AwardedAt.Equal(first.AwardedAt) {
		t.Fatalf("%+v %v", second, err)
	}
	doc, err := second.Record.View()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := issuertest.Comparable(t, doc.Root(), email), issuertest.Comparable(t, expected, email); !reflect.DeepEqual(got, want) {
		t.Errorf("corrected:\n%s\nexpected:\n%s", issuertest.Indented(got), issuertest.Indented(want))
	}
	if !validFrom(t, second.Record).After(validFrom(t, first)) {
		t.Error("the corrected edition is not newer")
	}
	issuertest.Audit(t, p.Issuer)
}

// awardOf asks for the badge that an expected credential describes.
func awardOf(t *testing.T, expected strictjson.Value, email string) issuer.Award {
	t.Helper()
	var c badge.Credential
	strictjson.View(expected, &c)
	s := c.CredentialSubject
	moment := func(text string) (at time.Time) {
		if text == "" {
			return at
		}
		at, err := badge.ParseTime(text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	return issuer.Award{Achievement: s.Achievement.ID[strings.LastIndex(s.Achievement.ID, "/")+1:], Edition: s.Term, Actor: "test",
		Recipient: issuer.Recipient{Name: s.Identifier[len(s.Identifier)-1].IdentityHash, Email: email},
		AwardedAt: moment(c.AwardedDate), ValidUntil: moment(c.ValidUntil), ActivityStart: moment(s.ActivityStartDate), ActivityEnd: moment(s.ActivityEndDate),
		Role: s.Role, Narrative: s.Narrative, Results: s.Result, CreditsEarned: s.CreditsEarned, Evidence: c.Evidence}
}

// TestResultsShown: what an achievement does not let a badge tell stays out of
// it.
func TestResultsShown(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	for mode, want := range map[issuer.Results][]string{
		issuer.ResultsNone: nil, issuer.ResultsStatus: {"Completed"}, "": {"Completed"}, issuer.ResultsScore: {"85", "Completed", "good"},
	} {
		ach := rich(academy)
		ach.Slug, ach.Results = "shown-"+string(mode)+"x", mode
		p.put(t, ach)
		a := award("ana")
		a.Achievement = ach.Slug
		a.Results = []badge.Result{{ResultDescription: "score", Value: "85"}, {ResultDescription: "state", Status: "Completed", Value: "85"},
			{ResultDescription: "project", AchievedLevel: "good"}}
		if mode == issuer.ResultsScore {
			a.Results[1].Value = ""
		}
		var got []string
		for _, r := range view(t, p.issue(t, a).Record).CredentialSubject.Result {
			got = append(got, fmt.Sprint(r.Value, r.Status, r.AchievedLevel[strings.LastIndex(r.AchievedLevel, "/")+1:]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("results %q: the badge shows %q", mode, got)
		}
	}
}
