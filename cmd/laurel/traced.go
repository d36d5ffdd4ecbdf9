package main

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"laurel/feed"
	"laurel/internal/bundle"
	"laurel/internal/fetch"
	"laurel/internal/smtp"
	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/mail"
	"laurel/store"
)

// What stands around the parts of a service that is traced. Where nothing is, each
// of these functions gives back what it was given.

// store stands around a store.
func (t *traces) store(s store.Store) store.Store {
	if t == nil {
		return s
	}
	return tracedStore{s, t}
}

// tracedStore names each transaction by the function that makes it.
type tracedStore struct {
	store.Store
	t *traces
}

// View implements store.Store.
func (s tracedStore) View(ctx context.Context, f func(store.Reader) error) error {
	ctx, span := s.t.part(ctx, "View", trace.SpanKindClient)
	if !span.IsRecording() {
		return s.Store.View(ctx, f)
	}
	tellCaller(span, "View")
	why := "panic"
	defer func() { done(span, why) }()
	err := s.Store.View(ctx, f)
	why = troubleOf(err)
	return err
}

// Update implements store.Store. Each run of f is an event, and so is the end of
// the last one: what lies before is the wait for a turn, and behind it the commit.
func (s tracedStore) Update(ctx context.Context, f func(store.Tx) error) error {
	ctx, span := s.t.part(ctx, "Update", trace.SpanKindClient)
	if !span.IsRecording() {
		return s.Store.Update(ctx, f)
	}
	tellCaller(span, "Update")
	var runs atomic.Int64
	why := "panic"
	defer func() {
		span.SetAttributes(attribute.Int64("laurel.store.retries", max(0, runs.Load()-1)))
		done(span, why)
	}()
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		runs.Add(1)
		span.AddEvent("run")
		defer span.AddEvent("ran")
		return f(tx)
	})
	why = troubleOf(err)
	return err
}

// troubleOf is the word for what a store could not do. What its callers found
// there, or did not, is no trouble of the store.
func troubleOf(err error) string {
	if why := word(err, storeWords); why != "other" {
		return why
	}
	return ""
}

// tellCaller notes which function made a transaction.
func tellCaller(span trace.Span, what string) {
	var at [1]uintptr
	runtime.Callers(3, at[:]) // not itself, not the method of tracedStore
	frame, _ := runtime.CallersFrames(at[:]).Next()
	span.SetAttributes(attribute.String("code.function.name", frame.Function))
	span.SetName(what + " " + shortName(frame.Function))
}

// shortName makes issuer.Issuer.Revoke of laurel/issuer.(*Issuer).Revoke.func1.
func shortName(function string) string {
	function = function[strings.LastIndexByte(function, '/')+1:]
	function, _, _ = strings.Cut(function, ".func")
	return strings.NewReplacer("(*", "", ")", "", "[...]", "").Replace(function)
}

// keys stand around what signs.
func (t *traces) keys(ring *keyring.Ring) issuer.KeyRings {
	if t == nil {
		return ring
	}
	return tracedRing{ring, t}
}

type tracedRing struct {
	*keyring.Ring
	t *traces
}

var _ issuer.KeyKeeper = tracedRing{}

// Issuer implements issuer.KeyRings.
func (r tracedRing) Issuer(slug string) keys.KeyRing { return tracedKeys{r.Ring.Issuer(slug), r.t} }

type tracedKeys struct {
	keys.KeyRing
	t *traces
}

// Active implements keys.KeyRing. Whoever signs promptly still does.
func (k tracedKeys) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	signer, err := k.KeyRing.Active(ctx, alg)
	if err != nil {
		return nil, err
	}
	traced := tracedSigner{signer, alg, k.t}
	if prompt, ok := signer.(keys.PromptSigner); ok {
		return struct {
			tracedSigner
			prompted
		}{traced, prompted{prompt}}, nil
	}
	return traced, nil
}

type tracedSigner struct {
	keys.Signer
	alg keys.Algorithm
	t   *traces
}

// Sign implements keys.Signer.
func (s tracedSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	ctx, span := s.t.part(ctx, "sign", trace.SpanKindInternal, attribute.String("laurel.algorithm", string(s.alg)))
	signature, err := s.Signer.Sign(ctx, message)
	done(span, word(err, gaveUp))
	return signature, err
}

// prompted has the mark of a keys.PromptSigner and nothing else of it.
type prompted struct{ of keys.PromptSigner }

// Prompt implements keys.PromptSigner.
func (p prompted) Prompt() { p.of.Prompt() }

// selfCheck stands around the reading back of what was signed.
func (t *traces) selfCheck(check issuer.SelfCheck) issuer.SelfCheck {
	if t == nil {
		return check
	}
	return func(ctx context.Context, document []byte) error {
		ctx, span := t.part(ctx, "self-check", trace.SpanKindInternal)
		err := check(ctx, document)
		done(span, word(err, gaveUp))
		return err
	}
}

// web stands around the client that fetches what badges name.
func (t *traces) web(w web) web {
	if t == nil {
		return w
	}
	return tracedWeb{w, t}
}

// tracedWeb tells what kind of thing was asked for and what came of it, and not
// of whom: the host of a key tells whose badges are verified here. Nothing of a
// trace goes out with the request.
type tracedWeb struct {
	web
	t *traces
}

func (w tracedWeb) ask(ctx context.Context, use bundle.Use, r fetch.Request) (body []byte, mediaType string, err error) {
	ctx, span := w.t.part(ctx, "fetch", trace.SpanKindClient, attribute.String("laurel.fetch.for", string(use)))
	body, mediaType, err = w.web.ask(ctx, use, r)
	var failed *fetch.Error
	if errors.As(err, &failed) && failed.Code != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", failed.Code))
	}
	done(span, word(err, fetchWords))
	return body, mediaType, err
}

// hooks stand around the client that calls webhooks.
func (t *traces) hooks(s feed.Sender) feed.Sender {
	if t == nil {
		return s
	}
	return tracedHooks{s, t}
}

type tracedHooks struct {
	feed.Sender
	t *traces
}

// Post implements feed.Sender.
func (h tracedHooks) Post(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error) {
	ctx, span := h.t.tracer.Start(ctx, "webhook", trace.WithSpanKind(trace.SpanKindClient))
	status, err = h.Sender.Post(ctx, url, header, body)
	why := word(err, fetchWords)
	if err == nil {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if err == nil && status >= 400 {
		why = strconv.Itoa(status)
	}
	done(span, why)
	return status, err
}

// letters stand around the mail server.
func (t *traces) letters(s mail.Sender) mail.Sender {
	if t == nil {
		return s
	}
	return tracedMail{s, t}
}

type tracedMail struct {
	mail.Sender
	t *traces
}

// Send implements mail.Sender.
func (m tracedMail) Send(ctx context.Context, letter smtp.Message) error {
	ctx, span := m.t.tracer.Start(ctx, "mail", trace.WithSpanKind(trace.SpanKindClient))
	err := m.Sender.Send(ctx, letter)
	done(span, word(err, mailWords))
	return err
}
