package issuer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
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
	rec, err = rec.before(r, kept.Changes)
	if err != nil {
		return nil, err
	}
	if kept.Status == Active && rec.Status != Active { // the first answer said so, whatever became of it since
		rec.Status, rec.Reason, rec.StatusAt = Active, "", time.Time{}
	}
	return &Issued{Record: rec, Existing: kept.Existing, Replayed: true}, nil
}

// past is a record as it was before a change in place, from which the answers
// of that time are given again. It may speak of the person, so it goes when
// they are erased.
type past struct {
	At   time.Time       `json:"at"` // of the change
	Head json.RawMessage `json:"head"`
}

func pastKey(issuer, seq string, changes int) []byte {
	return key("r", issuer, seq, strconv.Itoa(changes))
}

// putChanged writes a record in the place of what it was.
func putChanged(tx store.Tx, was, rec *Record, at time.Time) error {
	head, err := was.head()
	if err != nil {
		return fmt.Errorf("encoding record: %w", err)
	}
	if err := store.PutJSON(tx, pastKey(was.Issuer, was.seq, was.Changes), past{at, head}); err != nil {
		return err
	}
	rec.Changes = was.Changes + 1
	return putRecord(tx, rec)
}

// before is the record as it was after that many changes; as it is, where that
// is not kept any more.
func (r *Record) before(from store.Reader, changes int) (*Record, error) {
	if changes == r.Changes {
		return r, nil
	}
	var p past
	k := pastKey(r.Issuer, r.seq, changes)
	if found, err := find(from, k, &p); err != nil || !found {
		return r, err
	}
	was := &Record{Document: r.Document, seq: r.seq}
	if err := json.Unmarshal(p.Head, was); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", k, store.ErrDamaged, err)
	}
	return was, nil
}

// keptAnswer is what an idempotency key leads to.
type keptAnswer struct {
	Digest   []byte    `json:"digest"`
	Issuer   string    `json:"issuer"`
	Seq      string    `json:"seq"`
	Changes  int       `json:"changes,omitempty"` // of the record when it was the answer
	Status   Status    `json:"status"`
	Existing bool      `json:"existing,omitempty"`
	At       time.Time `json:"at"`
}

func (a keptAnswer) encode() ([]byte, error) {
	e := newEncoder(256)
	e.bytes("digest", a.Digest)
	e.text("issuer", a.Issuer)
	e.text("seq", a.Seq)
	if a.Changes != 0 {
		e.number("changes", a.Changes)
	}
	e.text("status", string(a.Status))
	if a.Existing {
		e.Boolean("existing", true)
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
// not revoked, or where a person is served once only, one of any status; the
// newest of several. A platform's own id of the person counts before the
// address, which several people may share: there a badge that never bore the name
// is somebody else's.
func (i *Issuer) duplicate(r store.Reader, d *draft) (*Issued, error) {
	if d.award.OnDuplicate == AllowDuplicate {
		return nil, nil
	}
	for n, digest := range [][]byte{d.person.ByPerson, d.person.ByEmail} {
		if digest == nil {
			continue
		}
		rec, err := i.newest(r, d, digest, n == 0)
		switch {
		case err != nil:
			return nil, err
		case rec == nil:
			continue
		case d.award.OnDuplicate == RejectDuplicate:
			return nil, &DuplicateError{ID: rec.ID}
		}
		return &Issued{Record: rec, Existing: true}, nil
	}
	return nil, nil
}

// newest is the newest badge under a digest that answers an award: one that bears
// the name before one that bore it until it was corrected, and where the digest is
// the person's own, any after those; nil where none does.
func (i *Issuer) newest(r store.Reader, d *draft, digest []byte, own bool) (*Record, error) {
	own = own && d.award.Theirs == nil
	seqs, err := duplicateSeqs(r, duplicatePrefix(d.profile.Slug, d.ach.Slug, digest))
	if err != nil {
		return nil, err
	}
	var others []*Record
	for _, seq := range slices.Backward(seqs) {
		rec, err := recordAt(r, d.profile.Slug, seq)
		switch {
		case err != nil:
			return nil, err
		case rec.Status == Revoked && !d.award.Once, differentPeople(d, rec):
			continue
		case len(seqs) == 1 && own:
			return rec, nil
		}
		if theirs, err := d.award.names(rec); err != nil || theirs {
			return rec, err
		}
		others = append(others, rec)
	}
	for _, rec := range others {
		if theirs, err := d.award.named(r, rec); err != nil || theirs {
			return rec, err
		}
	}
	if own && len(others) > 0 {
		return others[0], nil
	}
	return nil, nil
}

// names tells whether a badge bears the name of who an award is for.
func (a *Award) names(rec *Record) (bool, error) {
	doc, err := rec.View()
	if err != nil {
		return false, err
	}
	name := doc.View().CredentialSubject.HolderName()
	if a.Theirs != nil {
		return a.Theirs(name), nil
	}
	return SameName(name, a.Recipient.Name), nil
}

// named tells it of the editions before: who does not know of a correction asks
// with the name that it took away.
func (a *Award) named(r store.Reader, rec *Record) (bool, error) {
	if rec.Edition == 1 {
		return false, nil
	}
	p, err := pointerTo(r, rec.ID)
	if err != nil {
		return false, err
	}
	for _, seq := range slices.Backward(p.Before) {
		old, err := recordAt(r, p.Issuer, seq)
		if err != nil {
			return false, err
		}
		if theirs, err := a.names(old); err != nil || theirs {
			return theirs, err
		}
	}
	return false, nil
}

// duplicateSeqs are the badges under a prefix, oldest first.
func duplicateSeqs(r store.Reader, prefix []byte) (seqs []string, err error) {
	err = r.Scan(prefix, nil, func(k, v []byte) error {
		seq, err := duplicateSeq(r, k, v, len(prefix))
		seqs = append(seqs, seq)
		return err
	})
	return seqs, err
}

// duplicateSeq is the place of the badge that a key behind a prefix stands for.
// Once there was one key for all badges of a person, which leads to the last.
func duplicateSeq(r store.Reader, k, v []byte, prefix int) (seq string, err error) {
	if len(k) > prefix {
		_, err = store.Unseal(k, v)
		return lastPart(k), err
	}
	var id string
	var p pointer
	if err = store.UnsealJSON(k, v, &id); err == nil {
		err = getJSON(r, idKey(id), &p)
	}
	return p.Seq, err
}

// duplicateKeys are the keys under which the badge is found as a duplicate.
// What was replaced is none.
func (r *Record) duplicateKeys() [][]byte {
	if r.Status == Superseded {
		return nil
	}
	var keys [][]byte
	for _, digest := range [][]byte{r.ByPerson, r.ByEmail} {
		if digest != nil {
			keys = append(keys, append(append(duplicatePrefix(r.Issuer, r.Achievement, digest), '/'), r.seq...))
		}
	}
	return keys
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
