package proof

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"laurel/badge"
)

// TestChainVectors holds proof sets and chains to the vectors of VC-DI-EDDSA:
// each proof verifies, and signing the same again gives the same bytes.
func TestChainVectors(t *testing.T) {
	const base = "vectors/w3c-vc-di-eddsa/proof-set-chain/"
	var pairs map[string]struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	must(t, json.Unmarshal([]byte(specFile(t, base+"multiKeyPairs.json")), &pairs))
	signers := map[string]seeded{}
	for _, pair := range pairs {
		secret, err := base58.Decode(pair.PrivateKeyMultibase[1:])
		must(t, err)
		signers[pair.PublicKeyMultibase] = fromSeed(t, secret[2:])
	}
	s, proofs := suite(t), 0
	for _, name := range []string{"signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"} {
		text := swap(t, specFile(t, base+name+".json"), `"https://www.w3.org/ns/credentials/examples/v2"`, exampleTerms(t))
		d := parsed(t, text)
		for _, p := range d.Proofs() {
			proofs++
			_, fragment, _ := strings.Cut(p.VerificationMethod, "#")
			signer, ok := signers[fragment]
			if !ok {
				t.Fatalf("%s: no key %s", name, fragment)
			}
			if err := s.Verify(d, p, signer.method); err != nil {
				t.Errorf("%s %s: %v", name, p.Pointer, err)
			}
			message, err := s.hashData(input{document: d, options: p.Object, hash: crypto.SHA256})
			must(t, err)
			signature, err := signer.Sign(context.Background(), message)
			must(t, err)
			if got := "z" + base58.Encode(signature); got != p.ProofValue {
				t.Errorf("%s %s: signed again %s, want %s", name, p.Pointer, got, p.ProofValue)
			}
			// Another first proof is another thing that the last one signed.
			changed := parsed(t, swap(t, text, "2023-02-24T23:36:38Z", "2023-02-24T23:36:39Z"))
			for _, q := range changed.Proofs() {
				rests := q.Pointer == p.Pointer && len(q.PreviousProof) == 2
				if rests && !errors.Is(s.Verify(changed, q, signer.method), ErrInvalid) {
					t.Errorf("%s %s holds over a changed proof", name, p.Pointer)
				}
			}
		}
	}
	if proofs != 10 {
		t.Errorf("%d proofs", proofs)
	}
}

// A proof that signs JSON may be beside others that need further contexts: it
// holds those that were there, in their order, and no others.
func TestContextsUnderJCS(t *testing.T) {
	for _, e := range embedded(t) {
		if _, ok := e.suite.(FormVerifier); ok {
			continue // a suite of RDF
		}
		d := signedBy(t, e.suite, e.key, ourBadge)
		text := string(d.Raw())
		const contexts = `"https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`
		own := `"@context":[` + contexts + `]`
		if !strings.Contains(d.Proofs()[0].Object.Raw(), own) {
			t.Fatalf("%s: the proof has no contexts: %s", e.name, d.Proofs()[0].Object.Raw())
		}
		// The first occurrence is the document's, the other one the proof's.
		for with, holds := range map[string]bool{
			`"@context":[` + contexts + `,"https://w3id.org/security/data-integrity/v2"]`:                                      true,
			`"@context":["https://w3id.org/security/data-integrity/v2",` + contexts + `]`:                                      false,
			`"@context":["https://www.w3.org/ns/credentials/v2"]`:                                                              false,
			`"@context":["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json","https://www.w3.org/ns/credentials/v2"]`: false,
			`"@context":[]`: false,
			`"@vocab":[]`:   false,
		} {
			changed := parsed(t, swap(t, text, own, with))
			err := e.suite.Verify(changed, changed.Proofs()[0], e.key.Method())
			if holds != (err == nil) || !holds && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, document %s: %v", e.name, with, err)
			}
		}
		for _, with := range []string{`"@context":[]`, `"@context":null`, `"@context":"https://www.w3.org/ns/credentials/v2"`,
			`"@context":["https://www.w3.org/ns/credentials/v2"]`, `"nonce":"x"`} {
			at := strings.LastIndex(text, own)
			changed := parsed(t, text[:at]+with+text[at+len(own):])
			if err := e.suite.Verify(changed, changed.Proofs()[0], e.key.Method()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, proof %s: %v", e.name, with, err)
			}
		}
	}
}

// A proof without contexts of its own signs the document's.
func TestJCSWithoutContexts(t *testing.T) {
	key := ourKeyOf(t)
	for _, text := range []string{ourBadge, `{"hello":"world"}`} {
		d := jcsProved(t, text, key, "")
		must(t, EdDSAJCS2022{}.Verify(d, d.Proofs()[0], key.method))
	}
	bare := jcsProved(t, `{"hello":"world"}`, key, "")
	dressed := parsed(t, swap(t, string(bare.Raw()), `{`, `{"@context":["https://www.w3.org/ns/credentials/v2"],`))
	if err := (EdDSAJCS2022{}).Verify(dressed, dressed.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
		t.Errorf("contexts put in: %v", err)
	}
	d := jcsProved(t, `{"hello":"world"}`, key, `"@context":[],`)
	if err := (EdDSAJCS2022{}).Verify(d, d.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
		t.Errorf("no context, signed as such, under any: %v", err)
	}
}

func jcsProved(t *testing.T, text string, key seeded, option string) *badge.Document {
	t.Helper()
	config := `{` + option + `"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","created":"2026-11-21T10:00:00Z","verificationMethod":"` +
		key.method.ID + `","proofPurpose":"assertionMethod"`
	unsigned := parsed(t, strings.TrimSuffix(text, "}")+`,"proof":`+config+`}}`)
	message, err := hashJCS(input{document: unsigned, options: unsigned.Proofs()[0].Object, hash: crypto.SHA256})
	if err != nil { // what is refused is signed over anything
		message = []byte("x")
	}
	signature, err := key.Sign(context.Background(), message)
	must(t, err)
	return parsed(t, strings.TrimSuffix(text, "}")+`,"proof":`+config+`,"proofValue":"z`+base58.Encode(signature)+`"}}`)
}
