package keyring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
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

// ErrInvalid: an argument of Generate or Retire cannot be meant.
var ErrInvalid = errors.New("keyring: not a proper request")

// State is where a key stands in its life. Files of other states than these
// are refused, not guessed at.
type State string

// The states: an active key signs, a retired one is only published.
const (
	Active  State = "active"
	Retired State = "retired"
)

// Info is what may be shown of a key.
type Info struct {
	Issuer    string // slug
	ID        string // fragment of Method.ID: Multikey, or for RSA the RFC 7638 thumbprint
	Method    keys.VerificationMethod
	Algorithm keys.Algorithm
	State     State
	Created   time.Time
	Retired   time.Time // zero while active
}

// Ring is the keys of one folder, opened. It is safe for concurrent use by one
// process; another process that opened the same folder sees changes when it
// opens it again.
type Ring struct {
	folder folder
	lock   lock
	now    func() time.Time

	changing sync.Mutex   // one change of the folder at a time
	mu       sync.RWMutex // guards entries
	entries  []entry      // oldest first
}

// entry is one key: what may be shown, its file, and the private half.
type entry struct {
	Info
	file   keyFile
	signer *signer
}

// Create prepares a folder for keys and makes the seal; Generate then makes
// the keys. A folder with a seal but no key is what an interrupted Create
// leaves, and is carried on with. The error is ErrExists when there are keys,
// ErrPermissions when the folder is there and open to others, else as of Open.
func Create(dir string, seal Seal) (*Ring, error) {
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
	return unlock(f, found, seal)
}

// Open reads every key of a folder and tries it out. The error is ErrMissing,
// ErrPermissions, ErrSealed or ErrDamaged, or that of the disk.
func Open(dir string, seal Seal) (*Ring, error) {
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
	r, err := unlock(f, found, seal)
	if err != nil {
		return nil, err
	}
	for _, name := range found.keys {
		e, err := r.load(name)
		if err != nil {
			return nil, err
		}
		r.entries = append(r.entries, e)
	}
	slices.SortFunc(r.entries, byAge)
	return r, nil
}

func unlock(f folder, found listing, seal Seal) (*Ring, error) {
	l, err := seal.open(f, found.seals)
	if err != nil {
		return nil, err
	}
	return &Ring{folder: f, lock: l, now: time.Now}, nil
}

func byAge(a, b entry) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

var slugPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Generate makes a key for an issuer, stores it and only then returns it: from
// now on it is the active one of its algorithm. The controller is the issuer's
// DID or https id (plain http by number or localhost); with an empty controller,
// for any algorithm but RS256, the key becomes a did:key of its own. RSA keys have 2048 bits. The error is
// ErrInvalid for a slug, controller or algorithm that cannot be; after any
// other error the key may exist, and shows when the folder is opened again.
func (r *Ring) Generate(ctx context.Context, issuer, controller string, alg keys.Algorithm) (keys.VerificationMethod, error) {
	if err := ctx.Err(); err != nil {
		return keys.VerificationMethod{}, err
	}
	if !slugPattern.MatchString(issuer) {
		return keys.VerificationMethod{}, fmt.Errorf("%w: an issuer is named by a to z, 0 to 9 and -, at most 63 of them, not %.80q", ErrInvalid, issuer)
	}
	s, fragment, err := newKey(controller, alg)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	e := entry{Info: Info{
		Issuer: issuer, ID: fragment, Method: s.method, Algorithm: alg, State: Active, Created: r.nextTime(issuer, alg),
	}, signer: s}
	if e.file, err = sealedFile(e, r.lock); err != nil {
		return keys.VerificationMethod{}, err
	}
	raw, err := e.file.encode()
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	if err := r.folder.create(e.fileName(), raw); err != nil {
		return keys.VerificationMethod{}, fmt.Errorf("storing a new key of %s: %w", issuer, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, e)
	slices.SortFunc(r.entries, byAge)
	return s.method, nil
}

// nextTime is now, but after every key of the same kind even where the clock
// was set back: the key made last must be the newest.
func (r *Ring) nextTime(issuer string, alg keys.Algorithm) time.Time {
	now := r.now().UTC()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, e := range r.entries {
		if e.Issuer == issuer && e.Algorithm == alg && !now.After(e.Created) {
			now = e.Created.Add(time.Nanosecond)
		}
	}
	return now
}

// Retire ends the use of a key for signing, at once; it stays published. The id
// is that of Info or of its Method, at is the time to note down. Retiring a key
// again changes nothing. The error is keys.ErrMethodNotFound, or ErrInvalid for
// the zero time; after any other error the key may be retired, and shows when
// the folder is opened again.
func (r *Ring) Retire(ctx context.Context, issuer, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if at.IsZero() {
		return fmt.Errorf("%w: a key is retired at some time", ErrInvalid)
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	e, ok := r.find(issuer, id)
	if !ok {
		return fmt.Errorf("%w: issuer %.80q has no key %.120q", keys.ErrMethodNotFound, issuer, id)
	}
	if e.State == Retired {
		return nil
	}
	e.State, e.Retired = Retired, at.UTC()
	e.file.State, e.file.Retired = string(Retired), e.Retired.Format(time.RFC3339Nano)
	raw, err := e.file.encode()
	if err != nil {
		return err
	}
	if err := r.folder.replace(e.fileName(), raw); err != nil {
		return fmt.Errorf("retiring key %s of %s: %w", e.ID, e.Issuer, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.entries, func(o entry) bool { return o.fileName() == e.fileName() })
	r.entries[i] = e
	return nil
}

func (r *Ring) find(issuer, id string) (entry, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, e := range r.entries {
		if e.Issuer == issuer && (e.ID == id || e.Method.ID == id) {
			return e, true
		}
	}
	return entry{}, false
}

// Keys is every key of the folder, oldest first.
func (r *Ring) Keys() []Info {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]Info, len(r.entries))
	for i, e := range r.entries {
		list[i] = e.Info
	}
	return list
}

// Issuers is the slugs of all issuers that have a key, sorted.
func (r *Ring) Issuers() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []string
	for _, e := range r.entries {
		list = append(list, e.Issuer)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Issuer is the keys of one issuer, as they are whenever it is asked. An
// issuer without keys publishes none, and has none to sign with.
func (r *Ring) Issuer(slug string) keys.KeyRing { return issuerRing{r, slug} }

type issuerRing struct {
	ring *Ring
	slug string
}

// Active is the newest active key of the algorithm.
func (i issuerRing) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	i.ring.mu.RLock()
	defer i.ring.mu.RUnlock()
	for _, e := range slices.Backward(i.ring.entries) {
		if e.Issuer == i.slug && e.Algorithm == alg && e.State == Active {
			return e.signer, nil
		}
	}
	return nil, fmt.Errorf("%w: issuer %.80q, %s", keys.ErrNoActiveKey, i.slug, alg)
}

// Published is every key of the issuer, oldest first.
func (i issuerRing) Published(ctx context.Context) ([]keys.VerificationMethod, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var list []keys.VerificationMethod
	for _, info := range i.ring.Keys() {
		if info.Issuer == i.slug {
			list = append(list, info.Method)
		}
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
