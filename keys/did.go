package keys

import (
	"crypto"
	"fmt"
	"strings"

	"laurel/internal/strictjson"
)

// maxDIDJWK bounds a did:jwk in characters: an RSA key of 8192 bits needs less
// than half.
const maxDIDJWK = 8 << 10

// DIDKey is the did:key of a public key: a controller that is its own only
// key. The error is ErrUnsupported for RSA, else what CheckPublic has against
// the key.
func DIDKey(pub crypto.PublicKey) (string, error) {
	text, err := Multikey(pub)
	if err != nil {
		return "", err
	}
	return "did:key:" + text, nil
}

// ParseDIDKey expands a did:key to the document it stands for: one method,
// did#multikey, for assertion and authentication. Nothing is fetched. The error
// is ErrInvalidIdentifier, or that of ParseMultikey.
func ParseDIDKey(did string) (*ControllerDocument, error) {
	text, ok := strings.CutPrefix(did, "did:key:")
	if !ok || text == "" {
		return nil, fmt.Errorf("%w: not a did:key: %s", ErrInvalidIdentifier, clip(did))
	}
	pub, err := ParseMultikey(text)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w", err)
	}
	return &ControllerDocument{ID: did, Methods: []VerificationMethod{{
		ID: did + "#" + text, Controller: did, Public: pub, Assertion: true, Authentication: true,
	}}}, nil
}

// ParseDIDJWK expands a did:jwk to the document it stands for: one method,
// did#0. A key that may not verify, such as one with use enc, is listed under
// no relationship. The error is ErrInvalidIdentifier, or that of ParseJWK; it
// never quotes the identifier, in which a private key may stand.
func ParseDIDJWK(did string) (*ControllerDocument, error) {
	text, ok := strings.CutPrefix(did, "did:jwk:")
	if !ok || len(did) > maxDIDJWK {
		return nil, fmt.Errorf("%w: not a did:jwk of at most %d characters", ErrInvalidIdentifier, maxDIDJWK)
	}
	raw, err := decodeBase64URL(text)
	if err != nil {
		return nil, fmt.Errorf("%w: did:jwk is not base64url", ErrInvalidIdentifier)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: did:jwk: %w", ErrInvalidIdentifier, err)
	}
	k, err := parseJWK(v)
	if err != nil {
		return nil, fmt.Errorf("did:jwk: %w", err)
	}
	allowed := mayVerify(v) == nil
	return &ControllerDocument{ID: did, Methods: []VerificationMethod{{
		ID: did + "#0", Controller: did, Public: k.Public, Assertion: allowed, Authentication: allowed,
	}}}, nil
}
