package feed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/feed"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// backends are what events may stand on; beside opens a store once more where
// it can be.
var backends = map[string]func(t *testing.T) (s store.Store, beside func() store.Store){
	"bolt": func(t *testing.T) (store.Store, func() store.Store) {
		db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db, func() store.Store { return db } // one process has the file
	},
	"postgres": func(t *testing.T) (store.Store, func() store.Store) {
		url := pgtest.Start(t)
		open := func(how func(context.Context, string) (*postgres.DB, error)) store.Store {
			db, err := how(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			return db
		}
		return open(postgres.Create), func() store.Store { return open(postgres.Open) }
	},
}

const academy, institute = "academy", "institute"

// place is a service with its log and its events.
type place struct {
	*issuertest.Service
	Log  *auditlog.Log
	Feed *feed.Feed
}

// at makes a place with two issuers and an achievement of each, whose badges
// can be suspended.
func at(t *testing.T, s store.Store) *place {
	t.Helper()
	p := around(t, issuertest.New(t, s, issuertest.Options{Issuers: []string{academy, institute}}))
	if _, err := p.Ring.Generate(t.Context(), issuer.LogSlug, issuertest.BaseURL+"/log", keys.EdDSA); err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{academy, institute} {
		p.Clock.Advance(time.Second)
		_, err := p.PutAchievement(t.Context(), issuer.Achievement{Slug: owner + "-course", Issuer: owner, Suspendable: true,
			Name: issuer.Text{"en": "Healthy Cities"}, Description: issuer.Text{"en": "Completed."}, Criteria: issuer.Text{"en": "Score 80 %."}}, "test")
		if err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// around opens log and events beside an issuer.
func around(t *testing.T, s *issuertest.Service) *place {
	t.Helper()
	log, err := auditlog.New(auditlog.Config{Store: s.Store, Origin: "badges.example/log", Keys: s.Ring.Issuer(issuer.LogSlug)})
	if err != nil {
		t.Fatal(err)
	}
	return &place{s, log, feed.New(s.Store, s.Issuer, issuertest.BaseURL)}
}

func (p *place) issue(t *testing.T, owner, who string) *issuer.Record {
	t.Helper()
	issued, err := p.Issue(t.Context(), award(owner, who))
	if err != nil {
		t.Fatal(err)
	}
	return issued.Record
}

func award(owner, who string) issuer.Award {
	return issuer.Award{Issuer: owner, Achievement: owner + "-course", AwardedAt: issuertest.Start.AddDate(0, -1, 0),
		Recipient: issuer.Recipient{Name: "Person " + who, Email: who + "@learner.example"}, ExternalRef: "ref-" + who, Actor: "test"}
}

func anyone(string) bool { return true }

func (p *place) change(t *testing.T, id string, action issuer.Action, reason string) {
	t.Helper()
	if _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: id, Action: action, Reason: reason, Actor: "test", MayTouch: anyone}); err != nil {
		t.Fatal(err)
	}
}

func (p *place) sequence(t *testing.T) {
	t.Helper()
	if _, err := p.Log.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// all follows the cursors to the end, some events at a time.
func (p *place) all(t *testing.T, sees func(string) bool, limit int) (events []feed.Event, cursor string) {
	t.Helper()
	for n := 0; ; n++ {
		page, err := p.Feed.Page(t.Context(), feed.Query{Sees: sees, After: cursor, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		events, cursor = append(events, page.Events...), page.Cursor
		if !page.More {
			return events, cursor
		}
		if n > 10_000 {
			t.Fatal("the pages do not end")
		}
	}
}

// brief is what happened, for comparison.
func brief(events []feed.Event) (list []string) {
	for _, e := range events {
		list = append(list, fmt.Sprintf("%s %s", e.Type, e.Subject))
	}
	return list
}
