package programme

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/issuer"
)

// Upload is a list that was taken in.
type Upload struct {
	ID        string    `json:"id"`
	Activity  string    `json:"activity"`
	Issuer    string    `json:"issuer"`
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
	TakenBack time.Time `json:"takenBack,omitzero"`
}

// listedAt is where somebody stood on a list.
type listedAt struct {
	Edition string `json:"edition,omitempty"`
}

func (ls *lister) keepUpload(s *session) error {
	k := ls.caller.realm().uploadKey(ls.upload)
	var u Upload
	if found, err := get(s.tx, k, &u); err != nil || found {
		return err
	}
	whose, err := s.issuerOf(ls.activity)
	if err != nil {
		return err
	}
	u = Upload{ID: ls.upload, Activity: ls.activity.ID, Issuer: whose, Actor: ls.caller.Actor, At: ls.now}
	if err := put(s.tx, k, u); err != nil {
		return err
	}
	return s.issuer.Note(s.tx, issuer.Event{Actor: ls.caller.Actor, Action: "upload.put", Issuer: whose, Subject: ls.upload})
}

// tick notes that an award came of a list.
func (s *session) tick(sc *scene, l *learner) error {
	s.listed = true
	return put(s.tx, sc.realm.listedKey(sc.upload, l.ID), listedAt{Edition: sc.edition.ID})
}

// TakenBack is what came of taking a list back.
type TakenBack struct {
	Upload  Upload
	Revoked int // badges
	Voided  int // awards that waited for release
	Kept    int // awards that are earned without the list, too
}

// TakeBack undoes a list: what it told counts no more, and what was awarded by
// it and is not earned otherwise is revoked. People stay known. To take it back
// again changes nothing. ErrNotFound of package issuer where there is no such
// list of the caller's.
func (p *Programme) TakeBack(ctx context.Context, c Caller, id string) (*TakenBack, error) {
	result := &TakenBack{}
	people, err := p.openTakeBack(ctx, &c, id, result)
	if err != nil || people == nil {
		return result, err
	}
	for from := 0; from < len(people); from += chunk {
		var part TakenBack
		err := p.run(ctx, false, func(s *session) error {
			part = TakenBack{}
			for _, who := range people[from:min(from+chunk, len(people))] {
				if err := s.unlist(&c, &result.Upload, who, &part); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("taking back a list: %w", err)
		}
		result.Revoked, result.Voided, result.Kept = result.Revoked+part.Revoked, result.Voided+part.Voided, result.Kept+part.Kept
	}
	return result, nil
}

// onList is somebody who stood on a list.
type onList struct{ learner, edition string }

// openTakeBack marks a list as taken back and tells who stood on it.
func (p *Programme) openTakeBack(ctx context.Context, c *Caller, id string, result *TakenBack) (people []onList, err error) {
	err = p.run(ctx, false, func(s *session) error {
		people = []onList{}
		u := &result.Upload
		*u = Upload{}
		k := c.realm().uploadKey(id)
		found, err := get(s.tx, k, u)
		if err != nil {
			return err
		}
		if !found || !c.MayIssue(u.Issuer) || c.MayReport != nil && !c.MayReport(u.Activity) {
			return fmt.Errorf("upload: %w", issuer.ErrNotFound)
		}
		prefix := c.realm().key("u", id, "")
		err = scan(s.tx, prefix, func(k []byte, at *listedAt) error {
			people = append(people, onList{string(k[len(prefix):]), at.Edition})
			return nil
		})
		if err != nil || !u.TakenBack.IsZero() {
			return err
		}
		u.TakenBack = s.issuer.Now()
		if err := put(s.tx, k, u); err != nil {
			return err
		}
		return s.issuer.Note(s.tx, issuer.Event{Actor: c.Actor, Action: "upload.takeback", Issuer: u.Issuer, Subject: id})
	})
	return people, err
}

// unlist undoes what a list told of one person.
func (s *session) unlist(c *Caller, u *Upload, who onList, count *TakenBack) error {
	r := c.realm()
	if err := s.tx.Delete(r.factsKey(who.learner, u.Activity, who.edition, listPrefix+u.ID)); err != nil {
		return err
	}
	l, err := s.learnerAt(r, u.Issuer, who.learner)
	if errors.Is(err, errGone) {
		return s.tx.Delete(r.listedKey(u.ID, who.learner)) // was erased
	} else if err != nil {
		return err
	}
	var mine []*award
	err = scan(s.tx, r.key("a", who.learner, ""), func(_ []byte, a *award) error {
		if a.Upload == u.ID {
			mine = append(mine, a)
		}
		return nil
	})
	for _, a := range mine {
		if err == nil {
			err = s.unaward(c, u, l, a, count)
		}
	}
	if err != nil {
		return err
	}
	return s.tx.Delete(r.listedKey(u.ID, who.learner))
}

// unaward withdraws an award that came of a list, unless it is earned without
// it. Nothing of it is kept, so that a list without the mistake can award it.
func (s *session) unaward(c *Caller, u *Upload, l *learner, a *award, count *TakenBack) error {
	r := c.realm()
	k := r.awardKey(a.Learner, a.Achievement, a.Edition)
	still, err := s.stillEarned(c, l, a)
	if err != nil {
		return err
	}
	if still {
		count.Kept++
		a.Upload = ""
		return put(s.tx, k, a)
	}
	switch a.State {
	case StateIssued:
		count.Revoked++
	case StateWaiting:
		count.Voided++
	}
	if err := s.withdraw(r, a, c.Actor, "issued_in_error", s.issuer.Now()); err != nil {
		return err
	}
	if a.Credential != "" {
		if err := s.tx.Delete(r.credentialKey(a.Credential)); err != nil {
			return err
		}
	}
	return s.tx.Delete(k)
}

// stillEarned tells whether the facts that are left meet the rule of an award.
func (s *session) stillEarned(c *Caller, l *learner, a *award) (bool, error) {
	activity, err := s.activityIn(s.tx, a.Activity)
	if err != nil {
		return false, ignoreFault(err)
	}
	sc, err := s.setScene(c, teller{realm: c.realm()}, activity, a.Edition)
	if err != nil {
		return false, ignoreFault(err)
	}
	rule := activity.Rule(a.Achievement)
	if rule == nil {
		return false, nil
	}
	known, err := s.gathered(sc, l, "")
	if err != nil {
		return false, err
	}
	_, outcome, err := s.evaluate(sc, l, rule, &known)
	return outcome.Met, err
}

// ignoreFault is for what cannot be decided because a definition has changed.
func ignoreFault(err error) error {
	if isFault(err) {
		return nil
	}
	return err
}
