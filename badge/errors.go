package badge

import "strings"

// Code is an error name of the specifications: VC data model 2.0 section 7.1,
// Data Integrity section 4.7, Bitstring Status List section 3.5.
type Code string

// The codes used here.
const (
	ParsingError           Code = "PARSING_ERROR"
	MalformedValueError    Code = "MALFORMED_VALUE_ERROR"
	RangeError             Code = "RANGE_ERROR"
	DataLossError          Code = "DATA_LOSS_DETECTION_ERROR"
	ProofGenerationError   Code = "PROOF_GENERATION_ERROR"
	ProofVerificationError Code = "PROOF_VERIFICATION_ERROR"
)

// Error is a caller's fault: something in a document or request that its
// author can mend. It is never used for a fault of ours.
type Error struct {
	Code    Code
	Rule    string // which rule was broken, in lower_snake_case, stable for programs
	Pointer string // RFC 6901 pointer to the member at fault; "" is the whole document
	Detail  string // one sentence that says what to do
}

// Error implements error.
func (e *Error) Error() string {
	where := e.Pointer
	if where == "" {
		where = "document"
	}
	return string(e.Code) + " (" + e.Rule + ") at " + where + ": " + e.Detail
}

// Errors is several faults found in one pass, so that an author can mend all
// of them at once. It is never empty when returned as an error.
type Errors []*Error

// Error implements error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.As find each fault.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// Err returns nil where there is no fault.
func (e Errors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
