package issuer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// Each issuer may have a twin for trials: the test issuer, with keys, a DID and
// status lists of its own. An Award that says Test is signed by the twin and
// recorded under it, so that trials and what counts never meet: everything here
// is kept by issuer. The twin and what it signs are marked in the names, which
// is what any verifier shows.

// ErrNoTestIssuer: the issuer has no test issuer, because nobody made its keys.
var ErrNoTestIssuer = errors.New("issuer: there is no test issuer")

// IsTest tells whether the slug of an issuer is that of a test issuer, whose
// badges count nowhere. No other issuer has such a slug.
func IsTest(slug string) bool { return badge.IsTestSlug(slug) }

// TestSlug is the slug of the test issuer of an issuer; "" where its slug is too
// long to have one.
func TestSlug(slug string) string {
	if t := badge.TestPrefix + slug; isSlug(slug) && isSlug(t) && !IsTest(slug) {
		return t
	}
	return ""
}

// LiveSlug is the slug of the issuer that a test issuer belongs to; any other
// slug is its own.
func LiveSlug(slug string) string {
	if IsTest(slug) {
		return slug[len(badge.TestPrefix):]
	}
	return slug
}

// marked is a name that says that it is of a trial.
func marked(name string) string {
	if strings.HasPrefix(name, badge.TestMark) {
		return name
	}
	return badge.TestMark + name
}

// trial is an achievement as a test issuer awards it: under an address of its
// own and with a mark in each name.
func (a *Achievement) trial() *Achievement {
	t := *a
	t.Slug, t.ID, t.Issuer = TestSlug(a.Slug), "", TestSlug(a.Issuer)
	if IsTest(a.Slug) {
		t.Slug = a.Slug
	}
	t.Name = maps.Clone(a.Name)
	for lang, name := range t.Name {
		t.Name[lang] = marked(name)
	}
	return &t
}

// SignedAchievement is the slug under whose address the achievement stands in
// the badge: that of Achievement, or of its form for trials.
func (r *Record) SignedAchievement() string {
	if IsTest(r.Issuer) && !IsTest(r.Achievement) {
		return badge.TestPrefix + r.Achievement
	}
	return r.Achievement
}

// testIssuer is the test issuer that an award of an issuer is redirected to.
func (i *Issuer) testIssuer(r store.Reader, slug string) (*Profile, error) {
	if t := TestSlug(slug); t != "" {
		p, err := getShared[Profile](&i.decoded, r, profileKey(t))
		if !errors.Is(err, ErrNotFound) {
			return p, err
		}
	}
	return nil, fmt.Errorf("%w of %s", ErrNoTestIssuer, clip(slug, 80))
}

// twin is the profile of the test issuer that goes with a profile, and its keys;
// nil where it has none. Of the issuer's own it has the name, with the mark, and
// whether it hides addresses; its page is the one that this service has of it,
// which tells a stranger under a did:key what it is.
func (i *Issuer) twin(ctx context.Context, p *Profile) (*Profile, []keys.VerificationMethod, error) {
	slug := TestSlug(p.Slug)
	if slug == "" || p.Slug == VCAPISlug {
		return nil, nil, nil
	}
	published, err := i.cfg.Keys.Issuer(slug).Published(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the keys of %s: %w", slug, err)
	}
	if len(published) == 0 {
		return nil, nil, nil
	}
	id, err := i.controller(ctx, slug)
	if errors.Is(err, ErrNoKey) {
		return nil, nil, nil // its key has ended; what counts does not wait for a new one
	} else if err != nil {
		return nil, nil, err
	}
	return &Profile{Slug: slug, ID: id, Name: marked(p.Name), URL: i.cfg.BaseURL + "/issuers/" + slug,
		Description: p.Description, PlainOnly: p.PlainOnly}, published, nil
}

// MakeTestIssuer makes the test issuer of an issuer: its keys, where there are
// none yet, and its profile, which follows that of the issuer from then on. It
// returns all of its keys. The errors are ErrNotFound for an issuer that is not
// here, badge.Errors for one that can have none, and those of CreateKeys and
// PutProfile.
func (i *Issuer) MakeTestIssuer(ctx context.Context, slug, actor string) ([]keys.Info, error) {
	p, err := i.Profile(ctx, slug)
	if err != nil {
		return nil, err
	}
	t := TestSlug(slug)
	if t == "" || slug == VCAPISlug {
		return nil, fault("no_trials", "/issuer", "This issuer has no trials: it signs for the VC-API, is a test issuer itself, or its slug has more than 58 characters.")
	}
	keeper, err := i.keeper(t)
	if err != nil {
		return nil, err
	}
	if len(keeper.KeysOf(t)) == 0 {
		if _, _, err := i.CreateKeys(ctx, NewKeys{Issuer: t, Actor: actor}); err != nil {
			return nil, err
		}
	}
	if _, err := i.PutProfile(ctx, *p, actor); err != nil {
		return nil, err
	}
	return keeper.KeysOf(t), nil
}
