package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/feed"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/store/bolt"
)

// TestEvents: a life of a badge, as it is told, without a word of the person.
func TestEvents(t *testing.T) {
	s, _ := backends["bolt"](t)
	p := at(t, s)
	ctx := t.Context()
	p.Clock.Advance(time.Hour)
	rec := p.issue(t, academy, "ana")
	later := func() { p.Clock.Advance(time.Hour) }
	later()
	p.change(t, rec.ID, issuer.Suspend, "under_review")
	later()
	p.change(t, rec.ID, issuer.Reinstate, "it was not Ana after all")
	later()
	name := "Ana M. Mora"
	if _, err := p.Reissue(ctx, issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: anyone, Reason: "name_corrected"}, issuer.Correction{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if events, _ := p.all(t, anyone, 10); len(events) != 0 {
		t.Errorf("events without a place: %v", brief(events))
	}
	p.sequence(t)
	mine := func(slug string) bool { return slug == academy }
	before, cursor := p.all(t, mine, 1)
	want := []string{"issuer.changed academy", "achievement.changed academy-course", "credential.issued " + rec.ID,
		"credential.suspended " + rec.ID, "credential.reinstated " + rec.ID, "credential.reissued " + rec.ID}
	if got := ofBadges(before); !slices.Equal(got, want) {
		t.Fatalf("told %q, want %q", got, want)
	}
	last := before[len(before)-1]
	if d := last.Data; d.Edition != 2 || d.Status != issuer.Active || d.Achievement != "academy-course" || d.Reason != "name_corrected" ||
		d.CredentialID != issuertest.BaseURL+"/credentials/"+rec.ID || d.VerifyURL != issuertest.BaseURL+"/v/"+rec.ID || d.ExternalRef != "ref-ana" ||
		last.Issuer != academy || !last.At.Equal(p.Clock.Now()) {
		t.Errorf("%+v", last)
	}
	if d := before[len(before)-2].Data; d.Edition != 1 || d.Reason != "in_own_words" {
		t.Errorf("reinstated: %+v", d)
	}
	later()
	if _, _, err := p.Erase(ctx, issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: anyone}); err != nil {
		t.Fatal(err)
	}
	p.sequence(t)
	page, err := p.Feed.Page(ctx, feed.Query{Sees: mine, After: cursor})
	if err != nil || len(page.Events) != 1 || page.Events[0].Type != feed.CredentialErased || page.Events[0].Data.Status != issuer.Revoked || page.More {
		t.Fatalf("%+v, %v", page, err)
	}
	again, _ := p.all(t, anyone, 3)
	raw, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"Person ", "Ana M", "Mora", "@", "learner.example", "ref-ana", "after all"} {
		if strings.Contains(string(raw), personal) {
			t.Errorf("%q is told: %s", personal, raw)
		}
	}
	for n, e := range before {
		seen := slices.IndexFunc(again, func(other feed.Event) bool { return other.ID == e.ID })
		if seen < 0 || again[seen].Type != e.Type || !again[seen].At.Equal(e.At) || again[seen].Data.Edition != e.Data.Edition {
			t.Errorf("event %d was %+v", n, e)
		}
	}
	issuertest.Audit(t, p.Issuer)
}

// ofBadges leaves out the keys, which every issuer publishes in its own time.
func ofBadges(events []feed.Event) []string {
	return slices.DeleteFunc(brief(events), func(s string) bool { return strings.HasPrefix(s, "key.") })
}

// TestFollowers: many writers, sequencers and readers at once. Each reader is
// told of everything once and in one order; the last that it is told of a badge
// is what is so, and before a change it was told of what led to it.
func TestFollowers(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			s, beside := open(t)
			followers(t, at(t, s), beside)
		})
	}
}

func followers(t *testing.T, p *place, beside func() store.Store) {
	replica := around(t, issuertest.Open(t, beside(), p.Ring, issuertest.BaseURL))
	replica.Clock.Advance(p.Clock.Now().Sub(replica.Clock.Now()) - 3*time.Second) // one of the clocks is behind
	places := []*place{p, replica}
	var ids []string
	for n := range 4 {
		ids = append(ids, p.issue(t, []string{academy, institute}[n%2], fmt.Sprint("first-", n)).ID)
	}
	sequencing, settled := context.WithCancel(t.Context())
	reading, stop := context.WithCancel(t.Context())
	var writers, sequencers, readers sync.WaitGroup
	for n := range 8 {
		writers.Go(func() { scribble(t, places[n%2], ids, n) })
	}
	for _, q := range places {
		sequencers.Go(func() {
			for sequencing.Err() == nil {
				if _, err := q.Log.Sequence(sequencing); err != nil && sequencing.Err() == nil && !errors.Is(err, store.ErrBusy) {
					t.Error(err)
				}
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			}
		})
	}
	read := make([][]feed.Event, 4)
	for n := range read {
		readers.Go(func() { read[n] = follow(reading, t, places[n%2], n) })
	}
	writers.Wait()
	settled()
	sequencers.Wait()
	p.sequence(t)
	stop()
	readers.Wait()
	whole, _ := p.all(t, anyone, 200)
	seen := map[string]bool{}
	for _, e := range whole {
		if seen[e.ID] {
			t.Errorf("%s is told twice", e.ID)
		}
		seen[e.ID] = true
	}
	for n, events := range read {
		if !slices.Equal(ofIDs(events), ofIDs(whole)) {
			t.Errorf("reader %d was told %d events, which are not the %d that there are", n, len(events), len(whole))
		}
	}
	consistent(t, p, whole)
	if n := issuertest.Audit(t, p.Issuer); n < 4+8 {
		t.Errorf("%d badges", n)
	}
}

func ofIDs(events []feed.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// scribble issues badges and quarrels with others about some.
func scribble(t *testing.T, p *place, ids []string, writer int) {
	for n := range 12 {
		id := ids[rand.IntN(len(ids))]
		action := []issuer.Action{issuer.Suspend, issuer.Reinstate}[rand.IntN(2)]
		_, err := p.ChangeStatus(t.Context(), issuer.Change{ID: id, Action: action, Actor: "test", MayTouch: anyone})
		if err != nil && !errors.Is(err, store.ErrBusy) {
			t.Error(err)
		}
		if n == 5 {
			p.issue(t, academy, fmt.Sprintf("later-%d", writer))
		}
		if n%4 == 0 {
			p.Clock.Advance(time.Duration(rand.IntN(3)) * time.Millisecond)
		}
	}
}

// follow reads as a client does, with pages of changing size.
func follow(ctx context.Context, t *testing.T, p *place, n int) (events []feed.Event) {
	cursor := ""
	for {
		last := ctx.Err() != nil
		page, err := p.Feed.Page(context.WithoutCancel(ctx), feed.Query{Sees: anyone, After: cursor, Limit: 1 + n*3})
		if err != nil {
			t.Error(err)
			return events
		}
		events, cursor = append(events, page.Events...), page.Cursor
		if last && !page.More {
			return events
		}
	}
}

// consistent holds what is told of each badge against the rules of its life and
// against its record.
func consistent(t *testing.T, p *place, events []feed.Event) {
	t.Helper()
	status := map[string]issuer.Status{}
	for _, e := range events {
		if !strings.HasPrefix(string(e.Type), "credential.") {
			continue
		}
		was, known := status[e.Subject]
		switch {
		case e.Type == feed.CredentialIssued && known, e.Type != feed.CredentialIssued && !known:
			t.Errorf("%s of %s, which was issued before: %t", e.Type, e.Subject, known)
		case e.Type == feed.CredentialSuspended && was != issuer.Active, e.Type == feed.CredentialReinstated && was != issuer.Suspended:
			t.Errorf("%s of %s, which was %s", e.Type, e.Subject, was)
		}
		status[e.Subject] = e.Data.Status
	}
	if len(status) != 12 {
		t.Errorf("%d badges were told of", len(status))
	}
	for id, last := range status {
		rec, err := p.Credential(t.Context(), id)
		if err != nil || rec.Status != last {
			t.Errorf("%s was %s at last, and is %s, %v", id, last, rec.Status, err)
		}
	}
}

// TestCursors: those that are none, those of a log that went another way, and
// readers who see little.
func TestCursors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	p := at(t, db)
	p.sequence(t)
	_, old := p.all(t, anyone, 10)
	for n := range 5 {
		p.issue(t, academy, fmt.Sprint(n))
	}
	p.sequence(t)
	_, cursor := p.all(t, anyone, 2)
	other := at(t, func() store.Store { s, _ := backends["bolt"](t); return s }())
	other.sequence(t)
	for _, c := range []struct{ cursor, rule string }{
		{"1", "cursor_invalid"}, {"-1-0123456789ab", "cursor_invalid"}, {"00-0123456789ab", "cursor_invalid"}, {"nonsense", "cursor_invalid"},
		{"1-0123456789AB", "cursor_invalid"}, {"99999999999999999999-0123456789ab", "cursor_invalid"}, {strings.Repeat("9", 5000), "cursor_invalid"},
		{cursor, "cursor_gone"}, {old, "cursor_gone"}, {"999999999999999999-0123456789ab", "cursor_gone"},
	} {
		_, err := other.Feed.Page(t.Context(), feed.Query{Sees: anyone, After: c.cursor})
		var faults badge.Errors
		if !errors.As(err, &faults) || faults[0].Rule != c.rule {
			t.Errorf("%.40s: %v, want %s", c.cursor, err, c.rule)
		}
	}
	if page, err := p.Feed.Page(t.Context(), feed.Query{Sees: anyone, After: cursor}); err != nil || len(page.Events) != 0 || page.Cursor != cursor || page.More {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err := p.Feed.Page(t.Context(), feed.Query{Sees: func(string) bool { return false }, After: old}); err != nil || len(page.Events) != 0 || page.Cursor != cursor {
		t.Errorf("who sees nothing does not come on: %+v, %v", page, err)
	}
	empty := at(t, func() store.Store { s, _ := backends["bolt"](t); return s }())
	if page, err := empty.Feed.Page(t.Context(), feed.Query{Sees: anyone}); err != nil || page.Cursor != "0" || page.More {
		t.Errorf("a log without places: %+v, %v", page, err)
	}
	if _, err := empty.Feed.Page(t.Context(), feed.Query{Sees: anyone, After: "0"}); err != nil {
		t.Error(err)
	}
}
