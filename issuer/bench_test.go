package issuer_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/cpuid/v2"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
)

// timed is a real store that notes the time it takes for itself: the functions
// that it is given run on the caller's account, but for the reads and writes
// that they do.
type timed struct {
	store.Store
	own time.Duration
}

// apart notes the time of f, less that of what f lends to its argument.
func (s *timed) apart(f func(callers func(func() error) error) error) error {
	start, lent := time.Now(), time.Duration(0)
	defer func() { s.own += time.Since(start) - lent }()
	return f(func(g func() error) error {
		begin := time.Now()
		defer func() { lent += time.Since(begin) }()
		return g()
	})
}

func (s *timed) View(ctx context.Context, f func(store.Reader) error) error {
	return s.apart(func(callers func(func() error) error) error {
		return s.Store.View(ctx, func(r store.Reader) error {
			return callers(func() error { return f(timedReader{r, s}) })
		})
	})
}

func (s *timed) Update(ctx context.Context, f func(store.Tx) error) error {
	return s.apart(func(callers func(func() error) error) error {
		return s.Store.Update(ctx, func(tx store.Tx) error {
			return callers(func() error { return f(timedTx{tx, s}) })
		})
	})
}

type timedReader struct {
	store.Reader
	s *timed
}

func (r timedReader) Get(k []byte) ([]byte, error) {
	defer r.s.since(time.Now())
	return r.Reader.Get(k)
}

func (r timedReader) Scan(prefix, after []byte, f func(k, v []byte) error) error {
	return r.s.scan(r.Reader, prefix, after, f)
}

func (t timedTx) Scan(prefix, after []byte, f func(k, v []byte) error) error {
	return t.s.scan(t.Tx, prefix, after, f)
}

func (s *timed) scan(r store.Reader, prefix, after []byte, f func(k, v []byte) error) error {
	return s.apart(func(callers func(func() error) error) error {
		return r.Scan(prefix, after, func(k, v []byte) error {
			return callers(func() error { return f(k, v) })
		})
	})
}

type timedTx struct {
	store.Tx
	s *timed
}

func (t timedTx) Get(k []byte) ([]byte, error) {
	defer t.s.since(time.Now())
	return t.Tx.Get(k)
}

func (t timedTx) Put(k, v []byte) error {
	defer t.s.since(time.Now())
	return t.Tx.Put(k, v)
}

func (s *timed) since(start time.Time) { s.own += time.Since(start) }

// BenchmarkIssue measures what issuing one badge costs this process: checking
// the award, building, canonicalising, signing, reading back with the verifier,
// and encoding the records.
//
// It calls Issue, not SignCredential with testdata/badge-4.5KB.json, although
// that document is at hand: Issue is what every badge goes through, and the
// award below gives one of the same kind and size (logged; the fixture has 4,490
// bytes without proof) with the same kinds of parts, as far as an achievement
// and an award have them.
//
// The store is a real one, and the time that it spends is taken off: that is
// measured with the store. Nearly all of it is the disk's two syncs, which
// differ from machine to machine by a factor of a hundred. Making the records
// that are stored counts here.
//
// x_floor is that time over the floor of issuing, the work that no program can
// do without: one Ed25519 signature, one Ed25519 verification and SHA-256 of
// 16 KB. Both are measured in turns, and their medians are compared, so that
// noise falls on both. x_json is all but that floor, over the time that
// encoding/json takes to read the badge into a map.
func BenchmarkIssue(b *testing.B) {
	s := &timed{Store: benchStore(b)}
	service := issuertest.New(b, s, issuertest.Options{Issuers: []string{academy}})
	cfg := service.Config
	cfg.Log = slog.New(slog.DiscardHandler)
	i, err := issuer.New(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	profile := issuer.Profile{Slug: academy, Name: "Example State University", URL: "https://www.example.edu", Email: "badges@example.edu", Phone: "+1-555-010-0100"}
	if _, err := i.PutProfile(b.Context(), profile, "bench"); err != nil {
		b.Fatal(err)
	}
	if _, err := i.PutAchievement(b.Context(), benchAchievement(), "bench"); err != nil {
		b.Fatal(err)
	}
	floor := newFloor()
	var issues, floors, decodes []time.Duration
	size := 0
	for n := 0; b.Loop(); n++ {
		own, start := s.own, time.Now()
		issued, err := i.Issue(b.Context(), benchAward(n))
		if err != nil {
			b.Fatal(err)
		}
		issues = append(issues, time.Since(start)-(s.own-own))
		floors = append(floors, floor())
		size = len(issued.Record.Document)
		start = time.Now()
		var m map[string]any
		if err := json.Unmarshal(issued.Record.Document, &m); err != nil {
			b.Fatal(err)
		}
		decodes = append(decodes, time.Since(start))
	}
	b.ReportMetric(float64(median(issues)), "ns/op")
	b.ReportMetric(float64(median(issues))/float64(median(floors)), "x_floor")
	b.ReportMetric(float64(median(issues)-median(floors))/float64(median(decodes)), "x_json")
	b.Logf("a badge of %d bytes with its proof; floor %v; encoding/json %v; SHA instructions: %t", size, median(floors), median(decodes),
		cpuid.CPU.Supports(cpuid.SHA) || cpuid.CPU.Supports(cpuid.SHA2))
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// newFloor returns a function that does the work of the floor and says how long
// it took.
func newFloor() func() time.Duration {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	message, text := make([]byte, 64), make([]byte, 16<<10)
	return func() time.Duration {
		start := time.Now()
		sum := sha256.Sum256(text)
		copy(message, sum[:])
		if !ed25519.Verify(public, message, ed25519.Sign(private, message)) {
			panic("the floor has a hole")
		}
		return time.Since(start)
	}
}

func benchAchievement() issuer.Achievement {
	return issuer.Achievement{Slug: "data-engineering-foundations", Issuer: academy, AchievementType: "Certificate", InLanguage: "en", Version: "2026.2",
		Name:         issuer.Text{"en": "Data Engineering Foundations", "fr": "Fondements de l’ingénierie des données"},
		Description:  issuer.Text{"en": "Design, build and operate batch and streaming data pipelines. " + strings.Repeat("Twelve weeks, four graded labs, one capstone. ", 6)},
		Criteria:     issuer.Text{"en": "Complete twelve modules, score at least **70%** on each lab, and present a capstone reviewed by two instructors."},
		FieldOfStudy: "Computer Science", HumanCode: "CS-DE-101", Tag: []string{"data", "engineering", "pipelines", "sql"}, CreditsAvailable: new(4.5),
		Results: issuer.ResultsScore,
		Alignment: []badge.Alignment{
			{TargetName: "Data pipelines", TargetURL: "https://credentialfinder.example/competency/ce-97b2a1d0-pipelines", TargetFramework: "National Data Skills Framework", TargetCode: "NDSF-3.2", TargetType: "ceasn:Competency"},
			{TargetName: "Database design", TargetURL: "https://credentialfinder.example/competency/ce-0c33f6a2-design", TargetType: "CTDL", TargetDescription: "Designs normalised relational schemas"},
		},
		ResultDescription: []badge.ResultDescription{
			{ID: "score", Name: "Final score", ResultType: "Percent", ValueMin: "0", ValueMax: "100", RequiredValue: "70"},
			{ID: "status", Name: "Status", ResultType: "Status", AllowedValue: []string{"Enrolled", "InProgress", "Completed"}},
		}}
}

func benchAward(n int) issuer.Award {
	return issuer.Award{Achievement: "data-engineering-foundations", Edition: "Fall 2026", AwardedAt: earned, Actor: "bench", Role: "Learner",
		Recipient:     issuer.Recipient{Name: "Participant 01", Email: fmt.Sprintf("participant.%d@learner.example", n), ExternalID: fmt.Sprint(n)},
		ActivityStart: earned.AddDate(0, -3, 0), ActivityEnd: earned, ValidUntil: earned.AddDate(3, 0, 0),
		Narrative: "Completed all twelve modules, four graded labs and a capstone project with distinction.",
		Evidence: []badge.Evidence{{ID: "https://badges.example.edu/evidence/capstone-9981", Name: "Capstone project",
			Narrative: "A streaming pipeline for campus transit data.", Genre: "Project", Audience: "Instructors"}},
		Results:     []badge.Result{{ResultDescription: "score", Value: "94"}, {ResultDescription: "status", Status: "Completed"}},
		Idempotency: &issuer.Idempotency{Scope: "bench", Key: fmt.Sprint(n), Digest: []byte("body")}}
}
