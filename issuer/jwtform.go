package issuer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"

	"laurel/store"
)

// The payload of a VC-JWT is the badge once more, but for its end, and base64
// makes it a third longer. So of a token is kept what the badge beside it does
// not say already, some 600 bytes of 6,400:
//
//	1, len header, header, len signature, signature, n, what follows the first
//	n bytes of the badge in the payload
//
// with lengths as varints. A value that does not begin with 1 is a token as it
// is: those written once, and such as cannot be put together again.
const packedJWT = 1

// packJWT is what is kept of the token of a badge.
func packJWT(token, document []byte) []byte {
	var parts [3][]byte
	texts := bytes.Split(token, []byte("."))
	if len(texts) != len(parts) {
		return token
	}
	for n, text := range texts {
		var err error
		if parts[n], err = base64.RawURLEncoding.AppendDecode(nil, text); err != nil {
			return token
		}
	}
	header, payload, signature := parts[0], parts[1], parts[2]
	same := 0
	for same < min(len(payload), len(document)) && payload[same] == document[same] {
		same++
	}
	packed := append([]byte{packedJWT}, binary.AppendUvarint(nil, uint64(len(header)))...)
	packed = binary.AppendUvarint(append(packed, header...), uint64(len(signature)))
	packed = binary.AppendUvarint(append(packed, signature...), uint64(same))
	packed = append(packed, payload[same:]...)
	if again, err := unpackJWT(packed, document); err != nil || !bytes.Equal(again, token) {
		return token
	}
	return packed
}

// unpackJWT is the token of a badge again. The error is store.ErrDamaged.
func unpackJWT(kept, document []byte) ([]byte, error) {
	if len(kept) == 0 || kept[0] != packedJWT {
		return kept, nil
	}
	rest := kept[1:]
	number := func() uint64 {
		n, used := binary.Uvarint(rest)
		if used <= 0 {
			rest = nil
			return 0
		}
		rest = rest[used:]
		return n
	}
	take := func() []byte {
		n := number()
		if n > uint64(len(rest)) {
			n, rest = 0, nil
		}
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	header, signature, same := take(), take(), number()
	if len(header) == 0 || len(signature) == 0 || len(rest) == 0 || same > uint64(len(document)) {
		return nil, fmt.Errorf("putting a JWT together: %w", store.ErrDamaged)
	}
	token := base64.RawURLEncoding.AppendEncode(nil, header)
	token = base64.RawURLEncoding.AppendEncode(append(token, '.'), slices.Concat(document[:same], rest))
	return base64.RawURLEncoding.AppendEncode(append(token, '.'), signature), nil
}
