package verifier_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/verifier"
)

func signed(edits ...edit) func(*world) string {
	return func(w *world) string { return w.badge(edits...) }
}

func TestRecipient(t *testing.T) {
	// Digests made with sha256sum and md5sum; the first is the published
	// example.
	const (
		lower    = "b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399" // a@example.comKosher
		mixed    = "ade0b93e969651ae6112023dbea41687a95ea0b8e6f0eec1a4a7f18b986f0d82" // A@Example.COMKosher
		inFront  = "fcdb4d3442e93bdb75d9ac0ba3f08efdcc0c95b3901a01e1b881c2fade01a375" // Koshera@example.com
		lowerMD5 = "ddd142639a792e74751ee7e129237efa"                                 // a@example.comKosher
	)
	given := func(members string) func(*world) string {
		return signed(swap(`"hashed":true,"identityHash":"sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef3d0","identityType":"emailAddress","salt":"Kosher-8f3a1c"`, members))
	}
	plain := func(kind, value string) func(*world) string {
		return given(fmt.Sprintf(`"hashed":false,"identityHash":%q,"identityType":%q`, value, kind))
	}
	hashed := func(algorithm, digest string) func(*world) string {
		return given(fmt.Sprintf(`"hashed":true,"identityHash":"%s$%s","identityType":"emailAddress","salt":"Kosher"`, algorithm, digest))
	}
	ask := func(kind, value string) verifier.Options {
		return verifier.Options{Recipient: &verifier.Identity{Type: kind, Value: value}}
	}
	email := func(value string) verifier.Options { return ask("emailAddress", value) }
	const recipient = verifier.CheckRecipient
	matches, differs := one(recipient, pass, verifier.RecipientMatches), one(recipient, fail, verifier.RecipientDiffers)
	unstated := one(recipient, open, verifier.RecipientUnstated)
	for _, s := range []state{
		{name: "plain", verdict: valid, opts: email("ana@example.org"), make: plain("emailAddress", "ana@example.org"), want: matches},
		{name: "plain, asked in other case", verdict: valid, opts: email("Ana@Example.org "), make: plain("emailAddress", "ana@example.org"), want: matches},
		{name: "plain, written in other case", verdict: valid, opts: email("ana@example.org"), make: plain("emailAddress", "Ana@Example.org"), want: matches},
		{name: "plain, another", verdict: invalid, opts: email("eve@example.org"), make: plain("emailAddress", "ana@example.org"), want: differs},
		{name: "names keep their case", verdict: invalid, opts: ask("name", "ana"), make: plain("name", "Ana"), want: differs},
		{name: "salted", verdict: valid, opts: email("a@example.com"), make: hashed("sha256", lower), want: matches},
		{name: "salted, upper-case digits", verdict: valid, opts: email("a@example.com"), make: hashed("sha256", strings.ToUpper(lower)), want: matches},
		{name: "salted, asked in other case", verdict: valid, opts: email(" A@Example.COM"), make: hashed("sha256", lower), want: matches},
		{name: "salted as it was written", verdict: valid, opts: email("A@Example.COM"), make: hashed("sha256", mixed), want: matches},
		{name: "salt in front", verdict: invalid, opts: email("a@example.com"), make: hashed("sha256", inFront), want: differs},
		{name: "salted, another", verdict: invalid, opts: email("b@example.com"), make: hashed("sha256", lower), want: differs},
		{name: "md5", verdict: warning, opts: email("a@example.com"), make: hashed("md5", lowerMD5), want: one(recipient, warn, verifier.RecipientMatchesWeakly)},
		{name: "md5, another", verdict: invalid, opts: email("b@example.com"), make: hashed("md5", lowerMD5), want: differs},
		{name: "composed and decomposed", verdict: valid, opts: email("Zo\u0065\u0308@example.org"), make: plain("emailAddress", "zo\u00eb@example.org"), want: matches},
		{name: "address as the subject", verdict: valid, opts: email("Ana@example.org"), make: signed(swap("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "mailto:ana@example.org")), want: matches},
		{name: "one of several", verdict: valid, opts: email("a@example.com"),
			make: given(`"hashed":true,"identityHash":"sha256$` + inFront + `","identityType":"emailAddress","salt":"Kosher"},{"type":"IdentityObject","hashed":true,"identityHash":"sha256$` + lower + `","identityType":"emailAddress","salt":"Kosher"`), want: matches},
		{name: "by md5 and by sha256", verdict: valid, opts: email("a@example.com"),
			make: given(`"hashed":true,"identityHash":"md5$` + lowerMD5 + `","identityType":"emailAddress","salt":"Kosher"},{"type":"IdentityObject","hashed":true,"identityHash":"sha256$` + lower + `","identityType":"emailAddress","salt":"Kosher"`), want: matches},
		{name: "another algorithm", verdict: indeterminate, opts: email("a@example.com"), make: hashed("sha512", lower), want: unstated},
		{name: "nothing of that kind", verdict: indeterminate, opts: ask("name", "Ana"), make: signed(), want: unstated},
		{name: "subject id", verdict: valid, opts: ask(verifier.IdentitySubject, "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"), make: signed(), want: matches},
		{name: "another subject id", verdict: invalid, opts: ask(verifier.IdentitySubject, "did:key:z6Mki"), make: signed(), want: differs},
	} {
		s.run(t)
	}
}

func TestTrust(t *testing.T) {
	list := trust{}
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Trust = list })
	w.list(listURL, "revocation", w.issuer, nil)
	text := w.badge()
	for name, want := range map[string]finding{
		"":       {verifier.CheckIssuerTrust, warn, verifier.IssuerNotListed},
		"Guild":  {verifier.CheckIssuerTrust, pass, verifier.IssuerListed},
		"Trials": {verifier.CheckIssuerTrust, warn, verifier.TestIssuer},
		"broken": {verifier.CheckIssuerTrust, warn, verifier.IssuerNotListed},
	} {
		if name != "" {
			list[w.issuer.method.Controller] = name
		}
		r := verify(t, w.v, text, verifier.Options{})
		verdict := valid
		if name == "Trials" {
			verdict = warning
		}
		expect(t, r, verdict, want)
		if f := r.Finding(verifier.CheckIssuerTrust); f.Outcome == pass && f.Params["list"] != name {
			t.Errorf("params %v", f.Params)
		}
		clear(list)
	}
}

func TestProofOnly(t *testing.T) {
	beyond := func(first ...finding) []finding {
		for _, c := range []verifier.Check{verifier.CheckIssuerTrust, revocation, suspension, verifier.CheckRefresh, verifier.CheckRecipient, verifier.CheckEndorsement} {
			first = append(first, finding{c, skip, verifier.NotAsked})
		}
		return first
	}
	opts := verifier.Options{ProofOnly: true}
	for _, s := range []state{
		{name: "good, though revoked", verdict: valid, opts: opts, make: func(w *world) string { w.list(listURL, "revocation", w.issuer, []int{badgeIndex}); return w.badge() },
			want: beyond(finding{proofs, pass, verifier.OK}, finding{validity, pass, verifier.OK})},
		{name: "expired", verdict: invalid, opts: opts, make: signed(swap("2029-11-20", "2026-11-21")), want: beyond(finding{validity, fail, verifier.Expired})},
		{name: "tampered", verdict: invalid, opts: opts, make: func(w *world) string { return swap(`"value":"94"`, `"value":"99"`)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
	} {
		s.run(t)
	}
}

func TestGeneric(t *testing.T) {
	opts := verifier.Options{Generic: true}
	made := func(edits ...edit) func(*world) string {
		return func(w *world) string { return w.sign(apply(t, generic(w.issuer), edits), w.issuer, now) }
	}
	for _, s := range []state{
		{name: "inline context, no dates, no id", verdict: valid, opts: opts, make: made(), want: []finding{{format, pass, verifier.OK}, {validity, pass, verifier.NoEnd}}},
		{name: "the same asked as a badge", verdict: invalid, make: made(), want: one(format, fail, verifier.NotABadge)},
		{name: "two subjects", verdict: valid, opts: opts, make: made(put("credentialSubject", `[{"id":"urn:uuid:1","shoeSize":1},{"id":"urn:uuid:2","shoeSize":2}]`)), want: one(format, pass, verifier.OK)},
		{name: "a badge", verdict: valid, opts: opts, make: signed(), want: one(schema, pass, verifier.OK)},
		{name: "tampered", verdict: invalid, opts: opts, make: func(w *world) string { return swap(`:42`, `:43`)(t, made()(w)) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the meaning of a term tampered", verdict: invalid, opts: opts, make: func(w *world) string { return swap(`terms#shoeSize`, `terms#hatSize`)(t, made()(w)) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the direction of a text", verdict: warning, opts: opts, make: made(add(`"name":{"@value":"x","@language":"ar","@direction":"rtl"}`)), want: one(terms, warn, verifier.UnsignedDirection)},
		{name: "a witness beside the issuer", verdict: valid, opts: opts, make: func(w *world) string { return witnessed(t, w, w.issuer, didKey(t)) },
			want: []finding{{proofs, pass, verifier.OK}, {issuerKey, pass, verifier.OK}}},
		{name: "a witness alone", verdict: invalid, opts: opts, make: func(w *world) string { return w.sign(generic(w.issuer), didKey(t), now) },
			want: []finding{{proofs, pass, verifier.OK}, {issuerKey, fail, verifier.WrongController}}},
		{name: "a witness whose proof is bad beside the issuer", verdict: invalid, opts: opts, make: func(w *world) string {
			return swap("T10:00:00Z", "T10:00:01Z")(t, witnessed(t, w, didKey(t), w.issuer))
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "an issuer by address, and a key of nobody's", verdict: warning, opts: opts, make: func(w *world) string {
			return w.sign(swap(w.issuer.method.Controller, "https://issuer.example/1")(t, generic(w.issuer)), didKey(t), now)
		}, want: []finding{{proofs, pass, verifier.OK}, {issuerKey, warn, verifier.WrongController}}},
		{name: "the same, tampered", verdict: invalid, opts: opts, make: func(w *world) string {
			return swap(`:42`, `:43`)(t, w.sign(swap(w.issuer.method.Controller, "https://issuer.example/1")(t, generic(w.issuer)), didKey(t), now))
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "the same of a badge", verdict: invalid, opts: opts, make: func(w *world) string {
			return w.sign(w.unsigned("https://issuer.example/1"), didKey(t), now)
		}, want: one(issuerKey, fail, verifier.WrongController)},
		{name: "undefined term", verdict: invalid, opts: opts, make: func(w *world) string { return add(`"hatSize":1`)(t, made()(w)) }, want: one(terms, fail, verifier.UndefinedTerm)},
		{name: "a context that is not held", verdict: invalid, opts: opts, make: func(w *world) string { return swap(`v2",{`, `v2","https://example.org/ctx",{`)(t, made()(w)) }, want: one(terms, fail, verifier.UnknownContext)},
		{name: "a context that undefines", verdict: invalid, opts: opts, make: func(w *world) string { return swap(`v2",{`, `v2",{"name":null,`)(t, made()(w)) }, want: one(terms, fail, verifier.ContextFault)},
		{name: "expired", verdict: invalid, opts: opts, make: made(add(`"validUntil":"2026-11-20T00:00:00Z"`)), want: one(validity, fail, verifier.Expired)},
		{name: "a date that is a number", verdict: invalid, opts: opts, make: made(add(`"validUntil":3000`)), want: one(validity, fail, verifier.BadDate)},
		{name: "no proof", verdict: invalid, opts: opts, make: func(w *world) string { return generic(w.issuer) }, want: one(proofs, fail, verifier.NoProof)},
		{name: "no issuer", verdict: invalid, opts: opts, make: func(w *world) string { return drop("issuer")(t, made()(w)) }, want: one(format, fail, verifier.Malformed)},
		{name: "Open Badges 2.0", verdict: indeterminate, opts: opts, make: func(*world) string { return `{"@context":["https://w3id.org/openbadges/v2"]}` }, want: one(format, open, verifier.UnsupportedEdition)},
	} {
		s.run(t)
	}
}

// witnessed is a generic credential with the proofs of two.
func witnessed(t *testing.T, w *world, first, second signer) string {
	t.Helper()
	one := w.sign(generic(w.issuer), first, now)
	two := w.sign(generic(w.issuer), second, now)
	return swap(`"proof":`+onlyProof(t, one), `"proof":[`+onlyProof(t, one)+`,`+onlyProof(t, two)+`]`)(t, one)
}

// What NewDocument writes is what we verify.
func TestDocumentOfOurs(t *testing.T) {
	w := newWorld(t)
	d, err := badge.NewDocument(&badge.Credential{
		Context: []string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions},
		ID:      "https://badges.example.edu/credentials/1", Type: []string{badge.TypeVerifiableCredential, badge.TypeOpenBadge},
		Name: "Robotics", Issuer: &badge.Profile{ID: w.issuer.method.Controller, Type: []string{"Profile"}, Name: "State University"},
		ValidFrom: "2026-11-20T09:30:00Z",
		CredentialSubject: &badge.AchievementSubject{ID: "urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10", Type: []string{"AchievementSubject"},
			Identifier: []badge.IdentityObject{{Type: "IdentityObject", IdentityHash: "Zoë 王 <z>", IdentityType: badge.IdentityTypeName}},
			Achievement: &badge.Achievement{ID: "https://badges.example.edu/achievements/robotics", Type: []string{"Achievement"}, Name: "Robotics",
				Description: "Builds robots.", Criteria: &badge.Criteria{Narrative: "Build one."}}},
		CredentialSchema: []badge.CredentialSchema{{ID: badge.SchemaURLOB, Type: badge.SchemaTypeOB}},
	})
	must(t, err)
	secured, err := w.suite.Secure(context.Background(), d, w.issuer, now)
	must(t, err)
	r := w.v.VerifyDocument(context.Background(), secured, verifier.Options{Recipient: &verifier.Identity{Type: "name", Value: "Zoë 王 <z>"}})
	expect(t, r, valid, finding{schema, pass, verifier.OK}, finding{verifier.CheckRecipient, pass, verifier.RecipientMatches})
	if f := r.Finding(schema); f.Detail != "" {
		t.Errorf("the strict schema is not met: %s", f.Detail)
	}
	if r.Document != secured {
		t.Error("the report is about another document")
	}
}

// TestTestIssuers: a badge that says of itself that it is a trial is never valid
// without that remark, whoever signed it, without a list of trust and without a
// request; half of the marks is nobody's confession.
func TestTestIssuers(t *testing.T) {
	list := trust{}
	for _, listed := range []bool{false, true} {
		w := newWorld(t, func(cfg *verifier.Config) {
			if listed {
				cfg.Trust = list
			}
		})
		w.list(listURL, "revocation", w.issuer, nil)
		id := w.issuer.method.Controller
		list[id] = "Guild"
		profile := func(name, address string) string {
			return w.badge(put("issuer", fmt.Sprintf(`{"id":%q,"type":["Profile"],"name":%q,"url":%q}`, id, name, address)))
		}
		const page = "https://badges.example/issuers/test-academy"
		for _, c := range []struct {
			name, address string
			test          bool
		}{
			{"[TEST] Academy", page, true},
			{"[TEST] Academy", "http://127.0.0.1:8080/issuers/test-academy", true},
			{"Academy", page, false},
			{"Academy [TEST]", page, false},
			{"[test] Academy", page, false},
			{"[TEST] Academy", "https://badges.example/issuers/academy", false},
			{"[TEST] Academy", "https://badges.example/issuers/testing", false},
			{"[TEST] Academy", "https://badges.example/?x=/issuers/test-academy", false},
			{"[TEST] Academy", "https://badges.example/a/issuers/test-academy", false},
			{"[TEST] Academy", page + "/more", false},
			{"[TEST] Academy", "https://a@badges.example/issuers/test-academy", false},
		} {
			want, verdict := finding{verifier.CheckIssuerTrust, warn, verifier.IssuerNotListed}, valid
			if listed {
				want = finding{verifier.CheckIssuerTrust, pass, verifier.IssuerListed}
			}
			if c.test {
				want, verdict = finding{verifier.CheckIssuerTrust, warn, verifier.TestIssuer}, warning
			}
			t.Run(fmt.Sprint(c.name, c.address, listed), func(t *testing.T) {
				expect(t, verify(t, w.v, profile(c.name, c.address), verifier.Options{}), verdict, want)
			})
		}
	}
}
