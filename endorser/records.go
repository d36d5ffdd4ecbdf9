package endorser

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"laurel/issuer"
	"laurel/store"
)

// Stored records, each sealed with a checksum (store.Seal):
//
//	z/e/<slug>             Endorser
//	z/c/<id>               Endorsement
//	z/s/<subject>/<id>     present for each endorsement of a subject, by the digest of its id
//	z/d/<digest>           what was asked for, or was brought -> id of the endorsement
//	z/k/<digest>           idempotency key -> digest of the body, id; package issuer sweeps them after 31 days

func endorserKey(slug string) []byte            { return []byte("z/e/" + slug) }
func endorsementKey(id string) []byte           { return []byte("z/c/" + id) }
func subjectPrefix(subject string) []byte       { return []byte("z/s/" + digest(subject) + "/") }
func subjectKey(subject, id string) []byte      { return append(subjectPrefix(subject), id...) }
func naturalKey(parts ...string) []byte         { return []byte("z/d/" + digest(parts...)) }
func answerKey(idem *issuer.Idempotency) []byte { return []byte("z/k/" + digest(idem.Scope, idem.Key)) }

// digest makes one short name of texts of any length.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// answer is what an idempotency key leads to.
type answer struct {
	Digest []byte    `json:"digest"`
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
}

// find reads what may not be there.
func find(r store.Reader, k []byte, into any) (found bool, err error) {
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("%s: %w", k, err)
	}
	return true, store.UnsealJSON(k, v, into)
}

// get reads what has to be there; issuer.ErrNotFound.
func get(r store.Reader, k []byte, into any) error {
	found, err := find(r, k, into)
	if err == nil && !found {
		return fmt.Errorf("%s: %w", k, issuer.ErrNotFound)
	}
	return err
}
