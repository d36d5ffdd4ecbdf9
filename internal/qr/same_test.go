//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at every pixel.

package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func decodePNG(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func dark(img image.Image, x, y int) bool {
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 128
}

// Both pictures show the same modules, pixel by pixel.
func TestPNGEqualsSVG(t *testing.T) {
	for _, text := range texts {
		svg, err := SVG(text)
		if err != nil {
			t.Fatal(err)
		}
		rows := svgModules(t, svg)
		n := len(rows)
		for _, size := range []int{0, MinPixels, 200, 256, 333, MaxPixels} {
			data, err := PNG(text, size)
			if err != nil {
				t.Fatal(err)
			}
			img := decodePNG(t, data)
			side, scale := img.Bounds().Dx(), ModulePixels
			if size != 0 {
				scale = max(size/n, 2)
			}
			if want := max(size, scale*n); side != want || img.Bounds().Dy() != want {
				t.Fatalf("size %d: %v, want %d", size, img.Bounds(), want)
			}
			margin := (side - scale*n) / 2
			for y := range side {
				for x := range side {
					mx, my := (x-margin)/scale, (y-margin)/scale
					inside := x >= margin && y >= margin && mx < n && my < n
					if want := inside && rows[my][mx]; dark(img, x, y) != want {
						t.Fatalf("size %d, text %.20q: pixel %d,%d is %v", size, text, x, y, !want)
					}
				}
			}
		}
	}
}
