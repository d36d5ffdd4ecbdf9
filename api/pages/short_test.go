//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at what is compressed.

package pages_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"laurel/api/pages"
	"laurel/badge"
	"laurel/verifier"
)

// stuffed is a badge in which every list and every text that somebody chose is
// longer than any: nothing in it can be compressed.
type stuffed struct {
	r       *rand.Rand
	letters []rune
	texts   int // characters of each text that is made longer
	lists   int // elements of each list
	names   bool
}

func (s *stuffed) text(n int) string {
	var b strings.Builder
	for range n {
		if s.r.IntN(7) == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(s.letters[s.r.IntN(len(s.letters))])
	}
	return b.String()
}

// fixed are members that a badge does not work without.
var fixed = []string{"@context", "type", "proof", "awardedDate", "validFrom", "validUntil", "credentialStatus", "credentialSchema", "resultDescription", "status"}

func (s *stuffed) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for n, e := range v {
			if !slices.Contains(fixed, n) {
				v[n] = s.value(n, e)
			}
		}
		return v
	case []any:
		for n := 0; len(v) > 0 && len(v) < s.lists; n++ {
			v = append(v, clone(v[n]))
		}
		for n := range v {
			v[n] = s.value(name, v[n])
		}
		return v
	case string:
		switch {
		case name == "narrative" || name == "description" || name == "targetDescription":
			return s.text(s.texts)
		case strings.HasPrefix(v, "https:"):
			return v + "/" + strings.ReplaceAll(s.text(s.texts/10), " ", "-")
		case s.names:
			return s.text(s.texts)
		}
	}
	return v
}

func clone(v any) any {
	raw, _ := json.Marshal(v)
	var out any
	_ = json.Unmarshal(raw, &out)
	return out
}

func (s *stuffed) document(t *testing.T, file string) *badge.Document {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(document(t, file).Raw(), &tree); err != nil {
		t.Fatal(err)
	}
	a := tree["credentialSubject"].(map[string]any)["achievement"].(map[string]any)
	if a["alignment"] == nil {
		a["alignment"] = []any{map[string]any{"type": []any{"Alignment"}, "targetName": "x", "targetUrl": "https://skills.example/x", "targetDescription": "x"}}
	}
	tree["evidence"] = []any{map[string]any{"type": []any{"Evidence"}, "id": "https://x.example/e", "name": "x", "narrative": "x", "description": "x"}}
	raw, err := json.Marshal(s.value("", tree))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

// No badge, whatever stands in it and however much, has a page that takes more
// than one round trip; and what is not on it is said to be in the file.
func TestNoFirstAnswerIsLarge(t *testing.T) {
	w := newWorld(t)
	latin := []rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-")
	var han, cyrillic []rune
	for c := '一'; c < '一'+5000; c++ {
		han = append(han, c)
	}
	for c := 'А'; c <= 'я'; c++ {
		cyrillic = append(cyrillic, c)
	}
	for name, s := range map[string]stuffed{
		"long prose":            {letters: cyrillic, texts: 8000},
		"rather long prose":     {letters: cyrillic, texts: 700},
		"many of everything":    {letters: latin, texts: 60, lists: 40},
		"everything long":       {letters: latin, texts: 800, names: true},
		"everything Chinese":    {letters: han, texts: 800, names: true},
		"many and long, of all": {letters: han, texts: 300, lists: 12, names: true},
	} {
		for _, file := range []string{planning, trainer} {
			if file == trainer && !s.names {
				continue // it differs in its names alone
			}
			s.r = rand.New(rand.NewPCG(1, 2))
			doc := s.document(t, file)
			r, of := report(doc), own()
			for range 10 {
				r.Endorsements = append(r.Endorsements, verifier.Endorsement{Report: report(doc), Finding: finding(verifier.CheckEndorsement, verifier.Passed, verifier.EndorsementHolds)})
				of.Endorsed = append(of.Endorsed, pages.Endorsement{By: s.text(150), URL: "https://x.example/", Signed: "/endorsements/x", Comment: s.text(900),
					Verified: verifier.Endorsement{Report: report(document(t, participant)), Finding: finding(verifier.CheckEndorsement, verifier.Passed, verifier.EndorsementHolds)}})
			}
			of.Register = &pages.Register{Reason: s.text(500)}
			of.Translation = &pages.Translation{Lang: "en", Name: s.text(200), Description: s.text(s.texts), Criteria: s.text(s.texts)}
			for _, lang := range tried(w.catalog.Languages()) {
				if file == trainer && lang != "ru" { // the largest
					continue
				}
				page := w.verification(t, lang, r, of)
				n := squeezed(t, page)
				t.Logf("%s, %s, %s: %d bytes of %d", name, file, lang, n, len(doc.Raw()))
				if n > 14<<10 {
					t.Errorf("%s, %s, %s: %d bytes", name, file, lang, n)
				}
				p := w.catalog.For(lang)
				d := parsePage(t, page)
				if !strings.Contains(d.text(), strings.Join(strings.Fields(p.Text("page.short", nil)), " ")) || !strings.Contains(page, of.Links.JSON) {
					t.Errorf("%s, %s, %s: nothing says that it is not whole", name, file, lang)
				}
			}
		}
	}
}
