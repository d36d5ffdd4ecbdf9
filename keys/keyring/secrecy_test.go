package keyring

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"laurel/keys"
)

// However a ring, a key or a seal is printed or logged, nothing secret shows.
func TestNothingSecretIsShown(t *testing.T) {
	seal := passphraseSeal(t, "correct horse battery")
	_, r := create(t, seal, keys.EdDSA, keys.ES256)
	s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Issuer("main").Active(t.Context(), keys.ES256)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, v := range []any{s, e, r, seal, &seal, r.Issuer("main"), r.Keys(), []any{s}, map[string]any{"key": e}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("shown", "value", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("shown", "value", v)
		if raw, err := json.Marshal(v); err == nil {
			out.Write(raw)
		}
	}
	for _, shown := range []string{fmt.Sprint(s.(fmt.Stringer), e.(fmt.GoStringer).GoString(), seal.GoString(), r.GoString())} {
		out.WriteString(shown)
	}
	text := strings.ToLower(out.String())
	if !strings.Contains(text, strings.ToLower(s.Method().ID)) {
		t.Fatal("not even the public id is shown: does the test look at anything?")
	}
	seed := s.(*signer).private.(ed25519.PrivateKey).Seed()
	scalar, err := e.(*signer).private.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	number := new(big.Int).SetBytes(scalar)
	for name, secret := range map[string]string{
		"seed in hex": hex.EncodeToString(seed), "seed in base64": base64.StdEncoding.EncodeToString(seed)[:40],
		"seed as numbers": strings.Trim(fmt.Sprint(seed[:8]), "[]"), "scalar in hex": hex.EncodeToString(scalar),
		"scalar in decimal": number.String(), "passphrase": "correct horse", "passphrase in hex": hex.EncodeToString([]byte("correct horse")),
		"identity": strings.ToLower("AGE-SECRET-KEY"),
	} {
		if strings.Contains(text, strings.ToLower(secret)) {
			t.Errorf("%s is shown", name)
		}
	}
}

func TestNewSigner(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(keys.VerificationMethod{ID: "a#1", Public: public}, private)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := s.Sign(t.Context(), []byte("m"))
	if err != nil || s.Method().Verify([]byte("m"), signature) != nil || s.Method().ID != "a#1" {
		t.Fatalf("%v, %v", s, err)
	}
	for name, c := range map[string]struct {
		public  crypto.PublicKey
		private crypto.Signer
		want    error
	}{
		"another key":    {other, private, keys.ErrInvalidKey},
		"no public key":  {nil, private, keys.ErrInvalidKey},
		"no private key": {public, nil, keys.ErrInvalidKey},
		"P-521":          {&p521.PublicKey, p521, keys.ErrUnsupported},
	} {
		if s, err := NewSigner(keys.VerificationMethod{Public: c.public}, c.private); !errors.Is(err, c.want) || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}
