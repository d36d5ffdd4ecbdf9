package programme

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"laurel/store"
)

// settleDoubt does what follows when a person has said whether two are one.
func (s *session) settleDoubt(c *Caller, review *Review) error {
	r := c.realm()
	l, err := s.learnerAt(r, review.Issuer, review.Learner)
	if errors.Is(err, store.ErrDamaged) {
		return nil // was erased meanwhile
	} else if err != nil {
		return err
	}
	l.Doubt = ""
	if review.Decision == Same {
		other, err := s.learnerAt(r, review.Issuer, review.Other)
		if err == nil {
			return s.join(c, l, other)
		} else if !errors.Is(err, store.ErrDamaged) {
			return err
		}
	}
	if err := put(s.tx, r.learnerKey(l.Issuer, l.ID), l); err != nil {
		return err
	}
	return s.decideAnew(c, l)
}

// join makes one person of two. The one that was in doubt has no badges yet:
// they waited for this.
func (s *session) join(c *Caller, l, into *learner) error {
	r := c.realm()
	if into.Platforms == nil {
		into.Platforms = map[string]string{}
	}
	for source, id := range l.Platforms {
		if _, known := into.Platforms[source]; !known {
			into.Platforms[source] = id
		}
		if err := put(s.tx, r.platformKey(into.Issuer, s.issuer.Digest("platform", source, id)), into.ID); err != nil {
			return err
		}
	}
	for _, digest := range l.Addresses {
		if err := s.tx.Delete(r.addressKey(l.Issuer, digest, l.ID)); err != nil {
			return err
		}
		if !slices.Contains(into.Addresses, digest) {
			into.Addresses = append(into.Addresses, digest)
			if err := put(s.tx, r.addressKey(into.Issuer, digest, into.ID), true); err != nil {
				return err
			}
		}
	}
	into.Trusted = into.Trusted || l.Trusted
	for where, until := range l.Dropped {
		if into.Dropped == nil {
			into.Dropped = maps.Clone(l.Dropped)
		} else if until.After(into.Dropped[where]) {
			into.Dropped[where] = until
		}
	}
	if err := s.moveFacts(r, l, into); err != nil {
		return err
	}
	l.Platforms, l.Addresses = nil, nil // they lead to the other now
	if err := s.forget(r, l); err != nil {
		return err
	}
	if err := put(s.tx, r.learnerKey(into.Issuer, into.ID), into); err != nil {
		return err
	}
	return s.decideAnew(c, into)
}

func (s *session) moveFacts(r realm, l, into *learner) error {
	prefix := r.key("f", l.ID, "")
	moved := map[string]*contribution{}
	err := scan(s.tx, prefix, func(k []byte, told *contribution) error {
		moved[string(k[len(prefix):])] = told
		return nil
	})
	if err != nil {
		return err
	}
	for where, told := range moved {
		k := append(r.key("f", into.ID, ""), where...)
		var c contribution
		if _, err := get(s.tx, k, &c); err != nil {
			return err
		}
		c.Facts.Merge(told.Facts)
		if told.At.After(c.At) {
			c.At = told.At
		}
		if err := put(s.tx, k, c); err != nil {
			return err
		}
	}
	return nil
}

// decideAnew holds all that is known of a learner against the rules, wherever
// something is known.
func (s *session) decideAnew(c *Caller, l *learner) error {
	prefix := c.realm().key("f", l.ID, "")
	var places []string
	err := s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		place, _, _ := cut(string(k[len(prefix):])) // without who told it
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, place := range places {
		activity, edition, _ := strings.Cut(place, "/")
		if edition == "-" {
			edition = ""
		}
		a, err := s.activityIn(s.tx, activity)
		if err != nil {
			return err
		}
		sc, err := s.setScene(&Caller{Actor: c.Actor, Test: c.Test, MayIssue: anyIssuer}, teller{realm: c.realm(), trusted: true}, a, edition)
		if err != nil {
			return err
		}
		if _, err := s.decide(sc, l); err != nil {
			return err
		}
	}
	return nil
}
