package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"laurel/api"
	"laurel/api/certificate"
	"laurel/api/limit"
	"laurel/api/public"
	"laurel/api/studio"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/typeset"
	"laurel/issuer"
	"laurel/keys"
	"laurel/programme"
	"laurel/store"
	"laurel/verifier"
)

// No code can be added without a status.
func TestEveryCodeHasAStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "wire/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	table := api.Statuses()
	codes := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		codes++
		if s := table[wire.Code(code)]; s < 400 || s > 599 {
			t.Errorf("%s has the status %d", code, s)
		}
		return true
	})
	if codes != len(table) || codes < 20 {
		t.Errorf("%d codes, %d in the table", codes, len(table))
	}
}

func TestTableOfProblems(t *testing.T) {
	malformed := &badge.Error{Code: badge.MalformedValueError, Rule: "required", Pointer: "/name", Detail: "This may not be left out."}
	for _, tc := range []struct {
		err    error
		status int
		code   string
		retry  bool
	}{
		{issuer.ErrNotFound, 404, "not_found", false},
		{programme.ErrUnknownActivity, 404, "not_found", false},
		{issuer.ErrForbidden, 403, "belongs_to_another_issuer", false},
		{issuer.ErrIdempotencyReused, 422, "idempotency_key_reused", false},
		{&issuer.DuplicateError{ID: "x"}, 409, "duplicate", false},
		{issuer.ErrConflict, 409, "conflict", false},
		{issuer.ErrNoKey, 409, "issuer_without_key", false},
		{&issuer.NoKeyError{Issuer: "academy"}, 409, "issuer_without_key", false},
		{keys.ErrNoActiveKey, 409, "issuer_without_key", false},
		{issuer.ErrNotReady, 503, "not_made_yet", true},
		{issuer.ErrSelfCheck, 500, "internal", false},
		{auth.ErrExpired, 401, "token_expired", false},
		{auth.ErrActivity, 403, "activity_not_granted", false},
		{auth.ErrIssuer, 403, "forbidden", false},
		{limit.ErrFull, 503, "too_busy", true},
		{store.ErrUnknownOutcome, 503, "outcome_unknown", true},
		{store.ErrReadOnly, 503, "read_only", true},
		{store.ErrFull, 503, "storage_full", true},
		{store.ErrBusy, 503, "busy", true},
		{store.ErrDamaged, 500, "record_damaged", false},
		{store.ErrNotFound, 500, "internal", false},
		{context.DeadlineExceeded, 503, "too_slow", true},
		{malformed, 422, "required", false},
		{badge.Errors{malformed}, 422, "required", false},
		{badge.Errors{malformed, malformed}, 422, "several_faults", false},
		{&badge.Error{Code: badge.ParsingError, Rule: "malformed_json"}, 400, "malformed_json", false},
		{&badge.Error{Code: badge.ParsingError, Rule: "too_large"}, 413, "too_large", false},
		{&wire.Fault{Code: wire.TooLarge}, 413, "too_large", false},
		{&wire.Fault{Code: "never heard of"}, 500, "never heard of", false},
		{errors.New("disk"), 500, "internal", false},
	} {
		for _, err := range []error{tc.err, fmt.Errorf("doing something: %w", tc.err)} {
			p := api.Describe(err)
			if p.Status != tc.status || p.Code != tc.code || (p.Retry > 0) != tc.retry || p.Title != http.StatusText(tc.status) || p.Type != "about:blank" || p.Errors == nil {
				t.Errorf("%v: %+v", err, p)
			}
		}
	}
}

// Faults of ours are in the log as errors, also those that a handler named;
// what strangers can call forth, or what readyz tells, is not.
func TestFaultsOfOursAreLogged(t *testing.T) {
	for _, tc := range []struct {
		err    error
		logged bool
	}{
		{errors.New("disk"), true},
		{issuer.ErrSelfCheck, true},
		{issuer.ErrSigning, true},
		{store.ErrDamaged, true},
		{store.ErrReadOnly, true},
		{store.ErrUnknownOutcome, true},
		{context.DeadlineExceeded, true},
		{&wire.Fault{Code: "never heard of"}, true},
		{fmt.Errorf("%w: %w", issuer.ErrSigning, issuer.ErrClock), true},
		{&wire.Fault{Code: wire.NotReady}, false},
		{&wire.Fault{Code: wire.TooLarge}, false},
		{issuer.ErrNotFound, false},
		{issuer.ErrNotReady, false},
		{issuer.ErrClock, false},
		{limit.ErrFull, false},
		{certificate.ErrLetters, false},
		{certificate.ErrRoom, false},
	} {
		var log bytes.Buffer
		err := fmt.Errorf("doing something: %w", tc.err)
		p := api.Explain(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)), err)
		if got := strings.Contains(log.String(), `"level":"ERROR"`); got != tc.logged {
			t.Errorf("%v, told as %d %s: logged %t", err, p.Status, p.Code, got)
		}
	}
}

// A clock that went back is told to everybody who asks, and fills no log.
func TestAClockThatWentBackFillsNoLog(t *testing.T) {
	w := newWorld(t)
	w.issue(1)
	w.clock.advance(-time.Hour)
	w.post("/v1/credentials", award(2)).problem(t, http.StatusServiceUnavailable, "clock_went_back")
	batch := w.post("/v1/credentials/batch", `{"items":[`+award(3)+`,`+award(4)+`]}`).want(t, http.StatusMultiStatus)
	if n := strings.Count(string(batch.body), `"code":"clock_went_back"`); n != 2 {
		t.Errorf("%d items: %s", n, batch.body)
	}
	w.untilJWTs() // or making one would fail, and be told
	w.store.fail(errors.New("gone"), nil)
	w.get("/readyz").want(t, http.StatusServiceUnavailable)
	if log := w.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Error(log)
	}
	w.store.fail(nil, errors.New("the store lies"))
	w.get("/credentials/"+strings.Repeat("a", 22)).problem(t, http.StatusInternalServerError, "internal")
	if log := w.log.String(); !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "the store lies") {
		t.Error("a fault of the store is not in the log")
	}
	w.store.fail(nil, nil)
}

// A verification that finds every place taken is refused, not queued for ever.
func TestFullDesk(t *testing.T) {
	desk := verify.NewDesk(nil, limit.NewRate(0, time.Now), slog.New(slog.DiscardHandler))
	ctx, _ := limit.NewGate(0, 0, time.Second).With(t.Context())
	if _, err := desk.Report(ctx, nil, verifier.Options{}); !errors.Is(err, limit.ErrFull) {
		t.Errorf("%v", err)
	}
}

// So it is with pictures of codes, and with pictures that badges are put into:
// nobody counts how many of them an address asks for.
func TestPicturesWaitForTheirTurn(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	faces, err := look()
	if err != nil {
		t.Fatal(err)
	}
	h := public.New(public.Config{Issuer: w.issuer, Pages: faces, BaseURL: w.base, Studio: studio.New(typeset.Open(nil))})
	for name, ask := range map[string]wire.Handler{"qr.png": h.QRPNG, "qr.svg": h.QRSVG, "png": h.Credential, "svg": h.Credential} {
		ctx, _ := limit.NewGate(0, 0, time.Second).With(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/credentials/"+b.ID, nil)
		r.SetPathValue("id", b.ID)
		if !strings.HasPrefix(name, "qr") {
			r.SetPathValue("id", b.ID+"."+name)
		}
		if err := ask(httptest.NewRecorder(), r); !errors.Is(err, limit.ErrFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
