package pages

import (
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/verifier/words"
)

// maxEntries bounds the list of all data. Honest badges have some hundred
// members; what is beyond is counted, not shown.
const maxEntries = 2000

// A badge that stands at an address of ours, whose page has a link to the whole
// file and is to come in one round trip, shows the beginning alone of a list that
// is longer than that of honest ones.
const (
	ownEntries  = 160
	firstOfMany = 60
)

// entry is one scalar member of a document.
type entry struct{ Path, Text string }

// members collects every scalar of a document in the order in which it stands
// there. The embedded proof is left out, because its value is not signed.
type members struct {
	list []entry
	more int // that are not in the list
}

func membersOf(d *badge.Document) *members {
	m := new(members)
	for name, v := range d.Root().Members() {
		if name == "proof" && d.JWS() == nil {
			continue
		}
		m.walk([]string{name}, v)
	}
	return m
}

func (m *members) walk(path []string, v strictjson.Value) {
	switch {
	case v.Len() == 0:
		m.leaf(path, v)
	case v.Kind() == strictjson.Object:
		for name, e := range v.Members() {
			m.walk(append(path, name), e)
		}
	default:
		for i, e := range v.Elements() {
			if v.Len() == 1 {
				m.walk(path, e)
			} else {
				m.walk(append(path, strconv.Itoa(i+1)), e)
			}
		}
	}
}

func (m *members) leaf(path []string, v strictjson.Value) {
	if len(m.list) == maxEntries {
		m.more++
		return
	}
	text := v.Raw() // numbers, true, false, null, and what is empty
	if v.Kind() == strictjson.String {
		text = v.Text()
	}
	m.list = append(m.list, entry{words.Visible(strings.Join(path, " › ")), words.Named(text)})
}
