package issuer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"laurel/internal/strictjson"
	"laurel/store"
)

// Most bytes of a badge are the same in all badges of its achievement: the
// achievement itself, the issuer, the contexts and the schema. So they are kept
// once, as a stencil, and a record names it and keeps of the signed bytes what is
// its own, a quarter of them. Nothing is written anew: copying the pieces together
// gives the bytes back that were signed. Behind its head such a record has
//
//	1, name of the stencil, n, n bytes, from, length, n, n bytes, …
//
// with numbers as varints: own bytes and pieces of the stencil take turns. What
// begins otherwise are the signed bytes themselves, as in records from before there
// were stencils, in those of single badges, and in empty ones.
const packedRecord = 1

// nameSize is that of a stencil's name, in bytes: enough of its digest for nobody
// to find another text with it.
const nameSize = 16

// stencil is a text of which badges have pieces. It is never changed nor deleted,
// and there is nothing of a person in it.
type stencil struct {
	name   []byte
	text   []byte
	pieces []piece // in the order in which badges have them
}

// piece is part of the text of a stencil.
type piece struct{ from, to int }

func stencilKey(name []byte) []byte { return key("D", digestText(name)) }

func stencilName(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:nameSize]
}

// newStencil is that of all badges which have their achievement and issuer in
// common with one.
func newStencil(credential strictjson.Value) *stencil {
	s := &stencil{}
	for _, part := range []strictjson.Value{
		credential.Get("@context"), credential.Get("issuer"),
		credential.Get("credentialSubject").Get("achievement"), credential.Get("credentialSchema"),
	} {
		from := len(s.text)
		s.text = append(s.text, part.Raw()...)
		s.pieces = append(s.pieces, piece{from, len(s.text)})
	}
	s.name = stencilName(s.text)
	return s
}

// pack is what is kept of a badge; nil where that is not less than the badge.
func (s *stencil) pack(document []byte) []byte {
	packed, rest := append(make([]byte, 0, len(document)), packedRecord), document
	packed = append(packed, s.name...)
	own := func(b []byte) { packed = append(binary.AppendUvarint(packed, uint64(len(b))), b...) }
	for _, p := range s.pieces {
		at := bytes.Index(rest, s.text[p.from:p.to])
		if at < 0 || p.from == p.to {
			continue
		}
		own(rest[:at])
		packed = binary.AppendUvarint(binary.AppendUvarint(packed, uint64(p.from)), uint64(p.to-p.from))
		rest = rest[at+p.to-p.from:]
	}
	own(rest)
	if again, _, ok := unpack(s.text, packed[1+nameSize:]); !ok || !bytes.Equal(again, document) || len(packed) >= len(document) {
		return nil
	}
	return packed
}

// put makes sure that a stencil is on record. It writes once, so that badges of one
// achievement do not contend.
func (s *stencil) put(tx store.Tx) error {
	k := stencilKey(s.name)
	there, err := exists(tx, k)
	if err != nil || there {
		return err
	}
	return tx.Put(k, store.Seal(k, s.text))
}

// unpack puts the signed bytes together again, and tells which pieces of the text
// they have.
func unpack(text, packed []byte) (document []byte, pieces []piece, ok bool) {
	document = make([]byte, 0, len(text)+len(packed))
	number := func() (n int, ok bool) {
		v, used := binary.Uvarint(packed)
		if used <= 0 || v > store.MaxValueSize {
			return 0, false
		}
		packed = packed[used:]
		return int(v), true
	}
	for {
		n, ok := number()
		if !ok || n > len(packed) {
			return nil, nil, false
		}
		document, packed = append(document, packed[:n]...), packed[n:]
		if len(packed) == 0 {
			return document, pieces, true
		}
		from, whole := number()
		if n, ok = number(); !whole || !ok || from+n > len(text) || len(document)+n > store.MaxValueSize {
			return nil, nil, false
		}
		document = append(document, text[from:from+n]...)
		pieces = append(pieces, piece{from, from + n})
	}
}

// unpackRecord reads what stands behind the head of a record.
func (r *Record) unpackRecord(from store.Reader, kept []byte) error {
	if len(kept) == 0 || kept[0] != packedRecord {
		r.Document = kept
		return nil
	}
	if len(kept) < 1+nameSize {
		return store.ErrDamaged
	}
	s := &stencil{name: kept[1 : 1+nameSize]}
	k := stencilKey(s.name)
	v, err := from.Get(k)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("stencil %s is missing: %w", k, store.ErrDamaged)
	case err != nil:
		return fmt.Errorf("stencil %s: %w", k, err)
	}
	if s.text, err = store.Unseal(k, v); err != nil {
		return fmt.Errorf("stencil %s: %w", k, err)
	}
	var ok bool
	if r.Document, s.pieces, ok = unpack(s.text, kept[1+nameSize:]); !ok {
		return store.ErrDamaged
	}
	r.stencil = s
	return nil
}
