package keyring

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"laurel/keys"
)

var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Generate makes a key for an issuer that signs from now on: GenerateAt
// without a time.
func (r *Ring) Generate(ctx context.Context, issuer, controller string, alg keys.Algorithm) (keys.VerificationMethod, error) {
	return r.GenerateAt(ctx, issuer, controller, alg, time.Time{})
}

// GenerateAt makes a key for an issuer, stores it and only then returns it. It
// is published from now on and signs from the time given; at once where that is
// zero or past. The controller is the issuer's DID or https id (plain http by
// number or localhost); with an empty controller, for any algorithm but RS256,
// the key becomes a did:key of its own. RSA keys have 2048 bits. The error is
// ErrInvalid for a slug, controller or algorithm that cannot be; after any
// other error the key may exist, and shows when the folder is opened again.
func (r *Ring) GenerateAt(ctx context.Context, issuer, controller string, alg keys.Algorithm, activates time.Time) (keys.VerificationMethod, error) {
	e, err := newEntry(ctx, issuer, controller, alg)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	done, err := r.begin()
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	defer done()
	return e.Method, r.add(e, activates)
}

// Rotate is GenerateAt for a key that replaces the others of its issuer and
// algorithm: from the time on that the new one signs they are retired.
func (r *Ring) Rotate(ctx context.Context, issuer, controller string, alg keys.Algorithm, at time.Time) (keys.VerificationMethod, error) {
	e, err := newEntry(ctx, issuer, controller, alg)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	done, err := r.begin()
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	defer done()
	if now := r.now(); at.Before(now) {
		at = now
	}
	former := slices.Clone(r.entries[issuer])
	// The new one first: whatever happens then, one key signs.
	if err := r.add(e, at); err != nil {
		return keys.VerificationMethod{}, err
	}
	for _, old := range former {
		if old.Algorithm != alg || !old.Revoked.IsZero() || !old.Retired.IsZero() && !old.Retired.After(at) {
			continue
		}
		old.Retired = at.UTC()
		if err := r.rewrite(old); err != nil {
			return e.Method, fmt.Errorf("the new key %s is there: %w", e.Method.ID, err)
		}
	}
	return e.Method, nil
}

func newEntry(ctx context.Context, issuer, controller string, alg keys.Algorithm) (entry, error) {
	if err := ctx.Err(); err != nil {
		return entry{}, err
	}
	if !slugPattern.MatchString(issuer) {
		return entry{}, fmt.Errorf("%w: an issuer is named by a to z, 0 to 9 and -, at most 63 of them, not %.80q", ErrInvalid, issuer)
	}
	s, fragment, err := newKey(controller, alg)
	if err != nil {
		return entry{}, err
	}
	return entry{Info: keys.Info{Issuer: issuer, ID: fragment, Method: s.method, Algorithm: alg}, signer: s}, nil
}

// begin starts a change: nobody else changes the folder until it is done, and
// what others have changed before is known.
func (r *Ring) begin() (done func(), err error) {
	r.changing.Lock()
	unlock, err := r.folder.lock()
	if err != nil {
		r.changing.Unlock()
		return nil, err
	}
	done = func() { unlock(); r.changing.Unlock() }
	if _, err := r.reload(); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// add stores a new key.
func (r *Ring) add(e entry, activates time.Time) error {
	e.Created = r.nextTime(e.Issuer, e.Algorithm)
	if activates.After(r.now()) {
		e.Activates = activates.UTC()
	}
	file, err := sealedFile(e, r.lock)
	if err != nil {
		return err
	}
	e.file = file
	raw, err := e.file.encode()
	if err != nil {
		return err
	}
	if err := r.folder.create(e.fileName(), raw); err != nil {
		return fmt.Errorf("storing a new key of %s: %w", e.Issuer, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries[e.Issuer] = append(slices.Clone(r.entries[e.Issuer]), e)
	slices.SortFunc(r.entries[e.Issuer], byAge)
	r.changes++
	return nil
}

// nextTime is now, but after every key of the same kind even where the clock
// was set back: the key made last must be the newest.
func (r *Ring) nextTime(issuer string, alg keys.Algorithm) time.Time {
	now := r.now().UTC()
	for _, e := range r.entries[issuer] {
		if e.Algorithm == alg && !now.After(e.Created) {
			now = e.Created.Add(time.Nanosecond)
		}
	}
	return now
}

// rewrite stores a key with other times.
func (r *Ring) rewrite(e entry) error {
	e.file = e.file.at(e)
	e.Method.Revoked = e.Revoked
	raw, err := e.file.encode()
	if err != nil {
		return err
	}
	if err := r.folder.replace(e.fileName(), raw); err != nil {
		return fmt.Errorf("changing key %s of %s: %w", e.ID, e.Issuer, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.entries[e.Issuer])
	list[slices.IndexFunc(list, func(o entry) bool { return o.ID == e.ID })] = e
	r.entries[e.Issuer] = list
	r.changes++
	return nil
}

// change alters one key, as it stands in the folder now. The function tells
// whether there is anything to be stored.
func (r *Ring) change(ctx context.Context, issuer, id string, f func(*entry) (bool, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done, err := r.begin()
	if err != nil {
		return err
	}
	defer done()
	at := slices.IndexFunc(r.entries[issuer], func(e entry) bool { return e.ID == id || e.Method.ID == id })
	if at < 0 {
		return fmt.Errorf("%w: issuer %.80q has no key %.120q", keys.ErrMethodNotFound, issuer, id)
	}
	e := r.entries[issuer][at]
	if changed, err := f(&e); err != nil || !changed {
		return err
	}
	return r.rewrite(e)
}

// Activate sets the time from which a key that waits signs; now, where that is
// past. The keys that it was to replace are retired at that time instead of the
// former. A key that signs already is left alone. The error is
// keys.ErrMethodNotFound, or ErrInvalid for the zero time and for a key that
// has ended.
func (r *Ring) Activate(ctx context.Context, issuer, id string, at time.Time) error {
	return r.change(ctx, issuer, id, func(e *entry) (bool, error) {
		now := r.now()
		switch state := e.stateAt(now); {
		case at.IsZero():
			return false, fmt.Errorf("%w: a key becomes active at some time", ErrInvalid)
		case state == keys.Active:
			return false, nil
		case state != keys.Pending:
			return false, fmt.Errorf("%w: the key %s is %s and cannot come back; make a new one", ErrInvalid, e.ID, state)
		case at.Before(now):
			at = now
		}
		former := e.Activates
		e.Activates = at.UTC()
		if at.After(former) { // at no time may there be neither key
			return true, r.moveRetirements(*e, former)
		}
		if err := r.rewrite(*e); err != nil {
			return false, err
		}
		return false, r.moveRetirements(*e, former)
	})
}

// moveRetirements keeps the end of the replaced keys at the beginning of the
// one that replaces them.
func (r *Ring) moveRetirements(e entry, former time.Time) error {
	for _, old := range slices.Clone(r.entries[e.Issuer]) {
		if old.Algorithm == e.Algorithm && old.ID != e.ID && old.Revoked.IsZero() && old.Retired.Equal(former) {
			old.Retired = e.Activates
			if err := r.rewrite(old); err != nil {
				return err
			}
		}
	}
	return nil
}

// Retire ends the use of a key for signing from a time on; it stays published.
// The id is that of keys.Info or of its Method. Retiring a key that is retired
// already changes nothing. The error is keys.ErrMethodNotFound, or ErrInvalid
// for the zero time; after any other error the key may be retired, and shows
// when the folder is opened again.
func (r *Ring) Retire(ctx context.Context, issuer, id string, at time.Time) error {
	return r.change(ctx, issuer, id, func(e *entry) (bool, error) {
		if at.IsZero() {
			return false, fmt.Errorf("%w: a key is retired at some time", ErrInvalid)
		}
		if !e.Revoked.IsZero() || !e.Retired.IsZero() && !e.Retired.After(at) {
			return false, nil
		}
		e.Retired = at.UTC()
		return true, nil
	})
}

// Revoke ends the use of a key for good, at once, and publishes the time from
// which on it may have been in strange hands. That time can be moved to an
// earlier one, and never to a later. The error is keys.ErrMethodNotFound, or
// ErrInvalid for a time that is zero, in the future or later than the one that
// is published; after any other error the key may be revoked, and shows when
// the folder is opened again.
func (r *Ring) Revoke(ctx context.Context, issuer, id string, at time.Time) error {
	return r.change(ctx, issuer, id, func(e *entry) (bool, error) {
		at := at.UTC().Truncate(time.Second) // the published form has no fractions
		switch {
		case at.IsZero() || at.After(r.now()):
			return false, fmt.Errorf("%w: a key is revoked from a time on that has come", ErrInvalid)
		case !e.Revoked.IsZero() && at.After(e.Revoked):
			return false, fmt.Errorf("%w: the key %s is revoked from %s on; that can only be moved to an earlier time",
				ErrInvalid, e.ID, e.Revoked.Format(time.RFC3339))
		case at.Equal(e.Revoked):
			return false, nil
		}
		e.Revoked = at
		return true, nil
	})
}
