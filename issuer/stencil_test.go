package issuer_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
)

// TestRecordsArePacked: a badge takes less than itself, comes back as it was
// signed, is changed, corrected and erased like any other, and a stencil that is
// not what it was is an error and never another badge.
func TestRecordsArePacked(t *testing.T) {
	p := fixtures(t)
	a := awardOf(t, read(t, "expected/credential-workshop-participant.json"), "participant.01@roster.example")
	first := p.issue(t, a).Record
	a.Recipient.Name, a.Recipient.Email = "Participant 02", "participant.02@roster.example"
	second := p.issue(t, a).Record
	kept := func(rec *issuer.Record) string {
		return issuertest.Snapshot(t, p.Store)["c/"+rec.Issuer+"/"+rec.AuditSeq()]
	}
	for _, rec := range []*issuer.Record{first, second} {
		if n := len(kept(rec)); n > 3900 || n > len(rec.Document)/2 {
			t.Errorf("the record of a badge of %d bytes takes %d", len(rec.Document), n)
		}
		if again, err := p.Credential(t.Context(), rec.ID); err != nil || !bytes.Equal(again.Document, rec.Document) {
			t.Errorf("signed\n%s\nread\n%+v, %v", rec.Document, again, err)
		}
	}
	var stencil string
	for k, v := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "D/") {
			if stencil != "" || strings.Contains(v, "Participant 0") {
				t.Errorf("%s is %q, beside %s", k, v, stencil)
			}
			stencil = k
		}
	}
	corrected, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Name: ptr("Participant One")})
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Credential(t.Context(), first.ID)
	if n := len(kept(corrected.Record)); err != nil || n > len(corrected.Record.Document)/2 || !bytes.Equal(again.Document, corrected.Record.Document) {
		t.Errorf("the corrected record takes %d: %+v, %v", n, again, err)
	}
	if n := len(kept(first)); n > len(first.Document)/2 {
		t.Errorf("the record of what was replaced takes %d", n)
	}
	issuertest.Audit(t, p.Issuer)
	good := issuertest.Snapshot(t, p.Store)[stencil]
	p.apply(t, map[string]*string{stencil: ptr(strings.Replace(good[5:], "workshop", "workshoP", 1))}, nil) // sealed, as if it had been so
	if p.problems(t) == 0 {
		t.Error("nothing is said of a stencil that is another one")
	}
	p.apply(t, map[string]*string{stencil: nil}, nil)
	if _, err := p.Credential(t.Context(), second.ID); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("without its stencil: %v", err)
	}
	p.overwrite(t, stencil, good)
	if _, _, err := p.Erase(t.Context(), amendment(second.ID)); err != nil {
		t.Fatal(err)
	}
	issuertest.Audit(t, p.Issuer)
}
