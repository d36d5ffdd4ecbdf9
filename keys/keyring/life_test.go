package keyring

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/keys"
)

// dawn is when the clocks of these tests begin.
var dawn = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// clocked is a folder with one Ed25519 key, and a clock that the test moves.
func clocked(t *testing.T) (dir string, r *Ring, now *time.Time) {
	t.Helper()
	at := dawn
	dir, r = create(t, Seal{})
	r.now = func() time.Time { return at }
	generate1(t, r, keys.EdDSA)
	return dir, r, &at
}

// reopened is the same folder after a restart.
func reopened(t *testing.T, dir string, now *time.Time) *Ring {
	t.Helper()
	r, err := OpenWithClock(dir, Seal{}, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantSigner holds both the ring and what a restart would find to one key.
func wantSigner(t *testing.T, dir string, r *Ring, now *time.Time, want string) {
	t.Helper()
	for _, ring := range []*Ring{r, reopened(t, dir, now)} {
		s, err := ring.Issuer("main").Active(t.Context(), keys.EdDSA)
		if want == "" {
			if !errors.Is(err, keys.ErrNoActiveKey) {
				t.Errorf("%s: %v signs, %v", now, s, err)
			}
		} else if err != nil || s.Method().ID != want {
			t.Errorf("%s: %v signs, %v; want %s", now, s, err, want)
		}
		var signing []string
		for _, k := range ring.KeysOf("main") {
			if k.Signs {
				signing = append(signing, k.Method.ID)
			}
		}
		if want != "" && !slices.Equal(signing, []string{want}) || want == "" && signing != nil {
			t.Errorf("%s: %v sign, want %s", now, signing, want)
		}
	}
}

func states(r *Ring) string {
	var list []string
	for _, k := range r.Keys() {
		list = append(list, string(k.State))
	}
	return strings.Join(list, " ")
}

// A new key is published before it signs, and takes over without anybody
// looking, after a restart too.
func TestRotateInTime(t *testing.T) {
	dir, r, now := clocked(t)
	first := r.Keys()[0].Method
	takeover := dawn.Add(24 * time.Hour)
	second, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, takeover)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		at            time.Time
		signs, states string
	}{
		{dawn, first.ID, "active pending"},
		{takeover.Add(-time.Nanosecond), first.ID, "active pending"},
		{takeover, second.ID, "retired active"},
		{takeover.Add(1e4 * time.Hour), second.ID, "retired active"},
		{dawn.Add(time.Hour), first.ID, "active pending"}, // a clock set back
	} {
		*now = step.at
		wantSigner(t, dir, r, now, step.signs)
		if got := states(r); got != step.states {
			t.Errorf("%s: %s, want %s", step.at, got, step.states)
		}
		published, err := r.Issuer("main").Published(t.Context())
		if err != nil || len(published) != 2 {
			t.Errorf("%s: %v, %v", step.at, published, err)
		}
	}
}

// The takeover can be brought forward or put off; at no time is there no key.
func TestActivateMovesTheTakeover(t *testing.T) {
	for name, at := range map[string]time.Time{"earlier": dawn.Add(time.Hour), "at once": dawn.Add(-time.Hour), "later": dawn.Add(90 * time.Hour)} {
		dir, r, now := clocked(t)
		first := r.Keys()[0].Method
		second, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, dawn.Add(24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Activate(t.Context(), "main", second.ID, at); err != nil {
			t.Fatal(err)
		}
		for hour := range 100 {
			*now = dawn.Add(time.Duration(hour) * time.Hour)
			want := first.ID
			if !now.Before(at) {
				want = second.ID
			}
			if s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA); err != nil || s.Method().ID != want {
				t.Fatalf("%s, hour %d: %v, %v", name, hour, s, err)
			}
		}
		if got := states(r); got != "retired active" {
			t.Errorf("%s: %s", name, got)
		}
		wantSigner(t, dir, r, now, second.ID)
	}
}

func TestActivateRefusals(t *testing.T) {
	_, r, now := clocked(t)
	first := r.Keys()[0]
	if err := r.Activate(t.Context(), "main", first.ID, dawn.Add(time.Hour)); err != nil || r.Keys()[0].State != keys.Active {
		t.Errorf("a key that signs: %v, %+v", err, r.Keys()[0])
	}
	if err := r.Activate(t.Context(), "main", first.ID, time.Time{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("at no time: %v", err)
	}
	if err := r.Activate(t.Context(), "main", "z6Mk", dawn); !errors.Is(err, keys.ErrMethodNotFound) {
		t.Errorf("no such key: %v", err)
	}
	if err := r.Retire(t.Context(), "main", first.ID, dawn); err != nil {
		t.Fatal(err)
	}
	*now = dawn.Add(time.Hour)
	if err := r.Activate(t.Context(), "main", first.ID, *now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a retired key came back: %v", err)
	}
}

// A revoked key signs no more, whatever it was, and says so to everybody.
func TestRevoke(t *testing.T) {
	dir, r, now := clocked(t)
	first := r.Keys()[0].Method
	second, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, dawn.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	*now = dawn.Add(2 * time.Hour)
	leaked := dawn.Add(90 * time.Minute)
	revoke := func(id string, at time.Time, want error) {
		t.Helper()
		if err := r.Revoke(t.Context(), "main", id, at); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	revoke(second.ID, time.Time{}, ErrInvalid)
	revoke(second.ID, now.Add(time.Second), ErrInvalid)
	revoke("no-such-key", leaked, keys.ErrMethodNotFound)
	wantSigner(t, dir, r, now, second.ID)

	revoke(second.ID, leaked.Add(time.Millisecond), nil)
	wantSigner(t, dir, r, now, "") // the first was retired by the rotation
	before := content(t, dir)
	revoke(second.ID, leaked, nil)
	if after := content(t, dir); !equalContent(before, after) {
		t.Error("revoking again changed a file")
	}
	revoke(second.ID, leaked.Add(time.Second), ErrInvalid) // never later
	earlier := dawn.Add(70 * time.Minute)
	revoke(second.ID, earlier, nil)
	if err := r.Retire(t.Context(), "main", second.ID, *now); err != nil || states(r) != "retired revoked" {
		t.Errorf("retiring a revoked key: %v, %s", err, states(r))
	}
	if err := r.Activate(t.Context(), "main", second.ID, *now); !errors.Is(err, ErrInvalid) {
		t.Errorf("a revoked key came back: %v", err)
	}
	for _, ring := range []*Ring{r, reopened(t, dir, now)} {
		published, err := ring.Issuer("main").Published(t.Context())
		if err != nil || len(published) != 2 {
			t.Fatalf("%v, %v", published, err)
		}
		raw, err := keys.Document(controller, published)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := keys.ParseControllerDocument(raw, controller)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := doc.Method(second.ID); err != nil || !m.Revoked.Equal(earlier) || !m.Assertion {
			t.Errorf("%+v, %v", m, err)
		}
		if m, err := doc.Method(first.ID); err != nil || !m.Revoked.IsZero() || !m.Expires.IsZero() {
			t.Errorf("a retired key is published with an end: %+v, %v", m, err)
		}
	}
}

func equalContent(a, b map[string]string) bool {
	for name, text := range a {
		if b[name] != text {
			return false
		}
	}
	return len(a) == len(b)
}

// Two services on one folder: each takes in what the other did before it
// changes anything, so that nothing is undone.
func TestTwoRingsOnOneFolder(t *testing.T) {
	dir, a, now := clocked(t)
	b := reopened(t, dir, now)
	first := a.Keys()[0]
	*now = dawn.Add(time.Hour)
	if err := a.Revoke(t.Context(), "main", first.ID, dawn); err != nil {
		t.Fatal(err)
	}
	if changed, err := a.Reload(t.Context()); err != nil || changed {
		t.Errorf("its own change is news to it: %v", err)
	}
	if err := b.Retire(t.Context(), "main", first.ID, *now); err != nil {
		t.Fatal(err)
	}
	if got := states(b); got != "revoked" {
		t.Errorf("the other has it %s", got)
	}
	second := generate1(t, b, keys.EdDSA)
	if changed, err := a.Reload(t.Context()); err != nil || !changed {
		t.Errorf("changed %t, %v", changed, err)
	}
	wantSigner(t, dir, a, now, second.ID)

	var wg sync.WaitGroup
	for _, r := range []*Ring{a, b} {
		wg.Go(func() {
			for range 5 {
				if _, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, *now); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c := reopened(t, dir, now)
	active := 0
	for _, k := range c.Keys() {
		if k.State == keys.Active {
			active++
		}
	}
	if active != 1 || len(c.Keys()) != 12 {
		t.Errorf("%d of %d are active", active, len(c.Keys()))
	}
}

// A folder that lost a key, or was damaged, is not taken in: the ring goes on
// with what it has.
func TestReloadRefusals(t *testing.T) {
	dir, r, now := clocked(t)
	first := r.Keys()[0]
	path := keyPath(t, dir)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func() error
		want  error
	}{
		"gone":       {func() error { return os.Remove(path) }, ErrMissing},
		"damaged":    {func() error { return os.WriteFile(path, raw[:len(raw)-9], 0o600) }, ErrDamaged},
		"another in": {func() error { return os.WriteFile(filepath.Join(dir, "main.x.json"), raw, 0o600) }, ErrDamaged},
		"open":       {func() error { return os.Chmod(path, 0o644) }, ErrPermissions},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		if changed, err := r.Reload(t.Context()); changed || !errors.Is(err, c.want) {
			t.Errorf("%s: %t, %v", name, changed, err)
		}
		if err := r.Revoke(t.Context(), "main", first.ID, dawn); !errors.Is(err, c.want) {
			t.Errorf("%s: changed all the same: %v", name, err)
		}
		if s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA); err != nil || s.Method().ID != first.Method.ID {
			t.Errorf("%s: %v, %v", name, s, err)
		}
		_ = os.Remove(filepath.Join(dir, "main.x.json"))
		if err := errors.Join(os.WriteFile(path, raw, 0o600), os.Chmod(path, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	wantSigner(t, dir, r, now, first.Method.ID)
}

// Interrupted between the new key and the end of the old one, a rotation has
// still one key that signs, and the next one mends it.
func TestInterruptedRotation(t *testing.T) {
	dir, r, now := clocked(t)
	old := keyPath(t, dir)
	before, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, dawn)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, before, 0o600); err != nil { // as if the second write had not come to pass
		t.Fatal(err)
	}
	again := reopened(t, dir, now)
	if got := states(again); got != "active active" {
		t.Fatal(got)
	}
	wantSigner(t, dir, again, now, second.ID)
	third, err := again.Rotate(t.Context(), "main", controller, keys.EdDSA, dawn)
	if err != nil || states(again) != "retired retired active" {
		t.Errorf("%v, %s", err, states(again))
	}
	wantSigner(t, dir, again, now, third.ID)
}

// Readers see one signing key at any moment of a rotation.
func TestRotationUnderLoad(t *testing.T) {
	_, r := create(t, Seal{}, keys.EdDSA)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA)
				if err != nil {
					t.Errorf("no key signs: %v", err)
					return
				}
				published, err := r.Issuer("main").Published(t.Context())
				if err != nil || !slices.ContainsFunc(published, func(m keys.VerificationMethod) bool { return m.ID == s.Method().ID }) {
					t.Errorf("%s signs and is not published: %v", s.Method().ID, err)
					return
				}
				_ = r.Keys()
			}
		})
	}
	for range 20 {
		if _, err := r.Rotate(t.Context(), "main", controller, keys.EdDSA, time.Time{}); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	if n := len(r.Keys()); n != 21 {
		t.Errorf("%d keys", n)
	}
}
