package programmes

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme"
)

// maxSource bounds what is said of a source, in bytes.
const maxSource = 16 << 10

type sourceBody struct {
	Slug       *string   `json:"slug"`
	TrustEmail bool      `json:"trust_email"`
	Issuers    []string  `json:"issuers"`
	Hook       *hookBody `json:"hook"`
}

type hookBody struct {
	Adapter   string           `json:"adapter"`
	Test      bool             `json:"test"`
	NewSecret bool             `json:"new_secret"`
	Keys      strictjson.Value `json:"keys"` // a JWK Set
}

func (b *hookBody) hook() *programme.Hook {
	if b == nil {
		return nil
	}
	hook := &programme.Hook{Adapter: b.Adapter, Test: b.Test}
	if b.Keys.Kind() > strictjson.Null {
		hook.Keys = json.RawMessage(b.Keys.Raw())
	}
	return hook
}

// sourceAnswer is a source as those see it who act for its issuers.
type sourceAnswer struct {
	Slug       string      `json:"slug"`
	TrustEmail bool        `json:"trust_email"`
	Issuers    []string    `json:"issuers"` // none: all
	Hook       *hookAnswer `json:"hook"`
}

type hookAnswer struct {
	Adapter     string `json:"adapter"`
	Test        bool   `json:"test"`
	SecretSince string `json:"secret_since"`
	// Keys are the ids of the keys with which the platform signs; none: it does not.
	Keys []string `json:"keys,omitempty"`
	// Secret and the address with it are told once.
	Secret  string `json:"secret,omitempty"`
	Address string `json:"address,omitempty"`
}

func (h *Handler) source(s *programme.Source, secret string) sourceAnswer {
	a := sourceAnswer{Slug: s.Slug, TrustEmail: s.TrustEmail, Issuers: s.Issuers}
	if a.Issuers == nil {
		a.Issuers = []string{}
	}
	if s.Hook == nil {
		return a
	}
	a.Hook = &hookAnswer{Adapter: s.Hook.Adapter, Test: s.Hook.Test, SecretSince: badge.FormatTime(s.Hook.Since), Keys: s.Hook.KeyIDs(), Secret: secret}
	if secret != "" {
		a.Hook.Address = h.baseURL + "/v1/hooks/" + s.Slug + "/" + secret
	}
	return a
}

// PutSource answers PUT /v1/sources/{slug}. What is left out is off. The secret of
// a hook is made here, and told in the answer that makes it and in no other.
func (h *Handler) PutSource(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxSource})
	if err != nil {
		return err
	}
	var body sourceBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	slug, token := r.PathValue("slug"), wire.Token(r.Context())
	switch {
	case issuer.CheckSlug(slug) != nil:
		return invalidSlug()
	case body.Slug != nil && *body.Slug != slug:
		return wire.At(wire.SlugMismatch, "/slug", "The slug of the body is not that of the address. Leave it out.")
	case token.Source != "" && token.AllowsSource(slug) != nil:
		return auth.ErrSource
	case len(body.Issuers) == 0 && !slices.Contains(token.Issuers, auth.Any):
		body.Issuers = token.Issuers
	}
	if err := h.known(r.Context(), body.Issuers); err != nil {
		return err
	}
	if body.Hook != nil {
		if err := mayHook(token); err != nil {
			return err
		}
	}
	d := programme.SourceDefinition{Source: programme.Source{Slug: slug, TrustEmail: body.TrustEmail, Issuers: body.Issuers, Hook: body.Hook.hook()},
		NewSecret: body.Hook != nil && body.Hook.NewSecret}
	stored, isNew, err := h.programme.DefineSource(r.Context(), caller(r, auth.Manage), d)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/sources/"+slug)
	return wire.WriteJSON(w, created(isNew), h.source(&stored.Source, stored.Secret))
}

// mayHook keeps who may not report completions from making a door that does, and
// that stays open when the token is gone.
func mayHook(token auth.Token) error {
	if token.AllowsScope(auth.Complete) != nil {
		return &wire.Fault{Code: wire.ScopeMissing,
			Detail: "A hook reports completions, also after this token is gone: this call with a hook needs a token with the scopes manage and complete. Leave hook out, which switches it off, or ask the operator for such a token."}
	}
	return nil
}

// known refuses issuers that there are not.
func (h *Handler) known(ctx context.Context, issuers []string) error {
	for n, slug := range issuers {
		at := strictjson.Pointer("/issuers", strconv.Itoa(n))
		if issuer.CheckSlug(slug) != nil {
			return wire.At(wire.InvalidSlug, at, "Name an issuer by its slug.")
		}
		_, err := h.issuer.Profile(ctx, slug)
		if errors.Is(err, issuer.ErrNotFound) {
			return badge.Errors{{Code: badge.MalformedValueError, Rule: "issuer_unknown", Pointer: at, Detail: "There is no such issuer here."}}
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Source answers GET /v1/sources/{slug}.
func (h *Handler) Source(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	all, err := h.seen(r)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Slug == r.PathValue("slug") {
			return wire.WriteJSON(w, http.StatusOK, s)
		}
	}
	return issuer.ErrNotFound
}

// Sources answers GET /v1/sources.
func (h *Handler) Sources(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	all, err := h.seen(r)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Items []sourceAnswer `json:"items"`
	}{all})
}

// seen are the sources that the caller may see: those of all issuers, and of one
// that the caller acts for.
func (h *Handler) seen(r *http.Request) ([]sourceAnswer, error) {
	all, err := h.programme.Sources(r.Context())
	if err != nil {
		return nil, err
	}
	answers := []sourceAnswer{}
	for _, s := range all {
		mine := func(slug string) bool { return may(r.Context(), slug, auth.Read, auth.Manage) }
		if len(s.Issuers) == 0 || slices.ContainsFunc(s.Issuers, mine) {
			answers = append(answers, h.source(&s, ""))
		}
	}
	return answers, nil
}
