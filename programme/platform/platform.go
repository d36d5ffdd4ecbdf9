// Package platform reads what course platforms send in forms of their own, and
// makes completions of it: pure functions, one file for each platform.
//
// What an event names is never fetched, and what is about no completion is told
// apart from what cannot be understood. Start at Adapters.
package platform

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"laurel/internal/strictjson"
	"laurel/programme/completion"
	"laurel/programme/facts"
)

// Adapter understands the events of one kind of platform.
type Adapter struct {
	Name  string // as the configuration says it
	Signs bool   // the platform can sign what it sends: see Open
	// Read reads what one request brought for a source: one event or a batch,
	// in its order. The error says that it could not be read at all: a
	// *strictjson.Error, badge.Errors, or ErrTooMany.
	Read func(source string, body []byte) ([]Event, error)
}

// ErrTooMany refuses a batch of more than completion.MaxBatch events.
var ErrTooMany = errors.New("platform: more events at once than are read")

// Event is what was made of one event: a completion, or why there is none.
type Event struct {
	ID         string // the platform's own, as far as there is one
	Completion *completion.Completion
	Ignored    Reason // "" where there is a completion or a fault
	Err        error  // badge.Errors, with pointers into the body as it came, or completion.ErrOtherSource
}

// Reason says why an event was taken and counts for nothing.
type Reason string

// The reasons.
const (
	OtherEvent     Reason = "other_event"     // it tells of something else than a completion
	PlatformsBadge Reason = "platforms_badge" // a badge that the platform gave itself: taking it in would make two for one deed
	NotFinal       Reason = "not_final"       // a score or certificate that may still change
	NotPassing     Reason = "not_passing"     // somebody has not passed; they may yet
	NoFacts        Reason = "no_facts"        // it says nothing that a rule could be about
	NotAPerson     Reason = "not_a_person"    // it is about a group
	Deleted        Reason = "deleted"         // what it tells of is no more
)

// Adapters are all there are, by name.
func Adapters() []Adapter {
	return []Adapter{
		{"caliper", false, read(caliperEvents, caliper)},
		{"canvas", true, read(strictjson.Value.Each, canvas)},
		{"lti-ags", false, read(strictjson.Value.Each, ltiScore)},
		{"moodle", false, moodle},
		{"openedx", false, read(strictjson.Value.Each, openEdX)},
		{"xapi", false, read(strictjson.Value.Each, xapi)},
		{"xikolo", false, read(strictjson.Value.Each, xikolo)},
	}
}

// Named is the adapter of a name; nil where there is none.
func Named(name string) *Adapter {
	for _, a := range Adapters() {
		if a.Name == name {
			return &a
		}
	}
	return nil
}

// Names are the names of all adapters.
func Names() (names []string) {
	for _, a := range Adapters() {
		names = append(names, a.Name)
	}
	return names
}

// The most characters that are kept of an id, an activity's among them, and of
// a word.
const (
	maxID   = 200
	maxIRI  = 500
	maxWord = 100
)

// native is one event on its way to a completion.
type native struct {
	*completion.Reader
	completion.Completion
	ignored Reason
}

// read makes a Read of what finds the events in a body and what reads one.
func read(events func(strictjson.Value) iter.Seq2[int, strictjson.Value], one func(*native)) func(string, []byte) ([]Event, error) {
	return func(source string, body []byte) ([]Event, error) {
		root, err := parse(body)
		if err != nil {
			return nil, err
		}
		var all []Event
		for n, v := range events(root) {
			if n == completion.MaxBatch {
				return nil, ErrTooMany
			}
			all = append(all, event(source, v, strictjson.PointerTo(root, v), one))
		}
		return all, nil
	}
}

func parse(body []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(body, strictjson.Limits{Bytes: completion.MaxBytes, Depth: completion.MaxDepth})
	if err != nil {
		return v, fmt.Errorf("reading what a platform sent: %w", err)
	}
	return v, nil
}

// fault is of a body as a whole.
func fault(rule, at, detail string) error {
	r := completion.NewReader(strictjson.Value{}, "")
	r.Fault(rule, at, detail)
	return r.Err()
}

func event(source string, v strictjson.Value, pointer string, one func(*native)) Event {
	n := &native{Reader: completion.NewReader(v, pointer)}
	n.Source, n.Kind = source, completion.Progress
	if v.Kind() != strictjson.Object {
		n.Fault("not_an_object", "", "An event is a JSON object.")
		return Event{Err: n.Err()}
	}
	one(n)
	if n.ignored != "" {
		return Event{ID: n.ID, Ignored: n.ignored}
	}
	n.digest(v)
	if err := n.Err(); err != nil {
		return Event{ID: n.ID, Err: err}
	}
	if n.Kind == completion.Progress && n.Facts.Empty() {
		return Event{ID: n.ID, Ignored: NoFacts}
	}
	return Event{ID: n.ID, Completion: &n.Completion}
}

// proving are the members by which an event is proven, and which are none of it:
// Moodle's secret, and the registered claims of what is signed (RFC 7519 section
// 4.1), which are others when it is signed once more.
var proving = []string{"token", "iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// digest is of the event but for what proves it.
// An event without an id of its own is named by it: the same one sent again
// then has the same name.
func (n *native) digest(v strictjson.Value) {
	var err error
	if n.Digest, err = completion.Digest(v, proving...); err != nil {
		n.Fault("number_invalid", "", "It has a number that is too large.")
	} else if n.ID == "" {
		n.ID = "sha256-" + hex.EncodeToString(n.Digest[:16])
	}
}

// number is that at a pointer; ok is false where there is none, or a wrong one.
func (n *native) number(at string) (number facts.Number, ok bool) {
	v := n.At(at)
	text := v.Text()
	if v.Kind() == strictjson.Number {
		text = v.Raw()
	}
	if text == "" && (v.Kind() <= strictjson.Null || v.Kind() == strictjson.String) {
		return number, false
	}
	number, err := facts.ParseNumber(text)
	if err != nil {
		n.Fault("number_invalid", at, "Give a decimal number, with a dot, that is not negative.")
	}
	return number, err == nil
}

// share is so much of a whole, by the pointers to both; nil where one is
// missing.
func (n *native) share(got, of string) *facts.Share {
	a, okA := n.number(got)
	b, okB := n.number(of)
	if !okA || !okB {
		return nil
	}
	return &facts.Share{Got: a, Of: b, At: n.OccurredAt}
}

// visits is a share that is no more than the whole.
func (n *native) visits(got, of string) *facts.Share {
	s := n.share(got, of)
	if s != nil && s.Got.Cmp(s.Of) > 0 {
		n.Fault("visited_exceeds_total", got, "More was visited than there is.")
	}
	return s
}

// pass notes that the platform says "passed".
func (n *native) pass() {
	at := n.OccurredAt
	n.Facts.Passed = &at
}
