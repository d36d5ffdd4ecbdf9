package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/keys"
)

// lived is a service under https with a token for all of it, whose badges live
// through what badges live through.
type lived struct {
	*home
	token string
}

func newLived(t *testing.T) *lived {
	t.Helper()
	h, _ := newHome(t)
	_, token, err := h.svc.tokens.Create(t.Context(), auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any})
	if err != nil {
		t.Fatal(err)
	}
	l := &lived{h, token}
	for slug, more := range map[string]string{"first-aid": "", "licence": `,"suspendable":true`, "trainer": `,"validity":"P3Y"`} {
		l.call(t, "PUT", "/v1/achievements/"+slug, `{"issuer":"city-academy","name":"First aid","description":"Can give first aid.","criteria":"Attend the day."`+more+`}`, nil)
	}
	return l
}

// call asks with the token and gives the status and the body.
func (l *lived) call(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+l.token)
	resp, err := l.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s %s: %d, %v: %.300s", method, path, resp.StatusCode, err, raw)
		}
	}
	return resp.StatusCode
}

// do makes a change, which has to succeed.
func (l *lived) do(t *testing.T, method, path, body string) {
	t.Helper()
	if status := l.call(t, method, path, body, nil); status != http.StatusOK {
		t.Fatalf("%s %s: %d", method, path, status)
	}
}

type livedBadge struct {
	ID         string
	Credential json.RawMessage
	ended      time.Time
}

func (l *lived) issue(t *testing.T, achievement, person, more string) livedBadge {
	t.Helper()
	var b livedBadge
	if status := l.call(t, "POST", "/v1/credentials", fmt.Sprintf(`{"achievement":%q,"recipient":{"name":%q},"awardedAt":"2025-07-11"%s}`, achievement, person, more), &b); status != http.StatusCreated {
		t.Fatalf("%d %s", status, b.Credential)
	}
	return b
}

// soon gives the next full second but one that make finds to lie ahead still, on a
// slow machine a later one.
func soon(t *testing.T, make func(end time.Time) bool) (end time.Time) {
	t.Helper()
	for lasts := 2 * time.Second; lasts < time.Hour; lasts *= 2 {
		if end = time.Now().Add(lasts).UTC().Truncate(time.Second); make(end) {
			return end
		}
	}
	t.Fatal("it is never in time")
	return end
}

// answer is what one door says about a badge: of one check the code and the
// sentence.
type answer struct {
	Verdict string
	Checks  []struct{ ID, Code, Message string }
}

func (a answer) says(check string) (code, message string) {
	for _, c := range a.Checks {
		if c.ID == check {
			return c.Code, c.Message
		}
	}
	return "", ""
}

// expected is what is to be said of a badge, by its own service and by a
// stranger who has nothing but its bytes and the addresses in it.
type expected struct {
	verdict, check, code, sentence string
}

// doors holds what every door says about a badge: both calls of the service, its
// page where it shows the badge, and the command of a stranger with its exit
// code.
func (l *lived) doors(t *testing.T, b livedBadge, ours, theirs expected, page int) {
	t.Helper()
	hold := func(door string, a answer, want expected) {
		t.Helper()
		if code, message := a.says(want.check); a.Verdict != want.verdict || code != want.code || message != want.sentence {
			t.Errorf("%s: %s, %s: %s, %q; want %+v", door, a.Verdict, want.check, code, message, want)
		}
	}
	good := map[string]bool{"valid": true, "warning": true}
	var a answer
	if status := l.call(t, "POST", "/v1/verify", string(b.Credential), &a); status != http.StatusOK {
		t.Errorf("/v1/verify: %d", status)
	}
	hold("/v1/verify", a, ours)
	var vc struct {
		Verified bool
		Verdict  string
	}
	status := l.call(t, "POST", "/credentials/verify", `{"verifiableCredential":`+string(b.Credential)+`}`, &vc)
	if want := map[bool]int{true: http.StatusOK, false: http.StatusBadRequest}[good[ours.verdict]]; status != want || vc.Verified != good[ours.verdict] || vc.Verdict != ours.verdict {
		t.Errorf("/credentials/verify: %d %+v", status, vc)
	}
	a = answer{}
	if status := l.call(t, "GET", "/v/"+b.ID+"?format=json", "", &a); status != page {
		t.Errorf("its page: %d, want %d", status, page)
	} else if page == http.StatusOK && bytes.Equal(l.shown(t, b.ID), b.Credential) {
		hold("its page", a, ours)
	}
	file := filepath.Join(t.TempDir(), "badge.json")
	save(t, file, b.Credential)
	exit := map[string]int{"valid": 0, "warning": 0, "invalid": 1, "indeterminate": 2}[theirs.verdict]
	a = answer{}
	if err := json.Unmarshal([]byte(l.laurel(t, exit, "", "verify", "--json", file)), &a); err != nil {
		t.Fatal(err)
	}
	hold("a stranger", a, theirs)
}

// shown is the badge as its address gives it.
func (l *lived) shown(t *testing.T, id string) []byte {
	t.Helper()
	resp, err := l.Client().Get(l.URL + "/credentials/" + id + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return raw
}

// TestStatesThroughEveryDoor: a badge that lives is told alike by the service
// that issued it and by strangers, but for what only the service can know.
func TestStatesThroughEveryDoor(t *testing.T) {
	t.Parallel()
	l := newLived(t)
	host := strings.TrimPrefix(l.URL, "https://")
	notWithdrawn := expected{"valid", "revocation", "not_revoked", "Not withdrawn, by the issuer’s list as we have it, which is at most a few minutes old."}
	withdrawn := expected{"invalid", "revocation", "revoked", "The issuer has withdrawn this badge. Do not rely on it."}
	for _, s := range []struct {
		name   string
		make   func(t *testing.T) livedBadge
		ours   expected
		theirs expected // as ours, where nothing is said
		page   int
	}{
		{name: "fresh", make: func(t *testing.T) livedBadge { return l.issue(t, "first-aid", "Ana", "") }, ours: notWithdrawn},
		{name: "changed", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Ben", "")
			b.Credential = bytes.Replace(b.Credential, []byte("Ben"), []byte("Bob"), 1)
			return b
		}, ours: expected{"invalid", "proof", "proof_invalid", "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."}},
		{name: "suspended", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "licence", "Cleo", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/suspend", `{"reason":"under_review"}`)
			return b
		}, ours: expected{"invalid", "suspension", "suspended", "The issuer has paused this badge. Do not rely on it for now; check it again later."}},
		{name: "reinstated", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "licence", "Dan", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/suspend", `{}`)
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/reinstate", `{}`)
			return b
		}, ours: expected{"valid", "suspension", "not_suspended", "Not paused, by the issuer’s list as we have it, which is at most a few minutes old."}},
		{name: "revoked", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Eve", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`)
			return b
		}, ours: withdrawn},
		{name: "corrected, the old copy", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Fay", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"name":"Fay Ruiz"}}`)
			return b
		}, ours: expected{"invalid", "revocation", "superseded", "The issuer has replaced this badge with a newer edition. Ask for the newer one."}, theirs: withdrawn},
		{name: "corrected, the new copy", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Gus", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"name":"Gus Ruiz"}}`)
			b.Credential = l.shown(t, b.ID)
			return b
		}, ours: notWithdrawn},
		{name: "renewed, the old copy", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "trainer", "Hal", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/renew", `{}`)
			return b
		}, ours: expected{"invalid", "revocation", "superseded", "The issuer has replaced this badge with a newer edition. Ask for the newer one."}, theirs: withdrawn},
		{name: "renewed, the new copy", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "trainer", "Ida", "")
			l.do(t, "POST", "/v1/credentials/"+b.ID+"/renew", `{}`)
			b.Credential = l.shown(t, b.ID)
			return b
		}, ours: notWithdrawn},
		{name: "erased, a copy that somebody has", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Jo", "")
			l.do(t, "DELETE", "/v1/credentials/"+b.ID+"/personal-data", "")
			return b
		}, ours: withdrawn, page: http.StatusGone},
		{name: "expired", make: func(t *testing.T) livedBadge {
			var b livedBadge
			b.ended = soon(t, func(end time.Time) bool {
				return l.call(t, "POST", "/v1/credentials", `{"achievement":"first-aid","recipient":{"name":"Kim"},"awardedAt":"2025-07-11","validUntil":"`+end.Format(time.RFC3339)+`"}`, &b) == http.StatusCreated
			})
			time.Sleep(time.Until(b.ended) + 10*time.Millisecond)
			return b
		}, ours: expected{"invalid", "validity", "expired", "Its time ended on ENDED. Ask the holder for a renewed one."}},
		{name: "unsigned", make: func(t *testing.T) livedBadge {
			b := l.issue(t, "first-aid", "Lea", "")
			b.Credential = append(b.Credential[:bytes.LastIndex(b.Credential, []byte(`,"proof"`))], '}')
			return b
		}, ours: expected{"invalid", "proof", "no_proof", "It carries no signature, so anyone may have written it. Ask the holder for the signed badge."}},
	} {
		t.Run(s.name, func(t *testing.T) {
			b := s.make(t)
			s.ours.sentence = strings.Replace(s.ours.sentence, "ENDED", b.ended.UTC().Format("2 January 2006, 15:04 UTC"), 1)
			if s.theirs.verdict == "" {
				s.theirs = s.ours
			}
			if s.page == 0 {
				s.page = http.StatusOK
			}
			l.doors(t, b, s.ours, s.theirs, s.page)
		})
	}
	t.Run("keys", func(t *testing.T) { l.keysLife(t, host) })
}

// keysLife: a key is retired, and later it comes out that it was stolen.
func (l *lived) keysLife(t *testing.T, host string) {
	ours := expected{"valid", "issuer_key", "ok", "The key it names is the issuer’s own, published at " + host + "."}
	older := l.issue(t, "first-aid", "Mia", "")
	all, err := l.svc.issuer.Keys(t.Context(), "city-academy")
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for _, k := range all {
		if k.Algorithm == keys.EdDSA && k.Signs {
			first = k.ID
		}
	}
	time.Sleep(1100 * time.Millisecond)
	stolen := time.Now()
	time.Sleep(1100 * time.Millisecond)
	younger := l.issue(t, "first-aid", "Ned", "")
	if _, _, err := l.svc.issuer.CreateKeys(t.Context(), issuer.NewKeys{Issuer: "city-academy", Algorithms: []keys.Algorithm{keys.EdDSA}, Rotate: true, Activates: time.Now(), Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	newer := l.issue(t, "first-aid", "Oda", "")
	for _, b := range []livedBadge{older, younger, newer} {
		l.doors(t, b, ours, ours, http.StatusOK)
	}
	if _, err := l.svc.issuer.RevokeKey(t.Context(), issuer.KeyChange{Issuer: "city-academy", ID: first, At: stolen, Reason: "stolen", Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	revoked := expected{"invalid", "issuer_key", "key_revoked", "The issuer has withdrawn the key that signed this. Do not rely on the badge; ask the issuer for a new one."}
	l.doors(t, older, expected{"warning", "issuer_key", "key_compromised_later",
		"The key was withdrawn later, because somebody else may have got it. This badge was on record here before that, so it stands; ask the issuer for one with a new key."}, revoked, http.StatusOK)
	l.doors(t, younger, revoked, revoked, http.StatusOK)
	l.doors(t, newer, ours, ours, http.StatusOK)

	// The issuer's host is gone.
	file := filepath.Join(t.TempDir(), "badge.json")
	save(t, file, newer.Credential)
	l.Close()
	var a answer
	if err := json.Unmarshal([]byte(l.laurel(t, 2, "", "verify", "--json", file)), &a); err != nil {
		t.Fatal(err)
	}
	if code, message := a.says("issuer_key"); a.Verdict != "indeterminate" || code != "key_unreachable" || message != "We could not reach the issuer’s key at "+host+". Try again; do not rely on the badge yet." {
		t.Errorf("the host is gone: %s, %s, %q", a.Verdict, code, message)
	}
}
