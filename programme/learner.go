package programme

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/programme/roster"
	"laurel/store"
)

// teller is who tells something of a learner: a platform, or a list.
type teller struct {
	realm  realm
	issuer string // whose learners they are
	source string // of the person's id: a platform, or "list/<activity>"
	by     string // of the facts: the platform, or the upload
	// trusted says that its addresses may be believed.
	trusted bool
	list    bool
	renamed bool   // of a list: another name for a ref is the same person's
	shared  bool   // of a list: another name at an address, and not the ref, is another person's
	country string // of those alone of whom it may tell; "": of anybody
}

// mayTell refuses to hear of people of other countries than the teller's own.
// Of somebody who is known that is what was told before: whoever is bound to a
// country cannot claim people by saying where they are from.
func (t teller) mayTell(l *learner, told completion.Learner) error {
	known := l.Country
	if l.ToldAt.IsZero() { // a new person
		known = told.Country
	}
	if t.country == "" || known == t.country && cmp.Or(told.Country, known) == t.country {
		return nil
	}
	return otherCountry(t.country)
}

// mayHear is mayTell for whoever would be meant, before anything is done.
func (s *session) mayHear(t teller, told completion.Learner) error {
	if t.country == "" {
		return nil
	}
	l, err := s.byID(t, told.ID)
	if err != nil {
		return err
	}
	if l == nil || !l.known() && l.Doubt == "" {
		same, _, err := s.byAddress(t, l, told)
		if err != nil {
			return err
		}
		if same != nil {
			l = same
		}
	}
	if l == nil {
		l = new(learner)
	}
	return t.mayTell(l, told)
}

func otherCountry(own string) error {
	return &Forbidden{"country_not_granted", "This token is for people of " + own + " alone."}
}

// errAddressTaken says that the address belongs to somebody who has another
// ref on the lists of the same activity.
var errAddressTaken = errors.New("programme: the address is known under another ref")

// errRefTaken says that a list gives the ref of somebody to somebody else.
var errRefTaken = errors.New("programme: the ref is known with another name and address")

// errAddressCrowded says that a list has one more name for an address that as many
// people have as may.
var errAddressCrowded = errors.New("programme: too many people at one address")

// errRenamed says that a list gives another name to somebody, and no address by
// which it could be told whether that is the same person.
var errRenamed = errors.New("programme: the ref is known with another name")

// learner finds the person that is meant, or begins a new one. Whoever is not
// certainly the same is somebody else: two people may share an address, and
// where that is in doubt the newcomer has a review to settle it. A newcomer is
// also who was known by a number alone and is told an address now.
func (s *session) learner(t teller, told completion.Learner, at time.Time) (*learner, error) {
	l, err := s.byID(t, told.ID)
	if err != nil {
		return nil, err
	}
	if t.list && l != nil && s.other(l, told) {
		switch {
		case told.Email != "" && len(l.Addresses) > 0:
			return nil, errRefTaken
		case !t.renamed:
			return nil, errRenamed
		}
	}
	var doubt *learner
	if l == nil || !l.known() && l.Doubt == "" {
		var same *learner
		if same, doubt, err = s.byAddress(t, l, told); err != nil {
			return nil, err
		}
		switch {
		case same != nil && l != nil:
			if err := s.join(t.realm, l, same); err != nil {
				return nil, err
			}
			l = same
		case same != nil:
			l = same
		case l == nil:
			if l, err = s.newLearner(t); err != nil {
				return nil, err
			}
		}
	}
	if err := s.hear(t, l, told, at); err != nil {
		return nil, err
	}
	if doubt != nil {
		err = s.doubt(t, l, doubt)
	}
	return l, err
}

// other tells whether what is told agrees neither with a learner's name nor with
// any address of theirs. One of the two may change; both at once are a mistake,
// and where there is no address nobody can tell.
func (s *session) other(l *learner, told completion.Learner) bool {
	return !issuer.SameName(l.Name, told.Name) && (told.Email == "" || !slices.Contains(l.Addresses, s.addressDigest(told.Email)))
}

// byID finds the person whom a source knows by an id; nil where it told of
// nobody by it.
func (s *session) byID(t teller, told string) (*learner, error) {
	if told == "" {
		return nil, nil
	}
	var id string
	found, err := get(s.tx, s.platformKey(t, t.source, told), &id)
	if err != nil || !found {
		return nil, err
	}
	return s.learnerAt(t.realm, t.issuer, id)
}

func (s *session) platformKey(t teller, source, id string) []byte {
	return t.realm.platformKey(t.issuer, s.issuer.Digest("platform", source, id))
}

// errGone says that a learner is not there. Where records led to the learner
// that is damage, unless they stand for somebody who was erased.
var errGone = fmt.Errorf("programme: learner: %w", store.ErrDamaged)

func (s *session) learnerAt(r realm, issuer, id string) (*learner, error) {
	l := new(learner)
	found, err := get(s.tx, r.learnerKey(issuer, id), l)
	if err == nil && !found {
		err = errGone
	}
	return l, err
}

// byAddress finds the one person that an address stands for, other than l,
// which may be nil. doubt is somebody who may be the same person, where nobody
// can tell.
func (s *session) byAddress(t teller, l *learner, told completion.Learner) (same, doubt *learner, err error) {
	if told.Email == "" {
		return nil, nil, nil
	}
	digest := s.addressDigest(told.Email)
	others, err := s.atAddress(t, digest)
	if err != nil {
		return nil, nil, err
	}
	var certain, possible []*learner
	for _, o := range others {
		ids, here := o.Platforms[t.source]
		switch {
		case l != nil && o.ID == l.ID:
		case t.list && t.shared && !issuer.SameName(o.Name, told.Name):
			// A person says that they are two.
		case told.ID != "" && len(ids) > 0 && t.list:
			return nil, nil, errAddressTaken
		case told.ID != "" && len(ids) > 0:
			// They are told apart, by the platform or by a person: a shared address.
		case (here || o.byBadge() || t.trusted && slices.Contains(o.Trusted, digest)) && issuer.SameName(o.Name, told.Name):
			certain = append(certain, o)
		default:
			possible = append(possible, o)
		}
	}
	if len(certain) == 1 {
		return certain[0], nil, nil
	}
	if possible = append(certain, possible...); len(possible) > 0 {
		doubt = possible[0]
	}
	return nil, doubt, nil
}

// atAddress are all who have an address.
func (s *session) atAddress(t teller, digest string) (all []*learner, err error) {
	prefix := t.realm.addressKey(t.issuer, digest, "")
	err = s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		l, err := s.learnerAt(t.realm, t.issuer, string(k[len(prefix):]))
		all = append(all, l)
		return err
	})
	return all, err
}

func (s *session) addressDigest(email string) string {
	return s.issuer.Digest("address", strings.ToLower(strings.TrimSpace(email)))
}

// has tells whether a name that a badge at the person's address bears, or bore
// before a correction, is theirs. A badge of other names there may be somebody
// else's: nobody is told its link.
func (l *learner) has(name string) bool { return issuer.SameName(l.Name, name) }

// newLearner is somebody who is not known yet. Names of learners ascend with time, so
// that what is kept of the people of a list lies together.
func (s *session) newLearner(t teller) (*learner, error) {
	id, err := s.issuer.NewSeq()
	return &learner{ID: id, Issuer: t.issuer, Since: s.issuer.Now()}, err
}

// hear takes in what is told of a person. The latest report counts, whenever it
// arrives; what it does not tell stays.
func (s *session) hear(t teller, l *learner, told completion.Learner, at time.Time) error {
	if err := t.mayTell(l, told); err != nil {
		return err
	}
	fresh := l.ToldAt.IsZero()
	wasKnown := l.known()
	news, err := s.reach(t, l, told)
	if err != nil {
		return err
	}
	latest := !at.Before(l.ToldAt)
	for _, f := range []struct{ mine, told *string }{{&l.Name, &told.Name}, {&l.Email, &told.Email}, {&l.Language, &told.Language},
		{&l.Country, &told.Country}, {&l.Sector, &told.Sector}} {
		if *f.told != "" && *f.told != *f.mine && (latest || *f.mine == "") {
			*f.mine, news = *f.told, true
		}
	}
	if !news && !fresh && (t.list || !at.After(l.ToldAt)) {
		return nil // that a list told it once more is no news
	}
	if latest {
		l.ToldAt = at
	}
	if err := s.wait(t.realm, l, wasKnown || fresh && l.known()); err != nil {
		return err
	}
	return store.PutJSON(s.tx, t.realm.learnerKey(t.issuer, l.ID), l)
}

// reach keeps by what a person can be found: the address, and the source with
// its id. news says that there was anything new.
func (s *session) reach(t teller, l *learner, told completion.Learner) (news bool, err error) {
	if told.Email != "" {
		digest := s.addressDigest(told.Email)
		if t.trusted && !slices.Contains(l.Trusted, digest) {
			l.Trusted, news = append(l.Trusted, digest), true
		}
		if !slices.Contains(l.Addresses, digest) {
			if err := s.room(t, digest); err != nil {
				return news, err
			}
			l.Addresses, news = append(l.Addresses, digest), true
			if err := store.PutJSON(s.tx, t.realm.addressKey(t.issuer, digest, l.ID), true); err != nil {
				return news, err
			}
		}
	}
	ids, here := l.Platforms[t.source]
	if told.ID == "" && here || told.ID != "" && slices.Contains(ids, told.ID) {
		return news, nil
	}
	if l.Platforms == nil {
		l.Platforms = map[string][]string{}
	}
	if told.ID == "" {
		l.Platforms[t.source] = []string{}
		return true, nil
	}
	l.Platforms[t.source] = append(ids, told.ID)
	return true, store.PutJSON(s.tx, s.platformKey(t, t.source, told.ID), l.ID)
}

// room refuses one more person of a list at a crowded address. What platforms tell
// is taken in: they have numbers for their people, by which these are told apart.
func (s *session) room(t teller, digest string) error {
	if !t.list {
		return nil
	}
	people := 0
	return s.tx.Scan(t.realm.addressKey(t.issuer, digest, ""), nil, func(_, _ []byte) error {
		if people++; people >= roster.MaxAtAddress {
			return errAddressCrowded
		}
		return nil
	})
}

// wait keeps the list of those whose name is not known yet.
func (s *session) wait(r realm, l *learner, wasKnown bool) error {
	k := r.namelessKey(l.Since.UTC().Format(time.DateOnly), l.Issuer, l.ID)
	switch {
	case !l.known():
		return store.PutJSON(s.tx, k, true)
	case !wasKnown:
		l.news = true
		return s.tx.Delete(k)
	}
	return nil
}

// alone tells whether nobody else has an address of the person's. Where others
// have, a badge found by it may be theirs.
func (s *session) alone(r realm, l *learner) (bool, error) {
	sharers := 0
	for _, digest := range l.Addresses {
		err := s.tx.Scan(r.addressKey(l.Issuer, digest, ""), nil, func(_, _ []byte) error {
			sharers++
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return sharers <= len(l.Addresses), nil
}

// recipient is the person as a badge names them. The platform's id goes with
// its source: numbers of two platforms are alike.
func (s *session) recipient(r realm, l *learner) (issuer.Recipient, issuer.OnDuplicate, error) {
	to := issuer.Recipient{Name: l.Name, Email: l.Email}
	for _, source := range slices.Sorted(maps.Keys(l.Platforms)) {
		if ids := l.Platforms[source]; len(ids) > 0 && to.ExternalID == "" {
			to.ExternalID = source + "/" + ids[0]
		}
	}
	if alone, err := s.alone(r, l); err != nil {
		return to, "", err
	} else if !alone {
		return to, issuer.AllowDuplicate, nil
	}
	if l.Email != "" {
		to.ExternalID = "" // the address says who it is, to platforms that issue by themselves too
	}
	return to, issuer.ReturnExisting, nil
}
