package typeset

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// system is the fonts that Debian's packages bring; the gate installs them.
func system(t testing.TB) *Library {
	t.Helper()
	l := Open(SystemFolders())
	if lacks, err := l.Lacks(); err != nil {
		t.Fatal(err)
	} else if len(lacks) > 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("fonts for %v are not installed: fonts-noto-core, fonts-noto-cjk", lacks)
		}
		t.Skipf("SKIPPED: fonts for %v are not installed: fonts-noto-core, fonts-noto-cjk", lacks)
	}
	return l
}

func set(t testing.TB, l *Library, text string, style Style) *Block {
	t.Helper()
	if style.Size == 0 {
		style.Size = 100
	}
	b, err := l.Layout(text, style)
	if err != nil {
		t.Fatalf("%.40q: %v", text, err)
	}
	return b
}

func faces(b *Block) (names []string) {
	for _, l := range b.Lines {
		for _, r := range l.Runs {
			if !slices.Contains(names, r.Face.Name()) {
				names = append(names, r.Face.Name())
			}
		}
	}
	return names
}

func read(b *Block) (lines []string) {
	for _, l := range b.Lines {
		var line string
		for _, r := range l.Runs {
			line += r.Text
		}
		lines = append(lines, line)
	}
	return lines
}

// Names as people have them, each in a font that was made for its script.
func TestScripts(t *testing.T) {
	l := system(t)
	for _, c := range []struct {
		text, lang, face string
		bold, leftward   bool
	}{
		{"Ana Example", "en", "Noto Sans", false, false},
		{"Zoë Müller-Łukasz", "fr", "Noto Sans Bold", true, false},
		{"Анна Примерова", "ru", "Noto Sans", false, false},
		{"Άννα Παράδειγμα", "en", "Noto Sans", false, false},
		{"المشارك 11", "ar", "Noto Sans Arabic", false, true},
		{"المشارك", "en", "Noto Sans Arabic Bold", true, true},
		{"城市健康规划", "zh", "Noto Sans CJK SC", false, false},
		{"城市健康規劃", "zh-TW", "Noto Sans CJK TC Bold", true, false},
		{"東京の人", "ja", "Noto Sans CJK JP", false, false},
		{"서울 시민", "ko", "Noto Sans CJK KR", false, false},
		{"अनामिका", "en", "Noto Sans Devanagari", false, false},
		{"ทดสอบ", "en", "Noto Sans Thai", false, false},
		{"አበበ", "en", "Noto Sans Ethiopic", false, false},
		{"ישראלה", "en", "Noto Sans Hebrew", false, true},
		{"தமிழ்", "en", "Noto Sans Tamil", false, false},
		{"ქართული", "en", "Noto Sans Georgian", false, false},
	} {
		b := set(t, l, c.text, Style{Lang: c.lang, Bold: c.bold})
		if len(b.Missing) > 0 {
			t.Errorf("%s: missing %q", c.text, b.Missing)
			continue
		}
		if got := faces(b); !slices.Equal(got, []string{c.face}) {
			t.Errorf("%s is set in %q, want %s", c.text, got, c.face)
		}
		if b.RightToLeft != c.leftward {
			t.Errorf("%s: right to left is %v", c.text, b.RightToLeft)
		}
		if len(b.Ink()) == 0 || b.Width <= 0 || b.Height < 100 {
			t.Errorf("%s: %d segments, %v by %v", c.text, len(b.Ink()), b.Width, b.Height)
		}
	}
}

// Arabic letters take the forms that their neighbours ask for: a word has none
// of the glyphs of its letters standing alone, but for those that join to
// nothing. Parted by ZWNJ it has them all, so that the comparison can fail.
func TestArabicIsJoined(t *testing.T) {
	for name, l := range map[string]*Library{"system": system(t), "built in": Open(nil)} {
		alone := glyphs(set(t, l, strings.Join(strings.Split("مشارك", ""), "\u200C"), Style{Lang: "ar"}))
		joined := glyphs(set(t, l, "مشارك", Style{Lang: "ar"}))
		for _, id := range glyphs(set(t, l, "م", Style{Lang: "ar"})) {
			if !slices.Contains(alone, id) {
				t.Errorf("%s: letters parted by ZWNJ are %v, without %d of a letter alone", name, alone, id)
			}
			if slices.Contains(joined, id) {
				t.Errorf("%s: a joined word %v has the glyph %d of a letter alone", name, joined, id)
			}
		}
		if pieces := contours(set(t, l, "مشارك", Style{Lang: "ar"})); pieces == 0 {
			t.Errorf("%s: no outlines", name)
		}
	}
}

func glyphs(b *Block) (ids []uint32) {
	for _, l := range b.Lines {
		for _, r := range l.Runs {
			for _, g := range r.Glyphs {
				if len(r.Face.Outline(g.ID)) > 0 {
					ids = append(ids, g.ID)
				}
			}
		}
	}
	return ids
}

func contours(b *Block) (n int) {
	for _, s := range b.Ink() {
		if s.Op == MoveTo {
			n++
		}
	}
	return n
}

// In a right-to-left line the word stands on the right and the number on the
// left of it, though it is read from left to right.
func TestBidi(t *testing.T) {
	b := set(t, system(t), "المشارك 11", Style{Lang: "ar", MaxWidth: 1000})
	runs := b.Lines[0].Runs
	if len(runs) < 2 || runs[0].Text != "11" || runs[0].RightToLeft || !runs[len(runs)-1].RightToLeft {
		t.Fatalf("runs from left to right: %+v", texts(runs))
	}
	if end := runs[len(runs)-1].X + runs[len(runs)-1].Width; math.Abs(end-1000) > 0.5 {
		t.Errorf("the line ends at %v, want it at the right edge", end)
	}
	x := math.Inf(-1)
	for _, g := range runs[0].Glyphs {
		if g.X <= x {
			t.Errorf("digits do not go to the right")
		}
		x = g.X
	}
}

func texts(runs []Run) (all []string) {
	for _, r := range runs {
		all = append(all, r.Text)
	}
	return all
}

// Overrides and controls change nothing of what is drawn.
func TestControlsAreTakenOut(t *testing.T) {
	l := system(t)
	plain := set(t, l, "abc def", Style{})
	for _, text := range []string{"\u202Eabc def\u202C", "abc\u2066\u2067 def\u2069", "\x00abc\x1b def\x7f", "abc\r\n\tdef ", "\uFEFFabc\u00AD def", "abc\U000E0041\U000E007F def"} {
		b := set(t, l, text, Style{})
		if !slices.Equal(glyphs(b), glyphs(plain)) || b.Width != plain.Width {
			t.Errorf("%q is drawn as %q", text, read(b))
		}
	}
	if b := set(t, l, "\u202Eمشارك abc\u202C", Style{}); !b.RightToLeft {
		t.Error("the letters no longer decide the direction")
	}
}

func TestNothingToDraw(t *testing.T) {
	for _, text := range []string{"", " \t", "\u202E\u200B", "\x00"} {
		if b := set(t, Open(nil), text, Style{MaxLines: 1, MaxWidth: 10, MinSize: 2}); len(b.Ink()) > 0 || len(b.Missing) > 0 {
			t.Errorf("%q: %d segments, missing %q", text, len(b.Ink()), b.Missing)
		}
	}
}

// What no font has is told and leaves no ink at all, never a box.
func TestMissing(t *testing.T) {
	l := Open(nil)
	for text, want := range map[string]string{"李 Ana": "李", "Ana \uE000": "\uE000", "a\uFFFDb": "\uFFFD", "Ana \xff": "\uFFFD", "ไทย": "ไทย"} {
		b := set(t, l, text, Style{MaxLines: 2, MaxWidth: 300})
		if string(b.Missing) != want || len(b.Lines) > 0 || len(b.Ink()) > 0 {
			t.Errorf("%q: missing %q and %d lines, want %q and none", text, b.Missing, len(b.Lines), want)
		}
	}
	lacks, err := l.Lacks()
	if err != nil || !slices.Equal(lacks, []string{"zh"}) {
		t.Errorf("the built-in font lacks %v (%v), want Chinese alone", lacks, err)
	}
}

func TestLines(t *testing.T) {
	l := system(t)
	text := "Planning for healthy cities, a course for people who plan cities and for those who care for health"
	b := set(t, l, text, Style{Size: 20, MaxWidth: 300})
	if len(b.Lines) < 3 || strings.Join(read(b), "") != text {
		t.Errorf("lines %q", read(b))
	}
	for _, line := range b.Lines {
		if line.Width > 300 {
			t.Errorf("a line is %v wide", line.Width)
		}
	}
	cutOff := set(t, l, text, Style{Size: 20, MaxWidth: 300, MaxLines: 2})
	if lines := read(cutOff); len(lines) != 2 || !cutOff.Truncated || !strings.HasSuffix(lines[1], "…") || cutOff.Lines[1].Width > 300 {
		t.Errorf("two lines: %q", lines)
	}
	small := set(t, l, text, Style{Size: 20, MaxWidth: 300, MaxLines: 2, MinSize: 8})
	if small.Truncated || small.Size >= 20 || small.Size < 8 || len(small.Lines) != 2 {
		t.Errorf("smaller: size %v, %q", small.Size, read(small))
	}
	even := set(t, l, text, Style{Size: 20, MaxWidth: 420, Balance: true})
	filled := set(t, l, text, Style{Size: 20, MaxWidth: 420})
	if len(even.Lines) != len(filled.Lines) || spread(even) > spread(filled) {
		t.Errorf("balanced %q, filled %q", read(even), read(filled))
	}
	for _, lang := range []string{"zh", "ar"} {
		text := map[string]string{"zh": strings.Repeat("城市健康规划，", 12), "ar": strings.Repeat("تخطيط المدن الصحية ", 12)}[lang]
		b := set(t, l, text, Style{Size: 20, MaxWidth: 300, MaxLines: 3, Lang: lang})
		if !b.Truncated || len(b.Lines) != 3 {
			t.Errorf("%s: %q", lang, read(b))
		}
		last := b.Lines[2].Runs
		dots := last[len(last)-1]
		if b.RightToLeft {
			dots = last[0]
		}
		if dots.Text != "…" {
			t.Errorf("%s: the ellipsis is not where the line ends: %q", lang, texts(last))
		}
	}
}

// However often lines were tried, spaces within them keep their width: a line
// that is set alone is as long as within its text.
func TestSpacesStay(t *testing.T) {
	l := system(t)
	for _, text := range []string{"Planning for healthy cities and those who live in them", "تخطيط المدن الصحية لمن يعيش فيها"} {
		b := set(t, l, text, Style{Size: 40, MinSize: 15, MaxWidth: 330, MaxLines: 3, Balance: true})
		if b.Truncated || len(b.Lines) != 3 {
			t.Fatalf("%q, truncated %v", read(b), b.Truncated)
		}
		for i, line := range b.Lines {
			words := read(b)[i]
			if alone := set(t, l, words, Style{Size: b.Size}); math.Abs(alone.Width-line.Width) > 0.1 {
				t.Errorf("%q is %v wide in its text and %v alone", words, line.Width, alone.Width)
			}
		}
	}
}

func TestMaxHeight(t *testing.T) {
	l := Open(nil)
	text := strings.Repeat("healthy cities ", 20)
	for _, style := range []Style{{Size: 40, MaxWidth: 300, MaxHeight: 200}, {Size: 40, MinSize: 10, MaxWidth: 300, MaxHeight: 200}, {Size: 40, MinSize: 30, MaxWidth: 300, MaxHeight: 100}} {
		b := set(t, l, text, style)
		if b.Height > style.MaxHeight || len(b.Lines) < 2 || b.Truncated != (b.Size > 25) {
			t.Errorf("%+v: %v high, size %v, truncated %v", style, b.Height, b.Size, b.Truncated)
		}
	}
	if b := set(t, l, "high", Style{Size: 40, MaxHeight: 1}); len(b.Lines) != 1 {
		t.Errorf("%d lines where there is room for none", len(b.Lines))
	}
}

// Lines of Arabic stand as near to each other as they can without touching, and
// no nearer.
func TestLinesKeepTogether(t *testing.T) {
	l := system(t)
	for text, most := range map[string]float64{"محمد بن عبد الرحمن العلي ": 1.6, "إِلَىٰ لُؤْلُؤَةِ أُمِّ حُجَيْجٍ ": 2.2, "Ana Mora Example ": 1.5} {
		b := set(t, l, strings.Repeat(text, 3), Style{Size: 100, MaxWidth: 1200})
		if len(b.Lines) < 2 {
			t.Fatalf("%s: %d lines", text, len(b.Lines))
		}
		for i := 1; i < len(b.Lines); i++ {
			if gap := (b.Lines[i].Baseline - b.Lines[i-1].Baseline) / b.Size; gap > most {
				t.Errorf("%s: lines are %v em apart", text, gap)
			}
			_, above := Bounds((&Block{Lines: b.Lines[i-1 : i]}).Ink())
			if below, _ := Bounds((&Block{Lines: b.Lines[i : i+1]}).Ink()); above.Y >= below.Y {
				t.Errorf("%s: line %d touches the one above", text, i)
			}
		}
	}
}

func spread(b *Block) float64 {
	least, most := math.Inf(1), 0.0
	for _, l := range b.Lines {
		least, most = min(least, l.Width), max(most, l.Width)
	}
	return most - least
}

func TestAlign(t *testing.T) {
	l := Open(nil)
	for text, want := range map[string][3]float64{"Ana": {0, 0.5, 1}, "مشارك": {1, 0.5, 0}} {
		for i, align := range []Align{Start, Center, End} {
			b := set(t, l, text, Style{Size: 10, MaxWidth: 500, Align: align})
			if line := b.Lines[0]; math.Abs(line.X-(500-line.Width)*want[i]) > 0.01 {
				t.Errorf("%s, %v: begins at %v", text, align, line.X)
			}
		}
	}
}

func TestStyleRefuses(t *testing.T) {
	l := Open(nil)
	for _, s := range []Style{{}, {Size: -1}, {Size: math.NaN()}, {Size: math.Inf(1)}, {Size: 1, MaxWidth: -1}, {Size: 1, MaxLines: -1}} {
		if _, err := l.Layout("a", s); !errors.Is(err, ErrStyle) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// Glyphs tell all of the text, once, and each stands where its run says.
func TestClusters(t *testing.T) {
	l := system(t)
	for _, text := range []string{"office", "المشارك", "अनामिका", "e\u0301a", "城市"} {
		var told []rune
		for _, r := range set(t, l, text, Style{}).Lines[0].Runs {
			glyphs := slices.Clone(r.Glyphs)
			if r.RightToLeft {
				slices.Reverse(glyphs)
			}
			for _, g := range glyphs {
				told = append(told, []rune(g.Text)...)
			}
		}
		if string(told) != text {
			t.Errorf("%s: glyphs stand for %s", text, string(told))
		}
	}
}

// The bytes that a face gives hold the glyphs that it draws.
func TestData(t *testing.T) {
	for _, r := range set(t, system(t), "Ana مشارك 城", Style{}).Lines[0].Runs {
		raw, index, err := r.Face.Data()
		if err != nil || len(raw) < 10_000 || index < 0 || r.Face.ID() == "" {
			t.Errorf("%s: %d bytes, index %d, %v", r.Face.Name(), len(raw), index, err)
		}
	}
}

// Many ask at once, and get what one gets.
func TestConcurrent(t *testing.T) {
	l := system(t)
	texts := []string{"Ana Example", "المشارك 11", "城市健康规划", "Анна"}
	want := map[string]int{}
	for _, text := range texts {
		want[text] = len(set(t, l, text, Style{}).Ink())
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			text := texts[i%len(texts)]
			for range 5 {
				if b, err := l.Layout(text, Style{Size: 100}); err != nil || len(b.Ink()) != want[text] {
					t.Errorf("%s: %v", text, err)
				}
			}
		})
	}
	all.Wait()
}

// Fonts that are no longer needed are let go of, and blocks keep theirs.
func TestBoundedMemory(t *testing.T) {
	l := system(t)
	var blocks []*Block
	for _, lang := range []string{"zh", "zh-TW", "zh-HK", "ja", "ko"} {
		for _, bold := range []bool{false, true} {
			blocks = append(blocks, set(t, l, "健康", Style{Lang: lang, Bold: bold}))
			var weight int64
			for s := range l.loaded {
				weight += s.weight
			}
			if weight > maxLoaded || len(l.loaded) != len(l.used) {
				t.Fatalf("%d bytes of fonts are loaded, %d of %d", weight, len(l.loaded), len(l.used))
			}
		}
	}
	for _, b := range blocks {
		if len(b.Ink()) == 0 {
			t.Errorf("%v draws nothing any more", faces(b))
		}
	}
}

// Files that are no fonts, or broken ones, are passed over.
func TestBrokenFonts(t *testing.T) {
	folder := t.TempDir()
	raw, _, err := set(t, Open(nil), "a", Style{}).Lines[0].Runs[0].Face.Data()
	if err != nil {
		t.Fatal(err)
	}
	twisted := slices.Clone(raw)
	for i := 300; i < len(twisted); i += 7 {
		twisted[i] ^= 0xFF
	}
	for name, content := range map[string][]byte{"empty.ttf": nil, "text.otf": []byte("no font"), "cut.ttf": raw[:len(raw)/3], "twisted.ttf": twisted, "folder/x.txt": nil} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := Open([]string{folder, filepath.Join(folder, "nowhere")})
	if b := set(t, l, "Ana", Style{}); len(b.Ink()) == 0 || faces(b)[0] != "DejaVu Sans" {
		t.Errorf("set in %q", faces(b))
	}
}

var hostile = map[string]string{
	"long":       strings.Repeat("Laurel ", 10_000),
	"one word":   strings.Repeat("W", 10_000),
	"storm":      "a" + strings.Repeat("\u0301\u0323\u20DD", 10_000),
	"overrides":  strings.Repeat("\u202E\u202Da\u2067", 10_000),
	"brackets":   strings.Repeat("([{א", 5_000),
	"mixed":      strings.Repeat("aا1城", 5_000),
	"wide":       strings.Repeat("﷽", 5_000),
	"joiners":    strings.Repeat("\u200D\u200C", 5_000),
	"indic":      strings.Repeat("क्", 5_000),
	"tibetan":    strings.Repeat("ཧཱུྃ", 3_000),
	"hangul":     strings.Repeat("\u1100\u1161\u11A8", 4_000),
	"controls":   strings.Repeat("\x00\x07\x1b[31m", 5_000),
	"spaces":     strings.Repeat("\u00A0\u3000 ", 5_000),
	"surrogates": strings.Repeat("\xed\xa0\x80", 5_000),
}

func finite(t testing.TB, b *Block) {
	t.Helper()
	for _, s := range b.Ink() {
		for _, p := range s.Points() {
			if math.IsNaN(p.X) || math.IsNaN(p.Y) || math.Abs(p.X) > 1e8 || math.Abs(p.Y) > 1e8 {
				t.Fatalf("a point at %v", p)
			}
		}
	}
}

func FuzzLayout(f *testing.F) {
	for _, text := range hostile {
		f.Add(text[:min(len(text), 60)], 100.0, uint8(2), false)
	}
	f.Add("المشارك 11", 50.0, uint8(1), true)
	l := Open(SystemFolders())
	f.Fuzz(func(t *testing.T, text string, width float64, lines uint8, bold bool) {
		style := Style{Size: 20, MinSize: 10, MaxWidth: math.Abs(width), MaxLines: int(lines), Bold: bold, Balance: !bold}
		b, err := l.Layout(text, style)
		if errors.Is(err, ErrStyle) && (math.IsNaN(width) || math.IsInf(width, 0)) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Missing) > 0 && len(b.Lines) > 0 {
			t.Errorf("letters are missing and %d lines are drawn", len(b.Lines))
		}
		if lines > 0 && len(b.Lines) > int(lines) {
			t.Errorf("%d lines, want %d at most", len(b.Lines), lines)
		}
		for _, line := range b.Lines {
			for _, r := range line.Runs {
				if strings.ContainsFunc(r.Text, func(r rune) bool { return unicode.Is(unicode.Cc, r) }) {
					t.Errorf("a control character in %q", r.Text)
				}
			}
		}
		finite(t, b)
	})
}

func BenchmarkLayout(b *testing.B) {
	for name, text := range map[string]string{"latin": "Ana Example", "arabic": "المشارك 11", "chinese": "城市健康规划", "long": hostile["long"], "mixed": hostile["mixed"]} {
		b.Run(name, func(b *testing.B) {
			l := system(b)
			for b.Loop() {
				_ = set(b, l, text, Style{Size: 40, MaxWidth: 1000, MaxLines: 2, MinSize: 12, Balance: true})
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := Open(SystemFolders()).Fonts(); err != nil {
			b.Fatal(err)
		}
	}
}
