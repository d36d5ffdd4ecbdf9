package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"laurel/api/badges"
	"laurel/api/cache"
	"laurel/api/console"
	"laurel/api/endorsements"
	"laurel/api/events"
	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/programmes"
	"laurel/api/public"
	"laurel/api/sessions"
	"laurel/api/share"
	"laurel/api/statistics"
	"laurel/api/studio"
	"laurel/api/tokens"
	"laurel/api/vcapi"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/endorser"
	"laurel/feed"
	"laurel/internal/i18n"
	"laurel/internal/origin"
	"laurel/internal/typeset"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/programme"
	"laurel/verifier"
)

// Config is what the service is made of. All fields but VCAPI, Sessions,
// Fetch, Ready, Proxies, VerifyRate, Archive, Cache, Version, Now, Log and Observer
// are required.
type Config struct {
	Issuer    *issuer.Issuer
	Programme *programme.Programme
	Endorsers *endorser.Endorsers
	Verifier  *verifier.Verifier
	Tokens    *tokens.Tokens
	Audit     *auditlog.Log
	Feed      *feed.Feed
	Hooks     *feed.Hooks
	Pages     *pages.Pages
	Catalog   *i18n.Catalog
	Fonts     *typeset.Library
	BaseURL   string       // https://host or http://host:port, as the issuer has it
	VCAPI     vcapi.Signer // nil: POST /credentials/issue does not exist
	Outbox    share.Outbox // nil: no mail is sent, and /lost does not exist
	// Sessions is who is signed in to the staff console; nil: there is none.
	Sessions *sessions.Sessions
	// Fetch gets badges of other services by their addresses, within its own
	// bounds and with errors of package fetch; nil: none are fetched.
	Fetch func(ctx context.Context, url string) ([]byte, error)
	// Ready tells how the service is; nil: well.
	Ready func(ctx context.Context) public.Readiness
	// Proxies are those in front whose word on who asks is taken; none: nobody's.
	Proxies origin.Proxies
	// VerifyRate is how many verifications an address may ask for in a minute; 0
	// for no limit, and for no bound to what the bodies of one address take
	// of the room for all.
	VerifyRate int
	// Archive: what is answered is kept in files, so that pages offer nothing that
	// takes a service.
	Archive bool
	// Cache keeps answers to public reads; nil: none is kept.
	Cache    *cache.Cache
	Version  string           // of the program, for the Server header; "" tells none
	Now      func() time.Time // default time.Now
	Log      *slog.Logger     // one line a request; default discards
	Observer Observer         // is told of each request; nil: nobody is
}

// Observer sees what the service does. Nothing that it is told is of a stranger's
// choosing, so there are as many different values as there are routes and codes,
// but for the numbers of requests. Its methods may be called by many goroutines at
// once; the contexts are those under which the request is answered.
type Observer interface {
	// Request is told of each request when it is over.
	Request(ctx context.Context, a Answered)
	// Problem is told of each problem that was answered: its status and code.
	Problem(ctx context.Context, status int, code string)
	// Verifying is told that a badge is being verified, which goes on under the
	// context that it returns; told is called with the verdict.
	Verifying(ctx context.Context) (under context.Context, told func(verdict string))
}

// Answered is a request that is over.
type Answered struct {
	ID     string // its number
	Route  string // the pattern of its route, "" where there is none
	Method string // "other" for one that nobody knows
	Status int
	Took   time.Duration
}

// unobserved tells nobody.
type unobserved struct{}

func (unobserved) Request(context.Context, Answered)    {}
func (unobserved) Problem(context.Context, int, string) {}
func (unobserved) Verifying(ctx context.Context) (context.Context, func(string)) {
	return ctx, func(string) {}
}

// How much is done at once, by everybody and by callers with a token and
// platforms, each beside the other: what strangers have verified or shown keeps
// nobody from issuing, nor the other way round (limit.Beside). Both are bound by
// the processor; who waits for other hosts or for the store takes no place
// meanwhile. Who has
// waited for as long as that, or finds as many waiting, is told to come back. A
// request that waits holds its body and little else.
const (
	placesPerProcessor = 4
	maxWaiting         = 8192
	patienceOfAll      = 1500 * time.Millisecond
	patienceOfCallers  = 5 * time.Second
)

// How much of bodies is held at once, in bytes, by everybody and by callers with
// a token, who are not to wait behind strangers. What is made of a body takes up
// to four times as much again. One address may take a quarter of what is there
// for everybody, which is more than the largest body.
const (
	roomForAll     = 32 << 20
	roomForAddress = roomForAll / 4
	roomForCallers = 32 << 20
	roomPatience   = 10 * time.Second
)

// wrongSecrets is how many secrets of no hook an address may show in a minute. It
// keeps guessing from costing us much; it is hopeless anyway.
const wrongSecrets = 30

// lostPerMinute is how often an address may ask in a minute for the links of
// badges, for whomever.
const lostPerMinute = 6

// lostRate is no limit where addresses tell nothing.
func lostRate(verifyRate int) int { return min(verifyRate, lostPerMinute) }

// Handler answers what the service is asked.
type Handler struct {
	http.Handler
	s *server
}

// Load is how much there is to do for strangers, or for callers with a token and
// platforms.
type Load struct {
	limit.Load           // at what takes the processor
	Bodies     limit.Use // of the room for them
}

// Load tells how much there is to do just now.
func (h *Handler) Load() (strangers, callers Load) {
	return Load{h.s.forStrangers.Load(), h.s.forAll.Use()}, Load{h.s.forIssuing.Load(), h.s.forCallers.Use()}
}

// New makes the service's handler. The error says what is missing in cfg.
func New(cfg Config) (*Handler, error) {
	if cfg.Issuer == nil || cfg.Programme == nil || cfg.Endorsers == nil || cfg.Verifier == nil || cfg.Tokens == nil || cfg.Audit == nil || cfg.Feed == nil || cfg.Hooks == nil || cfg.Pages == nil || cfg.Catalog == nil || cfg.Fonts == nil {
		return nil, errors.New("api: Issuer, Programme, Endorsers, Verifier, Tokens, Audit, Feed, Hooks, Pages, Catalog and Fonts are required")
	}
	if err := issuer.CheckBaseURL(cfg.BaseURL); err != nil {
		return nil, err
	}
	if cfg.Ready == nil {
		cfg.Ready = func(context.Context) public.Readiness { return public.Readiness{} }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Observer == nil {
		cfg.Observer = unobserved{}
	}
	part := int64(roomForAddress)
	if cfg.VerifyRate <= 0 { // addresses tell nothing here
		part = roomForAll
	}
	s := &server{cfg: cfg, forAll: limit.NewRoom(roomForAll, part, roomPatience), forCallers: limit.NewRoom(roomForCallers, roomForCallers, roomPatience),
		quota: limit.NewQuota(cfg.Now)}
	places := placesPerProcessor * runtime.GOMAXPROCS(0)
	s.forStrangers, s.forIssuing = limit.NewGate(places, maxWaiting, patienceOfAll), limit.NewGate(places, maxWaiting, patienceOfCallers)
	limit.Beside(s.forStrangers, s.forIssuing, runtime.GOMAXPROCS(0))
	s.host, s.https = hostOf(cfg.BaseURL)
	s.everywhere = s.usual()
	if cfg.Outbox != nil {
		cfg.Pages.OfferLost(share.LostPath)
	}
	desk := verify.NewDesk(cfg.Verifier, limit.NewRate(cfg.VerifyRate, cfg.Now), cfg.Log)
	s.desk = desk
	desk.Tell(cfg.Observer.Verifying)
	pictures := studio.New(cfg.Fonts)
	said := endorsements.New(endorsements.Config{Endorsers: cfg.Endorsers, Desk: desk, BaseURL: cfg.BaseURL})
	check := verify.New(verify.Config{Desk: desk, Issuer: cfg.Issuer, Programme: cfg.Programme, Pages: cfg.Pages, Catalog: cfg.Catalog,
		BaseURL: cfg.BaseURL, Fetch: cfg.Fetch, Beside: said.Beside, Studio: pictures, Describe: describe, Archive: cfg.Archive})
	table := s.routes(handlers{
		statistics: statistics.New(cfg.Programme),
		badges:     badges.New(badges.Config{Issuer: cfg.Issuer, Programme: cfg.Programme, BaseURL: cfg.BaseURL, Studio: pictures, Explain: s.explain}),
		events:     events.New(events.Config{Issuer: cfg.Issuer, Feed: cfg.Feed, Hooks: cfg.Hooks, BaseURL: cfg.BaseURL}),
		verify:     check,

		programmes: programmes.New(programmes.Config{Issuer: cfg.Issuer, Programme: cfg.Programme, BaseURL: cfg.BaseURL, Explain: s.explain,
			WrongSecret: limit.NewRate(wrongSecrets, cfg.Now).Allow, Log: cfg.Log}),

		share: share.New(share.Config{Issuer: cfg.Issuer, Desk: desk, Pages: cfg.Pages, Catalog: cfg.Catalog, BaseURL: cfg.BaseURL,
			Outbox: cfg.Outbox, Asking: limit.NewRate(lostRate(cfg.VerifyRate), cfg.Now), Now: cfg.Now}),

		endorsements: said,
		vcapi:        vcapi.New(vcapi.Config{Signer: cfg.VCAPI, Desk: desk, Catalog: cfg.Catalog}),
		public: public.New(public.Config{Issuer: cfg.Issuer, Audit: cfg.Audit, Pages: cfg.Pages, Catalog: cfg.Catalog, BaseURL: cfg.BaseURL,
			Beside: said.Beside, Studio: pictures, Badge: check.Page, Plain: check.Plain, Certificate: check.Certificate, Ready: cfg.Ready, Log: cfg.Log, Archive: cfg.Archive}),
	})
	staff, err := s.openConsole(table)
	if err != nil {
		return nil, err
	}
	return &Handler{s.front(s.engine(append(table, staff...))), s}, nil
}

func hostOf(baseURL string) (host string, https bool) {
	scheme, host, _ := strings.Cut(baseURL, "://")
	return host, scheme == "https"
}

// server is what middleware needs.
type server struct {
	cfg   Config
	host  string // of the base URL, with its port if it names one
	https bool

	everywhere         http.Header // of every answer
	desk               *verify.Desk
	console            *console.Handler // nil: there is none
	forAll, forCallers *limit.Room
	quota              *limit.Quota
	seldom             seldom

	forStrangers, forIssuing *limit.Gate
}

// engine builds the router. gin decides which handler is meant and no more.
func (s *server) engine(routes []route) *gin.Engine {
	gin.SetMode(gin.ReleaseMode) // the other modes print requests
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash, e.RedirectFixedPath = false, false
	_ = e.SetTrustedProxies(nil) // only a malformed list is an error
	e.Use(s.outermost, s.headers, s.knownHost)
	e.NoRoute(s.adapt(route{handle: nowhere}))
	e.NoMethod(s.adapt(route{handle: notAllowed}))
	if s.cfg.VCAPI == nil { // else it would pass for the address of a badge, which takes no POST
		for _, path := range []string{issueForOthers, statusForOthers} {
			e.POST(path, s.adapt(route{handle: nowhere}))
		}
	}
	methods := map[string][]string{}
	for _, r := range routes {
		handle := s.adapt(r)
		e.Handle(r.method, r.path, handle)
		methods[r.path] = append(methods[r.path], r.method)
		if r.method == http.MethodGet {
			e.HEAD(r.path, handle)
			methods[r.path] = append(methods[r.path], http.MethodHead)
		}
	}
	for path, allowed := range methods {
		e.OPTIONS(path, s.adapt(route{path: path, handle: options(allowed), access: openTo(routes, path)}))
	}
	return e
}

// openTo is the access of the first route of a path: none mixes public and
// private ones.
func openTo(routes []route, path string) access {
	for _, r := range routes {
		if r.path == path {
			return r.access
		}
	}
	return access{}
}

func nowhere(http.ResponseWriter, *http.Request) error {
	return &wire.Fault{Code: wire.NotFound, Detail: notFoundDetail}
}

func notAllowed(_ http.ResponseWriter, r *http.Request) error {
	return &wire.Fault{Code: wire.MethodNotAllowed, Detail: "This address does not take " + r.Method + " requests; the header Allow names those it takes."}
}

// options answers which requests an address takes; for public reads it is also
// what browsers ask before they let a page of another site read.
func options(methods []string) wire.Handler {
	allowed := strings.Join(append(methods, http.MethodOptions), ", ")
	return func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Allow", allowed)
		if h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Methods", allowed)
			h.Set("Access-Control-Allow-Headers", "Accept, Accept-Language, Content-Type, If-None-Match")
			h.Set("Access-Control-Max-Age", "86400")
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}
