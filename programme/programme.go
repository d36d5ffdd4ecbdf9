// Package programme turns what happened in courses and workshops into awards
// and asks the issuer to make them: activities, and rosters of people.
//
// It decides who gets what; it never signs, and it writes no credential.
// Start at Programme.Roster.
package programme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/store"
)

// ErrUnknownActivity: no such course or workshop was loaded.
var ErrUnknownActivity = errors.New("programme: unknown activity")

// Programme is the activities of the service. It is safe for concurrent use.
type Programme struct {
	store  store.Store
	issuer *issuer.Issuer
	now    func() time.Time
}

// New opens the activities over a store. now may be nil.
func New(s store.Store, i *issuer.Issuer, now func() time.Time) *Programme {
	if now == nil {
		now = time.Now
	}
	return &Programme{store: s, issuer: i, now: now}
}

// Activity is a course or workshop as far as this part needs it. The whole
// definition is kept as it was given.
type Activity struct {
	ID      string `json:"id"` // slug
	Kind    string `json:"kind"`
	Edition string `json:"edition"`
	Start   string `json:"start"` // YYYY-MM-DD
	End     string `json:"end"`
	Rules   []Rule `json:"award_rules"`

	Definition []byte `json:"-"`
}

// Rule says which achievement a role earns.
type Rule struct {
	Achievement string      `json:"achievement"`
	All         []Condition `json:"all"`
}

// Condition is one demand of a rule. Only roles are read in this part; a rule
// that demands more is not one a roster alone can meet.
type Condition struct {
	RoleIn []string `json:"role_in"`
}

// PutActivity keeps a definition, which is a JSON object with at least an id.
// Faults are badge.Errors.
func (p *Programme) PutActivity(ctx context.Context, definition []byte, actor string) (*Activity, error) {
	a, err := parseActivity(definition)
	if err != nil {
		return nil, err
	}
	err = p.store.Update(ctx, func(tx store.Tx) error {
		k := activityKey(a.ID)
		if err := tx.Put(k, store.Seal(k, definition)); err != nil {
			return err
		}
		return p.issuer.Note(tx, issuer.Event{Actor: actor, Action: "activity.put", Subject: a.ID})
	})
	if err != nil {
		return nil, fmt.Errorf("storing activity %s: %w", a.ID, err)
	}
	return a, nil
}

// Activity returns one activity; ErrUnknownActivity.
func (p *Programme) Activity(ctx context.Context, id string) (*Activity, error) {
	if issuer.CheckSlug(id) != nil {
		return nil, ErrUnknownActivity
	}
	var definition []byte
	err := p.store.View(ctx, func(r store.Reader) error {
		k := activityKey(id)
		v, err := r.Get(k)
		if err != nil {
			return err
		}
		definition, err = store.Unseal(k, v)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrUnknownActivity
	} else if err != nil {
		return nil, fmt.Errorf("reading activity %s: %w", id, err)
	}
	return parseActivity(definition)
}

func activityKey(id string) []byte { return []byte("p/" + id) }

func parseActivity(definition []byte) (*Activity, error) {
	v, err := strictjson.Parse(definition, strictjson.Limits{})
	if err != nil {
		return nil, badge.Errors{{Code: badge.ParsingError, Rule: "malformed_json", Detail: err.Error()}}
	}
	a := &Activity{Definition: definition}
	strictjson.View(v, a)
	if err := issuer.CheckSlug(a.ID); err != nil {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "slug_invalid", Pointer: "/id", Detail: err.Error()}}
	}
	for _, d := range []struct{ at, date string }{{"/start", a.Start}, {"/end", a.End}} {
		if _, err := optionalDate(d.date); err != nil {
			return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "date_invalid", Pointer: d.at, Detail: "Give a day such as 2025-07-11."}}
		}
	}
	return a, nil
}

func optionalDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, s)
}

// achievementFor is the first achievement that a role alone earns.
func (a *Activity) achievementFor(role string) string {
	for _, rule := range a.Rules {
		if len(rule.All) == 1 && slices.Contains(rule.All[0].RoleIn, role) {
			return rule.Achievement
		}
	}
	return ""
}

// MarshalJSON gives the definition back as it came.
func (a *Activity) MarshalJSON() ([]byte, error) { return json.RawMessage(a.Definition), nil }
