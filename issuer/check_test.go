package issuer_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/store"
	"laurel/verifier"
)

// TestCheckSees spoils a store that is in order, one way at a time, with
// entries that are whole in themselves: the check tells of each.
func TestCheckSees(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	stop := run(t, p.Issuer)
	a := keyed(award("ana"), "key", "body")
	a.ExternalRef = "run-1"
	ana, bo := p.issue(t, a).Record, p.issue(t, award("bo")).Record
	if _, err := p.Revoke(t.Context(), bo.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	for _, rec := range []*issuer.Record{ana, bo} {
		patientJWT(t, p, rec)
	}
	stop()
	if n := p.problems(t); n != 0 || issuertest.Audit(t, p.Issuer) != 2 {
		t.Fatalf("%d problems in a store that is in order", n)
	}
	good := issuertest.Snapshot(t, p.Store)
	find := func(prefix string) (key string) {
		for k := range good {
			if strings.HasPrefix(k, prefix) && (key == "" || k < key) {
				key = k
			}
		}
		if key == "" {
			t.Fatalf("there is no %s", prefix)
		}
		return key
	}
	first := find("c/") // one of the two, it does not matter which
	seq := first[strings.LastIndex(first, "/")+1:]
	payload := func(key string) string {
		raw, err := store.Unseal([]byte(key), []byte(good[key]))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	type change map[string]*string // nil takes the entry away
	put := func(s string) *string { return &s }
	for name, c := range map[string]change{
		"no id":                   {find("n/"): nil},
		"id of another record":    {"n/" + ana.ID: put(payload("n/" + bo.ID))},
		"id of nothing":           {"n/" + strings.Repeat("A", 22): put(`{"i":"academy","s":"0"}`)},
		"no index":                {find("x/"): nil},
		"index of another badge":  {find("x/"): put(strings.Repeat("A", 22))},
		"one index for two":       {"x/" + ana.List + "/" + pad(ana.Index): put(bo.ID)},
		"no audit record":         {"u/" + seq: nil},
		"another audit record":    {"u/" + seq: put(`{"action":"credential.issue","subject":"x","issuer":"academy"}`)},
		"bit of an active badge":  {"b/" + ana.List + "/" + pad(ana.Index): put("")},
		"no bit of a revoked one": {find("b/"): nil},
		"bit of nothing":          {"b/" + ana.List + "/131071": put("")},
		"finder gone":             {find("f/ref/"): nil},
		"finder too many":         {"f/ref/academy/AAAAAAAAAAAAAAAAAAAAAA/" + seq: put("")},
		"finder of nothing":       {"f/ref/academy/AAAAAAAAAAAAAAAAAAAAAA/0": put("")},
		"key of nothing":          {find("k/"): put(`{"issuer":"academy","seq":"0"}`)},
		"duplicate of nothing":    {"d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA/0": put("")},
		"duplicate of another":    {"d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA/" + seq: put("")},
		"past of nothing":         {"r/academy/0/0": put(`{"head":{}}`)},
		"past of another":         {"r/" + first[2:] + "/0": put(`{"head":{"id":"x"}}`)},
		"past that is to come":    {"r/" + first[2:] + "/7": put(`{"head":{"id":"` + recID(t, payload(first)) + `","changes":7}}`)},
		"past that is none":       {"r/" + first[2:] + "/0": put(`x`)},
		"duplicate as it was":     {"d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA": put(`"` + strings.Repeat("A", 22) + `"`)},
		"duplicate that is none":  {find("d/")[:len("d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA")]: put(`7`)},
		"JWT neither nor":         {"w/academy/" + seq: nil},
		"JWT both":                {"j/academy/" + seq: put("")},
		"JWT of nothing":          {"w/academy/0": put("x")},
		"a JWT that is none":      {"w/academy/" + seq: put("x.y.z")},
		"version gone":            {"a/academy-course/1": nil},
		"version not marked":      {"a!/academy-course/1": nil},
		"signed bytes changed":    {first: put(strings.Replace(payload(first), `"Person `, `"Persom `, 1))},
		"record tells otherwise":  {first: put(strings.Replace(payload(first), `"awardedAt":"2025-07-11`, `"awardedAt":"2025-07-12`, 1))},
		"record without a place":  {"c/x": put("")},
		"past without a place":    {"r/x": put("")},
		"JWT without a place":     {"w/x": put("")},
		"finder without a place":  {"f/x": put("")},
		"list gone":               {"v/" + academy + "-1": nil},
		"achievement gone":        {"a/academy-course": nil},
		"profile gone":            {"i/" + academy: nil},
	} {
		p.apply(t, c, good)
		if p.problems(t) == 0 {
			t.Errorf("%s: nothing is said of it", name)
		}
		for key := range c {
			if was, ok := good[key]; ok {
				p.overwrite(t, key, was)
			} else {
				p.remove(t, key)
			}
		}
	}
	issuertest.Audit(t, p.Issuer)
}

// recID is the id in the head of a record.
func recID(t *testing.T, payload string) string {
	t.Helper()
	_, rest, found := strings.Cut(payload, `"id":"`)
	if !found {
		t.Fatal("a record without an id")
	}
	return rest[:strings.Index(rest, `"`)]
}

// apply makes a change with proper seals; it must be one.
func (p *place) apply(t *testing.T, change map[string]*string, good map[string]string) {
	t.Helper()
	for key, payload := range change {
		if payload == nil {
			p.remove(t, key)
			continue
		}
		sealed := string(store.Seal([]byte(key), []byte(*payload)))
		if sealed == good[key] {
			t.Fatalf("%s is not changed", key)
		}
		p.overwrite(t, key, sealed)
	}
}

func (p *place) remove(t *testing.T, key string) {
	t.Helper()
	if err := p.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Delete([]byte(key)) }); err != nil {
		t.Fatal(err)
	}
}

// pad writes an index as keys have it.
func pad(index int) string { return fmt.Sprintf("%06d", index) }

// TestLeakedKey: a badge whose key leaked before it was issued is told until it
// was issued anew, with the same words, under another key.
func TestLeakedKey(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	rec := p.issue(t, award("ana")).Record
	leaked := view(t, rec).Issuer.ID
	doc, err := badge.Parse(rec.Document)
	if err != nil {
		t.Fatal(err)
	}
	method := doc.Proofs()[0].VerificationMethod
	p.Clock.Advance(time.Hour)
	if _, err := p.Ring.GenerateAt(t.Context(), academy, leaked, keys.EdDSA, p.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	same, err := p.Reissue(t.Context(), amendment(rec.ID), issuer.Correction{})
	if err != nil || !same.Existing {
		t.Fatalf("nothing leaked yet: %v", err)
	}
	if err := p.Ring.Revoke(t.Context(), academy, method, p.Clock.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := p.problems(t); n != 1 {
		t.Errorf("%d problems, want the badge", n)
	}
	newer := p.reissue(t, rec.ID, issuer.Correction{})
	if newer.Edition != rec.Edition+1 || p.reissue(t, rec.ID, issuer.Correction{}).Edition != newer.Edition {
		t.Errorf("edition %d", newer.Edition)
	}
	if doc, err := badge.Parse(newer.Document); err != nil || doc.Proofs()[0].VerificationMethod == method {
		t.Errorf("signed with the same key: %v", err)
	}
	if n := p.problems(t); n != 0 {
		t.Errorf("%d problems", n)
	}
}

// TestLeakedJWTKey: the same where only the key of the JWT leaked. The old
// token stays what it was, one that nobody is to take.
func TestLeakedJWTKey(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{RSA: true})
	stop := run(t, p.Issuer)
	defer stop()
	rec := p.issue(t, award("ana")).Record
	short := award("bo")
	short.ValidUntil = p.Clock.Now().Add(time.Hour)
	over := p.issue(t, short).Record
	token := patientJWT(t, p, rec)
	patientJWT(t, p, over)
	p.Clock.Advance(30 * time.Minute)
	all, err := p.Keys(t.Context(), academy)
	if err != nil {
		t.Fatal(err)
	}
	rsa := all[slices.IndexFunc(all, func(k keys.Info) bool { return k.Algorithm == keys.RS256 })]
	if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: rsa.ID, At: issuertest.Start.Add(-time.Hour), Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.RS256}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if n := p.problems(t); n != 2 {
		t.Errorf("%d problems, want two tokens", n)
	}
	p.Clock.Advance(time.Hour) // one of the two is over, and no reissue could cure it
	if n := p.problems(t); n != 1 {
		t.Errorf("%d problems, want one token", n)
	}
	newer := p.reissue(t, rec.ID, issuer.Correction{})
	if again := p.reissue(t, rec.ID, issuer.Correction{}); newer.Edition != 2 || again.Edition != 2 {
		t.Errorf("editions %d and %d", newer.Edition, again.Edition)
	}
	fresh := patientJWT(t, p, newer)
	check := p.full(t)
	for name, raw := range map[string][]byte{"new badge": newer.Document, "new token": fresh} {
		if r := check.Verify(t.Context(), raw); r.Verdict() != verifier.Valid {
			t.Errorf("%s: %v %+v", name, r.Verdict(), r.Findings)
		}
	}
	if r := check.Verify(t.Context(), token); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckIssuerKey).Code != verifier.KeyRevoked {
		t.Errorf("the old token: %v %+v", r.Verdict(), r.Findings)
	}
	if r := check.Verify(t.Context(), rec.Document); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckRevocation).Code != verifier.Revoked {
		t.Errorf("the old edition: %v %+v", r.Verdict(), r.Findings)
	}
	if n := p.problems(t); n != 0 {
		t.Errorf("%d problems", n)
	}
}

// TestCheckSeesLife is the same for what becomes of badges: editions,
// suspensions and what is left of those who were erased.
func TestCheckSeesLife(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	p.put(t, suspendable())
	first, paused, free := p.issue(t, award("ana")).Record, p.issue(t, licence("bo")).Record, p.issue(t, licence("cy")).Record
	second := p.reissue(t, first.ID, issuer.Correction{Name: ptr("Ana María")})
	p.change(t, paused.ID, issuer.Suspend, true)
	gone := p.issue(t, award("di")).Record
	if _, _, err := p.Erase(t.Context(), amendment(gone.ID)); err != nil {
		t.Fatal(err)
	}
	if n := p.problems(t); n != 0 {
		t.Fatalf("%d problems in a store that is in order", n)
	}
	good := issuertest.Snapshot(t, p.Store)
	payload := func(key string) string {
		t.Helper()
		raw, err := store.Unseal([]byte(key), []byte(good[key]))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	// holding finds the entry of a kind whose payload holds a text.
	holding := func(prefix string, texts ...string) string {
		t.Helper()
		for k := range good {
			all := strings.HasPrefix(k, prefix)
			for _, text := range texts {
				all = all && strings.Contains(payload(k), text)
			}
			if all {
				return k
			}
		}
		t.Fatalf("there is no %s with %q", prefix, texts)
		return ""
	}
	with := func(key, old, now string) *string {
		t.Helper()
		was := payload(key)
		changed := strings.Replace(was, old, now, 1)
		if changed == was {
			t.Fatalf("%s has no %s", key, old)
		}
		if strings.HasPrefix(key, "c/") { // the length of what stands before the signed bytes
			n, used := binary.Uvarint([]byte(was))
			changed = string(binary.AppendUvarint(nil, n+uint64(len(changed)-len(was)))) + changed[used:]
		}
		return &changed
	}
	pointer, old := "n/"+first.ID, holding("c/", first.ID, `"superseded"`)
	tomb, empty := holding("c/", gone.ID), ""
	oldSeq := old[strings.LastIndex(old, "/")+1:]
	for name, c := range map[string]map[string]*string{
		"suspension that is not published": {"b/" + paused.PauseList + "/" + pad(paused.PauseIndex): nil},
		"suspension of an active badge":    {"b/" + free.PauseList + "/" + pad(free.PauseIndex): &empty},
		"suspension that was not noted":    {holding("u/", paused.ID, "credential.suspend"): nil},
		"index of a suspension":            {"x/" + free.PauseList + "/" + pad(free.PauseIndex): nil},
		"edition that nothing leads to":    {pointer: with(pointer, oldSeq, strings.Repeat("0", 32))},
		"edition of which nothing says so": {pointer: with(pointer, `,"b":["`+oldSeq+`"]`, "")},
		"replaced and not revoked":         {"b/" + first.List + "/" + pad(first.Index): nil},
		"replaced and said to be active":   {old: with(old, `"superseded"`, `"active"`)},
		"finder of what was replaced":      {"f/ref/academy/AAAAAAAAAAAAAAAAAAAAAA/" + oldSeq: &empty},
		"second edition not noted":         {holding("u/", first.ID, "credential.reissue"): nil},
		"second edition is another's":      {"x/" + second.List + "/" + pad(second.Index): &gone.ID},
		"erasure that was not noted":       {holding("u/", gone.ID, "credential.erase"): nil},
		"erased and not revoked":           {"b/" + gone.List + "/" + pad(gone.Index): nil},
		"erased and a reference is left":   {tomb: with(tomb, `"awardedAt"`, `"externalRef":"x","awardedAt"`)},
		"erased and a JWT is left":         {"w/academy/" + tomb[strings.LastIndex(tomb, "/")+1:]: &gone.ID},
		"erased and a past is left":        {"r/" + tomb[2:] + "/0": ptr(`{"head":{"id":"` + gone.ID + `"}}`)},
		"erased and found":                 {"d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA/" + tomb[strings.LastIndex(tomb, "/")+1:]: &empty},
		"replaced and found":               {"d/academy/academy-course/AAAAAAAAAAAAAAAAAAAAAA/" + oldSeq: &empty},
		"claim of nothing":                 {"q/x": ptr("vc-api-1/7")},
		"claim that is none":               {"q/x": ptr("vc-api-1")},
	} {
		p.apply(t, c, good)
		if p.problems(t) == 0 {
			t.Errorf("%s: nothing is said of it", name)
		}
		for key := range c {
			if was, ok := good[key]; ok {
				p.overwrite(t, key, was)
			} else {
				p.remove(t, key)
			}
		}
	}
	issuertest.Audit(t, p.Issuer)
}
