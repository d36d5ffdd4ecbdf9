package completion

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/badge/canon/jcs"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/facts"
)

// The bounds of what is sent.
const (
	MaxBytes = 256 << 10 // of one event, or of what one hook is sent
	MaxBatch = 1000      // events at once
	MaxDepth = 16        // nesting of JSON

	maxID    = 200
	maxPlace = 500 // an activity, which may be an address
	maxShort = 100 // an edition, a sector and the like
)

// Skew is how far the clock of a platform may be ahead of ours.
const Skew = 5 * time.Minute

// ErrOtherSource: the event says that it is of another platform than the one
// its sender speaks for.
var ErrOtherSource = errors.New("completion: the event names another source than the sender's")

// ReadValue reads one event in our own form, which stands at a JSON pointer of
// what was sent. source is the platform that the sender speaks for; it is ""
// for a sender that may speak for any, and must then say for which. Unknown
// members are passed over. Errors are ErrOtherSource, and badge.Errors for what
// is wrong with the event.
func ReadValue(v strictjson.Value, pointer, source string) (Completion, error) {
	r := NewReader(v, pointer)
	if v.Kind() != strictjson.Object {
		r.Fault("not_an_object", "", "An event is a JSON object.")
		return Completion{}, r.Err()
	}
	c := Completion{Source: source}
	if said := r.Text("/source", maxShort); source == "" {
		c.Source = r.source(said)
	} else if said != "" && said != source {
		return Completion{}, ErrOtherSource
	}
	c.ID = r.Required("/id", maxID)
	c.Kind = r.kind()
	c.OccurredAt = r.Time("/occurred_at")
	c.Activity = r.Required("/activity", maxPlace)
	c.Edition = r.Text("/edition", maxShort)
	c.Learner = r.learner(c.Kind)
	c.Facts = r.facts(c.Kind, c.OccurredAt)
	var err error
	if c.Digest, err = Digest(v); err != nil {
		r.Fault("number_invalid", "", "It has a number that is too large.")
	}
	if err := r.Err(); err != nil {
		return Completion{}, err
	}
	return c, nil
}

// Check refuses what has not happened yet; a clock that is a little ahead is
// let pass. The pointer in the badge.Errors is that of our own form.
func (c *Completion) Check(now time.Time) error {
	if !c.OccurredAt.After(now.Add(Skew)) {
		return nil
	}
	return badge.Errors{{Code: badge.MalformedValueError, Rule: "occurred_in_future", Pointer: "/occurred_at",
		Detail: "This lies in the future; an event tells what has happened."}}
}

// Digest is the SHA-256 of the canonical form (RFC 8785) of an event without
// the members that are named in omit: the order of members and white space do
// not change it. The only error is jcs.ErrNumber.
func Digest(event strictjson.Value, omit ...string) ([]byte, error) {
	canonical, err := jcs.Append(nil, event, omit...)
	if err != nil {
		return nil, fmt.Errorf("digest of an event: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

func (r *Reader) source(said string) string {
	switch {
	case said == "":
		r.Fault("required", "/source", "Say which platform it is of.")
	case issuer.CheckSlug(said) != nil:
		r.Fault("slug_invalid", "/source", "Give the short name of the platform, such as lms-a.")
	}
	return said
}

func (r *Reader) kind() Kind {
	switch k := Kind(r.Text("/type", maxShort)); k {
	case "", "completion": // as which workflows of platforms like to send it
		return Progress
	case Progress, Identity, Regrade, Revocation, Waiver:
		return k
	}
	r.Fault("type_unknown", "/type", "Say progress, identity, regrade, revocation or waiver.")
	return ""
}

func (r *Reader) learner(k Kind) Learner {
	if v := r.At("/learner"); v.Exists() && v.Kind() != strictjson.Null && v.Kind() != strictjson.Object {
		r.Fault("wrong_type", "/learner", "This is to be an object.")
		return Learner{}
	}
	before := len(r.errs)
	l := Learner{
		ID: r.Text("/learner/id", maxID), Email: r.Email("/learner/email"), Name: r.Name("/learner/name"),
		Language: r.Language("/learner/language"), Country: r.Country("/learner/country"), Sector: r.Text("/learner/sector", maxShort),
	}
	switch {
	case len(r.errs) > before:
	case l.ID == "" && l.Email == "":
		r.Fault("required", "/learner", "Say who it is about: give an id, an e-mail address, or both.")
	case k == Identity && l.Email == "" && l.Name == "":
		r.Fault("required", "/learner", "Say who it is: give a name, an e-mail address, or both.")
	}
	return l
}

// facts of an event that only says who a learner is, or that takes a completion
// back, are none.
func (r *Reader) facts(k Kind, at time.Time) facts.Facts {
	if k == Identity || k == Revocation {
		return facts.Facts{}
	}
	f, errs := facts.Read(r.At("/facts"), r.pointer+"/facts", at)
	r.errs = append(r.errs, errs...)
	switch {
	case len(errs) > 0:
	case f.Empty():
		r.Fault("facts_missing", "/facts", "Say what happened, such as visits or points.")
	case k == Waiver && len(f.Waived) == 0:
		r.Fault("facts_missing", "/facts/waived", "Say for which achievements the rules are set aside.")
	case k != Waiver && len(f.Waived) > 0:
		r.Fault("not_allowed", "/facts/waived", "Only an event of the type waiver sets rules aside.")
	}
	return f
}
