package store_test

import (
	"bytes"
	"errors"
	"testing"

	"laurel/store"
)

func TestSealedRecord(t *testing.T) {
	key, payload := []byte("c/one"), []byte("the signed bytes")
	value := store.Seal(key, payload)
	got, err := store.Unseal(key, value)
	if err != nil || !bytes.Equal(got, payload) {
		t.Fatalf("Unseal = %q, %v", got, err)
	}
	if _, err := store.Unseal([]byte("c/two"), value); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("under another key: %v", err)
	}
	for i := range value {
		for bit := range 8 {
			damaged := bytes.Clone(value)
			damaged[i] ^= 1 << bit
			if _, err := store.Unseal(key, damaged); !errors.Is(err, store.ErrDamaged) {
				t.Fatalf("bit %d of byte %d flipped: %v", bit, i, err)
			}
		}
	}
	for n := range value {
		if _, err := store.Unseal(key, value[:n]); !errors.Is(err, store.ErrDamaged) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}
