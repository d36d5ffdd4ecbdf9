package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/internal/jsonwriter"
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
	Endorsed   []Endorsement   `json:"endorsements,omitempty"`
	Register   *Register       `json:"register,omitempty"` // of this service, for a badge of its own
	Badges     []*Report       `json:"badges,omitempty"`   // of a presentation with several, each by itself
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

	Params map[string]string `json:"params,omitempty"` // the values that the message speaks of
}

// Endorsement is what somebody else says about the badge, and what was found
// about that. Issuer and comment are left out where they are not proven.
type Endorsement struct {
	Pointer string  `json:"pointer"`
	Of      string  `json:"of,omitempty"` // the id of what carries it
	Result  string  `json:"result"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
	Detail  string  `json:"detail,omitempty"`
	Issuer  string  `json:"issuer,omitempty"`
	Comment string  `json:"comment,omitempty"`
	Checks  []Check `json:"checks"`
}

// Register is what our register says beside the signed badge.
type Register struct {
	Status string `json:"status"`
	Since  string `json:"since,omitempty"`
	Reason string `json:"reason,omitempty"`
	Newer  string `json:"newer,omitempty"` // address of the edition that replaced this one

	Remarks []Remark `json:"remarks,omitempty"`
}

// Remark is what our records say of a badge, and of no part of it.
type Remark struct {
	Code        string `json:"code"`
	Message     string `json:"message"`               // a sentence for people
	Achievement string `json:"achievement,omitempty"` // slug of the one that it is about
	Name        string `json:"name,omitempty"`        // of that one, in the reader's language where it has one in it
}

// ReportJSON puts a report into words.
func ReportJSON(r *verifier.Report, p *i18n.Printer) *Report {
	out := &Report{Verdict: r.Verdict().String(), Verified: r.Verified(), Summary: words.Summary(p, r),
		CheckedAt: badge.FormatTime(r.CheckedAt), Checks: checksOf(r, p), Document: Received(r.Document)}
	for _, e := range r.Endorsements {
		out.Endorsed = append(out.Endorsed, endorsementOf(e, p))
	}
	for _, b := range r.Badges {
		out.Badges = append(out.Badges, ReportJSON(b, p))
	}
	if words.Proven(r) {
		out.Credential = credentialOf(r.Document)
	}
	return out
}

func checksOf(r *verifier.Report, p *i18n.Printer) []Check {
	list := make([]Check, len(r.Findings))
	for n, f := range r.Findings {
		list[n] = Check{ID: string(f.Check), Result: f.Outcome.String(), Code: string(f.Code),
			Message: words.Sentence(p, r, f), Pointer: f.Pointer, Detail: f.Detail, Params: f.Params}
	}
	return list
}

func endorsementOf(e verifier.Endorsement, p *i18n.Printer) Endorsement {
	f := e.Finding
	out := Endorsement{Pointer: e.Pointer, Of: e.Of, Result: f.Outcome.String(), Code: string(f.Code),
		Message: words.Sentence(p, e.Report, f), Detail: f.Detail, Checks: []Check{}}
	if e.Report != nil {
		out.Checks = checksOf(e.Report, p)
	}
	if words.Proven(e.Report) {
		out.Issuer = e.Report.Document.IssuerID()
		out.Comment = e.Report.Document.Root().Get("credentialSubject").Get("endorsementComment").Text()
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
// out anew, so its bytes are put in as they came.
func (out *Report) write(w http.ResponseWriter, r *http.Request, p *i18n.Printer) error {
	head := jsonwriter.Writer{B: make([]byte, 0, 4096)} // as much as most reports have
	out.encode(&head)
	if head.Err != nil {
		return fmt.Errorf("writing a report: %w", head.Err)
	}
	w.Header().Set("Content-Language", p.Lang())
	wire.WriteAtOnce(w, r, "application/json", http.StatusOK, head.B, out.Document, []byte("}\n"))
	return nil
}
