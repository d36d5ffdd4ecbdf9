package programme_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys/keyring"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/store"
	"laurel/store/bolt"
)

// solos adds achievements that no activity awards, and wholes that rest on them.
func (p *place) solos(t testing.TB) *place {
	t.Helper()
	for _, slug := range []string{"solo-a", "solo-b", "solo-c"} {
		p.achieve(t, slug, nil)
	}
	p.achieve(t, "pair", &issuer.Requires{All: []string{"solo-a", "solo-b"}})
	p.achieve(t, "mixed", &issuer.Requires{All: []string{"solo-a", "hc20-achievement"}})
	p.achieve(t, "two-of", &issuer.Requires{NOf: &issuer.NOf{N: 2, Of: []string{"solo-b", "solo-c", "hc20-m1"}}})
	p.achieve(t, "wholes", &issuer.Requires{All: []string{"pair", "two-of"}})
	return p
}

func (p *place) achieve(t testing.TB, slug string, q *issuer.Requires) {
	t.Helper()
	a := issuer.Achievement{Slug: slug, Issuer: "urban-health-learning", Name: issuer.Text{"en": slug}, Description: issuer.Text{"en": slug},
		Criteria: issuer.Text{"en": "Do it."}, Requires: q, InLanguage: "en", Version: "1"}
	if _, err := p.PutAchievement(t.Context(), a, "test"); err != nil {
		t.Fatal(err)
	}
}

// soloFor is a badge for the holder of an address, as a platform asks for it.
func soloFor(achievement, email string) issuer.Award {
	return issuer.Award{Achievement: achievement, Actor: "platform", AwardedAt: issuertest.Start.Add(-time.Hour),
		Recipient: issuer.Recipient{Name: "Ana Prado", Email: email}}
}

func (p *place) solo(t testing.TB, achievement, email string) *issuer.Issued {
	t.Helper()
	issued, err := p.Issue(t.Context(), soloFor(achievement, email), everybody.MayIssue)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// inForce are the achievements that the holder of an address has badges of, each
// once.
func (p *place) inForce(t testing.TB, email string, issuers ...string) string {
	t.Helper()
	var all []string
	for _, rec := range p.credentials(t, issuer.Filter{Email: email, Issuers: issuers}) {
		if rec.Status == issuer.Active {
			all = append(all, rec.Achievement)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

const anaMail = "ana@direct.example"

// TestDirectParts: whoever is issued the last part has the whole at once, with
// its parts as evidence, and the wholes that this one completes; of a part that
// is revoked it is a question, and nothing is left of who was erased.
func TestDirectParts(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			p := courseOn(t, open(t), "all").solos(t)
			var parts []string
			for n, want := range []string{"solo-a", "pair solo-a solo-b", "pair solo-a solo-b solo-c two-of wholes"} {
				slug := []string{"solo-a", "solo-b", "solo-c"}[n]
				issued := p.solo(t, slug, anaMail)
				if issued.Existing || issued.Replayed || issued.Record.Achievement != slug {
					t.Errorf("%s: %+v", slug, issued)
				}
				parts = append(parts, p.CredentialURL(issued.Record.ID))
				if got := p.inForce(t, anaMail); got != want {
					t.Fatalf("after %s: %s, want %s", slug, got, want)
				}
			}
			if again := p.solo(t, "solo-c", anaMail); !again.Existing {
				t.Errorf("asked for again: %+v", again)
			}
			held := p.by(t, anaMail)
			if got := evidence(t, held["pair"]); !slices.Equal(got, parts[:2]) {
				t.Errorf("evidence %v, want %v", got, parts[:2])
			}
			p.revokePart(t, held["solo-a"].ID, held["pair"])
			p.audit(t)
			for _, slug := range []string{"pair", "two-of", "wholes"} {
				if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: held[slug].ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
					t.Fatal(err)
				}
			}
			for k, v := range issuertest.Snapshot(t, p.store) {
				if strings.HasPrefix(k, "P/live/l/") && strings.Contains(v, anaMail) {
					t.Errorf("erased, and there is %s", k)
				}
			}
			p.solo(t, "solo-a", anaMail)
			if now := p.by(t, anaMail)["pair"]; now != nil {
				t.Errorf("who was erased is served again: %+v", now)
			}
			p.audit(t)
		})
	}
}

func evidence(t testing.TB, rec *issuer.Record) (ids []string) {
	t.Helper()
	d, err := badge.Parse(rec.Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.View().Evidence {
		ids = append(ids, e.ID)
	}
	return ids
}

// TestDirectPartBesideReports: a badge that is issued directly completes what
// was begun by reports, of whoever is alone at the address; a rule that asks for
// it is decided; and a report about somebody known by such badges alone is about
// them.
func TestDirectPartBesideReports(t *testing.T) {
	p := course(t, "all").solos(t)
	who := said{learner: `{"id":"u-1","email":"` + anaMail + `","name":"Ana Prado"}`, facts: points("51")}
	p.tell(t, who)
	p.solo(t, "solo-a", anaMail)
	if got := p.by(t, anaMail); got["mixed"] == nil || got["mixed"].Status != issuer.Active {
		t.Errorf("holds %v", got)
	}
	// The other way round, told by a platform whose addresses are not believed.
	const bo = "bo@direct.example"
	for _, slug := range []string{"solo-a", "solo-b"} {
		p.solo(t, slug, bo)
	}
	answers := p.tell(t, said{source: "lms-unknown", learner: `{"id":"7","email":"` + bo + `","name":"Ana Prado"}`, facts: points("51")})
	if answers[0].Result != programme.OutcomeIssued || p.by(t, bo)["mixed"] == nil {
		t.Errorf("%+v, and holds %v", answers[0], p.by(t, bo))
	}
	// Somebody of another name may be somebody else.
	const cy = "cy@direct.example"
	for _, slug := range []string{"solo-a", "solo-b"} {
		p.solo(t, slug, cy)
	}
	if got := results(p.tell(t, said{learner: `{"id":"u-3","email":"` + cy + `","name":"Cy Lund"}`, facts: points("51")})); got != "held_for_review" {
		t.Errorf("another name at the address: %s", got)
	}
	// Two at one address: nobody can tell whose the badge is.
	const shared = "shared@direct.example"
	for n, name := range []string{"Di", "Ed"} {
		p.tell(t, said{learner: fmt.Sprintf(`{"id":"s-%d","email":"%s","name":"%s"}`, n, shared, name), facts: points("51")})
	}
	p.solo(t, "solo-a", shared)
	// Nor where only badges tell of them: each has one part, and nobody both.
	const house = "house@direct.example"
	for slug, name := range map[string]string{"solo-a": "Flo", "solo-b": "Gus"} {
		a := soloFor(slug, house)
		a.Recipient.Name = name
		if _, err := p.Issue(t.Context(), a, everybody.MayIssue); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.inForce(t, house); got != "solo-a solo-b" {
		t.Errorf("two names at one address hold %s", got)
	}
	// Somebody whom a platform knows does not get what another name was given.
	const known = "known@direct.example"
	p.tell(t, said{learner: `{"id":"k-1","email":"` + known + `","name":"Hal Dahl"}`, facts: points("51")})
	p.solo(t, "solo-a", known) // Ana Prado's
	if got := p.by(t, known)["mixed"]; got != nil {
		t.Errorf("Hal has what Ana's badge completes: %+v", got)
	}
	if got := p.by(t, shared)["mixed"]; got != nil {
		t.Errorf("shared address, and %+v", got)
	}
	p.audit(t)
}

// TestDirectPartOfRule: a rule that asks for an achievement is decided when that
// is issued directly.
func TestDirectPartOfRule(t *testing.T) {
	p := emptyPlace(t)
	if _, err := p.PutActivity(t.Context(), file(t, "course-dh-planning.json"), "test"); err != nil {
		t.Fatal(err)
	}
	p.upload(t, []byte("ref,name,email,role,approved_by\nD25-01,Participant 01,participant.01@dh.example,co-facilitator,course-lead\n"),
		func(r *programme.Roster) { r.Activity = planning })
	const mail = "participant.01@dh.example"
	if got := p.inForce(t, mail); got != "" {
		t.Fatalf("holds %s", got)
	}
	part := soloFor("dh-planning", mail)
	part.Recipient.Name = "Participant 01"
	if _, err := p.Issue(t.Context(), part, everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	if got := p.inForce(t, mail); got != "dh-planning dh-trainer" {
		t.Errorf("holds %s", got)
	}
	p.audit(t)
}

// TestDirectPartsThatDoNotCount: of trials, revoked, without an address; and what
// a caller may not issue, or cannot be issued, is left out without harm to the
// part.
func TestDirectPartsThatDoNotCount(t *testing.T) {
	p := course(t, "all").solos(t)
	trial := soloFor("solo-a", anaMail)
	trial.Test = true
	if _, err := p.Issue(t.Context(), trial, everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	p.solo(t, "solo-b", anaMail)
	if got := p.inForce(t, anaMail); got != "solo-b" {
		t.Errorf("a trial and a part: %s", got)
	}
	trial.Achievement = "solo-b"
	if _, err := p.Issue(t.Context(), trial, everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	if got := p.inForce(t, anaMail, issuer.TestSlug("urban-health-learning")); got != "pair solo-a solo-b" {
		t.Errorf("trials: %s", got)
	}
	if got := p.inForce(t, anaMail); got != "solo-b" {
		t.Errorf("after the trials: %s", got)
	}

	const bo = "bo@direct.example"
	if _, err := p.Revoke(t.Context(), p.solo(t, "solo-a", bo).Record.ID, "issued_in_error", "test", everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	p.solo(t, "solo-b", bo)
	if got := p.inForce(t, bo); got != "solo-b" {
		t.Errorf("a revoked part: %s", got)
	}
	p.solo(t, "solo-a", bo)
	if got := p.inForce(t, bo); got != "pair solo-a solo-b" {
		t.Errorf("issued anew: %s", got)
	}

	nobody := soloFor("solo-a", "")
	nobody.Recipient.ExternalID = "n-1"
	if _, err := p.Issue(t.Context(), nobody, everybody.MayIssue); err != nil {
		t.Fatal(err)
	}

	const cy = "cy@direct.example"
	p.solo(t, "solo-a", cy)
	if _, err := p.Issue(t.Context(), soloFor("solo-b", cy), func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if got := p.inForce(t, cy); got != "solo-a solo-b" {
		t.Errorf("a caller who may not issue the whole: %s", got)
	}
	if issued := p.solo(t, "solo-b", cy); !issued.Existing || p.by(t, cy)["pair"] == nil {
		t.Errorf("asked for by one who may: %+v, %v", issued, p.by(t, cy))
	}

	const di = "di@direct.example"
	long := strings.Repeat("w", 63) // leaves no room for its form for trials
	p.achieve(t, long, &issuer.Requires{All: []string{"solo-c"}})
	trial = soloFor("solo-c", di)
	trial.Test = true
	if _, err := p.Issue(t.Context(), trial, everybody.MayIssue); err != nil {
		t.Errorf("a whole that cannot be issued takes its part along: %v", err)
	}
	p.solo(t, "solo-c", di)
	if got := p.inForce(t, di); got != "solo-c "+long {
		t.Errorf("holds %s", got)
	}
	p.audit(t)
}

// TestHiddenPart: a badge that its holder hides is held all the same, and stays
// hidden: the whole does not tell where it is.
func TestHiddenPart(t *testing.T) {
	p := course(t, "all").solos(t)
	part := p.solo(t, "solo-a", anaMail).Record
	if _, err := p.Hide(t.Context(), p.Claim(part), nil); err != nil {
		t.Fatal(err)
	}
	p.solo(t, "solo-b", anaMail)
	whole := p.by(t, anaMail)["pair"]
	if whole == nil {
		t.Fatal("a hidden part does not count")
	}
	if got := evidence(t, whole); len(got) != 1 || strings.Contains(got[0], part.ID) {
		t.Errorf("evidence %v", got)
	}
	if _, err := p.PublicEdition(t.Context(), part.ID, 0); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("the part is shown: %v", err)
	}
	p.audit(t)
}

// TestDirectPartRepeated: a key is given its first answer, of a new badge and of
// one that was there, and is of one request.
func TestDirectPartRepeated(t *testing.T) {
	p := course(t, "all").solos(t)
	ask := func(slug, key, digest string) (*issuer.Issued, error) {
		a := soloFor(slug, anaMail)
		a.Idempotency = &issuer.Idempotency{Scope: "test", Key: key, Digest: []byte(digest)}
		return p.Issue(t.Context(), a, everybody.MayIssue)
	}
	p.solo(t, "solo-a", anaMail)
	for _, c := range []struct {
		key                string
		existing, replayed bool
	}{{"one", false, false}, {"one", false, true}, {"two", true, false}, {"two", true, true}} {
		issued, err := ask("solo-b", c.key, "body")
		if err != nil || issued.Existing != c.existing || issued.Replayed != c.replayed {
			t.Errorf("%+v: %+v, %v", c, issued, err)
		}
	}
	if _, err := ask("solo-b", "one", "other body"); !errors.Is(err, issuer.ErrIdempotencyReused) {
		t.Errorf("a key for another request: %v", err)
	}
	rejecting := soloFor("solo-b", anaMail)
	rejecting.OnDuplicate = issuer.RejectDuplicate
	if _, err := p.Issue(t.Context(), rejecting, everybody.MayIssue); !errors.Is(err, issuer.ErrConflict) {
		t.Errorf("a duplicate is not rejected: %v", err)
	}
	var faults badge.Errors
	if _, err := p.Issue(t.Context(), issuer.Award{Achievement: "solo-b", Recipient: issuer.Recipient{Email: anaMail}}, everybody.MayIssue); !errors.As(err, &faults) {
		t.Errorf("an award without a name: %v", err)
	}
	if got := p.inForce(t, anaMail); got != "pair solo-a solo-b" {
		t.Errorf("holds %s", got)
	}
	p.audit(t)
}

// TestOrderOfParts tells of people by two platforms and issues to them directly,
// in many orders, one after another or all at once, on stores that fail now and
// then: in the end they hold the same, each once.
func TestOrderOfParts(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			for round := range orders(name) {
				random := rand.New(rand.NewPCG(7, uint64(round)))
				db := &flaky{Store: open(t), random: rand.New(rand.NewPCG(8, uint64(round)))}
				p := courseOn(t, db, "all").solos(t)
				db.set(round % 2 * 3)
				got := map[string]bool{}
				for n := range 4 {
					mail := fmt.Sprintf("n%d@direct.example", n)
					p.partsInAnyOrder(t, random, mail, n%2 == 0)
					got[p.inForce(t, mail)] = true
				}
				db.set(0)
				want := "hc20-achievement hc20-m1 hc20-participation mixed pair solo-a solo-b solo-c two-of wholes"
				if len(got) != 1 || !got[want] {
					t.Fatalf("round %d: %v\nwant %s", round, slices.Sorted(maps.Keys(got)), want)
				}
				p.audit(t)
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func (p *place) partsInAnyOrder(t *testing.T, random *rand.Rand, mail string, together bool) {
	t.Helper()
	platform := func(source, facts string) func() error {
		e := p.event(t, said{source: source, learner: `{"id":"` + mail + `","email":"` + mail + `","name":"Ana Prado"}`, facts: facts})
		return func() error {
			_, err := p.Complete(context.WithoutCancel(t.Context()), everybody, []completion.Completion{e})
			return err
		}
	}
	steps := []func() error{
		platform("lms-a", points("51")),
		platform("lms-b", `{"parts":{"m1":{"visits":{"visited":15,"total":15},"points":{"achieved":16,"max":20}}}}`),
	}
	for _, slug := range []string{"solo-a", "solo-b", "solo-c", "hc20-achievement"} {
		a := soloFor(slug, mail)
		a.Idempotency = &issuer.Idempotency{Scope: "test", Key: slug + mail, Digest: []byte("body")}
		steps = append(steps, func() error {
			_, err := p.Issue(context.WithoutCancel(t.Context()), a, everybody.MayIssue)
			return err
		})
	}
	var wg sync.WaitGroup
	for _, n := range random.Perm(len(steps)) {
		wg.Go(func() { insistOn(t, steps[n]) })
		if !together {
			wg.Wait()
		}
	}
	wg.Wait()
}

// insistOn repeats what a store has failed.
func insistOn(t *testing.T, do func() error) {
	for {
		err := do()
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrBusy) && !errors.Is(err, store.ErrUnknownOutcome) {
			t.Error(err)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// childParts is the folder in which this test binary, started once more, issues
// parts until it is killed.
const childParts = "PROGRAMME_TEST_PARTS"

const killURL = "http://localhost:8080" // needs no RSA keys

func openParts(folder string) (*issuer.Issuer, *programme.Programme, *bolt.DB, error) {
	ring, err := keyring.Open(filepath.Join(folder, "keys"), keyring.Seal{})
	if err != nil {
		return nil, nil, nil, err
	}
	db, err := bolt.Open(filepath.Join(folder, "store"), bolt.Options{})
	if err != nil {
		return nil, nil, nil, err
	}
	cfg, _, own, err := issuertest.Config(db, ring, killURL, time.Now)
	if err != nil {
		return nil, nil, nil, err
	}
	i, err := issuer.New(context.Background(), cfg)
	own.Issuer = i
	return i, programme.New(db, i), db, err
}

// issueParts prints the address of everybody whose last part was acknowledged.
func issueParts(folder string) error {
	_, p, _, err := openParts(folder)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		mail := fmt.Sprintf("%d-%d@direct.example", os.Getpid(), n)
		for _, slug := range []string{"solo-a", "solo-b"} {
			a := soloFor(slug, mail)
			a.AwardedAt = time.Now()
			if _, err := p.Issue(context.Background(), a, everybody.MayIssue); err != nil {
				return err
			}
		}
		fmt.Fprintln(os.Stdout, mail)
	}
}

// TestKilledBetweenParts kills a process that issues parts, at random moments:
// everybody whose last part was acknowledged has the whole, and so has everybody
// whose last part was put on record.
func TestKilledBetweenParts(t *testing.T) {
	folder := t.TempDir()
	partsFolder(t, folder)
	told, wholes := 0, 0
	for range 3 {
		acknowledged := killParts(t, folder)
		i, p, db, err := openParts(folder)
		if err != nil {
			t.Fatal(err)
		}
		at := &place{Service: &issuertest.Service{Issuer: i}, Programme: p, store: db}
		for _, mail := range acknowledged {
			if got := at.inForce(t, mail); got != "pair solo-a solo-b" {
				t.Errorf("%s was acknowledged, and holds %s", mail, got)
			}
		}
		told += len(acknowledged)
		count := map[string]int{}
		for _, rec := range at.credentials(t, issuer.Filter{}) {
			count[rec.Achievement]++
		}
		if count["pair"] != count["solo-b"] {
			t.Errorf("on record are %v", count)
		}
		wholes = count["pair"]
		issuertest.Audit(t, i)
		at.check(t, func(problem string) { t.Errorf("check: %s", problem) })
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if told < 3 || wholes < told {
		t.Errorf("%d acknowledged, %d wholes: this tested nothing", told, wholes)
	}
}

func partsFolder(t *testing.T, folder string) {
	t.Helper()
	db, err := bolt.Create(filepath.Join(folder, "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Create(filepath.Join(folder, "keys"), keyring.Seal{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Generate(t.Context(), "urban-health-learning", "", "EdDSA"); err != nil {
		t.Fatal(err)
	}
	if err := issuer.Initialise(t.Context(), db, killURL, time.Now()); err != nil {
		t.Fatal(err)
	}
	p := &place{Service: issuertest.Open(t, db, ring, killURL), store: db}
	if _, err := p.PutProfile(t.Context(), issuer.Profile{Slug: "urban-health-learning", Name: "Urban Health"}, "test"); err != nil {
		t.Fatal(err)
	}
	p.Programme = programme.New(db, p.Issuer)
	p.solos(t)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// killParts lets a process issue parts for a while and kills it.
func killParts(t *testing.T, folder string) (acknowledged []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childParts+"="+folder, "GORACE=atexit_sleep_ms=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for life := 1 + rand.IntN(12); lines.Scan(); life-- {
		acknowledged = append(acknowledged, lines.Text())
		if life == 0 {
			time.AfterFunc(rand.N(20*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); stderr.Len() > 0 || fmt.Sprint(err) != "signal: killed" {
		t.Fatalf("the issuing process ended by itself: %v %s", err, stderr.String())
	}
	return acknowledged
}
