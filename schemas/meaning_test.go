//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at canonicalising.

package schemas

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"
)

// TestEveryTermHasMeaning shows in every clone that json-gold reads the
// documents, and that each property of each context makes quads.
func TestEveryTermHasMeaning(t *testing.T) {
	for _, h := range held {
		s := samplesOf(t, h.url, ours)
		for _, doc := range s.docs {
			quads(t, doc, ours)
		}
		c, _ := ContextTable(h.url)
		if want := countTerms(c); s.terms != want || want == 0 {
			t.Errorf("%s: %d terms in the samples, %d in the table", h.url, s.terms, want)
		}
	}
}

// TestQuadsEqualPublished makes the samples from the published contexts, so
// that a term which we lack is seen.
func TestQuadsEqualPublished(t *testing.T) {
	theirs := publisherOf(t)
	for _, h := range held {
		for _, doc := range samplesOf(t, h.url, theirs).docs {
			got, want := quads(t, doc, ours), quads(t, doc, theirs)
			if got != want || want == "" {
				t.Errorf("%s: %s\ngot\n%s\nwant\n%s", h.url, encode(doc), got, want)
			}
		}
	}
}

// TestBadgesEqualPublished reads whole badges with the contexts together.
// Terms that a combination does not define are dropped, by both alike.
func TestBadgesEqualPublished(t *testing.T) {
	theirs := publisherOf(t)
	convert := func(doc any, contexts contextSource) string {
		options := ld.NewJsonLdOptions("https://base.example/")
		options.DocumentLoader = contexts
		return canonical(t, doc, options)
	}
	for _, name := range []string{"badge.json", "achievement.json"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, stack := range contextStacks {
			doc, err := ld.DocumentFromReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			setContexts(doc, stack)
			got, want := convert(doc, ours), convert(doc, theirs)
			if got != want || strings.Count(want, "\n") < 50 {
				t.Errorf("%s under %q: got\n%s\nwant\n%s", name, stack, got, want)
			}
		}
	}
}
