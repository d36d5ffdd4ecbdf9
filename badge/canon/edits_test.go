//go:build !race

// One goroutine: the race detector has nothing to see here, and reckons at a fraction of the pace.

package canon_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/internal/strictjson"
)

// TestRandomEdits: of ten thousand single changes in fifty different
// credentials none leaves what is signed as it was.
func TestRandomEdits(t *testing.T) {
	const each = 200
	documents := int(few(50))
	c, source, refused, other := newCanonicalizer(t), rand.New(rand.NewPCG(20, 26)), 0, 0
	for seed := range uint64(documents) {
		raw := string(canontest.Ordinary(1_000 + seed))
		base := parse(t, raw)
		want, err := c.Canonicalize(canon.Input{Node: base})
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		var all, kinds []string
		for what, mutant := range mutants(base) {
			all, kinds = append(all, mutant), append(kinds, what)
		}
		for range each {
			n := source.IntN(len(all))
			v, err := strictjson.Parse([]byte(all[n]), strictjson.Limits{})
			var got []byte
			if err == nil {
				got, err = c.Canonicalize(canon.Input{Node: v})
			}
			switch {
			case err != nil:
				refused++
			case bytes.Equal(got, want):
				t.Errorf("%s: the same form\n%s\n%s", kinds[n], raw, all[n])
			default:
				other++
			}
		}
	}
	if refused+other < documents*each || refused == 0 || other < documents*each/10 {
		t.Errorf("%d refused, %d with another form", refused, other)
	}
}

// TestStatementsInAnIdentifier: two documents that say different things, one
// of them within a graph of its own, and have one form to a processor that
// writes identifiers as they come. The signature over the one would hold for
// the other.
func TestStatementsInAnIdentifier(t *testing.T) {
	const (
		honest = `{` + head + `"id":"urn:g","@graph":[{"id":"urn:a","https://x.example/p":{"id":"urn:b"}}]}`
		forged = `{` + head + `"id":"urn:a","https://x.example/p":{"id":"urn:b> <urn:g"}}`
	)
	g := newGold(t)
	one, err := g.canonicalize([]byte(honest))
	if err != nil {
		t.Fatal(err)
	}
	other, err := g.canonicalize([]byte(forged))
	if err != nil || one != other || one == "" {
		t.Fatalf("the attack is none any more: %v\n%s\n%s", err, one, other)
	}
	out, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, forged)})
	check(t, err, canon.InvalidIRI, "/https:~1~1x.example~1p/id")
	if len(out) != 0 {
		t.Errorf("a refusal came with %q", out)
	}
}

// TestLargeHonestDocuments: the bounds that stop bombs let through what issuers
// have reason to write.
func TestLargeHonestDocuments(t *testing.T) {
	var results []string
	for i := range 300 {
		results = append(results, fmt.Sprintf(`{"type":"Result","resultDescription":"urn:x:r%d","value":"%d"}`, i%7, i%11))
	}
	same := strings.Repeat(`{"type":"Result","value":"1"},`, 64)
	for name, members := range map[string]string{
		"300 results":      `,"credentialSubject":{"type":"AchievementSubject","result":[` + strings.Join(results, ",") + `]}`,
		"64 equal results": `,"credentialSubject":{"type":"AchievementSubject","result":[` + strings.TrimSuffix(same, ",") + `]}`,
		"five parents":     `,"issuer":` + strings.Repeat(`{"type":"Profile","parentOrg":`, 5) + `{"type":"Profile","name":"x"}` + strings.Repeat(`}`, 5),
	} {
		if out, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, badge(members))}); err != nil || len(out) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
