package i18n

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	xmessage "golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Count is the parameter that chooses among the plural forms of a message; its
// value is an int.
const Count = "Count"

// Params are the values for the placeholders of a message. A time.Time is
// written as a date, an int with the digits and groups of the language,
// anything else as fmt does.
type Params map[string]any

// Printer writes messages and dates in one language. It is safe for concurrent
// use.
type Printer struct {
	lang      Lang
	tag       language.Tag
	locale    locales.Translator
	localizer *i18n.Localizer
	own       map[string]Message
	all       map[string]Message // its own, and in English those that it lacks
}

// Lang returns the language, for a lang attribute or a Content-Language
// header.
func (p *Printer) Lang() string { return string(p.lang) }

// Dir returns the direction of the language's script: "ltr" or "rtl".
func (p *Printer) Dir() string { return direction(p.tag) }

func direction(tag language.Tag) string {
	switch script, _ := tag.Script(); script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg":
		return "rtl"
	}
	return "ltr"
}

// IDs returns the ids of the messages that the language has itself, sorted.
func (p *Printer) IDs() []string { return slices.Sorted(maps.Keys(p.own)) }

// Has reports whether there is such a message in the language or in English.
func (p *Printer) Has(id string) bool { return p.lookup(id) != nil }

// Placeholders returns the names of the values that a message wants, sorted.
func (p *Printer) Placeholders(id string) []string {
	var out []string
	for _, part := range p.lookup(id) {
		if part.Param != "" && !slices.Contains(out, part.Param) {
			out = append(out, part.Param)
		}
	}
	slices.Sort(out)
	return out
}

func (p *Printer) lookup(id string) Message { return p.all[id] }

// Find returns the message whose id is made of these names, with dots between, in the
// language or in English; nil for none. It is for ids that are put together: most of
// those that are looked for are not there.
func (p *Printer) Find(names ...string) Message {
	var room [80]byte
	id := room[:0]
	for n, name := range names {
		if n > 0 {
			id = append(id, '.')
		}
		id = append(id, name...)
	}
	return p.all[string(id)]
}

// Text returns a message with its values in place; in English if the language
// does not have it. A message that is nowhere is a mistake of the program and
// shows as its id, a missing value as its placeholder.
func (p *Printer) Text(id string, params Params) string { return join(p.Parts(id, params)) }

// Parts returns a message as Text does, in parts, so that a caller can set the
// values off from the words around them.
func (p *Printer) Parts(id string, params Params) []Part {
	f := &fill{value: func(name string) string { return p.value(name, params) }}
	n, counted := params[Count].(int)
	if m := p.lookup(id); m != nil && !counted {
		return m.With(f.value) // there is no form to be chosen
	}
	// Errors tell that English stood in, or that there is no message.
	_, _ = p.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: f, TemplateParser: messageParser{}, PluralCount: n})
	if f.parts == nil {
		return []Part{{Text: id}}
	}
	return f.parts
}

func (p *Printer) value(name string, params Params) string {
	switch v := params[name].(type) {
	case nil:
		return "{" + name + "}"
	case string:
		return v
	case int:
		return p.locale.FmtNumber(float64(v), 0)
	case time.Time:
		return p.Date(v)
	default:
		return fmt.Sprint(v)
	}
}

// Date returns the day of a moment in UTC, written out; "" for the zero time.
func (p *Printer) Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.locale.FmtDateLong(t.UTC())
}

// DateTime returns the day and the minute of a moment in UTC; "" for the zero
// time.
func (p *Printer) DateTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return p.Text("format.datetime", Params{"Date": p.Date(t), "Time": t.UTC().Format("15:04")})
}

// LanguageName returns what a language is called in the printer's language,
// and the tag itself where that is not known.
func (p *Printer) LanguageName(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return tag
	}
	if name := display.Languages(p.tag).Name(t); name != "" {
		return name
	}
	return tag
}

// SelfName returns what the language calls itself.
func (p *Printer) SelfName() string { return display.Self.Name(p.tag) }

// decimal is a number that can be written in another language without a digit of
// it being lost: a float64 has more than twelve and three.
var decimal = regexp.MustCompile(`^-?[0-9]{1,9}(\.[0-9]{1,3})?$`)

// Percent returns a number such as "85" or "47.50", which counts in hundredths,
// as the language writes it: with as many digits behind its separator as it was
// given, and the sign of percent where it belongs. ok is false for a text that is
// no such number.
func (p *Printer) Percent(text string) (written string, ok bool) {
	if !decimal.MatchString(text) {
		return "", false
	}
	share, err := strconv.ParseFloat(text+"e-2", 64)
	if err != nil {
		return "", false
	}
	_, fraction, _ := strings.Cut(text, ".")
	// Dates and counts have these digits in every language too.
	digits, err := p.tag.SetTypeForKey("nu", "latn")
	if err != nil {
		return "", false
	}
	return xmessage.NewPrinter(digits).Sprint(number.Percent(share, number.Scale(len(fraction)), number.NoSeparator())), true
}
