package verifier_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"laurel/keys"
	"laurel/verifier"
)

// webIssuer publishes a key of the did:web issuer and an empty list signed by
// it.
func webIssuer(w *world, alg keys.Algorithm) signer {
	k := w.publish(keyPair(w.t, alg))
	w.list(listURL, "revocation", w.lister, nil)
	return k
}

// jwkOf is a key as a token brings it along.
func jwkOf(t testing.TB, k signer) json.RawMessage {
	t.Helper()
	raw, err := keys.JWK(k.method.Public, "")
	must(t, err)
	return raw
}

const (
	httpsIssuer = "https://badges.example.edu/issuers/7"
	wellKnown   = "https://badges.example.edu/.well-known/jwks.json"
)

// httpsKey publishes a key of an https issuer in the JWK Set of its host.
func httpsKey(w *world, alg keys.Algorithm) signer {
	k := keyPair(w.t, alg)
	k.method.ID, k.method.Controller = wellKnown+"#k7", httpsIssuer
	set, err := keys.JWKS([]keys.VerificationMethod{k.method})
	must(w.t, err)
	w.web.put(wellKnown, set)
	return k
}

func TestTokens(t *testing.T) {
	// as is a good payload under any header, signed by the published key.
	as := func(alg keys.Algorithm, header map[string]any, edits ...edit) func(*world) string {
		return func(w *world) string {
			k := webIssuer(w, alg)
			h := map[string]any{"alg": string(alg), "kid": k.method.ID, "typ": "JWT"}
			for name, v := range header {
				if h[name] = v; v == nil {
					delete(h, name)
				}
			}
			return w.jws(h, w.payload(k, edits...), k)
		}
	}
	es := func(header map[string]any) func(*world) string { return as(keys.ES256, header) }
	claims := func(edits ...edit) func(*world) string { return as(keys.EdDSA, nil, edits...) }
	badProof := one(proofs, fail, verifier.ProofInvalid)
	badAlgorithm := one(proofs, fail, verifier.AlgorithmNotAllowed)
	badHeader := one(proofs, fail, verifier.HeaderNotAllowed)
	badClaims := one(proofs, fail, verifier.ClaimsDiffer)
	unclear := one(proofs, fail, verifier.KeyUnclear)
	noToken := one(format, fail, verifier.MalformedToken)
	// beside is a token of the did:key issuer with an embedded proof in its
	// payload, made over the badge as the edits leave it.
	beside := func(proof func(w *world) string, edits ...edit) func(*world) string {
		return func(w *world) string {
			return w.jws(map[string]any{"alg": "EdDSA", "kid": w.issuer.method.ID}, w.payload(w.issuer, append(edits, add(`"proof":`+proof(w)))...), w.issuer)
		}
	}
	own := func(w *world) string { return onlyProof(t, w.badge()) }
	for _, s := range []state{
		{name: "RS256", verdict: valid, make: as(keys.RS256, nil), want: []finding{{proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}}},
		{name: "ES256", verdict: valid, make: es(nil), want: one(proofs, pass, verifier.OK)},
		{name: "ES384", verdict: valid, make: as(keys.ES384, nil), want: one(proofs, pass, verifier.OK)},
		{name: "EdDSA", verdict: valid, make: as(keys.EdDSA, nil), want: one(proofs, pass, verifier.OK)},
		{name: "did:key, made by the suite", verdict: valid, make: func(w *world) string { return w.token(w.issuer) }, want: one(proofs, pass, verifier.OK)},
		{name: "vc+jwt", verdict: valid, make: es(map[string]any{"typ": "vc+jwt"}), want: one(proofs, pass, verifier.OK)},
		{name: "with a line end behind", verdict: valid, make: func(w *world) string { return es(nil)(w) + "\r\n" }, want: one(proofs, pass, verifier.OK)},

		{name: "none", verdict: invalid, make: func(w *world) string {
			parts := strings.Split(es(map[string]any{"alg": "none"})(w), ".")
			return parts[0] + "." + parts[1] + ".AA"
		}, want: badAlgorithm},
		{name: "none without a signature", verdict: invalid, make: func(w *world) string {
			parts := strings.Split(es(map[string]any{"alg": "none"})(w), ".")
			return parts[0] + "." + parts[1] + "."
		}, want: one(proofs, fail, verifier.NoProof)},
		{name: "None", verdict: invalid, make: es(map[string]any{"alg": "None"}), want: badAlgorithm},
		{name: "HS256", verdict: invalid, make: es(map[string]any{"alg": "HS256"}), want: badAlgorithm},
		{name: "no algorithm", verdict: invalid, make: es(map[string]any{"alg": nil}), want: badAlgorithm},
		{name: "an honest algorithm that is not known here", verdict: indeterminate, make: es(map[string]any{"alg": "PS256"}), want: one(proofs, open, verifier.UnsupportedSuite)},
		{name: "ES384 with a P-256 key", verdict: invalid, make: es(map[string]any{"alg": "ES384"}), want: badAlgorithm},
		{name: "ES256 with an Ed25519 key", verdict: invalid, make: as(keys.EdDSA, map[string]any{"alg": "ES256"}), want: badAlgorithm},
		{name: "crit", verdict: invalid, make: es(map[string]any{"crit": []string{"exp"}}), want: badHeader},
		{name: "empty crit", verdict: invalid, make: es(map[string]any{"crit": []string{}}), want: badHeader},
		{name: "b64", verdict: invalid, make: es(map[string]any{"b64": false, "crit": []string{"b64"}}), want: badHeader},
		{name: "jku", verdict: invalid, make: es(map[string]any{"jku": "https://evil.example/jwks"}), want: badHeader},
		{name: "x5c", verdict: invalid, make: es(map[string]any{"x5c": []string{"AAAA"}}), want: badHeader},
		{name: "an access token's type", verdict: invalid, make: es(map[string]any{"typ": "at+jwt"}), want: badHeader},
		{name: "no key", verdict: invalid, make: es(map[string]any{"kid": nil}), want: unclear},

		{name: "kid of another DID", verdict: invalid, make: func(w *world) string {
			other := didKey(t)
			return w.jws(map[string]any{"alg": "EdDSA", "kid": other.method.ID}, w.payload(w.issuer), other)
		}, want: []finding{{issuerKey, fail, verifier.WrongController}, {proofs, open, verifier.NoKey}}},
		{name: "kid that is no address", verdict: invalid, make: es(map[string]any{"kid": "../../etc/passwd"}), want: unclear},
		{name: "jwk of an attacker", verdict: invalid, make: func(w *world) string {
			k, other := webIssuer(w, keys.ES256), keyPair(t, keys.ES256)
			return w.jws(map[string]any{"alg": "ES256", "jwk": jwkOf(t, other)}, w.payload(k), other)
		}, want: []finding{{issuerKey, fail, verifier.KeyNotFound}, {proofs, open, verifier.NoKey}}},
		{name: "jwk of an attacker beside the issuer's kid", verdict: invalid, make: func(w *world) string {
			k, other := webIssuer(w, keys.ES256), keyPair(t, keys.ES256)
			return w.jws(map[string]any{"alg": "ES256", "kid": k.method.ID, "jwk": jwkOf(t, other)}, w.payload(k), other)
		}, want: unclear},
		{name: "jwk that the issuer publishes", verdict: valid, make: func(w *world) string {
			k := webIssuer(w, keys.RS256)
			return w.jws(map[string]any{"alg": "RS256", "jwk": jwkOf(t, k)}, w.payload(k), k)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "jwk and kid of the issuer", verdict: valid, make: func(w *world) string {
			k := webIssuer(w, keys.ES256)
			return w.jws(map[string]any{"alg": "ES256", "kid": k.method.ID, "jwk": jwkOf(t, k)}, w.payload(k), k)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "jwk with its private half", verdict: invalid, make: es(map[string]any{"kid": nil, "jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}}),
			want: one(issuerKey, fail, verifier.KeyExposed)},
		{name: "unreachable", verdict: indeterminate, make: func(w *world) string {
			text := es(nil)(w)
			delete(w.web.pages, webDocument)
			return text
		}, want: one(issuerKey, open, verifier.KeyUnreachable)},

		{name: "https issuer, key in the set of its host", verdict: valid, make: func(w *world) string {
			k := httpsKey(w, keys.RS256)
			return w.jws(map[string]any{"alg": "RS256", "kid": k.method.ID}, w.payload(k, drop("credentialStatus")), k)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "https issuer, jwk that is in the set of its host", verdict: valid, make: func(w *world) string {
			k := httpsKey(w, keys.RS256)
			return w.jws(map[string]any{"alg": "RS256", "jwk": jwkOf(t, k)}, w.payload(k, drop("credentialStatus")), k)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "https issuer, jwk of an attacker", verdict: indeterminate, make: func(w *world) string {
			k, other := httpsKey(w, keys.RS256), keyPair(t, keys.RS256)
			return w.jws(map[string]any{"alg": "RS256", "jwk": jwkOf(t, other)}, w.payload(k), other)
		}, want: one(issuerKey, open, verifier.KeyUnreachable)},
		{name: "https issuer, jwk of an attacker, both places reached", verdict: invalid, make: func(w *world) string {
			k, other := httpsKey(w, keys.RS256), keyPair(t, keys.RS256)
			w.web.put(httpsIssuer, []byte(`{"id":"`+httpsIssuer+`"}`))
			return w.jws(map[string]any{"alg": "RS256", "jwk": jwkOf(t, other)}, w.payload(k), other)
		}, want: one(issuerKey, fail, verifier.KeyNotFound)},
		{name: "https issuer, kid elsewhere", verdict: invalid, make: func(w *world) string {
			k := httpsKey(w, keys.RS256)
			return w.jws(map[string]any{"alg": "RS256", "kid": "https://evil.example/keys#k7"}, w.payload(k), k)
		}, want: one(issuerKey, fail, verifier.WrongController)},

		{name: "payload tampered", verdict: invalid, make: func(w *world) string {
			parts := strings.Split(es(nil)(w), ".")
			raw, err := base64.RawURLEncoding.DecodeString(parts[1])
			must(t, err)
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(swap(`"value":"94"`, `"value":"99"`)(t, string(raw))))
			return strings.Join(parts, ".")
		}, want: badProof},
		{name: "signature of another", verdict: invalid, make: func(w *world) string {
			k := webIssuer(w, keys.ES256)
			return w.jws(map[string]any{"alg": "ES256", "kid": k.method.ID}, w.payload(k), keyPair(t, keys.ES256))
		}, want: badProof},
		{name: "line end inside", verdict: invalid, make: func(w *world) string { return strings.Replace(es(nil)(w), ".", ".\n", 1) }, want: noToken},
		{name: "half a token", verdict: invalid, make: func(w *world) string {
			parts := strings.Split(es(nil)(w), ".")
			return parts[0] + "." + parts[1][:len(parts[1])/8*4] + "." + parts[2]
		}, want: noToken},
		{name: "a token of no JSON", verdict: invalid, make: func(w *world) string { return signedAs(t, w.issuer, `{"alg":"EdDSA"}`, "hello") }, want: noToken},
		{name: "a header of no JSON", verdict: invalid, make: func(w *world) string { return signedAs(t, w.issuer, `EdDSA`, "{}") }, want: noToken},
		{name: "a token of somebody's login", verdict: invalid, make: func(w *world) string {
			return signedAs(t, w.issuer, `{"alg":"EdDSA"}`, `{"iss":"https://login.example","sub":"ana"}`)
		}, want: one(format, fail, verifier.NotABadge)},
		{name: "five parts", verdict: invalid, make: func(w *world) string { return es(nil)(w) + ".AA.AA" }, want: one(format, fail, verifier.Unreadable)},
		{name: "a megabyte of dots", verdict: invalid, make: func(*world) string { return strings.Repeat(".", 1<<20) }, want: one(format, fail, verifier.Unreadable)},

		{name: "a good proof inside", verdict: valid, make: beside(own), want: []finding{{proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}}},
		{name: "a proof of something else inside", verdict: invalid, make: beside(own, swap(`"value":"94"`, `"value":"99"`)), want: badProof},
		{name: "a set inside, one of them bad", verdict: invalid, make: beside(func(w *world) string {
			return "[" + own(w) + "," + swap("T09:00:00Z", "T09:00:01Z")(t, own(w)) + "]"
		}), want: badProof},
		{name: "a proof of somebody else inside", verdict: invalid, make: beside(func(w *world) string {
			return onlyProof(t, w.sign(w.unsigned(w.issuer.method.Controller), didKey(t), now))
		}), want: one(issuerKey, fail, verifier.WrongController)},
		{name: "no proof at all inside", verdict: invalid, make: beside(func(*world) string { return `{}` }), want: badProof},
		{name: "an empty set inside", verdict: invalid, make: beside(func(*world) string { return `[]` }), want: one(proofs, fail, verifier.NoProof)},
		{name: "a proof of an unknown suite inside", verdict: warning, make: beside(func(*world) string {
			return `{"type":"DataIntegrityProof","cryptosuite":"bbs-2023","verificationMethod":"did:example:x#1","proofPurpose":"assertionMethod","proofValue":"u2V0"}`
		}), want: []finding{{proofs, warn, verifier.UnsupportedSuite}, {issuerKey, pass, verifier.OK}}},

		{name: "iss", verdict: invalid, make: claims(put("iss", `"did:web:evil.example"`)), want: badClaims},
		{name: "no iss", verdict: invalid, make: claims(drop("iss")), want: badClaims},
		{name: "sub", verdict: invalid, make: claims(put("sub", `"urn:uuid:other"`)), want: badClaims},
		{name: "jti", verdict: invalid, make: claims(put("jti", `"https://badges.example.edu/credentials/other"`)), want: badClaims},
		{name: "nbf", verdict: invalid, make: claims(put("nbf", `1700000000`)), want: badClaims},
		{name: "nbf as a text", verdict: invalid, make: claims(put("nbf", `"1795167000"`)), want: badClaims},
		{name: "no nbf", verdict: valid, make: claims(drop("nbf")), want: one(proofs, pass, verifier.OK)},
		{name: "exp", verdict: invalid, make: claims(put("exp", `1900000000`)), want: badClaims},
		{name: "exp null", verdict: invalid, make: claims(put("exp", `null`)), want: badClaims},
		{name: "exp without validUntil, over", verdict: invalid, make: claims(drop("validUntil"), put("exp", `1795255199`)), want: one(validity, fail, verifier.Expired)},
		{name: "exp without validUntil, ahead", verdict: valid, make: claims(drop("validUntil"), put("exp", `1795255200`)), want: one(validity, pass, verifier.OK)},
		{name: "vc beside the credential", verdict: invalid, make: claims(put("vc", `{}`)), want: one(format, fail, verifier.Malformed)},
		{name: "vp beside the credential", verdict: invalid, make: claims(put("vp", `{}`)), want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "an undefined term, though signed", verdict: invalid, make: claims(add(`"salary":1`)), want: one(terms, fail, verifier.UndefinedTerm)},
		{name: "revoked", verdict: invalid, make: func(w *world) string {
			text := es(nil)(w)
			w.list(listURL, "revocation", w.lister, []int{badgeIndex})
			return text
		}, want: one(revocation, fail, verifier.Revoked)},
	} {
		s.run(t)
	}
}
