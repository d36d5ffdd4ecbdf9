package otlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"laurel/internal/tally"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 4 << 10
	// tellEvery is how often the log is told at most that spans get lost.
	tellEvery = time.Minute
)

// exporter posts batches, one at a time.
type exporter struct {
	url     string
	client  *http.Client
	results tally.Counts
	pause   time.Duration
	taken   func(n int) // told how many spans are not held any more
	log     *slog.Logger

	last  atomic.Bool     // nothing is tried again
	given context.Context // ends when all is given up, by end
	end   context.CancelFunc
	ended chan struct{} // closed when no batch will come any more

	mu    sync.Mutex
	known uint64    // of how many that got lost the log was told
	told  time.Time // when
	away  bool      // the last batch got lost
}

func newExporter(cfg Config, pause time.Duration, results tally.Counts) *exporter {
	e := &exporter{url: cfg.URL, results: results, pause: pause, log: cfg.Log, ended: make(chan struct{})}
	e.given, e.end = context.WithCancel(context.Background())
	e.client = &http.Client{
		// No proxy of the environment, and one connection for one batch at a time.
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots}, MaxConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return e
}

func (e *exporter) close() {
	e.end()
	e.client.CloseIdleConnections()
}

// Shutdown implements sdktrace.SpanExporter. The processor calls it once, when it
// has given all that it had.
func (e *exporter) Shutdown(context.Context) error {
	close(e.ended)
	return nil
}

// ExportSpans implements sdktrace.SpanExporter. Its failures are counted and told
// here: the SDK would write them to a log of its own.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	defer e.taken(len(spans))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.given, cancel)()
	left, err := e.deliver(ctx, spans)
	for n := range spans {
		switch {
		case err == nil && uint64(n) >= left:
			e.results.Add(sent)
		case err == nil || errors.Is(err, errRefused):
			e.results.Add(refused)
		default:
			e.results.Add(notTaken)
		}
	}
	if err == nil && left > 0 {
		err = errRefused
	}
	e.tell(ctx, err)
	return nil
}

// errRefused: the same spans will not be taken later either.
var errRefused = errors.New("the collector did not take them")

// deliver posts spans until they are taken or refused, or ctx ends. A collector
// may take a part; left is how many it did not.
func (e *exporter) deliver(ctx context.Context, spans []sdktrace.ReadOnlySpan) (left uint64, err error) {
	body, err := proto.Marshal(message(spans))
	if err != nil { // a text that is no UTF-8
		return 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	for pause := e.pause; ; pause *= 2 {
		left, wait, err := e.post(ctx, body)
		if err == nil || errors.Is(err, errRefused) {
			return left, err
		}
		wait = max(wait, pause)
		if e.last.Load() {
			return 0, err
		}
		if end, ends := ctx.Deadline(); ends && time.Until(end) < wait {
			return 0, err
		}
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(wait):
		}
	}
}

// post makes one attempt. wait is how long the collector wants to be left alone.
func (e *exporter) post(ctx context.Context, body []byte) (left uint64, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "laurel")
	resp, err := e.client.Do(req)
	switch {
	case err != nil && ctx.Err() != nil: // the error may be that of whoever set the time
		return 0, 0, errSilent
	case err != nil:
		return 0, 0, own(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch code := resp.StatusCode; {
	case code/100 == 2:
		return rejected(answer), 0, nil // of an answer that was cut, whatever it says
	case code == http.StatusTooManyRequests, code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // a date is passed over
		return 0, time.Duration(max(0, min(seconds, 3600))) * time.Second, errors.Join(fmt.Errorf("the collector answers %d", code), err)
	default: // OTLP 1.11, "Failures": no other status is worth another attempt
		return 0, 0, errors.Join(fmt.Errorf("%w: it answers %d", errRefused, code), err)
	}
}

// errSilent: what was sent was not answered as long as there was time.
var errSilent = errors.New("the collector did not answer in time")

// errNoHTTP stands for what net/http says of an answer that it cannot read, since it
// quotes it, and the log keeps no texts of strangers.
var errNoHTTP = errors.New("what listens there does not answer as HTTP")

// own is an error that quotes nothing that came from the other side.
func own(err error) error {
	var line *net.OpError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if errors.As(err, &line) || errors.As(err, &cert) || errors.As(err, &record) || errors.Is(err, io.EOF) {
		return err
	}
	return errNoHTTP
}

// rejected reads how many spans an answer says were not taken:
// ExportTraceServiceResponse.partial_success.rejected_spans. What cannot be read
// says none. The message's own package would bring gRPC into the program.
func rejected(answer []byte) uint64 {
	partial, _ := field(answer, 1, protowire.BytesType)
	_, n := field(partial, 1, protowire.VarintType)
	if int64(n) < 0 {
		return 0
	}
	return n
}

// field finds the last field of a number and type in a message.
func field(message []byte, number protowire.Number, of protowire.Type) (text []byte, n uint64) {
	for len(message) > 0 {
		num, typ, size := protowire.ConsumeTag(message)
		if size < 0 {
			return text, n
		}
		message = message[size:]
		if size = protowire.ConsumeFieldValue(num, typ, message); size < 0 {
			return text, n
		}
		switch value := message[:size]; {
		case num != number || typ != of:
		case typ == protowire.BytesType:
			text, _ = protowire.ConsumeBytes(value)
		case typ == protowire.VarintType:
			n, _ = protowire.ConsumeVarint(value)
		}
		message = message[size:]
	}
	return text, n
}

// tell has the log know of a collector that does not take spans, when that begins
// and every minute, and of one that does again. What found no room meanwhile is lost
// as well.
func (e *exporter) tell(ctx context.Context, err error) {
	ctx = context.WithoutCancel(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	switch now := time.Now(); { // a duration is measured on the real clock
	case err == nil && e.away:
		e.log.InfoContext(ctx, "the collector takes traces again", "lost", e.untold())
		e.away = false
	case err != nil && (e.told.IsZero() || now.Sub(e.told) >= tellEvery):
		e.log.WarnContext(ctx, "traces could not be sent", "lost", e.untold(), "error", err)
		e.told, e.away = now, true
	case err != nil:
		e.away = true
	}
}

// tellRest has the log know of what it was not told of, when no more will come.
func (e *exporter) tellRest(ctx context.Context) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.untold(); n > 0 {
		e.log.WarnContext(context.WithoutCancel(ctx), "traces were lost until the end", "lost", n)
	}
}

// untold is how many spans got lost since the log was told. The caller holds the lock.
func (e *exporter) untold() uint64 {
	became := e.results.Numbers()
	lost := became[noRoom] + became[refused] + became[notTaken]
	n := lost - e.known
	e.known = lost
	return n
}
