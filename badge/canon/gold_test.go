package canon_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/piprate/json-gold/ld"

	"laurel/badge/canon"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

func newCanonicalizer(t testing.TB) *canon.Canonicalizer {
	t.Helper()
	c, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t testing.TB, raw string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return v
}

// gold is json-gold, unguarded, with our contexts: the oracle of these tests.
type gold map[string]any

func newGold(t testing.TB) gold {
	t.Helper()
	g := gold{}
	for _, url := range schemas.ContextURLs() {
		raw, _ := schemas.ContextDocument(url)
		doc, err := ld.DocumentFromReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		g[url] = doc
	}
	return g
}

// LoadDocument implements ld.DocumentLoader.
func (g gold) LoadDocument(url string) (*ld.RemoteDocument, error) {
	if doc := g[url]; doc != nil {
		return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
	}
	return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, url)
}

func (g gold) canonicalize(raw []byte) (out string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("json-gold panicked: %v", r)
		}
	}()
	doc, err := ld.DocumentFromReader(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	delete(doc.(map[string]any), "proof")
	options := ld.NewJsonLdOptions("")
	options.DocumentLoader, options.ProcessingMode = g, ld.JsonLd_1_1
	options.Format, options.Algorithm = "application/n-quads", ld.AlgorithmURDNA2015
	text, err := ld.NewJsonLdProcessor().Normalize(doc, options)
	if err != nil {
		return "", err
	}
	return text.(string), nil
}

// specFile reads a published file. Where they are not at hand the test is
// skipped, except in CI.
func specFile(t testing.TB, name string) []byte {
	t.Helper()
	dir := os.Getenv("SPEC_FILES")
	if dir == "" {
		dir = filepath.Join(repository(t), "..", "shared", "spec", "files")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err == nil {
		return b
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("the published files are missing: %v", err)
	}
	t.Skipf("SKIPPED ALOUD: the published files are not here, name their folder in SPEC_FILES: %v", err)
	return nil
}

func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above")
		}
		dir = filepath.Dir(dir)
	}
}

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t testing.TB, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
