package api_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"laurel/internal/qr"
)

// What a code says is the address of the badge here, whatever the request says.
func TestCodesLeadHere(t *testing.T) {
	w := newSecureWorld(t)
	id := w.issue(1).ID
	svg, err := qr.SVG("https://badges.example/v/" + id)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := qr.PNG("https://badges.example/v/"+id, 256)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "&url=https://evil.example", "&text=https%3A%2F%2Fevil.example&data=x&next=//evil.example"} {
		for path, want := range map[string][]byte{"/qr.svg?x=1": svg, "/qr.png?size=256": picture} {
			got := w.get("/credentials/"+id+path+query, "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example").want(t, http.StatusOK)
			if !bytes.Equal(got.body, want) {
				t.Errorf("%s%s leads elsewhere", path, query)
			}
		}
	}
}

// A list that a platform sent comes back in a form that spreadsheets show and
// do not run.
func TestCellsAreNoFormulas(t *testing.T) {
	w := newWorld(t)
	starts := []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"}
	var body strings.Builder
	out := csv.NewWriter(&body)
	_ = out.Write([]string{"ref", "name", "email"})
	for n, start := range starts {
		name := strings.TrimSpace(start + `HYPERLINK("https://evil.example","x")`)
		_ = out.Write([]string{"a" + string(rune('a'+n)), name, "p" + string(rune('a'+n)) + "@roster.example"})
		_ = out.Write([]string{start + `cmd|'/C calc'!A0`, "Participant", "q" + string(rune('a'+n)) + "@roster.example"})
	}
	out.Flush()
	a := w.roster("", body.String(), "Accept", "text/csv").want(t, http.StatusOK)
	lines, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
	if err != nil || len(lines) != 1+2*len(starts) {
		t.Fatalf("%d lines, %v: %s", len(lines), err, a.body)
	}
	refused := 0
	for _, line := range lines {
		for _, cell := range line {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") || strings.HasPrefix(cell, "＝") || strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
			if cell == "ref_suspicious" {
				refused++
			}
		}
	}
	if refused < 8 { // the others are blanks before plain text
		t.Errorf("only %d of the references were refused: %s", refused, a.body)
	}
	if got := a.header.Get("Content-Disposition"); strings.Contains(got, "evil") {
		t.Errorf("Content-Disposition %q", got)
	}
}
