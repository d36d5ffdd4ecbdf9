package verify

import (
	"net/http"
	"strings"

	"laurel/api/face"
	"laurel/api/wire"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/verifier"
)

// faceOf verifies a badge of ours now, and works out what a face of it shows. It
// is what stands behind every face that has an address of its own.
func (h *Handler) faceOf(r *http.Request, id string) (face.Face, *issuer.Record, error) {
	if err := h.desk.Admit(r); err != nil {
		return face.Face{}, nil, err
	}
	b, err := h.asked(r, id)
	if err != nil {
		return face.Face{}, nil, err
	}
	report, err := h.desk.Report(r.Context(), b.submission, verifier.Options{})
	if err != nil {
		return face.Face{}, nil, err
	}
	p := wire.Printer(r, h.catalog)
	return face.Of(p, report, face.BesideOf(h.baseURL, b.record)), b.record, nil
}

// Plain answers GET /credentials/{id}.txt: the verdict and what was signed in six
// lines, for terminals, screen readers and messages.
func (h *Handler) Plain(w http.ResponseWriter, r *http.Request) error {
	id, _, _ := strings.Cut(r.PathValue("id"), ".")
	f, _, err := h.faceOf(r, id)
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	h.neverKept(w)
	w.Header().Set("Content-Language", p.Lang())
	wire.WriteBytes(w, "text/plain; charset=utf-8", http.StatusOK, []byte(plain(p, f)))
	return nil
}

// plain writes the six lines. What is not proven is not told.
func plain(p *i18n.Printer, f face.Face) string {
	s := f.Signed
	if !f.Proven {
		s = face.Signed{}
	}
	by := s.Issuer
	if s.Host != "" {
		by = p.Text("issuer.at", i18n.Params{"Issuer": by, "Host": s.Host})
	}
	day, since := s.Day()
	label := "plain.awarded"
	if since {
		label = "plain.from"
	}
	told := func(text string) string { return isolated(p, text) }
	return strings.Join([]string{
		f.Summary,
		p.Text("plain.achievement", i18n.Params{"Achievement": told(s.Title)}),
		p.Text("plain.holder", i18n.Params{"Name": told(s.Holder)}),
		p.Text("plain.issuer", i18n.Params{"Issuer": told(by)}),
		p.Text(label, i18n.Params{"Date": told(p.Date(day))}),
		p.Text("plain.check", i18n.Params{"Address": told(f.Beside.Verify), "Code": told(f.Beside.Code)}),
	}, "\n") + "\n"
}

// isolated is a text set apart from the words around it where these run from right
// to left and it may not (Unicode TR 9 section 2.4.2).
func isolated(p *i18n.Printer, text string) string {
	switch {
	case text == "":
		return "–"
	case p.Dir() == "rtl":
		return "\u2068" + text + "\u2069"
	}
	return text
}
