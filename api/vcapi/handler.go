// Package vcapi answers under the names of the W3C VC-API (VCALM), for its
// conformance suites and for callers who know it from other services.
//
// It takes credentials of any kind, not only badges. Verifying is for
// everybody; issuing signs what others have written, so it has a scope and a
// key of its own and is off unless asked for.
//
// Start at New.
package vcapi

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// Signer secures a credential that somebody else has written. Faults of the
// credential are badge.Error or badge.Errors with pointers into it.
type Signer interface {
	SignCredential(ctx context.Context, credential strictjson.Value, actor string) (*badge.Document, error)
	// SetStatus changes the status of a credential that was issued here.
	SetStatus(ctx context.Context, q issuer.StatusRequest) error
}

// Config is what a Handler works with; every field but Signer is required.
type Config struct {
	Signer  Signer // nil: nothing is issued here
	Desk    *verify.Desk
	Catalog *i18n.Catalog
}

// Handler answers callers of the VC-API.
type Handler struct {
	signer  Signer
	desk    *verify.Desk
	catalog *i18n.Catalog
}

// New makes a Handler.
func New(cfg Config) *Handler {
	return &Handler{signer: cfg.Signer, desk: cfg.Desk, catalog: cfg.Catalog}
}

// maxBody bounds a request, in bytes: a credential and what stands around it.
const maxBody = badge.MaxBytes + 64<<10

// unknownOption is the kind of problem that VCALM gives a name.
const unknownOption = "https://www.w3.org/TR/vcalm#UNKNOWN_OPTION_PROVIDED"

// decode reads a body or its options; what is unknown is the problem that
// VCALM names (H-002).
func decode(v strictjson.Value, prefix string, into any) error {
	err := wire.Decode(v, into)
	var f *wire.Fault
	if !errors.As(err, &f) {
		return err
	}
	for n := range f.Errors {
		f.Errors[n].Pointer = prefix + f.Errors[n].Pointer
	}
	if f.Code == wire.UnknownMember {
		f.Code, f.Type = wire.UnknownOption, unknownOption
	}
	return f
}

// issueBody asks for a proof.
type issueBody struct {
	Credential strictjson.Value `json:"credential"`
	Options    strictjson.Value `json:"options"`
}

// Issue answers POST /credentials/issue.
func (h *Handler) Issue(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.IdempotencyKey(r); err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxBody})
	if err != nil {
		return err
	}
	var body issueBody
	if err := decode(v, "", &body); err != nil {
		return err
	}
	if body.Options.Exists() {
		// There is nothing yet that a caller could choose.
		if err := decode(body.Options, "/options", &struct{}{}); err != nil {
			return err
		}
	}
	if !body.Credential.Exists() {
		return wire.At(wire.MissingMember, "/credential", "Give the credential to be signed as the member credential.")
	}
	signed, err := h.signer.SignCredential(r.Context(), body.Credential, wire.Actor(r.Context()))
	if faults := faultsOf(err); faults != nil {
		return malformed(faults, "/credential")
	} else if err != nil {
		return err
	}
	// The signed bytes go out as they are.
	raw := append(append([]byte(`{"verifiableCredential":`), bytes.TrimSpace(signed.Raw())...), "}\n"...)
	wire.WriteBytes(w, "application/json", http.StatusCreated, raw)
	return nil
}

func faultsOf(err error) badge.Errors {
	var list badge.Errors
	var one *badge.Error
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &one):
		return badge.Errors{one}
	}
	return nil
}

// malformed is one status for everything that is wrong with a credential:
// callers of the VC-API know no other than 400.
func malformed(faults badge.Errors, prefix string) error {
	list := wire.FieldErrors(faults)
	for n := range list {
		list[n].Pointer = prefix + list[n].Pointer
	}
	return &wire.Fault{Code: wire.MalformedCredential, Detail: "This credential is not signed: " + list[0].Message, Errors: list,
		Type: problemBase + string(faults[0].Code)}
}
