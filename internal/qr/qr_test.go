package qr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const link = "https://badges.harbour-college.example/v/5tqVw3nYJ8kZ0pXb2LrD7e"

var texts = []string{
	"A", link, "0123456789", "HTTPS://BADGES.EXAMPLE/V/ABC", "https://xn--bcher-kva.example/%E8%AF%81?x=1&y=<>\"'#",
	link + strings.Repeat("x", 84-len(link)), strings.Repeat("Zz9-", MaxText/4),
}

// svgModules reads a drawing back into modules, with an XML parser and its own
// reading of the path.
func svgModules(t *testing.T, data []byte) [][]bool {
	t.Helper()
	var svg struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		ViewBox string   `xml:"viewBox,attr"`
		Path    []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(data, &svg); err != nil {
		t.Fatal(err)
	}
	var n, same int
	if _, err := fmt.Sscanf(svg.ViewBox, "0 0 %d %d", &n, &same); err != nil || n != same || len(svg.Path) != 1 {
		t.Fatalf("viewBox %q, %d paths, %v", svg.ViewBox, len(svg.Path), err)
	}
	rows := make([][]bool, n)
	for y := range rows {
		rows[y] = make([]bool, n)
	}
	run := regexp.MustCompile(`^M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
	for d := svg.Path[0].D; d != ""; {
		m := run.FindStringSubmatch(d)
		if m == nil || m[3] != m[4] {
			t.Fatalf("path goes on with %.30q", d)
		}
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		length, _ := strconv.Atoi(m[3])
		for i := range length {
			if rows[y][x+i] {
				t.Fatalf("module %d,%d drawn twice", x+i, y)
			}
			rows[y][x+i] = true
		}
		d = d[len(m[0]):]
	}
	return rows
}

func TestQuietZoneAndFinders(t *testing.T) {
	finder := []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}
	for _, text := range texts {
		svg, err := SVG(text)
		if err != nil {
			t.Fatal(err)
		}
		rows := svgModules(t, svg)
		n := len(rows)
		for y, row := range rows {
			for x, on := range row {
				if on && (x < 4 || y < 4 || x >= n-4 || y >= n-4) {
					t.Fatalf("dark module %d,%d in the quiet zone", x, y)
				}
			}
		}
		for _, corner := range [][2]int{{4, 4}, {n - 11, 4}, {4, n - 11}} {
			for y, line := range finder {
				for x, c := range line {
					if rows[corner[1]+y][corner[0]+x] != (c == '#') {
						t.Fatalf("finder pattern at %v broken at %d,%d", corner, x, y)
					}
				}
			}
		}
	}
}

func TestPNGIsOneBit(t *testing.T) {
	data, err := PNG(link, 0)
	if err != nil {
		t.Fatal(err)
	}
	// IHDR: eight bytes of signature, length, name, width, height, depth, type.
	if depth, colour := data[24], data[25]; depth != 1 || colour != 3 {
		t.Errorf("bit depth %d, colour type %d, want 1 and 3 (palette)", depth, colour)
	}
	if len(data) > 2000 {
		t.Errorf("%d bytes", len(data))
	}
	again, err := PNG(link, 0)
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("drawn twice, different bytes (%v)", err)
	}
}

func TestSVGIsPlain(t *testing.T) {
	data, err := SVG(`"/><script>alert(1)</script>&amp;`)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			count[token.Name.Local]++
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Errorf("attribute %s", a.Name.Local)
				}
			}
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Errorf("unexpected %T", token)
		}
	}
	if len(count) != 3 || count["svg"] != 1 || count["rect"] != 1 || count["path"] != 1 {
		t.Errorf("elements %v, want one svg, rect and path", count)
	}
}

func TestRefuses(t *testing.T) {
	for _, text := range []string{"", strings.Repeat("x", MaxText+1), strings.Repeat("x", 1<<20), "https://bücher.example/", "a\nb", "a\x00", "a\x7f", "\xff"} {
		if _, err := PNG(text, 0); !errors.Is(err, ErrText) {
			t.Errorf("PNG of %d bytes: %v, want ErrText", len(text), err)
		}
		if _, err := SVG(text); !errors.Is(err, ErrText) {
			t.Errorf("SVG of %d bytes: %v, want ErrText", len(text), err)
		}
	}
	for _, size := range []int{-1, 1, MinPixels - 1, MaxPixels + 1, 1 << 30} {
		if _, err := PNG(link, size); !errors.Is(err, ErrSize) {
			t.Errorf("size %d: %v, want ErrSize", size, err)
		}
	}
}

// A scanner that knows nothing of us reads what was put in.
func TestScannerReads(t *testing.T) {
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("NO QR SCANNER: zbarimg (Debian: zbar-tools) is missing")
		}
		t.Skip("NO QR SCANNER, NO CODE IS READ BACK: zbarimg (Debian: zbar-tools) is missing")
	}
	for i, text := range texts {
		for _, size := range []int{0, MinPixels, 256, MaxPixels} {
			data, err := PNG(text, size)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), fmt.Sprintf("%d-%d.png", i, size))
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(zbar, "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
			if err != nil {
				t.Errorf("text %d at %d px: %v", i, size, err)
				continue
			}
			if got := strings.TrimSuffix(string(out), "\n"); got != text {
				t.Errorf("text %d at %d px reads %q", i, size, got)
			}
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := PNG(texts[5], 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkModules(b *testing.B) {
	for b.Loop() {
		if _, err := modules(texts[5]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	for b.Loop() {
		if _, err := SVG(texts[5]); err != nil {
			b.Fatal(err)
		}
	}
}

// TestText reads the half blocks back and finds the modules of the SVG's code.
func TestText(t *testing.T) {
	const address = "http://192.168.1.2:8080/v/AAAAAAAAAAAAAAAAAAAAAA"
	drawn, err := Text(address)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	picture, err := PNG(address, 0)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	for y, line := range lines {
		for x, r := range []rune(line) {
			for half, light := range []bool{r == '▀' || r == '█', r == '▄' || r == '█'} {
				row := 2*y + half
				if row*ModulePixels >= img.Bounds().Dy() {
					continue
				}
				c, _, _, _ := img.At(x*ModulePixels, row*ModulePixels).RGBA()
				if (c != 0) != light {
					t.Fatalf("module %d,%d differs between text and picture", x, row)
				}
			}
		}
	}
	if _, err := Text(""); !errors.Is(err, ErrText) {
		t.Errorf("empty text: %v", err)
	}
}
