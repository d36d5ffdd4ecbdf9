package verifier_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/internal/strictjson"
	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// signer is a private key of a test, and under which name it is published.
type signer struct {
	method keys.VerificationMethod
	sign   func(message []byte) ([]byte, error)
}

func (s signer) Method() keys.VerificationMethod { return s.method }

func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) { return s.sign(message) }

// keyPair makes a key for an algorithm, with no name yet.
func keyPair(t testing.TB, alg keys.Algorithm) signer {
	t.Helper()
	switch alg {
	case keys.EdDSA:
		pub, priv, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		return signer{keys.VerificationMethod{Public: pub}, func(m []byte) ([]byte, error) { return ed25519.Sign(priv, m), nil }}
	case keys.ES256, keys.ES384:
		return ecdsaPair(t, alg)
	case keys.RS256:
		priv, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		return signer{keys.VerificationMethod{Public: &priv.PublicKey}, func(m []byte) ([]byte, error) {
			sum := sha256.Sum256(m)
			return rsa.SignPKCS1v15(nil, priv, crypto.SHA256, sum[:])
		}}
	}
	t.Fatalf("no key for %s", alg)
	return signer{}
}

func ecdsaPair(t testing.TB, alg keys.Algorithm) signer {
	curve, hash := elliptic.P256(), crypto.SHA256
	if alg == keys.ES384 {
		curve, hash = elliptic.P384(), crypto.SHA384
	}
	priv, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return signer{keys.VerificationMethod{Public: &priv.PublicKey}, func(m []byte) ([]byte, error) {
		h := hash.New()
		h.Write(m)
		r, s, err := ecdsa.Sign(rand.Reader, priv, h.Sum(nil))
		if err != nil {
			return nil, err
		}
		width := (curve.Params().BitSize + 7) / 8
		return slices.Concat(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width))), nil
	}}
}

// didKey is an Ed25519 issuer that is its own key document.
func didKey(t testing.TB) signer {
	t.Helper()
	return nameDIDKey(keyPair(t, keys.EdDSA))
}

func nameDIDKey(s signer) signer {
	did, err := keys.DIDKey(s.method.Public)
	if err != nil {
		panic(err)
	}
	s.method.ID, s.method.Controller = did+"#"+strings.TrimPrefix(did, "did:key:"), did
	return s
}

// web is what is published in a test: addresses and what stands there. What is
// not there cannot be reached. It serves keys and status lists alike.
type web struct {
	mu    sync.Mutex
	pages map[string][]byte
	asked atomic.Int64
}

func (w *web) put(url string, page []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[url] = page
}

// Get implements resolve.Fetcher.
func (w *web) Get(_ context.Context, url string, _ int64) ([]byte, string, error) {
	w.asked.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	page, ok := w.pages[url]
	if !ok {
		return nil, "", fmt.Errorf("nobody answers at %s", url)
	}
	return page, "application/json", nil
}

// StatusList implements verifier.StatusSource.
func (w *web) StatusList(ctx context.Context, url string) ([]byte, error) {
	page, _, err := w.Get(ctx, url, 0)
	return page, err
}

// Page implements verifier.PageSource.
func (w *web) Page(ctx context.Context, url string) ([]byte, error) {
	page, _, err := w.Get(ctx, url, 0)
	return page, err
}

// trust is a list of issuers.
type trust map[string]string

func (l trust) Knows(_ context.Context, issuer string) (verifier.Listing, bool, error) {
	if l[issuer] == "broken" {
		return verifier.Listing{}, false, errors.New("the list is broken")
	}
	name, ok := l[issuer]
	return verifier.Listing{List: name, Test: name == "Trials"}, ok, nil
}

// now is the present of every test: a day after the badge began.
var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

const (
	listURL       = "https://badges.example.edu/status/3"
	suspensionURL = "https://badges.example.edu/status/4"
	badgeIndex    = 94567
	fixtureIssuer = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
)

// world is an issuer, what is published, and a verifier that can reach it.
type world struct {
	t      testing.TB
	web    *web
	issuer signer // a did:key
	full   bool   // badges are the whole fixture
	lister signer // the second key of the did:web issuer, once published
	suite  proof.EdDSARDFC2022
	v      *verifier.Verifier
}

// canonicalizer is made once: reading the contexts takes longer than a check.
var canonicalizer = sync.OnceValues(canon.New)

// theIssuer is the did:key of every world, so that what it signs in the same
// words is signed once.
var (
	theIssuer = sync.OnceValue(func() signer {
		pub, priv, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return nameDIDKey(signer{keys.VerificationMethod{Public: pub}, func(m []byte) ([]byte, error) { return ed25519.Sign(priv, m), nil }})
	})
	signedByIt sync.Map // unsigned text and time -> signed text
)

func newWorld(t testing.TB, change ...func(*verifier.Config)) *world {
	t.Helper()
	c, err := canonicalizer()
	must(t, err)
	w := &world{t: t, web: &web{pages: map[string][]byte{}}, issuer: theIssuer(), suite: proof.EdDSARDFC2022{Canon: c, InlineContexts: true}}
	cfg := verifier.Config{
		Canon:  c,
		Suites: proof.Suites(c),
		Keys:   resolve.NewWithClock(w.web, nil, func() time.Time { return now }),
		Status: w.web,
		Pages:  w.web,
		Now:    func() time.Time { return now },

		Facts: verifier.NewFacts(1000), // so that all tests look for what it does harm to
	}
	for _, f := range change {
		f(&cfg)
	}
	w.v, err = verifier.New(cfg)
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes a JSON text. Each change must find what it changes.
type edit func(t testing.TB, text string) string

// swap replaces the first occurrence of a piece of text.
func swap(old, new string) edit {
	return func(t testing.TB, text string) string {
		t.Helper()
		if !strings.Contains(text, old) {
			t.Fatalf("%q does not stand in %.300s", old, text)
		}
		return strings.Replace(text, old, new, 1)
	}
}

// suffix replaces the end of the text.
func suffix(old, new string) edit {
	return func(t testing.TB, text string) string {
		t.Helper()
		if !strings.HasSuffix(text, old) {
			t.Fatalf("%q does not end %q", old, text[max(0, len(text)-200):])
		}
		return strings.TrimSuffix(text, old) + new
	}
}

// add puts members at the end of the outermost object.
func add(members string) edit {
	return func(_ testing.TB, text string) string { return strings.TrimSuffix(text, "}") + "," + members + "}" }
}

// drop removes a member of the outermost object.
func drop(name string) edit {
	return func(t testing.TB, text string) string {
		return change(t, text, func(m map[string]json.RawMessage) {
			if m[name] == nil {
				t.Fatalf("no member %s", name)
			}
			delete(m, name)
		})
	}
}

// put sets a member of the outermost object.
func put(name, value string) edit {
	return func(t testing.TB, text string) string {
		return change(t, text, func(m map[string]json.RawMessage) { m[name] = json.RawMessage(value) })
	}
}

func change(t testing.TB, text string, f func(map[string]json.RawMessage)) string {
	t.Helper()
	var m map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(text), &m))
	f(m)
	return string(marshal(t, m))
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	must(t, enc.Encode(v))
	return bytes.TrimSpace(b.Bytes())
}

func apply(t testing.TB, text string, edits []edit) string {
	t.Helper()
	for _, e := range edits {
		text = e(t, text)
	}
	return text
}

var fixture = sync.OnceValues(func() ([]byte, error) { return os.ReadFile("testdata/badge.json") })

// unsigned is the fixture as a badge of an issuer, changed.
func (w *world) unsigned(issuer string, edits ...edit) string {
	w.t.Helper()
	raw, err := fixture()
	must(w.t, err)
	text := string(raw)
	if !w.full {
		for _, piece := range ballast {
			text = swap(piece, "")(w.t, text)
		}
	}
	return apply(w.t, strings.Replace(text, fixtureIssuer, issuer, 1), edits)
}

// ballast is what most tests leave out of the fixture: it takes half the time
// of a verification.
var ballast = []string{
	`"image":{"id":"https://badges.example.edu/images/data-engineering-foundations.png","type":"Image","caption":"A blue hexagon with a stylised database"},`,
	`,"image":{"id":"https://www.example.edu/logo.png","type":"Image","caption":"University crest"},"address":{"type":["Address"],"addressCountry":"United States","addressCountryCode":"US","addressRegion":"MA","addressLocality":"Boston","streetAddress":"1 College Road","postalCode":"02110"}`,
	`"creator":{"id":"https://www.example.edu/departments/cs","type":["Profile"],"name":"Department of Computer Science","url":"https://www.example.edu/departments/cs"},`,
	`"image":{"id":"https://badges.example.edu/images/data-engineering-foundations.png","type":"Image"},`,
	`{"type":["Alignment"],"targetName":"Data pipelines","targetUrl":"https://credentialfinder.org/competency/ce-97b2a1d0-pipelines","targetFramework":"National Data Skills Framework","targetCode":"NDSF-3.2","targetType":"ceasn:Competency"},`,
	`,{"type":["Result"],"resultDescription":"urn:uuid:d05a0867-d0ad-4b03-bdb5-28fb5d2aab7a","achievedLevel":"urn:uuid:d05a0867-d0ad-4b03-bdb5-28fb5d2aab7a","status":"Completed"}`,
	`,{"id":"urn:uuid:d05a0867-d0ad-4b03-bdb5-28fb5d2aab7a","type":["ResultDescription"],"name":"Status","resultType":"Status","allowedValue":["Enrolled","InProgress","Completed"]}`,
}

// sign adds a proof to a document that needs none to be in order.
func (w *world) sign(text string, key signer, at time.Time) string {
	w.t.Helper()
	name := text + at.String()
	if signed, ok := signedByIt.Load(name); ok && key.same(theIssuer()) {
		return signed.(string)
	}
	d, err := badge.Parse([]byte(text))
	must(w.t, err)
	signed, err := w.suite.Secure(context.Background(), d, key, at)
	must(w.t, err)
	if key.same(theIssuer()) {
		signedByIt.Store(name, string(signed.Raw()))
	}
	return string(signed.Raw())
}

// same: key and all that is published about it.
func (s signer) same(other signer) bool { return reflect.DeepEqual(s.method, other.method) }

// prove adds a proof with other options than a suite would choose: those given
// replace the usual ones, nil leaves one out.
func (w *world) prove(text string, key signer, other map[string]any) string {
	w.t.Helper()
	options := map[string]any{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2026-11-21T09:00:00Z",
		"verificationMethod": key.method.ID, "proofPurpose": "assertionMethod"}
	for name, v := range other {
		if options[name] = v; v == nil {
			delete(options, name)
		}
	}
	d, err := badge.Parse([]byte(text))
	must(w.t, err)
	config, err := strictjson.Parse(marshal(w.t, options), strictjson.Limits{})
	must(w.t, err)
	var message []byte
	for _, in := range []canon.Input{{Node: config, Context: d.Root().Get("@context")}, {Node: d.Root()}} {
		in.InlineContexts = true
		nquads, err := w.suite.Canon.Canonicalize(in)
		must(w.t, err)
		sum := sha256.Sum256(nquads)
		message = append(message, sum[:]...)
	}
	signature, err := key.sign(message)
	must(w.t, err)
	options["proofValue"] = "z" + base58.Encode(signature)
	return add(`"proof":[`+string(marshal(w.t, options))+`]`)(w.t, text)
}

// onlyProof is the first proof of a signed document.
func onlyProof(t testing.TB, text string) string {
	t.Helper()
	d, err := badge.Parse([]byte(text))
	must(t, err)
	return d.Proofs()[0].Object.Raw()
}

// badge is a signed badge of the world's issuer, changed before it was signed.
func (w *world) badge(edits ...edit) string {
	w.t.Helper()
	return w.sign(w.unsigned(w.issuer.method.Controller, edits...), w.issuer, now.Add(-time.Hour))
}

// list publishes a status list of an issuer, changed before it was signed, in
// which the entries given are set.
func (w *world) list(url, purpose string, key signer, set []int, edits ...edit) {
	w.t.Helper()
	bits := status.New(status.MinimumBits)
	for _, i := range set {
		must(w.t, bits.SetBit(i, true))
	}
	text := fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2"],"id":%q,"type":["VerifiableCredential","BitstringStatusListCredential"],`+
		`"issuer":%q,"validFrom":"2026-11-01T00:00:00Z","credentialSubject":{"id":"%[1]s#list","type":"BitstringStatusList","statusPurpose":%[3]q,"encodedList":%[4]q}}`,
		url, key.method.Controller, purpose, bits.Encode())
	w.web.put(url, []byte(w.sign(apply(w.t, text, edits), key, now.Add(-time.Hour))))
}

// listJWS publishes the revocation list as a compact JWS.
func (w *world) listJWS(set []int, edits ...edit) {
	w.t.Helper()
	w.list(listURL, "revocation", w.issuer, set, edits...)
	d, err := badge.Parse(w.web.pages[listURL])
	must(w.t, err)
	signed, err := proof.VCJWT{}.Secure(context.Background(), d, w.issuer, now)
	must(w.t, err)
	w.web.put(listURL, signed.Raw())
}

var encoded = regexp.MustCompile(`"encodedList":"[^"]*"`)

// encodedList puts another list in the place of the one there is.
func encodedList(list string) edit {
	return func(_ testing.TB, text string) string {
		return encoded.ReplaceAllLiteralString(text, `"encodedList":"`+list+`"`)
	}
}

// shortList is a properly encoded list of 1,000 bytes.
func shortList(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(make([]byte, 1000))
	must(t, err)
	must(t, z.Close())
	return "u" + base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// jws signs a payload as it is, with any header.
func (w *world) jws(header map[string]any, payload string, key signer) string {
	w.t.Helper()
	enc := base64.RawURLEncoding
	input := enc.EncodeToString(marshal(w.t, header)) + "." + enc.EncodeToString([]byte(payload))
	signature, err := key.sign([]byte(input))
	must(w.t, err)
	return input + "." + enc.EncodeToString(signature)
}

// token is the badge of an issuer as a VC-JWT, made by the suite.
func (w *world) token(key signer, edits ...edit) string {
	w.t.Helper()
	d, err := badge.Parse([]byte(w.unsigned(key.method.Controller, edits...)))
	must(w.t, err)
	signed, err := proof.VCJWT{}.Secure(context.Background(), d, key, now)
	must(w.t, err)
	return string(signed.Raw())
}

// payload is what token signs.
func (w *world) payload(key signer, edits ...edit) string {
	w.t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(w.token(key), ".")[1])
	must(w.t, err)
	return apply(w.t, string(raw), edits)
}

// An issuer with a web address.
const (
	webDID      = "did:web:badges.example.edu:issuers:state"
	webDocument = "https://badges.example.edu/issuers/state/did.json"
)

// publish makes a key the first one of a did:web issuer, changed before it is
// published, and w.lister, with which the issuer signs its lists, the second.
func (w *world) publish(key signer, change ...func(*keys.VerificationMethod)) signer {
	w.t.Helper()
	w.lister = keyPair(w.t, keys.EdDSA)
	for i, k := range []*signer{&key, &w.lister} {
		k.method.ID, k.method.Controller, k.method.Assertion = fmt.Sprintf("%s#key-%d", webDID, i+1), webDID, true
	}
	published := key.method
	for _, f := range change {
		f(&published)
	}
	doc, err := keys.Document(webDID, []keys.VerificationMethod{published, w.lister.method})
	must(w.t, err)
	w.web.put(webDocument, doc)
	return key
}

// verify gives the report of verifyOnce, and holds that it says the same again,
// when the document is known already.
func verify(t testing.TB, v *verifier.Verifier, text string, opts verifier.Options) *verifier.Report {
	t.Helper()
	r := verifyOnce(t, v, text, opts)
	if again := v.VerifyBytes(context.Background(), []byte(text), opts); lines(again) != lines(r) {
		t.Errorf("asked again it says\n%sand not\n%s", lines(again), lines(r))
	}
	return r
}

// verifyOnce gives the report, after a look at its form: every check answers once,
// in order.
func verifyOnce(t testing.TB, v *verifier.Verifier, text string, opts verifier.Options) *verifier.Report {
	t.Helper()
	r := v.VerifyBytes(context.Background(), []byte(text), opts)
	order := []verifier.Check{verifier.CheckFormat, verifier.CheckSchema, verifier.CheckTerms, verifier.CheckProof, verifier.CheckIssuerKey,
		verifier.CheckIssuerTrust, verifier.CheckValidity, verifier.CheckRevocation, verifier.CheckSuspension, verifier.CheckStatusMessage,
		verifier.CheckResources, verifier.CheckRefresh, verifier.CheckRecipient, verifier.CheckEndorsement}
	for _, c := range []verifier.Check{verifier.CheckStatusMessage, verifier.CheckResources} { // told only where there is something to tell
		if r.Finding(c).Code == "" {
			order = slices.DeleteFunc(order, func(o verifier.Check) bool { return o == c })
		}
	}
	codes := verifier.Codes()
	for i, f := range r.Findings {
		if i >= len(order) || f.Check != order[i] {
			t.Fatalf("finding %d is of %q", i, f.Check)
		}
		if !slices.Contains(codes[f.Check], f.Code) {
			t.Errorf("%s gives %q, which is not listed in Codes", f.Check, f.Code)
		}
	}
	if len(r.Findings) != len(order) || !r.CheckedAt.Equal(now) {
		t.Fatalf("%d findings at %s", len(r.Findings), r.CheckedAt)
	}
	return r
}

// finding is what a test expects of one check.
type finding struct {
	check   verifier.Check
	outcome verifier.Outcome
	code    verifier.Code
}

func expect(t testing.TB, r *verifier.Report, verdict verifier.Verdict, want ...finding) {
	t.Helper()
	good := r.Verdict() == verdict
	for _, w := range want {
		f := r.Finding(w.check)
		good = good && f.Outcome == w.outcome && f.Code == w.code
	}
	if !good {
		t.Errorf("verdict %s, want %s with %v\n%s", r.Verdict(), verdict, want, lines(r))
	}
}

func lines(r *verifier.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %-12s %-8s %-24s %s %s %v\n", f.Check, f.Outcome, f.Code, f.Pointer, f.Detail, f.Params)
	}
	return b.String()
}
