package issuer

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"laurel/internal/jsonwriter"
)

// The records that every badge writes are encoded by hand, in the bytes that
// encoding/json gives them; encode_internal_test.go fills every field and compares.

// encoder writes one JSON object, whose texts have the HTML escapes of json.Marshal.
type encoder struct{ jsonwriter.Writer }

func newEncoder(size int) *encoder {
	e := &encoder{jsonwriter.Writer{B: make([]byte, 0, size)}}
	e.Open()
	return e
}

// end returns the object.
func (e *encoder) end() ([]byte, error) {
	e.Close()
	return e.B, e.Err
}

// keep notes the first error.
func (e *encoder) keep(err error) {
	if e.Err == nil {
		e.Err = err
	}
}

func (e *encoder) text(name, s string) {
	e.Name(name)
	e.quoted(s)
}

// optional writes a text that is left out when it is empty.
func (e *encoder) optional(name, s string) {
	if s != "" {
		e.text(name, s)
	}
}

func (e *encoder) number(name string, n int) {
	e.Name(name)
	e.B = strconv.AppendInt(e.B, int64(n), 10)
}

func (e *encoder) time(name string, t time.Time) {
	e.Name(name)
	b, err := t.AppendText(append(e.B, '"'))
	e.B = append(b, '"')
	e.keep(err)
}

func (e *encoder) optionalTime(name string, t time.Time) {
	if !t.IsZero() {
		e.time(name, t)
	}
}

func (e *encoder) texts(name string, list []string) {
	e.Name(name)
	e.Array(len(list), func(i int) { e.quoted(list[i]) })
}

func (e *encoder) optionalBytes(name string, b []byte) {
	if len(b) > 0 {
		e.bytes(name, b)
	}
}

func (e *encoder) bytes(name string, b []byte) {
	e.Name(name)
	if b == nil {
		e.Null()
		return
	}
	e.B = append(base64.StdEncoding.AppendEncode(append(e.B, '"'), b), '"')
}

// quoted writes a string as json.Marshal does.
func (e *encoder) quoted(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			e.B = append(e.B, quoted...)
			e.keep(err)
			return
		}
	}
	e.B = append(append(append(e.B, '"'), s...), '"')
}
