package draw

import (
	"cmp"
	"image"
	"image/color"
	"maps"
	"slices"
)

// reduce gives the picture a palette of at most 256 colours. A medal has a dozen
// flat ones, which stay exact, and their blends along the edges, of which the
// commonest of each kind stands for its neighbours. The eye sees no difference,
// and the file, which every baked badge carries, is a third of the size. A
// picture of more kinds of colours, as with artwork in it, stays as it is.
func reduce(img *image.RGBA) image.Image {
	count := map[color.RGBA]int{}
	for i := 0; i < len(img.Pix); i += 4 {
		count[rgbaAt(img, i)]++
	}
	kept, ok := commonest(count)
	if !ok {
		return img
	}
	of := make(map[color.RGBA]uint8, len(kept)) // the commonest of a kind
	for i, c := range kept {
		if _, known := of[kind(c.(color.RGBA))]; !known {
			of[kind(c.(color.RGBA))] = uint8(i)
		}
	}
	index := make(map[color.RGBA]uint8, len(count))
	for c := range count {
		nearest := kept.Index(c)
		if far(kept[nearest].(color.RGBA), c) {
			nearest = int(of[kind(c)])
		}
		index[c] = uint8(nearest)
	}
	out := image.NewPaletted(img.Rect, kept)
	for i := range out.Pix {
		out.Pix[i] = index[rgbaAt(img, 4*i)]
	}
	return out
}

// commonest is a colour of each kind, and then as many more as there is room for;
// not ok where there is no room for the kinds.
func commonest(count map[color.RGBA]int) (kept color.Palette, ok bool) {
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(number(a), number(b)))
	})
	seen := map[color.RGBA]bool{}
	var more color.Palette
	for _, c := range all {
		if seen[kind(c)] {
			more = append(more, c)
			continue
		}
		seen[kind(c)] = true
		kept = append(kept, c)
	}
	if len(kept) > 256 {
		return nil, false
	}
	return append(kept, more[:min(len(more), 256-len(kept))]...), true
}

// far tells colours of which a channel differs by a sixteenth or more.
func far(a, b color.RGBA) bool {
	return off(a.R, b.R) > 15 || off(a.G, b.G) > 15 || off(a.B, b.B) > 15 || off(a.A, b.A) > 15
}

func off(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// kind is the same for colours that differ by less than a sixteenth.
func kind(c color.RGBA) color.RGBA {
	return color.RGBA{R: c.R >> 4, G: c.G >> 4, B: c.B >> 4, A: c.A >> 4}
}

func rgbaAt(img *image.RGBA, i int) color.RGBA {
	return color.RGBA{R: img.Pix[i], G: img.Pix[i+1], B: img.Pix[i+2], A: img.Pix[i+3]}
}

func number(c color.RGBA) uint32 {
	return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A)
}
