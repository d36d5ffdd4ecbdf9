package endorser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/store"
)

// The conditions that callers tell apart, by errors.Is, beside issuer.ErrNotFound,
// ErrIdempotencyReused and StateError. Faults of a request are badge.Errors.
var (
	ErrForbidden = errors.New("endorser: the caller does not speak for this endorser")
	ErrOpen      = errors.New("endorser: whether the endorsement is genuine could not be told")
)

// Verify reads a signed endorsement wholly as a stranger does: proof, key, dates
// and status. The error is badge.Errors where something is wrong with it; any
// other says that it could not be told.
type Verify func(ctx context.Context, document []byte) error

// Config is what Endorsers work with; every field is required.
type Config struct {
	Store  store.Store
	Issuer *issuer.Issuer
	Verify Verify
}

// Endorsers keeps endorsers and endorsements. It is safe for concurrent use.
type Endorsers struct {
	store  store.Store
	issuer *issuer.Issuer
	verify Verify
}

// New makes Endorsers over the store of an issuer.
func New(cfg Config) *Endorsers {
	return &Endorsers{store: cfg.Store, issuer: cfg.Issuer, verify: cfg.Verify}
}

// Key tells where the key of an endorser is.
type Key string

// The places of a key.
const (
	Ours     Key = "ours"     // in the key ring of this service: it signs what they ask for
	External Key = "external" // theirs: they send what they have signed
)

// Endorser is one who endorses.
type Endorser struct {
	Slug string `json:"slug"`
	ID   string `json:"id"` // issuer of their endorsements: a DID, or an https address; never changes
	Key  Key    `json:"key"`
	// VerificationMethod, where it is not "", is the one key of an external
	// endorser that is accepted; else it is any that their id publishes.
	VerificationMethod string    `json:"verificationMethod,omitempty"`
	Name               string    `json:"name"`
	URL                string    `json:"url,omitempty"`
	Email              string    `json:"email,omitempty"`
	Description        string    `json:"description,omitempty"`
	Listed             bool      `json:"listed"` // the operator knows them: only then they are named on pages
	CreatedAt          time.Time `json:"createdAt"`
	ChangedAt          time.Time `json:"changedAt"`
}

// Party is the name under which tokens, keys and audit records know an endorser.
func Party(slug string) string { return issuer.EndorserPrefix + slug }

// Definition makes or changes an endorser.
type Definition struct {
	Slug, ID, Name, URL, Email, Description string
	Key                                     Key // "" is Ours
	VerificationMethod                      string
	Listed                                  *bool // nil: as it is; a new one is not
	Actor                                   string
}

// Put makes or changes an endorser. One whose key is to be ours gets it with
// that, and a DID under our address; both stay. The errors are badge.Errors and
// those of issuer.CreateKeys and of the store.
func (s *Endorsers) Put(ctx context.Context, d Definition) (*Endorser, error) {
	if d.Key == "" {
		d.Key = Ours
	}
	p := issuer.Profile{Slug: Party(d.Slug), Name: d.Name, URL: d.URL, Email: d.Email, Description: d.Description}
	if err := s.check(ctx, &d, &p); err != nil {
		return nil, err
	}
	var out Endorser
	write := func(tx store.Tx, id string) (err error) {
		out, err = s.put(tx, d, p, id)
		return err
	}
	var err error
	if d.Key == External {
		err = s.store.Update(ctx, func(tx store.Tx) error { return write(tx, d.ID) })
	} else if err = s.ensureKey(ctx, d); err == nil {
		err = s.issuer.PutEndorser(ctx, p, d.Actor, func(tx store.Tx, stored *issuer.Profile) error { return write(tx, stored.ID) })
	}
	if err != nil {
		return nil, fmt.Errorf("storing endorser %s: %w", d.Slug, err)
	}
	return &out, nil
}

// check refuses what cannot be, and completes the texts of the profile.
func (s *Endorsers) check(ctx context.Context, d *Definition, p *issuer.Profile) error {
	if issuer.CheckSlug(d.Slug) != nil || issuer.CheckSlug(p.Slug) != nil {
		return fault("slug_invalid", "/slug", "Use 1 to 54 small letters, digits and hyphens.")
	}
	if err := issuer.CheckProfile(p); err != nil {
		return err
	}
	switch {
	case d.Key != Ours && d.Key != External:
		return fault("key_invalid", "/key", "Say ours or external.")
	case d.Key == Ours && d.VerificationMethod != "":
		return fault("key_invalid", "/verificationMethod", "A key that is ours is made here; leave this out, or say external.")
	case d.Key == Ours:
		return s.sameKey(ctx, d)
	case !isParty(d.ID):
		return fault("id_invalid", "/id", "Give the DID of the endorser, or the https address under which it publishes its keys.")
	case d.VerificationMethod != "" && !strings.HasPrefix(d.VerificationMethod, d.ID) && strings.HasPrefix(d.ID, "did:"):
		return fault("key_invalid", "/verificationMethod", "Give a key of this endorser: it begins with the id.")
	}
	if err := s.sameKey(ctx, d); err != nil {
		return err
	}
	return s.nobodyElse(ctx, d)
}

// sameKey: what an endorser has signed was signed under one id, for ever.
func (s *Endorsers) sameKey(ctx context.Context, d *Definition) error {
	old, err := s.Endorser(ctx, d.Slug)
	switch {
	case errors.Is(err, issuer.ErrNotFound):
		if d.Key == Ours && d.ID != "" {
			return fault("id_invalid", "/id", "The id of an endorser whose key is ours is given by the service. Leave it out.")
		}
		return nil
	case err != nil:
		return err
	case old.Key != d.Key:
		return fault("key_invalid", "/key", "Where the key of an endorser is cannot be changed. Make another endorser.")
	case d.ID != "" && d.ID != old.ID:
		return fault("id_invalid", "/id", "The id of an endorser cannot be changed. Make another endorser.")
	}
	return nil
}

// nobodyElse: whose key signs badges here cannot be the one who endorses them,
// and nobody is two endorsers.
func (s *Endorsers) nobodyElse(ctx context.Context, d *Definition) error {
	profiles, err := s.issuer.Profiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if p.ID == d.ID {
			return fault("id_taken", "/id", "This is an issuer of this service, or an endorser whose key is ours.")
		}
	}
	all, err := s.Endorsers(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.ID == d.ID && e.Slug != d.Slug {
			return fault("id_taken", "/id", "This is the endorser "+e.Slug+" already.")
		}
	}
	return nil
}

func isParty(id string) bool {
	u, err := url.Parse(id)
	if err != nil || len(id) > 500 || strings.ContainsAny(id, " \t\r\n<>\"{}|\\^`") {
		return false
	}
	return u.Scheme == "did" && strings.Count(id, ":") >= 2 && u.Fragment == "" || u.Scheme == "https" && u.Host != "" && u.User == nil
}

// ensureKey makes the key of an endorser who has none yet.
func (s *Endorsers) ensureKey(ctx context.Context, d Definition) error {
	known, err := s.issuer.Keys(ctx, Party(d.Slug))
	if err != nil || len(known) > 0 {
		return err
	}
	_, _, err = s.issuer.CreateKeys(ctx, issuer.NewKeys{Issuer: Party(d.Slug), Actor: d.Actor})
	return err
}

func (s *Endorsers) put(tx store.Tx, d Definition, p issuer.Profile, id string) (Endorser, error) {
	now := s.issuer.Now()
	e := Endorser{Slug: d.Slug, ID: id, Key: d.Key, VerificationMethod: d.VerificationMethod, Name: p.Name, URL: p.URL,
		Email: p.Email, Description: p.Description, CreatedAt: now, ChangedAt: now}
	var old Endorser
	known, err := find(tx, endorserKey(d.Slug), &old)
	if err != nil {
		return e, err
	}
	if known {
		e.CreatedAt, e.Listed = old.CreatedAt, old.Listed
	}
	if known && (old.ID != e.ID || old.Key != e.Key) { // somebody was first
		return e, fault("id_invalid", "/id", "The id of an endorser cannot be changed. Make another endorser.")
	}
	if d.Listed != nil {
		e.Listed = *d.Listed
	}
	if err := store.PutJSON(tx, endorserKey(d.Slug), e); err != nil {
		return e, err
	}
	return e, s.issuer.Note(tx, issuer.Event{Actor: d.Actor, Action: "endorser.put", Issuer: Party(d.Slug), Subject: d.Slug, Reason: listing(e.Listed)})
}

// listing puts on record who was vouched for.
func listing(listed bool) string {
	if listed {
		return "listed"
	}
	return "not_listed"
}

// Endorser returns one endorser; issuer.ErrNotFound.
func (s *Endorsers) Endorser(ctx context.Context, slug string) (*Endorser, error) {
	if issuer.CheckSlug(slug) != nil {
		return nil, fmt.Errorf("endorser: %w", issuer.ErrNotFound)
	}
	e := new(Endorser)
	err := s.store.View(ctx, func(r store.Reader) error { return get(r, endorserKey(slug), e) })
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Endorsers returns all endorsers, by slug.
func (s *Endorsers) Endorsers(ctx context.Context) ([]*Endorser, error) {
	var out []*Endorser
	err := s.store.View(ctx, func(r store.Reader) error {
		out = nil
		return r.Scan(endorserKey(""), nil, func(k, v []byte) error {
			e := new(Endorser)
			if err := store.UnsealJSON(k, v, e); err != nil {
				return err
			}
			out = append(out, e)
			return nil
		})
	})
	return out, err
}

func fault(rule, pointer, detail string) error {
	return badge.Errors{{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail}}
}
