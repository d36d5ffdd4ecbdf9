package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/api/limit"
	"laurel/api/verify"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/fetch"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// hosts is the real client as what a verifier asks.
type hosts struct{ *fetch.Client }

func (h hosts) StatusList(ctx context.Context, url string) ([]byte, error) {
	raw, _, err := h.GetFollowing(ctx, url, 1<<20)
	return raw, err
}

// BenchmarkBesideHostile measures what 64 verifications that wait for a host
// which never answers do to others that pass the same desk, as the service has
// it: the time of a normal one beside them, in times of one alone.
func BenchmarkBesideHostile(b *testing.B) {
	release := make(chan struct{})
	sleeper := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer sleeper.Close()
	defer close(release)
	sleeping := strings.Replace(sleeper.URL, "127.0.0.1", "localhost", 1)
	client := must[*fetch.Client](b)(fetch.New(fetch.Config{Allow: []string{sleeping}}))
	c := must[*canon.Canonicalizer](b)(canon.New())
	v := must[*verifier.Verifier](b)(verifier.New(verifier.Config{Canon: c, Suites: proof.Suites(c),
		Keys: resolve.New(client, nil), Status: hosts{client}}))
	gate := limit.NewGate(4*runtime.GOMAXPROCS(0), 4096, 1500*time.Millisecond)
	desk := verify.NewDesk(v, limit.NewRate(0, time.Now), slog.New(slog.DiscardHandler))
	report := func(sub *verifier.Submission) (*verifier.Report, error) {
		ctx, turn := gate.With(b.Context())
		defer turn.Leave()
		return desk.Report(ctx, sub, verifier.Options{})
	}

	raw := string(must[[]byte](b)(os.ReadFile(fixture)))
	const entry = `"credentialStatus":{"id":"https://badges.example.edu/status/3#94567","type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"94567","statusListCredential":"https://badges.example.edu/status/3"},`
	before, after, ok := strings.Cut(raw, entry)
	if !ok {
		b.Fatal("the fixture has another status")
	}
	sign := func(status string) *verifier.Submission {
		_, signed := newIssuer(b, before+status+after)
		return must[*verifier.Submission](b)(verifier.Open(signed(1)))
	}
	normal := sign("")
	ask := func() time.Duration {
		start := time.Now()
		if r, err := report(normal); err != nil || r.Verdict() != verifier.Valid {
			b.Fatal(err, r.Decisive())
		}
		return time.Since(start)
	}
	alone := middle(200, ask)

	var hostile []*verifier.Submission
	for i := range 64 {
		hostile = append(hostile, sign(strings.ReplaceAll(entry, "https://badges.example.edu/status/3", fmt.Sprintf("%s/list/%d", sleeping, i))))
	}
	b.ResetTimer()
	for range b.N {
		var waiting sync.WaitGroup
		for _, h := range hostile {
			waiting.Go(func() {
				if r, err := report(h); err != nil || r.Verdict() != verifier.Indeterminate {
					b.Error(err, r.Decisive())
				}
			})
		}
		time.Sleep(200 * time.Millisecond) // all of them wait now
		b.ReportMetric(float64(middle(200, ask))/float64(alone), "x_alone")
		waiting.Wait()
	}
}

// middle is the median of rounds.
func middle(rounds int, ask func() time.Duration) time.Duration {
	times := make([]time.Duration, rounds)
	for i := range times {
		times[i] = ask()
	}
	slices.Sort(times)
	return times[rounds/2]
}
