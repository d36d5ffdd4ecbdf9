package canon_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// goldFaults are the faults of json-gold that make its canonical form another
// than ours, told by what the document or the form has in it.
var goldFaults = []struct {
	name string
	has  func(doc, text string) bool
}{
	{"drops http IRIs that fail a pattern of its own", func(doc, _ string) bool {
		return matches(doc, `a\.b\.edu|m\.a\.edu|cdn-\.|/100%|a\.\.b|😀\.example|(long/){400}|0\.0\.0\.0|//-a|%zz|HTTPS:|\[\]=d`)
	}},
	{"loses the graph of verifiableCredential", func(doc, _ string) bool { return strings.Contains(doc, "verifiableCredential\"") }},
	{"hashes a quad twice whose subject and object are one node", func(doc, _ string) bool { return strings.Contains(doc, `"_:`) }},
	{"leaves control characters unescaped", func(_, text string) bool { return matches(text, `\\[bf]|\\u00`) }},
	{"writes an error message for JSON literals", func(_, text string) bool { return strings.Contains(text, "22-rdf-syntax-ns#JSON>") }},
	{"writes large whole numbers as doubles", func(_, text string) bool { return matches(text, `"-?[0-9]{16,}"\^\^`) }},
	{"reads one only of two members that hold types", func(doc, _ string) bool { return strings.Contains(doc, `"@type":`) }},
}

func matches(s, pattern string) bool { return regexp.MustCompile(pattern).MatchString(s) }

// TestAgainstGold compares generated documents with json-gold: ordinary ones
// are the same but for its known faults, and where both have a form for an odd
// one it is the same but for them.
func TestAgainstGold(t *testing.T) {
	count := few(150)
	c, g := newCanonicalizer(t), newGold(t)
	counts := map[string]int{}
	for seed := range count {
		for sort, raw := range map[string][]byte{"ordinary": canontest.Ordinary(seed), "odd": canontest.Odd(seed)} {
			what := compareWithGold(t, c, g, raw)
			counts[sort+": "+what]++
			if what == "UNEXPLAINED" {
				t.Errorf("%s %d", sort, seed)
			}
		}
	}
	t.Log(counts)
	if n := counts["ordinary: the same"]; n < int(count)*3/4 {
		t.Errorf("only %d of %d ordinary documents are the same", n, count)
	}
	if n := counts["odd: the same"]; n < int(count)/20 {
		t.Errorf("only %d of %d odd documents are the same", n, count)
	}
}

func compareWithGold(t *testing.T, c *canon.Canonicalizer, g gold, raw []byte) string {
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := c.Canonicalize(canon.Input{Node: v, Omit: []string{"proof"}})
	if err != nil {
		return "refused by us"
	}
	theirs, err := g.canonicalize(raw)
	if err == nil && theirs == string(ours) {
		return "the same"
	}
	for _, f := range goldFaults {
		if f.has(string(raw), string(ours)) {
			return "json-gold " + f.name
		}
	}
	t.Logf("%s\nonly ours\n%s\nonly theirs (%v)\n%s", raw, onlyIn(string(ours), theirs), err, onlyIn(theirs, string(ours)))
	return "UNEXPLAINED"
}

// onlyIn returns the lines of a that b has not.
func onlyIn(a, b string) string {
	lines := strings.Split(b, "\n")
	return strings.Join(slices.DeleteFunc(strings.Split(a, "\n"), func(l string) bool { return slices.Contains(lines, l) }), "\n")
}

// TestCanonicalAgain parses each canonical form and canonicalises it anew: it
// stays, its lines are in the order of code points, and none stands twice.
func TestCanonicalAgain(t *testing.T) {
	c := newCanonicalizer(t)
	forms := 0
	for seed := range few(400) {
		for _, raw := range [][]byte{canontest.Ordinary(seed), canontest.Odd(seed)} {
			text, err := c.Canonicalize(canon.Input{Node: parse(t, string(raw))})
			if err != nil {
				continue
			}
			forms++
			if err := again(text); err != nil {
				t.Errorf("%v\n%s", err, raw)
			}
		}
	}
	if uint64(forms) < few(600) {
		t.Errorf("%d forms", forms)
	}
}

func again(text []byte) error {
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines = lines[:len(lines)-1]
	if !slices.IsSortedFunc(lines, bytes.Compare) || len(slices.CompactFunc(slices.Clone(lines), bytes.Equal)) != len(lines) {
		return fmt.Errorf("lines out of order or repeated:\n%s", text)
	}
	d, err := rdfc.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%w in\n%s", err, text)
	}
	back, err := d.Canonicalize(nil, 0)
	if errors.Is(err, rdfc.ErrBudget) || err == nil && bytes.Equal(back, text) {
		return nil
	}
	return fmt.Errorf("another form (%v):\n%s\nof\n%s", err, back, text)
}

// TestOrderDoesNotMatter shuffles members and sets, and has the same form.
func TestOrderDoesNotMatter(t *testing.T) {
	c := newCanonicalizer(t)
	changed := 0
	for seed := range few(200) {
		raw := canontest.Ordinary(seed)
		want, err := c.Canonicalize(canon.Input{Node: parse(t, string(raw))})
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		reversed := reverse(parse(t, string(raw)), "")
		got, err := c.Canonicalize(canon.Input{Node: parse(t, reversed)})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v\n%s\n%s", err, raw, reversed)
		}
		if reversed != string(raw) {
			changed++
		}
	}
	if uint64(changed) < few(190) {
		t.Errorf("%d changed", changed)
	}
}

// reverse writes a value with members and sets the other way round; contexts
// and lists keep their order.
func reverse(v strictjson.Value, name string) string {
	var parts []string
	switch v.Kind() {
	case strictjson.Object:
		for k, m := range v.Members() {
			parts = append(parts, fmt.Sprintf("%q:%s", k, reverse(m, k)))
		}
		slices.Reverse(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case strictjson.Array:
		for _, e := range v.Elements() {
			parts = append(parts, reverse(e, ""))
		}
		if name != "@context" && name != "allowedValue" {
			slices.Reverse(parts)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return v.Raw()
}
