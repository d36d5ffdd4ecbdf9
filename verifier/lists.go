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

	// retryList is how long after an attempt to have a newer list the next one
	// follows.
	retryList = time.Minute

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
	from, until time.Time // the time in which it counts as it did
	due         time.Time // when by its own words there is to be a newer one; zero: never
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

// overdue tells of a copy of a list that it is older than the list itself
// allows. Whoever is told so asks for a newer one, and until retryList has passed
// nobody else is told.
func (l *lists) overdue(url string, raw []byte, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k, ok := l.known[url]
	if !ok || k.due.IsZero() || now.Before(k.due) || !bytes.Equal(k.raw, raw) {
		return false
	}
	k.due = now.Add(retryList)
	l.known[url] = k
	return true
}

// put keeps what a list said. The same bytes out of a copy are as old as they
// were; fresh ones begin anew.
func (l *lists) put(url string, k knownList, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.known[url]; !fresh && !old.due.IsZero() && bytes.Equal(old.raw, k.raw) {
		k.due = old.due
	}
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

// remember keeps the answer of a list that has just been verified, in whatever
// form it came. One with another number of embedded proofs than one is verified
// each time all the same.
func (s *subject) remember(ctx context.Context, url string, raw []byte, answer listAnswer, fresh bool) {
	if answer.finding.Outcome != Passed && answer.finding.Code != StatusListExpired {
		return
	}
	k := knownList{raw: raw, issuer: s.issuerID(), from: s.now, answer: answer}
	set := s.doc.Proofs()
	ends, sound := s.listEnd(set)
	if k.due = ends; answer.finding.Code == StatusListExpired {
		k.from = ends // when it was good last
	} else if sound && len(set) == 1 {
		if method, f := s.proofKey(ctx, set[0]); f.Outcome == Passed {
			k.doc, k.proof, k.key, k.until = s.doc, set[0], method.Public, earliest(s.now.Add(maxListAge), ends)
		}
	}
	s.v.lists.put(url, k, fresh)
}

// listEnd is until when a list is to be used by its own words: validUntil, or
// exp of a token; ttl, in milliseconds (Bitstring Status List section 2.2); and
// the end of each proof. Zero where it names none, and false where it names one
// that cannot be read.
func (s *subject) listEnd(set []badge.Proof) (end time.Time, sound bool) {
	end, _, err := s.bound("exp", earlier, s.dates("validUntil", "expirationDate")...)
	sound = err == nil
	for _, p := range set {
		expires, err := proofTime(p, "expires")
		end, sound = earliest(end, expires), sound && err == nil
	}
	if ttl := s.doc.Root().Get("credentialSubject").Get("ttl"); ttl.Exists() {
		ms, err := strconv.ParseUint(ttl.Raw(), 10, 32)
		if err != nil {
			return end, false
		}
		end = earliest(end, s.now.Add(time.Duration(ms)*time.Millisecond))
	}
	return end, sound
}

// earliest passes over the zero time, which is no end.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
