package canon_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/schemas"
)

func extension(t testing.TB, url, document string) *schemas.Extension {
	t.Helper()
	x, err := schemas.ReadExtension(url, []byte(document))
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return x
}

// withAdded makes a canonicaliser and an oracle with contexts added.
func withAdded(t testing.TB, contexts map[string][]byte) (*canon.Canonicalizer, gold) {
	t.Helper()
	g := newGold(t)
	var added []*schemas.Extension
	for _, url := range slices.Sorted(maps.Keys(contexts)) {
		added = append(added, extension(t, url, string(contexts[url])))
		doc, err := ld.DocumentFromReader(bytes.NewReader(contexts[url]))
		if err != nil {
			t.Fatal(err)
		}
		g[url] = doc
	}
	c, err := canon.New(added...)
	if err != nil {
		t.Fatal(err)
	}
	return c, g
}

// goldAdded are the faults of json-gold that show under added contexts.
var goldAdded = []struct {
	name string
	has  func(contexts, text string, err error) bool
}{
	{"refuses scopes that may define protected terms anew", func(_, _ string, err error) bool {
		return err != nil && strings.Contains(err.Error(), "protected term")
	}},
	{"writes numbers as doubles within JSON literals", func(_, text string, _ error) bool {
		return strings.Contains(text, "22-rdf-syntax-ns#JSON>")
	}},
	{"takes the container of a term from its own context", func(contexts, _ string, _ error) bool {
		return strings.Contains(contexts, `"@context":null`)
	}},
}

// TestAddedAgainstGold compares documents under generated contexts with
// json-gold. .ci/run compares the same ones with npm jsonld.
func TestAddedAgainstGold(t *testing.T) {
	counts := map[string]int{}
	for seed := range few(1500) {
		contexts, document := canontest.Added(seed)
		c, g := withAdded(t, contexts)
		ours, err := c.Canonicalize(canon.Input{Node: parse(t, string(document))})
		if err != nil {
			counts["refused by us"]++
			continue
		}
		theirs, err := g.canonicalize(document)
		what := "the same"
		if err != nil || theirs != string(ours) {
			what = "UNEXPLAINED"
		}
		for _, f := range goldAdded {
			if what == "UNEXPLAINED" && f.has(fmt.Sprintf("%s", contexts), string(ours), err) {
				what = "json-gold " + f.name
			}
		}
		if counts[what]++; what == "UNEXPLAINED" {
			t.Errorf("seed %d: %v\n%s\n%s\nonly ours\n%s\nonly theirs\n%s", seed, err, contexts, document, onlyIn(string(ours), theirs), onlyIn(theirs, string(ours)))
		}
	}
	t.Log(counts)
	if n := counts["the same"]; uint64(n) < few(1500)/5 {
		t.Errorf("only %d are the same", n)
	}
}
