package verify

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/issuer"
)

// form is what a form brought: a file, or a text of any kind, whichever field it was
// put into.
type form struct {
	file []byte
	text string
	typed
}

// formOf takes the first of the three fields that is filled in.
func formOf(fields map[string][]byte) form {
	filled := func(name string) bool { return len(bytes.TrimSpace(fields[name])) > 0 }
	switch {
	case filled(pages.FieldFile):
		return form{file: fields[pages.FieldFile]}
	case filled(pages.FieldDocument):
		return textOf(string(fields[pages.FieldDocument]), document)
	case filled(pages.FieldAddress):
		return textOf(string(fields[pages.FieldAddress]), code)
	}
	return form{}
}

// textOf is a text that was typed or pasted. A badge in JSON stays as it is to the
// byte.
func textOf(text string, otherwise typed) form {
	meant := tidy(text)
	kind := kindOf(meant, otherwise)
	if kind == document && !compact.MatchString(meant) {
		meant = text
	}
	return form{text: meant, typed: kind}
}

// typed is what a text is meant as.
type typed int

const (
	document typed = iota + 1 // a badge
	address                   // where one stands
	code                      // what is printed under its QR code
)

// compact is a JWS in its compact form (RFC 7515 section 7.1).
var compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$`)

// header is how the header of a JWS begins: {" in base64url.
const header = "eyJ"

// fourFours is what can be a printed code with a slip in it.
var fourFours = regexp.MustCompile(`^[0-9A-Za-z]{4}(?:[ -]?[0-9A-Za-z]{4}){3}$`)

// around are the brackets and quotes that stand around a link.
const around = "<>\"'\u2018\u2019\u201C\u201D\u00AB\u00BB\u2039\u203A"

// kindOf tells what somebody has typed or pasted, and what it else is taken for.
func kindOf(text string, otherwise typed) typed {
	switch {
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["), strings.HasPrefix(text, `"`), strings.HasPrefix(text, "<"), compact.MatchString(text):
		return document
	case isCode(text):
		return code
	case strings.ContainsAny(text, ":/") && !strings.ContainsFunc(text, unicode.IsSpace):
		return address
	}
	return otherwise
}

func isCode(text string) bool {
	return fourFours.MatchString(text) || issuer.IsPrintedCode(text) || wire.IsID(text)
}

// tidy is a text without what programs and keyboards have put around and into it:
// line breaks in a token, marks of direction beside a code and digits of another
// script in it, brackets, quotes and full stops around a link.
func tidy(text string) string {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if token := strings.Join(strings.Fields(text), ""); strings.HasPrefix(token, header) && compact.MatchString(token) {
		return token
	}
	if len(text) > maxRepeated {
		return text
	}
	words := strings.Join(strings.Fields(strings.Map(western, norm.NFKC.String(text))), " ")
	if isCode(words) {
		return words
	}
	if link := strings.TrimRight(strings.TrimLeft(text, around), around+".,;"); strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		return link
	}
	return text
}

// western is a digit of Arabic, Persian or Urdu as the one that means the same, and
// -1 for what does not show.
func western(r rune) rune {
	switch {
	case unicode.Is(unicode.Cf, r):
		return -1
	case r >= '\u0660' && r <= '\u0669':
		return '0' + r - '\u0660'
	case r >= '\u06F0' && r <= '\u06F9':
		return '0' + r - '\u06F0'
	}
	return r
}
