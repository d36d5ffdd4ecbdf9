package unseen_test

import (
	"testing"

	"laurel/internal/unseen"
)

func TestNames(t *testing.T) {
	for _, name := range []string{
		"Ana Mora", "Zoë Ångström", "Z\u0308o\u0323\u0302e",
		"\u0646\u06cc\u200c\u0645\u0627",                       // Persian, Nima
		"\u0627\u0652\u200c\u0645",                             // behind a vowel sign
		"\u0915\u094d\u200d\u0937", "\u0dc1\u0dca\u200d\u0dbb", // Devanagari, Sinhala
		"\u0d28\u0d4d\u200d",                         // Malayalam, an old chillu
		"\u845b\U000e0100\u57ce",                     // an ideograph in a form of its own
		"\U0001F469\u200d\U0001F52C Ana",             // a scientist
		"\U0001F469\U0001F3FD\u200d\u2695\ufe0f Ana", // a doctor
		"Ana \u2764\ufe0f", "#\ufe0f\u20e3", "\u05d0\u200f Ana",
		"\u0e2a\u0e21\u200b\u0e0a\u0e32\u0e22", "\u1820\u180e\u1820",
	} {
		if unseen.In(name, unseen.Name) || unseen.Shown(name, unseen.Name) != name {
			t.Errorf("%+q is shown as %+q", name, unseen.Shown(name, unseen.Name))
		}
	}
	for name, want := range map[string]string{
		"Ana\U000e0041\U000e007f":             "Ana[U+E0041][U+E007F]",
		"A\u200cna":                           "A[U+200C]na",
		"\u200dAna":                           "[U+200D]Ana",
		"A\u00adna":                           "A[U+00AD]na",
		"A\u200bna":                           "A[U+200B]na",
		"A\ufe0fna":                           "A[U+FE0F]na",
		"A\u2060na":                           "A[U+2060]na",
		"A\u034fna":                           "A[U+034F]na",
		"City\u2800Academy\U0001D159\uFFFC":   "City[U+2800]Academy[U+1D159][U+FFFC]",
		"\u65e5\u200d\u200d\u672c":            "\u65e5\u200d[U+200D]\u672c",
		"\u4f60\ufe00\ufe01":                  "\u4f60\ufe00[U+FE01]",
		"Ana\u200e\u200f":                     "Ana\u200e[U+200F]",
		"An\u180ea":                           "An[U+180E]a",
		"\uae40\U000e0100":                    "\uae40[U+E0100]",
		"\uae40\u3164":                        "\uae40[U+3164]",
		"\u0410\u200c\u043d\u044f":            "\u0410[U+200C]\u043d\u044f",
		"A\u2063na":                           "A[U+2063]na",
		"a\u202eb\u2066c":                     "a[U+202E]b[U+2066]c",
		"\U0001F3F4\U000E0067\U000E0041 hide": "\U0001F3F4[U+E0067][U+E0041] hide",
		"a\r\nb\x00\u0085":                    "a\nb[U+0000][U+0085]",
	} {
		if !unseen.In(name, unseen.Name) || unseen.Shown(name, unseen.Name) != want {
			t.Errorf("%+q is shown as %+q, want %+q", name, unseen.Shown(name, unseen.Name), want)
		}
	}
}

// Prose has what is left of setting it; what deceives is shown there too.
func TestProse(t *testing.T) {
	const scotland = "\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F"
	for text, want := range map[string]string{
		"Kompetenz\u00adzentrum\u200b and\u200c so on\n\t": "Kompetenz\u00adzentrum\u200b and\u200c so on\n\t",
		"from " + scotland + ".":                           "from " + scotland + ".",
		scotland + "\U000E0041":                            scotland + "[U+E0041]",
		"do\U000e0064\U000e006f this":                      "do[U+E0064][U+E006F] this",
		"\u202etxt":                                        "[U+202E]txt",
	} {
		if got := unseen.Shown(text, unseen.Prose); got != want || unseen.In(text, unseen.Prose) != (text != want) {
			t.Errorf("%+q is shown as %+q, want %+q", text, got, want)
		}
	}
}
