package programme_test

import (
	"fmt"
	"testing"

	"laurel/programme"
)

// twins are two courses without names of editions that award one achievement, and
// the second one another beside.
func twins(t *testing.T) *place {
	t.Helper()
	p := course(t, "all").solos(t)
	for _, c := range []struct{ id, more string }{{"left", ""}, {"right", `,{"achievement":"solo-c","all":[{"passed":true}]}`}} {
		definition := fmt.Sprintf(`{"id":%q,"kind":"course","title":{"en":"Twin"},"award_rules":[{"achievement":"solo-a","any":[{"points_percent_gte":80},{"role_in":["participant"]}]}%s]}`, c.id, c.more)
		if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

const sharedMail = "shared@learner.example"

// TestEarnedElsewhere: what another activity earns too is neither revoked nor a
// question when it is not earned any more in the one that is spoken of; without
// either it is.
func TestEarnedElsewhere(t *testing.T) {
	full, low := `{"points":{"achieved":9,"max":10},"passed":true}`, `{"points":{"achieved":1,"max":10}}`
	in := func(activity, kind, day, facts string) said {
		return said{activity: activity, kind: kind, day: day, learner: ana, facts: facts}
	}
	for name, c := range map[string]struct {
		events  []said
		want    string
		held    string
		reviews int
	}{
		"taken back in the first":  {[]said{in("left", "", "", full), in("right", "", "", full), in("left", "revocation", "2025-03-05", "")}, "issued issued ignored", "solo-a solo-c", 0},
		"taken back in the second": {[]said{in("left", "", "", full), in("right", "", "", full), in("right", "revocation", "2025-03-05", "")}, "issued issued revoked", "solo-a", 0},
		"taken back in both": {[]said{in("left", "", "", full), in("right", "", "", full), in("left", "revocation", "2025-03-05", ""), in("right", "revocation", "2025-03-05", "")},
			"issued issued ignored revoked", "", 0},
		"reached in the other alone": {[]said{in("left", "", "", low), in("right", "", "", full), in("left", "revocation", "2025-03-05", "")}, "not_met issued ignored", "solo-a solo-c", 0},
		"not reached in the other":   {[]said{in("left", "", "", full), in("right", "", "", low), in("left", "revocation", "2025-03-05", "")}, "issued not_met revoked", "", 0},
		"taken back and reached again in the first": {[]said{in("left", "", "", full), in("right", "", "", full), in("left", "revocation", "2025-03-05", ""), in("left", "", "2025-03-07", full)},
			"issued issued ignored existing", "solo-a solo-c", 0},
		"regraded in the first": {[]said{in("left", "", "", full), in("right", "", "", full), in("left", "regrade", "2025-03-05", low)}, "issued issued not_met", "solo-a solo-c", 0},
		"regraded in both": {[]said{in("left", "", "", full), in("right", "", "", full), in("left", "regrade", "2025-03-05", low), in("right", "regrade", "2025-03-05", low)},
			"issued issued not_met held_for_review", "solo-a solo-c", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := twins(t)
			if got := results(p.tell(t, c.events...)); got != c.want {
				t.Errorf("the answers are %s, want %s", got, c.want)
			}
			if got := p.inForce(t, sharedMail); got != c.held {
				t.Errorf("in force are %q, want %q", got, c.held)
			}
			if n := len(p.open(t)); n != c.reviews {
				t.Errorf("%d questions", n)
			}
			p.audit(t)
		})
	}
}

// TestListedElsewhere: the same where lists told it: the badge is then that of the
// list that stands, and goes with it.
func TestListedElsewhere(t *testing.T) {
	p := twins(t)
	upload := func(activity string) string {
		list := p.upload(t, []byte("name,email,role\nAna Prado,"+anaMail+",participant\n"), func(r *programme.Roster) { r.Activity = activity })
		return list.Upload
	}
	first, second := upload("left"), upload("right")
	back := func(id string, want programme.Withdrawn, held string) {
		t.Helper()
		u, err := p.TakeBack(t.Context(), everybody, id)
		if err != nil || u.Withdrawn != want {
			t.Errorf("%+v, %v; want %+v", u, err, want)
		}
		if got := p.inForce(t, anaMail); got != held {
			t.Errorf("in force are %q, want %q", got, held)
		}
		p.audit(t)
	}
	back(first, programme.Withdrawn{Kept: 1}, "solo-a")
	back(second, programme.Withdrawn{Revoked: 1}, "")
}

// TestWaitingElsewhere: what waits for the release of one activity and is earned in
// another without a gate is issued there, in whichever order; what is taken back in
// the first takes nothing from that.
func TestWaitingElsewhere(t *testing.T) {
	passed := said{activity: "gated", learner: ana, facts: `{"passed":true}`}
	scored := said{activity: "open", learner: ana, facts: `{"points":{"achieved":5,"max":10}}`}
	back := said{activity: "gated", kind: "revocation", day: "2025-03-05", learner: ana}
	for want, events := range map[string][]said{
		"pending_release issued ignored": {passed, scored, back},
		"issued existing ignored":        {scored, passed, back},
		"pending_release revoked issued": {passed, back, scored},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			p := twins(t)
			for _, d := range []string{`{"id":"gated","kind":"course","title":{"en":"Gated"},"release":{"mode":"manual"},"award_rules":[{"achievement":"solo-b","all":[{"passed":true}]}]}`,
				`{"id":"open","kind":"course","title":{"en":"Open"},"award_rules":[{"achievement":"solo-b","all":[{"points_percent_gte":50}]}]}`} {
				if _, err := p.PutActivity(t.Context(), []byte(d), "test"); err != nil {
					t.Fatal(err)
				}
			}
			if got := results(p.tell(t, events...)); got != want {
				t.Errorf("the answers are %s", got)
			}
			if got := p.inForce(t, sharedMail); got != "solo-b" {
				t.Errorf("in force are %q", got)
			}
			p.audit(t)
		})
	}
}

// TestWaitingForTheOther: what two activities earn and both hold back waits for the
// other when one takes it back, or regrades it, and is issued with its release.
func TestWaitingForTheOther(t *testing.T) {
	for _, kind := range []string{"revocation", "regrade"} {
		p := twins(t)
		for _, id := range []string{"first", "second"} {
			definition := fmt.Sprintf(`{"id":%q,"kind":"course","title":{"en":"Gated"},"release":{"mode":"manual"},"award_rules":[{"achievement":"solo-b","all":[{"points_percent_gte":80}]}]}`, id)
			if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); err != nil {
				t.Fatal(err)
			}
		}
		full := `{"points":{"achieved":9,"max":10}}`
		p.tell(t, said{activity: "first", learner: ana, facts: full}, said{activity: "second", learner: ana, facts: full},
			said{activity: "first", kind: kind, day: "2025-03-05", learner: ana, facts: `{"points":{"achieved":1,"max":10}}`})
		p.audit(t)
		for id, want := range map[string]int{"first": 0, "second": 1} {
			if n, err := p.Waiting(t.Context(), everybody, id, ""); err != nil || n != want {
				t.Errorf("%s: %d wait for the release of the %s, %v", kind, n, id, err)
			}
		}
		if done, err := p.Release(t.Context(), everybody, "second", "", nil); err != nil || done.Issued != 1 {
			t.Errorf("%s: released %+v, %v", kind, done, err)
		}
		if got := p.inForce(t, sharedMail); got != "solo-b" || len(p.open(t)) != 0 {
			t.Errorf("%s: in force are %q", kind, got)
		}
		p.audit(t)
	}
}
