package canon_test

import (
	"errors"
	"strings"
	"testing"

	"laurel/badge/canon"
)

// presented is a presentation of two credentials and an envelope, one of them
// with a vocabulary of its own, under further contexts.
func presented(contexts, members string) string {
	return `{"@context":["https://www.w3.org/ns/credentials/v2"` + contexts + `],"type":["VerifiablePresentation"],"holder":"did:example:h",` + members + `
		"verifiableCredential":[
		{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:x:1","type":["VerifiableCredential"],"issuer":"did:example:i","credentialSubject":{"name":"Ana"},
			"proof":{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","proofValue":"z1"}},
		{"@context":["https://www.w3.org/ns/credentials/v2",{"shoe":"urn:shoe"}],"type":["VerifiableCredential"],"issuer":"did:example:i","credentialSubject":{"shoe":42}},
		{"@context":"https://www.w3.org/ns/credentials/v2","id":"data:application/vc+jwt,e30.e30.x","type":"EnvelopedVerifiableCredential"}]}`
}

// A document of which every term is kept has none of its own, not even the one
// that stands for no graph: the second time nothing is made anew.
func TestDocumentOfKeptTermsAlone(t *testing.T) {
	c := newCanonicalizer(t)
	const want = "_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiablePresentation> .\n"
	for n := range 10 {
		out, err := c.Canonicalize(canon.Input{Node: parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`)})
		if err != nil || string(out) != want {
			t.Errorf("time %d: %q, %v", n, out, err)
		}
	}
}

// Credentials within a presentation whose contexts are written inline mean what
// they mean in any other: each is a graph of its own.
func TestCredentialsUnderInlineContexts(t *testing.T) {
	c, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	canonical := func(document string) (string, error) {
		out, err := c.Canonicalize(canon.Input{Node: parse(t, document), Omit: []string{"proof"}, InlineContexts: true})
		return string(out), err
	}
	without := strings.Replace(presented("", ""), `,{"shoe":"urn:shoe"}`, "", 1)
	without = strings.Replace(without, `"shoe":42`, `"name":"42"`, 1)
	want, err := canonical(without)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := canonical(strings.Replace(without, `v2"],"type":["VerifiableP`, `v2",{"unused":"urn:unused"}],"type":["VerifiableP`, 1)); err != nil || got != want {
		t.Errorf("a context that is not used changes the form: %v\n%s\n%s", err, got, want)
	}
	got, err := canonical(presented(`,{"colour":"urn:colour"}`, `"colour":"green",`))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`<urn:colour> "green" .`, `<urn:shoe> "42"^^<http://www.w3.org/2001/XMLSchema#integer> _:c14n`, `<https://schema.org/name> "Ana" _:c14n`} {
		if !strings.Contains(got, statement) {
			t.Errorf("%s is missing in\n%s", statement, got)
		}
	}
	if n := strings.Count(got, "<https://www.w3.org/2018/credentials#verifiableCredential> _:c14n"); n != 3 {
		t.Errorf("%d graphs in\n%s", n, got)
	}
	// Nothing leaks from the presentation into its credentials, and what would
	// not be signed there is refused there.
	for document, pointer := range map[string]string{
		strings.Replace(presented(`,{"colour":"urn:colour"}`, ""), `{"name":"Ana"}`, `{"colour":"red"}`, 1):                                      "/verifiableCredential/0/credentialSubject/colour",
		strings.Replace(presented(`,{"colour":"urn:colour"}`, ""), `{"shoe":42}`, `{"colour":"red"}`, 1):                                         "/verifiableCredential/1",
		strings.Replace(presented(`,{"colour":"urn:colour"}`, ""), `"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:x:1",`, "", 1): "/verifiableCredential/0",
		strings.Replace(presented(`,{"colour":"urn:colour"}`, ""), `"urn:shoe"`, `null`, 1):                                                      "/verifiableCredential/1/@context/1/shoe",
		strings.Replace(presented(`,{"verifiableCredential":"urn:colour"}`, ""), `x`, `x`, 1):                                                    "",
		strings.Replace(presented(`,{"VerifiablePresentation":"urn:colour"}`, ""), `x`, `x`, 1):                                                  "",
	} {
		var refused *canon.Error
		out, err := canonical(document)
		if strings.Contains(document, `{"verifiableCredential":"urn`) && err == nil { // the type's own definition goes first
			if !strings.Contains(out, "credentials#verifiableCredential") {
				t.Errorf("a redefined member is taken as\n%s", out)
			}
			continue
		}
		if !errors.As(err, &refused) || !strings.HasPrefix(refused.Pointer, pointer) {
			t.Errorf("%.120s: %v\n%s", document, err, out)
		}
	}
}
