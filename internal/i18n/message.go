package i18n

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n/template"
)

// Part is a stretch of a message: its own words (Param is empty), or the value
// that stands for a parameter.
type Part struct {
	Text  string
	Param string
}

// Message is a text with its placeholders found, as it stands in the catalogue: do
// not change it. Placeholders are plain names in braces, because a translator's file
// is no place for a program.
type Message []Part

var errBraces = errors.New("braces stand only around a name of letters, as in {Name}")

func parseMessage(text string) (Message, error) {
	var m Message
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return nil, errBraces
		}
		if before != "" {
			m = append(m, Part{Text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !isName(name) {
			return nil, errBraces
		}
		m = append(m, Part{Param: name})
		text = after
	}
	return m, nil
}

func isName(s string) bool {
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

// fill carries values into a message and the parts out of it: go-i18n chooses
// the message and its plural form, and passes the data through.
type fill struct {
	value func(name string) string
	parts []Part
}

// Execute implements template.ParsedTemplate.
func (m Message) Execute(data any) (string, error) {
	f, ok := data.(*fill)
	if !ok {
		return "", fmt.Errorf("message data of type %T", data)
	}
	f.parts = m.With(f.value)
	return join(f.parts), nil
}

// With returns the message with its values in place. Of one that wants none it is
// the message itself.
func (m Message) With(value func(name string) string) []Part {
	if !slices.ContainsFunc(m, func(p Part) bool { return p.Param != "" }) {
		return m
	}
	parts := make([]Part, len(m))
	for i, p := range m {
		if p.Param != "" {
			p.Text = value(p.Param)
		}
		parts[i] = p
	}
	return parts
}

func join(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// messageParser is the template.Parser for our placeholders.
type messageParser struct{}

func (messageParser) Cacheable() bool { return true }

func (messageParser) Parse(src, _, _ string) (template.ParsedTemplate, error) {
	return parseMessage(src)
}
