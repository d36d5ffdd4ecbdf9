package completion

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/region"
)

// Reader reads the members of one event, ours or a platform's own, by their
// JSON pointers (RFC 6901), and gathers what is wrong with them. What is absent
// or null reads as the zero value, and so does what is wrong.
type Reader struct {
	event   strictjson.Value
	pointer string
	errs    badge.Errors
}

// NewReader reads an event that stands at a JSON pointer of what was sent; the
// pointers of the faults begin with it.
func NewReader(event strictjson.Value, pointer string) *Reader {
	return &Reader{event: event, pointer: pointer}
}

// Err is everything that was wrong, as badge.Errors; nil where nothing was.
func (r *Reader) Err() error { return r.errs.Err() }

// Fault notes that something is wrong with a member.
func (r *Reader) Fault(rule, at, detail string) {
	r.errs = append(r.errs, &badge.Error{Code: badge.MalformedValueError, Rule: rule, Pointer: r.pointer + at, Detail: detail})
}

// At is the value at a pointer within the event; the zero Value where there is
// none.
func (r *Reader) At(at string) strictjson.Value {
	v := r.event
	for at != "" {
		var token string
		token, at, _ = strings.Cut(at[1:], "/")
		if at != "" {
			at = "/" + at
		}
		v = child(v, token)
	}
	return v
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~") // RFC 6901 section 4

func child(v strictjson.Value, token string) strictjson.Value {
	if v.Kind() != strictjson.Array {
		return v.Get(unescape.Replace(token))
	}
	for n, e := range v.Elements() {
		if strconv.Itoa(n) == token {
			return e
		}
	}
	return strictjson.Value{}
}

var wholeNumber = regexp.MustCompile(`^[0-9]{1,20}$`)

// Text is one line of at most limit characters: trimmed, in NFC, without
// control characters and overrides of the writing direction. A whole number,
// as which many platforms send their ids, is its digits.
func (r *Reader) Text(at string, limit int) string {
	v := r.At(at)
	text := v.Text()
	switch {
	case v.Kind() == strictjson.String:
	case v.Kind() == strictjson.Number && wholeNumber.MatchString(v.Raw()):
		text = v.Raw()
	case v.Kind() <= strictjson.Null:
		return ""
	default:
		r.Fault("wrong_type", at, "This is to be a text.")
		return ""
	}
	text, err := issuer.CheckLine(text, limit)
	r.take(at, err)
	return text
}

// Required is a Text that may not be missing or empty.
func (r *Reader) Required(at string, limit int) string {
	before := len(r.errs)
	text := r.Text(at, limit)
	if text == "" && len(r.errs) == before {
		r.Fault("required", at, "This may not be left out or empty.")
	}
	return text
}

// Name is the name of a person, or none.
func (r *Reader) Name(at string) string {
	if r.blank(at) {
		return ""
	}
	name, err := issuer.CheckName(r.At(at).Text())
	r.take(at, err)
	return name
}

// Email is an e-mail address, or none.
func (r *Reader) Email(at string) string {
	if r.blank(at) {
		return ""
	}
	email, err := issuer.CheckEmail(r.At(at).Text())
	r.take(at, err)
	return email
}

// Country is a country by its two letters, or none.
func (r *Reader) Country(at string) string {
	code := r.Text(at, maxShort)
	if code != "" && !region.Country(code) {
		r.Fault("country_unknown", at, "Use the two capital letters of ISO 3166, such as KE, or leave it out.")
	}
	return code
}

// Language is a language tag, or none.
func (r *Reader) Language(at string) string {
	text := r.Text(at, maxShort)
	tag, ok := Language(text)
	if text != "" && !ok {
		r.Fault("language_invalid", at, "Give a language tag such as en, fr or pt-BR.")
	}
	return tag
}

// Time is a moment: in the form of RFC 3339, or in seconds since 1970, as a
// number or as its digits. Its location is UTC.
func (r *Reader) Time(at string) time.Time {
	v := r.At(at)
	text := strings.TrimSpace(v.Text())
	if v.Kind() == strictjson.Number {
		text = v.Raw()
	}
	if text == "" && v.Kind() != strictjson.Object && v.Kind() != strictjson.Array && !v.IsBool() {
		r.Fault("required", at, "Say when it happened.")
		return time.Time{}
	}
	moment, err := parseTime(text)
	if err != nil {
		r.Fault("date_invalid", at, "Give a moment since 1970 such as 2025-03-03T12:00:00Z, or seconds since then.")
	}
	return moment
}

var (
	seconds = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,9})?$`)
	errTime = errors.New("completion: no moment")
)

// latest is the last second of the year 9999, in seconds since 1970. Nothing is
// taken from before: a badge of then could be no JWT, whose times count from 1970.
const latest = 253402300799

func parseTime(text string) (time.Time, error) {
	if seconds.MatchString(text) {
		whole, _, _ := strings.Cut(text, ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || n > latest {
			return time.Time{}, errTime
		}
		return time.Unix(n, 0).UTC(), nil
	}
	const day = len("2006-01-02")
	if len(text) > day && text[day] == ' ' { // which RFC 3339 section 5.6 allows
		text = text[:day] + "T" + text[day+1:]
	}
	t, err := badge.ParseRFC3339(text)
	if err != nil || t.Unix() < 0 || t.Unix() > latest {
		return time.Time{}, errTime
	}
	return t.UTC(), nil
}

// blank tells whether a text is left out or empty. Another kind of value is a
// fault, and reads as none.
func (r *Reader) blank(at string) bool {
	v := r.At(at)
	switch v.Kind() {
	case strictjson.Absent, strictjson.Null:
		return true
	case strictjson.String:
		return strings.TrimSpace(v.Text()) == ""
	}
	r.Fault("wrong_type", at, "This is to be a text.")
	return true
}

// take takes over what another package found wrong with one value.
func (r *Reader) take(at string, err error) {
	var found badge.Errors
	if errors.As(err, &found) {
		for _, f := range found {
			r.Fault(f.Rule, at, f.Detail)
		}
	} else if err != nil {
		r.Fault("malformed", at, fmt.Sprintf("This cannot be taken: %s.", err))
	}
}

// Language is the usual form of a language tag, also of those that platforms
// write as pt_br; ok is false where it is none.
func Language(tag string) (usual string, ok bool) {
	if tag == "" || issuer.CheckLanguage(tag) == nil {
		return tag, tag != ""
	}
	parsed, err := language.Parse(tag)
	if usual = parsed.String(); err != nil || issuer.CheckLanguage(usual) != nil {
		return "", false
	}
	return usual, true
}
