package badges

import (
	"context"
	"net/http"
	"strconv"

	"laurel/api/wire"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// The bounds of a batch.
const (
	maxItems      = 1000
	maxBatch      = 8 << 20
	maxBatchNodes = 1_000_000
)

type batchBody struct {
	Items []strictjson.Value `json:"items"`
}

// batchAnswer has a result for each item, in their order.
type batchAnswer struct {
	DryRun  bool           `json:"dryRun"`
	Results []itemAnswer   `json:"results"`
	Summary map[string]int `json:"summary"`
}

// itemAnswer is what became of one item. Status is the one that the item would
// have got as a request of its own.
type itemAnswer struct {
	Index        int        `json:"index"`
	Status       int        `json:"status"`
	Outcome      string     `json:"outcome"` // issued, existing, would_issue, error
	ID           string     `json:"id,omitempty"`
	CredentialID string     `json:"credentialId,omitempty"`
	VerifyURL    string     `json:"verifyUrl,omitempty"`
	ClaimURL     *string    `json:"claimUrl,omitempty"`
	Replayed     bool       `json:"replayed,omitempty"`
	Error        *itemError `json:"error,omitempty"`
}

// itemError tells what is wrong with an item; pointers begin at the item.
type itemError struct {
	Code    string            `json:"code"`
	Pointer string            `json:"pointer"`
	Message string            `json:"message"`
	English string            `json:"english,omitempty"` // the exact English words, where Message is in another language
	Errors  []wire.FieldError `json:"errors"`
}

// Batch answers POST /v1/credentials/batch.
func (h *Handler) Batch(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "dry_run")
	if err != nil {
		return err
	}
	dryRun, err := wire.Flag(q, "dry_run")
	if err != nil {
		return err
	}
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	items, err := readItems(w, r, "awards")
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept-Language")
	return wire.WriteJSON(w, http.StatusMultiStatus, each(items, dryRun, func(n int, item strictjson.Value) itemAnswer {
		return h.item(r.Context(), n, item, key, dryRun)
	}))
}

func (h *Handler) item(ctx context.Context, n int, v strictjson.Value, batchKey string, dryRun bool) itemAnswer {
	issued, err := h.issueItem(ctx, n, v, batchKey, dryRun)
	if err != nil {
		return failed(n, h.explain(ctx, err))
	}
	if issued == nil {
		return itemAnswer{Index: n, Status: http.StatusOK, Outcome: "would_issue"}
	}
	rec := issued.Record
	a := itemAnswer{Index: n, Status: http.StatusCreated, Outcome: "issued", ID: rec.ID,
		CredentialID: credentialURL(h.baseURL, rec.ID), VerifyURL: verifyURL(h.baseURL, rec.ID),
		ClaimURL: claimURL(h.baseURL, h.issuer.Claim(rec)), Replayed: issued.Replayed}
	if issued.Existing {
		a.Status, a.Outcome = http.StatusOK, "existing"
	}
	return a
}

func failed(n int, p wire.Problem) itemAnswer {
	e := &itemError{Code: p.Code, Message: p.Detail, English: p.English, Errors: p.Errors}
	if len(p.Errors) > 0 {
		e.Pointer = p.Errors[0].Pointer
	}
	return itemAnswer{Index: n, Status: p.Status, Outcome: "error", Error: e}
}

func (h *Handler) issueItem(ctx context.Context, n int, v strictjson.Value, batchKey string, dryRun bool) (*issuer.Issued, error) {
	var body awardBody
	if err := wire.Decode(v, &body); err != nil {
		return nil, err
	}
	key, err := itemKey(body.IdempotencyKey, batchKey, n)
	if err != nil {
		return nil, err
	}
	award, err := body.award()
	if err != nil {
		return nil, err
	}
	if err := h.granted(ctx, &award); err != nil {
		return nil, err
	}
	if dryRun {
		return h.issuer.Preview(ctx, award)
	}
	award.Idempotency = idempotency(ctx, key, v, "idempotencyKey")
	return h.issue(ctx, award)
}

// itemKey is the item's own key, which is the same as that of a single request,
// or one made from the batch's and the place of the item: U+0000 keeps those
// apart from all that callers can send.
func itemKey(own *string, batchKey string, n int) (string, error) {
	switch {
	case own != nil:
		return *own, wire.CheckIdempotencyKey(*own)
	case batchKey != "":
		return batchKey + "\x00" + strconv.Itoa(n), nil
	}
	return "", nil
}
