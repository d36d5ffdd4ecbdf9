package programme

import (
	"errors"
	"slices"
	"strings"
	"time"

	"laurel/programme/facts"
	"laurel/store"
)

// settleDoubt does what follows when a person has said whether two are one.
func (s *session) settleDoubt(c *Caller, review *Review) error {
	r := c.realm()
	l, err := s.learnerAt(r, review.Issuer, review.Learner)
	if errors.Is(err, errGone) {
		return nil // was erased meanwhile
	} else if err != nil {
		return err
	}
	if l.Doubt == review.ID {
		l.Doubt = ""
	}
	if err := store.PutJSON(s.tx, r.learnerKey(l.Issuer, l.ID), l); err != nil {
		return err
	}
	if review.Decision == Same && review.Other != l.ID {
		other, err := s.learnerAt(r, review.Issuer, review.Other)
		switch {
		case errors.Is(err, errGone): // was erased meanwhile
		case err != nil:
			return err
		default:
			if err := s.join(r, l, other); err != nil {
				return err
			}
			l = other
		}
	}
	return s.decideAnew(c.person(), l)
}

// join makes one person of two. Of the one that was in doubt, or without a
// name, no award is on record: that waited for this. What is known of both may
// earn more, which the caller has to decide.
func (s *session) join(r realm, l, into *learner) error {
	wasKnown := into.known()
	into.takeIn(l)
	for _, digest := range l.Addresses {
		err := errors.Join(s.tx.Delete(r.addressKey(l.Issuer, digest, l.ID)), store.PutJSON(s.tx, r.addressKey(into.Issuer, digest, into.ID), true))
		if err != nil {
			return err
		}
	}
	for source, ids := range l.Platforms {
		for _, id := range ids {
			if err := store.PutJSON(s.tx, r.platformKey(into.Issuer, s.issuer.Digest("platform", source, id)), into.ID); err != nil {
				return err
			}
		}
	}
	if err := s.moveFacts(r, l, into); err != nil {
		return err
	}
	if err := s.moveReviews(r, l, into); err != nil {
		return err
	}
	l.Platforms, l.Addresses = nil, nil // they lead to the other now
	if err := s.forget(r, l); err != nil {
		return err
	}
	if err := s.wait(r, into, wasKnown); err != nil {
		return err
	}
	into.news = true
	return store.PutJSON(s.tx, r.learnerKey(into.Issuer, into.ID), into)
}

// takeIn adds what is known of another record of the same person.
func (l *learner) takeIn(o *learner) {
	for _, f := range []struct{ mine, other *string }{{&l.Name, &o.Name}, {&l.Email, &o.Email}, {&l.Language, &o.Language},
		{&l.Country, &o.Country}, {&l.Sector, &o.Sector}} {
		if *f.mine == "" {
			*f.mine = *f.other
		}
	}
	l.Addresses, l.Trusted = union(l.Addresses, o.Addresses), union(l.Trusted, o.Trusted)
	if l.Platforms == nil {
		l.Platforms = map[string][]string{}
	}
	for source, ids := range o.Platforms {
		l.Platforms[source] = union(l.Platforms[source], ids)
	}
	if l.Dropped == nil {
		l.Dropped = map[string]time.Time{}
	}
	for where, until := range o.Dropped {
		if until.After(l.Dropped[where]) {
			l.Dropped[where] = until
		}
	}
}

// union is a and what b has beside.
func union(a, b []string) []string {
	all := append([]string{}, a...)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// moveFacts moves what is known of one to another, with their places on lists.
func (s *session) moveFacts(r realm, l, into *learner) error {
	prefix := r.key("f", l.ID, "")
	moved := map[string]*facts.History{}
	err := scan(s.tx, prefix, func(k []byte, told *facts.History) error {
		moved[string(k[len(prefix):])] = told
		return nil
	})
	if err != nil {
		return err
	}
	for where, told := range moved {
		k := append(r.key("f", into.ID, ""), where...)
		var h facts.History
		if _, err := get(s.tx, k, &h); err != nil {
			return err
		}
		h.Join(*told)
		edition, by, _ := cut(where)
		h.Drop(into.Dropped[by+"/"+edition])
		if err := s.keepHistory(k, &h); err != nil {
			return err
		}
		if upload, ok := uploadOf(k); ok {
			if err := s.moveListed(r, upload, l, into); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) moveListed(r realm, upload string, l, into *learner) error {
	var at listedAt
	from := r.listedKey(upload, l.ID)
	found, err := get(s.tx, from, &at)
	if err != nil || !found {
		return err
	}
	return errors.Join(s.tx.Delete(from), store.PutJSON(s.tx, r.listedKey(upload, into.ID), at))
}

// moveReviews makes the open questions about one those about another.
func (s *session) moveReviews(r realm, l, into *learner) error {
	var about []*Review
	err := scan(s.tx, r.key("r", l.Issuer, ""), func(_ []byte, review *Review) error {
		if review.DecidedAt.IsZero() && (review.Learner == l.ID || review.Other == l.ID) {
			about = append(about, review)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, review := range about {
		for _, who := range []*string{&review.Learner, &review.Other} {
			if *who == l.ID {
				*who = into.ID
			}
		}
		if err := store.PutJSON(s.tx, r.reviewKey(review.Issuer, review.ID), review); err != nil {
			return err
		}
	}
	return nil
}

// decideAnew holds all that is known of a learner against the rules, wherever
// something is known and can still be earned, but for some places.
func (s *session) decideAnew(c *Caller, l *learner, but ...place) error {
	places, err := s.places(c.realm(), l, "")
	if err != nil {
		return err
	}
	for _, place := range places {
		if slices.Contains(but, place) {
			continue
		}
		if err := s.decideAt(c, l, place); err != nil {
			return err
		}
	}
	return nil
}

// place is an edition of an activity.
type place struct{ activity, edition string }

// places is where something is known of a learner: in all activities, or in
// the editions of one.
func (s *session) places(r realm, l *learner, activity string) (list []place, err error) {
	prefix := r.key("f", l.ID, "")
	within := prefix
	if activity != "" {
		within = r.key("f", l.ID, activity, "")
	}
	err = s.tx.Scan(within, nil, func(k, _ []byte) error {
		where, _, _ := cut(string(k[len(prefix):])) // without who told it
		var p place
		p.activity, p.edition, _ = strings.Cut(where, "/")
		p.edition = undash(p.edition)
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// decideAt decides in a place of which the present report does not speak. What
// cannot be decided there, because the definition has changed, is no fault of
// the report, and neither is what the caller may not issue: that comes with the
// next report by one who may.
func (s *session) decideAt(c *Caller, l *learner, at place) error {
	err := s.part(func(s *session) error {
		a, err := s.activityIn(s.tx, at.activity)
		if err != nil {
			return err
		}
		sc, err := s.setScene(c, teller{realm: c.realm()}, a, at.edition)
		if err != nil {
			return err
		}
		_, err = s.decide(sc, l)
		return err
	})
	if isFault(err) || isKeyless(err) {
		return nil
	}
	return err
}
