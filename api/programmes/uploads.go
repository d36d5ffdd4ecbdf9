package programmes

import (
	"net/http"
	"slices"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
)

type uploadAnswer struct {
	ID        string            `json:"id"`
	Activity  string            `json:"activity"`
	Issuer    string            `json:"issuer"`
	Actor     string            `json:"actor"`
	At        time.Time         `json:"at"`
	Rows      int               `json:"rows"`
	Summary   programme.Summary `json:"summary"`
	TakenBack *time.Time        `json:"takenBack"`
	Withdrawn *withdrawnAnswer  `json:"withdrawn"` // null until it is taken back
}

type withdrawnAnswer struct {
	Revoked int `json:"revoked"`
	Voided  int `json:"voided"`
	Kept    int `json:"kept"`
}

func answerUpload(u *programme.Upload) uploadAnswer {
	a := uploadAnswer{ID: u.ID, Activity: u.Activity, Issuer: u.Issuer, Actor: u.Actor, At: u.At, Summary: u.Rows}
	for _, n := range u.Rows {
		a.Rows += n
	}
	if !u.TakenBack.IsZero() {
		w := withdrawnAnswer(u.Withdrawn)
		a.TakenBack, a.Withdrawn = &u.TakenBack, &w
	}
	return a
}

// How many uploads a page has.
const (
	defaultPage = 100
	largestPage = 200
)

type uploadsAnswer struct {
	Items []uploadAnswer `json:"items"`
	Next  *string        `json:"next"` // address of the next page
}

// Uploads answers GET /v1/uploads: the latest first.
func (h *Handler) Uploads(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "activity", "limit", "cursor")
	if err != nil {
		return err
	}
	limit, err := wire.Number(q, "limit", defaultPage, 1, largestPage)
	if err != nil {
		return err
	}
	all, err := h.programme.Uploads(r.Context(), caller(r, auth.Roster), q.Get("activity"))
	if err != nil {
		return err
	}
	if after := q.Get("cursor"); after != "" {
		n := slices.IndexFunc(all, func(u programme.Upload) bool { return u.ID == after })
		if n < 0 {
			return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter cursor is the one of the address in next."}
		}
		all = all[n+1:]
	}
	answer := uploadsAnswer{Items: []uploadAnswer{}}
	if len(all) > limit {
		all = all[:limit]
		q.Set("cursor", all[limit-1].ID)
		answer.Next = optional(h.baseURL + "/v1/uploads?" + q.Encode())
		w.Header().Set("Link", "<"+*answer.Next+`>; rel="next"`)
	}
	for n := range all {
		answer.Items = append(answer.Items, answerUpload(&all[n]))
	}
	return wire.WriteJSON(w, http.StatusOK, answer)
}

// Upload answers GET /v1/uploads/{upload}.
func (h *Handler) Upload(w http.ResponseWriter, r *http.Request) error {
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	u, err := h.programme.Upload(r.Context(), caller(r, auth.Roster), id)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, answerUpload(u))
}

// TakeBack answers DELETE /v1/uploads/{upload}.
func (h *Handler) TakeBack(w http.ResponseWriter, r *http.Request) error {
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	u, err := h.programme.TakeBack(r.Context(), caller(r, auth.Roster), id)
	wire.AfterWork(w)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, withdrawnAnswer(u.Withdrawn))
}

func uploadID(r *http.Request) (string, error) {
	if err := plain(r); err != nil {
		return "", err
	}
	id := r.PathValue("upload")
	if !wire.IsID(id) {
		return "", issuer.ErrNotFound
	}
	return id, nil
}
