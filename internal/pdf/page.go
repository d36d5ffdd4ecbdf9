package pdf

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"time"

	"laurel/internal/typeset"
)

// Millimetre is its length in points, the unit of a page.
const Millimetre = 72 / 25.4

// About is what a file says of itself.
type About struct {
	Title   string
	Author  string    // "" for none
	Lang    string    // BCP 47, of what the page says itself
	Created time.Time // of what is shown, not of the file
}

// Attachment is a file within the file, as it is.
type Attachment struct {
	Name        string // for keeping it: ASCII letters, digits, dots
	MediaType   string
	Description string
	Bytes       []byte
}

// Colour is 0xRRGGBB, in sRGB.
type Colour uint32

// Kind says what a piece of text is, for readers who do not see the page.
type Kind string

// The kinds of text, by their structure types (ISO 32000-1 section 14.8.4).
const (
	Title     Kind = "H1"
	Paragraph Kind = "P"
)

// Page is a PDF of one page while it is drawn. The origin is the upper left
// corner, lengths are points, y grows downwards; what is drawn later lies above.
type Page struct {
	width, height float64
	about         About
	content       bytes.Buffer
	fonts         []*font
	elements      []element
	attached      []Attachment
}

// element is one piece of tagged content, in the order in which it is read.
type element struct {
	kind, lang, alt string
	box             [4]float64 // of a figure, with y upwards
}

// New begins a page of a width and height.
func New(width, height float64, about About) *Page {
	p := &Page{width: width, height: height, about: about}
	fmt.Fprintf(&p.content, "1 0 0 -1 0 %s cm\n", number(height))
	return p
}

// Attach puts a file beside the page, as the data that it shows.
func (p *Page) Attach(a Attachment) { p.attached = append(p.attached, a) }

// Decorate fills an outline that tells nothing, by the non-zero rule.
func (p *Page) Decorate(outline []typeset.Segment, c Colour) {
	p.content.WriteString("/Artifact BMC\n")
	p.fill(outline, c)
	p.content.WriteString("EMC\n")
}

// Figure fills an outline that means what alt says.
func (p *Page) Figure(outline []typeset.Segment, c Colour, alt, lang string) {
	least, most := typeset.Bounds(outline)
	p.begin(element{kind: "Figure", alt: alt, lang: lang, box: [4]float64{least.X, p.height - most.Y, most.X, p.height - least.Y}})
	p.fill(outline, c)
	p.end()
}

// Text writes a block with its upper left corner at a place.
func (p *Page) Text(kind Kind, block *typeset.Block, x, y float64, c Colour, lang string) {
	if len(block.Lines) == 0 {
		return
	}
	p.begin(element{kind: string(kind), lang: lang})
	p.text(block, x, y, c)
	p.end()
}

// Slanted writes a block turned by an angle around its middle, which stands at a
// place: words that lie across the page.
func (p *Page) Slanted(block *typeset.Block, x, y, sin, cos float64, c Colour, lang string) {
	if len(block.Lines) == 0 {
		return
	}
	p.begin(element{kind: string(Paragraph), lang: lang})
	fmt.Fprintf(&p.content, "q %s %s %s %s %s %s cm\n", number(cos), number(-sin), number(sin), number(cos), number(x), number(y))
	p.text(block, -block.Width/2, -block.Height/2, c)
	p.content.WriteString("Q\n")
	p.end()
}

func (p *Page) begin(e element) {
	fmt.Fprintf(&p.content, "/%s << /MCID %d >> BDC\n", e.kind, len(p.elements))
	p.elements = append(p.elements, e)
}

func (p *Page) end() { p.content.WriteString("EMC\n") }

func (p *Page) text(block *typeset.Block, x, y float64, c Colour) {
	p.colour(c)
	for _, line := range block.Lines {
		for _, run := range line.Runs {
			p.run(run, x, y)
		}
	}
}

// run shows the clusters of a run, each where it was set: what a glyph is wider
// or narrower than its place is taken back by the number behind it.
func (p *Page) run(run typeset.Run, x, y float64) {
	clusters := clustersOf(run)
	if len(clusters) == 0 {
		return
	}
	n, f := p.font(run.Face)
	fmt.Fprintf(&p.content, "BT /F%d %s Tf 1 0 0 -1 %s %s Tm [", n, number(run.Size), number(x+clusters[0].x), number(y+run.Y))
	pen := clusters[0].x
	for _, c := range clusters {
		if off := round((pen - c.x) / run.Size * unitsPerEm); off != 0 {
			p.content.WriteString(strconv.Itoa(off))
			pen -= float64(off) / unitsPerEm * run.Size
		}
		g := f.glyph(run, c)
		fmt.Fprintf(&p.content, "<%04X>", g)
		pen += float64(f.glyphs[g].width) / unitsPerEm * run.Size
	}
	p.content.WriteString("] TJ ET\n")
}

func (p *Page) font(face *typeset.Face) (int, *font) {
	for n, f := range p.fonts {
		if f.face.ID() == face.ID() {
			return n, f
		}
	}
	p.fonts = append(p.fonts, newFont(face))
	return len(p.fonts) - 1, p.fonts[len(p.fonts)-1]
}

func (p *Page) colour(c Colour) {
	fmt.Fprintf(&p.content, "%s %s %s rg\n", number(float64(c>>16&0xFF)/255), number(float64(c>>8&0xFF)/255), number(float64(c&0xFF)/255))
}

func (p *Page) fill(outline []typeset.Segment, c Colour) {
	if len(outline) == 0 {
		return
	}
	p.colour(c)
	var at typeset.Point
	for _, s := range outline {
		switch s.Op {
		case typeset.MoveTo:
			p.draw("m", s.P[0])
		case typeset.LineTo:
			p.draw("l", s.P[0])
		case typeset.QuadTo:
			p.draw("c", between(at, s.P[0], 2./3), between(s.P[1], s.P[0], 2./3), s.P[1])
		case typeset.CubeTo:
			p.draw("c", s.P[0], s.P[1], s.P[2])
		}
		points := s.Points()
		at = points[len(points)-1]
	}
	p.content.WriteString("f\n")
}

func (p *Page) draw(op string, points ...typeset.Point) {
	for _, to := range points {
		p.content.WriteString(number(to.X) + " " + number(to.Y) + " ")
	}
	p.content.WriteString(op + "\n")
}

// number is a length to a thousandth, as short as it can be written. Rounding
// also hides the last bits of sines, which differ between processors.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

// WriteTo writes the file. The error is what w answers.
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	f := new(file)
	catalog, page, tree := f.reserve(), f.reserve(), f.reserve()
	fonts := ""
	for n, font := range p.fonts {
		fonts += fmt.Sprintf(" /F%d %s", n, font.write(f))
	}
	content := f.stream("", p.content.Bytes())
	pages := f.reserve()
	f.set(page, fmt.Sprintf("<< /Type /Page /Parent %s /MediaBox [0 0 %s %s] /Resources << /Font <<%s >> >> /Contents %s /StructParents 0 /Tabs /S >>",
		pages, number(p.width), number(p.height), fonts, content))
	f.set(pages, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count 1 >>", page))
	p.structure(f, tree, page)
	names, associated := p.attachments(f)
	profile := f.stream("/N 3", colourProfile())
	metadata := f.plain("/Type /Metadata /Subtype /XML", p.metadata())
	f.set(catalog, fmt.Sprintf("<< /Type /Catalog /Pages %s /Lang %s /MarkInfo << /Marked true >> /StructTreeRoot %s /Metadata %s"+
		" /ViewerPreferences << /DisplayDocTitle true >> /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB) /DestOutputProfile %s >>]%s%s >>",
		pages, text(p.about.Lang), tree, metadata, profile, names, associated))
	info := f.add(p.info())
	err := f.writeTo(count, catalog, info)
	return count.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
