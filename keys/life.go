package keys

import (
	"context"
	"crypto"
	"fmt"
	"time"
)

// State is where a key of ours stands in its life.
type State string

// The states of a key, in the order of its life. It is published in all of
// them, for ever: what it signed has to be verified.
const (
	Pending State = "pending" // signs from Info.Activates on
	Active  State = "active"  // may sign; of several the one that became active last does
	Retired State = "retired" // signs no more, and what it signed stands
	Revoked State = "revoked" // signs no more, and what was signed since Info.Revoked proves nothing
)

// Info is what may be shown of a key of ours.
type Info struct {
	Issuer    string // slug
	ID        string // fragment of Method.ID: Multikey, or for RSA the RFC 7638 thumbprint
	Method    VerificationMethod
	Algorithm Algorithm
	State     State // at the time of asking
	Signs     bool  // it is the one that signs for its issuer and algorithm
	Created   time.Time
	Activates time.Time // zero: it signed from the start
	Retired   time.Time // from then on it signs no more; zero: no such time was set
	Revoked   time.Time // from then on it may have been in strange hands; zero: not revoked
}

// AsDIDKey is a signer under the did:key of its own key: the same signatures,
// by a controller that is nothing but that key. The error is ErrUnsupported for
// RSA.
func AsDIDKey(s Signer) (Signer, error) {
	m, err := DIDKeyMethod(s.Method().Public)
	if err != nil {
		return nil, err
	}
	return didKeySigner{s, m}, nil
}

// DIDKeyMethod is the one method of the did:key of a public key. The error is
// that of DIDKey.
func DIDKeyMethod(pub crypto.PublicKey) (VerificationMethod, error) {
	text, err := Multikey(pub)
	if err != nil {
		return VerificationMethod{}, err
	}
	did := "did:key:" + text
	return VerificationMethod{ID: did + "#" + text, Controller: did, Public: pub, Assertion: true, Authentication: true}, nil
}

type didKeySigner struct {
	signer Signer
	method VerificationMethod
}

// Method is the did:key form of the key.
func (s didKeySigner) Method() VerificationMethod { return s.method }

// Sign signs as the key itself does.
func (s didKeySigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	return s.signer.Sign(ctx, message)
}

// Format names the key, and shows nothing of what signs with it.
func (s didKeySigner) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "signer of %s", s.method.ID)
}
