package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/store"
)

// errInitialised: there is something already, and init never overwrites.
var errInitialised = errors.New("is in use already; init never overwrites")

// identity is the first issuer of a new service.
type identity struct {
	slug, name, url, email string
	algorithms             []string
}

func identityFlags(set *flag.FlagSet) *identity {
	id := &identity{}
	set.StringVar(&id.slug, "issuer", "", "`slug` of the first issuer, such as city-academy")
	set.StringVar(&id.name, "name", "", "its `name`, as it stands in badges")
	set.StringVar(&id.url, "url", "", "its home `page`")
	set.StringVar(&id.email, "email", "", "its `address` for questions about badges")
	set.Var((*words)(&id.algorithms), "alg", "`algorithms` of its keys, with commas: EdDSA,ES256,RS256 and ES384 (default the first three)")
	return id
}

func (p *program) init(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("init", s, "data", "store", "base-url", "seal-passphrase-file")
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
	fmt.Fprintf(p.stdout, "%s is ready: issuer %s, keys in %s.\nNext: %s\n", s.data, who.slug, s.keysFolder(), s.next("serve"))
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
	if err := checkPublic(s.baseURL); err != nil {
		return err
	}
	if issuer.IsTest(who.slug) {
		return usagef("--issuer: slugs that begin with test- belong to test issuers, which follow the issuer that they try")
	}
	algorithms, err := who.firstAlgorithms()
	if err != nil {
		return err
	}
	svc, err := create(ctx, s, []string{who.slug}, algorithms)
	if err != nil {
		return err
	}
	defer svc.store.Close()
	_, err = svc.issuer.PutProfile(ctx, issuer.Profile{Slug: who.slug, Name: who.name, URL: who.url, Email: who.email}, actorCommand)
	return err
}

// create makes the data folder with keys for some issuers and their test issuers,
// and an empty store.
func create(ctx context.Context, s *settings, slugs []string, algorithms []keys.Algorithm) (*service, error) {
	if err := vacant(ctx, s); err != nil {
		return nil, err
	}
	if err := makeFolder(s.data); err != nil {
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
	if err := makeKeys(ctx, ring, s.baseURL, issuer.VCAPISlug, issuer.FirstAlgorithms(issuer.VCAPISlug)); err != nil {
		return nil, err
	}
	for _, slug := range slugs {
		for _, each := range []string{slug, issuer.TestSlug(slug)} { // one with a long slug has no test issuer
			if each == "" {
				continue
			}
			if err := makeKeys(ctx, ring, s.baseURL, each, algorithms); err != nil {
				return nil, err
			}
		}
	}
	if err := makeKeys(ctx, ring, s.baseURL, issuer.LogSlug, issuer.FirstAlgorithms(issuer.LogSlug)); err != nil {
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

// makeFolder makes a folder that is closed to others. One that is there is closed
// where it is empty, since what else is in it may be for others to read, and where it
// belongs to whoever asks: the volumes of a cluster do not, and their modes mean what
// its operators made them mean.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	found, err := os.ReadDir(path)
	if err != nil || slices.ContainsFunc(found, func(f fs.DirEntry) bool { return f.Name() != "lost+found" }) {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	if err := os.Chmod(path, 0o700); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
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

// makeKeys makes the first keys of an issuer.
func makeKeys(ctx context.Context, ring *keyring.Ring, baseURL, slug string, algorithms []keys.Algorithm) error {
	for _, alg := range algorithms {
		if _, err := ring.Generate(ctx, slug, issuer.KeyController(baseURL, slug, alg), alg); err != nil {
			return fmt.Errorf("making the %s key of %s: %w", alg, slug, err)
		}
	}
	return nil
}

// firstAlgorithms are those of the first issuer's keys. It signs badges with
// Ed25519, so that one is always among them.
func (id *identity) firstAlgorithms() ([]keys.Algorithm, error) {
	if len(id.algorithms) == 0 {
		return issuer.FirstAlgorithms(id.slug), nil
	}
	list, err := parseAlgorithms(id.algorithms)
	if err == nil && !slices.Contains(list, keys.EdDSA) {
		err = usagef("--alg needs EdDSA among the others: it signs the badges")
	}
	return list, err
}

func parseAlgorithms(names []string) ([]keys.Algorithm, error) {
	var list []keys.Algorithm
	for _, name := range names {
		alg := keys.Algorithm(name)
		if !slices.Contains(issuer.Algorithms(), alg) || slices.Contains(list, alg) {
			return nil, usagef("--alg: %q; name some of %s, each once", name, algorithmNames())
		}
		list = append(list, alg)
	}
	return list, nil
}

func algorithmNames() string {
	var list []string
	for _, alg := range issuer.Algorithms() {
		list = append(list, string(alg))
	}
	return strings.Join(list, ", ")
}
