package issuer_test

import (
	"errors"
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
