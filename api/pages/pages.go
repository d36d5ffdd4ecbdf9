package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"

	"laurel/internal/i18n"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/laurel.css
var stylesheet []byte

//go:embed assets/laurel.svg
var icon []byte

//go:embed assets/verify.js
var script []byte

// AssetPath is the folder in which the pages look for the style sheet and the
// icon, on the host that serves them.
const AssetPath = "/assets/"

// DefaultAction is where the forms that bring a badge lead when a page is not
// told otherwise.
const DefaultAction = "/verify"

// The names of the form fields, which a handler reads. A form that brings a
// badge is multipart/form-data and fills one of the first three.
const (
	FieldFile       = "file"       // an uploaded file
	FieldAddress    = "address"    // a link or a printed code
	FieldDocument   = "document"   // a pasted badge
	FieldIdentifier = "identifier" // an e-mail address to compare with the holder's
	FieldLang       = "lang"       // the language of the page that the form stood on
	FieldAgain      = "again"      // a badge that was brought, in base64: nothing of it steers or breaks the page
	FieldTold       = "told"       // the name of a Fault that was told, to be told again in another language
)

// Pages writes pages. It is safe for concurrent use.
type Pages struct {
	catalog   *i18n.Catalog
	templates *template.Template
	markdown  *markdown
	styleName string
	iconName  string
	lost      string // address of the page for lost links; "" for none
	jsName    string
}

// New prepares the pages. It fails only for a mistake in a template, which a
// test would have found.
func New(cat *i18n.Catalog) (*Pages, error) {
	if cat == nil {
		return nil, errors.New("pages: a catalogue of messages is required")
	}
	t, err := template.ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return &Pages{
		catalog: cat, templates: t, markdown: newMarkdown(),
		styleName: hashed("laurel", ".css", stylesheet), iconName: hashed("laurel", ".svg", icon),
		jsName: hashed("verify", ".js", script),
	}, nil
}

// hashed names a file by its content, so that it can be cached for ever.
func hashed(name, suffix string, content []byte) string {
	sum := sha256.Sum256(content)
	return name + "-" + hex.EncodeToString(sum[:6]) + suffix
}

// Stylesheet returns the style sheet (text/css) and its name below AssetPath.
// The name changes with the content.
func (s *Pages) Stylesheet() (name string, css []byte) {
	return s.styleName, bytes.Clone(stylesheet)
}

// elsewhere begins the rules that the page of a badge does not need.
const elsewhere = "/* What follows is for other pages"

// within is the part of the style sheet that the page of a badge has within.
func within() []byte {
	part, _, _ := bytes.Cut(stylesheet, []byte(elsewhere))
	return part
}

// StyleSource names the style within the page of a badge for a content security
// policy (CSP level 3 section 2.3.1): that page is read after one round trip, and
// has no other style.
func (s *Pages) StyleSource() string {
	sum := sha256.Sum256(within())
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Icon returns the icon of the site (image/svg+xml) and its name below
// AssetPath. The name changes with the content.
func (s *Pages) Icon() (name string, svg []byte) { return s.iconName, bytes.Clone(icon) }

// OfferLost has every page lead to the one for lost links, at this address. It is
// for the time before the pages are in use.
func (s *Pages) OfferLost(address string) { s.lost = address }

// Script returns what makes the start page handier (text/javascript), and its
// name below AssetPath. The name changes with the content. No other page has a
// script.
func (s *Pages) Script() (name string, js []byte) { return s.jsName, bytes.Clone(script) }

// Frame is what every page has around its content.
type Frame struct {
	Home      string      // address of the start page; "" is "/"
	Host      string      // where the reader should be, host and port of the base URL; "" says nothing
	Canonical string      // absolute address of the page; "" for none
	Languages []i18n.Lang // languages to choose from; none offers no choice
	Here      string      // address that a choice leads to by ?lang=, relative to that of the page; "" is the page, without its query
	Again     *Again      // instead of that, for an answer to a form, which has no address
}

// Again is what the form of the start page has to send so that the same answer is
// given in another language.
type Again struct{ Field, Value string }

// Choice is one language in the switcher.
type Choice struct {
	*i18n.Printer
	Current bool
	Href    string // "" where a form is sent again
}

// view is what the templates see of every page.
type view struct {
	*i18n.Printer
	Frame
	Title     string
	Indexed   bool // may search engines list it
	Footnote  bool // tell the host at the foot of the page
	StyleHref string
	Style     template.CSS // within the page, instead of the link to it
	IconHref  string
	LostHref  string // "" for none
	ScriptSrc string // "" for a page without one
	Choices   []Choice
	Tags      *tags // nil for none
}

func (s *Pages) view(p *i18n.Printer, f Frame, title string) view {
	v := view{Printer: p, Frame: f, Title: title, Footnote: f.Host != "",
		Tags: &tags{Title: title}, LostHref: s.lost, StyleHref: AssetPath + s.styleName, IconHref: AssetPath + s.iconName}
	for _, lang := range f.Languages {
		other := s.catalog.For(lang)
		choice := Choice{Printer: other, Current: other.Lang() == p.Lang()}
		if f.Again == nil {
			choice.Href = inLanguage(f.Here, other.Lang())
		}
		v.Choices = append(v.Choices, choice)
	}
	return v
}

// T returns a message without values.
func (v view) T(id string) string { return v.Text(id, nil) }

// Parts returns a message in parts, with values given as name and text in
// turn.
func (v view) Parts(id string, pairs ...string) []i18n.Part {
	params := i18n.Params{}
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i]] = pairs[i+1]
	}
	return v.Printer.Parts(id, params)
}

// HomeHref is the start page in the language of this one.
func (v view) HomeHref() string {
	if v.Home == "" {
		return v.Local("/")
	}
	return v.Local(v.Home)
}

// Local adds the language of this page to the address of another page of ours,
// so that a choice of language lasts without a cookie.
func (v view) Local(address string) string { return inLanguage(address, v.Lang()) }

func inLanguage(address, lang string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set(FieldLang, lang)
	u.RawQuery = q.Encode()
	return u.String()
}

// AgainAction is where a form leads that sends something again.
func (view) AgainAction() string { return DefaultAction }

// The names of form fields, for the templates.

// FieldFile returns the name of the form field.
func (view) FieldFile() string { return FieldFile }

// FieldAddress returns the name of the form field.
func (view) FieldAddress() string { return FieldAddress }

// FieldDocument returns the name of the form field.
func (view) FieldDocument() string { return FieldDocument }

// FieldIdentifier returns the name of the form field.
func (view) FieldIdentifier() string { return FieldIdentifier }

// FieldLang returns the name of the form field.
func (view) FieldLang() string { return FieldLang }

// write renders a page whole before the first byte goes out, so that a reader
// never sees half of one.
func (s *Pages) write(w io.Writer, name string, data any) error {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("rendering page %s: %w", name, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing page %s: %w", name, err)
	}
	return nil
}
