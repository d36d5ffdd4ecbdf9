package verifier_test

import (
	"strings"
	"testing"
	"time"

	"laurel/verifier"
)

// A key that has verified so often that it was readied tells the same of tokens as before:
// what is whole holds, and what was changed does not.
func TestTokensOfAFamiliarKey(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	h.list(h.at("status"), "revocation", h.key, nil)
	for n := range 24 { // it is readied at the sixteenth
		good := h.token(h.key, h.ours(), put("name", `"Badge `+strings.Repeat("I", n+1)+`"`))
		if r := tn.v.Verify(t.Context(), []byte(good)); r.Verdict() != valid || r.Finding(proofs).Code != verifier.OK {
			t.Fatalf("token %d: %s", n, lines(r))
		}
		parts := strings.Split(good, ".")
		changed := parts[0] + "." + b64(swap(`"Badge I`, `"Badge V`)(t, unb64(t, parts[1]))) + "." + parts[2]
		if r := tn.v.Verify(t.Context(), []byte(changed)); r.Verdict() != invalid || r.Finding(proofs).Code != verifier.ProofInvalid {
			t.Fatalf("token %d, changed: %s", n, lines(r))
		}
	}
}
