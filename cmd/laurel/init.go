package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/store"
)

// errInitialised: there is something already, and init never overwrites.
var errInitialised = errors.New("is in use already; init never overwrites")

// identity is the first issuer of a new service.
type identity struct{ slug, name, url, email string }

func identityFlags(set *flag.FlagSet) *identity {
	id := &identity{}
	set.StringVar(&id.slug, "issuer", "", "`slug` of the first issuer, such as city-academy")
	set.StringVar(&id.name, "name", "", "its `name`, as it stands in badges")
	set.StringVar(&id.url, "url", "", "its home `page`")
	set.StringVar(&id.email, "email", "", "its `address` for questions about badges")
	return id
}

func (p *program) init(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("init", s, "data", "store", "base-url", "seal-passphrase-file", "vc-api")
	if err != nil {
		return err
	}
	who := identityFlags(set)
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	if err := initialise(ctx, s, who); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s is ready: issuer %s, keys in %s.\nNext: laurel serve --data %s\n", s.data, who.slug, s.keysFolder(), s.data)
	return nil
}

// initialise makes a data folder: keys first, because a store without keys
// could never sign, then the store, then the issuer.
func initialise(ctx context.Context, s *settings, who *identity) error {
	if who.slug == "" || who.name == "" || s.baseURL == "" {
		return usagef("init needs --base-url, --issuer and --name, such as --base-url https://badges.example.org --issuer city-academy --name \"City Academy\"")
	}
	if err := errors.Join(issuer.CheckBaseURL(s.baseURL), issuer.CheckSlug(who.slug)); err != nil {
		return usageError{err}
	}
	svc, err := create(ctx, s, []string{who.slug})
	if err != nil {
		return err
	}
	defer svc.store.Close()
	_, err = svc.issuer.PutProfile(ctx, issuer.Profile{Slug: who.slug, Name: who.name, URL: who.url, Email: who.email}, actorCommand)
	return err
}

// create makes the data folder with keys for some issuers, and an empty store.
func create(ctx context.Context, s *settings, slugs []string) (*service, error) {
	if err := vacant(ctx, s); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	seal, err := s.seal()
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Create(s.keysFolder(), seal)
	if errors.Is(err, keyring.ErrExists) {
		return nil, fmt.Errorf("%s %w (%w)", s.data, errInitialised, err)
	} else if err != nil {
		return nil, err
	}
	for _, slug := range append(slugs, issuer.VCAPISlug) {
		if err := makeKeys(ctx, ring, s.baseURL, slug); err != nil {
			return nil, err
		}
	}
	if err := makeLogKey(ctx, ring, s.baseURL); err != nil {
		return nil, err
	}
	db, err := createStore(ctx, s)
	if errors.Is(err, store.ErrExists) {
		return nil, fmt.Errorf("the store %w (%w)", errInitialised, err)
	} else if err != nil {
		return nil, err
	}
	svc, err := prepare(ctx, s, db, ring)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return svc, nil
}

// vacant asks, before anything is made, whether all of it can be: keys beside a
// store that is another's would be keys of nobody.
func vacant(ctx context.Context, s *settings) error {
	if err := issuer.CheckBaseURL(s.baseURL); err != nil {
		return usageError{err}
	}
	db, err := openStore(ctx, s)
	switch {
	case errors.Is(err, store.ErrMissing):
		return nil
	case err != nil:
		return fmt.Errorf("looking at the store: %w", err)
	}
	return errors.Join(fmt.Errorf("the store %w", errInitialised), db.Close())
}

func prepare(ctx context.Context, s *settings, db store.Store, ring *keyring.Ring) (*service, error) {
	if err := issuer.Initialise(ctx, db, s.baseURL, time.Now()); err != nil {
		return nil, err
	}
	svc, err := assemble(ctx, s, db, ring, discard())
	if err != nil {
		return nil, err
	}
	_, err = svc.issuer.PutProfile(ctx, issuer.Profile{Slug: issuer.VCAPISlug, Name: "VC-API issuer of this service"}, actorCommand)
	if err == nil {
		_, err = svc.audit.Sequence(ctx) // there is a checkpoint from the first day
	}
	return svc, err
}

// makeLogKey makes the key that signs the checkpoints of the audit log.
func makeLogKey(ctx context.Context, ring *keyring.Ring, baseURL string) error {
	if _, err := ring.Generate(ctx, issuer.LogSlug, baseURL+"/log", keys.EdDSA); err != nil {
		return fmt.Errorf("making the key of the audit log: %w", err)
	}
	return nil
}

// makeKeys makes one key of each algorithm. Under an https address they are all
// the issuer's, a did:web. Without TLS to trust the issuer is the did:key of
// its Ed25519 key, to which nothing can tie another: the other two then belong
// to the issuer's address, which publishes them.
func makeKeys(ctx context.Context, ring *keyring.Ring, baseURL, slug string) error {
	first, others := issuer.DID(baseURL, slug), issuer.DID(baseURL, slug)
	if others == "" {
		others = baseURL + "/issuers/" + slug
	}
	for _, k := range []struct {
		alg        keys.Algorithm
		controller string
	}{{keys.EdDSA, first}, {keys.ES256, others}, {keys.RS256, others}} {
		if _, err := ring.Generate(ctx, slug, k.controller, k.alg); err != nil {
			return fmt.Errorf("making the %s key of %s: %w", k.alg, slug, err)
		}
	}
	return nil
}
