package wire

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"laurel/internal/i18n"
)

// WithLanguage notes in which language the caller is told what is wrong. It is
// chosen when it is first asked for: most requests have nothing wrong.
func WithLanguage(ctx context.Context, choose func() *i18n.Printer) context.Context {
	return context.WithValue(ctx, languageKey, sync.OnceValue(choose))
}

// Language returns the language of a request's caller; nil for one that was not
// noted, which is English.
func Language(ctx context.Context) *i18n.Printer {
	choose, ok := ctx.Value(languageKey).(func() *i18n.Printer)
	if !ok {
		return nil
	}
	return choose()
}

// In returns the problem for readers of a language (RFC 9457 section 3.1.3:
// codes and pointers stay). What a code means has a sentence in each language;
// what is particular about this time was said in English only and stands
// beside it.
func (p Problem) In(l *i18n.Printer) Problem {
	if l == nil || l.Lang() == string(i18n.English) {
		return p
	}
	if id := "status." + strconv.Itoa(p.Status); p.Type == aboutBlank && l.Has(id) {
		p.Title = l.Text(id, nil)
	}
	p.Detail, p.English = Sentence(l, p.Code, p.Detail)
	inEnglish := p.Errors
	p.Errors = make([]FieldError, len(inEnglish))
	for n, e := range inEnglish {
		e.Message, e.English = Sentence(l, e.Code, e.Message)
		p.Errors[n] = e
	}
	return p
}

// aboutBlank is the type of a problem whose title is that of its status (RFC
// 9457 section 4.2.1).
const aboutBlank = "about:blank"

// Sentence says what a code means in a language, and gives the English text back
// to stand beside it; for English, and for a code without a sentence, the English
// text is all there is.
func Sentence(l *i18n.Printer, code, english string) (text, beside string) {
	if l == nil || l.Lang() == string(i18n.English) {
		return english, ""
	}
	// Codes about the cells of a list begin with the column: what name_too_long
	// means, too_long says.
	_, what, _ := strings.Cut(code, "_")
	if what == "missing" {
		what = "required"
	}
	for _, id := range []string{"fault." + code, "fault." + what} {
		if l.Has(id) {
			return l.Text(id, nil), english
		}
	}
	return english, ""
}
