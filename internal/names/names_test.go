package names

import (
	"fmt"
	"testing"
)

func TestIndex(t *testing.T) {
	var none Index[int]
	if none.Find("") != 0 || none.Find("a") != 0 {
		t.Error("something is found in an empty index")
	}
	for n := range 300 {
		entries := map[string]int{}
		for i := range n {
			entries[fmt.Sprintf("a%03da", i)] = i + 1 // many with the same few bytes
		}
		if n%2 == 0 {
			entries[""] = -1
		}
		x := NewIndex(entries)
		for name, want := range entries {
			if got := x.Find(name); got != want {
				t.Fatalf("%d names: %q is %d, want %d", n, name, got, want)
			}
		}
		for _, name := range []string{"b", "a300a", "a\x000a"} {
			if got := x.Find(name); got != 0 {
				t.Fatalf("%d names: %q is %d", n, name, got)
			}
		}
		if n%2 == 1 && x.Find("") != 0 {
			t.Fatalf("%d names: the empty one is found", n)
		}
	}
}
