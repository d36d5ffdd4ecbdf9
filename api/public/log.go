package public

import (
	"errors"
	"net/http"
	"strings"

	"laurel/api/wire"
	"laurel/issuer/auditlog"
)

// Checkpoint answers GET /log/checkpoint: the audit log as it was signed last
// (C2SP tlog-checkpoint).
func (h *Handler) Checkpoint(w http.ResponseWriter, r *http.Request) error {
	signed, err := h.audit.Checkpoint(r.Context())
	if err != nil {
		return notLogged(err)
	}
	wire.ServeCached(w, r, plainText, wire.Revalidate, signed)
	return nil
}

// LogKey answers GET /log/key: the keys of the audit log, one a line, in the
// form of signed notes.
func (h *Handler) LogKey(w http.ResponseWriter, r *http.Request) error {
	names, err := h.audit.VerifierKeys(r.Context())
	if err != nil {
		return err
	}
	wire.ServeCached(w, r, plainText, wire.Revalidate, []byte(strings.Join(names, "\n")+"\n"))
	return nil
}

// LogEntry is the audit record of a badge's issue with the proof that the log
// holds it. Both are texts, because both count by their bytes.
type LogEntry struct {
	Entry string `json:"entry"`
	Proof string `json:"proof"` // C2SP tlog-proof
}

// LogEntry answers GET /log/entries/{id} for a badge that is shown.
func (h *Handler) LogEntry(w http.ResponseWriter, r *http.Request) error {
	rec, err := h.record(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	entry, proof, err := h.audit.Prove(r.Context(), rec.AuditSeq())
	if err != nil {
		return notLogged(err)
	}
	w.Header().Set("Cache-Control", wire.Revalidate)
	return wire.WriteJSON(w, http.StatusOK, LogEntry{Entry: string(entry), Proof: string(proof.Text())})
}

const plainText = "text/plain; charset=utf-8"

// notLogged: the sequencer follows within seconds.
func notLogged(err error) error {
	if errors.Is(err, auditlog.ErrNotLogged) {
		return &wire.Fault{Code: wire.NotReady, Retry: notReadyPause, Detail: "The audit log does not cover this yet. Ask again in a few seconds."}
	}
	return err
}
