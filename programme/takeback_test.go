package programme_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/programme"
)

// directly issues a badge as a platform does that keeps rules of its own.
func (p *place) directly(t *testing.T, achievement, edition, email string) *issuer.Record {
	t.Helper()
	issued, err := p.Issue(t.Context(), issuer.Award{Achievement: achievement, Edition: edition, Actor: "platform",
		AwardedAt: p.Clock.Now(), Recipient: issuer.Recipient{Name: "Ana Prado", Email: email}}, everybody.MayIssue)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Record
}

// TestFoundBadgeStays: a badge that was there before a list or a platform told
// the same is not theirs to take back.
func TestFoundBadgeStays(t *testing.T) {
	p := workshop(t)
	rec := p.directly(t, "uh-kit-participant", "2025-1", "ana@roster.example")
	list := p.upload(t, []byte("name,email,role\nAna Prado,ana@roster.example,participant\nBo Li,bo@roster.example,participant\n"), nil)
	if list.Rows[0].Outcome != programme.OutcomeExisting || list.Rows[0].Credential != rec.ID {
		t.Fatalf("%+v", list.Rows[0])
	}
	u, err := p.TakeBack(t.Context(), everybody, list.Upload)
	if err != nil || u.Withdrawn != (programme.Withdrawn{Revoked: 1, Kept: 1}) {
		t.Errorf("%+v, %v", u, err)
	}
	if now := p.record(t, rec.ID); now.Status != issuer.Active {
		t.Errorf("it is %s", now.Status)
	}
	p.audit(t)

	q := course(t, "all")
	rec = q.directly(t, "hc20-achievement", "", "shared@learner.example")
	answers := q.tell(t, said{learner: ana, facts: points("51")}, said{kind: "revocation", day: "2025-03-05", learner: ana})
	if results(answers) != "issued revoked" || len(answers[1].Awards) != 1 {
		t.Errorf("%+v", answers)
	}
	if now := q.record(t, rec.ID); now.Status != issuer.Active {
		t.Errorf("it is %s", now.Status)
	}
	q.audit(t)
}

// TestTakeBackHoldsOthers: what another list gave and what is not earned any
// more is a question.
func TestTakeBackHoldsOthers(t *testing.T) {
	p := workshop(t)
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	first := p.upload(t, []byte("ref,name,email,role,2025-06-20,2025-06-27,2025-07-04\n1,Ana Prado,ana@roster.example,participant,1,1,1\n"), nil)
	second := p.upload(t, []byte("ref,email,exercise\n1,ana@roster.example,accepted\n"), nil)
	if second.Summary[programme.OutcomeIssued] != 1 {
		t.Fatalf("%+v", second.Rows)
	}
	completion := p.badgeOf(t, "uh-kit-completion", "ana@roster.example")
	if _, err := p.TakeBack(t.Context(), everybody, first.Upload); err != nil {
		t.Fatal(err)
	}
	if open := p.open(t); len(open) != 1 || open[0].Credential != completion.ID || open[0].Kind != programme.Regraded {
		t.Errorf("open: %+v", open)
	}
	if now := p.record(t, completion.ID); now.Status != issuer.Active {
		t.Errorf("it is %s", now.Status)
	}
	p.audit(t)
}

// TestRevocationOfNobodysWords: a platform that told nothing of somebody takes
// nothing back, whatever became of the rules meanwhile.
func TestRevocationOfNobodysWords(t *testing.T) {
	p := course(t, "all")
	p.tell(t, said{learner: ana, facts: points("51")})
	harder := bytes.ReplaceAll(file(t, "course-hc20.json"), []byte(`"points_percent_gte": "80"`), []byte(`"points_percent_gte": "95"`))
	if _, err := p.PutActivity(t.Context(), harder, "test"); err != nil {
		t.Fatal(err)
	}
	if got := results(p.tell(t, said{source: "lms-b", kind: "revocation", day: "2025-03-05", learner: anaByMail})); got != "ignored" {
		t.Errorf("answered %s", got)
	}
	if active, revoked := p.audit(t); active != 2 || revoked != 0 {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
}

// TestRevocationAnswersReview: whoever revokes a badge has answered the question
// about it, and what a platform took back is earned again by the next pass.
func TestRevocationAnswersReview(t *testing.T) {
	p := course(t, "all")
	p.tell(t, said{learner: ana, facts: points("51")}, said{kind: "regrade", day: "2025-03-04", learner: ana, facts: points("40")})
	question := p.open(t)[0]
	p.tell(t, said{kind: "revocation", day: "2025-03-06", learner: ana})
	for range 2 {
		review, err := p.Decide(t.Context(), everybody, question.ID, programme.Revoke)
		if err != nil || review.Decision != programme.Revoke || review.DecidedAt.IsZero() {
			t.Errorf("answering what was answered by the revocation: %+v, %v", review, err)
		}
	}
	if _, err := p.Decide(t.Context(), everybody, question.ID, programme.Keep); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("keeping what is revoked: %v", err)
	}
	if got := results(p.tell(t, said{day: "2025-03-07", learner: ana, facts: points("50")})); got != "issued" {
		t.Errorf("passing again is answered %s", got)
	}
	p.audit(t)
}

// TestPersonAnswersReview: a badge that a person revokes while it is in question
// leaves no question, and is earned again by what comes later, if a person says
// so.
func TestPersonAnswersReview(t *testing.T) {
	p := course(t, "all")
	p.tell(t, said{learner: ana, facts: points("51")}, said{kind: "regrade", day: "2025-03-04", learner: ana, facts: points("40")})
	p.change(t, p.record(t, p.open(t)[0].Credential), issuer.Revoke)
	if open := p.open(t); len(open) != 0 {
		t.Errorf("open: %+v", open)
	}
}

// TestRightListAfterWrong: what the right list tells stands when the wrong one is
// taken back, though all of it was known when it came; and falls with it.
func TestRightListAfterWrong(t *testing.T) {
	header := "ref,name,email\n"
	rows := strings.Builder{}
	for n := range 6 {
		fmt.Fprintf(&rows, "P-%d,Person %d,p%d@roster.example\n", n, n, n)
	}
	right := []byte(header + rows.String())
	wrong := []byte(header + rows.String() + "P-9,Wrong Person,wrong@roster.example\n")
	for name, change := range map[string]func(*programme.Roster){
		"by rules": nil, "by name": func(r *programme.Roster) { r.Achievement = "network-member" }} {
		t.Run(name, func(t *testing.T) {
			p := workshop(t)
			first := p.upload(t, wrong, change)
			second := p.upload(t, right, change)
			if first.Summary[programme.OutcomeIssued] != 7 || second.Summary[programme.OutcomeExisting] != 6 || second.Upload == "" {
				t.Fatalf("%v, then %v as %q", first.Summary, second.Summary, second.Upload)
			}
			again := p.upload(t, right, change)
			if again.Upload != "" || again.Summary[programme.OutcomeExisting] != 6 {
				t.Errorf("the same list again is %q: %v", again.Upload, again.Summary)
			}
			for _, c := range []struct {
				id   string
				want programme.Withdrawn
			}{{first.Upload, programme.Withdrawn{Revoked: 1, Kept: 6}}, {first.Upload, programme.Withdrawn{Revoked: 1, Kept: 6}},
				{second.Upload, programme.Withdrawn{Revoked: 6}}} {
				u, err := p.TakeBack(t.Context(), everybody, c.id)
				if err != nil || u.Withdrawn != c.want {
					t.Errorf("%+v, want %+v, %v", u, c.want, err)
				}
			}
			if active, revoked := p.audit(t); active != 0 || revoked != 7 || len(p.open(t)) != 0 {
				t.Errorf("%d in force, %d revoked, questions %+v", active, revoked, p.open(t))
			}
			if got := p.upload(t, right, change); got.Summary[programme.OutcomeIssued] != 6 {
				t.Errorf("the right list after all: %v", got.Summary)
			}
			p.audit(t)
		})
	}
}

// TestToldAgainIsNoNewer: a list that tells what is known does not bring back what
// a person revoked since.
func TestToldAgainIsNoNewer(t *testing.T) {
	p := workshop(t)
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	p.upload(t, []byte("name,email\nAna Prado,ana@roster.example\nBo Li,bo@roster.example\n"), nil)
	if _, err := p.Revoke(t.Context(), p.badgeOf(t, "uh-kit-participant", "ana@roster.example").ID, "issued_in_error", "test", everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Hour)
	row := p.upload(t, []byte("name,email\nAna Prado,ana@roster.example\n"), nil).Rows[0]
	if row.Outcome != programme.OutcomeExisting || row.Code != "revoked" || len(p.open(t)) != 0 {
		t.Errorf("%+v, questions %+v", row, p.open(t))
	}
	p.audit(t)
}

// TestTwoEditionsOnOneList: who stands on a list in two editions loses what came of
// it in both.
func TestTwoEditionsOnOneList(t *testing.T) {
	p := emptyPlace(t)
	definition := []byte(`{"id":"twice","kind":"workshop","title":{"en":"Twice"},"edition":"e1","editions":[{"id":"e2"}],
		"award_rules":[{"achievement":"uh-kit-participant","all":[{"role_in":["participant"]}]}]}`)
	if _, err := p.PutActivity(t.Context(), definition, "test"); err != nil {
		t.Fatal(err)
	}
	list := p.upload(t, []byte("ref,name,email,edition\nP-1,Ana Prado,ana@roster.example,e1\nP-1,Ana Prado,ana@roster.example,e2\n"),
		func(r *programme.Roster) { r.Activity = "twice" })
	if list.Summary[programme.OutcomeIssued] != 2 {
		t.Fatalf("%+v", list.Rows)
	}
	for range 2 {
		u, err := p.TakeBack(t.Context(), everybody, list.Upload)
		if err != nil || u.Withdrawn != (programme.Withdrawn{Revoked: 2}) {
			t.Errorf("%+v, %v", u, err)
		}
	}
	if active, revoked := p.audit(t); active != 0 || revoked != 2 {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
}
