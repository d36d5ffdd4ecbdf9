package programme

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/issuer"
	"laurel/store"
)

// Upload is a list that was taken in. It names nobody.
type Upload struct {
	ID       string    `json:"id"`
	Activity string    `json:"activity"`
	Issuer   string    `json:"issuer"` // whose learners the activity's are
	Actor    string    `json:"actor"`
	Country  string    `json:"country,omitempty"` // that the caller was bound to
	At       time.Time `json:"at"`
	Rows     Summary   `json:"rows"` // as they were answered, so far
	// Achievement is the only one that it was to award.
	Achievement string `json:"achievement,omitempty"`
	// Digest tells whether a list that comes is this one again, under the secret
	// of the store.
	Digest string `json:"digest,omitempty"`

	TakenBack time.Time `json:"takenBack,omitzero"`
	Withdrawn Withdrawn `json:"withdrawn,omitzero"` // by taking it back, so far
}

// Withdrawn counts what came of taking a list back.
type Withdrawn struct {
	Revoked int `json:"revoked"` // badges
	Voided  int `json:"voided"`  // awards that waited for release
	Kept    int `json:"kept"`    // awards that are earned without the list, too
}

// reaches tells whether a caller may see an upload and take it back.
func (u *Upload) reaches(c *Caller) bool {
	return c.MayIssue(u.Issuer) && (c.MayReport == nil || c.MayReport(u.Activity)) && (c.Country == "" || c.Country == u.Country)
}

// listedAt is where somebody stood on a list: in the edition that it named last.
type listedAt struct {
	Edition string `json:"edition,omitempty"`
}

// keepUpload puts on record that rows were taken in.
func (ls *lister) keepUpload(s *session, rows []Row) error {
	k := ls.caller.realm().uploadKey(ls.upload)
	var u Upload
	found, err := get(s.tx, k, &u)
	if err != nil {
		return err
	}
	if !u.TakenBack.IsZero() { // while it was being taken in
		return &issuer.StateError{Rule: "upload_taken_back", Detail: "This list was taken back meanwhile; the rest of it was not taken in."}
	}
	if !found {
		whose, err := s.issuerOf(ls.activity)
		if err != nil {
			return err
		}
		u = Upload{ID: ls.upload, Activity: ls.activity.ID, Issuer: whose, Actor: ls.caller.Actor, Country: ls.caller.Country, At: ls.now,
			Achievement: ls.roster.Achievement, Digest: ls.digest}
		if err := s.note(ls.caller.realm(), issuer.Event{Actor: ls.caller.Actor, Action: "upload.put", Issuer: whose, Subject: ls.upload}); err != nil {
			return err
		}
	}
	u.Rows = summary(rows)
	return store.PutJSON(s.tx, k, u)
}

// tick notes that somebody stood on a list that told of them or awarded something.
func (s *session) tick(sc *scene, l *learner) error {
	s.listed = true
	return store.PutJSON(s.tx, sc.realm.listedKey(sc.upload, l.ID), listedAt{Edition: sc.edition.ID})
}

// Upload returns a list that was taken in; ErrNotFound of package issuer where
// there is none that the caller may see.
func (p *Programme) Upload(ctx context.Context, c Caller, id string) (u *Upload, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		u, err = uploadAt(r, &c, id)
		return err
	})
	return u, err
}

func uploadAt(r store.Reader, c *Caller, id string) (*Upload, error) {
	u := new(Upload)
	found, err := get(r, c.realm().uploadKey(id), u)
	if err == nil && (!found || !u.reaches(c)) {
		err = fmt.Errorf("upload: %w", issuer.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Uploads lists the lists that the caller may see, the latest first; those of
// one activity, where it is not "".
func (p *Programme) Uploads(ctx context.Context, c Caller, activity string) (all []Upload, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		all = []Upload{}
		return scan(r, c.realm().key("u", ""), func(_ []byte, u *Upload) error {
			if u.reaches(&c) && (activity == "" || activity == u.Activity) {
				all = append(all, *u)
			}
			return nil
		})
	})
	slices.SortFunc(all, func(a, b Upload) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	return all, err
}

// TakeBack undoes a list: what it told counts no more, and what was awarded by
// it and is not earned otherwise is revoked. People stay known. To take it back
// again changes nothing, and carries on where it was cut short; the counts are
// those of all that was undone. ErrNotFound of package issuer where there is no
// such list of the caller's.
func (p *Programme) TakeBack(ctx context.Context, c Caller, id string) (*Upload, error) {
	u, people, err := p.openTakeBack(ctx, &c, id)
	for from := 0; from < len(people) && err == nil; from += chunk {
		err = p.run(ctx, false, func(s *session) error {
			if u, err = uploadAt(s.tx, &c, id); err != nil {
				return err
			}
			for _, who := range people[from:min(from+chunk, len(people))] {
				if err := s.unlist(&c, u, who, &u.Withdrawn); err != nil {
					return err
				}
			}
			return store.PutJSON(s.tx, c.realm().uploadKey(id), u)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("taking back a list: %w", err)
	}
	return u, nil
}

// onList is somebody who stood on a list.
type onList struct{ learner, edition string }

// openTakeBack marks a list as taken back and tells who stands on it still.
func (p *Programme) openTakeBack(ctx context.Context, c *Caller, id string) (u *Upload, people []onList, err error) {
	err = p.run(ctx, false, func(s *session) error {
		people = nil
		if u, err = uploadAt(s.tx, c, id); err != nil {
			return err
		}
		prefix := c.realm().listedKey(id, "")
		err = scan(s.tx, prefix, func(k []byte, at *listedAt) error {
			people = append(people, onList{string(k[len(prefix):]), at.Edition})
			return nil
		})
		if err != nil || !u.TakenBack.IsZero() {
			return err
		}
		u.TakenBack = s.issuer.Now()
		if err := store.PutJSON(s.tx, c.realm().uploadKey(id), u); err != nil {
			return err
		}
		return s.note(c.realm(), issuer.Event{Actor: c.Actor, Action: "upload.takeback", Issuer: u.Issuer, Subject: id})
	})
	return u, people, err
}

// unlist undoes what a list told of one person, in whichever editions.
func (s *session) unlist(c *Caller, u *Upload, who onList, count *Withdrawn) error {
	r := c.realm()
	told, err := s.toldBy(r, u, who.learner)
	if err != nil {
		return err
	}
	gone := [][]byte{r.listedKey(u.ID, who.learner)}
	for _, edition := range told {
		gone = append(gone, r.factsKey(who.learner, u.Activity, edition, listPrefix+u.ID))
	}
	l, err := s.learnerAt(r, u.Issuer, who.learner)
	if errors.Is(err, errGone) {
		return s.deleteAll(gone) // was erased
	} else if err != nil {
		return err
	}
	editions := union([]string{who.edition}, told)
	before := make([][]Open, len(editions))
	for n, edition := range editions {
		if before[n], err = s.unmet(c, u, l, edition); err != nil {
			return err
		}
	}
	if err := s.deleteAll(gone); err != nil {
		return err
	}
	if err := s.unawardAll(c, u, l, count); err != nil {
		return err
	}
	for n, edition := range editions {
		if err := s.holdOthers(c, u, l, edition, before[n]); err != nil {
			return err
		}
	}
	return nil
}

// toldBy are the editions in which a list told something of somebody.
func (s *session) toldBy(r realm, u *Upload, learner string) (editions []string, err error) {
	prefix := r.key("f", learner, u.Activity, "")
	err = s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		if upload, ok := uploadOf(k); ok && upload == u.ID {
			edition, _, _ := cut(string(k[len(prefix):]))
			editions = append(editions, undash(edition))
		}
		return nil
	})
	return editions, err
}

func (s *session) deleteAll(keys [][]byte) error {
	for _, k := range keys {
		if err := s.tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// unawardAll withdraws what came of a list for one person.
func (s *session) unawardAll(c *Caller, u *Upload, l *learner, count *Withdrawn) error {
	var mine []*award
	err := scan(s.tx, c.realm().key("a", l.ID, ""), func(_ []byte, a *award) error {
		if a.Upload == u.ID {
			mine = append(mine, a)
		}
		return nil
	})
	for _, a := range mine {
		if err == nil {
			err = s.unaward(c, l, a, count)
		}
	}
	return err
}

// unmet are the achievements of an edition whose rules what is known does not
// meet; none where the definition has changed so that it cannot be told.
func (s *session) unmet(c *Caller, u *Upload, l *learner, edition string) (open []Open, err error) {
	sc, err := s.sceneAt(c, u.Activity, edition)
	if err != nil {
		return nil, ignoreFault(err)
	}
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return nil, err
	}
	for _, rule := range sc.activity.Rules {
		_, outcome, err := s.evaluate(sc, l, rule, &known)
		if err != nil {
			return nil, ignoreFault(err)
		}
		if !outcome.Met {
			open = append(open, Open{rule.Achievement, outcome.Missing})
		}
	}
	return open, nil
}

// holdOthers holds what others told or gave and what is not earned any
// more without the list that is taken back. What was not met with the list is
// as it was.
func (s *session) holdOthers(c *Caller, u *Upload, l *learner, edition string, before []Open) error {
	open, err := s.unmet(c, u, l, edition)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(o Open) bool {
		return slices.ContainsFunc(before, func(b Open) bool { return b.Achievement == o.Achievement })
	})
	if len(open) == 0 {
		return nil
	}
	sc, err := s.sceneAt(c, u.Activity, edition)
	if err != nil {
		return err
	}
	return s.holdUnearned(sc, l, &verdict{Open: open})
}

// sceneAt is an edition of an activity as it is defined now.
func (s *session) sceneAt(c *Caller, activity, edition string) (*scene, error) {
	a, err := s.activityIn(s.tx, activity)
	if err != nil {
		return nil, err
	}
	return s.setScene(c, teller{realm: c.realm()}, a, edition)
}

// unaward withdraws an award that came of a list, unless it is earned without
// it: then it is that of the list that tells the same, where one does. Nothing of
// what is withdrawn is kept, so that a list without the mistake can award it.
func (s *session) unaward(c *Caller, l *learner, a *award, count *Withdrawn) error {
	r := c.realm()
	k := r.awardKey(a.Learner, a.Achievement, a.Edition)
	still, by, err := s.stillEarned(c, l, a)
	if err != nil {
		return err
	}
	if still {
		count.Kept++
		a.Upload = by
		return store.PutJSON(s.tx, k, a)
	}
	if a.Found {
		count.Kept++
		return s.leave(r, a)
	}
	switch a.State {
	case StateIssued:
		count.Revoked++
	case StateWaiting:
		count.Voided++
	}
	if err := s.withdraw(r, a, withdrawal{c.Actor, "issued_in_error", s.issuer.Now(), byPerson}); err != nil {
		return err
	}
	if a.Credential != "" {
		if err := s.tx.Delete(r.credentialKey(a.Credential)); err != nil {
			return err
		}
	}
	return s.tx.Delete(k)
}

// stillEarned tells whether what is left earns an award, there or elsewhere, and by
// which list.
func (s *session) stillEarned(c *Caller, l *learner, a *award) (still bool, by string, err error) {
	sc, err := s.sceneAt(c, a.Activity, a.Edition)
	if err != nil {
		return false, "", ignoreFault(err)
	}
	rule := sc.activity.Rule(a.Achievement)
	named := ""
	if rule == nil {
		named = a.Achievement
	}
	by, err = s.listFor(c.realm(), l, place{a.Activity, a.Edition}, named)
	if err != nil || rule == nil {
		return by != "", by, err
	}
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return false, "", err
	}
	_, outcome, err := s.evaluate(sc, l, rule, &known)
	if err != nil || outcome.Met {
		return outcome.Met, by, err
	}
	at, still, err := s.earnedElsewhere(c.realm(), l, a, a.Activity)
	if err != nil || !still {
		return false, "", err
	}
	by, err = s.listFor(c.realm(), l, at, "")
	return true, by, err
}

// listFor is a list that tells of somebody in a place, of those that were to award
// an achievement where one is named; "" where there is none.
func (s *session) listFor(r realm, l *learner, at place, named string) (by string, err error) {
	var lists []string
	err = s.tx.Scan(r.factsKey(l.ID, at.activity, at.edition, listPrefix), nil, func(k, _ []byte) error {
		upload, _ := uploadOf(k)
		lists = append(lists, upload)
		return nil
	})
	for _, id := range lists {
		var u Upload
		if _, err := get(s.tx, r.uploadKey(id), &u); err != nil {
			return "", err
		}
		if named == "" || u.Achievement == named {
			return id, nil
		}
	}
	return "", err
}

// ignoreFault is for what cannot be decided because a definition has changed.
func ignoreFault(err error) error {
	if isFault(err) {
		return nil
	}
	return err
}
