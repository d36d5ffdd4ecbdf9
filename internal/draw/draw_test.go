package draw

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"laurel/internal/typeset"
)

// builtIn draws the same on every machine.
var builtIn = typeset.Open(nil)

func drawn(t testing.TB, title, issuer string, size int) *image.RGBA {
	t.Helper()
	img, err := medal(builtIn, Medal{title, issuer, "en"}, size)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func badge(t testing.TB, title, issuer string, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Badge(&out, builtIn, Medal{title, issuer, "en"}, size); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The digest is of the pixels, not of the file: another release of the
// compressor may pack the same pixels otherwise. When the drawing is changed on
// purpose, look at the new picture, then put its digest here.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		title, issuer string
		size          int
		want          string
	}{
		{"Tides and Currents", "Harbour College", Size, "1a4100d1886e35c7"},
		{"Réanimation néonatale", "École de la Colline", Size, "92aee9c53d6f19f7"},
		{"", "", 64, "26cfbaee52f960e6"},
	} {
		sum := sha256.Sum256(pixels(t, badge(t, c.title, c.issuer, c.size)))
		if got := fmt.Sprintf("%x", sum[:8]); got != c.want {
			t.Errorf("%q of %q at %d px: digest %s, want %s", c.title, c.issuer, c.size, got, c.want)
		}
	}
}

func pixels(t *testing.T, data []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	flat := image.NewNRGBA(img.Bounds())
	draw.Draw(flat, flat.Rect, img, image.Point{}, draw.Src)
	return flat.Pix
}

// Fewer colours must not show: no channel is off by a sixteenth, and the flat
// colours are exact.
func TestReduceIsInvisible(t *testing.T) {
	for i := range 20 {
		issuer := fmt.Sprintf("Issuer %d", i)
		full := drawn(t, "Tides and Currents", issuer, 200)
		small := reduce(full).(*image.Paletted)
		for j := range small.Pix {
			want, got := rgbaAt(full, 4*j), small.Palette[small.Pix[j]].(color.RGBA)
			if off := max(off(want.R, got.R), off(want.G, got.G), off(want.B, got.B), off(want.A, got.A)); off > 15 {
				t.Fatalf("%s: pixel %d is %v instead of %v", issuer, j, got, want)
			}
		}
		sum := sha256.Sum256([]byte(issuer))
		p := palettes()[int(sum[0])%len(palettes())]
		for _, c := range []colour{p.ground, p.rim, p.leaf, p.leafLight, p.disc, p.discEdge, p.emblem, p.emblemLow} {
			if !slices.Contains(small.Palette, color.Color(c.rgba())) {
				t.Errorf("%s: colour %06x is lost", issuer, uint32(c))
			}
		}
	}
}

func TestBadgeIsASmallPNG(t *testing.T) {
	for _, size := range []int{MinSize, Size, MaxSize} {
		data := badge(t, "Tides and Currents", "Harbour College", size)
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds() != image.Rect(0, 0, size, size) {
			t.Errorf("size %d: %v", size, img.Bounds())
		}
		if len(data) > 90*size {
			t.Errorf("size %d: %d bytes", size, len(data))
		}
	}
}

func TestBadgeRefuses(t *testing.T) {
	for _, size := range []int{math.MinInt, -1, 0, MinSize - 1, MaxSize + 1, math.MaxInt} {
		var out bytes.Buffer
		if err := Badge(&out, builtIn, Medal{"a", "b", "en"}, size); !errors.Is(err, ErrSize) || out.Len() != 0 {
			t.Errorf("size %d: %v, %d bytes written", size, err, out.Len())
		}
	}
	if err := Badge(full{}, builtIn, Medal{"a", "b", "en"}, Size); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
}

var errFull = errors.New("no room")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// Nothing is shared between pictures, so many may be drawn at once.
func TestDeterministicAndConcurrent(t *testing.T) {
	want := badge(t, "Tides and Currents", "Harbour College", 128)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out bytes.Buffer
			if err := Badge(&out, builtIn, Medal{"Tides and Currents", "Harbour College", "en"}, 128); err != nil || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("another picture for the same names (%v)", err)
			}
		})
	}
	all.Wait()
}

// One issuer keeps its colours; titles seldom share an emblem.
func TestNamesDecide(t *testing.T) {
	ground := func(title, issuer string) any { return drawn(t, title, issuer, 64).At(32, 5) }
	seen := map[string]bool{}
	for i := range 40 {
		title := fmt.Sprintf("Course %d", i)
		if ground(title, "Harbour College") != ground("Course 0", "Harbour College") {
			t.Errorf("%s has other colours than its sister", title)
		}
		seen[string(drawn(t, title, "Harbour College", 64).Pix)] = true
	}
	if len(seen) < 25 {
		t.Errorf("%d different pictures for 40 titles", len(seen))
	}
	colours := map[any]bool{}
	for i := range 60 {
		colours[ground("Course", fmt.Sprintf("Issuer %d", i))] = true
	}
	if len(colours) != len(palettes()) {
		t.Errorf("%d grounds among 60 issuers, want all %d", len(colours), len(palettes()))
	}
}

// Hostile names cost what others cost, and show nothing of themselves.
func TestAnyName(t *testing.T) {
	for _, name := range []string{"", "\x00", "\xff\xfe", "<script>", strings.Repeat("é", 1<<20)} {
		if data := badge(t, name, name, MinSize); !bytes.HasPrefix(data, []byte("\x89PNG\r\n")) {
			t.Errorf("%.10q: not a PNG", name)
		}
	}
}

// The medal is whole: corners clear, ground and disc solid, the wreath the same
// on both sides.
func TestComposition(t *testing.T) {
	img := drawn(t, "Tides\uFFFD", "Harbour\uFFFD", Size) // no font has that, so there is no text
	for _, at := range []image.Point{{0, 0}, {Size - 1, 0}, {0, Size - 1}, {Size - 1, Size - 1}} {
		if img.RGBAAt(at.X, at.Y).A != 0 {
			t.Errorf("corner %v is not clear", at)
		}
	}
	for y := range Size {
		for x := range Size {
			r := math.Hypot(float64(x)-Size/2+0.5, float64(y)-Size/2+0.5) / (Size / 2)
			if r < 0.97 && img.RGBAAt(x, y).A != 0xFF {
				t.Fatalf("pixel %d,%d inside the medal is not solid", x, y)
			}
			if r > 0.5 && off(img.RGBAAt(x, y).G, img.RGBAAt(Size-1-x, y).G) > 8 {
				t.Fatalf("row %d: pixel %d differs from its mirror image", y, x)
			}
		}
	}
}

// Each palette can be read without colour vision: contrast after WCAG 2.2,
// where 3 is what graphics need (success criterion 1.4.11).
func TestPalettesHaveContrast(t *testing.T) {
	for i, p := range palettes() {
		for name, pair := range map[string][2]colour{
			"rim on white": {p.rim, 0xFFFFFF}, "rim on ground": {p.rim, p.ground}, "leaf on ground": {p.leaf, p.ground},
			"disc on ground": {p.disc, p.ground}, "emblem on disc": {p.emblem, p.disc}, "shade on disc": {p.emblemLow, p.disc},
		} {
			if got := contrast(pair[0], pair[1]); got < 3 {
				t.Errorf("palette %d, %s: contrast %.2f, want 3", i, name, got)
			}
		}
	}
}

func contrast(a, b colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c colour) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	rgb := c.rgba()
	return 0.2126*linear(rgb.R) + 0.7152*linear(rgb.G) + 0.0722*linear(rgb.B)
}

func BenchmarkBadge(b *testing.B) {
	for b.Loop() {
		_ = badge(b, "Tides and Currents", "Harbour College", Size)
	}
}

// The digest is of the file: there is no compressor between.
func TestSVGGolden(t *testing.T) {
	for _, c := range []struct{ title, issuer, want string }{
		{"Tides and Currents", "Harbour College", "b3efade2262956cb"},
		{"", "", "15f464694bd95fcb"},
	} {
		var b bytes.Buffer
		if err := SVG(&b, builtIn, Medal{c.title, c.issuer, "en"}); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b.Bytes())
		if got := fmt.Sprintf("%x", sum[:8]); got != c.want {
			t.Errorf("%q of %q: digest %s, want %s", c.title, c.issuer, got, c.want)
		}
		if b.Len() > 64<<10 {
			t.Errorf("%q of %q: %d bytes", c.title, c.issuer, b.Len())
		}
	}
}

func TestSVGWriterFails(t *testing.T) {
	if err := SVG(full{}, builtIn, Medal{"a", "b", "en"}); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
}
