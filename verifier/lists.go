package verifier

import (
	"bytes"
	"context"
	"crypto"
	"strconv"
	"sync"
	"time"

	"laurel/badge"
)

const (
	// maxListAge is how long a verified list counts without being verified
	// anew.
	maxListAge = 5 * time.Minute

	maxLists      = 64
	maxListsBytes = 32 << 20 // of their texts and bits
)

// lists remembers status lists that were read, for two uses. To verify one costs
// more than all else that is done for a badge of the same issuer, so a list of
// the same bytes at the same address counts for a while as it did: the list is
// asked for each time, and another byte in it makes it another list. What can
// change beside the bytes is looked at each time too: the key that signed
// (recall) and the time. And where a list cannot be had, what it said last is
// told beside that, with its date (last).
type lists struct {
	mu    sync.Mutex
	known map[string]knownList // by address
	bytes int
}

// knownList is a list that held, with what its answer rests on.
type knownList struct {
	raw         []byte
	issuer      string
	doc         *badge.Document // nil where it is read anew each time
	proof       badge.Proof     // its only one
	key         crypto.PublicKey
	from, until time.Time // the time in which it counts
	answer      listAnswer
}

func (k knownList) size() int {
	n := len(k.raw)
	if k.answer.bits != nil {
		n += k.answer.bits.Len() / 8
	}
	for id, reason := range k.answer.revoked {
		n += len(id) + len(reason)
	}
	return n
}

// find returns what is known of a list, if it is of these bytes.
func (l *lists) find(url string, raw []byte) (knownList, bool) {
	k, ok := l.last(url)
	return k, ok && k.doc != nil && bytes.Equal(k.raw, raw)
}

// last returns a list as it was when it was had last, however long ago.
func (l *lists) last(url string) (knownList, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.known[url]
	return k, ok
}

// stale tells of a copy of a list that it is older than the list itself allows.
func (l *lists) stale(url string, raw []byte, now time.Time) bool {
	k, ok := l.find(url, raw)
	return ok && !now.Before(k.until) && k.until.Before(k.from.Add(maxListAge))
}

func (l *lists) put(url string, k knownList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(url)
	if l.known == nil {
		l.known = map[string]knownList{}
	}
	l.known[url] = k
	l.bytes += k.size()
	for victim := range l.known { // any: losing one costs a verification
		if len(l.known) <= maxLists && l.bytes <= maxListsBytes {
			return
		}
		l.drop(victim)
	}
}

func (l *lists) drop(url string) {
	if k, ok := l.known[url]; ok {
		l.bytes -= k.size()
		delete(l.known, url)
	}
}

// recall returns the answer of a list that was verified already, if all that
// it rests on is so still.
func (s *subject) recall(ctx context.Context, url string, raw []byte) (listAnswer, bool) {
	k, ok := s.v.lists.find(url, raw)
	if !ok || k.issuer != s.issuerID() || s.now.Before(k.from) || !s.now.Before(k.until) {
		return listAnswer{}, false
	}
	l := &subject{v: s.v, doc: k.doc, now: s.now, errands: s.errands, isList: true}
	method, f := l.proofKey(ctx, k.proof)
	if f.Outcome != Passed || !sameKey(method.Public, k.key) {
		return listAnswer{}, false
	}
	return k.answer, true
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// remember keeps the answer of a list that has just been verified. A list with
// another number of embedded proofs than one is verified each time.
func (s *subject) remember(ctx context.Context, url string, answer listAnswer) {
	set := s.doc.Proofs()
	if answer.finding.Outcome != Passed || !s.held(CheckProof) {
		return
	}
	k := knownList{raw: s.doc.Raw(), issuer: s.issuerID(), from: s.now, answer: answer}
	if len(set) == 1 {
		method, f := s.proofKey(ctx, set[0])
		until, ok := s.listEnd(set[0])
		if f.Outcome == Passed && ok {
			k.doc, k.proof, k.key, k.until = s.doc, set[0], method.Public, until
		}
	}
	s.v.lists.put(url, k)
}

// listEnd is until when a list counts without another look: as long as it says
// itself (ttl, in milliseconds, Bitstring Status List section 2.2; validUntil),
// as its proof says, and maxListAge at most.
func (s *subject) listEnd(p badge.Proof) (until time.Time, ok bool) {
	until = s.now.Add(maxListAge)
	ends, _, err := s.bound("exp", earlier, s.dates("validUntil", "expirationDate")...)
	expires, errProof := proofTime(p, "expires")
	if err != nil || errProof != nil {
		return until, false
	}
	if ttl := s.doc.Root().Get("credentialSubject").Get("ttl"); ttl.Exists() {
		ms, err := strconv.ParseUint(ttl.Raw(), 10, 32)
		if err != nil {
			return until, false
		}
		until = earliest(until, s.now.Add(time.Duration(ms)*time.Millisecond))
	}
	return earliest(until, ends, expires), true
}

// earliest passes over the zero time, which is no end.
func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
