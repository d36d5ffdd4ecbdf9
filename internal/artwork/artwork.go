// Package artwork takes in the pictures that organisers make for their
// achievements, and lets nothing through but the picture.
//
// A PNG is unpacked within bounds and packed anew: what stood beside its pixels
// is gone. An SVG is read as XML and written anew from an allow-list of elements
// and attributes, none of which can run, load or lead anywhere; what could is
// refused and named, because a picture without it would be another than its
// maker saw. Editors' own notes are left out.
//
// It refuses to draw and to know whose picture it is. Start at Read.
package artwork

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
)

// Kind is a kind of picture, by its media type.
type Kind string

// The kinds.
const (
	PNG Kind = "image/png"
	SVG Kind = "image/svg+xml"
)

// The bounds. MaxBytes is of what is sent and of what is kept, sides are in
// pixels.
const (
	MaxBytes         = 1 << 20
	MaxSVG           = 256 << 10
	MinSide, MaxSide = 64, 1600
)

var (
	// ErrUnknown: it is neither a PNG nor an SVG.
	ErrUnknown = errors.New("artwork: neither a PNG nor an SVG")
	// ErrDamaged: it cannot be read as what it says it is.
	ErrDamaged = errors.New("artwork: the picture cannot be read")
	// ErrSize: too many bytes, or too few or too many pixels.
	ErrSize = errors.New("artwork: the picture is out of bounds")
	// ErrForbidden: an SVG has something in it that is not let through.
	ErrForbidden = errors.New("artwork: not allowed in a picture")
)

var signature = []byte("\x89PNG\r\n\x1a\n")

// Read returns a picture as it may be kept and served, and what kind it is. The
// errors say in words what is wrong, and in an SVG in which line.
func Read(raw []byte) (Kind, []byte, error) {
	switch {
	case len(raw) > MaxBytes:
		return "", nil, fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrSize, len(raw), MaxBytes)
	case bytes.HasPrefix(raw, signature):
		clean, err := readPNG(raw)
		return PNG, clean, err
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("\ufeff")), " \t\r\n"), []byte("<")):
		clean, err := readSVG(raw)
		return SVG, clean, err
	}
	return "", nil, ErrUnknown
}

// Decode returns the pixels of a PNG that Read has returned, or of another one
// within the same bounds.
func Decode(raw []byte) (image.Image, error) {
	about, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, err.Error())
	}
	if min(about.Width, about.Height) < MinSide || max(about.Width, about.Height) > MaxSide {
		return nil, fmt.Errorf("%w: it has %d by %d pixels, each side has to have %d to %d", ErrSize, about.Width, about.Height, MinSide, MaxSide)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, err.Error())
	}
	return img, nil
}

// Wrapped returns an SVG that shows a PNG, whole and in its own size.
func Wrapped(raw []byte) ([]byte, error) {
	about, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, err.Error())
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="%s" viewBox="0 0 %[2]d %[3]d" width="%[2]d" height="%[3]d"><image width="%[2]d" height="%[3]d" href="data:image/png;base64,%[4]s"/></svg>`+"\n",
		namespace, about.Width, about.Height, base64.StdEncoding.EncodeToString(raw))
	return b.Bytes(), nil
}

func readPNG(raw []byte) ([]byte, error) {
	img, err := Decode(raw)
	if err != nil {
		return nil, err
	}
	if _, small := img.(*image.Paletted); !small { // eight bits a channel are enough for anybody
		flat := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
		draw.Draw(flat, flat.Rect, img, img.Bounds().Min, draw.Src)
		img = flat
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("artwork: writing PNG: %w", err)
	}
	if b.Len() > MaxBytes {
		return nil, fmt.Errorf("%w: written anew it has %d bytes, at most %d are allowed", ErrSize, b.Len(), MaxBytes)
	}
	return b.Bytes(), nil
}
