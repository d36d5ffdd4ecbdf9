package issuer

import (
	"fmt"
	"time"

	"laurel/store"
)

// Event is the audit record of one change: who, what, when and why, without
// personal data. It is written in the same Update as the change; nothing is
// counted or chained there, so that writers never wait for each other. The
// time-ordered sequence lets a later reader append events to a log.
type Event struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"` // id of a token, or the command
	Action  string    `json:"action"`
	Issuer  string    `json:"issuer,omitempty"`
	Subject string    `json:"subject,omitempty"` // id of what was changed
	Reason  string    `json:"reason,omitempty"`
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
)

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

func putAudit(tx store.Tx, seq string, e Event) error {
	if err := putJSON(tx, auditKey(seq), e); err != nil {
		return fmt.Errorf("writing the audit record: %w", err)
	}
	return nil
}
