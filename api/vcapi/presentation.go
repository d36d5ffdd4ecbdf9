package vcapi

import (
	"net/http"
	"slices"

	"laurel/api/wire"
	"laurel/internal/i18n"
	"laurel/internal/strictjson"
	"laurel/verifier"
)

type presentationBody struct {
	Presentation strictjson.Value `json:"verifiablePresentation"`
	Unproven     strictjson.Value `json:"presentation"`
	Options      strictjson.Value `json:"options"`
}

type presentationOptions struct {
	Challenge            string   `json:"challenge"`
	Domain               string   `json:"domain"`
	Checks               []string `json:"checks"`
	ReturnPresentation   *bool    `json:"returnPresentation"`
	ReturnResults        *bool    `json:"returnResults"`
	ReturnProblemDetails *bool    `json:"returnProblemDetails"`
}

// VerifyPresentation answers POST /presentations/verify: 200 where every
// credential and the holder's proof can be relied on, else 400. What comes as
// presentation, and not as verifiablePresentation, need not be proven.
func (h *Handler) VerifyPresentation(w http.ResponseWriter, r *http.Request) error {
	var body presentationBody
	var opts presentationOptions
	check, err := h.read(w, r, &body, &opts)
	if err != nil {
		return err
	}
	brought, proven, err := body.brought()
	if faults := faultsOf(err); faults != nil {
		return wire.WriteJSON(w, http.StatusBadRequest, unreadable(faults))
	} else if err != nil {
		return err
	}
	report, err := h.desk.Report(r.Context(), brought, verifier.Options{Generic: true, HolderProof: proven,
		Challenge: opts.Challenge, Domain: opts.Domain,
		ProofOnly: check == proofOnly || slices.Equal(opts.Checks, []string{proofOnly})})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, statusOf(report), presentationAnswer(report, opts, wire.Printer(r, h.catalog)))
}

func (b *presentationBody) options() strictjson.Value { return b.Options }

// brought reads the presentation, and tells whether it has to be proven.
func (b *presentationBody) brought() (sub *verifier.Submission, proven bool, err error) {
	v := b.Presentation
	if proven = v.Exists(); !proven {
		v = b.Unproven
	}
	sub, err = submission(v, "verifiablePresentation")
	if err == nil && sub.Document() != nil && !sub.IsPresentation() {
		err = otherKind("This is no presentation. Send a credential to /credentials/verify.")
	}
	return sub, proven, err
}

func presentationAnswer(r *verifier.Report, opts presentationOptions, p *i18n.Printer) *result {
	each := verifyOptions{ReturnProblemDetails: opts.ReturnProblemDetails, ReturnResults: opts.ReturnResults}
	whole := each
	if len(r.Badges) > 0 {
		whole.ReturnResults = nil // there is none for all of them
	}
	out := answer(r, whole, p)
	for _, b := range r.Badges {
		out.CredentialResults = append(out.CredentialResults, answer(b, each, p))
	}
	if opts.ReturnPresentation != nil && *opts.ReturnPresentation {
		out.Presentation = received(r.Presented())
	}
	return out
}
