package console

import (
	"bytes"
	"fmt"
	"net/http"

	"laurel/api/wire"
	"laurel/internal/i18n"
	"laurel/programme"
)

// Work that takes long tells how far it is, and that needs no script: the page
// begins while the work goes on, and what came of it follows in the same answer.
// Of all that was told on the way the style sheet shows the last alone, and
// nothing once the rest is there. An answer that has begun is 200 whatever comes
// of it, so nothing begins before what was sent is known to be in order, nor where
// the work is done at one go.

// step is what is told on the way.
type step struct {
	Text     string
	Done, Of int
}

// tell shows how far the work is. title is that of the page, message has the
// values Done and Of.
func (v *visit) tell(title, message string, done, of int) {
	if done >= of {
		return // the rest follows at once
	}
	if err := v.tellStep(title, step{v.p.Text(message, i18n.Params{"Done": done, "Of": of}), done, of}); err != nil {
		v.Log.ErrorContext(v.ctx(), "writing a page", "request", wire.RequestID(v.ctx()), "error", err)
	}
}

func (v *visit) tellStep(title string, s step) error {
	var b bytes.Buffer
	if !v.begun {
		if err := v.templates.ExecuteTemplate(&b, "working", v.page(title)); err != nil {
			return fmt.Errorf("rendering the beginning of %s: %w", v.r.Pattern, err)
		}
	}
	if err := v.templates.ExecuteTemplate(&b, "step", s); err != nil {
		return fmt.Errorf("rendering a step of %s: %w", v.r.Pattern, err)
	}
	if !v.begun {
		v.begin()
	}
	wire.AfterWork(v.w)
	_, _ = v.w.Write(b.Bytes()) // whoever has gone is not told
	_ = http.NewResponseController(v.w).Flush()
	return nil
}

// begin sends the header of an answer whose length is not known.
func (v *visit) begin() {
	h := v.w.Header()
	v.privately(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.p.Lang())
	h.Set("X-Accel-Buffering", "no") // a proxy that collects the steps would take their use away
	v.w.WriteHeader(http.StatusOK)
	v.begun = true
}

// rest ends an answer that has begun.
func (v *visit) rest(pg *page) error {
	var b bytes.Buffer
	if err := v.templates.ExecuteTemplate(&b, "rest", pg); err != nil {
		return fmt.Errorf("rendering the rest of %s: %w", v.r.Pattern, err)
	}
	wire.AfterWork(v.w)
	_, _ = v.w.Write(b.Bytes())
	return nil
}

// cutShort tells in the page itself of an error for which there is no status any
// more.
func (v *visit) cutShort(err error) error {
	if v.ctx().Err() != nil {
		return nil //nolint:nilerr // nobody is there to be told
	}
	return v.problem(v.Explain(v.ctx(), err))
}

// tellRows tells how far a list is.
func (v *visit) tellRows(p programme.Progress) {
	message := "console.working.taken"
	if p.Step == programme.Checked {
		message = "console.working.checked"
	}
	v.tell("console.upload.title", message, p.Done, p.Of)
}
