package pages_test

import (
	"slices"
	"strings"
	"testing"

	"laurel/api/face"
	"laurel/api/pages"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/schemas"
	"laurel/verifier"
)

// Every word of the lists of the standard has a message, and there is none for
// any other.
func TestWordsOfTheStandard(t *testing.T) {
	w := newWorld(t)
	var want []string
	for _, of := range []struct{ class, property, messages string }{
		{"Achievement", "achievementType", "kind.achievement."}, {"Result", "status", "kind.status."},
		{"ResultDescription", "resultType", "kind.result."}, {"IdentifierEntry", "identifierType", "kind.identifier."},
		{"IdentityObject", "identityType", "kind.identifier."},
	} {
		class, ok := schemas.Classes().Class(of.class)
		if !ok {
			t.Fatalf("no class %s", of.class)
		}
		at := slices.IndexFunc(class.Properties, func(p schemas.Property) bool { return p.Name == of.property })
		if at < 0 || len(class.Properties[at].Type.Words) == 0 {
			t.Fatalf("%s has no words for %s", of.class, of.property)
		}
		for _, word := range class.Properties[at].Type.Words {
			want = append(want, of.messages+word)
		}
	}
	var got []string
	for _, id := range w.catalog.For("en").IDs() {
		if strings.HasPrefix(id, "kind.") {
			got = append(got, id)
		}
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("the messages are\n%q\nfor\n%q", got, want)
	}
}

// The words of the standard are read in the reader's language, those of an issuer
// as they were signed, and the file has them all.
func TestTermsAreTranslated(t *testing.T) {
	w := newWorld(t)
	raw := string(document(t, planning).Raw())
	for from, to := range map[string]string{`"RawScore"`: `"Status"`, `"achievementType": "MicroCredential"`: `"achievementType": "ext:Workshop"`,
		`"requiredValue": "10"`: `"requiredValue": "Completed", "allowedValue": ["Withdrew", "Half"]`} {
		if !strings.Contains(raw, from) {
			t.Fatalf("no %s", from)
		}
		raw = strings.Replace(raw, from, to, 1)
	}
	page := func(lang i18n.Lang, doc *badge.Document) string {
		return one(t, parsePage(t, w.verification(t, lang, report(doc), nil)).class("fields"), "fields").text()
	}
	for lang, says := range map[i18n.Lang][]string{
		"en": {"level of a rubric’s criterion", "ext:Workshop", "completed", "withdrew", "Half"},
		"ru": {"уровень критерия шкалы", "ext:Workshop", "завершено", "прекращено по желанию", "Half"},
		"ar": {"مستوى معيار في سلّم تقدير", "ext:Workshop", "مكتمل", "انسحاب", "Half"},
	} {
		text := page(lang, parse(t, raw))
		for _, said := range says {
			if !strings.Contains(text, said) {
				t.Errorf("%s: %q is not on the page: %s", lang, said, text)
			}
		}
		if strings.Count(text, "RubricCriterionLevel") != strings.Count(raw, "RubricCriterionLevel") { // in the list of all data alone
			t.Errorf("%s: the word of the standard is there %d times", lang, strings.Count(text, "RubricCriterionLevel"))
		}
	}
	for lang, says := range map[i18n.Lang]string{"en": "<bdi>completed</bdi>", "ru": "<bdi>завершено</bdi>", "ar": "<bdi>مكتمل</bdi>"} {
		for status, said := range map[string]string{"Completed": says, "ext:Half": `<bdi lang="fr">ext:Half</bdi>`} {
			r := report(parse(t, strings.Replace(raw, `"value": "10"`, `"status": "`+status+`"`, 1)))
			var b strings.Builder
			p := w.catalog.For(lang)
			if err := w.pages.Print(&b, p, pages.PrintPage{Frame: w.frame(), Face: face.Of(p, r, face.Beside{})}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), said) {
				t.Errorf("%s: %q is not on the page to print: %s", lang, said, &b)
			}
		}
	}
	if text := page("fr", document(t, planning)); !strings.Contains(text, "microcertification") {
		t.Error(text)
	}
}

// A result in percent has its sign, on the page and on the page to print, and so
// do the bounds of it; other numbers, and what has a sign already, stay as they
// were signed.
func TestPercent(t *testing.T) {
	w := newWorld(t)
	raw := string(document(t, planning).Raw())
	for _, tt := range []struct {
		kind, value string
		want        map[i18n.Lang]string
	}{
		{"Percent", "85", map[i18n.Lang]string{"en": "85%", "fr": "85\u00a0%", "ru": "85\u00a0%", "es": "85\u00a0%", "zh": "85%", "ar": "85\u200e%\u200e"}},
		{"Percent", "47.5", map[i18n.Lang]string{"en": "47.5%", "fr": "47,5\u00a0%"}},
		{"Percent", "85 %", map[i18n.Lang]string{"en": "85 %", "fr": "85 %"}},
		{"RawScore", "85", map[i18n.Lang]string{"en": "85", "fr": "85"}},
	} {
		signed := strings.NewReplacer(`"RawScore"`, `"`+tt.kind+`"`, `"value": "10"`, `"value": "`+tt.value+`"`, `"requiredValue": "10"`, `"requiredValue": "`+tt.value+`"`).Replace(raw)
		if tt.kind == "Percent" && !strings.Contains(signed, `"`+tt.kind+`"`) || !strings.Contains(signed, `"value": "`+tt.value+`"`) {
			t.Fatal("the badge has no such result")
		}
		for lang, want := range tt.want {
			p, r := w.catalog.For(lang), report(parse(t, signed))
			page := parsePage(t, w.verification(t, lang, r, nil))
			values := 0
			for _, text := range page.class("text") {
				if text.FirstChild != nil && text.FirstChild.Data == want {
					values++
				}
			}
			if values != 2 { // what was reached, and what was required
				t.Errorf("%s: %q stands %d times on the page", lang, want, values)
			}
			var b strings.Builder
			if err := w.pages.Print(&b, p, pages.PrintPage{Frame: w.frame(), Face: face.Of(p, r, face.Beside{})}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), ">"+want+"</bdi>") {
				t.Errorf("%s: %q is not on the page to print", lang, want)
			}
		}
	}
}

// What ended, ends or begins on the day of the check is told with its time of day and
// the zone, in the first line as in the field; any other day is a day.
func TestTheDayOfTheCheckHasAnHour(t *testing.T) {
	w := newWorld(t)
	raw := string(document(t, participant).Raw())
	from, _, _ := strings.Cut(raw[strings.Index(raw, `"validFrom"`):], "\n")
	for _, tt := range []struct {
		until, lang, want string
		code              verifier.Code
		outcome           verifier.Outcome
	}{
		{"2026-11-21T09:30:00Z", "en", "21 November 2026, 09:30 UTC", verifier.Expired, verifier.Failed},
		{"2026-11-21T23:30:00+02:00", "en", "21 November 2026, 21:30 UTC", verifier.OK, verifier.Passed},
		{"2026-11-21T09:30:00Z", "fr", "21 novembre 2026 à 09:30 UTC", verifier.Expired, verifier.Failed},
		{"2026-11-20T09:30:00Z", "en", "20 November 2026.", verifier.Expired, verifier.Failed},
	} {
		doc := parse(t, strings.Replace(raw, from, `"validUntil": "`+tt.until+`", `+from, 1))
		r := report(doc, verifier.Finding{Check: verifier.CheckValidity, Outcome: tt.outcome, Code: tt.code})
		page := parsePage(t, w.verification(t, i18n.Lang(tt.lang), r, nil))
		if tt.outcome == verifier.Failed && !strings.Contains(one(t, page.class("said"), "said").text()+".", tt.want) {
			t.Errorf("%s: %q", tt.want, one(t, page.class("said"), "said").text())
		}
		if field := one(t, page.class("fields"), "fields").text(); !strings.Contains(field, strings.TrimSuffix(tt.want, ".")) || strings.Contains(field, "20 November 2026, ") {
			t.Errorf("%s is not in the field: %s", tt.want, field)
		}
	}
}

// A translation stands above what was signed, where a reader of its language begins,
// and its first words are that it is none of it.
func TestTranslationComesFirst(t *testing.T) {
	w := newWorld(t)
	mine := own()
	mine.Translation = &pages.Translation{Lang: "ar", Name: "مشاركة", Description: "وصف", Criteria: "**شروط**"}
	page := w.verification(t, "ar", report(document(t, participant)), mine)
	verdict, translation, fields := strings.Index(page, `id="verdict"`), strings.Index(page, `class="translation"`), strings.Index(page, `id="fields"`)
	if verdict < 0 || translation < verdict || fields < translation {
		t.Errorf("verdict at %d, translation at %d, what was signed at %d", verdict, translation, fields)
	}
	d := parsePage(t, page)
	aside := one(t, d.class("translation"), "translation")
	for at := aside.Parent; at != nil; at = at.Parent {
		if at.Data == "details" {
			t.Error("it is folded away")
		}
	}
	if note := w.catalog.For("ar").Text("page.translation", i18n.Params{"Language": w.catalog.For("ar").LanguageName("en")}); !strings.HasPrefix(aside.text(), note) {
		t.Errorf("it begins %q", aside.text())
	}
}
