package artwork

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"slices"
	"strings"
	"testing"
)

func painted(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x / 2), 0xFF})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// chunk is one part of a PNG.
func chunk(kind, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(kind+data)))
}

// with puts chunks behind the first one, and bytes behind the end.
func with(raw []byte, chunks []byte, tail string) []byte {
	const head = 8 + 25
	return slices.Concat(raw[:head], chunks, raw[head:], []byte(tail))
}

// The pixels stay, and nothing else does.
func TestPNGIsWrittenAnew(t *testing.T) {
	raw := painted(t, 120, 80)
	secret := slices.Concat(chunk("tEXt", "Author\x00Ana Example"), chunk("eXIf", "MM\x00*where she lives"), chunk("iTXt", "openbadgecredential\x00\x00\x00\x00\x00{}"))
	kind, clean, err := Read(with(raw, secret, "PK\x03\x04 a second file"))
	if err != nil || kind != PNG {
		t.Fatal(kind, err)
	}
	for _, word := range []string{"Ana", "lives", "openbadge", "second file", "tEXt", "eXIf"} {
		if bytes.Contains(clean, []byte(word)) {
			t.Errorf("%q is still in it", word)
		}
	}
	before, _ := png.Decode(bytes.NewReader(raw))
	after, err := Decode(clean)
	if err != nil || after.Bounds() != before.Bounds() {
		t.Fatalf("%v %v", after, err)
	}
	for y := range 80 {
		for x := range 120 {
			if color.NRGBAModel.Convert(before.At(x, y)) != color.NRGBAModel.Convert(after.At(x, y)) {
				t.Fatalf("pixel %d,%d is another", x, y)
			}
		}
	}
}

func TestPNGBounds(t *testing.T) {
	bomb := painted(t, 64, 64)
	binary.BigEndian.PutUint32(bomb[16:], 30_000)
	binary.BigEndian.PutUint32(bomb[20:], 30_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	noise := image.NewNRGBA(image.Rect(0, 0, 700, 700))
	state := uint32(1)
	for i := range noise.Pix {
		state = state*1664525 + 1013904223
		noise.Pix[i] = uint8(state >> 24)
	}
	var loud bytes.Buffer
	if err := png.Encode(&loud, noise); err != nil {
		t.Fatal(err)
	}
	good := painted(t, 64, 64)
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"small": {painted(t, 63, 200), ErrSize}, "wide": {painted(t, 1601, 64), ErrSize}, "bomb": {bomb, ErrSize}, "loud": {loud.Bytes(), ErrSize},
		"cut": {good[:len(good)/2], ErrDamaged}, "no header": {good[:12], ErrDamaged}, "nothing": {nil, ErrUnknown}, "JPEG": {[]byte("\xff\xd8\xff\xe0"), ErrUnknown},
		"long": {append(good, make([]byte, MaxBytes)...), ErrSize}, "text": {[]byte("hello"), ErrUnknown}, "good": {good, nil},
	} {
		if _, _, err := Read(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

const drawing = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made with an editor -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"
  viewBox="0 0 100 100" sodipodi:docname="secret.svg" version="1.1">
  <metadata><rdf xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#">Ana Example</rdf></metadata>
  <sodipodi:namedview><grid/></sodipodi:namedview>
  <title>Tides &amp; Currents &lt;3</title>
  <defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient><linearGradient id="b" xlink:href="#a"/></defs>
  <g style="fill:url(#b);stroke:none;-inkscape-stroke:none" class="x"><path d="M0 0 L10,10 Z" transform="translate(-3.5 1e-2)"/></g>
  <text x="1" y="2" font-family="'Noto Sans', serif">Прилив</text>
</svg>`

// What draws stays; what editors noted goes.
func TestSVGIsWrittenAnew(t *testing.T) {
	kind, clean, err := Read([]byte(drawing))
	if err != nil || kind != SVG {
		t.Fatal(kind, err)
	}
	for _, want := range []string{`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"`, `fill="url(#b)"`, `stroke="none"`, `href="#a"`, `d="M0 0 L10,10 Z"`, `Tides &amp; Currents &lt;3`, `Прилив`} {
		if !bytes.Contains(clean, []byte(want)) {
			t.Errorf("%s is gone: %s", want, clean)
		}
	}
	for _, word := range []string{"Ana", "secret", "editor", "inkscape", "class", "sodipodi", "<?", "<!--"} {
		if bytes.Contains(clean, []byte(word)) {
			t.Errorf("%s is still in it: %s", word, clean)
		}
	}
	if _, again, err := Read(clean); err != nil || !bytes.Equal(again, clean) {
		t.Errorf("read again it is another (%v): %s", err, again)
	}
}

// What could run, load or lead elsewhere is refused, with its line.
func TestSVGRefuses(t *testing.T) {
	inside := func(s string) string {
		return "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 9 9\">\n" + s + "</svg>"
	}
	for _, body := range []string{
		`<script>alert(1)</script>`, `<SCRIPT>alert(1)</SCRIPT>`, `<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`,
		`<image href="https://evil.example/x.png"/>`, `<use href="#a"/>`, `<a href="#b"><path d="M0 0"/></a>`, `<animate attributeName="x"/>`, `<set attributeName="href"/>`,
		`<style>@import url(https://evil.example/x.css);</style>`, `<style>*{background:url(//evil.example)}</style>`, `<filter id="f"/>`, `<pattern id="p"/>`,
		`<path d="M0 0" onclick="alert(1)"/>`, `<path ONLOAD="alert(1)"/>`, `<g xlink:href="https://evil.example/"/>`, `<g xlink:href="javascript:alert(1)"/>`,
		`<linearGradient href="data:image/svg+xml,x"/>`, `<path fill="url(https://evil.example/#a)"/>`, `<path fill="url( &quot;//evil.example#a&quot; )"/>`, `<path fill="u&#114;l(//evil.example)"/>`,
		`<path style="fill:url(//evil.example)"/>`, `<path style="background:url(//evil.example)"/>`, `<path style="fill:u\72l(//evil.example)"/>`, `<path style="fill:red/**/;x:url(#a)"/>`,
		`<path fill="&#x6a;avascript:x"/>`, `<path id="a b"/>`, `<path id="&quot;"/>`, `<handler xmlns="http://www.w3.org/2001/xml-events">x</handler>alert(1)`, `loose words`,
		`<iframe src="x"/>`, `<video/>`, `<audio/>`, `<mpath/>`, `<feImage/>`, `<cursor/>`, `<svg><script/></svg>`, `<title><script/></title>`,
	} {
		_, clean, err := Read([]byte(inside(body)))
		if !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v, came out as %s", body, err, clean)
		} else if !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%s: %v tells no line", body, err)
		}
	}
	for _, whole := range []string{
		`<!DOCTYPE svg [<!ENTITY a "b">]>` + inside("&a;"), `<?xml-stylesheet href="https://evil.example/x.css"?>` + inside(""),
	} {
		if _, _, err := Read([]byte(whole)); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v", whole, err)
		}
	}
	for whole, want := range map[string]error{
		inside("&nbsp;"): ErrDamaged, inside("<g>"): ErrDamaged, inside("") + "<g/>": ErrDamaged, inside(`<path d="M0 0" d="M1 1"/>`): ErrDamaged, inside("<path\x00/>"): ErrDamaged,
		`<?xml version="1.0" encoding="UTF-16"?>` + inside(""): ErrDamaged, `<svg viewBox="0 0 1 1"/>`: ErrUnknown, `<html xmlns="http://www.w3.org/1999/xhtml"/>`: ErrUnknown, "<!-- -->": ErrUnknown,
		`<svg xmlns="http://www.w3.org/2000/svg"/>`: ErrSize, inside(strings.Repeat("<g>", 70) + strings.Repeat("</g>", 70)): ErrSize, inside(strings.Repeat("<g/>", 6000)): ErrSize,
		inside(strings.Repeat(" ", MaxSVG)): ErrSize, inside(`<path d="` + strings.Repeat("1 ", 40_000) + `"/>`): ErrSize,
	} {
		if _, _, err := Read([]byte(whole)); !errors.Is(err, want) {
			t.Errorf("%.60s…: %v, want %v", whole, err, want)
		}
	}
}

// Whatever comes out has nothing but what is allowed, and comes out the same
// again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(drawing))
	f.Add([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1"><x:path xmlns:x="http://www.w3.org/2000/svg" style="fill:url(#a)"/></svg>`))
	f.Add(painted(f, 64, 64))
	f.Fuzz(func(t *testing.T, raw []byte) {
		kind, clean, err := Read(raw)
		if err != nil {
			return
		}
		if len(clean) == 0 {
			t.Fatal("nothing came out")
		}
		if kind == PNG {
			return
		}
		if again, err := readSVG(clean); err == nil && !bytes.Equal(again, clean) {
			t.Errorf("read again it is another: %q, %q", clean, again)
		} else if err != nil && !errors.Is(err, ErrSize) { // escapes make it longer
			t.Errorf("%q is refused: %v", clean, err)
		}
		d := xml.NewDecoder(bytes.NewReader(clean))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatalf("%q: %v", clean, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				if !elements[e.Name.Local] {
					t.Errorf("<%s>", e.Name.Local)
				}
				for _, a := range e.Attr {
					if a.Name.Local != "xmlns" && (strings.ContainsAny(a.Value, ":<>&\\@") || strings.HasPrefix(strings.ToLower(a.Name.Local), "on")) {
						t.Errorf("%s", fmt.Sprintf("%s=%q", a.Name.Local, a.Value))
					}
				}
			}
		}
	})
}
