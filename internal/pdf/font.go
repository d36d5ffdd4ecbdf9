package pdf

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf16"

	"laurel/internal/typeset"
)

// font is the clusters that one face of typeset was used for.
type font struct {
	face   *typeset.Face
	glyphs []*glyph // the first is empty
	known  map[string]int
}

// glyph is one cluster of letters.
type glyph struct {
	text    string // what it stands for
	width   int    // how far it moves on
	outline []typeset.Segment
}

func newFont(face *typeset.Face) *font {
	return &font{face: face, glyphs: []*glyph{{width: unitsPerEm / 2}}, known: map[string]int{}}
}

// cluster is glyphs of a face that stand for one piece of text.
type cluster struct {
	x       float64 // where the pen stands before it
	advance float64
	text    string
	glyphs  []typeset.Glyph
}

// clustersOf parts a run. A glyph without a text belongs to the one before it.
//
// Readers turn the letters of a right-to-left line around, one by one as they
// stand from left to right, and many do not look into a glyph that stands for
// several. So where that is so, each letter has a place of its own: the first from
// the left shows the whole cluster, the others nothing.
func clustersOf(run typeset.Run) (all []cluster) {
	for _, c := range joined(run) {
		letters := []rune(c.text)
		if !run.RightToLeft || len(letters) < 2 {
			all = append(all, c)
			continue
		}
		part := c.advance / float64(len(letters))
		for n := range letters {
			one := cluster{x: c.x + part*float64(n), advance: part, text: string(letters[len(letters)-1-n])}
			if n == 0 {
				one.glyphs = c.glyphs
			}
			all = append(all, one)
		}
	}
	return all
}

// joined are the glyphs of a run that belong together.
func joined(run typeset.Run) (all []cluster) {
	x := run.X
	for _, g := range run.Glyphs {
		if g.Text != "" || len(all) == 0 {
			all = append(all, cluster{x: x, text: g.Text})
		}
		c := &all[len(all)-1]
		c.glyphs = append(c.glyphs, g)
		c.advance += g.Advance
		x += g.Advance
	}
	return all
}

// glyph is the number of the glyph for a cluster of a run.
func (f *font) glyph(run typeset.Run, c cluster) int {
	scale := unitsPerEm / run.Size
	var key strings.Builder
	key.WriteString(c.text)
	for _, g := range c.glyphs {
		fmt.Fprintf(&key, "\x00%d %d %d", g.ID, round((g.X-c.x)*scale), round((run.Y-g.Y)*scale))
	}
	if n, ok := f.known[key.String()]; ok {
		return n
	}
	made := &glyph{text: cmp.Or(c.text, "\u00A0"), width: round(c.advance * scale)}
	for _, g := range c.glyphs {
		dx, dy := float64(round((g.X-c.x)*scale)), float64(round((run.Y-g.Y)*scale))
		for _, s := range f.face.Outline(g.ID) {
			for i, p := range s.Points() {
				s.P[i] = typeset.Point{X: dx + p.X*unitsPerEm/f.face.UnitsPerEm(), Y: dy + p.Y*unitsPerEm/f.face.UnitsPerEm()}
			}
			made.outline = append(made.outline, s)
		}
	}
	f.glyphs = append(f.glyphs, made)
	f.known[key.String()] = len(f.glyphs) - 1
	return len(f.glyphs) - 1
}

// box is the smallest rectangle around all glyphs.
func (f *font) box() [4]int {
	var ink []typeset.Segment
	for _, g := range f.glyphs {
		ink = append(ink, g.outline...)
	}
	least, most := typeset.Bounds(ink)
	return [4]int{round(least.X) - 1, round(least.Y) - 1, round(most.X) + 1, round(most.Y) + 1}
}

// write puts the font into a file (ISO 32000-1 section 9.7).
func (f *font) write(to *file) ref {
	box := f.box()
	plain := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, f.face.Name())
	program := compactFont(plain, f.glyphs, box)
	name := subsetTag(program) + "+" + plain
	program = compactFont(name, f.glyphs, box)

	embedded := to.stream("/Subtype /CIDFontType0C", program)
	descriptor := to.add(fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile3 %s >>",
		name, box[0], box[1], box[2], box[3], box[3], box[1], box[3], embedded))
	var widths strings.Builder
	for _, g := range f.glyphs {
		fmt.Fprintf(&widths, " %d", g.width)
	}
	descendant := to.add(fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType0 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %s /DW %d /W [0 [%s]] >>",
		name, descriptor, unitsPerEm, widths.String()[1:]))
	unicode := to.stream("", []byte(f.toUnicode()))
	return to.add(fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s-Identity-H /Encoding /Identity-H /DescendantFonts [%s] /ToUnicode %s >>",
		name, descendant, unicode))
}

// subsetTag names a subset by what is in it (ISO 32000-1 section 9.6.4).
func subsetTag(program []byte) string {
	sum := sha256.Sum256(program)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag)
}

// toUnicode says what each glyph stands for (ISO 32000-1 section 9.10.3).
func (f *font) toUnicode() string {
	const most = 100 // entries of one block
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for from := 1; from < len(f.glyphs); from += most {
		part := f.glyphs[from:min(from+most, len(f.glyphs))]
		fmt.Fprintf(&b, "%d beginbfchar\n", len(part))
		for i, g := range part {
			fmt.Fprintf(&b, "<%04X> <%s>\n", from+i, utf16Hex(g.text))
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.String()
}

func utf16Hex(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}
