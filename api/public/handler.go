// Package public is what anybody may read: badges in all their forms, status
// lists, keys, issuers, achievements, the start page, and whether the service
// is well.
//
// It serves what is stored and signs nothing. An address that was ever signed
// into a badge answers here, and every id that shows nothing answers alike.
//
// Start at New; credential.go has the address of a badge.
package public

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"laurel/api/pages"
	"laurel/api/studio"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/issuer/auditlog"
)

// Config is what a Handler works with; every field but Archive is required.
type Config struct {
	Issuer  *issuer.Issuer
	Audit   *auditlog.Log
	Pages   *pages.Pages
	Catalog *i18n.Catalog
	BaseURL string
	// Beside finds what others say about something, by its id, as it stands now.
	Beside func(ctx context.Context, subjects ...string) ([]pages.Endorsement, error)
	Studio *studio.Studio
	// Badge shows the page of one of our badges, verified now.
	Badge wire.Handler
	// Plain tells one of our badges in plain text, verified now.
	Plain wire.Handler
	// Certificate puts one of our badges on paper, verified now.
	Certificate wire.Handler
	// Ready tells how the service is.
	Ready func(ctx context.Context) Readiness
	Log   *slog.Logger
	// Archive: pages are kept in files, where no language can be chosen.
	Archive bool
}

// Handler answers everybody.
type Handler struct {
	issuer  *issuer.Issuer
	audit   *auditlog.Log
	pages   *pages.Pages
	catalog *i18n.Catalog
	baseURL string
	host    string
	badge   wire.Handler
	plain   wire.Handler
	paper   wire.Handler
	beside  func(ctx context.Context, subjects ...string) ([]pages.Endorsement, error)
	ready   func(ctx context.Context) Readiness
	log     *slog.Logger
	archive bool

	studio *studio.Studio
	assets map[string]asset
}

// New makes a Handler.
func New(cfg Config) *Handler {
	_, host, _ := strings.Cut(cfg.BaseURL, "://")
	css, style := cfg.Pages.Stylesheet()
	svg, icon := cfg.Pages.Icon()
	js, script := cfg.Pages.Script()
	paper, sheet := cfg.Pages.PrintSheet()
	return &Handler{issuer: cfg.Issuer, audit: cfg.Audit, pages: cfg.Pages, catalog: cfg.Catalog, baseURL: cfg.BaseURL, host: host,
		badge: cfg.Badge, plain: cfg.Plain, paper: cfg.Certificate, beside: cfg.Beside, ready: cfg.Ready, log: cfg.Log, archive: cfg.Archive, studio: cfg.Studio,
		assets: map[string]asset{css: {"text/css; charset=utf-8", style}, svg: {"image/svg+xml", icon}, js: {"text/javascript; charset=utf-8", script},
			paper: {"text/css; charset=utf-8", sheet}}}
}

// asset is a file that the pages use.
type asset struct {
	mediaType string
	content   []byte
}

// Asset answers GET /assets/{name}. The names change with the content, so that
// it may be kept for ever.
func (h *Handler) Asset(w http.ResponseWriter, r *http.Request) error {
	a, ok := h.assets[r.PathValue("name")]
	if !ok {
		return issuer.ErrNotFound
	}
	wire.ServeCached(w, r, a.mediaType, wire.Forever, a.content)
	return nil
}

// Home answers GET /.
func (h *Handler) Home(w http.ResponseWriter, r *http.Request) error {
	p := wire.Printer(r, h.catalog)
	wire.AllowScript(w)
	return h.page(w, r, p, func(w io.Writer) error {
		return h.pages.Home(w, p, pages.HomePage{Frame: h.frame("/"), Action: verify.FormAction, API: "/openapi.json"})
	})
}

// frame is what stands around a page of a given path.
func (h *Handler) frame(path string) pages.Frame {
	f := pages.Frame{Host: h.host, Canonical: h.baseURL + path}
	if !h.archive {
		f.Languages = h.catalog.Languages()
	}
	return f
}

// page answers with a page that says the same until somebody changes it.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, p *i18n.Printer, render func(io.Writer) error) error {
	w.Header().Set("Cache-Control", wire.Revalidate)
	wire.Vary(w, "Accept", "Accept-Language")
	return wire.WritePage(w, p, http.StatusOK, render)
}
