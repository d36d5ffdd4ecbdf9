package issuer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// The two records that are read for every verification of a badge of ours are
// decoded by hand where they are as encode.go writes them, and by encoding/json
// otherwise; encode_internal_test.go compares both.

// plainValue is a value as it stands in a plain object: the text between the quotes,
// or a number or truth value.
type plainValue struct {
	raw    []byte
	quoted bool
}

// plainObject gives each member of a JSON object to take. It reports false for all
// but objects without space, of ASCII texts without escapes, numbers and truth
// values, and where take does.
func plainObject(b []byte, take func(name string, m plainValue) bool) bool {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	b = b[1 : len(b)-1]
	for {
		name, rest, ok := plainText(b)
		if !ok || len(rest) == 0 || rest[0] != ':' {
			return false
		}
		m := plainValue{quoted: true}
		if m.raw, b, ok = plainText(rest[1:]); !ok {
			end := bytes.IndexByte(rest, ',')
			if end < 0 {
				end = len(rest)
			}
			m, b = plainValue{raw: rest[1:end]}, rest[end:]
		}
		if !take(string(name), m) {
			return false
		}
		if len(b) == 0 {
			return true
		}
		if b[0] != ',' {
			return false
		}
		b = b[1:]
	}
}

func plainText(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for n := 1; n < len(b); n++ {
		switch c := b[n]; {
		case c == '"':
			return b[1:n], b[n+1:], true
		case c < ' ' || c >= utf8.RuneSelf || c == '\\':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

func (m plainValue) text(into *string) bool {
	*into = string(m.raw)
	return m.quoted
}

func (m plainValue) number(into *int) bool {
	n, err := strconv.Atoi(string(m.raw))
	*into = n
	return err == nil && !m.quoted && strconv.Itoa(n) == string(m.raw)
}

func (m plainValue) boolean(into *bool) bool {
	*into = string(m.raw) == "true"
	return !m.quoted && (*into || string(m.raw) == "false")
}

func (m plainValue) time(into *time.Time) bool {
	return m.quoted && into.UnmarshalText(m.raw) == nil
}

func (m plainValue) bytes(into *[]byte) bool {
	b, err := base64.StdEncoding.AppendDecode([]byte{}, m.raw)
	*into = b
	return err == nil && m.quoted
}

// decode is json.Unmarshal.
func (p *pointer) decode(payload []byte) error {
	read := pointer{}
	if plainObject(payload, read.take) {
		*p = read
		return nil
	}
	return json.Unmarshal(payload, p)
}

func (p *pointer) take(name string, m plainValue) bool {
	switch name {
	case "i":
		return m.text(&p.Issuer)
	case "s":
		return m.text(&p.Seq)
	case "h":
		return m.boolean(&p.Hidden)
	}
	return false // of those with editions before, too
}

// decode is json.Unmarshal.
func (r *Record) decode(head []byte) error {
	read := Record{}
	if plainObject(head, read.take) {
		*r = read
		return nil
	}
	return json.Unmarshal(head, r)
}

// take reads one member of a head.
func (r *Record) take(name string, m plainValue) bool {
	switch name {
	case "id":
		return m.text(&r.ID)
	case "edition":
		return m.number(&r.Edition)
	case "issuer":
		return m.text(&r.Issuer)
	case "achievement":
		return m.text(&r.Achievement)
	case "version":
		return m.text(&r.Version)
	case "term":
		return m.text(&r.Term)
	case "status":
		return m.text((*string)(&r.Status))
	case "list":
		return m.text(&r.List)
	case "index":
		return m.number(&r.Index)
	case "awardedAt":
		return m.time(&r.AwardedAt)
	case "issuedAt":
		return m.time(&r.IssuedAt)
	case "changedAt":
		return m.time(&r.ChangedAt)
	case "validUntil":
		return m.time(&r.ValidUntil)
	case "language":
		return m.text(&r.Language)
	case "externalRef":
		return m.text(&r.ExternalRef)
	case "email":
		return m.bytes(&r.Email)
	case "person":
		return m.bytes(&r.Person)
	case "byPerson":
		return m.bytes(&r.ByPerson)
	case "byEmail":
		return m.bytes(&r.ByEmail)
	}
	return r.takeLater(name, m)
}

// takeLater reads what a head has of a badge that was changed.
func (r *Record) takeLater(name string, m plainValue) bool {
	switch name {
	case "reason":
		return m.text(&r.Reason)
	case "statusAt":
		return m.time(&r.StatusAt)
	case "pauseList":
		return m.text(&r.PauseList)
	case "pauseIndex":
		return m.number(&r.PauseIndex)
	case "changes":
		return m.number(&r.Changes)
	case "replacedBy":
		return m.text(&r.ReplacedBy)
	case "erasedAt":
		return m.time(&r.ErasedAt)
	case "hiddenAt":
		return m.time(&r.HiddenAt)
	case "claims":
		return m.number(&r.Claims)
	}
	return false
}
