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

// lists remembers status lists that were verified, because to verify one costs
// more than all else that is done for a badge of the same issuer. What is
// remembered is said of exact bytes at an exact address: the list is asked for
// each time, and another byte in it makes it another list. What can change
// beside the bytes is looked at each time too: the key that signed (knownList.holds)
// and the time.
type lists struct {
	mu    sync.Mutex
	known map[string]*knownList // by address
	bytes int
}

// knownList is a list that held, with what its answer rests on.
type knownList struct {
	doc         *badge.Document
	proof       badge.Proof // its only one
	key         crypto.PublicKey
	from, until time.Time // the time in which it counts
	answer      listAnswer
}

func (k *knownList) size() int { return len(k.doc.Raw()) + k.answer.bits.Len()/8 }

// find returns what is known of a list, if it is of these bytes.
func (l *lists) find(url string, raw []byte) (*knownList, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.known[url]
	return k, ok && bytes.Equal(k.doc.Raw(), raw)
}

func (l *lists) put(url string, k *knownList) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(url)
	if l.known == nil {
		l.known = map[string]*knownList{}
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
	if !ok || k.doc.IssuerID() != s.issuerID() || s.now.Before(k.from) || !s.now.Before(k.until) {
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
	if len(set) != 1 || answer.finding.Outcome != Passed || !s.held(CheckProof) {
		return
	}
	method, f := s.proofKey(ctx, set[0])
	until, ok := s.listEnd(set[0])
	if f.Outcome != Passed || !ok {
		return
	}
	s.v.lists.put(url, &knownList{doc: s.doc, proof: set[0], key: method.Public, from: s.now, until: until, answer: answer})
}

// listEnd is until when a list counts without another look: as long as it says
// itself (ttl, in milliseconds, Bitstring Status List section 2.2; validUntil),
// as its proof says, and maxListAge at most.
func (s *subject) listEnd(p badge.Proof) (until time.Time, ok bool) {
	until = s.now.Add(maxListAge)
	ends, err := s.bound("validUntil", "exp", earlier)
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
