package platform

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/internal/strictjson"
	"laurel/keys"
)

// ErrSignature refuses what a platform that signs has not signed.
var ErrSignature = errors.New("platform: not signed with a key of the platform")

// ReadKeys reads the keys that a platform signs with: a JWK Set of at least one
// key, each of which can be used and has an id of its own, since signatures name
// theirs. The error is badge.Errors, with pointers into the set.
func ReadKeys(set []byte) (list []keys.VerificationMethod, err error) {
	refuse := func(at, detail string) error { return fault("keys_invalid", at, detail) }
	all, err := keys.ParseJWKSet(set)
	switch {
	case errors.Is(err, keys.ErrPrivateKeyExposed):
		return nil, refuse("", "It holds the private half of a key. Give public keys, and have the platform draw new ones.")
	case err != nil || len(all) == 0:
		return nil, refuse("", "Give the platform's JWK Set as it publishes it, with at least one key.")
	}
	for n, k := range all {
		at := strictjson.Pointer("/keys", fmt.Sprint(n))
		taken := slices.ContainsFunc(list, func(m keys.VerificationMethod) bool { return m.ID == k.KeyID })
		switch {
		case k.Err != nil:
			return nil, refuse(at, "Signatures of this key cannot be checked here: Ed25519, P-256, P-384 and RSA of 2,048 to 8,192 bits can.")
		case k.KeyID == "" || taken:
			return nil, refuse(at+"/kid", "Each key has an id of its own.")
		}
		list = append(list, keys.VerificationMethod{ID: k.KeyID, Public: k.Public, Expires: k.Expires, Revoked: k.Revoked})
	}
	return list, nil
}

// leeway is how far the clock of a platform may be from ours.
const leeway = 5 * time.Minute

// Open returns what a platform has signed: the payload of a compact JWS (RFC
// 7515), whose claims say that it is for now where they say anything of that.
// Which algorithm is meant, the key tells and not the header. The error is
// ErrSignature.
func Open(by []keys.VerificationMethod, body []byte, now time.Time) (payload []byte, err error) {
	text := string(bytes.TrimSpace(body))
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, unsigned("it is no compact JWS")
	}
	decoded := make([][]byte, len(parts))
	for n, part := range parts {
		// Line ends are skipped by the decoder, however strict.
		if decoded[n], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, unsigned("a part of it is no base64url")
		}
	}
	header, err := parse(decoded[0])
	if err != nil || header.Get("crit").Exists() {
		return nil, unsigned("its header cannot be read, or asks for what is not known here")
	}
	kid := header.Get("kid").Text()
	at := slices.IndexFunc(by, func(m keys.VerificationMethod) bool { return m.ID == kid })
	if at < 0 {
		return nil, unsigned("it names none of the keys")
	}
	if err := verify(by[at], header.Get("alg").Text(), text[:strings.LastIndexByte(text, '.')], decoded[2], now); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if err := timely(decoded[1], now); err != nil {
		return nil, err
	}
	return decoded[1], nil
}

func unsigned(why string) error { return fmt.Errorf("%w: %s", ErrSignature, why) }

func verify(by keys.VerificationMethod, named, input string, signature []byte, now time.Time) error {
	alg, err := by.Algorithm()
	switch {
	case err != nil:
		return err
	case named != string(alg):
		return keys.ErrSignature
	}
	if err := by.ValidAt(now); err != nil {
		return err
	}
	return by.Verify([]byte(input), signature)
}

// timely holds a payload to the times of which it says that it is for them (RFC
// 7519 sections 4.1.4 and 4.1.5). One that is no JSON is refused by its reader.
func timely(payload []byte, now time.Time) error {
	v, err := parse(payload)
	if err != nil {
		return nil //nolint:nilerr // Adapter.Read says what is wrong with it
	}
	for _, claim := range []struct {
		name  string
		holds func(at time.Time) bool
	}{
		{"exp", func(at time.Time) bool { return now.Before(at.Add(leeway)) }},
		{"nbf", func(at time.Time) bool { return !now.Before(at.Add(-leeway)) }},
	} {
		if m := v.Get(claim.name); m.Exists() {
			if at, ok := strictjson.NumericDate(m); !ok || !claim.holds(at) {
				return unsigned("it is not for this time")
			}
		}
	}
	return nil
}
