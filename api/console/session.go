package console

import (
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"

	"laurel/api/sessions"
	"laurel/api/wire"
	"laurel/internal/auth"
)

// The field and the purpose of the mark that every form carries.
const (
	markField = "mark"
	formMark  = "form"
)

// cookieName binds the cookie to this host and to https where there is https
// (RFC 6265bis section 4.1.3.2); browsers refuse that name elsewhere.
func (h *Handler) cookieName() string {
	if h.https {
		return "__Host-laurel"
	}
	return "laurel"
}

func (h *Handler) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: h.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: h.https, SameSite: http.SameSiteStrictMode}
}

func (h *Handler) forget(w http.ResponseWriter) { http.SetCookie(w, h.cookie("", -1)) }

// secret is what a browser shows of a session; "" for none, or for several of
// which it cannot be told whose they are.
func (h *Handler) secret(r *http.Request) string {
	if all := r.CookiesNamed(h.cookieName()); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// Enter finds the session of a request, and returns the request with it and its
// token. Before that it refuses what a page of another site has sent. The errors
// are sessions.ErrEnded, auth.ErrRevoked and auth.ErrExpired, a Fault, and those
// of the store.
func (h *Handler) Enter(r *http.Request) (*http.Request, auth.Token, error) {
	if err := h.ourOwn(r); err != nil {
		return r, auth.Token{}, err
	}
	session, err := h.Sessions.Find(r.Context(), h.secret(r))
	if err != nil {
		return r, auth.Token{}, err
	}
	return r.WithContext(withSession(r.Context(), session)), session.Token, nil
}

// ourOwn refuses a form that a page of another site has sent: browsers say where
// it comes from. What says nothing is no browser of this decade, and still needs
// the mark of the session.
func (h *Handler) ourOwn(r *http.Request) error {
	if err := h.crossing.Check(r); err != nil {
		return &wire.Fault{Code: wire.CrossSite, Detail: "This was sent by a page of another site, and nothing was done. Open the console yourself and do it there."}
	}
	return nil
}

// private tells whether a token may be typed in here: nobody can listen in on
// https, nor within this machine.
func (h *Handler) private(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return h.https || ok && local.IP.IsLoopback()
}

// SignIn shows the door.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "next", "why")
	if err != nil {
		return err
	}
	v := h.visit(w, r)
	if _, err := h.Sessions.Find(r.Context(), h.secret(r)); err == nil {
		return v.seeOther(nextPath(q.Get("next")))
	}
	return v.door(http.StatusOK, q.Get("next"), q.Get("why"))
}

// nextPattern has the pages of the console and nothing else, and no query, in
// which somebody could stand.
var nextPattern = regexp.MustCompile(`^` + Root + `(/[A-Za-z0-9_-]+){0,4}$`)

// nextPath is where to go after signing in.
func nextPath(path string) string {
	if !nextPattern.MatchString(path) || path == signInPath || path == signOutPath {
		return Root
	}
	return path
}

// door is the page on which one signs in; why says what happened before.
func (v *visit) door(status int, next, why string) error {
	v.session = sessions.Session{}
	pg := v.page("console.signin.title")
	pg.Lead = v.t("console.signin.lead")
	if !v.private(v.r) {
		pg.Notices = []notice{{Tone: "fail", Text: v.t("console.signin.open")}}
		return v.write(http.StatusForbidden, pg)
	}
	entry := field{Name: "token", Label: v.t("console.signin.token"), Type: "password", Hint: v.t("console.signin.hint"), Required: true, LTR: true}
	switch why {
	case "ended", "revoked", "expired", "out":
		tone := map[bool]string{true: "pass", false: "warn"}[why == "out"]
		pg.Notices = []notice{{Tone: tone, Text: v.t("console.signin." + why)}}
	case "wrong", "malformed":
		entry.Error = &said{Text: v.t("console.signin." + why)}
	case "many":
		pg.Notices = []notice{{Tone: "fail", Text: v.t("console.signin.many")}}
	}
	next = nextPath(next)
	pg.Form = &form{Action: v.local(signInPath), Fields: []field{entry}, Hidden: []pair{{"next", next}}, Submits: []submit{{Text: v.t("console.signin.submit")}}}
	pg.Links = []link{{v.t("console.signin.already"), v.local(next)}}
	return v.write(status, pg)
}

// signedIn answers the form of the door.
func (h *Handler) signedIn(w http.ResponseWriter, r *http.Request) error {
	if err := h.ourOwn(r); err != nil {
		return err
	}
	v := h.visit(w, r)
	if !h.private(r) {
		return v.door(http.StatusForbidden, "", "")
	}
	sent, err := readTexts(w, r, maxDoor)
	if err != nil {
		return err
	}
	secret, session, err := h.Sessions.Begin(r.Context(), strings.TrimSpace(sent.get("token")))
	if why := wrong(err); why != "" {
		if ok, wait := h.WrongToken(r.RemoteAddr); !ok {
			h.Log.WarnContext(r.Context(), "too many wrong tokens at the console", "request", wire.RequestID(r.Context()))
			w.Header().Set("Retry-After", retryAfter(wait))
			return v.door(http.StatusTooManyRequests, sent.get("next"), "many")
		}
		return v.door(http.StatusUnauthorized, sent.get("next"), why)
	} else if err != nil {
		return err
	}
	if old := h.secret(r); old != "" { // a browser has one session
		_ = h.Sessions.End(r.Context(), old) // which ends by itself, if not now
	}
	h.Log.InfoContext(r.Context(), "signed in", "request", wire.RequestID(r.Context()), "token", session.Token.ID)
	http.SetCookie(w, h.cookie(secret, int(sessions.Absolute.Seconds())))
	return v.seeOther(nextPath(sent.get("next")))
}

// wrong says in a word why a token lets nobody in; "" where it does, or where
// that is not known.
func wrong(err error) string {
	switch {
	case errors.Is(err, auth.ErrMalformed):
		return "malformed"
	case errors.Is(err, auth.ErrSecret):
		return "wrong"
	case errors.Is(err, auth.ErrRevoked):
		return "revoked"
	case errors.Is(err, auth.ErrExpired):
		return "expired"
	}
	return ""
}

func signOut(v *visit, _ fields) error {
	if err := v.Sessions.End(v.ctx(), v.secret(v.r)); err != nil {
		return err
	}
	v.forget(v.w)
	return v.seeOther(signInPath, "why", "out")
}
