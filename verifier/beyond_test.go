package verifier_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/verifier"
)

// wide publishes a status list whose entries take several bits: those given
// have the values given.
func (w *world) wide(url, purpose string, key signer, size int, values map[int]int) {
	w.t.Helper()
	bits := status.New(size * status.MinimumBits)
	for i, v := range values {
		for b := range size {
			if v>>(size-1-b)&1 == 1 {
				must(w.t, bits.SetBit(i*size+b, true))
			}
		}
	}
	w.list(url, purpose, key, nil, encodedList(bits.Encode()))
}

// entry is a status entry with further members.
func entryOf(purpose, index, list, more string) string {
	return fmt.Sprintf(`{"id":"%s#%s","type":"BitstringStatusListEntry","statusPurpose":%q,"statusListIndex":%[2]q,"statusListCredential":%[1]q%[4]s}`, list, index, purpose, more)
}

const fourMessages = `,"statusSize":2,"statusMessage":[{"status":"0x0","message":"as issued"},{"status":"0x1","message":"under appeal"},` +
	`{"status":"0x2","message":"appeal dismissed"},{"status":"0x3","message":"appeal upheld"}],"statusReference":"https://badges.example.edu/appeals"`

func TestStatusMessages(t *testing.T) {
	with := func(value int, purpose, more string) func(*world) string {
		return func(w *world) string {
			w.wide(suspensionURL, purpose, w.issuer, 2, map[int]int{7: value})
			return w.badge(put("credentialStatus", entryOf(purpose, "7", suspensionURL, more)))
		}
	}
	for _, s := range []state{
		{name: "nothing to say", verdict: valid, make: with(0, "message", fourMessages), want: one(message, pass, verifier.StatusMessage)},
		{name: "a message", verdict: warning, make: with(1, "message", fourMessages), want: one(message, warn, verifier.StatusMessage)},
		{name: "a value of a revocation", verdict: invalid, make: with(2, "revocation", fourMessages), want: one(revocation, fail, verifier.Revoked)},
		{name: "no value of a revocation", verdict: valid, make: with(0, "revocation", fourMessages), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "a message too few", verdict: invalid, make: with(0, "message", strings.Replace(fourMessages, `,{"status":"0x3","message":"appeal upheld"}`, "", 1)), want: one(message, fail, verifier.StatusListInvalid)},
		{name: "a message twice", verdict: invalid, make: with(0, "message", strings.Replace(fourMessages, "0x3", "0x2", 1)), want: one(message, fail, verifier.StatusListInvalid)},
		{name: "a list of too few wide entries", verdict: invalid, make: func(w *world) string {
			w.list(suspensionURL, "message", w.issuer, nil)
			return w.badge(put("credentialStatus", entryOf("message", "7", suspensionURL, fourMessages)))
		}, want: one(message, fail, verifier.StatusListInvalid)},
		{name: "a list of messages unreachable", verdict: indeterminate, make: func(w *world) string {
			return w.badge(put("credentialStatus", entryOf("message", "7", suspensionURL, fourMessages)))
		}, want: one(message, open, verifier.StatusListUnreachable)},
		{name: "an update is there", verdict: warning, make: func(w *world) string {
			w.list(suspensionURL, "refresh", w.issuer, []int{7})
			return w.badge(put("credentialStatus", entryOf("refresh", "7", suspensionURL, "")))
		}, want: one(refresh, warn, verifier.NewerEdition)},
		{name: "an update cannot be seen", verdict: warning, make: func(w *world) string {
			return w.badge(put("credentialStatus", entryOf("refresh", "7", suspensionURL, "")))
		}, want: one(refresh, warn, verifier.RefreshUnreachable)},
	} {
		s.run(t)
	}
	w := newWorld(t)
	f := verify(t, w.v, with(1, "message", fourMessages)(w), verifier.Options{}).Finding(message)
	if f.Params["message"] != "under appeal" || f.Params["status"] != "0x1" || f.Params["reference"] != "https://badges.example.edu/appeals" {
		t.Errorf("params %v", f.Params)
	}
}

const revokedURL = "https://badges.example.edu/revoked"

func TestRevocationList(t *testing.T) {
	const id = "https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11"
	with := func(list string) func(*world) string {
		return func(w *world) string {
			if list != "" {
				w.web.put(revokedURL, []byte(strings.ReplaceAll(list, "ISSUER", w.issuer.method.Controller)))
			}
			return w.badge(put("credentialStatus", `{"id":"`+revokedURL+`","type":"1EdTechRevocationList"}`))
		}
	}
	for _, s := range []state{
		{name: "not named", verdict: valid, make: with(`{"id":"` + revokedURL + `","issuer":"ISSUER","revokedCredential":[{"id":"urn:x"}]}`), want: one(revocation, pass, verifier.NotRevokedUnsigned)},
		{name: "named", verdict: invalid, make: with(`{"issuer":{"id":"ISSUER"},"revokedCredential":[{"id":"` + id + `","revoked":true,"revocationReason":"plagiarism"}]}`), want: one(revocation, fail, verifier.Revoked), detail: "not signed"},
		{name: "named without a word", verdict: invalid, make: with(`{"revokedCredential":{"id":"` + id + `"}}`), want: one(revocation, fail, verifier.Revoked)},
		{name: "named as not revoked", verdict: valid, make: with(`{"revokedCredential":[{"id":"` + id + `","revoked":false}]}`), want: one(revocation, pass, verifier.NotRevokedUnsigned)},
		{name: "of another issuer", verdict: invalid, make: with(`{"issuer":"did:web:evil.example","revokedCredential":[]}`), want: one(revocation, fail, verifier.StatusListInvalid)},
		{name: "of another address", verdict: invalid, make: with(`{"id":"https://other.example/","revokedCredential":[]}`), want: one(revocation, fail, verifier.StatusListInvalid)},
		{name: "no list", verdict: invalid, make: with(`[]`), want: one(revocation, fail, verifier.StatusListInvalid)},
		{name: "a page", verdict: indeterminate, make: with(`<html>`), want: one(revocation, open, verifier.StatusListUnreachable)},
		{name: "unreachable", verdict: indeterminate, make: with(``), want: one(revocation, open, verifier.StatusListUnreachable)},
	} {
		s.run(t)
	}
	w := newWorld(t)
	if f := verify(t, w.v, with(`{"revokedCredential":[{"id":"`+id+`","statusReason":"plagiarism"}]}`)(w), verifier.Options{}).Finding(revocation); f.Params["reason"] != "plagiarism" {
		t.Errorf("params %v", f.Params)
	}
}

// TestRevocationListIsReadOnce: several entries ask one list once, and what was
// read as a list of one kind is none of another.
func TestRevocationListIsReadOnce(t *testing.T) {
	w := newWorld(t)
	entry := `{"id":"` + revokedURL + `","type":"1EdTechRevocationList"}`
	bits := entryOf("revocation", "7", revokedURL, "")
	list := []byte(`{"revokedCredential":[{"id":"urn:x"}]}`)
	w.web.put(revokedURL, list)
	before := w.web.asked.Load()
	expect(t, verifyOnce(t, w.v, w.badge(put("credentialStatus", "["+entry+","+entry+"]")), verifier.Options{}), valid, finding{revocation, pass, verifier.NotRevokedUnsigned})
	if n := w.web.asked.Load() - before; n != 1 {
		t.Errorf("one list was asked for %d times", n)
	}
	for _, both := range []string{"[" + entry + "," + bits + "]", "[" + bits + "," + entry + "]"} {
		text := w.badge(put("credentialStatus", both))
		expect(t, verifyOnce(t, w.v, text, verifier.Options{}), invalid, finding{revocation, fail, verifier.StatusListInvalid})
		w.list(revokedURL, "revocation", w.issuer, nil)
		expect(t, verifyOnce(t, w.v, text, verifier.Options{}), invalid, finding{revocation, fail, verifier.StatusListInvalid})
		w.web.put(revokedURL, list)
	}
}

// TestRevocationListNeverFailsOpen: whatever stands in its place, a list of
// revoked badges that is not there leaves nothing unrevoked.
func TestRevocationListNeverFailsOpen(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "a page": "<html>", "half a list": `{"revokedCredential":[`, "null": "null", "a text": `"revokedCredential"`, "a list": `[]`,
		"an object": `{}`, "an error": `{"error":"not found"}`, "another list": `{"revokedCredentials":[]}`, "duplicates": `{"revokedCredential":[],"revokedCredential":[]}`,
		"entries without a name": `{"revokedCredential":[{}]}`, "numbers": `{"revokedCredential":[7]}`, "a null entry": `{"revokedCredential":[null]}`,
		"its list null": `{"revokedCredential":null}`,
	} {
		w := newWorld(t)
		w.web.put(revokedURL, []byte(text))
		r := verify(t, w.v, w.badge(put("credentialStatus", `{"id":"`+revokedURL+`","type":"1EdTechRevocationList"}`)), verifier.Options{})
		if r.Verified() || r.Finding(revocation).Outcome == pass {
			t.Errorf("%s: %s\n%s", name, r.Verdict(), lines(r))
		}
	}
}

// TestLastKnown: a list that cannot be had any more leaves what it said last,
// and when, beside an open question; for its issuer alone.
func TestLastKnown(t *testing.T) {
	at := now
	for name, set := range map[verifier.Code][]int{verifier.NotRevoked: nil, verifier.Revoked: {badgeIndex}} {
		at = now
		w := newWorld(t, func(c *verifier.Config) { c.Now = func() time.Time { return at } })
		w.list(listURL, "revocation", w.issuer, set)
		text := w.badge()
		if got := w.v.Verify(context.Background(), []byte(text)).Finding(revocation).Code; got != name {
			t.Fatalf("%s, want %s", got, name)
		}
		delete(w.web.pages, listURL)
		at = now.Add(26 * time.Hour)
		f := w.v.Verify(context.Background(), []byte(text)).Finding(revocation)
		if f.Code != verifier.StatusListUnreachable || f.Params["last"] != string(name) || f.Params["lastAt"] != "2026-11-21T10:00:00Z" {
			t.Errorf("%s %v, want %s of yesterday", f.Code, f.Params, name)
		}
		other := didKey(t)
		f = w.v.Verify(context.Background(), []byte(w.sign(w.unsigned(other.method.Controller), other, now))).Finding(revocation)
		if f.Code != verifier.StatusListUnreachable || f.Params["last"] != "" {
			t.Errorf("another issuer's badge: %s %v", f.Code, f.Params)
		}
	}
}

// copying is a source of lists that keeps copies.
type copying struct {
	*web
	copies map[string][]byte
	fresh  int
}

func (c *copying) StatusList(ctx context.Context, url string) ([]byte, error) {
	if c.copies[url] != nil {
		return c.copies[url], nil
	}
	page, err := c.web.StatusList(ctx, url)
	c.copies[url] = page
	return page, err
}

func (c *copying) FreshStatusList(ctx context.Context, url string) ([]byte, error) {
	c.fresh++
	return c.web.StatusList(ctx, url)
}

// copies is a world whose verifier has a clock that can be moved and reads
// copies of lists.
type copies struct {
	*world
	at     time.Time
	source *copying
	text   string // of the badge
}

func newCopies(t *testing.T) *copies {
	c := &copies{at: now}
	c.world = newWorld(t, func(cfg *verifier.Config) {
		c.source = &copying{web: cfg.Status.(*web), copies: map[string][]byte{}}
		cfg.Status, cfg.Now = c.source, func() time.Time { return c.at }
	})
	c.text = c.badge()
	return c
}

// ask verifies the badge at a time, and holds what is found and how many lists
// were asked for afresh so far.
func (c *copies) ask(after time.Duration, want verifier.Code, fresh int) verifier.Finding {
	c.t.Helper()
	c.at = now.Add(after)
	f := c.v.Verify(context.Background(), []byte(c.text)).Finding(revocation)
	if f.Code != want || c.source.fresh != fresh {
		c.t.Errorf("after %s: %s after %d fresh lists, want %s and %d", after, f.Code, c.source.fresh, want, fresh)
	}
	return f
}

// TestCopiesOfListsAreAsOldAsTheyMayBe: a revocation is seen when the list's
// own ttl is over, however long copies of it are kept, how often it is read in
// between, and in whatever form it comes.
func TestCopiesOfListsAreAsOldAsTheyMayBe(t *testing.T) {
	for name, publish := range map[string]func(c *copies, set []int){
		"embedded proof": func(c *copies, set []int) { c.list(listURL, "revocation", c.issuer, set, ttl("60000")) },
		"two proofs": func(c *copies, set []int) {
			c.list(listURL, "revocation", c.issuer, set, ttl("60000"))
			p := onlyProof(t, string(c.web.pages[listURL]))
			c.web.put(listURL, []byte(put("proof", "["+p+","+p+"]")(t, string(c.web.pages[listURL]))))
		},
		"token": func(c *copies, set []int) { c.listJWS(set, ttl("60000")) },
		"envelope": func(c *copies, set []int) {
			c.listJWS(set, ttl("60000"))
			c.web.put(listURL, []byte(envelope("application/vc+jwt", string(c.web.pages[listURL]))))
		},
		"token as a JSON text": func(c *copies, set []int) {
			c.listJWS(set, ttl("60000"))
			c.web.put(listURL, []byte(`"`+string(c.web.pages[listURL])+`"`))
		},
		"token's exp": func(c *copies, set []int) { c.listJWS(set, add(`"validUntil":"2026-11-21T10:01:00Z"`)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCopies(t)
			publish(c, nil)
			c.ask(0, verifier.NotRevoked, 0)
			publish(c, []int{badgeIndex})
			c.ask(30*time.Second, verifier.NotRevoked, 0)
			c.ask(59*time.Second, verifier.NotRevoked, 0)
			if name == "token's exp" { // good until the end of that second
				c.at = now.Add(30 * time.Second)
				c.list(listURL, "revocation", c.issuer, []int{badgeIndex})
				c.ask(61*time.Second, verifier.Revoked, 1)
				return
			}
			c.ask(time.Minute, verifier.Revoked, 1)
		})
	}
}

// TestListThatWasNotRenewed: when a list's ttl is over and it is still the same,
// its time begins anew; when no newer one can be had, that is tried again after
// a minute, and not by everybody.
func TestListThatWasNotRenewed(t *testing.T) {
	c := newCopies(t)
	c.listJWS(nil, ttl("600000"))
	c.ask(0, verifier.NotRevoked, 0)
	c.ask(10*time.Minute, verifier.NotRevoked, 1)
	c.ask(20*time.Minute-1, verifier.NotRevoked, 1)
	delete(c.web.pages, listURL)
	c.ask(20*time.Minute, verifier.NotRevoked, 2)
	c.ask(21*time.Minute-1, verifier.NotRevoked, 2)
	c.ask(21*time.Minute, verifier.NotRevoked, 3)
}

// TestExpiredCopy: before a list is called expired, it is asked for past all
// copies.
func TestExpiredCopy(t *testing.T) {
	c := newCopies(t)
	c.list(listURL, "revocation", c.issuer, nil, add(`"validUntil":"2026-11-21T09:59:59Z"`))
	f := c.ask(0, verifier.StatusListExpired, 1)
	if f.Params["until"] != "2026-11-21T09:59:59Z" || f.Params["last"] != "not_revoked" || f.Params["lastAt"] != "" {
		t.Errorf("params %v", f.Params)
	}
	c.ask(59*time.Second, verifier.StatusListExpired, 1) // not for everybody
	c.list(listURL, "revocation", c.issuer, nil, put("validUntil", `"2026-11-21T11:00:00Z"`))
	c.ask(time.Minute, verifier.NotRevoked, 2)
	c.source.copies = map[string][]byte{}
	delete(c.web.pages, listURL)
	if f := c.ask(2*time.Minute, verifier.StatusListUnreachable, 2); f.Params["lastAt"] != "2026-11-21T10:01:00Z" {
		t.Errorf("params %v", f.Params)
	}
}

const editionsURL = "https://badges.example.edu/refresh/1"

func TestRefresh(t *testing.T) {
	service := put("refreshService", `{"id":"`+editionsURL+`","type":"1EdTechCredentialRefresh"}`)
	newer := []edit{service, put("validFrom", `"2026-11-21T08:00:00Z"`)}
	offers := func(make func(w *world) string) func(*world) string {
		return func(w *world) string {
			w.web.put(editionsURL, []byte(make(w)))
			return w.badge(service)
		}
	}
	edition := func(edits ...edit) func(*world) string {
		return offers(func(w *world) string { return w.badge(append(newer, edits...)...) })
	}
	bad := one(refresh, warn, verifier.RefreshInvalid)
	for _, s := range []state{
		{name: "a newer edition", verdict: warning, make: edition(), want: one(refresh, warn, verifier.NewerEdition), pointer: "/refreshService"},
		{name: "this edition", verdict: valid, make: offers(func(w *world) string { return w.badge(service) + "\n" }), want: one(refresh, pass, verifier.NoNewerEdition)},
		{name: "an older edition", verdict: valid, make: edition(put("validFrom", `"2026-11-01T08:00:00Z"`)), want: one(refresh, pass, verifier.NoNewerEdition)},
		{name: "an edition of tomorrow", verdict: valid, make: edition(put("validFrom", `"2026-11-22T08:00:00Z"`)), want: one(refresh, pass, verifier.NoNewerEdition)},
		{name: "another badge", verdict: warning, make: edition(put("id", `"https://badges.example.edu/credentials/2"`)), want: bad, detail: "another id"},
		{name: "an edition of another", verdict: warning, make: offers(func(w *world) string {
			k := didKey(t)
			return w.sign(w.unsigned(k.method.Controller, newer...), k, now)
		}), want: bad, detail: "another issuer"},
		{name: "a forged edition", verdict: warning, make: offers(func(w *world) string { return swap(`"value":"94"`, `"value":"99"`)(t, w.badge(newer...)) }), want: bad, detail: "proof"},
		{name: "an unsigned edition", verdict: warning, make: offers(func(w *world) string { return w.unsigned(w.issuer.method.Controller, newer...) }), want: bad, detail: "no_proof"},
		{name: "a revoked edition", verdict: warning, make: edition(swap(`"statusListIndex":"94567"`, `"statusListIndex":"1"`)), want: bad, detail: "revoked"},
		{name: "a page for people", verdict: warning, make: offers(func(*world) string { return "<html>" }), want: bad},
		{name: "unreachable", verdict: warning, make: func(w *world) string { return w.badge(service) }, want: one(refresh, warn, verifier.RefreshUnreachable)},
		{name: "a service of another kind", verdict: valid, make: func(w *world) string {
			return w.badge(put("refreshService", `{"id":"`+editionsURL+`","type":"1EdTechRevocationList"}`))
		}, want: one(refresh, skip, verifier.NotRefreshed)},
		{name: "of a forged badge nobody is asked", verdict: invalid, make: func(w *world) string {
			text := swap(`"value":"94"`, `"value":"99"`)(t, edition()(w))
			w.web.asked.Store(0)
			return text
		}, want: one(refresh, skip, verifier.NotRun)},
	} {
		s.run(t)
	}
}

// TestForgedBadgesAskNobody: where the proof costs nothing it comes first.
func TestForgedBadgesAskNobody(t *testing.T) {
	w := newWorld(t)
	text := swap(`"value":"94"`, `"value":"99"`)(t, w.badge(put("refreshService", `{"id":"`+editionsURL+`","type":"1EdTechCredentialRefresh"}`)))
	w.web.asked.Store(0)
	expect(t, verify(t, w.v, text, verifier.Options{}), invalid, finding{proofs, fail, verifier.ProofInvalid})
	if n := w.web.asked.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestResources(t *testing.T) {
	const url, text = "https://badges.example.edu/report.pdf", "the report"
	sri := func(text string) string {
		sum := sha512.Sum384([]byte(text))
		return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	multihash := func(text string, z bool) string {
		sum := sha256.Sum256([]byte(text))
		if raw := append([]byte{0x12, 32}, sum[:]...); z {
			return "z" + base58.Encode(raw)
		} else {
			return "u" + base64.RawURLEncoding.EncodeToString(raw)
		}
	}
	related := func(members string) func(*world) string {
		return func(w *world) string {
			w.web.put(url, []byte(text))
			return w.badge(put("relatedResource", `[{"id":"`+url+`",`+members+`}]`))
		}
	}
	for _, s := range []state{
		{name: "the same", verdict: valid, make: related(`"digestSRI":"` + sri(text) + `"`), want: one(resources, pass, verifier.ResourcesMatch)},
		{name: "the same, as base64url", verdict: valid, make: related(`"digestMultibase":"` + multihash(text, false) + `"`), want: one(resources, pass, verifier.ResourcesMatch)},
		{name: "the same, as base58", verdict: valid, make: related(`"digestMultibase":"` + multihash(text, true) + `"`), want: one(resources, pass, verifier.ResourcesMatch)},
		{name: "the strongest of several counts", verdict: valid, make: related(`"digestSRI":"sha256-` + strings.Repeat("A", 43) + `= ` + sri(text) + `"`), want: one(resources, pass, verifier.ResourcesMatch)},
		{name: "changed", verdict: invalid, make: related(`"digestSRI":"` + sri("another") + `"`), want: one(resources, fail, verifier.ResourceChanged), pointer: "/relatedResource/0"},
		{name: "one of two digests", verdict: invalid, make: related(`"digestSRI":"` + sri(text) + `","digestMultibase":"` + multihash("another", false) + `"`), want: one(resources, fail, verifier.ResourceChanged)},
		{name: "a digest of another kind", verdict: indeterminate, make: related(`"digestSRI":"md5-AAAA"`), want: one(resources, open, verifier.ResourceUnsupported)},
		{name: "unreachable", verdict: indeterminate, make: func(w *world) string {
			return w.badge(put("relatedResource", `{"id":"`+url+`","digestSRI":"`+sri(text)+`"}`))
		}, want: one(resources, open, verifier.ResourceUnreachable)},
		{name: "too many", verdict: indeterminate, make: func(w *world) string {
			var all []string
			for i := range 5 {
				at := fmt.Sprintf("%s?%d", url, i)
				w.web.put(at, []byte(text))
				all = append(all, `{"id":"`+at+`","digestSRI":"`+sri(text)+`"}`)
			}
			return w.badge(put("relatedResource", "["+strings.Join(all, ",")+"]"))
		}, want: one(resources, open, verifier.ResourceUnsupported)},
	} {
		s.run(t)
	}
}

func TestSchemasOfOthers(t *testing.T) {
	const url = "https://example.org/s.json"
	with := func(schema string) func(*world) string {
		return func(w *world) string {
			if schema != "" {
				w.web.put(url, []byte(schema))
			}
			return w.badge(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"`+url+`","type":"JsonSchema"}]`))
		}
	}
	for _, s := range []state{
		{name: "met", verdict: valid, make: with(`{"required":["issuer"]}`), want: one(schema, pass, verifier.OK)},
		{name: "not met", verdict: invalid, make: with(`{"required":["evidenceOfLife"]}`), want: one(schema, fail, verifier.SchemaMismatch), detail: "required"},
		{name: "not met, deeper", verdict: invalid, make: with(`{"properties":{"issuer":{"properties":{"name":{"maxLength":3}}}}}`), want: one(schema, fail, verifier.SchemaMismatch), pointer: "/issuer/name"},
		{name: "unreachable", verdict: indeterminate, make: with(``), want: one(schema, open, verifier.SchemaUnreachable)},
		{name: "no schema", verdict: indeterminate, make: with(`<html>`), want: one(schema, open, verifier.SchemaUnsupported)},
		{name: "refers to others", verdict: indeterminate, make: with(`{"$ref":"https://example.org/t.json"}`), want: one(schema, open, verifier.SchemaUnsupported)},
		{name: "refers to ours", verdict: valid, make: with(`{"$ref":"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"}`), want: one(schema, pass, verifier.OK)},
		{name: "of a kind that is not ours to judge", verdict: valid, make: func(w *world) string {
			return w.badge(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"`+url+`","type":"JsonSchemaCredential"}]`))
		}, want: one(schema, pass, verifier.OK)},
		{name: "of a forged badge", verdict: invalid, make: func(w *world) string {
			return swap(`"value":"94"`, `"value":"99"`)(t, with(`{"required":["evidenceOfLife"]}`)(w))
		}, want: []finding{{schema, pass, verifier.OK}, {proofs, fail, verifier.ProofInvalid}}},
	} {
		s.run(t)
	}
}

// TestSchemasOfOthersAndTokens: what the envelope adds is no part of the
// credential.
func TestSchemasOfOthersAndTokens(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	w.web.put("https://example.org/s.json", []byte(`{"properties":{"iss":false,"nbf":false,"jti":false}}`))
	text := w.token(w.issuer, put("credentialSchema", `[{"id":"https://example.org/s.json","type":"JsonSchema"}]`))
	expect(t, verify(t, w.v, text, verifier.Options{}), valid, finding{schema, pass, verifier.OK})
}

// endorsedBy is an endorsement of the badge in the words of the world, signed.
func (w *world) endorsedBy(k signer, edits ...edit) string {
	w.t.Helper()
	text := swap(`context-3.0.3.json"]`, `context-3.0.3.json","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]`)(w.t, endorsement(k))
	return w.sign(apply(w.t, text, edits), k, now.Add(-time.Hour))
}

// about makes an endorsement be of something.
func about(id string) edit {
	return swap(`"id":"https://badges.example.edu/achievements/data"`, fmt.Sprintf(`"id":%q`, id))
}

// Endorsements have findings of their own and never change the verdict.
func TestEndorsements(t *testing.T) {
	const badgeID = "https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11"
	guild := didKey(t)
	jws := func(w *world, edits ...edit) string {
		d, err := badge.Parse([]byte(apply(t, endorsement(guild), edits)))
		must(t, err)
		signed, err := proof.VCJWT{}.Secure(context.Background(), d, guild, now)
		must(t, err)
		return `"` + string(signed.Raw()) + `"`
	}
	onBadge := func(make func(w *world) string) func(*world) string {
		return func(w *world) string { return w.badge(add(`"endorsement":[` + make(w) + `]`)) }
	}
	for name, c := range map[string]struct {
		make func(w *world) string
		want []verifier.Code
		sum  verifier.Code
	}{
		"of the badge": {onBadge(func(w *world) string { return w.endorsedBy(guild, about(badgeID)) }), []verifier.Code{verifier.EndorsementHolds}, verifier.EndorsementsHold},
		"of the achievement, as a token": {func(w *world) string {
			d := jws(w, about(achievementID(w)))
			return w.badge(swap(`"achievement":{`, `"achievement":{"endorsementJwt":[`+d+`],`))
		}, []verifier.Code{verifier.EndorsementHolds}, verifier.EndorsementsHold},
		"of the issuer": {func(w *world) string {
			return w.badge(swap(`"issuer":{`, `"issuer":{"endorsement":[`+w.endorsedBy(guild, about(w.issuer.method.Controller))+`],`))
		}, []verifier.Code{verifier.EndorsementHolds}, verifier.EndorsementsHold},
		"of something else": {onBadge(func(w *world) string { return w.endorsedBy(guild) }), []verifier.Code{verifier.EndorsementOfAnother}, verifier.EndorsementNotGood},
		"of something else, and over": {onBadge(func(w *world) string { return w.endorsedBy(guild, put("validUntil", `"2026-11-20T00:00:00Z"`)) }),
			[]verifier.Code{verifier.EndorsementOfAnother}, verifier.EndorsementNotGood},
		"forged": {onBadge(func(w *world) string {
			return swap("Good.", "Very good.")(t, w.endorsedBy(guild, about(badgeID)))
		}), []verifier.Code{verifier.EndorsementInvalid}, verifier.EndorsementNotGood},
		"unsigned": {onBadge(func(w *world) string { return drop("proof")(t, w.endorsedBy(guild, about(badgeID))) }), []verifier.Code{verifier.EndorsementInvalid}, verifier.EndorsementNotGood},
		"expired": {onBadge(func(w *world) string {
			return w.endorsedBy(guild, about(badgeID), put("validUntil", `"2026-11-20T00:00:00Z"`))
		}), []verifier.Code{verifier.EndorsementExpired}, verifier.EndorsementNotGood},
		"withdrawn": {onBadge(func(w *world) string {
			w.list(suspensionURL, "revocation", guild, []int{7})
			return w.endorsedBy(guild, about(badgeID), put("credentialStatus", entryOf("revocation", "7", suspensionURL, "")))
		}), []verifier.Code{verifier.EndorsementWithdrawn}, verifier.EndorsementNotGood},
		"of which nobody can tell": {onBadge(func(w *world) string {
			return w.endorsedBy(guild, about(badgeID), put("credentialStatus", entryOf("revocation", "7", suspensionURL, "")))
		}), []verifier.Code{verifier.EndorsementOpen}, verifier.EndorsementNotGood},
		"garbage": {func(w *world) string { return w.badge(add(`"endorsementJwt":["eyJ.e30.AA"]`)) }, []verifier.Code{verifier.EndorsementInvalid}, verifier.EndorsementNotGood},
		"one good, one bad": {func(w *world) string {
			return w.badge(add(`"endorsement":[` + w.endorsedBy(guild, about(badgeID)) + `],"endorsementJwt":["eyJ.e30.AA"]`))
		}, []verifier.Code{verifier.EndorsementHolds, verifier.EndorsementInvalid}, verifier.EndorsementNotGood},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.list(listURL, "revocation", w.issuer, nil)
			r := verify(t, w.v, c.make(w), verifier.Options{})
			outcome := warn
			if c.sum == verifier.EndorsementsHold {
				outcome = pass
			}
			expect(t, r, valid, finding{endorsements, outcome, c.sum})
			var got []verifier.Code
			for _, e := range r.Endorsements {
				got = append(got, e.Finding.Code)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func achievementID(w *world) string {
	d, err := badge.Parse([]byte(w.unsigned("did:example:x")))
	must(w.t, err)
	return d.View().CredentialSubject.Achievement.ID
}

// TestEndorsementsAreBounded: of a thousand only a few are looked at, and a
// few requests are made for them.
func TestEndorsementsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.list(listURL, "revocation", w.issuer, nil)
	var tokens []string
	for i := range 1000 {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":"did:web:e` + fmt.Sprint(i) + `.example#k"}`))
		body := base64.RawURLEncoding.EncodeToString([]byte(apply(t, endorsement(w.issuer), []edit{swap(w.issuer.method.Controller, fmt.Sprintf("did:web:e%d.example", i))})))
		tokens = append(tokens, `"`+head+"."+body+`.AAAA"`)
	}
	text := w.badge(add(`"endorsementJwt":[` + strings.Join(tokens, ",") + `]`))
	w.web.asked.Store(0)
	r := verifyOnce(t, w.v, text, verifier.Options{})
	expect(t, r, valid, finding{endorsements, warn, verifier.EndorsementNotGood}, finding{revocation, pass, verifier.NotRevoked})
	if n := w.web.asked.Load(); n > 6 || len(r.Endorsements) != 8 {
		t.Errorf("%d requests, %d endorsements", n, len(r.Endorsements))
	}
}

// TestStatusList2021: the lists that came before bitstring ones.
func TestStatusList2021(t *testing.T) {
	const url = "https://w3id.org/vc/status-list/2021/v1"
	w := newWorld(t)
	key := didKey(t)
	list := func(set ...int) {
		bits := status.New(status.MinimumBits)
		for _, i := range set {
			must(t, bits.SetBit(i, true))
		}
		w.web.put(listURL, []byte(w.sign(fmt.Sprintf(`{"@context":["https://www.w3.org/2018/credentials/v1","https://w3id.org/security/data-integrity/v2",%q],"id":%q,"type":["VerifiableCredential","StatusList2021Credential"],`+
			`"issuer":%q,"issuanceDate":"2026-11-01T00:00:00Z","credentialSubject":{"id":"%[2]s#list","type":"StatusList2021","statusPurpose":"revocation","encodedList":%[4]q}}`,
			url, listURL, key.method.Controller, strings.TrimPrefix(bits.Encode(), "u")), key, now)))
	}
	list()
	text := w.sign(w.unsigned(key.method.Controller, swap(`extensions.json"]`, `extensions.json","`+url+`"]`),
		put("credentialStatus", `{"id":"`+listURL+`#7","type":"StatusList2021Entry","statusPurpose":"revocation","statusListIndex":"7","statusListCredential":"`+listURL+`"}`)), key, now)
	expect(t, verify(t, w.v, text, verifier.Options{}), valid, finding{revocation, pass, verifier.NotRevoked})
	list(7)
	expect(t, verify(t, w.v, text, verifier.Options{}), invalid, finding{revocation, fail, verifier.Revoked})
}
