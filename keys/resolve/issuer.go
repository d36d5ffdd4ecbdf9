package resolve

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"laurel/keys"
)

// ResolveForIssuer finds the key kid among what an issuer publishes, and
// nowhere else: the method that comes back is controlled by issuerID and made
// for assertions. For an issuer with a DID, kid is a method of that DID. For an
// https issuer, kid is an address of the same host, and the key stands once in
// the host's /.well-known/jwks.json, not for another issuer, or in the
// controller document at issuerID itself (Open Badges 3.0 implementation
// guide, key provenance). The errors are those of Resolve, and
// keys.ErrNotAuthorized for a key that is not this issuer's.
func (r *Resolver) ResolveForIssuer(ctx context.Context, kid, issuerID string) (keys.VerificationMethod, error) {
	target, err := r.parse(kid)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	if isDID(issuerID) || isDID(kid) {
		if target.source.id != issuerID {
			return keys.VerificationMethod{}, notOf(kid, issuerID)
		}
		return r.ofDID(ctx, issuerID, func(p *published) (keys.VerificationMethod, error) { return p.named(target) })
	}
	if err := sameAuthority(target.source.id, issuerID); err != nil {
		return keys.VerificationMethod{}, err
	}
	w := wanted{id: target.id, names: target.names, inDocument: target.source.id == issuerID}
	return r.ofAddress(ctx, issuerID, w)
}

// ResolveKeyForIssuer finds a key that came along with a message, such as the
// jwk of a JWS header, among what an issuer publishes: brought by itself it
// proves nothing about the issuer. Rules and errors are those of
// ResolveForIssuer.
func (r *Resolver) ResolveKeyForIssuer(ctx context.Context, public crypto.PublicKey, issuerID string) (keys.VerificationMethod, error) {
	thumbprint, err := keys.Thumbprint(public)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	same := func(other crypto.PublicKey) bool {
		t, err := keys.Thumbprint(other)
		return err == nil && t == thumbprint
	}
	w := wanted{inDocument: true, key: same, names: func(k keys.JSONWebKey) bool { return same(k.Public) }}
	if isDID(issuerID) {
		return r.ofDID(ctx, issuerID, w.fromDocument)
	}
	return r.ofAddress(ctx, issuerID, w)
}

// wanted is a key looked for among an issuer's, by its name or by itself.
type wanted struct {
	id         string                      // the method's id, where it is known
	names      func(keys.JSONWebKey) bool  // the same in a JWK Set
	key        func(crypto.PublicKey) bool // the key itself, where it is known
	inDocument bool                        // it may stand in the controller document
}

func (w wanted) fromDocument(p *published) (keys.VerificationMethod, error) {
	if p.document == nil {
		return keys.VerificationMethod{}, fmt.Errorf("%w: %s is no controller document", keys.ErrMethodNotFound, show(p.id))
	}
	if w.key == nil {
		return p.document.Method(w.id)
	}
	for _, m := range p.document.Methods {
		if m.Assertion && w.key(m.Public) {
			return m, nil
		}
	}
	return keys.VerificationMethod{}, fmt.Errorf("%w: the key itself, at %s", keys.ErrMethodNotFound, show(p.document.ID))
}

func (w wanted) fromSet(p *published, issuerID string) (keys.VerificationMethod, error) {
	if p.document != nil || p.single {
		return keys.VerificationMethod{}, fmt.Errorf("%w: %s is no JWK Set", keys.ErrInvalidDocument, show(p.id))
	}
	k, err := p.only(w.names, issuerID)
	if err != nil {
		return keys.VerificationMethod{}, fmt.Errorf("in %s: %w", show(p.id), err)
	}
	id := w.id
	if id == "" {
		id = p.id + "#" + k.KeyID
	}
	return keys.VerificationMethod{ID: id, Controller: issuerID, Public: k.Public, Assertion: true, Expires: k.Expires, Revoked: k.Revoked}, nil
}

func (r *Resolver) ofDID(ctx context.Context, did string, pick func(*published) (keys.VerificationMethod, error)) (keys.VerificationMethod, error) {
	s, err := r.parseSource(did)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	m, err := r.find(ctx, s, pick)
	return authorized(m, did, err)
}

// ofAddress looks into the controller document, where the key may stand in it,
// and then into the JWK Set of the host. Being found in one is enough; a key
// found and refused is refused.
func (r *Resolver) ofAddress(ctx context.Context, issuerID string, w wanted) (keys.VerificationMethod, error) {
	set, err := wellKnownSet(issuerID)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	var missed []error
	if w.inDocument {
		m, err := r.ofDocument(ctx, issuerID, w)
		if !passedOver(err) {
			return authorized(m, issuerID, err)
		}
		missed = append(missed, err)
	}
	s, err := r.parseSource(set)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	m, err := r.find(ctx, s, func(p *published) (keys.VerificationMethod, error) { return w.fromSet(p, issuerID) })
	if passedOver(err) {
		return keys.VerificationMethod{}, errors.Join(append(missed, err)...)
	}
	return authorized(m, issuerID, err)
}

func (r *Resolver) ofDocument(ctx context.Context, issuerID string, w wanted) (keys.VerificationMethod, error) {
	s, err := r.parseSource(issuerID)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	return r.find(ctx, s, w.fromDocument)
}

// passedOver: the key was not found here, which says nothing about the other
// place. An issuer's id may lead to a page for people, or to nothing at all.
func passedOver(err error) bool {
	return errors.Is(err, keys.ErrMethodNotFound) || errors.Is(err, keys.ErrUnreachable) || errors.Is(err, keys.ErrInvalidDocument)
}

// authorized lets a method through that the issuer controls and publishes for
// assertions.
func authorized(m keys.VerificationMethod, issuerID string, err error) (keys.VerificationMethod, error) {
	switch {
	case err != nil:
		return keys.VerificationMethod{}, err
	case m.Controller != issuerID:
		return keys.VerificationMethod{}, notOf(m.ID, issuerID)
	case !m.Assertion:
		return keys.VerificationMethod{}, fmt.Errorf("%w: %s is not listed for assertions", keys.ErrNotAuthorized, show(m.ID))
	}
	return m, nil
}

func notOf(kid, issuerID string) error {
	return fmt.Errorf("%w: %s is no key of %s", keys.ErrNotAuthorized, show(kid), show(issuerID))
}

func sameAuthority(key, issuerID string) error {
	k, err := parseAddress(key)
	if err != nil {
		return err
	}
	issuer, err := parseAddress(issuerID)
	if err != nil {
		return err
	}
	if authority(k) != authority(issuer) {
		return notOf(key, issuerID)
	}
	return nil
}
