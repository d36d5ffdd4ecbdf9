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
	OutcomeJoined          Outcome = "joined"   // taken together with another row about the same person
	OutcomeDuplicate       Outcome = "duplicate_row"
	OutcomeBlank           Outcome = "skipped_blank"
	OutcomeError           Outcome = "error"
)

// AwardOutcome is what became of one achievement.
type AwardOutcome struct {
	Achievement string   `json:"achievement"`
	Outcome     Outcome  `json:"outcome"`
	Credential  string   `json:"credential,omitempty"` // its id
	Revoked     bool     `json:"revoked,omitempty"`    // it exists and was taken back
	Review      Question `json:"review,omitempty"`     // what a person must decide first, where it is held
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

// caller is who reports, where what is reported leads on to other places.
func (sc *scene) caller() *Caller {
	return &Caller{Actor: sc.actor, Test: sc.realm == test, MayIssue: sc.mayIssue}
}

// gathered is all that is known of a learner in an edition: what came to be
// after a time, where one is given.
func (s *session) gathered(sc *scene, l *learner, since time.Time) (facts.Facts, error) {
	var all facts.Facts
	prefix := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, "")
	err := scan(s.tx, prefix, func(k []byte, told *facts.History) error {
		if within, _, _ := cut(string(k)); len(within)+1 == len(prefix) { // else of an edition whose id goes on after a slash
			all.Merge(told.Since(since))
		}
		return nil
	})
	return all, err
}

// decide holds what is known of a learner against the rules of an edition and
// awards what is earned. It does so again whenever something is reported: what
// was awarded stays.
func (s *session) decide(sc *scene, l *learner) (*verdict, error) {
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return nil, err
	}
	v := &verdict{}
	var all, met []*earned
	var reached []rules.Step
	for _, rule := range sc.activity.Rules {
		e, outcome, err := s.evaluate(sc, l, rule, &known)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		asked := sc.only == "" || rule.Achievement == sc.only
		if asked && outcome.Met {
			met = append(met, e)
		} else if asked {
			v.Open = append(v.Open, Open{rule.Achievement, outcome.Missing})
		}
		if asked && outcome.Met || e.before != nil && e.before.State != StateRevoked {
			reached = append(reached, e.step())
		}
	}
	slices.SortStableFunc(met, func(a, b *earned) int { return cmp.Compare(a.step().Rank, b.step().Rank) })
	_, left := sc.activity.Rungs(reached)
	for _, e := range met {
		if slices.Contains(left, e.template.Slug) {
			continue
		}
		if err := s.settle(sc, l, e, v); err != nil {
			return nil, err
		}
	}
	v.Superseded = superseded(all)
	if err := s.stack(sc, l, v); err != nil {
		return nil, err
	}
	return v, s.lead(sc, l, v)
}

// superseded names the steps below the highest that the learner holds now.
func superseded(all []*earned) []string {
	var held []rules.Step
	for _, e := range all {
		if e.before != nil && e.before.State == StateIssued {
			held = append(held, e.step())
		}
	}
	lower := rules.Superseded(held)
	slices.Sort(lower)
	return lower
}

// lead decides anew where a rule asks for what was awarded just now: here, and
// in other activities. So it does not matter which was reported first.
func (s *session) lead(sc *scene, l *learner, v *verdict) error {
	if sc.only != "" {
		return nil
	}
	here := false
	for _, a := range v.Awards {
		if a.Outcome != OutcomeIssued {
			continue
		}
		places, err := s.asking(sc.realm, l, a.Achievement)
		if err != nil {
			return err
		}
		for _, at := range places {
			if sc.activity != nil && at == (place{sc.activity.ID, sc.edition.ID}) {
				here = true
			} else if err := s.decideAt(sc.caller(), l, at); err != nil {
				return err
			}
		}
	}
	if !here {
		return nil
	}
	again, err := s.decide(sc, l)
	if err != nil {
		return err
	}
	v.add(again)
	return nil
}

// add takes in what was decided anew in the same place.
func (v *verdict) add(again *verdict) {
	v.Open, v.Superseded = again.Open, again.Superseded
	for _, a := range again.Awards {
		if !slices.ContainsFunc(v.Awards, func(o AwardOutcome) bool { return o.Achievement == a.Achievement }) {
			v.Awards = append(v.Awards, a)
		}
	}
}

// asking is where a rule asks whether somebody holds an achievement, of the
// places where something is known of them.
func (s *session) asking(r realm, l *learner, achievement string) (all []place, err error) {
	activities, err := once(s, "asking", achievement, func() (activities []string, err error) {
		prefix := askingKey(achievement, "")
		err = s.tx.Scan(prefix, nil, func(k, _ []byte) error {
			activities = append(activities, string(k[len(prefix):]))
			return nil
		})
		return activities, err
	})
	if err != nil {
		return nil, err
	}
	for _, activity := range activities {
		places, err := s.places(r, l, activity)
		if err != nil {
			return nil, err
		}
		all = append(all, places...)
	}
	return all, nil
}

// evaluate holds what is known against one rule.
func (s *session) evaluate(sc *scene, l *learner, rule *rules.Rule, known *facts.Facts) (e *earned, outcome rules.Outcome, err error) {
	e = &earned{rule: rule, facts: known}
	if e.template, err = s.template(rule.Achievement); err != nil {
		return nil, outcome, err
	}
	if e.before, err = s.award(sc, l, rule.Achievement); err != nil {
		return nil, outcome, err
	}
	var failed error
	holds := func(achievement string) (since time.Time, ok bool) {
		a, err := s.held(sc.realm, l, achievement)
		if err != nil || a == nil {
			failed = errors.Join(failed, err)
			return time.Time{}, false
		}
		e.parts = append(e.parts, a)
		return a.EarnedAt, true
	}
	outcome = rule.Evaluate(known, sc.context(e.template, holds))
	e.at = outcome.At
	return e, outcome, failed
}

// award is that of an achievement in the edition; nil where there is none.
func (s *session) award(sc *scene, l *learner, achievement string) (*award, error) {
	a := new(award)
	found, err := get(s.tx, sc.realm.awardKey(l.ID, achievement, sc.editionID()), a)
	if err != nil || !found {
		return nil, err
	}
	return a, nil
}

// editionID is "" for what rests on others and belongs to no edition.
func (sc *scene) editionID() string {
	if sc.edition == nil {
		return ""
	}
	return sc.edition.ID
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
	parts    []*award // that it rests on
	before   *award   // nil where nothing was awarded yet
}

// step is the place of an achievement in its ladder.
func (e *earned) step() rules.Step {
	step := rules.Step{Achievement: e.template.Slug, Held: e.before != nil}
	if ladder := e.template.Ladder; ladder != nil {
		step.Group, step.Rank = ladder.Group, ladder.Rank
	}
	return step
}

// template is an achievement that an activity names.
func (s *session) template(slug string) (*issuer.Achievement, error) {
	a, err := s.definition(slug)
	if errors.Is(err, issuer.ErrNotFound) {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "achievement_unknown", Pointer: "/activity",
			Detail: fmt.Sprintf("The activity awards %q, which is not defined here; PUT /v1/achievements/%s first.", slug, slug)}}
	}
	return a, err
}

// held is the first award of an achievement that stands, with its badge in
// force; nil where none does.
func (s *session) held(r realm, l *learner, achievement string) (first *award, err error) {
	err = scan(s.tx, r.key("a", l.ID, achievement, ""), func(_ []byte, a *award) error {
		if a.State != StateIssued || a.Review != "" || first != nil && !a.EarnedAt.Before(first.EarnedAt) {
			return nil
		}
		ok, err := s.inForce(a)
		if ok {
			first = a
		}
		return err
	})
	if err != nil || first != nil || l.Email == "" {
		return first, err
	}
	return s.heldDirectly(r, l, achievement)
}

// inForce tells whether the badge of an award is neither revoked nor suspended;
// one that is not signed yet will be so.
func (s *session) inForce(a *award) (bool, error) {
	if a.Credential == wantedCredential {
		return true, nil
	}
	rec, err := s.issuer.CredentialIn(s.tx, a.Credential)
	if err != nil {
		return false, fmt.Errorf("reading the badge of an award: %w", err)
	}
	return rec.Status == issuer.Active, nil
}

// heldDirectly is an achievement that a platform had issued by its own rules,
// as far as the address and the name tell whose it is.
func (s *session) heldDirectly(r realm, l *learner, achievement string) (*award, error) {
	t, err := s.definition(achievement)
	if errors.Is(err, issuer.ErrNotFound) {
		return nil, nil //nolint:nilnil // nobody can hold what there is not
	} else if err != nil {
		return nil, err
	}
	if alone, err := s.alone(r, l); err != nil || !alone {
		return nil, err
	}
	slug := t.Issuer
	if r == test {
		slug = issuer.TestSlug(slug)
	}
	rec, err := s.issuer.HeldByAddress(s.tx, slug, achievement, l.Email, l.has)
	if err != nil || rec == nil {
		return nil, err
	}
	if a, _, err := s.awardFor(r, rec.ID); err != nil || a != nil {
		return nil, err // an award of somebody's, which stands or not by its own record
	}
	return &award{Learner: l.ID, Issuer: l.Issuer, Achievement: achievement, Edition: rec.Term, State: StateIssued,
		EarnedAt: rec.AwardedAt, Credential: rec.ID}, nil
}

// settle awards what was earned, or finds that it was awarded before.
func (s *session) settle(sc *scene, l *learner, e *earned, v *verdict) (err error) {
	outcome, revoked := OutcomeExisting, false
	a := e.before
	again := true
	if a != nil && a.State == StateRevoked && a.Review == "" {
		if again, err = s.again(sc, l, e); err != nil {
			return err
		}
	}
	switch {
	case a != nil && a.Review != "":
		outcome = OutcomeHeld
	case !again:
		revoked = true // what was taken back is not earned again by what was done before
	case a != nil && a.State == StateIssued:
		err = s.improve(sc, e, a)
	default:
		if a == nil {
			a = &award{Learner: l.ID, Issuer: l.Issuer, Achievement: e.template.Slug, Edition: sc.editionID()}
			e.before = a
		}
		outcome, err = s.grant(sc, l, e, a)
	}
	var over *termOver
	if errors.As(err, &over) {
		v.leaveOut(e.template.Slug, over.end)
		return nil
	} else if err != nil {
		return err
	}
	held := AwardOutcome{Achievement: e.template.Slug, Outcome: outcome, Credential: a.Credential, Revoked: revoked}
	if outcome == OutcomeHeld {
		held.Review, err = s.heldFor(sc, l, a)
	}
	v.Awards = append(v.Awards, held)
	return err
}

// heldFor is what a person must decide before an award goes on.
func (s *session) heldFor(sc *scene, l *learner, a *award) (Question, error) {
	var review Review
	_, err := get(s.tx, sc.realm.reviewKey(l.Issuer, cmp.Or(a.Review, l.Doubt)), &review)
	return review.Kind, err
}

// again tells whether what was taken back is earned again. Of what a platform
// took back nothing counts any more, so what counts earns it; what a person took
// back is earned by what came to be afterwards alone, and that then tells the
// day.
func (s *session) again(sc *scene, l *learner, e *earned) (bool, error) {
	a := e.before
	if a.RevokedBy == byPlatform || e.at.After(a.RevokedAt) {
		return true, nil
	}
	return s.since(sc, l, e, a.RevokedAt)
}

// since tells whether what came to be after a time earns an award by itself, which
// then rests on that.
func (s *session) since(sc *scene, l *learner, e *earned, after time.Time) (bool, error) {
	if e.rule == nil || sc.activity == nil {
		return false, nil
	}
	known, err := s.gathered(sc, l, after)
	if err != nil {
		return false, err
	}
	holds := func(achievement string) (time.Time, bool) {
		n := slices.IndexFunc(e.parts, func(part *award) bool { return part.Achievement == achievement })
		if n < 0 {
			return time.Time{}, false
		}
		return e.parts[n].EarnedAt, true
	}
	outcome := e.rule.Evaluate(&known, sc.context(e.template, holds))
	if !outcome.Met || !outcome.At.After(after) {
		return false, nil
	}
	e.at, e.facts = outcome.At, &known
	return true, nil
}

// grant gives out an award that is not given out yet, if nothing holds it back.
func (s *session) grant(sc *scene, l *learner, e *earned, a *award) (Outcome, error) {
	switch {
	case !sc.mayIssue(e.template.Issuer):
		return "", &Forbidden{"achievement_unknown", "There is no such achievement for this token: it may not issue for the issuer of " + e.template.Slug + "."}
	case !l.known():
		return OutcomePendingIdentity, nil
	case l.Doubt != "":
		return OutcomeHeld, nil
	case a.State == StateRevoked && a.RevokedBy != byPlatform && a.RevokedBy != pardoned:
		return OutcomeHeld, s.askAgain(sc, a, e.at)
	}
	if e.template.Validity != "" {
		return s.inTime(sc, l, e, a)
	}
	return s.bestow(sc, l, e, a)
}

func (s *session) bestow(sc *scene, l *learner, e *earned, a *award) (Outcome, error) {
	if err := s.ground(sc, e, a); err != nil {
		return "", err
	}
	return s.giveOut(sc, l, e, a)
}

// ground notes what an award is given for. One that waited keeps the day and the
// facts by which it was earned, but for better results that badges are to tell.
func (s *session) ground(sc *scene, e *earned, a *award) error {
	if a.State == StateWaiting {
		better, err := sc.outdone(e, a)
		if better {
			a.Facts = e.facts
		}
		return err
	}
	a.EarnedAt, a.Facts, a.Upload = s.day(sc, e.at), e.facts, sc.upload
	if err := s.rest(sc.realm, a, credentialsOf(e.parts)); err != nil || sc.activity == nil {
		return err
	}
	a.Activity = sc.activity.ID
	a.Rules = sc.activity.Version
	return s.keepDefinition(sc.activity)
}

// giveOut issues an award, or has it wait for the release of its edition.
func (s *session) giveOut(sc *scene, l *learner, e *earned, a *award) (Outcome, error) {
	k := sc.realm.awardKey(l.ID, a.Achievement, a.Edition)
	if sc.activity != nil && sc.edition != nil {
		waiting := sc.realm.waitingKey(a.Activity, a.Edition, a.Achievement, l.ID) // of the activity by which it was earned first
		if !sc.edition.Gate.Open(a.Achievement, s.issuer.Now(), !sc.released.IsZero()) {
			a.State = StateWaiting
			return OutcomePendingRelease, errors.Join(store.PutJSON(s.tx, waiting, true), store.PutJSON(s.tx, k, a))
		}
		if a.State == StateWaiting {
			if err := s.tx.Delete(waiting); err != nil {
				return "", err
			}
		}
	}
	return s.hand(sc, l, e, a)
}

// rest notes the badges that an award rests on, from which it is found when one
// of them falls.
func (s *session) rest(r realm, a *award, parts []string) error {
	for _, part := range a.Parts {
		if err := s.tx.Delete(r.partKey(part, a)); err != nil {
			return err
		}
	}
	a.Parts = parts
	for _, part := range a.Parts {
		if err := store.PutJSON(s.tx, r.partKey(part, a), true); err != nil {
			return err
		}
	}
	return nil
}

func credentialsOf(parts []*award) (ids []string) {
	for _, part := range parts {
		ids = append(ids, part.Credential)
	}
	return ids
}

// day is when something was earned: when the fact came to be that decided, or
// for facts without a time the end of the edition, and never a day that is yet
// to come.
func (s *session) day(sc *scene, at time.Time) time.Time {
	if at.IsZero() && sc.edition != nil {
		at, _ = optionalDate(sc.edition.End) // read with the activity
	}
	if at.IsZero() || at.After(s.pool.began) {
		return s.pool.began
	}
	return at
}

// hand asks the issuer for the badge of an award.
func (s *session) hand(sc *scene, l *learner, e *earned, a *award) (Outcome, error) {
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
	a.State, a.Credential, a.Found = StateIssued, wantedCredential, false
	a.RevokedAt, a.RevokedBy = time.Time{}, ""
	if issued != nil {
		a.Credential, a.Found = issued.Record.ID, issued.Existing
		if issued.Existing {
			outcome = OutcomeExisting
		}
	}
	if before != "" && before != a.Credential {
		a.Before = append(a.Before, before)
	}
	k := sc.realm.awardKey(l.ID, a.Achievement, a.Edition)
	if err := store.PutJSON(s.tx, k, a); err != nil {
		return "", err
	}
	if sc.upload != "" && outcome == OutcomeIssued {
		if err := s.tick(sc, l); err != nil {
			return "", err
		}
	}
	return outcome, store.PutJSON(s.tx, sc.realm.credentialKey(a.Credential), string(k))
}

// wantedCredential stands for the id of a badge that is not signed yet, in a
// rehearsal.
const wantedCredential = "-"

// keepDefinition keeps the words of the rules that led to an award.
func (s *session) keepDefinition(a *rules.Activity) error {
	k := definitionKey(a.ID, a.Version)
	_, err := s.tx.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return s.tx.Put(k, store.Seal(k, a.Definition))
	}
	return err
}
