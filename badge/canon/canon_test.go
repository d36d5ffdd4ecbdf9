package canon_test

import (
	"testing"

	"laurel/badge/canon"
)

// TestFixtures compares two ordinary badges with json-gold, which is right
// about them.
func TestFixtures(t *testing.T) {
	c, g := newCanonicalizer(t), newGold(t)
	for _, name := range []string{"badge-4.5KB.json", "badge-small.json"} {
		raw := readTestdata(t, name)
		want, err := g.canonicalize(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Canonicalize(canon.Input{Node: parse(t, string(raw)), Omit: []string{"proof"}})
		if err != nil || string(got) != want || want == "" {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
		}
	}
}
