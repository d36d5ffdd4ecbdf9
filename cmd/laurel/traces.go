package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"laurel/api"
	"laurel/internal/fetch"
	"laurel/internal/origin"
	"laurel/internal/otlp"
	"laurel/internal/smtp"
	"laurel/store"
)

// traces are what the service does, as OpenTelemetry has it, for a collector. This
// file is the only place that makes spans: it stands around the parts where they
// are wired, so that none of them knows, and where nothing is traced none is
// stood around.
//
// A span tells which part worked, for how long and what kind of end it came to.
// Every text in one is a constant of this program, a pattern of a route or the
// number of a request: none is of a person, a stranger or an issuer.
type traces struct {
	sender  *otlp.Sender
	tracer  trace.Tracer
	proxies origin.Proxies
}

const (
	// maxSpans bounds the spans of one request or operation: a list of 100,000
	// people would push everybody else's out of the queue.
	maxSpans = 256
	// flushTime is how long the end of the service waits for the collector.
	flushTime = 3 * time.Second
)

// trace has what serve does traced, if the settings ask for it, and gives the log
// whose lines say to which trace they belong.
func (p *program) trace(ctx context.Context, s *settings, log *slog.Logger) (_ *slog.Logger, err error) {
	if s.traces == "" {
		if p.collectorElsewhere() {
			log.InfoContext(ctx, "nothing is traced: OTEL_EXPORTER_OTLP_ENDPOINT is not read here, --traces names the collector")
		}
		return log, nil
	}
	s.traced, err = s.watch(log)
	return withTraces(log), err
}

// watch makes the traces that the settings ask for.
func (s *settings) watch(log *slog.Logger) (*traces, error) {
	collector, err := s.collector()
	if err != nil {
		return nil, err
	}
	ratio, err := s.ratio()
	if err != nil {
		return nil, err
	}
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	proxies, err := s.trusted()
	if err != nil {
		return nil, err
	}
	sender := otlp.New(otlp.Config{URL: collector, Roots: roots, Ratio: ratio, Service: "laurel", Version: version(), Instance: rand.Text(), Log: log})
	return &traces{sender: sender, tracer: sender.Tracer(), proxies: proxies}, nil
}

// collectorElsewhere tells that the environment names a collector for whatever
// runs in it.
func (p *program) collectorElsewhere() bool {
	return slices.ContainsFunc(p.environ, func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return value != "" && (name == "OTEL_EXPORTER_OTLP_ENDPOINT" || name == "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	})
}

// stop sends what waits, for a while.
func (t *traces) stop() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	t.sender.Stop(ctx)
}

// budgetKey leads to how many spans a trace has here.
type budgetKey struct{}

// root begins what stands at the head of a trace here. It ends with end.
func (t *traces) root(ctx context.Context, name string, kind trace.SpanKind, with ...attribute.KeyValue) (under context.Context, span trace.Span, end func()) {
	under, span = t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(with...))
	if !span.IsRecording() {
		return under, span, func() {}
	}
	used := new(atomic.Int64)
	return context.WithValue(under, budgetKey{}, used), span, func() {
		if left := used.Load() - maxSpans; left > 0 {
			span.SetAttributes(attribute.Int64("laurel.spans.left_out", left))
		}
		span.End()
	}
}

// unrecorded is a span of which nothing is kept.
var unrecorded = trace.SpanFromContext(context.Background())

// part begins a part of what is traced; of nothing else.
func (t *traces) part(ctx context.Context, name string, kind trace.SpanKind, with ...attribute.KeyValue) (context.Context, trace.Span) {
	used, ok := ctx.Value(budgetKey{}).(*atomic.Int64)
	if !ok || used.Add(1) > maxSpans {
		return ctx, unrecorded
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(with...))
}

// done ends a part with a word for why it failed, "" where it did not.
func done(span trace.Span, why string) {
	if why != "" {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", why))
	}
	span.End()
}

// word is the first of some words whose error is in err; what none stands for is
// other. The texts of errors may say anything, so they are never told.
func word(err error, words []outcome) string {
	if err == nil {
		return ""
	}
	for _, w := range words {
		if errors.Is(err, w.err) {
			return w.word
		}
	}
	return "other"
}

// outcome is a word for an error.
type outcome struct {
	err  error
	word string
}

var (
	gaveUp     = []outcome{{context.Canceled, "canceled"}, {context.DeadlineExceeded, "timeout"}}
	storeWords = append([]outcome{{store.ErrUnknownOutcome, "unknown_outcome"}, {store.ErrReadOnly, "read_only"}, {store.ErrFull, "full"},
		{store.ErrBusy, "busy"}, {store.ErrTooLarge, "too_large"}, {store.ErrClosed, "closed"}}, gaveUp...)
	fetchWords = []outcome{{fetch.Blocked, "blocked"}, {fetch.Timeout, "timeout"}, {fetch.TooLarge, "too_large"}, {fetch.Status, "status"},
		{fetch.Redirect, "redirect"}, {fetch.Busy, "busy"}, {fetch.Canceled, "canceled"}, {fetch.Unreachable, "unreachable"}}
	mailWords = append([]outcome{{smtp.ErrRefused, "refused"}, {smtp.ErrLater, "later"}, {smtp.ErrUnreachable, "unreachable"}}, gaveUp...)
)

// requests traces what comes to the public port, but for questions whether the
// service is well.
func (t *traces) requests(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		ctx, _, end := t.root(t.continued(r), "request", trace.SpanKindServer)
		defer end()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// continued takes up the trace that a trusted proxy has begun (W3C Trace Context,
// section 3.2). Anybody else's word is passed over, not even kept as a link: it
// would be a text of strangers in our traces, and leads to traces that only they
// can read. What a trace has brought along beside its number (tracestate, baggage)
// is passed over too.
func (t *traces) continued(r *http.Request) context.Context {
	ctx := r.Context()
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if given := r.Header.Values("Traceparent"); err == nil && len(given) == 1 && t.proxies.Trusts(at.Addr()) {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": given[0]})
	}
	return ctx
}

// Request implements api.Observer: only now is it known which route it was.
func (t *traces) Request(ctx context.Context, a api.Answered) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetName(strings.TrimSpace(a.Method + " " + a.Route))
	span.SetAttributes(attribute.String("http.request.method", a.Method), attribute.String("http.route", a.Route),
		attribute.Int("http.response.status_code", a.Status), attribute.String("laurel.request", a.ID))
	if a.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// Problem implements api.Observer.
func (t *traces) Problem(ctx context.Context, _ int, code string) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("error.type", code))
}

// Verifying implements api.Observer.
func (t *traces) Verifying(ctx context.Context) (context.Context, func(string)) {
	ctx, span := t.part(ctx, "verify", trace.SpanKindInternal)
	return ctx, func(verdict string) {
		span.SetAttributes(attribute.String("laurel.verdict", verdict))
		span.End()
	}
}

// both are two who watch what the service does.
type both [2]api.Observer

// Request implements api.Observer.
func (b both) Request(ctx context.Context, a api.Answered) {
	b[0].Request(ctx, a)
	b[1].Request(ctx, a)
}

// Problem implements api.Observer.
func (b both) Problem(ctx context.Context, status int, code string) {
	b[0].Problem(ctx, status, code)
	b[1].Problem(ctx, status, code)
}

// Verifying implements api.Observer.
func (b both) Verifying(ctx context.Context) (context.Context, func(string)) {
	ctx, first := b[0].Verifying(ctx)
	ctx, second := b[1].Verifying(ctx)
	return ctx, func(verdict string) {
		second(verdict)
		first(verdict)
	}
}

// observer is who watches requests; nil where nobody does.
func (svc *service) observer() api.Observer {
	switch {
	case svc.metrics != nil && svc.traces != nil:
		return both{svc.metrics, svc.traces}
	case svc.metrics != nil:
		return svc.metrics
	case svc.traces != nil:
		return svc.traces
	}
	return nil
}

// operation traces what an operator asked for, if anything is traced. It is told
// how that ended.
func (t *traces) operation(ctx context.Context, name string) (context.Context, func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span, end := t.root(ctx, name, trace.SpanKindInternal)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(attribute.String("error.type", word(err, storeWords)))
		}
		end()
	}
}

// traceOf is the number of the trace that a line of the log belongs to, where it
// is kept.
func traceOf(ctx context.Context) string {
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		return span.TraceID().String()
	}
	return ""
}
