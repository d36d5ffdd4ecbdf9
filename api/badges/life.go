package badges

import (
	"context"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// maxReason bounds the body of a change of status, in bytes.
const maxReason = 16 << 10

type reasonBody struct {
	Reason *string `json:"reason"`
}

// Revoke answers POST /v1/credentials/{id}/revoke, Suspend and Reinstate the
// calls of their names. What is so already stays as it is; with a key a request
// that is repeated is answered as it was, whatever came between.
func (h *Handler) Revoke(w http.ResponseWriter, r *http.Request) error {
	return h.status(w, r, issuer.Revoke)
}

// Suspend answers POST /v1/credentials/{id}/suspend.
func (h *Handler) Suspend(w http.ResponseWriter, r *http.Request) error {
	return h.status(w, r, issuer.Suspend)
}

// Reinstate answers POST /v1/credentials/{id}/reinstate.
func (h *Handler) Reinstate(w http.ResponseWriter, r *http.Request) error {
	return h.status(w, r, issuer.Reinstate)
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request, action issuer.Action) error {
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	var body reasonBody
	digest, err := readOptional(w, r, maxReason, &body)
	if err != nil {
		return err
	}
	asked := change(r.Context(), r.PathValue("id"), action, text(body.Reason))
	asked.Idempotency = amendmentKey(r.Context(), string(action), asked.ID, key, digest)
	issued, err := h.issuer.ChangeStatus(r.Context(), asked)
	return h.amended(w, r, issued, err)
}

// readOptional reads a body that may be left out, which is as good as an empty
// object, and gives the digest that tells one request from another.
func readOptional(w http.ResponseWriter, r *http.Request, limit int, into any) (digest []byte, err error) {
	v, err := strictjson.Parse([]byte("{}"), strictjson.Limits{})
	if r.ContentLength != 0 {
		v, err = wire.ReadJSON(w, r, strictjson.Limits{Bytes: limit})
	}
	if err != nil {
		return nil, err
	}
	return wire.Digest(v), wire.Decode(v, into)
}

func change(ctx context.Context, id string, action issuer.Action, reason string) issuer.Change {
	return issuer.Change{ID: id, Action: action, Reason: reason, Actor: wire.Actor(ctx), MayTouch: mayRevoke(ctx)}
}

func mayRevoke(ctx context.Context) func(slug string) bool {
	return func(slug string) bool { return wire.MayTouch(ctx, slug, auth.Revoke) }
}

type changeBody struct {
	ID     string  `json:"id"`
	Action string  `json:"action"`
	Reason *string `json:"reason"`
}

// changed names what was done; with dry_run, what would be.
var changed = map[issuer.Action][2]string{
	issuer.Revoke: {"revoked", "would_revoke"}, issuer.Suspend: {"suspended", "would_suspend"},
	issuer.Reinstate: {"reinstated", "would_reinstate"},
}

// ChangeMany answers POST /v1/credentials/status: up to 1,000 changes of
// status, each with a result of its own.
func (h *Handler) ChangeMany(w http.ResponseWriter, r *http.Request) error {
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
	items, err := readItems(w, r, "changes")
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept-Language")
	return wire.WriteJSON(w, http.StatusMultiStatus, each(items, dryRun, func(n int, item strictjson.Value) itemAnswer {
		return h.changeItem(r.Context(), n, item, key, dryRun)
	}))
}

func (h *Handler) changeItem(ctx context.Context, n int, v strictjson.Value, batchKey string, dryRun bool) itemAnswer {
	var body changeBody
	if err := wire.Decode(v, &body); err != nil {
		return failed(n, h.explain(ctx, err))
	}
	asked := change(ctx, body.ID, issuer.Action(body.Action), text(body.Reason))
	asked.DryRun = dryRun
	asked.Idempotency = batchItemKey(ctx, batchKey, n, wire.Digest(v))
	issued, err := h.issuer.ChangeStatus(ctx, asked)
	if err != nil {
		return failed(n, h.explain(ctx, err))
	}
	rec, did := issued.Record, !issued.Existing
	a := itemAnswer{Index: n, Status: http.StatusOK, Outcome: "unchanged", ID: rec.ID,
		CredentialID: credentialURL(h.baseURL, rec.ID), VerifyURL: verifyURL(h.baseURL, rec.ID), Replayed: issued.Replayed}
	switch {
	case did && dryRun:
		a.Outcome = changed[asked.Action][1]
	case did:
		a.Outcome = changed[asked.Action][0]
	}
	return a
}

// batchItemKey is nil without a key of the batch.
func batchItemKey(ctx context.Context, batchKey string, n int, digest []byte) *issuer.Idempotency {
	key, _ := itemKey(nil, batchKey, n) // an item of this batch has no key of its own that could be none
	if key == "" {
		return nil
	}
	return &issuer.Idempotency{Scope: wire.Token(ctx).ID + " POST /v1/credentials/status", Key: key, Digest: digest}
}

// readItems reads the body of a batch.
func readItems(w http.ResponseWriter, r *http.Request, what string) ([]strictjson.Value, error) {
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxBatch, Nodes: maxBatchNodes})
	if err != nil {
		return nil, err
	}
	var body batchBody
	if err := wire.Decode(v, &body); err != nil {
		return nil, err
	}
	switch {
	case body.Items == nil:
		return nil, wire.At(wire.MissingMember, "/items", "Give the "+what+" as an array called items.")
	case len(body.Items) > maxItems:
		return nil, wire.At(wire.TooManyItems, "/items", fmt.Sprintf("A batch has at most %d items; split it.", maxItems))
	}
	return body.Items, nil
}

// together is how many items are treated at a time: so many share a commit of the
// store, the larger part of what a badge costs beside its signature, and of the
// thousand that may wait for one they leave room for other requests.
const together = 128

// each treats several items at a time. One item's fault is its own.
func each(items []strictjson.Value, dryRun bool, do func(n int, item strictjson.Value) itemAnswer) batchAnswer {
	answer := batchAnswer{DryRun: dryRun, Results: make([]itemAnswer, len(items)), Summary: map[string]int{}}
	var group errgroup.Group
	group.SetLimit(together)
	for n, item := range items {
		group.Go(func() error {
			answer.Results[n] = do(n, item)
			return nil
		})
	}
	_ = group.Wait() // no item fails the others
	for _, a := range answer.Results {
		answer.Summary[a.Outcome]++
	}
	return answer
}
