package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"laurel/issuer"
)

// tool finds a program of Debian's, or skips loudly where it is not installed.
func tool(t *testing.T, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed (Debian's %s)", name, from)
	}
	t.Skipf("NOT TESTED: %s is not installed (Debian's %s)", name, from)
	return ""
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v, %s", name, args, err, &stderr)
	}
	return string(out)
}

// TestCertificate: what other people's programs make of a certificate of a badge
// that was really issued.
func TestCertificate(t *testing.T) {
	detach, text, info, ppm, scan := tool(t, "pdfdetach", "poppler-utils"), tool(t, "pdftotext", "poppler-utils"),
		tool(t, "pdfinfo", "poppler-utils"), tool(t, "pdftoppm", "poppler-utils"), tool(t, "zbarimg", "zbar-tools")
	w := newWorld(t)
	b := w.issue(1)
	signed := w.get("/credentials/"+b.ID+".json").want(t, http.StatusOK).body
	for _, paper := range []struct{ query, size string }{{"", "841.89 x 595.276 pts (A4)"}, {"?paper=letter", "792 x 612 pts (letter)"}} {
		a := w.get("/credentials/"+b.ID+".pdf"+paper.query).want(t, http.StatusOK)
		if a.header.Get("Content-Type") != "application/pdf" || a.header.Get("Content-Disposition") != `inline; filename="`+b.ID+`.pdf"` {
			t.Errorf("%v", a.header)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "c.pdf")
		if err := os.WriteFile(file, a.body, 0o600); err != nil {
			t.Fatal(err)
		}
		if about := output(t, info, file); !strings.Contains(about, "Pages:           1\n") || !strings.Contains(about, paper.size) || !strings.Contains(about, "Tagged:          yes") {
			t.Errorf("%s", about)
		}
		// pdftotext takes the air beside some letters of a code for a blank, which
		// whoever types it may leave in.
		said := output(t, text, file, "-")
		if !strings.Contains(said, "Ana Mora 1") || !strings.Contains(strings.ReplaceAll(said, " ", ""), issuer.PrintedCode(b.ID)) {
			t.Errorf("says %s", said)
		}
		output(t, detach, "-saveall", "-o", dir, file)
		within, err := os.ReadFile(filepath.Join(dir, "credential.json"))
		if err != nil || !bytes.Equal(within, signed) {
			t.Fatalf("the badge within is another one: %v, %.100s", err, within)
		}
		var report struct{ Verdict string }
		w.post("/v1/verify", string(within)).want(t, http.StatusOK).into(t, &report)
		if report.Verdict != "valid" {
			t.Errorf("the badge within is %s", report.Verdict)
		}
		w.do(request{method: http.MethodPost, path: "/v1/verify", body: string(a.body), header: map[string]string{"Content-Type": "application/pdf"}}).
			want(t, http.StatusOK).into(t, &report)
		if report.Verdict != "valid" {
			t.Errorf("the file is %s", report.Verdict)
		}
		// The code is 28 mm to a side with its quiet zone: at this resolution it has
		// the dots of one of 16 mm in print of 300 dots an inch.
		output(t, ppm, "-r", fmt.Sprint(300*16/28), "-png", "-singlefile", file, filepath.Join(dir, "page"))
		if read := output(t, scan, "-q", "--raw", filepath.Join(dir, "page.png")); strings.TrimSpace(read) != w.base+"/v/"+b.ID {
			t.Errorf("the code leads to %q", read)
		}
	}
}

func TestCertificateIsCached(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	first := w.get("/credentials/"+b.ID+".pdf").want(t, http.StatusOK)
	again := w.get("/credentials/"+b.ID+".pdf").want(t, http.StatusOK)
	if !bytes.Equal(first.body, again.body) || first.header.Get("ETag") == "" {
		t.Error("the same certificate has other bytes")
	}
	w.get("/credentials/"+b.ID+".pdf", "If-None-Match", first.header.Get("ETag")).want(t, http.StatusNotModified)
	arabic := w.get("/credentials/"+b.ID+".pdf?lang=ar").want(t, http.StatusOK)
	if bytes.Equal(first.body, arabic.body) || arabic.header.Get("Content-Language") != "ar" || !strings.Contains(arabic.header.Get("Vary"), "Accept-Language") {
		t.Errorf("%v", arabic.header)
	}
}

// TestPaper is cut as in the land of the reader, or as they ask.
func TestPaper(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	a4 := w.get("/credentials/" + b.ID + ".pdf").body
	for _, tt := range []struct {
		query, accept string
		a4            bool
	}{
		{"", "en-GB,en;q=0.5", true}, {"", "en-US,en;q=0.5", false}, {"?paper=a4", "en-US", true}, {"?paper=letter", "en", false}, {"", "en;q=0.1", true},
		{"", "§,,;", true}, {"", strings.Repeat("x", 400), true},
	} {
		got := w.get("/credentials/"+b.ID+".pdf"+tt.query, "Accept-Language", tt.accept).want(t, http.StatusOK).body
		if bytes.Equal(got, a4) != tt.a4 {
			t.Errorf("%+v", tt)
		}
	}
	w.get("/credentials/"+b.ID+".pdf?paper=a5").problem(t, http.StatusBadRequest, "invalid_parameter")
	w.get("/credentials/"+b.ID+"/print?paper=a5").problem(t, http.StatusBadRequest, "invalid_parameter")
}

// TestNoCertificate: what is out of force is not put on paper. A browser is led to
// the page that says why.
func TestNoCertificate(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	for _, path := range []string{"/credentials/" + b.ID + ".pdf", "/credentials/" + b.ID + "/print"} {
		w.get(path).problem(t, http.StatusConflict, "not_in_force")
		a := w.get(path+"?lang=ar&paper=a4", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		if a.status != http.StatusSeeOther || a.header.Get("Location") != "/credentials/"+b.ID+"?lang=ar" {
			t.Errorf("%s: %d to %q", path, a.status, a.header.Get("Location"))
		}
	}
	page := string(w.get("/credentials/"+b.ID, "Accept", "text/html").want(t, http.StatusOK).body)
	if strings.Contains(page, ".pdf") || strings.Contains(page, "/print") {
		t.Error("the page of a revoked badge offers it on paper")
	}
	for _, path := range []string{"/credentials/AAAAAAAAAAAAAAAAAAAAAA.pdf", "/credentials/AAAAAAAAAAAAAAAAAAAAAA/print"} {
		w.get(path).problem(t, http.StatusNotFound, "not_found")
	}
}

// paperText is what another program reads in a certificate, without marks of
// direction.
func (w *world) paperText(t *testing.T, path string) string {
	t.Helper()
	text := tool(t, "pdftotext", "poppler-utils")
	file := filepath.Join(t.TempDir(), "c.pdf")
	if err := os.WriteFile(file, w.get(path).want(t, http.StatusOK).body, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("\u202a", "", "\u202b", "", "\u202c", "", "\u200e", "", "\u200f", "").Replace(output(t, text, "-raw", file, "-"))
}

// TestTrialOnPaper says so across the page.
func TestTrialOnPaper(t *testing.T) {
	w := newWorld(t)
	_, test := w.both()
	var b issued
	w.with(test, http.MethodPost, "/v1/credentials", award(1)).want(t, http.StatusCreated).into(t, &b)
	if said := w.paperText(t, "/credentials/"+b.ID+".pdf"); strings.Count(said, "TEST: valid, but only a trial") != 2 {
		t.Errorf("says %s", said)
	}
	if page := string(w.get("/credentials/"+b.ID+"/print").want(t, http.StatusOK).body); !strings.Contains(page, "TEST: valid, but only a trial") {
		t.Error("the page to print does not say that it is a trial")
	}
}

func TestPrintPage(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	page := string(w.get("/credentials/"+b.ID+"/print?lang=en").want(t, http.StatusOK).body)
	for _, want := range []string{"<bdi>Ana Mora 1</bdi>", issuer.PrintedCode(b.ID), `src="/credentials/` + b.ID + `/qr.svg"`, "11 July 2025", `class="a4"`,
		"/credentials/" + b.ID + ".pdf?lang=en&amp;paper=a4", "noindex"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "ana.1@") {
		t.Error("holds what it should not")
	}
	sheet := page[strings.Index(page, "/assets/print-"):]
	w.get(sheet[:strings.IndexByte(sheet, '"')]).want(t, http.StatusOK)
	if other := string(w.get("/credentials/"+b.ID, "Accept", "text/html").want(t, http.StatusOK).body); !strings.Contains(other, "/credentials/"+b.ID+"/print") || !strings.Contains(other, "/credentials/"+b.ID+".pdf") {
		t.Error("the page of the badge does not lead to it")
	}
	var told struct{ Downloads map[string]string }
	if err := json.Unmarshal(w.do(request{method: http.MethodGet, path: "/v1/credentials/" + b.ID, token: w.all}).body, &told); err != nil || told.Downloads["pdf"] != b.CredentialID+".pdf" {
		t.Errorf("%v, %v", told, err)
	}
}
