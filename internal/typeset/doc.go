// Package typeset turns text in any script into glyphs with places: bidirectional
// order, joined and stacked letters, line breaks, and a font for each letter.
//
// Fonts are no files of ours. They are found in folders (those of Debian's
// fonts-noto-core and fonts-noto-cjk are what it is made for), and where there
// are none, DejaVu Sans, which is built in, draws Latin, Greek, Cyrillic and
// Arabic. A text with a letter that no font has is left out whole and said so
// (Block.Missing): half a name is another name, and a box is none.
//
// Text is drawn as it reads, not as it is encoded: control characters and
// explicit bidirectional formatting are taken out, white space is one space,
// more than a few marks on one letter are dropped. So a text cannot pretend to
// be another by overrides, and its cost is bounded.
//
// Whoever makes pictures fills Block.Ink. Whoever writes PDF sets each glyph at
// its own place (Run.Glyphs, in the units of Style.Size, y downwards): either
// from Face.Outline, as a Type 3 font with one procedure a glyph, or from
// Face.Data, the bytes of the font file, cut down to the glyphs that are used.
// Glyph.Text is what a glyph stands for, for ToUnicode; Run.Text is the text of
// the run in the order in which it is read, for ActualText, which is what makes
// a right-to-left name come out right when it is copied.
//
// It refuses to draw, to write files, and to know what is said.
//
// Start at Open and Library.Layout.
package typeset
