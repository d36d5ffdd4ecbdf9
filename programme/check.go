package programme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"laurel/issuer"
	"laurel/programme/statistics"
	"laurel/store"
)

// Check holds the records of activities, learners and awards against each other
// and against the badges: whatever leads somewhere leads there, every award has
// its badge and says the same of it, every badge is counted as what it is, and
// nothing is left of an award whose holder was erased. It reports each thing
// that is not so in a sentence; the error says that the store could not be
// read. It returns how many awards it looked at. It writes nothing. That every
// record is whole is for the issuer's own Check to say.
func (p *Programme) Check(ctx context.Context, report func(problem string)) (awards int, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		if err := p.checkActivities(r, report); err != nil {
			return err
		}
		for _, in := range []realm{live, test} {
			c := &checker{session: &session{Programme: p, ctx: ctx, tx: store.NewOverlay(r)}, r: in, report: report, learners: map[string]*learner{}}
			if err := c.all(); err != nil {
				return err
			}
			awards += c.awards
		}
		return nil
	})
	if err != nil {
		return awards, fmt.Errorf("checking programmes: %w", err)
	}
	return awards, nil
}

// checkActivities checks what leads to activities.
func (p *Programme) checkActivities(r store.Reader, report func(string)) error {
	c := &checker{session: &session{Programme: p, tx: store.NewOverlay(r)}, report: report}
	return r.Scan(key("p", ""), nil, func(k, _ []byte) error {
		id := string(k[len("p/"):])
		if strings.Contains(id, "/") {
			return nil // an earlier definition
		}
		a, err := p.activityIn(r, id)
		if err != nil {
			return err
		}
		return c.need(k, p.leads(a)...)
	})
}

type checker struct {
	*session
	r        realm
	report   func(string)
	learners map[string]*learner
	awards   int
}

func (c *checker) problem(k []byte, format string, args ...any) {
	c.report(fmt.Sprintf("%s %s", k, fmt.Sprintf(format, args...)))
}

// all looks at every kind of record; at learners first, of whom the others
// speak.
func (c *checker) all() error {
	if err := scan(c.tx, c.r.key("l", ""), func(_ []byte, l *learner) error { c.learners[l.ID] = l; return nil }); err != nil {
		return err
	}
	for _, one := range []func() error{
		func() error { return scan(c.tx, c.r.key("l", ""), c.learner) },
		func() error { return scan(c.tx, c.r.key("a", ""), c.award) },
		func() error { return scan(c.tx, c.r.key("i", ""), c.platform) },
		func() error { return scan(c.tx, c.r.key("c", ""), c.credential) },
		func() error { return scan(c.tx, c.r.key("r", ""), c.review) },
		func() error { return scan(c.tx, c.r.key("t", ""), c.tally) },
		func() error { return c.tx.Scan(c.r.key("m", ""), nil, c.address) },
		func() error { return c.tx.Scan(c.r.key("f", ""), nil, c.fact) },
		func() error { return c.tx.Scan(c.r.key("w", ""), nil, c.waiting) },
		func() error { return c.tx.Scan(c.r.key("n", ""), nil, c.nameless) },
		func() error { return c.tx.Scan(c.r.key("o", ""), nil, c.onUpload) },
	} {
		if err := one(); err != nil {
			return err
		}
	}
	return nil
}

// need reports a key that is not there.
func (c *checker) need(of []byte, keys ...[]byte) error {
	for _, k := range keys {
		_, err := c.tx.Get(k)
		if errors.Is(err, store.ErrNotFound) {
			c.problem(of, "lacks %s", k)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// after are the parts of a key behind the kind of the record.
func after(k []byte) []string { return strings.Split(string(k), "/")[3:] }

func (c *checker) learner(k []byte, l *learner) error {
	if string(k) != string(c.r.learnerKey(l.Issuer, l.ID)) {
		c.problem(k, "is the record of %s of %s", l.ID, l.Issuer)
	}
	var leads [][]byte
	for _, digest := range l.Addresses {
		leads = append(leads, c.r.addressKey(l.Issuer, digest, l.ID))
	}
	for source, ids := range l.Platforms {
		for _, id := range ids {
			leads = append(leads, c.platformKey(teller{realm: c.r, issuer: l.Issuer}, source, id))
		}
	}
	if !l.known() {
		leads = append(leads, c.r.namelessKey(l.Since.UTC().Format("2006-01-02"), l.Issuer, l.ID))
	}
	if l.Doubt != "" {
		leads = append(leads, c.r.reviewKey(l.Issuer, l.Doubt))
	}
	return c.need(k, leads...)
}

func (c *checker) platform(k []byte, id *string) error {
	if l := c.learners[*id]; l == nil || l.Issuer != after(k)[0] {
		c.problem(k, "leads to %s, who is not there", *id)
	}
	return nil
}

func (c *checker) address(k, _ []byte) error {
	at := after(k)
	if l := c.learners[at[2]]; l == nil || l.Issuer != at[0] || !slices.Contains(l.Addresses, at[1]) {
		c.problem(k, "leads to a learner who is not there or has another address")
	}
	return nil
}

func (c *checker) nameless(k, _ []byte) error {
	if l := c.learners[after(k)[2]]; l == nil || l.known() {
		c.problem(k, "leads to a learner who is not there or has a name")
	}
	return nil
}

func (c *checker) fact(k, _ []byte) error {
	at := after(k)
	if c.learners[at[0]] == nil {
		c.problem(k, "speaks of a learner who is not there")
	}
	if upload, ok := uploadOf(k); ok {
		return c.need(k, c.r.uploadKey(upload), c.r.listedKey(upload, at[0]))
	}
	return c.need(k, activityKey(at[1]))
}

func (c *checker) onUpload(k, _ []byte) error {
	at := after(k)
	if c.learners[at[1]] == nil {
		c.problem(k, "speaks of a learner who is not there")
	}
	return c.need(k, c.r.uploadKey(at[0]))
}

func (c *checker) waiting(k, _ []byte) error {
	where, learner, _ := cut(string(k))
	where, achievement, _ := cut(where)
	edition := strings.Join(after([]byte(where))[1:], "/")
	a := new(award)
	found, err := get(c.tx, c.r.awardKey(learner, achievement, edition), a)
	if err == nil && (!found || a.State != StateWaiting) {
		c.problem(k, "leads to no award that waits")
	}
	return err
}

func (c *checker) review(k []byte, review *Review) error {
	if review.DecidedAt.IsZero() && c.learners[review.Learner] == nil {
		c.problem(k, "asks about a learner who is not there")
	}
	if !review.DecidedAt.IsZero() || review.Kind != EarnedAgain {
		return nil
	}
	a := new(award)
	found, err := get(c.tx, c.r.awardKey(review.Learner, review.Achievement, review.Edition), a)
	if err == nil && (!found || a.Review != review.ID || a.State != StateRevoked) {
		c.problem(k, "asks whether an award is earned again that is not revoked")
	}
	return err
}

func (c *checker) award(k []byte, a *award) error {
	c.awards++
	if string(k) != string(c.r.awardKey(a.Learner, a.Achievement, a.Edition)) {
		c.problem(k, "is the record of another award")
	}
	if c.learners[a.Learner] == nil {
		c.problem(k, "is of a learner who is not there")
	}
	var leads [][]byte
	if a.Rules != "" {
		leads = append(leads, definitionKey(a.Activity, a.Rules))
	}
	if a.Review != "" {
		leads = append(leads, c.r.reviewKey(a.Issuer, a.Review))
	}
	if a.Upload != "" {
		leads = append(leads, c.r.listedKey(a.Upload, a.Learner))
	}
	if err := c.need(k, append(leads, c.r.leads(a)...)...); err != nil {
		return err
	}
	if a.Credential == "" {
		if a.State == StateIssued {
			c.problem(k, "is issued, and names no badge")
		}
		return nil
	}
	rec, err := c.issuer.CredentialIn(c.tx, a.Credential)
	if errors.Is(err, issuer.ErrNotFound) {
		c.problem(k, "names the badge %s, which is not there", a.Credential)
		return nil
	} else if err != nil {
		return err
	}
	if err := c.need(k, c.r.tallyKey(rec.Issuer, rec.ID)); err != nil {
		return err
	}
	switch revoked := rec.Status == issuer.Revoked; {
	case !rec.ErasedAt.IsZero():
		c.problem(k, "is left of somebody who was erased")
	case a.State != StateWaiting && revoked != (a.State == StateRevoked):
		c.problem(k, "is %s, and its badge is %s", a.State, rec.Status)
	case rec.Achievement != a.Achievement || rec.Term != a.Edition || realmOf(rec.Issuer) != c.r:
		c.problem(k, "names the badge %s, which is of %s %s", a.Credential, rec.Achievement, rec.Term)
	}
	return nil
}

func (c *checker) credential(k []byte, to *string) error {
	a := new(award)
	found, err := get(c.tx, []byte(*to), a)
	if id := after(k)[0]; err == nil && (!found || a.Credential != id && !slices.Contains(a.Before, id)) {
		c.problem(k, "leads to %s, which does not name it", *to)
	}
	return err
}

func (c *checker) tally(k []byte, t *statistics.Tally) error {
	rec, err := c.issuer.CredentialIn(c.tx, after(k)[1])
	if errors.Is(err, issuer.ErrNotFound) {
		c.problem(k, "counts a badge that is not there")
		return nil
	} else if err != nil {
		return err
	}
	if t.State != string(rec.Status) || t.Achievement != rec.Achievement || t.Issuer != rec.Issuer || t.Edition != rec.Term {
		c.problem(k, "counts %s %s as %s, and the badge is of %s %s and %s", t.Achievement, t.Edition, t.State, rec.Achievement, rec.Term, rec.Status)
	}
	return nil
}
