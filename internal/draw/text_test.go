package draw

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

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
