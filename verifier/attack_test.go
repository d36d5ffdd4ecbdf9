package verifier_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/internal/fetch"
	"laurel/internal/processortest"
	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// curious is a web that notes which addresses are asked for.
type curious struct {
	*web
	mu    sync.Mutex
	asked []string
}

func (c *curious) Get(ctx context.Context, url string, n int64) ([]byte, string, error) {
	c.mu.Lock()
	c.asked = append(c.asked, url)
	c.mu.Unlock()
	return c.web.Get(ctx, url, n)
}

// b64 is base64url as in a compact JWS.
func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signedAs signs header and payload as they are written.
func signedAs(t testing.TB, key signer, header, payload string) string {
	t.Helper()
	input := b64(header) + "." + b64(payload)
	signature, err := key.sign([]byte(input))
	must(t, err)
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// A token whose header or payload can be read in two ways, or that has a second
// spelling, is refused though its signature is good.
func TestTwoReadingsOfAToken(t *testing.T) {
	es := func(header, payload func(kid, text string) string) func(*world) string {
		return func(w *world) string {
			k := webIssuer(w, keys.ES256)
			return signedAs(t, k, header(k.method.ID, ""), payload("", w.payload(k)))
		}
	}
	plain := func(kid, _ string) string { return `{"alg":"ES256","kid":"` + kid + `"}` }
	asIs := func(_, text string) string { return text }
	with := func(member string) func(string, string) string {
		return func(kid, _ string) string { return `{"alg":"ES256","kid":"` + kid + `",` + member + `}` }
	}
	more := func(member string) func(string, string) string {
		return func(_, text string) string { return "{" + member + "," + text[1:] }
	}
	token := es(plain, asIs)
	for name, make := range map[string]func(*world) string{
		"alg twice":                 es(with(`"alg":"ES256"`), asIs),
		"alg twice, once escaped":   es(with(`"\u0061lg":"none"`), asIs),
		"alg in capitals too":       es(with(`"ALG":"none"`), asIs),
		"kid in capitals too":       es(with(`"KID":"did:web:evil.example#k"`), asIs),
		"alg as a list":             es(func(kid, _ string) string { return `{"alg":["ES256"],"kid":"` + kid + `"}` }, asIs),
		"kid as a list":             es(func(kid, _ string) string { return `{"alg":"ES256","kid":["` + kid + `"]}` }, asIs),
		"typ as a number":           es(with(`"typ":7`), asIs),
		"compressed":                es(with(`"zip":"DEF"`), asIs),
		"x5u":                       es(with(`"x5u":"https://evil.example/x"`), asIs),
		"an unknown header":         es(with(`"note":"x"`), asIs),
		"a critical unknown":        es(with(`"crit":["note"],"note":"x"`), asIs),
		"a header of 100 kB":        es(with(`"note":"`+strings.Repeat("x", 100_000)+`"`), asIs),
		"a header that is a list":   es(func(string, string) string { return `[]` }, asIs),
		"iss twice":                 es(plain, more(`"iss":"did:web:evil.example"`)),
		"issuer twice, escaped":     es(plain, more(`"\u0069ssuer":"did:web:evil.example"`)),
		"issuer in another case":    es(plain, more(`"Issuer":"did:web:evil.example"`)),
		"issuer with long s":        es(plain, more(`"i\u017f\u017fuer":"did:web:evil.example"`)),
		"jti as a list":             es(plain, func(_, text string) string { return put("jti", `["x"]`)(t, text) }),
		"nbf beyond any number":     es(plain, func(_, text string) string { return put("nbf", `1e999`)(t, text) }),
		"nbf below zero":            es(plain, func(_, text string) string { return put("nbf", `-1`)(t, text) }),
		"exp of a far year":         es(plain, func(_, text string) string { return put("exp", `99999999999999`)(t, text) }),
		"exp as a truth":            es(plain, func(_, text string) string { return put("exp", `true`)(t, text) }),
		"a second value behind":     es(plain, func(_, text string) string { return text + "{}" }),
		"NUL behind":                es(plain, func(_, text string) string { return text + "\x00" }),
		"padded":                    func(w *world) string { return token(w) + "==" },
		"a tail of SD-JWT":          func(w *world) string { return token(w) + "~" },
		"a disclosure of SD-JWT":    func(w *world) string { return token(w) + "~" + b64(`["s","name","x"]`) + "~" },
		"a line end in the middle":  func(w *world) string { text := token(w); return text[:len(text)-9] + "\r\n" + text[len(text)-9:] },
		"the other base64 alphabet": func(w *world) string { return strings.Replace(token(w), ".", "+.", 1) },
		"loose bits at the end": func(w *world) string {
			text := token(w)
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			return text[:len(text)-1] + string(alphabet[strings.IndexByte(alphabet, text[len(text)-1])^1])
		},
		"as JSON": func(w *world) string {
			p := strings.Split(token(w), ".")
			return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
		},
		"as JSON with a good and 5,000 other signatures": func(w *world) string {
			p := strings.Split(token(w), ".")
			return `{"payload":"` + p[1] + `","signatures":[{"protected":"` + p[0] + `","signature":"` + p[2] + `"}` + strings.Repeat(`,{"protected":"e30","signature":"AA"}`, 5000) + `]}`
		},
		"200 envelopes in one another": func(w *world) string {
			text := token(w)
			for range 200 {
				if text = envelope("application/vc+jwt", text); len(text) > 1<<18 {
					break
				}
				text = b64(`{"alg":"ES256"}`) + "." + b64(text) + ".AA"
			}
			return text
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			text, start := make(w), processortest.Time()
			r := w.v.Verify(t.Context(), []byte(text))
			if r.Verified() || r.Verdict() != invalid {
				t.Errorf("%s\n%s", r.Verdict(), lines(r))
			}
			if took := processortest.Time() - start; took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
	w := newWorld(t) // the control, or all of the above would say nothing
	expect(t, w.v.Verify(t.Context(), []byte(token(w))), valid, finding{proofs, pass, verifier.OK})
}

// Names of keys are asked for only where they can be the issuer's.
func TestKeysOfOthersAreNotAskedFor(t *testing.T) {
	for _, kid := range []string{
		"did:web:evil.example#k", "did:web:badges.example.edu:issuers:other#key-1", "did:web:badges.example.edu#key-1", webDID + ":x#key-1", webDID + "%2f..#key-1",
		"did:web:badges.example.edu:issuers:..:evil#k", "did:web:evil.example%2Fissuers#k", "did:web:badges.example.edu%40evil.example#k", "DID:WEB:badges.example.edu:issuers:state#key-1",
		"https://evil.example/keys#k", "https://badges.example.edu.evil.example/keys#k", "https://badges.example.edu@evil.example/keys#k", "https://badges.example.edu/keys#k",
		"http://127.0.0.1/#k", "http://169.254.169.254/latest#k", "file:///etc/passwd#k", "/etc/passwd", "../../keys/signing.pem", "' OR 1=1 --", "k\r\nX: y", "%00", "", "${jndi:ldap://evil.example/a}",
	} {
		w := newWorld(t)
		seen := &curious{web: w.web}
		v := newWorld(t, func(cfg *verifier.Config) {
			cfg.Keys = resolve.NewWithClock(seen, nil, func() time.Time { return now })
			cfg.Status, cfg.Pages = w.web, w.web
		}).v
		k := webIssuer(w, keys.EdDSA)
		for form, text := range map[string]string{
			"token": signedAs(t, k, `{"alg":"EdDSA","kid":`+string(marshal(t, kid))+`}`, w.payload(k)),
			"proof": w.prove(w.unsigned(webDID), k, map[string]any{"verificationMethod": "did:web:placeholder.example#k"}),
		} {
			text = strings.Replace(text, `"did:web:placeholder.example#k"`, string(marshal(t, kid)), 1)
			if r := v.Verify(t.Context(), []byte(text)); r.Verdict() != invalid {
				t.Errorf("%s of %q: %s\n%s", form, kid, r.Verdict(), lines(r))
			}
		}
		if i := slices.IndexFunc(seen.asked, func(url string) bool { return url != webDocument }); i >= 0 {
			t.Errorf("%q: asked for %s", kid, seen.asked[i])
		}
	}
}

// order is that of the group of Ed25519 (RFC 8032 section 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// A signature has one spelling.
func TestSpellingsOfAProofValue(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	good := w.badge()
	value, _, _ := strings.Cut(good[strings.Index(good, `"proofValue":"`)+len(`"proofValue":"`):], `"`)
	raw, err := base58.Decode(value[1:])
	must(t, err)
	s := slices.Clone(raw[32:])
	slices.Reverse(s)
	grown := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(grown)
	z := func(b []byte) string { return "z" + base58.Encode(b) }
	for name, other := range map[string]string{
		"a greater S":       z(slices.Concat(raw[:32], grown)),
		"63 bytes":          z(raw[:63]),
		"65 bytes":          z(append(slices.Clone(raw), 0)),
		"a zero before":     z(append([]byte{0}, raw...)),
		"a one before":      "z1" + value[1:],
		"nothing":           "",
		"z":                 "z",
		"zeros":             z(make([]byte, 64)),
		"base64url":         "u" + base64.RawURLEncoding.EncodeToString(raw),
		"hexadecimal":       fmt.Sprintf("f%x", raw),
		"no prefix":         value[1:],
		"Z":                 "Z" + value[1:],
		"a blank before":    " " + value,
		"a blank behind":    value + " ",
		"a line end behind": value + `\n`,
		"letters of none":   "z0OIl" + value[5:],
		"900 kB":            "z" + strings.Repeat("z", 900_000),
	} {
		start := processortest.Time()
		r := w.v.Verify(t.Context(), []byte(swap(`"proofValue":"`+value+`"`, `"proofValue":"`+other+`"`)(t, good)))
		expect(t, r, invalid, finding{proofs, fail, verifier.ProofInvalid})
		if took := processortest.Time() - start; took > 3*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// The two data models name the same statements in part: what a badge says in
// one stays true in the words of the other, or it is no badge.
func TestOneModelInTheWordsOfTheOther(t *testing.T) {
	ended := put("validUntil", `"2026-11-21T09:30:00Z"`)
	to11 := func(edition string) edit {
		return func(t testing.TB, text string) string {
			return apply(t, text, []edit{swap(`"https://www.w3.org/ns/credentials/v2"`, `"https://www.w3.org/2018/credentials/v1"`),
				swap(`context-3.0.3.json","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]`,
					`context`+edition+`.json","https://w3id.org/security/data-integrity/v2","https://www.w3.org/ns/credentials/status/v1","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]`)})
		}
	}
	renamed := []edit{swap(`"validFrom"`, `"issuanceDate"`), swap(`"validUntil"`, `"expirationDate"`)}
	for name, text := range map[string]func(w *world) string{
		"an ended badge, its contexts changed": func(w *world) string { return to11("-3.0.2")(t, w.badge(ended, drop("awardedDate"))) },
		"and its dates": func(w *world) string {
			return apply(t, to11("-3.0.2")(t, w.badge(ended, drop("awardedDate"))), renamed)
		},
		"an ended one of 1.1, its context changed": func(w *world) string {
			return swap("https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2")(t, w.badge(ended, earlier("-3.0.2")))
		},
		"and its dates renamed": func(w *world) string {
			text := swap("https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2")(t, w.badge(ended, earlier("-3.0.2")))
			return apply(t, text, []edit{swap(`"issuanceDate"`, `"validFrom"`), swap(`"expirationDate"`, `"validUntil"`)})
		},
		"and its end left out": func(w *world) string {
			text := swap("https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2")(t, w.badge(ended, earlier("-3.0.2")))
			return apply(t, text, []edit{swap(`"issuanceDate"`, `"validFrom"`), drop("expirationDate")})
		},
	} {
		for _, generic := range []bool{false, true} {
			w := newWorld(t)
			w.list(listURL, "revocation", w.issuer, nil)
			if r := w.v.VerifyBytes(t.Context(), []byte(text(w)), verifier.Options{Generic: generic}); r.Verdict() != invalid {
				t.Errorf("%s (generic %t): %s\n%s", name, generic, r.Verdict(), lines(r))
			}
		}
	}
}

// signedOrNot is a badge of changed words: signed, or, where nobody can sign
// them, changed after it was signed.
func (w *world) signedOrNot(e edit) string {
	w.t.Helper()
	d, err := badge.Parse([]byte(w.unsigned(w.issuer.method.Controller, e)))
	must(w.t, err)
	if signed, err := w.suite.Secure(w.t.Context(), d, w.issuer, now); err == nil {
		return string(signed.Raw())
	}
	return e(w.t, w.badge())
}

// A status entry says plainly which entry of which list is meant, or the badge
// does not verify.
func TestEntriesOfStatusLists(t *testing.T) {
	at := func(member, old, value string) edit { return swap(`"`+member+`":`+old, `"`+member+`":`+value) }
	index := func(value string) edit { return at("statusListIndex", `"94567"`, value) }
	list := func(value string) edit { return at("statusListCredential", `"`+listURL+`"`, value) }
	size := func(value string) edit {
		return at("statusPurpose", `"revocation"`, `"revocation","statusSize":`+value)
	}
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	for name, e := range map[string]edit{
		"+1": index(`"+1"`), "0x2a": index(`"0x2a"`), "00": index(`"00"`), "1e1": index(`"1e1"`), "blank": index(`" 1"`), "line end": index(`"1\n"`), "none": index(`""`),
		"-0": index(`"-0"`), "2^64": index(`"18446744073709551616"`), "2^64 as a number": index(`18446744073709551616`), "wide digits": index(`"\uff11"`), "underscore": index(`"1_0"`),
		"a truth": index(`true`), "a list": index(`["94567"]`), "an object": index(`{"@value":"94567"}`), "below zero": index(`-1`),
		"size 0": size(`0`), "size -1": size(`-1`), "size as a text": size(`"1"`), "size 1e9": size(`1e9`), "size 2^31": size(`2147483648`), "size 1.5": size(`1.5`),
		"no address": list(`"status/3"`), "a text": list(`"words"`), "a list of lists": list(`["` + listURL + `","` + listURL + `x"]`),
		"the badge itself":          list(`"https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11"`),
		"a fragment":                list(`"` + listURL + `#other"`),
		"a second entry of nothing": put("credentialStatus", `[`+entryOf("revocation", "94567", listURL, "")+`,{"type":"BitstringStatusListEntry"}]`),
		"a text for an entry":       put("credentialStatus", `"`+listURL+`#94567"`),
		"a list of a text":          put("credentialStatus", `["`+listURL+`#94567"]`),
		"two purposes":              at("statusPurpose", `"revocation"`, `["revocation","suspension"]`),
	} {
		t.Run(name, func(t *testing.T) {
			r := w.v.Verify(t.Context(), []byte(w.signedOrNot(e)))
			if r.Verified() {
				t.Errorf("%s\n%s", r.Verdict(), lines(r))
			}
		})
	}
}

// inside is a server of the inner network, which nobody may be sent to.
func inside(t *testing.T, serve func(http.Handler) *httptest.Server) (port string, hits *atomic.Int64) {
	t.Helper()
	hits = &atomic.Int64{}
	s := serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(s.Close)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			hits.Add(1)
		}
	}
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	must(t, err)
	return port, hits
}

// Nothing that a badge names makes the real client open a connection into the
// network that it stands in, and a badge whose status or key could only be had
// there is not verified.
func TestNothingInsideIsAskedFor(t *testing.T) {
	port, hits := inside(t, httptest.NewTLSServer)
	plain, plainHits := inside(t, httptest.NewServer)
	client, err := fetch.New(fetch.Config{Timeout: time.Second})
	must(t, err)
	out := outgoing{client}
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Keys = resolve.NewWithClock(out, nil, func() time.Time { return now })
		cfg.Status, cfg.Pages = out, out
	})
	for _, url := range []string{
		"https://127.0.0.1:" + port + "/x", "https://localhost:" + port + "/x", "https://[::1]:" + port + "/x", "https://[::ffff:127.0.0.1]:" + port + "/x", "https://127.1:" + port + "/x",
		"https://2130706433:" + port + "/x", "https://0x7f000001:" + port + "/x", "https://0177.0.0.1:" + port + "/x", "https://0.0.0.0:" + port + "/x", "https://[::]:" + port + "/x",
		"https://127.0.0.1./x", "https://user@127.0.0.1:" + port + "/x", "https://[64:ff9b::7f00:1]:" + port + "/x", "https://[2002:7f00:1::]:" + port + "/x", "http://127.0.0.1:" + plain + "/x",
		"http://localhost:" + plain + "/x", "HTTP://127.0.0.1:" + plain + "/x", "ftp://127.0.0.1:" + plain + "/x", "file:///etc/passwd", "gopher://127.0.0.1:" + plain + "/x", "data:application/json,{}",
		"https://169.254.169.254/latest", "https://[fd00::1]/x", "https://100.64.0.1/x",
	} {
		quoted := string(marshal(t, url))
		for place, c := range map[string]struct {
			e        edit
			verified bool // where what is named there does not decide
		}{
			"status":   {swap(`"`+listURL+`"`, quoted), false},
			"revoked":  {put("credentialStatus", `{"id":`+quoted+`,"type":"1EdTechRevocationList"}`), false},
			"refresh":  {apart(put("refreshService", `{"id":`+quoted+`,"type":"1EdTechCredentialRefresh"}`)), true},
			"schema":   {apart(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":`+quoted+`,"type":"JsonSchema"}]`)), !strings.HasPrefix(url, "http")},
			"resource": {apart(put("relatedResource", `{"id":`+quoted+`,"digestSRI":"sha256-AAAA"}`)), false},
			"image":    {apart(put("image", `{"id":`+quoted+`,"type":"Image"}`)), true},
			"evidence": {apart(put("evidence", `[{"id":`+quoted+`,"type":["Evidence"],"name":"x"}]`)), true},
		} {
			r := w.v.Verify(t.Context(), []byte(w.signedOrNot(c.e)))
			if r.Verified() && !c.verified {
				t.Errorf("%s %s: %s\n%s", place, url, r.Verdict(), lines(r))
			}
		}
		k := didKey(t)
		k.method.ID, k.method.Controller = url+"#k", url
		for form, text := range map[string]string{
			"proof": swap(w.issuer.method.ID, strings.Trim(quoted, `"`)+"#k")(t, swap(`"id":"`+w.issuer.method.Controller+`"`, `"id":`+quoted)(t, w.badge())),
			"token": signedAs(t, k, `{"alg":"EdDSA","kid":`+string(marshal(t, url+"#k"))+`}`, put("iss", quoted)(t, w.payload(k))),
		} {
			if r := w.v.Verify(t.Context(), []byte(text)); r.Verified() {
				t.Errorf("issuer of a %s %s: %s\n%s", form, url, r.Verdict(), lines(r))
			}
		}
	}
	for _, did := range []string{"did:web:127.0.0.1%3A" + port, "did:web:localhost%3A" + port, "did:web:%5B%3A%3A1%5D%3A" + port, "did:web:2130706433%3A" + port} {
		k := didKey(t)
		k.method.ID, k.method.Controller = did+"#k", did
		if r := w.v.Verify(t.Context(), []byte(w.sign(w.unsigned(did), k, now))); r.Verified() {
			t.Errorf("%s: %s", did, lines(r))
		}
	}
	if n := hits.Load() + plainHits.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// apart leaves the status out, which nobody can reach in that test either.
func apart(e edit) edit {
	return func(t testing.TB, text string) string { return e(t, drop("credentialStatus")(t, text)) }
}

// The proof of a holder covers which badges they present, and who they are.
func TestForgedPresentations(t *testing.T) {
	w, h := newWorld(t), didKey(t)
	w.list(listURL, "revocation", w.issuer, nil)
	good, another := w.of(h), w.of(h, put("id", `"urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10"`))
	token := w.token(w.issuer, swap("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", h.method.Controller))
	victim := w.issuer.method.Controller
	vp := w.presented(h, true, nil, good)
	unnamed := func(holder string) string {
		text := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":` + holder + `,"verifiableCredential":[` + good + `]}`
		return w.prove(text, h, map[string]any{"proofPurpose": "authentication"})
	}
	ask := verifier.Options{Challenge: "c-1", Domain: "employer.example"}
	for name, c := range map[string]struct {
		text string
		opts verifier.Options
		code verifier.Code
	}{
		"a badge exchanged":      {swap(good, another)(t, vp), verifier.Options{}, verifier.HolderInvalid},
		"a badge added":          {swap(good, good+","+another)(t, vp), verifier.Options{}, verifier.HolderInvalid},
		"a badge taken out":      {swap(good+","+another, good)(t, w.presented(h, true, nil, good, another)), verifier.Options{}, verifier.HolderInvalid},
		"a token exchanged":      {swap(token, w.token(w.issuer))(t, w.presented(h, true, nil, envelope("application/vc+jwt", token))), verifier.Options{}, verifier.HolderInvalid},
		"another holder":         {swap(`"holder":"`+h.method.Controller, `"holder":"`+victim)(t, vp), verifier.Options{}, verifier.HolderInvalid},
		"the holder left out":    {swap(`"holder":"`+h.method.Controller+`",`, "")(t, vp), verifier.Options{}, verifier.HolderInvalid},
		"a list of holders":      {unnamed(`["` + victim + `"]`), verifier.Options{}, verifier.HolderInvalid},
		"two holders":            {unnamed(`["` + victim + `","` + h.method.Controller + `"]`), verifier.Options{}, verifier.HolderInvalid},
		"a holder without name":  {unnamed(`{"name":"` + victim + `"}`), verifier.Options{}, verifier.HolderInvalid},
		"iss of another":         {w.presentedToken(h, map[string]any{"iss": victim}, token), verifier.Options{}, verifier.HolderInvalid},
		"iss that is no text":    {w.presentedToken(h, map[string]any{"iss": []string{h.method.Controller}}, token), verifier.Options{}, verifier.HolderInvalid},
		"two nonces":             {w.presentedToken(h, map[string]any{"nonce": []string{"c-0", "c-1"}, "aud": "employer.example"}, token), ask, verifier.ChallengeDiffers},
		"a domain beside":        {w.presentedToken(h, map[string]any{"nonce": "c-1", "domain": "employer.example"}, token), ask, verifier.DomainDiffers},
		"a challenge outside":    {add(`"challenge":"c-1","domain":"employer.example"`)(t, vp), ask, verifier.HolderInvalid},
		"the badge alone":        {good, ask, verifier.HolderUnproven},
		"the token alone":        {token, ask, verifier.HolderUnproven},
		"an envelope alone":      {envelope("application/vc+jwt", token), verifier.Options{HolderProof: true}, verifier.HolderUnproven},
		"a picture alone":        {bakedInto(t, painting(t), good), verifier.Options{Challenge: "c-1"}, verifier.HolderUnproven},
		"a member of no meaning": {add(`"salary":1`)(t, vp), verifier.Options{}, verifier.HolderInvalid},
		"the proof of a badge":   {w.sign(strings.TrimSuffix(vp[:strings.Index(vp, `,"proof":[{"`+"created")], ",")+"}", h, now), verifier.Options{}, verifier.HolderInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.v.VerifyBytes(t.Context(), []byte(c.text), c.opts)
			if f := r.Finding(holderCheck); r.Verdict() != invalid || f.Outcome != fail || f.Code != c.code {
				t.Errorf("%s\n%s", r.Verdict(), lines(r))
			}
		})
	}
	several := w.sign(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"`+victim+
		`","credentialSubject":[{"id":"`+h.method.Controller+`"},{"id":"`+didKey(t).method.Controller+`"}]}`, w.issuer, now)
	r := w.v.VerifyBytes(t.Context(), []byte(w.presented(h, true, nil, several)), verifier.Options{Generic: true})
	if f := r.Finding(holderCheck); r.Verdict() != warning || f.Code != verifier.HolderNotSubject {
		t.Errorf("a credential of two subjects: %s\n%s", r.Verdict(), lines(r))
	}
}

// Who signs beside an issuer does not sign for them.
func TestWitnessesAreNoIssuers(t *testing.T) {
	anyCredential := verifier.Options{Generic: true}
	plain := func(issuer string) string {
		return `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:uuid:77","type":["VerifiableCredential"],"issuer":"` + issuer + `","credentialSubject":{"id":"urn:uuid:0a1b"}}`
	}
	web := func(w *world) signer { return w.publish(keyPair(t, keys.EdDSA)) }
	proofOf := func(w *world, text string, k signer) string { return onlyProof(t, w.sign(text, k, now)) }
	for _, s := range []state{
		{name: "the issuer alone", verdict: valid, make: func(w *world) string { return w.sign(plain(webDID), web(w), now) }, want: one(issuerKey, pass, verifier.OK)},
		{name: "beside the issuer", verdict: valid, make: func(w *world) string {
			text := plain(webDID)
			return suffix(`}`, `,"proof":[`+proofOf(w, text, web(w))+`,`+proofOf(w, text, didKey(t))+`]}`)(t, text)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "instead of the issuer", verdict: invalid, make: func(w *world) string { web(w); return w.sign(plain(webDID), didKey(t), now) }, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "two of them", verdict: invalid, make: func(w *world) string {
			web(w)
			text := plain(webDID)
			return suffix(`}`, `,"proof":[`+proofOf(w, text, didKey(t))+`,`+proofOf(w, text, didKey(t))+`]}`)(t, text)
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "beside a bad proof of the issuer", verdict: invalid, make: func(w *world) string {
			text := plain(webDID)
			return suffix(`}`, `,"proof":[`+proofOf(w, strings.Replace(text, "0a1b", "0a1c", 1), web(w))+`,`+proofOf(w, text, didKey(t))+`]}`)(t, text)
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a bad one beside the issuer", verdict: invalid, make: func(w *world) string {
			text := plain(webDID)
			return suffix(`}`, `,"proof":[`+proofOf(w, text, web(w))+`,`+proofOf(w, strings.Replace(text, "0a1b", "0a1c", 1), didKey(t))+`]}`)(t, text)
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "beside an issuer whose proof is of no known kind", verdict: invalid, make: func(w *world) string {
			web(w)
			text := plain(webDID)
			return suffix(`}`, `,"proof":[{"type":"DataIntegrityProof","cryptosuite":"bbs-2023","verificationMethod":"`+webDID+`#key-1","proofPurpose":"assertionMethod","proofValue":"u2V0"},`+proofOf(w, text, didKey(t))+`]}`)(t, text)
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "in an envelope", verdict: invalid, make: func(w *world) string {
			k := didKey(t)
			return signedAs(t, k, `{"alg":"EdDSA","kid":"`+k.method.ID+`"}`, add(`"iss":"`+webDID+`","jti":"urn:uuid:77","sub":"urn:uuid:0a1b"`)(t, plain(webDID)))
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "in an envelope, for an issuer with an address", verdict: invalid, make: func(w *world) string {
			k := didKey(t)
			return signedAs(t, k, `{"alg":"EdDSA","kid":"`+k.method.ID+`"}`, add(`"iss":"`+httpsIssuer+`","jti":"urn:uuid:77","sub":"urn:uuid:0a1b"`)(t, plain(httpsIssuer)))
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "in an envelope around the issuer's proof", verdict: invalid, make: func(w *world) string {
			k, text := didKey(t), plain(webDID)
			own := proofOf(w, text, web(w))
			return signedAs(t, k, `{"alg":"EdDSA","kid":"`+k.method.ID+`"}`, add(`"iss":"`+webDID+`","jti":"urn:uuid:77","sub":"urn:uuid:0a1b","proof":`+own)(t, text))
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "of the list instead of the issuer", verdict: invalid, make: func(w *world) string {
			k, other := web(w), didKey(t)
			other.method.Controller = webDID
			w.list(listURL, "revocation", other, nil)
			return w.sign(add(`"credentialStatus":`+entryOf("revocation", "7", listURL, ""))(t, plain(webDID)), k, now)
		}, want: one(revocation, fail, verifier.StatusListInvalid)},
		{name: "of the list of an issuer with an address", verdict: invalid, make: func(w *world) string {
			k, other := httpsKey(w, keys.EdDSA), didKey(t)
			w.web.put(httpsIssuer, []byte(`{"id":"`+httpsIssuer+`"}`))
			other.method.Controller = httpsIssuer
			w.list(listURL, "revocation", other, nil)
			return signedAs(t, k, `{"alg":"EdDSA","kid":"`+k.method.ID+`"}`, add(`"iss":"`+httpsIssuer+`","jti":"urn:uuid:77","sub":"urn:uuid:0a1b","credentialStatus":`+entryOf("revocation", "7", listURL, ""))(t, plain(httpsIssuer)))
		}, want: one(revocation, fail, verifier.StatusListInvalid)},
	} {
		s.opts = anyCredential
		s.run(t)
	}
}

// Bytes that a lenient reader would take for the text that was signed are not
// that text.
func TestOtherBytesForTheSameText(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	good := w.badge(swap(`"role":"Learner"`, `"role":"L\ufffdrner"`))
	spelt := `L\ufffdrner`
	if !strings.Contains(good, spelt) {
		spelt = "L\ufffdrner"
	}
	expect(t, verify(t, w.v, good, verifier.Options{}), valid, finding{proofs, pass, verifier.OK})
	for name, other := range map[string]string{
		"no UTF-8": "L\xffrner", "half a sequence": "L\xe2\x82rner", "an overlong one": "L\xc0\xafrner", "a surrogate in UTF-8": "L\xed\xa0\x80rner", "beyond Unicode": "L\xf4\x90\x80\x80rner",
		"half a pair": `L\ud800rner`, "the other half": `L\udfffrner`, "two halves the wrong way": `L\udc00\ud800rner`,
	} {
		r := w.v.Verify(t.Context(), []byte(swap(spelt, other)(t, good)))
		if f := r.Finding(format); r.Verdict() != invalid || f.Code != verifier.Unreadable || !strings.Contains(f.Detail, "invalid_encoding") {
			t.Errorf("%s: %s\n%s", name, r.Verdict(), lines(r))
		}
	}
}
