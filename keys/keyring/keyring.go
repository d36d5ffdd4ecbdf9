package keyring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"laurel/keys"
)

// Why a folder of keys could not be used. Each comes with a sentence that
// names the file and says what to do.
var (
	ErrExists      = errors.New("keyring: there are keys already")
	ErrMissing     = errors.New("keyring: no keys here")
	ErrPermissions = errors.New("keyring: open to others")
	ErrSealed      = errors.New("keyring: sealed")
	ErrDamaged     = errors.New("keyring: damaged")
)

// ErrInvalid: what is asked for cannot be meant.
var ErrInvalid = errors.New("keyring: not a proper request")

// Ring is the keys of one folder, opened. It is safe for concurrent use. What
// another process changes in the folder is seen by Reload, and before anything
// is changed here.
type Ring struct {
	folder folder
	lock   lock
	now    func() time.Time

	changing sync.Mutex         // one change of the folder at a time
	mu       sync.RWMutex       // guards entries
	entries  map[string][]entry // by issuer, oldest first
	changes  uint64             // of entries
}

// entry is one key: what may be shown, its file, and the private half.
type entry struct {
	keys.Info // but for State and Signs, which depend on the time
	file      keyFile
	signer    *signer
}

// Create prepares a folder for keys and makes the seal; Generate then makes
// the keys. A folder with a seal but no key is what an interrupted Create
// leaves, and is carried on with. The error is ErrExists when there are keys,
// ErrPermissions when the folder is there and open to others, else as of Open.
func Create(dir string, seal Seal) (*Ring, error) { return CreateWithClock(dir, seal, time.Now) }

// CreateWithClock is Create with the clock by which keys begin and end to sign.
func CreateWithClock(dir string, seal Seal, now func() time.Time) (*Ring, error) {
	f := folder{dir}
	if err := f.make(); err != nil {
		return nil, err
	}
	found, err := f.list()
	if err != nil {
		return nil, err
	}
	if len(found.keys) > 0 {
		return nil, fmt.Errorf("%w: %s holds %d; nothing was changed", ErrExists, dir, len(found.keys))
	}
	if len(found.seals) == 0 {
		if err := seal.create(f); err != nil {
			return nil, err
		}
		found.seals = []string{seal.fileName()}
	}
	return unlock(f, found, seal, now)
}

// Open reads every key of a folder and tries it out. The error is ErrMissing,
// ErrPermissions, ErrSealed or ErrDamaged, or that of the disk.
func Open(dir string, seal Seal) (*Ring, error) { return OpenWithClock(dir, seal, time.Now) }

// OpenWithClock is Open with the clock by which keys begin and end to sign.
func OpenWithClock(dir string, seal Seal, now func() time.Time) (*Ring, error) {
	f := folder{dir}
	found, err := f.list()
	if err != nil {
		return nil, err
	}
	if len(found.keys) == 0 {
		return nil, fmt.Errorf("%w: %s is empty; if keys were made before, is the right disk mounted? New ones are made by laurel init", ErrMissing, dir)
	}
	if len(found.seals) == 0 {
		return nil, fmt.Errorf("%w: %s holds keys but neither %s nor %s, which opens them; restore it from a backup",
			ErrDamaged, dir, sealKeyFile, sealPassphrase)
	}
	r, err := unlock(f, found, seal, now)
	if err != nil {
		return nil, err
	}
	r.entries, err = r.read(found.keys, nil)
	return r, err
}

func unlock(f folder, found listing, seal Seal, now func() time.Time) (*Ring, error) {
	l, err := seal.open(f, found.seals)
	if err != nil {
		return nil, err
	}
	return &Ring{folder: f, lock: l, now: now, entries: map[string][]entry{}}, nil
}

// read loads key files. What is known already and stands there unchanged is not
// opened again.
func (r *Ring) read(names []string, known map[string]entry) (map[string][]entry, error) {
	all := map[string][]entry{}
	for _, name := range names {
		e, err := r.load(name, known[name])
		if err != nil {
			return nil, err
		}
		all[e.Issuer] = append(all[e.Issuer], e)
	}
	for _, list := range all {
		slices.SortFunc(list, byAge)
	}
	return all, nil
}

func byAge(a, b entry) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// Reload takes in what others have changed in the folder, such as another
// replica of the service, and tells whether there was anything. A folder that
// cannot be read whole, or lacks a key that was there, changes nothing and is
// an error as of Open.
func (r *Ring) Reload(ctx context.Context) (changed bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	return r.reload()
}

func (r *Ring) reload() (changed bool, err error) {
	found, err := r.folder.list()
	if err != nil {
		return false, err
	}
	known := map[string]entry{}
	for _, e := range r.all() {
		if !slices.Contains(found.keys, e.fileName()) {
			return false, fmt.Errorf("%w: %s is gone; restore it from a backup", ErrMissing, r.folder.join(e.fileName()))
		}
		known[e.fileName()] = e
	}
	all, err := r.read(found.keys, known)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	changed = !maps.EqualFunc(r.entries, all, func(a, b []entry) bool {
		return slices.EqualFunc(a, b, func(x, y entry) bool { return x.file.Checksum == y.file.Checksum })
	})
	r.entries = all
	if changed {
		r.changes++
	}
	return changed, nil
}

// Changes counts the changes of keys that were made here or taken in, so that
// whoever has something that rests on keys can tell whether they are the same
// still.
func (r *Ring) Changes() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.changes
}

// all is every entry, by issuer and age.
func (r *Ring) all() []entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []entry
	for _, slug := range slices.Sorted(maps.Keys(r.entries)) {
		list = append(list, r.entries[slug]...)
	}
	return list
}

// Keys is every key of the folder as it stands now, by issuer and age.
func (r *Ring) Keys() []keys.Info {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now := r.now()
	var list []keys.Info
	for _, slug := range slices.Sorted(maps.Keys(r.entries)) {
		for _, e := range r.entries[slug] {
			list = append(list, r.infoAt(e, now))
		}
	}
	return list
}

// KeysOf is every key of one issuer as it stands now, oldest first.
func (r *Ring) KeysOf(issuer string) []keys.Info {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now := r.now()
	var list []keys.Info
	for _, e := range r.entries[issuer] {
		list = append(list, r.infoAt(e, now))
	}
	return list
}

func (r *Ring) infoAt(e entry, now time.Time) keys.Info {
	info := e.Info
	info.State = e.stateAt(now)
	signing, ok := r.signing(e.Issuer, e.Algorithm, now)
	info.Signs = ok && signing.ID == e.ID
	return info
}

// stateAt is where a key stands at a time. The times decide, so that a key
// begins and ends to sign when it was said to, also while nobody looks.
func (e entry) stateAt(now time.Time) keys.State {
	switch {
	case !e.Revoked.IsZero():
		return keys.Revoked
	case !e.Retired.IsZero() && !now.Before(e.Retired):
		return keys.Retired
	case now.Before(e.Activates):
		return keys.Pending
	}
	return keys.Active
}

// since is when a key began, or will begin, to sign.
func (e entry) since() time.Time {
	if e.Activates.IsZero() {
		return e.Created
	}
	return e.Activates
}

// signing is the key that signs: of the active ones that which became so last.
func (r *Ring) signing(issuer string, alg keys.Algorithm, now time.Time) (entry, bool) {
	var found entry
	ok := false
	for _, e := range r.entries[issuer] {
		if e.Algorithm == alg && e.stateAt(now) == keys.Active && (!ok || !e.since().Before(found.since())) {
			found, ok = e, true
		}
	}
	return found, ok
}

// Issuers is the slugs of all issuers that have a key, sorted.
func (r *Ring) Issuers() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.entries))
}

// Issuer is the keys of one issuer, as they are whenever it is asked. An
// issuer without keys publishes none, and has none to sign with.
func (r *Ring) Issuer(slug string) keys.KeyRing { return issuerRing{r, slug} }

type issuerRing struct {
	ring *Ring
	slug string
}

// Active is the key of the algorithm that signs now.
func (i issuerRing) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i.ring.mu.RLock()
	defer i.ring.mu.RUnlock()
	if e, ok := i.ring.signing(i.slug, alg, i.ring.now()); ok {
		return e.signer, nil
	}
	return nil, fmt.Errorf("%w: issuer %.80q, %s", keys.ErrNoActiveKey, i.slug, alg)
}

// Published is every key of the issuer, oldest first.
func (i issuerRing) Published(ctx context.Context) ([]keys.VerificationMethod, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i.ring.mu.RLock()
	defer i.ring.mu.RUnlock()
	var list []keys.VerificationMethod
	for _, e := range i.ring.entries[i.slug] {
		list = append(list, e.Method)
	}
	return list, nil
}

// The folder's name is all that is ever shown of a Ring.

// String names the folder.
func (r *Ring) String() string { return "keys in " + r.folder.path }

// GoString is String: %#v shows no key either.
func (r *Ring) GoString() string { return r.String() }

// Format is String under every verb.
func (r *Ring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is String.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Format shows what the Ring shows.
func (i issuerRing) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "keys of %s in %s", i.slug, i.ring.folder.path)
}
