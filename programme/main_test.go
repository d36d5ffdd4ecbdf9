package programme_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"laurel/badge/proof"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys/resolve"
	"laurel/programme"
	"laurel/store"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
	"laurel/verifier"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(childParts); folder != "" {
		fmt.Fprintln(os.Stderr, issueParts(folder))
		os.Exit(1)
	}
	os.Exit(pgtest.Main(m))
}

// backends are the stores that the service may stand on, each empty.
var backends = map[string]func(t testing.TB) store.Store{
	"bolt": boltStore,
	"postgres": func(t testing.TB) store.Store {
		db, err := postgres.Create(t.Context(), pgtest.Start(t))
		if err != nil {
			t.Fatal(err)
		}
		db.Group(func(key []byte, prefix bool) []byte {
			if group := issuer.Group(key, prefix); group != nil {
				return group
			}
			return programme.Group(key, prefix)
		})
		t.Cleanup(func() { _ = db.Close() })
		return db
	},
}

// ownLists gives the verifier the status lists of our issuers.
type ownLists struct{ *issuer.Issuer }

func (o ownLists) StatusList(ctx context.Context, url string) ([]byte, error) {
	return o.Issuer.StatusList(ctx, strings.TrimPrefix(url, o.Issuer.StatusListURL("")))
}

// credentials are all badges of an issuer.
func (p *place) credentials(t testing.TB, filter issuer.Filter) (all []*issuer.Record) {
	t.Helper()
	filter.Limit = 100
	if filter.Issuers == nil {
		filter.Issuers = []string{"urban-health-learning", "digital-health-learning"}
	}
	for {
		page, err := p.Issuer.List(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Records...)
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return all
		}
	}
}

// audit holds the store to all that issuer and programme promise of it, and
// every badge to our verifier: valid, or revoked or suspended where the record
// says so.
func (p *place) audit(t testing.TB) (active, revoked int) {
	t.Helper()
	issuertest.Audit(t, p.Issuer)
	p.check(t, func(problem string) { t.Errorf("check: %s", problem) })
	suite := p.Config.Generic[0].(proof.EdDSARDFC2022)
	v, err := verifier.New(verifier.Config{Canon: suite.Canon, Suites: proof.Suites(suite.Canon),
		Keys: resolve.New(nil, &issuertest.Own{Issuer: p.Issuer}), Status: ownLists{p.Issuer}, Now: p.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range p.credentials(t, issuer.Filter{}) {
		want := verifier.Valid
		if rec.Status == issuer.Active {
			active++
		} else {
			want = verifier.Invalid
			revoked++
		}
		if !rec.ErasedAt.IsZero() {
			continue
		}
		if r := v.Verify(t.Context(), rec.Document); r.Verdict() != want {
			t.Errorf("%s of %s, which is %s, is %s: %+v", rec.ID, rec.Achievement, rec.Status, r.Verdict(), r.Findings)
		}
	}
	return active, revoked
}

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (p *place) check(t testing.TB, report func(string)) (awards int) {
	t.Helper()
	awards, err := p.Programme.Check(t.Context(), report)
	if err != nil {
		t.Fatal(err)
	}
	return awards
}
