package certificate

import (
	"cmp"
	"math"

	"laurel/api/face"
	"laurel/internal/pdf"
	"laurel/internal/typeset"
)

// The colours: quiet, and dark enough to print in black and white.
const (
	black pdf.Colour = 0x000000
	ink   pdf.Colour = 0x1D2A26
	pine  pdf.Colour = 0x2F5D50
	leaf  pdf.Colour = 0x5B8A72
	gold  pdf.Colour = 0xA98734
	grey  pdf.Colour = 0x55625C
	alarm pdf.Colour = 0x9B2226
	blush pdf.Colour = 0xF1D3CF
)

const (
	margin = 10 * pdf.Millimetre // of the frame
	inset  = 20 * pdf.Millimetre // of what stands in it

	// How high the foot is, without and with the second code, and how high the
	// wreath, as a part of the sheet: it gives up the room that the code takes.
	footing, offlineFooting = 37 * pdf.Millimetre, 48 * pdf.Millimetre
	crown, offlineCrown     = 0.145, 0.09

	codeSide    = 28 * pdf.Millimetre // of the QR code with the address
	offlineSide = 38 * pdf.Millimetre // of the one for checks without a network
)

// slanted says across the page how a badge stands that is not simply good.
func (s *sheet) slanted() error {
	if s.card.Face.Holds() {
		return nil
	}
	block, err := s.set(piece{text: s.card.Face.Headline, style: typeset.Style{Size: 92, MinSize: 30, Bold: true, MaxWidth: 0.8 * s.width, MaxLines: 1}})
	if err != nil {
		return err
	}
	sin, cos := math.Sincos(18 * math.Pi / 180)
	s.page.Slanted(block, s.width/2, s.height/2-footing/3, sin, cos, blush, "")
	return nil
}

// line is something that stands in the middle: a piece, items side by side, or a
// rule, with room above it.
type line struct {
	piece
	items []string
	rule  bool
	gap   float64 // above
	spare bool    // may be left out where there is no room
	block *typeset.Block
	rows  [][]*typeset.Block
}

// middle is what a certificate says, each line in the middle below the other.
func (s *sheet) middle() error {
	wreath, foot := crown*s.height, float64(footing)
	if s.card.OfflineCard != "" {
		wreath, foot = offlineCrown*s.height, offlineFooting
	}
	lines, err := s.measured(s.lines())
	if err != nil {
		return err
	}
	top, room := margin+5*pdf.Millimetre, s.height-2*margin-foot-8*pdf.Millimetre
	lines = fitted(lines, room-wreath)
	rest := room - wreath - heightOf(lines)
	y := top + min(rest/3, 14)
	s.wreath(s.width/2, y+wreath/2, wreath/2)
	y += wreath
	stretch := min(max(rest-14, 0)/float64(len(lines)+1), 7)
	for _, l := range lines {
		y += l.gap + stretch
		y += s.drawLine(l, y)
	}
	return nil
}

func (s *sheet) lines() []line {
	signed, lang := s.card.Face.Signed, s.card.Face.Signed.Language
	wide := s.width - 2*inset
	centre := func(size, least float64, bold bool, most int) typeset.Style {
		return typeset.Style{Size: size, MinSize: least, Bold: bold, MaxWidth: wide, MaxLines: most, Align: typeset.Center, Balance: true}
	}
	lines := []line{
		{piece: piece{text: cmp.Or(signed.Issuer, signed.Host), style: centre(15, 9, true, 2), colour: pine, lang: lang}, gap: 6},
		{piece: piece{text: s.state(), style: centre(11.5, 8, true, 2), colour: alarm}, gap: 3},
		{piece: piece{text: s.say("certificate.to", nil), style: centre(11.5, 0, false, 1), colour: grey}, gap: 8},
		{piece: piece{text: cmp.Or(signed.Holder, s.say("certificate.nameless", nil)), kind: pdf.Title, style: centre(36, 13, false, 2), colour: ink, required: true}, gap: 1},
		{rule: true, gap: 4},
		{piece: piece{text: s.say("certificate.for", nil), style: centre(11.5, 0, false, 1), colour: grey}, gap: 5},
		{piece: piece{text: signed.Title, style: centre(21, 11, true, 3), colour: pine, lang: lang, required: true}, gap: 2},
		{piece: piece{text: signed.Description, style: centre(10, 8.5, false, 3), colour: ink, lang: lang}, gap: 5, spare: true},
		{items: s.card.Face.Facts(s.Printer), gap: 8},
		{items: results(signed), gap: 3, spare: true},
	}
	return lines
}

// state says in a sentence how a badge stands that is not simply good.
func (s *sheet) state() string {
	if s.card.Face.Holds() {
		return ""
	}
	return s.card.Face.Standing(s.Printer)
}

// results are in the words of the issuer, but for those of the standard.
func results(signed face.Signed) (all []string) {
	const most = 4
	for _, r := range signed.Results[:min(len(signed.Results), most)] {
		if r.Name == "" {
			all = append(all, r.Value)
		} else {
			all = append(all, r.Name+": "+r.Value)
		}
	}
	return all
}

// measured sets what lines hold, and leaves out those that hold nothing.
func (s *sheet) measured(lines []line) (kept []line, err error) {
	for _, l := range lines {
		switch {
		case l.rule:
			kept = append(kept, l)
		case l.items != nil:
			if l.rows, err = s.rows(l.items); err != nil {
				return nil, err
			}
			if len(l.rows) > 0 {
				kept = append(kept, l)
			}
		case l.text != "":
			if l.block, err = s.set(l.piece); err != nil {
				return nil, err
			}
			if len(l.block.Lines) > 0 {
				kept = append(kept, l)
			}
		}
	}
	return kept, nil
}

// itemGap is the room between items that stand side by side.
const itemGap = 22

// rows sets items side by side, as many as there is room for. Each is set by
// itself, so that what is signed cannot change the order of the others.
func (s *sheet) rows(items []string) (rows [][]*typeset.Block, err error) {
	wide, used := s.width-2*inset, math.Inf(1)
	for _, text := range items {
		block, err := s.set(piece{text: text, style: typeset.Style{Size: 10.5, MinSize: 8, MaxWidth: wide, MaxLines: 1}})
		if err != nil {
			return nil, err
		}
		if len(block.Lines) == 0 {
			continue
		}
		if used+itemGap+block.Width > wide {
			rows, used = append(rows, nil), -itemGap
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], block)
		used += itemGap + block.Width
	}
	return rows, nil
}

func (l line) height() float64 {
	switch {
	case l.rule:
		return 1
	case l.rows != nil:
		return rowHeight * float64(len(l.rows))
	}
	return l.block.Height
}

// Rows of items stand on lines, so far apart and so far below the top of a row.
const rowHeight, rowBaseline = 17, 12

func heightOf(lines []line) (sum float64) {
	for _, l := range lines {
		sum += l.gap + l.height()
	}
	return sum
}

// fitted leaves out spare lines, the last first, until the others have room.
func fitted(lines []line, room float64) []line {
	for n := len(lines) - 1; n >= 0 && heightOf(lines) > room; n-- {
		if lines[n].spare {
			lines = append(lines[:n:n], lines[n+1:]...)
		}
	}
	return lines
}

// drawLine draws a line and returns how high it is.
func (s *sheet) drawLine(l line, y float64) float64 {
	switch {
	case l.rule:
		s.flourish(s.width/2, y)
	case l.rows != nil:
		for n, row := range l.rows {
			s.drawRow(row, y+rowHeight*float64(n))
		}
	default:
		s.page.Text(cmp.Or(l.kind, pdf.Paragraph), l.block, inset, y, l.colour, l.lang)
	}
	return l.height()
}

func (s *sheet) drawRow(row []*typeset.Block, y float64) {
	wide := itemGap * float64(len(row)-1)
	for _, b := range row {
		wide += b.Width
	}
	x := (s.width - wide) / 2
	for n := range row {
		b := row[n]
		if n > 0 {
			s.page.Decorate(diamond(s.side(x-itemGap/2, 0), y+rowBaseline-3.5, 2), gold)
		}
		s.page.Text(pdf.Paragraph, b, s.side(x, b.Width)-b.Lines[0].X, y+rowBaseline-b.Lines[0].Baseline, ink, "")
		x += b.Width + itemGap
	}
}

// side is the left edge of something that would stand at x if the page were laid
// out from left to right.
func (s *sheet) side(x, width float64) float64 {
	if s.leftward {
		return s.width - x - width
	}
	return x
}
