package verifier

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/keys"
)

// proofKey finds the key that an embedded proof names, and says whether it may
// speak for the issuer (OB 3.0 section 9.1; CID 1.0 section 3.3). A key that
// was found comes back even where it may not, so that the signature can be
// told apart from the right to sign.
func (s *subject) proofKey(ctx context.Context, p badge.Proof) (keys.VerificationMethod, Finding) {
	m, f := s.namedKey(ctx, p.VerificationMethod)
	if f.Outcome != Passed {
		f.Pointer = p.Pointer + "/verificationMethod"
	}
	return m, f
}

// envelopeKey finds the key of a JWS: the one that kid names. A key that the
// token brings along proves nothing by itself; it has to be one
// that the issuer publishes.
func (s *subject) envelopeKey(ctx context.Context, h proof.Header) (keys.VerificationMethod, Finding) {
	if h.KeyID != "" {
		return s.namedKey(ctx, h.KeyID)
	}
	brought, err := keys.ParseJWK([]byte(h.JWK.Raw()))
	if err != nil {
		return keys.VerificationMethod{}, keyFault(err)
	}
	m, err := s.errands.broughtKey(ctx, brought.Public, s.issuerID())
	return s.authorize(ctx, m, err)
}

// contradicts tells whether a token brings another key than the one it names.
func contradicts(h proof.Header, named keys.VerificationMethod) bool {
	if h.KeyID == "" || !h.JWK.Exists() {
		return false
	}
	brought, err := keys.ParseJWK([]byte(h.JWK.Raw()))
	if err != nil {
		return true
	}
	a, errA := keys.Thumbprint(named.Public)
	b, errB := keys.Thumbprint(brought.Public)
	return errA != nil || errB != nil || a != b
}

// namedKey resolves an identifier of a key that must be the issuer's. What
// shows by its name to be another's is not even asked for. Where it is named in
// the document is known to the caller.
func (s *subject) namedKey(ctx context.Context, id string) (keys.VerificationMethod, Finding) {
	issuer := s.issuerID()
	owner, _, _ := strings.Cut(id, "#")
	if isDID(issuer) || isDID(owner) {
		if owner != issuer {
			return s.keyOfAnother(ctx, id, owner)
		}
		m, err := s.errands.key(ctx, id)
		return s.authorize(ctx, m, err)
	}
	if !sameHost(owner, issuer) {
		return keys.VerificationMethod{}, wrongController(owner, issuer)
	}
	m, err := s.errands.issuerKey(ctx, id, issuer)
	return s.authorize(ctx, m, err)
}

// keyOfAnother looks at a key that is not the issuer's. That of a badge is not
// asked for: its signature would say nothing. In any other credential somebody
// may have signed beside the issuer (VC Data Integrity section 2.1.1), so there a
// key that is its own document is used.
func (s *subject) keyOfAnother(ctx context.Context, id, owner string) (keys.VerificationMethod, Finding) {
	f := wrongController(owner, s.issuerID())
	if !s.others || !strings.HasPrefix(owner, "did:key:") && !strings.HasPrefix(owner, "did:jwk:") {
		return keys.VerificationMethod{}, f
	}
	m, err := s.errands.key(ctx, id)
	if err != nil {
		return keys.VerificationMethod{}, f
	}
	return m, f
}

// amongOthers takes away what the keys of others would say of a credential that
// is no badge: beside a proof of the issuer they are witnesses. Where there is
// none, an issuer who is a DID has not signed; one who is an address may own the
// key, which the data model leaves to whoever relies on it (VC data model
// section 4.7), so that is a remark.
func (s *subject) amongOthers(all []authentication) {
	if !s.others {
		return
	}
	signed := slices.ContainsFunc(all, func(a authentication) bool { return held(a.proof) && held(a.key) })
	for i := range all {
		switch a := &all[i]; {
		case a.key.Code != WrongController || !held(a.proof):
		case signed:
			a.key = passed(OK)
		case !isDID(s.issuerID()):
			a.key.Outcome = Warned
		}
	}
}

func held(f Finding) bool { return f.Outcome == Passed || f.Outcome == Warned }

// sameHost: an https issuer publishes its keys on its own host. What cannot be
// read as an address is left to the resolver to refuse.
func sameHost(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX != nil || errY != nil || strings.EqualFold(x.Host, y.Host)
}

func wrongController(owner, issuer string) Finding {
	return failed(WrongController, "", "The key is of %s, the issuer is %s.", clip(owner, 120), clip(issuer, 120))
}

// authorize asks of a resolved key whether the issuer lets it sign, now. The
// present counts and not proof.created, which is the signer's own word.
func (s *subject) authorize(ctx context.Context, m keys.VerificationMethod, err error) (keys.VerificationMethod, Finding) {
	if err != nil {
		return keys.VerificationMethod{}, keyFault(err)
	}
	if issuer := s.issuerID(); m.Controller != issuer || issuer == "" {
		return m, wrongController(m.Controller, issuer)
	}
	if allowed := m.Assertion && s.presenter == "" || m.Authentication && s.presenter != ""; !allowed {
		return m, failed(KeyNotAuthorized, "", "The issuer does not list the key under %s.", s.purpose())
	}
	if err := m.ValidAt(s.now); err != nil {
		f := keyFault(err)
		if errors.Is(err, keys.ErrRevoked) {
			f = s.revokedKey(ctx, m, f)
		}
		if f.Params == nil {
			f.Params = map[string]string{"at": endOf(m, err).UTC().Format(time.RFC3339)}
		}
		return m, f
	}
	f := passed(OK)
	if !s.isList { // whose findings nobody is told
		f.Params = map[string]string{"key": m.ID, "controller": m.Controller}
	}
	return m, f
}

// revokedKey asks whether a document was there before its key came into
// strange hands. The date in it says nothing about that: a thief writes any.
// Only who put it on record at the time can tell.
func (s *subject) revokedKey(ctx context.Context, m keys.VerificationMethod, revoked Finding) Finding {
	if s.v.records == nil || s.doc == nil {
		return revoked
	}
	at, ok, err := s.v.records.RecordedAt(ctx, s.doc)
	switch {
	case err != nil:
		f := unknown(KeyUnreachable, "", "Whether the document is older than the revocation could not be looked up.")
		f.Cause = err
		return f
	case !ok || !at.Before(m.Revoked):
		return revoked
	}
	return Finding{Outcome: Warned, Code: KeyCompromisedLater, Params: map[string]string{
		"key": m.ID, "controller": m.Controller, "at": m.Revoked.UTC().Format(time.RFC3339), "recorded": at.UTC().Format(time.RFC3339)},
		Detail: "The key was revoked; this document was on record before."}
}

func endOf(m keys.VerificationMethod, err error) time.Time {
	if errors.Is(err, keys.ErrRevoked) {
		return m.Revoked
	}
	return m.Expires
}

// keyCodes are the codes of errors of package keys, the more telling first.
var keyCodes = []struct {
	err  error
	code Code
}{
	{keys.ErrPrivateKeyExposed, KeyExposed}, {keys.ErrRevoked, KeyRevoked}, {keys.ErrExpired, KeyExpired},
	{keys.ErrWeakKey, WeakKey}, {keys.ErrInvalidKey, WeakKey}, {keys.ErrNotAuthorized, KeyNotAuthorized},
	{keys.ErrInvalidDocument, KeyDocumentInvalid}, {keys.ErrMethodNotFound, KeyNotFound}, {keys.ErrInvalidIdentifier, KeyNotFound},
}

// keyFault sorts the errors of a resolver: somebody's fault, or an open
// question. What a request met with on its way is no stranger's business.
func keyFault(err error) Finding {
	detail := clip(err.Error(), 400)
	if keys.Wrong(err) {
		for _, k := range keyCodes {
			if errors.Is(err, k.err) {
				return failed(k.code, "", "%s", detail)
			}
		}
	}
	if errors.Is(err, keys.ErrUnsupported) && !errors.Is(err, keys.ErrUnreachable) {
		return unknown(KeyUnsupported, "", "%s", detail)
	}
	f := unknown(KeyUnreachable, "", "The issuer's keys could not be fetched.")
	f.Cause = err
	return f
}
