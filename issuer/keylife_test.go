package issuer_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/verifier"
)

// signedBy is the fragment of the key that a badge names.
func signedBy(t *testing.T, rec *issuer.Record) string {
	t.Helper()
	doc, err := rec.View()
	if err != nil {
		t.Fatal(err)
	}
	_, fragment, _ := strings.Cut(doc.Proofs()[0].VerificationMethod, "#")
	return fragment
}

func (p *place) makeKey(t *testing.T, n issuer.NewKeys) keys.Info {
	t.Helper()
	n.Issuer, n.Algorithms, n.Actor = academy, []keys.Algorithm{keys.EdDSA}, "test"
	made, again, err := p.CreateKeys(t.Context(), n)
	if err != nil || len(made) != 1 || again {
		t.Fatalf("%+v, %t, %v", made, again, err)
	}
	return made[0]
}

// rotation: a new key is published at once, signs a day later, and the badges
// of both verify at any time.
func rotation(t *testing.T, p *place) {
	first := p.issue(t, award("before")).Record
	k := p.makeKey(t, issuer.NewKeys{Rotate: true})
	if k.State != keys.Pending || !k.Activates.Equal(p.Clock.Now().Add(issuer.PublishLead)) {
		t.Errorf("%+v", k)
	}
	raw, err := p.PublishedKeys(t.Context(), academy)
	if err != nil || !strings.Contains(string(raw), k.ID) {
		t.Errorf("not published yet: %s, %v", raw, err)
	}
	second := p.issue(t, award("meanwhile")).Record
	p.Clock.Advance(issuer.PublishLead)
	third := p.issue(t, award("after")).Record
	if a, b, c := signedBy(t, first), signedBy(t, second), signedBy(t, third); a != b || c != k.ID || a == c {
		t.Errorf("signed by %s, %s and %s; the new key is %s", a, b, c, k.ID)
	}
	for _, rec := range []*issuer.Record{first, second, third} {
		if err := p.Config.SelfCheck(t.Context(), rec.Document); err != nil {
			t.Errorf("%s: %v", rec.ID, err)
		}
	}
	if raw, err := p.StatusList(t.Context(), academy+"-1"); err != nil || !strings.Contains(string(raw), k.ID) {
		t.Errorf("the list is not signed by the new key: %v", err)
	}
	// A restart finds the same.
	again := issuertest.Open(t, p.home.again(), p.Ring, issuertest.BaseURL)
	again.Clock.Advance(issuer.PublishLead)
	p.Service = again
	if rec := p.issue(t, award("restarted")).Record; signedBy(t, rec) != k.ID {
		t.Errorf("after a restart %s signs", signedBy(t, rec))
	}
	if err := p.CheckKeys(t.Context()); err != nil {
		t.Error(err)
	}
}

// leak: a key is revoked. Nothing is signed with it any more, nor handed out
// that it signed and that could be signed anew; everybody is told.
func leak(t *testing.T, p *place) {
	p.issue(t, award("before"))
	list := func() string {
		t.Helper()
		raw, err := p.StatusList(t.Context(), academy+"-1")
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	all, err := p.Keys(t.Context(), academy)
	if err != nil || len(all) != 1 || !strings.Contains(list(), all[0].ID) {
		t.Fatalf("%+v, %v", all, err)
	}
	leaked := p.Clock.Now().Add(-time.Hour)
	k, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: all[0].ID, At: leaked, Reason: "Ben Otieno lost his laptop", Actor: "test"})
	if err != nil || k.State != keys.Revoked || !k.Revoked.Equal(leaked) {
		t.Fatalf("%+v, %v", k, err)
	}
	before := issuertest.Snapshot(t, p.Store)
	if _, err := p.Issue(t.Context(), award("after")); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("issued with a revoked key: %v", err)
	}
	if raw, err := p.StatusList(t.Context(), academy+"-1"); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("a list signed with a revoked key: %.60s, %v", raw, err)
	}
	if after := issuertest.Snapshot(t, p.Store); len(after) != len(before) {
		t.Error("something was stored")
	}
	fresh := p.makeKey(t, issuer.NewKeys{})
	if !fresh.Signs {
		t.Errorf("the only key waits: %+v", fresh)
	}
	if rec := p.issue(t, award("after")).Record; signedBy(t, rec) != fresh.ID || !strings.Contains(list(), fresh.ID) {
		t.Error("not signed by the new key")
	}
	raw, ours, err := p.ControllerDocument(t.Context(), issuer.DID(issuertest.BaseURL, academy))
	if err != nil || !ours {
		t.Fatal(err)
	}
	doc, err := keys.ParseControllerDocument(raw, issuer.DID(issuertest.BaseURL, academy))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := doc.Method(k.Method.ID); err != nil || !m.Revoked.Equal(leaked) {
		t.Errorf("published as %+v, %v", m, err)
	}
	if _, err := p.RetireKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: fresh.ID, Reason: "key_compromised", Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	text := eventText(t, p)
	for _, want := range []string{"key.revoke", "key.publish", "from 2026-02-01T08:00:00Z: in_own_words", "from 2026-02-01T09:00:00Z: key_compromised"} {
		if !strings.Contains(text, want) {
			t.Errorf("the audit records lack %q: %s", want, text)
		}
	}
	// They can never be changed, so words that may speak of a person are not in them.
	if strings.Contains(text, "Otieno") {
		t.Errorf("the audit records name a person: %s", text)
	}
}

// listsWithoutTheUsualKey: an issuer that has lost the key of its badges still
// says by another one which of them stand, and only by its own.
func listsWithoutTheUsualKey(t *testing.T, p *place) {
	stop := run(t, p.Issuer)
	defer stop()
	rec, gone := p.issue(t, award("ana")).Record, p.issue(t, award("bo")).Record
	tokens := [][]byte{patientJWT(t, p, rec), patientJWT(t, p, gone)}
	if _, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.ES256}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: signedBy(t, rec), At: issuertest.Start, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Issue(t.Context(), award("cy")); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("issued without a key for badges: %v", err)
	}
	if _, err := p.Revoke(t.Context(), gone.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	raw, err := p.StatusList(t.Context(), rec.List)
	if err != nil {
		t.Fatal(err)
	}
	list, err := badge.Parse(raw)
	if err != nil || list.Proofs()[0].Cryptosuite != "ecdsa-rdfc-2019" {
		t.Errorf("signed by %+v, %v", list.Proofs(), err)
	}
	// The JWTs are by a key of their own: they stand, and are told as revoked.
	check := p.full(t)
	if r := check.Verify(t.Context(), tokens[0]); r.Verdict() != verifier.Valid || r.Finding(verifier.CheckRevocation).Code != verifier.NotRevoked {
		t.Errorf("the JWT: %v %+v", r.Verdict(), r.Findings)
	}
	if r := check.Verify(t.Context(), tokens[1]); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckRevocation).Code != verifier.Revoked {
		t.Errorf("the JWT of what is revoked: %v %+v", r.Verdict(), r.Findings)
	}
	if r := check.Verify(t.Context(), rec.Document); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckIssuerKey).Code != verifier.KeyRevoked {
		t.Errorf("the badge itself: %v %+v", r.Verdict(), r.Findings)
	}
	// A new key of the usual kind signs again.
	p.makeKey(t, issuer.NewKeys{})
	p.Clock.Advance(13 * time.Hour)
	if raw, err := p.StatusList(t.Context(), rec.List); err != nil || !strings.Contains(string(raw), "eddsa-rdfc-2022") {
		t.Errorf("%v %s", err, raw)
	}
}

// listsOfADIDKey: no other key can speak for an issuer that is its key.
func listsOfADIDKey(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	if _, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.ES256}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: signedBy(t, rec), At: issuertest.Start, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if raw, err := p.StatusList(t.Context(), rec.List); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("%s, %v", raw, err)
	}
}

// eventText is all audit records.
func eventText(t *testing.T, p *place) string {
	t.Helper()
	var b strings.Builder
	for k, v := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "u/") {
			b.WriteString(v)
		}
	}
	return b.String()
}

// newKeysAsked: what may be asked for, and what may not.
func newKeysAsked(t *testing.T, p *place) {
	ask := func(n issuer.NewKeys, want error) []keys.Info {
		t.Helper()
		made, _, err := p.CreateKeys(t.Context(), n)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%+v: %v, want %v", n, err, want)
		}
		return made
	}
	// A new issuer gets the first set, and may be defined afterwards.
	made := ask(issuer.NewKeys{Issuer: "new-school"}, nil)
	if len(made) != 3 || slices.ContainsFunc(made, func(k keys.Info) bool { return !k.Signs }) {
		t.Errorf("%+v", made)
	}
	if _, err := p.PutProfile(t.Context(), issuer.Profile{Slug: "new-school", Name: "New School"}, "test"); err != nil {
		t.Error(err)
	}
	if made := ask(issuer.NewKeys{Issuer: issuer.VCAPISlug}, nil); len(made) != 4 {
		t.Errorf("the VC-API has %+v", made)
	}
	// Those that sign are what is made anew.
	if made := ask(issuer.NewKeys{Issuer: academy}, nil); len(made) != 1 || made[0].Algorithm != keys.EdDSA || made[0].Signs {
		t.Errorf("%+v", made)
	}
	if made := ask(issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.ES384}}, nil); len(made) != 1 || !made[0].Signs {
		t.Errorf("%+v", made)
	}
	ask(issuer.NewKeys{Issuer: "../x"}, issuer.ErrNotFound)
	rule := func(n issuer.NewKeys, rule string) {
		t.Helper()
		n.Issuer = academy
		_, _, err := p.CreateKeys(t.Context(), n)
		var faults badge.Errors
		if !errors.As(err, &faults) || faults[0].Rule != rule {
			t.Errorf("%+v: %v, want %s", n, err, rule)
		}
	}
	rule(issuer.NewKeys{Algorithms: []keys.Algorithm{"none"}}, "algorithm_unknown")
	rule(issuer.NewKeys{Algorithms: []keys.Algorithm{keys.ES256, keys.ES256}}, "duplicate")
	rule(issuer.NewKeys{Activates: p.Clock.Now().Add(400 * 24 * time.Hour)}, "date_too_far")

	// A repeated request makes nothing, another one under its name is refused.
	n := issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.ES256}, Idempotency: &issuer.Idempotency{Scope: "token", Key: "k", Digest: []byte("body")}}
	first := ask(n, nil)
	again, replayed, err := p.CreateKeys(t.Context(), n)
	if err != nil || !replayed || len(again) != 1 || again[0].ID != first[0].ID {
		t.Errorf("%+v, %t, %v", again, replayed, err)
	}
	n.Idempotency = &issuer.Idempotency{Scope: "token", Key: "k", Digest: []byte("another")}
	ask(n, issuer.ErrIdempotencyReused)

	// The answer stays as it was when the keys are others, tells nobody what was
	// asked for, and is forgotten when it is old.
	p.Clock.Advance(issuer.PublishLead + time.Hour)
	if _, err := p.RetireKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: first[0].ID}); err != nil {
		t.Fatal(err)
	}
	n.Idempotency = &issuer.Idempotency{Scope: "token", Key: "k", Digest: []byte("body")}
	if again := ask(n, nil); !reflect.DeepEqual(again, first) {
		t.Errorf("the answer was\n%+v, is\n%+v", first, again)
	}
	rows := func() (rows []string) {
		for k, v := range issuertest.Snapshot(t, p.Store) {
			if strings.HasPrefix(k, "y/") {
				rows = append(rows, v)
			}
		}
		return rows
	}
	if list := rows(); len(list) != 1 || strings.Contains(list[0], base64.StdEncoding.EncodeToString([]byte("body"))) {
		t.Errorf("%q", list)
	}
	p.Clock.Advance(29 * 24 * time.Hour)
	if _, err := p.SweepAnswers(t.Context()); err != nil || len(rows()) != 1 {
		t.Errorf("after 30 days %d answers, %v", len(rows()), err)
	}
	p.Clock.Advance(2 * 24 * time.Hour)
	if _, err := p.SweepAnswers(t.Context()); err != nil || len(rows()) != 0 {
		t.Errorf("after 31 days %d answers, %v", len(rows()), err)
	}

	// There is an end to it: verifiers refuse documents without one.
	var last error
	for range issuer.MaxKeys + 1 {
		if _, _, last = p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: institute, Algorithms: []keys.Algorithm{keys.EdDSA}}); last != nil {
			break
		}
	}
	var faults badge.Errors
	if !errors.As(last, &faults) || faults[0].Rule != "too_many" {
		t.Errorf("without end: %v", last)
	}
	if all, err := p.Keys(t.Context(), institute); err != nil || len(all) != issuer.MaxKeys {
		t.Errorf("%d keys, %v", len(all), err)
	}
	fixed := p.with(t, func(cfg *issuer.Config) { cfg.Keys = only{p.Ring} })
	if _, _, err := fixed.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy}); !errors.Is(err, issuer.ErrKeysElsewhere) {
		t.Errorf("keys that are kept elsewhere: %v", err)
	}
	if _, err := fixed.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy}); !errors.Is(err, issuer.ErrKeysElsewhere) {
		t.Errorf("keys that are kept elsewhere: %v", err)
	}
	for _, c := range []issuer.KeyChange{{Issuer: "../x"}, {Issuer: academy, ID: "none"}, {Issuer: academy, ID: first[0].ID, Reason: "\x00"},
		{Issuer: academy, ID: first[0].ID, At: p.Clock.Now().Add(400 * 24 * time.Hour)}} {
		if k, err := p.RetireKey(t.Context(), c); err == nil {
			t.Errorf("%+v: %+v", c, k)
		}
	}
}

// only gives keys and does not let them be changed.
type only struct{ issuer.KeyRings }

// didKeyIssuer: without TLS an issuer is its key, which cannot be changed.
func didKeyIssuer(t *testing.T, p *place) {
	id := p.issue(t, award("ana")).Record
	_, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.EdDSA}})
	var faults badge.Errors
	if !errors.As(err, &faults) || faults[0].Rule != "key_is_identity" {
		t.Errorf("%v", err)
	}
	made, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.ES256, keys.ES384}})
	if err != nil || len(made) != 2 || made[0].Method.Controller != p.Config.BaseURL+"/issuers/"+academy {
		t.Errorf("%+v, %v", made, err)
	}
	if rec := p.issue(t, award("ben")).Record; signedBy(t, rec) != signedBy(t, id) {
		t.Error("another key signs")
	}
	// What is asked for without naming it is what can be had: of the VC-API each
	// key but that of RSA is an issuer of its own.
	if made, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: issuer.VCAPISlug}); err != nil || len(made) != 4 {
		t.Fatalf("%+v, %v", made, err)
	}
	for slug, want := range map[string][]keys.Algorithm{academy: {keys.ES256, keys.ES384}, issuer.VCAPISlug: {keys.RS256}} {
		made, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: slug, Rotate: true})
		var list []keys.Algorithm
		for _, k := range made {
			list = append(list, k.Algorithm)
		}
		slices.Sort(list)
		if err != nil || !slices.Equal(list, want) {
			t.Errorf("%s: new keys of %v, %v", slug, list, err)
		}
	}
	// Two who ask for the first keys of a new issuer at once make one identity.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, _, _ = p.CreateKeys(context.WithoutCancel(t.Context()), issuer.NewKeys{Issuer: "new-school", Algorithms: []keys.Algorithm{keys.EdDSA}})
		})
	}
	wg.Wait()
	if all, err := p.Keys(t.Context(), "new-school"); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// rotationWhileIssuing: many issue while keys are rotated at once; every badge
// verifies, and its key was published before it signed.
func rotationWhileIssuing(t *testing.T, p *place) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for round := 0; ; round++ {
				select {
				case <-stop:
					return
				default:
				}
				a := award(fmt.Sprintf("%d-%d", n, round)) // however many there is time for
				a.OnDuplicate = issuer.AllowDuplicate
				if _, err := p.Issue(t.Context(), a); err != nil {
					t.Errorf("issuing while a key is rotated: %v", err)
					return
				}
			}
		})
	}
	used := map[string]bool{}
	for range 6 {
		used[p.makeKey(t, issuer.NewKeys{Rotate: true, Activates: p.Clock.Now()}).ID] = true
	}
	close(stop)
	wg.Wait()
	if rec := p.issue(t, award("last")).Record; !used[signedBy(t, rec)] {
		t.Error("none of the new keys signs")
	}
	all, err := p.Keys(t.Context(), academy)
	if err != nil || len(all) != 7 {
		t.Fatalf("%d keys, %v", len(all), err)
	}
	for n, k := range all {
		if k.Signs != (n == 6) || (k.State == keys.Active) != (n == 6) {
			t.Errorf("key %d: %+v", n, k)
		}
	}
}

// olderThanTheLeak: a thief has had the key since a certain time. What stands
// on record from before is good, with a remark; what came later is not, and
// least of all what the thief has dated back.
func olderThanTheLeak(t *testing.T, p *place) {
	stop := run(t, p.Issuer)
	defer stop()
	older := p.issue(t, award("older")).Record
	p.Clock.Advance(time.Hour)
	leaked := p.Clock.Now()
	p.Clock.Advance(time.Hour)
	younger := p.issue(t, award("younger")).Record
	forged := p.forge(t, older)
	said := func(raw []byte, verdict verifier.Verdict, code verifier.Code) {
		t.Helper()
		r := p.Verifier.VerifyBytes(t.Context(), raw, verifier.Options{ProofOnly: true})
		if f := r.Finding(verifier.CheckIssuerKey); r.Verdict() != verdict || f.Code != code {
			t.Errorf("%v, %s; want %v, %s: %+v", r.Verdict(), f.Code, verdict, code, r.Findings)
		}
	}
	said(forged, verifier.Valid, verifier.OK) // the key is good until somebody says otherwise
	token := patientJWT(t, p, older)
	patientJWT(t, p, younger)
	revoke := func(id string, since time.Time) {
		t.Helper()
		if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: id, At: since, Actor: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	key := signedBy(t, older)
	revoke(key, leaked)
	said(older.Document, verifier.Warning, verifier.KeyCompromisedLater)
	var indented bytes.Buffer
	if err := json.Indent(&indented, older.Document, "", "\t"); err != nil {
		t.Fatal(err)
	}
	said(indented.Bytes(), verifier.Warning, verifier.KeyCompromisedLater)
	said(token, verifier.Valid, verifier.OK) // by another key
	said(younger.Document, verifier.Invalid, verifier.KeyRevoked)
	said(forged, verifier.Invalid, verifier.KeyRevoked)
	changed := bytes.Replace(older.Document, []byte("Person older"), []byte("Person other"), 1)
	if r := p.Verifier.VerifyBytes(t.Context(), changed, verifier.Options{ProofOnly: true}); r.Verdict() != verifier.Invalid {
		t.Errorf("the signature on record vouches for other words: %+v", r.Findings)
	}
	var problems []string
	if _, err := p.Check(t.Context(), func(problem string) { problems = append(problems, problem) }); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(problems, "\n"); strings.Contains(text, older.ID) || !strings.Contains(text, younger.ID) {
		t.Errorf("the store says of itself: %s", text)
	}
	// Others reject all that the key signed, whenever that was.
	signs := func(key string, want ...string) {
		t.Helper()
		if ids, next, err := p.SignedBy(t.Context(), academy, key, ""); err != nil || next != "" || !slices.Equal(ids, want) {
			t.Errorf("by %s: %v, %q, %v; want %v", key, ids, next, err, want)
		}
	}
	signs(key, older.ID, younger.ID)
	// The JWT's key leaked too, and the time of the leak was earlier still.
	all, err := p.Keys(t.Context(), academy)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.Algorithm == keys.RS256 {
			signs(k.Method.ID, older.ID, younger.ID)
		}
	}
	if _, err := p.Revoke(t.Context(), younger.ID, "issued_in_error", "test", func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	signs(key, older.ID)
	if _, _, err := p.SignedBy(t.Context(), academy, "z6MkNobody", ""); !errors.Is(err, keys.ErrMethodNotFound) {
		t.Error(err)
	}
	for _, k := range all {
		if k.Algorithm == keys.RS256 {
			revoke(k.ID, leaked)
		}
	}
	said(token, verifier.Warning, verifier.KeyCompromisedLater)
	revoke(key, issuertest.Start.Add(-time.Second))
	said(older.Document, verifier.Invalid, verifier.KeyRevoked)
}

// forge is what a thief makes of a badge: another name under the same id, dated
// as the badge is.
func (p *place) forge(t *testing.T, rec *issuer.Record) []byte {
	t.Helper()
	doc, err := rec.View()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(bytes.Replace(doc.Raw(), []byte("Person older"), []byte("Person thief"), 1), &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "proof")
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = badge.Parse(raw); err != nil {
		t.Fatal(err)
	}
	signer, err := p.Ring.Issuer(academy).Active(t.Context(), keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := p.Config.Suite.Secure(t.Context(), doc, signer, rec.IssuedAt)
	if err != nil {
		t.Fatal(err)
	}
	return signed.Raw()
}
