package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"laurel/api/certificate"
	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/endorser"
	"laurel/internal/auth"
	"laurel/internal/qr"
	"laurel/issuer"
	"laurel/keys"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/platform"
	"laurel/store"
)

// status has the status of each fault that handlers find.
var status = map[wire.Code]int{
	wire.MalformedJSON:        http.StatusBadRequest,
	wire.InvalidEncoding:      http.StatusBadRequest,
	wire.DuplicateMember:      http.StatusBadRequest,
	wire.TooDeep:              http.StatusBadRequest,
	wire.TooManyValues:        http.StatusRequestEntityTooLarge,
	wire.UnknownMember:        http.StatusBadRequest,
	wire.WrongType:            http.StatusBadRequest,
	wire.MissingMember:        http.StatusBadRequest,
	wire.MalformedBody:        http.StatusBadRequest,
	wire.UnknownParameter:     http.StatusBadRequest,
	wire.InvalidParameter:     http.StatusBadRequest,
	wire.InvalidKey:           http.StatusBadRequest,
	wire.InvalidSlug:          http.StatusBadRequest,
	wire.UnknownOption:        http.StatusBadRequest,
	wire.InvalidOption:        http.StatusBadRequest,
	wire.MalformedCredential:  http.StatusBadRequest,
	wire.NotSupportedYet:      http.StatusBadRequest,
	wire.TokenMissing:         http.StatusUnauthorized,
	wire.ScopeMissing:         http.StatusForbidden,
	wire.LimitedToken:         http.StatusForbidden,
	wire.SourceMissing:        http.StatusForbidden,
	wire.IssuerNotGranted:     http.StatusForbidden,
	wire.CrossSite:            http.StatusForbidden,
	wire.ForeignForm:          http.StatusForbidden,
	wire.NotFound:             http.StatusNotFound,
	wire.MethodNotAllowed:     http.StatusMethodNotAllowed,
	wire.TooLarge:             http.StatusRequestEntityTooLarge,
	wire.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	wire.WrongHost:            http.StatusMisdirectedRequest,
	wire.TooManyItems:         http.StatusUnprocessableEntity,
	wire.Required:             http.StatusUnprocessableEntity,
	wire.SlugMismatch:         http.StatusUnprocessableEntity,
	wire.PictureRefused:       http.StatusUnprocessableEntity,
	wire.InvalidIdentifier:    http.StatusUnprocessableEntity,
	wire.AddressNotSupported:  http.StatusUnprocessableEntity,
	wire.AddressUnreachable:   http.StatusUnprocessableEntity,
	wire.TooManyRequests:      http.StatusTooManyRequests,
	wire.NotReady:             http.StatusServiceUnavailable,
	wire.FormatNotOffered:     http.StatusNotImplemented, // as oEmbed 1.0 has it
}

// notFoundDetail says the same whatever was asked for, so that what is hidden
// cannot be told from what never was.
const notFoundDetail = "There is nothing at this address, or nothing that this token may see."

// condition is a state of affairs that the domain names.
type condition struct {
	is     error
	status int
	code   string
	detail string
	retry  time.Duration
}

// conditions are asked in order: the narrower before the wider.
var conditions = []condition{
	{is: issuer.ErrNotFound, status: http.StatusNotFound, code: "not_found", detail: notFoundDetail},
	{is: programme.ErrUnknownActivity, status: http.StatusNotFound, code: "not_found", detail: notFoundDetail},
	{is: programme.ErrEventReused, status: http.StatusConflict, code: "event_reused",
		detail: "This source reported something else under this id before, and nothing was changed. Give each event an id of its own, and use it again only to repeat the same event."},
	{is: programme.ErrNoHook, status: http.StatusNotFound, code: "not_found", detail: notFoundDetail},
	{is: platform.ErrSignature, status: http.StatusForbidden, code: "signature_invalid",
		detail: "This platform signs what it sends, and this body is not signed with one of its keys, or not for this time. Switch signing on there, and give the source the keys that the platform publishes now."},
	{is: platform.ErrTooMany, status: http.StatusRequestEntityTooLarge, code: "too_large",
		detail: "These are more events than are taken at once. Send at most 1,000, and the others in further requests."},
	{is: programme.ErrForbidden, status: http.StatusForbidden, code: "forbidden", detail: "The token does not allow this."},
	{is: completion.ErrOtherSource, status: http.StatusForbidden, code: "source_not_granted",
		detail: "The event names another source than the one that it comes from. Leave source out."},
	{is: issuer.ErrForbidden, status: http.StatusForbidden, code: "belongs_to_another_issuer",
		detail: "This name belongs to another issuer. Choose another one."},
	{is: issuer.ErrErased, status: http.StatusGone, code: "erased",
		detail: "The personal data of this badge were removed, and the badge is no longer in force. Nothing can be read or changed here."},
	{is: issuer.ErrIdempotencyReused, status: http.StatusUnprocessableEntity, code: "idempotency_key_reused",
		detail: "This idempotency key was used for another request. Draw a new key for each badge, and use it again only to repeat the same request."},
	{is: issuer.ErrConflict, status: http.StatusConflict, code: "conflict",
		detail: "Badges were issued from this version, so it stays as it is. Give the change a version of its own."},
	{is: issuer.ErrNoKey, status: http.StatusConflict, code: "issuer_without_key",
		detail: "This issuer has no key to sign with. The operator makes one with the command laurel keys."},
	{is: issuer.ErrNoTestIssuer, status: http.StatusConflict, code: "no_test_issuer",
		detail: "This issuer has no test issuer yet, so nothing can be tried. The operator makes one with the command laurel keys test."},
	{is: keys.ErrNoActiveKey, status: http.StatusConflict, code: "issuer_without_key",
		detail: "This issuer has no key to sign with. The operator makes one with the command laurel keys."},
	{is: issuer.ErrKeysElsewhere, status: http.StatusConflict, code: "keys_elsewhere",
		detail: "The keys of this service are not made here. Ask its operator."},
	{is: issuer.ErrSigning, status: http.StatusServiceUnavailable, code: "signer_unavailable",
		detail: "The key that signs does not answer just now, and nothing was issued. Try again in a moment with the same Idempotency-Key.", retry: 5 * time.Second},
	{is: issuer.ErrClock, status: http.StatusServiceUnavailable, code: "clock_went_back",
		detail: "The clock of this service went back, and nothing was issued. Its operator sets it right; then repeat with the same Idempotency-Key.", retry: time.Minute},
	{is: issuer.ErrNotReady, status: http.StatusServiceUnavailable, code: "not_made_yet",
		detail: "This form of the badge is being made. Ask again in a moment.", retry: time.Second},

	{is: issuer.ErrNoCard, status: http.StatusNotFound, code: "no_card",
		detail: "The texts of this badge are too long for a card. Its page and its other forms have them."},

	{is: endorser.ErrForbidden, status: http.StatusForbidden, code: "issuer_not_granted",
		detail: "The token acts neither for this endorser nor for the issuer of what is endorsed."},
	{is: endorser.ErrOpen, status: http.StatusUnprocessableEntity, code: "endorsement_open",
		detail: "Whether this endorsement is genuine could not be told just now: its keys or its status could not be had. Nothing was kept; send it again later."},

	{is: auth.ErrMalformed, status: http.StatusUnauthorized, code: "token_invalid",
		detail: "This is no token of this service. Send it whole, as it was shown when it was made."},
	{is: auth.ErrSecret, status: http.StatusUnauthorized, code: "token_invalid",
		detail: "This token is not known here. Check which service and which copy of it the token is for."},
	{is: auth.ErrExpired, status: http.StatusUnauthorized, code: "token_expired", detail: "This token has run out. Ask the operator for a new one."},
	{is: auth.ErrRevoked, status: http.StatusUnauthorized, code: "token_revoked", detail: "This token was withdrawn. Ask the operator for a new one."},
	{is: auth.ErrActivity, status: http.StatusForbidden, code: "activity_not_granted", detail: "The token is limited to other activities."},
	{is: auth.ErrSource, status: http.StatusForbidden, code: "source_not_granted", detail: "The token speaks for another source."},
	{is: auth.ErrForbidden, status: http.StatusForbidden, code: "forbidden", detail: "The token does not allow this."},

	{is: certificate.ErrOutOfForce, status: http.StatusConflict, code: "not_in_force",
		detail: "This badge is not in force, so there is no certificate of it. Its page says why."},
	{is: certificate.ErrUntold, status: http.StatusServiceUnavailable, code: "state_unknown",
		detail: "How this badge stands could not be told just now, so no certificate was made. Try again in a moment.", retry: 5 * time.Second},
	{is: certificate.ErrLetters, status: http.StatusNotImplemented, code: "letters_missing",
		detail: "This service has no font for some letters of this badge. Print its page at the same address with /print in place of .pdf."},
	{is: certificate.ErrRoom, status: http.StatusNotImplemented, code: "no_room",
		detail: "The name or the title of this badge is too long for a certificate, and is never cut. Print its page at the same address with /print in place of .pdf."},

	{is: qr.ErrSize, status: http.StatusBadRequest, code: "invalid_parameter", detail: "The size is a number of pixels from 128 to 1024."},

	{is: limit.ErrFull, status: http.StatusServiceUnavailable, code: "too_busy",
		detail: "More has come than can be treated at once. Try again in a moment.", retry: time.Second},
	{is: store.ErrUnknownOutcome, status: http.StatusServiceUnavailable, code: "outcome_unknown",
		detail: "It is not known whether this was stored. Repeat the request with the same idempotency key: the answer tells.", retry: 5 * time.Second},
	{is: store.ErrReadOnly, status: http.StatusServiceUnavailable, code: "read_only",
		detail: "Nothing can be stored just now; reading and verification go on. Try again later.", retry: 10 * time.Second},
	{is: store.ErrFull, status: http.StatusServiceUnavailable, code: "storage_full",
		detail: "The room for data is used up; reading and verification go on. Try again later, and tell the operator.", retry: time.Minute},
	{is: store.ErrDamaged, status: http.StatusInternalServerError, code: "record_damaged",
		detail: "What is stored here is damaged and is not shown. Tell the operator the requestId."},
	{is: store.ErrBusy, status: http.StatusServiceUnavailable, code: "busy",
		detail: "The store is busy or cannot be reached. Try again in a moment, and repeat a change with the same Idempotency-Key.", retry: time.Second},
	{is: store.ErrClosed, status: http.StatusServiceUnavailable, code: "stopping",
		detail: "The service is being stopped. Try again in a moment.", retry: 5 * time.Second},
	{is: context.DeadlineExceeded, status: http.StatusServiceUnavailable, code: "too_slow",
		detail: "This took too long and was given up. Try again in a moment.", retry: 5 * time.Second},
	{is: context.Canceled, status: http.StatusServiceUnavailable, code: "given_up",
		detail: "The request was given up before it was done.", retry: time.Second},
}

// ruleStatus has the rules of the domain whose status is not that of their
// kind: 400 for what cannot be read, 422 for what is read and wrong.
var ruleStatus = map[string]int{
	"too_large":       http.StatusRequestEntityTooLarge,
	badge.RuleTooMany: http.StatusRequestEntityTooLarge,
	"cursor_invalid":  http.StatusBadRequest,
	"cursor_gone":     http.StatusGone,
}

// describe turns any error into the problem that the caller is told. It is the
// only such table. What is in none of its rows is a fault of ours, and its
// text is withheld.
func describe(err error) wire.Problem {
	var fault *wire.Fault
	var faults badge.Errors
	var one *badge.Error
	var duplicate *issuer.DuplicateError
	var state *issuer.StateError
	var forbidden *programme.Forbidden
	var keyless *issuer.NoKeyError
	switch {
	case errors.As(err, &fault):
		return problemOf(fault)
	case errors.As(err, &faults):
		return faultsProblem(faults)
	case errors.As(err, &one):
		return faultsProblem(badge.Errors{one})
	case errors.As(err, &duplicate):
		return problem(http.StatusConflict, "duplicate", "The person holds this badge already: "+duplicate.ID+".")
	case errors.As(err, &state):
		return problem(http.StatusConflict, state.Rule, state.Detail)
	case errors.As(err, &forbidden):
		return problem(http.StatusForbidden, forbidden.Rule, forbidden.Detail)
	case errors.As(err, &keyless):
		return problem(http.StatusConflict, "issuer_without_key",
			"The issuer "+keyless.Issuer+" has no key to sign with. The operator makes one with the command laurel keys.")
	}
	for _, c := range conditions {
		if errors.Is(err, c.is) {
			p := problem(c.status, c.code, c.detail)
			p.Retry = c.retry
			return p
		}
	}
	return problem(http.StatusInternalServerError, "internal",
		"This is a fault of the service. Repeat the request with the same idempotency key; if it stays, tell the operator the requestId.")
}

func problem(status int, code, detail string) wire.Problem {
	return wire.Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail, Errors: []wire.FieldError{}}
}

func problemOf(f *wire.Fault) wire.Problem {
	code := status[f.Code]
	if code == 0 {
		code = http.StatusInternalServerError
	}
	p := problem(code, string(f.Code), f.Detail)
	p.Retry = f.Retry
	if f.Errors != nil {
		p.Errors = f.Errors
	}
	if f.Type != "" {
		p.Type = f.Type
		p.Title = f.Type[strings.LastIndexByte(f.Type, '#')+1:]
	}
	return p
}

func faultsProblem(faults badge.Errors) wire.Problem {
	first := faults[0]
	code := http.StatusUnprocessableEntity
	if first.Code == badge.ParsingError {
		code = http.StatusBadRequest
	}
	if special := ruleStatus[first.Rule]; special != 0 {
		code = special
	}
	p := problem(code, first.Rule, first.Detail)
	if len(faults) > 1 {
		p.Code, p.Detail = "several_faults", fmt.Sprintf("%d things are wrong; errors lists them.", len(faults))
	}
	p.Errors = wire.FieldErrors(faults)
	return p
}

// expected has the codes of answers above 499 that are no news to an operator:
// strangers can call them forth, or readyz tells of the state behind them, and
// whoever repeats a request would fill the log with them.
var expected = map[string]bool{
	string(wire.NotReady): true,
	"not_made_yet":        true,
	"too_busy":            true,
	"clock_went_back":     true,

	string(wire.FormatNotOffered): true,
}

// shared has the codes of a state that the whole service is in. It meets every
// request alike, so it is told once a minute, with how many met it.
var shared = map[string]bool{"storage_full": true, "read_only": true, "busy": true}

// sharedEvery is how often.
const sharedEvery = time.Minute

// seldom remembers what was told of shared codes.
type seldom struct {
	mu    sync.Mutex
	told  map[string]time.Time
	since map[string]int // what was not told since
}

// tell reports whether a code is to be told now, and how often it was not since
// it was last.
func (s *seldom) tell(code string, now time.Time) (untold int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.told[code]; known && now.Sub(last) < sharedEvery {
		s.since[code]++
		return 0, false
	}
	if s.told == nil {
		s.told, s.since = map[string]time.Time{}, map[string]int{}
	}
	untold = s.since[code]
	s.told[code], s.since[code] = now, 0
	return untold, true
}

// noFault has the codes that an operator can do something about, though nothing
// failed.
var noFault = map[string]bool{
	"letters_missing": true,
	"no_room":         true,
}

// explain describes an error in the language of the caller and logs it if it is
// a fault of ours.
func (s *server) explain(ctx context.Context, err error) wire.Problem {
	p := describe(err)
	if p.Status >= http.StatusInternalServerError && !expected[p.Code] {
		s.logFailure(ctx, p, err)
	}
	return p.In(wire.Language(ctx))
}

func (s *server) logFailure(ctx context.Context, p wire.Problem, err error) {
	log := s.cfg.Log.With("request", wire.RequestID(ctx), "status", p.Status, "code", p.Code, "error", err)
	if shared[p.Code] {
		untold, ok := s.seldom.tell(p.Code, time.Now())
		if !ok {
			return
		}
		log = log.With("others", untold)
	}
	if noFault[p.Code] {
		log.InfoContext(ctx, "not done")
	} else {
		log.ErrorContext(ctx, "failed")
	}
}

// fail answers with what went wrong.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if gone(r, err) {
		w.WriteHeader(clientGone)
		return
	}
	s.write(w, r, s.explain(r.Context(), err))
}

// clientGone is for the log alone: nobody is there to read it.
const clientGone = 499

// write answers with a problem: as a page where a person looks at it, else as
// a problem document.
func (s *server) write(w http.ResponseWriter, r *http.Request, p wire.Problem) {
	s.cfg.Observer.Problem(r.Context(), p.Status, p.Code)
	p.RequestID = wire.RequestID(r.Context())
	h := w.Header()
	for _, name := range []string{"ETag", "Content-Disposition", "Idempotent-Replayed", "Location"} {
		h.Del(name)
	}
	h.Set("Cache-Control", wire.NoStore)
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.Retry.Seconds()))))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(p.Code))
	case http.StatusForbidden:
		h.Set("WWW-Authenticate", `Bearer realm="laurel", error="insufficient_scope"`)
	}
	if wantsPage(r) && s.page(w, r, p) == nil {
		return
	}
	wire.Vary(w, "Accept-Language")
	if l := wire.Language(r.Context()); l != nil {
		h.Set("Content-Language", l.Lang())
	}
	if err := wire.WriteJSONAs(w, "application/problem+json", p.Status, p); err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "writing a problem", "request", p.RequestID, "error", err)
	}
}

func challenge(code string) string {
	if code == string(wire.TokenMissing) {
		return `Bearer realm="laurel"`
	}
	return `Bearer realm="laurel", error="invalid_token"`
}

// wantsPage reports whether a browser asks, and not a program.
func wantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && wire.Prefers(r, "text/html", "application/json")
}

// problems has the pages by status; what is in none is our own mistake or not
// found.
var problems = map[int]pages.Problem{
	http.StatusBadRequest:            pages.ProblemBadRequest,
	http.StatusUnsupportedMediaType:  pages.ProblemBadRequest,
	http.StatusUnprocessableEntity:   pages.ProblemBadRequest,
	http.StatusMisdirectedRequest:    pages.ProblemBadRequest,
	http.StatusUnauthorized:          pages.ProblemForbidden,
	http.StatusForbidden:             pages.ProblemForbidden,
	http.StatusMethodNotAllowed:      pages.ProblemMethod,
	http.StatusRequestEntityTooLarge: pages.ProblemTooLarge,
	http.StatusTooManyRequests:       pages.ProblemTooMany,
	http.StatusServiceUnavailable:    pages.ProblemUnavailable,
}

func (s *server) page(w http.ResponseWriter, r *http.Request, problem wire.Problem) error {
	p := wire.Printer(r, s.cfg.Catalog)
	frame := pages.Frame{Host: s.host, Languages: s.cfg.Catalog.Languages(), Here: wire.Here(r)}
	wire.Vary(w, "Accept", "Accept-Language")
	return wire.WritePage(w, p, problem.Status, func(w io.Writer) error {
		if problem.Status == http.StatusGone {
			return s.cfg.Pages.Gone(w, p, pages.GonePage{Frame: frame})
		}
		if problem.Status == http.StatusNotFound {
			return s.cfg.Pages.NotFound(w, p, pages.NotFoundPage{Frame: frame, Action: verify.FormAction})
		}
		return s.cfg.Pages.Problem(w, p, pages.ProblemPage{Frame: frame, Problem: problems[problem.Status], RequestID: problem.RequestID})
	})
}
