package trust

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/verifier"
)

func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

const (
	ours = `{"name":"Ministry","issuers":[{"id":"did:web:academy.example","name":"City Academy","url":"https://academy.example"},{"id":"did:key:z6MkTrial","test":true}]}`
	dcc  = `{"meta":{"created":"2022-10-27T17:57:31+00:00"},"registry":{"did:web:academy.example":{"name":"Academy","location":"Somewhere","url":"https://x.example"},"did:key:z6MkCollege":{"name":"My College"}}}`
)

func TestKnows(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "a.json"), filepath.Join(dir, "registry.json")
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	write(t, first, ours, at)
	write(t, second, dcc, at)
	now := at
	l, err := open(func() time.Time { return now }, []string{first, second})
	if err != nil {
		t.Fatal(err)
	}
	knows := func(id string, want verifier.Listing, known bool) {
		t.Helper()
		got, ok, err := l.Knows(t.Context(), id)
		if got != want || ok != known || err != nil {
			t.Errorf("%s: %+v %t %v, want %+v %t", id, got, ok, err, want, known)
		}
	}
	knows("did:web:academy.example", verifier.Listing{List: "Ministry, registry"}, true)
	knows("did:key:z6MkTrial", verifier.Listing{List: "Ministry", Test: true}, true)
	knows("did:key:z6MkCollege", verifier.Listing{List: "registry"}, true)
	knows("did:web:academy.example:evil", verifier.Listing{}, false)
	knows("", verifier.Listing{}, false)

	// A file that changes is read anew, and one that breaks counts as before.
	write(t, first, `{"name":"Ministry","test":true,"issuers":[{"id":"did:key:z6MkNew"}]}`, at.Add(time.Second))
	knows("did:key:z6MkNew", verifier.Listing{}, false) // not looked at so soon
	now = now.Add(lookEvery)
	knows("did:key:z6MkNew", verifier.Listing{List: "Ministry", Test: true}, true)
	knows("did:key:z6MkTrial", verifier.Listing{}, false)
	write(t, first, `{`, at.Add(2*time.Second))
	now = now.Add(lookEvery)
	knows("did:key:z6MkNew", verifier.Listing{List: "Ministry", Test: true}, true)
	if _, ok, err := l.Knows(t.Context(), "did:key:z6MkOther"); ok || !errors.Is(err, ErrList) {
		t.Errorf("%t %v", ok, err)
	}
	write(t, first, ours, at.Add(3*time.Second))
	now = now.Add(lookEvery)
	knows("did:key:z6MkTrial", verifier.Listing{List: "Ministry", Test: true}, true)
}

func TestRefusals(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":           `<html>`,
		"no object":         `[]`,
		"no name":           `{"issuers":[]}`,
		"no issuers":        `{"name":"x"}`,
		"a slip":            `{"name":"x","issuer":[]}`,
		"a slip inside":     `{"name":"x","issuers":[{"did":"did:key:z6Mk"}]}`,
		"no id":             `{"name":"x","issuers":[{"name":"y"}]}`,
		"a plain address":   `{"name":"x","issuers":[{"id":"http://x.example"}]}`,
		"twice":             `{"name":"x","issuers":[{"id":"did:key:z6Mk"},{"id":"did:key:z6Mk"}]}`,
		"duplicate member":  `{"name":"x","name":"y","issuers":[]}`,
		"test is a text":    `{"name":"x","issuers":[{"id":"did:key:z6Mk","test":"yes"}]}`,
		"list test a text":  `{"name":"x","test":"yes","issuers":[]}`,
		"registry of names": `{"registry":{"University":{}}}`,
		"registry is list":  `{"registry":[]}`,
		"both":              `{"registry":{},"issuers":[]}`,
	} {
		path := filepath.Join(t.TempDir(), "list.json")
		write(t, path, text, time.Now())
		if _, err := Open(path); !errors.Is(err, ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
