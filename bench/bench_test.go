// Package bench measures what no package can measure of itself alone: hostile
// input beside a normal verification, and how cost grows with size. README.md
// says how to repeat everything, and what it came to.
package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/resolve"
	"laurel/verifier"
)

const fixture = "../badge/canon/testdata/badge-4.5KB.json"

func must[T any](b *testing.B) func(v T, err error) T {
	return func(v T, err error) T {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
}

// median is of rounds in which each of several things is timed in turn.
func medians(b *testing.B, rounds int, things ...func()) []time.Duration {
	b.Helper()
	times := make([][]time.Duration, len(things))
	for range rounds {
		for i, f := range things {
			start := time.Now()
			f()
			times[i] = append(times[i], time.Since(start))
		}
	}
	out := make([]time.Duration, len(things))
	for i := range times {
		slices.Sort(times[i])
		out[i] = times[i][rounds/2]
	}
	return out
}

// clique is n nodes without names that all point at each other: the tangle that
// canonicalisation finds hardest. There is no room for it in a badge but in
// organisations that belong to each other.
func clique(n int) string {
	var b strings.Builder
	b.WriteString(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],` +
		`"id":"urn:uuid:1","type":["VerifiableCredential","OpenBadgeCredential"],"issuer":{"id":"urn:uuid:2","type":["Profile"],"parentOrg":[`)
	for i := range n {
		fmt.Fprintf(&b, `{"id":"_:n%d","type":["Profile"],"parentOrg":[`, i)
		for j := range n {
			if j != i {
				fmt.Fprintf(&b, `{"id":"_:n%d"},`, j)
			}
		}
		b.WriteString(`{"id":"urn:uuid:3"}]},`)
	}
	return strings.TrimSuffix(b.String(), ",") + `]}}`
}

// siblings is a badge with n results that are alike.
func siblings(raw string, n int) string {
	one := `{"type":["Result"],"value":"1"}`
	return strings.Replace(raw, `"result":[`, `"result":[`+strings.Repeat(one+",", n), 1)
}

// results is a badge with n results that differ.
func results(raw string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"type":["Result"],"resultDescription":"urn:uuid:%d","value":"%d"},`, i, i)
	}
	return strings.Replace(raw, `"result":[`, `"result":[`+b.String(), 1)
}

// BenchmarkHostile gives the time of a verification of hostile input over that
// of a normal one, and that of the canonicalisation of a clique.
func BenchmarkHostile(b *testing.B) {
	raw := string(must[[]byte](b)(os.ReadFile(fixture)))
	v, signed := signedBadge(b, raw)
	ask := func(text string) func() {
		return func() { v.VerifyBytes(context.Background(), []byte(text), verifier.Options{ProofOnly: true}) }
	}
	processor := must[*canon.Canonicalizer](b)(canon.New())
	tangle := must[strictjson.Value](b)(strictjson.Parse([]byte(clique(9)), strictjson.Limits{}))
	for name, f := range map[string]func(){
		"9-clique":           ask(clique(9)),
		"9-clique in canon":  func() { _, _ = processor.Canonicalize(canon.Input{Node: tangle}) },
		"40 alike siblings":  ask(siblings(signed, 40)),
		"900 kB":             ask(results(signed, 12_000)),
		"5,000 deep":         ask(strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)),
		"900 kB of brackets": ask(`{"a":` + strings.Repeat("[],", 300_000)),
	} {
		b.Run(name, func(b *testing.B) {
			m := medians(b, max(b.N, 5), ask(signed), f)
			b.ReportMetric(float64(m[1])/float64(m[0]), "x_verify")
		})
	}
}

func signedBadge(b *testing.B, raw string) (*verifier.Verifier, string) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	did := must[string](b)(keys.DIDKey(public))
	method := keys.VerificationMethod{ID: did + "#" + strings.TrimPrefix(did, "did:key:"), Controller: did, Public: public}
	signer := must[keys.Signer](b)(keyring.NewSigner(method, private))
	d := must[*badge.Document](b)(badge.Parse([]byte(raw)))
	d = must[*badge.Document](b)(badge.Parse([]byte(strings.Replace(raw, d.IssuerID(), did, 1))))
	suite := proof.EdDSARDFC2022{Canon: must[*canon.Canonicalizer](b)(canon.New())}
	signed := must[*badge.Document](b)(suite.Secure(context.Background(), d, signer, time.Now()))
	v := must[*verifier.Verifier](b)(verifier.New(verifier.Config{Canon: suite.Canon, Suites: []proof.Suite{suite}, Keys: resolve.New(nil, nil)}))
	if r := v.VerifyBytes(context.Background(), signed.Raw(), verifier.Options{ProofOnly: true}); !r.Verified() {
		b.Fatalf("the badge is %s", r.Verdict())
	}
	return v, string(signed.Raw())
}

// BenchmarkGrowth gives the cost of a statement in a large badge over that in
// the fixture.
func BenchmarkGrowth(b *testing.B) {
	raw := string(must[[]byte](b)(os.ReadFile(fixture)))
	processor := must[*canon.Canonicalizer](b)(canon.New())
	form := func(text string) (func(), int) {
		in := canon.Input{Node: must[strictjson.Value](b)(strictjson.Parse([]byte(text), strictjson.Limits{}))}
		canonical := must[[]byte](b)(processor.Canonicalize(in))
		return func() { _, _ = processor.Digest(nil, in) }, strings.Count(string(canonical), "\n")
	}
	small, quads := form(raw)
	large, more := form(results(raw, 130))
	m := medians(b, max(b.N, 200), small, large)
	b.ReportMetric(float64(m[1])/float64(m[0])/(float64(more)/float64(quads)), "x_linear")
	b.Logf("%d and %d quads: %v and %v", quads, more, m[0], m[1])
}
