package programme

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/programme/facts"
	"laurel/programme/rules"
	"laurel/store"
)

// Caller is who reports, and for what they may speak.
type Caller struct {
	Actor string // for the audit record
	Test  bool   // a trial: nothing that comes of it counts
	// MayIssue and MayReport bound the issuers and activities that the caller is
	// for; without MayReport it is for all.
	MayIssue  func(issuer string) bool
	MayReport func(activity string) bool
	Country   string // ISO 3166, of those alone whom it may report; "": any
}

func (c *Caller) realm() realm {
	if c.Test {
		return test
	}
	return live
}

// Answer is what became of one event.
type Answer struct {
	Event      string         `json:"event"`
	Result     Outcome        `json:"result"`
	First      Outcome        `json:"first,omitempty"` // the result that the event had at first, where it is replayed
	Awards     []AwardOutcome `json:"awards,omitempty"`
	Open       []Open         `json:"open,omitempty"`
	Superseded []string       `json:"superseded,omitempty"` // lower steps, which stay valid
	Fault      error          `json:"-"`                    // nil, or why the event was refused: nothing of it is kept
}

// The faults of an event beside badge.Errors.
var (
	// ErrEventReused: the source reported something else under this id before, for
	// the same issuer.
	ErrEventReused = errors.New("programme: the event's id was used for another event")
	// ErrForbidden: the caller may not report this.
	ErrForbidden = errors.New("programme: not for this caller")
)

// Forbidden refuses what a caller may not report or change, and why. It is an
// ErrForbidden.
type Forbidden struct{ Rule, Detail string }

// Error implements error.
func (f *Forbidden) Error() string { return "programme: " + f.Detail }

// Is makes it an ErrForbidden.
func (f *Forbidden) Is(target error) bool { return target == ErrForbidden }

// MaxEvents is how many events are taken at once.
const MaxEvents = 1000

// chunk is how many events or rows share a transaction: enough for its commit
// to cost little beside signing, and not so many that others wait long for it.
const chunk = 250

// Complete takes in what platforms report, in this order, and awards what is
// earned. Each event is taken in wholly or not at all, and answered on its own;
// what is answered without a Fault is durable. The error says that the service
// failed: what was taken in before it is known to a repeated request.
func (p *Programme) Complete(ctx context.Context, c Caller, events []completion.Completion) ([]Answer, error) {
	answers := make([]Answer, len(events))
	take := func(s *session, from, to int, answer func(n int) *Answer) error {
		for n := from; n < to; n++ {
			if err := s.event(&c, &events[n], answer(n)); err != nil {
				return err
			}
		}
		return nil
	}
	err := p.inParts(ctx, parts{
		all: len(events),
		rehearse: func(s *session, from, to int) error {
			return take(s, from, to, func(int) *Answer { return new(Answer) })
		},
		do: func(s *session, from, to int) error {
			return take(s, from, to, func(n int) *Answer { return &answers[n] })
		},
	})
	if err != nil {
		return nil, fmt.Errorf("taking in events: %w", err)
	}
	return answers, nil
}

// event takes in one event, or refuses it in its answer.
func (s *session) event(c *Caller, e *completion.Completion, to *Answer) error {
	err := s.part(func(s *session) (err error) {
		*to, err = s.take(c, e)
		return err
	})
	if isFault(err) {
		*to = Answer{Event: e.ID, Fault: err}
		return nil
	}
	return err
}

// isFault tells the caller's faults from ours.
func isFault(err error) bool {
	var fault *badge.Error
	return errors.As(err, &fault) || errors.Is(err, ErrEventReused) || errors.Is(err, ErrForbidden) ||
		errors.Is(err, ErrUnknownActivity) || errors.Is(err, errAddressTaken) || errors.Is(err, errRefTaken) ||
		errors.Is(err, errRenamed) || errors.Is(err, errAddressCrowded) || errors.Is(err, errErased) || errors.Is(err, issuer.ErrNoKey)
}

// isKeyless tells that an issuer cannot sign, be it a trial alone. What others
// sign goes on.
func isKeyless(err error) bool {
	return errors.Is(err, issuer.ErrNoKey) || errors.Is(err, issuer.ErrNoTestIssuer)
}

// kept is an event that was taken in.
type kept struct {
	Digest []byte    `json:"digest"`
	Answer Answer    `json:"answer"`
	At     time.Time `json:"at"` // when it was taken in
}

func (s *session) take(c *Caller, e *completion.Completion) (Answer, error) {
	// Who may not report this is not told what became of it either, and two issuers
	// on one platform are not in each other's way: were ids the platform's alone, a
	// token of one would learn from a 409 which the other has, and could use them up.
	sc, err := s.sceneOf(c, e)
	if err != nil {
		return Answer{}, err
	}
	if err := s.mayHear(sc.teller, e.Learner); err != nil {
		return Answer{}, err
	}
	k := c.realm().eventKey(e.Source, s.issuer.Digest("event", sc.issuer, e.ID))
	digest := []byte(s.issuer.Digest("body", string(e.Digest)))
	var before kept
	switch found, err := get(s.tx, k, &before); {
	case err != nil:
		return Answer{}, err
	case found && !bytes.Equal(before.Digest, digest):
		return Answer{}, ErrEventReused
	case found:
		replay := before.Answer
		replay.Event, replay.First, replay.Result = e.ID, replay.Result, OutcomeReplayed
		return replay, nil
	}
	if err := e.Check(s.issuer.Now()); err != nil {
		return Answer{}, err
	}
	if err := mayWaive(sc.activity, e.Facts.Waived); err != nil {
		return Answer{}, err
	}
	answer, err := s.report(sc, e)
	if err != nil {
		return Answer{}, err
	}
	if err := store.PutJSON(s.tx, k, kept{Digest: digest, Answer: answer, At: s.issuer.Now()}); err != nil {
		return Answer{}, err
	}
	answer.Event = e.ID // not kept: who knows whom it names
	return answer, nil
}

// mayWaive refuses a waiver of what cannot be earned in an activity: whoever sets
// a rule aside means one that is there.
func mayWaive(a *rules.Activity, waived facts.Set) error {
	for _, achievement := range slices.Sorted(maps.Keys(waived)) {
		if a.Rule(achievement) == nil {
			return badge.Errors{{Code: badge.MalformedValueError, Rule: "achievement_unknown", Pointer: "/facts/waived",
				Detail: fmt.Sprintf("The activity %s has no rule for %q. Name the achievements as in its award_rules.", a.ID, achievement)}}
		}
	}
	return nil
}

// sceneOf finds the edition that an event is about.
func (s *session) sceneOf(c *Caller, e *completion.Completion) (*scene, error) {
	source, err := s.source(e.Source)
	if err != nil {
		return nil, err
	}
	activity, err := s.calledSo(s.tx, e.Source, e.Activity)
	if err != nil {
		return nil, err
	}
	if activity == nil {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "unknown_activity", Pointer: "/activity",
			Detail: "There is no such course or workshop here, and none was made of it. Define it with PUT /v1/activities/{slug}, or name this as one of its aliases."}}
	}
	t := teller{realm: c.realm(), source: e.Source, by: e.Source}
	sc, err := s.setScene(c, t, activity, e.Edition)
	if err == nil {
		sc.trusted = source.TrustEmail && source.speaksFor(sc.issuer)
	}
	return sc, err
}

// setScene looks up all that is decided by, in one edition of an activity.
func (s *session) setScene(c *Caller, t teller, a *rules.Activity, edition string) (*scene, error) {
	if c.MayReport != nil && !c.MayReport(a.ID) {
		return nil, &Forbidden{"activity_not_granted", "This token is not for the activity " + a.ID + "."}
	}
	e, ok := a.FindEdition(edition)
	if !ok {
		detail := "The activity has no such edition."
		if edition == "" {
			detail = "The activity has several editions; say which one."
		}
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "unknown_edition", Pointer: "/edition", Detail: detail}}
	}
	t.country = c.Country
	var err error
	if t.issuer, err = s.issuerOf(a); err != nil {
		return nil, err
	}
	if !c.MayIssue(t.issuer) {
		return nil, &Forbidden{"achievement_unknown", "There is no such achievement for this token: it is not for the issuer of " + a.ID + "."}
	}
	sc := &scene{teller: t, activity: a, edition: e, actor: c.Actor, mayIssue: c.MayIssue}
	var gate release
	_, err = get(s.tx, t.realm.gateKey(a.ID, e.ID), &gate)
	sc.released = gate.At
	return sc, err
}

// issuerOf is whose learners those of an activity are: the issuer of the first
// achievement that can be earned in it.
func (s *session) issuerOf(a *rules.Activity) (string, error) {
	if len(a.Rules) == 0 {
		return "", badge.Errors{{Code: badge.MalformedValueError, Rule: "nothing_to_earn", Pointer: "/activity",
			Detail: "Nothing can be earned in this activity: it has no award_rules."}}
	}
	t, err := s.template(a.Rules[0].Achievement)
	if err != nil {
		return "", err
	}
	return t.Issuer, nil
}

// report takes in what an event says.
func (s *session) report(sc *scene, e *completion.Completion) (Answer, error) {
	l, err := s.learner(sc.teller, e.Learner, e.OccurredAt)
	if err != nil {
		return Answer{}, err
	}
	if e.Kind == completion.Revocation {
		return s.takeBack(sc, l, e.OccurredAt)
	}
	lowered, err := s.contribute(sc, l, e)
	if err != nil {
		return Answer{}, err
	}
	v, err := s.decide(sc, l)
	if err != nil {
		return Answer{}, err
	}
	if lowered {
		if err := s.holdUnearned(sc, l, v); err != nil {
			return Answer{}, err
		}
	}
	if l.news {
		if err := s.decideAnew(sc.caller(), l); err != nil {
			return Answer{}, err
		}
	}
	result := v.result()
	if result == OutcomeNotMet && !l.known() {
		result = OutcomePendingIdentity // nobody can be told what is missing
	}
	return Answer{Result: result, Awards: v.Awards, Open: v.Open, Superseded: v.Superseded}, nil
}

// contribute adds what an event says to what its source said before. Only a
// regrade may lower that, and then for good: what was reported before it counts
// no more, whenever it arrives, and neither does what happened before the
// platform took everything back.
func (s *session) contribute(sc *scene, l *learner, e *completion.Completion) (lowered bool, err error) {
	if until, dropped := l.Dropped[sc.drop()]; dropped && !e.OccurredAt.After(until) {
		return false, nil
	}
	k := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, sc.by)
	var h facts.History
	if _, err := get(s.tx, k, &h); err != nil {
		return false, err
	}
	lowered = e.Kind == completion.Regrade
	tell := h.Tell
	if lowered {
		tell = h.Regrade
	}
	if counts := tell(sc.of(e.Facts, h.Known()), e.OccurredAt); counts.Empty() {
		return false, nil
	}
	if h.Size() > facts.MaxKept {
		return false, badge.Errors{{Code: badge.MalformedValueError, Rule: "too_many", Pointer: "/facts",
			Detail: fmt.Sprintf("More than %d different things would be known of this learner in this edition.", facts.MaxKept)}}
	}
	return lowered, s.keepHistory(k, &h)
}

// keepHistory keeps what a source told, where there is anything to keep.
func (s *session) keepHistory(k []byte, h *facts.History) error {
	if h.Empty() {
		return s.tx.Delete(k)
	}
	return store.PutJSON(s.tx, k, h)
}

// drop names a source and an edition in a learner's record.
func (sc *scene) drop() string { return sc.source + "/" + sc.activity.ID + "/" + dash(sc.edition.ID) }

// result is the one word for all awards of a report: what is new before what
// was so already.
func (v *verdict) result() Outcome {
	for _, o := range []Outcome{OutcomeIssued, OutcomeHeld, OutcomePendingRelease, OutcomePendingIdentity, OutcomeExisting} {
		for _, a := range v.Awards {
			if a.Outcome == o {
				return o
			}
		}
	}
	return OutcomeNotMet
}
