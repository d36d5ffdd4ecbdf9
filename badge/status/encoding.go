package status

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

// multibase is the prefix for base64url without padding, which section 2.2
// prescribes.
const multibase = "u"

// gzipOverhead is what a well-formed gzip stream may need beyond its contents:
// header, an optional extra field of up to 64 KiB, trailer, and the five bytes
// that each stored block costs. It only has to be generous.
const gzipOverhead = 128 << 10

// Encode returns the encodedList: "u", then base64url without padding of the
// gzipped bits. Equal lists give equal texts within one build, because the gzip
// header names neither time nor file; another release of the compressor may
// choose other bytes for the same bits.
func (l *List) Encode() string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	// A bytes.Buffer takes every write, so neither call can fail.
	_, _ = w.Write(l.bits)
	_ = w.Close()
	return multibase + base64.RawURLEncoding.EncodeToString(out.Bytes())
}

// Decode reads an encodedList as Encode writes it and inflates at most maxBytes
// bytes. Errors: ErrEncoding, ErrTooLarge, and ErrLength for a list shorter
// than MinimumBits.
func Decode(s string, maxBytes int) (*List, error) {
	if tooLong(s, maxBytes) {
		return nil, fmt.Errorf("%w: text of %d bytes", ErrTooLarge, len(s))
	}
	text, ok := strings.CutPrefix(s, multibase)
	if !ok {
		return nil, fmt.Errorf("%w: multibase prefix %q missing", ErrEncoding, multibase)
	}
	packed, err := decodeBase64(base64.RawURLEncoding, text)
	if err != nil {
		return nil, err
	}
	return inflate(packed, maxBytes)
}

// DecodeBare reads the encodedList of a StatusList2021 credential, or of a draft
// that knew no multibase prefix: base64url or plain base64, padded or not. A
// text with the prefix is refused, as nothing that is gzip begins with "u" in
// base64. Errors are those of Decode.
func DecodeBare(s string, maxBytes int) (*List, error) {
	if tooLong(s, maxBytes) {
		return nil, fmt.Errorf("%w: text of %d bytes", ErrTooLarge, len(s))
	}
	enc := base64.RawURLEncoding
	if strings.ContainsAny(s, "+/") {
		enc = base64.RawStdEncoding
	}
	if strings.HasSuffix(s, "=") {
		enc = enc.WithPadding(base64.StdPadding)
	}
	packed, err := decodeBase64(enc, s)
	if err != nil {
		return nil, err
	}
	return inflate(packed, maxBytes)
}

// tooLong spares the work on a text that could not be within the bound.
func tooLong(s string, maxBytes int) bool {
	return maxBytes < 0 || len(s)/4 > maxBytes/3+gzipOverhead
}

// decodeBase64 refuses what the standard decoder forgives: line breaks, and
// tails with stray bits.
func decodeBase64(enc *base64.Encoding, s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: line break inside base64", ErrEncoding)
	}
	packed, err := enc.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return packed, nil
}

// inflate unpacks exactly one gzip member that fills all of packed.
func inflate(packed []byte, maxBytes int) (*List, error) {
	// bytes.Reader is an io.ByteReader, so gzip takes no byte beyond the end
	// of its stream and what is left over can be seen.
	in := bytes.NewReader(packed)
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: reading gzip header: %w", ErrEncoding, err)
	}
	r.Multistream(false)
	bits, err := io.ReadAll(io.LimitReader(r, int64(maxBytes)+1))
	switch {
	case len(bits) > maxBytes:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxBytes)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%w: gzip is cut short", ErrEncoding)
	case err != nil:
		return nil, fmt.Errorf("%w: inflating: %w", ErrEncoding, err)
	case in.Len() > 0:
		return nil, fmt.Errorf("%w: %d bytes after the end of gzip", ErrEncoding, in.Len())
	case 8*len(bits) < MinimumBits:
		return nil, fmt.Errorf("%w: %d bits, %d required", ErrLength, 8*len(bits), MinimumBits)
	}
	return &List{bits: bits}, nil
}
