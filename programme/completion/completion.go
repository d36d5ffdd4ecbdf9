// Package completion is what a platform reports: one event about one learner
// in one activity, in our own form.
//
// It reads that form strictly, every fault with its place, and decides nothing:
// what follows from an event is for others to say. Start at ReadValue; Reader
// reads the events of platforms that have a form of their own.
package completion

import (
	"time"

	"laurel/programme/facts"
)

// Kind says what sort of report it is.
type Kind string

// The kinds. Only Regrade and Revocation may lower what was said before.
const (
	Progress   Kind = "progress"   // the default
	Identity   Kind = "identity"   // tells who a learner is, without facts
	Regrade    Kind = "regrade"    // replaces the facts that it names
	Revocation Kind = "revocation" // the platform takes its completion back
	Waiver     Kind = "waiver"     // a person has set rules aside: facts.waived
)

// Completion is one event.
type Completion struct {
	ID         string // the platform's own, unique within the source
	Source     string // slug of the platform; of the caller's token, never of the body alone
	Kind       Kind
	OccurredAt time.Time
	Activity   string // slug, or an alias that the source uses
	Edition    string // "" for the only one
	// Part is the platform's name of one part of the activity, where the event is
	// about that alone; its facts then stand under this name in Facts.Parts.
	Part    string
	Learner Learner
	Facts   facts.Facts // every time in it is OccurredAt
	// Digest is of the event as it came, whatever its spelling: the same event
	// sent again has the same one.
	Digest []byte
}

// Learner is what an event says of a person; all but one of ID and Email may
// be "".
type Learner struct {
	ID       string // the platform's own
	Email    string
	Name     string
	Language string
	Country  string // ISO 3166 alpha-2
	Sector   string
}
