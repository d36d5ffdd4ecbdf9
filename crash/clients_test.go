//go:build linux && !race

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"laurel/badge/status"
)

// badge is what a client knows of one that it was given.
type badge struct {
	ref      string // the client's own name for it, and its idempotency key
	id       string
	state    string // active, suspended, revoked
	erased   bool
	kept     bool     // nobody changes it any more
	first    []byte   // the answer to issuing
	document []byte   // what is signed now
	marks    []string // addresses of its status entries, those of earlier editions first
	entries  []entry  // of the current edition
	editions int
}

// entry is a place in a status list.
type entry struct {
	ID      string `json:"id"`
	Purpose string `json:"statusPurpose"`
	Index   string `json:"statusListIndex"`
}

// request is one change that a client wants. Until it was answered its outcome is
// unknown, and it is repeated as it is.
type request struct {
	kind, method, path, body, key string
	badge                         *badge
	asked                         int
}

// client lives one life after the other with badges of its own, so that what it
// knows of them is what has to be there.
type client struct {
	name    string
	chance  *rand.Rand
	badges  []*badge
	pending *request
	http    *http.Client
	kinds   []string // what it does; nil: everything
	made    int
}

// tally counts what happened. What is below bad must not happen.
type tally struct {
	acknowledged, unknown, replayed atomic.Int64
	mu                              sync.Mutex
	bad                             []string
	refusals                        map[string]int // by status and code
	withdrawn                       []string       // status entries of what was revoked, as acknowledged
}

// withdrew notes that a revocation was acknowledged.
func (c *tally) withdrew(b *badge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range b.entries {
		if e.Purpose == "revocation" {
			c.withdrawn = append(c.withdrawn, e.ID)
		}
	}
}

// acknowledgedUntilNow is the status entries of all that was revoked.
func (c *tally) acknowledgedUntilNow() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.withdrawn)
}

func (c *tally) wrong(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

func (c *tally) refused(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusals == nil {
		c.refusals = map[string]int{}
	}
	c.refusals[what]++
}

// hasRefused tells whether somebody was refused so.
func (c *tally) hasRefused(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusals[what] > 0
}

// crowd is the clients of a house.
type crowd struct {
	h       *house
	clients []*client
	tally
}

func (h *house) crowd(n int, kinds ...string) *crowd {
	c := &crowd{h: h}
	for i := range n {
		c.clients = append(c.clients, &client{name: fmt.Sprintf("client%02d", i), chance: rand.New(rand.NewPCG(rand.Uint64(), 1)), kinds: kinds,
			http: &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}})
	}
	return c
}

// work lets the clients work until ctx ends or each met something unknown. A
// request under way then is awaited.
func (c *crowd) work(ctx context.Context) {
	var all sync.WaitGroup
	for _, one := range c.clients {
		all.Go(func() {
			for ctx.Err() == nil && c.step(one) {
			}
		})
	}
	all.Wait()
}

// persist lets the clients go on after an unknown outcome, with a pause.
func (c *crowd) persist(ctx context.Context) {
	var all sync.WaitGroup
	for _, one := range c.clients {
		all.Go(func() {
			for ctx.Err() == nil {
				if !c.step(one) {
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	all.Wait()
}

// settle repeats every request whose outcome is unknown until it is answered.
func (c *crowd) settle() {
	var all sync.WaitGroup
	for _, one := range c.clients {
		all.Go(func() {
			for until := time.Now().Add(3 * time.Minute); one.pending != nil; {
				if !c.step(one) && time.Now().After(until) {
					c.wrong("%s of %s is not answered", one.pending.kind, one.pending.badge.ref)
					return
				}
			}
		})
	}
	all.Wait()
}

// step makes one request. It reports false where the outcome is unknown.
func (c *crowd) step(one *client) bool {
	if one.pending == nil {
		one.pending = one.next()
	}
	r := one.pending
	r.asked++
	code, header, body, err := c.send(one.http, r)
	if err != nil || code >= http.StatusInternalServerError || code == http.StatusTooManyRequests {
		c.unknown.Add(1)
		if err == nil {
			c.refused(strconv.Itoa(code) + " " + member(body, "code"))
		}
		return false
	}
	one.pending = nil
	c.acknowledged.Add(1)
	if header.Get("Idempotent-Replayed") == "true" {
		c.replayed.Add(1)
		if r.asked == 1 {
			c.wrong("%s of %s was asked once and answered as if twice", r.kind, r.badge.ref)
		}
	}
	if err := one.learn(r, code, body); err != nil {
		c.wrong("%s of %s: %v", r.kind, r.badge.ref, err)
	}
	if r.badge.state == "revoked" {
		c.withdrew(r.badge)
	}
	return true
}

func (c *crowd) send(with *http.Client, r *request) (code int, header http.Header, body []byte, err error) {
	var in io.Reader
	if r.body != "" {
		in = strings.NewReader(r.body)
	}
	req, err := http.NewRequest(r.method, c.h.base+r.path, in)
	if err != nil {
		return 0, nil, nil, err
	}
	req.Host = c.h.host()
	req.Header.Set("Authorization", "Bearer "+c.h.token)
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	resp, err := with.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

// next draws what to do: issue, or go on with the life of a badge.
func (one *client) next() *request {
	var able []*badge
	for _, b := range one.badges {
		if b.state != "revoked" && !b.kept {
			able = append(able, b)
		}
	}
	kind := "issue"
	var b *badge
	if len(able) > 0 && one.chance.IntN(2) == 0 {
		b = able[one.chance.IntN(len(able))]
		kind = [...]string{"suspend", "reissue", "revoke", "erase"}[one.chance.IntN(4)]
		if b.state == "suspended" {
			kind = [...]string{"reinstate", "revoke"}[one.chance.IntN(2)]
		}
		if one.kinds != nil && !slices.Contains(one.kinds, kind) {
			kind = "issue"
		}
	}
	one.made++
	key := fmt.Sprintf("%s-%05d", one.name, one.made)
	path := "/v1/credentials"
	if kind != "issue" {
		path += "/" + b.id + "/" + kind
	}
	switch kind {
	case "issue":
		b = &badge{ref: key}
		return &request{kind: kind, method: http.MethodPost, path: path, key: key, badge: b, body: fmt.Sprintf(
			`{"achievement":"first-aid","recipient":{"name":"Person %[1]s","email":"%[1]s@learner.example"},"awardedAt":"2025-07-11","externalRef":%[1]q}`, key)}
	case "reissue":
		return &request{kind: kind, method: http.MethodPost, path: path, key: key, badge: b, body: fmt.Sprintf(`{"recipient":{"name":"Corrected %s"}}`, key)}
	case "erase":
		return &request{kind: kind, method: http.MethodDelete, path: "/v1/credentials/" + b.id + "/personal-data", badge: b}
	}
	return &request{kind: kind, method: http.MethodPost, path: path, key: key, badge: b, body: `{}`}
}

// learn takes in an answer.
func (one *client) learn(r *request, code int, body []byte) error {
	want := http.StatusOK
	if r.kind == "issue" {
		want = http.StatusCreated
	}
	var a struct {
		ID, Status string
		Credential json.RawMessage
	}
	if code != want {
		return fmt.Errorf("%d %.300s", code, body)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return err
	}
	b := r.badge
	switch r.kind {
	case "issue":
		b.id, b.first, b.state = a.ID, body, "active"
		one.badges = append(one.badges, b)
		return b.edition(a.Credential)
	case "reissue":
		return b.edition(a.Credential)
	case "suspend":
		b.state = "suspended"
	case "reinstate":
		b.state = "active"
	case "erase":
		b.erased, b.state = true, "revoked"
	case "revoke":
		b.state = "revoked"
	}
	if a.ID != b.id || a.Status != b.state {
		return fmt.Errorf("the answer says that %s is %s, want %s %s", a.ID, a.Status, b.id, b.state)
	}
	return nil
}

// edition takes in a badge as it is signed now.
func (b *badge) edition(document []byte) error {
	var signed struct{ CredentialStatus []entry }
	if err := json.Unmarshal(document, &signed); err != nil {
		return err
	}
	if len(signed.CredentialStatus) != 2 {
		return fmt.Errorf("the badge has %d status entries", len(signed.CredentialStatus))
	}
	for _, e := range b.entries {
		b.marks = append(b.marks, e.ID)
	}
	b.document, b.entries = document, signed.CredentialStatus
	b.editions++
	return nil
}

// hold holds what the service has against what the clients know: of the badges
// from some on, everything, and of all that no id and no index is used twice.
func (c *crowd) hold(all bool) (badges, editions int) {
	lists, ids, places := map[string]*status.List{}, map[string]string{}, map[string]string{}
	for _, one := range c.clients {
		for n, b := range one.badges {
			badges, editions = badges+1, editions+b.editions
			if other := ids[b.id]; other != "" {
				c.wrong("%s and %s have the id %s", other, b.ref, b.id)
			}
			ids[b.id] = b.ref
			now := make([]string, len(b.entries))
			for i, e := range b.entries {
				now[i] = e.ID
			}
			for _, place := range append(slices.Clone(b.marks), now...) {
				if other := places[place]; other != "" {
					c.wrong("%s and %s have the index %s", other, b.ref, place)
				}
				places[place] = b.ref
			}
			if all || n >= len(one.badges)-5 {
				c.holdBadge(one, b)
			}
			c.holdBits(lists, b)
		}
	}
	return badges, editions
}

func (c *crowd) holdBadge(one *client, b *badge) {
	again := &request{method: http.MethodPost, path: "/v1/credentials", key: b.ref, body: fmt.Sprintf(
		`{"achievement":"first-aid","recipient":{"name":"Person %[1]s","email":"%[1]s@learner.example"},"awardedAt":"2025-07-11","externalRef":%[1]q}`, b.ref)}
	code, header, body, err := c.send(one.http, again)
	switch {
	case err != nil:
		c.wrong("repeating %s: %v", b.ref, err)
	case b.erased && code != http.StatusGone:
		c.wrong("repeating %s, which was erased: %d %.200s", b.ref, code, body)
	case !b.erased && (code != http.StatusCreated || header.Get("Idempotent-Replayed") != "true"):
		c.wrong("repeating %s: %d %.200s", b.ref, code, body)
	case !b.erased && !bytes.Equal(body, b.first):
		c.wrong("repeating %s gives another answer:\n%s\n%s", b.ref, b.first, body)
	}
	code, _, body, err = c.send(one.http, &request{method: http.MethodGet, path: "/v1/credentials/" + b.id})
	if got := member(body, "status"); err != nil || code != http.StatusOK && !(b.erased && code == http.StatusGone) || code == http.StatusOK && got != b.state {
		c.wrong("the record of %s: %d %s, want %s: %v", b.ref, code, got, b.state, err)
	}
	if b.state == "revoked" {
		return
	}
	code, _, body, err = c.send(one.http, &request{method: http.MethodGet, path: "/credentials/" + b.id + ".json"})
	if err != nil || code != http.StatusOK || !bytes.Equal(body, b.document) {
		c.wrong("%s is not what was acknowledged: %d, %v", b.ref, code, err)
	}
}

// holdBits holds the published lists against the states of a badge.
func (c *crowd) holdBits(lists map[string]*status.List, b *badge) {
	bit := func(address string) (bool, error) {
		list, index, _ := strings.Cut(address, "#")
		if lists[list] == nil {
			published, err := c.h.list(strings.TrimPrefix(list, c.h.public))
			if err != nil {
				return false, err
			}
			lists[list] = published
		}
		n, err := strconv.Atoi(index)
		if err != nil {
			return false, err
		}
		return lists[list].Bit(n)
	}
	for _, e := range b.entries {
		want := b.state == "revoked"
		if e.Purpose == "suspension" {
			want = b.state == "suspended"
			if b.state == "revoked" {
				continue // stays as it was
			}
		}
		if got, err := bit(e.ID); err != nil || got != want {
			c.wrong("%s is %s, and %s is %t: %v", b.ref, b.state, e.ID, got, err)
		}
	}
	for _, mark := range b.marks {
		if strings.Contains(mark, "-s") {
			continue
		}
		if got, err := bit(mark); err != nil || !got {
			c.wrong("an earlier edition of %s stands: %s is %t: %v", b.ref, mark, got, err)
		}
	}
}

// list reads a published list.
func (h *house) list(path string) (*status.List, error) {
	code, body := h.get(path)
	if code != http.StatusOK {
		return nil, fmt.Errorf("%s: %d %.200s", path, code, body)
	}
	return decodeList(body)
}

func decodeList(body []byte) (*status.List, error) {
	var list struct {
		CredentialSubject struct{ EncodedList string }
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	return status.Decode(list.CredentialSubject.EncodedList, status.DefaultMaxBytes)
}

func (h *house) host() string {
	_, host, _ := strings.Cut(h.public, "://")
	return host
}

// get asks for what anybody may see; 0 where there is no answer.
func (h *house) get(path string) (int, []byte) {
	code, _, body := h.getUnless(path, "")
	return code, body
}

// getUnless asks for what anybody may see, unless it is still the version that has
// an ETag.
func (h *house) getUnless(path, etag string) (int, http.Header, []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+path, nil)
	if err != nil {
		return 0, nil, nil
	}
	req.Host = h.host()
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil
	}
	return resp.StatusCode, resp.Header, body
}

// member is a member of a JSON object that is a text.
func member(body []byte, name string) string {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	text, _ := m[name].(string)
	return text
}
