package verify

import (
	"net/http"
	"strings"

	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/verifier"
	"laurel/verifier/words"
)

// maxMatch bounds a question for the recipient, in bytes, and maxIdentifier what
// is asked for.
const maxMatch, maxIdentifier = 4 << 10, 1000

type matchBody struct {
	Identifier string `json:"identifier"`
}

// matchAnswer says whether a badge is somebody's; null where that cannot be told.
type matchAnswer struct {
	Match   *bool  `json:"match"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Match answers POST /v/{id}/match: is this badge theirs? Nothing but what is
// signed is asked, and the same work is done whatever comes of it. Salt and hash
// stand in the badge, so whoever has it can try addresses without us: the limit
// is that of verifications.
func (h *Handler) Match(w http.ResponseWriter, r *http.Request) error {
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	if _, err := wire.Query(r, "edition"); err != nil {
		return err
	}
	if wire.MediaType(r) == "application/x-www-form-urlencoded" {
		return h.matchForm(w, r)
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxMatch})
	if err != nil {
		return err
	}
	var body matchBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	who, err := identity(body.Identifier)
	if err != nil {
		return err
	}
	b, err := h.asked(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	report, err := h.desk.Report(r.Context(), b.submission, verifier.Options{Recipient: who})
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	f := report.Finding(verifier.CheckRecipient)
	h.neverKept(w)
	w.Header().Set("Content-Language", p.Lang())
	return wire.WriteJSON(w, http.StatusOK, matchAnswer{Match: matches(f.Outcome), Code: string(f.Code), Message: words.Sentence(p, report, f)})
}

// matchForm answers the form of a badge's page with that page and the answer on
// it. What was typed stands nowhere in it.
func (h *Handler) matchForm(w http.ResponseWriter, r *http.Request) error {
	fields, err := h.fields(w, r)
	if err != nil {
		return err
	}
	r = inLanguageOf(r, fields)
	who, err := identity(string(fields[pages.FieldIdentifier]))
	if err != nil {
		return err
	}
	b, err := h.asked(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.page(w, r, b, verifier.Options{Recipient: who})
}

// identity is whom a text names: by an e-mail address, or by a DID.
func identity(text string) (*verifier.Identity, error) {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return nil, wire.At(wire.MissingMember, "/identifier", "Give the e-mail address, or the DID, of the person.")
	case len(text) > maxIdentifier:
	case strings.HasPrefix(text, "did:"):
		return &verifier.Identity{Type: verifier.IdentitySubject, Value: text}, nil
	case strings.Contains(text, "@"):
		return &verifier.Identity{Type: badge.IdentityTypeEmail, Value: text}, nil
	}
	return nil, wire.At(wire.InvalidIdentifier, "/identifier", "This is neither an e-mail address, such as ana@example.org, nor a DID.")
}

// matches is nil where the badge, or its proof, leaves the question open.
func matches(o verifier.Outcome) *bool {
	switch o {
	case verifier.Passed, verifier.Warned:
		yes := true
		return &yes
	case verifier.Failed:
		return new(bool)
	}
	return nil
}
