package verifier_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"laurel/verifier"
)

// standing is what whoever keeps the list says.
type standing struct {
	part          string
	held, revoked bool
	err           error
}

// Revoked implements verifier.Standing.
func (s standing) Revoked() bool { return s.revoked }

// Held implements verifier.Standing.
func (s standing) Held() (string, bool) { return s.part, s.held }

// TestHeld: whoever keeps the list can only take from what it says. What is held
// is a warning, what they could not tell is open, and a badge that is not good is
// never made better, nor is anybody asked about one.
func TestHeld(t *testing.T) {
	for name, c := range map[string]struct {
		answer  standing
		set     bool // the entry, as revoked
		forged  bool
		verdict verifier.Verdict
		code    verifier.Code
		asked   bool
	}{
		"not held":           {verdict: verifier.Valid, code: verifier.NotRevoked, asked: true},
		"held":               {answer: standing{held: true}, verdict: verifier.Warning, code: verifier.UnderReview, asked: true},
		"held for a part":    {answer: standing{part: "A part", held: true}, verdict: verifier.Warning, code: verifier.PartRevoked, asked: true},
		"revoked meanwhile":  {answer: standing{held: true, revoked: true}, verdict: verifier.Invalid, code: verifier.Revoked, asked: true},
		"could not tell":     {answer: standing{err: errors.New("the store is away")}, verdict: verifier.Indeterminate, code: verifier.InternalFault, asked: true},
		"revoked":            {answer: standing{held: true}, set: true, verdict: verifier.Invalid, code: verifier.Revoked},
		"changed afterwards": {answer: standing{held: true}, forged: true, verdict: verifier.Invalid, code: verifier.NotRun},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			w := newWorld(t, func(cfg *verifier.Config) {
				cfg.Standing = func(_ context.Context, list string, index int) (verifier.Standing, error) {
					asked++
					if list != listURL || index != 7 {
						t.Errorf("asked about %s, %d", list, index)
					}
					return c.answer, c.answer.err
				}
			})
			var set []int
			if c.set {
				set = []int{7}
			}
			w.list(listURL, "revocation", w.issuer, set)
			badge := w.badge(put("credentialStatus", entryOf("revocation", "7", listURL, "")))
			if c.forged {
				badge = strings.Replace(badge, `"name":"`, `"name":"X`, 1)
			}
			r := w.v.Verify(t.Context(), []byte(badge))
			f := r.Finding(verifier.CheckRevocation)
			if r.Verdict() != c.verdict || f.Code != c.code || f.Params[verifier.ParamPart] != c.answer.part && c.code == verifier.PartRevoked || (asked == 1) != c.asked {
				t.Errorf("%s, %s %v, asked %d times", r.Verdict(), f.Code, f.Params, asked)
			}
			if told := c.asked && c.answer.err == nil; told != (f.Standing == verifier.Standing(c.answer)) {
				t.Errorf("the finding has %v", f.Standing)
			}
		})
	}
}
