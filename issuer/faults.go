package issuer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
)

// faults collects everything that is wrong with a request in one pass.
type faults struct{ badge.Errors }

// fault is a single one, as an error.
func fault(rule, pointer, detail string) error {
	var f faults
	f.add(rule, pointer, detail)
	return f.Err()
}

func (f *faults) add(rule, pointer, detail string) {
	f.Errors = append(f.Errors, &badge.Error{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail})
}

// text normalises a text that will be signed (trimmed, NFC) and refuses what
// must not reach a certificate: control characters and overrides of the
// writing direction, which make a name read as another.
func (f *faults) text(s *string, pointer string, limit int, required bool) {
	if printable(*s) { // which has nothing to normalise or refuse
		*s = strings.Trim(*s, " ")
		f.length(*s, len(*s), pointer, limit, required)
		return
	}
	*s = norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n")))
	if f.length(*s, utf8.RuneCountInString(*s), pointer, limit, required) && strings.ContainsFunc(*s, forbiddenRune) {
		f.add("control_character", pointer, "Take out control characters and overrides of the writing direction.")
	}
}

func (f *faults) length(s string, characters int, pointer string, limit int, required bool) bool {
	switch {
	case s == "" && required:
		f.add("required", pointer, "This may not be left out or empty.")
	case characters > limit:
		f.add("too_long", pointer, fmt.Sprintf("This has %d characters; at most %d are allowed here.", characters, limit))
	default:
		return true
	}
	return false
}

// printable tells whether a text is of printable ASCII alone, as most are.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func forbiddenRune(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0xFEFF, r == 0xFFFD:
		return true
	}
	return unicode.IsControl(r)
}

// oneLine is text for a single line: a name, a title.
func (f *faults) oneLine(s *string, pointer string, limit int, required bool) {
	if !printable(*s) && strings.ContainsAny(strings.TrimSpace(*s), "\n\t\r\u2028\u2029") {
		f.add("control_character", pointer, "This is one line: take out line breaks and tabs.")
		return
	}
	f.text(s, pointer, limit, required)
}

// atMost bounds a list, so that one badge stays one that can be signed and
// shown.
func (f *faults) atMost(n, limit int, pointer string) {
	if n > limit {
		f.add("too_many", pointer, fmt.Sprintf("At most %d of these.", limit))
	}
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
