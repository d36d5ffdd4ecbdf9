package programme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/store"
)

// Grounds are what an award rests on, as it is on record: what was known of the
// person and the rule that it met. They are for staff: nothing of them is signed.
type Grounds struct {
	Achievement string
	Activity    string // "" for what is made of other achievements
	Edition     string
	State       State
	EarnedAt    time.Time
	Version     string          // of the definition that decided; "" where none did
	Rule        json.RawMessage // the rule, as that definition has it; nil where there is none
	Facts       *facts.Facts
	Parts       []string // ids of the badges that it rests on, of the caller's issuers
	Upload      string   // id of the list that brought it
	Found       bool     // the badge was there already, issued directly
}

// Grounds tells what led to a badge. ErrNotFound of package issuer where nothing on
// record did, as of one that was issued directly, and where it is of an activity that
// is not the caller's.
func (p *Programme) Grounds(ctx context.Context, c Caller, rec *issuer.Record) (g *Grounds, err error) {
	err = p.view(ctx, func(s *session) error {
		a, _, err := s.awardFor(realmOf(rec.Issuer), rec.ID)
		if err != nil {
			return err
		}
		if a == nil || c.MayReport != nil && !c.MayReport(a.Activity) {
			return fmt.Errorf("grounds of a badge: %w", issuer.ErrNotFound)
		}
		g = &Grounds{Achievement: a.Achievement, Activity: a.Activity, Edition: a.Edition, State: a.State, EarnedAt: a.EarnedAt,
			Version: a.Rules, Facts: a.Facts, Upload: a.Upload, Found: a.Found}
		if g.Parts, err = s.partsFor(c, a); err != nil {
			return err
		}
		if a.Activity != "" && a.Rules != "" {
			g.Rule, err = ruleOn(s.tx, a)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// partsFor are the badges that an award rests on, but for those of issuers that the
// caller is not for: who has the id of a badge can look at it.
func (s *session) partsFor(c Caller, a *award) (ids []string, err error) {
	for _, id := range a.Parts {
		switch rec, err := s.issuer.CredentialIn(s.tx, id); {
		case errors.Is(err, issuer.ErrNotFound):
		case err != nil:
			return nil, err
		case c.MayIssue(rec.Issuer):
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// ruleOn is the rule by which something was awarded, in the words that it had.
func ruleOn(r store.Reader, a *award) (json.RawMessage, error) {
	k := definitionKey(a.Activity, a.Rules)
	v, err := r.Get(k)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", k, err)
	}
	definition, err := store.Unseal(k, v)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", k, err)
	}
	parsed, err := strictjson.Parse(definition, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", k, err)
	}
	of := func(rule strictjson.Value) bool { return rule.Get("achievement").Text() == a.Achievement }
	for _, rule := range parsed.Get("award_rules").Elements() {
		if of(rule) {
			return json.RawMessage(rule.Raw()), nil
		}
	}
	if rule := parsed.Get("trainer_rule"); of(rule) {
		return json.RawMessage(rule.Raw()), nil
	}
	return nil, nil // such as an award by name, which no rule gives
}
