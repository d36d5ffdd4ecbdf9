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
	"context"
	"errors"

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
	SignCredential(ctx context.Context, credential strictjson.Value, choice issuer.Choice, actor string) (*badge.Document, error)
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
// VCALM names.
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

// faultsOf are the faults of a document; none where it is only more than is read,
// which says nothing about its worth.
func faultsOf(err error) badge.Errors {
	var list badge.Errors
	var one *badge.Error
	switch {
	case errors.As(err, &list):
		return list
	case errors.As(err, &one) && one.Rule != badge.RuleTooMany:
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
