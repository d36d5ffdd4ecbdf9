package bake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"laurel/badge"
	"laurel/internal/attachment"
	"laurel/internal/strictjson"
)

var pdfSignature = []byte("%PDF-")

// pdfFrame is a PDF. Nothing of ours is put into a file of somebody else: a
// certificate is made with its credential.
type pdfFrame struct{ found []find }

// openPDF takes every attached file for a credential that is one by its
// content, whatever its name and type say.
func openPDF(file []byte) (*pdfFrame, error) {
	files, err := attachment.Files(file, badge.MaxBytes, couldBeCredential)
	if err != nil {
		return nil, pdfFault(err)
	}
	f := &pdfFrame{}
	for _, content := range files {
		if isCredential(content) {
			f.found = append(f.found, find{Baked: Baked{Edition: OpenBadges3, Text: content}})
		}
	}
	return f, nil
}

func pdfFault(err error) error {
	for _, f := range []struct{ from, to error }{{attachment.ErrEncrypted, ErrLocked}, {attachment.ErrUnread, ErrUnread}, {attachment.ErrTooLarge, ErrTooLarge}} {
		if errors.Is(err, f.from) {
			return fmt.Errorf("%w: %w", f.to, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// inText is an attachment without what programs put around a text, as much of it
// as there is: whoever reads more leniently than Laurel still finds the credential,
// so that a second one must not be hidden by it. Without its NULs UTF-16 is legible
// as far as names of members go.
func inText(content []byte) []byte {
	text := bytes.ReplaceAll(content, []byte{0}, nil)
	for _, mark := range []string{"\xfe\xff", "\xff\xfe"} { // of UTF-16
		text = bytes.TrimPrefix(text, []byte(mark))
	}
	return bytes.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '"' })
}

// couldBeCredential: what begins as a value in JSON, as a comment or as a token,
// or has not begun yet.
func couldBeCredential(head []byte) bool {
	text := inText(head)
	if !utf8.FullRune(text) { // also of nothing
		return true
	}
	if bytes.IndexByte([]byte("{[/"), text[0]) >= 0 {
		return true
	}
	object, ok := header(text)
	return ok && (len(object) == 0 || object[0] == '{')
}

// header is that of a compact JWS, or as much of it as there is, without the blanks
// before it.
func header(text []byte) (object []byte, ok bool) {
	first, _, _ := bytes.Cut(text, []byte("."))
	object, err := base64.RawURLEncoding.DecodeString(string(bytes.TrimRight(first, "=")))
	if wrong := base64.CorruptInputError(0); errors.As(err, &wrong) && int(wrong) < len(first)/4*4 {
		return nil, false // not cut off there
	}
	return bytes.TrimSpace(object), true
}

var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_=-]+\.[A-Za-z0-9_=-]*\.[A-Za-z0-9_=-]*$`)

var contextName = []byte(`"@context"`)

// isCredential: a compact JWS, or an object that has a context. One that cannot
// be read as JSON is taken for a credential where it names one, so that its fault
// is told.
func isCredential(content []byte) bool {
	text := inText(content)
	if !bytes.HasPrefix(text, []byte("{")) {
		object, _ := header(text)
		return compactJWS.Match(text) && bytes.HasPrefix(object, []byte("{")) ||
			(bytes.HasPrefix(text, []byte("[")) || bytes.HasPrefix(text, []byte("/"))) && bytes.Contains(text, contextName)
	}
	v, err := strictjson.Parse(text, strictjson.Limits{Bytes: badge.MaxBytes, Nodes: badge.MaxValues})
	if err != nil {
		return bytes.Contains(text, contextName) || hasContext(text)
	}
	return v.Get("@context").Kind() != strictjson.Absent
}

// hasContext is for an object that only lenient readers take, such as one with a
// member that stands twice or with something behind it.
func hasContext(text []byte) bool {
	var members map[string]json.RawMessage
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&members)
	return err == nil && members["@context"] != nil
}

func (f *pdfFrame) finds() []find { return f.found }

func (f *pdfFrame) only() (Baked, error) { return single(f.found) }

func (f *pdfFrame) with([]byte, bool) ([]byte, error) {
	return nil, fmt.Errorf("%w: nothing is put into a PDF", ErrUnfit)
}
