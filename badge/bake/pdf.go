package bake

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

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

// inText is an attachment without what programs put around a text.
func inText(content []byte) []byte {
	return bytes.TrimPrefix(bytes.TrimLeft(bytes.TrimPrefix(content, byteOrderMark), " \t\r\n"), []byte{'"'})
}

// couldBeCredential: what begins as an object in JSON, or as a token.
func couldBeCredential(head []byte) bool {
	text := inText(head)
	return bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("ey"))
}

var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"?\s*$`)

// isCredential: a compact JWS, or an object that has a context. One that cannot
// be read as JSON is taken for a credential where it names one, so that its fault
// is told.
func isCredential(content []byte) bool {
	text := inText(content)
	if !bytes.HasPrefix(text, []byte("{")) {
		return compactJWS.Match(text)
	}
	v, err := strictjson.Parse(text, strictjson.Limits{Bytes: badge.MaxBytes, Nodes: badge.MaxValues})
	if err != nil {
		return bytes.Contains(text, []byte(`"@context"`))
	}
	return v.Get("@context").Kind() != strictjson.Absent
}

func (f *pdfFrame) finds() []find { return f.found }

func (f *pdfFrame) only() (Baked, error) { return single(f.found) }

func (f *pdfFrame) with([]byte, bool) ([]byte, error) {
	return nil, fmt.Errorf("%w: nothing is put into a PDF", ErrUnfit)
}
