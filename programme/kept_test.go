package programme_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/programme"
)

// TestKeptPartCompletes: what a person has kept after a regrade completes the whole
// whose other part was issued meanwhile, as it does where that comes afterwards.
func TestKeptPartCompletes(t *testing.T) {
	p := course(t, "all").solos(t)
	for n, keptFirst := range []bool{false, true} {
		mail := fmt.Sprintf("k%d@direct.example", n)
		who := fmt.Sprintf(`{"id":"k-%d","email":%q,"name":"Ana Prado"}`, n, mail)
		p.tell(t, said{learner: who, facts: points("51")}, said{kind: "regrade", learner: who, facts: points("40")})
		steps := []func(){func() { p.solo(t, "solo-a", mail) }, func() {
			open := p.open(t)
			if len(open) != 1 || open[0].Kind != programme.Regraded {
				t.Fatalf("open are %+v", open)
			}
			if _, err := p.Decide(t.Context(), everybody, open[0].ID, programme.Keep); err != nil {
				t.Fatal(err)
			}
		}}
		if keptFirst {
			steps[0], steps[1] = steps[1], steps[0]
		}
		steps[0]()
		if got := p.by(t, mail)["mixed"]; got != nil {
			t.Errorf("kept first %v: the whole is there too soon", keptFirst)
		}
		steps[1]()
		if got := p.by(t, mail)["mixed"]; got == nil || got.Status != issuer.Active {
			t.Errorf("kept first %v: holds %s", keptFirst, p.inForce(t, mail))
		}
	}
	p.audit(t)
}

// TestNoRenewalUnderReview: a badge about which a person must decide first is not
// given another term, and is once it is kept.
func TestNoRenewalUnderReview(t *testing.T) {
	p, id := trainer(t)
	part := p.by(t, "participant.01@dh.example")["dh-planning"]
	if part == nil {
		t.Fatal("there is no part")
	}
	p.Clock.Advance(time.Date(2028, 12, 1, 0, 0, 0, 0, time.UTC).Sub(p.Clock.Now()))
	if _, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: planning, List: []byte("ref,role\nD25-01,facilitator\n"), OccurredAt: p.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	held := p.revokePart(t, part.ID, p.record(t, id))
	renew := func() (*issuer.Issued, error) {
		return p.Programme.Renew(t.Context(), issuer.Amendment{ID: id, Actor: "test", MayTouch: everybody.MayIssue}, time.Time{})
	}
	var state *issuer.StateError
	if _, err := renew(); !errors.As(err, &state) || state.Rule != "under_review" {
		t.Errorf("under review: %v", err)
	}
	if _, err := p.Decide(t.Context(), everybody, held.ID, programme.Keep); err != nil {
		t.Fatal(err)
	}
	if issued, err := renew(); err != nil || issued.Existing {
		t.Errorf("kept: %+v, %v", issued, err)
	}
	p.audit(t)
}

// TestNumberAlone: of whom nothing is known but a number, a report that reaches
// nothing waits for the name as well.
func TestNumberAlone(t *testing.T) {
	p := course(t, "all")
	answers := p.tell(t, said{learner: number, facts: `{"passed":true}`}, said{learner: number, facts: points("51")},
		said{kind: "identity", learner: ana})
	if got := results(answers); got != "pending_identity pending_identity issued" {
		t.Error(got)
	}
	answers = p.tell(t, said{learner: `{"id":"u-2","name":"Bo Li","email":"bo@learner.example"}`, facts: `{"passed":true}`})
	if got := results(answers); got != "not_met" {
		t.Errorf("with a name: %s", got)
	}
	p.audit(t)
}
