package vcapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/internal/strictjson"
	"laurel/verifier"
	"laurel/verifier/words"
)

type verifyBody struct {
	Credential strictjson.Value `json:"verifiableCredential"`
	Options    strictjson.Value `json:"options"`
}

// verifyOptions are those of VCALM, and those that older suites send.
type verifyOptions struct {
	Checks               []string `json:"checks"`
	ReturnCredential     *bool    `json:"returnCredential"`
	ReturnResults        *bool    `json:"returnResults"`
	ReturnProblemDetails *bool    `json:"returnProblemDetails"`
}

// proofOnly as the one check looks at shape, dates and proof.
const proofOnly = "proof"

// Verify answers POST /credentials/verify: 200 where the credential can be
// relied on, else 400, because its callers read nothing but the status.
func (h *Handler) Verify(w http.ResponseWriter, r *http.Request) error {
	var body verifyBody
	var opts verifyOptions
	check, err := h.read(w, r, &body, &opts)
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	brought, err := submission(body.Credential, "verifiableCredential")
	if err == nil && brought.IsPresentation() {
		err = otherKind("This is a presentation. Send it to /presentations/verify.")
	}
	if faults := faultsOf(err); faults != nil {
		return wire.WriteJSON(w, http.StatusBadRequest, unreadable(faults))
	} else if err != nil {
		return err
	}
	report, err := h.desk.Report(r.Context(), brought, verifier.Options{Generic: true,
		ProofOnly: check == proofOnly || slices.Equal(opts.Checks, []string{proofOnly})})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, statusOf(report), answer(report, opts, p))
}

// read reads a request to verify, and the check that its address asks for.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, body interface{ options() strictjson.Value }, opts any) (check string, err error) {
	if err := h.desk.Admit(r); err != nil {
		return "", err
	}
	q, err := wire.Query(r, "checks")
	if err != nil {
		return "", err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxBody})
	if err != nil {
		return "", err
	}
	if err := decode(v, "", body); err != nil {
		return "", err
	}
	if o := body.options(); o.Exists() {
		err = decode(o, "/options", opts)
	}
	return q.Get("checks"), err
}

func (b *verifyBody) options() strictjson.Value { return b.Options }

func statusOf(r *verifier.Report) int {
	if r.Verified() {
		return http.StatusOK
	}
	return http.StatusBadRequest
}

// submission reads what a member holds in any of its three forms: an object, one
// in an envelope, or a compact JWS as a text.
func submission(v strictjson.Value, member string) (*verifier.Submission, error) {
	var raw string
	switch v.Kind() {
	case strictjson.Object:
		raw = v.Raw()
	case strictjson.String:
		raw = v.Text()
	default:
		return nil, &badge.Error{Code: badge.ParsingError, Rule: string(wire.MissingMember),
			Detail: "Give what is to be verified as the member " + member + ": an object, or a compact JWS as a text."}
	}
	if v.Kind() == strictjson.String && strings.HasPrefix(strings.TrimSpace(raw), "{") {
		return nil, &badge.Error{Code: badge.ParsingError, Rule: "not_an_object",
			Detail: "What is JSON is given as an object, not as a text that holds one."}
	}
	d, err := badge.Parse([]byte(raw))
	if err != nil {
		return nil, err
	}
	return verifier.Submit(d), nil
}

// otherKind refuses a presentation where a credential belongs, or the
// other way round.
func otherKind(detail string) error {
	return &badge.Error{Code: badge.MalformedValueError, Rule: "other_kind", Detail: detail}
}

// problem is a ProblemDetails of VCALM (3.8.1), with our own words beside it.
type problem struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Detail  string `json:"detail"`
	Check   string `json:"check,omitempty"`
	Code    string `json:"code"`
	Pointer string `json:"pointer,omitempty"`
}

// result is what VCALM calls a VerificationResult, with the lists that older
// suites read.
type result struct {
	Verified       bool            `json:"verified"`
	Verdict        string          `json:"verdict"`
	Checks         []string        `json:"checks"`
	Warnings       []problem       `json:"warnings"`
	Errors         []problem       `json:"errors"`
	ProblemDetails []problem       `json:"problemDetails"`
	Credential     json.RawMessage `json:"credential,omitempty"`
	Results        *results        `json:"results,omitempty"`

	Presentation      json.RawMessage `json:"presentation,omitempty"`
	CredentialResults []*result       `json:"credentialResults,omitempty"` // of a presentation
}

func unreadable(faults badge.Errors) *result {
	out := &result{Verdict: verifier.Invalid.String(), Checks: []string{string(verifier.CheckFormat)}, Warnings: []problem{}}
	for _, f := range faults {
		out.Errors = append(out.Errors, problem{Type: problemBase + string(f.Code), Title: string(f.Code), Detail: f.Detail,
			Check: string(verifier.CheckFormat), Code: f.Rule, Pointer: f.Pointer})
	}
	out.ProblemDetails = out.Errors
	return out
}

func answer(r *verifier.Report, opts verifyOptions, p *i18n.Printer) *result {
	out := &result{Verified: r.Verified(), Verdict: r.Verdict().String(), Checks: []string{},
		Warnings: []problem{}, Errors: []problem{}, ProblemDetails: []problem{}}
	for _, f := range r.Findings {
		if f.Outcome != verifier.Skipped {
			out.Checks = append(out.Checks, string(f.Check))
		}
		switch {
		case f.Check == verifier.CheckEndorsement && f.Outcome != verifier.Passed && f.Outcome != verifier.Skipped, f.Outcome == verifier.Warned:
			out.Warnings = append(out.Warnings, problemOf(r, f, p))
		case f.Outcome == verifier.Failed, f.Outcome == verifier.Unknown:
			out.Errors = append(out.Errors, problemOf(r, f, p))
		}
	}
	if opts.ReturnProblemDetails == nil || *opts.ReturnProblemDetails {
		out.ProblemDetails = append(append(out.ProblemDetails, out.Errors...), out.Warnings...)
	}
	if opts.ReturnCredential != nil && *opts.ReturnCredential {
		out.Credential = received(r.Document)
	}
	if opts.ReturnResults != nil && *opts.ReturnResults && r.Document != nil {
		out.Results = resultsOf(r)
	}
	return out
}

// received is a document as it came; nothing where none could be read.
func received(d *badge.Document) json.RawMessage {
	if d == nil {
		return nil
	}
	return verify.Received(d)
}

// The addresses of kinds of problems: VC data model 2.0 section 7.1, Data
// Integrity section 4.7 and Bitstring Status List section 3.5.
const (
	problemBase  = "https://www.w3.org/TR/vc-data-model#"
	securityBase = "https://w3id.org/security#"
	statusBase   = "https://www.w3.org/ns/credentials/status-list#"
)

func problemOf(r *verifier.Report, f verifier.Finding, p *i18n.Printer) problem {
	base, title := kindOf(f)
	detail := words.Sentence(p, r, f)
	if f.Detail != "" {
		detail += " (" + f.Detail + ")"
	}
	return problem{Type: base + title, Title: title, Detail: detail, Check: string(f.Check), Code: string(f.Code), Pointer: f.Pointer}
}

func kindOf(f verifier.Finding) (base, title string) {
	switch {
	case f.Code == verifier.Unreadable, f.Code == verifier.MalformedToken:
		return problemBase, "PARSING_ERROR"
	case f.Code == verifier.ChallengeDiffers:
		return securityBase, "INVALID_CHALLENGE_ERROR"
	case f.Code == verifier.DomainDiffers:
		return securityBase, "INVALID_DOMAIN_ERROR"
	case f.Check == verifier.CheckProof, f.Check == verifier.CheckIssuerKey, f.Check == verifier.CheckHolder:
		return problemBase, "CRYPTOGRAPHIC_SECURITY_ERROR"
	case f.Code == verifier.Expired, f.Code == verifier.NotYetValid:
		return problemBase, "RANGE_ERROR"
	case f.Check == verifier.CheckRevocation, f.Check == verifier.CheckSuspension:
		if f.Outcome == verifier.Unknown && f.Code != verifier.StatusListExpired && f.Code != verifier.StatusListNotYetValid {
			return statusBase, "STATUS_RETRIEVAL_ERROR"
		}
		return statusBase, "STATUS_VERIFICATION_ERROR"
	}
	return problemBase, "MALFORMED_VALUE_ERROR"
}

// results is the verbose part, on demand: each member of the credential that
// was looked at, with what was found.
type results struct {
	ValidFrom  *partResult  `json:"validFrom,omitempty"`
	ValidUntil *partResult  `json:"validUntil,omitempty"`
	Schema     []partResult `json:"credentialSchema"`
	Status     []partResult `json:"credentialStatus"`
	Proof      []partResult `json:"proof"`
}

type partResult struct {
	Verified bool             `json:"verified"`
	Input    strictjson.Value `json:"input"`
}

func resultsOf(r *verifier.Report) *results {
	root := r.Document.Root()
	held := func(c verifier.Check) bool {
		o := r.Finding(c).Outcome
		return o == verifier.Passed || o == verifier.Warned
	}
	list := func(name string, verified bool) []partResult {
		out := []partResult{}
		for _, v := range root.Get(name).Each() {
			out = append(out, partResult{verified, v})
		}
		return out
	}
	one := func(names ...string) *partResult {
		for _, name := range names {
			if v := root.Get(name); v.Exists() {
				return &partResult{held(verifier.CheckValidity), v}
			}
		}
		return nil
	}
	return &results{ValidFrom: one("validFrom", "issuanceDate"), ValidUntil: one("validUntil", "expirationDate"),
		Schema: list("credentialSchema", held(verifier.CheckSchema)),
		Status: list("credentialStatus", held(verifier.CheckRevocation)),
		Proof:  list("proof", held(verifier.CheckProof) && held(verifier.CheckIssuerKey))}
}
