package issuer

import (
	"bytes"
	"time"

	"laurel/store"
)

// replay finds the answer that an idempotency key was given before.
func (i *Issuer) replay(r store.Reader, d *draft) (*Issued, error) {
	idem := d.award.Idempotency
	if idem == nil {
		return nil, nil
	}
	var kept keptAnswer
	if found, err := find(r, d.answer, &kept); err != nil || !found {
		return nil, err
	}
	if !bytes.Equal(kept.Digest, idem.Digest) {
		return nil, ErrIdempotencyReused
	}
	rec, err := recordAt(r, kept.Issuer, kept.Seq)
	if err != nil {
		return nil, err
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

func (i *Issuer) idempotencyKey(idem *Idempotency) []byte {
	return key("k", digestText(i.digest(idem.Scope, idem.Key)))
}

// duplicate finds an active badge of the same achievement, edition and person,
// or where a person is served once only, one of any status. A platform's own
// id of the person counts before the address, which several people may share.
func (i *Issuer) duplicate(r store.Reader, d *draft) (*Issued, error) {
	if d.award.OnDuplicate == AllowDuplicate {
		return nil, nil
	}
	for _, k := range d.holders {
		var id string
		if found, err := find(r, k, &id); err != nil {
			return nil, err
		} else if !found {
			continue
		}
		rec, err := recordByID(r, id)
		if err != nil {
			return nil, err
		}
		if (rec.Status != Active && !d.award.Once) || i.differentPeople(d, rec) {
			continue
		}
		if d.award.OnDuplicate == RejectDuplicate {
			return nil, &DuplicateError{ID: rec.ID}
		}
		return &Issued{Record: rec, Existing: true}, nil
	}
	return nil, nil
}

// holderKeys are the keys under which it is noted that a person holds the
// achievement: by the platform's id first.
func (i *Issuer) holderKeys(d *draft) [][]byte {
	var out [][]byte
	p := d.award.Recipient
	if p.ExternalID != "" {
		out = append(out, duplicateKey(d.profile.Slug, d.ach.Slug, i.digest("id", d.award.Edition, p.ExternalID)))
	}
	if p.Email != "" {
		out = append(out, duplicateKey(d.profile.Slug, d.ach.Slug, i.digest("mail", d.award.Edition, normalEmail(p.Email))))
	}
	return out
}

func (i *Issuer) differentPeople(d *draft, rec *Record) bool {
	id := d.award.Recipient.ExternalID
	return id != "" && rec.Person != nil && !bytes.Equal(rec.Person, i.digest("person", id))
}
