package verifier_test

import (
	"testing"
	"time"

	"laurel/verifier"
)

// What is signed are statements, and those about one id are about one thing,
// wherever the JSON tells them. Two entries with one id could so exchange their
// indexes and a badge lose its revocation, without a key.
func TestEntriesOfOneID(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	h.list(h.at("status"), "revocation", h.key, []int{7})
	h.list(h.at("paused"), "suspension", h.key, nil)
	entry := func(id, purpose, index, list string) string {
		return `{"id":"` + id + `","type":"BitstringStatusListEntry","statusPurpose":"` + purpose + `","statusListIndex":"` + index + `","statusListCredential":"` + h.at(list) + `"}`
	}
	two := func(a, b string) edit { return put("credentialStatus", "["+a+","+b+"]") }
	verdict := func(text string) verifier.Verdict {
		t.Helper()
		r := tn.v.Verify(t.Context(), []byte(text))
		if f := r.Finding(proofs); f.Outcome != pass {
			t.Fatalf("not even the signature holds: nothing is shown\n%s", lines(r))
		}
		return r.Verdict()
	}
	const one, other = "urn:uuid:1", "urn:uuid:2"
	revoked := h.badge(two(entry(one, "revocation", "7", "status"), entry(one, "suspension", "8", "paused")))
	exchanged := two(entry(one, "revocation", "8", "status"), entry(one, "suspension", "7", "paused"))(t, revoked)
	for name, text := range map[string]string{"as signed": revoked, "exchanged": exchanged} {
		if got := verdict(text); got != invalid {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, c := range map[string]struct {
		text string
		want verifier.Verdict
	}{
		"of two ids, revoked":             {h.badge(two(entry(one, "revocation", "7", "status"), entry(other, "suspension", "8", "paused"))), invalid},
		"of two ids":                      {h.badge(two(entry(one, "revocation", "8", "status"), entry(other, "suspension", "7", "paused"))), valid},
		"one entry twice":                 {h.badge(two(entry(one, "revocation", "8", "status"), entry(one, "revocation", "8", "status"))), valid},
		"two places in one list":          {h.badge(two(entry(one, "revocation", "8", "status"), entry(one, "revocation", "9", "status"))), valid},
		"two places in one list, one set": {h.badge(two(entry(one, "revocation", "8", "status"), entry(one, "revocation", "7", "status"))), invalid},
	} {
		if got := verdict(c.text); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// In a token the JSON itself is signed.
	token := h.token(h.key, two(entry(one, "revocation", "8", "status"), entry(one, "suspension", "7", "paused")))
	if got := verdict(token); got != valid {
		t.Errorf("in a token: %s", got)
	}
	// One entry of two kinds is read as neither.
	both := h.badge(put("credentialStatus", `{"id":"`+h.at("revoked")+`","type":["1EdTechRevocationList","BitstringStatusListEntry"],"statusPurpose":"revocation","statusListIndex":"7","statusListCredential":"`+h.at("status")+`"}`))
	h.web.put(h.at("revoked"), []byte(`{"revokedCredential":[]}`))
	if got := verdict(both); got != invalid {
		t.Errorf("of two kinds: %s", got)
	}
}

// What is said twice of one thing is said still where it is taken away once: a
// change of the text, and none of the meaning.
func TestWhatIsSaidTwice(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	const name = `"name":"Example State University"`
	signed := w.badge(swap(`"achievementType":"Certificate"`, `"creator":{"id":"`+w.issuer.method.Controller+`","type":["Profile"],`+name+`},"achievementType":"Certificate"`))
	once := swap(`"type":["Profile"],`+name, `"type":["Profile"]`)(t, signed)
	expect(t, verify(t, w.v, once, verifier.Options{}), valid, finding{proofs, pass, verifier.OK})
	never := swap(`"type":["Profile"],`+name, `"type":["Profile"]`)(t, once)
	expect(t, verify(t, w.v, never, verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
}
