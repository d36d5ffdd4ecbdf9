package issuer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"laurel/store"
)

// Stored records are for ever. The layout, one line a kind; every value is
// sealed with a checksum (store.Seal):
//
//	m                                  the store's own record (Meta)
//	i/<issuer>                         profile
//	a/<achievement>                    achievement, current version
//	a/<achievement>/<version>          each version that was ever current
//	a!/<achievement>/<version>         present once a badge was issued from it
//	c/<issuer>/<seq>                   credential: Record, then the signed bytes, or what of them no stencil has (stencil.go)
//	D/<digest>                         stencil: what badges of an achievement have in common; never deleted
//	n/<id>                             id -> issuer, seq of the current edition, seqs of those before it
//	l/<issuer>                         list of revocations now being filled, and its number
//	l/<issuer>/suspension              list of suspensions now being filled, and its number
//	x/<list>/<index>                   index -> credential id, for the VC-API its digest; never deleted
//	b/<list>/<index>                   present when the bit is set; that of a revocation is never deleted
//	v/<list>                           version of the list, and a change of a bit since then each:
//	v/<list>/<seq>
//	k/<scope digest>                   idempotency key -> digest of the body, seq, status; kept for 31 days
//	r/<issuer>/<seq>/<changes>         Record as it was before a change in place; kept for 31 days
//	s                                  since when the clock is believed again, and which moments on record are not
//	R                                  that the store went back in time, and whether that was accepted
//	e                                  times of the first and the last erasure since the file was compacted
//	q/<digest>                         id of what was signed for the VC-API -> its list and index, the last ones of several
//	d/<issuer>/<achievement>/<digest>/<seq>  natural duplicate; without <seq>, as once written, -> id
//	f/<kind>/<issuer>/<digest>/<seq>   find by e-mail, external reference, achievement
//	j/<issuer>/<seq>                   JWT and card still to be made
//	w/<issuer>/<seq>                   what the JWT has that the badge has not (jwtform.go), or all of it
//	W/<issuer>/<seq>                   offline card; empty for a badge that does not fit into one
//	u/<seq>                            audit record
//	o/<seq>  g/…                       package auditlog
//	h/<issuer>/<fragment>              key that was published once, and that it was revoked; never deleted
//	y/<scope digest>                   idempotency key -> digest of the body, keys as they were made; kept for 31 days
//	S/<part>/<whole>                   present where an achievement may rest on another
//	I/<slug>                           artwork of an achievement
//	p/…  P/…                           package programme
//	t/…  t!/…                          package tokens
//	ts/…                               package sessions
//	z/…                                package endorser
//	wh/…                               package feed
//	ml/…                               package mail
//	C                                  the key of claims, sealed by the key ring
//
// <seq> is 48 bits of milliseconds and 80 random bits: it orders records by
// time without a shared counter. Outside it stands only in cursors and in the ids
// of events.

// Scattered are the first bytes of keys that are random behind it, ids and digests:
// they come in no order (bolt.Options). The others ascend with time, or are few.
const Scattered = "bdfknqtxy"

func key(parts ...string) []byte {
	size := len(parts) - 1
	for _, p := range parts {
		size += len(p)
	}
	k := append(make([]byte, 0, size), parts[0]...)
	for _, p := range parts[1:] {
		k = append(append(k, '/'), p...)
	}
	return k
}

// lastPart is what stands behind the last slash of a key.
func lastPart(k []byte) string { return string(k[bytes.LastIndexByte(k, '/')+1:]) }

func metaKey() []byte                         { return key("m") }
func profileKey(slug string) []byte           { return key("i", slug) }
func achievementKey(slug string) []byte       { return key("a", slug) }
func versionKey(slug, version string) []byte  { return key("a", slug, version) }
func usedKey(slug, version string) []byte     { return key("a!", slug, version) }
func credentialKey(issuer, seq string) []byte { return key("c", issuer, seq) }
func idKey(id string) []byte                  { return key("n", id) }
func listVersionKey(list string) []byte       { return key("v", list) }
func listChangeKey(list, seq string) []byte   { return key("v", list, seq) }
func jwtQueueKey(issuer, seq string) []byte   { return key("j", issuer, seq) }
func jwtKey(issuer, seq string) []byte        { return key("w", issuer, seq) }
func cardKey(issuer, seq string) []byte       { return key("W", issuer, seq) }
func erasureKey() []byte                      { return key("e") }
func auditKey(seq string) []byte              { return key("u", seq) }
func indexKey(list string, index int) []byte  { return key("x", list, indexText(index)) }
func bitKey(list string, index int) []byte    { return key("b", list, indexText(index)) }
func bitPrefix(list string) []byte            { return key("b", list, "") }
func credentialPrefix(issuer string) []byte   { return key("c", issuer, "") }

// indexText pads, so that indexes scan in order.
func indexText(index int) string {
	var b [6]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + index%10)
		index /= 10
	}
	return string(b[:])
}

// Status is where a credential stands in its life.
type Status string

// The states. Only an edition that a later one has replaced is Superseded:
// what an id stands for never is.
const (
	Active     Status = "active"
	Suspended  Status = "suspended"
	Revoked    Status = "revoked"
	Superseded Status = "superseded"
)

// Record is one issued credential as we keep it, beside its signed bytes. head
// writes its fields; a test holds that none is forgotten.
type Record struct {
	ID          string    `json:"id"`      // 22 characters, 128 random bits and more
	Edition     int       `json:"edition"` // 1 for the first; corrections and renewals count on
	Issuer      string    `json:"issuer"`  // slug
	Achievement string    `json:"achievement"`
	Version     string    `json:"version"` // of the achievement
	Term        string    `json:"term,omitempty"`
	Status      Status    `json:"status"`
	Reason      string    `json:"reason,omitempty"`    // of the last change of status
	StatusAt    time.Time `json:"statusAt,omitzero"`   // of the last change of status
	List        string    `json:"list"`                // status list
	Index       int       `json:"index"`               // in that list
	PauseList   string    `json:"pauseList,omitempty"` // status list of suspensions; "" where the badge cannot be suspended
	PauseIndex  int       `json:"pauseIndex,omitempty"`
	AwardedAt   time.Time `json:"awardedAt"`         // when it was earned
	IssuedAt    time.Time `json:"issuedAt"`          // when it was signed
	ChangedAt   time.Time `json:"changedAt"`         // last change of this record
	Changes     int       `json:"changes,omitempty"` // how often it was changed in place
	ValidUntil  time.Time `json:"validUntil,omitzero"`
	Language    string    `json:"language,omitempty"` // the recipient's, for pages
	ExternalRef string    `json:"externalRef,omitempty"`
	Email       []byte    `json:"email,omitempty"`    // digest of the address
	Person      []byte    `json:"person,omitempty"`   // digest of the platform's id of the person
	ByPerson    []byte    `json:"byPerson,omitempty"` // digests under which a natural duplicate is found
	ByEmail     []byte    `json:"byEmail,omitempty"`
	ReplacedBy  string    `json:"replacedBy,omitempty"` // of an edition that is Superseded: correction or renewal
	ErasedAt    time.Time `json:"erasedAt,omitzero"`    // when the person was taken out of the record
	HiddenAt    time.Time `json:"hiddenAt,omitzero"`    // since when its holder does not show it; zero while it is shown
	Claims      int       `json:"claims,omitempty"`     // how often its claim was renewed

	Document []byte `json:"-"` // the signed bytes
	seq      string
	signer   string   // id of the key, of what was signed just now
	stencil  *stencil // that it shares bytes with, nil for none
}

// head is the JSON of everything but the signed bytes.
func (r *Record) head() ([]byte, error) {
	e := newEncoder(768)
	e.text("id", r.ID)
	e.number("edition", r.Edition)
	e.text("issuer", r.Issuer)
	e.text("achievement", r.Achievement)
	e.text("version", r.Version)
	e.optional("term", r.Term)
	e.text("status", string(r.Status))
	e.optional("reason", r.Reason)
	e.optionalTime("statusAt", r.StatusAt)
	e.text("list", r.List)
	e.number("index", r.Index)
	e.optional("pauseList", r.PauseList)
	if r.PauseIndex != 0 {
		e.number("pauseIndex", r.PauseIndex)
	}
	e.time("awardedAt", r.AwardedAt)
	e.time("issuedAt", r.IssuedAt)
	e.time("changedAt", r.ChangedAt)
	if r.Changes != 0 {
		e.number("changes", r.Changes)
	}
	e.optionalTime("validUntil", r.ValidUntil)
	e.optional("language", r.Language)
	e.optional("externalRef", r.ExternalRef)
	e.optionalBytes("email", r.Email)
	e.optionalBytes("person", r.Person)
	e.optionalBytes("byPerson", r.ByPerson)
	e.optionalBytes("byEmail", r.ByEmail)
	e.optional("replacedBy", r.ReplacedBy)
	e.optionalTime("erasedAt", r.ErasedAt)
	e.optionalTime("hiddenAt", r.HiddenAt)
	if r.Claims != 0 {
		e.number("claims", r.Claims)
	}
	return e.end()
}

func decodeRecord(from store.Reader, k, value []byte) (*Record, error) {
	r, kept, err := decodeHead(k, value)
	if err != nil {
		return nil, err
	}
	if err := r.unpackRecord(from, kept); err != nil {
		return nil, fmt.Errorf("record %s: %w", k, err)
	}
	return r, nil
}

// decodeHead is decodeRecord without the signed bytes; kept is what there is of
// them.
func decodeHead(k, value []byte) (r *Record, kept []byte, err error) {
	payload, err := store.Unseal(k, value)
	if err != nil {
		return nil, nil, fmt.Errorf("record %s: %w", k, err)
	}
	n, used := binary.Uvarint(payload)
	if used <= 0 || n > uint64(len(payload)-used) {
		return nil, nil, fmt.Errorf("record %s: %w", k, store.ErrDamaged)
	}
	r = new(Record)
	if err := r.decode(payload[used : used+int(n)]); err != nil {
		return nil, nil, fmt.Errorf("record %s: %w: %w", k, store.ErrDamaged, err)
	}
	r.seq = lastPart(k)
	return r, payload[used+int(n):], nil
}

func putRecord(tx store.Tx, r *Record) error {
	head, err := r.head()
	if err != nil {
		return fmt.Errorf("encoding record: %w", err)
	}
	kept := r.Document
	if r.stencil != nil {
		if packed := r.stencil.pack(r.Document); packed != nil {
			if err := r.stencil.put(tx); err != nil {
				return err
			}
			kept = packed
		}
	}
	var size [binary.MaxVarintLen64]byte
	k := credentialKey(r.Issuer, r.seq)
	return tx.Put(k, store.Seal(k, binary.AppendUvarint(size[:0], uint64(len(head))), head, kept))
}

// pointer leads from an id to its record, and to those of earlier editions,
// the first one first. Whether the holder hides the badge stands here too, so
// that a stranger who asks for it costs no more than one who asks for nothing.
type pointer struct {
	Issuer string   `json:"i"`
	Seq    string   `json:"s"`
	Before []string `json:"b,omitempty"`
	Hidden bool     `json:"h,omitempty"`
}

// edition is the place of an edition, the first one being 1; "" for one that
// there never was.
func (p *pointer) edition(n int) string {
	switch {
	case n == len(p.Before)+1:
		return p.Seq
	case n < 1 || n > len(p.Before):
		return ""
	}
	return p.Before[n-1]
}

// validFrom is the day it was earned for the first edition; later ones begin
// when they are made.
func (r *Record) validFrom() time.Time {
	if r.Edition > 1 {
		return r.IssuedAt
	}
	return r.AwardedAt
}

func (p pointer) encode() ([]byte, error) {
	e := newEncoder(128)
	e.text("i", p.Issuer)
	e.text("s", p.Seq)
	if len(p.Before) > 0 {
		e.texts("b", p.Before)
	}
	if p.Hidden {
		e.Boolean("h", true)
	}
	return e.end()
}

func recordByID(r store.Reader, id string) (*Record, error) {
	p, err := pointerTo(r, id)
	if err != nil {
		return nil, err
	}
	return recordAt(r, p.Issuer, p.Seq)
}

func pointerTo(r store.Reader, id string) (*pointer, error) {
	k := idKey(id)
	v, err := r.Get(k)
	if err != nil {
		return nil, notFound(err, string(k))
	}
	payload, err := store.Unseal(k, v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	p := new(pointer)
	if err := p.decode(payload); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", k, store.ErrDamaged, err)
	}
	return p, nil
}

func recordAt(r store.Reader, issuer, seq string) (*Record, error) {
	k := credentialKey(issuer, seq)
	v, err := r.Get(k)
	if err != nil {
		return nil, notFound(err, "credential record")
	}
	return decodeRecord(r, k, v)
}

// headAt is recordAt without the signed bytes.
func headAt(r store.Reader, issuer, seq string) (*Record, error) {
	k := credentialKey(issuer, seq)
	v, err := r.Get(k)
	if err != nil {
		return nil, notFound(err, "credential record")
	}
	rec, _, err := decodeHead(k, v)
	return rec, err
}

func getJSON(r store.Reader, k []byte, into any) error {
	v, err := r.Get(k)
	if err != nil {
		return notFound(err, string(k))
	}
	return store.UnsealJSON(k, v, into)
}

// getShared is getJSON for records that every award reads: templates and issuers,
// whose JSON takes longer to decode than a signature to make, and which status list
// is being filled. What it returns is shared: it must not be changed.
func getShared[T any](d *store.Decoded, r store.Reader, k []byte) (*T, error) {
	v, err := store.Shared(d, r, k, unsealed[T])
	if err != nil {
		return nil, notFound(err, string(k))
	}
	return v, nil
}

func unsealed[T any](k, value []byte) (*T, error) {
	into := new(T)
	return into, store.UnsealJSON(k, value, into)
}

// find is getJSON for what mostly is not there.
func find(r store.Reader, k []byte, into any) (found bool, err error) {
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, notFound(err, string(k))
	}
	return true, store.UnsealJSON(k, v, into)
}

// putEncoded is putJSON for records that encode themselves.
func putEncoded(tx store.Tx, k []byte, v interface{ encode() ([]byte, error) }) error {
	payload, err := v.encode()
	if err != nil {
		return fmt.Errorf("encoding %s: %w", k, err)
	}
	return tx.Put(k, store.Seal(k, payload))
}

func putMark(tx store.Tx, k []byte, payload string) error {
	return tx.Put(k, store.Seal(k, []byte(payload)))
}

func exists(r store.Reader, k []byte) (bool, error) {
	_, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func readMark(r store.Reader, k []byte) (string, error) {
	v, err := r.Get(k)
	if err != nil {
		return "", notFound(err, string(k))
	}
	payload, err := store.Unseal(k, v)
	if err != nil {
		return "", fmt.Errorf("%s: %w", k, err)
	}
	return string(payload), nil
}

func notFound(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// digest hides a personal value in a key: it finds the value again and cannot
// be turned back without the store's pepper.
func (i *Issuer) digest(parts ...string) []byte {
	d := i.macs.Get().(*digester)
	defer i.macs.Put(d)
	d.text = d.text[:0]
	for _, p := range parts {
		d.text = append(append(strconv.AppendInt(d.text, int64(len(p)), 10), ':'), p...)
	}
	d.mac.Reset()
	d.mac.Write(d.text)
	d.sum = d.mac.Sum(d.sum[:0])
	clear(d.text) // no name or address lies about
	return bytes.Clone(d.sum[:16])
}

// digester is an HMAC keyed with the pepper, and room to work in.
type digester struct {
	mac       hash.Hash
	text, sum []byte
}

func digestText(d []byte) string { return base64.RawURLEncoding.EncodeToString(d) }

// duplicatePrefix stands before the badges of one person; no digest is the
// beginning of another.
func duplicatePrefix(issuer, achievement string, digest []byte) []byte {
	return key("d", issuer, achievement, digestText(digest))
}

func findKey(kind, issuer string, digest []byte, seq string) []byte {
	return key("f", kind, issuer, digestText(digest), seq)
}

// newSeq is unique without a counter and ascends with time.
func newSeq(random io.Reader, at time.Time) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[6:]); err != nil {
		return "", fmt.Errorf("drawing a sequence: %w", err)
	}
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint32(b[0:], uint32(ms>>16))
	binary.BigEndian.PutUint16(b[4:], uint16(ms))
	return hex.EncodeToString(b[:]), nil
}

// newID draws a public id: 22 base64url characters of more than 131 random
// bits. None begins or ends with a sign: commands would take one for an option,
// and mail programs leave it out of a link.
func newID(random io.Reader) (string, error) {
	var b [17]byte
	for {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("drawing an id: %w", err)
		}
		if id := base64.RawURLEncoding.EncodeToString(b[:])[:22]; strings.Trim(id, "-_") == id {
			return id, nil
		}
	}
}
