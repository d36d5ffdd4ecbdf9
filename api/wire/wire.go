// Package wire is what all handlers share of HTTP: how a request is read,
// strictly, and how an answer is written.
//
// It knows no route, and of the domain only what is a trial, and it maps no error to a status: a handler
// returns what went wrong, and package api has the one table that turns errors
// into problem documents. It refuses to guess: a body that is not understood
// whole is not carried out in part.
//
// Start at Handler, ReadJSON and WriteJSON.
package wire

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"

	"laurel/internal/auth"
	"laurel/issuer"
)

// Handler answers one request. An error that it returns becomes the answer; it
// is returned before anything was written.
type Handler func(w http.ResponseWriter, r *http.Request) error

type contextKey int

const (
	tokenKey contextKey = iota
	requestKey
	roomKey
	languageKey
	countedKey
)

// WithToken notes the verified token that a request came with.
func WithToken(ctx context.Context, t auth.Token) context.Context {
	return context.WithValue(ctx, tokenKey, t)
}

// Token returns the token that a request came with; the zero Token, which
// allows nothing, for a public one.
func Token(ctx context.Context) auth.Token {
	t, _ := ctx.Value(tokenKey).(auth.Token)
	return t
}

// MayTouch tells whether the token of a request has one of the scopes for what an
// issuer (a slug) has issued. Tokens marked test reach trials, which are issued by
// test issuers, and nothing else; all others reach everything but trials. To who
// may not touch it a badge is as unknown as one that does not exist.
func MayTouch(ctx context.Context, slug string, scopes ...auth.Scope) bool {
	t := Token(ctx)
	if issuer.IsTest(slug) != t.Test {
		return false
	}
	return slices.ContainsFunc(scopes, func(s auth.Scope) bool { return t.Allows(s, issuer.LiveSlug(slug)) == nil })
}

// MayAct tells whether the token of a request has one of the scopes for an issuer
// (a slug), to award or define in its name. In the name of a test issuer nobody
// acts: trials are what tokens marked test do.
func MayAct(ctx context.Context, slug string, scopes ...auth.Scope) bool {
	t := Token(ctx)
	return !issuer.IsTest(slug) && slices.ContainsFunc(scopes, func(s auth.Scope) bool { return t.Allows(s, slug) == nil })
}

// Actor names who asks, for audit records.
func Actor(ctx context.Context) string { return "token:" + Token(ctx).ID }

// WithRequestID notes the number of a request.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey, id)
}

// WithCounted gives a context under which it is noted whether a request counted as
// a verification.
func WithCounted(ctx context.Context) (with context.Context, counted *atomic.Bool) {
	counted = new(atomic.Bool)
	return context.WithValue(ctx, countedKey, counted), counted
}

// Counted notes that a request counted as a verification.
func Counted(ctx context.Context) {
	if counted, ok := ctx.Value(countedKey).(*atomic.Bool); ok {
		counted.Store(true)
	}
}

// RequestID returns the number of a request, which its log line and its
// problem document carry.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}
