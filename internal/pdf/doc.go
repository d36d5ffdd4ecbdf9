// Package pdf writes a PDF of one page: text that typeset has set, filled
// outlines, and files attached to it.
//
// What it writes is PDF/A-3 (ISO 19005-3, conformance A) and PDF/UA-1 in form:
// every font is embedded, what is drawn is tagged in the order in which it is
// read, colours are those of an embedded profile, attachments are associated
// files. Equal calls give equal bytes within one build; nothing is drawn from
// chance or the clock.
//
// It has fonts of its own making: every cluster of letters that typeset has set
// (a letter with its marks, a ligature) becomes one glyph of an embedded font,
// with the text that it stands for. So a reader who copies or searches finds the
// letters in any script, whatever a font needed to draw them, and nothing of a
// font goes into the file but the outlines that are shown.
//
// It refuses to read PDF, to set text, and to be a library for more than one
// page.
//
// Start at New.
package pdf
