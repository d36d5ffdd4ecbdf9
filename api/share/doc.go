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
	"strings"

	"laurel/api/pages"
	"laurel/api/verify"
	"laurel/internal/i18n"
	"laurel/issuer"
)

// Config is what a Handler works with; every field is required.
type Config struct {
	Issuer  *issuer.Issuer
	Desk    *verify.Desk
	Pages   *pages.Pages
	Catalog *i18n.Catalog
	BaseURL string
}

// Handler answers holders.
type Handler struct {
	issuer  *issuer.Issuer
	desk    *verify.Desk
	pages   *pages.Pages
	catalog *i18n.Catalog
	baseURL string
	host    string
}

// New makes a Handler.
func New(cfg Config) *Handler {
	_, host, _ := strings.Cut(cfg.BaseURL, "://")
	return &Handler{issuer: cfg.Issuer, desk: cfg.Desk, pages: cfg.Pages, catalog: cfg.Catalog, baseURL: cfg.BaseURL, host: host}
}
