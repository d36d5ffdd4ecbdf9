package programmes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/programme"
	"laurel/programme/completion"
)

// The bounds of a batch: so many bytes, and values and names in them. One event
// has at most completion.MaxBytes, alone or in a batch.
const (
	maxBatch      = 4 << 20
	maxBatchNodes = 500_000
)

// answerBody is what became of one event.
type answerBody struct {
	Event      string            `json:"event"`
	Result     programme.Outcome `json:"result"`
	First      programme.Outcome `json:"first,omitempty"` // of an event that is replayed: what it was at first
	Test       bool              `json:"test,omitempty"`  // a trial
	Awards     []rowAward        `json:"awards"`
	Open       []programme.Open  `json:"open"`
	Superseded []string          `json:"superseded"`
}

func (h *Handler) answer(a *programme.Answer, test bool) *answerBody {
	body := &answerBody{Event: a.Event, Result: a.Result, First: a.First, Test: test, Awards: h.awards(a.Awards), Open: open(a.Open), Superseded: a.Superseded}
	if body.Superseded == nil {
		body.Superseded = []string{}
	}
	return body
}

// itemBody is what became of one event of a batch. Status is the one that the
// event would have got as a request of its own; from 400 on, Problem says why.
type itemBody struct {
	Status int `json:"status"`
	*answerBody
	Problem *wire.Problem `json:"problem,omitempty"`
}

type batchBody struct {
	Results []itemBody `json:"results"`
}

// Complete answers POST /v1/completions, for one event or a batch.
func (h *Handler) Complete(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	source, err := sourceOf(wire.Token(r.Context()))
	if err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxBatch, Depth: completion.MaxDepth + 1, Nodes: maxBatchNodes})
	if err != nil {
		return err
	}
	if v.Kind() == strictjson.Array {
		return h.completeMany(w, r, v, source)
	}
	event, err := readEvent(v, "", source)
	if err != nil {
		return err
	}
	c := caller(r, auth.Complete)
	answers, err := h.programme.Complete(r.Context(), c, []completion.Completion{event})
	if err != nil {
		return err
	}
	if err := answers[0].Fault; err != nil {
		h.refused(r, &event, err)
		return err
	}
	h.taken(r, &event, &answers[0])
	return wire.WriteJSON(w, http.StatusOK, h.answer(&answers[0], c.Test))
}

// sourceOf is the source that a token speaks for, and "" where that is said by
// each event.
func sourceOf(t auth.Token) (string, error) {
	switch t.Source {
	case "":
		return "", &wire.Fault{Code: wire.SourceMissing,
			Detail: "This token speaks for no source of events. Ask the operator for one that was made for your platform."}
	case auth.Any:
		return "", nil
	}
	return t.Source, nil
}

func readEvent(v strictjson.Value, pointer, source string) (completion.Completion, error) {
	if len(v.Raw()) > completion.MaxBytes {
		return completion.Completion{}, &wire.Fault{Code: wire.TooLarge, Detail: fmt.Sprintf("One event has at most %d bytes.", completion.MaxBytes)}
	}
	return completion.ReadValue(v, pointer, source)
}

// completeMany answers each event of a batch on its own, in their order.
func (h *Handler) completeMany(w http.ResponseWriter, r *http.Request, list strictjson.Value, source string) error {
	if list.Len() > programme.MaxEvents {
		return &wire.Fault{Code: wire.TooLarge, Detail: fmt.Sprintf("At most %d events at once; send the others in further requests.", programme.MaxEvents)}
	}
	results := make([]itemBody, list.Len())
	var events []completion.Completion
	var places []int
	for n, v := range list.Elements() {
		event, err := readEvent(v, "", source)
		if err != nil {
			results[n] = h.refused(r, &event, err)
			continue
		}
		events, places = append(events, event), append(places, n)
	}
	c := caller(r, auth.Complete)
	answers, err := h.programme.Complete(r.Context(), c, events)
	if err != nil {
		return err
	}
	for n, a := range answers {
		if a.Fault != nil {
			results[places[n]] = h.refused(r, &events[n], a.Fault)
		} else {
			h.taken(r, &events[n], &a)
			results[places[n]] = itemBody{Status: http.StatusOK, answerBody: h.answer(&a, c.Test)}
		}
	}
	wire.Vary(w, "Accept-Language")
	return wire.WriteJSON(w, http.StatusOK, batchBody{results})
}

// refused is the answer to an event that is not taken in. Its pointers begin at
// the event, as if it had come alone.
func (h *Handler) refused(r *http.Request, e *completion.Completion, err error) itemBody {
	p := h.explain(r.Context(), err)
	p.RequestID = wire.RequestID(r.Context())
	h.noted(r, e.Source, e.ID, p.Code)
	return itemBody{Status: p.Status, Problem: &p}
}

func (h *Handler) taken(r *http.Request, e *completion.Completion, a *programme.Answer) {
	h.noted(r, e.Source, e.ID, string(a.Result))
}

// logged is an event id as the log has it. Some platforms build theirs from an
// address, which has no place there; a digest still finds the same event again.
func logged(event string) string {
	if !strings.Contains(event, "@") {
		return event
	}
	sum := sha256.Sum256([]byte(event))
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// noted puts into the log what became of an event. Nobody is named there.
func (h *Handler) noted(r *http.Request, source, event, outcome string) {
	h.log.InfoContext(r.Context(), "event", "request", wire.RequestID(r.Context()), "source", source, "event", logged(event), "outcome", outcome)
}
