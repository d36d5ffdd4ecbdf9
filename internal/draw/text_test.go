package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"laurel/internal/processortest"
	"laurel/internal/typeset"
)

// system is the fonts that Debian's packages bring; the gate installs them.
func system(t testing.TB) *typeset.Library {
	t.Helper()
	fonts := typeset.Open(typeset.SystemFolders())
	if lacks, err := fonts.Lacks(); err != nil {
		t.Fatal(err)
	} else if len(lacks) > 0 && os.Getenv("CI") == "true" {
		t.Fatalf("fonts for %v are not installed", lacks)
	} else if len(lacks) > 0 {
		t.Skipf("SKIPPED: fonts for %v are not installed: fonts-noto-core, fonts-noto-cjk", lacks)
	}
	return fonts
}

// people and titles in six scripts.
var people = []struct{ lang, title, issuer, holder string }{
	{"en", "Planning for Healthy Cities", "Example Programme", "Ana Example"},
	{"ar", "تخطيط المدن الصحية", "برنامج التعلم", "المشارك 11"},
	{"zh", "健康城市规划", "城市健康学习计划", "李明"},
	{"ru", "Планирование здоровых городов", "Городская академия", "Анна Примерова"},
	{"el", "Υγιείς πόλεις", "Παράδειγμα", "Άννα Παράδειγμα"},
	{"hi", "स्वस्थ शहर", "उदाहरण कार्यक्रम", "अनामिका"},
}

// What is written is to be seen: the picture differs from that with a text which
// no font has, in the disc and on the ribbon.
func TestMedalsAreWritten(t *testing.T) {
	fonts := system(t)
	for _, p := range people {
		written, err := medal(fonts, Medal{p.title, p.issuer, p.lang}, Size)
		if err != nil {
			t.Fatal(err)
		}
		untitled, err := medal(fonts, Medal{"\uFFFD", p.issuer, p.lang}, Size)
		if err != nil {
			t.Fatal(err)
		}
		unnamed, err := medal(fonts, Medal{p.title, p.issuer + "\uFFFD", p.lang}, Size)
		if err != nil {
			t.Fatal(err)
		}
		if n := differing(written, untitled, image.Rect(120, 120, 280, 280)); n < 500 {
			t.Errorf("%s: the title makes %d pixels", p.lang, n)
		}
		if n := differing(written, unnamed, image.Rect(60, 320, 340, 360)); n < 500 {
			t.Errorf("%s: the issuer makes %d pixels", p.lang, n)
		}
	}
}

func differing(a, b image.Image, part image.Rectangle) (n int) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				n++
			}
		}
	}
	return n
}

func preview(t testing.TB, fonts *typeset.Library, p Preview) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := p.PNG(&b, fonts); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 300<<10 {
		t.Errorf("%d bytes", b.Len())
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds() != image.Rect(0, 0, PreviewWidth, PreviewHeight) {
		t.Errorf("%v", img.Bounds())
	}
	return img
}

// Every line of a preview is to be seen, in every script, on either side.
func TestPreviewsAreWritten(t *testing.T) {
	fonts := system(t)
	for _, p := range people[:previewed] {
		whole := Preview{Sign: Good, Headline: p.issuer, Medal: Medal{p.title, p.issuer, p.lang}, Host: "badges.example", Lang: p.lang, Leftward: p.lang == "ar",
			Lines: [3]Labelled{{"A", p.holder}, {"B", p.issuer}, {"C", "14.07.2025"}}}
		img := preview(t, fonts, whole)
		for name, blank := range map[string]func(*Preview){
			"headline": func(p *Preview) { p.Headline = "" }, "title": func(p *Preview) { p.Medal.Title = "\uFFFD" },
			"holder": func(p *Preview) { p.Lines[0].Text = "" }, "day": func(p *Preview) { p.Lines[2].Text = "" }, "host": func(p *Preview) { p.Host = "" },
		} {
			without := whole
			blank(&without)
			if n := differing(img, preview(t, fonts, without), img.Bounds()); n < 600 {
				t.Errorf("%s: the %s makes %d pixels", p.lang, name, n)
			}
		}
	}
}

// Only what is good has the laurel in its colours; the others differ in the form
// of their sign too.
func TestOnlyGoodLooksGood(t *testing.T) {
	seen := map[string]Sign{}
	for _, sign := range []Sign{Doubt, Good, Bad} {
		img := preview(t, builtIn, Preview{Sign: sign, Medal: Medal{"Tides", "Harbour College", "en"}})
		if got := colourful(img, image.Rect(edge, bandHeight+1, edge+medalSide, PreviewHeight)); got != (sign == Good) {
			t.Errorf("sign %d: the laurel has colour: %v", sign, got)
		}
		var figure strings.Builder
		inside := img.At(edge+32, bandHeight/2-30) // white of the circle
		for y := bandHeight/2 - 24; y < bandHeight/2+24; y += 4 {
			for x := edge + 8; x < edge+56; x += 4 {
				figure.WriteByte("x."[b2i(img.At(x, y) == inside)])
			}
		}
		if other, ok := seen[figure.String()]; ok {
			t.Errorf("signs %d and %d differ by colour alone", sign, other)
		}
		seen[figure.String()] = sign
	}
	if (Preview{}).Sign != Doubt {
		t.Error("what nothing was said of looks like something")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func colourful(img image.Image, part image.Rectangle) bool {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			if off(c.R, c.G) > 24 || off(c.G, c.B) > 24 {
				return true
			}
		}
	}
	return false
}

// Words on signs can be read.
func TestPreviewContrast(t *testing.T) {
	for _, s := range []Sign{Doubt, Good, Bad} {
		if got := contrast(s.colour(), 0xFFFFFF); got < 4.5 {
			t.Errorf("sign %d: contrast %.2f", s, got)
		}
	}
	if contrast(ink, paper) < 7 || contrast(quiet, paper) < 4.5 {
		t.Error("texts are too pale")
	}
	for i, p := range palettes() {
		if contrast(p.emblem, p.disc) < 4.5 || contrast(0xFFFFFF, p.rim) < 4.5 {
			t.Errorf("palette %d: texts are too pale", i)
		}
	}
}

// Hostile texts cost a bounded time, and say nothing to whoever reads the file:
// an SVG holds outlines and nothing else.
func TestHostileTexts(t *testing.T) {
	fonts := system(t)
	for _, text := range []string{
		"<script>alert(1)</script>", `"/><image href="https://evil.example/x.png"/>`, "]]><!--", "\u202Etxt.exe\u202C", "\x00\x1b[2J",
		strings.Repeat("W", 10_000), strings.Repeat("a\u0301\u0323", 5_000), strings.Repeat("﷽", 3_000), strings.Repeat("aا城", 3_000),
	} {
		began := processortest.Time()
		var b bytes.Buffer
		if err := SVG(&b, fonts, Medal{text, text, "en"}); err != nil {
			t.Fatalf("%.20q: %v", text, err)
		}
		onlyPaths(t, b.Bytes())
		_ = preview(t, fonts, Preview{Headline: text, Medal: Medal{text, text, "en"}, Lines: [3]Labelled{{text, text}, {text, text}, {text, text}}, Host: text, Lang: text})
		if took := processortest.Time() - began; took > slower*5*time.Second {
			t.Errorf("%.20q: %v", text, took)
		}
	}
}

func onlyPaths(t *testing.T, svg []byte) {
	t.Helper()
	if len(svg) > 400<<10 {
		t.Errorf("%d bytes", len(svg))
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local != "svg" && e.Name.Local != "path" {
				t.Errorf("an element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "d" && strings.Trim(a.Value, "MmLlQqCcZz0123456789- ") != "" {
					t.Errorf("a path of %.60q", a.Value)
				}
			}
		case xml.CharData:
			if len(bytes.TrimSpace(e)) > 0 {
				t.Errorf("a text %.40q", e)
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			t.Errorf("%T", e)
		}
	}
}

func TestArtworkInPreview(t *testing.T) {
	art := image.NewNRGBA(image.Rect(0, 0, 300, 100))
	for i := range art.Pix {
		art.Pix[i] = []byte{0xC0, 0x10, 0xF0, 0xFF}[i%4]
	}
	p := Preview{Sign: Good, Artwork: art, Medal: Medal{"Tides", "Harbour College", "en"}}
	img := preview(t, builtIn, p)
	middle := image.Pt(edge+medalSide/2, bandHeight+(PreviewHeight-bandHeight)/2)
	if c := color.RGBAModel.Convert(img.At(middle.X, middle.Y)).(color.RGBA); off(c.R, 0xC0) > 16 || off(c.B, 0xF0) > 16 {
		t.Errorf("the artwork is drawn as %v", c)
	}
	if p.Sign = Bad; colourful(preview(t, builtIn, p), image.Rect(edge, bandHeight+1, edge+medalSide, PreviewHeight)) {
		t.Error("the artwork of a bad badge has colour")
	}
}

func BenchmarkPreview(b *testing.B) {
	fonts := system(b)
	p := Preview{Sign: Good, Headline: "Valid", Medal: Medal{"تخطيط المدن الصحية", "Example Programme", "ar"}, Host: "badges.example", Lang: "en",
		Lines: [3]Labelled{{"Holder", "المشارك 11"}, {"Issuer", "Example Programme"}, {"Awarded on", "14 July 2025"}}}
	for b.Loop() {
		_ = preview(b, fonts, p)
	}
}
