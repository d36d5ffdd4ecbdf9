package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"laurel/internal/strictjson"
)

// maxJWK bounds one JSON Web Key in bytes, a certificate chain included.
const maxJWK = 64 << 10

// JSONWebKey is a public key as read from its JSON form (RFC 7517).
type JSONWebKey struct {
	Public  crypto.PublicKey
	KeyID   string    // member kid, "" when there is none
	Issuer  string    // member iss: who uses the key on a host of many issuers; only a claim
	Expires time.Time // member exp; zero: no end
	Revoked time.Time // member revoked; zero: not revoked
	Err     error     // why Public is nil; set only within a JWK Set
}

// ParseJWK reads one public JSON Web Key that may verify signatures. The error
// is ErrPrivateKeyExposed for a key with any private member, ErrNotAuthorized
// when use, key_ops or alg keep it from this, ErrUnsupported for an unknown
// type or curve, ErrWeakKey or ErrInvalidKey.
func ParseJWK(raw []byte) (JSONWebKey, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxJWK})
	if err != nil {
		return JSONWebKey{}, fmt.Errorf("%w: %w", ErrInvalidKey, err)
	}
	return verifyingJWK(v)
}

// verifyingJWK is parseJWK for a key that must be allowed to verify.
func verifyingJWK(v strictjson.Value) (JSONWebKey, error) {
	k, err := parseJWK(v)
	if err == nil {
		err = mayVerify(v)
	}
	if err != nil {
		k.Public = nil
	}
	return k, err
}

// parseJWK fills in kid and iss even where it fails, so that a refused key of
// a set is still known by its name.
func parseJWK(v strictjson.Value) (JSONWebKey, error) {
	if v.Kind() != strictjson.Object {
		return JSONWebKey{}, fmt.Errorf("%w: a JSON Web Key is an object", ErrInvalidKey)
	}
	if err := refusePrivate(v); err != nil {
		return JSONWebKey{}, err
	}
	for _, name := range []string{"kty", "crv", "kid", "iss", "alg", "use"} {
		if m := v.Get(name); m.Exists() && m.Kind() != strictjson.String {
			return JSONWebKey{}, fmt.Errorf("%w: the member %s is not a string", ErrInvalidKey, name)
		}
	}
	k := JSONWebKey{KeyID: v.Get("kid").Text(), Issuer: v.Get("iss").Text()}
	pub, err := publicJWK(v)
	if err != nil {
		return k, err
	}
	if err := CheckPublic(pub); err != nil {
		return k, err
	}
	if k.Expires, err = numericDate(v, "exp"); err != nil {
		return k, err
	}
	if k.Revoked, err = revokedMember(v); err != nil {
		return k, err
	}
	k.Public = pub
	return k, nil
}

// revokedMember reads what OpenID Federation 1.0 section 8.7.3 says of keys
// that are published although they are out of use.
func revokedMember(v strictjson.Value) (time.Time, error) {
	m := v.Get("revoked")
	if !m.Exists() {
		return time.Time{}, nil
	}
	at, err := numericDate(m, "revoked_at")
	if err == nil && at.IsZero() {
		err = fmt.Errorf("%w: revoked at no time", ErrInvalidKey)
	}
	return at, err
}

// numericDate reads an optional moment.
func numericDate(v strictjson.Value, name string) (time.Time, error) {
	m := v.Get(name)
	if !m.Exists() {
		return time.Time{}, nil
	}
	at, ok := strictjson.NumericDate(m)
	if !ok {
		return at, fmt.Errorf("%w: %s is no time in seconds", ErrInvalidKey, name)
	}
	return at, nil
}

// privateMembers are the members of a JSON Web Key that hold secrets (RFC 7518
// section 6, RFC 8037; priv is that of the AKP type).
var privateMembers = [...]string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// refusePrivate names the member and never its value.
func refusePrivate(jwk strictjson.Value) error {
	for _, name := range privateMembers {
		if jwk.Get(name).Exists() {
			return fmt.Errorf("%w: JSON Web Key with the member %s", ErrPrivateKeyExposed, name)
		}
	}
	return nil
}

// mayVerify reads what the publisher says the key is for (RFC 7517 sections
// 4.2 to 4.4).
func mayVerify(v strictjson.Value) error {
	if use := v.Get("use"); use.Exists() && use.Text() != "sig" {
		return fmt.Errorf("%w: its use is %s, not sig", ErrNotAuthorized, clip(use.Text()))
	}
	ops := v.Get("key_ops")
	if !ops.Exists() {
		return nil
	}
	for _, op := range ops.Elements() {
		if op.Text() == "verify" {
			return nil
		}
	}
	return fmt.Errorf("%w: its key_ops do not hold verify", ErrNotAuthorized)
}

func publicJWK(v strictjson.Value) (crypto.PublicKey, error) {
	pub, err := keyMaterial(v)
	if err != nil {
		return nil, err
	}
	alg, err := AlgorithmOf(pub)
	if err != nil {
		return nil, err
	}
	named := v.Get("alg")
	// RFC 9864 calls EdDSA with this curve Ed25519.
	if !named.Exists() || named.Text() == string(alg) || (alg == EdDSA && named.Text() == "Ed25519") {
		return pub, nil
	}
	return nil, fmt.Errorf("%w: its alg is %s, the key is one for %s", ErrNotAuthorized, clip(named.Text()), alg)
}

func keyMaterial(v strictjson.Value) (crypto.PublicKey, error) {
	kty, crv := v.Get("kty").Text(), v.Get("crv").Text()
	switch {
	case kty == "OKP" && crv == "Ed25519":
		x, err := octets(v, "x", ed25519.PublicKeySize)
		return ed25519.PublicKey(x), err
	case kty == "EC" && crv == "P-256":
		return ecMaterial(v, elliptic.P256())
	case kty == "EC" && crv == "P-384":
		return ecMaterial(v, elliptic.P384())
	case kty == "RSA":
		return rsaMaterial(v)
	case kty == "":
		return nil, fmt.Errorf("%w: a JSON Web Key without kty", ErrInvalidKey)
	}
	return nil, fmt.Errorf("%w: a JSON Web Key of type %s %s", ErrUnsupported, clip(kty), clip(crv))
}

func ecMaterial(v strictjson.Value, curve elliptic.Curve) (crypto.PublicKey, error) {
	size := coordinateSize(curve)
	x, err := octets(v, "x", size)
	if err != nil {
		return nil, err
	}
	y, err := octets(v, "y", size)
	if err != nil {
		return nil, err
	}
	return uncompressedPoint(curve, x, y)
}

// rsaMaterial stands here because go-jose reads no modulus beyond 4096 bits
// unless a global of its own is changed.
func rsaMaterial(v strictjson.Value) (crypto.PublicKey, error) {
	n, err := octets(v, "n", 0)
	if err != nil {
		return nil, err
	}
	rawE, err := octets(v, "e", 0)
	if err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes(rawE)
	if !e.IsInt64() || e.Int64() > math.MaxInt32 {
		return nil, fmt.Errorf("%w: RSA with an exponent of %d bits", ErrWeakKey, e.BitLen())
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(e.Int64())}, nil
}

// octets decodes a base64url member of size bytes. Size 0 is any length up to
// that of the largest RSA modulus.
func octets(v strictjson.Value, name string, size int) ([]byte, error) {
	text := v.Get(name).Text()
	if text == "" {
		return nil, fmt.Errorf("%w: the member %s is missing", ErrInvalidKey, name)
	}
	// Some writers put a zero byte in front of a modulus.
	if size == 0 && len(text) > base64.RawURLEncoding.EncodedLen(maxRSABits/8+1) {
		return nil, fmt.Errorf("%w: RSA with more than %d bits", ErrWeakKey, maxRSABits)
	}
	raw, err := decodeBase64URL(text)
	if err != nil || (size != 0 && len(raw) != size) {
		return nil, fmt.Errorf("%w: the member %s is not base64url of the right length", ErrInvalidKey, name)
	}
	return raw, nil
}

// decodeBase64URL takes exactly one text for each value: encoding/base64 skips
// line ends even when it is strict.
func decodeBase64URL(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// ParseJWKSet reads a JWK Set (RFC 7517 section 5) of at most MaxDocument
// bytes and MaxMethods keys. A key that cannot be used stands in the result
// with its kid, iss and Err, so that asking for it gives the reason. A private
// member in any of them is ErrPrivateKeyExposed for the whole set; a text that
// is no set is ErrInvalidDocument.
func ParseJWKSet(raw []byte) ([]JSONWebKey, error) {
	v, err := parseDocument(raw)
	if err != nil {
		return nil, err
	}
	list := v.Get("keys")
	if list.Kind() != strictjson.Array || list.Len() > MaxMethods {
		return nil, fmt.Errorf("%w: a JWK Set has a member keys, an array of at most %d", ErrInvalidDocument, MaxMethods)
	}
	set := make([]JSONWebKey, 0, list.Len())
	for _, e := range list.Elements() {
		if err := refusePrivate(e); err != nil {
			return nil, err
		}
		k, err := verifyingJWK(e)
		k.Err = err
		set = append(set, k)
	}
	return set, nil
}

// JWK writes a public key as a JSON Web Key with the algorithm it signs with
// and, unless empty, the kid. The bytes are the same for the same key. The
// error is what CheckPublic has against the key.
func JWK(pub crypto.PublicKey, kid string) ([]byte, error) {
	members, err := jwkMembers(pub)
	if err != nil {
		return nil, err
	}
	if kid != "" {
		members["kid"] = kid
	}
	return json.Marshal(members)
}

// jwkMembers has only strings as values, and encoding/json sorts the names of
// a map, hence the same bytes each time.
func jwkMembers(pub crypto.PublicKey) (map[string]string, error) {
	if err := CheckPublic(pub); err != nil {
		return nil, err
	}
	alg, err := AlgorithmOf(pub)
	if err != nil {
		return nil, err
	}
	raw, err := jose.JSONWebKey{Key: pub, Algorithm: string(alg)}.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidKey, err)
	}
	members := map[string]string{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fmt.Errorf("reading the JSON Web Key just made: %w", err)
	}
	return members, nil
}

// JWKS writes the JWK Set of a host: for each method its key with the method
// id as kid, alg, and use sig, and what ends it: exp, and revoked as OpenID
// Federation 1.0 section 8.7.3 has it. Where several controllers share the host
// each key also names its own in iss. The error is what CheckPublic has against a
// key.
func JWKS(methods []VerificationMethod) ([]byte, error) {
	shared := slices.ContainsFunc(methods, func(m VerificationMethod) bool {
		return m.Controller != methods[0].Controller
	})
	set := struct {
		Keys []map[string]any `json:"keys"`
	}{Keys: make([]map[string]any, 0, len(methods))}
	for _, m := range methods {
		members, err := jwkMembers(m.Public)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", clip(m.ID), err)
		}
		key := map[string]any{"kid": m.ID, "use": "sig"}
		for name, value := range members {
			key[name] = value
		}
		if shared {
			key["iss"] = m.Controller
		}
		if !m.Expires.IsZero() {
			key["exp"] = m.Expires.Unix()
		}
		if !m.Revoked.IsZero() {
			key["revoked"] = map[string]int64{"revoked_at": m.Revoked.Unix()}
		}
		set.Keys = append(set.Keys, key)
	}
	return json.Marshal(set)
}

// Thumbprint is the SHA-256 thumbprint of a key in base64url (RFC 7638): the
// same for the same key, however it is published. The error is what
// CheckPublic has against the key.
func Thumbprint(pub crypto.PublicKey) (string, error) {
	if err := CheckPublic(pub); err != nil {
		return "", err
	}
	sum, err := (&jose.JSONWebKey{Key: pub}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrInvalidKey, err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
