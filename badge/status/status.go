// Package status is the codec of W3C Bitstring Status Lists: a long row of
// bits, one entry for each credential, compressed into a short text that a
// status list credential carries as its encodedList.
//
// It refuses to fetch, to sign, to look at dates or to know what a purpose
// means; that is the work of the issuer and of the verifier. It refuses lists
// shorter than the specification allows, and never inflates more than the
// caller permits.
//
// Start with New and Encode to write, with Decode, ParseIndex and Value to
// read.
//
// Section numbers are those of Bitstring Status List v1.0 (W3C
// Recommendation).
package status

import (
	"errors"
	"fmt"
	"slices"
)

const (
	// MinimumBits is the shortest bitstring that may be published: 16 KiB
	// uncompressed, so that one holder is hidden among many (section 2.2).
	MinimumBits = 131072

	// DefaultMaxBytes is the bound on an inflated list that suits a verifier,
	// in bytes: 4 MiB, or 33 million entries of one bit.
	DefaultMaxBytes = 4 << 20
)

var (
	// ErrEncoding: the text is not the promised encoding: wrong multibase
	// prefix, not base64, not gzip, cut short, or with bytes after its end.
	ErrEncoding = errors.New("status: list is not properly encoded")
	// ErrTooLarge: the list inflates to more than the caller allows.
	ErrTooLarge = errors.New("status: list is too large")
	// ErrLength: the list has fewer than MinimumBits entries. Outside it is
	// called STATUS_LIST_LENGTH_ERROR (section 3.2).
	ErrLength = errors.New("status: list is too short")
	// ErrRange: the index lies outside of the list. Outside it is called
	// RANGE_ERROR (section 3.2).
	ErrRange = errors.New("status: index out of range")
	// ErrIndex: the text is not a canonical decimal index.
	ErrIndex = errors.New("status: malformed index")
	// ErrSize: the entry size is none of 1, 2, 4 and 8 bits.
	ErrSize = errors.New("status: unsupported entry size")
)

// List is a bitstring. The zero value holds no entries at all, so every
// question to it is an error and none is answered "not revoked". A List is not
// safe for writing while others use it: change a Clone instead.
type List struct {
	bits []byte // entry 0 is the most significant bit of bits[0] (section 2.2)
}

// New returns a list of at least n entries of one bit, all unset. The length is
// n rounded up to whole bytes, and to MinimumBits.
func New(n int) *List {
	return &List{bits: make([]byte, (max(n, MinimumBits)+7)/8)}
}

// Len is the number of bits in the list, a multiple of 8.
func (l *List) Len() int { return 8 * len(l.bits) }

// Clone returns an independent copy.
func (l *List) Clone() *List { return &List{bits: slices.Clone(l.bits)} }

// Bit tells whether the entry at index i is set, for lists whose entries are
// one bit wide. Errors: ErrRange, and ErrLength for a list that Decode would
// have refused.
func (l *List) Bit(i int) (bool, error) {
	v, err := l.Value(i, 1)
	return v != 0, err
}

// Value returns the entry at index i of a list whose entries are size bits wide
// (statusSize: 1, 2, 4 or 8), most significant bit first. The index counts
// entries, not bits. Errors: ErrSize, ErrLength where the list holds fewer than
// MinimumBits entries of that size (section 3.2, step 5), ErrRange.
func (l *List) Value(i, size int) (uint64, error) {
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return 0, fmt.Errorf("%w: %d bits", ErrSize, size)
	}
	entries := l.Len() / size
	if entries < MinimumBits {
		return 0, fmt.Errorf("%w: %d entries of %d bits, %d required", ErrLength, entries, size, MinimumBits)
	}
	if i < 0 || i >= entries {
		return 0, fmt.Errorf("%w: %d of %d", ErrRange, i, entries)
	}
	perByte := 8 / size // sizes divide 8, so no entry straddles two bytes
	shift := 8 - size*(i%perByte+1)
	return uint64(l.bits[i/perByte]>>shift) & (1<<size - 1), nil
}

// SetBit sets or clears the one-bit entry at index i. Error: ErrRange.
func (l *List) SetBit(i int, on bool) error {
	if i < 0 || i >= l.Len() {
		return fmt.Errorf("%w: %d of %d", ErrRange, i, l.Len())
	}
	mask := byte(0x80) >> (i % 8)
	if on {
		l.bits[i/8] |= mask
	} else {
		l.bits[i/8] &^= mask
	}
	return nil
}

// ParseIndex reads a statusListIndex: decimal ASCII digits without sign, blanks
// or leading zeros, at most nine of them. One number has one spelling, or two
// readers could look at two entries. Error: ErrIndex.
func ParseIndex(s string) (int, error) {
	i := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || len(s) > 9 || s[0] == '0' && len(s) > 1 {
			return 0, fmt.Errorf("%w: %.24q", ErrIndex, s)
		}
		i = 10*i + int(c-'0')
	}
	if s == "" {
		return 0, fmt.Errorf("%w: %.24q", ErrIndex, s)
	}
	return i, nil
}
