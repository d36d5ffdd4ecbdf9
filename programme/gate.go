package programme

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/rules"
	"laurel/store"
)

// release says who opened the gate of an edition, and when.
type release struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
}

// Released is what came of opening a gate.
type Released struct {
	Activity, Edition string
	At                time.Time // when it was opened first
	Issued            int
	Left              []Left // who goes on waiting
}

// Left is an award that was not given out when its edition was released.
type Left struct {
	Ref         string // of the learner on the activity's lists, if there is one
	Achievement string
	Outcome     Outcome // what it waits for: a name, a review, or the mending of an error
	Code        string  // of the error
	Message     string
}

// Release opens the gate of an edition for good, and issues all that waited
// there. It may be asked for again, and again after a crash: what was issued is
// not issued twice. tell, which may be nil, hears how far it is.
func (p *Programme) Release(ctx context.Context, c Caller, activity, edition string, tell func(done, of int)) (*Released, error) {
	sc, err := p.openGate(ctx, c, activity, edition)
	if err != nil {
		return nil, err
	}
	result, err := p.issueWaiting(ctx, sc, tell)
	if err != nil {
		return nil, err
	}
	held, err := p.heldBack(ctx, sc)
	result.Left = append(result.Left, held...)
	return result, err
}

// heldBack are the awards of an edition that nothing but a name or a review
// holds back. They are given out when that is settled; a release changes nothing
// for them.
func (p *Programme) heldBack(ctx context.Context, sc *scene) (left []Left, err error) {
	err = p.run(ctx, true, func(s *session) error {
		left = nil
		people, err := s.inDoubt(sc)
		for n := 0; n < len(people) && err == nil; n++ {
			var list []Left
			list, err = s.heldOf(sc, people[n])
			left = append(left, list...)
		}
		return err
	})
	return left, err
}

// inDoubt are the learners of an issuer of whom nobody knows who they are.
func (s *session) inDoubt(sc *scene) (people []string, err error) {
	err = scan(s.tx, sc.realm.key("r", sc.issuer, ""), func(_ []byte, r *Review) error {
		if r.Kind == SamePerson && r.DecidedAt.IsZero() {
			people = append(people, r.Learner)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.tx.Scan(sc.realm.key("n", ""), nil, func(k, _ []byte) error {
		if where, who, _ := cut(string(k)); strings.HasSuffix(where, "/"+sc.issuer) {
			people = append(people, who)
		}
		return nil
	})
	return people, err
}

// ref is what the lists of an activity call a learner; "" where none names them.
func (l *learner) ref(sc *scene) string {
	if refs := l.Platforms[sc.source]; len(refs) > 0 {
		return refs[0]
	}
	return ""
}

// heldOf are the awards of one learner that are held back.
func (s *session) heldOf(sc *scene, who string) (left []Left, err error) {
	l, err := s.learnerAt(sc.realm, sc.issuer, who)
	if errors.Is(err, store.ErrDamaged) {
		return nil, nil // was erased
	} else if err != nil {
		return nil, err
	}
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil || known.Empty() {
		return nil, err
	}
	v, err := s.decide(sc, l)
	if err != nil {
		return nil, err
	}
	for _, a := range v.Awards {
		if a.Outcome == OutcomeHeld || a.Outcome == OutcomePendingIdentity {
			left = append(left, Left{Ref: l.ref(sc), Achievement: a.Achievement, Outcome: a.Outcome})
		}
	}
	return left, nil
}

// ReleasedAt is when a person opened the gate of an edition; zero where nobody
// did. A gate of a date opens by itself.
func (p *Programme) ReleasedAt(ctx context.Context, c Caller, activity, edition string) (time.Time, error) {
	var gate release
	err := p.store.View(ctx, func(r store.Reader) error {
		_, err := get(r, c.realm().gateKey(activity, edition), &gate)
		return err
	})
	return gate.At, err
}

// openGate notes that an edition is released, which is durable before the first
// badge of it is issued.
func (p *Programme) openGate(ctx context.Context, c Caller, activity, edition string) (sc *scene, err error) {
	err = p.run(ctx, false, func(s *session) error {
		a, err := s.activityIn(s.tx, activity)
		if err != nil {
			return err
		}
		t := teller{realm: c.realm(), source: listSource(a.ID), list: true, trusted: true}
		if sc, err = s.setScene(&c, t, a, edition); err != nil || !sc.released.IsZero() {
			return err
		}
		sc.released = s.issuer.Now()
		if err := store.PutJSON(s.tx, sc.realm.gateKey(a.ID, sc.edition.ID), release{At: sc.released, Actor: c.Actor}); err != nil {
			return err
		}
		return s.note(sc.realm, issuer.Event{Actor: c.Actor, Action: "edition.release", Issuer: sc.issuer, Subject: a.ID + "/" + dash(sc.edition.ID)})
	})
	return sc, err
}

func (p *Programme) issueWaiting(ctx context.Context, sc *scene, tell func(done, of int)) (*Released, error) {
	waiting, err := p.waiting(ctx, sc)
	if err != nil {
		return nil, err
	}
	result := &Released{Activity: sc.activity.ID, Edition: sc.edition.ID, At: sc.released}
	letOut := func(s *session, from, to int) (part Released, err error) {
		for n := from; n < to && err == nil; n++ {
			err = s.letOut(sc, waiting[n], &part)
		}
		return part, err
	}
	var part Released
	err = p.inParts(ctx, parts{
		all: len(waiting),
		rehearse: func(s *session, from, to int) error {
			_, err := letOut(s, from, to)
			return err
		},
		do: func(s *session, from, to int) (err error) {
			part, err = letOut(s, from, to)
			return err
		},
		done: func(_, to int) {
			result.Issued, result.Left = result.Issued+part.Issued, append(result.Left, part.Left...)
			if tell != nil {
				tell(to, len(waiting))
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("releasing %s: %w", sc.activity.ID, err)
	}
	return result, nil
}

// Waiting is how many awards of an edition wait for its release.
func (p *Programme) Waiting(ctx context.Context, c Caller, activity, edition string) (n int, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		n = 0
		s := &session{Programme: p, ctx: ctx, tx: store.NewOverlay(r)}
		a, err := s.activityIn(r, activity)
		if err != nil {
			return err
		}
		sc, err := s.setScene(&c, teller{realm: c.realm(), source: listSource(a.ID), list: true, trusted: true}, a, edition)
		if err != nil {
			return err
		}
		return scanWaiting(r, sc, func(waiter) { n++ })
	})
	return n, err
}

// waiter is somebody whose award waits for release.
type waiter struct{ achievement, learner string }

// waiting are those for whom the gate is open now.
func (p *Programme) waiting(ctx context.Context, sc *scene) (list []waiter, err error) {
	now := p.issuer.Now()
	err = p.store.View(ctx, func(r store.Reader) error {
		list = nil
		return scanWaiting(r, sc, func(w waiter) {
			if sc.edition.Gate.Open(w.achievement, now, !sc.released.IsZero()) {
				list = append(list, w)
			}
		})
	})
	return list, err
}

// scanWaiting visits all whose award of an edition waits.
func scanWaiting(r store.Reader, sc *scene, f func(waiter)) error {
	prefix := sc.realm.key("w", sc.activity.ID, dash(sc.edition.ID), "")
	return r.Scan(prefix, nil, func(k, _ []byte) error {
		achievement, learner, _ := cut(string(k[len(prefix):]))
		if !strings.Contains(achievement, "/") { // else of an edition whose id goes on after a slash
			f(waiter{achievement, learner})
		}
		return nil
	})
}

// letOut issues what somebody was waiting for.
func (s *session) letOut(sc *scene, w waiter, count *Released) error {
	left := Left{Achievement: w.achievement}
	err := s.part(func(s *session) error {
		left.Outcome = OutcomeExisting
		l, err := s.learnerAt(sc.realm, sc.issuer, w.learner)
		if errors.Is(err, errGone) {
			return nil // was erased meanwhile
		} else if err != nil {
			return err
		}
		left.Ref = l.ref(sc)
		e := &earned{rule: sc.activity.Rule(w.achievement)}
		if e.template, err = s.template(w.achievement); err != nil {
			return err
		}
		if e.before, err = s.award(sc, l, w.achievement); err != nil || e.before == nil {
			return err // was voided meanwhile
		}
		v := &verdict{}
		if err := s.settle(sc, l, e, v); err != nil {
			return err
		}
		if len(v.Awards) == 0 {
			return badge.Errors{{Rule: string(rules.CodeExpired), Detail: "The term of this badge was over before the release."}}
		}
		left.Outcome = v.Awards[0].Outcome
		if err := s.stack(sc, l, v); err != nil {
			return err
		}
		return s.lead(sc, l, v)
	})
	switch {
	case isFault(err):
		row := Row{}
		row.refuse(err)
		left.Outcome, left.Code, left.Message = row.Outcome, row.Code, row.Message
		count.Left = append(count.Left, left)
		return nil
	case err != nil:
		return err
	case left.Outcome == OutcomeIssued:
		count.Issued++
	case left.Outcome != OutcomeExisting:
		count.Left = append(count.Left, left)
	}
	return nil
}

// OpenDueGates issues what waited for a day that has come, and what a release
// that was cut short has left. It returns how many badges it issued.
func (p *Programme) OpenDueGates(ctx context.Context) (issued int, err error) {
	activities, err := p.Activities(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range []realm{live, test} {
		for _, a := range activities {
			for n := range a.Editions {
				done, err := p.openIfDue(ctx, Caller{Actor: actorRules, Test: r == test, MayIssue: anyIssuer}, a.ID, a.Editions[n].ID)
				if err != nil {
					return issued, err
				}
				issued += done
			}
		}
	}
	return issued, nil
}

func (p *Programme) openIfDue(ctx context.Context, c Caller, activity, edition string) (int, error) {
	var sc *scene
	err := p.store.View(ctx, func(r store.Reader) error {
		s := &session{Programme: p, ctx: ctx, tx: store.NewOverlay(r)}
		a, err := s.activityIn(r, activity)
		if err != nil {
			return err
		}
		sc, err = s.setScene(&c, teller{realm: c.realm(), source: listSource(a.ID), list: true, trusted: true}, a, edition)
		return err
	})
	if isFault(err) {
		return 0, nil // nothing can be earned there
	} else if err != nil {
		return 0, err
	}
	done, err := p.issueWaiting(ctx, sc, nil)
	if err != nil {
		return 0, err
	}
	return done.Issued, nil
}
