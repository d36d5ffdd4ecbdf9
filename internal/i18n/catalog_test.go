package i18n

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

func mustLoad(t *testing.T) *Catalog {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadRefuses(t *testing.T) {
	good := `{"a": "A {Name}"}`
	for name, files := range map[string]map[string]string{
		"no English":         {"ar": good},
		"no JSON":            {"en": `{"a": "A`},
		"a message twice":    {"en": `{"a": "A", "a": "B"}`},
		"no object":          {"en": `["a"]`},
		"empty":              {"en": `{}`},
		"a number":           {"en": `{"a": 1}`},
		"a list":             {"en": `{"a": ["A"]}`},
		"an empty text":      {"en": `{"a": ""}`},
		"blanks around":      {"en": `{"a": "A "}`},
		"an unknown form":    {"en": `{"a": {"others": "A"}}`},
		"form without text":  {"en": `{"a": {"other": 1}}`},
		"no other form":      {"en": `{"a": {"one": "A"}}`},
		"open brace":         {"en": `{"a": "A {Name"}`},
		"closing brace":      {"en": `{"a": "A Name}"}`},
		"brace in a form":    {"en": `{"a": {"one": "{", "other": "A"}}`},
		"a program":          {"en": `{"a": "A {.Name}"}`},
		"a doubled brace":    {"en": `{"a": "A {{Name}}"}`},
		"no language":        {"en": good, "not_a_language_": good},
		"a language we lack": {"en": good, "tlh": good},
	} {
		fsys := fstest.MapFS{}
		for lang, text := range files {
			fsys["messages/"+lang+"/words.json"] = &fstest.MapFile{Data: []byte(text)}
		}
		if _, err := load(fsys); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	twice := fstest.MapFS{"messages/en/a.json": {Data: []byte(good)}, "messages/en/b.json": {Data: []byte(good)}}
	if _, err := load(twice); err == nil {
		t.Error("a message of two files was loaded")
	}
	if _, err := load(fstest.MapFS{"messages/en/words.json": {Data: []byte(good)}}); err != nil {
		t.Errorf("a good catalogue is refused: %v", err)
	}
}

func TestEveryLanguageHasEveryMessage(t *testing.T) {
	c := mustLoad(t)
	english := c.For(English)
	if n := len(english.IDs()); n < 200 {
		t.Fatalf("only %d messages", n)
	}
	for _, lang := range c.Languages() {
		p := c.For(lang)
		for _, id := range english.IDs() {
			if _, ok := p.own[id]; !ok {
				t.Errorf("%s lacks %s", lang, id)
			} else if got, want := p.Placeholders(id), english.Placeholders(id); !slices.Equal(got, want) {
				t.Errorf("%s, %s: placeholders %v, in English %v", lang, id, got, want)
			}
		}
		for _, m := range messagesOf(t, lang) {
			if _, ok := english.own[m.ID]; !ok {
				t.Errorf("%s has %s, which English lacks", lang, m.ID)
			}
			for form, text := range forms(m) {
				if got, want := values(t, text), values(t, m.Other); !slices.Equal(got, want) {
					t.Errorf("%s, %s: the form %q has the placeholders %v, not %v", lang, m.ID, form, got, want)
				}
			}
		}
	}
}

// TestPluralFormsAreComplete asks for exactly the forms that the CLDR rules
// (of another library than the one that chooses) need for whole numbers.
func TestPluralFormsAreComplete(t *testing.T) {
	c := mustLoad(t)
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few",
		plural.Many: "many", plural.Other: "other"}
	seen := 0
	for _, lang := range c.Languages() {
		for _, m := range messagesOf(t, lang) {
			if !slices.Contains(c.For(English).Placeholders(m.ID), Count) {
				continue
			}
			seen++
			have := map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other}
			for n := range 1000 {
				form := names[plural.Cardinal.MatchPlural(language.MustParse(string(lang)), n, 0, 0, 0, 0)]
				if have[form] == "" {
					t.Fatalf("%s, %s: the form %q is missing, for %d", lang, m.ID, form, n)
				}
			}
		}
	}
	if seen == 0 {
		t.Fatal("no message has plural forms")
	}
}

// messagesOf reads all files of a language anew.
func messagesOf(t *testing.T, lang Lang) (all []*i18n.Message) {
	t.Helper()
	names, err := fs.Glob(embedded, "messages/"+string(lang)+"/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		messages, err := readMessages(raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, messages...)
	}
	return all
}

// latinEverywhere are the words that a text of any script may hold in Latin
// letters: names of formats, of the standard and of this service.
var latinEverywhere = []string{"JSON", "JWT", "PNG", "SVG", "PDF", "QR", "Laurel", "Open", "Badges", "OpenAPI", "https",
	"UTC", "LinkedIn", "ISBN", "ISSN", "LIS", "LTI", "OneRoster", "Comprehensive", "Learner", "Record", "VerifierPlus"}

// scripts are the scripts of the languages that are not written in Latin
// letters.
var scripts = map[Lang]*unicode.RangeTable{"ar": unicode.Arabic, "ru": unicode.Cyrillic, "zh": unicode.Han}

// TestEveryMessageIsInTheScript of its language, where that is not Latin: a
// message without a letter of it, or with a foreign word, was left untranslated.
func TestEveryMessageIsInTheScript(t *testing.T) {
	c := mustLoad(t)
	for _, lang := range c.Languages() {
		script := scripts[lang]
		if script == nil {
			continue
		}
		for _, m := range messagesOf(t, lang) {
			for form, text := range forms(m) {
				own := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(script, r) })
				if !own && !wordless(t, text) {
					t.Errorf("%s, %s (%s) is not in the script of the language: %q", lang, m.ID, form, text)
				}
				technical := strings.HasPrefix(m.ID, "fault.") // names members, headers and values as English does
				for _, w := range latinWords(t, text) {
					if !slices.Contains(latinEverywhere, w) && !(technical && slices.Contains(latinWords(t, join(c.For(English).own[m.ID])), w)) {
						t.Errorf("%s, %s (%s) holds %q: %q", lang, m.ID, form, w, text)
					}
				}
			}
		}
	}
}

// sameAsEnglish are the messages of languages in Latin letters that are right as
// they are in English.
var sameAsEnglish = map[Lang][]string{
	"es": {"verify.match.no", "console.no", "console.signin.token", "console.col.id", "console.outcome.error"},
	"fr": {"field.description", "field.version", "check.proof.title", "check.schema.title", "check.format.title",
		"check.validity.title", "check.suspension.title", "page.technical.code", "field.genre",
		"console.nav.badges", "console.badges.title", "console.badge.title", "console.col.badges", "console.col.action", "console.col.id",
		"console.col.question", "console.col.place", "console.achievement.description", "console.achievement.version", "console.hook.about", "console.fact.points"},
}

// TestNoMessageIsEnglish: what a language in Latin letters says as English does
// was left untranslated, but for words that the two share.
func TestNoMessageIsEnglish(t *testing.T) {
	c := mustLoad(t)
	english := map[string]string{}
	for _, m := range messagesOf(t, English) {
		english[m.ID] = m.Other
	}
	for _, lang := range c.Languages() {
		if lang == English || scripts[lang] != nil {
			continue
		}
		for _, m := range messagesOf(t, lang) {
			same := m.Other == english[m.ID] && !wordless(t, m.Other)
			if listed := slices.Contains(sameAsEnglish[lang], m.ID); same != listed {
				t.Errorf("%s, %s: %q; same as in English: %t, listed as such: %t", lang, m.ID, m.Other, same, listed)
			}
		}
	}
}

// TestFrenchSpaces: before the double signs, and within the quotes, stands a
// space at which no line ends.
func TestFrenchSpaces(t *testing.T) {
	wrong := regexp.MustCompile(`[^ \x{202F}\x{A0}][;?!»]|[^\x{A0}_][:»]( |$)| [;:?!»]|«[^\x{A0}]`)
	for _, m := range messagesOf(t, "fr") {
		for form, text := range forms(m) {
			if at := wrong.FindString(text); at != "" {
				t.Errorf("%s (%s): %q in %q", m.ID, form, at, text)
			}
		}
	}
}

// TestRussianDates: a date in Russian ends in the point of an abbreviation, so
// no other follows it.
func TestRussianDates(t *testing.T) {
	ru := mustLoad(t).For("ru")
	if day := ru.Date(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)); !strings.HasSuffix(day, " г.") {
		t.Fatalf("a day is %q now: messages may end with one", day)
	}
	for _, m := range messagesOf(t, "ru") {
		for form, text := range forms(m) {
			for _, day := range []string{"{Date}", "{ValidFrom}", "{ValidUntil}", "{ListEnd}", "{LastDate}", "{Day}"} {
				if strings.Contains(text, day+".") {
					t.Errorf("%s (%s): two points end %q", m.ID, form, text)
				}
			}
		}
	}
}

// forms are the texts of a message by plural form.
func forms(m *i18n.Message) map[string]string {
	all := map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other}
	maps.DeleteFunc(all, func(_, text string) bool { return text == "" })
	return all
}

// ownWords returns a text without its placeholders.
func ownWords(t *testing.T, text string) string {
	t.Helper()
	m, err := parseMessage(text)
	if err != nil {
		t.Fatal(err)
	}
	return join(m)
}

// values are the names of a text's placeholders, sorted; the count may be
// written as a word.
func values(t *testing.T, text string) (names []string) {
	t.Helper()
	m, err := parseMessage(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range m {
		if part.Param != "" && part.Param != Count {
			names = append(names, part.Param)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// wordless reports whether there is nothing to translate in a text.
func wordless(t *testing.T, text string) bool {
	t.Helper()
	return !strings.ContainsFunc(strings.ReplaceAll(ownWords(t, text), "UTC", ""), unicode.IsLetter)
}

func latinWords(t *testing.T, text string) []string {
	t.Helper()
	return strings.FieldsFunc(ownWords(t, text), func(r rune) bool { return !unicode.Is(unicode.Latin, r) })
}

func TestText(t *testing.T) {
	files := fstest.MapFS{
		"messages/en/words.json": {Data: []byte(`{"hello": "Hello {Name}.", "only": "Only here", "n": {"one": "{Count} thing", "other": "{Count} things"}, "on": "On {Day}"}`)},
		"messages/ar/words.json": {Data: []byte(`{"hello": "مرحبا {Name}.", "n": {"zero": "لا شيء", "one": "واحد", "two": "اثنان", "few": "{Count} أشياء", "many": "{Count} شيئًا", "other": "{Count} شيء"}}`)},
	}
	c, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	en, ar := c.For(English), c.For("ar")
	for _, tt := range []struct {
		got, want string
	}{
		{en.Text("hello", Params{"Name": "{Name}{X}"}), "Hello {Name}{X}."},
		{ar.Text("hello", Params{"Name": "Ana"}), "مرحبا Ana."},
		{ar.Text("only", nil), "Only here"},
		{en.Text("nowhere", nil), "nowhere"},
		{en.Text("hello", nil), "Hello {Name}."},
		{en.Text("n", Params{Count: 1}), "1 thing"},
		{en.Text("n", Params{Count: 1200}), "1,200 things"},
		{ar.Text("n", Params{Count: 0}), "لا شيء"},
		{ar.Text("n", Params{Count: 2}), "اثنان"},
		{ar.Text("n", Params{Count: 7}), "7 أشياء"},
		{ar.Text("n", Params{Count: 11}), "11 شيئًا"},
		{ar.Text("n", Params{Count: 100}), "100 شيء"},
		{en.Text("on", Params{"Day": time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)}), "On 20 November 2026"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	parts := en.Parts("hello", Params{"Name": "Ana"})
	if want := []Part{{Text: "Hello "}, {Text: "Ana", Param: "Name"}, {Text: "."}}; !slices.Equal(parts, want) {
		t.Errorf("parts %v, want %v", parts, want)
	}
	if !ar.Has("only") || ar.Has("nowhere") {
		t.Error("Has is wrong")
	}
}

func TestMatch(t *testing.T) {
	c := mustLoad(t)
	for _, tt := range []struct{ header, lang, want string }{
		{"", "", "en"},
		{"ar", "", "ar"},
		{"ar-EG,ar;q=0.9,en;q=0.5", "", "ar"},
		{"en;q=0.2, ar;q=0.9", "", "ar"},
		{"pt-BR, pt;q=0.9", "", "en"}, // and says nothing
		{"pt-BR, ar;q=0.3", "", "ar"},
		{"fr-CA", "", "fr"},
		{"es-419,en;q=0.8", "", "es"},
		{"zh-Hant-HK, en;q=0.5", "", "zh"},
		{"zh-CN", "", "zh"},
		{"br", "", "fr"},
		{"br, en;q=0.5", "", "en"},
		{"ru-KZ", "", "ru"},
		{"fr", "pt", "fr"},
		{"en", "zh-Hant", "zh"},
		{"xx, ar", "", "ar"},
		{"not a tag, ar;q=0.3, en;q=0.1", "", "ar"},
		{"en", "ar", "ar"},
		{"ar", "en-GB", "en"},
		{"ar", "ar-Latn-EG-x-private", "ar"},
		{"ar", "xx", "ar"},
		{"", "xx", "en"},
		{"", "<script>", "en"},
		{"*", "", "en"},
		{",,;q=;=,\x00", "\x00", "en"},
		{strings.Repeat("ar,", 1000), "", "en"},
		{"ar", strings.Repeat("a-", 5000), "ar"},
	} {
		if got := c.Match(tt.header, tt.lang); string(got) != tt.want {
			t.Errorf("Match(%.40q, %.40q) = %s, want %s", tt.header, tt.lang, got, tt.want)
		}
	}
}

func TestPrinter(t *testing.T) {
	c := mustLoad(t)
	en, ar := c.For("en"), c.For("ar")
	at := time.Date(2025, 7, 11, 22, 30, 0, 0, time.FixedZone("", -5*3600)) // the 12th in UTC
	for _, tt := range []struct{ got, want string }{
		{en.Lang(), "en"}, {en.Dir(), "ltr"}, {ar.Lang(), "ar"}, {ar.Dir(), "rtl"},
		{c.For("xx").Lang(), "en"},
		{en.Date(at), "12 July 2025"},
		{ar.Date(at), "12 يوليو 2025"},
		{en.DateTime(at), "12 July 2025, 03:30 UTC"},
		{ar.DateTime(at), "12 يوليو 2025، الساعة 03:30 بالتوقيت العالمي"},
		{en.Date(time.Time{}), ""}, {en.DateTime(time.Time{}), ""},
		{en.LanguageName("fr"), "French"}, {ar.LanguageName("fr"), "الفرنسية"},
		{en.LanguageName("<b>"), "<b>"},
		{en.SelfName(), "English"}, {ar.SelfName(), "العربية"},
		{c.For("fr").Date(at), "12 juillet 2025"}, {c.For("fr").LanguageName("en"), "anglais"},
		{c.For("es").Date(at), "12 de julio de 2025"}, {c.For("es").SelfName(), "español"},
		{c.For("ru").Date(at), "12 июля 2025 г."}, {c.For("ru").Dir(), "ltr"},
		{c.For("zh").Date(at), "2025年7月12日"}, {c.For("zh").SelfName(), "中文"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if langs := c.Languages(); langs[0] != English || !slices.Contains(langs, "ar") {
		t.Errorf("languages %v", langs)
	}
}

// A share in percent has the sign of its language, and not a digit more or less
// than was given; what is no plain number stays with whoever has it.
func TestPercent(t *testing.T) {
	c := mustLoad(t)
	for lang, want := range map[Lang][]string{
		"en": {"85%", "47.50%", "0%", "-3%", "123456789.125%"},
		"ar": {"85\u200e%\u200e", "47.50\u200e%\u200e", "0\u200e%\u200e", "\u200e-3\u200e%\u200e", "123456789.125\u200e%\u200e"},
		"es": {"85\u00a0%", "47,50\u00a0%", "0\u00a0%", "-3\u00a0%", "123456789,125\u00a0%"},
		"fr": {"85\u00a0%", "47,50\u00a0%", "0\u00a0%", "-3\u00a0%", "123456789,125\u00a0%"},
		"ru": {"85\u00a0%", "47,50\u00a0%", "0\u00a0%", "-3\u00a0%", "123456789,125\u00a0%"},
		"zh": {"85%", "47.50%", "0%", "-3%", "123456789.125%"},
	} {
		for n, given := range []string{"85", "47.50", "0", "-3", "123456789.125"} {
			if got, ok := c.For(lang).Percent(given); !ok || got != want[n] {
				t.Errorf("%s: %s is %q, want %q", lang, given, got, want[n])
			}
		}
		for _, given := range []string{"", "85%", "85 %", "A", "8e1", "0x10", "1234567890", "1.2345", ".5", "5.", "٨٥", "NaN"} {
			if got, ok := c.For(lang).Percent(given); ok {
				t.Errorf("%s: %q is written as %q", lang, given, got)
			}
		}
	}
}

// TestFind: a message is found by the names that its id is made of, and says what
// Text says.
func TestFind(t *testing.T) {
	c := mustLoad(t)
	for _, lang := range c.Languages() {
		p := c.For(lang)
		for _, id := range c.For(English).IDs() {
			params := Params{}
			for _, name := range p.Placeholders(id) {
				params[name] = "<" + name + ">"
			}
			for _, names := range [][]string{{id}, strings.Split(id, ".")} {
				if got, want := join(p.Find(names...).With(func(name string) string { return params[name].(string) })), p.Text(id, params); got != want {
					t.Errorf("%s: %q says %q, want %q", lang, names, got, want)
				}
			}
		}
		for _, names := range [][]string{{}, {""}, {"headline", ""}, {"headline", "valid", ""}, {strings.Repeat("headline.", 20) + "valid"}} {
			if m := p.Find(names...); m != nil {
				t.Errorf("%s: %q is %v", lang, names, m)
			}
		}
	}
}
