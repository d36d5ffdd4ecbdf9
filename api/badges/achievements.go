package badges

import (
	"errors"
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// maxDefinition bounds an achievement or a profile, in bytes.
const maxDefinition = 256 << 10

// achievementBody describes what can be earned. A text is given in one
// language, as a string, or in several, as an object by language tag.
type achievementBody struct {
	Slug              *string                   `json:"slug"`
	Version           *string                   `json:"version"`
	Issuer            *string                   `json:"issuer"`
	AchievementType   *string                   `json:"achievementType"`
	InLanguage        *string                   `json:"inLanguage"`
	Name              strictjson.Value          `json:"name"`
	Description       strictjson.Value          `json:"description"`
	Criteria          strictjson.Value          `json:"criteria"`
	CriteriaURL       *string                   `json:"criteriaUrl"`
	ResultDescription []badge.ResultDescription `json:"resultDescription"`
	CreditsAvailable  *float64                  `json:"creditsAvailable"`
	CreditUnit        *string                   `json:"creditUnit"`
	FieldOfStudy      *string                   `json:"fieldOfStudy"`
	HumanCode         *string                   `json:"humanCode"`
	Specialization    *string                   `json:"specialization"`
	Tag               []string                  `json:"tag"`
	Alignment         []badge.Alignment         `json:"alignment"`
	Ladder            *ladderBody               `json:"ladder"`
	Validity          *string                   `json:"validity"`
	Results           *string                   `json:"results"`
	Suspendable       *bool                     `json:"suspendable"`
	Requires          *issuer.Requires          `json:"requires"`
	EmbedEndorsements *bool                     `json:"embedEndorsements"`
	ID                *string                   `json:"id"` // of another service
}

type ladderBody struct {
	Group string `json:"group"`
	Rank  int    `json:"rank"`
}

// readAchievement reads an achievement, whichever call it comes with.
func readAchievement(v strictjson.Value) (*issuer.Achievement, error) {
	var body achievementBody
	if err := wire.Decode(v, &body); err != nil {
		return nil, err
	}
	a := &issuer.Achievement{
		Slug: text(body.Slug), ID: text(body.ID), Version: text(body.Version), Issuer: text(body.Issuer),
		AchievementType: text(body.AchievementType), InLanguage: text(body.InLanguage), CriteriaURL: text(body.CriteriaURL),
		ResultDescription: body.ResultDescription, CreditsAvailable: body.CreditsAvailable, CreditUnit: text(body.CreditUnit),
		FieldOfStudy: text(body.FieldOfStudy), HumanCode: text(body.HumanCode), Specialization: text(body.Specialization),
		Tag: body.Tag, Alignment: body.Alignment, Validity: text(body.Validity), Results: issuer.Results(text(body.Results)),
		Suspendable:       body.Suspendable != nil && *body.Suspendable,
		Requires:          body.Requires,
		EmbedEndorsements: body.EmbedEndorsements != nil && *body.EmbedEndorsements,
	}
	if body.Ladder != nil {
		a.Ladder = &issuer.Ladder{Group: body.Ladder.Group, Rank: body.Ladder.Rank}
	}
	if a.InLanguage == "" {
		a.InLanguage = "en"
	}
	for _, t := range []struct {
		pointer string
		v       strictjson.Value
		into    *issuer.Text
	}{{"/name", body.Name, &a.Name}, {"/description", body.Description, &a.Description}, {"/criteria", body.Criteria, &a.Criteria}} {
		var err error
		if *t.into, err = translations(t.v, a.InLanguage, t.pointer); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func translations(v strictjson.Value, lang, pointer string) (issuer.Text, error) {
	switch v.Kind() {
	case strictjson.Absent, strictjson.Null:
		return nil, nil
	case strictjson.String:
		return issuer.Text{lang: v.Text()}, nil
	case strictjson.Object:
		out := issuer.Text{}
		for tag, s := range v.Members() {
			if s.Kind() != strictjson.String {
				return nil, wire.At(wire.WrongType, strictjson.Pointer(pointer, tag), "Give a text for each language.")
			}
			out[tag] = s.Text()
		}
		return out, nil
	}
	return nil, wire.At(wire.WrongType, pointer, "Give a text, or an object with a text for each language.")
}

// achievementAnswer is a template as its owners see it.
type achievementAnswer struct {
	*issuer.Achievement
	URL string `json:"url"`
}

func (h *Handler) showAchievement(a *issuer.Achievement) achievementAnswer {
	return achievementAnswer{a, h.baseURL + "/achievements/" + a.Slug}
}

// PutAchievement answers PUT /v1/achievements/{slug}.
func (h *Handler) PutAchievement(w http.ResponseWriter, r *http.Request) error {
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxDefinition})
	if err != nil {
		return err
	}
	a, err := readAchievement(v)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if a.Issuer == "" {
		a.Issuer = onlyIssuer(ctx)
	}
	if a.Slug, err = slugOf(r, a.Slug); err != nil {
		return err
	}
	if a.Issuer == "" {
		return wire.At(wire.Required, "/issuer", "Say which issuer awards it, by its slug.")
	}
	if !may(ctx, a.Issuer, auth.Manage) {
		return notGranted(a.Issuer)
	}
	stored, err := h.issuer.DefineAchievement(ctx, *a, wire.Actor(ctx), func(slug string) bool { return may(ctx, slug, auth.Manage) })
	var part *issuer.PartError
	if errors.As(err, &part) {
		return wire.At(wire.IssuerNotGranted, "/requires", "The token does not act for the issuer of "+clip(part.Part)+", or there is no such achievement yet. Name achievements of your own.")
	} else if err != nil {
		return err
	}
	answer := h.showAchievement(stored)
	w.Header().Set("Location", "/achievements/"+stored.Slug)
	return wire.WriteJSON(w, created(stored.CreatedAt.Equal(stored.ChangedAt)), answer)
}

// slugOf takes the name of a definition from the path; one in the body must be
// the same.
func slugOf(r *http.Request, body string) (string, error) {
	slug := r.PathValue("slug")
	if err := issuer.CheckSlug(slug); err != nil {
		return "", &wire.Fault{Code: wire.InvalidSlug, Detail: "The last part of the address is a slug: 1 to 63 small letters, digits and hyphens."}
	}
	if body != "" && body != slug {
		return "", wire.At(wire.SlugMismatch, "/slug", "The slug of the body is not that of the address. Leave it out.")
	}
	return slug, nil
}

func created(isNew bool) int {
	if isNew {
		return http.StatusCreated
	}
	return http.StatusOK
}

// Achievement answers GET /v1/achievements/{slug}.
func (h *Handler) Achievement(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return issuer.ErrNotFound
	}
	a, err := h.issuer.Achievement(r.Context(), slug)
	if err != nil {
		return err
	}
	if !may(r.Context(), a.Issuer, auth.Read, auth.Manage, auth.Issue) {
		return issuer.ErrNotFound
	}
	return wire.WriteJSON(w, http.StatusOK, h.showAchievement(a))
}

// Achievements answers GET /v1/achievements.
func (h *Handler) Achievements(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	all, err := h.issuer.Achievements(r.Context(), "")
	if err != nil {
		return err
	}
	items := []achievementAnswer{}
	for _, a := range all {
		if may(r.Context(), a.Issuer, auth.Read, auth.Manage, auth.Issue) {
			items = append(items, h.showAchievement(a))
		}
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Items []achievementAnswer `json:"items"`
	}{items})
}
