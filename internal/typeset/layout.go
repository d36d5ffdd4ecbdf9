package typeset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// em is the size in which texts are shaped, whatever they are set in: the shaper
// rounds sizes to whole units, and a text is shaped once for all sizes.
const em = 512

// maxMissing is how many letters without a font are told.
const maxMissing = 10

var (
	// ErrStyle: a length of the style is negative, or no size is given.
	ErrStyle = errors.New("typeset: impossible style")
	// ErrShape: a font or text broke the shaper. It is a fault, of ours or of the
	// font.
	ErrShape = errors.New("typeset: the text could not be shaped")
)

// Layout sets a text. Equal texts and styles give equal blocks as long as the
// fonts are the same. The work is bounded by MaxRunes and by the size of the
// fonts. Errors: ErrStyle, ErrShape.
func (l *Library) Layout(text string, style Style) (block *Block, err error) {
	if !(style.Size > 0 && style.Size < 1e5) || style.MinSize < 0 || style.MaxWidth < 0 || style.MaxLines < 0 || style.MaxHeight < 0 {
		return nil, ErrStyle
	}
	all, err := l.index()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			l.shaper, l.split, l.wrapper = shaping.HarfbuzzShaper{}, shaping.Segmenter{}, shaping.LineWrapper{}
			block, err = nil, fmt.Errorf("%w: %v", ErrShape, p)
		}
	}()
	s := setter{library: l, style: style, faces: &chooser{library: l, all: all, style: style}}
	s.runes, s.cut = clean(text)
	s.leftward = rightToLeft(s.runes, style)
	return s.set(), nil
}

// setter sets one text.
type setter struct {
	library  *Library
	style    Style
	faces    *chooser
	runes    []rune
	cut      bool // the text is longer
	leftward bool
	runs     []shaping.Output
	dots     shaping.Output // the ellipsis
}

func (s *setter) set() *Block {
	b := &Block{RightToLeft: s.leftward, Size: s.style.Size}
	if len(s.runes) == 0 {
		return b
	}
	s.shape()
	if len(s.faces.missing) > 0 {
		b.Missing = s.faces.missing
		return b
	}
	size, lines, truncated := s.fit()
	b.Size, b.Truncated = size, truncated || s.cut
	s.place(b, lines, truncated)
	return b
}

func (s *setter) direction() di.Direction {
	if s.leftward {
		return di.DirectionRTL
	}
	return di.DirectionLTR
}

// shape makes glyphs of the runes: parts in one direction, script and font.
func (s *setter) shape() {
	input := shaping.Input{Text: s.runes, RunEnd: len(s.runes), Direction: s.direction(), Size: fixed.I(em),
		Language: language.NewLanguage(cmp.Or(s.style.Lang, "en"))}
	for _, part := range s.library.split.Split(input, s.faces) {
		if part.Face == nil || len(s.faces.missing) > 0 {
			continue // told as missing
		}
		out := s.library.shaper.Shape(part) // with extents, by which the wrapper tells white space
		for _, g := range out.Glyphs {
			if g.GlyphID == 0 && g.TextIndex() < len(s.runes) {
				s.faces.lacks(s.runes[g.TextIndex()])
			}
		}
		s.runs = append(s.runs, out)
	}
	if s.ends() && len(s.faces.missing) == 0 {
		s.faces.SetScript(language.Latin)
		dots := []rune{ellipsis}
		s.dots = s.library.shaper.Shape(shaping.Input{Text: dots, RunEnd: 1, Direction: s.direction(), Size: fixed.I(em),
			Face: s.faces.ResolveFace(ellipsis), Script: language.Latin, Language: input.Language})
	}
}

// fit breaks the lines at the greatest size at which the text fits.
func (s *setter) fit() (size float64, lines []shaping.Line, truncated bool) {
	for size = s.style.Size; s.style.MinSize > 0 && size > s.style.MinSize; size = max(size*0.93, s.style.MinSize) {
		lines, truncated = s.wrap(size, s.style.MaxWidth, s.style.MaxLines, shaping.Never)
		if !truncated && s.within(lines, size) {
			return size, s.balance(lines, size), false
		}
	}
	lines, truncated = s.wrap(size, s.style.MaxWidth, s.style.MaxLines, shaping.WhenNecessary)
	for few := len(lines) - 1; few > 0 && s.tooHigh(lines, size); few-- {
		lines, truncated = s.wrap(size, s.style.MaxWidth, few, shaping.WhenNecessary)
	}
	if !truncated {
		lines = s.balance(lines, size)
	}
	return size, lines, truncated
}

// ends tells whether the text may have to be cut.
func (s *setter) ends() bool { return s.style.MaxLines > 0 || s.style.MaxHeight > 0 }

func (s *setter) tooHigh(lines []shaping.Line, size float64) bool {
	var sum float64
	for i := range lines {
		ascent, descent := room(lines, i)
		sum += length(ascent+descent, size)
	}
	return s.style.MaxHeight > 0 && sum > s.style.MaxHeight+0.01*size
}

// extents are how far the fonts of a line reach above and below it.
func extents(line shaping.Line) (ascent, descent fixed.Int26_6) {
	for _, run := range line {
		ascent, descent = max(ascent, run.LineBounds.Ascent), max(descent, -run.LineBounds.Descent)
	}
	return ascent, descent
}

// Fonts of Arabic ask for so much room that two lines of a name look like two
// names. A line that is higher than loose takes, where another stands next to it,
// no more than a common font does, or than its ink with some air.
const (
	loose         = em * 64 * 3 / 2
	commonAscent  = em * 64 * 107 / 100
	commonDescent = em * 64 * 30 / 100
	air           = em * 64 / 10
)

// room is how far a line reaches above and below its baseline among others.
func room(lines []shaping.Line, i int) (ascent, descent fixed.Int26_6) {
	ascent, descent = extents(lines[i])
	if ascent+descent <= loose {
		return ascent, descent
	}
	above, below := inked(lines[i])
	if i > 0 {
		ascent = min(ascent, max(commonAscent, above+air))
	}
	if i < len(lines)-1 {
		descent = min(descent, max(commonDescent, below+air))
	}
	return ascent, descent
}

// inked is how far the glyphs of a line reach above and below it.
func inked(line shaping.Line) (above, below fixed.Int26_6) {
	for _, run := range line {
		for _, g := range run.Glyphs {
			top := g.YBearing + g.YOffset
			above, below = max(above, top), max(below, -(top+g.Height))
		}
	}
	return above, below
}

// wrap breaks lines of a width. What it returned before is no longer valid. The
// wrapper takes the advance from spaces at the ends of lines, so that each time
// it gets glyphs of its own.
func (s *setter) wrap(size, width float64, limitLines int, policy shaping.LineBreakPolicy) (lines []shaping.Line, truncated bool) {
	runs := slices.Clone(s.runs)
	for i := range runs {
		runs[i].Glyphs = slices.Clone(runs[i].Glyphs)
	}
	limit := fixed.Int26_6(1<<31 - 1)
	if width > 0 {
		limit = fixed.Int26_6(min(width/size*em*64, 1<<31-1))
	}
	lines, left := s.library.wrapper.WrapParagraphF(shaping.WrapConfig{
		Direction: s.direction(), TruncateAfterLines: limitLines, Truncator: s.dots, BreakPolicy: policy,
	}, limit, s.runes, shaping.NewSliceIterator(runs))
	return lines, left > 0
}

// within tells whether every line is as short as it has to be.
func (s *setter) within(lines []shaping.Line, size float64) bool {
	if s.tooHigh(lines, size) {
		return false
	}
	return s.style.MaxWidth == 0 || !slices.ContainsFunc(lines, func(line shaping.Line) bool {
		return advance(line, size) > s.style.MaxWidth+0.01
	})
}

// balance finds the least width that makes as few lines.
func (s *setter) balance(lines []shaping.Line, size float64) []shaping.Line {
	count := len(lines)
	if !s.style.Balance || s.style.MaxWidth == 0 || count < 2 || count > 4 {
		return lines
	}
	least, most := s.style.MaxWidth/float64(count), s.style.MaxWidth
	for range 7 {
		middle := (least + most) / 2
		tried, truncated := s.wrap(size, middle, s.style.MaxLines, shaping.Never)
		fits := !truncated && len(tried) == count && !slices.ContainsFunc(tried, func(line shaping.Line) bool {
			return advance(line, size) > middle
		})
		if fits {
			most = middle
		} else {
			least = middle
		}
	}
	if lines, truncated := s.wrap(size, most, s.style.MaxLines, shaping.Never); !truncated && len(lines) == count && s.within(lines, size) {
		return lines
	}
	lines, _ = s.wrap(size, s.style.MaxWidth, s.style.MaxLines, shaping.WhenNecessary)
	return lines
}

func advance(line shaping.Line, size float64) float64 {
	var sum fixed.Int26_6
	for _, run := range line {
		sum += run.Advance
	}
	return length(sum, size)
}

// length is a length of the shaper in units of the style.
func length(v fixed.Int26_6, size float64) float64 { return float64(v) / 64 / em * size }

// place puts the lines below each other.
func (s *setter) place(b *Block, lines []shaping.Line, truncated bool) {
	for _, line := range lines {
		b.Width = max(b.Width, advance(line, b.Size))
	}
	box := cmp.Or(s.style.MaxWidth, b.Width)
	for i, line := range lines {
		ascent, descent := room(lines, i)
		placed := Line{Width: advance(line, b.Size), Baseline: b.Height + length(ascent, b.Size)}
		placed.X = s.side(box - placed.Width)
		b.Height = placed.Baseline + length(descent, b.Size)
		s.runsOf(&placed, line, b.Size, truncated && i == len(lines)-1)
		b.Lines = append(b.Lines, placed)
	}
}

// side is where a line begins that leaves some room.
func (s *setter) side(room float64) float64 {
	switch {
	case s.style.Align == Center:
		return room / 2
	case (s.style.Align == End) != s.leftward:
		return room
	}
	return 0
}

// runsOf puts the runs of a line side by side.
func (s *setter) runsOf(to *Line, line shaping.Line, size float64, ended bool) {
	order := make([]int, len(line))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(line[a].VisualIndex, line[b].VisualIndex) })
	x := to.X
	for _, i := range order {
		text, from := s.runes, &line[i]
		if ended && i == len(line)-1 {
			text = []rune{ellipsis}
			from.Runes = shaping.Range{Count: 1}
		}
		run := s.runOf(from, text, x, to.Baseline, size)
		x += run.Width
		to.Runs = append(to.Runs, run)
	}
}

func (s *setter) runOf(from *shaping.Output, text []rune, x, baseline, size float64) Run {
	run := Run{Face: s.faces.opened[from.Face], Size: size, X: x, Y: baseline, Width: length(from.Advance, size),
		RightToLeft: from.Direction == di.DirectionRTL, Glyphs: make([]Glyph, len(from.Glyphs)),
		Text: string(part(text, from.Runes.Offset, from.Runes.Count))}
	cluster := -1
	for i, g := range from.Glyphs {
		run.Glyphs[i] = Glyph{ID: uint32(g.GlyphID), Advance: length(g.Advance, size),
			X: x + length(g.XOffset, size), Y: baseline - length(g.YOffset, size)}
		if g.TextIndex() != cluster {
			cluster = g.TextIndex()
			run.Glyphs[i].Text = string(part(text, cluster, g.RunesCount()))
		}
		x += run.Glyphs[i].Advance
	}
	return run
}

func part(text []rune, from, count int) []rune {
	from = min(max(from, 0), len(text))
	return text[from:min(from+max(count, 0), len(text))]
}

// chooser finds a face for each letter.
type chooser struct {
	library *Library
	all     []*source
	style   Style
	first   string // the family of the script at hand
	latest  *Face
	opened  map[*font.Face]*Face
	missing []rune
}

// SetScript implements shaping.FontmapScript.
func (c *chooser) SetScript(script language.Script) {
	c.first = familyOf(script, c.style.Lang)
}

// ResolveFace implements shaping.Fontmap. What belongs to no script stays in the
// font of its neighbour, if that has it.
func (c *chooser) ResolveFace(r rune) *font.Face {
	if c.latest != nil && !unreadable(r) && (pictureless(r) || !language.LookupScript(r).Strong() && c.latest.has(r)) {
		return c.latest.face
	}
	if !unreadable(r) {
		for _, s := range c.library.order(c.all, orderKey{c.first, c.style.Bold}) {
			if s.has(r) || pictureless(r) {
				if f := c.library.face(s); f != nil {
					return c.use(f)
				}
			}
		}
	}
	c.lacks(r)
	return nil
}

func (c *chooser) use(f *Face) *font.Face {
	if c.opened == nil {
		c.opened = map[*font.Face]*Face{}
	}
	c.latest, c.opened[f.face] = f, f
	return f.face
}

func (c *chooser) lacks(r rune) {
	if len(c.missing) < maxMissing && !slices.Contains(c.missing, r) {
		c.missing = append(c.missing, r)
	}
}
