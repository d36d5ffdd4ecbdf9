package programme_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
	"laurel/programme/facts"
	"laurel/store"
)

// speaker may issue for one issuer alone.
func speaker(issuer string) programme.Caller {
	return programme.Caller{Actor: "test", MayIssue: func(slug string) bool { return slug == issuer }}
}

// TestDefine: who defines an activity speaks for all that it awards and awarded.
func TestDefine(t *testing.T) {
	p := emptyPlace(t)
	urban, digital := speaker("urban-health-learning"), speaker("digital-health-learning")
	one := func(id, achievement string) []byte {
		return []byte(`{"id":"` + id + `","kind":"course","aliases":{"lms-a":["` + id + `-there"]},"award_rules":[{"achievement":"` + achievement + `","all":[{"passed":true}]}]}`)
	}
	if _, _, err := p.Define(t.Context(), digital, one("hc20", "hc20-m1")); !errors.Is(err, programme.ErrForbidden) {
		t.Errorf("for another issuer: %v", err)
	}
	if _, isNew, err := p.Define(t.Context(), urban, one("hc20", "hc20-m1")); err != nil || !isNew {
		t.Fatal(isNew, err)
	}
	if _, isNew, err := p.Define(t.Context(), urban, one("hc20", "hc20-m2")); err != nil || isNew {
		t.Fatal(isNew, err)
	}
	if _, _, err := p.Define(t.Context(), digital, one("hc20", "dh-planning")); !errors.Is(err, programme.ErrForbidden) {
		t.Errorf("another's activity was taken over: %v", err)
	}
	_, _, err := p.Define(t.Context(), urban, one("other", "nothing-such"))
	var fault *badge.Error
	if !errors.As(err, &fault) || fault.Rule != "achievement_unknown" || fault.Pointer != "/award_rules/0/achievement" {
		t.Errorf("an unknown achievement: %v", err)
	}
}

// refusedAs is the rule and the pointer of the one fault of a definition.
func refusedAs(t testing.TB, err error) string {
	t.Helper()
	var faults badge.Errors
	if !errors.As(err, &faults) || len(faults) != 1 {
		t.Fatalf("no single fault: %v", err)
	}
	return faults[0].Rule + " " + faults[0].Pointer
}

// TestNamesOfActivities: what a platform calls one activity is the slug of no
// other, whichever was there first; where a store has both, the slug is meant.
func TestNamesOfActivities(t *testing.T) {
	one := func(id, achievement, names string) []byte {
		if names != "" {
			names = `"lms-a":[` + names + `]`
		}
		return []byte(`{"id":"` + id + `","kind":"course","aliases":{` + names + `},"award_rules":[{"achievement":"` + achievement + `","all":[{"passed":true}]}]}`)
	}
	at := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
	report := func(t *testing.T, p *place, name string) ([]programme.Answer, error) {
		t.Helper()
		return p.Complete(t.Context(), everybody, []completion.Completion{{ID: name, Source: "lms-a", Kind: completion.Progress, OccurredAt: at,
			Activity: name, Learner: completion.Learner{ID: "7", Name: "Ana Mora"}, Facts: facts.Facts{Passed: &at}}})
	}
	earned := func(t *testing.T, p *place, name string) string {
		t.Helper()
		answers, err := report(t, p, name)
		if err != nil || len(answers[0].Awards) != 1 {
			t.Fatalf("%s: %+v, %v", name, answers, err)
		}
		return answers[0].Awards[0].Achievement
	}
	urban, digital := speaker("urban-health-learning"), speaker("digital-health-learning")
	define := func(t *testing.T, p *place, c programme.Caller, definition []byte) error {
		t.Helper()
		_, _, err := p.Define(t.Context(), c, definition)
		return err
	}

	t.Run("a name that is a slug", func(t *testing.T) {
		p := emptyPlace(t)
		if err := define(t, p, urban, one("hc20", "hc20-m1", "")); err != nil {
			t.Fatal(err)
		}
		if got := refusedAs(t, define(t, p, digital, one("hijack", "dh-planning", `"ours","hc20"`))); got != "alias_taken /aliases/lms-a/1" {
			t.Error(got)
		}
		if got := earned(t, p, "hc20"); got != "hc20-m1" {
			t.Errorf("reports about hc20 earn %s", got)
		}
		if err := define(t, p, urban, one("hc20", "hc20-m1", `"17","hc20"`)); err != nil {
			t.Errorf("named by its own slug: %v", err)
		}
	})
	t.Run("a slug that is a name", func(t *testing.T) {
		p := emptyPlace(t)
		if err := define(t, p, urban, one("hc20", "hc20-m1", `"there"`)); err != nil {
			t.Fatal(err)
		}
		if got := refusedAs(t, define(t, p, digital, one("there", "dh-planning", ""))); got != "alias_taken /id" {
			t.Error(got)
		}
		if got := earned(t, p, "there"); got != "hc20-m1" {
			t.Errorf("reports about there earn %s", got)
		}
	})
	t.Run("both are stored", func(t *testing.T) {
		p := emptyPlace(t)
		for _, definition := range [][]byte{one("hc20", "hc20-m1", ""), one("hijack", "dh-planning", `"hc20-"`)} {
			if _, err := p.PutActivity(t.Context(), definition, "test"); err != nil {
				t.Fatal(err)
			}
		}
		k := []byte("P/alias/" + p.Issuer.Digest("alias", "lms-a", "hc20"))
		if err := p.store.Update(t.Context(), func(tx store.Tx) error { return store.PutJSON(tx, k, "hijack") }); err != nil {
			t.Fatal(err)
		}
		if got := earned(t, p, "hc20"); got != "hc20-m1" {
			t.Errorf("reports about hc20 earn %s", got)
		}
		if _, err := p.PutActivity(t.Context(), one("hc20", "hc20-m1", `"17"`), "test"); err != nil {
			t.Errorf("the slug is there already: %v", err)
		}
	})
	t.Run("a name that was kept for its owner", func(t *testing.T) {
		p := emptyPlace(t)
		squat := one("squat", "dh-planning", `"hc20","17"`)
		if err := define(t, p, digital, squat); err != nil {
			t.Fatal(err)
		}
		owned := one("hc20", "hc20-m1", `"17"`)
		if got := refusedAs(t, define(t, p, urban, owned)); got != "alias_taken /aliases/lms-a/0" {
			t.Error(got)
		}
		if got := refusedAs(t, define(t, p, urban, one("hc20", "hc20-m1", ""))); got != "alias_taken /id" {
			t.Error(got)
		}
		// The operator says whose platform it is: then names of others do not count.
		if err := p.PutSource(t.Context(), programme.Source{Slug: "lms-a", Issuers: []string{"urban-health-learning"}}, "test"); err != nil {
			t.Fatal(err)
		}
		answers, err := report(t, p, "17")
		if err != nil {
			t.Fatal(err)
		}
		if answers[0].Fault == nil || refusedAs(t, answers[0].Fault) != "unknown_activity /activity" {
			t.Errorf("reports about a name of others are %+v", answers[0])
		}
		if err := define(t, p, urban, owned); err != nil {
			t.Fatal(err)
		}
		for _, c := range []programme.Caller{digital, everybody} {
			if err := define(t, p, c, squat); !errors.Is(err, programme.ErrForbidden) {
				t.Errorf("named once more: %v", err)
			}
		}
		if err := define(t, p, digital, one("squat", "dh-planning", "")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"hc20", "17"} {
			if got := earned(t, p, name); got != "hc20-m1" {
				t.Errorf("reports about %s earn %s", name, got)
			}
		}
		p.audit(t)
	})
}

// TestNamesOfEditions: ids of editions are such that none is the beginning of
// another one's keys; what a store has of others is told apart.
func TestNamesOfEditions(t *testing.T) {
	p := emptyPlace(t)
	one := func(first, second string) []byte {
		return []byte(`{"id":"series","kind":"course","release":{"mode":"manual"},"edition":"` + first + `","editions":[{"id":"` + second + `"}],` +
			`"award_rules":[{"achievement":"hc20-m1","all":[{"passed":true}]}]}`)
	}
	put := func(definition []byte) error {
		_, err := p.PutActivity(t.Context(), definition, "test")
		return err
	}
	for _, tc := range []struct{ first, second, at string }{
		{"2025", "2025/1", "/editions/0/id"}, {"2025/26", "2025", "/edition"}, {"2025", "-", "/editions/0/id"}, {"/", "2025", "/edition"},
	} {
		if got := refusedAs(t, put(one(tc.first, tc.second))); got != "edition_invalid "+tc.at {
			t.Errorf("%+v: %s", tc, got)
		}
	}
	if err := put(one("2025", "2025-1")); err != nil {
		t.Fatal(err)
	}
	stored, k := one("2025", "2025/1"), []byte("p/series")
	if err := p.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put(k, store.Seal(k, stored)) }); err != nil {
		t.Fatal(err)
	}
	tell := func(id, edition, facts string) programme.Answer {
		e, err := completiontest.Read([]byte(`{"id":"`+id+`","source":"lms-a","occurred_at":"2025-03-03T12:00:00Z","activity":"series","edition":"`+edition+
			`","learner":{"id":"u-1","name":"Ana Mora"},"facts":`+facts+`}`), "")
		if err != nil {
			t.Fatal(err)
		}
		answers, err := p.Complete(t.Context(), everybody, []completion.Completion{e})
		if err != nil || answers[0].Fault != nil {
			t.Fatal(err, answers[0].Fault)
		}
		return answers[0]
	}
	if a := tell("a", "2025/1", `{"passed":true}`); a.Result != programme.OutcomePendingRelease {
		t.Errorf("passed in 2025/1: %+v", a)
	}
	if a := tell("b", "2025", `{"visits":{"visited":1,"total":9}}`); a.Result != programme.OutcomeNotMet {
		t.Errorf("a visit in 2025: %+v", a)
	}
	for _, tc := range []struct {
		edition string
		waiting int
	}{{"2025", 0}, {"2025/1", 1}} {
		if n, err := p.Waiting(t.Context(), everybody, "series", tc.edition); err != nil || n != tc.waiting {
			t.Errorf("in %s %d wait, %v", tc.edition, n, err)
		}
	}
	p.check(t, func(problem string) { t.Errorf("check: %s", problem) })
	for _, tc := range []struct {
		edition string
		issued  int
	}{{"2025", 0}, {"2025/1", 1}} {
		done, err := p.Release(t.Context(), everybody, "series", tc.edition, nil)
		if err != nil || done.Issued != tc.issued || len(done.Left) > 0 {
			t.Errorf("release of %s: %+v, %v", tc.edition, done, err)
		}
	}
	if err := put(one("2025", "2025/1")); err != nil {
		t.Errorf("an id that it has already: %v", err)
	}
	p.audit(t)
}

// TestNearFuture: what is said to happen in some minutes, and the clock goes on
// while its badge is made.
func TestNearFuture(t *testing.T) {
	p := course(t, "all")
	line := strings.Replace(`{"id":"soon","source":"lms-a","occurred_at":"@","activity":"hc20","learner":{"id":"u-1","name":"Ana Mora"},"facts":{"points":{"achieved":60,"max":60}}}`,
		"@", p.Issuer.Now().Add(4*time.Minute).Format(time.RFC3339), 1)
	e, err := completiontest.Read([]byte(line), "")
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				p.Clock.Advance(time.Microsecond)
				runtime.Gosched()
			}
		}
	})
	answers, err := p.Complete(t.Context(), everybody, []completion.Completion{e})
	close(stop)
	ticking.Wait()
	if err != nil || answers[0].Result != programme.OutcomeIssued {
		t.Fatalf("%+v, %v", answers, err)
	}
	first, second := p.record(t, answers[0].Awards[0].Credential), p.record(t, answers[0].Awards[1].Credential)
	if first.AwardedAt.After(p.Issuer.Now()) || !first.AwardedAt.Equal(second.AwardedAt) {
		t.Errorf("one report, awarded at %s and at %s", first.AwardedAt, second.AwardedAt)
	}
}

// TestCountryOfACaller: whoever reports for one country hears of nobody else's.
func TestCountryOfACaller(t *testing.T) {
	p := course(t, "all")
	send := func(id, country, of string) error {
		c := everybody
		c.Country = of
		at := time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)
		answers, err := p.Complete(t.Context(), c, []completion.Completion{{ID: id, Source: "lms-a", Kind: completion.Progress, OccurredAt: at, Activity: "hc20",
			Learner: completion.Learner{ID: "u-1", Name: "Ana Mora", Country: country}, Facts: facts.Facts{Passed: &at}}})
		if err != nil {
			t.Fatal(err)
		}
		return answers[0].Fault
	}
	for n, tc := range []struct {
		country, of string
		refused     bool
	}{{"", "GH", true}, {"KE", "GH", true}, {"GH", "GH", false}, {"", "GH", false}, {"", "KE", true}, {"KE", "KE", true}, {"KE", "GH", true}, {"KE", "", false}, {"GH", "GH", true}} {
		if err := send(string(rune('a'+n)), tc.country, tc.of); errors.Is(err, programme.ErrForbidden) != tc.refused {
			t.Errorf("%d: %+v: %v", n, tc, err)
		}
	}
}

// TestLoadedCircles: what two definitions of one folder close is refused; what they
// turn around is not, in whichever order they stand there.
func TestLoadedCircles(t *testing.T) {
	p := emptyPlace(t)
	load := func(slugs ...string) error {
		d := &programme.Definitions{}
		for _, slug := range slugs {
			slug, on, _ := strings.Cut(slug, ">")
			a := issuer.Achievement{Slug: slug, Issuer: "urban-health-learning", Name: issuer.Text{"en": slug}, Description: issuer.Text{"en": slug},
				Criteria: issuer.Text{"en": "Do it."}, InLanguage: "en", Version: "1"}
			if on != "" {
				a.Requires = &issuer.Requires{All: []string{on}}
			}
			d.Achievements = append(d.Achievements, a)
		}
		return p.Load(t.Context(), d, "test")
	}
	if got := refusedAs(t, load("sun>moon", "moon>sun")); got != "circular /requires/all/0" {
		t.Errorf("a circle: %s", got)
	}
	for _, order := range [][]string{{"sun>moon", "moon"}, {"moon>sun", "sun"}, {"moon", "star>sun", "sun>moon"}} {
		p.Clock.Advance(time.Second)
		if err := load(order...); err != nil {
			t.Errorf("%v: %v", order, err)
		}
	}
}

// TestLoadedSourceKeepsItsHook: files say nothing of hooks, whose secrets are
// told over HTTP alone; loaded once more they shut no platform out.
func TestLoadedSourceKeepsItsHook(t *testing.T) {
	p := emptyPlace(t)
	made, _, err := p.DefineSource(t.Context(), everybody, programme.SourceDefinition{Source: programme.Source{Slug: "lms-c", Hook: &programme.Hook{Adapter: "canvas"}}})
	if err != nil || made.Secret == "" {
		t.Fatal(made, err)
	}
	if err := p.Load(t.Context(), &programme.Definitions{Sources: []programme.Source{{Slug: "lms-c", TrustEmail: true}}}, "test"); err != nil {
		t.Fatal(err)
	}
	source, err := p.Hook(t.Context(), "lms-c", made.Secret)
	if err != nil || !source.TrustEmail || source.Hook.Adapter != "canvas" {
		t.Errorf("after loading: %+v, %v", source, err)
	}
	if _, _, err := p.DefineSource(t.Context(), everybody, programme.SourceDefinition{Source: programme.Source{Slug: "lms-c"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Hook(t.Context(), "lms-c", made.Secret); !errors.Is(err, programme.ErrNoHook) {
		t.Errorf("switched off: %v", err)
	}
}
