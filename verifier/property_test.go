package verifier_test

import (
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"laurel/verifier"
)

// mutation is one change of a tree, which can be taken back.
type mutation struct {
	what string
	do   func() (undo func())
}

// mutations lists every change of one leaf, every removal and every addition
// within a tree.
func mutations(v any, ptr string, set func(any)) []mutation {
	var out []mutation
	change := func(what string, old, changed any) {
		out = append(out, mutation{what + " " + ptr, func() func() { set(changed); return func() { set(old) } }})
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			old, at := v[name], ptr+"/"+name
			out = append(out, mutation{"remove " + at, func() func() { delete(v, name); return func() { v[name] = old } }})
			out = append(out, mutations(old, at, func(x any) { v[name] = x })...)
		}
		for name, value := range map[string]any{"salary": "1", "name": "Forged", "description": "Forged", "id": "forged/1", "url": "https://forged.example/"} {
			if _, there := v[name]; !there {
				out = append(out, mutation{"add " + ptr + "/" + name, func() func() { v[name] = value; return func() { delete(v, name) } }})
			}
		}
	case []any:
		for i, old := range v {
			out = append(out, mutations(old, ptr+"/"+strconv.Itoa(i), func(x any) { v[i] = x })...)
			change("remove element "+strconv.Itoa(i)+" of", v, slices.Delete(slices.Clone(v), i, i+1))
		}
		change("add a text to", v, append(slices.Clone(v), "forged"))
		change("add an object to", v, append(slices.Clone(v), map[string]any{"id": "urn:uuid:f0", "name": "Forged"}))
	case string:
		change("change", v, v+"x")
		change("cut", v, v[:len(v)-1])
	case json.Number:
		change("change", v, json.Number(v.String()+"1"))
		change("turn into a text", v, v.String())
	case bool:
		change("change", v, !v)
	}
	return out
}

// Whatever is changed, removed or added in a signed badge, it does not verify;
// what can only be told in another way, TestWhatIsNotSigned lists.
func TestNoLeafCanBeChanged(t *testing.T) {
	w := newWorld(t)
	w.full = true
	w.list(listURL, "revocation", w.issuer, nil)
	signed := w.badge()
	if r := verify(t, w.v, signed, verifier.Options{}); r.Verdict() != valid {
		t.Fatalf("the badge itself is %s\n%s", r.Verdict(), lines(r))
	}
	dec := json.NewDecoder(strings.NewReader(signed))
	dec.UseNumber()
	var tree any
	must(t, dec.Decode(&tree))
	before := string(marshal(t, tree))
	changed := map[string]string{}
	for _, m := range mutations(tree, "", func(any) { t.Fatal("the whole document cannot be set") }) {
		undo := m.do()
		changed[m.what] = string(marshal(t, tree))
		undo()
	}
	if string(marshal(t, tree)) != before {
		t.Fatal("the changes were not all taken back")
	}
	if len(changed) < 500 {
		t.Fatalf("only %d changes", len(changed))
	}
	names := slices.Sorted(maps.Keys(changed))
	if raceEnabled { // which makes each verification seven times as slow
		names = slices.DeleteFunc(names, func(name string) bool { return len(name)%10 != 0 })
	}
	work := make(chan string)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for what := range work {
				r := w.v.Verify(t.Context(), []byte(changed[what]))
				if r.Verified() || r.Finding(proofs).Outcome == pass && r.Finding(schema).Outcome != fail {
					t.Errorf("%s: still %s\n%s", what, r.Verdict(), lines(r))
				}
			}
		})
	}
	for _, what := range names {
		work <- what
	}
	close(work)
	wait.Wait()
}

// What a signature over statements does not cover: other ways of telling the
// same statements, and @context as far as nothing comes to mean anything else.
// A change here is a change of what our answers are worth.
func TestWhatIsNotSigned(t *testing.T) {
	for name, e := range map[string]edit{
		"the other name of the type":       swap(`"OpenBadgeCredential"`, `"AchievementCredential"`),
		"the order of a set":               swap(`"data","engineering"`, `"engineering","data"`),
		"repetition in a set":              swap(`"data","engineering"`, `"data","engineering","data"`),
		"an array around one value":        swap(`"type":["Profile"]`, `"type":"Profile"`),
		"the spelling of a number":         swap(`"creditsEarned":4.5`, `"creditsEarned":45e-1`),
		"the spelling of a text":           swap(`"role":"Learner"`, `"role":"\u004cearner"`),
		"a further context that we hold":   swap(`v3p0/extensions.json"]`, `v3p0/extensions.json","https://w3id.org/security/multikey/v1"]`),
		"white space and order of members": func(t testing.TB, text string) string { return change(t, text, func(map[string]json.RawMessage) {}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.list(listURL, "revocation", w.issuer, nil)
			signed := w.badge()
			other := e(t, signed)
			if other == signed {
				t.Fatal("nothing was changed")
			}
			expect(t, verify(t, w.v, other, verifier.Options{}), valid, finding{proofs, pass, verifier.OK})
		})
	}
}
