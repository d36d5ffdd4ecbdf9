package verify

import (
	"net/http"

	"laurel/api/face"
	"laurel/api/wire"
	"laurel/internal/artwork"
	"laurel/internal/draw"
	"laurel/internal/i18n"
)

// Preview answers GET /credentials/{id}/preview.png: how the badge stands now and
// what is signed in it, as the picture that is shown where its link is shared.
func (h *Handler) Preview(w http.ResponseWriter, r *http.Request) error {
	f, rec, err := h.faceOf(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	var picture []byte
	if art, err := h.issuer.Artwork(r.Context(), rec.SignedAchievement()); err != nil {
		return err
	} else if art != nil && art.MediaType == string(artwork.PNG) && f.Proven {
		picture = art.Picture
	}
	raw, err := h.studio.Preview(r.Context(), previewOf(p, f), picture)
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept-Language")
	w.Header().Set("Content-Language", p.Lang())
	wire.ServeCached(w, r, "image/png", wire.Revalidate, raw)
	return nil
}

// previewOf says what is written. What is not proven is not told.
func previewOf(p *i18n.Printer, f face.Face) draw.Preview {
	s := f.Signed
	if !f.Proven {
		s = face.Signed{}
	}
	day, since := s.Day()
	label := "field.awarded"
	if since {
		label = "field.valid_from"
	}
	return draw.Preview{Sign: signOf(f), Headline: f.Headline, Host: f.Beside.Host, Lang: p.Lang(), Leftward: p.Dir() == "rtl",
		Medal: draw.Medal{Title: s.Title, Issuer: s.Issuer, Lang: s.Language},
		Lines: [3]draw.Labelled{{Label: p.Text("field.holder", nil), Text: s.Holder}, {Label: p.Text("field.issuer", nil), Text: s.Issuer},
			{Label: p.Text(label, nil), Text: p.Date(day)}}}
}

// signOf is doubt for all that is neither in force nor known not to be.
func signOf(f face.Face) draw.Sign {
	switch {
	case f.Holds():
		return draw.Good
	case f.Trial:
		return draw.Doubt
	}
	switch f.State {
	case face.Wrong, face.Revoked, face.Expired, face.Suspended, face.Replaced, face.NotYetValid:
		return draw.Bad
	}
	return draw.Doubt
}
