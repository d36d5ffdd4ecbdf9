package pages_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// turned has every set of a document the other way round.
func turned(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = turned(v[i])
		}
		slices.Reverse(v)
	case map[string]any:
		for name := range v {
			if name != "@context" {
				v[name] = turned(v[name])
			}
		}
	}
	return v
}

// place is where in a set something stands.
var place = regexp.MustCompile(`› \d+ ›`)

// said are the texts of a page, in no order; places in sets are left out.
func said(d dom) []string {
	var out []string
	for n := range d.Descendants() {
		if text := strings.TrimSpace(n.Data); n.Type == html.TextNode && text != "" {
			out = append(out, place.ReplaceAllString(text, "›"))
		}
	}
	slices.Sort(out)
	return out
}

// TestOrderOfSetsSaysNothing: the order within a set is not signed, so whoever
// changes it changes nothing that a page says: neither verdict, title and
// headline nor which values are shown.
func TestOrderOfSetsSaysNothing(t *testing.T) {
	w := newWorld(t)
	for _, file := range []string{participant, planning, trainer} {
		var tree any
		if err := json.Unmarshal(document(t, file).Raw(), &tree); err != nil {
			t.Fatal(err)
		}
		subject := tree.(map[string]any)["credentialSubject"].(map[string]any)
		subject["result"] = []any{
			map[string]any{"type": []any{"Result"}, "resultDescription": "urn:x:1", "value": "94"},
			map[string]any{"type": []any{"Result"}, "resultDescription": "urn:x:2", "value": "12"},
			map[string]any{"type": []any{"Result"}, "status": "Completed"},
		}
		subject["achievement"].(map[string]any)["resultDescription"] = []any{
			map[string]any{"id": "urn:x:1", "type": []any{"ResultDescription"}, "name": "Final score", "resultType": "Percent"},
			map[string]any{"id": "urn:x:2", "type": []any{"ResultDescription"}, "name": "Essays", "resultType": "RawScore"},
		}
		subject["identifier"] = []any{
			map[string]any{"type": "IdentityObject", "hashed": false, "identityHash": "Ana Mora", "identityType": "name"},
			map[string]any{"type": "IdentityObject", "hashed": false, "identityHash": "Ana M. Mora", "identityType": "name"},
		}
		tree.(map[string]any)["evidence"] = []any{
			map[string]any{"type": []any{"Evidence"}, "name": "Essay"}, map[string]any{"type": []any{"Evidence"}, "name": "Portfolio"},
		}
		show := func() dom {
			raw, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			return parsePage(t, w.verification(t, "en", report(parse(t, string(raw))), nil))
		}
		before := show()
		turned(tree)
		after := show()
		for _, element := range []string{"title", "h1"} {
			if a, b := one(t, before.named(element), element).text(), one(t, after.named(element), element).text(); a != b {
				t.Errorf("%s: the %s was %q and is %q", file, element, a, b)
			}
		}
		a, b := said(before), said(after)
		if !slices.Equal(a, b) {
			t.Errorf("%s: the pages say different things:\n%q\n%q", file, missing(a, b), missing(b, a))
		}
		for _, want := range []string{"94", "12", "Ana Mora", "Ana M. Mora", "Essay", "Portfolio"} {
			if !strings.Contains(after.text(), want) {
				t.Errorf("%s: %q is not on the page", file, want)
			}
		}
	}
}

// missing are the texts of a that b does not have as often.
func missing(a, b []string) []string {
	rest := slices.Clone(b)
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool {
		i := slices.Index(rest, s)
		if i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
		return i >= 0
	})
}
