package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"laurel/store"
)

// The layout in the store; every value is sealed with a checksum:
//
//	ml/<kind>/<due>/<seq>   letter; <due> is when it is tried next, in 16 hexadecimal digits of milliseconds
//
// Kinds are for ever, while a letter waits for them.
type kind string

const (
	earned kind = "e" // a badge was issued to them
	asked  kind = "a" // somebody has asked for the badges of an address
)

// letter is what is to be told, and to whom. It says nothing of a person but
// their address, which is sealed.
type letter struct {
	Credential string    `json:"credential,omitempty"` // id, of one that was earned
	To         string    `json:"to"`                   // the address, sealed by the key ring
	Language   string    `json:"language,omitempty"`
	At         time.Time `json:"at"`    // when it was written down
	Tries      int       `json:"tries"` // that came to nothing
}

func prefix(k kind) string { return "ml/" + string(k) + "/" }

func key(k kind, due time.Time, seq string) []byte {
	return fmt.Appendf(nil, "%s%016x/%s", prefix(k), max(0, due.UnixMilli()), seq)
}

// parseKey is what stands in a key; store.ErrDamaged.
func parseKey(k []byte) (of kind, due time.Time, seq string, err error) {
	parts := strings.Split(string(k), "/")
	if len(parts) != 4 || len(parts[2]) != 16 || parts[3] == "" || kind(parts[1]) != earned && kind(parts[1]) != asked {
		return "", due, "", fmt.Errorf("%s: %w", k, store.ErrDamaged)
	}
	millis, err := strconv.ParseInt(parts[2], 16, 64)
	if err != nil {
		return "", due, "", fmt.Errorf("%s: %w", k, store.ErrDamaged)
	}
	return kind(parts[1]), time.UnixMilli(millis), parts[3], nil
}

// Check holds what waits against itself: every letter is whole, and what it tells
// of is there. It reports each thing that is not so in a sentence; the error says
// that the store could not be read. It writes nothing.
func Check(ctx context.Context, s store.Store, report func(problem string)) error {
	return s.View(ctx, func(r store.Reader) error {
		return r.Scan([]byte("ml/"), nil, func(k, v []byte) error {
			var l letter
			of, _, _, err := parseKey(k)
			if err == nil {
				err = store.UnsealJSON(k, v, &l)
			}
			if errors.Is(err, store.ErrDamaged) {
				report(fmt.Sprintf("%s: %v", k, err))
				return nil
			} else if err != nil {
				return err
			}
			if l.To == "" || (of == earned) != (l.Credential != "") {
				report(fmt.Sprintf("%s is no letter", k))
				return nil
			}
			if of != earned {
				return nil
			}
			_, err = r.Get([]byte("n/" + l.Credential))
			if errors.Is(err, store.ErrNotFound) {
				report(fmt.Sprintf("%s tells of %s, which there is not", k, l.Credential))
				return nil
			}
			return err
		})
	})
}

// outlived is how long a letter waits at most.
const outlived = 4 * 24 * time.Hour

// Drop removes letters that have outlived every try, with their addresses: those
// of a service that sends none any more.
func Drop(ctx context.Context, s store.Store, now time.Time) error {
	var old [][]byte
	err := s.View(ctx, func(r store.Reader) error {
		old = nil
		return r.Scan([]byte("ml/"), nil, func(k, v []byte) error {
			var l letter
			if err := store.UnsealJSON(k, v, &l); err != nil {
				return err
			}
			if now.Sub(l.At) > outlived {
				old = append(old, bytes.Clone(k))
			}
			return nil
		})
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return s.Update(ctx, func(tx store.Tx) error {
		for _, k := range old {
			if err := tx.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}
