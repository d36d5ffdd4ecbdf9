package wire

import (
	"time"

	"laurel/badge"
)

// Code names what is wrong with a request, for programs; the table of package
// api gives each its status.
type Code string

// The codes that handlers give. Those of the domain are the rules of
// badge.Error.
const (
	MalformedJSON        Code = "malformed_json"
	InvalidEncoding      Code = "invalid_encoding"
	DuplicateMember      Code = "duplicate_member"
	TooDeep              Code = "too_deep"
	TooManyValues        Code = "too_many_values"
	UnknownMember        Code = "unknown_member"
	WrongType            Code = "wrong_type"
	MissingMember        Code = "missing_member"
	TooManyItems         Code = "too_many_items"
	InvalidSlug          Code = "slug_invalid"
	InvalidIdentifier    Code = "identifier_invalid"
	MalformedBody        Code = "malformed_body"
	UnknownParameter     Code = "unknown_parameter"
	InvalidParameter     Code = "invalid_parameter"
	InvalidKey           Code = "idempotency_key_invalid"
	UnknownOption        Code = "unknown_option"
	InvalidOption        Code = "invalid_option"
	MalformedCredential  Code = "malformed_credential"
	NotSupportedYet      Code = "not_supported_yet"
	NotFound             Code = "not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	TooLarge             Code = "too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	AddressUnreachable   Code = "address_unreachable"
	AddressNotSupported  Code = "address_not_supported"
	IssuerNotGranted     Code = "issuer_not_granted"
	TokenMissing         Code = "token_missing"
	ScopeMissing         Code = "scope_missing"
	LimitedToken         Code = "token_limited"
	SourceMissing        Code = "source_missing"
	TooManyRequests      Code = "too_many_requests"
	WrongHost            Code = "wrong_host"
	CrossSite            Code = "cross_site"
	ForeignForm          Code = "foreign_form"
	NotReady             Code = "not_ready"
	FormatNotOffered     Code = "format_not_offered"
	Required             Code = "required"
	SlugMismatch         Code = "slug_mismatch"
	PictureRefused       Code = "picture_refused"
)

// Fault is what a handler refuses a request for.
type Fault struct {
	Code   Code
	Detail string // one sentence that says what to do
	Errors []FieldError
	Retry  time.Duration // when to try again; zero: no use
	Type   string        // address of the kind of problem, where a standard gives one
}

// Error implements error.
func (f *Fault) Error() string { return string(f.Code) + ": " + f.Detail }

// FieldError is one thing that is wrong with a body.
type FieldError struct {
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole body
	Code    string `json:"code"`
	Message string `json:"message"`
	English string `json:"english,omitempty"` // the exact English words, where Message is in another language
}

// FieldErrors lists the faults that the domain found.
func FieldErrors(faults badge.Errors) []FieldError {
	out := make([]FieldError, len(faults))
	for n, f := range faults {
		out[n] = FieldError{Pointer: f.Pointer, Code: f.Rule, Message: f.Detail}
	}
	return out
}

// Problem is the body of every answer that tells of a fault (RFC 9457).
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	English   string       `json:"english,omitempty"` // the exact English words, where Detail is in another language
	Code      string       `json:"code"`
	RequestID string       `json:"requestId"`
	Errors    []FieldError `json:"errors"`

	Retry time.Duration `json:"-"` // becomes Retry-After
}

// At makes a fault about one member of a body.
func At(code Code, pointer, detail string) *Fault {
	return &Fault{Code: code, Detail: detail, Errors: []FieldError{{Pointer: pointer, Code: string(code), Message: detail}}}
}
