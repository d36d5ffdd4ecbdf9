package programme

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"laurel/issuer"
	"laurel/programme/completion"
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
	country string // of those alone of whom it may tell; "": of anybody
}

// mayTell refuses to hear of people of other countries than the teller's own,
// as they are known and as they are told.
func (t teller) mayTell(l *learner, told completion.Learner) error {
	if t.country == "" || cmp.Or(told.Country, l.Country) == t.country && cmp.Or(l.Country, t.country) == t.country {
		return nil
	}
	return otherCountry(t.country)
}

func otherCountry(own string) error {
	return &Forbidden{"country_not_granted", "This token is for people of " + own + " alone."}
}

// errAddressTaken says that the address belongs to somebody who has another
// ref on the lists of the same activity.
var errAddressTaken = errors.New("programme: the address is known under another ref")

// learner finds the person that is meant, or begins a new one. Whoever is not
// certainly the same is somebody else: two people may share an address, and
// where that is in doubt the newcomer has a review to settle it.
func (s *session) learner(t teller, told completion.Learner, at time.Time) (*learner, error) {
	if told.ID != "" {
		var id string
		found, err := get(s.tx, t.realm.platformKey(t.issuer, s.issuer.Digest("platform", t.source, told.ID)), &id)
		if err != nil {
			return nil, err
		}
		if found {
			l, err := s.learnerAt(t.realm, t.issuer, id)
			if err != nil {
				return nil, err
			}
			return l, s.hear(t, l, told, at)
		}
	}
	l, doubt, err := s.byAddress(t, told)
	if err != nil {
		return nil, err
	}
	if l == nil {
		if l, err = s.newLearner(t); err != nil {
			return nil, err
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

func (s *session) learnerAt(r realm, issuer, id string) (*learner, error) {
	l := new(learner)
	found, err := get(s.tx, r.learnerKey(issuer, id), l)
	if err == nil && !found {
		err = store.ErrDamaged // something led here
	}
	return l, err
}

// byAddress finds the one person that an address stands for. doubt is somebody
// who may be the same person, where nobody can tell.
func (s *session) byAddress(t teller, told completion.Learner) (same, doubt *learner, err error) {
	if told.Email == "" {
		return nil, nil, nil
	}
	digest := s.addressDigest(told.Email)
	var others []*learner
	prefix := t.realm.addressKey(t.issuer, digest, "")
	err = s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		l, err := s.learnerAt(t.realm, t.issuer, string(k[len(prefix):]))
		others = append(others, l)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, l := range others {
		_, elsewhere := l.Platforms[t.source]
		switch {
		case elsewhere && told.ID != "" && t.list:
			return nil, nil, errAddressTaken
		case elsewhere && told.ID != "":
			// The platform tells them apart: a shared address.
		case t.trusted && l.Trusted && sameName(l.Name, told.Name):
			return l, nil, nil
		case elsewhere && sameName(l.Name, told.Name):
			return l, nil, nil // the same source, which gave no id this time
		case !t.list && doubt == nil:
			doubt = l
		}
	}
	return nil, doubt, nil
}

func (s *session) addressDigest(email string) string {
	return s.issuer.Digest("address", strings.ToLower(strings.TrimSpace(email)))
}

// sameName compares names as people do; one that is not told contradicts none.
func sameName(a, b string) bool {
	fold := func(s string) string {
		return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(s))), " ")
	}
	return a == "" || b == "" || fold(a) == fold(b)
}

func (s *session) newLearner(t teller) (*learner, error) {
	id, err := s.issuer.NewID()
	return &learner{ID: id, Issuer: t.issuer, Since: s.issuer.Now()}, err
}

// hear takes in what is told of a person. The latest report counts, whenever it
// arrives; what it does not tell stays.
func (s *session) hear(t teller, l *learner, told completion.Learner, at time.Time) error {
	if err := t.mayTell(l, told); err != nil {
		return err
	}
	wasKnown := l.known()
	was := *l // its maps and lists are compared below
	fresh := l.ToldAt.IsZero()
	latest := !at.Before(l.ToldAt)
	for _, f := range []struct{ mine, told *string }{{&l.Name, &told.Name}, {&l.Email, &told.Email}, {&l.Language, &told.Language},
		{&l.Country, &told.Country}, {&l.Sector, &told.Sector}} {
		if *f.told != "" && (latest || *f.mine == "") {
			*f.mine = *f.told
		}
	}
	news := fresh || was.Name != l.Name || was.Email != l.Email || was.Language != l.Language || was.Country != l.Country || was.Sector != l.Sector
	if told.Email != "" {
		news = news || t.trusted && !l.Trusted
		l.Trusted = l.Trusted || t.trusted
		if digest := s.addressDigest(told.Email); !slices.Contains(l.Addresses, digest) {
			l.Addresses = append(l.Addresses, digest)
			news = true
			if err := put(s.tx, t.realm.addressKey(t.issuer, digest, l.ID), true); err != nil {
				return err
			}
		}
	}
	if told.ID != "" && l.Platforms[t.source] != told.ID {
		if l.Platforms == nil {
			l.Platforms = map[string]string{}
		}
		l.Platforms[t.source] = told.ID
		news = true
		if err := put(s.tx, t.realm.platformKey(t.issuer, s.issuer.Digest("platform", t.source, told.ID)), l.ID); err != nil {
			return err
		}
	}
	if !news {
		return nil // that it was told once more is no news
	}
	if latest {
		l.ToldAt = at
	}
	if err := s.wait(t.realm, l, wasKnown); err != nil {
		return err
	}
	return put(s.tx, t.realm.learnerKey(t.issuer, l.ID), l)
}

// wait keeps the list of those whose name is not known yet.
func (s *session) wait(r realm, l *learner, wasKnown bool) error {
	k := r.namelessKey(l.Since.UTC().Format(time.DateOnly), l.Issuer, l.ID)
	switch {
	case !l.known():
		return put(s.tx, k, true)
	case !wasKnown:
		l.named = true
		return s.tx.Delete(k)
	}
	return nil
}

// recipient is the person as a badge names them. The platform's id goes with
// its source: numbers of two platforms are alike.
func (s *session) recipient(r realm, l *learner) (issuer.Recipient, issuer.OnDuplicate, error) {
	to := issuer.Recipient{Name: l.Name, Email: l.Email}
	if sources := slices.Sorted(maps.Keys(l.Platforms)); len(sources) > 0 {
		to.ExternalID = sources[0] + "/" + l.Platforms[sources[0]]
	}
	// Where others have the address too, a badge found by it may be theirs.
	shared := 0
	for _, digest := range l.Addresses {
		err := s.tx.Scan(r.addressKey(l.Issuer, digest, ""), nil, func(_, _ []byte) error {
			shared++
			return nil
		})
		if err != nil {
			return to, "", err
		}
	}
	if shared > len(l.Addresses) {
		return to, issuer.AllowDuplicate, nil
	}
	if l.Email != "" {
		to.ExternalID = "" // the address says who it is, to platforms that issue by themselves too
	}
	return to, issuer.ReturnExisting, nil
}

// forget takes a person out of all records. What is counted stays, without
// them.
func (s *session) forget(r realm, l *learner) error {
	gone := [][]byte{r.learnerKey(l.Issuer, l.ID), r.namelessKey(l.Since.UTC().Format(time.DateOnly), l.Issuer, l.ID)}
	for _, digest := range l.Addresses {
		gone = append(gone, r.addressKey(l.Issuer, digest, l.ID))
	}
	for source, id := range l.Platforms {
		gone = append(gone, r.platformKey(l.Issuer, s.issuer.Digest("platform", source, id)))
	}
	for _, prefix := range [][]byte{r.key("f", l.ID, ""), r.key("a", l.ID, "")} {
		err := s.tx.Scan(prefix, nil, func(k, _ []byte) error {
			gone = append(gone, k)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, k := range gone {
		if err := s.tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
