package issuer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
	"laurel/internal/unseen"
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
// must not reach a certificate: what nobody sees, and what makes a text read as
// another.
func (f *faults) text(s *string, pointer string, limit int, required bool) {
	if f.measured(s, pointer, limit, required) {
		f.unseen(*s, unseen.Prose, pointer)
	}
}

// measured normalises a text and reports whether it is of a length to be looked at.
func (f *faults) measured(s *string, pointer string, limit int, required bool) bool {
	if printable(*s) { // which has nothing to normalise
		*s = strings.Trim(*s, " ")
		return f.length(*s, len(*s), pointer, limit, required)
	}
	*s = norm.NFC.String(strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n")))
	return f.length(*s, utf8.RuneCountInString(*s), pointer, limit, required)
}

func (f *faults) unseen(s string, kind unseen.Kind, pointer string) {
	if strings.ContainsRune(s, utf8.RuneError) || unseen.In(s, kind) {
		f.add("control_character", pointer, "Take out control characters, characters that do not show, and overrides of the writing direction.")
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

// oneLine is text for a single line: a name, a title.
func (f *faults) oneLine(s *string, pointer string, limit int, required bool) {
	if f.line(s, pointer, limit, required) {
		f.unseen(*s, unseen.Name, pointer)
	}
}

// line is oneLine less what nobody sees in it.
func (f *faults) line(s *string, pointer string, limit int, required bool) bool {
	if !printable(*s) && strings.ContainsAny(strings.TrimSpace(*s), "\n\t\r\u2028\u2029") {
		f.add("control_character", pointer, "This is one line: take out line breaks and tabs.")
		return false
	}
	return f.measured(s, pointer, limit, required)
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
