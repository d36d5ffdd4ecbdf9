package api_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"strconv"
	"testing"
	"time"

	"laurel/api"
	"laurel/api/limit"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
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
		{store.ErrDamaged, 500, "internal", false},
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

// A verification that finds every place taken is refused, not queued for ever.
func TestFullDesk(t *testing.T) {
	desk := verify.NewDesk(nil, limit.NewRate(0, time.Now), limit.NewGate(0, 0), slog.New(slog.DiscardHandler))
	if _, err := desk.Report(t.Context(), nil, verifier.Options{}); !errors.Is(err, limit.ErrFull) {
		t.Errorf("%v", err)
	}
}
