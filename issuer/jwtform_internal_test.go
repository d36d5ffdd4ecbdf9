package issuer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"laurel/store"
)

func tokenOf(header, payload, signature string) []byte {
	e := base64.RawURLEncoding.EncodeToString
	return []byte(e([]byte(header)) + "." + e([]byte(payload)) + "." + e([]byte(signature)))
}

// TestTokensComeBack: whatever the token, what is kept leads back to its bytes.
func TestTokensComeBack(t *testing.T) {
	const document = `{"id":"a","name":"b","proof":[]}`
	for name, c := range map[string]struct {
		token  []byte
		packed bool
	}{
		"alike but for the end":    {tokenOf(`{"alg":"RS256"}`, `{"id":"a","name":"b","iss":"c"}`, "signature"), true},
		"longer than the badge":    {tokenOf(`{"alg":"RS256"}`, document+"x", "signature"), true},
		"nothing alike":            {tokenOf(`{"alg":"RS256"}`, `[]`, "signature"), true},
		"the badge and no more":    {tokenOf(`{"alg":"RS256"}`, document, "signature"), false},
		"no signature":             {tokenOf(`{}`, `{}`, ""), false},
		"two parts":                {[]byte("e30.e30"), false},
		"no base64":                {[]byte("e30.!.e30"), false},
		"padded":                   {[]byte("e30=.e30.e30"), false},
		"bits behind the last one": {[]byte("e30.e31.e31"), false},
		"empty":                    {nil, false},
	} {
		kept := packJWT(c.token, []byte(document))
		if packed := len(kept) > 0 && kept[0] == packedJWT; packed != c.packed {
			t.Errorf("%s: packed: %t", name, packed)
		}
		if again, err := unpackJWT(kept, []byte(document)); err != nil || !bytes.Equal(again, c.token) {
			t.Errorf("%s: %s, %v", name, again, err)
		}
	}
}

// TestDamagedTokensAreErrors cuts what is kept short, and takes the badge away.
func TestDamagedTokensAreErrors(t *testing.T) {
	const document = `{"id":"a","name":"b","proof":[]}`
	kept := packJWT(tokenOf(`{"alg":"RS256"}`, `{"id":"a","name":"b","iss":"c"}`, "signature"), []byte(document))
	end := len(kept) - len(`iss":"c"}`)
	for n := 1; n <= end; n++ {
		if got, err := unpackJWT(kept[:n], []byte(document)); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%d bytes: %s, %v", n, got, err)
		}
	}
	if got, err := unpackJWT(kept, nil); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("without the badge: %s, %v", got, err)
	}
}
