package pages

import (
	"bytes"
	"compress/gzip"
	"io"
	"sort"
	"strconv"
	"sync"
	"unicode/utf8"

	"laurel/internal/i18n"
	"laurel/internal/typeset"
)

// firstAnswer is how large the page of a badge of ours may be when it is
// compressed, in bytes. With its headers it fits into the ten segments of 1,460
// bytes that a server may send before it hears anything (RFC 6928), so that it is
// read after one round trip.
const firstAnswer = 10*1460 - 1000

// cut is how much of a badge a page shows.
type cut struct {
	text    int // characters of each text
	list    int // values of each field, and endorsements
	entries int // of the list of all data, if it has more than those of honest badges
}

// whole is a page with everything.
var whole = cut{1 << 30, 1 << 30, maxEntries}

// cuts are what a page shows that is to come in one round trip, the most that has
// room: all of what honest badges have, and of others the beginning. The file
// beside it has the rest.
var cuts = []cut{{1 << 30, 1 << 30, firstOfMany}, {2000, 40, 40}, {800, 20, 20}, {300, 10, 10}, {120, 5, 5}, {40, 3, 3}, {20, 1, 1}}

// shortener cuts what is shown, and knows whether it has.
type shortener struct {
	cut
	did bool
}

// line is the beginning of a text.
func (s *shortener) line(text string) string {
	if len(text) <= s.text || utf8.RuneCountInString(text) <= s.text {
		return text
	}
	s.did = true
	return typeset.Beginning(text, s.text) + " …"
}

// value shortens what was written by others. What is laid out already was short
// enough. A link that is much longer than the text for it goes with its end.
func (s *shortener) value(v value) value {
	if v.HTML == "" && v.Time == "" {
		v.Text = s.line(v.Text)
	}
	v.Note = s.line(v.Note)
	if len(v.Href)/5 > s.text {
		v.Href, s.did = "", true
	}
	return v
}

// first is the beginning of a list, and how many follow.
func first[T any](s *shortener, list []T) (begin []T, more int) {
	if len(list) <= s.list {
		return list, 0
	}
	s.did = true
	return list[:s.list], len(list) - s.list
}

// entries shortens the list of all data, unless it is no longer than those of
// honest badges and has its texts whole.
func (s *shortener) entries(m *members) {
	if len(m.list) > s.cut.entries && (s.text < 1<<30 || len(m.list) > ownEntries) {
		m.more += len(m.list) - s.cut.entries
		m.list = m.list[:s.cut.entries]
	}
	for n := range m.list {
		m.list[n].Path, m.list[n].Text = s.line(m.list[n].Path), s.line(m.list[n].Text)
	}
}

// more says that a list goes on.
func more(p *i18n.Printer, n int) string {
	return p.Text("page.short.more", i18n.Params{"Number": strconv.Itoa(n)})
}

// squeezers are used again: each takes a megabyte.
var squeezers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// squeezed is how large a page is when it is compressed.
func squeezed(page []byte) int {
	var size counter
	z := squeezers.Get().(*gzip.Writer)
	defer squeezers.Put(z)
	z.Reset(&size)
	_, _ = z.Write(page) // a counter takes everything
	_ = z.Close()
	return int(size)
}

// counter is a writer that counts.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// oneRound writes the page of a badge with as much as comes in one round trip.
func (s *Pages) oneRound(w io.Writer, viewOf func(cut) verificationView) error {
	page, fits, err := s.rendered(viewOf(cuts[0]))
	if err == nil && !fits { // each of the others shows less than the one before it
		n := 1 + sort.Search(len(cuts)-2, func(n int) bool {
			_, fits, failed := s.rendered(viewOf(cuts[1+n]))
			return fits || failed != nil
		})
		page, _, err = s.rendered(viewOf(cuts[n]))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(page)
	return err
}

// rendered is a page, and whether it comes in one round trip.
func (s *Pages) rendered(v verificationView) (page []byte, fits bool, err error) {
	var b bytes.Buffer
	if err := s.write(&b, "verification", v); err != nil {
		return nil, false, err
	}
	return b.Bytes(), squeezed(b.Bytes()) <= firstAnswer, nil
}
