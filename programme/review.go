package programme

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/store"
)

// Review is a question that a person must answer. Until then nothing is
// changed by itself: what was issued stays, and what would be issued waits.
type Review struct {
	ID          string    `json:"id"`
	Issuer      string    `json:"issuer"`
	Kind        Question  `json:"kind"`
	Learner     string    `json:"learner"`
	Other       string    `json:"other,omitempty"`       // learner who may be the same person
	Achievement string    `json:"achievement,omitempty"` // of the award in question
	Edition     string    `json:"edition,omitempty"`
	Credential  string    `json:"credential,omitempty"`
	Part        string    `json:"part,omitempty"`    // credential that was revoked, on which this one rests
	EarnedAt    time.Time `json:"earnedAt,omitzero"` // for EarnedAgain: when
	At          time.Time `json:"at"`
	DecidedAt   time.Time `json:"decidedAt,omitzero"`
	Decision    Decision  `json:"decision,omitempty"`
	By          string    `json:"by,omitempty"`

	// Who, and for SamePerson the other, are looked up for the person who decides:
	// nil where somebody was erased.
	Who, OtherWho *Person `json:"-"`
}

// Person is somebody as far as it takes to decide who they are.
type Person struct {
	Name, Email string   // "" where nobody told
	Sources     []string // that reported the person
}

func personIn(r store.Reader, at realm, issuer, id string) (*Person, error) {
	var l learner
	found, err := get(r, at.learnerKey(issuer, id), &l)
	if err != nil || !found {
		return nil, err
	}
	return &Person{Name: l.Name, Email: l.Email, Sources: slices.Sorted(maps.Keys(l.Platforms))}, nil
}

// meet looks up the people that a review is about.
func (review *Review) meet(r store.Reader, at realm) (err error) {
	if review.Who, err = personIn(r, at, review.Issuer, review.Learner); err == nil && review.Other != "" {
		review.OtherWho, err = personIn(r, at, review.Issuer, review.Other)
	}
	return err
}

// Question is what a review is about.
type Question string

// The questions.
const (
	SamePerson  Question = "same_person"  // two platforms, one address: one person or two?
	Regraded    Question = "regraded"     // what was awarded is not earned any more
	PartRevoked Question = "part_revoked" // a badge rests on one that was revoked
	EarnedAgain Question = "earned_again" // a person took it back, and it was earned since
)

// Decision answers a review.
type Decision string

// The decisions: Same and Different for SamePerson, Issue and Refuse for
// EarnedAgain, Keep and Revoke for the others.
const (
	Same      Decision = "same"
	Different Decision = "different"
	Keep      Decision = "keep"
	Revoke    Decision = "revoke"
	Issue     Decision = "issue"
	Refuse    Decision = "refuse" // what was told until the decision does not earn it
)

// doubt holds a learner who may be somebody who is known already.
func (s *session) doubt(t teller, l, other *learner) error {
	review, err := s.ask(t.realm, &Review{Issuer: l.Issuer, Kind: SamePerson, Learner: l.ID, Other: other.ID})
	if err != nil {
		return err
	}
	l.Doubt = review.ID
	return store.PutJSON(s.tx, t.realm.learnerKey(t.issuer, l.ID), l)
}

// ask puts a question on record.
func (s *session) ask(r realm, review *Review) (*Review, error) {
	id, err := s.issuer.NewSeq()
	if err != nil {
		return nil, err
	}
	review.ID, review.At = id, s.issuer.Now()
	if err := store.PutJSON(s.tx, r.reviewKey(review.Issuer, id), review); err != nil {
		return nil, err
	}
	subject := review.Credential
	if subject == "" {
		subject = review.ID
	}
	return review, s.note(r, issuer.Event{Actor: actorRules, Action: "review.open", Issuer: review.Issuer, Subject: subject, Reason: "under_review"})
}

// actorRules is who acts where the rules decide and no person does.
const actorRules = "rules"

// holdUnearned holds the awards that a regrade leaves unearned, here and elsewhere.
// The badges stay as they are: their holders have shown them already.
func (s *session) holdUnearned(sc *scene, l *learner, v *verdict) error {
	for _, open := range v.Open {
		k := sc.realm.awardKey(l.ID, open.Achievement, sc.edition.ID)
		a := new(award)
		found, err := get(s.tx, k, a)
		if err != nil {
			return err
		}
		if !found || a.State == StateRevoked || a.State == StateIssued && a.Found {
			continue
		}
		if kept, err := s.leaveToOther(sc, l, a); err != nil {
			return err
		} else if kept {
			continue
		}
		if a.State == StateWaiting {
			if err := s.void(sc.realm, a); err != nil {
				return err
			}
			continue
		}
		kind := Regraded
		if a.Review != "" {
			if kind, err = s.heldFor(sc, l, a); err != nil {
				return err
			}
		} else {
			review, err := s.ask(sc.realm, &Review{Issuer: l.Issuer, Kind: Regraded, Learner: l.ID, Achievement: a.Achievement, Edition: a.Edition, Credential: a.Credential})
			if err != nil {
				return err
			}
			a.Review = review.ID
			if err := store.PutJSON(s.tx, k, a); err != nil {
				return err
			}
		}
		v.Awards = append(v.Awards, AwardOutcome{Achievement: a.Achievement, Outcome: OutcomeHeld, Credential: a.Credential, Review: kind})
	}
	return nil
}

// void forgets an award that nobody has seen yet. One that was earned again stays
// what it was before, taken back.
func (s *session) void(r realm, a *award) error {
	k := r.awardKey(a.Learner, a.Achievement, a.Edition)
	if err := s.tx.Delete(r.waitingKey(a.Activity, a.Edition, a.Achievement, a.Learner)); err != nil || a.Credential == "" {
		return errors.Join(err, s.tx.Delete(k))
	}
	a.State = StateRevoked
	return store.PutJSON(s.tx, k, a)
}

// Answers are the decisions that a review can have.
func (review *Review) Answers() []Decision { return review.Kind.answers() }

// Reviews lists the questions that are open, oldest first, with the people that
// they are about.
func (p *Programme) Reviews(ctx context.Context, c Caller) (open []*Review, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		open = nil
		err := scan(r, c.realm().key("r", ""), func(_ []byte, review *Review) error {
			if review.DecidedAt.IsZero() && c.MayIssue(review.Issuer) {
				open = append(open, review)
			}
			return nil
		})
		for _, review := range open {
			if err == nil {
				err = review.meet(r, c.realm())
			}
		}
		slices.SortFunc(open, func(a, b *Review) int { return strings.Compare(a.ID, b.ID) }) // which are in order of time
		return err
	})
	return open, err
}

// Decide answers a review and does what follows from the answer. To answer it
// again in the same way changes nothing; issuer.ErrConflict where it was
// answered otherwise, issuer.ErrNotFound where there is no such review.
func (p *Programme) Decide(ctx context.Context, c Caller, id string, d Decision) (review *Review, err error) {
	err = p.run(ctx, false, func(s *session) error {
		if review, err = s.review(c, id); err != nil {
			return err
		}
		if !review.DecidedAt.IsZero() {
			if review.Decision != d {
				return &issuer.StateError{Rule: "decided", Detail: "This was decided already, otherwise."}
			}
			return nil
		}
		if allowed := review.Kind.answers(); !slices.Contains(allowed, d) {
			return badge.Errors{{Code: badge.MalformedValueError, Rule: "decision_invalid", Pointer: "/decision",
				Detail: fmt.Sprintf("Say %s or %s.", allowed[0], allowed[1])}}
		}
		review.Decision, review.DecidedAt, review.By = d, s.issuer.Now(), c.Actor
		if err := store.PutJSON(s.tx, c.realm().reviewKey(review.Issuer, id), review); err != nil {
			return err
		}
		err := s.note(c.realm(), issuer.Event{Actor: c.Actor, Action: "review." + string(d), Issuer: review.Issuer, Subject: id})
		if err != nil {
			return err
		}
		return s.follow(&c, review)
	})
	if err != nil {
		return nil, err
	}
	return review, nil
}

func (q Question) answers() []Decision {
	switch q {
	case SamePerson:
		return []Decision{Same, Different}
	case EarnedAgain:
		return []Decision{Issue, Refuse}
	default:
		return []Decision{Keep, Revoke}
	}
}

func (s *session) review(c Caller, id string) (found *Review, err error) {
	err = scan(s.tx, c.realm().key("r", ""), func(_ []byte, review *Review) error {
		if review.ID == id && c.MayIssue(review.Issuer) {
			found = review
			return store.ErrStop
		}
		return nil
	})
	if err == nil && found == nil {
		err = fmt.Errorf("review: %w", issuer.ErrNotFound)
	}
	return found, err
}

// follow does what follows from a decision.
func (s *session) follow(c *Caller, review *Review) error {
	if review.Kind == SamePerson {
		return s.settleDoubt(c, review)
	}
	k := c.realm().awardKey(review.Learner, review.Achievement, review.Edition)
	a := new(award)
	found, err := get(s.tx, k, a)
	if err != nil || !found {
		return err // the person was erased meanwhile
	}
	if a.Review == review.ID {
		a.Review = ""
		if err := store.PutJSON(s.tx, k, a); err != nil {
			return err
		}
	}
	switch review.Decision {
	case Revoke:
		if a.State == StateRevoked {
			break // by somebody meanwhile, and it stays as that says
		}
		err = s.withdraw(c.realm(), a, withdrawal{c.Actor, "review_failed", review.At, byPerson})
	case Issue, Refuse:
		err = s.pardon(c, review, a)
	default:
		err = s.reinstate(c, review)
	}
	if err != nil {
		return err
	}
	l, err := s.learnerAt(c.realm(), review.Issuer, review.Learner)
	if err != nil {
		return err
	}
	// It may be a part of others, or was earned again meanwhile.
	if err := s.decideAnew(c.person(), l); err != nil {
		return err
	}
	switch review.Decision {
	case Keep:
		return s.countsAgain(c.person(), l, a)
	case Issue:
		return s.giveAgain(c, l, review)
	default:
		return nil
	}
}

// countsAgain awards what is complete with a badge that a person has kept. No rule
// may be met that would find it.
func (s *session) countsAgain(c *Caller, l *learner, kept *award) error {
	sc := &scene{teller: teller{realm: c.realm(), issuer: l.Issuer}, actor: c.Actor, mayIssue: c.MayIssue}
	v := &verdict{Awards: []AwardOutcome{{Achievement: kept.Achievement, Outcome: OutcomeExisting, Credential: kept.Credential}}}
	if err := s.stack(sc, l, v); err != nil {
		return err
	}
	return s.lead(sc, l, v)
}

// giveAgain issues what was earned again and is given by no rule: by an organiser
// in their own words, or by parts that were issued directly.
func (s *session) giveAgain(c *Caller, l *learner, review *Review) error {
	a := new(award)
	found, err := get(s.tx, c.realm().awardKey(l.ID, review.Achievement, review.Edition), a)
	if err != nil || !found || a.RevokedBy != pardoned || a.State != StateRevoked {
		return err
	}
	if ruled, err := s.byRule(a.Achievement); err != nil || ruled {
		return err
	}
	e := &earned{at: review.EarnedAt, before: a}
	if e.template, err = s.template(a.Achievement); err != nil {
		return ignoreFault(err)
	}
	if e.template.Requires != nil {
		return s.completeAlone(c, l, a.Achievement)
	}
	sc, err := s.sceneAt(c, a.Activity, a.Edition)
	if err != nil {
		return ignoreFault(err)
	}
	sc.mayIssue = anyIssuer
	return s.settle(sc, l, e, &verdict{})
}

// askAgain asks a person whether what another has taken back may be earned
// again. Until then it stays revoked.
func (s *session) askAgain(sc *scene, a *award, at time.Time) error {
	review, err := s.ask(sc.realm, &Review{Issuer: a.Issuer, Kind: EarnedAgain, Learner: a.Learner, Achievement: a.Achievement,
		Edition: a.Edition, Credential: a.Credential, EarnedAt: s.day(sc, at)})
	if err != nil {
		return err
	}
	a.Review = review.ID
	return store.PutJSON(s.tx, sc.realm.awardKey(a.Learner, a.Achievement, a.Edition), a)
}

// pardon does what a person says of an award that was earned again: it may be
// issued, or what was told so far does not earn it.
func (s *session) pardon(c *Caller, review *Review, a *award) error {
	if a.State != StateRevoked {
		return nil
	}
	if review.Decision == Refuse {
		a.RevokedAt = review.DecidedAt
	} else {
		a.RevokedBy = pardoned
	}
	return store.PutJSON(s.tx, c.realm().awardKey(a.Learner, a.Achievement, a.Edition), a)
}

// reinstate lifts the suspension under which a badge was for the question.
func (s *session) reinstate(c *Caller, review *Review) error {
	if review.Kind != PartRevoked {
		return nil
	}
	err := s.change(issuer.Change{ID: review.Credential, Action: issuer.Reinstate, Reason: "review_passed", Actor: c.Actor, MayTouch: anyIssuer})
	var state *issuer.StateError
	if errors.As(err, &state) {
		return nil // it cannot be suspended, or was revoked by somebody meanwhile
	}
	return err
}

// person is a caller who has answered a question: what follows from the answer is
// issued, whoever's it is.
func (c *Caller) person() *Caller { return &Caller{Actor: c.Actor, Test: c.Test, MayIssue: anyIssuer} }

func anyIssuer(string) bool { return true }
