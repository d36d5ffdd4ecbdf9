// Package otlp gives the spans of a program to a collector of OpenTelemetry, as
// protobuf over HTTP (OTLP 1.11, "OTLP/HTTP").
//
// It holds no more than a fixed number of spans and keeps nobody waiting: what
// finds no room, or is not taken, is counted and gone. It sends what a span was
// given and nothing else: no text of an error or a panic, and no word to anybody
// but the collector. What may stand in a span is its callers' question.
//
// Start with Endpoint and New.
package otlp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"laurel/internal/tally"
)

// pace is how much is held, and how long things take.
type pace struct {
	room  int64         // spans that are held at once, those included that are being sent
	batch int           // spans that are sent together
	delay time.Duration // until a batch that is not full is sent
	send  time.Duration // for one batch, attempts and pauses together
	pause time.Duration // after the first attempt; it doubles
}

// usual is the pace of New: some 4 MiB at most.
func usual() pace {
	return pace{room: 4096, batch: 512, delay: 2 * time.Second, send: 10 * time.Second, pause: 500 * time.Millisecond}
}

// limits are what one span may hold. Ours are far below; they are there so that
// no variable of the environment sets others.
var limits = sdktrace.SpanLimits{AttributeValueLengthLimit: 256, AttributeCountLimit: 24, EventCountLimit: 24, LinkCountLimit: 1,
	AttributePerEventCountLimit: 0, AttributePerLinkCountLimit: 0}

// Config is what a Sender works with. All but Roots and Log is required.
type Config struct {
	URL string // of the collector, as Endpoint gives it
	// Roots are what an https collector is checked by; nil: those of the system.
	Roots *x509.CertPool
	// Ratio is the share of traces that are kept, from 0 to 1. Where somebody else
	// has begun a trace, theirs is the decision; and a trace that begins with an
	// internal span is always kept, for these are rare.
	Ratio float64
	// Service, Version and Instance say who sends. OTEL_SERVICE_NAME and
	// OTEL_RESOURCE_ATTRIBUTES, which the SDK reads, win over them.
	Service, Version, Instance string
	Log                        *slog.Logger // told of a collector that does not take spans, now and then; default discards
}

// Sender is a way to a collector. It is safe for concurrent use.
type Sender struct {
	provider *sdktrace.TracerProvider
	queue    *queue
	exporter *exporter
	results  tally.Counts
}

// What became of spans.
const (
	sent     = "sent"
	noRoom   = "no_room"  // as many waited as may
	refused  = "refused"  // the collector did not take them
	notTaken = "not_sent" // the collector did not answer, or not in time
)

// New makes a Sender, which works until it is stopped. A collector that is not
// there is no error.
func New(cfg Config) *Sender { return newSender(cfg, usual()) }

func newSender(cfg Config, at pace) *Sender {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sender{results: tally.Of(sent, noRoom, refused, notTaken)}
	s.exporter = newExporter(cfg, at.pause, s.results)
	s.queue = &queue{room: at.room, results: s.results}
	s.exporter.taken = func(n int) { s.queue.waiting.Add(-int64(n)) }
	s.queue.SpanProcessor = sdktrace.NewBatchSpanProcessor(s.exporter, sdktrace.WithMaxQueueSize(int(at.room)),
		sdktrace.WithMaxExportBatchSize(at.batch), sdktrace.WithBatchTimeout(at.delay), sdktrace.WithExportTimeout(at.send))
	s.provider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(s.queue), sdktrace.WithSampler(sdktrace.ParentBased(share{sdktrace.TraceIDRatioBased(cfg.Ratio)})),
		sdktrace.WithRawSpanLimits(limits), sdktrace.WithResource(who(cfg)), sdktrace.WithoutPanicRecording())
	return s
}

// share keeps a part of what comes in or goes out, and all of what is done within.
type share struct{ sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (s share) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if p.Kind == trace.SpanKindInternal {
		return sdktrace.AlwaysSample().ShouldSample(p)
	}
	return s.Sampler.ShouldSample(p)
}

// who is the program as its spans name it.
func who(cfg Config) *resource.Resource {
	own := resource.NewSchemaless(
		attribute.String("service.name", cfg.Service), attribute.String("service.version", cfg.Version),
		attribute.String("service.instance.id", cfg.Instance),
		attribute.String("telemetry.sdk.name", "opentelemetry"), attribute.String("telemetry.sdk.language", "go"),
		attribute.String("telemetry.sdk.version", sdk.Version()))
	named, err := resource.Merge(own, resource.Environment())
	if err != nil { // schemas that differ, of which there are none
		return own
	}
	return named
}

// Tracer makes spans.
func (s *Sender) Tracer() trace.Tracer { return s.provider.Tracer("laurel") }

// Stop sends what waits, until ctx ends, and gives up the rest: what fails now is
// not tried again. Spans that end later are not sent. It is called once.
func (s *Sender) Stop(ctx context.Context) {
	s.exporter.last.Store(true)
	if err := s.provider.Shutdown(ctx); err != nil {
		s.exporter.end() // or what hangs would go on behind
	}
	<-s.exporter.ended
	s.exporter.tellRest(ctx)
	s.exporter.close()
}

// Stats is what became of spans since the Sender was made.
type Stats struct {
	Results map[string]uint64 // by what became of them: sent, no_room, refused, not_sent
	Waiting int               // spans that are held now
}

// Stats tells what became of spans.
func (s *Sender) Stats() Stats {
	return Stats{Results: s.results.Numbers(), Waiting: int(s.queue.waiting.Load())}
}

// queue bounds what waits. The processor of the SDK has the same bound, but tells
// nobody what it drops; so nothing comes to it that has no room.
type queue struct {
	sdktrace.SpanProcessor
	room    int64
	waiting atomic.Int64
	results tally.Counts
}

// OnEnd implements sdktrace.SpanProcessor.
func (q *queue) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if q.waiting.Add(1) > q.room {
		q.waiting.Add(-1)
		q.results.Add(noRoom)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// tracesPath is where collectors take spans (OTLP 1.11, "OTLP/HTTP Request").
const tracesPath = "/v1/traces"

// grpcPort is where collectors speak gRPC, which is not spoken here.
const grpcPort = "4317"

// Endpoint reads the address of a collector, such as http://127.0.0.1:4318. It is
// the base below which the path /v1/traces lies, or that address itself. The error
// says what to write instead.
func Endpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("it is no address; a collector is written http://127.0.0.1:4318") // err quotes it
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("%.80q does not begin with http:// or https:// and a host; a collector is written http://127.0.0.1:4318", address)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("a name, password, query or fragment has no place in it; have a collector of your own add what another service wants to know")
	case u.Port() == grpcPort:
		return nil, fmt.Errorf("port %s is where collectors speak gRPC, and this is OTLP over HTTP; that is port 4318 as a rule", grpcPort)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%.80q names no host; a collector is written http://127.0.0.1:4318", address)
	}
	if u.Path = strings.TrimSuffix(u.Path, "/"); !strings.HasSuffix(u.Path, tracesPath) {
		u.Path += tracesPath
	}
	return u, nil
}
