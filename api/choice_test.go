package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// What callers of the VC-API choose, as they write it.
func TestOptionsOfIssuing(t *testing.T) {
	w := newSecureWorld(t)
	did := w.get("/issuers/vc-api").want(t, http.StatusOK).object(t)["id"].(string)
	credential := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"` + did + `","credentialSubject":{"id":"did:example:1"}}`
	issue := func(options string) answer {
		return w.post("/credentials/issue", `{"credential":`+credential+`,"options":`+options+`}`)
	}
	for options, want := range map[string]string{
		`{}`: `"cryptosuite":"eddsa-rdfc-2022"`,
		`{"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","keyType":"Ed25519"}`: `"cryptosuite":"eddsa-jcs-2022"`,
		`{"type":"EnvelopingProof"}`:                          `"type":"EnvelopedVerifiableCredential"`,
		`{"statusPurpose":"suspension"}`:                      `"statusPurpose":"suspension"`,
		`{"statusPurpose":["revocation","suspension"]}`:       `"statusPurpose":"revocation"`,
		`{"credentialStatus":{"statusPurpose":"revocation"}}`: `"statusPurpose":"revocation"`,
	} {
		a := issue(options).want(t, http.StatusCreated)
		if !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %s", options, a.body)
			continue
		}
		signed := strings.TrimSuffix(strings.TrimSpace(string(a.body)), "}") + "}"
		w.post("/credentials/verify", strings.Replace(signed, "{", `{"options":{},`, 1)).want(t, http.StatusOK)
	}
	for options, pointer := range map[string]string{
		`{"type":"Magic"}`: "/options/type", `{"cryptosuite":"rot13"}`: "/options/cryptosuite", `{"keyType":"P-512"}`: "/options/keyType",
		`{"cryptosuite":"eddsa-jcs-2022","keyType":"P-256"}`:             "/options/keyType",
		`{"statusPurpose":"message"}`:                                    "/options/statusPurpose",
		`{"statusPurpose":7}`:                                            "/options/statusPurpose",
		`{"type":"EnvelopingProof","cryptosuite":"eddsa-jcs-2022"}`:      "/options/cryptosuite",
		`{"statusPurpose":"revocation","credentialStatus":{"type":"x"}}`: "/options/credentialStatus",
		`{"credentialStatus":{"type":"StatusList2021Entry"}}`:            "/options/credentialStatus",
		`{"mandatoryPointers":["/issuer"]}`:                              "/options/mandatoryPointers",
	} {
		a := issue(options).want(t, http.StatusBadRequest)
		if !strings.Contains(string(a.body), `"pointer":"`+pointer+`"`) {
			t.Errorf("%s: %s", options, a.body)
		}
	}
}
