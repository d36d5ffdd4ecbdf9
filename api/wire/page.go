package wire

import (
	"bytes"
	"io"
	"net/http"

	"laurel/internal/i18n"
)

// Printer gives the language of an answer: ?lang= if we have it, else what the
// browser asks for, else English.
func Printer(r *http.Request, catalog *i18n.Catalog) *i18n.Printer {
	return catalog.For(catalog.Match(r.Header.Get("Accept-Language"), r.URL.Query().Get("lang")))
}

// WritePage answers with a page, rendered whole before the first byte goes out.
func WritePage(w http.ResponseWriter, p *i18n.Printer, status int, render func(io.Writer) error) error {
	var b bytes.Buffer
	if err := render(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Language", p.Lang())
	WriteBytes(w, "text/html; charset=utf-8", status, b.Bytes())
	return nil
}
