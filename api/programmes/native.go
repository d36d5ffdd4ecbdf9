package programmes

import (
	"errors"
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/platform"
)

// nativeBody is what became of one event of a platform. Platforms read no more of
// it than the status.
type nativeBody struct {
	Status  int               `json:"status"`
	Event   string            `json:"event"`
	Result  programme.Outcome `json:"result,omitempty"`
	First   programme.Outcome `json:"first,omitempty"`
	Reason  platform.Reason   `json:"reason,omitempty"` // of what is ignored
	Test    bool              `json:"test,omitempty"`
	Problem *wire.Problem     `json:"problem,omitempty"`

	fault error
}

// Native answers POST /v1/hooks/{source}/{secret}: events in the platform's own
// form, one or many. Who knows the secret is the source; it stands in no log and in
// no answer. Everything that is taken in is 200, also what counts for nothing: a
// platform sends again whatever gets another answer.
func (h *Handler) Native(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", wire.NoStore)
	source, err := h.programme.Hook(r.Context(), r.PathValue("source"), r.PathValue("secret"))
	if errors.Is(err, programme.ErrNoHook) {
		if ok, wait := h.wrong(r.RemoteAddr); !ok {
			return &wire.Fault{Code: wire.TooManyRequests, Retry: wait, Detail: "There is nothing at this address, and it was asked for too often."}
		}
	}
	if err != nil {
		return err
	}
	q, err := wire.Query(r, "activity")
	if err != nil {
		return err
	}
	body, err := wire.ReadBody(w, r, completion.MaxBytes)
	if err != nil {
		return err
	}
	adapter := platform.Named(source.Hook.Adapter)
	if adapter == nil {
		return programme.ErrNoHook // of an adapter that there is no more
	}
	if body, err = source.Hook.Open(body, h.issuer.Now()); err != nil {
		return err
	}
	events, err := adapter.Read(source.Slug, body)
	if err != nil {
		return syntax(err)
	}
	return h.takeIn(w, r, source, events, q.Get("activity"))
}

func syntax(err error) error {
	var e *strictjson.Error
	if errors.As(err, &e) {
		return wire.SyntaxFault(e)
	}
	return err
}

// takeIn reports what is to be reported of what came. A single event that is
// refused is a problem; in a batch it is one result among others.
func (h *Handler) takeIn(w http.ResponseWriter, r *http.Request, source *programme.Source, events []platform.Event, activity string) error {
	results := make([]nativeBody, len(events))
	var completions []completion.Completion
	var places []int
	for n, e := range events {
		results[n] = nativeBody{Status: http.StatusOK, Event: e.ID, Test: source.Hook.Test}
		switch {
		case e.Err != nil:
			results[n].fault = e.Err
		case e.Completion == nil:
			results[n].Result, results[n].Reason = programme.OutcomeIgnored, e.Ignored
		default:
			if results[n].fault = within(e.Completion, activity); results[n].fault == nil {
				completions, places = append(completions, *e.Completion), append(places, n)
			}
		}
	}
	if err := h.report(r, source, completions, places, results); err != nil {
		return err
	}
	for n := range results {
		h.conclude(r, source, &results[n])
	}
	if len(results) == 1 && results[0].fault != nil {
		return results[0].fault
	}
	wire.Vary(w, "Accept-Language")
	return wire.WriteJSON(w, http.StatusOK, struct {
		Results []nativeBody `json:"results"`
	}{results})
}

// within names the activity of an event that does not say of which it is; the
// address does then, and what is sent to another address is another event.
func within(e *completion.Completion, activity string) error {
	if e.Activity == "" && activity != "" {
		e.Activity, e.ID = activity, e.ID+"/"+activity
	}
	if e.Activity == "" {
		return badge.Errors{{Code: badge.MalformedValueError, Rule: "unknown_activity", Pointer: "",
			Detail: "The event does not say of which activity it is. Name that in the address: ?activity= and its slug."}}
	}
	return nil
}

// report reports completions, which stand at places of the results.
func (h *Handler) report(r *http.Request, source *programme.Source, events []completion.Completion, places []int, results []nativeBody) error {
	answers, err := h.programme.Complete(r.Context(), source.Reporter(), events)
	if err != nil {
		return err
	}
	for n, a := range answers {
		to := &results[places[n]]
		if to.Result, to.First = a.Result, a.First; a.Fault != nil {
			to.fault = a.Fault
		}
	}
	return nil
}

// conclude puts what is wrong with an event into its result, and what became of it
// into the log: nobody is named there.
func (h *Handler) conclude(r *http.Request, source *programme.Source, to *nativeBody) {
	said := string(to.Result)
	if to.fault != nil {
		p := h.explain(r.Context(), to.fault)
		p.RequestID = wire.RequestID(r.Context())
		to.Status, to.Problem, said = p.Status, &p, p.Code
	}
	h.noted(r, source.Slug, to.Event, said)
}
