package verifier_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/jcs"
	"laurel/badge/canon/rdfc"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/keys"
	"laurel/verifier"
)

// Every suite that we sign with, with every key that it takes, verifies in a
// badge; a changed badge does not.
func TestEverySuite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := canonicalizer()
	must(t, err)
	for _, s := range proof.Securers(c, false) {
		for _, alg := range s.Algorithms() {
			if alg == keys.RS256 {
				continue // no did:key
			}
			t.Run(s.Name()+" "+string(alg), func(t *testing.T) {
				key := nameDIDKey(keyPair(t, alg))
				d, err := badge.Parse([]byte(w.unsigned(key.method.Controller, drop("credentialStatus"))))
				must(t, err)
				signed, err := s.Secure(context.Background(), d, key, now.Add(-time.Hour))
				must(t, err)
				text := string(signed.Raw())
				expect(t, verify(t, w.v, text, verifier.Options{}), valid, finding{proofs, pass, verifier.OK}, finding{issuerKey, pass, verifier.OK})
				if signed.JWS() != nil {
					return
				}
				changed := swap("Data Engineering Foundations", "Data Engineering Foundation")(t, text)
				expect(t, verify(t, w.v, changed, verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
				other := nameDIDKey(keyPair(t, alg))
				expect(t, verify(t, w.v, strings.ReplaceAll(text, key.method.Controller, other.method.Controller), verifier.Options{}), invalid)
			})
		}
	}
}

// Under a suite that signs JSON, a member that no context defines is signed as
// well, and yet means nothing to others: the terms are looked at all the same.
func TestTermsUnderJCS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := badge.Parse([]byte(w.unsigned(w.issuer.method.Controller, add(`"salary":"1000"`))))
	must(t, err)
	signed, err := proof.EdDSAJCS2022{}.Secure(context.Background(), d, w.issuer, now)
	must(t, err)
	must(t, proof.EdDSAJCS2022{}.Verify(signed, signed.Proofs()[0], w.issuer.method))
	expect(t, verify(t, w.v, string(signed.Raw()), verifier.Options{}), invalid, finding{terms, fail, verifier.UndefinedTerm}, finding{proofs, skip, verifier.NotRun})
}

// link is one proof of a chain: its id, and the ids of those that it signs.
type link struct {
	id     string
	before any // text, texts or nil
	signs  []int
}

// chain signs a badge with proofs that rest on each other. Each signs the
// proofs named by their numbers, whatever it says.
func (w *world) chain(links ...link) string {
	w.t.Helper()
	text := w.unsigned(w.issuer.method.Controller)
	var made []string
	for _, l := range links {
		options := map[string]any{}
		if l.id != "" {
			options["id"] = l.id
		}
		if l.before != nil {
			options["previousProof"] = l.before
		}
		var signed []string
		for _, i := range l.signs {
			signed = append(signed, made[i])
		}
		of := text
		if l.signs != nil {
			of = add(`"proof":[`+strings.Join(signed, ",")+`]`)(w.t, text)
		}
		proved := w.prove(of, w.issuer, options)
		last := proved[strings.LastIndex(proved, `"proof":[`):]
		made = append(made, strings.TrimSuffix(strings.TrimPrefix(last, `"proof":[`), "]}"))
	}
	return add(`"proof":[`+strings.Join(made, ",")+`]`)(w.t, text)
}

func TestChains(t *testing.T) {
	const a, b, c = "urn:uuid:00000000-0000-4000-8000-00000000000a", "urn:uuid:00000000-0000-4000-8000-00000000000b", "urn:uuid:00000000-0000-4000-8000-00000000000c"
	of := func(links ...link) func(*world) string {
		return func(w *world) string { return w.chain(links...) }
	}
	after := func(e edit, links ...link) func(*world) string {
		return func(w *world) string { return e(w.t, w.chain(links...)) }
	}
	two := []link{{id: a}, {id: b, before: a, signs: []int{0}}}
	three := []link{{id: a}, {id: b}, {id: c, before: []string{a, b}, signs: []int{0, 1}}, {before: c, signs: []int{2}}}
	for _, s := range []state{
		{name: "two", verdict: valid, make: of(two...), want: one(proofs, pass, verifier.OK)},
		{name: "a set, one that signs both, one that signs that", verdict: valid, make: of(three...), want: one(proofs, pass, verifier.OK)},
		{name: "in another order", verdict: valid, make: after(reversed, two...), want: one(proofs, pass, verifier.OK)},
		{name: "the second signs only the document", verdict: invalid, make: of(link{id: a}, link{id: b, before: a}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the second does not say what it signs", verdict: invalid, make: of(link{id: a}, link{id: b, signs: []int{0}}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the first was taken away", verdict: invalid, make: after(without(0), two...), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the second was taken away", verdict: valid, make: after(without(1), two...), want: one(proofs, pass, verifier.OK)},
		{name: "one of two before was taken away", verdict: invalid, make: after(without(1), three...), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the first was made anew", verdict: invalid, make: func(w *world) string {
			other := onlyProof(w.t, w.prove(w.unsigned(w.issuer.method.Controller), w.issuer, map[string]any{"id": a, "created": "2026-11-21T08:00:00Z"}))
			return replaced(0, other)(w.t, w.chain(two...))
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the first is bad", verdict: invalid, make: after(swap(`"created":"2026-11-21T09:00:00Z"`, `"created":"2026-11-21T09:00:01Z"`), two...), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a circle", verdict: invalid, make: after(swap(`"id":"`+a+`"`, `"id":"`+a+`","previousProof":"`+b+`"`), two...), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "two firsts of one id", verdict: invalid, make: of(link{id: a}, link{id: a}, link{before: a, signs: []int{0}}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a number", verdict: invalid, make: after(swap(`"previousProof":"`+a+`"`, `"previousProof":7`), two...), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a list of nothing", verdict: valid, make: of(link{id: a, before: []string{}}), want: one(proofs, pass, verifier.OK)},
		{name: "on one of an unknown suite", verdict: indeterminate, make: func(w *world) string {
			unknown := `{"id":"` + a + `","type":"DataIntegrityProof","cryptosuite":"bbs-2023","verificationMethod":"did:example:x#1","proofPurpose":"assertionMethod","proofValue":"u2V0"}`
			text := w.unsigned(w.issuer.method.Controller)
			proved := w.prove(add(`"proof":[`+unknown+`]`)(w.t, text), w.issuer, map[string]any{"previousProof": a})
			last := proved[strings.LastIndex(proved, `"proof":[`)+len(`"proof":[`):]
			return add(`"proof":[`+unknown+`,`+last[:len(last)-1])(w.t, text)
		}, want: one(proofs, open, verifier.UnsupportedSuite)},
	} {
		if s.verdict == invalid || s.verdict == indeterminate {
			s.want = notRun(s.want...)
		}
		s.run(t)
	}
}

// proofsOf edits the list of proofs.
func proofsOf(f func([]json.RawMessage) []json.RawMessage) edit {
	return func(t testing.TB, text string) string {
		return change(t, text, func(m map[string]json.RawMessage) {
			var list []json.RawMessage
			must(t, json.Unmarshal(m["proof"], &list))
			m["proof"] = marshal(t, f(list))
		})
	}
}

var reversed = proofsOf(func(list []json.RawMessage) []json.RawMessage { slices.Reverse(list); return list })

func without(i int) edit {
	return proofsOf(func(list []json.RawMessage) []json.RawMessage { return slices.Delete(list, i, i+1) })
}

func replaced(i int, other string) edit {
	return proofsOf(func(list []json.RawMessage) []json.RawMessage {
		list[i] = json.RawMessage(other)
		return list
	})
}

// Under a suite that signs JSON the proofs before stand in what is signed as a
// list in the order of the document.
func TestChainUnderJCS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	text := w.unsigned(w.issuer.method.Controller)
	first := jcsProof(w, text, `"id":"urn:uuid:1"`)
	second := jcsProof(w, add(`"proof":[`+first+`]`)(t, text), `"previousProof":"urn:uuid:1"`)
	chained := add(`"proof":[`+first+`,`+second+`]`)(t, text)
	expect(t, verify(t, w.v, chained, verifier.Options{}), valid, finding{proofs, pass, verifier.OK})
	loose := add(`"proof":[`+first+`,`+jcsProof(w, text, `"previousProof":"urn:uuid:1"`)+`]`)(t, text)
	expect(t, verify(t, w.v, loose, verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
}

// jcsProof signs a text as it stands, its proofs included, with one more option.
func jcsProof(w *world, text, option string) string {
	w.t.Helper()
	options := fmt.Sprintf(`{"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","created":"2026-11-21T09:00:00Z","verificationMethod":%q,"proofPurpose":"assertionMethod",%s}`,
		w.issuer.method.ID, option)
	message := slices.Concat(jcsHash(w.t, options), jcsHash(w.t, text))
	signature, err := w.issuer.sign(message)
	must(w.t, err)
	return add(`"proofValue":"z`+base58.Encode(signature)+`"`)(w.t, options)
}

func jcsHash(t testing.TB, text string) []byte {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	must(t, err)
	canonical, err := jcs.Append(nil, v)
	must(t, err)
	sum := sha256.Sum256(canonical)
	return sum[:]
}

// derived is a badge with a derived proof of ecdsa-sd-2023 in which every
// statement is mandatory: the simplest there is. The header tells base proofs
// from derived ones.
func (w *world) derived(text string, key signer, header string) string {
	w.t.Helper()
	c, err := canonicalizer()
	must(w.t, err)
	options := fmt.Sprintf(`{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","created":"2026-11-21T09:00:00Z","verificationMethod":%q,"proofPurpose":"assertionMethod"}`, key.method.ID)
	d, err := badge.Parse([]byte(text))
	must(w.t, err)
	config, err := strictjson.Parse([]byte(options), strictjson.Limits{})
	must(w.t, err)
	nquads, err := c.Canonicalize(canon.Input{Node: d.Root()})
	must(w.t, err)
	labels := map[uint32][]byte{}
	statements, err := rdfc.Relabel(nquads, func(name string) (string, error) {
		n, err := strconv.ParseUint(strings.TrimPrefix(name, "c14n"), 10, 32)
		sum := sha256.Sum256([]byte(name))
		labels[uint32(n)] = sum[:]
		return "u" + base64.RawURLEncoding.EncodeToString(sum[:]), err
	})
	must(w.t, err)
	mandatory := make([]int, len(statements))
	for i := range mandatory {
		mandatory[i] = i
	}
	scoped, err := keys.Multikey(keyPair(w.t, keys.ES256).method.Public)
	must(w.t, err)
	public, err := base58.Decode(scoped[1:])
	must(w.t, err)
	sum := sha256.Sum256([]byte(strings.Join(statements, "")))
	message, err := c.Digest(nil, canon.Input{Node: config, Context: d.Root().Get("@context")})
	must(w.t, err)
	signature, err := key.sign(slices.Concat(message, public, sum[:]))
	must(w.t, err)
	body, err := cbor.Marshal([]any{signature, public, [][]byte{}, labels, mandatory})
	must(w.t, err)
	value := "u" + base64.RawURLEncoding.EncodeToString(append([]byte(header), body...))
	return add(`"proof":`+add(`"proofValue":"`+value+`"`)(w.t, options))(w.t, text)
}

func TestDerivedProofs(t *testing.T) {
	t.Parallel()
	const derived, base = "\xd9\x5d\x01", "\xd9\x5d\x00"
	w := newWorld(t)
	key := nameDIDKey(keyPair(t, keys.ES256))
	text := w.unsigned(key.method.Controller)
	w.list(listURL, "revocation", w.issuer, nil, func(t testing.TB, text string) string {
		return strings.Replace(text, w.issuer.method.Controller, key.method.Controller, 1)
	})
	list, err := badge.Parse([]byte(drop("proof")(t, string(w.web.pages[listURL]))))
	must(t, err)
	signed, err := proof.ECDSAJCS2019{}.Secure(context.Background(), list, key, now.Add(-time.Hour))
	must(t, err)
	w.web.put(listURL, signed.Raw())
	all := w.derived(text, key, derived)
	expect(t, verify(t, w.v, all, verifier.Options{}), valid, finding{proofs, pass, verifier.OK}, finding{issuerKey, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked})
	for _, member := range []string{"credentialStatus", "validUntil"} {
		r := verify(t, w.v, w.derived(drop(member)(t, text), key, derived), verifier.Options{})
		expect(t, r, warning, finding{proofs, warn, verifier.PartlyShown}, finding{issuerKey, pass, verifier.OK})
		if f := r.Finding(proofs); f.Pointer != "/"+member {
			t.Errorf("it points to %s", f.Pointer)
		}
	}
	expect(t, verify(t, w.v, w.derived(text, key, base), verifier.Options{}), indeterminate, finding{proofs, open, verifier.BaseProof})
	expect(t, verify(t, w.v, swap(`"value":"94"`, `"value":"99"`)(t, all), verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
	expect(t, verify(t, w.v, drop("credentialStatus")(t, all), verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
	expect(t, verify(t, w.v, drop("validUntil")(t, all), verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
}

// Names and keys that do not go together, and what JCS proofs say of themselves.
func TestSuitesAndKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	text := w.unsigned(w.issuer.method.Controller)
	p256 := nameDIDKey(keyPair(t, keys.ES256))
	jcs := func(old, new string) string {
		proved := jcsProof(w, text, `"nonce":"x"`)
		return add(`"proof":`+swap(old, new)(t, proved))(t, text)
	}
	// resigned is a JCS proof with other options, signed as they are.
	resigned := func(options string) string {
		options = strings.ReplaceAll(options, "KEY", w.issuer.method.ID)
		signature, err := w.issuer.sign(slices.Concat(jcsHash(t, options), jcsHash(t, text)))
		must(t, err)
		return add(`"proof":`+add(`"proofValue":"z`+base58.Encode(signature)+`"`)(t, options))(t, text)
	}
	const start = `{"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","verificationMethod":"KEY","proofPurpose":"assertionMethod"`
	for _, c := range []struct {
		name    string
		text    string
		verdict verifier.Verdict
		want    finding
	}{
		{"the former name", w.prove(text, w.issuer, map[string]any{"cryptosuite": "eddsa-2022"}), valid, finding{proofs, pass, verifier.OK}},
		{"the former name on a new proof", swap("eddsa-rdfc-2022", "eddsa-2022")(t, w.badge()), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"a name of nobody", swap("eddsa-rdfc-2022", "eddsa-rdf-2022")(t, w.badge()), indeterminate, finding{proofs, open, verifier.UnsupportedSuite}},
		{"a type as a name", swap("eddsa-rdfc-2022", "Ed25519Signature2020")(t, w.badge()), indeterminate, finding{proofs, open, verifier.UnsupportedSuite}},
		{"a type that its contexts do not know", swap(`"type":"DataIntegrityProof"`, `"type":"Ed25519Signature2020"`)(t, w.badge()), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"a P-256 key under EdDSA", w.prove(w.unsigned(p256.method.Controller), p256, nil), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"an Ed25519 key under ECDSA", w.prove(text, w.issuer, map[string]any{"cryptosuite": "ecdsa-rdfc-2019"}), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"a proof of RDF as one of JSON", swap("eddsa-rdfc-2022", "eddsa-jcs-2022")(t, w.badge()), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"a proof of JSON as one of RDF", jcs("eddsa-jcs-2022", "eddsa-rdfc-2022"), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"JSON, as signed", jcs("eddsa-jcs-2022", "eddsa-jcs-2022"), valid, finding{proofs, pass, verifier.OK}},
		{"JSON, an option changed", jcs(`"nonce":"x"`, `"nonce":"y"`), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"JSON, never created", resigned(start + `}`), valid, finding{proofs, pass, verifier.OK}},
		{"JSON, created on no day", resigned(start + `,"created":"2026-02-30T00:00:00Z"}`), invalid, finding{proofs, fail, verifier.ProofInvalid}},
		{"JSON, created in the future", resigned(start + `,"created":"2027-01-01T00:00:00Z"}`), invalid, finding{proofs, fail, verifier.CreatedInFuture}},
		{"JSON, expired", resigned(start + `,"expires":"2026-01-01T00:00:00Z"}`), invalid, finding{proofs, fail, verifier.ProofExpired}},
		{"JSON, an option that asks for who knows what", resigned(start + `,"witness":"x"}`), indeterminate, finding{proofs, open, verifier.Unsupported}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, verify(t, w.v, c.text, verifier.Options{}), c.verdict, c.want)
		})
	}
}
