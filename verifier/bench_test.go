package verifier_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/cpuid/v2"

	"laurel/verifier"
)

// floorHash is what the floor hashes: about the canonical form of the badge.
const floorHash = 16 << 10

// BenchmarkVerify verifies a badge of 4.5 kB, re-signed here by a did:key
// issuer, whose status list of 131,072 bits is at hand and was verified before.
//
// x_floor is the median time of that over the median time of what no verifier
// can do without (one Ed25519 verification and SHA-256 of 16 kB); it depends on
// whether the processor has instructions for SHA-256. x_json does not: it is
// all but that floor, over the time that encoding/json takes to read the same
// bytes into a map. All are taken in turn in the same run, by clocks of its own:
// to stop the benchmark's timer also stops the world and empties the allocator's
// caches, before each verification and for the verification alone, since the
// floor allocates nothing. BenchmarkVerifyMemory counts what is allocated.
func BenchmarkVerify(b *testing.B) {
	w, raw := benchBadge(b)
	floor := newFloor(b)
	var verify, least, bare, decode []time.Duration
	for b.Loop() {
		start := time.Now()
		r := w.v.Verify(context.Background(), raw)
		verify = append(verify, time.Since(start))
		if !r.Verified() {
			b.Fatal("not verified")
		}
		least = append(least, floor())
		start = time.Now()
		w.v.VerifyBytes(context.Background(), raw, verifier.Options{ProofOnly: true})
		bare = append(bare, time.Since(start))
		start = time.Now()
		var m map[string]any
		must(b, json.Unmarshal(raw, &m))
		decode = append(decode, time.Since(start))
	}
	b.ReportMetric(float64(median(verify)), "ns/op")
	b.ReportMetric(float64(median(verify))/float64(median(least)), "x_floor")
	b.ReportMetric(float64(median(verify)-median(least))/float64(median(decode)), "x_json")
	b.Logf("SHA instructions: %t (%s); floor %s; encoding/json %s; without the status list %s of %s",
		cpuid.CPU.Supports(cpuid.SHA) || cpuid.CPU.Supports(cpuid.SHA2), cpuid.CPU.BrandName, median(least), median(decode), median(bare), median(verify))
}

// BenchmarkVerifyMemory counts what the same verification allocates, which
// BenchmarkVerify cannot do beside its measuring.
func BenchmarkVerifyMemory(b *testing.B) {
	w, raw := benchBadge(b)
	b.ReportAllocs()
	for b.Loop() {
		w.v.Verify(context.Background(), raw)
	}
}

// benchBadge is the badge, in a world that has verified it once and remembers nothing
// of it.
func benchBadge(b *testing.B) (*world, []byte) {
	b.Helper()
	w := newWorld(b, func(cfg *verifier.Config) { cfg.Facts = nil })
	w.full = true
	w.list(listURL, "revocation", w.issuer, []int{1, badgeIndex + 1})
	raw := []byte(w.badge())
	if r := w.v.Verify(b.Context(), raw); r.Verdict() != verifier.Valid {
		b.Fatalf("the badge is %s\n%s", r.Verdict(), lines(r))
	}
	return w, raw
}

// newFloor prepares the floor; each call runs it once.
func newFloor(b *testing.B) func() time.Duration {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	must(b, err)
	message, text := make([]byte, 64), make([]byte, floorHash)
	signature := ed25519.Sign(priv, message)
	return func() time.Duration {
		start := time.Now()
		sum := sha256.Sum256(text)
		good := ed25519.Verify(pub, message, signature)
		d := time.Since(start)
		if !good || sum == [32]byte{} {
			b.Fatal("the floor gave way")
		}
		return d
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
