package verifier_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// both are the sets of two proofs over a text, in either order.
func both(t testing.TB, text, one, other string) map[string]string {
	t.Helper()
	return map[string]string{
		"one before the other": add(`"proof":[`+one+`,`+other+`]`)(t, text),
		"the other before":     add(`"proof":[`+other+`,`+one+`]`)(t, text),
	}
}

// A proof that has expired hides no forged one beside it, wherever it stands.
func TestExpiredBesideForged(t *testing.T) {
	w := newWorld(t)
	const end, ended = "2026-11-21T09:59:59Z", "2026-11-20T09:59:59Z"
	proof := func(text, expires string) string {
		return onlyProof(t, w.prove(text, w.issuer, map[string]any{"expires": expires}))
	}
	w.list(listURL, "revocation", w.issuer, nil)
	text := w.unsigned(w.issuer.method.Controller)
	expired, forged := proof(text, end), onlyProof(t, w.prove(swap("Foundations", "foundations")(t, text), w.issuer, nil))
	for name, set := range both(t, text, expired, forged) {
		r := verify(t, w.v, set, verifier.Options{})
		if f := r.Finding(proofs); r.Verdict() != invalid || f.Code != verifier.ProofInvalid {
			t.Errorf("%s: %s\n%s", name, r.Verdict(), lines(r))
		}
	}
	future := strings.Replace(onlyProof(t, w.prove(text, w.issuer, nil)), "eddsa-rdfc-2022", "future-2030", 1)
	for name, set := range both(t, text, expired, future) { // an open question mends nothing
		r := verify(t, w.v, set, verifier.Options{})
		if f := r.Finding(proofs); r.Verdict() != invalid || f.Code != verifier.ProofExpired {
			t.Errorf("%s, of an unknown suite: %s\n%s", name, r.Verdict(), lines(r))
		}
	}
	list := drop("proof")(t, string(w.web.pages[listURL]))
	forged = onlyProof(t, w.prove(swap(`"statusPurpose":"revocation"`, `"statusPurpose":"suspension"`)(t, list), w.issuer, nil))
	for name, set := range both(t, list, proof(list, end), forged) {
		w.web.put(listURL, []byte(set))
		r := verify(t, w.v, w.badge(), verifier.Options{})
		if f := r.Finding(revocation); r.Verdict() != invalid || f.Code != verifier.StatusListInvalid {
			t.Errorf("a list, %s: %s\n%s", name, r.Verdict(), lines(r))
		}
	}
	for name, set := range both(t, list, proof(list, end), proof(list, ended)) {
		w.web.put(listURL, []byte(set))
		r := verify(t, w.v, w.badge(), verifier.Options{})
		if f := r.Finding(revocation); f.Code != verifier.StatusListExpired || f.Params["until"] != ended {
			t.Errorf("a list of two ends, %s: good until %q, want %s\n%s", name, f.Params["until"], ended, lines(r))
		}
	}
}

// A proof that rests on one that is not there is wrong, also when it has
// expired: a list with such a proof does not count as one that was good once.
func TestExpiredLinkOfNoChain(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	list := drop("proof")(t, string(w.web.pages[listURL]))
	w.web.put(listURL, []byte(w.prove(list, w.issuer, map[string]any{"expires": "2026-11-21T09:59:59Z", "previousProof": "urn:uuid:9"})))
	r := verify(t, w.v, w.badge(), verifier.Options{})
	if f := r.Finding(revocation); r.Verdict() != invalid || f.Code != verifier.StatusListInvalid {
		t.Errorf("%s\n%s", r.Verdict(), lines(r))
	}
}

// The key of a proof that has expired fits: nobody is asked for it anew.
func TestExpiredProofAsksForNoKey(t *testing.T) {
	clock := now
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Now = func() time.Time { return clock }
		cfg.Keys = resolve.NewWithClock(cfg.Status.(*web), nil, cfg.Now)
	})
	k := w.publish(keyPair(t, keys.EdDSA))
	text := w.unsigned(webDID, drop("credentialStatus"))
	requests := func(badge string, code verifier.Code) int64 {
		t.Helper()
		w.web.asked.Store(0)
		if f := w.v.Verify(t.Context(), []byte(badge)).Finding(proofs); f.Outcome != fail || f.Code != code {
			t.Errorf("%+v, want %s", f, code)
		}
		return w.web.asked.Load()
	}
	expired := w.prove(text, k, map[string]any{"expires": "2026-11-21T09:59:59Z"})
	requests(expired, verifier.ProofExpired)
	clock = clock.Add(2 * time.Minute)
	if n := requests(expired, verifier.ProofExpired); n != 0 {
		t.Errorf("%d requests for a proof that has expired", n)
	}
	if n := requests(swap("Foundations", "foundations")(t, w.prove(text, k, nil)), verifier.ProofInvalid); n != 1 { // the control
		t.Errorf("%d requests for one that does not fit", n)
	}
}

// manyEntries are status entries, all of one id but for what else they say.
func manyEntries(n int, entry func(i int) string) edit {
	var all []string
	for i := range n {
		all = append(all, entry(i))
	}
	return put("credentialStatus", "["+strings.Join(all, ",")+"]")
}

// More entries than anybody needs are not looked at, and cost no time: neither
// their lists nor each other.
func TestManyStatusEntries(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, []int{5})
	entry := func(id string) func(i int) string {
		return func(i int) string {
			return fmt.Sprintf(`{"id":"%s","type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"%d","statusListCredential":"%s"}`, strings.ReplaceAll(id, "N", fmt.Sprint(i)), i, listURL)
		}
	}
	r := verify(t, w.v, w.badge(manyEntries(128, entry("urn:uuid:N"))), verifier.Options{})
	expect(t, r, invalid, finding{revocation, fail, verifier.Revoked})
	asked := w.web.asked.Load()
	r = verify(t, w.v, w.badge(manyEntries(129, entry("urn:uuid:N"))), verifier.Options{})
	expect(t, r, indeterminate, finding{revocation, open, verifier.OverBudget})
	if n := w.web.asked.Load() - asked; n != 0 {
		t.Errorf("%d lists were asked for", n)
	}
	token := w.token(w.issuer, manyEntries(2_500, entry("urn:uuid:1")))
	start := time.Now()
	r = verify(t, w.v, token, verifier.Options{})
	expect(t, r, indeterminate, finding{revocation, open, verifier.OverBudget})
	t.Logf("2,500 entries took %v", time.Since(start))
}

// Three entries of one id, of which each of two differs from the first in one
// member only, could exchange what they say, in whatever order they stand.
func TestThreeEntriesOfOneID(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	other := listURL + "-2"
	w.list(other, "revocation", w.issuer, nil)
	entry := func(index, list string) string {
		return `{"id":"urn:uuid:1","type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"` + index + `","statusListCredential":"` + list + `"}`
	}
	a, b, c, d := entry("7", listURL), entry("8", listURL), entry("7", other), entry("9", listURL)
	for _, entries := range [][]string{{a, b, c}, {b, a, c}, {b, c, a}, {c, b, a}} {
		r := verify(t, w.v, w.badge(put("credentialStatus", "["+strings.Join(entries, ",")+"]")), verifier.Options{})
		expect(t, r, invalid, finding{revocation, fail, verifier.StatusListInvalid})
	}
	r := verify(t, w.v, w.badge(put("credentialStatus", "["+strings.Join([]string{a, b, d}, ",")+"]")), verifier.Options{})
	expect(t, r, valid, finding{revocation, pass, verifier.NotRevoked})
}

// Under a suite of JCS the JSON itself is signed: two entries of one id say what
// they say. A witness who signs the JSON does not sign it for the issuer.
func TestEntriesOfOneIDUnderJCS(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	other := listURL + "-2"
	w.list(other, "suspension", w.issuer, nil)
	entry := func(index, purpose, list string) string {
		return `{"id":"urn:uuid:1","type":"BitstringStatusListEntry","statusPurpose":"` + purpose + `","statusListIndex":"` + index + `","statusListCredential":"` + list + `"}`
	}
	two := put("credentialStatus", "["+entry("8", "revocation", listURL)+","+entry("7", "suspension", other)+"]")
	text := two(t, w.unsigned(w.issuer.method.Controller))
	jcs, rdf := jcsProof(w, text, `"nonce":"x"`), onlyProof(t, w.prove(text, w.issuer, nil))
	r := verify(t, w.v, add(`"proof":`+jcs)(t, text), verifier.Options{})
	expect(t, r, valid, finding{proofs, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked})
	r = verify(t, w.v, add(`"proof":`+rdf)(t, text), verifier.Options{})
	expect(t, r, invalid, finding{proofs, pass, verifier.OK}, finding{revocation, fail, verifier.StatusListInvalid})
	for _, set := range both(t, text, jcs, rdf) {
		r = verify(t, w.v, set, verifier.Options{})
		expect(t, r, valid, finding{proofs, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked})
	}
	witness := *w
	witness.issuer = didKey(t)
	general := two(t, generic(w.issuer))
	set := add(`"proof":[`+onlyProof(t, w.prove(general, w.issuer, nil))+`,`+jcsProof(&witness, general, `"nonce":"x"`)+`]`)(t, general)
	r = verify(t, w.v, set, verifier.Options{Generic: true})
	if f := r.Finding(revocation); r.Finding(proofs).Outcome != pass || r.Finding(issuerKey).Outcome != pass || f.Code != verifier.StatusListInvalid {
		t.Errorf("a witness makes the entries good: %s\n%s", r.Verdict(), lines(r))
	}
}

// A holder's token that names its key by no address is told as a badge's is.
func TestRelativeKeyOfHolder(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	h := didKey(t)
	for _, kid := range []string{"#key-1", "key-1", "../key"} {
		h.method.ID = kid
		r := w.v.Verify(t.Context(), []byte(w.presentedToken(h, nil, w.token(w.issuer))))
		f := r.Finding(holderCheck)
		if f.Code != verifier.HolderInvalid || !strings.Contains(f.Detail, "key_unclear") {
			t.Errorf("%s: %+v", kid, f)
		}
	}
}
