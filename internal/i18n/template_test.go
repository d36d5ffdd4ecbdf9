package i18n

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"
)

// action is what a template puts in the place of itself.
var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// sameEverywhere are the words of templates that no language has another for.
var sameEverywhere = []string{"Laurel", "VerifierPlus"}

// TestTemplatesHaveNoWords: what people read comes from the catalogues; a word in
// a page template would stand there in every language.
func TestTemplatesHaveNoWords(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{"testdata", "node_modules", "artifacts", ".git"}, d.Name()) {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".html" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		seen++
		for _, text := range wordsOf(action.ReplaceAllString(string(raw), " ")) {
			if !slices.Contains(sameEverywhere, text) {
				t.Errorf("%s holds the words %q", path, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 3 {
		t.Fatalf("only %d templates found", seen)
	}
}

// wordsOf are the texts of a page, and of the attributes that people are told,
// with the dashes and marks around them taken away.
func wordsOf(page string) (texts []string) {
	add := func(s string) {
		s = strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
		if s != "" && !strings.Contains(s, `="`) { // a template of attributes alone
			texts = append(texts, s)
		}
	}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return texts
		case html.TextToken:
			add(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range z.Token().Attr {
				if slices.Contains([]string{"alt", "aria-label", "title", "placeholder"}, a.Key) {
					add(a.Val)
				}
			}
		}
	}
}
