package i18n

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/en_001"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/zh"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"laurel/internal/strictjson"
)

//go:embed messages/*/*.json
var embedded embed.FS

// Lang is a language that there is a catalogue for, as a BCP 47 tag.
type Lang string

// English is the language of reference.
const English Lang = "en"

// localeOf has the dates and numbers of the languages that may get a catalogue.
// English is that of the world, not of one country: day, month, year.
var localeOf = map[Lang]func() locales.Translator{
	"ar": ar.New, English: en_001.New, "es": es.New, "fr": fr.New, "ru": ru.New, "zh": zh.New,
}

// Catalog holds the messages of all languages. It does not change once it is
// loaded and is safe for concurrent use.
type Catalog struct {
	languages []Lang // English first, the others in the order of their tags
	printers  map[Lang]*Printer
	matcher   language.Matcher
}

// New loads the catalogues built into the program. It fails for a file that is
// not strict JSON, names a message twice, or has a malformed one.
func New() (*Catalog, error) { return load(embedded) }

func load(files fs.FS) (*Catalog, error) {
	names, err := fs.Glob(files, "messages/*/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing message catalogues: %w", err)
	}
	c := &Catalog{printers: map[Lang]*Printer{}}
	bundle := i18n.NewBundle(language.English)
	for _, name := range names {
		if err := c.add(bundle, files, name); err != nil {
			return nil, fmt.Errorf("loading %s: %w", name, err)
		}
	}
	if c.printers[English] == nil {
		return nil, errors.New("there is no English catalogue, which the others fall back to")
	}
	c.order()
	return c, nil
}

func (c *Catalog) add(bundle *i18n.Bundle, files fs.FS, name string) error {
	lang := Lang(path.Base(path.Dir(name)))
	tag, err := language.Parse(string(lang))
	if err != nil {
		return err
	}
	newLocale := localeOf[lang]
	if newLocale == nil {
		return fmt.Errorf("dates and numbers of %q are not known here", lang)
	}
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	messages, err := readMessages(raw)
	if err != nil {
		return err
	}
	if err := bundle.AddMessages(tag, messages...); err != nil {
		return err
	}
	p := c.printers[lang]
	if p == nil {
		p = &Printer{lang: lang, tag: tag, locale: newLocale(), own: map[string]Message{}}
		p.localizer = i18n.NewLocalizer(bundle, string(lang))
		c.printers[lang] = p
	}
	for _, m := range messages {
		if _, twice := p.own[m.ID]; twice {
			return fmt.Errorf("message %q stands in another file already", m.ID)
		}
		p.own[m.ID], _ = parseMessage(m.Other) // readMessages has parsed it
	}
	return nil
}

// order makes English the first language, which is what a matcher falls back
// to.
func (c *Catalog) order() {
	english := c.printers[English]
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(c.printers)), func(l Lang) bool { return l == English })
	c.languages = append([]Lang{English}, others...)
	tags := make([]language.Tag, len(c.languages))
	for i, l := range c.languages {
		tags[i] = c.printers[l].tag
		c.printers[l].all = maps.Clone(english.own)
		maps.Copy(c.printers[l].all, c.printers[l].own)
	}
	c.matcher = language.NewMatcher(tags)
}

// readMessages reads one file: an object whose members are texts or
// objects of plural forms.
func readMessages(raw []byte) ([]*i18n.Message, error) {
	root, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	if root.Kind() != strictjson.Object || root.Len() == 0 {
		return nil, errors.New("a catalogue is a JSON object with messages in it")
	}
	var out []*i18n.Message
	for id, v := range root.Members() {
		m, err := readMessage(id, v)
		if err != nil {
			return nil, fmt.Errorf("message %q: %w", id, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func readMessage(id string, v strictjson.Value) (*i18n.Message, error) {
	m := &i18n.Message{ID: id}
	if v.Kind() == strictjson.String {
		m.Other = v.Text()
		return m, checkForm(m.Other)
	}
	if v.Kind() != strictjson.Object {
		return nil, errors.New("a message is a text, or an object of plural forms")
	}
	forms := map[string]*string{"zero": &m.Zero, "one": &m.One, "two": &m.Two, "few": &m.Few, "many": &m.Many,
		"other": &m.Other, "description": &m.Description}
	for name, form := range v.Members() {
		to, known := forms[name]
		if !known || form.Kind() != strictjson.String {
			return nil, fmt.Errorf("%q is no plural form with a text", name)
		}
		*to = form.Text()
		if name == "description" {
			continue
		}
		if err := checkForm(*to); err != nil {
			return nil, fmt.Errorf("form %q: %w", name, err)
		}
	}
	if m.Other == "" {
		return nil, errors.New(`the form "other" is missing`)
	}
	return m, nil
}

func checkForm(text string) error {
	if strings.TrimSpace(text) != text || text == "" {
		return errors.New("the text is empty, or has blanks around it")
	}
	_, err := parseMessage(text)
	return err
}

// Languages returns the languages that there is a catalogue for, English
// first.
func (c *Catalog) Languages() []Lang { return slices.Clone(c.languages) }

// maxHeader bounds what is read of an Accept-Language header; people send a
// few dozen bytes.
const maxHeader = 500

// Match chooses the language for a reader: the one asked for by name, such as
// a lang parameter, if there is a catalogue for it or for what it is a variety
// of (pt-BR, pt), else the best for an Accept-Language header (RFC 9110
// section 12.5.4), else English. Neither input can make it fail.
func (c *Catalog) Match(acceptLanguage, lang string) Lang {
	if lang != "" && len(lang) <= 35 { // RFC 5646 section 4.4.1
		if tag, err := language.Parse(lang); err == nil {
			if l, ok := c.best(tag); ok {
				return l
			}
		}
	}
	if acceptLanguage != "" && len(acceptLanguage) <= maxHeader {
		if l, ok := c.best(accepted(acceptLanguage)...); ok {
			return l
		}
	}
	return English
}

// accepted reads a header part by part, best first: one tag that is none must
// not cost a reader the others.
func accepted(header string) []language.Tag {
	var known []string
	for part := range strings.SplitSeq(header, ",") {
		if _, _, err := language.ParseAcceptLanguage(part); err == nil {
			known = append(known, part)
		}
	}
	tags, _, err := language.ParseAcceptLanguage(strings.Join(known, ","))
	if err != nil {
		return nil
	}
	return tags
}

// best takes the first tag whose own language there is, whatever its region or
// script; a related one, such as French for Breton, only where there is none.
func (c *Catalog) best(tags ...language.Tag) (Lang, bool) {
	for _, tag := range tags {
		_, i, confidence := c.matcher.Match(tag)
		base, _ := tag.Base()
		if ours, _ := c.printers[c.languages[i]].tag.Base(); confidence != language.No && ours == base {
			return c.languages[i], true
		}
	}
	if len(tags) == 0 {
		return "", false
	}
	_, i, confidence := c.matcher.Match(tags...)
	return c.languages[i], confidence != language.No
}

// For returns the printer of a language, and that of English for a language
// without a catalogue.
func (c *Catalog) For(lang Lang) *Printer {
	if p := c.printers[lang]; p != nil {
		return p
	}
	return c.printers[English]
}
