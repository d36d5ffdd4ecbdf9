package keys_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"laurel/keys"
)

// numbered is an Ed25519 key of its own for each number.
func numbered(n uint32) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(binary.BigEndian.AppendUint32(make([]byte, 28), n))
}

func said(private ed25519.PrivateKey) keys.VerificationMethod {
	return keys.VerificationMethod{ID: "did:example:a#1", Public: private.Public()}
}

func TestFamiliarKeysVerifyTheSame(t *testing.T) {
	var f keys.Familiar
	private := numbered(1)
	right := ed25519.Sign(private, []byte("message"))
	wrong := append([]byte{}, right...)
	wrong[40] ^= 1
	for range 40 {
		m := f.Ready(said(private))
		if m.ID != "did:example:a#1" {
			t.Fatalf("the method became %v", m)
		}
		if err := m.Verify([]byte("message"), right); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"another message": m.Verify([]byte("massage"), right), "another signature": m.Verify([]byte("message"), wrong),
			"a short one": m.Verify([]byte("message"), right[:63]), "none": m.Verify([]byte("message"), nil),
		} {
			if !errors.Is(err, keys.ErrSignature) {
				t.Fatalf("%s: %v", what, err)
			}
		}
	}
	if m := f.Ready(said(private)); !m.Readied() {
		t.Error("a key that verified forty times is not readied")
	}
}

// TestReadiedIsOfOneKey changes the key of a method that was readied with another.
func TestReadiedIsOfOneKey(t *testing.T) {
	var f keys.Familiar
	one, other := numbered(1), numbered(2)
	m := said(one)
	for range 20 {
		m = f.Ready(m)
	}
	signature := ed25519.Sign(one, []byte("m"))
	if err := m.Verify([]byte("m"), signature); err != nil || !m.Readied() {
		t.Fatalf("readied: %t, %v", m.Readied(), err)
	}
	for what, public := range map[string]crypto.PublicKey{"another key": other.Public(), "P-256": ecPair(t, elliptic.P256()).public, "none": nil} {
		changed := m
		changed.Public = public
		if changed.Verify([]byte("m"), signature) == nil {
			t.Errorf("%s takes the signature of the key before", what)
		}
		if changed = f.Ready(changed); changed.Readied() || changed.Verify([]byte("m"), signature) == nil {
			t.Errorf("%s is readied as the key before", what)
		}
	}
}

// TestFamiliarIsBounded shows many keys, often and seldom.
func TestFamiliarIsBounded(t *testing.T) {
	var f keys.Familiar
	for n := range uint32(5000) {
		if f.Ready(said(numbered(n))).Readied() {
			t.Fatal("a key that verified once is readied")
		}
	}
	if n := f.Seen(); n == 0 || n > 512 {
		t.Errorf("%d keys are known", n)
	}
	for n := range uint32(100) {
		for range 20 {
			f.Ready(said(numbered(n)))
		}
		if !f.Ready(said(numbered(n))).Readied() {
			t.Fatal("a key that verified twenty times is not readied")
		}
	}
	readied := 0
	for n := range uint32(100) {
		if f.Ready(said(numbered(n))).Readied() {
			readied++
		}
	}
	if readied == 0 || readied > 32 {
		t.Errorf("%d keys are readied", readied)
	}
}

func TestFamiliarLeavesOthersAlone(t *testing.T) {
	var f keys.Familiar
	weak := make(ed25519.PublicKey, ed25519.PublicKeySize) // of order 4
	for what, public := range map[string]keys.VerificationMethod{
		"P-256": {Public: ecPair(t, elliptic.P256()).public}, "none": {}, "weak": {Public: weak},
		"short": {Public: weak[:31]}, "no point": {Public: ed25519.PublicKey(append([]byte{2}, weak[:31]...))},
	} {
		for range 40 {
			if f.Ready(public).Readied() {
				t.Errorf("%s: readied", what)
			}
		}
		if err := f.Ready(public).Verify([]byte("message"), make([]byte, 64)); err == nil {
			t.Errorf("%s: verifies", what)
		}
	}
}

func TestFamiliarAtOnce(t *testing.T) {
	var f keys.Familiar
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := range uint32(200) {
				private := numbered(n % 40)
				if err := f.Ready(said(private)).Verify([]byte("m"), ed25519.Sign(private, []byte("m"))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
