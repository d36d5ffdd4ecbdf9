package programme_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/programme"
	"laurel/programme/completion"
)

// TestNamedAchievement: a list may name what no rule awards anywhere, and
// nothing that others earn by rules or by parts.
func TestNamedAchievement(t *testing.T) {
	p := course(t, "all")
	if _, err := p.PutActivity(t.Context(), file(t, "workshop-uh-kit-2025.json"), "test"); err != nil {
		t.Fatal(err)
	}
	list := []byte("name,email\nAna Mora,ana@l.example\n")
	narrow := everybody
	narrow.MayReport = func(activity string) bool { return activity == "hc20" }
	for _, tc := range []struct {
		caller      programme.Caller
		achievement string
		refused     bool
	}{
		{everybody, "uh-kit-facilitator", true}, {everybody, "uh-kit-completion", true}, {everybody, "uh-kit-participant", true},
		{everybody, "uh-programme", true}, {narrow, "uh-kit-facilitator", true}, {narrow, "network-member", true}, {everybody, "network-member", false},
	} {
		result, err := p.Programme.Roster(t.Context(), tc.caller, programme.Roster{Activity: "hc20", Achievement: tc.achievement, List: list})
		if err != nil {
			t.Fatal(err)
		}
		row := result.Rows[0]
		if refused := row.Outcome == programme.OutcomeError && row.Code == "achievement_unknown"; refused != tc.refused || !refused && row.Outcome != programme.OutcomeIssued {
			t.Errorf("%s: %+v", tc.achievement, row)
		}
	}
}

// TestUnknownCountry: nobody is claimed by saying where they are from, and a
// replay tells nothing to whoever may not report the person.
func TestUnknownCountry(t *testing.T) {
	p := course(t, "all")
	e := completion.Completion{ID: "a", Source: "lms-a", Kind: completion.Progress, OccurredAt: time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC), Activity: "hc20",
		Learner: completion.Learner{ID: "u-1", Name: "Ana Mora"}}
	send := func(id string, kind completion.Kind, country, of string) error {
		c := everybody
		c.Country = of
		e.ID, e.Kind, e.Learner.Country = id, kind, country
		e.Facts.Passed = &e.OccurredAt
		answers, err := p.Complete(t.Context(), c, []completion.Completion{e})
		if err != nil {
			t.Fatal(err)
		}
		return answers[0].Fault
	}
	if err := send("a", completion.Progress, "", ""); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		for _, country := range []string{"KE", ""} {
			if err := send(id, completion.Revocation, country, "KE"); !errors.Is(err, programme.ErrForbidden) {
				t.Errorf("event %s of somebody whose country nobody told, by a caller for KE who says %q: %v", id, country, err)
			}
		}
	}
	if err := send("a", completion.Progress, "", "KE"); !errors.Is(err, programme.ErrForbidden) {
		t.Errorf("the replay of an event about somebody of no known country: %v", err)
	}
}

// TestRefOfAnother: a ref with another name and another address is somebody
// else, in the same edition and in another, on one list and on two.
func TestRefOfAnother(t *testing.T) {
	p := workshop(t)
	p.upload(t, []byte("ref,name,email\n9,Nora,n@l.example\n"), nil)
	for list, want := range map[string]programme.Outcome{
		"9,Otto,o@l.example\n": programme.OutcomeError,
		"9,Nora,o@l.example\n": programme.OutcomeExisting,
		"9,Otto,n@l.example\n": programme.OutcomeExisting,
	} {
		row := p.upload(t, []byte("ref,name,email\n"+list), dryRun).Rows[0]
		if row.Outcome != want || want == programme.OutcomeError && (row.Code != "recipient_conflict" || row.Credential != "") {
			t.Errorf("%q: %+v", list, row)
		}
	}
	rows := p.upload(t, []byte("ref,name,email\n5,Ida,i@l.example\n5,Udo,u@l.example\n5,Ida,i@l.example\n"), nil).Rows
	if rows[0].Outcome != programme.OutcomeIssued || rows[1].Code != "recipient_conflict" || rows[2].Outcome != programme.OutcomeDuplicate {
		t.Errorf("one ref for two on one list: %+v", rows)
	}
	editions := `{"id":"walks","kind":"workshop","editions":[{"id":"spring"},{"id":"autumn"}],
		"award_rules":[{"achievement":"uh-kit-participant","all":[{"role_in":["participant"]}]}]}`
	if _, err := p.PutActivity(t.Context(), []byte(editions), "test"); err != nil {
		t.Fatal(err)
	}
	in := func(edition string) func(*programme.Roster) {
		return func(r *programme.Roster) { r.Activity, r.Edition = "walks", edition }
	}
	if row := p.upload(t, []byte("ref,name,email\n7,Kim,k@l.example\n"), in("spring")).Rows[0]; row.Outcome != programme.OutcomeIssued {
		t.Fatalf("%+v", row)
	}
	if row := p.upload(t, []byte("ref,name,email\n7,Lou,l@l.example\n"), in("autumn")).Rows[0]; row.Code != "recipient_conflict" || row.Credential != "" {
		t.Errorf("one ref for two in another edition: %+v", row)
	}
	if row := p.upload(t, []byte("ref,name,email\n7,Kim,k@l.example\n"), in("autumn")).Rows[0]; row.Outcome != programme.OutcomeIssued {
		t.Errorf("the same person in another edition: %+v", row)
	}
	if row := p.upload(t, []byte("ref,name,email\n9,Otto,o@l.example\n"), nil).Rows[0]; row.Code != "recipient_conflict" || len(p.by(t, "o@l.example")) != 0 {
		t.Errorf("one ref for two on two lists: %+v", row)
	}
}

// TestSharedAddress: two people who read mail at one address, each with a ref, are
// a question; where a person has answered that they are two, each has a badge. One
// name under two refs stays one.
func TestSharedAddress(t *testing.T) {
	p := workshop(t)
	shared := func(r *programme.Roster) { r.Shared = true }
	p.upload(t, []byte("ref,name,email\n1,Nora,house@l.example\n"), nil)
	other := []byte("ref,name,email\n2,Otto,house@l.example\n")
	if row := p.upload(t, other, nil).Rows[0]; row.Code != "recipient_conflict" || !strings.Contains(row.Message, "accept=shared") {
		t.Errorf("a question: %+v", row)
	}
	for _, list := range []string{"ref,name,email\n2,nora,house@l.example\n", "ref,email\n2,house@l.example\n"} {
		if row := p.upload(t, []byte(list), shared).Rows[0]; row.Code != "recipient_conflict" {
			t.Errorf("%q: %+v", list, row)
		}
	}
	first := p.upload(t, other, shared).Rows[0]
	if first.Outcome != programme.OutcomeIssued {
		t.Fatalf("%+v", first)
	}
	if row := p.upload(t, other, nil).Rows[0]; row.Outcome != programme.OutcomeExisting || row.Credential != first.Credential {
		t.Errorf("and is known from then on: %+v", row)
	}
	both := []byte("ref,name,email\n3,Ida,flat@l.example\n4,Udo,flat@l.example\n5,Ida,flat@l.example\n")
	rows := p.upload(t, both, nil).Rows
	if rows[0].Outcome != programme.OutcomeIssued || rows[1].Code != "recipient_conflict" || !strings.Contains(rows[1].Message, "accept=shared") || rows[2].Code != "recipient_conflict" {
		t.Errorf("on one list: %+v", rows)
	}
	rows = p.upload(t, both, shared).Rows
	if rows[0].Outcome != programme.OutcomeExisting || rows[1].Outcome != programme.OutcomeIssued || rows[2].Code != "recipient_conflict" {
		t.Errorf("on one list, as a person says: %+v", rows)
	}
	if active, revoked := p.audit(t); active != 4 || revoked != 0 {
		t.Errorf("%d badges, %d revoked", active, revoked)
	}
}

// TestTimesOfLists: a list tells what has happened, and since 1970.
func TestTimesOfLists(t *testing.T) {
	p := workshop(t)
	for rule, at := range map[string]time.Time{"occurred_in_future": p.Issuer.Now().Add(6 * time.Minute), "date_invalid": time.Unix(-1, 0)} {
		var faults badge.Errors
		_, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: activity, List: []byte("name\nAna\n"), OccurredAt: at})
		if !errors.As(err, &faults) || faults[0].Rule != rule {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

// TestLongDryRun: a row beyond the first part is rehearsed behind those before.
func TestLongDryRun(t *testing.T) {
	p := workshop(t)
	var list strings.Builder
	list.WriteString("ref,name,email,edition\n0,Nora,n@l.example,\n")
	for n := 1; n < 260; n++ {
		fmt.Fprintf(&list, "%d,Person %d,p%d@l.example,\n", n, n, n)
	}
	list.WriteString("0,Nora,n@l.example,2025-1\n")
	result := p.upload(t, []byte(list.String()), dryRun)
	done := p.upload(t, []byte(list.String()), nil)
	if got, want := result.Summary[programme.OutcomeWould], done.Summary[programme.OutcomeIssued]; got != want || got != 260 {
		t.Errorf("%v and %v", result.Summary, done.Summary)
	}
}

// TestTwoNamesAtOneAddress: two people of one list with one address and no refs are
// told apart by a person, not taken for one.
func TestTwoNamesAtOneAddress(t *testing.T) {
	p := workshop(t)
	list := []byte("name,email\nAnna Alpha,both@l.example\nBen Beta,BOTH@l.example\nANNA  alpha,both@l.example\n")
	rows := p.upload(t, list, nil).Rows
	if rows[0].Outcome != programme.OutcomeIssued || rows[1].Code != "recipient_conflict" || !strings.Contains(rows[1].Message, "accept=shared") || rows[2].Outcome != programme.OutcomeDuplicate {
		t.Errorf("%+v", rows)
	}
	shared := func(r *programme.Roster) { r.Shared = true }
	rows = p.upload(t, list, shared).Rows
	if rows[0].Outcome != programme.OutcomeExisting || rows[1].Outcome != programme.OutcomeIssued || rows[1].Credential == rows[0].Credential || len(p.open(t)) != 0 {
		t.Errorf("as a person says: %+v, questions %+v", rows, p.open(t))
	}
	ben := rows[1].Credential
	rows = p.upload(t, list, shared).Rows
	if rows[0].Outcome != programme.OutcomeExisting || rows[1].Outcome != programme.OutcomeExisting || rows[1].Credential != ben {
		t.Errorf("once more: %+v", rows)
	}
	if row := p.upload(t, []byte("name,email\nBen Beta,both@l.example\n"), nil).Rows[0]; row.Outcome != programme.OutcomeExisting || row.Credential != ben {
		t.Errorf("and is known from then on: %+v", row)
	}
	if active, revoked := p.audit(t); active != 2 || revoked != 0 {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
}
