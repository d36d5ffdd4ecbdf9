package programme

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/programme/rules"
	"laurel/store"
)

// Outcome is what became of a report, of a row or of one award.
type Outcome string

// The outcomes.
const (
	OutcomeIssued          Outcome = "issued"
	OutcomeWould           Outcome = "would_issue" // in a dry run
	OutcomeExisting        Outcome = "existing"
	OutcomeNotMet          Outcome = "not_met"
	OutcomePendingIdentity Outcome = "pending_identity" // nobody told the person's name yet
	OutcomePendingRelease  Outcome = "pending_release"  // earned; the edition is not released
	OutcomeHeld            Outcome = "held_for_review"  // a person must decide
	OutcomeRevoked         Outcome = "revoked"
	OutcomeReplayed        Outcome = "replayed" // the same event was answered before
	OutcomeIgnored         Outcome = "ignored"  // it says nothing that counts
	OutcomeDuplicate       Outcome = "duplicate_row"
	OutcomeBlank           Outcome = "skipped_blank"
	OutcomeError           Outcome = "error"
)

// AwardOutcome is what became of one achievement.
type AwardOutcome struct {
	Achievement string  `json:"achievement"`
	Outcome     Outcome `json:"outcome"`
	Credential  string  `json:"credential,omitempty"` // its id
}

// Open is an achievement that was not reached, and what is missing.
type Open struct {
	Achievement string          `json:"achievement"`
	Missing     []rules.Missing `json:"missing"`
}

// verdict is what the rules say of a learner in an edition, and what was done.
type verdict struct {
	Awards []AwardOutcome
	Open   []Open
	// Superseded are achievements held of which a higher step is held too.
	Superseded []string
}

// scene is an edition of an activity in which something is reported.
type scene struct {
	teller
	activity *rules.Activity
	edition  *rules.Edition
	actor    string
	upload   string    // of the list that reports; "" for a platform
	released time.Time // by a person; zero: not
	// only is the achievement that is asked about; "" for all.
	only string
	// mayIssue bounds the issuers that the caller speaks for.
	mayIssue func(issuer string) bool
}

// gathered is all that is known of a learner in an edition.
func (s *session) gathered(sc *scene, l *learner) (facts.Facts, error) {
	var all facts.Facts
	prefix := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, "")
	err := scan(s.tx, prefix, func(_ []byte, c *contribution) error {
		all.Merge(c.Facts)
		return nil
	})
	return all, err
}

// decide holds what is known of a learner against the rules of an edition and
// awards what is earned. It does so again whenever something is reported: what
// was awarded stays.
func (s *session) decide(sc *scene, l *learner) (*verdict, error) {
	known, err := s.gathered(sc, l)
	if err != nil {
		return nil, err
	}
	v := &verdict{}
	var met []earned
	for _, rule := range sc.activity.Rules {
		if sc.only != "" && rule.Achievement != sc.only {
			continue
		}
		e := earned{rule: rule, facts: &known}
		if e.template, err = s.template(rule.Achievement); err != nil {
			return nil, err
		}
		holds, failed := s.holds(sc.realm, l, &e.rests)
		outcome := rule.Evaluate(&known, sc.context(e.template, holds))
		if err := failed(); err != nil {
			return nil, err
		}
		if !outcome.Met {
			v.Open = append(v.Open, Open{rule.Achievement, outcome.Missing})
			continue
		}
		e.at = outcome.At
		met = append(met, e)
	}
	if met, err = s.climb(sc, l, met); err != nil {
		return nil, err
	}
	for _, e := range met {
		if err := s.settle(sc, l, e, v); err != nil {
			return nil, err
		}
	}
	if err := s.superseded(sc, l, v); err != nil {
		return nil, err
	}
	return v, s.stack(sc, l, v)
}

// context is what rules are evaluated in.
func (sc *scene) context(t *issuer.Achievement, holds func(string) (time.Time, bool)) rules.Context {
	return rules.Context{Activity: sc.activity, Edition: sc.edition.ID, Holds: holds, Levels: rules.LevelsOf(t.ResultDescription)}
}

// earned is an achievement whose rule is met.
type earned struct {
	rule     *rules.Rule // nil where the award rests on others, or was decided by a person
	template *issuer.Achievement
	at       time.Time // of the fact that decided
	facts    *facts.Facts
	parts    []*award // that it is made of, which its badge names
	rests    []*award // that its rule asks for
}

// template is an achievement that an activity names.
func (s *session) template(slug string) (*issuer.Achievement, error) {
	a, err := s.issuer.Template(s.tx, slug)
	if errors.Is(err, issuer.ErrNotFound) {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "achievement_unknown", Pointer: "/activity",
			Detail: fmt.Sprintf("The activity awards %q, which is not defined here; PUT /v1/achievements/%s first.", slug, slug)}}
	}
	return a, err
}

// holds tells since when a learner holds an achievement, in any edition, and
// notes the awards that it answered with. Its second result is the
// error that it met.
func (s *session) holds(r realm, l *learner, noted *[]*award) (holds func(string) (time.Time, bool), failed func() error) {
	var fault error
	holds = func(achievement string) (since time.Time, ok bool) {
		a, err := s.held(r, l, achievement)
		if err != nil || a == nil {
			fault = errors.Join(fault, err)
			return time.Time{}, false
		}
		*noted = append(*noted, a)
		return a.EarnedAt, true
	}
	return holds, func() error { return fault }
}

// held is the first award of an achievement that stands; nil where none does.
func (s *session) held(r realm, l *learner, achievement string) (first *award, err error) {
	err = scan(s.tx, r.key("a", l.ID, achievement, ""), func(_ []byte, a *award) error {
		if a.State == StateIssued && a.Review == "" && (first == nil || a.EarnedAt.Before(first.EarnedAt)) {
			first = a
		}
		return nil
	})
	return first, err
}

// climb leaves out the lower steps of ladders that award the highest alone,
// unless they were awarded before.
func (s *session) climb(sc *scene, l *learner, met []earned) (taken []earned, err error) {
	slices.SortStableFunc(met, func(a, b earned) int { return cmp.Compare(rank(a.template), rank(b.template)) })
	for n, e := range met {
		group := e.template.Ladder
		if group == nil || sc.activity.LadderOf(group.Group) != rules.LadderHighest {
			taken = append(taken, e)
			continue
		}
		higher := slices.ContainsFunc(met[n+1:], func(o earned) bool { return above(o.template, group) })
		for _, rule := range sc.activity.Rules {
			if higher {
				break
			}
			if higher, err = s.reached(sc, l, rule.Achievement, group); err != nil {
				return nil, err
			}
		}
		var before award
		found := false
		if higher {
			if found, err = get(s.tx, sc.realm.awardKey(l.ID, e.template.Slug, sc.edition.ID), &before); err != nil {
				return nil, err
			}
		}
		if !higher || found {
			taken = append(taken, e)
		}
	}
	return taken, nil
}

// above tells whether an achievement is a higher step of a ladder.
func above(a *issuer.Achievement, step *issuer.Ladder) bool {
	return a.Ladder != nil && a.Ladder.Group == step.Group && a.Ladder.Rank > step.Rank
}

// reached tells whether a higher step was awarded before.
func (s *session) reached(sc *scene, l *learner, achievement string, step *issuer.Ladder) (bool, error) {
	t, err := s.template(achievement)
	if err != nil || !above(t, step) {
		return false, err
	}
	var a award
	return get(s.tx, sc.realm.awardKey(l.ID, achievement, sc.edition.ID), &a)
}

func rank(a *issuer.Achievement) int {
	if a.Ladder == nil {
		return 0
	}
	return a.Ladder.Rank
}

// superseded names the steps below the highest that the learner holds.
func (s *session) superseded(sc *scene, l *learner, v *verdict) error {
	top := map[string]int{}
	steps := map[string]*issuer.Ladder{}
	for _, rule := range sc.activity.Rules {
		t, err := s.template(rule.Achievement)
		if err != nil {
			return err
		}
		if t.Ladder == nil {
			continue
		}
		var a award
		found, err := get(s.tx, sc.realm.awardKey(l.ID, t.Slug, sc.edition.ID), &a)
		if err != nil {
			return err
		}
		if found && a.State == StateIssued {
			steps[t.Slug] = t.Ladder
			top[t.Ladder.Group] = max(top[t.Ladder.Group], t.Ladder.Rank)
		}
	}
	for slug, step := range steps {
		if step.Rank < top[step.Group] {
			v.Superseded = append(v.Superseded, slug)
		}
	}
	slices.Sort(v.Superseded)
	return nil
}

// settle awards what was earned, or finds that it was awarded before.
func (s *session) settle(sc *scene, l *learner, e earned, v *verdict) error {
	edition := ""
	if sc.edition != nil {
		edition = sc.edition.ID
	}
	k := sc.realm.awardKey(l.ID, e.template.Slug, edition)
	a := &award{Learner: l.ID, Issuer: l.Issuer, Achievement: e.template.Slug, Edition: edition}
	known, err := get(s.tx, k, a)
	if err != nil {
		return err
	}
	outcome := OutcomeExisting
	switch {
	case known && a.Review != "":
		outcome = OutcomeHeld
	case known && a.State == StateRevoked && !e.at.After(a.RevokedAt):
		outcome = OutcomeExisting // what was taken back is not earned again by what was done before
	case known && a.State == StateIssued:
	default:
		if outcome, err = s.grant(sc, l, e, a); err != nil {
			return err
		}
	}
	v.Awards = append(v.Awards, AwardOutcome{e.template.Slug, outcome, a.Credential})
	return nil
}

// grant gives out an award that is not given out yet, if nothing holds it back.
func (s *session) grant(sc *scene, l *learner, e earned, a *award) (Outcome, error) {
	switch {
	case !l.known():
		return OutcomePendingIdentity, nil
	case l.Doubt != "":
		return OutcomeHeld, nil
	case !sc.mayIssue(e.template.Issuer):
		return "", &forbidden{"achievement_unknown", "There is no such achievement for this token: it may not issue for the issuer of " + e.template.Slug + "."}
	}
	if a.State != StateWaiting { // what waited keeps the day and the facts by which it was earned
		a.EarnedAt, a.Facts, a.Upload, a.Parts = s.day(sc, e.at), e.facts, sc.upload, e.foundations()
		if sc.activity != nil {
			a.Activity = sc.activity.ID
			a.Rules = version(sc.activity)
			if err := s.keepDefinition(sc.activity); err != nil {
				return "", err
			}
		}
	}
	k := sc.realm.awardKey(l.ID, a.Achievement, a.Edition)
	if sc.activity != nil && sc.edition != nil {
		waiting := sc.realm.waitingKey(sc.activity.ID, sc.edition.ID, a.Achievement, l.ID)
		if !sc.edition.Gate.Open(a.Achievement, s.issuer.Now(), !sc.released.IsZero()) {
			a.State = StateWaiting
			return OutcomePendingRelease, errors.Join(put(s.tx, waiting, true), put(s.tx, k, a))
		}
		if a.State == StateWaiting {
			if err := s.tx.Delete(waiting); err != nil {
				return "", err
			}
		}
	}
	return s.hand(sc, l, e, a)
}

// day is when something was earned: when the fact came to be that decided, or
// for facts without a time the end of the edition, and never a day that is yet
// to come.
func (s *session) day(sc *scene, at time.Time) time.Time {
	if at.IsZero() && sc.edition != nil {
		at, _ = optionalDate(sc.edition.End) // read with the activity
	}
	if now := s.issuer.Now(); at.IsZero() || at.After(now) {
		return now
	}
	return at
}

// hand asks the issuer for the badge of an award.
func (s *session) hand(sc *scene, l *learner, e earned, a *award) (Outcome, error) {
	asked, err := s.awardOf(sc, l, e, a)
	if err != nil {
		return "", err
	}
	issued, err := s.issue(asked)
	if err != nil {
		return "", err
	}
	outcome := OutcomeIssued
	before := a.Credential
	a.State, a.Credential, a.RevokedAt = StateIssued, wantedCredential, time.Time{}
	if issued != nil {
		a.Credential = issued.Record.ID
		if issued.Existing {
			outcome = OutcomeExisting
		}
	}
	if before != "" && before != a.Credential {
		a.Before = append(a.Before, before)
	}
	k := sc.realm.awardKey(l.ID, a.Achievement, a.Edition)
	if err := put(s.tx, k, a); err != nil {
		return "", err
	}
	if sc.upload != "" && outcome == OutcomeIssued {
		if err := s.tick(sc, l); err != nil {
			return "", err
		}
	}
	return outcome, put(s.tx, sc.realm.credentialKey(a.Credential), string(k))
}

// foundations are the credentials that an award rests on, each once: where one
// of them is revoked, a person has to look at the award.
func (e *earned) foundations() (credentials []string) {
	for _, part := range slices.Concat(e.parts, e.rests) {
		if !slices.Contains(credentials, part.Credential) {
			credentials = append(credentials, part.Credential)
		}
	}
	return credentials
}

// wantedCredential stands for the id of a badge that is not signed yet, in a
// rehearsal.
const wantedCredential = "-"

// keepDefinition keeps the words of the rules that led to an award.
func (s *session) keepDefinition(a *rules.Activity) error {
	k := definitionKey(a.ID, version(a))
	_, err := s.tx.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return s.tx.Put(k, store.Seal(k, a.Definition))
	}
	return err
}

// forbidden refuses what a caller's token does not cover.
type forbidden struct{ rule, detail string }

// Error implements error.
func (f *forbidden) Error() string { return "programme: " + f.detail }
