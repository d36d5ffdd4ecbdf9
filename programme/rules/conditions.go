package rules

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/programme/facts"
)

// conditionNames are what a condition may be called in a definition.
var conditionNames = []string{"visits_percent_gte", "points_percent_gte", "points_gte", "sessions_attended_gte", "session", "hours_gte",
	"submission", "rubric", "role_in", "holds", "passed", "approved_by", "all", "any"}

// rules are those of the list, and the one for trainers.
func (r *reader) rules(a *Activity, p place) {
	list := r.list(p.get("award_rules"))
	if trainer := p.get("trainer_rule"); trainer.given() {
		list = append(list, trainer)
	}
	for _, e := range list {
		if !r.is(e, strictjson.Object) {
			continue
		}
		rule := r.rule(a, e)
		if rule.Achievement != "" && a.Rule(rule.Achievement) != nil {
			r.fault("repeated", e.get("achievement").at, "Another rule is for this achievement; put both into one with any.")
		}
		a.Rules = append(a.Rules, rule)
	}
	r.gated(a, p.get("release"))
	for i, e := range p.get("editions").v.Elements() {
		r.gated(a, place{e, fmt.Sprintf("%s/editions/%d", p.at, i)}.get("release"))
	}
}

// gated demands that a gate is for what is awarded here: by a misspelt name a
// badge would be out before its day.
func (r *reader) gated(a *Activity, p place) {
	to := p.get("applies_to")
	for i, e := range to.v.Elements() {
		if e.Kind() == strictjson.String && a.Rule(e.Text()) == nil {
			r.fault("achievement_unknown", fmt.Sprintf("%s/%d", to.at, i), "No rule of this activity awards this achievement; name one that is awarded here.")
		}
	}
}

func (r *reader) rule(a *Activity, p place) *Rule {
	r.only(p, "achievement", "all", "any", "validity", "renewal", "evidence", "note")
	rule := &Rule{Achievement: r.slug(p.get("achievement"))}
	all, either := p.get("all"), p.get("any")
	switch {
	case all.given() && either.given():
		r.fault("all_or_any", either.at, "Give all or any, and not both; one can stand as a condition within the other.")
	case all.given():
		rule.All = r.conditions(a, all, 1)
	case either.given():
		rule.Any = r.conditions(a, either, 1)
	default:
		r.fault("required", all.at, "Give the conditions in a list all or any.")
	}
	rule.Validity = r.duration(p.get("validity"))
	if renewal := p.get("renewal"); renewal.given() {
		rule.Renewal = r.renewal(renewal)
	}
	if evidence := p.get("evidence"); evidence.given() {
		for _, one := range r.list(evidence) {
			rule.Evidence = append(rule.Evidence, r.evidence(one))
		}
	}
	rule.each(func(c Condition) {
		if slices.Contains(c.Holds, rule.Achievement) {
			r.fault("circular", p.at, "Nobody can earn an achievement by holding it; name another in holds.")
		}
	})
	return rule
}

// evidence is what every badge by the rule shows (OB 3.0 B.1, Evidence).
func (r *reader) evidence(p place) badge.Evidence {
	if !r.is(p, strictjson.Object) {
		return badge.Evidence{}
	}
	r.only(p, "name", "description", "narrative", "genre")
	e := badge.Evidence{Name: r.text(p.get("name"), 500)}
	for name, to := range map[string]*string{"description": &e.Description, "narrative": &e.Narrative, "genre": &e.Genre} {
		if given := p.get(name); given.given() {
			*to = r.text(given, 2000)
		}
	}
	return e
}

func (r *reader) conditions(a *Activity, p place, depth int) []Condition {
	if !r.is(p, strictjson.Array) {
		return nil
	}
	if p.v.Len() == 0 {
		r.fault("required", p.at, "Give at least one condition.")
	}
	if depth > maxDeep {
		r.fault("too_deep", p.at, "Conditions are nested too deep; write this rule in a flatter way.")
		return nil
	}
	var all []Condition
	for _, e := range r.list(p) {
		all = append(all, r.condition(a, e, depth))
	}
	return all
}

func (r *reader) condition(a *Activity, p place, depth int) (c Condition) {
	if !r.is(p, strictjson.Object) {
		return c
	}
	known, unknown := 0, 0
	for name := range p.v.Members() {
		switch {
		case slices.Contains(conditionNames, name):
			known++
			r.demand(a, p.get(name), name, depth, &c)
		case name != "part":
			unknown++
			r.fault("condition_unknown", p.get(name).at, "There is no such condition; use one of: "+strings.Join(conditionNames, ", ")+".")
		}
	}
	if known > 1 {
		r.fault("one_condition", p.at, "Write each condition into an object of its own.")
	}
	if known+unknown == 0 {
		r.fault("required", p.at, "Name a condition: one of "+strings.Join(conditionNames, ", ")+".")
	}
	if part := p.get("part"); part.given() {
		c.Part = r.partOf(a, part, c)
	}
	return c
}

func (r *reader) partOf(a *Activity, p place, c Condition) string {
	id := r.word(p)
	if c.VisitsPercent == nil && c.PointsPercent == nil && c.Points == nil {
		r.fault("not_allowed", p.at, "A part can stand beside visits_percent_gte, points_percent_gte and points_gte only.")
	}
	if id != "" && len(a.Parts) > 0 && a.part(id) == nil {
		r.fault("part_unknown", p.at, "The activity has no part of this id.")
	}
	return id
}

// demand reads one condition by its name.
func (r *reader) demand(a *Activity, p place, name string, depth int, c *Condition) {
	switch name {
	case "visits_percent_gte":
		c.VisitsPercent = r.threshold(p, big.NewRat(100, 1))
	case "points_percent_gte":
		c.PointsPercent = r.threshold(p, big.NewRat(100, 1))
	case "points_gte":
		c.Points = r.threshold(p, a.Points.Rat())
	case "sessions_attended_gte":
		c.Sessions = r.attendance(a, p)
	case "session":
		c.Session = r.session(a, p)
	case "hours_gte":
		c.Hours = r.threshold(p, new(big.Rat))
	case "submission":
		c.Submission = r.submission(p)
	case "rubric":
		c.Rubric = r.rubric(a, p)
	case "role_in":
		c.RoleIn = r.words(p)
	case "holds":
		c.Holds = r.several(p, r.slug)
	case "passed":
		if c.Passed = p.v.Bool(); !c.Passed {
			r.fault("not_allowed", p.at, "Write true, or take the condition out.")
		}
	case "approved_by":
		c.ApprovedBy = r.word(p)
	case "all":
		c.All = r.conditions(a, p, depth+1)
	case "any":
		c.Any = r.conditions(a, p, depth+1)
	}
}

// threshold is a number above 0, which would be met by nothing at all, and not
// above a limit, which could not be met; a limit of 0 is none.
func (r *reader) threshold(p place, limit *big.Rat) *facts.Number {
	n, ok := r.number(p)
	if !ok {
		return nil
	}
	if n.Rat().Sign() == 0 {
		r.fault("threshold_out_of_range", p.at, "0 is reached by nothing at all; give a number above it, or take the condition out.")
	}
	if limit.Sign() > 0 && n.Rat().Cmp(limit) > 0 {
		r.fault("threshold_out_of_range", p.at, "Nobody can reach this: there is no more than "+facts.Cut(limit)+".")
	}
	return &n
}

func (r *reader) attendance(a *Activity, p place) int {
	n := r.threshold(p, new(big.Rat).SetInt64(int64(a.mostSessions())))
	if n == nil {
		return 0
	}
	if !n.Rat().IsInt() {
		r.fault("number_invalid", p.at, "Give a whole number.")
		return 0
	}
	return int(n.Rat().Num().Int64()) // at most a billion
}

func (a *Activity) mostSessions() (most int) {
	for _, e := range a.Editions {
		most = max(most, len(e.Sessions))
	}
	return most
}

func (r *reader) session(a *Activity, p place) string {
	id := r.word(p)
	known := slices.ContainsFunc(a.Editions, func(e Edition) bool { return e.session(id) != nil })
	if id != "" && !known {
		r.fault("session_unknown", p.at, "No edition has a session of this id.")
	}
	return id
}

func (e *Edition) session(id string) *Session {
	for i := range e.Sessions {
		if e.Sessions[i].ID == id {
			return &e.Sessions[i]
		}
	}
	return nil
}

func (r *reader) submission(p place) *Submission {
	if !r.is(p, strictjson.Object) {
		return nil
	}
	r.only(p, "id", "status")
	return &Submission{ID: r.word(p.get("id")), Status: r.word(p.get("status"))}
}

func (r *reader) rubric(a *Activity, p place) *Rubric {
	if !r.is(p, strictjson.Object) {
		return nil
	}
	r.only(p, "id", "level_gte")
	demand := &Rubric{ID: r.word(p.get("id")), LevelGTE: r.word(p.get("level_gte"))}
	if levels := a.Rubrics[demand.ID]; len(levels) > 0 && demand.LevelGTE != "" && !slices.Contains(levels, demand.LevelGTE) {
		r.fault("level_unknown", p.get("level_gte").at, "The rubric has no such level; use one of: "+strings.Join(levels, ", ")+".")
	}
	return demand
}
