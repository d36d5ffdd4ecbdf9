package issuer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// TestMain lets the test binary be the process that is killed (kill_test.go).
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(pgtest.Main(m))
	}
	if err := childIssues(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// home is where the store of one case lives.
type home struct {
	store  store.Store
	again  func() store.Store // closes the store and opens it once more
	beside func() store.Store // opens it for a second replica, where the backend can
}

// backends are all that an issuer can stand on.
var backends = map[string]func(t *testing.T) *home{
	"bolt": boltHome, "postgres": postgresHome,
}

func boltHome(t *testing.T) *home {
	path := filepath.Join(t.TempDir(), "store")
	open := func(how func(string, bolt.Options) (*bolt.DB, error)) *bolt.DB {
		db, err := how(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	h := &home{store: open(bolt.Create)}
	h.again = func() store.Store {
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		h.store = open(bolt.Open)
		return h.store
	}
	h.beside = func() store.Store { return h.store } // one process has the file
	return h
}

func postgresHome(t *testing.T) *home {
	url := pgtest.Start(t)
	open := func(how func(context.Context, string) (*postgres.DB, error)) store.Store {
		db, err := how(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		db.Group(issuer.Group)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	h := &home{store: open(postgres.Create), beside: func() store.Store { return open(postgres.Open) }}
	h.again = func() store.Store {
		if err := h.store.Close(); err != nil {
			t.Fatal(err)
		}
		h.store = open(postgres.Open)
		return h.store
	}
	return h
}

// place is an issuer on a store, for one case.
type place struct {
	*issuertest.Service
	home *home
}

const academy, institute = "academy", "institute"

// at makes a place with two issuers and an achievement of each.
func at(t *testing.T, h *home, o issuertest.Options) *place {
	t.Helper()
	if o.Issuers == nil {
		o.Issuers = []string{academy, institute}
	}
	p := &place{Service: issuertest.New(t, h.store, o), home: h}
	for _, slug := range o.Issuers {
		if slug != issuer.VCAPISlug {
			p.put(t, template(slug))
		}
	}
	return p
}

// template is the achievement "<issuer>-course".
func template(owner string) issuer.Achievement {
	return issuer.Achievement{Slug: owner + "-course", Issuer: owner, AchievementType: "Course",
		Name:        issuer.Text{"en": "Healthy Cities", "fr": "Villes-santé", "pt": "Cidades saudáveis"},
		Description: issuer.Text{"en": "Completed the course.", "fr": "A suivi le cours."},
		Criteria:    issuer.Text{"en": "Score 80 % or more."},
	}
}

// rich is the same with results and an alignment.
func rich(owner string) issuer.Achievement {
	a := template(owner)
	a.Results = issuer.ResultsScore
	a.ResultDescription = []badge.ResultDescription{
		{ID: "score", Name: "Points", ResultType: "Percent", ValueMin: "0", ValueMax: "100", RequiredValue: "80"},
		{ID: "state", Name: "State", ResultType: "Status"},
		{ID: "project", Name: "Project", ResultType: "RubricCriterionLevel", RequiredLevel: "good", RubricCriterionLevel: []badge.RubricCriterionLevel{
			{ID: "weak", Name: "Weak"}, {ID: "good", Name: "Good"}, {ID: "best", Name: "Best"}}},
		{ID: "grade", Name: "Grade", ResultType: "LetterGrade", AllowedValue: []string{"C", "B", "A"}, RequiredValue: "B"},
	}
	a.Alignment = []badge.Alignment{{TargetName: "20 steps", TargetURL: "https://frameworks.example/20-steps"}}
	return a
}

func (p *place) put(t *testing.T, a issuer.Achievement) *issuer.Achievement {
	t.Helper()
	out, err := p.PutAchievement(t.Context(), a, "test")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var earned = time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)

// award asks for the academy's course for one person.
func award(person string) issuer.Award {
	return issuer.Award{Achievement: academy + "-course", AwardedAt: earned, Actor: "test",
		Recipient: issuer.Recipient{Name: "Person " + person, Email: person + "@learner.example", ExternalID: person}}
}

func keyed(a issuer.Award, key, body string) issuer.Award {
	a.Idempotency = &issuer.Idempotency{Scope: "token", Key: key, Digest: []byte(body)}
	return a
}

func (p *place) issue(t *testing.T, a issuer.Award) *issuer.Issued {
	t.Helper()
	issued, err := p.Issue(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// all is every record of some issuers, page by page.
func (p *place) all(t *testing.T, f issuer.Filter) []*issuer.Record {
	t.Helper()
	if f.Issuers == nil {
		f.Issuers = []string{academy, institute}
	}
	var out []*issuer.Record
	for {
		page, err := p.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Records...)
		if f.Cursor = page.Next; f.Cursor == "" {
			return out
		}
	}
}

// with is a second issuer on the same store, with something else in its Config.
func (p *place) with(t *testing.T, change func(*issuer.Config)) *issuer.Issuer {
	t.Helper()
	cfg := p.Config
	change(&cfg)
	i, err := issuer.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func anyIssuer(string) bool { return true }

// TestIssuer runs every case over every backend, and the auditor after it.
func TestIssuer(t *testing.T) {
	for name, create := range backends {
		t.Run(name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					p := at(t, create(t), c.options)
					c.run(t, p)
					if c.damages {
						return
					}
					if n := issuertest.Audit(t, p.Issuer); n == 0 && !c.empty {
						t.Error("the audit saw no credential: the case issued nothing")
					}
				})
			}
		})
	}
}

type testCase struct {
	name    string
	run     func(t *testing.T, p *place)
	options issuertest.Options
	empty   bool // nothing is issued that stays
	damages bool // the store is not in order afterwards
}

var cases = []testCase{
	{name: "one badge", run: oneBadge},
	{name: "faults of awards", run: faultsOfAwards, empty: true},
	{name: "replay", run: replay},
	{name: "one key at once", run: oneKeyAtOnce},
	{name: "duplicates", run: duplicates},
	{name: "older guards", run: olderGuards},
	{name: "guards as once written", run: guardsAsOnceWritten},
	{name: "shared address", run: sharedAddress},
	{name: "shared address, by name", run: sharedAddressByName},
	{name: "name before a correction", run: nameBeforeCorrection},
	{name: "name of another badge before a correction", run: nameOfAnotherBefore},
	{name: "after revocation", run: afterRevocation},
	{name: "indexes", run: indexes},
	{name: "next list", run: nextList},
	{name: "revocation", run: revocation},
	{name: "lists while revoking", run: listsWhileRevoking},
	{name: "suspension", run: suspension},
	{name: "correction", run: correction},
	{name: "correction refused", run: correctionRefused},
	{name: "renewal", run: renewal},
	{name: "a term from a leap day", run: leapDay},
	{name: "amendments with a key", run: amendmentsWithAKey},
	{name: "amendments at once", run: amendmentsAtOnce},
	{name: "answers stay", run: answersStay},
	{name: "register", run: register},
	{name: "address after register", run: addressAfterRegister},
	{name: "erasure", run: erasure, options: issuertest.Options{BaseURL: "http://localhost:8080"}},
	{name: "erasure while signing", run: erasureWhileSigning, options: issuertest.Options{BaseURL: "http://localhost:8080"}},
	{name: "hiding", run: hiding},
	{name: "claims", run: claimsRenewed},
	{name: "sweep", run: sweep},
	{name: "versions", run: versions},
	{name: "circles", run: circles, empty: true},
	{name: "inline", run: inline},
	{name: "two issuers race", run: twoIssuersRace},
	{name: "jwt after restart", run: jwtAfterRestart, options: issuertest.Options{RSA: true}},
	{name: "pages", run: pages},
	{name: "filters", run: filters},
	{name: "broken signers", run: brokenSigners, empty: true},
	{name: "slow signer", run: slowSigner, empty: true},
	{name: "failing device", run: failingDevice},
	{name: "hanging device", run: hangingDevice},
	{name: "jwt of others", run: jwtOfOthers, options: issuertest.Options{RSA: true}},
	{name: "rotation", run: rotation},
	{name: "leak", run: leak, damages: true},
	{name: "lists without the usual key", run: listsWithoutTheUsualKey, damages: true, options: issuertest.Options{RSA: true}},
	{name: "lists of a did:key", run: listsOfADIDKey, damages: true, options: issuertest.Options{BaseURL: "http://localhost:8080"}},
	{name: "older than the leak", run: olderThanTheLeak, damages: true, options: issuertest.Options{RSA: true}},
	{name: "new keys", run: newKeysAsked, empty: true},
	{name: "did:key issuer", run: didKeyIssuer, options: issuertest.Options{BaseURL: "http://localhost:8080"}},
	{name: "rotation while issuing", run: rotationWhileIssuing},
	{name: "failing store", run: failingStore},
	{name: "remembered templates", run: rememberedTemplates},
	{name: "remembered damage", run: rememberedDamage},
	{name: "damaged records", run: damagedRecords, damages: true, options: issuertest.Options{BaseURL: "http://localhost:8080"}},
	{name: "clock set back", run: clockSetBack, options: issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}}},
	{name: "clocks apart", run: clocksApart},
	{name: "clock ran ahead", run: clockRanAhead},
	{name: "trials", run: trials, options: issuertest.Options{Trials: true, RSA: true}},
	{name: "trials of a did:key", run: trials, options: issuertest.Options{Trials: true, BaseURL: "http://localhost:8080"}},
	{name: "no test issuer", run: noTestIssuer},
	{name: "test issuer later", run: testIssuerLater, options: issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}}},
	{name: "test issuer without a key", run: endedTestIssuer, damages: true, options: issuertest.Options{Trials: true, BaseURL: "http://localhost:8080"}},
	{name: "trials of what comes along", run: inlineTrials, options: issuertest.Options{Trials: true}},
	{name: "within an update", run: within},
	{name: "stale words", run: staleWords},
	{name: "revoked meanwhile", run: revokedMeanwhile, damages: true},
	{name: "revoked elsewhere", run: revokedElsewhere, damages: true},
	{name: "revoked while committing", run: revokedWhileCommitting, damages: true},
	{name: "revocation cut short", run: revocationCutShort, damages: true},
	{name: "many prepared", run: manyPrepared},
	{name: "observers", run: observers},
	{name: "vc-api", run: vcAPI, options: issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}}, empty: true},
}

// benchStore is a store for measuring.
func benchStore(b *testing.B) store.Store {
	b.Helper()
	db, err := bolt.Create(filepath.Join(b.TempDir(), "store"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	return db
}
