package pages

import (
	"html/template"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier/words"
)

// row is one entry of a list: a label of ours, and what stands in the document.
type row struct {
	Label  string
	Values []value
}

// value is one thing to show, in the first of these forms that is set: rows of
// its own, laid-out text, a moment, a link, plain text.
type value struct {
	Rows []row
	HTML template.HTML
	Time string // of a moment, as written in the document
	Day  string // of a moment, in digits, where the words for it run from right to left
	Href string
	Text string
	Code bool   // read from left to right whatever the language
	Lang string // of the text, if the document says
	Note string // ours
}

// scribe builds rows for one page.
type scribe struct {
	*i18n.Printer
	layout  *layout
	short   *shortener
	lang    string    // of the signed texts
	trusted bool      // links may be followed
	checked time.Time // when the badge was
	vouched string    // who vouches for the issuer's name, in the reader's language; "" where nothing is to be said
	rows    []row
}

// sub is a scribe for the rows within a value.
func (s *scribe) sub() *scribe {
	return &scribe{Printer: s.Printer, layout: s.layout, short: s.short, lang: s.lang, trusted: s.trusted, checked: s.checked, vouched: s.vouched}
}

// add appends a row, unless there is nothing to show.
func (s *scribe) add(id string, values ...value) {
	var kept []value
	for _, v := range values {
		if v.Text != "" || v.HTML != "" || len(v.Rows) > 0 {
			kept = append(kept, s.short.value(v))
		}
	}
	kept, further := first(s.short, kept)
	if further > 0 {
		kept = append(kept[:len(kept):len(kept)], value{Text: more(s.Printer, further)})
	}
	if len(kept) > 0 {
		s.rows = append(s.rows, row{Label: s.Text(id, nil), Values: kept})
	}
}

func (s *scribe) group(id string, sub *scribe) { s.add(id, value{Rows: sub.rows}) }

// plain is a text that is the same in every language: a name.
func plain(text string) value { return value{Text: words.Named(text)} }

// code is a text for machines.
func code(text string) value { return value{Text: words.Named(text), Code: true} }

// prose is a text in the language of the badge.
func (s *scribe) prose(text string) value {
	return value{Text: words.Visible(text), Lang: s.lang}
}

// narrative is a Markdown text in the language of the badge.
func (s *scribe) narrative(source string) value {
	if source == "" {
		return value{}
	}
	source = s.short.line(source)
	if html, ok := s.layout.render(words.Visible(source)); ok {
		return value{HTML: html, Lang: s.lang}
	}
	v := s.prose(source)
	v.Note = s.Text("page.text.long", nil)
	return v
}

// moment is a date-time of the document, told as its day.
func (s *scribe) moment(text string) value { return s.momentOf(text, time.Time{}) }

// bound is one that begins or ends what a badge holds for, told with its time where
// that is on the day of the check.
func (s *scribe) bound(text string) value { return s.momentOf(text, s.checked) }

// begin is a bound where it is still to come.
func (s *scribe) begin(text string) value {
	if at, err := badge.ParseTime(text); err == nil && at.After(s.checked) {
		return s.bound(text)
	}
	return s.moment(text)
}

func (s *scribe) momentOf(text string, checked time.Time) value {
	at, err := badge.ParseTime(text)
	if err != nil {
		return code(text)
	}
	v := value{Time: text, Text: words.Moment(s.Printer, text, checked)}
	if s.Dir() == "rtl" {
		v.Day = at.UTC().Format("2006-01-02")
	}
	return v
}

// address is an address of the document: a link where it can be followed.
func (s *scribe) address(text string) value { return s.named(text, text) }

// named is a link with a text of its own.
func (s *scribe) named(text, address string) value {
	v := value{Text: words.Visible(text), Code: text == address}
	if s.trusted {
		v.Href = safeLink(address)
	}
	return v
}

// safeLink returns an address if it may stand in a link: https, http or
// mailto, and for the first two a host and nobody's name before it.
func safeLink(address string) string {
	u, err := url.Parse(address)
	if err != nil || words.Visible(address) != address || !utf8.ValidString(address) {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "https", "http":
		if u.Host != "" && u.User == nil {
			return address
		}
	case "mailto":
		if u.Opaque != "" {
			return address
		}
	}
	return ""
}

// languageTag returns a tag that may stand in a lang attribute, or "".
func languageTag(text string) string {
	if tag, err := language.Parse(text); err == nil {
		return tag.String()
	}
	return ""
}
