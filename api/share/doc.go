// Package share is what the holder of a badge does with it: hide it and show it
// again, by the claim link that they alone have, and pass it on.
//
// A claim stands in the address and is all the authority there is: no answer may
// be kept, no page here leads away with its address, and reading changes nothing,
// because programs open the links of a mail before its reader does.
//
// Start at New; claim.go has the page of the holder.
package share

import (
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/verify"
	"laurel/internal/i18n"
	"laurel/internal/lru"
	"laurel/issuer"
)

// Config is what a Handler works with; every field but Outbox is required.
type Config struct {
	Issuer  *issuer.Issuer
	Desk    *verify.Desk
	Pages   *pages.Pages
	Catalog *i18n.Catalog
	BaseURL string
	Outbox  Outbox      // nil: no mail is sent, and the calls for lost links do not exist
	Asking  *limit.Rate // how often an address may ask for lost links
	Now     func() time.Time
}

// Handler answers holders.
type Handler struct {
	issuer  *issuer.Issuer
	desk    *verify.Desk
	pages   *pages.Pages
	catalog *i18n.Catalog
	baseURL string
	host    string
	outbox  Outbox
	asking  *limit.Rate
	asked   *lru.Map[string, *rate.Limiter] // by digest of the address that is asked for
	now     func() time.Time

	crossing *http.CrossOriginProtection
}

// New makes a Handler.
func New(cfg Config) *Handler {
	_, host, _ := strings.Cut(cfg.BaseURL, "://")
	return &Handler{issuer: cfg.Issuer, desk: cfg.Desk, pages: cfg.Pages, catalog: cfg.Catalog, baseURL: cfg.BaseURL, host: host,
		outbox: cfg.Outbox, asking: cfg.Asking, asked: lru.New[string, *rate.Limiter](addresses), now: cfg.Now, crossing: http.NewCrossOriginProtection()}
}
