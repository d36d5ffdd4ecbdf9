package api_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"laurel/api/pages"
	"laurel/internal/attachment/attachmenttest"
	"laurel/issuer"
)

var sixLanguages = []string{"en", "ar", "es", "fr", "ru", "zh"}

// menu is the choice of languages on a page: addresses, or the buttons of a form with
// one hidden field.
type menu struct {
	links         map[string]string // by language
	buttons       []string
	action        string
	field, hidden string
}

func menuOf(t *testing.T, a answer) (m menu) {
	t.Helper()
	page, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	m.links = map[string]string{}
	for n := range page.Descendants() {
		attr := map[string]string{}
		for _, at := range n.Attr {
			attr[at.Key] = at.Val
		}
		if n.Type == html.ElementNode && n.Data == "details" && attr["class"] == "langs" {
			for n := range n.Descendants() {
				attr := map[string]string{}
				for _, at := range n.Attr {
					attr[at.Key] = at.Val
				}
				switch n.Data {
				case "a":
					m.links[attr["hreflang"]] = attr["href"]
				case "form":
					m.action = attr["method"] + " " + attr["action"]
				case "input":
					m.field, m.hidden = attr["name"], attr["value"]
				case "button":
					m.buttons = append(m.buttons, attr["value"])
				}
			}
		}
	}
	return m
}

// Whatever a form brought, its answer can be read in six languages, without script:
// by a link where it has an address, else by sending the same again.
func TestAnswersToFormsHaveLanguages(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	good := string(b.Credential)
	changed := strings.Replace(good, "Ana Mora 1", "Eve", 1)
	var plainPNG, plainJPEG bytes.Buffer
	picture := image.NewGray(image.Rect(0, 0, 8, 8))
	if err := png.Encode(&plainPNG, picture); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&plainJPEG, picture, nil); err != nil {
		t.Fatal(err)
	}
	send := func(lang string, pairs ...string) answer {
		body, contentType := multipartForm(t, append(pairs, "lang", "", lang)...)
		return w.do(request{method: "POST", path: "/verify", body: body, header: map[string]string{"Content-Type": contentType, "Accept": "text/html"}})
	}
	const none = "This file holds no badge."
	for name, tc := range map[string]struct {
		pairs  []string
		status int
		says   string // in English
		again  string // the field that is sent again
	}{
		"a file":             {[]string{"file", "badge.json", good}, 200, "Valid.", "again"},
		"a PDF":              {[]string{"file", "badge.pdf", attachmenttest.PDF("a note", good)}, 200, "Valid.", "again"},
		"a changed badge":    {[]string{"document", "", changed}, 200, "Changed after signing", "again"},
		"a long one":         {[]string{"document", "", good + strings.Repeat(" ", 130<<10)}, 200, "Valid.", "told"},
		"a wrong code":       {[]string{"address", "", "7K3M-9QPX"}, 404, "No badge has this code", "address"},
		"an unknown address": {[]string{"address", "", w.base + "/v/AAAAAAAAAAAAAAAAAAAAAA"}, 404, "There is no badge at this address", "address"},
		"nothing":            {[]string{"address", "", ""}, 400, "could not read", "told"},
		"another service":    {[]string{"address", "", "https://other.example/b/1"}, 422, "could not read", "told"},
		"a PNG":              {[]string{"file", "a.png", plainPNG.String()}, 400, none, "told"},
		"a JPEG":             {[]string{"file", "a.jpg", plainJPEG.String()}, 400, none, "told"},
		"a WebP":             {[]string{"file", "a.webp", "RIFF\x24\x00\x00\x00WEBPVP8 "}, 400, none, "told"},
		"a drawing":          {[]string{"file", "a.svg", `<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>`}, 400, none, "told"},
		"an empty PDF":       {[]string{"file", "a.pdf", attachmenttest.PDF()}, 400, none, "told"},
	} {
		a := send("en", tc.pairs...)
		if a.status != tc.status || !bytes.Contains(a.body, []byte(tc.says)) || tc.says == none && bytes.Contains(a.body, []byte(`class="verdict`)) {
			t.Errorf("%s: %d %.600s", name, a.status, a.body)
		}
		m := menuOf(t, a)
		if !slices.Equal(m.buttons, sixLanguages) || m.action != "post /verify" || m.field != tc.again || len(m.links) > 0 {
			t.Errorf("%s: %+v", name, m)
			continue
		}
		if tc.again == "again" && m.hidden != base64.StdEncoding.EncodeToString([]byte(tc.pairs[2])) && !strings.HasSuffix(tc.pairs[1], ".pdf") {
			t.Errorf("%s: what is sent again is not what was brought", name)
		}
		said := map[string]bool{}
		for _, lang := range m.buttons {
			again := send(lang, m.field, "", m.hidden)
			title, _, _ := strings.Cut(string(again.body[bytes.Index(again.body, []byte("<title>")):]), "</title>")
			said[title] = true
			if !bytes.Contains(again.body, []byte(`<html lang="`+lang+`"`)) || bytes.Contains(again.body, []byte(`class="verdict`)) != (tc.again == "again") {
				t.Errorf("%s, %s: %d %.300s", name, lang, again.status, again.body)
			}
			if verdict := `class="verdict valid"`; tc.says == "Valid." && tc.again == "again" && !bytes.Contains(again.body, []byte(verdict)) {
				t.Errorf("%s, %s: no longer valid", name, lang)
			}
		}
		if len(said) != len(sixLanguages) {
			t.Errorf("%s: says %v", name, said)
		}
	}
	// What has an address is led to there.
	for name, a := range map[string]answer{
		"a link": send("en", "address", "", b.VerifyURL), "an id in the box for badges": send("en", "document", "", b.ID),
		"an answer": w.do(request{method: "POST", path: "/v/" + b.ID + "/match", body: url.Values{"identifier": {"ana.1@learner.example"}}.Encode(),
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}}),
	} {
		m := menuOf(t, a)
		if a.status != 200 || len(m.links) != len(sixLanguages) || m.links["ar"] != "/v/"+b.ID+"?lang=ar" {
			t.Errorf("%s: %d, %+v", name, a.status, m)
		}
	}
}

// Pages that tell of something missing can be read in six languages too, and say
// nothing of what was asked for.
func TestMissingPagesHaveLanguages(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{
		"/v/AAAAAAAAAAAAAAAAAAAAAA": "?lang=fr", "/nowhere": "?lang=fr", "/v/AAAAAAAAAAAAAAAAAAAAAA?lang=ru&edition=2&x=%22": "?edition=2&lang=fr",
	} {
		a := w.do(request{path: path, header: map[string]string{"Accept": "text/html"}}).want(t, http.StatusNotFound)
		if m := menuOf(t, a); len(m.links) != len(sixLanguages) || m.links["fr"] != want {
			t.Errorf("%s: %+v", path, m)
		}
	}
	if m := menuOf(t, w.do(request{method: "POST", path: "/v/x/match", body: "identifier=", header: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}})); m.links["fr"] != "/?lang=fr" {
		t.Errorf("an answer that is a problem: %+v", m)
	}
	b := w.issue(1)
	if m := menuOf(t, w.do(request{path: "/credentials/" + b.ID + "?lang=en&edition=1", header: map[string]string{"Accept": "text/html"}}).want(t, 200)); m.links["fr"] != "?edition=1&lang=fr" {
		t.Errorf("an edition: %+v", m)
	}
}

// Whatever is put into either box of text is understood: a badge in JSON or as a
// token, a link, an address from paper, a printed code.
func TestOneBoxTakesAll(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	token := w.do(request{path: "/credentials/" + b.ID + ".jwt"}).want(t, http.StatusOK)
	_, host, _ := strings.Cut(w.base, "://")
	for _, field := range []string{"address", "document"} {
		for name, text := range map[string]string{
			"JSON": string(b.Credential), "JSON in lines": "\ufeff\r\n" + strings.ReplaceAll(string(b.Credential), ",", ",\r\n") + "\n", "JWT": string(token.body) + "\n",
			"link": " " + b.VerifyURL + "\n", "link of the file": b.CredentialID + ".json", "host and path": host + "/v/" + b.ID,
			"printed code": issuer.PrintedCode(b.ID), "code in small letters": strings.ToLower(strings.ReplaceAll(issuer.PrintedCode(b.ID), "-", " ")), "id": b.ID,
			"JWT as mail breaks it": broken(string(token.body)), "link in brackets": "<" + b.VerifyURL + ">", "link that ends a sentence": "\u201C" + b.VerifyURL + "\u201D.",
			"code in lines":          strings.ReplaceAll(issuer.PrintedCode(b.ID), "-", "\n"),
			"code in an Arabic text": "\u200F" + strings.Map(arabic, issuer.PrintedCode(b.ID)) + "\u200F",
		} {
			a := w.do(request{method: "POST", path: "/verify", body: url.Values{field: {text}, "lang": {"en"}}.Encode(), header: map[string]string{
				"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}})
			if a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`class="verdict valid"`)) {
				t.Errorf("%s in %s: %d %.300s", name, field, a.status, a.body)
			}
		}
	}
}

// broken is a text in lines of 76 characters.
func broken(text string) string {
	var lines []string
	for line := range slices.Chunk([]byte(strings.TrimSpace(text)), 76) {
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\r\n")
}

// arabic is a digit as it is written in Arabic.
func arabic(r rune) rune {
	if r >= '0' && r <= '9' {
		return r - '0' + '\u0660'
	}
	return r
}

// What was not found is repeated only where it can be a link or a code, and answers
// of this form are compressed for those who take them so.
func TestAnswersToFormsAreSmall(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	ask := func(text, encoding string) answer {
		return w.do(request{method: "POST", path: "/verify", body: url.Values{"address": {text}, "lang": {"en"}}.Encode(), header: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Accept-Encoding": encoding}})
	}
	if a := ask(w.base+"/v/"+strings.Repeat(`"`, 1<<20), "identity").want(t, http.StatusNotFound); len(a.body) > 64<<10 || !bytes.Contains(a.body, []byte(`value="`+pages.FaultAgain.String()+`"`)) {
		t.Errorf("%d bytes about what was not found", len(a.body))
	}
	whole := ask(string(b.Credential), "identity").want(t, http.StatusOK)
	small := ask(string(b.Credential), "gzip").want(t, http.StatusOK)
	if small.header.Get("Content-Encoding") != "gzip" || len(small.body)*3 > len(whole.body) {
		t.Errorf("%d bytes of %d: %v", len(small.body), len(whole.body), small.header)
	}
}
