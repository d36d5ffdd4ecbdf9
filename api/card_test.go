package api_test

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/badge/card"
	"laurel/keys"
)

// cardOf is the card of a badge, as its service hands it out.
func cardOf(t *testing.T, w *world, id string) string {
	t.Helper()
	a := w.get("/credentials/" + id + "/card")
	prefix := w.base + "/v/" + id + "#o="
	text, ok := strings.CutPrefix(string(a.body), prefix)
	if a.status != http.StatusOK || !ok || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	return text
}

// A card is checked with what the issuer publishes and nothing else.
func TestOfflineCard(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	text := cardOf(t, w, b.ID)
	s := must(card.Parse(text))(t)
	if s.ID != b.ID || s.Holder != "Ana Mora 1" || s.Issuer != city || s.Achievement == "" || !strings.Contains(string(b.Credential), s.Achievement) {
		t.Errorf("the card says %+v", s.Card)
	}
	if len(card.Address(w.base+"/v/"+b.ID, text)) > 362 {
		t.Errorf("%d bytes are more than a code of version 14 holds", len(text))
	}
	parts := strings.Split(text, ".")
	body := must(base64.RawURLEncoding.DecodeString(parts[1]))(t)
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), "Ana", "Eve", 1)))
	changed := must(card.Parse(strings.Join(parts, ".")))(t)
	for _, published := range []string{"/.well-known/jwks.json", "/issuers/" + city + "/did.json"} {
		known := must(card.ReadKeys(w.get(published).body))(t)
		if got, key := s.Check(known, time.Now()); got != card.Genuine || key.Controller == "" {
			t.Errorf("%s: %d by %s", published, got, key.ID)
		}
		if got, _ := changed.Check(known, time.Now()); got != card.Changed {
			t.Errorf("%s: with the name changed %d", published, got)
		}
	}
	if got, _ := s.Check([]keys.VerificationMethod{}, time.Now()); got != card.UnknownKey {
		t.Errorf("without keys %d", got)
	}
	if again := cardOf(t, w, b.ID); again != text {
		t.Error("it was made twice")
	}
}

// The code of a card, printed at 32 mm and scanned at 300 dots an inch, is read by
// another's reader.
func TestOfflineCardCode(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	want := string(w.get("/credentials/" + b.ID + "/card").body)
	a := w.get("/credentials/" + b.ID + "/card.png?size=378") // 32 mm at 300 dpi
	picture := must(png.Decode(bytes.NewReader(a.body)))(t)
	if got := picture.Bounds().Dx(); got != 378 {
		t.Errorf("%d pixels to a side", got)
	}
	drawing := w.get("/credentials/" + b.ID + "/card.svg")
	if !bytes.Contains(drawing.body, []byte(`viewBox="0 0 81 81"`)) { // 73 modules of version 14, and the quiet zone
		t.Errorf("the drawing is %.120s", drawing.body)
	}
	if _, err := exec.LookPath("zbarimg"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("zbarimg is not installed")
		}
		t.Skip("NOT TESTED: zbarimg is not installed, so no code was read")
	}
	file := filepath.Join(t.TempDir(), "card.png")
	if err := os.WriteFile(file, a.body, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("zbarimg", "--quiet", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
	if err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("it reads %q, %v", out, err)
	}
}

// A card cannot say that its badge was withdrawn, so none is handed out of one that
// was; of a trial it says that it is one.
func TestCardsOfOtherStates(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	before := cardOf(t, w, b.ID)
	for _, path := range []string{"/card", "/card.png", "/card.svg"} {
		if a := w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA" + path); a.status != http.StatusNotFound {
			t.Errorf("of nobody%s: %d %s", path, a.status, a.body)
		}
	}
	w.post("/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"name":"Ana Moreno"}}`).want(t, http.StatusOK)
	if after := cardOf(t, w, b.ID); after == before || must(card.Parse(after))(t).Holder != "Ana Moreno" {
		t.Errorf("the new edition has the card %s", after)
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	for _, path := range []string{"/card", "/card.png", "/card.svg"} {
		if a := w.get("/credentials/" + b.ID + path); a.status != http.StatusConflict || a.object(t)["code"] != "card_not_in_force" {
			t.Errorf("revoked%s: %d %s", path, a.status, a.body)
		}
	}
}

// A certificate of ours is verified as any PDF is: by the bytes attached to it.
func TestCertificateBroughtBack(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	pdf := string(w.get("/credentials/" + b.ID + ".pdf").body)
	if r := w.report(pdf, "application/pdf"); r.Verdict != "valid" || string(r.Document) != string(b.Credential) {
		t.Errorf("%s %.200s", r.Verdict, r.Document)
	}
	if _, err := exec.LookPath("qpdf"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("qpdf is not installed")
		}
		t.Skip("NOT TESTED: qpdf is not installed, so no certificate was changed")
	}
	dir := t.TempDir()
	packed, plain := filepath.Join(dir, "packed.pdf"), filepath.Join(dir, "plain.pdf")
	if err := os.WriteFile(packed, []byte(pdf), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qpdf", "--stream-data=uncompress", packed, plain).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	unpacked := string(must(os.ReadFile(plain))(t))
	if !strings.Contains(unpacked, `"Ana Mora 1"`) || w.report(unpacked, "application/pdf").Verdict != "valid" {
		t.Fatal("written anew by another program, it is not valid")
	}
	r := w.report(strings.ReplaceAll(unpacked, `"Ana Mora 1"`, `"Ena Mora 1"`), "application/pdf")
	if r.Verdict != "invalid" || !strings.Contains(r.Summary, "Changed after signing") {
		t.Errorf("with one letter changed: %s %s", r.Verdict, r.Summary)
	}
}
