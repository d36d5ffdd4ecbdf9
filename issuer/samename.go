package issuer

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// SameName compares names as people do; one that is not told contradicts none.
func SameName(a, b string) bool {
	return a == "" || b == "" || FoldName(a) == FoldName(b)
}

// FoldName is what the spellings of a name have in common.
func FoldName(name string) string {
	if isASCII(name) { // most are, and of those it is the same
		return strings.Join(strings.Fields(strings.ToLower(name)), " ")
	}
	return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(name))), " ")
}

func isASCII(s string) bool {
	for n := range len(s) {
		if s[n] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
