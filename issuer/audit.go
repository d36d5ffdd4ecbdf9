package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"laurel/issuer/auditlog"
	"laurel/store"
)

// LogSlug is the name under which a key ring keeps the key that signs the
// checkpoints of the audit log. It is no issuer: a key that badges are signed
// with could vouch for its own past.
const LogSlug = "audit-log"

// Event is the audit record of one change: who, what, when and why, without
// personal data. It is written in the same Update as the change; nothing is
// counted or chained there, so that writers never wait for each other.
// Package auditlog gives it its place afterwards.
type Event struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"` // id of a token, or the command
	Action  string    `json:"action"`
	Issuer  string    `json:"issuer,omitempty"`
	Subject string    `json:"subject,omitempty"` // id of what was changed
	Edition int       `json:"edition,omitempty"` // of the credential that was changed, the first being 1
	Reason  string    `json:"reason,omitempty"`
	// Document is the digest of what was signed, "sha256:" and hexadecimal: an
	// id alone could be given to another badge by whoever has the key.
	Document string `json:"document,omitempty"`
}

func (e Event) encode() ([]byte, error) {
	j := newEncoder(256)
	j.time("at", e.At)
	j.text("actor", e.Actor)
	j.text("action", e.Action)
	j.optional("issuer", e.Issuer)
	j.optional("subject", e.Subject)
	if e.Edition != 0 {
		j.number("edition", e.Edition)
	}
	j.optional("reason", e.Reason)
	j.optional("document", e.Document)
	return j.end()
}

// What is done to credentials.
const (
	actionIssue   = "credential.issue"
	actionRevoke  = "credential." + string(Revoke)
	actionSuspend = "credential." + string(Suspend)
	actionReissue = "credential.reissue"
	actionRenew   = "credential.renew"
	actionErase   = "credential.erase"

	actionRegister = "credential.register" // of what is not signed

	actionHide  = "credential.hide" // by its holder
	actionShow  = "credential.show"
	actionClaim = "credential.claim" // the holder was given another claim
)

// ReadEvent reads an audit record as it is stored; store.ErrDamaged.
func ReadEvent(entry []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(entry, &e); err != nil {
		return Event{}, fmt.Errorf("audit record: %w: %w", store.ErrDamaged, err)
	}
	return e, nil
}

// Note writes the audit record of a change that another package makes in the
// same Update. At is filled in.
func (i *Issuer) Note(tx store.Tx, e Event) error {
	e.At = i.now()
	seq, err := newSeq(i.cfg.Random, e.At)
	if err != nil {
		return err
	}
	return putAudit(tx, seq, e)
}

// EachEvent calls f for every audit record, oldest first. The errors are those of
// f and of the store, store.ErrDamaged among them.
func EachEvent(r store.Reader, f func(e Event) error) error {
	return r.Scan(auditKey(""), nil, func(k, v []byte) error {
		var e Event
		if err := store.UnsealJSON(k, v, &e); err != nil {
			return err
		}
		return f(e)
	})
}

func putAudit(tx store.Tx, seq string, e Event) error {
	entry, err := e.encode()
	if err != nil {
		return fmt.Errorf("encoding the audit record: %w", err)
	}
	return auditlog.Put(tx, seq, entry)
}

// DocumentDigest is how an Event names the bytes that were signed.
func DocumentDigest(document []byte) string {
	sum := sha256.Sum256(document)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// AuditSeq is the sequence of the audit record of this edition's issue, by which
// package auditlog proves it.
func (r *Record) AuditSeq() string { return r.seq }
