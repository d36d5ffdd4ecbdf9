package endorsements

import (
	"context"
	"net/http"
	"sync"
	"time"

	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/endorser"
	"laurel/issuer"
	"laurel/verifier"
	"laurel/verifier/words"
)

// patience bounds the checking of all endorsements of one page, side by side:
// they may wait for the hosts of their endorsers.
const patience = 4 * time.Second

// checked is an endorsement with what was found about it just now.
type checked struct {
	endorser.Shown
	verified verifier.Endorsement
}

// check verifies the current endorsements of some subjects, by their ids. What
// cannot be told in time is an open question.
func (h *Handler) check(ctx context.Context, subjects ...string) ([]checked, error) {
	list, err := h.endorsers.Current(ctx, subjects...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := make([]checked, len(list))
	var all sync.WaitGroup
	for n, e := range list {
		all.Go(func() {
			out[n] = checked{e, verifier.Endorsement{Of: e.Subject.ID, Finding: verifier.Finding{
				Check: verifier.CheckEndorsement, Outcome: verifier.Warned, Code: verifier.EndorsementOpen}}}
			if found, err := h.desk.Endorsement(ctx, e.Document, e.Subject.ID); err == nil {
				out[n].verified = found
			}
		})
	}
	all.Wait()
	return out, nil
}

// Beside is what others say about some subjects, by their ids, for a page that
// shows them.
func (h *Handler) Beside(ctx context.Context, subjects ...string) ([]pages.Endorsement, error) {
	list, err := h.check(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	var out []pages.Endorsement
	for _, e := range list {
		shown := pages.Endorsement{Signed: "/endorsements/" + e.ID, Comment: e.Comment, Verified: e.verified}
		if e.By.Listed {
			shown.By, shown.URL = e.By.Name, e.By.URL
		}
		out = append(out, shown)
	}
	return out, nil
}

type partyBody struct {
	ID     string `json:"id"`
	Listed bool   `json:"listed"`
	Name   string `json:"name,omitempty"` // of one that is listed
	URL    string `json:"url,omitempty"`
}

type currentBody struct {
	ID         string    `json:"id"`
	URL        string    `json:"url"` // where the signed bytes are
	Endorser   partyBody `json:"endorser"`
	Comment    string    `json:"comment,omitempty"` // left out where it is not proven
	ValidFrom  string    `json:"validFrom"`
	ValidUntil *string   `json:"validUntil"`
	Result     string    `json:"result"`
	Code       string    `json:"code"`
}

type currentPage struct {
	Items []currentBody `json:"items"`
}

// Current answers GET /achievements/{slug}/endorsements: those that stand, and
// those of which it cannot be told just now.
func (h *Handler) Current(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return issuer.ErrNotFound
	}
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	id, err := h.endorsers.AchievementID(r.Context(), slug)
	if err != nil {
		return err
	}
	list, err := h.check(r.Context(), id)
	if err != nil {
		return err
	}
	body := currentPage{Items: []currentBody{}}
	for _, e := range list {
		f := e.verified.Finding
		if f.Code != verifier.EndorsementHolds && f.Code != verifier.EndorsementOpen {
			continue
		}
		item := currentBody{ID: e.ID, URL: h.baseURL + "/endorsements/" + e.ID, Endorser: partyBody{ID: e.By.ID, Listed: e.By.Listed},
			ValidFrom: badge.FormatTime(e.ValidFrom), ValidUntil: orNull(e.ValidUntil),
			Result: f.Outcome.String(), Code: string(f.Code)}
		if e.By.Listed {
			item.Endorser.Name, item.Endorser.URL = e.By.Name, e.By.URL
		}
		if words.Proven(e.verified.Report) {
			item.Comment = e.Comment
		}
		body.Items = append(body.Items, item)
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, http.StatusOK, body)
}
