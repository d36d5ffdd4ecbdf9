package issuer_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

// signedAt is when a badge says that it was signed.
func signedAt(t *testing.T, rec *issuer.Record) time.Time {
	t.Helper()
	doc, err := rec.View()
	if err != nil {
		t.Fatal(err)
	}
	at, err := badge.ParseTime(doc.Proofs()[0].Object.Get("created").Text())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// justNow is an award for what the clock says was done an hour ago.
func (p *place) justNow(person string) issuer.Award {
	a := award(person)
	a.AwardedAt = p.Clock.Now().Add(-time.Hour)
	return a
}

// clockSetBack: what were signed while the clock is behind would stand before
// what came before it, so nothing is, a restart or not; answers that were given
// stay, and so does verifying.
func clockSetBack(t *testing.T, p *place) {
	p.put(t, suspendable())
	ana := p.issue(t, keyed(licence("ana"), "key", "body")).Record
	p.Clock.Advance(time.Hour)
	last := p.issue(t, award("bo")).Record
	refused := map[string]func() error{
		"issue": func() error { _, err := p.Issue(t.Context(), p.justNow("cy")); return err },
		"correct": func() error {
			_, err := p.Reissue(t.Context(), amendment(ana.ID), issuer.Correction{Name: ptr("x")})
			return err
		},
		"for the API": func() error { _, err := p.signForeign(t, foreignCredential); return err },
		"readiness":   func() error { return p.Steady(t.Context()) },
	}
	before := issuertest.Snapshot(t, p.Store)
	for name, back := range map[string]time.Duration{"6 s": 6 * time.Second, "10 min": 10 * time.Minute, "a year": 365 * 24 * time.Hour} {
		p.Clock.Advance(-back)
		for what, do := range refused {
			if err := do(); !errors.Is(err, issuer.ErrClock) || !strings.Contains(err.Error(), "2026-02-01T10:00:00Z is on record") {
				t.Errorf("%s back, %s: %v", name, what, err)
			}
		}
		if again, err := p.Issue(t.Context(), keyed(licence("ana"), "key", "body")); err != nil || !again.Replayed {
			t.Errorf("%s back, an answer that was given: %+v, %v", name, again, err)
		}
		if back < time.Hour {
			if r := p.full(t).Verify(t.Context(), ana.Document); r.Verdict() != verifier.Valid {
				t.Errorf("%s back it verifies as %v %+v", name, r.Verdict(), r.Findings)
			}
		}
		if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
			t.Errorf("%s back: something was written", name)
		}
		// A restart finds the same on record.
		again := issuertest.Open(t, p.home.again(), p.Ring, issuertest.BaseURL)
		again.Clock.Advance(time.Hour - back)
		if _, err := again.Issue(t.Context(), (&place{Service: again}).justNow("cy")); !errors.Is(err, issuer.ErrClock) {
			t.Errorf("%s back, after a restart: %v", name, err)
		}
		p.Service = again
		p.Clock.Advance(back)
	}
	p.Clock.Advance(-time.Minute) // withdrawing goes on: it only ever makes badges worse
	p.change(t, ana.ID, issuer.Suspend, true)
	if _, err := p.Revoke(t.Context(), ana.ID, "", "test", anyIssuer); err != nil {
		t.Error(err)
	}
	p.Clock.Advance(time.Minute)
	// As much as a clock is set right by is waited out, and time stands still.
	p.Clock.Advance(-4 * time.Second)
	if rec := p.issue(t, award("cy")).Record; signedAt(t, rec).Before(signedAt(t, last)) || rec.AuditSeq()[:12] < last.AuditSeq()[:12] {
		t.Errorf("signed at %s, after %s", signedAt(t, rec), signedAt(t, last))
	}
	p.Clock.Advance(5 * time.Second)
	p.issue(t, award("di"))
	p.Clock.Advance(12 * 365 * 24 * time.Hour) // beyond 2038
	if rec := p.issue(t, award("ed")).Record; signedAt(t, rec).Year() != 2038 {
		t.Errorf("signed at %s", signedAt(t, rec))
	}
}

// clocksApart: of two replicas the one whose clock is behind refuses.
func clocksApart(t *testing.T, p *place) {
	p.Clock.Advance(90 * time.Second)
	p.issue(t, award("ana"))
	slow := issuertest.Open(t, p.home.beside(), p.Ring, issuertest.BaseURL) // at Start
	if _, err := slow.Issue(t.Context(), award("bo")); !errors.Is(err, issuer.ErrClock) {
		t.Errorf("90 s behind: %v", err)
	}
	p.issue(t, award("bo"))
	slow.Clock.Advance(90 * time.Second)
	if _, err := slow.Issue(t.Context(), award("cy")); err != nil {
		t.Errorf("in time again: %v", err)
	}
}

// clockRanAhead: what was dated into the future holds everything up, until
// somebody says that it was the clock.
func clockRanAhead(t *testing.T, p *place) {
	if err := p.AcceptClock(t.Context(), "test"); err != nil { // nothing is wrong
		t.Fatal(err)
	}
	if strings.Contains(eventText(t, p), "clock.accept") {
		t.Error("a clock that was right was accepted")
	}
	p.Clock.Advance(365 * 24 * time.Hour)
	p.issue(t, award("ana"))
	p.Clock.Advance(-364 * 24 * time.Hour)
	if _, err := p.Issue(t.Context(), award("bo")); !errors.Is(err, issuer.ErrClock) {
		t.Fatal(err)
	}
	if m, err := p.Moments(t.Context()); err != nil || !m.Behind() || !m.Now.Equal(p.Clock.Now()) || m.Latest.Sub(m.Now) != 364*24*time.Hour {
		t.Errorf("%+v, %v", m, err)
	}
	if err := p.AcceptClock(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	rec := p.issue(t, award("bo")).Record
	if !signedAt(t, rec).Equal(p.Clock.Now()) || !strings.Contains(eventText(t, p), "clock.accept") {
		t.Errorf("signed at %s", signedAt(t, rec))
	}
	// From then on it is held to the clock as before, after a restart too.
	again := issuertest.Open(t, p.home.again(), p.Ring, issuertest.BaseURL)
	if _, err := again.Issue(t.Context(), award("cy")); !errors.Is(err, issuer.ErrClock) {
		t.Errorf("a day before what was accepted: %v", err)
	}
	again.Clock.Advance(24*time.Hour + time.Minute)
	p.Service = again
	p.issue(t, award("cy"))
	p.Clock.Advance(-30 * time.Second)
	if _, err := p.Issue(t.Context(), award("di")); !errors.Is(err, issuer.ErrClock) {
		t.Errorf("set back once more: %v", err)
	}
	p.Clock.Advance(366 * 24 * time.Hour) // past what was dated ahead
	p.issue(t, award("di"))
	last := issuertest.Open(t, p.home.again(), p.Ring, issuertest.BaseURL)
	last.Clock.Advance(300 * 24 * time.Hour)
	if _, err := last.Issue(t.Context(), award("ed")); !errors.Is(err, issuer.ErrClock) {
		t.Errorf("the time that was dated ahead is believed for ever: %v", err)
	}
	p.Service = last
	p.Clock.Advance(100 * 24 * time.Hour)
}
