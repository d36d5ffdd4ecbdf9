package issuer_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
)

func TestBaseURL(t *testing.T) {
	for _, good := range []string{"https://badges.example", "https://badges.example:8443", "http://localhost:8080", "http://192.168.1.7:8080",
		"http://[::1]:8080", "https://127.0.0.1:8443", "https://xn--bdges-esa.example"} {
		if err := issuer.CheckBaseURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "badges.example", "ftp://badges.example", "https://", "https://badges.example/", "https://badges.example/x",
		"https://badges.example?", "https://badges.example?x", "https://badges.example#", "https://a@badges.example", "https://Badges.example",
		"https://badges.example:", "https://badges.example:0", "https://bädges.example", "https://-badges.example", "https://b<.example",
		"https://10.0.0.1", "https://10.0.0.1:8443", "https://[::1]", "https://[::1]:8443", "https://127.0.0.1", "http://localhost:8080 "} {
		if err := issuer.CheckBaseURL(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestInitialise(t *testing.T) {
	h := boltHome(t)
	if _, err := issuer.ReadMeta(t.Context(), h.store); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("an empty store says of itself: %v", err)
	}
	p := issuertest.New(t, h.store, issuertest.Options{})
	before := issuertest.Snapshot(t, h.store)
	if err := issuer.Initialise(t.Context(), h.store, "https://other.example", issuertest.Start); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("initialising a store in use: %v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, h.store)) {
		t.Error("it was changed by that")
	}
	meta, err := issuer.ReadMeta(t.Context(), h.store)
	if err != nil || meta.BaseURL != issuertest.BaseURL || len(meta.Pepper) != 32 || meta.Schema != 2 {
		t.Errorf("meta is %+v, %v", meta, err)
	}
	cfg := p.Config
	cfg.BaseURL = "https://other.example"
	if _, err := issuer.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "cannot be moved") {
		t.Errorf("opening under another address: %v", err)
	}
	cfg = p.Config
	cfg.SelfCheck = nil
	if _, err := issuer.New(t.Context(), cfg); err == nil {
		t.Error("an issuer without a self-check was made")
	}
}

// TestNewerLayoutIsNotOpened: a store that a later program has written.
func TestNewerLayoutIsNotOpened(t *testing.T) {
	p := issuertest.New(t, boltHome(t).store, issuertest.Options{})
	err := p.Store.Update(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get([]byte("m"))
		if err != nil {
			return err
		}
		payload, err := store.Unseal([]byte("m"), v)
		if err != nil {
			return err
		}
		newer := strings.Replace(string(payload), `"schema":2`, `"schema":3`, 1)
		return tx.Put([]byte("m"), store.Seal([]byte("m"), []byte(newer)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.New(t.Context(), p.Config); err == nil || !strings.Contains(err.Error(), "number 3") {
		t.Errorf("opening it: %v", err)
	}
}
