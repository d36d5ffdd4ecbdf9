package pages

import (
	"io"

	"laurel/internal/i18n"
)

// FieldEmail is the name of the field for an address.
const FieldEmail = "email"

// LostPage is for people who have lost the links of their badges. What it says
// once they have asked is the same whatever is known of them.
type LostPage struct {
	Frame
	Action string // where the form leads
	Sent   bool   // they have asked
}

type lostView struct {
	view
	Action string
	Sent   bool
}

// Lost writes the page.
func (s *Pages) Lost(w io.Writer, p *i18n.Printer, page LostPage) error {
	v := lostView{view: s.view(p, page.Frame, p.Text("lost.title", nil)), Action: page.Action, Sent: page.Sent}
	if page.Sent {
		v.Title = p.Text("lost.sent", nil)
	}
	return s.write(w, "lost", v)
}

// FieldEmail returns the name of the form field.
func (view) FieldEmail() string { return FieldEmail }
