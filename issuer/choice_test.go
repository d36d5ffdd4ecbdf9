package issuer_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/verifier"
)

func (p *place) signChosen(t *testing.T, document string, c issuer.Choice) (*badge.Document, error) {
	t.Helper()
	v, err := strictjson.Parse([]byte(document), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p.SignCredential(t.Context(), v, c, "test")
}

// Every suite signs badges and other credentials with every kind of key that
// it takes, and a stranger finds them valid.
func TestEverySuiteCanBeChosen(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}, RSA: true})
	named := edit(t, foreignBadge, `"creditsEarned": 2.50,`, `"creditsEarned": 2.50, "id": "did:example:ana",`)
	signed := 0
	for _, suite := range p.Config.Generic {
		for _, alg := range suite.Algorithms() {
			for name, document := range map[string]string{"badge": named, "other": foreignCredential} {
				doc, err := p.signChosen(t, document, issuer.Choice{Suite: suite.Name(), Key: alg})
				if err != nil {
					t.Errorf("%s, %s, %s: %v", suite.Name(), alg, name, err)
					continue
				}
				signed++
				if (doc.JWS() != nil) != (suite.Name() == "vc-jwt") || doc.JWS() == nil && doc.Proofs()[0].Cryptosuite != suite.Name() {
					t.Errorf("%s, %s, %s is secured otherwise: %.200s", suite.Name(), alg, name, doc.Raw())
				}
				p.verified(t, doc, verifier.Options{Generic: name == "other"})
			}
		}
	}
	if signed < 20 {
		t.Errorf("only %d were signed", signed)
	}
}

func TestABadgeInAnEnvelopeNamesItsSubject(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	var faults badge.Errors
	_, err := p.signChosen(t, foreignBadge, issuer.Choice{Suite: "vc-jwt"})
	if !errors.As(err, &faults) || faults[0].Pointer != "/credentialSubject/id" {
		t.Errorf("without a subject: %v", err)
	}
}

func TestStatusesThatWereAskedFor(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}, RSA: true})
	both := []string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension}
	for _, purposes := range [][]string{nil, both[:1], both[1:], both} {
		doc, err := p.signChosen(t, foreignCredential, issuer.Choice{Purposes: purposes})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range doc.Root().Get("credentialStatus").Each() {
			got = append(got, entry.Get("statusPurpose").Text())
		}
		if strings.Join(got, " ") != strings.Join(purposes, " ") {
			t.Errorf("asked for %v, got %v", purposes, got)
		}
		p.verified(t, doc, verifier.Options{Generic: true})
	}
}

func TestWhatCannotBeChosen(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}, RSA: true})
	with := edit(t, foreignCredential, "{", `{"credentialStatus": {"type": "SomeStatus"},`)
	for name, c := range map[string]struct {
		document, option string
		choice           issuer.Choice
	}{
		"a suite that is not known":       {foreignCredential, "suite", issuer.Choice{Suite: "rot13"}},
		"a key that the suite cannot use": {foreignCredential, "key", issuer.Choice{Suite: "eddsa-rdfc-2022", Key: keys.ES256}},
		"a purpose without a list":        {foreignCredential, "purposes", issuer.Choice{Purposes: []string{"message"}}},
		"a purpose twice":                 {foreignCredential, "purposes", issuer.Choice{Purposes: []string{"revocation", "revocation"}}},
		"a status beside its own":         {with, "purposes", issuer.Choice{Purposes: []string{"revocation"}}},
	} {
		var o *issuer.OptionError
		if _, err := p.signChosen(t, c.document, c.choice); !errors.As(err, &o) || o.Option != c.option {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A credential of VC data model 1.1 is signed by that model: with its date, and
// with the context that its proof needs.
func TestEarlierDataModel(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	const plain = `{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"issuer":"did:web:badges.example","credentialSubject":{"id":"did:example:1"}}`
	whole := edit(t, plain, `v1"]`, `v1","https://w3id.org/security/data-integrity/v2"]`)
	whole = edit(t, whole, `"issuer"`, `"issuanceDate":"2020-01-01T00:00:00Z","issuer"`)
	for name, c := range map[string]struct{ document, date string }{"incomplete": {plain, badge.FormatTime(issuertest.Start)}, "whole": {whole, "2020-01-01T00:00:00Z"}} {
		doc, err := p.signChosen(t, c.document, issuer.Choice{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if contexts := doc.Root().Get("@context"); contexts.Len() != 2 || doc.Root().Get("issuanceDate").Text() != c.date {
			t.Errorf("%s: %s", name, doc.Raw())
		}
		p.verified(t, doc, verifier.Options{Generic: true})
	}
	var faults badge.Errors
	if _, err := p.signChosen(t, edit(t, whole, `"issuer"`, `"expirationDate":"2019-01-01T00:00:00Z","issuer"`), issuer.Choice{}); !errors.As(err, &faults) || faults[0].Pointer != "/expirationDate" {
		t.Errorf("ended before it began: %v", err)
	}
	var o *issuer.OptionError
	if _, err := p.signChosen(t, whole, issuer.Choice{Suite: "vc-jwt"}); !errors.As(err, &o) {
		t.Errorf("in an envelope: %v", err)
	}
	if _, err := p.signChosen(t, edit(t, foreignBadge, `"https://www.w3.org/ns/credentials/v2"`, `"https://www.w3.org/2018/credentials/v1"`), issuer.Choice{}); !errors.As(err, &faults) {
		t.Errorf("a badge of that model: %v", err)
	}
}

// What is asked for in the words of data model 1.1 is held to the same rules,
// and leaves nothing behind where it is refused.
func TestEarlierDataModelRefuses(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	const plain = `{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"issuer":"did:web:badges.example","credentialSubject":{"id":"did:example:1"}}`
	inline := func(context string) string { return edit(t, plain, `v1"]`, `v1",`+context+`]`) }
	with := func(member string) string { return edit(t, plain, `"issuer"`, member+`,"issuer"`) }
	if _, err := p.signForeign(t, inline(`{"x":"urn:x"}`)); err != nil {
		t.Fatalf("the control: %v", err)
	}
	before := issuertest.Snapshot(t, p.Store)
	for name, document := range map[string]string{
		"another issuer":                edit(t, plain, `"did:web:badges.example"`, `"did:web:evil.example"`),
		"another issuer in an object":   edit(t, plain, `"did:web:badges.example"`, `{"id":"did:web:evil.example"}`),
		"two issuers":                   edit(t, plain, `"did:web:badges.example"`, `["did:web:badges.example","did:web:evil.example"]`),
		"no issuer":                     edit(t, plain, `"issuer":"did:web:badges.example",`, ``),
		"a proof":                       with(`"proof":{"type":"DataIntegrityProof"}`),
		"an id of ours":                 with(`"id":"https://badges.example/credentials/1"`),
		"a relative id":                 with(`"id":"one"`),
		"a blank node's name":           with(`"id":"_:b0"`),
		"an undefined term":             with(`"salary":1`),
		"a date of 2.0 that is none":    with(`"validUntil":"soon"`),
		"a date that is a number":       with(`"issuanceDate":1577836800`),
		"an end before the beginning":   with(`"issuanceDate":"2020-01-01T00:00:00Z","expirationDate":"2019-01-01T00:00:00Z"`),
		"null":                          with(`"name":null`),
		"a control character":           edit(t, inline(`{"x":"urn:x"}`), `"issuer"`, `"x":"a\u0000b","issuer"`),
		"a context of its own within":   edit(t, plain, `{"id":"did:example:1"}`, `{"@context":{"x":"urn:x"},"id":"did:example:1","x":"y"}`),
		"contexts in one text":          edit(t, plain, `["https://www.w3.org/2018/credentials/v1"]`, `"https://www.w3.org/2018/credentials/v1"`),
		"the context of 2.0 behind":     inline(`"https://www.w3.org/ns/credentials/v2"`),
		"an unknown context":            inline(`"https://evil.example/v1"`),
		"a context imported":            inline(`{"@import":"https://evil.example/v1"}`),
		"a protected type, otherwise":   inline(`{"VerifiableCredential":"urn:x"}`),
		"a protected type, taken away":  inline(`{"VerifiableCredential":null}`),
		"everything relative to a base": edit(t, inline(`{"@base":"https://evil.example/"}`), "did:example:1", "one"),
		"an Open Badge":                 edit(t, plain, `["VerifiableCredential"]`, `["VerifiableCredential","OpenBadgeCredential"]`),
		"an AchievementCredential":      edit(t, plain, `["VerifiableCredential"]`, `["VerifiableCredential","AchievementCredential"]`),
	} {
		if signed, err := p.signForeign(t, document); err == nil {
			t.Errorf("%s: signed as %s", name, signed.Raw())
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
}

// What was signed for others is suspended, taken back, and revoked for good.
func TestStatusOfWhatWasSignedForOthers(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	const id = "urn:uuid:1d2f9e6c-7a0e-4c2e-9b57-0d6f3a5f2b11"
	doc, err := p.signChosen(t, edit(t, foreignCredential, "{", `{"id": "`+id+`",`), issuer.Choice{Purposes: []string{"revocation", "suspension"}})
	if err != nil {
		t.Fatal(err)
	}
	set := func(purpose string, on bool) error {
		return p.SetStatus(t.Context(), issuer.StatusRequest{CredentialID: id, Entries: []issuer.StatusEntry{{Purpose: purpose}}, Set: on, Actor: "test",
			MayTouch: func(string) bool { return true }})
	}
	for _, step := range []struct {
		purpose string
		on      bool
		want    verifier.Verdict
		check   verifier.Check
	}{
		{"suspension", true, verifier.Invalid, verifier.CheckSuspension}, {"suspension", true, verifier.Invalid, verifier.CheckSuspension},
		{"suspension", false, verifier.Valid, ""}, {"revocation", false, verifier.Valid, ""},
		{"revocation", true, verifier.Invalid, verifier.CheckRevocation},
	} {
		if err := set(step.purpose, step.on); err != nil {
			t.Fatalf("%+v: %v", step, err)
		}
		r := p.full(t).VerifyDocument(t.Context(), doc, verifier.Options{Generic: true})
		if r.Verdict() != step.want || step.check != "" && r.Decisive().Check != step.check {
			t.Errorf("%+v: %s, %+v", step, r.Verdict(), r.Decisive())
		}
	}
	var final *issuer.StateError
	if err := set("revocation", false); !errors.As(err, &final) {
		t.Errorf("taking a revocation back: %v", err)
	}
}

// TestStatusOfOneIDTwice: each of two credentials that were signed under one id
// is revoked by the entry that it has, and neither by accident.
func TestStatusOfOneIDTwice(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	const id = "urn:uuid:1d2f9e6c-7a0e-4c2e-9b57-0d6f3a5f2b11"
	sign := func(id string) *badge.Document {
		t.Helper()
		doc, err := p.signChosen(t, edit(t, foreignCredential, "{", `{"id": "`+id+`",`), issuer.Choice{Purposes: []string{"revocation"}})
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	first, second, other := sign(id), sign(id), sign(id+"2")
	entry := func(doc *badge.Document) (list, index string) {
		s := doc.Root().Get("credentialStatus")
		return s.Get("statusListCredential").Text(), s.Get("statusListIndex").Text()
	}
	revoke := func(id, list, index string, may bool) error {
		return p.SetStatus(t.Context(), issuer.StatusRequest{CredentialID: id, Entries: []issuer.StatusEntry{{Purpose: "revocation", List: list, Index: index, Pointer: "/credentialStatus"}}, Set: true,
			Actor: "test", MayTouch: func(string) bool { return may }})
	}
	verdict := func(name string, doc *badge.Document, want verifier.Verdict) {
		t.Helper()
		if r := p.full(t).VerifyDocument(t.Context(), doc, verifier.Options{Generic: true}); r.Verdict() != want {
			t.Errorf("%s: %v %+v", name, r.Verdict(), r.Decisive())
		}
	}
	list, index := entry(first)
	otherList, otherIndex := entry(other)
	before := issuertest.Snapshot(t, p.Store)
	for name, c := range map[string]struct{ list, index, rule string }{
		"neither is named":     {"", "", "status_ambiguous"},
		"the list alone":       {list, "", "status_ambiguous"},
		"the index alone":      {"", index, "status_ambiguous"},
		"of another id":        {otherList, otherIndex, "status_mismatch"},
		"of nobody":            {list, "131072", "status_mismatch"},
		"no index":             {list, "x", "status_mismatch"},
		"a list of badges":     {p.StatusListURL(academy + "-1"), index, "status_mismatch"},
		"a list of elsewhere":  {"https://other.example/status/vc-api-1", index, "status_mismatch"},
		"of another purpose":   {p.StatusListURL("vc-api-s1"), index, "status_mismatch"},
		"a list of long names": {list + "/x", index, "status_mismatch"},
	} {
		var faults badge.Errors
		if err := revoke(id, c.list, c.index, true); !errors.As(err, &faults) || faults[0].Rule != c.rule || faults[0].Pointer != "/credentialStatus" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"unknown": revoke("urn:x", list, index, true), "no id": revoke("", list, index, true), "not theirs": revoke(id, list, index, false)} {
		if !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
	if err := revoke(id, list, index, true); err != nil {
		t.Fatal(err)
	}
	verdict("the first", first, verifier.Invalid)
	verdict("the second", second, verifier.Valid)
	verdict("the other", other, verifier.Valid)
	list, index = entry(second)
	if err := revoke(id, list, index, true); err != nil {
		t.Fatal(err)
	}
	verdict("the second", second, verifier.Invalid)
	if err := revoke(id+"2", "", "", true); err != nil { // the only one of its id needs no name
		t.Fatal(err)
	}
	verdict("the other", other, verifier.Invalid)
	issuertest.Audit(t, p.Issuer)
}

// Whatever is signed for others, with any choice of suite, key and status, in
// either kind of service, is good to a verifier that asks everything; what
// could not be is refused as the caller's choice.
func TestWhateverIsSignedIsGood(t *testing.T) {
	suites := []string{"", "eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019", "vc-jwt"}
	algorithms := []keys.Algorithm{"", keys.EdDSA, keys.ES256, keys.ES384, keys.RS256}
	statuses := [][]string{nil, {badge.StatusPurposeRevocation}, {badge.StatusPurposeRevocation, badge.StatusPurposeSuspension}}
	for _, base := range []string{issuertest.BaseURL, "http://localhost:8080"} {
		p := at(t, boltHome(t), issuertest.Options{BaseURL: base, Issuers: []string{issuer.VCAPISlug}, RSA: true})
		asking := p.full(t)
		signed, refused := 0, 0
		for _, suite := range suites {
			for _, alg := range algorithms {
				for _, purposes := range statuses {
					for _, isBadge := range []bool{true, false} {
						document := edit(t, foreignBadge, `"creditsEarned": 2.50,`, `"creditsEarned": 2.50, "id": "did:example:ana",`)
						if !isBadge {
							document = foreignCredential
							if owner := ownerFor(t, p, alg, suite); owner != "" {
								document = edit(t, document, "did:web:badges.example", owner)
							}
						}
						what := fmt.Sprint(base, " ", suite, " ", alg, " ", purposes, " badge ", isBadge)
						doc, err := p.signChosen(t, document, issuer.Choice{Suite: suite, Key: alg, Purposes: purposes})
						var chosen *issuer.OptionError
						if err != nil {
							if refused++; !errors.As(err, &chosen) {
								t.Errorf("%s: %v", what, err)
							}
							continue
						}
						signed++
						if r := asking.VerifyDocument(t.Context(), doc, verifier.Options{Generic: !isBadge}); !r.Verified() {
							t.Errorf("%s: %s, %+v", what, r.Verdict(), r.Decisive())
						}
					}
				}
			}
		}
		if signed < 24 || refused < 12 {
			t.Errorf("%s: %d signed, %d refused", base, signed, refused)
		}
	}
}

// ownerFor is the issuer under plain http that a key of the VC-API is; "" under
// https, where all are one.
func ownerFor(t *testing.T, p *place, alg keys.Algorithm, suite string) string {
	t.Helper()
	if issuer.DID(p.Config.BaseURL, issuer.VCAPISlug) != "" {
		return ""
	}
	if alg == "" && strings.HasPrefix(suite, "ecdsa") {
		alg = keys.ES256
	}
	if alg == "" || alg == keys.RS256 {
		alg = keys.EdDSA
	}
	signer, err := p.Ring.Issuer(issuer.VCAPISlug).Active(t.Context(), alg)
	if err != nil {
		t.Fatal(err)
	}
	return signer.Method().Controller
}
