package public

import (
	"errors"
	"math"
	"net/http"
	"strconv"

	"laurel/api/wire"
	"laurel/issuer"
	"laurel/store"
)

// ErrStopping: the service is being stopped, and whoever sends requests is to
// send them elsewhere.
var ErrStopping = errors.New("public: the service is being stopped")

// Readiness is how the service is.
type Readiness struct {
	Read, Write error    // why reading or writing does not work; nil: it does
	Warnings    []string // codes of what somebody should look at, and which stops nothing
}

// Health answers GET /healthz: the process runs.
func (h *Handler) Health(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readinessAnswer is what /readyz says, in codes: who asks is a program.
type readinessAnswer struct {
	Ready    bool     `json:"ready"` // for what was asked
	Read     bool     `json:"read"`
	Write    bool     `json:"write"`
	Reasons  []string `json:"reasons,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// Readiness answers GET /readyz: reading and writing work, or with ?for=read
// reading does. The answer is 503 where they do not, and says which and why.
func (h *Handler) Readiness(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", wire.NoStore)
	q, err := wire.Query(r, "for")
	if err != nil {
		return err
	}
	if what := q.Get("for"); what != "" && what != "read" {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter for is read, or missing."}
	}
	is := h.ready(r.Context())
	answer := readinessAnswer{Ready: is.Read == nil && (is.Write == nil || q.Get("for") == "read"),
		Read: is.Read == nil, Write: is.Read == nil && is.Write == nil, Warnings: is.Warnings}
	if is.Read != nil {
		answer.Reasons = []string{reason(is.Read, "store_unreadable")}
	} else if is.Write != nil {
		answer.Reasons = []string{reason(is.Write, "store_unwritable")}
	}
	if answer.Ready {
		return wire.WriteJSON(w, http.StatusOK, answer)
	}
	h.log.WarnContext(r.Context(), "not ready", "request", wire.RequestID(r.Context()), "read", is.Read, "write", is.Write)
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(notReadyPause.Seconds()))))
	return wire.WriteJSON(w, http.StatusServiceUnavailable, answer)
}

// reason is the code of what keeps the service from its work.
func reason(err error, otherwise string) string {
	for _, known := range []struct {
		is   error
		code string
	}{{ErrStopping, "stopping"}, {issuer.ErrClock, "clock_went_back"}, {store.ErrReadOnly, "store_read_only"}, {store.ErrFull, "store_full"}} {
		if errors.Is(err, known.is) {
			return known.code
		}
	}
	return otherwise
}
