package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"laurel/badge"
	"laurel/badge/canon/rdfc"
	"laurel/keys"
	"laurel/store"
)

// isSlug tells what may stand in an address of ours for ever.
func isSlug(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 63
}

// CheckSlug refuses names that cannot stand in an address.
func CheckSlug(slug string) error {
	if !isSlug(slug) {
		return fmt.Errorf("%q is no slug: use 1 to 63 small letters, digits and hyphens", clip(slug, 80))
	}
	return nil
}

// Profile is one issuer of the service, as signed into its badges.
type Profile struct {
	Slug        string    `json:"slug"`
	ID          string    `json:"id"` // the issuer's DID; never changes
	Name        string    `json:"name"`
	URL         string    `json:"url,omitempty"`
	Email       string    `json:"email,omitempty"`
	Phone       string    `json:"phone,omitempty"`
	Description string    `json:"description,omitempty"`
	PlainOnly   bool      `json:"plainOnly,omitempty"`              // leave the hashed e-mail address out of badges
	LinkedIn    string    `json:"linkedinOrganizationId,omitempty"` // its number there, for links by which holders add a badge to their profile
	Notify      Notify    `json:"notify,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	ChangedAt   time.Time `json:"changedAt"`
}

// Notify says who is told by mail of a badge that was issued.
type Notify string

// The choices.
const (
	NotifyNobody Notify = ""
	NotifyHolder Notify = "holder" // where their address is known when it is issued
)

// Signed is the profile as it stands in a badge (OB 3.0 B.1.4).
func (p *Profile) Signed() *badge.Profile {
	return &badge.Profile{ID: p.ID, Type: []string{"Profile"}, Name: p.Name, URL: p.URL, Email: p.Email, Phone: p.Phone}
}

func (p *Profile) validate() error {
	var faults faults
	faults.oneLine(&p.Name, "/name", 200, true)
	faults.text(&p.Description, "/description", 2000, false)
	faults.oneLine(&p.Phone, "/phone", 60, false)
	if p.URL != "" && !webAddress(p.URL) {
		faults.add("url_invalid", "/url", "Give an absolute http or https address.")
	}
	if p.Email != "" && !emailAddress(p.Email) {
		faults.add("email_invalid", "/email", "Give one e-mail address, such as badges@example.org.")
	}
	if !organizationPattern.MatchString(p.LinkedIn) {
		faults.add("organization_invalid", "/linkedinOrganizationId", "Give the number that LinkedIn has for the organisation, such as 1337, or leave it out.")
	}
	if p.Notify != NotifyNobody && p.Notify != NotifyHolder {
		faults.add("notify_invalid", "/notify", "Say holder, or leave it out.")
	}
	return faults.Err()
}

var organizationPattern = regexp.MustCompile(`^[0-9]{0,18}$`)

// DID is the issuer id under an https base URL, decided for good: a did:web
// each, that of the host itself for VCAPISlug. It is "" under plain http, where
// an issuer is the did:key of its Ed25519 key.
func DID(baseURL, slug string) string {
	host, ok := strings.CutPrefix(baseURL, "https://")
	if !ok {
		return ""
	}
	root := "did:web:" + strings.ReplaceAll(host, ":", "%3A")
	if slug == VCAPISlug {
		return root
	}
	return root + ":issuers:" + slug
}

// PutProfile creates or changes an issuer. The id is ours to give: did:web
// under an https base URL, else the did:key of the issuer's Ed25519 key, which
// must exist (ErrNoKey). Changes show in badges issued afterwards. Where there
// are keys of its test issuer, that is kept in step with it.
func (i *Issuer) PutProfile(ctx context.Context, p Profile, actor string) (*Profile, error) {
	if err := CheckSlug(p.Slug); err != nil {
		return nil, fault("slug_invalid", "/slug", err.Error())
	}
	if p.Slug == LogSlug {
		return nil, fault("slug_reserved", "/slug", "This slug belongs to the audit log.")
	}
	if endorses(p.Slug) {
		return nil, fault("slug_reserved", "/slug", "Slugs that begin with "+EndorserPrefix+" belong to endorsers; PUT /v1/endorsers/{slug} makes one.")
	}
	if IsTest(p.Slug) {
		return nil, fault("slug_reserved", "/slug", "Slugs that begin with test- belong to test issuers, which follow the issuer that they try.")
	}
	if err := p.validate(); err != nil {
		return nil, err
	}
	id, err := i.controller(ctx, p.Slug)
	if err != nil {
		return nil, err
	}
	published, err := i.cfg.Keys.Issuer(p.Slug).Published(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", p.Slug, err)
	}
	p.ID = id
	twin, twinKeys, err := i.twin(ctx, &p)
	if err != nil {
		return nil, err
	}
	now := i.now()
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := i.putProfile(tx, &p, published, now, actor); err != nil || twin == nil {
			return err
		}
		return i.putProfile(tx, twin, twinKeys, now, actor)
	})
	if err != nil {
		return nil, fmt.Errorf("storing issuer %s: %w", p.Slug, err)
	}
	return &p, nil
}

// putProfile writes a profile with its keys. The id and the date of one that is
// there already stay.
func (i *Issuer) putProfile(tx store.Tx, p *Profile, published []keys.VerificationMethod, now time.Time, actor string) error {
	if err := i.putKeys(tx, p.Slug, published, actor); err != nil {
		return err
	}
	var old Profile
	switch err := getJSON(tx, profileKey(p.Slug), &old); {
	case errors.Is(err, ErrNotFound):
		p.CreatedAt = now
		if err := i.openList(tx, p.Slug, badge.StatusPurposeRevocation, 1); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		p.ID, p.CreatedAt = old.ID, old.CreatedAt
	}
	p.ChangedAt = now
	if err := store.PutJSON(tx, profileKey(p.Slug), p); err != nil {
		return err
	}
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return err
	}
	return putAudit(tx, seq, Event{At: now, Actor: actor, Action: "issuer.put", Issuer: p.Slug})
}

func (i *Issuer) controller(ctx context.Context, slug string) (string, error) {
	if did := DID(i.cfg.BaseURL, slug); did != "" {
		return did, nil
	}
	signer, err := i.signer(ctx, slug, keys.EdDSA)
	if err != nil {
		return "", err
	}
	return signer.Method().Controller, nil
}

// Profile returns an issuer; ErrNotFound.
func (i *Issuer) Profile(ctx context.Context, slug string) (*Profile, error) {
	if CheckSlug(slug) != nil {
		return nil, fmt.Errorf("issuer: %w", ErrNotFound)
	}
	p := new(Profile)
	err := i.cfg.Store.View(ctx, func(r store.Reader) error { return getJSON(r, profileKey(slug), p) })
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ProfileIn is Profile within somebody else's View or Update. What it returns is
// shared: it must not be changed.
func (i *Issuer) ProfileIn(r store.Reader, slug string) (*Profile, error) {
	return getShared[Profile](&i.decoded, r, profileKey(slug))
}

// Profiles returns all issuers, by slug.
func (i *Issuer) Profiles(ctx context.Context) ([]*Profile, error) {
	var out []*Profile
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		out = nil
		return r.Scan(key("i", ""), nil, func(k, v []byte) error {
			p := new(Profile)
			if err := store.UnsealJSON(k, v, p); err != nil {
				return err
			}
			out = append(out, p)
			return nil
		})
	})
	return out, err
}

// webAddress reports whether a text is an absolute http or https address that
// can be signed and linked.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && absoluteIRI(s)
}

// absoluteIRI tells whether a text is an identifier that can be signed: a
// scheme, and then no character that stands in none.
func absoluteIRI(s string) bool {
	scheme := rdfc.SchemeEnd(s)
	return scheme > 0 && scheme+1 < len(s) && len(s) <= 2000 && strings.IndexFunc(s[scheme+1:], notInIRI) < 0
}

func notInIRI(r rune) bool {
	return r <= ' ' || r == 0x7f || r < utf8.RuneSelf && strings.IndexByte("<>\"{}|^`\\", byte(r)) >= 0
}

func emailAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 {
		return false
	}
	_, host, _ := strings.Cut(s, "@")
	return !strings.ContainsAny(s, " \t\"<>(),;") && host != ""
}
