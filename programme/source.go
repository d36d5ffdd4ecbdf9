package programme

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/platform"
	"laurel/store"
)

// Source is a platform that reports.
type Source struct {
	Slug string `json:"slug"`
	// TrustEmail says that its addresses were checked: somebody whom another
	// such source reports under the same address and name is the same person.
	TrustEmail bool `json:"trust_email"`
	// Issuers are those for whom that holds, and for whom its hook reports; none:
	// all.
	Issuers []string `json:"issuers,omitempty"`
	Hook    *Hook    `json:"hook,omitempty"` // nil: there is none
}

// Hook is the door by which a platform reports in a form of its own. It has a
// secret, of which we keep the digest.
type Hook struct {
	Adapter string    `json:"adapter"`        // name of a platform.Adapter
	Test    bool      `json:"test,omitempty"` // what comes by it are trials
	Digest  []byte    `json:"digest"`         // SHA-256
	Since   time.Time `json:"since"`          // when the secret was made
	// Keys is the JWK Set with whose keys the platform signs all that it sends;
	// nil: it does not sign.
	Keys json.RawMessage `json:"keys,omitempty"`
}

// Open is the event that a body holds, as it came or, where the platform signs,
// as it was signed; platform.ErrSignature for a body that it has not signed.
func (h *Hook) Open(body []byte, now time.Time) ([]byte, error) {
	if h.Keys == nil {
		return body, nil
	}
	by, err := platform.ReadKeys(h.Keys)
	if err != nil {
		return nil, fmt.Errorf("keys of a hook: %w: %w", store.ErrDamaged, opaque{err})
	}
	return platform.Open(by, body, now)
}

// KeyIDs are the ids of the keys with which the platform signs.
func (h *Hook) KeyIDs() (ids []string) {
	if by, err := platform.ReadKeys(h.Keys); err == nil {
		for _, k := range by {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// ErrNoHook: there is no such source, its hook is off, or the secret is another.
var ErrNoHook = errors.New("programme: no such hook")

// SourceDefinition is what a caller says of a source. Of its Hook, Digest and Since
// are ours.
type SourceDefinition struct {
	Source
	NewSecret bool // the secret that was is to hold no longer
	KeepHook  bool // where no hook is named, the one that was stays
}

// StoredSource is a source as it stands.
type StoredSource struct {
	Source
	Secret string // of the hook, where it was made just now: it cannot be had again
}

// everyIssuer asks Caller.MayIssue whether the caller speaks for all issuers.
const everyIssuer = "*"

// speaksFor tells whether a source is one of an issuer's.
func (s *Source) speaksFor(issuer string) bool {
	return len(s.Issuers) == 0 || slices.Contains(s.Issuers, issuer)
}

// DefineSource keeps what a caller says of a platform, who speaks for all issuers
// of the source as it is and as it was. A hook that is new, or whose secret is to
// be new, gets a secret. isNew says that nothing was known of the source. The
// errors are badge.Errors and ErrForbidden.
func (p *Programme) DefineSource(ctx context.Context, c Caller, d SourceDefinition) (stored *StoredSource, isNew bool, err error) {
	if err := d.check(); err != nil {
		return nil, false, err
	}
	err = p.store.Update(ctx, func(tx store.Tx) error {
		stored = &StoredSource{Source: d.Source}
		var old Source
		found, err := get(tx, sourceKey(d.Slug), &old)
		if err != nil {
			return err
		}
		isNew = !found
		if found && !old.isOf(&c) || !d.isOf(&c) {
			return &Forbidden{"issuer_not_granted", "The token does not act for all issuers of this source; one of all issuers needs a token for all."}
		}
		if d.KeepHook && d.Hook == nil {
			stored.Hook = old.Hook
		}
		p.open(stored, old.Hook, d.NewSecret)
		if err := store.PutJSON(tx, sourceKey(d.Slug), stored.Source); err != nil {
			return err
		}
		return p.issuer.Note(tx, issuer.Event{Actor: c.Actor, Action: "source.put", Subject: d.Slug})
	})
	if err != nil {
		return nil, false, fmt.Errorf("storing source %s: %w", d.Slug, err)
	}
	return stored, isNew, nil
}

func (d *SourceDefinition) check() error {
	var faults badge.Errors
	fault := func(rule, pointer, detail string) {
		faults = append(faults, &badge.Error{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail})
	}
	if issuer.CheckSlug(d.Slug) != nil {
		fault("slug_invalid", "/slug", "A source has a slug such as lms-a.")
	}
	for n, slug := range d.Issuers {
		if issuer.CheckSlug(slug) != nil || issuer.IsTest(slug) {
			fault("slug_invalid", strictjson.Pointer("/issuers", fmt.Sprint(n)), "Name an issuer by its slug.")
		}
	}
	if d.Hook == nil {
		return faults.Err()
	}
	switch adapter := platform.Named(d.Hook.Adapter); {
	case adapter == nil:
		fault("adapter_unknown", "/hook/adapter", "There is none of this name; there are "+strings.Join(platform.Names(), ", ")+".")
	case d.Hook.Keys != nil && !adapter.Signs:
		fault("keys_invalid", "/hook/keys", "Platforms of this kind sign nothing that is read here. Leave this out.")
	case d.Hook.Keys != nil:
		faults = append(faults, wrongKeys(d.Hook.Keys)...)
	}
	return faults.Err()
}

// wrongKeys are the faults of a JWK Set, by their places in the definition.
func wrongKeys(set []byte) (faults badge.Errors) {
	_, err := platform.ReadKeys(set)
	if errors.As(err, &faults) {
		for n, f := range faults {
			placed := *f
			placed.Pointer = "/hook/keys" + f.Pointer
			faults[n] = &placed
		}
	}
	return faults
}

// isOf tells whether a caller speaks for all issuers of a source.
func (s *Source) isOf(c *Caller) bool {
	if len(s.Issuers) == 0 {
		return c.MayIssue(everyIssuer)
	}
	return !slices.ContainsFunc(s.Issuers, func(slug string) bool { return !c.MayIssue(slug) })
}

// open gives the hook of a source its secret: that which it had, or a new one of
// 130 random bits.
func (p *Programme) open(s *StoredSource, before *Hook, renew bool) {
	if s.Hook == nil {
		return
	}
	hook := *s.Hook // the caller's stays as it is
	s.Hook = &hook
	if before != nil && !renew {
		hook.Digest, hook.Since = before.Digest, before.Since
		return
	}
	s.Secret = rand.Text()
	hook.Digest, hook.Since = secretDigest(s.Secret), p.issuer.Now()
}

func secretDigest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// Hook finds the source whose hook a secret opens; ErrNoHook. What is wrong makes no
// difference, in words or in time.
func (p *Programme) Hook(ctx context.Context, slug, secret string) (*Source, error) {
	if issuer.CheckSlug(slug) != nil {
		slug = "-" // which is no slug
	}
	source := Source{}
	err := p.store.View(ctx, func(r store.Reader) error {
		source = Source{}
		_, err := get(r, sourceKey(slug), &source)
		return err
	})
	if err != nil {
		return nil, err
	}
	kept := make([]byte, sha256.Size) // of no secret that anybody can find
	if source.Hook != nil {
		kept = source.Hook.Digest
	}
	if subtle.ConstantTimeCompare(secretDigest(secret), kept) != 1 {
		return nil, ErrNoHook
	}
	return &source, nil
}

// Reporter is the caller that a source is when it reports by its hook.
func (s *Source) Reporter() Caller {
	return Caller{Actor: "source:" + s.Slug, Test: s.Hook.Test, MayIssue: s.speaksFor}
}

// PutSource keeps what is known of a platform. Its hook, of which files say
// nothing, stays as it is.
func (p *Programme) PutSource(ctx context.Context, source Source, actor string) error {
	_, _, err := p.DefineSource(ctx, Caller{Actor: actor, MayIssue: anyIssuer}, SourceDefinition{Source: source, KeepHook: true})
	return err
}

// Sources lists the platforms that something is known of, by slug.
func (p *Programme) Sources(ctx context.Context) (all []Source, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		all = nil
		return scan(r, sourceKey(""), func(_ []byte, s *Source) error {
			all = append(all, *s)
			return nil
		})
	})
	return all, err
}

// source is what is known of a platform; one that nothing is known of is not to
// be believed about addresses.
func (s *session) source(slug string) (Source, error) {
	source := Source{Slug: slug}
	if issuer.CheckSlug(slug) != nil {
		return source, badge.Errors{{Code: badge.MalformedValueError, Rule: "source_invalid", Pointer: "/source", Detail: "A source has a slug such as lms-a."}}
	}
	_, err := get(s.tx, sourceKey(slug), &source)
	return source, err
}
