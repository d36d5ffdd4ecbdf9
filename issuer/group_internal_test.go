package issuer

import "testing"

// TestGroups: what is scanned while something is issued has a group of its own, and
// the beginning of a part of a key has none.
func TestGroups(t *testing.T) {
	person := string(duplicatePrefix("bees", "keeper", make([]byte, 32)))
	for _, c := range []struct {
		key    string
		prefix bool
		group  string
	}{
		{person + "/01", false, person},
		{person, false, person},
		{person, true, person},
		{"S/keeper/whole", false, "S/keeper"},
		{string(key("S", "keeper", "")), true, "S/keeper"},
		{"S/keeper", false, "S/keeper"},
		{"S/keep", true, ""},
		{"S/", true, ""},
		{"d/bees/keeper/", true, ""},
		{"c/bees/01", false, ""},
	} {
		if group := Group([]byte(c.key), c.prefix); string(group) != c.group {
			t.Errorf("group of %q (prefix %v): %q, want %q", c.key, c.prefix, group, c.group)
		}
	}
}
