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
	"laurel/badge/canon/rdfc"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/resolve"
	"laurel/verifier"
)

const fixture = "../badge/canon/testdata/badge-4.5KB.json"

func must[T any](b testing.TB) func(v T, err error) T {
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

// clique is n nodes without names that all point at each other, and at
// themselves where loops: the tangle that canonicalisation finds hardest. There
// is no room for it in a badge but in organisations that belong to each other.
func clique(n int, loops bool) string {
	var b strings.Builder
	b.WriteString(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],` +
		`"id":"urn:uuid:1","type":["VerifiableCredential","OpenBadgeCredential"],"issuer":{"id":"urn:uuid:2","type":["Profile"],"parentOrg":[`)
	for i := range n {
		fmt.Fprintf(&b, `{"id":"_:n%d","type":["Profile"],"parentOrg":[`, i)
		for j := range n {
			if j != i || loops {
				fmt.Fprintf(&b, `{"id":"_:n%d"},`, j)
			}
		}
		b.WriteString(`{"id":"urn:uuid:3"}]},`)
	}
	return strings.TrimSuffix(b.String(), ",") + `]}}`
}

// links are n nodes, each with a link to all, as N-Quads: a dataset of the shape
// of the one that the W3C tests of RDFC-1.0 want refused (074).
func links(n int) string {
	var b strings.Builder
	for i := range n {
		for j := range n {
			fmt.Fprintf(&b, "_:n%d <urn:example:knows> _:n%d .\n", i, j)
		}
	}
	return b.String()
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

// maxHostile is what hostile input may cost, in normal verifications.
const maxHostile = 20

// BenchmarkHostile gives the time of a verification of hostile input over that
// of a normal one, and that of the canonicalisation of tangles.
func BenchmarkHostile(b *testing.B) {
	raw := string(must[[]byte](b)(os.ReadFile(fixture)))
	v, signed := signedBadge(b, raw)
	ask := func(text string) func() {
		bytes := []byte(text)
		return func() { v.VerifyBytes(context.Background(), bytes, verifier.Options{ProofOnly: true}) }
	}
	processor := must[*canon.Canonicalizer](b)(canon.New())
	canonicalize := func(text string) func() {
		in := canon.Input{Node: must[strictjson.Value](b)(strictjson.Parse([]byte(text), strictjson.Limits{}))}
		return func() { _, _ = processor.Canonicalize(in) }
	}
	dataset := func(text string) func() {
		d := must[*rdfc.Dataset](b)(rdfc.Parse(text))
		return func() { _, _ = d.Canonicalize(nil, 0) }
	}
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"9-clique", ask(clique(9, false))},
		{"9-clique in canon", canonicalize(clique(9, false))},
		{"10 linked to all in canon", canonicalize(clique(10, true))},
		{"10 linked to all in rdfc", dataset(links(10))},
		{"40 alike siblings", ask(siblings(signed, 40))},
		{"900 kB", ask(results(signed, 12_000))},
		{"900 kB in one text", ask(strings.Replace(signed, `"name":"`, `"name":"`+strings.Repeat("a,b: ", 180_000), 1))},
		{"5,000 deep", ask(strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000))},
		{"900 kB of brackets", ask(`{"a":` + strings.Repeat("[],", 300_000))},
	} {
		b.Run(c.name, func(b *testing.B) {
			normal := ask(signed)
			m := medians(b, max(b.N, 5), normal, c.f)
			x := float64(m[1]) / float64(m[0])
			b.ReportMetric(x, "x_verify")
			b.Logf("%v, and a normal verification %v", m[1], m[0])
			if b.N > 1 && x > maxHostile {
				b.Errorf("%.0f normal verifications, and %d may be", x, maxHostile)
			}
		})
	}
}

func signedBadge(b *testing.B, raw string) (*verifier.Verifier, string) {
	b.Helper()
	v, sign := newIssuer(b, raw)
	signed := sign(1)
	if r := v.VerifyBytes(context.Background(), signed, verifier.Options{ProofOnly: true}); !r.Verified() {
		b.Fatalf("the badge is %s", r.Verdict())
	}
	return v, string(signed)
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
	for _, n := range []int{98, 130} {
		large, more := form(results(raw, n))
		b.Run(fmt.Sprint(more, " quads"), func(b *testing.B) {
			m := medians(b, max(b.N, 200), small, large)
			b.ReportMetric(float64(m[1])/float64(m[0])/(float64(more)/float64(quads)), "x_linear")
			b.Logf("%d and %d quads: %v and %v", quads, more, m[0], m[1])
		})
	}
}

// newIssuer returns a verifier, and what signs the n-th of many badges.
func newIssuer(t testing.TB, raw string) (*verifier.Verifier, func(n int) []byte) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	did := must[string](t)(keys.DIDKey(public))
	method := keys.VerificationMethod{ID: did + "#" + strings.TrimPrefix(did, "did:key:"), Controller: did, Public: public}
	signer := must[keys.Signer](t)(keyring.NewSigner(method, private))
	d := must[*badge.Document](t)(badge.Parse([]byte(raw)))
	raw = strings.Replace(raw, d.IssuerID(), did, 1)
	id := d.Root().Get("id").Text()
	suite := proof.EdDSARDFC2022{Canon: must[*canon.Canonicalizer](t)(canon.New())}
	v := must[*verifier.Verifier](t)(verifier.New(verifier.Config{Canon: suite.Canon, Suites: []proof.Suite{suite}, Keys: resolve.New(nil, nil)}))
	return v, func(n int) []byte {
		text := strings.Replace(raw, id, fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", n), 1)
		d := must[*badge.Document](t)(badge.Parse([]byte(text)))
		return must[*badge.Document](t)(suite.Secure(context.Background(), d, signer, time.Now())).Raw()
	}
}
