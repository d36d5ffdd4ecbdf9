package verifier

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
)

// match is what one identifier says about the person asked for.
type match int

const (
	another match = iota // it names somebody else
	same
	sameByMD5    // the same, by a hash that others could be found for
	incomparable // hashed in a way that is not known here
)

// checkRecipient asks whether the badge was given to the person that the
// caller knows (OB 3.0 section 9.3). A badge that says nothing of that kind
// leaves the question open.
func checkRecipient(_ context.Context, s *subject) Finding {
	asked := s.opts.Recipient
	if asked == nil {
		return skipped(NotAsked)
	}
	found := s.compare(*asked)
	f := Finding{Outcome: Unknown, Code: RecipientUnstated, Pointer: "/credentialSubject", Params: map[string]string{"type": asked.Type}}
	open, weakly := len(found) == 0, false
	for _, m := range found {
		switch m {
		case same:
			f.Outcome, f.Code = Passed, RecipientMatches
			return f
		case sameByMD5:
			weakly = true
		case incomparable:
			open = true
		}
	}
	switch {
	case weakly:
		f.Outcome, f.Code = Warned, RecipientMatchesWeakly
	case !open:
		f.Outcome, f.Code = Failed, RecipientDiffers
	}
	return f
}

// compare holds every identifier of the asked type against the value.
func (s *subject) compare(asked Identity) []match {
	subject := s.doc.View().CredentialSubject
	if subject == nil {
		return nil
	}
	if asked.Type == IdentitySubject {
		if subject.ID == "" {
			return nil
		}
		return []match{verdictOn(subject.ID == asked.Value)}
	}
	var found []match
	if address, ok := strings.CutPrefix(subject.ID, "mailto:"); ok && asked.Type == badge.IdentityTypeEmail {
		found = append(found, verdictOn(folded(address) == folded(asked.Value)))
	}
	for _, i := range subject.Identifier {
		if i.IdentityType == asked.Type {
			found = append(found, compareIdentity(i, asked))
		}
	}
	return found
}

func verdictOn(equal bool) match {
	if equal {
		return same
	}
	return another
}

func compareIdentity(i badge.IdentityObject, asked Identity) match {
	if !i.Hashed {
		return verdictOn(i.IdentityHash == asked.Value || asked.Type == badge.IdentityTypeEmail && folded(i.IdentityHash) == folded(asked.Value))
	}
	result := another
	for _, value := range spellings(asked) {
		if m := compareHash(i, value); m != another {
			result = m
		}
	}
	return result
}

// spellings are the forms in which a value may have been given: as it is, and
// for e-mail, whose case nobody defines, trimmed, composed (NFC) and in lower
// case.
func spellings(asked Identity) []string {
	list := []string{asked.Value}
	if f := folded(asked.Value); asked.Type == badge.IdentityTypeEmail && f != asked.Value {
		list = append(list, f)
	}
	return list
}

func folded(s string) string { return strings.ToLower(norm.NFC.String(strings.TrimSpace(s))) }

// compareHash: the salt is appended to the value, and the hexadecimal digits
// are of either case (OB 3.0 B.3, IdentityHash).
func compareHash(i badge.IdentityObject, value string) match {
	algorithm, digest, ok := strings.Cut(i.IdentityHash, "$")
	text := []byte(value + i.Salt)
	var sum []byte
	switch {
	case ok && algorithm == "sha256":
		s := sha256.Sum256(text)
		sum = s[:]
	case ok && algorithm == "md5": // weak, and still on badges of others
		s := md5.Sum(text)
		sum = s[:]
	default:
		return incomparable
	}
	m := verdictOn(subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum)), []byte(strings.ToLower(digest))) == 1)
	if m == same && algorithm == "md5" {
		return sameByMD5
	}
	return m
}
