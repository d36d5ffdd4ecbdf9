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

// TestJSONRecords: what was put as JSON is read again, under its own key alone.
func TestJSONRecords(t *testing.T) {
	type record struct{ Name string }
	tx := store.NewOverlay(nothing{})
	if err := store.PutJSON(tx, []byte("a"), record{"Ana"}); err != nil {
		t.Fatal(err)
	}
	v, err := tx.Get([]byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	var got record
	if err := store.UnsealJSON([]byte("a"), v, &got); err != nil || got.Name != "Ana" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, err := range map[string]error{
		"another key":  store.UnsealJSON([]byte("b"), v, &got),
		"a cut value":  store.UnsealJSON([]byte("a"), v[:len(v)-1], &got),
		"no JSON":      store.UnsealJSON([]byte("a"), store.Seal([]byte("a"), []byte("{")), &got),
		"other fields": store.UnsealJSON([]byte("a"), store.Seal([]byte("a"), []byte(`{"Name":1}`)), &got),
	} {
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.PutJSON(tx, []byte("c"), func() {}); err == nil {
		t.Error("what is no JSON was put")
	}
}

// nothing is a store without a record.
type nothing struct{}

func (nothing) Get([]byte) ([]byte, error)                              { return nil, store.ErrNotFound }
func (nothing) Scan(_, _ []byte, _ func(key, value []byte) error) error { return nil }
