package public

import (
	"context"
	"io"
	"net/http"
	"slices"

	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/artwork"
	"laurel/internal/draw"
	"laurel/issuer"
)

// definition is an achievement with its issuer.
type definition struct {
	achievement *issuer.Achievement
	issuer      *issuer.Profile
}

func (h *Handler) definition(r *http.Request) (*definition, error) {
	return h.definitionOf(r.Context(), r.PathValue("slug"))
}

func (h *Handler) definitionOf(ctx context.Context, slug string) (*definition, error) {
	if issuer.CheckSlug(slug) != nil {
		return nil, issuer.ErrNotFound
	}
	a, err := h.issuer.Achievement(ctx, slug)
	if err != nil {
		return nil, err
	}
	p, err := h.issuer.Profile(ctx, a.Issuer)
	if err != nil {
		return nil, err
	}
	return &definition{a, p}, nil
}

// contexts give the members of what we publish beside badges their meaning.
var contexts = []string{badge.ContextCredentialsV2, badge.ContextOB303}

// Achievement answers GET /achievements/{slug}.
func (h *Handler) Achievement(w http.ResponseWriter, r *http.Request) error {
	d, err := h.definition(r)
	if err != nil {
		return err
	}
	return h.showAchievement(w, r, d, d.achievement.InLanguage)
}

// Edition answers GET /achievements/{slug}/{lang}.
func (h *Handler) Edition(w http.ResponseWriter, r *http.Request) error {
	d, err := h.definition(r)
	if err != nil {
		return err
	}
	lang := r.PathValue("lang")
	if !slices.Contains(d.achievement.Languages(), lang) {
		return issuer.ErrNotFound
	}
	return h.showAchievement(w, r, d, lang)
}

func (h *Handler) showAchievement(w http.ResponseWriter, r *http.Request, d *definition, lang string) error {
	doc := h.issuer.AchievementDocument(d.achievement, d.issuer, lang)
	mediaType := wire.Negotiate(r, "application/json", "application/ld+json", "text/html")
	if mediaType == "text/html" {
		return h.achievementPage(w, r, d, doc)
	}
	return h.definitionJSON(w, r, mediaType, struct {
		Context []string `json:"@context"`
		*badge.Achievement
	}{contexts, doc})
}

// definitionJSON answers with something that is public and not signed.
func (h *Handler) definitionJSON(w http.ResponseWriter, r *http.Request, mediaType string, v any) error {
	raw, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept")
	wire.ServeCached(w, r, mediaType, wire.Revalidate, raw)
	return nil
}

func (h *Handler) achievementPage(w http.ResponseWriter, r *http.Request, d *definition, doc *badge.Achievement) error {
	p := wire.Printer(r, h.catalog)
	path := "/achievements/" + d.achievement.Slug
	page := pages.AchievementPage{Frame: h.frame(r.URL.Path), Achievement: doc, Image: path + "/image.png",
		Issuer: pages.Link{Name: d.issuer.Name, URL: "/issuers/" + d.issuer.Slug}}
	id := h.issuer.AchievementDocument(d.achievement, d.issuer, d.achievement.InLanguage).ID
	var err error
	if page.Endorsed, err = h.beside(r.Context(), id); err != nil {
		return err
	}
	for _, lang := range d.achievement.Languages() {
		page.Editions = append(page.Editions, pages.Edition{Lang: lang, URL: path + "/" + lang})
	}
	return h.page(w, r, p, func(w io.Writer) error { return h.pages.Achievement(w, p, page) })
}

// ResultDescription answers GET /achievements/{slug}/results/{result}, an
// address that badges with results carry in their signature.
func (h *Handler) ResultDescription(w http.ResponseWriter, r *http.Request) error {
	return h.part(w, r, func(d badge.ResultDescription, address string) any {
		if d.ID != address {
			return nil
		}
		return struct {
			Context []string `json:"@context"`
			badge.ResultDescription
		}{contexts, d}
	})
}

// Level answers GET /achievements/{slug}/results/{result}/levels/{level}.
func (h *Handler) Level(w http.ResponseWriter, r *http.Request) error {
	return h.part(w, r, func(d badge.ResultDescription, address string) any {
		for _, l := range d.RubricCriterionLevel {
			if l.ID == address {
				return struct {
					Context []string `json:"@context"`
					badge.RubricCriterionLevel
				}{contexts, l}
			}
		}
		return nil
	})
}

// part answers with what of an achievement has an address of its own; people
// get the page of the whole.
func (h *Handler) part(w http.ResponseWriter, r *http.Request, find func(d badge.ResultDescription, address string) any) error {
	d, err := h.definition(r)
	if err != nil {
		return err
	}
	for _, described := range d.achievement.ResultDescription {
		found := find(described, h.baseURL+r.URL.Path)
		if found == nil {
			continue
		}
		mediaType := wire.Negotiate(r, "application/json", "application/ld+json", "text/html")
		if mediaType == "text/html" {
			doc := h.issuer.AchievementDocument(d.achievement, d.issuer, d.achievement.InLanguage)
			return h.achievementPage(w, r, d, doc)
		}
		return h.definitionJSON(w, r, mediaType, found)
	}
	return issuer.ErrNotFound
}

// Picture answers GET /achievements/{slug}/image.png.
func (h *Handler) Picture(w http.ResponseWriter, r *http.Request) error {
	return h.image(w, r, "png")
}

// Drawing answers GET /achievements/{slug}/image.svg.
func (h *Handler) Drawing(w http.ResponseWriter, r *http.Request) error {
	return h.image(w, r, "svg")
}

func (h *Handler) image(w http.ResponseWriter, r *http.Request, suffix string) error {
	d, err := h.definition(r)
	if err != nil {
		return err
	}
	raw, err := h.pictured(r.Context(), d, suffix == "svg")
	if err != nil {
		return err
	}
	if suffix == "svg" { // opened by itself it is a document, which has nothing to do here
		w.Header().Set("Content-Security-Policy", w.Header().Get("Content-Security-Policy")+"; sandbox")
	}
	wire.ServeCached(w, r, pictureForms[suffix], wire.MaxAge(pictureAge), raw)
	return nil
}

// pictured is the picture of an achievement: what was made for it, else a drawing.
// A PNG becomes an SVG by standing in one; an SVG never becomes a PNG.
func (h *Handler) pictured(ctx context.Context, d *definition, outlines bool) ([]byte, error) {
	art, err := h.issuer.Artwork(ctx, d.achievement.Slug)
	if err != nil {
		return nil, err
	}
	switch kind := artworkKind(art); {
	case kind == artwork.PNG && outlines:
		return artwork.Wrapped(art.Picture)
	case kind == artwork.PNG, kind == artwork.SVG && outlines:
		return art.Picture, nil
	}
	lang := d.achievement.InLanguage
	return h.studio.Medal(ctx, draw.Medal{Title: d.achievement.Name[lang], Issuer: d.issuer.Name, Lang: lang}, outlines)
}

func artworkKind(art *issuer.Artwork) artwork.Kind {
	if art == nil {
		return ""
	}
	return artwork.Kind(art.MediaType)
}

// Issuer answers GET /issuers/{slug}.
func (h *Handler) Issuer(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return issuer.ErrNotFound
	}
	p, err := h.issuer.Profile(r.Context(), slug)
	if err != nil {
		return err
	}
	doc := p.Signed()
	doc.Description = p.Description
	mediaType := wire.Negotiate(r, "application/json", "application/ld+json", "text/html")
	if mediaType == "text/html" {
		return h.issuerPage(w, r, slug, doc)
	}
	return h.definitionJSON(w, r, mediaType, struct {
		Context []string `json:"@context"`
		*badge.Profile
	}{contexts, doc})
}

func (h *Handler) issuerPage(w http.ResponseWriter, r *http.Request, slug string, doc *badge.Profile) error {
	p := wire.Printer(r, h.catalog)
	page := pages.IssuerPage{Frame: h.frame("/issuers/" + slug), Profile: doc}
	list, err := h.issuer.Achievements(r.Context(), slug)
	if err == nil {
		page.Endorsed, err = h.beside(r.Context(), doc.ID)
	}
	if err != nil {
		return err
	}
	for _, a := range list {
		page.Achievements = append(page.Achievements, pages.Link{Name: a.In(a.Name, p.Lang()), URL: "/achievements/" + a.Slug})
	}
	return h.page(w, r, p, func(w io.Writer) error { return h.pages.Issuer(w, p, page) })
}
