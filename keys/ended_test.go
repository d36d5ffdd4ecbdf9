package keys_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"laurel/keys"
)

// What ends a key is told in a JWK Set too, and read again.
func TestEndedKeysInASet(t *testing.T) {
	const did = "did:web:school.example"
	expires, revoked := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	m := keys.VerificationMethod{ID: did + "#k", Controller: did, Public: edPair(t).public, Assertion: true}
	ended := m
	ended.ID, ended.Public, ended.Expires, ended.Revoked = did+"#ended", edPair(t).public, expires, revoked
	raw, err := keys.JWKS([]keys.VerificationMethod{m, ended})
	if err != nil {
		t.Fatal(err)
	}
	set, err := keys.ParseJWKSet(raw)
	if err != nil || len(set) != 2 {
		t.Fatalf("%+v, %v", set, err)
	}
	if k := set[0]; k.Err != nil || !k.Expires.IsZero() || !k.Revoked.IsZero() {
		t.Errorf("%+v", k)
	}
	if k := set[1]; k.Err != nil || !k.Expires.Equal(expires) || !k.Revoked.Equal(revoked) {
		t.Errorf("%+v", k)
	}
}

// An end that cannot be read is no reason to take the key for one without end.
func TestUnreadableEnds(t *testing.T) {
	raw, err := keys.JWK(edPair(t).public, "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{
		`"exp":"2027"`, `"exp":-1`, `"exp":null`, `"exp":1e300`, `"exp":[1]`, `"exp":true`,
		`"revoked":{}`, `"revoked":true`, `"revoked":null`, `"revoked":{"revoked_at":"now"}`, `"revoked":{"revoked_at":-5}`, `"revoked":[{"revoked_at":5}]`,
	} {
		text := strings.TrimSuffix(string(raw), "}") + "," + member + "}"
		if k, err := keys.ParseJWK([]byte(text)); !errors.Is(err, keys.ErrInvalidKey) || k.Public != nil {
			t.Errorf("%s: %+v, %v", member, k, err)
		}
	}
	for member, want := range map[string]int64{`"exp":1767225600`: 1767225600, `"exp":1767225600.9`: 1767225600, `"exp":0`: 0} {
		k, err := keys.ParseJWK([]byte(strings.TrimSuffix(string(raw), "}") + "," + member + "}"))
		if err != nil || k.Expires.Unix() != want {
			t.Errorf("%s: %+v, %v", member, k, err)
		}
	}
}
