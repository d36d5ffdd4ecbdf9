package resolve

import (
	"fmt"
	"strings"

	"laurel/internal/strictjson"
	"laurel/keys"
)

// published is what a source offers: a controller document, or keys alone.
type published struct {
	id       string // of the source
	document *keys.ControllerDocument
	set      []keys.JSONWebKey
	single   bool // set is one JWK that stands by itself
}

// read takes a controller document from a did:web, and from an address also a
// JWK Set or one JWK: which of them it is, its members tell, since servers
// name media types at will.
func read(raw []byte, s source) (*published, error) {
	p := &published{id: s.id}
	var err error
	switch form, formErr := formOf(raw); {
	case formErr != nil:
		return nil, fmt.Errorf("%s: %w", show(s.id), formErr)
	case isDID(s.id) || form == formDocument:
		p.document, err = keys.ParseControllerDocument(raw, s.id)
	case form == formSet:
		p.set, err = keys.ParseJWKSet(raw)
	default:
		var k keys.JSONWebKey
		k, err = keys.ParseJWK(raw)
		p.set, p.single = []keys.JSONWebKey{k}, true
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", show(s.id), err)
	}
	return p, nil
}

type form int

const (
	formDocument form = iota
	formSet
	formKey
)

func formOf(raw []byte) (form, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: keys.MaxDocument})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", keys.ErrInvalidDocument, err)
	}
	isSet, isKey := v.Get("keys").Exists(), v.Get("kty").Exists()
	if isSet && isKey || (isSet || isKey) && v.Get("verificationMethod").Exists() {
		return 0, fmt.Errorf("%w: it is several kinds of document at once", keys.ErrInvalidDocument)
	}
	switch {
	case isSet:
		return formSet, nil
	case isKey:
		return formKey, nil
	}
	return formDocument, nil
}

// named is the method that a target names.
func (p *published) named(t target) (keys.VerificationMethod, error) {
	if p.document != nil {
		return p.document.Method(t.id)
	}
	k, err := p.only(t.names, "")
	if err != nil {
		return keys.VerificationMethod{}, fmt.Errorf("key %s: %w", show(t.id), err)
	}
	controller := ""
	if provenIssuer(p.id, k.Issuer) {
		controller = k.Issuer
	}
	return keys.VerificationMethod{ID: t.id, Controller: controller, Public: k.Public, Assertion: controller != "",
		Expires: k.Expires, Revoked: k.Revoked}, nil
}

// names tells whether a key's kid is what the target asks for: the whole
// address, or its fragment.
func (t target) names(k keys.JSONWebKey) bool {
	return k.KeyID == t.id || (t.fragment != "" && k.KeyID == t.fragment)
}

// provenIssuer: a JWK may claim any issuer. The claim counts only in the set
// at the well-known address of the issuer's own host, which nobody but the
// host's owner can write; a page elsewhere on the same host may be a tenant's.
func provenIssuer(set, issuer string) bool {
	known, err := wellKnownSet(issuer)
	return err == nil && known == set
}

// only is the one key that matches, and is not kept for another issuer where
// there is one asked for. A key that stands by itself needs no kid.
func (p *published) only(matches func(keys.JSONWebKey) bool, issuer string) (keys.JSONWebKey, error) {
	var found []keys.JSONWebKey
	foreign := false
	for _, k := range p.set {
		switch {
		case !matches(k) && !(p.single && k.KeyID == ""):
		case issuer != "" && k.Issuer != "" && k.Issuer != issuer:
			foreign = true
		default:
			found = append(found, k)
		}
	}
	switch {
	case len(found) > 1:
		return keys.JSONWebKey{}, fmt.Errorf("%w: %d keys go by this name", keys.ErrInvalidDocument, len(found))
	case len(found) == 1:
		return found[0], found[0].Err
	case foreign:
		return keys.JSONWebKey{}, fmt.Errorf("%w: it is published for another issuer", keys.ErrNotAuthorized)
	}
	return keys.JSONWebKey{}, keys.ErrMethodNotFound
}

// wellKnownSet is the address of the JWK Set of an https issuer's host.
func wellKnownSet(issuer string) (string, error) {
	u, err := parseAddress(issuer)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + "/.well-known/jwks.json", nil
}
