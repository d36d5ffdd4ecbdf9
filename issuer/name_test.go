package issuer_test

import (
	"strings"
	"testing"

	"laurel/issuer"
)

func TestNamesThatShowNothing(t *testing.T) {
	for _, name := range []string{"\u200b", "\u3164", "\u00ad", "\u0301", "\ue000", "Ana \ue000", "Ana \ufdd0", "Ana \U0010ffff", "Ana \U000f0000", "Ana \u0378",
		"\u115f\u1160", "\uffa0", "\u2800", "\u200d\u200c", "\u2060", "\U000e0041", "..."} {
		if _, err := issuer.CheckName(name); err == nil || !strings.Contains(err.Error(), "name_unreadable") {
			t.Errorf("%+q: %v", name, err)
		}
	}
	for _, name := range []string{"Ana", "X", "7", "\u0646\u06cc\u200c\u0645\u0627", "\u0915\u094d\u200d\u0937", "\u738b\u5c0f\u660e", "\U00020bb7\u91ce",
		"\u041b\u0435\u0432", "Z\u0308o\u0323\u0302e", "\u0e2a\u0e21\u0e0a\u0e32\u0e22", "\u12a0\u1260\u1260", "\uae40\ucca0\uc218", "O\u2019Neil", "Jos\u00e9 \u2764\ufe0f", "\u2c21\U0001e900\U0001e922"} {
		if _, err := issuer.CheckName(name); err != nil {
			t.Errorf("%+q: %v", name, err)
		}
	}
}

// What nobody sees makes two names that look alike differ: refused in a name, and
// what scripts and emoji need is not.
func TestNamesThatHideSomething(t *testing.T) {
	for _, name := range []string{"Ana\U000e0041\U000e007f", "An\u200ca", "A\u00adna", "Ana\u200b", "Ana\u2060", "Ana\u2063", "Ana\u3164", "Ana\ufe0f", "Ana\u202e",
		"Ana \U0001F3F4\U000E0067\U000E0041"} {
		if _, err := issuer.CheckName(name); err == nil || !strings.Contains(err.Error(), "control_character") {
			t.Errorf("%+q: %v", name, err)
		}
	}
	for _, name := range []string{"\u0646\u06cc\u200c\u0645\u0627", "\u0915\u094d\u200d\u0937", "\u845b\U000e0100\u57ce", "Ana \U0001F469\u200d\U0001F52C", "\u05d0\u200f Ana"} {
		if got, err := issuer.CheckName(name); err != nil || got != name {
			t.Errorf("%+q: %+q, %v", name, got, err)
		}
	}
	if line, err := issuer.CheckLine("Town\U000e0041 hall", 100); err == nil {
		t.Errorf("a line is %+q", line)
	}
}
