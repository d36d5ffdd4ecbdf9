package structure_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"

	"laurel/schemas"
)

// writer writes random documents of a class, mostly as the class wants them.
type writer struct {
	*rand.Rand
	b      strings.Builder
	family schemas.Family
	odd    float64 // share of the values that are anything
	depth  int
}

// randomDocument writes one in the family or in the other; half of all are
// meant to be sound.
func randomDocument(r *rand.Rand, c *schemas.Class) []byte {
	w := writer{Rand: r, family: families[r.IntN(2)]}
	if w.IntN(2) == 0 {
		w.odd = w.Float64() * 0.1
	}
	w.object(c)
	return []byte(w.b.String())
}

func (w *writer) chance(p float64) bool { return w.Float64() < p }

func (w *writer) oddly() bool {
	if !w.chance(w.odd) {
		return false
	}
	w.b.WriteString(pick(w.Rand, oddities))
	return true
}

func (w *writer) object(c *schemas.Class) {
	w.depth++
	defer func() { w.depth-- }()
	w.b.WriteByte('{')
	n := 0
	for _, i := range w.Perm(len(c.Properties)) {
		p := &c.Properties[i]
		if !w.wanted(p) {
			continue
		}
		w.name(&n, p.Name)
		w.property(p)
	}
	if c.Open && w.chance(0.1) || w.chance(w.odd) {
		w.name(&n, "unknownMember")
		w.b.WriteString(pick(w.Rand, oddities))
	}
	w.b.WriteByte('}')
}

// wanted: the deeper, the less is optional.
func (w *writer) wanted(p *schemas.Property) bool {
	if p.Required(w.family) {
		return !w.chance(w.odd / 4)
	}
	return w.chance(0.35 / float64(w.depth*w.depth))
}

func (w *writer) name(n *int, name string) {
	if *n > 0 {
		w.b.WriteString(pick(w.Rand, []string{",", ", ", ",\n\t"}))
	}
	*n++
	fmt.Fprintf(&w.b, "%q:", name)
}

func (w *writer) property(p *schemas.Property) {
	switch {
	case w.oddly():
	case !p.Many, w.family == schemas.Tolerant && w.IntN(3) == 0, w.chance(w.odd):
		w.value(p)
	default:
		w.array(p)
	}
}

func (w *writer) array(p *schemas.Property) {
	w.b.WriteByte('[')
	n := 0
	item := func(write func()) {
		if n++; n > 1 {
			w.b.WriteByte(',')
		}
		if !w.oddly() {
			write()
		}
	}
	if p.First != "" {
		item(func() { w.text(p.First) })
		if !w.chance(w.odd) {
			item(func() { w.text("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json") })
		}
	}
	for _, words := range p.Has {
		item(func() { w.text(pick(w.Rand, words)) })
	}
	if n >= p.Min { // what comes after too few would hide that they are
		for range w.IntN(3) {
			item(func() { w.value(p) })
		}
	}
	if n < p.Min && !w.chance(w.odd) {
		item(func() { w.value(p) })
	}
	w.b.WriteByte(']')
}

func (w *writer) value(p *schemas.Property) {
	if w.oddly() {
		return
	}
	t := p.Type
	switch t.Kind {
	case schemas.Number:
		w.b.WriteString(pick(w.Rand, []string{"0", "-0", "1.0", "4.5", "1e400", "-1E-7", "12"}))
	case schemas.Boolean:
		w.b.WriteString(pick(w.Rand, []string{"true", "false"}))
	case schemas.Date, schemas.DateTime:
		w.text(pick(w.Rand, []string{"2026-01-02", "2026-01-02T03:04:05Z", "2026-13-40"}))
	case schemas.Word:
		w.word(t)
	case schemas.Object:
		w.object(t.Class)
	case schemas.Reference:
		if w.IntN(3) > 0 {
			w.object(t.Class)
			return
		}
		w.texts(p)
	case schemas.AnyContext:
		w.b.WriteString(pick(w.Rand, []string{`"urn:x"`, `{}`, `{"en":"a"}`}))
	default:
		w.texts(p)
	}
}

func (w *writer) word(t schemas.Type) {
	if t.Pattern != nil && w.IntN(3) == 0 {
		w.text(pick(w.Rand, []string{"ext:Word", "xext:w", "ext:|"}))
		return
	}
	w.text(pick(w.Rand, t.Words))
}

// texts writes a text, or a language map of texts.
func (w *writer) texts(p *schemas.Property) {
	if w.family == schemas.Strict || w.IntN(4) > 0 {
		w.text(w.fitting(p))
		return
	}
	w.b.WriteByte('{')
	n := 0
	for _, tag := range []string{"en", "de", "pt-BR", "eng"}[:w.IntN(4)] {
		w.name(&n, tag)
		w.text(w.fitting(p))
	}
	w.b.WriteByte('}')
}

func (w *writer) fitting(p *schemas.Property) string {
	switch {
	case p.Is != "":
		return p.Is
	case p.Type.Pattern != nil:
		return w.matching(p.Type.Pattern)
	}
	return pick(w.Rand, []string{"", "text", "urn:uuid:5", "Grüße", "🎓", "a\u0000b", "https://example.org/x"})
}

// matching gives a text for one of the patterns of the table.
func (w *writer) matching(pattern *regexp.Regexp) string {
	for _, text := range []string{"en", "eyJhbGciOiJub25lIn0.e30.c2ln"} {
		if pattern.MatchString(text) {
			return text
		}
	}
	return "none"
}

// text writes a string, now and then with characters escaped.
func (w *writer) text(s string) {
	w.b.WriteByte('"')
	for _, c := range s {
		switch {
		case c < 0x20 || c < 0x10000 && w.IntN(40) == 0:
			fmt.Fprintf(&w.b, `\u%04x`, c)
		default:
			w.b.WriteRune(c)
		}
	}
	w.b.WriteByte('"')
}
