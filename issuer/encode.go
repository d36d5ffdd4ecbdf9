package issuer

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// The records that every badge writes are encoded by hand, in the bytes that
// encoding/json gives them; encode_test.go fills every field and compares.

// encoder writes one JSON object, member by member. The first error stays.
type encoder struct {
	b   []byte
	err error
}

func newEncoder(size int) *encoder { return &encoder{b: append(make([]byte, 0, size), '{')} }

// end returns the object.
func (e *encoder) end() ([]byte, error) { return append(e.b, '}'), e.err }

func (e *encoder) name(name string) {
	if len(e.b) > 1 {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

// keep notes the first error.
func (e *encoder) keep(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) text(name, s string) {
	e.name(name)
	var err error
	e.b, err = appendQuoted(e.b, s)
	e.keep(err)
}

// optional writes a text that is left out when it is empty.
func (e *encoder) optional(name, s string) {
	if s != "" {
		e.text(name, s)
	}
}

func (e *encoder) number(name string, n int) {
	e.name(name)
	e.b = strconv.AppendInt(e.b, int64(n), 10)
}

func (e *encoder) boolean(name string, v bool) {
	e.name(name)
	e.b = strconv.AppendBool(e.b, v)
}

func (e *encoder) time(name string, t time.Time) {
	e.name(name)
	b, err := t.AppendText(append(e.b, '"'))
	e.b = append(b, '"')
	e.keep(err)
}

func (e *encoder) optionalTime(name string, t time.Time) {
	if !t.IsZero() {
		e.time(name, t)
	}
}

func (e *encoder) texts(name string, list []string) {
	e.name(name)
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		var err error
		e.b, err = appendQuoted(e.b, s)
		e.keep(err)
	}
	e.b = append(e.b, ']')
}

func (e *encoder) optionalBytes(name string, b []byte) {
	if len(b) > 0 {
		e.bytes(name, b)
	}
}

func (e *encoder) bytes(name string, b []byte) {
	e.name(name)
	if b == nil {
		e.b = append(e.b, "null"...)
		return
	}
	e.b = append(base64.StdEncoding.AppendEncode(append(e.b, '"'), b), '"')
}

// appendQuoted appends a string as json.Marshal writes it.
func appendQuoted(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			return append(b, quoted...), err
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}
