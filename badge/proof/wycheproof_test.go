//go:build wycheproof

package proof

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"laurel/badge"
	"laurel/keys"
)

// TestWycheproofJWS takes the vectors for JSON Web Signatures through what a
// token goes through here: reading, header rules, key rules, signature. Their
// payloads are no credentials, so what comes after is left out. Vectors of
// algorithms that are not ours must be refused, valid or not.
func TestWycheproofJWS(t *testing.T) {
	dir := os.Getenv("WYCHEPROOF")
	if dir == "" {
		t.Fatal("name the folder of the repository C2SP/wycheproof in WYCHEPROOF")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "testvectors_v1", "json_web_signature_test.json"))
	must(t, err)
	var f struct {
		NumberOfTests int
		TestGroups    []struct {
			Comment string
			Public  json.RawMessage
			Tests   []struct {
				TcID    int
				Comment string
				JWS     any
				Result  string
			}
		}
	}
	must(t, json.Unmarshal(raw, &f))
	counts := map[string]int{}
	for _, g := range f.TestGroups {
		key, err := keys.ParseJWK(g.Public) // a symmetric key has no public half
		for _, c := range g.Tests {
			text, _ := c.JWS.(string)
			holds := err == nil && holdsJWS(text, key)
			ours := err == nil && key.Public != nil && supported(text)
			switch {
			case c.Result == "valid" && ours && holds:
				counts["verified"]++
			case c.Result == "valid" && !ours && !holds:
				counts["of other algorithms or keys, refused"]++
			case c.Result == "valid" && strings.Contains(text, "..") && !holds: // an empty payload is no credential
				counts["empty, refused"]++
			case c.Result != "valid" && !holds:
				counts["refused"]++
			default:
				t.Errorf("%s %d (%s, %s): held is %t", g.Comment, c.TcID, c.Result, c.Comment, holds)
			}
		}
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	if total != f.NumberOfTests || counts["verified"] == 0 {
		t.Errorf("%v of %d", counts, f.NumberOfTests)
	}
	t.Log(counts)
}

// holdsJWS is the way of a token up to its payload.
func holdsJWS(text string, key keys.JSONWebKey) bool {
	parts := strings.Split(text, ".")
	if _, err := badge.Parse([]byte(text)); err == nil || len(parts) != 3 || !strings.Contains(err.Error(), "payload:") {
		return false // not even a JWS
	}
	d, err := badge.Parse([]byte(parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte("{}")) + "." + parts[2]))
	if err != nil {
		return false
	}
	header, err := ReadHeader(d)
	if err != nil {
		return false
	}
	method := keys.VerificationMethod{Public: key.Public}
	alg, err := method.Algorithm()
	if err != nil || alg != header.Algorithm {
		return false
	}
	return method.Verify([]byte(parts[0]+"."+parts[1]), d.JWS().Signature) == nil
}

// supported tells whether a header asks for an algorithm of ours.
func supported(text string) bool {
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[0])
	var h struct{ Alg jose.SignatureAlgorithm }
	if err != nil || json.Unmarshal(header, &h) != nil {
		return false
	}
	for _, a := range algorithms {
		if a == h.Alg {
			return true
		}
	}
	return false
}
