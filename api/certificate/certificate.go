package certificate

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/internal/pdf"
	"laurel/internal/qr"
	"laurel/internal/typeset"
)

var (
	// ErrOutOfForce: the badge is revoked, suspended, replaced, or not what its
	// issuer signed.
	ErrOutOfForce = errors.New("certificate: the badge is not in force")
	// ErrUntold: how the badge stands could not be told.
	ErrUntold = errors.New("certificate: how the badge stands could not be told")
	// ErrLetters: there is no font for a letter of the holder's name or of the
	// title, without which it is no certificate.
	ErrLetters = errors.New("certificate: letters without a font")
	// ErrRoom: the holder's name or the title has no room on the paper, even small,
	// and a part of it is another one.
	ErrRoom = errors.New("certificate: a name or title without room")
)

// Attached is what the signed badge is called in the file.
const Attached = "credential.json"

// Paper is a size of paper.
type Paper int

// The sizes, which lie on their side.
const (
	A4 Paper = iota
	Letter
)

// size of the paper, in points.
func (p Paper) size() (width, height float64) {
	if p == Letter {
		return 792, 612
	}
	return 297 * pdf.Millimetre, 210 * pdf.Millimetre
}

// Card is what is put on paper.
type Card struct {
	Face     face.Face
	Document []byte // the signed badge, as stored
	Paper    Paper

	// OfflineCard is what a second, larger QR code holds, for checks without a
	// network; "" for none.
	OfflineCard string
}

// Check tells whether a badge that stands like this is put on paper; else
// ErrOutOfForce or ErrUntold.
func Check(f face.Face) error {
	switch f.State {
	case face.Good, face.UnderReview, face.NotYetValid, face.Expired:
		if f.Proven {
			return nil
		}
	case face.Untold:
		return ErrUntold
	}
	return fmt.Errorf("%w: %s", ErrOutOfForce, f.State)
}

// Write writes the certificate in the language of a reader. Errors: those of Check,
// ErrLetters, ErrRoom, those of the fonts and of the codes, and what w answers.
func Write(w io.Writer, fonts *typeset.Library, p *i18n.Printer, c Card) error {
	if err := Check(c.Face); err != nil {
		return err
	}
	s := newSheet(fonts, p, c)
	s.frame()
	for _, draw := range []func() error{s.slanted, s.middle, s.foot} {
		if err := draw(); err != nil {
			return err
		}
	}
	s.page.Attach(pdf.Attachment{Name: Attached, MediaType: "application/vc", Description: s.say("certificate.attached", nil), Bytes: c.Document})
	if _, err := s.page.WriteTo(w); err != nil {
		return fmt.Errorf("writing a certificate: %w", err)
	}
	return nil
}

// sheet is a page while it is drawn.
type sheet struct {
	*i18n.Printer
	card          Card
	fonts         *typeset.Library
	page          *pdf.Page
	width, height float64
	leftward      bool // it is laid out from right to left
}

func newSheet(fonts *typeset.Library, p *i18n.Printer, c Card) *sheet {
	s := &sheet{Printer: p, card: c, fonts: fonts, leftward: p.Dir() == "rtl"}
	s.width, s.height = c.Paper.size()
	signed := c.Face.Signed
	title := signed.Title
	if signed.Holder != "" {
		title += " – " + signed.Holder
	}
	s.page = pdf.New(s.width, s.height, pdf.About{Title: title, Author: signed.Issuer, Lang: p.Lang(), Created: dayOf(signed)})
	return s
}

// dayOf is the time that the file bears: when it was signed, or else the earliest
// that the badge tells.
func dayOf(s face.Signed) time.Time {
	for _, at := range []time.Time{s.At, s.Awarded, s.ValidFrom} {
		if !at.IsZero() {
			return at
		}
	}
	return time.Unix(0, 0)
}

// say is a message of ours.
func (s *sheet) say(id string, params i18n.Params) string { return s.Text(id, params) }

// piece is a text to set, of ours or signed.
type piece struct {
	text     string
	kind     pdf.Kind
	style    typeset.Style
	colour   pdf.Colour
	lang     string // of the text; "" for that of the page
	required bool   // nothing is written without it
}

// set lays a piece out. What has letters that no font has is left out, and what is
// too long ends with an ellipsis, unless it is required.
func (s *sheet) set(p piece) (*typeset.Block, error) {
	p.style.Lang = cmp.Or(p.lang, s.Lang())
	if p.lang == "" && s.leftward {
		p.style.Dir = typeset.RightToLeft
	}
	block, err := s.fonts.Layout(p.text, p.style)
	for size := p.style.MinSize; err == nil && p.required && block.Truncated && size >= legible; size *= 0.93 {
		block, err = s.fonts.Layout(p.text, smaller(p.style, size))
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("setting a certificate: %w", err)
	case p.required && len(block.Missing) > 0:
		return nil, fmt.Errorf("%w: %s", ErrLetters, scripts(block.Missing))
	case p.required && block.Truncated:
		return nil, ErrRoom
	}
	return block, nil
}

// legible is the smallest size that people read on paper.
const legible = 7

// smaller is a style for what is too long, with more lines in no more room.
func smaller(style typeset.Style, size float64) typeset.Style {
	style.Size, style.MinSize = size, 0
	style.MaxLines += 2
	return style
}

// scripts tells what the letters of somebody's name are written in, and none of
// them: it goes to the log.
func scripts(letters []rune) string {
	var names []string
	for name, table := range unicode.Scripts {
		if slices.ContainsFunc(letters, func(r rune) bool { return unicode.Is(table, r) }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(names, ", "), "of no script")
}

// put lays a piece out and draws it; it returns how high it is.
func (s *sheet) put(p piece, x, y float64) (float64, error) {
	block, err := s.set(p)
	if err != nil {
		return 0, err
	}
	s.page.Text(cmp.Or(p.kind, pdf.Paragraph), block, x, y, p.colour, p.lang)
	return block.Height, nil
}

// code draws a QR code of a side, its quiet zone included.
func (s *sheet) code(text, alt string, x, y, side float64) error {
	rows, err := qr.Modules(text)
	if err != nil {
		return fmt.Errorf("drawing the code of a certificate: %w", err)
	}
	module := side / float64(len(rows))
	var dark []typeset.Segment
	for r, row := range rows {
		for c := 0; c < len(row); c++ {
			from := c
			for c < len(row) && row[c] {
				c++
			}
			if c > from {
				dark = append(dark, rectangle(x+float64(from)*module, y+float64(r)*module, float64(c-from)*module, module)...)
			}
		}
	}
	s.page.Figure(dark, black, alt, "")
	return nil
}
