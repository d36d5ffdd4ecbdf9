package keys

import "time"

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
