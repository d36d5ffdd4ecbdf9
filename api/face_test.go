package api_test

import (
	"net/http"
	"strings"
	"testing"

	"laurel/issuer"
)

// TestPlainAnswer: six lines, by suffix or by what the caller takes.
func TestPlainAnswer(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	a := w.get("/credentials/"+b.ID+".txt").want(t, http.StatusOK)
	lines := strings.Split(strings.TrimSuffix(string(a.body), "\n"), "\n")
	if len(lines) != 6 || !strings.HasPrefix(lines[0], "Valid. Ana Mora 1 was awarded “Healthy City in 20 Steps” by ") {
		t.Fatalf("says %q", a.body)
	}
	for n, want := range []string{"Valid. ", "Achievement: ", "Holder: Ana Mora 1", "Issuer: ", "Awarded on: 11 July 2025",
		"Check it at " + w.base + "/v/" + b.ID + " (printed code " + issuer.PrintedCode(b.ID) + ")"} {
		if !strings.HasPrefix(lines[n], want) {
			t.Errorf("line %d is %q, want %q", n+1, lines[n], want)
		}
	}
	if ct := a.header.Get("Content-Type"); ct != "text/plain; charset=utf-8" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s, %s", ct, a.header.Get("Cache-Control"))
	}
	if said := w.get("/credentials/"+b.ID, "Accept", "text/plain").want(t, http.StatusOK); string(said.body) != string(a.body) {
		t.Errorf("text/plain says %q", said.body)
	}
	arabic := string(w.get("/credentials/"+b.ID+".txt?lang=ar").want(t, http.StatusOK).body)
	if !strings.Contains(arabic, "\u2068Ana Mora 1\u2069") || strings.Count(arabic, "\n") != 6 {
		t.Errorf("in Arabic: %q", arabic)
	}
	w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA.txt").problem(t, http.StatusNotFound, "not_found")
}

// TestPlainAnswerOfRevoked does not look good.
func TestPlainAnswerOfRevoked(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	if said := string(w.get("/credentials/"+b.ID+".txt").want(t, http.StatusOK).body); !strings.HasPrefix(said, "Revoked. ") || strings.Contains(said, "Valid") {
		t.Errorf("says %q", said)
	}
}

// TestPrintedCodes lead to the page and to the report, however they were typed.
func TestPrintedCodes(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	var told struct{ Code string }
	w.do(request{method: http.MethodGet, path: "/v1/credentials/" + b.ID, token: w.all}).want(t, http.StatusOK).into(t, &told)
	if told.Code != issuer.PrintedCode(b.ID) {
		t.Fatalf("the code is %q", told.Code)
	}
	if page := string(w.get("/credentials/"+b.ID, "Accept", "text/html").want(t, http.StatusOK).body); !strings.Contains(page, told.Code) {
		t.Error("the page does not show the code")
	}
	typed := strings.ToLower(strings.ReplaceAll(told.Code, "-", ""))
	for _, path := range []string{"/v/" + told.Code, "/v/" + typed} {
		if said := string(w.get(path+"?format=json").want(t, http.StatusOK).body); !strings.Contains(said, b.CredentialID) {
			t.Errorf("%s: %.200s", path, said)
		}
	}
	for _, body := range []string{`{"code":"` + told.Code + `"}`, `{"code":" ` + strings.ReplaceAll(told.Code, "-", " ") + ` "}`, `{"url":"` + w.base + "/v/" + typed + `"}`} {
		if said := string(w.post("/v1/verify", body).want(t, http.StatusOK).body); !strings.Contains(said, b.CredentialID) {
			t.Errorf("%s: %.200s", body, said)
		}
	}
	wrong := map[bool]string{true: "1", false: "0"}[told.Code[0] == '0'] + told.Code[1:]
	w.get("/v/"+wrong).problem(t, http.StatusNotFound, "not_found")
	w.post("/v1/verify", `{"code":"`+wrong+`"}`).problem(t, http.StatusNotFound, "not_found")
}

// TestHeadersOfAPageAreSmall: with them its first answer comes in one round trip,
// of which package pages holds the body to its share.
func TestHeadersOfAPageAreSmall(t *testing.T) {
	w := newSecureWorld(t)
	a := w.get("/v/"+w.issue(1).ID, "Accept", "text/html").want(t, http.StatusOK)
	size := len("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n\r\n")
	for name, values := range a.header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if size > 1000 {
		t.Errorf("%d bytes of headers: %v", size, a.header)
	}
}
