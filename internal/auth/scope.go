package auth

import (
	"errors"
	"fmt"
	"slices"
)

// Scope is one thing that a token may do.
type Scope string

// The scopes, with the calls they open.
const (
	Issue    Scope = "issue"    // issue badges
	Read     Scope = "read"     // read and list records
	Revoke   Scope = "revoke"   // revoke, suspend, reinstate, reissue, renew, erase
	Complete Scope = "complete" // send completions from a course platform
	Roster   Scope = "roster"   // upload rosters, open a release gate
	Manage   Scope = "manage"   // define achievements, activities, issuers
	Stats    Scope = "stats"    // exact statistics
	Endorse  Scope = "endorse"  // endorsers and endorsements
	VCIssue  Scope = "vc:issue" // the generic VC-API, with its own key
)

// ErrUnknownScope: no scope has that name.
var ErrUnknownScope = errors.New("auth: unknown scope")

// Scopes returns every scope, in the order of the documentation.
func Scopes() []Scope {
	return []Scope{Issue, Read, Revoke, Complete, Roster, Manage, Stats, Endorse, VCIssue}
}

// ParseScope reads the name of a scope, exactly as written above. Error:
// ErrUnknownScope.
func ParseScope(name string) (Scope, error) {
	if s := Scope(name); slices.Contains(Scopes(), s) {
		return s, nil
	}
	return "", fmt.Errorf("%w: %.40q", ErrUnknownScope, name)
}
