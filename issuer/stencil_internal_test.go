package issuer

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"laurel/internal/strictjson"
	"laurel/store"
)

// TestPackedRecordsAreTheSame: whatever a badge shares with a stencil, the very
// bytes come back, and they take fewer where much is shared.
func TestPackedRecordsAreTheSame(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`ab"{}`)), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := &stencil{}
		for range rapid.IntRange(0, 5).Draw(t, "pieces") {
			from := len(s.text)
			s.text = append(s.text, text.Draw(t, "piece")...)
			s.pieces = append(s.pieces, piece{from, len(s.text)})
		}
		s.name = stencilName(s.text)
		var document []byte
		for _, p := range s.pieces {
			document = append(document, text.Draw(t, "own")...)
			if rapid.Bool().Draw(t, "shared") {
				document = append(document, s.text[p.from:p.to]...)
			}
		}
		packed := s.pack(document)
		if packed == nil {
			return
		}
		again, pieces, ok := unpack(s.text, packed[1+nameSize:])
		if !ok || !bytes.Equal(again, document) || len(packed) >= len(document) {
			t.Fatalf("%q of %q is %q, %t", packed, document, again, ok)
		}
		s.pieces = pieces // as it is when the record is read
		if twice := s.pack(document); twice != nil && !bytes.Equal(twice, packed) {
			rest, _, ok := unpack(s.text, twice[1+nameSize:])
			if !ok || !bytes.Equal(rest, document) {
				t.Fatalf("written again it is %q", rest)
			}
		}
	})
}

// TestPackedRecordsOfOthers: bytes that nobody packed are refused, or are some
// document within bounds; none makes the reader fail.
func TestPackedRecordsOfOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "text")
		packed := rapid.SliceOf(rapid.OneOf(rapid.ByteRange(0, 8), rapid.Byte())).Draw(t, "packed")
		document, _, ok := unpack(text, packed)
		if ok == (document == nil) || len(document) > store.MaxValueSize {
			t.Fatalf("%t, %d bytes", ok, len(document))
		}
	})
}

// TestNoPersonInAStencil: what badges have in common is what stands in all of them.
func TestNoPersonInAStencil(t *testing.T) {
	const badge = `{"@context":["c"],"id":"i","issuer":{"id":"x"},"credentialSubject":{"id":"s","identifier":[{"identityHash":"Ana"}],` +
		`"achievement":{"name":"First aid"},"role":"Speaker"},"credentialSchema":[{"id":"y"}],"proof":[]}`
	v, err := strictjson.Parse([]byte(badge), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s := newStencil(v)
	if want := `["c"]{"id":"x"}{"name":"First aid"}[{"id":"y"}]`; string(s.text) != want {
		t.Errorf("%s", s.text)
	}
	if !slices.Equal(s.pieces, []piece{{0, 5}, {5, 15}, {15, 35}, {35, 47}}) {
		t.Errorf("%v", s.pieces)
	}
}
