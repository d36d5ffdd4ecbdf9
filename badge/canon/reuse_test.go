package canon_test

import (
	"sync"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
)

// What was canonicalised before leaves no trace: many documents of many shapes,
// one after another and side by side, come out as from a processor that has
// seen nothing.
func TestNothingStaysOfOtherDocuments(t *testing.T) {
	shared := newCanonicalizer(t)
	documents := shapes(t)
	want := make([]string, len(documents))
	for i, document := range documents {
		fresh, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, document), InlineContexts: true})
		want[i] = string(fresh) + message(err)
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for round := range 3 {
				for i := range documents {
					n := (i*(2*worker+1) + round) % len(documents)
					out, err := shared.Canonicalize(canon.Input{Node: parse(t, documents[n]), InlineContexts: true})
					if got := string(out) + message(err); got != want[n] {
						t.Errorf("document %d comes out as\n%s\nand alone as\n%s", n, got, want[n])
						return
					}
				}
			}
		})
	}
	group.Wait()
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// shapes are documents large and tiny, of nothing but common words and of none,
// good and refused.
func shapes(t *testing.T) []string {
	t.Helper()
	const v2 = `"@context":["https://www.w3.org/ns/credentials/v2"]`
	list := []string{
		`{` + v2 + `,"type":["VerifiablePresentation"]}`,
		`{` + v2 + `,"type":["VerifiableCredential"],"issuer":"urn:x:1"}`,
		`{` + v2 + `,"id":"urn:x:1","type":["VerifiableCredential"]}`,
		`{` + v2 + `,"type":["VerifiableCredential"],"nonsense":1}`,
		`{` + v2 + `}`,
		`{` + v2 + `,"type":["VerifiableCredential"],"credentialSubject":[{"type":"VerifiableCredential"},{"type":"VerifiableCredential"}]}`,
		presented("", ""), presented(`,{"colour":"urn:colour"}`, `"colour":"green",`),
		`{"@context":{"p":"urn:p"},"p":"x"}`, `{"@context":{"p":"urn:p"},"p":{"p":{}}}`,
	}
	for seed := range few(40) {
		list = append(list, string(canontest.Ordinary(seed)), string(canontest.Odd(seed)))
	}
	return list
}
