// Package draw makes pictures: that of an achievement which has none of its own,
// and the preview of a badge that is shown where its link is shared.
//
// The picture of an achievement is a laurel wreath around a disc with its title
// under an emblem, and a ribbon with its issuer. Colours come from the name of
// the issuer, the emblem from the title, so the badges of one issuer look
// related and two titles seldom look alike. A text that the fonts cannot draw is
// left out, and the picture is whole without it.
//
// It refuses to read other pictures, and to know what a badge is: it is told what
// to write and how it stands.
//
// Start with Badge, SVG and Preview.
package draw

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"

	"laurel/internal/typeset"
)

const (
	// Size is the usual side of a picture, in pixels.
	Size = 400
	// MinSize and MaxSize bound the side of a picture, in pixels.
	MinSize, MaxSize = 64, 1024
)

// ErrSize: the side asked for is not within MinSize and MaxSize.
var ErrSize = errors.New("draw: size out of range")

// Medal is what is to be read on the picture of an achievement.
type Medal struct {
	Title, Issuer string
	Lang          string // BCP 47, of the title
}

// Badge writes a square PNG, size pixels to a side and transparent outside of
// the medal, to w. Equal arguments and fonts give equal bytes within one build.
// Errors: ErrSize, those of typeset.Library.Layout, and what w answers.
func Badge(w io.Writer, fonts *typeset.Library, m Medal, size int) error {
	if size < MinSize || size > MaxSize {
		return fmt.Errorf("%w: %d, allowed %d to %d", ErrSize, size, MinSize, MaxSize)
	}
	img, err := medal(fonts, m, size)
	if err != nil {
		return err
	}
	return encode(w, reduce(img))
}

func encode(w io.Writer, img image.Image) error {
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("draw: writing PNG: %w", err)
	}
	return nil
}

func medal(fonts *typeset.Library, m Medal, size int) (*image.RGBA, error) {
	c := newCanvas(size)
	if err := medalOn(c, fonts, m); err != nil {
		return nil, err
	}
	return c.img, nil
}

// Where texts stand on a medal: within the disc, below the emblem, and on the
// ribbon.
const (
	titleWidth, titleHeight, titleTop = 0.7, 0.47, -0.175
	bandWidth, bandTall               = 1.34, 0.19
)

func medalOn(c surface, fonts *typeset.Library, m Medal) error {
	style := typeset.Style{Size: 0.15, MinSize: 0.066, Bold: true, Lang: m.Lang, Align: typeset.Center,
		MaxWidth: titleWidth, MaxLines: 5, MaxHeight: titleHeight, Balance: true}
	title, err := fonts.Layout(m.Title, style)
	if err != nil {
		return fmt.Errorf("draw: the title: %w", err)
	}
	style.Size, style.MinSize, style.MaxWidth, style.MaxLines, style.MaxHeight = 0.115, 0.06, bandWidth, 2, bandTall
	name, err := fonts.Layout(m.Issuer, style)
	if err != nil {
		return fmt.Errorf("draw: the name of the issuer: %w", err)
	}
	colours, figure := looks(m)
	drawGround(c, colours)
	drawWreath(c, colours)
	if len(name.Lines) > 0 {
		drawBand(c, colours, name)
	} else {
		drawBow(c, colours)
	}
	drawDisc(c, colours)
	if len(title.Lines) == 0 {
		drawRing(c, colours)
		figure.draw(c, colours)
		return nil
	}
	figure.small(c, colours)
	c.write(colours.emblem, title.Ink(), point{-titleWidth / 2, titleTop + (titleHeight-title.Height)/2}, 1)
	return nil
}

// looks are the colours of an issuer and the emblem of a title.
func looks(m Medal) (palette, emblem) {
	look, form := sha256.Sum256([]byte(m.Issuer)), sha256.Sum256([]byte(m.Title))
	all := palettes()
	return all[int(look[0])%len(all)], emblemOf(form)
}

// palette is a set of colours that go together.
type palette struct {
	ground, rim       colour // the medal and its edge
	leaf, leafLight   colour // the two halves of a leaf
	disc, discEdge    colour // the middle
	emblem, emblemLow colour // on the disc: lit and shaded
}

// palettes are quiet on purpose: the picture stands beside a person's name.
// Emblem and disc differ enough in lightness to be told apart without colour.
func palettes() []palette {
	return []palette{
		{0xF4F1E6, 0x2F5D50, 0x2F5D50, 0x5B8A72, 0x234A40, 0xC9A54C, 0xF0D998, 0xD3B05C}, // pine
		{0xEFF3F7, 0x274B6D, 0x3B6B5E, 0x6C9A86, 0x1F3F5E, 0xB9C7D6, 0xF2F5F9, 0xC4D1DE}, // harbour
		{0xF8F0EA, 0x7A3B35, 0x56703F, 0x86A065, 0x6B2F2C, 0xD0A15E, 0xF3D9AC, 0xD6AC6B}, // brick
		{0xF3F0F7, 0x4B3F72, 0x4A6B57, 0x7D9C85, 0x40355F, 0xB8A9D4, 0xEFE8FA, 0xC6B8E0}, // heather
		{0xEEF5F4, 0x1F6068, 0x1F6068, 0x559298, 0x174A52, 0xD8B45A, 0xF5E3AE, 0xDBBB68}, // lagoon
		{0xF7F3E8, 0x6B5A2E, 0x5F6B2F, 0x93A057, 0x584A26, 0xD9BE73, 0xF6E9C0, 0xDDC47F}, // olive
		{0xF5F1EF, 0x4A4A52, 0x4F6B5C, 0x82A08C, 0x3B3B44, 0xC8A27A, 0xF1DDC6, 0xD0AE8A}, // slate
		{0xF9F1F2, 0x7B3553, 0x4D6E58, 0x80A088, 0x672B46, 0xD7AEB6, 0xF8E3E6, 0xDEBAC1}, // plum
	}
}
