package certificate

import (
	"laurel/internal/i18n"
	"laurel/internal/pdf"
	"laurel/internal/typeset"
	"laurel/verifier/words"
)

// foot says where the certificate is checked, and what it is worth without that.
func (s *sheet) foot() error {
	const inner = margin + 9*pdf.Millimetre
	bottom := s.height - inner
	if err := s.code(s.card.Face.Beside.Verify, s.say("page.qr", nil), s.side(inner, codeSide), bottom-codeSide, codeSide); err != nil {
		return err
	}
	left, right := inner+codeSide+3*pdf.Millimetre, s.width-inner
	if s.card.OfflineCard != "" {
		right -= offlineSide
		if err := s.offline(s.side(right, offlineSide), bottom-offlineSide); err != nil {
			return err
		}
		right -= 4 * pdf.Millimetre
	}
	middle := left + 0.43*(right-left)
	if err := s.where(left, middle-left-6*pdf.Millimetre, bottom); err != nil {
		return err
	}
	return s.finePrint(middle, right-middle, bottom)
}

// offline draws the code that holds a signed card.
func (s *sheet) offline(x, y float64) error {
	if err := s.code(s.card.OfflineCard, s.say("certificate.offline", nil), x, y, offlineSide); err != nil {
		return err
	}
	style := typeset.Style{Size: 7, MinSize: 5, MaxWidth: offlineSide, MaxLines: 1, Align: typeset.Center}
	_, err := s.put(piece{text: s.say("certificate.offline", nil), style: style, colour: grey}, x, y-8)
	return err
}

// where says at which address the printed code is typed.
func (s *sheet) where(x, width, bottom float64) error {
	beside := s.card.Face.Beside
	style := func(size float64, bold bool, most int) typeset.Style {
		return typeset.Style{Size: size, MinSize: size * 0.6, Bold: bold, MaxWidth: width, MaxLines: most}
	}
	pieces := []piece{
		{text: s.say("certificate.genuine", nil), style: style(11, true, 2), colour: pine},
		{text: s.say("certificate.type", nil), style: style(9.5, false, 2), colour: ink},
		{text: beside.Host, style: style(12, true, 1), colour: ink, lang: "und"},
		{text: beside.Code, style: style(14, true, 1), colour: ink, lang: "und"},
	}
	return s.column(pieces, x, width, bottom, 3.5)
}

// finePrint says what the code proves and what paper does not.
func (s *sheet) finePrint(x, width, bottom float64) error {
	signed := s.card.Face.Signed
	style := typeset.Style{Size: 7.5, MinSize: 6, MaxWidth: width, MaxLines: 4}
	texts := []string{
		s.say("certificate.proves", i18n.Params{"Host": s.card.Face.Beside.Host}),
		s.say("certificate.inside", i18n.Params{"File": Attached}),
	}
	if !signed.At.IsZero() {
		texts = append(texts, s.say("certificate.signed", i18n.Params{"Date": s.Date(signed.At), "Issuer": words.Line(signed.By(), 80)}))
	}
	if s.card.OfflineCard != "" {
		texts = append(texts, s.say("certificate.offline.about", nil))
	}
	if signed.Language != "" && signed.Language != s.Lang() {
		texts = append(texts, s.say("certificate.language", i18n.Params{"Language": words.Line(s.LanguageName(signed.Language), 60)}))
	}
	var pieces []piece
	for _, text := range texts {
		pieces = append(pieces, piece{text: text, style: style, colour: grey})
	}
	return s.column(pieces, x, width, bottom, 2)
}

// column puts pieces below each other, down to a line at the bottom.
func (s *sheet) column(pieces []piece, x, width, bottom, gap float64) error {
	blocks := make([]*typeset.Block, len(pieces))
	y := bottom + gap
	for n, p := range pieces {
		if s.leftward && p.lang == "und" { // what is read from left to right stands on the right all the same
			p.style.Align = typeset.End
		}
		block, err := s.set(p)
		if err != nil {
			return err
		}
		blocks[n] = block
		y -= block.Height + gap
	}
	for n, b := range blocks {
		lang := pieces[n].lang
		if lang == "und" {
			lang = ""
		}
		s.page.Text(pdf.Paragraph, b, s.side(x, width), y, pieces[n].colour, lang)
		y += b.Height + gap
	}
	return nil
}
