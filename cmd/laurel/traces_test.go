package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"laurel/internal/smtp/smtptest"
)

// spanReceiver is a collector of traces on loopback, with all that it was sent.
type spanReceiver struct {
	*httptest.Server
	mu    sync.Mutex
	raw   []byte
	spans []*pb.Span
	said  []string // the values of resources
}

func receiveSpans(t *testing.T) *spanReceiver {
	t.Helper()
	c := &spanReceiver{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var d pb.TracesData
		if err == nil {
			err = proto.UnmarshalOptions{DiscardUnknown: false}.Unmarshal(body, &d)
		}
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s %s: %v", r.Method, r.URL.Path, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, body...)
		for _, res := range d.ResourceSpans {
			for _, a := range res.Resource.Attributes {
				c.said = append(c.said, a.Key+"="+a.Value.GetStringValue())
			}
			for _, scope := range res.ScopeSpans {
				c.spans = append(c.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// traced are the flags that have everything sent to it.
func (c *spanReceiver) traced() []string { return []string{"--traces", c.URL, "--traces-ratio", "1"} }

// got is what was sent so far.
func (c *spanReceiver) got() []*pb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// value is what an attribute of a span says.
func value(s *pb.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if n, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
				return fmt.Sprint(n.IntValue)
			}
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// find gives the spans of a name that begins so, below another one if it is not nil.
func find(spans []*pb.Span, name string, below *pb.Span) (found []*pb.Span) {
	for _, s := range spans {
		if strings.HasPrefix(s.Name, name) && (below == nil || bytes.Equal(s.ParentSpanId, below.SpanId) && bytes.Equal(s.TraceId, below.TraceId)) {
			found = append(found, s)
		}
	}
	return found
}

// one is find where there is exactly one.
func one(t *testing.T, spans []*pb.Span, name string, below *pb.Span) *pb.Span {
	t.Helper()
	found := find(spans, name, below)
	if len(found) != 1 {
		var names []string
		for _, s := range spans {
			names = append(names, s.Name)
		}
		t.Fatalf("%d spans %q among %q", len(found), name, names)
	}
	return found[0]
}

// until waits for something that comes, and has the test fail where it does not.
func until(t *testing.T, come func() bool) {
	t.Helper()
	for range 6000 {
		if come() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("what was waited for does not come")
}

// TestTracesTellWhatWasDone: an issue, a verification, a webhook, a letter and a
// backup are told with all their parts, each below what caused it; lines of the log
// name their trace; and nobody but the collector is told of one.
func TestTracesTellWhatWasDone(t *testing.T) {
	c := receiveSpans(t)
	var mu sync.Mutex
	var outward []*http.Request // what went out to others
	others := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		outward = append(outward, r)
		if r.URL.Path == "/gone" {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(others.Close)
	post := smtptest.New(t, smtptest.Options{Implicit: true})
	roots, password := filepath.Join(t.TempDir(), "roots.pem"), filepath.Join(t.TempDir(), "password")
	save(t, roots, post.PEM)
	save(t, password, []byte(smtptest.Password))
	if err := os.Chmod(password, 0o600); err != nil {
		t.Fatal(err)
	}
	r := serving(t, append(c.traced(), "--trusted-proxies", "127.0.0.1", "--fetch-allow", others.URL, "--fetch-ca", roots,
		"--smtp", "smtps://"+smtptest.User+"@"+post.Address, "--smtp-password-file", password, "--mail-from", "badges@school.example")...)
	token := r.token(t, "issue,read,revoke,manage")
	want := func(code int, method, path, token, body string) string {
		t.Helper()
		got, answer := r.ask(t, method, path, token, body)
		if got != code {
			t.Fatalf("%s %s: %d %s", method, path, got, answer)
		}
		return answer
	}
	want(200, "PUT", "/v1/issuers/city-academy", token, `{"name":"City Academy","notify":"holder"}`)
	want(201, "PUT", "/v1/achievements/first-aid", token, firstAid)
	var hook struct{ ID string }
	if err := json.Unmarshal([]byte(want(201, "POST", "/v1/webhooks", token, fmt.Sprintf(`{"issuer":"city-academy","url":"%s/hook"}`, others.URL))), &hook); err != nil {
		t.Fatal(err)
	}
	want(200, "POST", "/v1/webhooks/"+hook.ID+"/test", token, "")
	var issued struct{ ID string }
	if err := json.Unmarshal([]byte(want(201, "POST", "/v1/credentials", token, `{"achievement":"first-aid","recipient":{"name":"Ana Example","email":"ana@learner.example"},"awardedAt":"2025-07-11"}`)), &issued); err != nil {
		t.Fatal(err)
	}
	want(200, "POST", "/v1/verify", "", want(200, "GET", "/credentials/"+issued.ID+".json", "", ""))
	want(422, "POST", "/v1/verify", "", fmt.Sprintf(`{"url":"%s/gone"}`, others.URL))
	want(200, "GET", "/readyz", "", "")
	var items []string
	for n := range 150 {
		items = append(items, fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Ana Example %d"},"awardedAt":"2025-07-11"}`, n))
	}
	want(207, "POST", "/v1/credentials/batch", token, `{"items":[`+strings.Join(items, ",")+`]}`)
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: r.said}
	if code := p.exit(t.Context(), []string{"backup", "--data", r.data, filepath.Join(t.TempDir(), "b")}); code != exitOK {
		t.Fatal(r.said)
	}
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	req, err := http.NewRequest(http.MethodGet, r.url+"/credentials/"+issued.ID+".json?lang=fr", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-"+theirs+"-b7ad6b7169203331-01")
	req.Header.Set("Tracestate", "theirs=a-word-of-theirs")
	req.Header.Set("Baggage", "who=a-word-of-theirs")
	read(t, http.DefaultClient, req)
	until(t, func() bool { return r.metric(t, `laurel_mail_attempts_total{result="sent"}`) > 0 })
	if code := r.stop(); code != exitOK {
		t.Fatalf("%d: %s", code, r.said)
	}
	spans := c.got()

	issue := find(spans, "POST /v1/credentials", nil)[0]
	if issue.Kind != pb.Span_SPAN_KIND_SERVER || issue.ParentSpanId != nil || value(issue, "http.request.method") != "POST" || value(issue, "http.route") != "/v1/credentials" ||
		value(issue, "http.response.status_code") != "201" || !regexp.MustCompile(`^[A-Z2-7]{26}$`).MatchString(value(issue, "laurel.request")) {
		t.Errorf("%v", issue)
	}
	for _, name := range []string{"Update ", "sign", "self-check"} {
		part := one(t, spans, name, issue)
		if part.StartTimeUnixNano < issue.StartTimeUnixNano || part.EndTimeUnixNano > issue.EndTimeUnixNano || part.Status != nil {
			t.Errorf("%v", part)
		}
	}
	update := one(t, spans, "Update ", issue)
	if !strings.HasPrefix(update.Name, "Update issuer.") && !strings.HasPrefix(update.Name, "Update programme.") || value(update, "laurel.store.retries") != "0" ||
		len(update.Events) != 2 || update.Events[0].Name != "run" || update.Events[1].Name != "ran" || value(one(t, spans, "sign", issue), "laurel.algorithm") != "EdDSA" {
		t.Errorf("%v", update)
	}
	if len(find(spans, "View tokens.", issue)) == 0 || len(find(spans, "View issuer.", issue)) == 0 {
		t.Error("an issue reads nothing?")
	}

	batch, of := one(t, spans, "POST /v1/credentials/batch", nil), 0
	for _, s := range spans {
		if bytes.Equal(s.TraceId, batch.TraceId) {
			of++
		}
	}
	if left, err := strconv.Atoi(value(batch, "laurel.spans.left_out")); err != nil || left < 2*150-maxSpans || of != maxSpans+1 {
		t.Errorf("of a batch %d spans are told, and %d left out, %v", of, left, err)
	}

	checks := find(spans, "POST /v1/verify", nil)
	if len(checks) != 2 {
		t.Fatalf("%d verifications", len(checks))
	}
	if verify := one(t, spans, "verify", checks[0]); value(verify, "laurel.verdict") != "valid" || len(find(spans, "View ", verify)) == 0 {
		t.Errorf("%v", verify)
	}
	fetched := one(t, spans, "fetch", checks[1])
	if value(fetched, "laurel.fetch.for") != "badge" || value(fetched, "error.type") != "status" || value(fetched, "http.response.status_code") != "404" ||
		fetched.Status.GetCode() != pb.Status_STATUS_CODE_ERROR || fetched.Kind != pb.Span_SPAN_KIND_CLIENT {
		t.Errorf("%v", fetched)
	}
	if value(checks[1], "http.response.status_code") != "422" || value(checks[1], "error.type") == "" {
		t.Errorf("%v", checks[1])
	}
	if hook := one(t, spans, "webhook", one(t, spans, "POST /v1/webhooks/:id/test", nil)); value(hook, "http.response.status_code") != "200" {
		t.Errorf("%v", hook)
	}
	for _, name := range []string{"mail", "backup"} {
		if s := one(t, spans, name, nil); s.ParentSpanId != nil || s.Status != nil {
			t.Errorf("%v", s)
		}
	}

	proxied := one(t, spans, "GET /credentials/:id", far(theirs))
	if hex.EncodeToString(proxied.TraceId) != theirs || proxied.TraceState != "" {
		t.Errorf("a trusted proxy's trace was not taken up: %v", proxied)
	}
	if len(find(spans, "GET /readyz", nil)) > 0 {
		t.Error("questions whether the service is well are traced")
	}
	paths := map[string]int{}
	for _, sent := range outward {
		paths[sent.URL.Path]++
	}
	// The address once, and to the hook its test and as many of the events as there was time for.
	if hook := paths["/hook"]; paths["/gone"] != 1 || hook < 1 || hook > 1+1+len(items) || len(paths) != 2 {
		t.Errorf("requests to others: %v", paths)
	}
	for _, sent := range outward {
		for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
			if told := sent.Header.Get(name); told != "" {
				t.Errorf("others are told %s: %s", name, told)
			}
		}
	}
	if !strings.Contains(r.said.String(), `"request":"`+value(issue, "laurel.request")+`","traceId":"`+hex.EncodeToString(issue.TraceId)+`"`) &&
		!regexp.MustCompile(`"msg":"request","request":"`+value(issue, "laurel.request")+`".*"traceId":"`+hex.EncodeToString(issue.TraceId)+`"`).MatchString(r.said.String()) {
		t.Error("the line of the request does not name its trace")
	}
	if !slices.Contains(c.said, "service.name=laurel") || !slices.Contains(c.said, "service.version="+version()) {
		t.Errorf("it says of itself %v", c.said)
	}
}

// far is the far parent of what continues a trace.
func far(trace string) *pb.Span {
	id, _ := hex.DecodeString(trace)
	above, _ := hex.DecodeString("b7ad6b7169203331")
	return &pb.Span{TraceId: id, SpanId: above}
}

// TestTracesOfStrangersAreNotTakenUp: who is no trusted proxy neither puts a number
// into our traces nor decides what is traced. And a collector that hangs holds
// neither an answer up nor, for longer than it may, the end.
func TestTracesOfStrangersAreNotTakenUp(t *testing.T) {
	t.Parallel() // it waits for the whole of flushTime
	let := make(chan struct{})
	c := receiveSpans(t)
	receive := c.Config.Handler
	c.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		receive.ServeHTTP(w, r)
		<-let // when the service has stopped
	})
	t.Cleanup(func() { close(let) })
	r := serving(t, c.traced()...)
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	for range 20 {
		req, err := http.NewRequest(http.MethodGet, r.url+"/log/key", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Traceparent", "00-"+theirs+"-b7ad6b7169203331-00") // which would have it left out
		if code, answer := read(t, http.DefaultClient, req); code != http.StatusOK {
			t.Fatal(answer)
		}
	}
	until(t, func() bool { return len(c.got()) > 0 })
	if code := r.stop(); code != exitOK {
		t.Errorf("%d: %s", code, r.said)
	}
	for _, s := range c.got() {
		if hex.EncodeToString(s.TraceId) == theirs || len(s.Links) > 0 || s.Name == "GET /log/key" && s.ParentSpanId != nil {
			t.Errorf("%v", s)
		}
	}
	if !strings.Contains(r.said.String(), `"msg":"traces could not be sent"`) {
		t.Error("nobody is told of a collector that hangs")
	}
}

// TestNothingIsTracedUnasked: without the setting no part has anything around it,
// and no collector that the environment names is told of anything.
func TestNothingIsTracedUnasked(t *testing.T) {
	c := receiveSpans(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	r := servingWith(t, "http://", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL})
	r.ask(t, "GET", "/log/key", "", "")
	r.stop()
	if len(c.got()) > 0 || strings.Contains(r.said.String(), traceKey) {
		t.Error("it traces")
	}
	if !strings.Contains(r.said.String(), "nothing is traced: OTEL_EXPORTER_OTLP_ENDPOINT is not read here, --traces names the collector") {
		t.Error("it does not say that the variable is not read")
	}
	s := defaults()
	s.data, s.fetchAllow = r.data, "127.0.0.1:1"
	svc, err := open(t.Context(), s, discard())
	if err != nil {
		t.Fatal(err)
	}
	defer svc.store.Close()
	if svc.traces != nil || svc.observer() != nil {
		t.Error("something watches")
	}
	if got := svc.traces.store(svc.store); got != svc.store {
		t.Errorf("around the store stands a %T", got)
	}
	if got := svc.traces.keys(svc.ring); got != svc.ring {
		t.Errorf("around the keys stands a %T", got)
	}
	if got := svc.traces.hooks(svc.caller); got != svc.caller {
		t.Errorf("around the webhooks stands a %T", got)
	}
	if _, plain := svc.web.(live); !plain {
		t.Errorf("around what is fetched stands a %T", svc.web)
	}
	if got := svc.traces.letters(nil); got != nil {
		t.Errorf("around the letters stands a %T", got)
	}
	next := &http.ServeMux{}
	if got := svc.traces.requests(next); got != http.Handler(next) {
		t.Errorf("around the requests stands a %T", got)
	}
}

// texts are all that stand in spans.
func (c *spanReceiver) texts() string {
	var all strings.Builder
	for _, s := range c.spans {
		fmt.Fprintln(&all, s.Name, s.Status)
		for _, a := range s.Attributes {
			fmt.Fprintln(&all, a.Key, value(s, a.Key))
		}
		for _, e := range s.Events {
			fmt.Fprintln(&all, e.Name)
		}
	}
	return all.String()
}

// tellOfNobody shows that what was sent holds nothing but words of ours, patterns
// of routes, names of functions, and numbers: nothing that a badge, a person, an
// issuer or a stranger is found by.
func (c *spanReceiver) tellOfNobody(t *testing.T, least int, ids ...string) {
	t.Helper()
	if len(c.spans) < least {
		t.Errorf("%d spans of %d requests", len(c.spans), least)
	}
	for _, id := range ids {
		if strings.Contains(string(c.raw), id) {
			t.Errorf("%s shows in the traces", id)
		}
	}
	routes := page(t, "api/openapi.json")
	method := regexp.MustCompile(`^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|other)$`)
	function := regexp.MustCompile(`^laurel/[a-z/]+(\.(\(\*[A-Za-z]+\)|[A-Za-z0-9]+))+$`)
	shapes := map[string]*regexp.Regexp{"http.request.method": method, "laurel.request": regexp.MustCompile(`^[A-Z2-7]{26}$`), "code.function.name": function,
		"http.response.status_code": regexp.MustCompile(`^[1-5][0-9][0-9]$`), "error.type": regexp.MustCompile(`^[a-z0-9_]{2,40}$`), "laurel.store.retries": regexp.MustCompile(`^\d+$`),
		"laurel.verdict": regexp.MustCompile(`^(valid|warning|invalid|indeterminate)$`), "laurel.algorithm": regexp.MustCompile(`^(EdDSA|ES256|ES384|RS256)$`),
		"laurel.fetch.for": regexp.MustCompile(`^(badge|key|status|page|log)$`), "laurel.spans.left_out": regexp.MustCompile(`^\d+$`)}
	part := regexp.MustCompile(`^(sign|verify|self-check|fetch|webhook|mail|(View|Update) [a-z]+(\.[A-Za-z0-9]+)+|(admin )?[a-z]+(\.[a-z-]+)?)$`)
	parameter := regexp.MustCompile(`:[a-z]+`)
	for _, s := range c.spans {
		name, route, _ := strings.Cut(s.Name, " ")
		switch {
		case s.Kind == pb.Span_SPAN_KIND_SERVER && method.MatchString(name):
			at := `"` + parameter.ReplaceAllStringFunc(route, func(p string) string { return "{" + p[1:] + "}" }) + `"`
			if route != "" && !strings.Contains(routes, at) {
				t.Errorf("%q is no route", s.Name)
			}
		case !part.MatchString(s.Name):
			t.Errorf("a span is called %q", s.Name)
		}
		for _, a := range s.Attributes {
			if a.Key == "http.route" && value(s, a.Key) == route {
				continue
			}
			if shape := shapes[a.Key]; shape == nil || !shape.MatchString(value(s, a.Key)) {
				t.Errorf("%s: %s is %q", s.Name, a.Key, value(s, a.Key))
			}
		}
		for _, e := range s.Events {
			if e.Name != "run" && e.Name != "ran" || len(e.Attributes) > 0 {
				t.Errorf("%v", e)
			}
		}
		if s.TraceState != "" || len(s.Links) > 0 || s.Status.GetMessage() != "" {
			t.Errorf("%v", s)
		}
	}
}
