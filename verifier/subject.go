package verifier

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/keys"
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
	opts       Options
	now        time.Time
	errands    *errands
	isList     bool // a status list, looked at on behalf of another document

	kind     kind            // from format on
	form     *canon.Form     // from terms on
	auth     *authentication // from proof on
	states   *states         // from revocation on
	findings []Finding
}

// issuerID is the id of the issuer, or "".
func (s *subject) issuerID() string { return s.doc.IssuerID() }

// claims are the members of a JWS payload that belong to the envelope; an
// embedded proof has none.
func (s *subject) claims() []string {
	if s.doc.JWS() == nil {
		return nil
	}
	return proof.Claims()
}

// maxFetches bounds what one verification may ask of other hosts.
const maxFetches = 6

// errands are the keys and lists that one verification fetched, each once, and
// how many more it may. The list of a badge shares them with the badge.
type errands struct {
	v    *Verifier
	left int
	keys []keyAnswer // few: each but those of did:key is a request
}

// question asks for a key: by its id, or by a kid or a thumbprint among the
// keys of an issuer.
type question struct{ by, name, issuer string }

type keyAnswer struct {
	question
	method keys.VerificationMethod
	err    error
}

func newErrands(v *Verifier) *errands {
	return &errands{v: v, left: maxFetches}
}

// take counts requests; false means that there were enough.
func (e *errands) take(n int) bool {
	e.left -= n
	return e.left >= 0
}

// key resolves a verification method by its id.
func (e *errands) key(ctx context.Context, id string) (keys.VerificationMethod, error) {
	return e.once(question{by: "id", name: id}, id, func() (keys.VerificationMethod, error) { return e.v.keys.Resolve(ctx, id) })
}

// issuerKey resolves a kid among the keys of an issuer.
func (e *errands) issuerKey(ctx context.Context, kid, issuer string) (keys.VerificationMethod, error) {
	return e.once(question{"kid", kid, issuer}, issuer, func() (keys.VerificationMethod, error) {
		return e.v.keys.ResolveForIssuer(ctx, kid, issuer)
	})
}

// broughtKey finds a key that came with a token among the keys of an issuer.
func (e *errands) broughtKey(ctx context.Context, public crypto.PublicKey, issuer string) (keys.VerificationMethod, error) {
	thumbprint, err := keys.Thumbprint(public)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	return e.once(question{"thumbprint", thumbprint, issuer}, issuer, func() (keys.VerificationMethod, error) {
		return e.v.keys.ResolveKeyForIssuer(ctx, public, issuer)
	})
}

func (e *errands) once(q question, source string, resolve func() (keys.VerificationMethod, error)) (keys.VerificationMethod, error) {
	for i := range e.keys {
		if e.keys[i].question == q {
			return e.keys[i].method, e.keys[i].err
		}
	}
	if !e.take(price(source)) {
		return keys.VerificationMethod{}, fmt.Errorf("%w: there were %d requests already", keys.ErrUnreachable, maxFetches)
	}
	m, err := resolve()
	e.keys = append(e.keys, keyAnswer{q, m, err})
	return m, err
}

// refresh looks again at the keys of an issuer that were learnt before a time,
// and tells whether there is anything newer. What it fetched answers the
// questions that follow, so that only one of the two is counted.
func (e *errands) refresh(ctx context.Context, issuer string, before time.Time) bool {
	keyring, ok := e.v.keys.(keys.Refresher)
	if !ok || len(e.keys) == 0 || !e.take(price(issuer)) || !keyring.Refresh(ctx, issuer, before) {
		return false
	}
	e.keys = nil
	e.left += price(issuer)
	return true
}

// price is how many requests it takes at most to learn a key of a source: an
// identifier may hold the key itself, and an https issuer has two places.
func price(source string) int {
	switch {
	case strings.HasPrefix(source, "did:key:"), strings.HasPrefix(source, "did:jwk:"):
		return 0
	case strings.HasPrefix(source, "did:"):
		return 1
	}
	return 2
}

// list fetches a status list.
func (e *errands) list(ctx context.Context, url string) ([]byte, error) {
	if e.v.status == nil {
		return nil, errors.New("status lists are not fetched here")
	}
	if !e.take(1) {
		return nil, fmt.Errorf("there were %d requests already", maxFetches)
	}
	return e.v.status.StatusList(ctx, url)
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
