package feed_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"laurel/feed"
	"laurel/programme"
)

// TestActivityEvents: whoever follows an issuer is told that a course is defined
// which awards something of the issuer's, and that it does so no longer; of the
// courses of others, nothing.
func TestActivityEvents(t *testing.T) {
	s, _ := backends["bolt"](t)
	p := at(t, s)
	courses := programme.New(p.Store, p.Issuer)
	rule := func(achievement string) string {
		return fmt.Sprintf(`{"achievement":%q,"all":[{"passed":true}]}`, achievement)
	}
	mine, theirs := rule(academy+"-course"), rule(institute+"-course")
	for _, rules := range []string{mine + "," + theirs, mine, mine, rule("nothing-such")} {
		p.Clock.Advance(time.Hour)
		if _, err := courses.PutActivity(t.Context(), []byte(`{"id":"tides","kind":"course","award_rules":[`+rules+`]}`), "test"); err != nil {
			t.Fatal(err)
		}
	}
	p.sequence(t)
	told := func(sees func(string) bool) (list []feed.Event) {
		t.Helper()
		events, _ := p.all(t, sees, 100)
		return slices.DeleteFunc(events, func(e feed.Event) bool { return e.Type != feed.ActivityChanged })
	}
	for slug, want := range map[string]int{academy: 4, institute: 2, "nobody": 0} {
		got := told(func(s string) bool { return s == slug })
		if len(got) != want {
			t.Fatalf("%s is told %d times, not %d: %+v", slug, len(got), want, got)
		}
		for _, e := range got {
			version := e.Data.Version
			if e.Issuer != slug || e.Subject != "tides" || len(version) != 16 || e.Data != (feed.Data{Activity: "tides", Version: version}) {
				t.Errorf("%s is told %+v", slug, e)
			}
		}
		if want == 4 && (got[0].Data.Version == got[1].Data.Version || got[1].Data.Version != got[2].Data.Version) {
			t.Errorf("the versions are %+v", got)
		}
	}
	if all := told(anyone); len(all) != 6 {
		t.Errorf("%d events in all", len(all))
	}
	if !slices.Contains(feed.Types(), feed.ActivityChanged) {
		t.Error("no webhook can ask for it")
	}
}
