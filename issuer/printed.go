package issuer

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"laurel/store"
)

// A printed code is what a person types who has a badge on paper: the first 75
// bits of its id in 15 characters, and one that checks them. It is derived, so
// nothing is stored for it, and far too long to be guessed. Its characters are
// those of Crockford's base 32: no letter looks like a digit.
const (
	codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength   = 16 // with the check character
	codeGroup    = 4

	// codePrefix is how many characters of the id a code holds whole; three bits
	// of the next one are in it too.
	codePrefix = 12
)

// PrintedCode returns what stands under the QR code of a badge with this public
// id, in groups of four characters; "" for what is no id.
func PrintedCode(id string) string {
	symbols, ok := codeSymbols(id)
	if !ok {
		return ""
	}
	symbols = append(symbols, codeCheck(symbols))
	var b strings.Builder
	for n, s := range symbols {
		if n > 0 && n%codeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeAlphabet[s])
	}
	return b.String()
}

// IsPrintedCode reports whether a text is a printed code, however it was typed:
// capitals, blanks and hyphens do not count, and O, I and L are the digits that
// they look like. One wrong character, or two that changed places, make it none.
func IsPrintedCode(text string) bool {
	_, ok := readCode(text)
	return ok
}

// ByPrintedCode returns the id of the badge that a printed code belongs to;
// ErrNotFound where it is none or belongs to no badge.
func (i *Issuer) ByPrintedCode(ctx context.Context, text string) (id string, err error) {
	symbols, ok := readCode(text)
	if !ok {
		return "", fmt.Errorf("printed code: %w", ErrNotFound)
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		return r.Scan(idKey(codeID(symbols)), nil, func(key, _ []byte) error {
			found := lastPart(key)
			if of, _ := codeSymbols(found); string(of) != string(symbols) {
				return nil
			}
			if id != "" { // of two, neither is meant
				id = ""
				return store.ErrStop
			}
			id = found
			return nil
		})
	})
	if err == nil && id == "" {
		err = fmt.Errorf("printed code: %w", ErrNotFound)
	}
	return id, err
}

// codeSymbols are the first bits of an id, five to a symbol.
func codeSymbols(id string) (symbols []byte, ok bool) {
	if len(id) < codePrefix+4 {
		return nil, false
	}
	bits, err := base64.RawURLEncoding.DecodeString(id[:codePrefix+4])
	if err != nil {
		return nil, false
	}
	for n := range codeLength - 1 {
		at := 5 * n
		two := uint16(bits[at/8])<<8 | uint16(bits[at/8+1])
		symbols = append(symbols, byte(two>>(11-at%8))&31)
	}
	return symbols, true
}

// codeID is how the ids begin that a code may belong to.
func codeID(symbols []byte) string {
	bits := make([]byte, 12) // 75 of 96
	for n, s := range symbols {
		at := 5 * n
		two := uint16(s) << (11 - at%8)
		bits[at/8] |= byte(two >> 8)
		bits[at/8+1] |= byte(two)
	}
	return base64.RawURLEncoding.EncodeToString(bits)[:codePrefix]
}

// codeCheck is the symbol that makes the sum of all, each times a power of two of
// its own in the field of 32 elements, zero: so no single mistake and no swap
// goes unseen.
func codeCheck(symbols []byte) (check byte) {
	weight := byte(1)
	for _, s := range symbols {
		weight = times(weight, 2)
		check ^= times(weight, s)
	}
	return check
}

// times multiplies in the field of 32 elements, modulo x⁵+x²+1.
func times(a, b byte) (product byte) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			product ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return product
}

// maxCode bounds what is read of what was typed, in bytes.
const maxCode = 64

func readCode(text string) (symbols []byte, ok bool) {
	if len(text) > maxCode {
		return nil, false
	}
	alike := strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "", "\t", "", "\u00a0", "", "‐", "", "‑", "", "–", "")
	for _, r := range alike.Replace(strings.ToUpper(text)) {
		s := strings.IndexRune(codeAlphabet, r)
		if s < 0 {
			return nil, false
		}
		symbols = append(symbols, byte(s))
	}
	if len(symbols) != codeLength || codeCheck(symbols[:codeLength-1]) != symbols[codeLength-1] {
		return nil, false
	}
	return symbols[:codeLength-1], true
}
