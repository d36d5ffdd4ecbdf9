package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrDamaged says that a record is not what was written: a flipped bit, a
// zeroed page, or a value under another record's key. bbolt has no page
// checksums, so every record carries its own.
var ErrDamaged = errors.New("store: record damaged")

// recordVersion is the first byte of every sealed record. Stored records are
// for ever: a new layout gets a new number and this one stays readable.
const recordVersion = 1

const recordHeader = 1 + 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal wraps a payload, which may come in several parts, as the value of a
// key: version, CRC-32C of key and payload, payload.
func Seal(key []byte, payload ...[]byte) []byte {
	size := recordHeader
	for _, part := range payload {
		size += len(part)
	}
	out := append(make([]byte, 0, size), recordVersion, 0, 0, 0, 0)
	for _, part := range payload {
		out = append(out, part...)
	}
	binary.BigEndian.PutUint32(out[1:], checksum(key, out[recordHeader:]))
	return out
}

// Unseal returns the payload of a value that Seal made for the same key, or
// ErrDamaged.
func Unseal(key, value []byte) ([]byte, error) {
	if len(value) < recordHeader || value[0] != recordVersion {
		return nil, ErrDamaged
	}
	payload := value[recordHeader:]
	if binary.BigEndian.Uint32(value[1:]) != checksum(key, payload) {
		return nil, ErrDamaged
	}
	return payload, nil
}

// PutJSON seals the JSON of a record and puts it.
func PutJSON(tx Tx, key []byte, record any) error {
	payload, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", key, err)
	}
	return tx.Put(key, Seal(key, payload))
}

// UnsealJSON reads a record that PutJSON wrote under the same key; ErrDamaged.
func UnsealJSON(key, value []byte, into any) error {
	payload, err := Unseal(key, value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := json.Unmarshal(payload, into); err != nil {
		return fmt.Errorf("%s: %w: %w", key, ErrDamaged, err)
	}
	return nil
}

func checksum(key, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, payload)
}
