package typeset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/font/opentype/tables"
)

// source is a face that was found and may not be loaded.
type source struct {
	family string
	bold   bool
	index  int    // in its file
	path   string // "" where it is built in
	built  []byte
	weight int64     // bytes of the file: what it costs to have it loaded
	covers [][2]rune // sorted, both ends included
	broken bool      // it could not be loaded; within the lock of the library
}

// Face is a font in one weight, loaded. It is safe for concurrent use.
type Face struct {
	*source

	face *font.Face // what it caches is used within the lock of the library
}

// ID tells one face from all others of a library.
func (f *Face) ID() string { return fmt.Sprintf("%s#%d", cmp.Or(f.path, f.Name()), f.index) }

// Name tells the face for messages: family and weight.
func (f *Face) Name() string {
	if f.bold {
		return f.family + " Bold"
	}
	return f.family
}

// UnitsPerEm is how many units of an outline are the size of the font.
func (f *Face) UnitsPerEm() float64 { return float64(f.face.Upem()) }

// Advance is how far a glyph moves on, in units of the font.
func (f *Face) Advance(glyph uint32) float64 {
	return float64(f.face.HorizontalAdvance(font.GID(glyph)))
}

// Data reads the file of the font, and the index of the face in it where it is
// a collection. The bytes are not the caller's to change.
func (f *Face) Data() (file []byte, index int, err error) {
	if f.built != nil {
		return f.built, 0, nil
	}
	file, err = os.ReadFile(f.path)
	return file, f.index, err
}

// Outline is the drawing of a glyph in units of the font, y upwards. A glyph
// without one, such as a space, has none.
func (f *Face) Outline(glyph uint32) []Segment {
	if font.GID(glyph) == font.EmptyGlyph {
		return nil
	}
	drawn, ok := f.face.GlyphDataOutline(font.GID(glyph))
	if !ok {
		return nil
	}
	segments := make([]Segment, len(drawn.Segments))
	for i, s := range drawn.Segments {
		segments[i].Op = Op(s.Op)
		for j, p := range s.Args {
			segments[i].P[j] = Point{float64(p.X), float64(p.Y)}
		}
	}
	return segments
}

func (s *source) has(r rune) bool {
	_, found := slices.BinarySearchFunc(s.covers, r, func(span [2]rune, r rune) int {
		switch {
		case span[1] < r:
			return -1
		case span[0] > r:
			return 1
		}
		return 0
	})
	return found
}

// builtIn is what can be drawn without any font on the system.
func builtIn() ([]*source, error) {
	var all []*source
	for _, raw := range [][]byte{dejavusans.TTF, dejavusansbold.TTF} {
		faces, err := describe(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("typeset: the built-in font: %w", err)
		}
		faces[0].built, faces[0].weight = raw, int64(len(raw))
		all = append(all, faces[0])
	}
	return all, nil
}

// fromFile looks at a font file without loading it.
func fromFile(path string) ([]*source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFontFile {
		return nil, errors.New("no regular file of a bounded size")
	}
	faces, err := describe(file)
	for _, f := range faces {
		f.path, f.weight = path, info.Size()
	}
	return faces, err
}

// describe reads names and coverage of the faces of a file that draw upright
// letters of ordinary or bold weight. Others' code reads others' files here: a
// panic in it is a font that cannot be read.
func describe(file opentype.Resource) (faces []*source, err error) {
	defer func() {
		if p := recover(); p != nil {
			faces, err = nil, fmt.Errorf("the file cannot be read: %v", p)
		}
	}()
	loaders, err := opentype.NewLoaders(file)
	if err != nil {
		return nil, err
	}
	for i, l := range loaders {
		about, _ := font.Describe(l, nil)
		about.Aspect.SetDefaults()
		if !wanted(l, about) {
			continue
		}
		covers, err := coverage(l)
		if err != nil {
			return nil, err
		}
		faces = append(faces, &source{family: about.Family, bold: about.Aspect.Weight == font.WeightBold, index: i, covers: covers})
	}
	return faces, nil
}

// wanted tells faces to set names and titles in: no slanted, narrow or light
// ones, none of a fixed width, and none that are made of pictures.
func wanted(l *opentype.Loader, about font.Description) bool {
	a := about.Aspect
	if a.Style != font.StyleNormal || a.Stretch != font.StretchNormal || a.Weight != font.WeightNormal && a.Weight != font.WeightBold {
		return false
	}
	for _, word := range []string{"Mono", "Display", "Slanted", "Unjoined", "Looped", "Music", "Emoji"} {
		if strings.Contains(about.Family, word) {
			return false
		}
	}
	return l.HasTable(opentype.MustNewTag("glyf")) || l.HasTable(opentype.MustNewTag("CFF ")) || l.HasTable(opentype.MustNewTag("CFF2"))
}

func coverage(l *opentype.Loader) ([][2]rune, error) {
	raw, err := l.RawTable(opentype.MustNewTag("cmap"))
	if err != nil {
		return nil, err
	}
	table, _, err := tables.ParseCmap(raw)
	if err != nil {
		return nil, err
	}
	chars, _, err := font.ProcessCmap(table, tables.FPNone)
	if err != nil {
		return nil, err
	}
	var all []rune
	for iter := chars.Iter(); iter.Next(); {
		if r, glyph := iter.Char(); glyph != 0 {
			all = append(all, r)
		}
	}
	slices.Sort(all)
	var spans [][2]rune
	for _, r := range all {
		if n := len(spans); n > 0 && spans[n-1][1]+1 >= r {
			spans[n-1][1] = r
		} else {
			spans = append(spans, [2]rune{r, r})
		}
	}
	return slices.Clip(spans), nil
}

// read loads the font.
func (s *source) read() (face *Face, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the font cannot be read: %v", p)
		}
	}()
	var file opentype.Resource = bytes.NewReader(s.built)
	if s.built == nil {
		opened, err := os.Open(s.path)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		file = opened
	}
	loaders, err := opentype.NewLoaders(file)
	if err != nil {
		return nil, err
	}
	if s.index >= len(loaders) {
		return nil, io.ErrUnexpectedEOF // the file has changed
	}
	loaded, err := font.NewFont(loaders[s.index])
	if err != nil {
		return nil, err
	}
	return &Face{s, font.NewFace(loaded)}, nil
}
