package pages_test

import (
	"strings"
	"testing"

	"laurel/api/face"
	"laurel/api/pages"
)

// What nobody sees in a name of a stranger's badge is shown as its code, wherever
// the name stands; what belongs to the spelling of a name is left alone.
func TestNamesHideNothing(t *testing.T) {
	w := newWorld(t)
	raw := string(document(t, participant).Raw())
	before := parse(t, raw).View()
	named := strings.NewReplacer(`"`+before.CredentialSubject.Achievement.Name+`"`, "\"Course\U000e0041\U000e007f\"", `"`+before.Issuer.Name+`"`, "\"City\u200c Academy\"",
		`"`+before.CredentialSubject.HolderName()+`"`, "\"Ana\u2063 نی\u200cما\"").Replace(raw)
	r := report(parse(t, named))
	page := w.verification(t, "en", r, nil)
	var print strings.Builder
	if err := w.pages.Print(&print, w.catalog.For("en"), pages.PrintPage{Frame: w.frame(), Face: face.Of(w.catalog.For("en"), r, face.Beside{})}); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"page": page, "print": print.String()} {
		for _, want := range []string{"Course[U+E0041][U+E007F]", "Ana[U+2063] نی\u200cما"} {
			if !strings.Contains(parsePage(t, text).text(), want) {
				t.Errorf("%s: no %q", what, want)
			}
		}
		if strings.ContainsAny(text, "\U000e0041\U000e007f\u2063") {
			t.Errorf("%s: something unseen is in it", what)
		}
	}
	shown := parsePage(t, page)
	for place, want := range map[string]string{"said": "City[U+200C] Academy", "fields": "City[U+200C] Academy", "title": "Course[U+E0041]"} {
		if text := one(t, shown.class(place), place).text(); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in %q", place, want, text)
		}
	}
}
