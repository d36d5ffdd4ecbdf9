//go:build rdfcanon

package rdfc_test

import (
	"crypto"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/badge/canon/rdfc"
	"laurel/internal/processortest"
)

// w3cTests returns the folder of the W3C test suite for RDFC-1.0 (the folder
// tests of the repository w3c/rdf-canon, which holds manifest.jsonld).
func w3cTests(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RDF_CANON_TESTS")
	if dir == "" {
		t.Fatal("name the folder of the W3C tests of RDFC-1.0 in RDF_CANON_TESTS")
	}
	return dir
}

type w3cTest struct {
	ID, Type, Action, Result, HashAlgorithm string
}

func (w w3cTest) hash() crypto.Hash {
	if w.HashAlgorithm == "SHA384" {
		return crypto.SHA384
	}
	return 0
}

// TestW3C runs the whole suite: canonical forms, identifier maps, and the
// dataset that must be refused.
func TestW3C(t *testing.T) {
	dir := w3cTests(t)
	var manifest struct{ Entries []w3cTest }
	if err := json.Unmarshal(read(t, dir, "manifest.jsonld"), &manifest); err != nil {
		t.Fatal(err)
	}
	passed := map[string]int{}
	for _, w := range manifest.Entries {
		t.Run(w.ID, func(t *testing.T) {
			w.run(t, dir)
			if !t.Failed() {
				passed[w.Type]++
			}
		})
	}
	want := map[string]int{"rdfc:RDFC10EvalTest": 64, "rdfc:RDFC10MapTest": 21, "rdfc:RDFC10NegativeEvalTest": 1}
	if !maps.Equal(passed, want) {
		t.Errorf("passed %v, want %v", passed, want)
	}
}

func (w w3cTest) run(t *testing.T, dir string) {
	d, err := rdfc.Parse(string(read(t, dir, w.Action)))
	if err != nil {
		t.Fatal(err)
	}
	begin := processortest.Time()
	got, err := d.Canonicalize(nil, w.hash())
	if took := processortest.Time() - begin; took > 200*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if w.Type == "rdfc:RDFC10NegativeEvalTest" {
		if !errors.Is(err, rdfc.ErrBudget) {
			t.Errorf("got error %v, want ErrBudget", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if w.Type == "rdfc:RDFC10MapTest" {
		var want map[string]string
		if err := json.Unmarshal(read(t, dir, w.Result), &want); err != nil {
			t.Fatal(err)
		}
		if got := maps.Collect(d.Labels()); !maps.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
		return
	}
	if want := string(read(t, dir, w.Result)); string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
