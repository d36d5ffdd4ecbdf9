package programme

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/rules"
	"laurel/store"
)

// ErrUnknownActivity: no such course or workshop was loaded.
var ErrUnknownActivity = errors.New("programme: unknown activity")

// Beside the activities stand what leads to them:
//
//	P/alias/<digest of source and name>   activity that a source calls so
//	P/rule/<achievement>/<activity>       present where an activity awards an achievement
//	P/asks/<achievement>/<activity>       present where a rule of it asks who holds an achievement

func (p *Programme) aliasKey(source, name string) []byte {
	return key("P", "alias", p.issuer.Digest("alias", source, name))
}
func ruleKey(achievement, activity string) []byte { return key("P", "rule", achievement, activity) }

func askingKey(achievement, activity string) []byte { return key("P", "asks", achievement, activity) }

// PutActivity keeps a definition. Its faults are badge.Errors. Awards keep the
// words of the definition that they were made by.
func (p *Programme) PutActivity(ctx context.Context, definition []byte, actor string) (*rules.Activity, error) {
	a, _, err := p.putActivity(ctx, definition, actor, func(store.Reader, *rules.Activity, *rules.Activity) error { return nil })
	return a, err
}

// Define is PutActivity for a caller who speaks for the issuers of all that the
// activity awards, and of all that it awarded so far; all of it must be defined.
// Its rules ask who holds what these issuers award, or what they asked for already.
// isNew says that there was no such activity. The errors are ErrForbidden too.
func (p *Programme) Define(ctx context.Context, c Caller, definition []byte) (a *rules.Activity, isNew bool, err error) {
	return p.putActivity(ctx, definition, c.Actor, func(r store.Reader, old, a *rules.Activity) error {
		if err := p.mayAward(r, &c, old, false); err != nil {
			return err
		}
		if err := p.mayName(r, &c, a); err != nil {
			return err
		}
		if err := p.mayAsk(r, &c, old, a); err != nil {
			return err
		}
		return p.mayAward(r, &c, a, true)
	})
}

// mayName refuses names of an activity with platforms of others than the caller's
// and than those whose achievements it awards: they would not count.
func (p *Programme) mayName(r store.Reader, c *Caller, a *rules.Activity) error {
	whose, err := p.issuersOf(r, a)
	if err != nil {
		return err
	}
	for slug := range a.Aliases {
		var source Source
		found, err := get(r, sourceKey(slug), &source)
		if err != nil {
			return err
		}
		if found && len(source.Issuers) > 0 && !slices.ContainsFunc(source.Issuers, c.MayIssue) {
			return &Forbidden{"source_not_granted", "The source " + slug + " belongs to other issuers than the token's."}
		}
		if len(whose) > 0 && !slices.ContainsFunc(whose, source.speaksFor) {
			return &Forbidden{"source_not_granted", "The source " + slug + " belongs to other issuers than those of what " + a.ID + " awards, so that its names there would not count. Add one to the issuers of the source, or take the names out."}
		}
	}
	return nil
}

// mayAsk refuses rules that ask who holds achievements of others: whoever awards
// by them would be told.
func (p *Programme) mayAsk(r store.Reader, c *Caller, old, a *rules.Activity) error {
	asked := holding(old)
	for _, slug := range holding(a) {
		if slices.Contains(asked, slug) {
			continue
		}
		owner := issuer.AnyIssuer
		switch t, err := p.issuer.Template(r, slug); {
		case err == nil:
			owner = t.Issuer
		case !errors.Is(err, issuer.ErrNotFound):
			return err
		}
		if !c.MayIssue(owner) {
			return &Forbidden{"issuer_not_granted", "The token does not act for the issuer of " + slug + ", or there is no such achievement yet, and a rule asks who holds it."}
		}
	}
	return nil
}

// holding are the achievements that the rules of an activity ask for.
func holding(a *rules.Activity) (achievements []string) {
	if a != nil {
		for _, rule := range a.Rules {
			achievements = append(achievements, rule.Holding()...)
		}
	}
	return achievements
}

// mayAward holds the awards of a definition to what a caller speaks for.
func (p *Programme) mayAward(r store.Reader, c *Caller, a *rules.Activity, defined bool) error {
	if a == nil {
		return nil
	}
	var faults badge.Errors
	for n, rule := range a.Rules {
		t, err := p.issuer.Template(r, rule.Achievement)
		switch {
		case errors.Is(err, issuer.ErrNotFound) && defined:
			faults = append(faults, &badge.Error{Code: badge.MalformedValueError, Rule: "achievement_unknown",
				Pointer: strictjson.Pointer("/award_rules", fmt.Sprint(n), "achievement"), Detail: "There is no such achievement here; PUT /v1/achievements/" + rule.Achievement + " first."})
		case errors.Is(err, issuer.ErrNotFound):
		case err != nil:
			return err
		case !c.MayIssue(t.Issuer):
			return &Forbidden{"issuer_not_granted", "The token does not act for the issuer of " + rule.Achievement + ", which " + a.ID + " awards."}
		}
	}
	return faults.Err()
}

func (p *Programme) putActivity(ctx context.Context, definition []byte, actor string, check func(r store.Reader, old, a *rules.Activity) error) (a *rules.Activity, isNew bool, err error) {
	if a, err = rules.ReadActivity(definition); err != nil {
		return nil, false, err
	}
	err = p.store.Update(ctx, func(tx store.Tx) error {
		old, err := p.activityIn(tx, a.ID)
		if err != nil && !errors.Is(err, ErrUnknownActivity) {
			return err
		}
		isNew = old == nil
		if err := check(tx, old, a); err != nil {
			return err
		}
		if err := mayHaveEditions(old, a); err != nil {
			return err
		}
		if err := p.replaceLeads(tx, old, a); err != nil {
			return err
		}
		k := activityKey(a.ID)
		if err := tx.Put(k, store.Seal(k, definition)); err != nil {
			return err
		}
		return p.notePut(tx, old, a, actor)
	})
	if err != nil {
		return nil, false, fmt.Errorf("storing activity %s: %w", a.ID, err)
	}
	return a, isNew, nil
}

// mayHaveEditions refuses ids of editions that could be mistaken for other ones in
// keys, but for those that the activity has already.
func mayHaveEditions(old, a *rules.Activity) error {
	var faults badge.Errors
	for _, e := range a.Editions {
		had := old != nil && slices.ContainsFunc(old.Editions, func(o rules.Edition) bool { return o.ID == e.ID })
		if !had && (e.ID == "-" || strings.Contains(e.ID, "/")) {
			faults = append(faults, &badge.Error{Code: badge.MalformedValueError, Rule: "edition_invalid",
				Pointer: e.At, Detail: "An edition has no slash in its id, and is not called - alone. Write 2025-26, for example."})
		}
	}
	return faults.Err()
}

// notePut puts on record that an activity is defined: once for each issuer whose
// achievements it awards, or awarded so far, since that is whom those follow who
// are told of it.
func (p *Programme) notePut(tx store.Tx, old, a *rules.Activity, actor string) error {
	whose, err := p.issuersOf(tx, old, a)
	if err != nil {
		return err
	}
	if len(whose) == 0 {
		whose = []string{""} // it awards nothing that is known yet
	}
	for _, slug := range whose {
		if err := p.issuer.Note(tx, issuer.Event{Actor: actor, Action: "activity.put", Issuer: slug, Subject: a.ID + "/" + a.Version}); err != nil {
			return err
		}
	}
	return nil
}

// issuersOf are those of all that definitions award, each once; what is not
// defined has none, and nil awards nothing.
func (p *Programme) issuersOf(r store.Reader, definitions ...*rules.Activity) (slugs []string, err error) {
	for _, a := range definitions {
		if a == nil {
			continue
		}
		for _, rule := range a.Rules {
			t, err := p.issuer.Template(r, rule.Achievement)
			if errors.Is(err, issuer.ErrNotFound) {
				continue
			} else if err != nil {
				return nil, err
			}
			slugs = append(slugs, t.Issuer)
		}
	}
	slices.Sort(slugs)
	return slices.Compact(slugs), nil
}

// replaceLeads writes what leads to an activity, instead of what led to it as
// it was.
func (p *Programme) replaceLeads(tx store.Tx, old, a *rules.Activity) error {
	if err := p.mayBeCalled(tx, old, a); err != nil {
		return err
	}
	if old != nil {
		for _, k := range p.leads(old) {
			var to string
			if _, err := get(tx, k, &to); err != nil {
				return err
			}
			if to != a.ID {
				continue // it leads to another one by now
			}
			if err := tx.Delete(k); err != nil {
				return err
			}
		}
	}
	for _, k := range p.leads(a) {
		if err := store.PutJSON(tx, k, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// mayBeCalled refuses names of an activity that mean another one, and the slug
// of a new one that is a name of another: reports about the one would count for
// the other.
func (p *Programme) mayBeCalled(r store.Reader, old, a *rules.Activity) error {
	for source, names := range a.Aliases {
		for n, name := range names {
			other, err := p.calledSo(r, source, name)
			if err != nil {
				return err
			}
			if other != nil && other.ID != a.ID {
				return aliasTaken(strictjson.Pointer("/aliases", source, fmt.Sprint(n)), "That is what "+other.ID+" is called already.")
			}
		}
	}
	if old != nil {
		return nil
	}
	return p.mayBegin(r, a.ID)
}

// mayBegin refuses a slug that is a name of some activity.
func (p *Programme) mayBegin(r store.Reader, slug string) error {
	all, err := p.activitiesIn(r)
	if err != nil {
		return err
	}
	for _, other := range all {
		for source, names := range other.Aliases {
			if !slices.Contains(names, slug) {
				continue
			}
			if counts, err := p.nameCounts(r, source, other); err != nil {
				return err
			} else if counts {
				return aliasTaken("/id", "The source "+source+" calls "+other.ID+" so already.")
			}
		}
	}
	return nil
}

func aliasTaken(pointer, detail string) error {
	return badge.Errors{{Code: badge.MalformedValueError, Rule: "alias_taken", Pointer: pointer, Detail: detail}}
}

// calledSo is the activity that has a name as its slug or with a source; nil where
// there is none. The slug comes first: nobody takes reports about a course over by
// giving its slug to another one as a name.
func (p *Programme) calledSo(r store.Reader, source, name string) (*rules.Activity, error) {
	a, err := p.activityIn(r, name)
	if !errors.Is(err, ErrUnknownActivity) {
		return a, err
	}
	var id string
	if found, err := get(r, p.aliasKey(source, name), &id); err != nil || !found {
		return nil, err
	}
	a, err = p.activityIn(r, id)
	if errors.Is(err, ErrUnknownActivity) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if counts, err := p.nameCounts(r, source, a); err != nil || !counts {
		return nil, err
	}
	return a, nil
}

// nameCounts tells whether the names count that an activity has with a source: where
// the source belongs to certain issuers, those of what one of them awards. Others
// may have been there before it was said whose the source is.
func (p *Programme) nameCounts(r store.Reader, slug string, a *rules.Activity) (bool, error) {
	var source Source
	if _, err := get(r, sourceKey(slug), &source); err != nil || len(source.Issuers) == 0 {
		return err == nil, err
	}
	whose, err := p.issuersOf(r, a)
	return slices.ContainsFunc(whose, source.speaksFor), err
}

func (p *Programme) leads(a *rules.Activity) (keys [][]byte) {
	for source, names := range a.Aliases {
		for _, name := range names {
			keys = append(keys, p.aliasKey(source, name))
		}
	}
	for _, r := range a.Rules {
		keys = append(keys, ruleKey(r.Achievement, a.ID))
		for _, held := range r.Holding() {
			keys = append(keys, askingKey(held, a.ID))
		}
	}
	return keys
}

// Activity returns one activity; ErrUnknownActivity.
func (p *Programme) Activity(ctx context.Context, id string) (a *rules.Activity, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		a, err = p.activityIn(r, id)
		return err
	})
	return a, err
}

// Activities lists all activities, by id.
func (p *Programme) Activities(ctx context.Context) (all []*rules.Activity, err error) {
	err = p.store.View(ctx, func(r store.Reader) error {
		all, err = p.activitiesIn(r)
		return err
	})
	return all, err
}

func (p *Programme) activitiesIn(r store.Reader) (all []*rules.Activity, err error) {
	err = r.Scan(key("p", ""), nil, func(k, _ []byte) error {
		id := string(k[len("p/"):])
		if strings.Contains(id, "/") {
			return nil // an earlier definition
		}
		a, err := p.activityIn(r, id)
		all = append(all, a)
		return err
	})
	return all, err
}

func (p *Programme) activityIn(r store.Reader, id string) (*rules.Activity, error) {
	if issuer.CheckSlug(id) != nil {
		return nil, ErrUnknownActivity
	}
	k := activityKey(id)
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrUnknownActivity
	} else if err != nil {
		return nil, fmt.Errorf("reading activity %s: %w", id, err)
	}
	definition, err := store.Unseal(k, v)
	if err != nil {
		return nil, fmt.Errorf("reading activity %s: %w", id, err)
	}
	return p.definitions.read(id, definition)
}

// definitions keeps what was read of definitions, each of which is read again
// for every report. It counts only for the exact bytes that the store gives.
type definitions struct {
	mu  sync.Mutex
	all map[string]*rules.Activity
}

// mostDefinitions bounds what is kept; any of them can be read again.
const mostDefinitions = 256

func (d *definitions) read(id string, definition []byte) (*rules.Activity, error) {
	d.mu.Lock()
	a := d.all[id]
	d.mu.Unlock()
	if a != nil && bytes.Equal(a.Definition, definition) {
		return a, nil
	}
	a, err := rules.ReadActivity(definition)
	if err != nil {
		return nil, fmt.Errorf("activity %s: %w: %w", id, store.ErrDamaged, opaque{err})
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil || len(d.all) >= mostDefinitions {
		d.all = map[string]*rules.Activity{}
	}
	d.all[id] = a
	return a, nil
}

// opaque keeps faults of what is stored from being taken for the caller's.
type opaque struct{ error }

// byRule tells whether some activity awards an achievement by a rule of its
// own.
func (s *session) byRule(achievement string) (bool, error) {
	return once(s, "rule", achievement, func() (ruled bool, err error) {
		err = s.tx.Scan(ruleKey(achievement, ""), nil, func(_, _ []byte) error {
			ruled = true
			return store.ErrStop
		})
		return ruled, err
	})
}

func optionalDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// EditionFor is the name that an edition has in the activity that awards an
// achievement, so that the same edition is meant whichever door an award comes
// through. Of what no activity awards, or has no such edition, it stays as it
// is.
func (p *Programme) EditionFor(ctx context.Context, achievement, edition string) (name string, err error) {
	if edition == "" || !isSlug(achievement) {
		return edition, nil
	}
	err = p.store.View(ctx, func(r store.Reader) error {
		name = edition
		activities, err := awarding(r, achievement)
		for n := 0; n < len(activities) && err == nil; n++ {
			var a *rules.Activity
			if a, err = p.activityIn(r, activities[n]); err != nil {
				break
			}
			if e, ok := a.FindEdition(edition); ok {
				name = e.ID
				break
			}
		}
		return err
	})
	return name, err
}

func isSlug(s string) bool { return issuer.CheckSlug(s) == nil }

// awarding lists the activities that award an achievement by a rule.
func awarding(r store.Reader, achievement string) (activities []string, err error) {
	prefix := ruleKey(achievement, "")
	err = r.Scan(prefix, nil, func(k, _ []byte) error {
		activities = append(activities, string(k[len(prefix):]))
		return nil
	})
	return activities, err
}
