package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/i18n"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/verifier"
	sentences "laurel/verifier/words"
)

// TestBorrowedAddresses: a badge of somebody else under an address of ours is
// never plainly valid, whichever way the address is written; a badge of ours is.
func TestBorrowedAddresses(t *testing.T) {
	h, badges := newHome(t, `{"achievement":"first-aid","recipient":{"name":"Ana Prado","email":"ana@example.org"},"awardedAt":"2025-05-01"}`)
	ring, err := keyring.Create(filepath.Join(t.TempDir(), "theirs"), keyring.Seal{})
	if err != nil {
		t.Fatal(err)
	}
	method, err := ring.Generate(t.Context(), "theirs", "", keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ring.Issuer("theirs").Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	processor, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	stranger := func(id, achievement string) []byte {
		doc, err := badge.Parse([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
			"id":"` + id + `","type":["VerifiableCredential","OpenBadgeCredential"],"name":"First aid",
			"issuer":{"id":"` + method.Controller + `","type":["Profile"],"name":"City Academy"},"validFrom":"2025-03-01T00:00:00Z",
			"credentialSubject":{"type":["AchievementSubject"],"identifier":[{"type":"IdentityObject","hashed":false,"identityHash":"Ana Prado","identityType":"name"}],
			"achievement":{"id":"` + achievement + `","type":["Achievement"],"name":"First aid","description":"Can give first aid.","criteria":{"narrative":"Attend."}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := proof.EdDSARDFC2022{Canon: processor}.Secure(t.Context(), doc, signer, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return signed.Raw()
	}
	base := h.svc.baseURL
	for id, borrowed := range map[string]bool{
		base + "/credentials/jqVLKjViOEtKUZ8VV0_ohs":                             true,
		base + "/anything":                                                       true,
		strings.Replace(base, "https", "http", 1) + "/credentials/x":             true,
		strings.Replace(base, "https://", "https://somebody@", 1) + "/x":         true,
		"https://other.example/credentials/x":                                    false,
		base + "0/credentials/x":                                                 false,
		"https://other.example/?" + base + "/credentials/jqVLKjViOEtKUZ8VV0_ohs": false,
		"urn:uuid:b4a0f1f2-6b0e-4e0e-9d0a-0a3a1b2c3d4e":                          false,
	} {
		report := h.svc.verifier.VerifyBytes(t.Context(), stranger(id, "https://other.example/a/1"), verifier.Options{})
		f := report.Finding(verifier.CheckIssuerTrust)
		want, code := verifier.Valid, verifier.IssuerNotListed
		if borrowed {
			want, code = verifier.Warning, verifier.BorrowedAddress
		}
		if report.Verdict() != want || f.Code != code || borrowed && report.Decisive().Code != code {
			t.Errorf("%s: %v, %s; %+v", id, report.Verdict(), f.Code, report.Decisive())
		}
	}
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	// Anybody may award what we have defined; a reader is told, and no more.
	for achievement, borrowed := range map[string]bool{base + "/achievements/first-aid": true, "https://other.example/achievements/first-aid": false} {
		report := h.svc.verifier.VerifyBytes(t.Context(), stranger("https://other.example/credentials/x", achievement), verifier.Options{})
		f, code := report.Finding(verifier.CheckIssuerTrust), verifier.IssuerNotListed
		if borrowed {
			code = verifier.BorrowedAchievement
		}
		if report.Verdict() != verifier.Valid || f.Code != code || f.Outcome != verifier.Warned {
			t.Errorf("%s: %v, %s", achievement, report.Verdict(), f.Code)
		}
		if said := sentences.Sentence(catalog.For("en"), report, f); strings.Contains(said, "which did not issue it") != borrowed {
			t.Errorf("%s: %s", achievement, said)
		}
	}
	ours, err := http.NewRequestWithContext(t.Context(), http.MethodGet, badges[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.Client().Do(ours)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	document, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	report := h.svc.verifier.VerifyBytes(t.Context(), document, verifier.Options{})
	if f := report.Finding(verifier.CheckIssuerTrust); report.Verdict() != verifier.Valid || f.Code != verifier.IssuerNotListed {
		t.Errorf("a badge of ours: %v, %s", report.Verdict(), f.Code)
	}
}
