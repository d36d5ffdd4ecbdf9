package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"laurel/api/limit"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/door"
	"laurel/internal/i18n"
	"laurel/store"
)

// outermost numbers each request, writes its one line into the log, and turns
// a panic into a problem. The line has the pattern of the route and no address,
// query, body or token, which may tell of people.
func (s *server) outermost(c *gin.Context) {
	start := time.Now() // a duration is measured on the real clock
	id := rand.Text()
	r := c.Request
	c.Request = r.WithContext(wire.WithLanguage(wire.WithRequestID(r.Context(), id),
		func() *i18n.Printer { return wire.Printer(r, s.cfg.Catalog) }))
	c.Header("X-Request-Id", id)
	defer func() {
		s.recovered(c, recover())
		s.logged(c.Request, id, c.FullPath(), c.Writer.Status(), start)
	}()
	c.Next()
}

func (s *server) logged(r *http.Request, id, route string, status int, start time.Time) {
	took, known := time.Since(start), method(r.Method)
	s.cfg.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("request", id), slog.String("method", known),
		slog.String("route", route), slog.Int("status", status), slog.Duration("duration", took))
	s.cfg.Observer.Request(r.Context(), Answered{ID: id, Route: route, Method: known, Status: status, Took: took})
}

// front answers with what is kept, and leaves everything else to the router. What
// is kept has the headers that it went out with, all but the number of the
// request.
func (s *server) front(router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		// From here on the address is that of who asks, for all that counts by it.
		r.RemoteAddr = s.cfg.Proxies.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		kept := s.cfg.Cache.Find(r)
		if kept == nil || !s.isOurs(r) || kept.Counts() && s.desk.Admit(r) != nil {
			router.ServeHTTP(w, r)
			return
		}
		id := rand.Text()
		w.Header()["X-Request-Id"] = []string{id}
		answer := func(head func([]byte) bool) { s.logged(r, id, kept.Route(), kept.Write(w, r, head), start) }
		if r.ProtoMajor != 1 {
			// The reader makes room for more only once it has what was written (RFC
			// 9113 section 5.2), and other answers go out on the same connection.
			answer(nil)
			return
		}
		ctx := r.Context()
		door.Together(ctx, func() {
			answer(func(lines []byte) bool { return door.Head(ctx, lines) })
			_ = http.NewResponseController(w).Flush() // or its end would go out by itself
		})
	})
}

// method keeps texts of strangers out of the log.
func method(m string) string {
	known := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch}
	if slices.Contains(known, m) {
		return m
	}
	return "other"
}

// recovered answers for a handler that panicked. An answer that has begun
// cannot be mended: the connection is cut, so that nobody takes it for whole.
func (s *server) recovered(c *gin.Context, r any) {
	if r == nil {
		return
	}
	if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(r)
	}
	s.cfg.Log.ErrorContext(c.Request.Context(), "panic", "request", wire.RequestID(c.Request.Context()), "route", c.FullPath(),
		"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	s.write(c.Writer, c.Request, describe(errPanic).In(wire.Language(c.Request.Context())))
}

// errPanic stands for a panic that the log has already.
var errPanic = errors.New("api: a handler panicked")

// usual are the headers of every answer but those that say otherwise.
func (s *server) usual() http.Header {
	h := http.Header{}
	h.Set("Content-Security-Policy", wire.Policy)
	h.Set("Permissions-Policy", wire.Permissions)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if s.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if s.cfg.Version != "" {
		h.Set("Server", "Laurel/"+s.cfg.Version)
	}
	return h
}

// headers gives an answer the usual headers. All answers share their values, which
// are replaced and never changed.
func (s *server) headers(c *gin.Context) {
	h := c.Writer.Header()
	maps.Copy(h, s.everywhere)
	// net/http has dropped a Content-Length that stood beside the chunks. A proxy
	// that went by it would take what follows for part of this request, so nothing
	// follows (RFC 9112 section 6.3).
	if len(c.Request.TransferEncoding) > 0 {
		h.Set("Connection", "close")
	}
}

// knownHost refuses requests under a name that is not ours, which come by
// mistake or to make us vouch for another address. Those that ask
// only whether the service is well may come under any.
func (s *server) knownHost(c *gin.Context) {
	if c.FullPath() == "/healthz" || c.FullPath() == "/readyz" || s.isOurs(c.Request) {
		return
	}
	s.fail(c.Writer, c.Request, &wire.Fault{Code: wire.WrongHost, Detail: "This service answers only under its own name, " + s.cfg.BaseURL + "."})
	c.Abort()
}

func (s *server) isOurs(r *http.Request) bool {
	if r.Host == s.host {
		return true
	}
	port := "80"
	if s.https {
		port = "443"
	}
	if withPort(r.Host, port) == withPort(s.host, port) {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return false
	}
	name, at, err := net.SplitHostPort(r.Host)
	return err == nil && at == fmt.Sprint(local.Port) && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, strings.ToLower(name))
}

func withPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(net.JoinHostPort(strings.Trim(host, "[]"), port))
}

// adapt makes gin call a handler: the parameters of the path go where net/http
// has them, the caller is asked for a token where one is needed, and an error
// becomes a problem.
func (s *server) adapt(r route) gin.HandlerFunc {
	announced := r.access.headers()
	return func(c *gin.Context) {
		req := c.Request
		if r.changes() {
			req = req.WithContext(store.WithPatience(req.Context(), storePatience))
		}
		req.Pattern = r.path
		for _, p := range c.Params {
			req.SetPathValue(p.Key, p.Value)
		}
		maps.Copy(c.Writer.Header(), announced)
		room, gate, fail := s.forAll, s.forStrangers, s.fail
		if r.access.issues {
			gate = s.forIssuing
		}
		if r.inConsole() {
			fail = s.failInConsole
		}
		if r.access.asks(req) {
			var token auth.Token
			var err error
			if req, token, err = s.caller(c.Writer.Header(), req, r); err != nil {
				fail(c.Writer, req, err)
				return
			}
			c.Writer.Header().Set("Cache-Control", wire.NoStore)
			req = req.WithContext(wire.WithToken(req.Context(), token))
			room, gate = s.forCallers, s.forIssuing
		}
		ctx, leave := wire.WithRoom(req.Context(), room)
		defer leave()
		ctx, w, end := wire.AtGate(ctx, c.Writer, gate)
		defer end()
		req = req.WithContext(ctx)
		if err := s.handle(w, req, r, gate); err != nil {
			fail(w, req, err)
		}
	}
}

// storePatience is how long a request that changes something waits for the store
// in all, from one commit to the next. With what the end of a commit may take it
// is answered within ten seconds: callers that give up then have their answer.
const storePatience = 8 * time.Second

func (r route) changes() bool {
	return r.method != http.MethodGet && r.method != http.MethodHead && r.method != http.MethodOptions
}

// handle waits for the turn of a caller with a token who sends no body; all others
// wait where they come to what takes the processor.
func (s *server) handle(w http.ResponseWriter, r *http.Request, to route, gate *limit.Gate) error {
	if gate == s.forIssuing && r.ContentLength == 0 {
		if err := limit.Await(r.Context()); err != nil {
			return err
		}
	}
	return to.handle(w, r)
}

// headers are those that depend on who may call.
func (a access) headers() http.Header {
	h := http.Header{}
	if a.shared {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "Content-Language, ETag, Link, Retry-After, X-Request-Id")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	if a.private {
		h.Set("X-Robots-Tag", "noindex")
	}
	if a.session || len(a.scopes) > 0 && !a.anyone {
		h.Set("Cache-Control", wire.NoStore)
	}
	return h
}

// asks tells whether a request is asked for its token.
func (a access) asks(r *http.Request) bool {
	switch {
	case r.Method == http.MethodOptions:
		return false
	case a.session:
		return true
	case len(a.scopes) == 0:
		return false
	case a.anyone:
		return len(r.Header.Values("Authorization")) > 0
	}
	return true
}

// caller finds out who asks, whether it is too often, and whether they may ask
// this. The request comes back with what is known of who is signed in.
func (s *server) caller(h http.Header, r *http.Request, to route) (*http.Request, auth.Token, error) {
	r, token, err := s.who(r, to.access)
	if err != nil {
		return r, auth.Token{}, err
	}
	if err := s.count(h, token); err != nil {
		return r, auth.Token{}, err
	}
	return r, token, permits(token, to.access)
}

// who finds the token of a request: the one that it shows, or in the console the
// one of who is signed in. Neither door takes what is shown at the other, so that
// a page of another site gets nothing out of a cookie.
func (s *server) who(r *http.Request, to access) (*http.Request, auth.Token, error) {
	if to.session {
		return s.console.Enter(r)
	}
	text, err := bearer(r)
	if err != nil {
		return r, auth.Token{}, err
	}
	token, err := s.cfg.Tokens.Authenticate(r.Context(), text)
	return r, token, err
}

// permits tells whether a token has a scope that a call needs, and no limit that
// the call does not keep to.
func permits(token auth.Token, to access) error {
	if len(to.scopes) > 0 && !slices.ContainsFunc(to.scopes, func(scope auth.Scope) bool { return token.AllowsScope(scope) == nil }) {
		return &wire.Fault{Code: wire.ScopeMissing,
			Detail: "This call needs a token with the scope " + list(to.scopes, " or ") + "; this one has " + list(token.Scopes, ", ") + "."}
	}
	return within(token, to)
}

// count counts a request of a token that has a rate, and tells how many are left
// in the headers that the field knows.
func (s *server) count(h http.Header, t auth.Token) error {
	if t.Rate <= 0 {
		return nil
	}
	b := s.quota.Take(t.ID, t.Rate)
	h.Set("RateLimit-Limit", strconv.Itoa(t.Rate))
	h.Set("RateLimit-Remaining", strconv.Itoa(b.Left))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(b.Whole.Seconds()))))
	if b.Wait == 0 {
		return nil
	}
	return &wire.Fault{Code: wire.TooManyRequests, Retry: b.Wait,
		Detail: fmt.Sprintf("This token may make %d requests a minute, and has made them. Wait as long as Retry-After says; a batch takes many badges in one request.", t.Rate)}
}

// within refuses a token with limits that a call does not keep to: it would do
// more than it may.
func within(t auth.Token, to access) error {
	missing := limitsOf(t) &^ to.keeps
	for _, l := range []struct {
		limit  limits
		detail string
	}{
		{byActivity, "The token is limited to some activities, and this call keeps to no such limit. Use a token without it."},
		{byCountry, "The token is limited to one country, and this call keeps to no such limit. Use a token without it."},
		{bySource, "The token speaks for one source, and this call does not ask for which. Use a token without a source."},
		{asTest, "The token is marked test, and there are no trials of this call: what it does counts. Use a token that is not marked."},
	} {
		if missing&l.limit != 0 {
			return &wire.Fault{Code: wire.LimitedToken, Detail: l.detail}
		}
	}
	return nil
}

func list(scopes []auth.Scope, between string) string {
	names := make([]string, len(scopes))
	for n, s := range scopes {
		names[n] = string(s)
	}
	return strings.Join(names, between)
}

// bearer reads the token of a request (RFC 6750 section 2.1).
func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 1 {
		scheme, text, ok := strings.Cut(values[0], " ")
		if ok && strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(text), nil
		}
	}
	return "", &wire.Fault{Code: wire.TokenMissing, Detail: "This call needs a token: send the header Authorization: Bearer, a blank, and the token."}
}

// gone reports whether the caller stopped waiting.
func gone(r *http.Request, err error) bool {
	return errors.Is(err, context.Canceled) && r.Context().Err() != nil
}
