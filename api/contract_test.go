package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"laurel/api"
	"laurel/internal/i18n"
)

// contract is the published description of the API. Every answer that any test
// of this package gets is held against it.
type contract struct {
	doc *openapi3.T
	mux *http.ServeMux // finds the described path of a request

	held atomic.Int64 // how many answers came
}

// theContract is read once: it does not change.
var theContract = func() func(*testing.T) *contract {
	once := sync.OnceValues(readContract)
	return func(t *testing.T) *contract {
		t.Helper()
		c, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}()

func readContract() (*contract, error) {
	raw, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	if raw, err = closed(raw); err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	decoders()
	c := &contract{doc: doc, mux: http.NewServeMux()}
	for path := range doc.Paths.Map() {
		pattern := path
		if path == "/" {
			pattern = "/{$}"
		}
		c.mux.Handle(pattern, http.NotFoundHandler())
	}
	return c, nil
}

// closed forbids members that the description does not name, so that nothing
// is answered that nobody was told of. The published form leaves them open:
// callers must not stumble over what a later edition adds.
func closed(raw []byte) ([]byte, error) {
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if _, hasMembers := v["properties"].(map[string]any); hasMembers && v["additionalProperties"] == nil {
				v["additionalProperties"] = false
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(doc)
	return json.Marshal(doc)
}

// decoders tells the validator how the media types are read that it does not
// know.
func decoders() {
	for _, mt := range []string{"application/vc", "application/vp", "application/vc+ld+json", "application/did+json", "application/did+ld+json", "application/jwk-set+json"} {
		openapi3filter.RegisterBodyDecoder(mt, openapi3filter.JSONBodyDecoder)
	}
	text := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		raw, err := io.ReadAll(body)
		return string(raw), err
	}
	for _, mt := range []string{"text/html", "text/css", "text/javascript", "text/csv", "application/x-ndjson", "text/plain", "image/svg+xml", "image/png", "application/pdf", "application/vc+jwt", "application/vp+jwt", "application/jwt"} {
		openapi3filter.RegisterBodyDecoder(mt, text)
	}
}

// route finds the description of a request; nil where there is none.
func (c *contract) route(req *http.Request) (*routers.Route, map[string]string) {
	if path.Clean(req.URL.Path) != req.URL.Path {
		return nil, nil // the router has no such path, and the mux would mend it
	}
	probe := &http.Request{Method: http.MethodGet, URL: req.URL, Host: "localhost"}
	_, pattern := c.mux.Handler(probe)
	described := strings.TrimSuffix(pattern, "{$}")
	item := c.doc.Paths.Value(described)
	if item == nil {
		return nil, nil
	}
	method := req.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	op := item.GetOperation(method)
	if op == nil {
		return nil, nil
	}
	params := map[string]string{}
	have, want := strings.Split(req.URL.Path, "/"), strings.Split(described, "/")
	for n, part := range want {
		if name, ok := strings.CutPrefix(part, "{"); ok && n < len(have) {
			params[strings.TrimSuffix(name, "}")] = have[n]
		}
	}
	return &routers.Route{Spec: c.doc, Path: described, PathItem: item, Method: method, Operation: op}, params
}

// undescribed are statuses that any call may have and that none describes by
// itself.
var undescribed = []int{http.StatusMethodNotAllowed, http.StatusMisdirectedRequest, http.StatusInternalServerError, http.StatusServiceUnavailable}

// hold fails the test where an answer, or a request that was taken, is not as
// described.
func (c *contract) hold(t *testing.T, req *http.Request, body string, a answer) {
	t.Helper()
	route, params := c.route(req)
	if route == nil || req.Method == http.MethodHead || c.held.Add(1)%heldEvery != 0 {
		return
	}
	if route.Operation.Responses.Status(a.status) == nil && !slices.Contains(undescribed, a.status) {
		t.Errorf("%s %s answers %d, which its description does not name: %.300s", req.Method, route.Path, a.status, a.body)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	again := req.Clone(context.Background())
	again.Body = io.NopCloser(strings.NewReader(body))
	in := &openapi3filter.RequestValidationInput{Request: again, PathParams: params, Route: route, Options: options}
	for name := range req.URL.Query() {
		if a.status < 300 && !describes(route, openapi3.ParameterInQuery, name) && !passedOver(route, name) {
			t.Errorf("%s %s takes the parameter %s, which its description does not name", req.Method, route.Path, name)
		}
	}
	if a.status < 300 && !exotic(req, body) {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("%s %s was taken, but is not as described: %v", req.Method, req.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.header,
		Body: io.NopCloser(bytes.NewReader(a.body)), Options: options}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s answered %d, not as described: %v\n%.500s", req.Method, req.URL, a.status, err, a.body)
	}
}

// passedOver tells of parameters that links collect on their way, which public
// reads take no notice of. Those that mean something somewhere are not among them.
func passedOver(r *routers.Route, name string) bool {
	meant := []string{"edition", "format", "size", "for", "checks", "challenge", "domain"}
	open := r.Operation.Security != nil && len(*r.Operation.Security) == 0
	return r.Method == http.MethodGet && open && !slices.Contains(meant, name)
}

// describes tells whether a call has a parameter of a name.
func describes(r *routers.Route, in, name string) bool {
	return r.Operation.Parameters.GetByInAndName(in, name) != nil || r.PathItem.Parameters.GetByInAndName(in, name) != nil
}

// exotic requests are taken out of kindness and not promised: a body without
// its type, or a token that calls itself JSON.
func exotic(req *http.Request, body string) bool {
	ct := req.Header.Get("Content-Type")
	return req.Method == http.MethodPost && (ct == "" || strings.HasPrefix(ct, "application/json") && strings.HasPrefix(body, "ey"))
}

// The description and the routes are the same list.
func TestDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	c := theContract(t)
	described := map[string]bool{}
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	mounted := map[string]bool{}
	for _, r := range api.Routes() {
		mounted[r] = true
	}
	for _, r := range slices.Sorted(maps.Keys(mounted)) {
		if !described[r] {
			t.Errorf("%s is answered and not described", r)
		}
	}
	for _, r := range slices.Sorted(maps.Keys(described)) {
		if !mounted[r] {
			t.Errorf("%s is described and not answered", r)
		}
	}
	if len(mounted) < 30 {
		t.Errorf("only %d routes", len(mounted))
	}
}

// The languages that are described are those that there are.
func TestDescribedLanguages(t *testing.T) {
	says := theContract(t).doc.Components.Parameters["lang"].Value.Description
	list, _, _ := strings.Cut(strings.TrimPrefix(says, "Language of sentences and pages: "), ";")
	described := strings.Split(strings.ReplaceAll(list, " or ", ", "), ", ")
	var have []string
	for _, lang := range must(i18n.New())(t).Languages() {
		have = append(have, string(lang))
	}
	slices.Sort(have)
	if !slices.Equal(described, have) {
		t.Errorf("described are %q, there are %q", described, have)
	}
}
