// Package qr draws QR codes as PNG and SVG, for the addresses of ours that a
// phone should open.
//
// It refuses texts that make dense, hard to scan codes, and pictures that would
// cost much to draw; what may be put into a code is its caller's question. It
// is the only importer of the encoder, of which it uses the modules alone: the
// encoder's own pictures can end up with less than two pixels to a module, and
// take several times as long.
//
// Start with PNG or SVG.
package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

const (
	// ModulePixels is the side of a module in a PNG of default size, in pixels.
	ModulePixels = 8
	// MinPixels and MaxPixels bound the side of a PNG that a caller may ask for.
	MinPixels, MaxPixels = 128, 1024
	// MaxText is the longest text, in bytes.
	MaxText = 500

	// leastPixels is what a scanner needs of a module.
	leastPixels = 2
)

var (
	// ErrText: the text is empty, longer than MaxText bytes, or not printable
	// ASCII.
	ErrText = errors.New("qr: unsuitable text")
	// ErrSize: the side is neither 0 nor within MinPixels and MaxPixels.
	ErrSize = errors.New("qr: size out of range")
)

// PNG returns the code of text as a black and white PNG of one bit a pixel, with
// size pixels to a side; size 0 gives every module ModulePixels. Modules are
// whole pixels: as large as fit, centred, the rest is white. Where not even two
// pixels fit (a long text at a small size) the picture is larger than asked for,
// because a smaller one cannot be read. Errors: ErrText, ErrSize.
func PNG(text string, size int) ([]byte, error) {
	if size != 0 && (size < MinPixels || size > MaxPixels) {
		return nil, fmt.Errorf("%w: %d, allowed %d to %d", ErrSize, size, MinPixels, MaxPixels)
	}
	rows, err := modules(text)
	if err != nil {
		return nil, err
	}
	scale := ModulePixels
	if size != 0 {
		scale = max(size/len(rows), leastPixels)
	}
	side := max(size, scale*len(rows))

	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&out, picture(rows, scale, side)); err != nil {
		return nil, fmt.Errorf("qr: writing PNG: %w", err)
	}
	return out.Bytes(), nil
}

// picture enlarges the modules. Two colours in the palette make the encoder
// write one bit a pixel.
func picture(rows [][]bool, scale, side int) *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	margin := (side - scale*len(rows)) / 2
	for y, row := range rows {
		top := img.Pix[(margin+y*scale)*img.Stride:][:img.Stride]
		for x, dark := range row {
			if dark {
				for i := range scale {
					top[margin+x*scale+i] = 1
				}
			}
		}
		for i := 1; i < scale; i++ {
			copy(img.Pix[(margin+y*scale+i)*img.Stride:], top)
		}
	}
	return img
}

// SVG returns the code of text as an SVG document whose user unit is a module:
// a white ground and one path, without script, style or reference. Error:
// ErrText.
func SVG(text string) ([]byte, error) {
	rows, err := modules(text)
	if err != nil {
		return nil, err
	}
	n := len(rows)
	out := fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, n*ModulePixels, n*ModulePixels, n, n, n, n)
	for y, row := range rows {
		for x := 0; x < n; x++ {
			if !row[x] {
				continue
			}
			start := x
			for x < n && row[x] {
				x++
			}
			out = appendRun(out, start, y, x-start)
		}
	}
	return append(out, `"/></svg>`...), nil
}

// appendRun draws dark modules that stand side by side as one rectangle.
func appendRun(out []byte, x, y, length int) []byte {
	out = append(out, 'M')
	out = strconv.AppendInt(out, int64(x), 10)
	out = append(out, ' ')
	out = strconv.AppendInt(out, int64(y), 10)
	out = append(out, 'h')
	out = strconv.AppendInt(out, int64(length), 10)
	out = append(out, "v1h-"...)
	out = strconv.AppendInt(out, int64(length), 10)
	return append(out, 'z')
}

// Modules returns the code of text as rows of modules, true where dark, for those
// who draw it themselves. The quiet zone is part of it. Error: ErrText.
func Modules(text string) ([][]bool, error) { return modules(text) }

// modules encodes text at level M (15 % of it may be damaged), which is what
// print and screens need without growing the code. Rows are true where dark and
// include the quiet zone of four modules on each side (ISO/IEC 18004, 9.1).
// Other text than ASCII is refused: nothing in the code says which encoding the
// bytes are in, so scanners guess, and some guess Shift JIS.
func modules(text string) ([][]bool, error) {
	if text == "" || len(text) > MaxText {
		return nil, fmt.Errorf("%w: %d bytes, allowed 1 to %d", ErrText, len(text), MaxText)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
		return nil, fmt.Errorf("%w: byte %d is not printable ASCII", ErrText, i)
	}
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("qr: encoding: %w", err)
	}
	return code.Bitmap(), nil
}

// Text draws the code for a terminal, two rows of modules to a line of half
// blocks, light on dark: terminals are dark more often than not, and phones
// read both. The quiet zone is part of it.
func Text(text string) (string, error) {
	rows, err := modules(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for y := 0; y < len(rows); y += 2 {
		for x := range rows[y] {
			top, bottom := !rows[y][x], y+1 < len(rows) && !rows[y+1][x]
			b.WriteString([]string{" ", "▄", "▀", "█"}[index(top)<<1|index(bottom)])
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
