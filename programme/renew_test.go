package programme_test

import (
	"errors"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme"
)

const planning = "dh-planning-fr-2025"

var trainerSince = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

// trainer is a place with somebody who became a trainer on 15 January 2026.
func trainer(t *testing.T) (p *place, id string) {
	t.Helper()
	p = emptyPlace(t)
	if _, err := p.PutActivity(t.Context(), file(t, "course-dh-planning.json"), "test"); err != nil {
		t.Fatal(err)
	}
	on := func(list string, day time.Time) *programme.Result {
		result, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: planning, List: []byte(list), OccurredAt: day})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	on("ref,name,email,country,self_paced_percent,sessions,project_level\nD25-01,Participant 01,participant.01@dh.example,RW,100,12,advanced\n", time.Date(2025, 12, 16, 0, 0, 0, 0, time.UTC))
	result := on("ref,role,approved_by\nD25-01,co-facilitator,course-lead\n", trainerSince)
	id = result.Rows[0].Credential
	if rec := p.record(t, id); rec.Achievement != "dh-trainer" || !rec.ValidUntil.Equal(time.Date(2029, 1, 15, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%+v", result.Rows[0])
	}
	return p, id
}

// TestRenewalOfTrainer: the window, the duty, the new term and the time of
// grace, as the fixture has them.
func TestRenewalOfTrainer(t *testing.T) {
	p, id := trainer(t)
	at := func(moment string) {
		t.Helper()
		when, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		p.Clock.Advance(when.Sub(p.Clock.Now()))
	}
	key := &issuer.Idempotency{Scope: "test", Key: "renewal", Digest: []byte{1}}
	renew := func(key *issuer.Idempotency) (*issuer.Issued, error) {
		return p.Programme.Renew(t.Context(), issuer.Amendment{ID: id, Actor: "test", MayTouch: everybody.MayIssue, Idempotency: key}, time.Time{})
	}
	refused := func(rule string) {
		t.Helper()
		var state *issuer.StateError
		if _, err := renew(nil); !errors.As(err, &state) || state.Rule != rule {
			t.Errorf("%s: %v, want %s", p.Clock.Now(), err, rule)
		}
	}
	at("2028-07-14T00:00:00Z")
	refused("renewal_too_early")
	at("2028-07-15T00:00:00Z")
	refused("renewal_not_earned")
	if _, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: planning, List: []byte("ref,role\nD25-01,facilitator\n"), OccurredAt: p.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	at("2029-01-10T00:00:00Z")
	for n := range 2 { // the retry gets the first answer
		issued, err := renew(key)
		if err != nil {
			t.Fatal(err)
		}
		rec := issued.Record
		if rec.ID != id || issued.Replayed != (n == 1) || !rec.ValidUntil.Equal(time.Date(2032, 1, 15, 0, 0, 0, 0, time.UTC)) ||
			!rec.AwardedAt.Equal(time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("renewed: %+v", issued)
		}
		d, err := badge.Parse(rec.Document)
		if err != nil || d.View().ValidFrom != "2029-01-10T00:00:00Z" {
			t.Errorf("signed from %s, %v", d.View().ValidFrom, err)
		}
	}
	if issued, err := renew(nil); err != nil || !issued.Existing {
		t.Errorf("renewed already: %+v, %v", issued, err)
	}
	at("2029-02-10T00:00:00Z")
	refused("renewal_too_early")
	at("2032-04-15T00:00:01Z")
	refused("renewal_closed")
	var state *issuer.StateError
	if _, err := renew(key); errors.As(err, &state) {
		t.Error("an old request is not answered as it was")
	}
}
