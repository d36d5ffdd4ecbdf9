package store_test

import (
	"bytes"
	"errors"
	"testing"

	"laurel/store"
)

func TestRange(t *testing.T) {
	for _, c := range []struct{ prefix, after, from, to string }{
		{"", "", "\x00", ""},
		{"", "b", "b\x00", ""},
		{"a/", "", "a/", "a0"},
		{"a/", "a", "a/", "a0"},
		{"a/", "a/", "a/\x00", "a0"},
		{"a/", "a/x", "a/x\x00", "a0"},
		{"a/", "z", "z\x00", "a0"},
		{"\xff", "", "\xff", ""},
		{"a\xff\xff", "", "a\xff\xff", "b"},
		{"\xff\xff", "\xff\xffq", "\xff\xffq\x00", ""},
	} {
		from, to := store.Range([]byte(c.prefix), []byte(c.after))
		if string(from) != c.from || string(to) != c.to {
			t.Errorf("Range(%q, %q) = %q, %q; want %q, %q", c.prefix, c.after, from, to, c.from, c.to)
		}
		if (to == nil) != (c.to == "") {
			t.Errorf("Range(%q, %q): an end that is nil means none, got %q", c.prefix, c.after, to)
		}
	}
}

func TestRangeDoesNotShareMemory(t *testing.T) {
	prefix := []byte("abc")
	from, to := store.Range(prefix, nil)
	from[0], to[0] = 'x', 'y'
	if !bytes.Equal(prefix, []byte("abc")) {
		t.Errorf("the prefix became %q", prefix)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		size int
		want error
	}{{0, store.ErrEmptyKey}, {1, nil}, {store.MaxKeySize, nil}, {store.MaxKeySize + 1, store.ErrTooLarge}} {
		if err := store.CheckKey(make([]byte, c.size)); !errors.Is(err, c.want) {
			t.Errorf("CheckKey of %d bytes: %v, want %v", c.size, err, c.want)
		}
	}
	for _, c := range []struct {
		size int
		want error
	}{{0, nil}, {store.MaxValueSize, nil}, {store.MaxValueSize + 1, store.ErrTooLarge}} {
		if err := store.CheckValue(make([]byte, c.size)); !errors.Is(err, c.want) {
			t.Errorf("CheckValue of %d bytes: %v, want %v", c.size, err, c.want)
		}
	}
}
