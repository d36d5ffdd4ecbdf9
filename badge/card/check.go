package card

import (
	"fmt"
	"strings"
	"time"

	"laurel/internal/strictjson"
	"laurel/keys"
)

// Outcome is what can be said of a card without a network.
type Outcome int

// The outcomes. Only Genuine is good, and none says whether the badge was
// withdrawn.
const (
	UnknownKey  Outcome = iota // none of the keys is the one that it names: nothing can be told
	Changed                    // it was changed, or another key signed it
	RevokedKey                 // the issuer has withdrawn the key, or it has ended
	OtherIssuer                // it names another issuer than the one whose key signed it
	NotBegun                   // signed so; its first day has not come
	Ended                      // signed so; its last day is over
	Genuine
)

// ReadKeys reads a file of keys as services publish it: a JWK Set, or a DID or
// controller document, of whose keys those count that may sign statements. The
// error is that of package keys.
func ReadKeys(raw []byte) ([]keys.VerificationMethod, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: keys.MaxDocument})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", keys.ErrInvalidDocument, err)
	}
	if !v.Get("keys").Exists() {
		d, err := keys.ParseControllerDocument(raw, v.Get("id").Text())
		if err != nil {
			return nil, err
		}
		var signing []keys.VerificationMethod
		for _, m := range d.Methods {
			if m.Assertion {
				signing = append(signing, m)
			}
		}
		return signing, nil
	}
	set, err := keys.ParseJWKSet(raw)
	if err != nil {
		return nil, err
	}
	var signing []keys.VerificationMethod
	for _, k := range set {
		if controller, _, ok := strings.Cut(k.KeyID, "#"); ok && k.Err == nil {
			signing = append(signing, keys.VerificationMethod{ID: k.KeyID, Controller: controller, Public: k.Public, Assertion: true, Expires: k.Expires, Revoked: k.Revoked})
		}
	}
	return signing, nil
}

// Check tells what there is to be said of a card by these keys at a moment, and
// whose key it was, where one has signed it.
func (s *Signed) Check(known []keys.VerificationMethod, now time.Time) (Outcome, keys.VerificationMethod) {
	out := UnknownKey
	for _, m := range known {
		if !s.NamedBy(m) {
			continue
		}
		if out = Changed; s.Verify(m) == nil {
			return s.signedBy(m, now), m
		}
	}
	return out, keys.VerificationMethod{}
}

func (s *Signed) signedBy(m keys.VerificationMethod, now time.Time) Outcome {
	switch {
	case !m.Revoked.IsZero() && !now.Before(m.Revoked), !m.Expires.IsZero() && !now.Before(m.Expires):
		return RevokedKey
	case strings.HasPrefix(m.Controller, "did:web:") && !strings.HasSuffix(m.Controller, ":issuers:"+s.Issuer):
		return OtherIssuer
	case !s.Begun(now):
		return NotBegun
	case s.Ended(now):
		return Ended
	}
	return Genuine
}
