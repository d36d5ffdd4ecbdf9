// Package console is the staff console: pages on which people do what the API
// does for programs.
//
// The console has no rights of its own. Whoever signs in brings a token, and
// every page stands for one call of the API (Page.Call): package api lets a
// token see or send it exactly where it lets the token make that call, by the
// same table. What a page does is the same call of the domain, for the same
// caller, so that whatever a token cannot reach by the API it cannot reach here.
//
// Pages are written whole on the server and need no script. A page that changes
// something is sent as a form, which carries a mark of the session that no page
// of another site can know.
//
// Start at New and Handler.Pages; visit.go has what all pages share.
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"laurel/api/pages"
	"laurel/api/sessions"
	"laurel/api/wire"
	"laurel/feed"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/programme"
)

//go:embed templates/*.html
var templates embed.FS

// Config is what a Handler works with; every field but Log is required.
type Config struct {
	Sessions  *sessions.Sessions
	Issuer    *issuer.Issuer
	Programme *programme.Programme
	Hooks     *feed.Hooks
	Audit     *auditlog.Log
	Pages     *pages.Pages // whose style sheet and icon the console uses
	Catalog   *i18n.Catalog
	BaseURL   string
	// Explain turns an error into a problem, and logs what is a fault of ours.
	Explain func(ctx context.Context, err error) wire.Problem
	// May tells whether a token may use a page, named by its method and path.
	May func(t auth.Token, page string) bool
	// WrongToken counts that an address has shown no token of ours, and tells
	// whether that is one time too many, and until when.
	WrongToken func(remote string) (ok bool, wait time.Duration)
	Log        *slog.Logger // default discards
}

// Handler answers staff.
type Handler struct {
	Config
	https     bool
	templates *template.Template
	style     string
	icon      string
	crossing  *http.CrossOriginProtection
}

// New makes a Handler. It fails only for a mistake in a template, or for a
// Config that is not whole.
func New(cfg Config) (*Handler, error) {
	if cfg.Sessions == nil || cfg.Issuer == nil || cfg.Programme == nil || cfg.Hooks == nil || cfg.Audit == nil || cfg.Pages == nil || cfg.Catalog == nil {
		return nil, errors.New("console: Sessions, Issuer, Programme, Hooks, Audit, Pages and Catalog are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	t, err := template.New("console").Funcs(template.FuncMap{"within": func(p *page, of any) part { return part{p, of} }}).ParseFS(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	style, _ := cfg.Pages.Stylesheet()
	icon, _ := cfg.Pages.Icon()
	return &Handler{Config: cfg, https: strings.HasPrefix(cfg.BaseURL, "https://"), templates: t,
		style: pages.AssetPath + style, icon: pages.AssetPath + icon, crossing: http.NewCrossOriginProtection()}, nil
}

// Page is one address of the console.
type Page struct {
	Method, Path string // the path as a route of package api has it
	// Call is the call of the API that the page stands for, as its route is
	// written: who may make it may use the page. "" for what every session may.
	Call   string
	Door   bool // for who is not signed in yet
	Handle wire.Handler
}

// Root is the path under which all pages lie.
const Root = "/console"

// Addresses that the pages name.
const (
	signInPath  = Root + "/sign-in"
	signOutPath = Root + "/sign-out"
	badgesPath  = Root + "/badges"
	badgePath   = badgesPath + "/:id"
	uploadPath  = Root + "/upload"
	resultPath  = uploadPath + "/result"
	uploadsPath = Root + "/uploads"
	reviewsPath = Root + "/reviews"
	statsPath   = Root + "/statistics"
	hooksPath   = Root + "/webhooks"
	logPath     = Root + "/log"

	achievementsPath = Root + "/achievements"
	activitiesPath   = Root + "/activities"
	releasePath      = activitiesPath + "/:slug/release"
	takeBackPath     = uploadsPath + "/:upload/take-back"
	redeliverPath    = hooksPath + "/:id/redeliver"
)

// Pages are all pages of the console.
func (h *Handler) Pages() []Page {
	const get, post = http.MethodGet, http.MethodPost
	all := []Page{
		{get, signInPath, "", true, h.SignIn},
		{post, signInPath, "", true, h.signedIn},
		{post, signOutPath, "", false, h.sent(signOut)},
		{get, Root, "", false, h.shown(overview)},

		{get, achievementsPath, "GET /v1/achievements", false, h.shown(achievements)},
		{get, achievementsPath + "/:slug", "GET /v1/achievements/:slug", false, h.shown(achievement)},
		{get, activitiesPath, "GET /v1/activities", false, h.shown(activities)},
		{get, activitiesPath + "/:slug", "GET /v1/activities/:slug", false, h.shown(activity)},
		{get, releasePath, "POST /v1/activities/:slug/release", false, h.shown(askRelease)},
		{post, releasePath, "POST /v1/activities/:slug/release", false, h.sent(release)},

		{get, uploadPath, "POST /v1/rosters/:activity", false, h.shown(askList)},
		{post, uploadPath, "POST /v1/rosters/:activity", false, h.sent(previewList)},
		{post, uploadPath + "/confirm", "POST /v1/rosters/:activity", false, h.sent(takeList)},
		{post, resultPath, "POST /v1/rosters/:activity", false, h.sent(saveResult)},
		{get, uploadsPath, "GET /v1/uploads", false, h.shown(uploads)},
		{get, uploadsPath + "/:upload", "GET /v1/uploads/:upload", false, h.shown(upload)},
		{get, takeBackPath, "DELETE /v1/uploads/:upload", false, h.shown(askTakeBack)},
		{post, takeBackPath, "DELETE /v1/uploads/:upload", false, h.sent(takeBack)},

		{get, badgesPath, "GET /v1/credentials", false, h.shown(badges)},
		{post, badgesPath, "GET /v1/credentials", false, h.sent(search)},
		{get, badgePath, "GET /v1/credentials/:id", false, h.shown(badgePage)},

		{get, reviewsPath, "GET /v1/reviews", false, h.shown(reviews)},
		{get, reviewsPath + "/:id", "POST /v1/reviews/:id", false, h.shown(askReview)},
		{post, reviewsPath + "/:id", "POST /v1/reviews/:id", false, h.sent(decide)},

		{get, statsPath, "GET /v1/statistics", false, h.shown(statisticsPage)},
		{get, hooksPath, "GET /v1/webhooks", false, h.shown(webhooks)},
		{get, hooksPath + "/:id", "GET /v1/webhooks/:id/deliveries", false, h.shown(webhook)},
		{post, redeliverPath, "POST /v1/webhooks/:id/deliveries/:delivery/redeliver", false, h.sent(redeliver)},
		{get, logPath, "GET /v1/events", false, h.shown(auditLog)},
	}
	for _, c := range changes {
		path := badgePath + "/" + c.name
		all = append(all, Page{get, path, c.call, false, h.shown(c.ask)}, Page{post, path, c.call, false, h.sent(c.do)})
	}
	return all
}

// shown makes a handler of a page that changes nothing.
func (h *Handler) shown(page func(*visit) error) wire.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return page(h.visit(w, r)) }
}

// sent makes a handler of a form, which is read, and known for one that a page
// of this session has shown, before anything is done with it.
func (h *Handler) sent(do func(*visit, fields) error) wire.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := h.visit(w, r)
		sent, err := readForm(w, r)
		if err != nil {
			return err
		}
		if !v.session.Marked(formMark, "", sent.get(markField)) {
			return &wire.Fault{Code: wire.ForeignForm, Detail: "This form is not of this session; nothing was done. Open the page anew and send it again."}
		}
		if err = do(v, sent); err != nil && v.begun {
			return v.cutShort(err)
		}
		return err
	}
}
