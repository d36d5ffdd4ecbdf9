package issuer

import (
	"bytes"
	"fmt"
	"time"

	"laurel/store"
)

// replay finds the answer that an idempotency key, whose record is at k, was
// given before.
func (i *Issuer) replay(r store.Reader, idem *Idempotency, k []byte) (*Issued, error) {
	if idem == nil {
		return nil, nil
	}
	var kept keptAnswer
	if found, err := find(r, k, &kept); err != nil || !found {
		return nil, err
	}
	if !bytes.Equal(kept.Digest, i.bodyDigest(idem)) {
		return nil, ErrIdempotencyReused
	}
	rec, err := recordAt(r, kept.Issuer, kept.Seq)
	if err != nil {
		return nil, err
	}
	if !rec.ErasedAt.IsZero() {
		return nil, fmt.Errorf("credential %s: %w", rec.ID, ErrErased)
	}
	if kept.Status == Active { // the first answer said so, whatever became of it since
		rec.Status, rec.Reason, rec.StatusAt = Active, "", time.Time{}
	}
	return &Issued{Record: rec, Existing: kept.Existing, Replayed: true}, nil
}

// keptAnswer is what an idempotency key leads to.
type keptAnswer struct {
	Digest   []byte    `json:"digest"`
	Issuer   string    `json:"issuer"`
	Seq      string    `json:"seq"`
	Status   Status    `json:"status"`
	Existing bool      `json:"existing,omitempty"`
	At       time.Time `json:"at"`
}

func (a keptAnswer) encode() ([]byte, error) {
	e := newEncoder(256)
	e.bytes("digest", a.Digest)
	e.text("issuer", a.Issuer)
	e.text("seq", a.Seq)
	e.text("status", string(a.Status))
	if a.Existing {
		e.boolean("existing", true)
	}
	e.time("at", a.At)
	return e.end()
}

// bodyDigest hides the digest of a request: a plain one would tell whoever has
// the store whether a guessed name and address stood in it.
func (i *Issuer) bodyDigest(idem *Idempotency) []byte { return i.digest("body", string(idem.Digest)) }

// idempotencyKey is where the answer is kept; nil where none is.
func (i *Issuer) idempotencyKey(idem *Idempotency) []byte {
	if idem == nil {
		return nil
	}
	return key("k", digestText(i.digest(idem.Scope, idem.Key)))
}

// duplicate finds a badge of the same achievement, edition and person that was
// not revoked, or where a person is served once only, one of any status. A
// platform's own id of the person counts before the address, which several
// people may share.
func (i *Issuer) duplicate(r store.Reader, d *draft) (*Issued, error) {
	if d.award.OnDuplicate == AllowDuplicate {
		return nil, nil
	}
	for _, digest := range [][]byte{d.person.ByPerson, d.person.ByEmail} {
		if digest == nil {
			continue
		}
		var id string
		if found, err := find(r, duplicateKey(d.profile.Slug, d.ach.Slug, digest), &id); err != nil {
			return nil, err
		} else if !found {
			continue
		}
		rec, err := recordByID(r, id)
		if err != nil {
			return nil, err
		}
		if (rec.Status == Revoked && !d.award.Once) || differentPeople(d, rec) {
			continue
		}
		if d.award.OnDuplicate == RejectDuplicate {
			return nil, &DuplicateError{ID: rec.ID}
		}
		return &Issued{Record: rec, Existing: true}, nil
	}
	return nil, nil
}

// duplicateDigests are the names under which a person is known in an edition
// of a course; nil for what is not given.
func (i *Issuer) duplicateDigests(edition string, p Recipient) (byPerson, byEmail []byte) {
	if p.ExternalID != "" {
		byPerson = i.digest("id", edition, p.ExternalID)
	}
	if p.Email != "" {
		byEmail = i.digest("mail", edition, normalEmail(p.Email))
	}
	return byPerson, byEmail
}

// differentPeople tells whether a record is of somebody whom the platform
// tells apart from the person of a draft.
func differentPeople(d *draft, rec *Record) bool {
	return d.person.Person != nil && rec.Person != nil && !bytes.Equal(rec.Person, d.person.Person)
}
