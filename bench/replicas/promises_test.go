//go:build unix && !race

package replicas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// soon asks until something is so, and last when a change on one service has to show
// on another: how long the answer takes then is the machine's matter. The long runs
// hold it to a second, which a busy machine may take for something else.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	shown := time.Duration(number("REPLICAS_SHOWN", 10_000)) * time.Millisecond
	begun := time.Now()
	for asked := begun; !f(); asked = time.Now() {
		if asked.Sub(begun) > shown {
			t.Errorf("%s: not so after %v", what, asked.Sub(begun))
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("%s: after %v", what, time.Since(begun).Round(time.Millisecond))
}

type record struct {
	ID         string `json:"id"`
	Credential struct {
		CredentialStatus struct {
			ID string `json:"id"`
		} `json:"credentialStatus"`
		Proof json.RawMessage `json:"proof"`
	} `json:"credential"`
}

// TestPromises holds two services on one store to what one keeps.
func TestPromises(t *testing.T) {
	c := newCluster(t)
	h := newHouse(t, c.URL("&pool_max_conns=16"), 2)
	h.start()
	a, b := h.services[0], h.services[1]

	t.Run("one badge for one key and for one person, raced on both", func(t *testing.T) { h.races(t) })

	var made record
	made.issue(t, a, "shows")
	badge := h.must(http.StatusOK, b.get("/credentials/"+made.ID, "")).body

	t.Run("revoked on one, seen on the other", func(t *testing.T) {
		list := strings.TrimPrefix(strings.SplitN(made.Credential.CredentialStatus.ID, "#", 2)[0], baseURL)
		before := h.must(http.StatusOK, b.get(list, "")).body
		if v := verdict(t, b, badge); v != "valid" {
			t.Errorf("before: %s", v)
		}
		h.must(http.StatusOK, a.post("/v1/credentials/"+made.ID+"/revoke", h.issue, "", map[string]any{"reason": "issued_in_error"}))
		soon(t, "its list", func() bool { return !bytes.Equal(b.get(list, "").body, before) })
		soon(t, "its verdict", func() bool { return verdict(t, b, badge) == "invalid" })
		soon(t, "its record", func() bool {
			return bytes.Contains(b.get("/v1/credentials/"+made.ID, h.issue).body, []byte(`"revoked"`))
		})
	})

	t.Run("erased on one, gone on the other", func(t *testing.T) {
		h.must(http.StatusOK, a.call(http.MethodDelete, "/v1/credentials/"+made.ID+"/personal-data", h.issue, "", nil))
		soon(t, "the badge", func() bool { return b.get("/credentials/"+made.ID, "").status == http.StatusGone })
	})

	t.Run("a token that is withdrawn on one is refused by the other", func(t *testing.T) {
		token := h.run(a.data, "token", "create", "--issuer", "bees", "--scope", "read")
		h.must(http.StatusOK, b.get("/v1/credentials?limit=1", token))
		id := strings.Split(token, "_")[1]
		h.run(a.data, "token", "revoke", id)
		soon(t, "the token", func() bool { return b.get("/v1/credentials?limit=1", token).status == http.StatusUnauthorized })
	})

	t.Run("a key that one makes is the other's too", func(t *testing.T) {
		before := len(h.must(http.StatusOK, b.get("/issuers/bees/did.json", "")).body)
		h.run(a.data, "keys", "rotate", "--issuer", "bees", "--alg", "EdDSA", "--at", "2s")
		soon(t, "the key is published", func() bool { return len(b.get("/issuers/bees/did.json", "").body) > before })
		time.Sleep(2 * time.Second)
		var one, other record
		one.issue(t, a, "rotated-a")
		other.issue(t, b, "rotated-b")
		if k := one.key(t); k != other.key(t) || k == made.key(t) {
			t.Errorf("signed with %s and %s, before with %s", one.key(t), other.key(t), made.key(t))
		}
		for _, s := range h.services {
			for _, r := range []record{one, other} {
				if v := verdict(t, s, h.must(http.StatusOK, s.get("/credentials/"+r.ID, "")).body); v != "valid" {
					t.Errorf("%s: %s", r.ID, v)
				}
			}
		}
	})

	t.Run("what one was about to do, the other does when it is killed", func(t *testing.T) {
		var last record
		last.issue(t, a, "last")
		a.kill()
		// A busy machine takes its time; how long it was is logged, and held by the long runs.
		patience := time.Duration(number("REPLICAS_TAKEN", 120_000)) * time.Millisecond
		begun := time.Now()
		for deadline := begun.Add(patience); ; time.Sleep(50 * time.Millisecond) {
			jwt := b.get("/credentials/"+last.ID+".jwt", "")
			if jwt.status == http.StatusOK {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("its JWT: %d %s", jwt.status, jwt.body)
			}
		}
		t.Logf("its JWT: after %v", time.Since(begun).Round(time.Millisecond))
		for ; c.Value(t, `SELECT count(*) FROM laurel_store WHERE key >= 'o/' AND key < 'o0'`) > 0; time.Sleep(50 * time.Millisecond) {
			if time.Since(begun) > patience {
				t.Fatal("audit records wait for their places")
			}
		}
		t.Logf("the audit log: after %v", time.Since(begun).Round(time.Millisecond))
	})
	h.check()
}

func (r *record) issue(t *testing.T, s *service, name string) {
	t.Helper()
	s.house.must(http.StatusCreated, s.post("/v1/credentials", s.house.issue, name, award(name))).into(t, r)
}

// key is the name of the key that signed.
func (r *record) key(t *testing.T) string {
	t.Helper()
	var one struct{ VerificationMethod string }
	raw := bytes.Trim(r.Credential.Proof, "[]")
	if err := json.Unmarshal(raw, &one); err != nil || one.VerificationMethod == "" {
		t.Fatalf("%s: %v", r.Credential.Proof, err)
	}
	return one.VerificationMethod
}

func verdict(tb testing.TB, s *service, badge []byte) string {
	tb.Helper()
	var out struct{ Verdict string }
	s.house.must(http.StatusOK, s.post("/v1/verify", "", "", json.RawMessage(badge))).into(tb, &out)
	return out.Verdict
}

// races sends the same requests to both services at once: with one key, and for
// one person with a key each.
func (h *house) races(t *testing.T) {
	const each = 12
	ids := make([][4]string, each)
	var wg sync.WaitGroup
	for n := range each {
		for client := range 4 {
			s := h.services[client%2]
			wg.Go(func() {
				name := fmt.Sprintf("raced-%d", n)
				key := name
				if n%2 == 1 { // the person is the same, and the request is not
					key = fmt.Sprintf("%s-%d", name, client)
				}
				a := s.post("/v1/credentials", h.issue, key, award(name))
				if a.err != nil || a.status != http.StatusCreated && a.status != http.StatusOK {
					t.Errorf("%s: %d %v %s", a.what, a.status, a.err, a.body)
					return
				}
				var r record
				a.into(t, &r)
				ids[n][client] = r.ID
			})
		}
	}
	wg.Wait()
	for n, of := range ids {
		for _, id := range of[1:] {
			if id == "" || id != of[0] {
				t.Errorf("request %d was answered with the badges %v", n, of)
				break
			}
		}
	}
}
