package status

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewIsRoundedUp(t *testing.T) {
	for n, want := range map[int]int{-1: MinimumBits, 0: MinimumBits, MinimumBits: MinimumBits, MinimumBits + 1: MinimumBits + 8, 1 << 20: 1 << 20} {
		if got := New(n).Len(); got != want {
			t.Errorf("New(%d).Len() = %d, want %d", n, got, want)
		}
	}
}

// Index 23 is the last bit of the third byte: most significant bit first.
func TestBitOrder(t *testing.T) {
	l := New(MinimumBits)
	if err := l.SetBit(23, true); err != nil {
		t.Fatal(err)
	}
	if l.bits[2] != 0x01 {
		t.Errorf("byte 2 is %#02x, want 0x01", l.bits[2])
	}
	if err := l.SetBit(0, true); err != nil {
		t.Fatal(err)
	}
	if l.bits[0] != 0x80 {
		t.Errorf("byte 0 is %#02x, want 0x80", l.bits[0])
	}
	if err := l.SetBit(23, false); err != nil {
		t.Fatal(err)
	}
	if on, err := l.Bit(23); on || err != nil {
		t.Errorf("Bit(23) after clearing = %v, %v", on, err)
	}
}

func TestValueSizes(t *testing.T) {
	l := New(8 * MinimumBits)
	l.bits[0], l.bits[1], l.bits[2] = 0b10_11_01_00, 0b0110_1001, 0xA5
	for _, c := range []struct {
		i, size int
		want    uint64
	}{
		{0, 1, 1}, {1, 1, 0}, {7, 1, 0}, {9, 1, 1},
		{0, 2, 0b10}, {1, 2, 0b11}, {2, 2, 0b01}, {3, 2, 0b00}, {4, 2, 0b01},
		{0, 4, 0b1011}, {1, 4, 0b0100}, {2, 4, 0b0110}, {3, 4, 0b1001},
		{0, 8, 0b10110100}, {2, 8, 0xA5}, {3, 8, 0},
	} {
		got, err := l.Value(c.i, c.size)
		if err != nil || got != c.want {
			t.Errorf("Value(%d, %d) = %b, %v, want %b", c.i, c.size, got, err, c.want)
		}
	}
}

func TestValueRefuses(t *testing.T) {
	l := New(MinimumBits)
	for _, c := range []struct {
		name    string
		list    *List
		i, size int
		want    error
	}{
		{"size 0", l, 0, 0, ErrSize},
		{"size -1", l, 0, -1, ErrSize},
		{"size 3", l, 0, 3, ErrSize},
		{"size 16", l, 0, 16, ErrSize},
		{"size 1e9", l, 0, 1_000_000_000, ErrSize},
		{"index -1", l, -1, 1, ErrRange},
		{"index past the end", l, MinimumBits, 1, ErrRange},
		{"largest index", l, math.MaxInt, 1, ErrRange},
		{"half as many two-bit entries as required", l, 0, 2, ErrLength},
		{"zero list", new(List), 0, 1, ErrLength},
	} {
		if _, err := c.list.Value(c.i, c.size); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := l.Value(MinimumBits-1, 1); err != nil {
		t.Errorf("last index: %v", err)
	}
	for _, i := range []int{-1, MinimumBits, math.MinInt} {
		if err := l.SetBit(i, true); !errors.Is(err, ErrRange) {
			t.Errorf("SetBit(%d): got %v, want ErrRange", i, err)
		}
	}
}

func TestCloneIsIndependent(t *testing.T) {
	a := New(0)
	b := a.Clone()
	if err := b.SetBit(7, true); err != nil {
		t.Fatal(err)
	}
	if on, err := a.Bit(7); on || err != nil {
		t.Errorf("original changed with its clone: %v, %v", on, err)
	}
}

// A list is nothing but the set of indexes that were set, whatever way it took.
func TestListIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, model := New(0), map[int]bool{}
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			i, on := rapid.IntRange(0, MinimumBits-1).Draw(t, "i"), rapid.Bool().Draw(t, "on")
			if err := l.SetBit(i, on); err != nil {
				t.Fatal(err)
			}
			model[i] = on
		}
		back, err := Decode(l.Encode(), DefaultMaxBytes)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range model {
			if got, err := back.Bit(i); got != want || err != nil {
				t.Fatalf("Bit(%d) = %v, %v, want %v", i, got, err, want)
			}
		}
		ones := 0
		for _, on := range model {
			if on {
				ones++
			}
		}
		if got := countOnes(back); got != ones {
			t.Fatalf("%d bits set, want %d", got, ones)
		}
	})
}

func countOnes(l *List) (n int) {
	for _, b := range l.bits {
		for ; b != 0; b &= b - 1 {
			n++
		}
	}
	return n
}

func TestParseIndex(t *testing.T) {
	for s, want := range map[string]int{"0": 0, "1": 1, "42": 42, "131071": 131071, "999999999": 999999999} {
		if got, err := ParseIndex(s); got != want || err != nil {
			t.Errorf("ParseIndex(%q) = %d, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", " ", "-1", "+1", "-0", "00", "052", "0x2a", "0b1", "1e3", "1.0", "1_000", "4 2", " 42", "42 ", "42\n", "\n42",
		"1000000000", "9223372036854775808", "٤٢", "４２", "NaN", "true", strings.Repeat("9", 1<<16),
	} {
		if got, err := ParseIndex(s); !errors.Is(err, ErrIndex) {
			t.Errorf("ParseIndex(%.20q) = %d, %v, want ErrIndex", s, got, err)
		} else if len(err.Error()) > 200 {
			t.Errorf("error for a long index is %d bytes long", len(err.Error()))
		}
	}
}
