package issuer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/keys"
	"laurel/store"
)

// errListFull asks for a further status list.
var errListFull = errors.New("issuer: the status list is nearly full")

// Facts of our status lists (Bitstring Status List section 2.2). The TTL is
// what verifiers may rely on a copy for, and the age that caches are told.
const (
	listBits = status.MinimumBits
	ListTTL  = 5 * time.Minute
	// drawings is how often a free index is looked for before the list counts
	// as full: with three of four indexes taken, one list in ten thousand
	// draws gives up early.
	drawings = 32
)

type currentList struct {
	Number int `json:"number"`
}

// A list serves one purpose, which shows in its name: city-academy-1 is of
// revocations, city-academy-s1 of suspensions. No slug makes one look like the
// other.
func listName(issuer, purpose string, n int) string {
	if purpose == badge.StatusPurposeSuspension {
		return issuer + "-s" + strconv.Itoa(n)
	}
	return issuer + "-" + strconv.Itoa(n)
}

// parseList tells whose list a name is and what it is for. It is written out
// because every verification of a badge of ours asks; TestListNames has it as a
// pattern.
func parseList(list string) (issuer, purpose string, ok bool) {
	at := strings.LastIndexByte(list, '-')
	if at < 0 || !isSlug(list[:at]) {
		return "", "", false
	}
	number, suspends := strings.CutPrefix(list[at+1:], "s")
	if !isListNumber(number) {
		return "", "", false
	}
	if suspends {
		return list[:at], badge.StatusPurposeSuspension, true
	}
	return list[:at], badge.StatusPurposeRevocation, true
}

// isListNumber: of ten digits at most, and written in one way.
func isListNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 10 && s[0] != '0'
}

func currentListKey(issuer, purpose string) []byte {
	if purpose == badge.StatusPurposeSuspension {
		return key("l", issuer, purpose)
	}
	return key("l", issuer)
}

// readCurrentList is the list that is now being filled. One of suspensions is
// opened when the first badge needs it: until then it is number 0.
func (i *Issuer) readCurrentList(r store.Reader, issuer, purpose string) (int, error) {
	cur, err := getShared[currentList](&i.decoded, r, currentListKey(issuer, purpose))
	switch {
	case errors.Is(err, ErrNotFound) && purpose == badge.StatusPurposeSuspension:
		return 0, nil
	case err != nil:
		return 0, err
	}
	return cur.Number, nil
}

// StatusListURL is the signed address of a list.
func (i *Issuer) StatusListURL(list string) string { return i.cfg.BaseURL + "/status/" + list }

// openList opens the list with a number, or with a higher one where the store
// went back in time.
func (i *Issuer) openList(tx store.Tx, issuer, purpose string, n int) error {
	least, err := leastNumber(tx)
	if err != nil {
		return err
	}
	n = max(n, least)
	if err := putMark(tx, listVersionKey(listName(issuer, purpose, n)), "0"); err != nil {
		return err
	}
	return store.PutJSON(tx, currentListKey(issuer, purpose), currentList{Number: n})
}

// freeIndex draws an index in the issuer's current list, at random, so that it
// says nothing about when a badge was issued. It opens a further list when this
// one is nearly full; the error is then errAgain.
func (i *Issuer) freeIndex(ctx context.Context, issuer, purpose string) (list string, index int, err error) {
	var cur int
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		if cur, err = i.readCurrentList(r, issuer, purpose); err != nil {
			return err
		}
		if cur == 0 {
			return errListFull
		}
		list = listName(issuer, purpose, cur)
		index, err = i.drawIndex(r, list)
		return err
	})
	if errors.Is(err, errListFull) {
		if err = i.rollList(ctx, issuer, purpose, cur); err == nil {
			err = errAgain
		}
	}
	return list, index, err
}

func (i *Issuer) drawIndex(r store.Reader, list string) (int, error) {
	for range drawings {
		index, err := newIndex(i.cfg.Random)
		if err != nil {
			return 0, err
		}
		taken, err := exists(r, indexKey(list, index))
		if err != nil || !taken {
			return index, err
		}
	}
	return 0, errListFull
}

// newIndex draws an index, each as likely as every other: a list has as many
// as some bits can number.
func newIndex(random io.Reader) (int, error) {
	var b [4]byte
	if _, err := io.ReadFull(random, b[1:]); err != nil {
		return 0, fmt.Errorf("drawing a status index: %w", err)
	}
	return int(binary.BigEndian.Uint32(b[:])) & (listBits - 1), nil
}

var _ = [1]struct{}{}[listBits&(listBits-1)|listBits>>24] // a power of two, of at most 24 bits

// rollList opens the list after n, unless somebody did already.
func (i *Issuer) rollList(ctx context.Context, issuer, purpose string, n int) error {
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		cur, err := i.readCurrentList(tx, issuer, purpose)
		if err != nil || cur != n {
			return err
		}
		return i.openList(tx, issuer, purpose, n+1)
	})
}

// setBit marks an index and gives the list a new version. Nothing takes the
// mark of a revocation away again.
func setBit(tx store.Tx, list string, index int, seq string) error {
	if err := putMark(tx, bitKey(list, index), ""); err != nil {
		return err
	}
	return noteListChange(tx, list, seq)
}

// liftSuspension takes the mark of a suspension away.
func liftSuspension(tx store.Tx, rec *Record, seq string) error {
	return clearBit(tx, rec.PauseList, rec.PauseIndex, seq)
}

func clearBit(tx store.Tx, list string, index int, seq string) error {
	if err := tx.Delete(bitKey(list, index)); err != nil {
		return err
	}
	return noteListChange(tx, list, seq)
}

// noteListChange gives a list a new version, by a key of its own for each
// change: one that all changes wrote would make those of several services wait
// for each other.
func noteListChange(tx store.Tx, list, seq string) error {
	return putMark(tx, listChangeKey(list, seq), "")
}

// maxListChanges is how many changes of a list are noted one by one before they
// become one version.
const maxListChanges = 64

// readListVersion is what tells two states of a list apart: the version that its
// changes were made one under last, and how many came since.
func readListVersion(r store.Reader, list string) (version string, changes [][]byte, err error) {
	if version, err = readMark(r, listVersionKey(list)); err != nil {
		return "", nil, err
	}
	err = r.Scan(listChangeKey(list, ""), nil, func(k, _ []byte) error {
		changes = append(changes, k)
		return nil
	})
	return version + "+" + strconv.Itoa(len(changes)), changes, err
}

// foldListChanges makes one version of many changes, of which those that were
// seen are no more. The version is a new one: of two services that do this at
// once, one begins anew, and finds that nothing is lost by it.
func (i *Issuer) foldListChanges(ctx context.Context, list string, seen [][]byte) error {
	version, err := newSeq(i.cfg.Random, i.now())
	if err != nil {
		return err
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := readMark(tx, listVersionKey(list)); err != nil {
			return err
		}
		for _, k := range seen {
			if err := tx.Delete(k); err != nil {
				return err
			}
		}
		return putMark(tx, listVersionKey(list), version)
	})
}

// signedLists keeps each list as last signed: it is signed at most once for a
// change, when it is next asked for.
type signedLists struct {
	mu      sync.Mutex
	entries map[string]*signedList
	flight  singleflight.Group
}

type signedList struct {
	version  string
	document []byte
	signed   time.Time
	key      string        // id of the method
	seen     store.Version // of the store when it was found to be of this version last; zero where none is known
}

// relist is when a list is signed anew although nothing changed, so that a
// verifier that asks for freshness finds it.
const relist = 12 * time.Hour

// StatusList returns a list as a signed credential, current as of now.
// ErrNotFound for a list that we never opened.
func (i *Issuer) StatusList(ctx context.Context, list string) ([]byte, error) {
	owner, _, ok := parseList(list)
	if !ok {
		return nil, fmt.Errorf("status list: %w", ErrNotFound)
	}
	version, err := i.listVersion(ctx, list)
	if err != nil {
		return nil, err
	}
	if e := i.signedList(ctx, owner, list, version); e != nil {
		return e.document, nil
	}
	flight := i.lists.flight.DoChan(list+"@"+version, func() (any, error) {
		ctx := context.WithoutCancel(ctx)
		if e := i.signedList(ctx, owner, list, version); e != nil { // by the flight before this one
			return e.document, nil
		}
		return i.signList(ctx, owner, list)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for status list %s: %w", list, ctx.Err())
	case done := <-flight:
		if done.Err != nil {
			return nil, fmt.Errorf("signing status list %s: %w", list, done.Err)
		}
		return done.Val.([]byte), nil
	}
}

// signedList is a list as it was signed last, nil where that does not stand any
// more.
func (i *Issuer) signedList(ctx context.Context, issuer, list, version string) *signedList {
	if e := i.lists.get(list, version, i.now()); e != nil && i.stands(ctx, issuer, e.key) {
		return e
	}
	return nil
}

// stands tells whether nothing is said against a key of an issuer: a list that
// was signed with one that is revoked now must not be handed out any more.
func (i *Issuer) stands(ctx context.Context, issuer, method string) bool {
	published, err := i.cfg.Keys.Issuer(issuer).Published(ctx)
	return err == nil && slices.ContainsFunc(published, func(m keys.VerificationMethod) bool {
		return m.ID == method && m.Revoked.IsZero()
	})
}

func (l *signedLists) get(list, version string, now time.Time) *signedList {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[list]; e != nil && e.version == version && now.Sub(e.signed) < relist && !now.Before(e.signed) {
		return e
	}
	return nil
}

// versionAt is the version of a list in a state of the store in which it was looked
// at already.
func (l *signedLists) versionAt(list string, at store.Version) (version string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[list]
	if e == nil || e.seen != at {
		return "", false
	}
	return e.version, true
}

func (l *signedLists) saw(list, version string, at store.Version) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entries[list]; e != nil && e.version == version {
		e.seen = at
	}
}

func (l *signedLists) put(list string, e *signedList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[list] = e
}

// listVersion is that of now: where the store knows that nothing was committed since
// it was read, it need not be read again.
func (i *Issuer) listVersion(ctx context.Context, list string) (version string, err error) {
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		at, knows := r.(store.Versioned)
		if knows {
			if known, ok := i.lists.versionAt(list, at.Version()); ok {
				version = known
				return nil
			}
		}
		version, _, err = readListVersion(r, list)
		if knows && err == nil {
			i.lists.saw(list, version, at.Version())
		}
		return err
	})
	return version, err
}

func (i *Issuer) signList(ctx context.Context, issuer, list string) ([]byte, error) {
	var version string
	var changes [][]byte
	var profile Profile
	var bits *status.List
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		if version, changes, err = readListVersion(r, list); err != nil {
			return err
		}
		if err := getJSON(r, profileKey(issuer), &profile); err != nil {
			return err
		}
		bits, err = readBits(r, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	now := i.now()
	doc, err := i.listDocument(list, profile.ID, bits, now)
	if err != nil {
		return nil, err
	}
	suite, signer, err := i.listSigner(ctx, &profile)
	if err != nil {
		return nil, err
	}
	signed, err := suite.Secure(ctx, doc, signer, now)
	if err != nil {
		return nil, err
	}
	if err := i.readBack(ctx, &profile, suite, signed); err != nil {
		return nil, err
	}
	i.counters.lists.Add(1)
	i.lists.put(list, &signedList{version: version, document: signed.Raw(), signed: now, key: signer.Method().ID})
	if len(changes) > maxListChanges {
		if err := i.foldListChanges(ctx, list, changes); err != nil { // nobody needs it today
			i.cfg.Log.WarnContext(ctx, "folding the changes of a status list", "list", list, "error", err)
		}
	}
	return signed.Raw(), nil
}

// listSigner is what the lists of an issuer are signed with: what its badges
// are, or where it has no such key any more, the first of Securers for which it
// has one. A list says the same under each of them, and without one nobody could
// tell whether the issuer's other badges still stand.
func (i *Issuer) listSigner(ctx context.Context, p *Profile) (proof.Securer, keys.Signer, error) {
	usual, none := i.signer(ctx, p.Slug, keys.EdDSA)
	if !errors.Is(none, ErrNoKey) {
		return i.cfg.Suite, usual, none
	}
	for _, suite := range i.cfg.Securers {
		if suite.Name() == (proof.VCJWT{}).Name() {
			continue // lists are served as JSON
		}
		for _, alg := range suite.Algorithms() {
			signer, err := i.signer(ctx, p.Slug, alg)
			if err == nil && signer.Method().Controller == p.ID {
				return suite, signer, nil
			} else if err != nil && !errors.Is(err, ErrNoKey) {
				return nil, nil, err
			}
		}
	}
	return nil, nil, none
}

// readBits collects the marks of a list. A damaged one is an error: a list
// that leaves a revocation out is worse than none.
func readBits(r store.Reader, list string) (*status.List, error) {
	bits := status.New(listBits)
	err := r.Scan(bitPrefix(list), nil, func(k, v []byte) error {
		if _, err := store.Unseal(k, v); err != nil {
			return fmt.Errorf("status index %s: %w", k, err)
		}
		index, err := strconv.Atoi(lastPart(k))
		if err != nil {
			return fmt.Errorf("status index %s: %w", k, err)
		}
		return bits.SetBit(index, true)
	})
	return bits, err
}

// readBack holds a list that was just signed against the published keys, as
// the self-check does for badges.
func (i *Issuer) readBack(ctx context.Context, p *Profile, suite proof.Suite, signed *badge.Document) error {
	methods, err := i.methods(ctx, p.Slug, p.ID)
	if err != nil {
		return err
	}
	for _, made := range signed.Proofs() {
		at := slices.IndexFunc(methods, func(m keys.VerificationMethod) bool { return m.ID == made.VerificationMethod })
		if at < 0 {
			return fmt.Errorf("%w: %s is no published key of %s", ErrSelfCheck, made.VerificationMethod, p.ID)
		}
		if err := suite.Verify(signed, made, methods[at]); err != nil {
			return fmt.Errorf("%w: %w", ErrSelfCheck, err)
		}
	}
	return nil
}

// listDocument is the list credential (Bitstring Status List section 2.2). It
// has no validUntil: a copy is bounded by its ttl, and a list must outlive the
// service in an archive. It begins a little earlier than it is signed: it is
// signed when it is asked for, by verifiers whose clocks run behind, or who
// looked at theirs before they asked.
func (i *Issuer) listDocument(list, issuerID string, bits *status.List, now time.Time) (*badge.Document, error) {
	url := i.StatusListURL(list)
	_, purpose, _ := parseList(list)
	raw, err := json.Marshal(struct {
		Context   []string `json:"@context"`
		ID        string   `json:"id"`
		Type      []string `json:"type"`
		Issuer    string   `json:"issuer"`
		ValidFrom string   `json:"validFrom"`
		Subject   any      `json:"credentialSubject"`
	}{
		[]string{badge.ContextCredentialsV2}, url, []string{badge.TypeVerifiableCredential, badge.TypeBitstringStatusList},
		issuerID, badge.FormatTime(now.Add(-clockSkew)), struct {
			ID      string `json:"id"`
			Type    string `json:"type"`
			Purpose string `json:"statusPurpose"`
			List    string `json:"encodedList"`
			TTL     int64  `json:"ttl"`
		}{url + "#list", badge.BitstringStatusListTypeID, purpose, bits.Encode(), ListTTL.Milliseconds()},
	})
	if err != nil {
		return nil, err
	}
	return badge.Parse(raw)
}
