package platform_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"laurel/keys"
	"laurel/programme/platform"
)

// key is a private key of a platform, and its public half as that publishes it.
func key(t *testing.T, kid string, private crypto.Signer) (signing jose.JSONWebKey, published string) {
	t.Helper()
	raw, err := keys.JWK(private.Public(), kid)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: private, KeyID: kid}, string(raw)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func set(published ...string) []byte {
	return []byte(`{"keys":[` + strings.Join(published, ",") + `]}`)
}

// signed is a compact JWS as a library makes it.
func signed(t *testing.T, alg jose.SignatureAlgorithm, by jose.JSONWebKey, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: by}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// TestOpen: what a platform has signed is what is read, and nothing else is.
func TestOpen(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	january, first := key(t, "2026-01-01", private)
	february, second := key(t, "2026-02-01", must(rsa.GenerateKey(rand.Reader, 2048)))
	curve, third := key(t, "curve", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edward, fourth := key(t, "edward", edwards)
	ended := func(kid, member string) string {
		return strings.Replace(strings.Replace(first, "2026-01-01", kid, 1), "{", `{`+member+",", 1)
	}
	by, err := platform.ReadKeys(set(first, second, third, fourth, ended("over", fmt.Sprintf(`"exp":%d`, now.Unix())), ended("gone", fmt.Sprintf(`"revoked":{"revoked_at":%d}`, now.Unix()))))
	if err != nil {
		t.Fatal(err)
	}
	event := compact(t, "canvas-course_completed.json")
	claims := func(more string) string { return strings.Replace(event, "{", "{"+more+",", 1) }
	for name, c := range map[string]struct {
		alg     jose.SignatureAlgorithm
		by      jose.JSONWebKey
		payload string
	}{
		"RSA": {jose.RS256, january, event}, "the next key": {jose.RS256, february, event}, "P-256": {jose.ES256, curve, event}, "Ed25519": {jose.EdDSA, edward, event},
		"its time": {jose.RS256, january, claims(fmt.Sprintf(`"nbf":%d,"exp":%d`, now.Unix()+299, now.Unix()-299))},
	} {
		token := signed(t, c.alg, c.by, c.payload)
		for _, body := range []string{token, " " + token + "\r\n"} {
			if got, err := platform.Open(by, []byte(body), now); err != nil || string(got) != c.payload {
				t.Errorf("%s: %s, %v", name, got, err)
			}
		}
	}
	good := signed(t, jose.RS256, january, event)
	parts := strings.Split(good, ".")
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	header := func(s string) string { return b64(s) + "." + parts[1] + "." + parts[2] }
	of := func(kid string) jose.JSONWebKey { return jose.JSONWebKey{Key: private, KeyID: kid} }
	hmac := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(first)}, (&jose.SignerOptions{}).WithHeader("kid", "2026-01-01")))
	for name, body := range map[string]string{
		"unsigned": event, "nothing": "", "two parts": parts[0] + "." + parts[1], "four parts": good + ".e30", "padded": good + "=",
		"a line end within":        parts[0] + "." + parts[1][:4] + "\n" + parts[1][4:] + "." + parts[2],
		"another event":            parts[0] + "." + b64(strings.Replace(event, `"123"`, `"124"`, 1)) + "." + parts[2],
		"no signature":             parts[0] + "." + parts[1] + ".",
		"alg none":                 header(`{"alg":"none","kid":"2026-01-01"}`),
		"another alg":              header(`{"alg":"RS512","kid":"2026-01-01"}`),
		"a header of its own":      header(`{"alg":"RS256","kid":"2026-01-01","x":1}`),
		"no header":                header(`[`),
		"an extension":             header(`{"alg":"RS256","kid":"2026-01-01","crit":["b64"],"b64":false}`),
		"the public key as secret": must(must(hmac.Sign([]byte(event))).CompactSerialize()),
		"another key by its name":  signed(t, jose.RS256, jose.JSONWebKey{Key: february.Key, KeyID: "2026-01-01"}, event),
		"an unknown key":           signed(t, jose.RS256, of("2026-03-01"), event),
		"no name of a key":         signed(t, jose.RS256, of(""), event),
		"a key that ran out":       signed(t, jose.RS256, of("over"), event),
		"a key that was revoked":   signed(t, jose.RS256, of("gone"), event),
		"over":                     signed(t, jose.RS256, january, claims(fmt.Sprintf(`"exp":%d`, now.Unix()-300))),
		"not yet":                  signed(t, jose.RS256, january, claims(fmt.Sprintf(`"nbf":%d`, now.Unix()+301))),
		"no time":                  signed(t, jose.RS256, january, claims(`"exp":"soon"`)),
	} {
		if got, err := platform.Open(by, []byte(body), now); !errors.Is(err, platform.ErrSignature) || got != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// TestSignedAgain: an event that is signed once more, with other claims, is the
// same event; and it is that which comes unsigned.
func TestSignedAgain(t *testing.T) {
	event := compact(t, "canvas-course_completed.json")
	plain := only(t, "canvas", event)
	for _, claims := range []string{`"iat":1772366400,"jti":"a"`, `"iat":1772366999,"jti":"b","exp":1772367999,"iss":"canvas","aud":"us","sub":"x","nbf":1`} {
		again := only(t, "canvas", strings.Replace(event, "{", "{"+claims+",", 1))
		if again.ID != plain.ID || again.Completion == nil || string(again.Completion.Digest) != string(plain.Completion.Digest) {
			t.Errorf("with %s it is %+v", claims, again)
		}
	}
	if other := only(t, "canvas", strings.Replace(event, `"id":"123"`, `"id":"124"`, 1)); other.ID == plain.ID {
		t.Error("another event has the same name")
	}
}

func TestReadKeys(t *testing.T) {
	_, good := key(t, "one", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))
	weak := `{"kty":"RSA","kid":"weak","n":"` + base64.RawURLEncoding.EncodeToString(must(rsa.GenerateKey(rand.Reader, 1024)).N.Bytes()) + `","e":"AQAB"}`
	for name, c := range map[string]struct{ set, want string }{
		"no set":        {`[]`, "keys_invalid "},
		"no JSON":       {`{`, "keys_invalid "},
		"no keys":       {`{"keys":[]}`, "keys_invalid "},
		"a private key": {string(set(strings.Replace(good, "{", `{"d":"AA",`, 1))), "keys_invalid "},
		"no id":         {string(set(good, strings.Replace(good, `"kid":"one",`, "", 1))), "keys_invalid /keys/1/kid"},
		"the same id":   {string(set(good, good)), "keys_invalid /keys/1/kid"},
		"a weak key":    {string(set(good, weak)), "keys_invalid /keys/1"},
		"a secret":      {`{"keys":[{"kty":"oct","kid":"s"}]}`, "keys_invalid /keys/0"},
		"for other use": {string(set(strings.Replace(good, "{", `{"use":"enc",`, 1))), "keys_invalid /keys/0"},
	} {
		if list, err := platform.ReadKeys([]byte(c.set)); rule(err) != c.want || list != nil {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if list, err := platform.ReadKeys(set(good)); err != nil || len(list) != 1 || list[0].ID != "one" {
		t.Errorf("%v, %v", list, err)
	}
}
