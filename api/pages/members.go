package pages

import (
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/verifier/words"
)

// How many entries the list of all data has at most; what is beyond is counted,
// not shown. The first is for badges that stand at an address of ours, whose page
// is to come in one round trip (14 KB) and has a link to the whole file; honest
// ones have some hundred entries.
const (
	ownEntries = 80
	maxEntries = 2000
)

// entry is one scalar member of a document.
type entry struct{ Path, Text string }

// members collects every scalar of a document in the order in which it stands
// there. The embedded proof is left out, because its value is not signed.
type members struct {
	list  []entry
	bound int
	more  int // beyond it
}

func membersOf(d *badge.Document, bound int) *members {
	m := &members{bound: bound}
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
	if len(m.list) == m.bound {
		m.more++
		return
	}
	text := v.Raw() // numbers, true, false, null, and what is empty
	if v.Kind() == strictjson.String {
		text = v.Text()
	}
	m.list = append(m.list, entry{words.Visible(strings.Join(path, " › ")), words.Visible(text)})
}
