//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at every pixel.

package draw

import "testing"

// Every line of a preview is to be seen, in every script, on either side.
func TestPreviewsAreWritten(t *testing.T) {
	fonts := system(t)
	for _, p := range people {
		whole := Preview{Sign: Good, Headline: p.issuer, Medal: Medal{p.title, p.issuer, p.lang}, Host: "badges.example", Lang: p.lang, Leftward: p.lang == "ar",
			Lines: [3]Labelled{{"A", p.holder}, {"B", p.issuer}, {"C", "14.07.2025"}}}
		img := preview(t, fonts, whole)
		for name, blank := range map[string]func(*Preview){
			"headline": func(p *Preview) { p.Headline = "" }, "title": func(p *Preview) { p.Medal.Title = "\uFFFD" },
			"holder": func(p *Preview) { p.Lines[0].Text = "" }, "day": func(p *Preview) { p.Lines[2].Text = "" }, "host": func(p *Preview) { p.Host = "" },
		} {
			without := whole
			blank(&without)
			if n := differing(img, preview(t, fonts, without), img.Bounds()); n < 600 {
				t.Errorf("%s: the %s makes %d pixels", p.lang, name, n)
			}
		}
	}
}
