package api_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/badge/card"
)

// The card stands beside the address on paper: both codes are read off a print of
// 300 dots an inch, and who has the keys alone finds the second one genuine.
func TestCardOnPaper(t *testing.T) {
	ppm, scan, text := tool(t, "pdftoppm", "poppler-utils"), tool(t, "zbarimg", "zbar-tools"), tool(t, "pdftotext", "poppler-utils")
	w := newWorld(t)
	b := w.issue(1)
	want := string(w.get("/credentials/"+b.ID+"/card").want(t, http.StatusOK).body)
	known := must(card.ReadKeys(w.get("/.well-known/jwks.json").body))(t)
	plain := w.get("/credentials/"+b.ID+".pdf").want(t, http.StatusOK)
	for _, query := range []string{"paper=a4", "paper=letter", "lang=ar"} {
		a := w.get("/credentials/"+b.ID+".pdf?offline=1&"+query).want(t, http.StatusOK)
		if a.header.Get("ETag") == plain.header.Get("ETag") || bytes.Equal(a.body, plain.body) {
			t.Errorf("%s: the same as without the card", query)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "c.pdf")
		if err := os.WriteFile(file, a.body, 0o600); err != nil {
			t.Fatal(err)
		}
		output(t, ppm, "-r", "300", "-png", "-singlefile", file, filepath.Join(dir, "page"))
		read := strings.Split(strings.TrimSpace(output(t, scan, "-q", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable", filepath.Join(dir, "page.png"))), "\n")
		var held string
		for _, line := range read {
			if line != w.base+"/v/"+b.ID {
				held = line
			}
		}
		if len(read) != 2 || held != want {
			t.Fatalf("%s: the codes say %q", query, read)
		}
		in, _ := card.In(held)
		if got, _ := must(card.Parse(in))(t).Check(known, time.Now()); got != card.Genuine {
			t.Errorf("%s: the card is %d", query, got)
		}
		if said := output(t, text, "-raw", file, "-"); query != "lang=ar" && !strings.Contains(strings.Join(strings.Fields(said), " "), "it does not tell whether the badge was withdrawn since.") {
			t.Errorf("%s: says %s", query, said)
		}
	}
	if again := w.get("/credentials/" + b.ID + ".pdf").body; !bytes.Equal(again, plain.body) {
		t.Error("without the card it is another one afterwards")
	}
}

func TestCardOnPrintPage(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	path := "/credentials/" + b.ID
	w.get(path+"/card").want(t, http.StatusOK) // made by now
	without, with := w.page(path+"/print?paper=a4"), w.page(path+"/print?paper=letter&offline=1")
	card := `src="` + path + `/card.svg"`
	if strings.Contains(without, card) || strings.Contains(without, "withdrawn") || !strings.Contains(without, path+"/print?lang=en&amp;offline=1&amp;paper=a4") {
		t.Errorf("without: %s", without)
	}
	for _, part := range []string{card, "it does not tell whether the badge was withdrawn since.", `class="letter offline"`, path + "/print?lang=en&amp;paper=letter\"",
		path + ".pdf?lang=en&amp;offline=1&amp;paper=letter", path + "/print?lang=en&amp;offline=1&amp;paper=a4"} {
		if !strings.Contains(with, part) {
			t.Errorf("lacks %q: %s", part, with)
		}
	}
	for _, form := range []string{".pdf", "/print"} {
		w.get(path+form+"?offline=2").problem(t, http.StatusBadRequest, "invalid_parameter")
	}
}

// Where there is no card, paper with one answers as the card itself.
func TestNoCardOnPaper(t *testing.T) {
	w := newWorld(t)
	w.put("/v1/achievements/long", `{"issuer":"city-school","name":"`+strings.Repeat("Long ", 39)+`","description":"x","criteria":"y"}`, w.all).want(t, http.StatusCreated)
	long, revoked := w.issueOf("long", 1), w.issue(2)
	w.post("/v1/credentials/"+revoked.ID+"/revoke", `{}`).want(t, http.StatusOK)
	for _, form := range []string{".pdf", "/print"} {
		w.get("/credentials/"+long.ID+"/card.svg").problem(t, http.StatusNotFound, "no_card")
		w.get("/credentials/"+long.ID+form+"?offline=1").problem(t, http.StatusNotFound, "no_card")
		w.get("/credentials/"+long.ID+form).want(t, http.StatusOK)
		w.get("/credentials/"+revoked.ID+"/card.svg").problem(t, http.StatusConflict, "card_not_in_force")
		w.get("/credentials/"+revoked.ID+form+"?offline=1").problem(t, http.StatusConflict, "card_not_in_force")
		if a := w.get("/credentials/"+revoked.ID+form+"?offline=1&lang=ar", "Accept", "text/html"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/credentials/"+revoked.ID+"?lang=ar" {
			t.Errorf("%s: %d to %q", form, a.status, a.header.Get("Location"))
		}
	}
	if page := w.page("/credentials/" + long.ID + "/print"); strings.Contains(page, "offline=1") {
		t.Error("the page leads to a code that there is not")
	}
}

// The card of a badge that is not shown answers as an unknown id, that of one that
// was erased as its other faces, by itself and on paper.
func TestCardsNotShown(t *testing.T) {
	const never = "AAAAAAAAAAAAAAAAAAAAAA"
	w := newWorld(t)
	hidden, erased := w.issue(1), w.issue(2)
	faces := []string{"/card", "/card.png", "/card.svg", ".pdf?offline=1", "/print?offline=1"}
	for _, b := range []issued{hidden, erased} {
		for _, face := range faces {
			w.get("/credentials/"+b.ID+face).want(t, http.StatusOK)
		}
	}
	w.tell("POST", w.claim(hidden)+"/hide", "Accept", "application/json").want(t, http.StatusOK)
	w.do(request{method: "DELETE", path: "/v1/credentials/" + erased.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	for _, face := range faces {
		for _, accept := range []string{"application/json", "text/html"} {
			got, want := w.get("/credentials/"+hidden.ID+face, "Accept", accept), w.get("/credentials/"+never+face, "Accept", accept)
			if want.status != http.StatusNotFound || got.same(hidden.ID) != want.same(never) {
				t.Errorf("hidden%s: %.300s\nunknown: %.300s", face, got.same(hidden.ID), want.same(never))
			}
			if a := w.get("/credentials/"+erased.ID+face, "Accept", accept); a.status != http.StatusGone || strings.Contains(string(a.body), "Ana Mora") {
				t.Errorf("erased%s: %d %.300s", face, a.status, a.body)
			}
		}
		w.get("/credentials/"+erased.ID+face).problem(t, http.StatusGone, "erased")
	}
}
