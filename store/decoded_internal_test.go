package store

import (
	"fmt"
	"testing"
)

func TestDecodedIsBounded(t *testing.T) {
	var d Decoded
	for n := range 4 * maxDecoded {
		d.keep(fmt.Append(nil, n), make([]byte, 10), new(int))
	}
	if len(d.entries) != maxDecoded || d.bytes != 10*maxDecoded {
		t.Errorf("%d entries of %d bytes", len(d.entries), d.bytes)
	}
	for n := range 4 {
		d.keep(fmt.Append(nil, "large", n), make([]byte, maxDecodedBytes/2), new(int))
	}
	if d.bytes > maxDecodedBytes {
		t.Errorf("%d bytes are kept", d.bytes)
	}
}
