package tokens_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"laurel/api/tokens"
	"laurel/internal/auth"
	"laurel/store"
	"laurel/store/bolt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func open(t *testing.T) (*tokens.Tokens, store.Store, *clock) {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "tokens.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &clock{time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	return tokens.New(db, note, c.now), db, c
}

func limits() auth.Token {
	return auth.Token{Scopes: []auth.Scope{auth.Issue, auth.Read}, Issuers: []string{"city-school"}, Label: "course platform"}
}

func create(t *testing.T, ts *tokens.Tokens, l auth.Token) (auth.Token, string) {
	t.Helper()
	token, text, err := ts.Create(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	return token, text
}

func TestCreatedTokenIsFoundWithItsLimits(t *testing.T) {
	ts, _, c := open(t)
	made, text := create(t, ts, limits())
	got, err := ts.Authenticate(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != made.ID || !got.Created.Equal(c.at) || got.Label != "course platform" {
		t.Errorf("got %+v of %s, made %s", got.Label, got.ID, made.ID)
	}
	if err := got.Allows(auth.Issue, "city-school"); err != nil {
		t.Error(err)
	}
	if err := got.Allows(auth.Revoke, "city-school"); !errors.Is(err, auth.ErrScope) {
		t.Errorf("a scope that was not given: %v", err)
	}
	if err := got.Allows(auth.Issue, "other-school"); !errors.Is(err, auth.ErrIssuer) {
		t.Errorf("an issuer that was not given: %v", err)
	}
}

func TestAuthenticateRefuses(t *testing.T) {
	ts, _, c := open(t)
	_, text := create(t, ts, limits())
	other, _, _ := open(t)
	_, foreign := create(t, other, limits())
	withdrawn, withdrawnText := create(t, ts, limits())
	if _, err := ts.Revoke(context.Background(), withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	short := limits()
	short.Expires = c.at.Add(time.Minute)
	_, shortText := create(t, ts, short)
	c.at = c.at.Add(time.Minute)

	for name, tc := range map[string]struct {
		text string
		want error
	}{
		"nothing":        {"", auth.ErrMalformed},
		"a slip":         {strings.ToUpper(text), auth.ErrMalformed},
		"another store":  {foreign, auth.ErrSecret},
		"withdrawn":      {withdrawnText, auth.ErrRevoked},
		"run out":        {shortText, auth.ErrExpired},
		"a badge's JWT":  {"eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.c2ln", auth.ErrMalformed},
		"with a newline": {text + "\n", auth.ErrMalformed},
	} {
		got, err := ts.Authenticate(context.Background(), tc.text)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if got.ID != "" || len(got.Scopes) > 0 {
			t.Errorf("%s: a token came with the refusal", name)
		}
	}
}

func TestRevokeIsFinalAndKeepsItsTime(t *testing.T) {
	ts, _, c := open(t)
	made, _ := create(t, ts, limits())
	first, err := ts.Revoke(context.Background(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Hour)
	again, err := ts.Revoke(context.Background(), made.ID)
	if err != nil || !again.Revoked.Equal(first.Revoked) {
		t.Errorf("second time: %v, %v; first %v", again.Revoked, err, first.Revoked)
	}
	for _, id := range []string{"nobodyknowsit", "", strings.Repeat("x", 5000)} {
		if _, err := ts.Revoke(context.Background(), id); !errors.Is(err, tokens.ErrNotFound) {
			t.Errorf("revoking %.20q: %v", id, err)
		}
	}
}

func TestListShowsAll(t *testing.T) {
	ts, _, _ := open(t)
	if list, err := ts.List(context.Background()); err != nil || len(list) != 0 {
		t.Fatalf("empty store: %v, %v", list, err)
	}
	a, _ := create(t, ts, limits())
	b, _ := create(t, ts, limits())
	if _, err := ts.Revoke(context.Background(), a.ID); err != nil {
		t.Fatal(err)
	}
	list, err := ts.List(context.Background())
	if err != nil || len(list) != 2 {
		t.Fatalf("%d tokens, %v", len(list), err)
	}
	if list[0].ID > list[1].ID {
		t.Error("not by id")
	}
	for _, token := range list {
		if (token.ID == a.ID) == token.Revoked.IsZero() || (token.ID != a.ID && token.ID != b.ID) {
			t.Errorf("%s revoked at %v", token.ID, token.Revoked)
		}
	}
}

func TestCreateRefusesNonsense(t *testing.T) {
	ts, _, _ := open(t)
	if _, _, err := ts.Create(context.Background(), auth.Token{Issuers: []string{auth.Any}}); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("without a scope: %v", err)
	}
	if list, _ := ts.List(context.Background()); len(list) != 0 {
		t.Error("it was stored all the same")
	}
}

// The file must not hold what a thief could use, and a record that somebody
// moved or changed must not let anybody in.
func TestStoredRecordIsSealedAndHasNoSecret(t *testing.T) {
	ts, db, _ := open(t)
	made, text := create(t, ts, limits())
	other, _ := create(t, ts, limits())
	secret := text[len(text)-49:]
	ctx := context.Background()
	err := db.Update(ctx, func(tx store.Tx) error {
		v, err := tx.Get([]byte("t/" + made.ID))
		if err != nil {
			return err
		}
		if strings.Contains(string(v), secret[:20]) {
			t.Error("the secret is stored")
		}
		return tx.Put([]byte("t/"+other.ID), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ts.Revoke(ctx, other.ID); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a record under another's key: %v", err)
	}
	if _, err := ts.List(ctx); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("list: %v", err)
	}
}

// note keeps what was put on record under keys of its own.
func note(tx store.Tx, action, id string) error {
	return tx.Put([]byte("note/"+action+"/"+id), []byte{1})
}

// TestEveryChangeIsOnRecord: the record is written with the change, once each.
func TestEveryChangeIsOnRecord(t *testing.T) {
	all, db, _ := open(t)
	token, _, err := all.Create(t.Context(), auth.Token{Scopes: []auth.Scope{auth.Read}, Issuers: []string{"academy"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := all.Revoke(t.Context(), token.ID); err != nil {
			t.Fatal(err)
		}
	}
	var noted []string
	err = db.View(t.Context(), func(r store.Reader) error {
		return r.Scan([]byte("note/"), nil, func(k, _ []byte) error {
			noted = append(noted, string(k))
			return nil
		})
	})
	want := []string{"note/token.create/" + token.ID, "note/token.revoke/" + token.ID}
	if err != nil || !slices.Equal(noted, want) {
		t.Errorf("on record: %v, %v; want %v", noted, err, want)
	}
}

// TestWhatIsKnownOfATokenEndsWithIt: a token that was shown before is withdrawn at
// once, by whichever replica, and what is damaged meanwhile lets nobody in.
func TestWhatIsKnownOfATokenEndsWithIt(t *testing.T) {
	ts, db, c := open(t)
	other := tokens.New(db, note, c.now)
	ctx := context.Background()
	shown := func(text string, want error) {
		t.Helper()
		if got, err := ts.Authenticate(ctx, text); !errors.Is(err, want) || want != nil && got.ID != "" {
			t.Errorf("%v of %q, want %v", err, got.ID, want)
		}
	}
	made, text := create(t, ts, limits())
	shown(text, nil)
	shown(text, nil)
	if _, err := other.Revoke(ctx, made.ID); err != nil {
		t.Fatal(err)
	}
	shown(text, auth.ErrRevoked)
	if _, err := ts.Standing(ctx, made.ID); !errors.Is(err, auth.ErrRevoked) {
		t.Errorf("who had signed in with it: %v", err)
	}

	made, text = create(t, ts, limits())
	shown(text, nil)
	k := []byte("t/" + made.ID)
	err := db.Update(ctx, func(tx store.Tx) error {
		v, err := tx.Get(k)
		if err != nil {
			return err
		}
		v[len(v)-2] ^= 1
		return tx.Put(k, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	shown(text, store.ErrDamaged)
	if err := db.Update(ctx, func(tx store.Tx) error { return tx.Delete(k) }); err != nil {
		t.Fatal(err)
	}
	shown(text, auth.ErrSecret)
}
