package keys

import (
	"crypto/ed25519"
	"sync"

	"laurel/keys/edwards"
)

// What is known of keys is bounded: readying one takes as long as eight verifications,
// and 140 kB.
const (
	familiarAfter = 16  // verifications
	maxReadied    = 32  // keys
	maxSeen       = 512 // keys, most of which verify once
)

// Familiar knows which Ed25519 keys verify again and again, and readies those. A
// service verifies what its own few keys signed far more than anything else: each
// badge once before it is given away, and whenever somebody asks.
//
// It is told by the bytes of a key, so it does not matter whose they are said to be.
// Whoever verifies with many keys in turn lets it forget all of them; those in use are
// known again sixteen verifications later. The zero value knows none; it is safe for concurrent use.
type Familiar struct {
	mu      sync.Mutex
	seen    map[[ed25519.PublicKeySize]byte]*acquaintance
	readied int
}

type acquaintance struct {
	times int
	key   *edwards.Key
}

// Ready returns the method as it is, or one that tells the same of every signature,
// faster. Each call counts as one verification.
func (f *Familiar) Ready(m VerificationMethod) VerificationMethod {
	m.readied = nil
	public, ok := m.Public.(ed25519.PublicKey)
	if !ok || checkEd25519(public) != nil {
		return m
	}
	name := [ed25519.PublicKeySize]byte(public)
	key, due := f.meet(name)
	if due {
		key = f.make(name)
	}
	m.readied = key
	return m
}

// meet counts, and tells who is the one to make what is due.
func (f *Familiar) meet(name [ed25519.PublicKeySize]byte) (key *edwards.Key, due bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.seen[name]
	if a == nil {
		if f.seen == nil || len(f.seen) >= maxSeen {
			f.forget()
		}
		a = new(acquaintance)
		f.seen[name] = a
	}
	a.times++
	return a.key, a.times == familiarAfter
}

// make works outside of the lock: others go on with the key as it is.
func (f *Familiar) make(name [ed25519.PublicKeySize]byte) *edwards.Key {
	key, err := edwards.NewKey(name[:])
	if err != nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readied >= maxReadied {
		f.forget()
	}
	f.seen[name] = &acquaintance{familiarAfter, key}
	f.readied++
	return key
}

// forget begins anew, which keeps what is known within its bounds. Keys in use are
// known again after a few verifications.
func (f *Familiar) forget() {
	f.seen, f.readied = map[[ed25519.PublicKeySize]byte]*acquaintance{}, 0
}
