package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"

	"code.dny.dev/ssrf"
)

// Kind tells why there is no answer. Each is an error by itself, so that
// errors.Is(err, fetch.Timeout) asks for one.
type Kind string

const (
	// Blocked: the address is not one we may reach, now or in a redirect.
	Blocked Kind = "address not allowed"
	// Unreachable: name, connection, TLS or HTTP failed; no usable answer.
	Unreachable Kind = "unreachable"
	// Timeout: the time was over, the client's or the caller's.
	Timeout Kind = "timed out"
	// TooLarge: the body is longer than allowed.
	TooLarge Kind = "answer too large"
	// Status: the answer's status is not 200.
	Status Kind = "unexpected status"
	// Redirect: a redirect that is not followed: none may be, or not so many,
	// or not to another scheme.
	Redirect Kind = "redirect not followed"
	// Busy: too many fetches of ours were under way; nothing was asked. This
	// says nothing about the address.
	Busy Kind = "too many fetches under way"
	// Canceled: the caller gave up. This says nothing about the address.
	Canceled Kind = "canceled"
)

// Error is the text of the kind.
func (k Kind) Error() string { return "fetch: " + string(k) }

// Error is why a fetch brought nothing.
type Error struct {
	URL  string // as it was asked for
	Kind Kind
	Code int // the HTTP status where Kind is Status or Redirect, else 0
	// Err is the cause, where there is one to tell. It may name addresses of
	// our own network, so it is for logs; tell strangers the Kind.
	Err error
}

// Error is one line; the URL is quoted and cut, being a stranger's text.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %.200q", e.Kind.Error(), e.URL)
	if e.Code != 0 {
		text += fmt.Sprintf(": status %d", e.Code)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives errors.Is the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// asked gives a shared error the URL that this caller used.
func asked(url string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{URL: url, Kind: Unreachable, Err: err}
	}
	own := *e
	own.URL = url
	return &own
}

// kindOf sorts what the transport, the guard and contexts report.
func kindOf(err error) Kind {
	var slow net.Error
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort),
		errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrInvalidHostPort), errors.Is(err, errNotLoopback):
		return Blocked
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return Timeout
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Unreachable
}
