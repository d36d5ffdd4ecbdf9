package verifier_test

import (
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// What is remembered of a badge that held is that these bytes hold under this key,
// and nothing else: each round changes one thing that could have changed since, and
// what is changed back holds as before.
func TestWhatIsRememberedIsNothingThatChanges(t *testing.T) {
	clock := now
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Now = func() time.Time { return clock }
		cfg.Keys = resolve.NewWithClock(cfg.Status.(*web), nil, cfg.Now)
	})
	key := w.publish(keyPair(t, keys.EdDSA))
	w.list(listURL, "revocation", w.lister, nil)
	text := w.sign(w.unsigned(webDID), key, now)
	holds := func() {
		t.Helper()
		for range 2 {
			expect(t, w.v.Verify(t.Context(), []byte(text)), valid)
		}
	}
	holds()
	document := w.web.pages[webDocument]
	for name, round := range map[string]struct {
		change, back func()
		verdict      verifier.Verdict
		want         finding
	}{
		"another key of the same name": {func() { w.publish(keyPair(t, keys.EdDSA)) }, nil, invalid, finding{proofs, fail, verifier.ProofInvalid}},
		"no key of that name": {func() {
			w.web.put(webDocument, []byte(strings.ReplaceAll(string(document), key.method.ID, key.method.ID+"x")))
		}, nil, invalid, finding{issuerKey, fail, verifier.KeyNotFound}},
		"a revoked key": {func() {
			w.publish(key, func(m *keys.VerificationMethod) { m.Revoked = now.Add(-time.Hour) })
		}, nil, invalid, finding{issuerKey, fail, verifier.KeyRevoked}},
		"a list that names it": {func() { w.list(listURL, "revocation", w.lister, []int{94567}) },
			func() { w.list(listURL, "revocation", w.lister, nil) }, invalid, finding{revocation, fail, verifier.Revoked}},
		"a date that has passed": {func() { clock = clock.AddDate(40, 0, 0) }, func() { clock = clock.AddDate(-40, 0, 0) }, invalid, finding{validity, fail, verifier.Expired}},
	} {
		lister := w.lister
		round.change()
		w.lister = lister
		clock = clock.Add(10 * time.Minute) // beyond every copy
		expect(t, w.v.Verify(t.Context(), []byte(text)), round.verdict, round.want)
		if t.Failed() {
			t.Fatal(name)
		}
		w.web.put(webDocument, document)
		if round.back != nil {
			round.back()
		}
		clock = clock.Add(10 * time.Minute)
		holds()
	}
}

// A fact is of the very bytes: no other document, however like it is, and no other
// place or way of asking has a part in it.
func TestWhatIsRememberedIsOfTheVeryBytes(t *testing.T) {
	w, forgetful := newWorld(t), newWorld(t, func(cfg *verifier.Config) { cfg.Facts = nil })
	w.list(listURL, "revocation", w.issuer, nil)
	forgetful.list(listURL, "revocation", w.issuer, nil)
	text := w.badge()
	expect(t, w.v.Verify(t.Context(), []byte(text)), valid)
	for i := 0; i < len(text); i += 7 {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := badge.Parse(changed); err != nil {
			continue
		}
		if got, want := w.v.Verify(t.Context(), changed), forgetful.v.Verify(t.Context(), changed); lines(got) != lines(want) {
			t.Errorf("byte %d: it says\n%sand not\n%s", i, lines(got), lines(want))
		}
	}
	// Of two proofs each is asked for itself.
	expect(t, w.v.Verify(t.Context(), []byte(text)), valid)
	twice := strings.Replace(text, `"proof":`, `"proof":[`+onlyProof(t, text)+`],"was":`, 1)
	expect(t, w.v.Verify(t.Context(), []byte(twice)), invalid)
}

// What one verifier has found out another need not, if they share it; what asks for
// the proof alone looks itself, each time.
func TestWhatIsRememberedIsShared(t *testing.T) {
	shared := verifier.NewFacts(1000)
	reader := newWorld(t, func(cfg *verifier.Config) { cfg.Facts = shared })
	reader.list(listURL, "revocation", reader.issuer, nil)
	looked := 0
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Facts, cfg.Status = shared, reader.web
		cfg.Suites = []proof.Suite{counting{reader.suite, &looked}}
	})
	signed := func(hours int) []byte {
		return []byte(w.sign(w.unsigned(w.issuer.method.Controller), w.issuer, now.Add(-time.Duration(hours)*time.Hour)))
	}
	expect(t, w.v.Verify(t.Context(), signed(3)), valid)
	if looked != 2 {
		t.Fatalf("looked at %d signatures, not at those of a badge and its list", looked)
	}
	looked = 0
	expect(t, w.v.Verify(t.Context(), signed(2)), valid)
	if looked != 1 {
		t.Errorf("looked %d times at a signature that nobody knew", looked)
	}
	looked = 0
	text, only := signed(1), verifier.Options{ProofOnly: true}
	if r := reader.v.VerifyBytes(t.Context(), text, only); !r.Verified() {
		t.Fatal(lines(r))
	}
	expect(t, w.v.Verify(t.Context(), text), valid)
	if looked != 0 {
		t.Errorf("looked at %d signatures that were known", looked)
	}
	for want := 1; want <= 2; want++ {
		if r := w.v.VerifyBytes(t.Context(), text, only); !r.Verified() || looked != want {
			t.Errorf("the proof alone: looked %d times, not %d; %s", looked, want, lines(r))
		}
	}
}

// counting counts the signatures that a suite looks at.
type counting struct {
	proof.Suite
	looked *int
}

func (c counting) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	*c.looked++
	return c.Suite.Verify(d, p, key)
}
