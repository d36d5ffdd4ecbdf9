package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"laurel/api/sessions"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/programme/roster"
)

// visit is one request of somebody who is signed in.
type visit struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	p       *i18n.Printer
	session sessions.Session
	begun   bool // the answer, while there was work to be done
}

func (h *Handler) visit(w http.ResponseWriter, r *http.Request) *visit {
	session, _ := r.Context().Value(sessionKey{}).(sessions.Session)
	return &visit{Handler: h, w: w, r: r, p: wire.Printer(r, h.Catalog), session: session}
}

type sessionKey struct{}

func withSession(ctx context.Context, s sessions.Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

func (v *visit) ctx() context.Context { return v.r.Context() }

func (v *visit) token() auth.Token { return v.session.Token }

// may tells whether the token may use a page.
func (v *visit) may(method, path string) bool { return v.May(v.token(), method+" "+path) }

// t is a message without values, tn one with a number.
func (v *visit) t(id string) string { return v.p.Text(id, nil) }

func (v *visit) tn(id string, n int) string {
	return v.p.Text(id, i18n.Params{i18n.Count: n})
}

// word is a message where there is one, and else the code that it stands for.
func (v *visit) word(kind, code string) string {
	if id := "console." + kind + "." + strings.ReplaceAll(code, ".", "_"); v.p.Has(id) {
		return v.p.Text(id, nil)
	}
	return code
}

// local is a page of the console in the language of this one: a choice of
// language lasts without a cookie.
func (v *visit) local(path string, pairs ...string) string {
	q := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		if pairs[n+1] != "" {
			q.Set(pairs[n], pairs[n+1])
		}
	}
	q.Set("lang", v.p.Lang())
	return (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// to puts the values of its parameters into a path of Pages.
func to(path string, values ...string) string {
	parts := strings.Split(path, "/")
	for n, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[n], values = values[0], values[1:]
		}
	}
	return strings.Join(parts, "/")
}

// seeOther leads on to another page when something is done, so that to load it
// again does nothing again.
func (v *visit) seeOther(path string, pairs ...string) error {
	v.w.Header().Set("Cache-Control", wire.NoStore) // it may set the cookie
	v.w.Header().Set("Location", v.local(path, pairs...))
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// privately sets what holds for every page.
func (v *visit) privately(h http.Header) {
	// An Origin header tells where a form was sent from; without this it would
	// be null, even from our own pages.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", wire.NoStore)
}

// write answers with a page, rendered whole before the first byte goes out, or
// with what is left of one that has begun.
func (v *visit) write(status int, pg *page) error {
	if v.begun {
		return v.rest(pg)
	}
	v.privately(v.w.Header())
	wire.AfterWork(v.w)
	return wire.WritePage(v.w, v.p, status, func(w io.Writer) error {
		var b bytes.Buffer
		if err := v.templates.ExecuteTemplate(&b, "page", pg); err != nil {
			return fmt.Errorf("rendering the page %s: %w", v.r.Pattern, err)
		}
		_, err := w.Write(b.Bytes())
		return err
	})
}

func (v *visit) show(pg *page) error { return v.write(http.StatusOK, pg) }

// refused puts what is wrong with a form on the page that has it, beside the
// fields that it is about; any other error is handed back.
func (v *visit) refused(err error, pg *page, f *form, place func(wire.FieldError) string) error {
	p := v.Explain(v.ctx(), err)
	if p.Status < 400 || p.Status >= 500 || p.Status == http.StatusNotFound {
		return err
	}
	beside := false
	for _, e := range p.Errors {
		for n := range f.Fields {
			if name := place(e); name != "" && f.Fields[n].Name == name && f.Fields[n].Error == nil {
				f.Fields[n].Error, beside = v.sentence(e.Code, e.Message), true
			}
		}
	}
	pg.Notices = append(pg.Notices, notice{Tone: "fail", Text: v.t("console.form.refused")})
	if !beside {
		pg.Notices[len(pg.Notices)-1].More = v.sentence(p.Code, p.Detail)
	}
	return v.write(p.Status, pg)
}

// said is a sentence in some language.
type said struct {
	Text string
	Lang string // "" for that of the page
}

// sentence is what an error of the domain says: as it came on an English page,
// which is the most exact; else in the language of the page, where there are
// words for it.
func (v *visit) sentence(code, english string) *said {
	if v.p.Lang() == string(i18n.English) {
		return &said{Text: english}
	}
	for _, kind := range []string{"suspicious", "too_long", "control_character"} { // name_suspicious and the like
		if strings.HasSuffix(code, "_"+kind) {
			code = kind
		}
	}
	if id := "console.fault." + code; v.p.Has(id) {
		return &said{Text: v.p.Text(id, nil)}
	}
	return &said{Text: english, Lang: "en"}
}

// Fail answers with what went wrong.
func (h *Handler) Fail(w http.ResponseWriter, r *http.Request, err error) {
	v := h.visit(w, r)
	var signedOut string
	switch {
	case errors.Is(err, sessions.ErrEnded):
		signedOut = "ended"
	case errors.Is(err, auth.ErrRevoked):
		signedOut = "revoked"
	case errors.Is(err, auth.ErrExpired):
		signedOut = "expired"
	}
	var writing error
	switch {
	case signedOut != "" && r.Method == http.MethodPost:
		writing = v.door(http.StatusUnauthorized, "", signedOut)
	case signedOut != "":
		h.forget(w)
		_ = v.seeOther(signInPath, "next", nextPath(r.URL.Path), "why", signedOut)
	default:
		writing = v.problem(h.Explain(r.Context(), err))
	}
	if writing != nil {
		h.Log.ErrorContext(r.Context(), "writing a page", "request", wire.RequestID(r.Context()), "error", writing)
	}
}

// problem is the page of what cannot be done.
func (v *visit) problem(p wire.Problem) error {
	pg := v.page("console.problem.title")
	switch {
	case p.Status == http.StatusNotFound:
		pg.Title = v.t("console.problem.not_found")
	case p.Status == http.StatusForbidden:
		pg.Title = v.t("console.problem.forbidden")
	case p.Status >= http.StatusInternalServerError:
		pg.Title = v.t("console.problem.fault")
	}
	n := notice{Tone: "fail", Text: v.t("console.problem.nothing"), More: v.sentence(p.Code, p.Detail)}
	if p.Status >= http.StatusInternalServerError {
		n.Text = v.t("console.problem.open") // what became of it is not known
	}
	pg.Notices = append(pg.Notices, n)
	for _, e := range p.Errors {
		if e.Message != p.Detail {
			pg.Notices = append(pg.Notices, notice{Tone: "fail", More: v.sentence(e.Code, e.Message)})
		}
	}
	pg.Facts = []fact{{v.t("console.problem.request"), []cell{code(wire.RequestID(v.ctx()))}}}
	if v.session.Token.ID != "" {
		pg.Links = append(pg.Links, link{v.t("console.nav.overview"), v.local(Root)})
	}
	if p.Retry > 0 {
		v.w.Header().Set("Retry-After", fmt.Sprint(int(p.Retry.Seconds())+1))
	}
	return v.write(p.Status, pg)
}

// fields are what a form has sent.
type fields map[string][]byte

func (f fields) get(name string) string { return string(f[name]) }

// line is a field without the blanks around it.
func (f fields) line(name string) string { return strings.TrimSpace(f.get(name)) }

// The bounds of forms, in bytes: of the door, before anybody is known, of texts,
// and of one with a list in it, which is sent twice, the second time in base64.
const (
	maxDoor  = 4 << 10
	maxTexts = 64 << 10
	maxList  = roster.MaxBytes*4/3 + maxTexts
)

// readForm reads what a form has sent, each field once.
func readForm(w http.ResponseWriter, r *http.Request) (fields, error) {
	if wire.MediaType(r) == "multipart/form-data" {
		parts, err := wire.ReadForm(w, r, maxList)
		return fields(parts), err
	}
	return readTexts(w, r, maxTexts)
}

// readTexts reads a form that has no file in it.
func readTexts(w http.ResponseWriter, r *http.Request, limit int64) (fields, error) {
	if wire.MediaType(r) != "application/x-www-form-urlencoded" {
		return nil, &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "This address takes the forms of the console alone."}
	}
	raw, err := wire.ReadBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, &wire.Fault{Code: wire.MalformedBody, Detail: "The form cannot be read. Open the page anew and send it again."}
	}
	out := fields{}
	for name, list := range values {
		if len(list) > 1 {
			return nil, &wire.Fault{Code: wire.MalformedBody, Detail: "A field of the form stands more than once. Open the page anew and send it again."}
		}
		out[name] = []byte(list[0])
	}
	return out, nil
}
