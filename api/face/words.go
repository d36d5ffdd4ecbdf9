package face

import (
	"time"

	"laurel/internal/i18n"
)

// Facts are what a badge on paper tells beside name and title, each a few words of
// ours around what is signed.
func (f Face) Facts(p *i18n.Printer) (all []string) {
	s := f.Signed
	if s.Role != "" {
		all = append(all, p.Text("certificate.role", i18n.Params{"Role": s.Role}))
	}
	if day, since := s.Day(); since {
		all = append(all, p.Text("certificate.from", i18n.Params{"Date": p.Date(day)}))
	} else if !day.IsZero() {
		all = append(all, p.Text("certificate.awarded", i18n.Params{"Date": p.Date(day)}))
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

// Day is the day of the award; where none is signed, as in a corrected badge, the
// one since which it holds, which no face may call the award. It is zero where a
// badge tells neither.
func (s Signed) Day() (day time.Time, since bool) {
	if s.Awarded.IsZero() && !s.ValidFrom.IsZero() {
		return s.ValidFrom, true
	}
	return s.Awarded, false
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
