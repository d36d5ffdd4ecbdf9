package endorser_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/endorser"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/resolve"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/verifier"
)

const (
	learning = "urban-health-learning" // the issuer of the badges
	course   = "hc20-achievement"      // as the fixture has it
	network  = "cities-network"
)

// place is a service with its endorsers, of real parts.
type place struct {
	*issuer.Issuer
	said     *endorser.Endorsers
	store    store.Store
	ring     *keyring.Ring
	clock    *issuertest.Clock
	own      *verifier.Verifier // the service's, which knows what is on its record
	stranger *verifier.Verifier // with the status lists, and nothing of ours but what is published
	suite    proof.EdDSARDFC2022
}

// lists publishes our status lists and nothing else.
type lists struct{ issuer **issuer.Issuer }

func (l lists) StatusList(ctx context.Context, url string) ([]byte, error) {
	return (*l.issuer).StatusList(ctx, filepath.Base(url))
}

func newPlace(t *testing.T) *place {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "laurel.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := issuertest.New(t, db, issuertest.Options{Issuers: []string{learning}})
	p := &place{store: db, ring: s.Ring, clock: s.Clock}
	cfg, _, own, err := issuertest.Config(db, s.Ring, issuertest.BaseURL, s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Endorsements = endorser.Embedded
	if p.Issuer, err = issuer.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	own.Issuer = p.Issuer
	processor, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	p.suite = proof.EdDSARDFC2022{Canon: processor}
	p.stranger, err = verifier.New(verifier.Config{Canon: processor, Suites: proof.Suites(processor), Keys: resolve.New(nil, own),
		Status: lists{&p.Issuer}, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	p.said = endorser.New(endorser.Config{Store: db, Issuer: p.Issuer, Verify: func(ctx context.Context, document []byte) error {
		return p.stranger.Verify(ctx, document).Refusal()
	}})
	own.Beside = p.said
	p.own, err = verifier.New(verifier.Config{Canon: processor, Suites: proof.Suites(processor), Keys: resolve.New(nil, own),
		Status: lists{&p.Issuer}, Now: s.Clock.Now, Records: own})
	if err != nil {
		t.Fatal(err)
	}
	p.Observe(p.said.Observe)
	p.achievement(t, course, false)
	t.Cleanup(func() { p.audit(t) })
	return p
}

func (p *place) achievement(t *testing.T, slug string, embeds bool) {
	t.Helper()
	_, err := p.PutAchievement(t.Context(), issuer.Achievement{Slug: slug, Issuer: learning, Name: issuer.Text{"en": "Healthy City in 20 Steps"},
		Description: issuer.Text{"en": "Completed the course."}, Criteria: issuer.Text{"en": "Score 80 %."}, EmbedEndorsements: embeds}, "test")
	if err != nil {
		t.Fatal(err)
	}
}

// audit holds the whole store to its promises.
func (p *place) audit(t *testing.T) {
	t.Helper()
	issuertest.Audit(t, p.Issuer)
	if _, err := p.said.Check(context.WithoutCancel(t.Context()), func(problem string) { t.Errorf("check: %s", problem) }); err != nil {
		t.Errorf("check: %v", err)
	}
}

func (p *place) issue(t *testing.T, achievement, person string) *issuer.Record {
	t.Helper()
	issued, err := p.Issue(t.Context(), issuer.Award{Achievement: achievement, Recipient: issuer.Recipient{Name: person, Email: person + "@learner.example"},
		AwardedAt: p.clock.Now(), Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Record
}

// valid verifies one of our badges as a stranger and demands that it is valid.
func (p *place) valid(t *testing.T, rec *issuer.Record) *verifier.Report {
	t.Helper()
	r := p.stranger.Verify(t.Context(), rec.Document)
	if r.Verdict() != verifier.Valid {
		t.Errorf("the badge is %v: %+v", r.Verdict(), r.Decisive())
	}
	return r
}

func yes() *bool { v := true; return &v }

// define makes an endorser as parties.json has it.
func (p *place) define(t *testing.T, d endorser.Definition) *endorser.Endorser {
	t.Helper()
	var parties struct {
		Endorsers []struct{ ID, Name, URL, Email string }
	}
	readFile(t, "parties.json", &parties)
	for _, e := range parties.Endorsers {
		if e.ID == "https://"+d.Slug+".example/#org" {
			d.Name, d.URL, d.Email = e.Name, e.URL, e.Email
		}
	}
	if d.Name == "" {
		t.Fatalf("%s is no party", d.Slug)
	}
	d.Actor = "test"
	e, err := p.said.Put(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func readFile(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// party is an endorser with a key of its own, elsewhere: a did:key.
type party struct {
	signer keys.Signer
	id     string
}

func newParty(t *testing.T, clock *issuertest.Clock) party {
	t.Helper()
	ring, err := keyring.CreateWithClock(filepath.Join(t.TempDir(), "theirs"), keyring.Seal{}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ring.Generate(t.Context(), "theirs", "", keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ring.Issuer("theirs").Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	return party{signer, m.Controller}
}

// fixture is one of the unsigned endorsements, with members changed.
func fixture(t *testing.T, n int, change map[string]any) *badge.Document {
	t.Helper()
	var all struct{ Unsigned []map[string]any }
	readFile(t, "endorsements.json", &all)
	e := all.Unsigned[n]
	for name, v := range change {
		switch name {
		case "issuer", "subject":
			member := map[string]string{"issuer": "issuer", "subject": "credentialSubject"}[name]
			e[member].(map[string]any)["id"] = v
		case "issuerName", "issuerURL":
			e["issuer"].(map[string]any)[map[string]string{"issuerName": "name", "issuerURL": "url"}[name]] = v
		default:
			e[name] = v
		}
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := badge.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// sign signs the fixture's first endorsement in the name of an issuer.
func (p *place) sign(t *testing.T, in string, signer keys.Signer, change map[string]any) []byte {
	t.Helper()
	if change == nil {
		change = map[string]any{}
	}
	change["issuer"] = in
	signed, err := p.suite.Secure(t.Context(), fixture(t, 0, change), signer, p.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return signed.Raw()
}

func (p *place) accept(t *testing.T, raw []byte) (*endorser.Result, error) {
	t.Helper()
	return p.said.Accept(t.Context(), endorser.Brought{Document: raw, Actor: "test", May: anybody})
}

func anybody(string, string) bool { return true }

func (p *place) endorse(t *testing.T, q endorser.Request) *endorser.Result {
	t.Helper()
	if q.Endorser == "" {
		q.Endorser, q.Subject = network, endorser.Subject{Achievement: course}
	}
	if q.Comment == "" {
		q.Comment = "Member cities recognise this badge for new coordinators."
	}
	q.Actor = "test"
	made, err := p.said.Endorse(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// current are the endorsements of a subject that would be shown.
func (p *place) current(t *testing.T, subjects ...string) []endorser.Shown {
	t.Helper()
	list, err := p.said.Current(t.Context(), subjects...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// finding is what a stranger finds of an endorsement of something.
func (p *place) finding(t *testing.T, raw []byte, of string) verifier.Finding {
	t.Helper()
	return p.stranger.VerifyEndorsement(t.Context(), raw, of, verifier.Options{}).Finding
}

// refused demands a fault with a rule, at a place.
func refused(t *testing.T, err error, rule, pointer string) {
	t.Helper()
	var faults badge.Errors
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Rule != rule || faults[0].Pointer != pointer {
		t.Errorf("want %s at %q, got %v", rule, pointer, err)
	}
}

// stored are the endorsements in the store.
func (p *place) stored(t *testing.T) []*endorser.Endorsement {
	t.Helper()
	list, more, err := p.said.List(t.Context(), endorser.Filter{Limit: 100})
	if err != nil || more {
		t.Fatal(err, more)
	}
	return list
}

func (p *place) courseID() string { return issuertest.BaseURL + "/achievements/" + course }

// badges are the bytes of every badge in a store.
func (p *place) badges(t *testing.T) map[string]string {
	t.Helper()
	all := issuertest.Snapshot(t, p.store)
	for k := range all {
		if !strings.HasPrefix(k, "c/") && !strings.HasPrefix(k, "w/") {
			delete(all, k)
		}
	}
	return all
}

const year = 366 * 24 * time.Hour

// first is the first key of a kind.
func first(all map[string]string, prefix string) string {
	return slices.Min(slices.DeleteFunc(slices.Collect(maps.Keys(all)), func(k string) bool { return !strings.HasPrefix(k, prefix) }))
}

// write puts bytes into a store past all promises; nil takes them away.
func write(t *testing.T, s store.Store, k string, v []byte) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if v == nil {
			return tx.Delete([]byte(k))
		}
		return tx.Put([]byte(k), v)
	})
	if err != nil {
		t.Fatal(err)
	}
}
