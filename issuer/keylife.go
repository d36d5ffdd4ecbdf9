package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/keys"
	"laurel/store"
)

// PublishLead is how long a new key is published before it signs, unless the
// caller says otherwise: verifiers and caches on their way keep key documents
// for a while, and would not find the key of a badge that they are shown. A
// document that is a day old is kept by nobody who means well.
const PublishLead = 24 * time.Hour

// MaxKeys is how many keys an issuer may have published; verifiers bound the
// documents that they read.
const MaxKeys = 120

// farthest bounds how far ahead a key is planned.
const farthest = 366 * 24 * time.Hour

// ErrKeysElsewhere: the keys of this service cannot be made or changed here.
var ErrKeysElsewhere = errors.New("issuer: the keys are kept elsewhere and cannot be changed here")

// KeyKeeper is KeyRings whose keys can be made and ended; keyring.Ring is one,
// and says what each of these does.
type KeyKeeper interface {
	KeyRings
	KeysOf(issuer string) []keys.Info
	GenerateAt(ctx context.Context, issuer, controller string, alg keys.Algorithm, activates time.Time) (keys.VerificationMethod, error)
	Rotate(ctx context.Context, issuer, controller string, alg keys.Algorithm, at time.Time) (keys.VerificationMethod, error)
	Activate(ctx context.Context, issuer, id string, at time.Time) error
	Retire(ctx context.Context, issuer, id string, at time.Time) error
	Revoke(ctx context.Context, issuer, id string, at time.Time) error
}

// Algorithms are those for which an issuer can have keys: the first three are
// what a new issuer gets.
func Algorithms() []keys.Algorithm {
	return []keys.Algorithm{keys.EdDSA, keys.ES256, keys.RS256, keys.ES384}
}

// FirstAlgorithms are those of the keys that a new issuer gets. The issuer of
// the VC-API gets all, because its callers choose; the audit log and endorsers sign with one.
func FirstAlgorithms(slug string) []keys.Algorithm {
	switch {
	case slug == VCAPISlug:
		return Algorithms()
	case slug == LogSlug, endorses(slug):
		return Algorithms()[:1]
	}
	return Algorithms()[:3]
}

// KeyController is whose a key is: the issuer's DID. Without TLS to trust an
// issuer is the did:key of its Ed25519 key ("", for a key that is not made yet),
// to which nothing can tie another; those belong to the issuer's address, which
// publishes them.
func KeyController(baseURL, slug string, alg keys.Algorithm) string {
	if slug == LogSlug {
		return baseURL + "/log"
	}
	did := DID(baseURL, slug)
	if slug == VCAPISlug && alg != keys.RS256 {
		return did // callers of the VC-API choose the key, and with a did:key the issuer
	}
	if did == "" && alg != keys.EdDSA {
		return baseURL + "/issuers/" + slug
	}
	return did
}

// NewKeys asks for keys of an issuer.
type NewKeys struct {
	Issuer      string
	Algorithms  []keys.Algorithm // none: those with which the issuer signs, or FirstAlgorithms
	Activates   time.Time        // when they begin to sign; zero: at once for the first of its kind, else after PublishLead
	Rotate      bool             // the older keys of the same algorithms sign until then, and no longer
	Idempotency *Idempotency     // may be nil
	Actor       string
}

// Keys is every key of an issuer, oldest first.
func (i *Issuer) Keys(_ context.Context, slug string) ([]keys.Info, error) {
	keeper, err := i.keeper(slug)
	if err != nil {
		return nil, err
	}
	return keeper.KeysOf(slug), nil
}

func (i *Issuer) keeper(slug string) (KeyKeeper, error) {
	if CheckSlug(slug) != nil {
		return nil, fmt.Errorf("issuer: %w", ErrNotFound)
	}
	keeper, ok := i.cfg.Keys.(KeyKeeper)
	if !ok {
		return nil, ErrKeysElsewhere
	}
	return keeper, nil
}

// CreateKeys makes keys for an issuer, which need not be there yet. They are
// published at once and sign when they are to; no restart is needed. Faults of
// the request are badge.Errors. Other errors are ErrKeysElsewhere, ErrClock,
// ErrIdempotencyReused, and those of the folder and the store; keys may be made
// even so, and show in Keys. The bool tells that this is the answer to an
// earlier request with the same idempotency key.
func (i *Issuer) CreateKeys(ctx context.Context, n NewKeys) ([]keys.Info, bool, error) {
	keeper, err := i.keeper(n.Issuer)
	if err != nil {
		return nil, false, err
	}
	i.making.Lock() // what is looked at first must still be so when it is made
	defer i.making.Unlock()
	if made, err := i.madeBefore(ctx, keeper, n); err != nil || made != nil {
		return made, made != nil, err
	}
	if err := i.Steady(ctx); err != nil {
		return nil, false, err // it says when the key begins
	}
	known := keeper.KeysOf(n.Issuer)
	if len(n.Algorithms) == 0 {
		n.Algorithms = i.defaultAlgorithms(n.Issuer, known)
	}
	if err := i.checkNewKeys(n, known); err != nil {
		return nil, false, err
	}
	var ids []string
	for _, alg := range n.Algorithms {
		m, err := i.createKey(ctx, keeper, n, alg, known)
		if err != nil {
			return nil, false, fmt.Errorf("making the %s key of %s: %w", alg, n.Issuer, err)
		}
		ids = append(ids, m.ID)
		i.cfg.Log.InfoContext(ctx, "made a key", "issuer", n.Issuer, "key", m.ID, "actor", n.Actor)
	}
	made := pick(keeper.KeysOf(n.Issuer), ids)
	if err := i.noteMade(ctx, n, made); err != nil {
		return nil, false, err
	}
	return made, false, nil
}

// defaultAlgorithms leaves out what cannot be replaced.
func (i *Issuer) defaultAlgorithms(slug string, known []keys.Info) []keys.Algorithm {
	if len(known) == 0 {
		return FirstAlgorithms(slug)
	}
	var list []keys.Algorithm
	for _, k := range known {
		if k.Signs && !i.isIdentity(slug, k.Algorithm, known) {
			list = append(list, k.Algorithm)
		}
	}
	return list
}

// isIdentity tells of an algorithm whose key is the issuer: a did:key cannot
// change it.
func (i *Issuer) isIdentity(slug string, alg keys.Algorithm, known []keys.Info) bool {
	return KeyController(i.cfg.BaseURL, slug, alg) == "" && slices.ContainsFunc(known, func(k keys.Info) bool { return k.Algorithm == alg })
}

func (i *Issuer) checkNewKeys(n NewKeys, known []keys.Info) error {
	var f faults
	for at, alg := range n.Algorithms {
		pointer := fmt.Sprintf("/algorithms/%d", at)
		switch {
		case !slices.Contains(Algorithms(), alg):
			f.add("algorithm_unknown", pointer, "Use one of EdDSA, ES256, ES384 and RS256.")
		case slices.Contains(n.Algorithms[:at], alg):
			f.add("duplicate", pointer, "Name each algorithm once.")
		case i.isIdentity(n.Issuer, alg, known):
			f.add("key_is_identity", pointer, "This issuer is the did:key of its key and cannot change it; under an https base URL keys can be rotated.")
		}
	}
	if len(n.Algorithms) == 0 {
		f.add("required", "/algorithms", "Name the algorithms: this issuer has no key that signs and could be replaced.")
	}
	if len(known)+len(n.Algorithms) > MaxKeys {
		f.add("too_many", "", fmt.Sprintf("An issuer has at most %d keys, all of which stay published.", MaxKeys))
	}
	if n.Activates.After(i.now().Add(farthest)) {
		f.add("date_too_far", "/activateAt", "A key is planned at most a year ahead.")
	}
	return f.Err()
}

func (i *Issuer) createKey(ctx context.Context, keeper KeyKeeper, n NewKeys, alg keys.Algorithm, known []keys.Info) (keys.VerificationMethod, error) {
	at := n.Activates
	if at.IsZero() && slices.ContainsFunc(known, func(k keys.Info) bool { return k.Algorithm == alg && k.Signs }) {
		at = i.now().Add(PublishLead)
	}
	controller := KeyController(i.cfg.BaseURL, n.Issuer, alg)
	if n.Rotate {
		return keeper.Rotate(ctx, n.Issuer, controller, alg, at)
	}
	return keeper.GenerateAt(ctx, n.Issuer, controller, alg, at)
}

// madeKeys is what an idempotency key of CreateKeys leads to.
type madeKeys struct {
	Digest []byte    `json:"digest"`
	Issuer string    `json:"issuer"`
	Keys   []madeKey `json:"keys"`
	At     time.Time `json:"at"`
}

// madeKey is a key as it was when it had been made: time changes its state.
type madeKey struct {
	ID        string     `json:"id"` // of the method
	State     keys.State `json:"state"`
	Signs     bool       `json:"signs,omitempty"`
	Activates time.Time  `json:"activates,omitzero"`
	Retired   time.Time  `json:"retired,omitzero"`
	Revoked   time.Time  `json:"revoked,omitzero"`
}

func (i *Issuer) madeKeysKey(idem *Idempotency) []byte {
	return key("y", digestText(i.digest(idem.Scope, idem.Key)))
}

func (i *Issuer) madeBefore(ctx context.Context, keeper KeyKeeper, n NewKeys) ([]keys.Info, error) {
	if n.Idempotency == nil {
		return nil, nil
	}
	var before madeKeys
	err := i.cfg.Store.View(ctx, func(r store.Reader) error { return getJSON(r, i.madeKeysKey(n.Idempotency), &before) })
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.Equal(before.Digest, i.bodyDigest(n.Idempotency)) || before.Issuer != n.Issuer:
		return nil, ErrIdempotencyReused
	}
	var made []keys.Info
	for _, k := range keeper.KeysOf(n.Issuer) {
		at := slices.IndexFunc(before.Keys, func(m madeKey) bool { return m.ID == k.Method.ID })
		if at < 0 {
			continue
		}
		m := before.Keys[at]
		k.State, k.Signs, k.Activates, k.Retired, k.Revoked = m.State, m.Signs, m.Activates, m.Retired, m.Revoked
		made = append(made, k)
	}
	return made, nil
}

func (i *Issuer) noteMade(ctx context.Context, n NewKeys, made []keys.Info) error {
	published, err := i.cfg.Keys.Issuer(n.Issuer).Published(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys of %s: %w", n.Issuer, err)
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := i.putKeys(tx, n.Issuer, published, n.Actor); err != nil || n.Idempotency == nil {
			return err
		}
		answer := madeKeys{Digest: i.bodyDigest(n.Idempotency), Issuer: n.Issuer, At: i.now()}
		for _, k := range made {
			answer.Keys = append(answer.Keys, madeKey{k.Method.ID, k.State, k.Signs, k.Activates, k.Retired, k.Revoked})
		}
		return store.PutJSON(tx, i.madeKeysKey(n.Idempotency), answer)
	})
	if err != nil {
		return fmt.Errorf("noting the keys of %s: %w", n.Issuer, err)
	}
	return nil
}

func pick(all []keys.Info, ids []string) []keys.Info {
	return slices.DeleteFunc(all, func(k keys.Info) bool { return !slices.Contains(ids, k.Method.ID) })
}

// KeyChange is a decision about one key.
type KeyChange struct {
	Issuer string
	ID     string    // that of the verification method, or its fragment
	At     time.Time // zero: now
	Reason string    // for the audit record: a code such as key_compromised; of words of one's own it tells that there were some
	Actor  string
}

// ActivateKey sets when a key that waits begins to sign. A key that has ended
// is a fault (badge.Errors); other errors are keys.ErrMethodNotFound,
// ErrKeysElsewhere and those of the folder and the store.
func (i *Issuer) ActivateKey(ctx context.Context, c KeyChange) (keys.Info, error) {
	return i.changeKey(ctx, c, "key.activate", KeyKeeper.Activate)
}

// RetireKey sets from when on a key signs no more. What it signed stands. The
// errors are those of ActivateKey.
func (i *Issuer) RetireKey(ctx context.Context, c KeyChange) (keys.Info, error) {
	return i.changeKey(ctx, c, "key.retire", KeyKeeper.Retire)
}

// RevokeKey ends a key that may be in strange hands since c.At: it signs no
// more, and everybody is told that nothing it signed since then counts. What
// this service can show to have signed before stays valid here, with a remark.
// The errors are those of ActivateKey. After one that is no fault of the request
// nothing may be signed with the key already: revoke it again.
func (i *Issuer) RevokeKey(ctx context.Context, c KeyChange) (keys.Info, error) {
	// On record first: other services on the same store hear of it there, and what
	// they have acknowledged under the key was on record before it was revoked. A
	// store that takes nothing just now is no reason to leave a key in force.
	noted := i.endOnRecord(ctx, c)
	k, err := i.changeKey(ctx, c, "key.revoke", KeyKeeper.Revoke)
	if err == nil {
		err = noted
	}
	return k, err
}

// endOnRecord notes the end of a key that can be revoked as is asked. What cannot
// is refused by changeKey.
func (i *Issuer) endOnRecord(ctx context.Context, c KeyChange) error {
	keeper, err := i.keeper(c.Issuer)
	now := i.now()
	if err != nil || c.At.After(now) || c.check(now) != nil {
		return err
	}
	for _, k := range keeper.KeysOf(c.Issuer) {
		if c.means(k) {
			return i.noteRevoked(ctx, c.Issuer, k.Method, c.Actor)
		}
	}
	return nil
}

// means tells whether a change is one of a key.
func (c *KeyChange) means(k keys.Info) bool { return k.ID == c.ID || k.Method.ID == c.ID }

// check refuses what cannot be kept or meant.
func (c *KeyChange) check(now time.Time) error {
	var f faults
	f.text(&c.Reason, "/reason", 500, false)
	if c.At.After(now.Add(farthest)) {
		f.add("date_too_far", "/at", "A key is planned at most a year ahead.")
	}
	return f.Err()
}

func (i *Issuer) changeKey(ctx context.Context, c KeyChange, action string, change func(KeyKeeper, context.Context, string, string, time.Time) error) (keys.Info, error) {
	keeper, err := i.keeper(c.Issuer)
	if err != nil {
		return keys.Info{}, err
	}
	now := i.now()
	if c.At.IsZero() {
		c.At = now
	}
	if err := c.check(now); err != nil {
		return keys.Info{}, err
	}
	if err := change(keeper, ctx, c.Issuer, c.ID, c.At); err != nil {
		return keys.Info{}, err
	}
	i.cfg.Log.InfoContext(ctx, "changed a key", "action", action, "issuer", c.Issuer, "key", c.ID, "at", c.At, "actor", c.Actor)
	reason := "from " + c.At.UTC().Format(time.RFC3339)
	if c.Reason != "" {
		reason += ": " + publicReason(c.Reason)
	}
	all := keeper.KeysOf(c.Issuer)
	at := slices.IndexFunc(all, c.means)
	if at < 0 {
		return keys.Info{}, fmt.Errorf("%w: %s", keys.ErrMethodNotFound, clip(c.ID, 120))
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		return i.Note(tx, Event{Actor: c.Actor, Action: action, Issuer: c.Issuer, Subject: all[at].Method.ID, Reason: reason})
	})
	if err != nil {
		return keys.Info{}, fmt.Errorf("the key %s is changed, but not on record: %w", all[at].Method.ID, err)
	}
	return all[at], nil
}
