// Package proof holds the securing mechanisms, one file each: how a document
// is signed and how its signature is checked.
//
// A suite does no I/O and decides nothing about trust: whose key it is and
// whether it may sign is the verifier's business. Start at Suite; Suites and
// Securers are the tables of all there are.
package proof

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/keys"
)

// ErrInvalid: the proof was checked and is wrong. Any other error of Verify
// means that it could not be checked.
var ErrInvalid = errors.New("proof: invalid")

// Of what is wrong with a token these are told apart; each is an ErrInvalid too.
// They say nothing of whether its signature fits.
var (
	ErrAlgorithm = fmt.Errorf("%w: algorithm", ErrInvalid) // none that is accepted, or not that of its key
	ErrHeader    = fmt.Errorf("%w: header", ErrInvalid)    // of another form than that of a VC-JWT
	ErrClaims    = fmt.Errorf("%w: claims", ErrInvalid)    // they contradict the credential beside them
)

// Suite is one securing mechanism, as far as verifying needs it.
type Suite interface {
	// Name is the cryptosuite, or the name of the type of proof or envelope
	// that needs none.
	Name() string
	// Verify checks one proof of the document with the key it names.
	Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error
}

// Securer is a Suite that also signs.
type Securer interface {
	Suite
	// Algorithms are those of the keys that it signs with, the usual one first.
	Algorithms() []keys.Algorithm
	// Secure returns the document with a proof made at a moment. A key of
	// another algorithm is an error.
	Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error)
}

// FormVerifier is a Suite that need not canonicalise a document again whose
// canonical form somebody has. A form that is not of this document, canonicalised
// as the suite does it, is passed over, as nil is: it can save work, and change
// no answer.
type FormVerifier interface {
	Suite
	VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error
}

// invalid says what is wrong with a proof.
func invalid(format string, args ...any) error { return fault(ErrInvalid, format, args...) }

func fault(kind error, format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{kind}, args...)...)
}

// unsigned turns a refusal of the canonicaliser into a verdict on the proof:
// data that has no canonical form is not covered by any signature. What is
// only beyond our means stays an open question.
func unsigned(err error) error {
	if canon.Inconclusive(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}
