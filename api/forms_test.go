package api_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"laurel/api"
	"laurel/badge"
	"laurel/badge/bake"
	"laurel/internal/attachment/attachmenttest"
	"laurel/internal/fetch"
	"laurel/verifier"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>`

func painting(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bakedInto(t *testing.T, picture []byte, credential string) string {
	t.Helper()
	d := must(badge.Parse([]byte(credential)))(t)
	return string(must(bake.Embed(picture, d))(t))
}

// form is one of the clothes that a badge comes in, with what is said of it.
type form struct {
	body, contentType        string
	verdict, check, code     string
	sentence                 string
	credentialID, credential string // proven, and as received; "" for none
}

// Everything that an employer may hold gets a report, with its verdict, its
// code and its sentence.
func TestFormsOfABadge(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	good := string(b.Credential)
	jwt := string(w.get("/credentials/" + b.ID + ".jwt").body)
	changed := strings.Replace(good, "Ana Mora 1", "Eve", 1)
	enveloped := func(mediaType string) string {
		return `{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:` + mediaType + `,` + jwt + `"}`
	}
	inPNG, inSVG := bakedInto(t, painting(t), good), bakedInto(t, []byte(drawing), jwt)
	upload, uploadType := multipartForm(t, "file", "badge.png", inPNG)
	sent, sentType := multipartForm(t, "file", "badge.bin", attachmenttest.PDF(good))
	two := strings.Replace(inSVG, "<path", `<o:credential xmlns:o="https://purl.imsglobal.org/ob/v3p0" verify="a.b.c"/><path`, 1)
	misbaked := strings.Replace(bakedInto(t, []byte(drawing), good), "<openbadges:credential", `<openbadges:credential verify="a.b.c"`, 1)
	const (
		holds   = "Not changed since it was signed."
		altered = "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."
		older   = "This is a badge of an older kind, which is not checked here yet. Ask the issuer for one of the Open Badges 3.0 kind."
	)
	parts := strings.Split(jwt, ".")
	for name, f := range map[string]form{
		"JSON":        {good, "application/vc", "valid", "proof", "ok", holds, b.CredentialID, good},
		"JWS":         {jwt, "application/vc+jwt", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"JWS as JSON": {`"` + jwt + `"`, "application/json", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"envelope":    {enveloped("application/vc+jwt"), "application/vc", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"draft's":     {enveloped("application/vc+ld+json+jwt"), "application/vc", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"SD-JWT": {enveloped("application/vc+sd-jwt"), "application/vc", "indeterminate", "format", "unsupported_envelope",
			"The badge is in an envelope of a kind that we do not open. Ask the issuer for the badge itself.", "", "null"},
		"PNG":          {inPNG, "image/png", "valid", "proof", "ok", holds, b.CredentialID, good},
		"SVG":          {inSVG, "image/svg+xml", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"PNG, no type": {inPNG, "", "valid", "proof", "ok", holds, b.CredentialID, good},
		"upload":       {upload, uploadType, "valid", "proof", "ok", holds, b.CredentialID, good},
		"changed PNG":  {bakedInto(t, painting(t), changed), "image/png", "invalid", "proof", "proof_invalid", altered, "", changed},
		"changed SVG":  {bakedInto(t, []byte(drawing), changed), "image/svg+xml", "invalid", "proof", "proof_invalid", altered, "", changed},
		"two in one": {two, "image/svg+xml", "invalid", "format", "several_in_image",
			"This picture holds more than one badge, so nobody can tell which one is meant. Ask the holder for the original file.", "", "null"},
		"PDF":         {attachmenttest.PDF("a note", good), "application/pdf", "valid", "proof", "ok", holds, b.CredentialID, good},
		"JWS in PDF":  {attachmenttest.PDF(jwt), "application/pdf", "valid", "proof", "ok", holds, b.CredentialID, `"` + jwt + `"`},
		"PDF, untold": {attachmenttest.PDF(good), "application/octet-stream", "valid", "proof", "ok", holds, b.CredentialID, good},
		"PDF as text": {attachmenttest.PDF(good), "text/plain", "valid", "proof", "ok", holds, b.CredentialID, good},
		"PNG as PDF":  {inPNG, "application/pdf", "valid", "proof", "ok", holds, b.CredentialID, good},
		"sent PDF":    {sent, sentType, "valid", "proof", "ok", holds, b.CredentialID, good},
		"changed PDF": {attachmenttest.PDF(changed), "application/pdf", "invalid", "proof", "proof_invalid", altered, "", changed},
		"two in one PDF": {attachmenttest.PDF(good, good), "application/pdf", "invalid", "format", "several_in_pdf",
			"More than one badge is attached to this PDF, so nobody can tell which one is meant. Ask the holder for the original file.", "", "null"},
		"misbaked": {misbaked, "image/svg+xml", "invalid", "format", "misbaked",
			"A badge was put into this picture in a way that the standard forbids. Ask the holder for the original file.", "", "null"},
		"unsigned token": {parts[0] + "." + parts[1] + ".", "application/vc+jwt", "invalid", "proof", "no_proof",
			"It carries no signature, so anyone may have written it. Ask the holder for the signed badge.", "", `"` + parts[0] + "." + parts[1] + `."`},
		"hosted, 2.0": {`{"@context":"https://w3id.org/openbadges/v2","type":"Assertion","id":"https://example.org/1"}`, "application/ld+json",
			"indeterminate", "format", "unsupported_edition", older, "", `{"@context":"https://w3id.org/openbadges/v2","type":"Assertion","id":"https://example.org/1"}`},
		"baked, 2.0": {`<svg xmlns="http://www.w3.org/2000/svg"><a:assertion xmlns:a="http://openbadges.org" verify="https://example.org/1"/></svg>`, "image/svg+xml",
			"indeterminate", "format", "unsupported_edition", older, "", "null"},
	} {
		r := w.report(f.body, f.contentType)
		said := ""
		for _, c := range r.Checks {
			if c.ID == f.check && c.Code == f.code {
				said = c.Message
			}
		}
		if r.Verdict != f.verdict || said != f.sentence {
			t.Errorf("%s: %s, %q in %+v", name, r.Verdict, said, r.Checks)
		}
		if (r.Credential == nil) != (f.credentialID == "") || r.Credential != nil && r.Credential.ID != f.credentialID {
			t.Errorf("%s: credential %+v", name, r.Credential)
		}
		if string(r.Document) != f.credential {
			t.Errorf("%s: document %.100s, want %.100s", name, r.Document, f.credential)
		}
	}
}

// A badge of another service is fetched, in any form, and what cannot be
// fetched is told from what is no badge.
func TestBadgesOfOtherServices(t *testing.T) {
	var good, inPNG string
	served := map[string]func(http.ResponseWriter){
		"/json":  func(h http.ResponseWriter) { _, _ = h.Write([]byte(good)) },
		"/png":   func(h http.ResponseWriter) { _, _ = h.Write([]byte(inPNG)) },
		"/pdf":   func(h http.ResponseWriter) { _, _ = h.Write([]byte(attachmenttest.PDF(good))) },
		"/page":  func(h http.ResponseWriter) { _, _ = h.Write([]byte("<!doctype html><title>A badge</title>")) },
		"/large": func(h http.ResponseWriter) { _, _ = h.Write(make([]byte, verifier.MaxBytes+1)) },
		"/gone":  func(h http.ResponseWriter) { h.WriteHeader(http.StatusGone) },
		"/on":    func(h http.ResponseWriter) { _, _ = h.Write([]byte(`{"url":"https://other.example/1"}`)) },
		"/elsewhere": func(h http.ResponseWriter) {
			h.Header().Set("Location", "http://169.254.169.254/latest")
			h.WriteHeader(http.StatusFound)
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(h http.ResponseWriter, r *http.Request) { served[r.URL.Path](h) }))
	defer server.Close()
	client := must(fetch.New(fetch.Config{Allow: []string{"http://" + strings.TrimPrefix(server.URL, "http://")}, MaxBytes: verifier.MaxBytes}))(t)
	w := newWorld(t, func(cfg *api.Config) {
		cfg.Fetch = func(ctx context.Context, url string) ([]byte, error) {
			raw, _, err := client.Do(ctx, fetch.Request{URL: url, MaxBytes: verifier.MaxBytes, Follow: true})
			return raw, err
		}
	})
	good = string(w.issue(1).Credential)
	inPNG = bakedInto(t, painting(t), good)
	at := func(url string) string { return `{"url":"` + url + `"}` }
	for _, path := range []string{"/json", "/png", "/pdf"} {
		if r := w.report(at(server.URL+path), "application/json"); r.Verdict != "valid" || string(r.Document) != good || r.Register != nil {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r := w.report(at(server.URL+"/on"), "application/json"); r.Verdict != "invalid" || r.Register != nil {
		t.Errorf("an address behind an address: %+v", r)
	}
	for url, want := range map[string]struct {
		status int
		code   string
	}{
		server.URL + "/page":           {400, "unsafe_image"},
		server.URL + "/large":          {413, "too_large"},
		server.URL + "/gone":           {422, "address_unreachable"},
		server.URL + "/elsewhere":      {422, "address_not_supported"},
		"http://169.254.169.254/":      {422, "address_not_supported"},
		"http://other.example/":        {422, "address_not_supported"},
		"https://10.0.0.1/badge.json":  {422, "address_not_supported"},
		"https://[::1]/badge.json":     {422, "address_not_supported"},
		"https://a:b@other.example/1":  {422, "address_not_supported"},
		"https://nobody.invalid/1":     {422, "address_unreachable"},
		"ftp://other.example/1":        {422, "address_not_supported"},
		"https://other.example:8443/1": {422, "address_not_supported"},
	} {
		a := w.check(at(url), "application/json")
		if a.status != want.status || a.object(t)["code"] != want.code {
			t.Errorf("%s: %d %s", url, a.status, a.body)
		}
	}
}
