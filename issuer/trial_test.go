package issuer_test

import (
	"errors"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

func trial(a issuer.Award) issuer.Award {
	a.Test = true
	return a
}

// trials: the same award for real and as a trial are two badges that know
// nothing of each other.
func trials(t *testing.T, p *place) {
	live, tried := p.issue(t, award("ana")).Record, p.issue(t, trial(award("ana"))).Record
	if tried.Issuer != "test-academy" || tried.Achievement != "academy-course" || tried.SignedAchievement() != "test-academy-course" {
		t.Errorf("the trial is of %s and %s", tried.Issuer, tried.Achievement)
	}
	if live.ID == tried.ID || live.List == tried.List || live.SignedAchievement() != "academy-course" {
		t.Errorf("live %+v, tried %+v", live, tried)
	}
	for _, a := range []issuer.Award{award("ana"), trial(award("ana"))} {
		again := p.issue(t, a)
		if want := map[bool]string{false: live.ID, true: tried.ID}[a.Test]; !again.Existing || again.Record.ID != want {
			t.Errorf("test %t again: %s, existing %t, want %s", a.Test, again.Record.ID, again.Existing, want)
		}
	}
	checkTrialMarks(t, p, live, tried)
	if list := p.all(t, issuer.Filter{}); len(list) != 1 || list[0].ID != live.ID {
		t.Errorf("%d badges are listed as live", len(list))
	}
	if list := p.all(t, issuer.Filter{Issuers: []string{"test-academy"}, Achievement: "academy-course"}); len(list) != 1 || list[0].ID != tried.ID {
		t.Errorf("%d badges are listed as trials", len(list))
	}
	stop := run(t, p.Issuer)
	defer stop()
	for _, c := range []struct {
		rec  *issuer.Record
		code verifier.Code
	}{{live, verifier.IssuerNotListed}, {tried, verifier.TestIssuer}} {
		report := p.Verifier.Verify(t.Context(), c.rec.Document)
		if f := report.Finding(verifier.CheckIssuerTrust); f.Outcome != verifier.Warned || f.Code != c.code || report.Verdict() != verifier.Indeterminate {
			t.Errorf("%s is %s, and its issuer %s; without status lists it is indeterminate, and the issuer %s", c.rec.Issuer, report.Verdict(), f.Code, c.code)
		}
		if p.Config.BaseURL != issuertest.BaseURL {
			continue
		}
		if f := p.Verifier.Verify(t.Context(), patientJWT(t, p, c.rec)).Finding(verifier.CheckIssuerTrust); f.Code != c.code {
			t.Errorf("as a JWT: %s, want %s", f.Code, c.code)
		}
	}
	// A trial binds nobody to the words; what was issued for real does.
	draft := template(academy)
	draft.Slug = "draft"
	p.put(t, draft)
	a := trial(award("ben"))
	a.Achievement = "draft"
	p.issue(t, a)
	draft.Description = issuer.Text{"en": "Other words."}
	p.put(t, draft)
	a.Test = false
	p.issue(t, a)
	long := template(academy)
	long.Slug = strings.Repeat("a", 59)
	p.put(t, long)
	a.Achievement, a.Test = long.Slug, true
	if _, err := p.Issue(t.Context(), a); err == nil || !strings.Contains(err.Error(), "58 characters") {
		t.Errorf("a slug that leaves no room: %v", err)
	}
	draft.Description = issuer.Text{"en": "Yet other words."}
	if _, err := p.PutAchievement(t.Context(), draft, "test"); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("changing what was issued: %v", err)
	}
}

// checkTrialMarks holds the signed bytes to their marks, and that nothing marks
// what counts.
func checkTrialMarks(t *testing.T, p *place, live, tried *issuer.Record) {
	t.Helper()
	base := p.Config.BaseURL
	for _, c := range []struct {
		rec          *issuer.Record
		mark, prefix string
	}{{live, "", ""}, {tried, "[TEST] ", "test-"}} {
		doc, err := badge.Parse(c.rec.Document)
		if err != nil {
			t.Fatal(err)
		}
		v := doc.View()
		a := v.CredentialSubject.Achievement
		for what, got := range map[string][2]string{
			"issuer":      {v.Issuer.Name, c.mark + "Issuer academy"},
			"badge":       {v.Name, c.mark + "Healthy Cities"},
			"achievement": {a.Name, c.mark + "Healthy Cities"},
			"creator":     {a.Creator.Name, c.mark + "Issuer academy"},
			"address":     {a.ID, base + "/achievements/" + c.prefix + "academy-course"},
			"image":       {a.Image.ID, base + "/achievements/" + c.prefix + "academy-course/image.png"},
			"list":        {c.rec.List, c.prefix + "academy-1"},
		} {
			if got[0] != got[1] {
				t.Errorf("%s: %q, want %q", what, got[0], got[1])
			}
		}
		if (c.mark != "") != (v.Issuer.URL == base+"/issuers/test-academy") {
			t.Errorf("the issuer's page is %q", v.Issuer.URL)
		}
		stored, err := p.Achievement(t.Context(), c.rec.SignedAchievement())
		if err != nil || stored.Name["fr"] != c.mark+"Villes-santé" || stored.Issuer != c.rec.Issuer {
			t.Errorf("its achievement: %+v, %v", stored, err)
		}
	}
}

// endedTestIssuer: a test issuer whose key has ended holds up nothing that counts,
// and nothing is tried for real instead.
func endedTestIssuer(t *testing.T, p *place) {
	for _, k := range p.Ring.KeysOf("test-academy") {
		if _, err := p.RetireKey(t.Context(), issuer.KeyChange{Issuer: "test-academy", ID: k.ID, Actor: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	p.issue(t, award("ana"))
	if got, err := p.Issue(t.Context(), trial(award("ana"))); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("tried without a key: %+v, %v", got, err)
	}
	if _, err := p.PutProfile(t.Context(), issuer.Profile{Slug: academy, Name: "Renamed"}, "test"); err != nil {
		t.Errorf("renaming what counts: %v", err)
	}
}

// testIssuerLater: one is made where there is none, once, and follows its issuer.
func testIssuerLater(t *testing.T, p *place) {
	first, err := p.MakeTestIssuer(t.Context(), academy, "test")
	if err != nil || len(first) == 0 {
		t.Fatalf("%v, %v", first, err)
	}
	again, err := p.MakeTestIssuer(t.Context(), academy, "test")
	if err != nil || len(again) != len(first) || again[0].Method.ID != first[0].Method.ID {
		t.Errorf("again: %v, %v", again, err)
	}
	p.issue(t, trial(award("ana")))
	if _, err := p.PutProfile(t.Context(), issuer.Profile{Slug: academy, Name: "Renamed", PlainOnly: true}, "test"); err != nil {
		t.Fatal(err)
	}
	twin, err := p.Profile(t.Context(), "test-academy")
	if err != nil || twin.Name != "[TEST] Renamed" || !twin.PlainOnly {
		t.Errorf("%+v, %v", twin, err)
	}
	for _, slug := range []string{"nobody", "test-academy", issuer.VCAPISlug} {
		if made, err := p.MakeTestIssuer(t.Context(), slug, "test"); err == nil {
			t.Errorf("%s has a test issuer: %v", slug, made)
		}
	}
}

// noTestIssuer: without keys of one nothing is tried, and nothing is issued for
// real instead.
func noTestIssuer(t *testing.T, p *place) {
	for _, a := range []issuer.Award{award("ana"), {Issuer: academy, Inline: &issuer.Achievement{Issuer: academy, Name: issuer.Text{"en": "X"},
		Description: issuer.Text{"en": "X"}, Criteria: issuer.Text{"en": "X"}}, AwardedAt: earned, Recipient: issuer.Recipient{Name: "Ana"}}} {
		if got, err := p.Issue(t.Context(), trial(a)); !errors.Is(err, issuer.ErrNoTestIssuer) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := p.Preview(t.Context(), trial(a)); !errors.Is(err, issuer.ErrNoTestIssuer) {
			t.Errorf("dry run: %v", err)
		}
	}
	if list := p.all(t, issuer.Filter{}); len(list) != 0 {
		t.Errorf("%d badges were issued", len(list))
	}
	p.issue(t, award("ana"))
	for _, slug := range []string{"test-academy", "test-x"} {
		if _, err := p.PutProfile(t.Context(), issuer.Profile{Slug: slug, Name: "X"}, "test"); err == nil || !strings.Contains(err.Error(), "slug_reserved") && !strings.Contains(err.Error(), "test issuers") {
			t.Errorf("an issuer %s: %v", slug, err)
		}
	}
	reserved := template(academy)
	reserved.Slug = "test-academy-course"
	if _, err := p.PutAchievement(t.Context(), reserved, "test"); err == nil {
		t.Error("an achievement took an address of trials")
	}
}

// inlineTrials: an achievement that comes along with a trial belongs to the test
// issuer, and cannot be awarded for real.
func inlineTrials(t *testing.T, p *place) {
	a := award("ana")
	inline := template(academy)
	a.Achievement, a.Issuer, a.Inline = "", academy, &inline
	live, tried := p.issue(t, a).Record, p.issue(t, trial(a)).Record
	if tried.Achievement != "test-"+live.Achievement || tried.SignedAchievement() != tried.Achievement {
		t.Errorf("live %s, tried %s", live.Achievement, tried.Achievement)
	}
	if again := p.issue(t, trial(a)); !again.Existing || again.Record.ID != tried.ID {
		t.Errorf("again: %+v", again)
	}
	stored, err := p.Achievement(t.Context(), tried.Achievement)
	if err != nil || stored.Name["en"] != "[TEST] Healthy Cities" || stored.Issuer != "test-academy" {
		t.Errorf("stored: %+v, %v", stored, err)
	}
	for _, test := range []bool{false, true} {
		b := award("ben")
		b.Achievement, b.Test = tried.Achievement, test
		if got, err := p.Issue(t.Context(), b); err == nil {
			t.Errorf("awarded by its name: %+v", got.Record)
		}
	}
	if list, err := p.Achievements(t.Context(), academy); err != nil || len(list) != 2 {
		t.Errorf("%d achievements of the issuer, %v; want the course and what came along", len(list), err)
	}
}

func TestTestSlugs(t *testing.T) {
	long := strings.Repeat("a", 59)
	for slug, want := range map[string]struct {
		test, live string
		is         bool
	}{
		"academy": {"test-academy", "academy", false}, "test-academy": {"", "academy", true}, "test-": {"", "", true},
		"test": {"test-test", "test", false}, "testing": {"test-testing", "testing", false}, long: {"", long, false}, long[1:]: {"test-" + long[1:], long[1:], false},
	} {
		if issuer.TestSlug(slug) != want.test || issuer.LiveSlug(slug) != want.live || issuer.IsTest(slug) != want.is {
			t.Errorf("%s: %q, %q, %t", slug, issuer.TestSlug(slug), issuer.LiveSlug(slug), issuer.IsTest(slug))
		}
	}
}
