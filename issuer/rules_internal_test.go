package issuer

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"laurel/internal/unseen"
	"pgregory.net/rapid"
)

// TestRulesAreAsWritten holds what is checked by hand, because every award is,
// to the patterns and libraries that say what is meant.
func TestRulesAreAsWritten(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	iri := regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:[^\x00-\x20<>"{}|^` + "`" + `\\\x7f]+$`)
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9-]{0,66}`), rapid.StringMatching(`[a-zA-Z][a-zA-Z0-9+.-]{0,5}:[ -~]{0,20}`),
		rapid.StringMatching(`(did|urn|https?)(:|://)[a-z/:#%é]{0,20}`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		s := texts.Draw(t, "text")
		if got, want := isSlug(s), slug.MatchString(s); got != want {
			t.Fatalf("isSlug(%q) = %t", s, got)
		}
		if got, want := absoluteIRI(s), iri.MatchString(s); got != want {
			t.Fatalf("absoluteIRI(%q) = %t", s, got)
		}
	})
}

// TestNumbersAreExact compares decimal numbers as fractions do.
func TestNumbersAreExact(t *testing.T) {
	pattern := regexp.MustCompile(`^-?\d{1,15}(\.\d{1,15})?$`)
	texts := rapid.OneOf(rapid.StringMatching(`-?[0-9]{1,16}(\.[0-9]{0,16})?`), rapid.StringMatching(`-?[0-2]{0,2}(\.[0-2]{0,2})?`), rapid.StringMatching(`-?0(\.0)?`),
		rapid.String(), rapid.SampledFrom([]string{"", "-", "--1", "1.", ".5", "1.2.3", "+1", "1e3", "٣", "-0", "0.0"}))
	rapid.Check(t, func(t *rapid.T) {
		s, other := texts.Draw(t, "one"), texts.Draw(t, "other")
		n, ok := decimal(s)
		if ok != pattern.MatchString(s) {
			t.Fatalf("decimal(%q) = %v, %t", s, n, ok)
		}
		m, both := decimal(other)
		if !ok || !both {
			return
		}
		one, _ := new(big.Rat).SetString(s)
		two, _ := new(big.Rat).SetString(other)
		if got, want := n.compare(m), one.Cmp(two); got != want {
			t.Fatalf("%s to %s is %d, not %d", s, other, got, want)
		}
	})
}

// TestTextsOfPrintableCharacters: what is not looked at closely would have come
// through as it does.
func TestTextsOfPrintableCharacters(t *testing.T) {
	texts := rapid.OneOf(rapid.StringMatching(`[ -~]{0,30}`), rapid.StringMatching(`[ -~\t\n\r]{0,10}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		s, limit, required := texts.Draw(t, "text"), rapid.IntRange(0, 20).Draw(t, "limit"), rapid.Bool().Draw(t, "required")
		oneLine := rapid.Bool().Draw(t, "one line")
		got, f := s, faults{}
		check := f.text
		if oneLine {
			check = f.oneLine
		}
		check(&got, "/x", limit, required)
		want, rules := closely(s, limit, required, oneLine)
		var found []string
		for _, e := range f.Errors {
			found = append(found, e.Rule)
		}
		if got != want || !slices.Equal(found, rules) {
			t.Fatalf("%q: %q, %v; want %q, %v", s, got, found, want, rules)
		}
	})
}

// closely is the rule for texts without any way around a step.
func closely(s string, limit int, required, oneLine bool) (text string, rules []string) {
	if oneLine && strings.ContainsAny(strings.TrimSpace(s), "\n\t\r\u2028\u2029") {
		return s, []string{"control_character"}
	}
	s = norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")))
	kind := unseen.Prose
	if oneLine {
		kind = unseen.Name
	}
	switch {
	case s == "" && required:
		return s, []string{"required"}
	case utf8.RuneCountInString(s) > limit:
		return s, []string{"too_long"}
	case strings.ContainsRune(s, utf8.RuneError) || unseen.In(s, kind):
		return s, []string{"control_character"}
	}
	return s, nil
}
