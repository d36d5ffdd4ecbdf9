package typeset

import "github.com/go-text/typesetting/segmenter"

// joiner makes one picture of two (U+200D).
const joiner = '\u200d'

// Beginning is as much of a text as n characters are, to the end of what is read as
// one (graphemes of Unicode Annex 29): half of a family would be another one. What
// alone is longer than n is cut.
func Beginning(text string, n int) string {
	letters := []rune(text)
	if len(letters) <= n {
		return text
	}
	letters = letters[:n+1] // one more tells whether the last is whole
	var parts segmenter.Segmenter
	parts.Init(letters)
	end := 0
	for it := parts.GraphemeIterator(); it.Next(); {
		g := it.Grapheme()
		if g.Offset+len(g.Text) > n {
			break
		}
		if joined := g.Text[len(g.Text)-1] == joiner; !joined { // which the library takes for an end now and then
			end = g.Offset + len(g.Text)
		}
	}
	if end == 0 {
		end = n
	}
	return string(letters[:end])
}
