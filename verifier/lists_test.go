package verifier_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/keys"
	"laurel/verifier"
)

// counted is the real suite, and how often a list's signature was checked.
type counted struct {
	proof.EdDSARDFC2022
	lists *atomic.Int64
}

func (c counted) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return c.VerifyForm(d, p, key, nil)
}

func (c counted) VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	if badge.HasType(d.Root().Get("type"), badge.TypeBitstringStatusList) {
		c.lists.Add(1)
	}
	return c.EdDSARDFC2022.VerifyForm(d, p, key, form)
}

// revocable is a keys.Resolver of which the issuer can take a key back.
type revocable struct {
	verifier.KeyResolver
	revoked string // id of the key
}

func (r *revocable) Resolve(ctx context.Context, id string) (keys.VerificationMethod, error) {
	m, err := r.KeyResolver.Resolve(ctx, id)
	if id == r.revoked {
		m.Revoked = now.Add(-time.Hour)
	}
	return m, err
}

// remembering is a world whose verifier has a clock that can be moved, keys
// that can be revoked, and counts the lists that it verifies.
type remembering struct {
	*world
	at   time.Time
	keys *revocable
	seen atomic.Int64
}

func newRemembering(t *testing.T) *remembering {
	r := &remembering{at: now}
	r.world = newWorld(t, func(c *verifier.Config) {
		r.keys = &revocable{KeyResolver: c.Keys}
		c.Keys, c.Now = r.keys, func() time.Time { return r.at }
		c.Suites[0] = counted{c.Suites[0].(proof.EdDSARDFC2022), &r.seen}
	})
	return r
}

// ask verifies a badge, and holds what is found and how many lists were
// verified so far.
func (r *remembering) ask(text string, want verifier.Code, lists int64) {
	r.t.Helper()
	report := r.v.Verify(context.Background(), []byte(text))
	if got := report.Finding(revocation).Code; got != want || r.seen.Load() != lists {
		r.t.Errorf("revocation %s after %d lists verified, want %s and %d\n%s", got, r.seen.Load(), want, lists, lines(report))
	}
}

// TestRememberedList: a list that held is not verified again, and nothing that
// changes is hidden by that.
func TestRememberedList(t *testing.T) {
	for name, change := range map[string]struct {
		list []edit
		then func(r *remembering)
		want verifier.Code
		new  int64 // lists verified again
	}{
		"nothing":         {nil, func(*remembering) {}, verifier.NotRevoked, 0},
		"almost too old":  {nil, func(r *remembering) { r.at = now.Add(5*time.Minute - 1) }, verifier.NotRevoked, 0},
		"too old":         {nil, func(r *remembering) { r.at = now.Add(5 * time.Minute) }, verifier.NotRevoked, 1},
		"clock set back":  {nil, func(r *remembering) { r.at = now.Add(-1) }, verifier.NotRevoked, 1},
		"within its ttl":  {[]edit{ttl("60000")}, func(r *remembering) { r.at = now.Add(time.Minute - 1) }, verifier.NotRevoked, 0},
		"past its ttl":    {[]edit{ttl("60000")}, func(r *remembering) { r.at = now.Add(time.Minute) }, verifier.NotRevoked, 1},
		"no proper ttl":   {[]edit{ttl("-1")}, func(*remembering) {}, verifier.NotRevoked, 1},
		"past its end":    {[]edit{put("validUntil", `"2026-11-21T10:00:30Z"`)}, func(r *remembering) { r.at = now.Add(31 * time.Second) }, verifier.StatusListExpired, 1},
		"revoked":         {nil, func(r *remembering) { r.list(listURL, "revocation", r.issuer, []int{badgeIndex}) }, verifier.Revoked, 1},
		"not to be had":   {nil, func(r *remembering) { delete(r.web.pages, listURL) }, verifier.StatusListUnreachable, 0},
		"signature moved": {nil, func(r *remembering) { r.web.put(listURL, flip(r.web.pages[listURL], `"proofValue":"z`)) }, verifier.StatusListInvalid, 1},
		"another byte":    {nil, func(r *remembering) { r.web.put(listURL, flip(r.web.pages[listURL], `"validFrom":"202`)) }, verifier.StatusListInvalid, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemembering(t)
			r.list(listURL, "revocation", r.issuer, nil, change.list...)
			text := r.badge()
			r.ask(text, verifier.NotRevoked, 1)
			change.then(r)
			r.ask(text, change.want, 1+change.new)
		})
	}
}

func ttl(ms string) edit { return swap(`"statusPurpose"`, `"ttl":`+ms+`,"statusPurpose"`) }

// flip changes the character behind a piece of text.
func flip(page []byte, behind string) []byte {
	text := string(page)
	at := strings.Index(text, behind) + len(behind)
	other := "5"
	if text[at:at+1] == other {
		other = "4"
	}
	return []byte(text[:at] + other + text[at+1:])
}

// TestRememberedListOfARevokedKey: the key is asked for each time.
func TestRememberedListOfARevokedKey(t *testing.T) {
	r := newRemembering(t)
	k := r.publish(keyPair(t, keys.ES256)) // signs the badge, the other key the list
	r.list(listURL, "revocation", r.lister, nil)
	text := r.token(k)
	r.ask(text, verifier.NotRevoked, 1)
	r.ask(text, verifier.NotRevoked, 1)
	r.keys.revoked = r.lister.method.ID
	r.ask(text, verifier.StatusListInvalid, 2)
}

// TestRememberedListElsewhere: what is known of one address is not known of
// another, nor for badges of another issuer.
func TestRememberedListElsewhere(t *testing.T) {
	r := newRemembering(t)
	r.list(listURL, "revocation", r.issuer, nil)
	r.ask(r.badge(), verifier.NotRevoked, 1)
	r.web.put(suspensionURL, r.web.pages[listURL])
	r.ask(r.badge(swap(`"statusListCredential":"`+listURL, `"statusListCredential":"`+suspensionURL)), verifier.StatusListInvalid, 2)
	other := didKey(t)
	r.ask(r.sign(r.unsigned(other.method.Controller), other, now), verifier.StatusListInvalid, 3)
	r.ask(r.badge(), verifier.NotRevoked, 3)
}

// TestRememberedListsAreBounded: many lists are not all kept, and all are
// answered.
func TestRememberedListsAreBounded(t *testing.T) {
	r := newRemembering(t)
	const many = 100
	texts := make([]string, many)
	for i := range texts {
		url := fmt.Sprintf("https://badges.example.edu/status/%d", 100+i)
		r.list(url, "revocation", r.issuer, nil, encodedList(status.New(0).Encode()))
		texts[i] = r.badge(swap(`"statusListCredential":"`+listURL, `"statusListCredential":"`+url))
		r.ask(texts[i], verifier.NotRevoked, int64(i+1))
	}
	for _, text := range texts {
		if v := r.v.Verify(context.Background(), []byte(text)); !v.Verified() {
			t.Fatal(lines(v))
		}
	}
	if again := r.seen.Load() - many; again < many-64 {
		t.Errorf("of %d lists %d were verified again, so more than 64 were kept", many, again)
	}
}
