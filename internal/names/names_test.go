package names

import (
	"bytes"
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

// TestNamesAlike has all names of two characters up to ten long, one of them
// U+0000, and long ones that differ in the middle only: half of them are in the
// index.
func TestNamesAlike(t *testing.T) {
	var all []string
	for n := range 11 {
		for bits := range 1 << n {
			name := make([]byte, n)
			for i := range name {
				name[i] = "a\x00"[bits>>i&1]
			}
			all = append(all, string(name))
		}
	}
	for n := 16; n < 30; n++ {
		for i := range n {
			name := bytes.Repeat([]byte("a"), n)
			name[i] = 'b'
			all = append(all, string(name))
		}
	}
	entries := map[string]int{}
	for i, name := range all {
		if i%2 == 1 {
			entries[name] = i
		}
	}
	x := NewIndex(entries)
	for _, name := range all {
		if got := x.Find(name); got != entries[name] {
			t.Fatalf("%q is %d, want %d", name, got, entries[name])
		}
	}
}
