package issuer_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
)

// unrecorded is a real store that takes everything but audit records.
type unrecorded struct{ store.Store }

var errUnrecorded = errors.New("no room for the audit record")

func (u unrecorded) Update(ctx context.Context, do func(store.Tx) error) error {
	return u.Store.Update(ctx, func(tx store.Tx) error { return do(unrecordedTx{tx}) })
}

type unrecordedTx struct{ store.Tx }

func (u unrecordedTx) Put(key, value []byte) error {
	if strings.HasPrefix(string(key), "u/") {
		return errUnrecorded
	}
	return u.Tx.Put(key, value)
}

// TestNoChangeWithoutItsRecord: what cannot be put on record does not happen.
func TestNoChangeWithoutItsRecord(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	p.put(t, suspendable())
	p.putTrainer(t)
	ana, licensed, trained := p.issue(t, award("ana")).Record, p.issue(t, licence("ben")).Record, p.issue(t, trainer("cleo")).Record
	mute := p.with(t, func(cfg *issuer.Config) { cfg.Store = unrecorded{p.Store} })
	before := issuertest.Snapshot(t, p.Store)
	for name, do := range map[string]func(ctx context.Context) error{
		"issue": func(ctx context.Context) error { _, err := mute.Issue(ctx, award("dan")); return err },
		"revoke": func(ctx context.Context) error {
			_, err := mute.Revoke(ctx, ana.ID, "x", "test", anyIssuer)
			return err
		},
		"suspend": func(ctx context.Context) error {
			_, err := mute.ChangeStatus(ctx, issuer.Change{ID: licensed.ID, Action: issuer.Suspend, Actor: "test", MayTouch: anyIssuer})
			return err
		},
		"correct": func(ctx context.Context) error {
			_, err := mute.Reissue(ctx, amendment(ana.ID), issuer.Correction{Name: ptr("Other")})
			return err
		},
		"renew": func(ctx context.Context) error {
			_, err := mute.Renew(ctx, amendment(trained.ID), time.Time{})
			return err
		},
		"erase": func(ctx context.Context) error {
			_, _, err := mute.Erase(ctx, amendment(ana.ID))
			return err
		},
		"define": func(ctx context.Context) error {
			_, err := mute.PutAchievement(ctx, template(academy), "test")
			return err
		},
		"introduce": func(ctx context.Context) error {
			_, err := mute.PutProfile(ctx, issuer.Profile{Slug: academy, Name: "B"}, "test")
			return err
		},
		"for the API": func(context.Context) error {
			q := *p
			q.Service = &issuertest.Service{Issuer: mute}
			_, err := q.signForeign(t, foreignCredential)
			return err
		},
	} {
		if err := do(t.Context()); !errors.Is(err, errUnrecorded) {
			t.Errorf("%s: %v", name, err)
		}
		if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
			t.Fatalf("%s: it was done all the same", name)
		}
	}
}

// TestDatesBehindUs: a platform says when something was earned, and that may
// lie far back; when it was signed is ours to say, in the proof and on record.
func TestDatesBehindUs(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy}})
	a := award("ana")
	a.AwardedAt = p.Clock.Now().Add(-10 * 365 * 24 * time.Hour)
	rec := p.issue(t, a).Record
	doc, err := rec.View()
	if err != nil {
		t.Fatal(err)
	}
	if got := doc.View().ValidFrom; got != badge.FormatTime(a.AwardedAt) {
		t.Errorf("it says that it was earned %s", got)
	}
	created := doc.Proofs()[0].Object.Get("created").Text()
	if created != badge.FormatTime(p.Clock.Now()) || !rec.IssuedAt.Equal(p.Clock.Now()) {
		t.Errorf("signed %s, on record %s, at %s", created, rec.IssuedAt, p.Clock.Now())
	}
	found := false
	for key, value := range issuertest.Snapshot(t, p.Store) {
		var e issuer.Event
		if !strings.HasPrefix(key, "u/") {
			continue
		}
		if err := store.UnsealJSON([]byte(key), []byte(value), &e); err != nil {
			t.Fatal(err)
		}
		if e.Subject == rec.ID {
			found = true
			if !e.At.Equal(p.Clock.Now()) || e.Document != issuer.DocumentDigest(rec.Document) {
				t.Errorf("the audit record is %+v", e)
			}
		}
	}
	if !found {
		t.Error("there is no audit record")
	}
}
