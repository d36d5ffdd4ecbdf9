package programme_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
)

// TestImprovement: where the activity wants it, a better result after the award
// makes a newer edition of the badge, whatever the order of reports; nothing else
// does, and nothing is signed anew twice.
func TestImprovement(t *testing.T) {
	reissuing := func(t *testing.T, mode string) *place {
		t.Helper()
		p := courseOn(t, boltStore(t), "all")
		definition := bytes.Replace(file(t, "course-hc20.json"), []byte(`"on_improvement": "keep"`), []byte(`"on_improvement": "`+mode+`"`), 1)
		if _, err := p.PutActivity(t.Context(), definition, "test"); err != nil {
			t.Fatal(err)
		}
		return p
	}
	again := func(t *testing.T, p *place, want int) {
		t.Helper()
		if n, err := p.ReissueImproved(t.Context()); err != nil || n != want {
			t.Errorf("%d were signed anew, want %d: %v", n, want, err)
		}
		if left := p.count(t, "P/live/v/"); left != 0 {
			t.Errorf("%d marks are left", left)
		}
	}
	achieved := func(t *testing.T, p *place) *issuer.Record {
		return p.by(t, "shared@learner.example")["hc20-achievement"]
	}
	score := func(t *testing.T, rec *issuer.Record) string {
		t.Helper()
		doc, err := rec.View()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range doc.View().CredentialSubject.Result {
			if strings.HasSuffix(r.ResultDescription, "/score") {
				return r.Value
			}
		}
		return ""
	}
	t.Run("keep", func(t *testing.T) {
		p := reissuing(t, "keep")
		p.tell(t, said{learner: ana, facts: points("51")}, said{learner: ana, facts: points("60")})
		if again(t, p, 0); achieved(t, p).Edition != 1 || score(t, achieved(t, p)) != "85" {
			t.Errorf("edition %d tells %s", achieved(t, p).Edition, score(t, achieved(t, p)))
		}
	})
	t.Run("any order", func(t *testing.T) {
		p := reissuing(t, "reissue")
		list := []said{{facts: points("51"), day: "2025-03-04"}, {facts: points("60"), day: "2025-03-06"}, {facts: points("54"), day: "2025-03-05"},
			{facts: `{"visits":{"visited":44,"total":44}}`, day: "2025-03-07"}}
		for n := range 6 {
			mail := fmt.Sprintf("n%d@learner.example", n)
			for _, i := range rand.New(rand.NewPCG(3, uint64(n))).Perm(len(list)) {
				e := list[i]
				e.learner = fmt.Sprintf(`{"id":"n-%d","email":%q,"name":"Number %d"}`, n, mail, n)
				p.tell(t, e)
				if i%2 == 0 {
					if _, err := p.ReissueImproved(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := p.ReissueImproved(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := score(t, p.by(t, mail)["hc20-achievement"]); got != "100" {
				t.Errorf("in another order the badge tells %s", got)
			}
		}
		p.audit(t)
	})
	t.Run("reissue", func(t *testing.T) {
		p := reissuing(t, "reissue")
		p.tell(t, said{learner: ana, facts: points("51")})
		first := achieved(t, p)
		again(t, p, 0)
		p.Clock.Advance(time.Hour)
		if got := results(p.tell(t, said{learner: ana, facts: points("60")})); got != "existing" {
			t.Errorf("better: %s", got)
		}
		again(t, p, 1)
		now := achieved(t, p)
		if now.ID != first.ID || now.Edition != 2 || now.Index == first.Index && now.List == first.List || score(t, now) != "100" || score(t, first) != "85" ||
			!now.AwardedAt.Equal(first.AwardedAt) || now.Status != issuer.Active {
			t.Errorf("%s became %+v, and tells %s", first.ID, now, score(t, now))
		}
		// Neither the same, nor worse, nor a regrade that leaves it earned.
		p.tell(t, said{learner: ana, facts: points("60"), day: "2025-03-08"}, said{learner: ana, facts: points("52"), day: "2025-03-09"},
			said{kind: "regrade", learner: ana, facts: points("50"), day: "2025-03-10"})
		if again(t, p, 0); achieved(t, p).Edition != 2 {
			t.Errorf("edition %d", achieved(t, p).Edition)
		}
		if active, revoked := p.audit(t); active != 2 || revoked != 0 {
			t.Errorf("%d in force, %d revoked", active, revoked)
		}
	})
	t.Run("waiting", func(t *testing.T) {
		p := reissuing(t, "reissue")
		gated := bytes.Replace(file(t, "course-hc20.json"), []byte(`"on_improvement": "keep"`), []byte(`"on_improvement": "reissue"`), 1)
		gated = bytes.Replace(gated, []byte(`"mode": "immediate"`), []byte(`"mode": "manual"`), 1)
		if _, err := p.PutActivity(t.Context(), gated, "test"); err != nil {
			t.Fatal(err)
		}
		if got := results(p.tell(t, said{learner: ana, facts: points("51"), day: "2025-03-04"}, said{learner: ana, facts: points("60"), day: "2025-03-06"})); got != "pending_release pending_release" {
			t.Fatal(got)
		}
		if _, err := p.Release(t.Context(), everybody, "hc20", "", nil); err != nil {
			t.Fatal(err)
		}
		again(t, p, 0)
		if rec := achieved(t, p); rec.Edition != 1 || score(t, rec) != "100" || rec.AwardedAt.Format(time.DateOnly) != "2025-03-04" {
			t.Errorf("edition %d of %s tells %s", rec.Edition, rec.AwardedAt, score(t, rec))
		}
	})
	for name, end := range map[string]func(p *place, rec *issuer.Record) error{
		"revoked": func(p *place, rec *issuer.Record) error {
			_, err := p.Revoke(t.Context(), rec.ID, "issued_in_error", "test", everybody.MayIssue)
			return err
		},
		"erased": func(p *place, rec *issuer.Record) error {
			_, _, err := p.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: everybody.MayIssue})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := reissuing(t, "reissue")
			p.tell(t, said{learner: ana, facts: points("51")}, said{learner: ana, facts: points("60")})
			if p.count(t, "P/live/v/") != 1 {
				t.Error("no mark")
			}
			if err := end(p, achieved(t, p)); err != nil {
				t.Fatal(err)
			}
			again(t, p, 0)
			p.audit(t)
		})
	}
}
