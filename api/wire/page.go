package wire

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"laurel/internal/i18n"
)

// Printer gives the language of an answer: ?lang= if we have it, else what the
// browser asks for, else English.
func Printer(r *http.Request, catalog *i18n.Catalog) *i18n.Printer {
	return catalog.For(catalog.Match(r.Header.Get("Accept-Language"), r.URL.Query().Get("lang")))
}

// Policy is the Content-Security-Policy of every answer but those that say
// otherwise: nothing runs, nothing foreign is loaded, nobody frames us.
const Policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// Permissions are the parts of a device that the pages do without.
const Permissions = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"

// AllowScript lets one page run our own scripts and ask for the camera, to scan
// a code. Neither may anybody else.
func AllowScript(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", Policy+"; script-src 'self'")
	w.Header().Set("Permissions-Policy", strings.Replace(Permissions, "camera=()", "camera=(self)", 1))
}

// AllowStyle lets one page have a style within, which the source names by its
// digest.
func AllowStyle(w http.ResponseWriter, source string) {
	w.Header().Set("Content-Security-Policy", strings.Replace(Policy, "style-src 'self'", "style-src 'self' "+source, 1))
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

// kept are the parameters of an address that choose what its page shows, beside the
// language.
var kept = []string{"edition", "offline", "paper"}

// Here is the address of the page that answers a request, for who reads it in another
// language: relative, so that it says nothing of what was asked for. What answers to a
// form has none, and the start page stands in.
func Here(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "/"
	}
	q := url.Values{}
	for _, name := range kept {
		if value := r.URL.Query().Get(name); value != "" && len(value) <= 20 {
			q.Set(name, value)
		}
	}
	return "?" + q.Encode()
}
