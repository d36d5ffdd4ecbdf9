package issuer

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"sync"

	"laurel/keys"
)

// ControllerDocument returns the keys that one of our issuers publishes, by
// its DID; false for a DID that is not ours or needs no document. It is how
// our own verifier resolves our own issuers: in-process, with the document that
// everybody else gets over HTTP. It asks the key ring alone, so that no badge
// fails its self-check because the store is busy.
func (i *Issuer) ControllerDocument(ctx context.Context, did string) ([]byte, bool, error) {
	slug, ok := i.slugOf(did)
	if !ok {
		return nil, false, nil
	}
	methods, err := i.methods(ctx, slug, did)
	if err == nil && len(methods) == 0 {
		// Ours to know: nobody else is asked, least of all we ourselves.
		err = fmt.Errorf("%w: there is no issuer %s here", keys.ErrMethodNotFound, slug)
	}
	if err != nil {
		return nil, false, err
	}
	raw, err := i.documents.of(did, methods)
	return raw, err == nil, err
}

// documents keeps the controller documents of our issuers as last written. The
// key ring is asked each time; a document counts only for the very methods that
// it was written of.
type documents struct {
	mu      sync.Mutex
	written map[string]controllerDocument // by DID; there are no more than issuers with keys
}

type controllerDocument struct {
	methods []keys.VerificationMethod
	raw     []byte
}

func (d *documents) of(did string, methods []keys.VerificationMethod) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.written[did]; ok && slices.EqualFunc(known.methods, methods, sameMethod) {
		return known.raw, nil
	}
	raw, err := keys.Document(did, methods)
	if err != nil {
		return nil, err
	}
	if d.written == nil {
		d.written = map[string]controllerDocument{}
	}
	d.written[did] = controllerDocument{methods, raw}
	return raw, nil
}

func sameMethod(a, b keys.VerificationMethod) bool {
	public, ok := a.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(b.Public) && a.ID == b.ID && a.Controller == b.Controller && a.Assertion == b.Assertion &&
		a.Authentication == b.Authentication && a.Expires.Equal(b.Expires) && a.Revoked.Equal(b.Revoked)
}

// slugOf is the issuer that a did:web of this service names.
func (i *Issuer) slugOf(did string) (slug string, ok bool) {
	root := DID(i.cfg.BaseURL, VCAPISlug)
	if root == "" || did == root {
		return VCAPISlug, root != ""
	}
	slug, ok = strings.CutPrefix(did, DID(i.cfg.BaseURL, ""))
	return slug, ok && slug != VCAPISlug && isSlug(slug)
}

// PublishedKeys is the controller document of an issuer (CID 1.0 section 2),
// retired keys included; ErrNotFound.
func (i *Issuer) PublishedKeys(ctx context.Context, slug string) ([]byte, error) {
	p, err := i.Profile(ctx, slug)
	if err != nil {
		return nil, err
	}
	methods, err := i.methods(ctx, p.Slug, p.ID)
	if err != nil {
		return nil, err
	}
	return keys.Document(p.ID, methods)
}

// methods leaves out keys of another controller: under did:key an issuer's
// other keys stand nowhere.
func (i *Issuer) methods(ctx context.Context, slug, id string) ([]keys.VerificationMethod, error) {
	all, err := i.cfg.Keys.Issuer(slug).Published(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", slug, err)
	}
	var own []keys.VerificationMethod
	for _, m := range all {
		if m.Controller == id {
			own = append(own, m)
		}
	}
	return own, nil
}

// JWKS is every key that this service publishes as one JSON Web Key Set, each
// with whom it belongs to (RFC 7517; OB 3.0 implementation guide, key
// provenance): the issuer, or the issuer's address where a did:key leaves no
// room for further keys.
func (i *Issuer) JWKS(ctx context.Context) ([]byte, error) {
	profiles, err := i.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	var all []keys.VerificationMethod
	for _, p := range profiles {
		published, err := i.cfg.Keys.Issuer(p.Slug).Published(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the keys of %s: %w", p.Slug, err)
		}
		all = append(all, published...)
	}
	return keys.JWKS(all)
}
