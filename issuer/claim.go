package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"laurel/store"
)

// A claim is what the holder of a badge has of it, and nobody else: the id, a
// MAC over it, and how often it was renewed. Nothing of it is stored, so nothing
// that is stored gives it away; the key of the MAC is sealed by the key ring.
// It holds for all editions, which have one id.

const (
	claimMAC     = 16 // bytes
	maxClaimTail = 6  // digits of how often it was renewed
	actorHolder  = "holder"
)

// claimText is base32 in small letters: a MAC in it has no sign at its end,
// which mail programs would leave out of a link.
var claimText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func claimKeyKey() []byte { return key("C") }

// sealedClaimKey is the key of claims as it is stored; "" in a store that has
// none yet.
func sealedClaimKey(r store.Reader) (string, error) {
	sealed, err := readMark(r, claimKeyKey())
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return sealed, err
}

// openClaimKey opens the key of claims, and makes it in a store that has none.
func openClaimKey(ctx context.Context, cfg Config, sealed string) (opened []byte, err error) {
	if sealed == "" {
		if sealed, err = makeClaimKey(ctx, cfg); err != nil {
			return nil, err
		}
	}
	return cfg.Keys.OpenSecret(sealed)
}

func makeClaimKey(ctx context.Context, cfg Config) (sealed string, err error) {
	fresh := make([]byte, sha256.Size)
	if _, err := rand.Read(fresh); err != nil {
		return "", err
	}
	made, err := cfg.Keys.SealSecret(fresh)
	if err != nil {
		return "", err
	}
	err = cfg.Store.Update(ctx, func(tx store.Tx) error {
		// Another service on the store may have been first.
		if sealed, err = sealedClaimKey(tx); err != nil || sealed != "" {
			return err
		}
		sealed = made
		return putMark(tx, claimKeyKey(), made)
	})
	return sealed, err
}

// Claim is the part of an address by which the holder of a credential is known.
// Who has it may hide the badge and show it again; it is for the holder, and for
// whoever issued the badge to hand on. It is "" for an edition that was replaced
// and for a person who was erased.
func (i *Issuer) Claim(rec *Record) string {
	if rec.Status == Superseded || !rec.ErasedAt.IsZero() {
		return ""
	}
	return i.claimOf(rec.ID, rec.Claims)
}

func (i *Issuer) claimOf(id string, renewed int) string {
	tail := ""
	if renewed > 0 {
		tail = strconv.Itoa(renewed)
	}
	mac := hmac.New(sha256.New, i.claimKey)
	mac.Write([]byte("claim:" + id + ":" + tail))
	return id + claimText.EncodeToString(mac.Sum(nil)[:claimMAC]) + tail
}

// claimed is the id that a claim is of, and how often it was renewed. A claim
// that is none is found out before anything is looked up, and takes as long
// whatever the id.
func (i *Issuer) claimed(claim string) (id string, renewed int, err error) {
	const idLength, macEnd = 22, 22 + (claimMAC*8+4)/5
	unknown := fmt.Errorf("claim: %w", ErrNotFound)
	if len(claim) < macEnd || len(claim) > macEnd+maxClaimTail || !idPattern.MatchString(claim[:idLength]) {
		return "", 0, unknown
	}
	id = claim[:idLength]
	if tail := claim[macEnd:]; tail != "" {
		if renewed, err = strconv.Atoi(tail); err != nil || renewed < 1 {
			return "", 0, unknown
		}
	}
	if subtle.ConstantTimeCompare([]byte(i.claimOf(id, renewed)), []byte(claim)) != 1 {
		return "", 0, unknown
	}
	return id, renewed, nil
}

// Claimed returns the credential that a claim is of, hidden or not, in its
// current edition. ErrNotFound for what is no claim, or one that was renewed;
// ErrErased.
func (i *Issuer) Claimed(ctx context.Context, claim string) (rec *Record, err error) {
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		rec, err = i.claimedIn(r, claim)
		return err
	})
	return rec, err
}

func (i *Issuer) claimedIn(r store.Reader, claim string) (*Record, error) {
	id, renewed, err := i.claimed(claim)
	if err != nil {
		return nil, err
	}
	rec, err := recordByID(r, id)
	switch {
	case err != nil:
		return nil, err
	case rec.Claims != renewed:
		return nil, fmt.Errorf("claim: %w", ErrNotFound)
	case !rec.ErasedAt.IsZero():
		return nil, fmt.Errorf("credential %s: %w", rec.ID, ErrErased)
	}
	return rec, nil
}

// Hide takes a credential out of everybody's sight for its holder, and Show puts
// it back, durably. Its public addresses then answer as those of an unknown id;
// its status, its lists and its signature stay. What is so already stays so, and
// the answer says Existing. The errors are those of Claimed, ErrIdempotencyReused,
// and those of the store.
func (i *Issuer) Hide(ctx context.Context, claim string, idem *Idempotency) (*Issued, error) {
	return i.setHidden(ctx, claim, actionHide, idem)
}

// Show undoes Hide.
func (i *Issuer) Show(ctx context.Context, claim string, idem *Idempotency) (*Issued, error) {
	return i.setHidden(ctx, claim, actionShow, idem)
}

func (i *Issuer) setHidden(ctx context.Context, claim, action string, idem *Idempotency) (*Issued, error) {
	run, err := i.changing(actorHolder, action)
	if err != nil {
		return nil, err
	}
	read := func(r store.Reader) (*Record, error) { return i.claimedIn(r, claim) }
	return i.changeInPlace(ctx, run, idem, read, func(tx store.Tx, rec *Record) (changes bool, err error) {
		if rec.HiddenAt.IsZero() == (action == actionShow) {
			return false, nil
		}
		var p pointer
		if err := getJSON(tx, idKey(rec.ID), &p); err != nil {
			return false, err
		}
		p.Hidden, rec.HiddenAt = action == actionHide, time.Time{}
		if p.Hidden {
			rec.HiddenAt = run.At
		}
		return true, putEncoded(tx, idKey(rec.ID), p)
	})
}

// RenewClaim gives a credential another claim; the one before it is none any
// more. The errors are those of ChangeRegister; StateError after a million.
func (i *Issuer) RenewClaim(ctx context.Context, a Amendment) (*Issued, error) {
	run, err := i.changing(a.Actor, actionClaim)
	if err != nil {
		return nil, err
	}
	read := func(r store.Reader) (*Record, error) { return amendable(r, a) }
	return i.changeInPlace(ctx, run, a.Idempotency, read, func(_ store.Tx, rec *Record) (bool, error) {
		err := rec.renewClaim()
		return err == nil, err
	})
}

func (r *Record) renewClaim() error {
	if len(strconv.Itoa(r.Claims+1)) > maxClaimTail {
		return &StateError{"claim_renewed_often", "The claim of this badge was renewed too often."}
	}
	r.Claims++
	return nil
}

// changeInPlace writes a change of a record that makes no edition, or finds that
// the request was answered already. change is told the record as it is once the
// time of the change is settled.
func (i *Issuer) changeInPlace(ctx context.Context, run *changing, idem *Idempotency, read func(store.Reader) (*Record, error),
	change func(store.Tx, *Record) (changes bool, err error)) (answer *Issued, err error) {
	k := i.idempotencyKey(idem)
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		rec, err := read(tx) // first: a claim that was renewed gets no old answers either
		if err != nil {
			return err
		}
		if answer, err = i.replay(tx, idem, k); err != nil || answer != nil {
			return err
		}
		was := *rec
		if err := run.behind(i, tx, rec); err != nil {
			return err
		}
		changes, err := change(tx, rec)
		if err != nil {
			return err
		}
		answer = &Issued{Record: rec, Existing: !changes}
		if changes {
			rec.ChangedAt = run.At
			if err := errors.Join(putChanged(tx, &was, rec, run.At), run.note(tx, rec, "")); err != nil {
				return err
			}
		}
		return i.keepAnswer(tx, idem, k, answer)
	})
	if err != nil {
		return nil, err
	}
	if !answer.Existing && !answer.Replayed {
		i.counters.changes.Add(run.Action)
		i.cfg.Log.InfoContext(ctx, "changed", "action", strings.TrimPrefix(run.Action, "credential."), "credential", answer.Record.ID,
			"issuer", answer.Record.Issuer, "actor", run.Actor)
	}
	return answer, nil
}
