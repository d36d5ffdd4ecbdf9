package otlp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"laurel/internal/porttest"
)

// receiver answers as it is told and keeps what it was sent.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter) // n counts requests from 1
	bodies [][]byte
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // its sender has given up
		}
		r.mu.Lock()
		r.bodies = append(r.bodies, body)
		n := len(r.bodies)
		r.mu.Unlock()
		r.answer(n, w)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies)
}

// spans are all that it was sent.
func (r *receiver) spans(t *testing.T) (all []*pb.Span) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.bodies {
		var d pb.TracesData
		if err := proto.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		for _, res := range d.ResourceSpans {
			for _, scope := range res.ScopeSpans {
				all = append(all, scope.Spans...)
			}
		}
	}
	return all
}

func ok(int, http.ResponseWriter) {}

// spans makes some, each at the head of a trace.
func spans(s *Sender, n int) {
	for range n {
		_, span := s.Tracer().Start(context.Background(), "something", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
	}
}

// quick is a pace at which tests need not wait.
func quick() pace {
	return pace{room: 64, batch: 16, delay: time.Millisecond, send: time.Minute, pause: time.Millisecond}
}

func (s *Sender) result(kind string) uint64 { return s.Stats().Results[kind] }

// until waits for what comes sooner or later.
func until(t *testing.T, what string, come func() bool) {
	t.Helper()
	for range 6000 {
		if come() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come", what)
}

// What a span was given arrives, and nothing that it was not to be given.
func TestSpansArriveAsTheyWere(t *testing.T) {
	r := receive(t, ok)
	s := newSender(Config{URL: r.URL, Ratio: 1, Service: "laurel", Version: "1", Instance: "here"}, quick())
	ctx, above := s.Tracer().Start(context.Background(), "above", trace.WithSpanKind(trace.SpanKindServer))
	func() {
		defer func() { _ = recover() }()
		_, below := s.Tracer().Start(ctx, "below", trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(attribute.String("text", "a"), attribute.Int("number", -7), attribute.Bool("truth", true), attribute.Float64("other", 0.5)))
		below.AddEvent("run", trace.WithAttributes(attribute.String("text", "secret of an event")))
		below.SetStatus(codes.Error, "secret of a status")
		below.RecordError(errors.New("secret of an error"))
		defer below.End()
		panic("secret of a panic")
	}()
	above.End()
	s.Stop(context.Background())
	all := r.spans(t)
	if len(all) != 2 || all[0].Name != "below" || all[1].Name != "above" {
		t.Fatalf("%v", all)
	}
	below, over := all[0], all[1]
	if !bytes.Equal(below.TraceId, over.TraceId) || !bytes.Equal(below.ParentSpanId, over.SpanId) || len(over.ParentSpanId) != 0 || len(over.TraceId) != 16 || len(over.SpanId) != 8 ||
		below.Kind != pb.Span_SPAN_KIND_CLIENT || over.Kind != pb.Span_SPAN_KIND_SERVER || below.StartTimeUnixNano < over.StartTimeUnixNano ||
		below.EndTimeUnixNano > over.EndTimeUnixNano || below.EndTimeUnixNano < below.StartTimeUnixNano ||
		below.Status.GetCode() != pb.Status_STATUS_CODE_ERROR || over.Status != nil || below.Flags != 0x101 {
		t.Errorf("%v\n%v", below, over)
	}
	got := map[string]any{}
	for _, a := range below.Attributes {
		got[a.Key] = a.Value.Value
	}
	if len(got) != 4 || below.Attributes[0].Value.GetStringValue() != "a" || below.Attributes[1].Value.GetIntValue() != -7 || !below.Attributes[2].Value.GetBoolValue() || below.Attributes[3].Value.GetStringValue() != "0.5" {
		t.Errorf("%v", below.Attributes)
	}
	if len(below.Events) == 0 || below.Events[0].Name != "run" || below.Events[0].TimeUnixNano < below.StartTimeUnixNano {
		t.Errorf("%v", below.Events)
	}
	for _, body := range r.bodies {
		if bytes.Contains(body, []byte("secret")) {
			t.Errorf("%q", body)
		}
		for _, of := range []string{"service.name", "laurel", "service.version", "service.instance.id", "here", "telemetry.sdk.language"} {
			if !bytes.Contains(body, []byte(of)) {
				t.Errorf("nothing says %s", of)
			}
		}
	}
	if n := s.Stats(); n.Results[sent] != 2 || n.Waiting != 0 {
		t.Errorf("%v", n)
	}
}

// Behind a collector that hangs nobody waits, no more is held than may be, and
// what finds no room is counted; the end waits no longer than it is let.
func TestCollectorThatHangs(t *testing.T) {
	let := make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter) { <-let })
	t.Cleanup(func() { close(let) }) // before the server is closed
	var log bytes.Buffer
	s := newSender(Config{URL: r.URL, Ratio: 1, Log: slog.New(slog.NewTextHandler(&log, nil))}, quick())
	spans(s, 1000) // which would not come back if one of them waited
	if n := s.Stats(); n.Waiting != 64 || n.Results[noRoom] != 936 || n.Results[sent] != 0 {
		t.Errorf("%v", n)
	}
	until(t, "a request", func() bool { return r.requests() > 0 })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	s.Stop(ctx) // while it hangs still
	if n := s.Stats(); n.Results[notTaken] != 64 || n.Results[sent] != 0 || n.Waiting != 0 {
		t.Errorf("%v", n)
	}
	told := 0 // in one line or several
	for _, line := range regexp.MustCompile(`lost=(\d+)`).FindAllStringSubmatch(log.String(), -1) {
		n, err := strconv.Atoi(line[1])
		if err != nil {
			t.Fatal(err)
		}
		told += n
	}
	if said := log.String(); told != 1000 || !strings.Contains(said, "did not answer in time") || !strings.Contains(said, "lost until the end") {
		t.Errorf("%d are told: %s", told, said)
	}
}

// A batch that is not answered in time makes place for others.
func TestCollectorThatHangsForAWhile(t *testing.T) {
	let := make(chan struct{})
	r := receive(t, func(n int, _ http.ResponseWriter) {
		if n == 1 {
			<-let
		}
	})
	t.Cleanup(func() { close(let) })
	at := quick()
	at.send, at.delay = time.Second, time.Hour // batches are full
	var log bytes.Buffer
	s := newSender(Config{URL: r.URL, Ratio: 1, Log: slog.New(slog.NewTextHandler(&log, nil))}, at)
	spans(s, 16)
	until(t, "giving up", func() bool { return s.result(notTaken) == 16 })
	until(t, "what is taken", func() bool { spans(s, at.batch); return s.result(sent) > 0 })
	s.Stop(context.Background())
	if said := log.String(); strings.Count(said, "traces could not be sent") != 1 || strings.Count(said, "takes traces again") != 1 {
		t.Error(said)
	}
}

// A collector that is away or busy is asked again; one that refuses is not. Either
// is told to the log, and seldom.
func TestCollectorThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer   func(n int, w http.ResponseWriter)
		results  map[string]uint64
		requests int
		says     string
	}{
		"busy twice": {func(n int, w http.ResponseWriter) {
			if n < 3 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, map[string]uint64{sent: 4}, 3, ""},
		"500": {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }, map[string]uint64{refused: 4}, 1, "answers 500"},
		"400": {func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }, map[string]uint64{refused: 4}, 1, "answers 400"},
		"elsewhere": {func(_ int, w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, map[string]uint64{refused: 4}, 1, "answers 307"},
		"asks for more time than there is": {func(_ int, w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, map[string]uint64{notTaken: 4}, 1, "answers 429"},
		"takes a part":           {func(_ int, w http.ResponseWriter) { _, _ = w.Write([]byte{0x0a, 2, 0x08, 3}) }, map[string]uint64{sent: 1, refused: 3}, 1, "did not take"},
		"takes less than nobody": {func(_ int, w http.ResponseWriter) { _, _ = w.Write([]byte{0x0a, 3, 0x08, 0xff, 1}) }, map[string]uint64{refused: 4}, 1, "did not take"},
		"has a warning":          {func(_ int, w http.ResponseWriter) { _, _ = w.Write([]byte{0x0a, 4, 0x12, 2, 'h', 'i'}) }, map[string]uint64{sent: 4}, 1, ""},
		"speaks nonsense":        {func(_ int, w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>welcome</html>") }, map[string]uint64{sent: 4}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, c.answer)
			var log bytes.Buffer
			at := quick()
			at.delay = time.Hour // one batch, when it is full
			at.batch = 4
			s := newSender(Config{URL: r.URL, Ratio: 1, Log: slog.New(slog.NewTextHandler(&log, nil))}, at)
			spans(s, 4)
			until(t, "an end", func() bool { return s.Stats().Waiting == 0 })
			s.Stop(context.Background())
			for _, kind := range []string{sent, noRoom, refused, notTaken} {
				if got := s.result(kind); got != c.results[kind] {
					t.Errorf("%s: %d, want %d", kind, got, c.results[kind])
				}
			}
			if r.requests() != c.requests || s.Stats().Waiting != 0 {
				t.Errorf("%d requests, %d wait", r.requests(), s.Stats().Waiting)
			}
			if said := log.String(); (c.says == "") != (said == "") || !strings.Contains(said, c.says) || strings.Count(said, "\n") > 1 {
				t.Errorf("it says %s", said)
			}
		})
	}
}

// What listens and speaks no HTTP is not quoted.
func TestCollectorThatSpeaksNoHTTP(t *testing.T) {
	r := receive(t, func(_ int, w http.ResponseWriter) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "SSH-2.0-of-somebody\r\n")
	})
	var log bytes.Buffer
	at := quick()
	at.delay, at.pause = time.Hour, time.Hour
	s := newSender(Config{URL: r.URL, Ratio: 1, Log: slog.New(slog.NewTextHandler(&log, nil))}, at)
	spans(s, 1)
	s.Stop(t.Context())
	if said := log.String(); s.result(notTaken) != 1 || !strings.Contains(said, "does not answer as HTTP") || strings.Contains(said, "somebody") {
		t.Errorf("%v: %s", s.Stats(), said)
	}
}

// Where nobody listens nothing is taken, and a collector that comes later gets
// what has waited for it.
func TestCollectorThatComesLater(t *testing.T) {
	address := porttest.Address(t)
	s := newSender(Config{URL: "http://" + address, Ratio: 1}, quick())
	spans(s, 3)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	until(t, "what waited", func() bool { return s.result(sent) == 3 })
	s.Stop(context.Background())
}

// The end sends what waits, and does not try again what fails.
func TestEndIsPrompt(t *testing.T) {
	for code, want := range map[int]string{http.StatusOK: sent, http.StatusServiceUnavailable: notTaken} {
		r := receive(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(code) })
		at := quick()
		at.delay, at.pause = time.Hour, time.Hour
		s := newSender(Config{URL: r.URL, Ratio: 1}, at)
		spans(s, 3)
		s.Stop(context.Background())
		if n := s.Stats(); n.Results[want] != 3 || n.Waiting != 0 || r.requests() != 1 {
			t.Errorf("%d: %v, %d requests", code, n, r.requests())
		}
	}
}

// A service is called as its environment has it, and a collector under https is
// believed by the roots that are given, and by no others.
func TestNamesAndRoots(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "laurel-staging")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
	var mu sync.Mutex
	var got []byte
	r := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, body...)
	}))
	r.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	r.StartTLS()
	defer r.Close()
	known := x509.NewCertPool()
	known.AddCert(r.Certificate())
	for want, roots := range map[string]*x509.CertPool{sent: known, notTaken: x509.NewCertPool()} {
		s := newSender(Config{URL: r.URL, Ratio: 1, Service: "laurel", Roots: roots}, quick())
		s.exporter.last.Store(true) // one attempt is enough
		spans(s, 2)
		s.Stop(context.Background())
		if n := s.Stats(); n.Results[want] != 2 {
			t.Errorf("%v, want %s", n, want)
		}
	}
	for _, text := range []string{"laurel-staging", "deployment.environment.name"} {
		if !bytes.Contains(got, []byte(text)) {
			t.Errorf("nothing says %s", text)
		}
	}
}

// Of what comes from outside a share is kept, of what is done within all; and who
// has begun a trace decides for it.
func TestShare(t *testing.T) {
	r := receive(t, ok)
	s := newSender(Config{URL: r.URL, Ratio: 0}, quick())
	spans(s, 5)
	_, own := s.Tracer().Start(context.Background(), "within", trace.WithSpanKind(trace.SpanKindInternal))
	own.End()
	for _, flags := range []trace.TraceFlags{0, trace.FlagsSampled} {
		theirs := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, Remote: true})
		_, span := s.Tracer().Start(trace.ContextWithRemoteSpanContext(context.Background(), theirs), "continued", trace.WithSpanKind(trace.SpanKindServer))
		span.End()
	}
	s.Stop(context.Background())
	var names []string
	for _, span := range r.spans(t) {
		names = append(names, span.Name)
	}
	if !slices.Equal(names, []string{"within", "continued"}) {
		t.Errorf("%v", names)
	}
	if last := r.spans(t); len(last) == 2 && last[1].Flags != 0x301 {
		t.Errorf("a far parent is told by the flags %#x", last[1].Flags)
	}
}

// An address is read as operators write it, and what cannot be meant is refused
// with a word on what to write.
func TestEndpoint(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:4318":                     "http://127.0.0.1:4318/v1/traces",
		"http://collector:4318/":                    "http://collector:4318/v1/traces",
		"https://otlp.example/tenant":               "https://otlp.example/tenant/v1/traces",
		"https://otlp.example/tenant/v1/traces":     "https://otlp.example/tenant/v1/traces",
		"http://[::1]:4318/v1/traces/":              "http://[::1]:4318/v1/traces",
		"collector:4318":                            "does not begin with http",
		"127.0.0.1:4318":                            "it is no address",
		"grpc://collector:4317":                     "does not begin with http",
		"unix:/run/otel.sock":                       "does not begin with http",
		"http://collector:4317":                     "4317 is where collectors speak gRPC",
		"http://:4318":                              "names no host",
		"https://user:secret-word@otlp.example":     "no place in it",
		"https://otlp.example/?api-key=secret-word": "no place in it",
		"http://col lector%zz?secret-word":          "it is no address",
	} {
		u, err := Endpoint(address)
		switch {
		case err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-word")):
			t.Errorf("%s: %v", address, err)
		case err == nil && u.String() != want:
			t.Errorf("%s is %s, want %s", address, u, want)
		}
	}
}
