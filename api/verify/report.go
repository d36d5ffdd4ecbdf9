package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// Report is a report as programs get it.
type Report struct {
	Verdict    string          `json:"verdict"`  // valid, warning, invalid, indeterminate
	Verified   bool            `json:"verified"` // true for valid and warning
	Summary    string          `json:"summary"`  // one sentence for people
	CheckedAt  string          `json:"checkedAt"`
	Checks     []Check         `json:"checks"`
	Register   *Register       `json:"register,omitempty"` // of this service, for a badge of its own
	Credential *Credential     `json:"credential"`         // what is proven; null where nothing is
	Document   json.RawMessage `json:"document"`           // as received; a JWS is a string
}

// Check is the answer of one check.
type Check struct {
	ID      string `json:"id"`
	Result  string `json:"result"` // pass, fail, warn, unknown, skipped
	Code    string `json:"code"`
	Message string `json:"message"`           // a sentence for people
	Pointer string `json:"pointer,omitempty"` // RFC 6901, where it is about one member
	Detail  string `json:"detail,omitempty"`  // in English, for people who debug
}

// Register is what our register says beside the signed badge.
type Register struct {
	Status string `json:"status"`
	Since  string `json:"since,omitempty"`
	Reason string `json:"reason,omitempty"`
	Newer  string `json:"newer,omitempty"` // address of the edition that replaced this one
}

// ReportJSON puts a report into words.
func ReportJSON(r *verifier.Report, p *i18n.Printer) *Report {
	out := &Report{Verdict: r.Verdict().String(), Verified: r.Verified(), Summary: words.Summary(p, r),
		CheckedAt: badge.FormatTime(r.CheckedAt), Checks: make([]Check, len(r.Findings)), Document: Received(r.Document)}
	for n, f := range r.Findings {
		out.Checks[n] = Check{ID: string(f.Check), Result: f.Outcome.String(), Code: string(f.Code),
			Message: words.Sentence(p, r, f), Pointer: f.Pointer, Detail: f.Detail}
	}
	if words.Proven(r) {
		out.Credential = credentialOf(r.Document)
	}
	return out
}

// Received is a document as it came, as JSON: an object, or a JWS as a string.
func Received(d *badge.Document) json.RawMessage {
	switch {
	case d == nil:
		return json.RawMessage("null")
	case d.JWS() == nil:
		return d.Payload()
	}
	quoted, err := json.Marshal(string(bytes.TrimSpace(d.Raw())))
	if err != nil {
		return json.RawMessage("null") // a compact JWS is ASCII, and text never fails
	}
	return quoted
}

// write answers with the report. encoding/json would lay the received document
// out anew, so its bytes are put in afterwards: last, where nothing follows.
func (out *Report) write(w http.ResponseWriter, p *i18n.Printer) error {
	rest := *out
	rest.Document = nil
	raw, err := wire.Marshal(rest)
	if err != nil {
		return err
	}
	head, ok := bytes.CutSuffix(raw, []byte("null}"))
	if !ok {
		return fmt.Errorf("writing a report: it does not end with its document")
	}
	w.Header().Set("Content-Language", p.Lang())
	wire.WriteBytes(w, "application/json", http.StatusOK, append(append(head, out.Document...), "}\n"...))
	return nil
}
