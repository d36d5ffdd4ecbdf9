package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
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
	"laurel/verifier/trust"
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
	stranger := func(id, achievement, name string) []byte {
		doc, err := badge.Parse([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
			"id":"` + id + `","type":["VerifiableCredential","OpenBadgeCredential"],"name":"First aid",
			"issuer":{"id":"` + method.Controller + `","type":["Profile"],"name":"` + name + `"},"validFrom":"2025-03-01T00:00:00Z",
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
		report := h.svc.verifier.VerifyBytes(t.Context(), stranger(id, "https://other.example/a/1", "Town School"), verifier.Options{})
		f := report.Finding(verifier.CheckIssuerTrust)
		want, code := verifier.Valid, verifier.IssuerNotListed
		if borrowed {
			want, code = verifier.Warning, verifier.BorrowedAddress
		}
		if report.Verdict() != want || f.Code != code || borrowed && report.Decisive().Code != code {
			t.Errorf("%s: %v, %s; %+v", id, report.Verdict(), f.Code, report.Decisive())
		}
	}
	elsewhere, award := "https://other.example/credentials/x", base+"/achievements/first-aid"
	// Anybody may award what we have defined, and be called what an issuer of ours is;
	// a reader is told at once that it was not us.
	for _, c := range []struct {
		achievement, name string
		code              verifier.Code
	}{
		{award, "City Academy", verifier.BorrowedAchievement},
		{award, "Town School", verifier.BorrowedAchievement},
		{"https://other.example/a/1", "City Academy", verifier.BorrowedName},
		{"https://other.example/a/1", " \uFF23ITY\u00A0 aca\u200Bdemy", verifier.BorrowedName},
		{"https://other.example/a/1", "\u0421ity Ac\u0430demy", verifier.BorrowedName}, // Cyrillic letters
		{"https://other.example/a/1", "C\u00EDty Academy", verifier.BorrowedName},
		{"https://other.example/a/1", "City Academy of Arts", verifier.IssuerNotListed},
		{"https://other.example/a/1", "\u200B", verifier.IssuerNotListed},
	} {
		document := stranger(elsewhere, c.achievement, c.name)
		report := h.svc.verifier.VerifyBytes(t.Context(), document, verifier.Options{})
		f, want := report.Finding(verifier.CheckIssuerTrust), verifier.Warning
		if c.code == verifier.IssuerNotListed {
			want = verifier.Valid
		}
		if report.Verdict() != want || f.Code != c.code || f.Outcome != verifier.Warned {
			t.Errorf("%s, %q: %v, %s", c.achievement, c.name, report.Verdict(), f.Code)
		}
		if want == verifier.Warning {
			h.saysNotIssuedHere(t, document, report)
		}
	}
	// Whoever is on a list is who they say.
	list := filepath.Join(t.TempDir(), "ministry.json")
	save(t, list, []byte(`{"name":"Ministry","issuers":[{"id":"`+method.Controller+`"}]}`))
	known, err := trust.Open(list)
	if err != nil {
		t.Fatal(err)
	}
	own, err := newOwnRecords(base, h.svc.ring)
	if err != nil {
		t.Fatal(err)
	}
	own.issuer = h.svc.issuer
	vouching, err := newVerifier(processor, newResolver(h.svc.web, own, time.Now), sources{trust: known, borrowed: own.borrowed, namesake: own.namesake})
	if err != nil {
		t.Fatal(err)
	}
	for _, achievement := range []string{award, "https://other.example/a/1"} {
		report := vouching.VerifyBytes(t.Context(), stranger(elsewhere, achievement, "City Academy"), verifier.Options{})
		if f := report.Finding(verifier.CheckIssuerTrust); report.Verdict() != verifier.Valid || f.Code != verifier.IssuerListed {
			t.Errorf("%s, of an issuer on a list: %v, %s", achievement, report.Verdict(), f.Code)
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

// saysNotIssuedHere looks at what a reader of each language sees first of a badge
// that seems to be of this service: on the page, in the report and in a terminal.
func (h *home) saysNotIssuedHere(t *testing.T, document []byte, report *verifier.Report) {
	t.Helper()
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	code := report.Decisive().Code
	for _, lang := range catalog.Languages() {
		p := catalog.For(lang)
		headline, summary := p.Text("headline."+string(code), nil), sentences.Summary(p, report)
		if headline == p.Text("headline.warning", nil) || !strings.HasPrefix(summary, headline) || strings.HasPrefix(summary, p.Text("headline.valid", nil)) {
			t.Errorf("%s, %s: %s", lang, code, summary)
		}
		var told struct {
			Verdict, Summary string
			Checks           []struct{ ID, Result, Code, Message string }
		}
		if err := json.Unmarshal(h.send(t, "/v1/verify", "application/vc+ld+json", lang, document), &told); err != nil {
			t.Fatal(err)
		}
		if told.Verdict != "warning" || told.Summary != summary {
			t.Errorf("%s, %s: the report says %s: %s", lang, code, told.Verdict, told.Summary)
		}
		for _, c := range told.Checks {
			if c.ID == string(verifier.CheckIssuerTrust) && (c.Result != "warn" || c.Code != string(code) || !strings.Contains(c.Message, sentences.Name(report.Document.View().Issuer.Name, 120))) {
				t.Errorf("%s: %+v", lang, c)
			}
		}
		page := string(h.send(t, "/verify", "application/x-www-form-urlencoded", lang, []byte(url.Values{"document": {string(document)}}.Encode())))
		if !strings.Contains(page, headline) || !strings.Contains(page, `class="verdict warning"`) || strings.Contains(page, `class="verdict valid"`) {
			t.Errorf("%s, %s: the page says %s", lang, code, page)
		}
	}
}

func (h *home) send(t *testing.T, path, contentType string, lang i18n.Lang, body []byte) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.svc.baseURL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept-Language", string(lang))
	resp, err := h.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, resp.Status, err, answer)
	}
	return answer
}
