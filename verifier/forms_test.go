package verifier_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/badge/bake"
	"laurel/internal/attachment/attachmenttest"
	"laurel/keys"
	"laurel/verifier"
)

// earlier makes the fixture what an issuer wrote by data model 1.1 and an
// edition of Open Badges 3.0. The vocabularies of proofs and statuses are not in
// the first context of that time.
func earlier(edition string, edits ...edit) edit {
	return func(t testing.TB, text string) string {
		text = apply(t, text, []edit{
			swap(`"https://www.w3.org/ns/credentials/v2"`, `"https://www.w3.org/2018/credentials/v1"`),
			swap(`context-3.0.3.json","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]`,
				`context`+edition+`.json","https://w3id.org/security/data-integrity/v2","https://www.w3.org/ns/credentials/status/v1","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]`),
			swap(`"validFrom"`, `"issuanceDate"`), swap(`"validUntil"`, `"expirationDate"`), drop("awardedDate"), swap(`"inLanguage":"en-US",`, ""),
		})
		return apply(t, text, edits)
	}
}

func TestDataModel11(t *testing.T) {
	good := []finding{{format, pass, verifier.VCDM11}, {schema, pass, verifier.OK}, {terms, pass, verifier.OK}, {proofs, pass, verifier.OK},
		{issuerKey, pass, verifier.OK}, {validity, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}}
	badge11 := func(edits ...edit) func(*world) string {
		return func(w *world) string { return w.badge(earlier("-3.0.2", edits...)) }
	}
	for _, s := range []state{
		{name: "context 3.0.0", verdict: valid, make: func(w *world) string { return w.badge(earlier("")) }, want: good},
		{name: "context 3.0.1", verdict: valid, make: func(w *world) string { return w.badge(earlier("-3.0.1")) }, want: good},
		{name: "context 3.0.2", verdict: valid, make: badge11(), want: good},
		{name: "context 3.0.3", verdict: valid, make: func(w *world) string { return w.badge(earlier("-3.0.3")) }, want: good},
		{name: "changed", verdict: invalid, make: func(w *world) string { return swap(`Foundations`, `foundations`)(t, badge11()(w)) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "expired", verdict: invalid, make: badge11(swap(`"expirationDate":"2029`, `"expirationDate":"2026`)),
			want: one(validity, fail, verifier.Expired), pointer: "/expirationDate"},
		{name: "not yet valid", verdict: invalid, make: badge11(swap(`"issuanceDate":"2026`, `"issuanceDate":"2027`)),
			want: one(validity, fail, verifier.NotYetValid), pointer: "/issuanceDate"},
		{name: "expired by the name of the later model", verdict: invalid, make: badge11(add(`"validUntil":"2026-11-20T10:00:00Z"`)),
			want: one(validity, fail, verifier.Expired), pointer: "/validUntil"},
		{name: "a date that is none", verdict: invalid, make: badge11(swap(`"issuanceDate":"2026-11-20T09:30:00Z"`, `"issuanceDate":"yesterday"`)),
			want: one(validity, fail, verifier.BadDate), pointer: "/issuanceDate"},
		{name: "without its date", verdict: invalid, make: badge11(drop("issuanceDate")), want: one(schema, fail, verifier.SchemaMismatch), detail: "issuanceDate"},
		{name: "the date of the later model alone", verdict: invalid, make: badge11(swap(`"issuanceDate"`, `"validFrom"`)),
			want: one(schema, fail, verifier.SchemaMismatch), detail: "issuanceDate"},
		{name: "the names of 1.1 under 2.0", verdict: invalid, make: func(w *world) string {
			return swap(`"validUntil"`, `"expirationDate"`)(t, w.badge())
		}, want: one(terms, fail, verifier.UndefinedTerm), pointer: "/expirationDate"},
		{name: "both base contexts", verdict: invalid, make: func(w *world) string {
			return swap(`"https://w3id.org/security/data-integrity/v2"`, `"https://www.w3.org/ns/credentials/v2"`)(t, badge11()(w))
		}, want: one(terms, fail, verifier.ContextFault)},
		{name: "an end under another name", verdict: invalid, make: func(w *world) string {
			return swap(`"expirationDate"`, `"cred:expirationDate"`)(t, badge11()(w))
		}, want: one(terms, fail, verifier.MemberName)},
		{name: "no context of Open Badges", verdict: invalid, make: func(w *world) string {
			return swap(`"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",`, "")(t, badge11()(w))
		}, want: one(format, fail, verifier.Malformed), pointer: "/@context/1"},
		{name: "revoked", verdict: invalid, make: func(w *world) string {
			w.list(listURL, "revocation", w.issuer, []int{badgeIndex})
			return badge11()(w)
		}, want: one(revocation, fail, verifier.Revoked)},
	} {
		s.run(t)
	}
}

// What most badges of data model 1.1 are: an Ed25519Signature2020 proof, and a
// status by Status List 2021.
func TestBadgesOfTheirTime(t *testing.T) {
	former := func(w *world) string {
		text := apply(t, w.unsigned(w.issuer.method.Controller), []edit{earlier("-3.0.1"),
			swap("https://w3id.org/security/data-integrity/v2", "https://w3id.org/security/suites/ed25519-2020/v1"),
			swap("https://www.w3.org/ns/credentials/status/v1", "https://w3id.org/vc/status-list/2021/v1"),
			swap(`"type":"BitstringStatusListEntry"`, `"type":"StatusList2021Entry"`)})
		return w.prove(text, w.issuer, map[string]any{"type": "Ed25519Signature2020", "cryptosuite": nil})
	}
	good := []finding{{format, pass, verifier.VCDM11}, {schema, pass, verifier.OK}, {terms, pass, verifier.OK}, {proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}}
	for _, s := range []state{
		{name: "in order", verdict: valid, make: former, want: append(good, finding{revocation, pass, verifier.NotRevoked})},
		{name: "in a picture", verdict: valid, make: func(w *world) string { return bakedInto(t, painting(t), former(w)) }, want: good},
		{name: "revoked", verdict: invalid, make: func(w *world) string {
			w.list(listURL, "revocation", w.issuer, []int{badgeIndex})
			return former(w)
		}, want: append(good, finding{revocation, fail, verifier.Revoked})},
		{name: "changed", verdict: invalid, make: func(w *world) string { return swap(`Foundations`, `foundations`)(t, former(w)) }, want: one(proofs, fail, verifier.ProofInvalid)},
	} {
		s.run(t)
	}
}

// claim11 is a VC-JWT of data model 1.1 whose credential, changed, stands in vc.
// Claims replace the usual ones, nil leaves one out.
func claim11(t testing.TB, claims map[string]any, edits ...edit) func(*world) string {
	return func(w *world) string {
		k := webIssuer(w, keys.ES256)
		payload := map[string]any{"iss": webDID, "jti": "https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11",
			"sub": "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "nbf": 1795167000, "exp": 1889861400,
			"vc": json.RawMessage(w.unsigned(webDID, append([]edit{earlier("-3.0.1")}, edits...)...))}
		for name, v := range claims {
			if payload[name] = v; v == nil {
				delete(payload, name)
			}
		}
		return w.jws(map[string]any{"alg": "ES256", "kid": k.method.ID, "typ": "JWT"}, string(marshal(t, payload)), k)
	}
}

func TestTokenOfDataModel11(t *testing.T) {
	bad := one(proofs, fail, verifier.ClaimsDiffer)
	for _, s := range []state{
		{name: "in order", verdict: valid, make: claim11(t, nil), want: []finding{{format, pass, verifier.VCDM11}, {schema, pass, verifier.OK},
			{proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}, {validity, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}}},
		{name: "claims that stand for members", verdict: valid,
			make: claim11(t, nil, drop("id"), drop("issuanceDate"), drop("expirationDate"), swap(`"id":"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",`, "")),
			want: []finding{{format, pass, verifier.VCDM11}, {schema, pass, verifier.OK}, {proofs, pass, verifier.OK}, {validity, pass, verifier.OK}}},
		{name: "vp beside vc", verdict: invalid, make: claim11(t, map[string]any{"vp": map[string]any{"type": []string{"VerifiablePresentation"}}}),
			want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "expired by its claim", verdict: invalid, make: claim11(t, map[string]any{"exp": 1795167001}, drop("expirationDate")), want: one(validity, fail, verifier.Expired)},
		{name: "another issuer", verdict: invalid, make: claim11(t, map[string]any{"iss": "did:web:other.example"}), want: bad, detail: "iss"},
		{name: "another id", verdict: invalid, make: claim11(t, map[string]any{"jti": "urn:x"}), want: bad, detail: "jti"},
		{name: "another subject", verdict: invalid, make: claim11(t, map[string]any{"sub": "urn:x"}), want: bad, detail: "sub"},
		{name: "another beginning", verdict: invalid, make: claim11(t, map[string]any{"nbf": 1795167001}), want: bad, detail: "nbf"},
		{name: "another end", verdict: invalid, make: claim11(t, map[string]any{"exp": 1889861401}), want: bad, detail: "exp"},
		{name: "a beginning that is no moment", verdict: invalid, make: claim11(t, map[string]any{"nbf": "soon"}), want: bad, detail: "nbf"},
		{name: "a credential of 2.0 in vc", verdict: invalid, make: claim11(t, nil, swap("2018/credentials/v1", "ns/credentials/v2")), want: one(format, fail, verifier.Malformed), pointer: "/vc"},
		{name: "a credential beside vc", verdict: invalid, make: claim11(t, map[string]any{"@context": []string{"https://www.w3.org/2018/credentials/v1"}, "type": "VerifiableCredential"}),
			want: one(format, fail, verifier.Malformed), pointer: "/vc"},
		{name: "an undefined term in vc", verdict: invalid, make: claim11(t, nil, add(`"salary":1`)), want: one(terms, fail, verifier.UndefinedTerm), pointer: "/salary"},
		{name: "without vc, under 1.1", verdict: invalid, make: func(w *world) string {
			k := webIssuer(w, keys.ES256)
			return w.jws(map[string]any{"alg": "ES256", "kid": k.method.ID}, apply(t, w.payload(k), []edit{earlier("-3.0.1")}), k)
		}, want: one(format, fail, verifier.Malformed), pointer: "/@context/0"},
	} {
		s.run(t)
	}
}

func TestUnsignedTokens(t *testing.T) {
	bare := func(header string) func(*world) string {
		return func(w *world) string {
			return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + strings.Split(w.token(w.issuer), ".")[1] + "."
		}
	}
	for _, s := range []state{
		{name: "none", verdict: invalid, make: bare(`{"alg":"none"}`), want: notRun(finding{proofs, fail, verifier.NoProof}), detail: "not signed"},
		{name: "an honest algorithm", verdict: invalid, make: bare(`{"alg":"EdDSA"}`), want: one(proofs, fail, verifier.NoProof)},
		{name: "one that is not known here", verdict: invalid, make: bare(`{"alg":"PS256"}`), want: one(proofs, fail, verifier.NoProof)},
		{name: "no badge", verdict: invalid, make: func(*world) string { return "e30.e30." }, want: one(format, fail, verifier.NotABadge)},
	} {
		s.run(t)
	}
}

func envelope(mediaType, data string) string {
	return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:%s,%s"}`, mediaType, data)
}

func TestEnvelopes(t *testing.T) {
	of := func(mediaType string) func(*world) string {
		return func(w *world) string { return envelope(mediaType, w.token(w.issuer)) }
	}
	text := func(text string) func(*world) string { return func(*world) string { return text } }
	for _, s := range []state{
		{name: "vc+jwt", verdict: valid, make: of("application/vc+jwt"), want: []finding{{format, pass, verifier.OK}, {proofs, pass, verifier.OK}}},
		{name: "of a draft", verdict: valid, make: of("application/vc+ld+json+jwt"), want: one(proofs, pass, verifier.OK)},
		{name: "in capitals", verdict: valid, make: of("Application/VC+JWT"), want: one(proofs, pass, verifier.OK)},
		{name: "changed", verdict: invalid, make: func(w *world) string {
			parts := strings.Split(w.token(w.issuer), ".")
			return envelope("application/vc+jwt", parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(make([]byte, 64)))
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "SD-JWT", verdict: indeterminate, make: of("application/vc+sd-jwt"), want: notRun(finding{format, open, verifier.UnsupportedEnvelope}), detail: "application/vc+sd-jwt", pointer: "/id"},
		{name: "COSE", verdict: indeterminate, make: of("application/vc+cose"), want: one(format, open, verifier.UnsupportedEnvelope)},
		{name: "in base64", verdict: indeterminate, make: of("application/vc+jwt;base64"), want: one(format, open, verifier.UnsupportedEnvelope)},
		{name: "a page", verdict: invalid, make: of("text/html"), want: one(format, fail, verifier.Malformed), pointer: "/id", detail: "text/html"},
		{name: "an address", verdict: invalid, make: text(`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"https://x.example/1"}`), want: one(format, fail, verifier.Malformed), pointer: "/id"},
		{name: "no context", verdict: invalid, make: text(`{"@context":[],"type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,x"}`), want: one(format, fail, verifier.Malformed), pointer: "/@context"},
		{name: "no id", verdict: invalid, make: text(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiableCredential"}`), want: one(format, fail, verifier.Malformed), pointer: "/id"},
		{name: "JSON within", verdict: invalid, make: text(envelope("application/vc+jwt", `{}`)), want: one(format, fail, verifier.Malformed), pointer: "/id"},
		{name: "an envelope in an envelope", verdict: invalid, make: text(envelope("application/vc+jwt", "e30.e30.e30")), want: one(format, fail, verifier.NotABadge)},
	} {
		s.run(t)
	}
}

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>`

func painting(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))))
	return b.Bytes()
}

func bakedInto(t testing.TB, picture []byte, credential string) string {
	t.Helper()
	d, err := badge.Parse([]byte(credential))
	must(t, err)
	out, err := bake.Embed(picture, d)
	must(t, err)
	return string(out)
}

func TestPictures(t *testing.T) {
	pngOf := func(credential func(*world) string) func(*world) string {
		return func(w *world) string { return bakedInto(t, painting(t), credential(w)) }
	}
	svgOf := func(credential func(*world) string) func(*world) string {
		return func(w *world) string { return bakedInto(t, []byte(drawing), credential(w)) }
	}
	badge := func(w *world) string { return w.badge() }
	token := func(w *world) string { return w.token(w.issuer) }
	changed := func(w *world) string { return swap("Foundations", "foundations")(t, w.badge()) }
	good := []finding{{format, pass, verifier.OK}, {proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}}
	second := `<openbadges:credential xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0" verify="a.b.c"/></svg>`
	older := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:o="http://openbadges.org"><o:assertion verify="https://x.example/1"/></svg>`
	for _, s := range []state{
		{name: "JSON in a PNG", verdict: valid, make: pngOf(badge), want: good},
		{name: "JSON in an SVG", verdict: valid, make: svgOf(badge), want: good},
		{name: "a token in a PNG", verdict: valid, make: pngOf(token), want: good},
		{name: "a token in an SVG", verdict: valid, make: svgOf(token), want: good},
		{name: "by data model 1.1", verdict: valid, make: pngOf(func(w *world) string { return w.badge(earlier("-3.0.2")) }), want: one(format, pass, verifier.VCDM11)},
		{name: "changed in a PNG", verdict: invalid, make: pngOf(changed), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "changed in an SVG", verdict: invalid, make: svgOf(changed), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "two", verdict: invalid, make: func(w *world) string { return strings.Replace(svgOf(token)(w), "</svg>", second, 1) },
			want: notRun(finding{format, fail, verifier.SeveralInImage})},
		{name: "a token and a text", verdict: invalid, make: func(w *world) string {
			return strings.Replace(svgOf(badge)(w), "<openbadges:credential", `<openbadges:credential verify="a.b.c"`, 1)
		}, want: notRun(finding{format, fail, verifier.Misbaked}), detail: "a token and a text"},
		{name: "an older one", verdict: indeterminate, make: func(*world) string { return older }, want: notRun(finding{format, open, verifier.UnsupportedEdition})},
		{name: "JSON attached to a PDF", verdict: valid, make: func(w *world) string { return attachmenttest.PDF("a note", badge(w)) }, want: good},
		{name: "a token attached to a PDF", verdict: valid, make: func(w *world) string { return attachmenttest.PDF(token(w)) }, want: good},
		{name: "changed in a PDF", verdict: invalid, make: func(w *world) string { return attachmenttest.PDF(changed(w)) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "two in a PDF", verdict: invalid, make: func(w *world) string { return attachmenttest.PDF(badge(w), badge(w)) }, want: notRun(finding{format, fail, verifier.SeveralInPDF})},
		{name: "an empty PDF", verdict: invalid, make: func(*world) string { return attachmenttest.PDF() }, want: one(format, fail, verifier.Unreadable), detail: "no_badge_in_pdf"},
		{name: "half a PDF", verdict: invalid, make: func(*world) string { return "%PDF-1.7" }, want: one(format, fail, verifier.Unreadable), detail: "damaged_pdf"},
		{name: "an encrypted PDF", verdict: invalid, make: func(w *world) string {
			return strings.Replace(attachmenttest.PDF(badge(w)), "/Root", "/Encrypt 9 0 R /Root", 1)
		}, want: one(format, fail, verifier.Unreadable), detail: "encrypted_pdf"},
		{name: "an empty picture", verdict: invalid, make: func(*world) string { return drawing }, want: one(format, fail, verifier.Unreadable), detail: "no_badge_in_image"},
		{name: "a photograph of one", verdict: invalid, make: func(*world) string { return "\xFF\xD8\xFF\xE0\x00\x10JFIF\x00" }, want: one(format, fail, verifier.Unreadable), detail: "no_badge_in_image"},
		{name: "another photograph", verdict: invalid, make: func(*world) string { return "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00" }, want: one(format, fail, verifier.Unreadable), detail: "no_badge_in_image"},
		{name: "a damaged one", verdict: invalid, make: func(w *world) string { return pngOf(token)(w) + "x" }, want: one(format, fail, verifier.Unreadable), detail: "damaged_image"},
		{name: "a document type", verdict: invalid, make: func(w *world) string { return "<!DOCTYPE svg>" + svgOf(token)(w) }, want: one(format, fail, verifier.Unreadable), detail: "unsafe_image"},
		{name: "a page", verdict: invalid, make: func(*world) string { return "<html></html>" }, want: one(format, fail, verifier.Unreadable), detail: "unknown_format"},
		{name: "a large one", verdict: invalid, make: func(w *world) string { return pngOf(token)(w) + strings.Repeat("x", verifier.MaxBytes) },
			want: one(format, fail, verifier.Unreadable), detail: "too_large"},
		{name: "a picture in a picture", verdict: invalid, make: func(*world) string {
			return strings.Replace(drawing, "<path", `<o:credential xmlns:o="https://purl.imsglobal.org/ob/v3p0"><![CDATA[`+drawing+`]]></o:credential><path`, 1)
		}, want: one(format, fail, verifier.MalformedToken), detail: "malformed_jws"},
	} {
		s.run(t)
	}
}

func TestOlderBadges(t *testing.T) {
	const hosted = `{"@context":"https://w3id.org/openbadges/v2","type":"Assertion","id":"https://example.org/assertions/1","recipient":{"type":"email","hashed":false,"identity":"a@example.org"},` +
		`"badge":"https://example.org/badges/1","verification":{"type":"HostedBadge"},"issuedOn":"2017-06-29T21:50:14+00:00"}`
	signed := func(w *world) string {
		k := keyPair(t, keys.RS256)
		return w.jws(map[string]any{"alg": "RS256"}, strings.Replace(hosted, "HostedBadge", "SignedBadge", 1), k)
	}
	text := func(text string) func(*world) string { return func(*world) string { return text } }
	for _, s := range []state{
		{name: "hosted", make: text(hosted)},
		{name: "several contexts", make: text(strings.Replace(hosted, `"https://w3id.org/openbadges/v2"`, `["https://w3id.org/openbadges/v2","https://w3id.org/openbadges/extensions/x"]`, 1))},
		{name: "1.1", make: text(strings.Replace(hosted, "/v2", "/v1", 1))},
		{name: "0.5", make: text(`{"recipient":"sha256$ab","salt":"x","badge":{"version":"0.5.0","name":"x","issuer":{"origin":"https://example.org","name":"X"}}}`)},
		{name: "1.0", make: text(`{"uid":"1","recipient":{"type":"email","identity":"x"},"badge":"https://example.org/b","verify":{"type":"hosted","url":"https://example.org/1"},"issuedOn":1311280800}`)},
		{name: "a class of badges", make: text(`{"@context":"https://w3id.org/openbadges/v2","type":"BadgeClass","id":"https://example.org/badges/1"}`)},
		{name: "signed", make: signed},
		{name: "signed, in a picture", make: func(w *world) string {
			return `<svg xmlns="http://www.w3.org/2000/svg"><assertion xmlns="http://openbadges.org" verify="` + signed(w) + `"/></svg>`
		}},
	} {
		s.verdict = indeterminate
		s.want = notRun(finding{format, open, verifier.UnsupportedEdition}, finding{proofs, skip, verifier.NotRun})
		s.run(t)
	}
}
