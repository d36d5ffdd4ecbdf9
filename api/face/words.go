package face

import (
	"laurel/internal/i18n"
)

// Facts are what a badge on paper tells beside name and title, each a few words of
// ours around what is signed.
func (f Face) Facts(p *i18n.Printer) (all []string) {
	s := f.Signed
	if s.Role != "" {
		all = append(all, p.Text("certificate.role", i18n.Params{"Role": s.Role}))
	}
	if !s.Awarded.IsZero() {
		all = append(all, p.Text("certificate.awarded", i18n.Params{"Date": p.Date(s.Awarded)}))
	} else if !s.ValidFrom.IsZero() {
		all = append(all, p.Text("certificate.from", i18n.Params{"Date": p.Date(s.ValidFrom)}))
	}
	if !s.Began.IsZero() && !s.Ended.IsZero() {
		all = append(all, p.Text("certificate.activity", i18n.Params{"From": p.Date(s.Began), "To": p.Date(s.Ended)}))
	}
	if s.Credits != "" {
		all = append(all, p.Text("certificate.credits", i18n.Params{"Number": s.Credits}))
	}
	if !s.ValidUntil.IsZero() {
		all = append(all, p.Text("certificate.until", i18n.Params{"Date": p.Date(s.ValidUntil)}))
	}
	return all
}

// Standing says in a sentence how a badge stands, and that it is a trial where the
// verdict speaks of something else.
func (f Face) Standing(p *i18n.Printer) string {
	if f.Trial && f.State != Good {
		return p.Text("certificate.trial", i18n.Params{"Summary": f.Summary})
	}
	return f.Summary
}

// By is who has signed, by what nobody else can have, else by the name that they
// give themselves.
func (s Signed) By() string { return first(s.Host, s.Issuer, "–") }
