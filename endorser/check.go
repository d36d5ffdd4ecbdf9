package endorser

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"laurel/issuer"
	"laurel/store"
)

// Check holds all endorsers and endorsements against what belongs to them:
// records are whole and found again, the audit records say that they were made
// and withdrawn, and what was signed here verifies and has the status that is
// published. It reports each thing that is not so in a sentence; the error says
// that the store could not be read. It returns how many endorsements it looked
// at, and writes nothing.
func (s *Endorsers) Check(ctx context.Context, report func(problem string)) (endorsements int, err error) {
	c := &checker{report: func(format string, args ...any) { report(fmt.Sprintf(format, args...)) }, noted: map[string]issuer.Event{}}
	if err := s.store.View(ctx, c.structure); err != nil {
		return 0, fmt.Errorf("checking the endorsements: %w", err)
	}
	for _, e := range c.endorsers {
		if e.Key != Ours {
			continue
		}
		p, err := s.issuer.Profile(ctx, Party(e.Slug))
		if errors.Is(err, issuer.ErrNotFound) || err == nil && p.ID != e.ID {
			c.report("endorser %s has no profile of its id %s", e.Slug, e.ID)
		} else if err != nil {
			return 0, err
		}
	}
	for _, e := range c.endorsements {
		if e.List == "" {
			continue
		}
		err := s.issuer.CheckEndorsement(ctx, e.ID, issuer.Endorsed{Document: e.Document, List: e.List, Index: e.Index}, e.Withdrawn())
		if ctx.Err() != nil {
			return 0, ctx.Err()
		} else if err != nil {
			c.report("endorsement %s: %v", e.ID, err)
		}
	}
	return len(c.endorsements), nil
}

type checker struct {
	report       func(format string, args ...any)
	r            store.Reader
	noted        map[string]issuer.Event // by action and id
	endorsers    map[string]*Endorser
	endorsements []*Endorsement
}

// structure looks at every entry of one snapshot.
func (c *checker) structure(r store.Reader) error {
	c.r, c.endorsers = r, map[string]*Endorser{}
	err := issuer.EachEvent(r, func(e issuer.Event) error {
		if strings.HasPrefix(e.Action, "endorsement.") {
			c.noted[e.Action+" "+e.Subject] = e
		}
		return nil
	})
	if errors.Is(err, store.ErrDamaged) {
		return nil // which package issuer tells
	} else if err != nil {
		return err
	}
	for _, kind := range []struct {
		prefix string
		check  func(k, v []byte) error
	}{{"z/e/", c.endorser}, {"z/c/", c.endorsement}, {"z/s/", c.leads}, {"z/d/", c.names}, {"z/k/", c.answers}} {
		if err := r.Scan([]byte(kind.prefix), nil, kind.check); err != nil {
			return err
		}
	}
	return nil
}

// told reports what is not there or damaged, which package issuer tells of too;
// any other error ends the check.
func (c *checker) told(k []byte, err error) error {
	if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		c.report("%s: %v", k, err)
		return nil
	}
	return err
}

func (c *checker) endorser(k, v []byte) error {
	e := new(Endorser)
	if err := store.UnsealJSON(k, v, e); err != nil {
		return c.told(k, err)
	}
	c.endorsers[e.Slug] = e
	return nil
}

func (c *checker) endorsement(k, v []byte) error {
	e := new(Endorsement)
	if err := store.UnsealJSON(k, v, e); err != nil {
		return c.told(k, err)
	}
	c.endorsements = append(c.endorsements, e)
	if string(endorsementKey(e.ID)) != string(k) || c.endorsers[e.Endorser] == nil {
		c.report("%s is the endorsement %s of %s, who is not there", k, e.ID, e.Endorser)
	}
	needs := [][]byte{subjectKey(e.Subject.ID, e.ID)}
	if !e.Erased() {
		needs = append(needs, []byte(e.Natural))
	} else if e.Comment != "" || !e.Withdrawn() {
		c.report("endorsement %s was erased, and something of it is left", e.ID)
	}
	for _, need := range needs {
		if known, err := find(c.r, need, new(any)); err != nil {
			return c.told(need, err)
		} else if !known {
			c.report("endorsement %s lacks its entry %s", e.ID, need)
		}
	}
	made, ok := c.noted["endorsement.sign "+e.ID]
	if !ok {
		made = c.noted["endorsement.accept "+e.ID]
	}
	if !e.Erased() && made.Document != issuer.DocumentDigest(e.Document) || made.Issuer != Party(e.Endorser) {
		c.report("endorsement %s is not what its audit record says", e.ID)
	}
	if _, ended := c.noted["endorsement.withdraw "+e.ID]; ended != e.Withdrawn() {
		c.report("endorsement %s was withdrawn: %t, and that was noted: %t", e.ID, e.Withdrawn(), ended)
	}
	return nil
}

func (c *checker) leads(k, _ []byte) error {
	e := new(Endorsement)
	id := string(k[strings.LastIndexByte(string(k), '/')+1:])
	if err := get(c.r, endorsementKey(id), e); err != nil {
		return c.told(k, err)
	}
	if string(subjectKey(e.Subject.ID, id)) != string(k) {
		c.report("%s leads to endorsement %s, which is of something else", k, id)
	}
	return nil
}

func (c *checker) names(k, v []byte) error {
	var id string
	err := store.UnsealJSON(k, v, &id)
	if err == nil {
		err = get(c.r, endorsementKey(id), new(Endorsement))
	}
	return c.told(k, err)
}

func (c *checker) answers(k, v []byte) error {
	var a answer
	err := store.UnsealJSON(k, v, &a)
	if err == nil {
		err = get(c.r, endorsementKey(a.ID), new(Endorsement))
	}
	return c.told(k, err)
}
