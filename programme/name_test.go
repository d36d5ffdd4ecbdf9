package programme_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme"
)

// named is the name that a badge bears.
func (p *place) named(t testing.TB, credential string) string {
	t.Helper()
	d, err := badge.Parse(p.record(t, credential).Document)
	if err != nil {
		t.Fatal(err)
	}
	return d.View().CredentialSubject.HolderName()
}

// TestNobodysLinkBesideAnotherName issues a badge directly, and a platform and a
// list tell of somebody of another name at its address, once and again, in every
// order: each answer leads to a badge of the name that was told. Another spelling
// of the name is nobody else.
func TestNobodysLinkBesideAnotherName(t *testing.T) {
	p := course(t, "all")
	direct := func(name, mail string) {
		t.Helper()
		a := soloFor("hc20-achievement", mail)
		a.Recipient.Name = name
		if _, err := p.Issue(t.Context(), a, everybody.MayIssue); err != nil {
			t.Fatal(err)
		}
	}
	links := func(awards []programme.AwardOutcome, name string) {
		t.Helper()
		if len(awards) != 2 {
			t.Errorf("%s has %+v", name, awards)
		}
		for _, a := range awards {
			if a.Credential == "" {
				t.Errorf("%s is %s for %s", a.Achievement, a.Outcome, name)
			} else if got := p.named(t, a.Credential); got != name {
				t.Errorf("the link that %s is given for %s leads to the badge of %s", name, a.Achievement, got)
			}
		}
	}
	report := func(n int, mail, name string) {
		t.Helper()
		answer := p.tell(t, said{learner: fmt.Sprintf(`{"id":"w-%d","email":%q,"name":%q}`, n, mail, name), facts: points("51")})[0]
		if answer.Fault != nil {
			t.Error(answer.Fault)
		}
		links(answer.Awards, name)
	}
	list := func(n int, mail, name string) {
		t.Helper()
		csv := fmt.Sprintf("ref,name,email,points,max,visited,total\nV-%d,%s,%s,55,60,44,44\n", n, name, mail)
		links(p.upload(t, []byte(csv), func(r *programme.Roster) { r.Activity = "hc20" }).Rows[0].Awards, name)
	}
	for n := range 12 {
		tell, mail := report, fmt.Sprintf("w%d@direct.example", n)
		if n%2 == 1 {
			tell = list
		}
		steps := []func(){func() { direct("Rae One", mail) }, func() { direct("Rae  ONE", mail) },
			func() { tell(n, mail, "Sam Two") }, func() { tell(n, mail, "Sam Two") }}
		for _, i := range rand.New(rand.NewPCG(28, uint64(n))).Perm(len(steps)) {
			steps[i]()
		}
	}
	// Whoever asks for a badge again is given their own, though another is newer.
	direct("Rae One", "first@direct.example")
	list(20, "first@direct.example", "Sam Two")
	a := soloFor("hc20-achievement", "first@direct.example")
	a.Recipient.Name = "rae one"
	if again, err := p.Issue(t.Context(), a, everybody.MayIssue); err != nil || !again.Existing || p.named(t, again.Record.ID) != "Rae One" {
		t.Errorf("asked for again: %+v, %v", again, err)
	}
	// A badge of the person's own name is theirs, however it is written.
	direct("Uma Three", "uma@direct.example")
	answer := p.tell(t, said{learner: `{"id":"u-9","email":"uma@direct.example","name":"uma  THREE"}`, facts: points("51")})[0]
	if held := p.credentials(t, issuer.Filter{Email: "uma@direct.example"}); len(held) != 2 {
		t.Errorf("%d badges of Uma, and told %+v", len(held), answer)
	}
	p.audit(t)
}

// TestDirectBesideAnotherName: of two people at one address each is issued a badge
// of their own and finds that again, also where the badge is a part of others.
func TestDirectBesideAnotherName(t *testing.T) {
	p := course(t, "all").solos(t)
	for _, slug := range []string{"solo-a", "hc20-m2"} {
		for round, name := range []string{"Rae One", "Sam Two", "RAE  one", "Sam Two"} {
			a := soloFor(slug, "both@direct.example")
			a.Recipient.Name = name
			issued, err := p.Issue(t.Context(), a, everybody.MayIssue)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.named(t, issued.Record.ID); issued.Existing != (round > 1) || !issuer.SameName(got, name) {
				t.Errorf("%s of %s: existing %t, of %s", slug, name, issued.Existing, got)
			}
		}
	}
	p.audit(t)
}

// TestNameBeforeCorrection: a badge that was issued directly answers a platform and a
// list that know of no correction, by the name that it took away.
func TestNameBeforeCorrection(t *testing.T) {
	const mail = "nmae@direct.example"
	tellers := map[string]func(t *testing.T, p *place) []programme.AwardOutcome{
		"platform": func(t *testing.T, p *place) []programme.AwardOutcome {
			return p.tell(t, said{learner: `{"id":"n-1","email":"` + mail + `","name":"Misspelt Nmae"}`, facts: points("51")})[0].Awards
		},
		"list": func(t *testing.T, p *place) []programme.AwardOutcome {
			csv := "ref,name,email,points,max,visited,total\nN-1,Misspelt Nmae," + mail + ",55,60,44,44\n"
			return p.upload(t, []byte(csv), func(r *programme.Roster) { r.Activity = "hc20" }).Rows[0].Awards
		},
		"request": func(t *testing.T, p *place) []programme.AwardOutcome {
			a := soloFor("hc20-achievement", mail)
			a.Recipient.Name = "Misspelt Nmae"
			again, err := p.Issue(t.Context(), a, everybody.MayIssue)
			if err != nil {
				t.Fatal(err)
			}
			return []programme.AwardOutcome{{Achievement: a.Achievement, Credential: again.Record.ID}}
		},
	}
	for store, open := range backends {
		for teller, tell := range tellers {
			t.Run(store+" "+teller, func(t *testing.T) {
				p := courseOn(t, open(t), "all")
				a := soloFor("hc20-achievement", mail)
				a.Recipient.Name = "Misspelt Nmae"
				first, err := p.Issue(t.Context(), a, everybody.MayIssue)
				if err != nil {
					t.Fatal(err)
				}
				name := "Misspelt Name"
				if _, err := p.Reissue(t.Context(), issuer.Amendment{ID: first.Record.ID, MayTouch: everybody.MayIssue}, issuer.Correction{Name: &name}); err != nil {
					t.Fatal(err)
				}
				told := tell(t, p)
				if !slices.ContainsFunc(told, func(o programme.AwardOutcome) bool { return o.Credential == first.Record.ID }) {
					t.Errorf("told %+v, and not of %s", told, first.Record.ID)
				}
				if held := p.credentials(t, issuer.Filter{Email: mail, Achievement: "hc20-achievement"}); len(held) != 1 {
					t.Errorf("%d badges", len(held))
				}
				p.audit(t)
			})
		}
	}
}
