package draw

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"laurel/internal/typeset"
)

// The size of a preview, in pixels, as the sites where links are shared have it.
const PreviewWidth, PreviewHeight = 1200, 630

// Sign says how a badge stands, by a form and a colour. The zero value is doubt.
type Sign int

// The signs.
const (
	Doubt Sign = iota
	Good
	Bad
)

// Preview is what is to be read on the picture of a badge. Texts come as they
// are to be read; "" for what there is not.
type Preview struct {
	Sign     Sign
	Headline string // how the badge stands, in a word or two
	Medal    Medal  // the achievement, as it was signed
	Artwork  image.Image
	Lines    [3]Labelled // holder, issuer, day
	Host     string      // where the badge can be looked at
	Lang     string      // of headline and labels
	Leftward bool        // the page that it stands for runs from right to left
}

// Labelled is a text with what it is.
type Labelled struct{ Label, Text string }

// colour is never all that tells: there is the form, and the word.
func (s Sign) colour() colour {
	switch s {
	case Good:
		return 0x1F6B4A
	case Bad:
		return 0xA1262B
	}
	return 0x8A5A00
}

const (
	paper, ink, quiet = colour(0xFBFAF5), colour(0x1E2622), colour(0x55605A)

	edge       = 64 // pixels around everything
	medalSide  = 400
	bandHeight = 104
	column     = PreviewWidth - 3*edge - medalSide
)

// PNG writes the picture to w. What is not good has no laurel in
// colour. Errors: those of typeset.Library.Layout, and what w answers.
func (p Preview) PNG(w io.Writer, fonts *typeset.Library) error {
	s := sketch{canvas: &canvas{img: image.NewRGBA(image.Rect(0, 0, PreviewWidth, PreviewHeight)),
		fill: vector.NewRasterizer(PreviewWidth, PreviewHeight), half: 1, left: -1, top: -1}, fonts: fonts, leftward: p.Leftward}
	s.box(paper, 0, 0, PreviewWidth, PreviewHeight)
	s.picture(p)
	s.band(p)
	s.texts(p)
	if s.err != nil {
		return fmt.Errorf("draw: the preview: %w", s.err)
	}
	return encode(w, reduce(s.img))
}

// sketch is a canvas with a unit of one pixel and its origin in the corner, on
// which texts are set. The first error stays.
type sketch struct {
	*canvas
	fonts    *typeset.Library
	leftward bool
	err      error
}

func (s *sketch) box(col colour, x, y, width, height float64) {
	s.paint(col, []shape{{{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}}}, nil)
}

// side mirrors a place of some width where the page runs from right to left.
func (s *sketch) side(x, width float64) float64 {
	if s.leftward {
		return PreviewWidth - x - width
	}
	return x
}

// set lays a text out in a column; lines of any direction begin where the page
// does.
func (s *sketch) set(text string, style typeset.Style) *typeset.Block {
	b, err := s.fonts.Layout(text, style)
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return new(typeset.Block)
	}
	if b.RightToLeft != s.leftward && style.Align == typeset.Start {
		style.Align = typeset.End
		return s.set(text, style)
	}
	return b
}

// picture puts the medal, or the artwork of the achievement, on the side.
func (s *sketch) picture(p Preview) {
	x, y := int(s.side(edge, medalSide)), bandHeight+(PreviewHeight-bandHeight-medalSide)/2
	to := image.Rect(x, y, x+medalSide, y+medalSide)
	if p.Artwork != nil {
		drawWithin(s.img, to, p.Artwork)
	} else if err := medalOn(s.within(x, y, medalSide), s.fonts, p.Medal); err != nil && s.err == nil {
		s.err = err
	}
	if p.Sign != Good {
		fade(s.img, to)
	}
}

// fade takes the colour out of a part and most of its weight.
func fade(img *image.RGBA, part image.Rectangle) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := img.RGBAAt(x, y)
			if c == paper.rgba() { // or a square would be seen around the picture
				continue
			}
			grey := (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000
			grey = 150 + grey*105/255
			img.SetRGBA(x, y, color.RGBA{uint8(grey), uint8(grey), uint8(grey), 0xFF})
		}
	}
}

// band says across the whole picture how the badge stands.
func (s *sketch) band(p Preview) {
	s.box(p.Sign.colour(), 0, 0, PreviewWidth, bandHeight)
	const radius = 32
	middle := point{s.side(edge, 2*radius) + radius, bandHeight / 2}
	s.paint(0xFFFFFF, []shape{circle(middle, radius)}, nil)
	figure := p.Sign.figure()
	for _, f := range figure {
		for i := range f {
			f[i] = f[i].times(radius).plus(middle)
		}
	}
	s.paint(p.Sign.colour(), figure, nil)
	const left = edge + 2*radius + 24
	width := float64(PreviewWidth - left - edge)
	b := s.set(p.Headline, typeset.Style{Size: 54, MinSize: 30, Bold: true, Lang: p.Lang, MaxWidth: width, MaxLines: 1})
	s.write(0xFFFFFF, b.Ink(), point{s.side(left, width), (bandHeight - b.Height) / 2}, 1)
}

// figure is a tick, a cross or an exclamation mark in a circle of radius 1.
func (s Sign) figure() []shape {
	switch s {
	case Good:
		return []shape{{{-0.52, 0.06}, {-0.36, -0.12}, {-0.12, 0.14}, {0.4, -0.46}, {0.57, -0.31}, {-0.11, 0.47}}}
	case Bad:
		return []shape{{{-0.5, -0.33}, {-0.33, -0.5}, {0.5, 0.33}, {0.33, 0.5}}, {{0.33, -0.5}, {0.5, -0.33}, {-0.33, 0.5}, {-0.5, 0.33}}}
	}
	return []shape{{{-0.13, -0.6}, {0.13, -0.6}, {0.08, 0.18}, {-0.08, 0.18}}, circle(point{0, 0.43}, 0.14)}
}

// texts fills the column beside the picture: the title above, then holder,
// issuer and day, and the host at the foot.
func (s *sketch) texts(p Preview) {
	x := s.side(2*edge+medalSide, column)
	y := s.lines(p.Medal.Title, typeset.Style{Size: 50, MinSize: 30, Bold: true, Lang: p.Medal.Lang, MaxWidth: column, MaxLines: 3, MaxHeight: 170}, ink, x, bandHeight+30)
	for i, line := range p.Lines {
		if line.Text == "" {
			continue
		}
		style := typeset.Style{Size: 30, MinSize: 22, Lang: p.Medal.Lang, MaxWidth: column, MaxLines: 1}
		if i == 0 {
			style.Size, style.MinSize, style.Bold, style.MaxLines, style.MaxHeight = 40, 26, true, 2, 90
		}
		y = s.lines(line.Label, typeset.Style{Size: 21, Lang: p.Lang, MaxWidth: column, MaxLines: 1}, quiet, x, y+12)
		y = s.lines(line.Text, style, ink, x, y)
	}
	s.lines(p.Host, typeset.Style{Size: 26, MinSize: 16, Lang: p.Lang, Dir: typeset.LeftToRight, MaxWidth: column, MaxLines: 1}, quiet, x, PreviewHeight-62)
}

// lines writes a text from y on, and returns where the next may begin: by its
// baselines and not by the reach of its fonts, which differs between scripts.
func (s *sketch) lines(text string, style typeset.Style, col colour, x, y float64) float64 {
	b := s.set(text, style)
	if len(b.Lines) == 0 {
		return y
	}
	first, last := b.Lines[0].Baseline, b.Lines[len(b.Lines)-1].Baseline
	s.write(col, b.Ink(), point{x, y + b.Size - first}, 1)
	return y + b.Size + last - first + 0.38*b.Size
}

// drawWithin fits a picture into a part, whole and in its proportions.
func drawWithin(img *image.RGBA, part image.Rectangle, picture image.Image) {
	size := picture.Bounds().Size()
	width, height := part.Dx(), part.Dy()
	if size.X*height > size.Y*width {
		height = max(size.Y*width/size.X, 1)
	} else {
		width = max(size.X*height/size.Y, 1)
	}
	at := part.Min.Add(image.Pt((part.Dx()-width)/2, (part.Dy()-height)/2))
	xdraw.CatmullRom.Scale(img, image.Rectangle{at, at.Add(image.Pt(width, height))}, picture, picture.Bounds(), draw.Over, nil)
}
