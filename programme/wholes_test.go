package programme_test

import (
	"errors"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/keys"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/facts"
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

const digital = "digital-health-learning"

// achieveOf is achieve for another issuer than that of the course.
func (p *place) achieveOf(t testing.TB, of, slug string, q *issuer.Requires) {
	t.Helper()
	a := issuer.Achievement{Slug: slug, Issuer: of, Name: issuer.Text{"en": slug}, Description: issuer.Text{"en": slug},
		Criteria: issuer.Text{"en": "Do it."}, Requires: q, InLanguage: "en", Version: "1"}
	if _, err := p.PutAchievement(t.Context(), a, "test"); err != nil {
		t.Fatal(err)
	}
}

// keyless takes an issuer's keys away.
func (p *place) keyless(t testing.TB, of string) {
	t.Helper()
	all, err := p.Issuer.Keys(t.Context(), of)
	for _, k := range all {
		if k.Signs && err == nil {
			_, err = p.Issuer.RevokeKey(t.Context(), issuer.KeyChange{Issuer: of, ID: k.ID, Actor: "test"})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestIssuerWithoutKey: an issuer that cannot sign is in nobody else's way:
// neither in one batch, nor where its badges rest on theirs, nor in a release.
func TestIssuerWithoutKey(t *testing.T) {
	p := course(t, "all").solos(t)
	p.walk(t)
	p.achieveOf(t, digital, "far", &issuer.Requires{All: []string{"solo-b"}})
	p.achieveOf(t, digital, "far-gated", nil)
	for _, definition := range []string{
		`{"id":"far-course","kind":"course","aliases":{"lms-a":["far-course"]},"award_rules":[{"achievement":"dh-planning","all":[{"passed":true}]}]}`,
		`{"id":"gated","kind":"workshop","release":{"mode":"manual"},"award_rules":[` +
			`{"achievement":"solo-c","all":[{"role_in":["participant"]}]},{"achievement":"far-gated","all":[{"role_in":["participant"]}]}]}`,
	} {
		if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); err != nil {
			t.Fatal(err)
		}
	}
	p.keyless(t, digital)

	p.solo(t, "solo-b", anaMail)
	if got := p.inForce(t, anaMail); got != "solo-b" {
		t.Errorf("issued directly: %s", got)
	}
	const bo, cy = "bo@keyless.example", "cy@keyless.example"
	p.upload(t, []byte("name,email,role\nBo Li,"+bo+",participant\n"), inWalk)
	if got := p.inForce(t, bo); got != "solo-b" {
		t.Errorf("by a list: %s", got)
	}

	at := p.Clock.Now()
	passed := func(activity string) completion.Completion {
		return completion.Completion{ID: activity, Source: "lms-a", Kind: completion.Progress, OccurredAt: at, Activity: activity,
			Learner: completion.Learner{ID: "u-9", Name: "Cy Lund", Email: cy}, Facts: facts.Facts{Passed: &at}}
	}
	answers, err := p.Complete(t.Context(), everybody, []completion.Completion{passed("far-course"), passed("hc20")})
	var named *issuer.NoKeyError
	if err != nil || !errors.As(answers[0].Fault, &named) || named.Issuer != digital || answers[1].Fault != nil {
		t.Errorf("%+v, %v", answers, err)
	}

	p.upload(t, []byte("ref,name,email,role\nr-1,Di Ek,di@keyless.example,participant\n"), func(r *programme.Roster) { r.Activity = "gated" })
	released, err := p.Release(t.Context(), everybody, "gated", "", nil)
	if err != nil || released.Issued != 1 || len(released.Left) != 1 || released.Left[0].Achievement != "far-gated" || released.Left[0].Code != "issuer_without_key" {
		t.Errorf("%+v, %v", released, err)
	}
	if _, err := p.OpenDueGates(t.Context()); err != nil {
		t.Error(err)
	}

	if _, _, err := p.Issuer.CreateKeys(t.Context(), issuer.NewKeys{Issuer: digital, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	p.solo(t, "solo-b", anaMail)
	if got := p.inForce(t, anaMail); got != "far solo-b" {
		t.Errorf("with a key: %s", got)
	}
	if n, err := p.OpenDueGates(t.Context()); err != nil || n != 1 {
		t.Errorf("%d issued, %v", n, err)
	}
	p.audit(t)
}

// TestOnlyOwnParts: who acts for one issuer is not told who holds what others
// award: neither by what a badge rests on, nor by what a rule asks for, nor by a
// name that is not taken yet. What an operator defined so stays.
func TestOnlyOwnParts(t *testing.T) {
	p := emptyPlace(t).solos(t)
	far := speaker(digital)
	rests := func(parts ...string) issuer.Achievement {
		return issuer.Achievement{Slug: "far", Issuer: digital, Name: issuer.Text{"en": "far"}, Description: issuer.Text{"en": "far"},
			Criteria: issuer.Text{"en": "Do it."}, InLanguage: "en", Version: "1", Requires: &issuer.Requires{All: parts}}
	}
	asks := func(parts string) []byte {
		return []byte(`{"id":"far-course","kind":"course","award_rules":[{"achievement":"dh-trainer","all":[{"any":[{"holds":[` + parts + `]}]}]}]}`)
	}
	for _, part := range []string{"solo-a", "nothing-such"} {
		_, err := p.DefineAchievement(t.Context(), rests("dh-planning", part), "test", far.MayIssue)
		var refused *issuer.PartError
		if !errors.As(err, &refused) || refused.Part != part || !errors.Is(err, issuer.ErrForbidden) {
			t.Errorf("%s: %v", part, err)
		}
		var forbidden *programme.Forbidden
		if _, _, err := p.Define(t.Context(), far, asks(`"dh-planning","`+part+`"`)); !errors.As(err, &forbidden) || forbidden.Rule != "issuer_not_granted" {
			t.Errorf("%s: %v", part, err)
		}
	}
	if a, err := p.Achievement(t.Context(), "far"); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("refused, and kept: %+v, %v", a, err)
	}
	if _, err := p.DefineAchievement(t.Context(), rests("dh-planning"), "test", far.MayIssue); err != nil {
		t.Errorf("of its own: %v", err)
	}
	if _, _, err := p.Define(t.Context(), far, asks(`"dh-planning"`)); err != nil {
		t.Errorf("of its own: %v", err)
	}

	if _, err := p.PutAchievement(t.Context(), rests("dh-planning", "solo-a"), "operator"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.PutActivity(t.Context(), asks(`"solo-a"`), "operator"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DefineAchievement(t.Context(), rests("solo-a"), "test", far.MayIssue); err != nil {
		t.Errorf("as it was: %v", err)
	}
	if _, _, err := p.Define(t.Context(), far, asks(`"dh-planning","solo-a"`)); err != nil {
		t.Errorf("as it was: %v", err)
	}
	if _, err := p.DefineAchievement(t.Context(), rests("solo-a", "solo-b"), "test", far.MayIssue); !errors.Is(err, issuer.ErrForbidden) {
		t.Errorf("and one more: %v", err)
	}
}

// TestSuspendedPartOfRule: a badge that came by a rule and is suspended is no
// part of anything, and one that is reinstated is again.
func TestSuspendedPartOfRule(t *testing.T) {
	p := course(t, "all").solos(t)
	a, err := p.Achievement(t.Context(), "solo-b")
	if err != nil {
		t.Fatal(err)
	}
	a.Suspendable = true
	if _, err := p.PutAchievement(t.Context(), *a, "test"); err != nil {
		t.Fatal(err)
	}
	p.walk(t)
	p.upload(t, []byte("name,email,role\nAna Prado,"+anaMail+",participant\n"), inWalk)
	change := func(action issuer.Action) {
		t.Helper()
		_, err := p.ChangeStatus(t.Context(), issuer.Change{ID: p.by(t, anaMail)["solo-b"].ID, Action: action, Actor: "test", MayTouch: everybody.MayIssue})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(issuer.Suspend)
	p.solo(t, "solo-a", anaMail)
	if got := p.inForce(t, anaMail); got != "solo-a" {
		t.Errorf("suspended: %s", got)
	}
	change(issuer.Reinstate)
	p.solo(t, "solo-a", anaMail)
	if got := p.inForce(t, anaMail); got != "pair solo-a solo-b" {
		t.Errorf("reinstated: %s", got)
	}
	p.audit(t)
}

// TestNotForThisToken: a report or a badge leads to nothing of an issuer that its
// token is not for, in whatever other place; the next one by a token that is does.
func TestNotForThisToken(t *testing.T) {
	p := course(t, "all").solos(t)
	p.achieveOf(t, digital, "far", &issuer.Requires{All: []string{"solo-c"}})
	_, err := p.PutActivity(t.Context(), []byte(`{"id":"onward","kind":"workshop","award_rules":[{"achievement":"solo-c","all":[{"holds":["solo-a"]},{"role_in":["participant"]}]}]}`), "test")
	if err != nil {
		t.Fatal(err)
	}
	p.upload(t, []byte("name,email,role\nAna Prado,"+anaMail+",participant\n"), func(r *programme.Roster) { r.Activity = "onward" })
	near := speaker("urban-health-learning")
	for _, c := range []struct {
		mayIssue func(string) bool
		want     string
	}{{near.MayIssue, "solo-a solo-c"}, {everybody.MayIssue, "far solo-a solo-c"}} {
		achievement := "solo-a"
		if c.want != "solo-a solo-c" {
			achievement = "solo-c"
		}
		if _, err := p.Issue(t.Context(), soloFor(achievement, anaMail), c.mayIssue); err != nil {
			t.Fatal(err)
		}
		if got := p.inForce(t, anaMail); got != c.want {
			t.Errorf("holds %s, want %s", got, c.want)
		}
	}
	p.audit(t)
}
