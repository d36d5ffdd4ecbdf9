package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"laurel/internal/i18n"
	"laurel/issuer"
)

// shownIn are the faces that everybody may see, each as it is for a badge in
// another state.
func (w *world) shownIn(t *testing.T) map[string]string {
	t.Helper()
	w.put("/v1/achievements/licence", `{"issuer":"city-school","name":{"en":"Licence","fr":"Permis"},"inLanguage":"en","description":{"en":"May teach."},"criteria":{"en":"Pass."},
		"suspendable":true,"creditsAvailable":3,"resultDescription":[{"id":"course","name":"Course status","resultType":"Status"}]}`, w.all).want(t, http.StatusCreated)
	of := func(n int, more string) string {
		body := fmt.Sprintf(`{"achievement":"licence","recipient":{"name":"Ana Mora %d","email":"ana.%d@learner.example"},"awardedAt":"2025-07-11"%s}`, n, n, more)
		return w.post("/v1/credentials", body).want(t, http.StatusCreated).object(t)["id"].(string)
	}
	valid, revoked, suspended := of(1, `,"results":[{"resultDescription":"course","status":"Completed"}]`), of(2, ""), of(3, "")
	w.post("/v1/credentials/"+revoked+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	w.post("/v1/credentials/"+suspended+"/suspend", `{"reason":"under_review"}`).want(t, http.StatusOK)
	expired := of(4, `,"validUntil":"`+w.clock.now().AddDate(0, 0, 2).Format(time.DateOnly)+`"`)
	w.clock.advance(3 * 24 * time.Hour)
	return map[string]string{
		"start": "/", "valid": "/v/" + valid, "revoked": "/v/" + revoked, "suspended": "/v/" + suspended, "expired": "/v/" + expired,
		"unknown": "/v/AAAAAAAAAAAAAAAAAAAAAA", "achievement": "/achievements/licence", "issuer": "/issuers/city-school",
		"problem": "/v/" + valid + "?edition=x", "print": "/credentials/" + valid + "/print",
	}
}

// TestNothingIsLeftInEnglish: on no face of another language stands a text that
// the English face has too, but for texts of strangers, codes and what the
// languages share; names are set apart from the words around them.
func TestNothingIsLeftInEnglish(t *testing.T) {
	w := newWorld(t)
	catalog := must(i18n.New())(t)
	shown := w.shownIn(t)
	t.Run("facts", func(t *testing.T) { w.factsAreTranslated(t, catalog, shown["print"]) })
	for state, path := range shown {
		in := func(lang i18n.Lang) (*html.Node, []string) {
			address := path + "?lang=" + string(lang)
			if strings.Contains(path, "?") {
				address = path + "&lang=" + string(lang)
			}
			a := w.get(address, "Accept", "text/html")
			if got := a.header.Get("Content-Language"); got != string(lang) {
				t.Errorf("%s in %s: Content-Language %q", state, lang, got)
			}
			page := must(html.Parse(strings.NewReader(string(a.body))))(t)
			return page, visible(page)
		}
		_, english := in(i18n.English)
		if len(english) < 5 {
			t.Fatalf("%s: only %d texts: %q", state, len(english), english)
		}
		for _, lang := range catalog.Languages()[1:] {
			page, texts := in(lang)
			p := catalog.For(lang)
			root := find(page, "html")
			if attribute(root, "lang") != string(lang) || attribute(root, "dir") != p.Dir() {
				t.Errorf("%s: html is %v", state, root.Attr)
			}
			for _, text := range texts {
				if strings.Contains(text, "Ana Mora") || strings.Contains(text, "Example City School") {
					t.Errorf("%s in %s: the name in %q is not set apart", state, lang, text)
				}
				if slices.Contains(english, text) && !shared(t, lang, text) {
					t.Errorf("%s in %s: %q is English", state, lang, text)
				}
			}
		}
	}
}

// factsAreTranslated: of the facts on paper only the name of a result is the
// issuer's, so no other is the same as in English; and the certificate, where
// facts share a line, has no line in common but those of what was signed.
func (w *world) factsAreTranslated(t *testing.T, catalog *i18n.Catalog, path string) {
	t.Helper()
	facts := func(lang i18n.Lang) (texts []string) {
		page := must(html.Parse(strings.NewReader(w.page(path + "?lang=" + string(lang)))))(t)
		for d := range page.Descendants() {
			if attribute(d, "class") == "facts" {
				for fact := range d.Descendants() {
					if fact.Type == html.TextNode {
						texts = append(texts, lettered(fact.Data)...)
					}
				}
			}
		}
		return texts
	}
	paper := func(lang i18n.Lang) string {
		return w.paperText(t, strings.TrimSuffix(path, "/print")+".pdf?paper=a4&lang="+string(lang))
	}
	id := strings.Split(path, "/")[2]
	signed := []string{"Example City School", "Ana Mora 1", "Licence", "May teach.", issuer.PrintedCode(id)}
	english, lines := facts(i18n.English), strings.Split(paper(i18n.English), "\n")
	if !slices.Contains(english, "Course status") || !slices.Contains(english, "completed") {
		t.Fatalf("the facts are %q", english)
	}
	for _, lang := range catalog.Languages()[1:] {
		for _, text := range facts(lang) {
			if text != "Course status" && slices.Contains(english, text) {
				t.Errorf("%s: %q is English", lang, text)
			}
		}
		said := paper(lang)
		word := catalog.For(lang).Text("kind.status.Completed", nil)
		drawn := lang != "zh" || strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Han, r) }) // the fonts that are built in have no Chinese
		if drawn && !strings.Contains(said, word) || strings.Contains(strings.ToLower(said), "completed") {
			t.Errorf("%s: the certificate has no %q: %s", lang, word, said)
		}
		for _, line := range strings.Split(said, "\n") {
			for _, text := range lettered(line) {
				if slices.Contains(lines, text) && !slices.Contains(signed, text) {
					t.Errorf("%s: the certificate says %q, which is English", lang, text)
				}
			}
		}
	}
}

// shared reports whether a language says something as English does: Package i18n
// has a list of such messages.
func shared(t *testing.T, lang i18n.Lang, text string) bool {
	t.Helper()
	catalog := must(i18n.New())(t)
	english, own := catalog.For(i18n.English), catalog.For(lang)
	return slices.ContainsFunc(english.IDs(), func(id string) bool {
		return english.Text(id, nil) == text && own.Text(id, nil) == text
	})
}

// visible are the texts of a page that are in the page's language and have
// letters.
func visible(n *html.Node) (texts []string) {
	if n.Type == html.ElementNode {
		if slices.Contains([]string{"script", "style", "svg", "bdi", "code", "title", "textarea"}, n.Data) || n.Data != "html" && attribute(n, "lang") != "" {
			return nil
		}
		for _, name := range []string{"alt", "aria-label", "title", "placeholder"} {
			texts = append(texts, lettered(attribute(n, name))...)
		}
	}
	if n.Type == html.TextNode {
		texts = append(texts, lettered(n.Data)...)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		texts = append(texts, visible(c)...)
	}
	return texts
}

func lettered(s string) []string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "Laurel" || !strings.ContainsFunc(s, unicode.IsLetter) {
		return nil
	}
	return []string{s}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func find(n *html.Node, name string) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			return d
		}
	}
	return nil
}
