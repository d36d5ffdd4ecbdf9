package programme_test

import (
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/programme"
)

// walk is an activity without a gate, by whose lists solo-b is earned.
func (p *place) walk(t testing.TB) {
	t.Helper()
	_, err := p.PutActivity(t.Context(), []byte(`{"id":"walk","kind":"workshop","award_rules":[{"achievement":"solo-b","all":[{"role_in":["participant"]}]}]}`), "test")
	if err != nil {
		t.Fatal(err)
	}
}

func inWalk(r *programme.Roster) { r.Activity = "walk" }

// TestListCompletesWhole: a list brings the last part of a whole, and what rests
// on that, and a trial of it says so; taken back, the list revokes its part, and
// the whole is a question.
func TestListCompletesWhole(t *testing.T) {
	p := course(t, "all").solos(t)
	p.achieve(t, "over", &issuer.Requires{All: []string{"pair"}})
	p.walk(t)
	p.solo(t, "solo-a", anaMail)
	list := []byte("name,email,role\nAna Prado," + anaMail + ",participant\n")
	tried := p.upload(t, list, func(r *programme.Roster) { inWalk(r); r.DryRun = true })
	if got := awards(tried.Rows[0].Awards); got != "solo-b:would_issue pair:would_issue over:would_issue" {
		t.Errorf("tried: %s", got)
	}
	if got := p.inForce(t, anaMail); got != "solo-a" {
		t.Fatalf("after a trial: %s", got)
	}
	done := p.upload(t, list, inWalk)
	if got := awards(done.Rows[0].Awards); got != "solo-b:issued pair:issued over:issued" {
		t.Errorf("taken in: %s", got)
	}
	held := p.by(t, anaMail)
	if got := evidence(t, held["pair"]); len(got) != 2 || got[1] != p.CredentialURL(held["solo-b"].ID) {
		t.Errorf("evidence %v", got)
	}
	p.audit(t)

	u, err := p.TakeBack(t.Context(), everybody, done.Upload)
	if err != nil || u.Withdrawn != (programme.Withdrawn{Revoked: 1}) {
		t.Errorf("%+v, %v", u, err)
	}
	open, err := p.Reviews(t.Context(), everybody)
	if err != nil || len(open) != 1 || open[0].Kind != programme.PartRevoked || open[0].Achievement != "pair" {
		t.Errorf("%+v, %v", open, err)
	}
	if now := p.by(t, anaMail); now["solo-b"].Status != issuer.Revoked || now["pair"].Status == issuer.Revoked {
		t.Errorf("solo-b is %s, pair is %s", now["solo-b"].Status, now["pair"].Status)
	}
	p.audit(t)
}

// awards are what became of some achievements, in this order.
func awards(all []programme.AwardOutcome) string {
	words := make([]string, len(all))
	for n, a := range all {
		words[n] = a.Achievement + ":" + string(a.Outcome)
	}
	return strings.Join(words, " ")
}
