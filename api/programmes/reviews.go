package programmes

import (
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme"
)

// reviewAnswer is a question that waits for a person. Learners are named here and
// nowhere else in this API: who is to say whether two people are one has to see
// both.
type reviewAnswer struct {
	ID          string               `json:"id"`
	Kind        programme.Question   `json:"kind"`
	Issuer      string               `json:"issuer"`
	Achievement *string              `json:"achievement"`
	Edition     *string              `json:"edition"`
	Credential  *string              `json:"credential"` // address of the badge in question
	Page        *string              `json:"page"`
	Part        *string              `json:"part"` // address of a badge that was revoked, on which that one rests
	At          string               `json:"at"`
	Learner     *personAnswer        `json:"learner"` // null where the person was erased
	Other       *personAnswer        `json:"other"`   // who may be the same person
	Decisions   []programme.Decision `json:"decisions"`
}

type personAnswer struct {
	Name    *string  `json:"name"`
	Email   *string  `json:"email"`
	Sources []string `json:"sources"`
}

func person(p *programme.Person) *personAnswer {
	if p == nil {
		return nil
	}
	a := &personAnswer{Name: optional(p.Name), Email: optional(p.Email), Sources: p.Sources}
	if a.Sources == nil {
		a.Sources = []string{}
	}
	return a
}

type reviewsAnswer struct {
	Items []reviewAnswer `json:"items"`
	Next  *string        `json:"next"` // address of the next page
}

// Reviews answers GET /v1/reviews: what is open, oldest first.
func (h *Handler) Reviews(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, err := wire.Number(q, "limit", defaultPage, 1, largestPage)
	if err != nil {
		return err
	}
	all, err := h.programme.Reviews(r.Context(), caller(r, auth.Revoke, auth.Manage))
	if err != nil {
		return err
	}
	answer := reviewsAnswer{Items: []reviewAnswer{}}
	for _, review := range all {
		if review.ID <= q.Get("cursor") { // decided ones are gone from the list, the cursor among them
			continue
		}
		if len(answer.Items) == limit {
			q.Set("cursor", answer.Items[limit-1].ID)
			answer.Next = optional(h.baseURL + "/v1/reviews?" + q.Encode())
			break
		}
		answer.Items = append(answer.Items, h.review(review))
	}
	return wire.WriteJSON(w, http.StatusOK, answer)
}

func (h *Handler) review(v *programme.Review) reviewAnswer {
	return reviewAnswer{ID: v.ID, Kind: v.Kind, Issuer: v.Issuer, Achievement: optional(v.Achievement), Edition: optional(v.Edition),
		Credential: h.address(credentials, v.Credential), Page: h.address(pages, v.Credential), Part: h.address(credentials, v.Part),
		At: badge.FormatTime(v.At), Learner: person(v.Who), Other: person(v.OtherWho), Decisions: v.Answers()}
}

type decisionBody struct {
	Decision programme.Decision `json:"decision"`
}

// decidedAnswer says how a question was answered, and names nobody.
type decidedAnswer struct {
	ID        string             `json:"id"`
	Kind      programme.Question `json:"kind"`
	Issuer    string             `json:"issuer"`
	Decision  programme.Decision `json:"decision"`
	DecidedAt string             `json:"decidedAt"`
	By        string             `json:"by"`
}

// Decide answers POST /v1/reviews/{id}.
func (h *Handler) Decide(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxSource})
	if err != nil {
		return err
	}
	var body decisionBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	review, err := h.programme.Decide(r.Context(), caller(r, auth.Revoke, auth.Manage), id, body.Decision)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, decidedAnswer{ID: review.ID, Kind: review.Kind, Issuer: review.Issuer,
		Decision: review.Decision, DecidedAt: badge.FormatTime(review.DecidedAt), By: review.By})
}
