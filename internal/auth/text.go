package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// ErrMalformed: the text is not an API token of ours at all.
var ErrMalformed = errors.New("auth: not an API token")

// The textual form is lrl_<id>_<secret><checksum>. Only letters and digits
// between the underscores: a double click selects the whole, and nothing needs
// escaping in a URL, a header or a shell.
const (
	prefix       = "lrl_"
	alphabet     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	idLength     = 12 // 71 bits: unique, not secret
	secretLength = 43 // 256.03 bits
	sumLength    = 6  // 62^6 > 2^32
	textLength   = len(prefix) + idLength + len("_") + secretLength + sumLength
)

// Parse takes apart a token as a caller sends it. The secret it returns is what
// Token.Verify wants. The checksum only tells a mistyped token from a wrong one,
// and lets scanners for leaked secrets be sure: it proves nothing. Error:
// ErrMalformed, which never repeats the text.
func Parse(text string) (id string, secret []byte, err error) {
	if len(text) != textLength || !strings.HasPrefix(text, prefix) {
		return "", nil, fmt.Errorf("%w: wrong length or prefix", ErrMalformed)
	}
	id, rest, ok := strings.Cut(text[len(prefix):], "_")
	if !ok || len(id) != idLength || !onlyAlphabet(id) || !onlyAlphabet(rest) {
		return "", nil, fmt.Errorf("%w: wrong shape", ErrMalformed)
	}
	if sum := text[textLength-sumLength:]; sum != checksum(text[:textLength-sumLength]) {
		return "", nil, fmt.Errorf("%w: checksum differs, perhaps a slip in copying", ErrMalformed)
	}
	return id, []byte(rest[:secretLength]), nil
}

func format(id, secret string) string {
	text := prefix + id + "_" + secret
	return text + checksum(text)
}

// checksum is CRC-32 (IEEE) of everything before it, in base 62, most
// significant digit first.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var digits [sumLength]byte
	for i := range digits {
		digits[sumLength-1-i] = alphabet[sum%62]
		sum /= 62
	}
	return string(digits[:])
}

func onlyAlphabet(s string) bool {
	return strings.Trim(s, alphabet) == ""
}

// random returns n characters of the alphabet, each equally likely.
func random(n int) string {
	const fair = 256 - 256%len(alphabet) // bytes from here on would favour the first characters
	out := make([]byte, 0, n)
	var draw [64]byte
	for {
		_, _ = rand.Read(draw[:]) // never fails: crypto/rand ends the program instead
		for _, b := range draw {
			if int(b) < fair {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
			if len(out) == n {
				return string(out)
			}
		}
	}
}
