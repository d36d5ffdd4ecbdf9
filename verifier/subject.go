package verifier

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
)

// kind is what a document turned out to be.
type kind int

const (
	kindOther       kind = iota // a credential that is no badge
	kindBadge                   // OpenBadgeCredential or AchievementCredential
	kindEndorsement             // EndorsementCredential
)

// subject is one document under examination, and what the checks have learnt
// about it so far. It belongs to one goroutine.
type subject struct {
	v          *Verifier
	doc        *badge.Document // nil when nothing could be read
	unreadable error           // why
	told       *Finding        // of the form it came in, where that is all to be said
	earlier    bool            // by VC data model 1.1; from format on
	opts       Options
	now        time.Time
	errands    *errands
	presenter  string // of a presentation: whose proof it has to be
	isList     bool   // a status list, looked at on behalf of another document

	kind     kind           // from format on
	others   bool           // others than the issuer may have signed too; from format on
	form     *canon.Form    // from terms on
	auth     authentication // from proof on: when it is authenticated
	states   states         // from revocation on: when they are examined
	findings []Finding

	authenticated, examined bool

	signsJSON bool // an embedded proof of the issuer that held covers the JSON itself; from proof on

	digest   [sha256.Size]byte // of the document, from the first fact of it on
	digested bool

	foreign      []string      // schemas of others, from schema on
	endorsed     int           // one more than it carries endorsements; 0: not looked for yet
	carried      []carried     // the first of them
	endorsements []Endorsement // from endorsement on
}

// issuerID is the id of the issuer, or of the holder who made a presentation;
// or "".
func (s *subject) issuerID() string {
	if s.presenter != "" {
		return s.presenter
	}
	return s.doc.IssuerID()
}

// purpose is what its proofs have to be for.
func (s *subject) purpose() string {
	if s.presenter != "" {
		return badge.PurposeAuthentication
	}
	return badge.PurposeAssertion
}

// claims are the members of the credential that belong to its envelope: there
// are some where the credential is the payload of a JWS itself.
func (s *subject) claims() []string {
	if s.doc.JWS() == nil || s.doc.Root().Raw() != s.doc.JWS().Payload.Raw() {
		return nil
	}
	return proof.Claims()
}

// Short forms of findings; the check is filled in by ask.

func passed(code Code) Finding { return Finding{Outcome: Passed, Code: code} }

func skipped(code Code) Finding { return Finding{Outcome: Skipped, Code: code} }

func failed(code Code, ptr, format string, args ...any) Finding {
	return Finding{Outcome: Failed, Code: code, Pointer: ptr, Detail: fmt.Sprintf(format, args...)}
}

func unknown(code Code, ptr, format string, args ...any) Finding {
	return Finding{Outcome: Unknown, Code: code, Pointer: ptr, Detail: fmt.Sprintf(format, args...)}
}

// gravity orders outcomes where all of several things must hold.
var gravity = [...]int{Passed: 0, Skipped: 1, Warned: 2, Unknown: 3, Failed: 4}

// gravest is the finding that stands for several: the first of the worst.
func gravest(fs []Finding) Finding {
	worst := fs[0]
	for _, f := range fs[1:] {
		if gravity[f.Outcome] > gravity[worst.Outcome] {
			worst = f
		}
	}
	return worst
}

// gravestBeyondTime is gravest, but that a fault of time alone weighs no more
// than just above an outcome: it must hide nothing that is worse. Of several the
// one that came first counts, wherever they stand.
func gravestBeyondTime(fs []Finding, above Outcome) Finding {
	weight := func(f Finding) int {
		if isTime(f) {
			return 2*gravity[above] + 1
		}
		return 2 * gravity[f.Outcome]
	}
	worst := fs[0]
	for _, f := range fs[1:] {
		earlier := isTime(f) && isTime(worst) && f.Params["until"] != "" && f.Params["until"] < worst.Params["until"]
		if weight(f) > weight(worst) || earlier {
			worst = f
		}
	}
	return worst
}

// timeAbove is the outcome that a fault of time outweighs: it makes a credential
// wrong, so that no open question can mend it. A list that has not begun, or has
// ended, is the issuer's all the same and only does not speak of the present, if
// there is no open question.
func (s *subject) timeAbove() Outcome {
	if s.isList {
		return Warned
	}
	return Unknown
}

// stringMember reads an optional member that must be a string where it stands.
// A member of another kind is never taken for an absent one.
func stringMember(v strictjson.Value, name string) (text string, present bool, err error) {
	m := v.Get(name)
	if !m.Exists() {
		return "", false, nil
	}
	if m.Kind() != strictjson.String {
		return "", true, fmt.Errorf("%s is no text", name)
	}
	return m.Text(), true, nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
