package rules

import (
	"cmp"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"laurel/programme/facts"
)

// Context is what a rule is evaluated in, besides the facts of a learner in one
// edition.
type Context struct {
	Activity *Activity
	Edition  string // as FindEdition knows it: its sessions count, and no others
	// Holds tells since when the learner holds an achievement, unrevoked. nil
	// is for none.
	Holds func(achievement string) (since time.Time, ok bool)
	// Levels are those of a rubric that the activity does not give, lowest
	// first, as words or ids that end in them. nil is for none known.
	Levels func(rubric string) []string
}

// Outcome is what a rule has come to. The zero value is not met.
type Outcome struct {
	Met bool
	// At is when the fact that decided came to be: of all conditions the latest,
	// of any the earliest of those that are met. Facts keep the best of each
	// thing with its time alone, so a better result that comes later can move At;
	// an award keeps the one at which it was made.
	At      time.Time
	Missing []Missing // empty where Met
}

// Evaluate holds facts against the rule. A rule that a person has set aside for
// the learner (facts.Waived) is met.
func (r *Rule) Evaluate(f *facts.Facts, ctx Context) Outcome {
	s := newScene(f, ctx)
	out := s.evaluate(Condition{All: r.All, Any: r.Any})
	if at, waived := f.Waived[r.Achievement]; waived && (!out.Met || at.Before(out.At)) {
		return Outcome{Met: true, At: at}
	}
	return out
}

// scene is all that conditions look at.
type scene struct {
	facts    *facts.Facts
	ctx      Context
	sessions *Edition // nil where the edition is not known
}

func newScene(f *facts.Facts, ctx Context) *scene {
	s := &scene{facts: f, ctx: ctx}
	if e, ok := ctx.Activity.FindEdition(ctx.Edition); ok {
		s.sessions = e
	}
	return s
}

func (s *scene) evaluate(c Condition) Outcome {
	switch {
	case c.VisitsPercent != nil:
		return reach(c, c.VisitsPercent.Rat(), s.visits(c.Part))
	case c.PointsPercent != nil:
		return reach(c, c.PointsPercent.Rat(), s.points(c.Part))
	case c.Points != nil:
		return reach(c, c.Points.Rat(), s.marks(c.Part))
	case c.Sessions > 0:
		return reach(c, big.NewRat(int64(c.Sessions), 1), s.attendance())
	case c.Hours != nil:
		return reach(c, c.Hours.Rat(), s.hours())
	case c.Session != "":
		at, ok := s.facts.Sessions[c.Session]
		return single(c, at, ok && s.sessions != nil && s.sessions.session(c.Session) != nil, "")
	case c.Submission != nil:
		reached := s.facts.Submissions[c.Submission.ID]
		at, ok := reached[c.Submission.Status]
		return single(c, at, ok, latest(reached))
	case c.Rubric != nil:
		return s.rubric(c)
	case len(c.RoleIn) > 0:
		at, ok := earliest(s.facts.Roles, func(role string) bool { return slices.Contains(c.RoleIn, role) })
		return single(c, at, ok, strings.Join(slices.Sorted(maps.Keys(s.facts.Roles)), ", "))
	case len(c.Holds) > 0:
		return held(c, s.ctx.Holds)
	case c.Passed:
		if s.facts.Passed == nil {
			return single(c, time.Time{}, false, "")
		}
		return single(c, *s.facts.Passed, true, "")
	case c.ApprovedBy != "":
		at, ok := s.facts.Approved[c.ApprovedBy]
		return single(c, at, ok, "")
	case len(c.All) > 0:
		return s.all(c.All)
	case len(c.Any) > 0:
		return s.any(c.Any)
	}
	return Outcome{}
}

func single(c Condition, at time.Time, met bool, have string) Outcome {
	if met {
		return Outcome{Met: true, At: at}
	}
	return Outcome{Missing: []Missing{{Condition: c, Have: have}}}
}

func (s *scene) all(list []Condition) Outcome {
	out := Outcome{Met: true}
	for _, c := range list {
		one := s.evaluate(c)
		out.Met = out.Met && one.Met
		if one.At.After(out.At) {
			out.At = one.At
		}
		out.Missing = append(out.Missing, one.Missing...)
	}
	if !out.Met {
		out.At = time.Time{}
	}
	return out
}

func (s *scene) any(list []Condition) Outcome {
	var out Outcome
	for _, c := range list {
		one := s.evaluate(c)
		switch {
		case one.Met && (!out.Met || one.At.Before(out.At)):
			out = one
		case !one.Met && !out.Met:
			out.Missing = append(out.Missing, together(one.Missing))
		}
	}
	if len(out.Missing) > 1 {
		out.Missing = []Missing{{Any: out.Missing}}
	}
	return out
}

// gain is so much that was gained at a time.
type gain struct {
	much *big.Rat
	at   time.Time
}

// way is one account of how much there is: what was gained, piece by piece.
// Several may be known of the same thing, such as a total and its parts.
type way []gain

// reach finds the first time at which one of the accounts comes to the goal;
// what is missing is told from the best of them.
func reach(c Condition, goal *big.Rat, ways []way) Outcome {
	var out Outcome
	for _, w := range ways {
		if at, ok := w.reaches(goal); ok && (!out.Met || at.Before(out.At)) {
			out = Outcome{Met: true, At: at}
		}
	}
	if out.Met {
		return out
	}
	have := ""
	if most := best(ways); most != nil {
		have = facts.Cut(most)
	}
	return single(c, time.Time{}, false, have)
}

func (w way) reaches(goal *big.Rat) (at time.Time, ok bool) {
	slices.SortFunc(w, func(a, b gain) int { return a.at.Compare(b.at) })
	sum := new(big.Rat)
	for _, g := range w {
		if sum.Add(sum, g.much).Cmp(goal) >= 0 {
			return g.at, true
		}
	}
	return time.Time{}, false
}

// best is what the best account comes to, nil where there is none.
func best(ways []way) *big.Rat {
	var most *big.Rat
	for _, w := range ways {
		sum := new(big.Rat)
		for _, g := range w {
			sum.Add(sum, g.much)
		}
		if most == nil || sum.Cmp(most) > 0 {
			most = sum
		}
	}
	return most
}

// visits are accounts of the percentage visited, of a part or of the whole.
func (s *scene) visits(part string) []way {
	if part != "" {
		p := s.facts.Parts[part]
		return percentage(p.Visits, p.VisitsApart)
	}
	weights := map[string]*big.Rat{}
	for _, p := range s.ctx.Activity.Parts {
		weights[p.ID] = big.NewRat(int64(p.Items), 1)
	}
	of := big.NewRat(int64(s.ctx.Activity.Items), 1)
	return append(percentage(s.facts.Visits), s.summed(weights, of, func(p facts.Part) *facts.Share { return p.Visits })...)
}

// points are accounts of the percentage of points.
func (s *scene) points(part string) []way {
	if part != "" {
		p := s.facts.Parts[part]
		return percentage(p.Points, p.PointsApart)
	}
	weights := map[string]*big.Rat{}
	for _, p := range s.ctx.Activity.Parts {
		weights[p.ID] = p.Points.Rat()
	}
	return append(percentage(s.facts.Points), s.summed(weights, s.ctx.Activity.Points.Rat(), func(p facts.Part) *facts.Share { return p.Points })...)
}

// percentage is an account for each share that there is.
func percentage(shares ...*facts.Share) (ways []way) {
	for _, share := range shares {
		if share != nil {
			ways = append(ways, way{{share.Percent(), share.At}})
		}
	}
	return ways
}

// summed is the whole as the sum over the parts that the activity defines,
// each weighing as much as it is defined to: one module of three, done in full,
// is a third. Parts of which nothing is known add nothing, parts that are not
// defined do not count.
func (s *scene) summed(weights map[string]*big.Rat, of *big.Rat, pick func(facts.Part) *facts.Share) []way {
	var w way
	for id, weight := range weights {
		share := pick(s.facts.Parts[id])
		if share == nil || of.Sign() == 0 {
			continue
		}
		much := share.Percent()
		w = append(w, gain{much.Quo(much.Mul(much, weight), of), share.At})
	}
	if w == nil {
		return nil
	}
	return []way{w}
}

// marks are accounts of points as points: of those that the activity defines,
// or else of those that were reported. Points beyond the greatest number do not
// count.
func (s *scene) marks(part string) []way {
	of, share := s.ctx.Activity.Points.Rat(), s.facts.Points
	if part != "" {
		known := s.facts.Parts[part]
		of, share = new(big.Rat), cmp.Or(known.Points, known.PointsApart)
		if p := s.ctx.Activity.part(part); p != nil {
			of = p.Points.Rat()
		}
	}
	if of.Sign() == 0 && share != nil {
		of = share.Of.Rat()
	}
	ways := s.points(part)
	for _, w := range ways {
		for _, g := range w {
			g.much.Mul(g.much, of).Quo(g.much, big.NewRat(100, 1))
		}
	}
	return ways
}

// attendance is how many known sessions were attended, and how many somebody
// has counted.
func (s *scene) attendance() []way {
	listed := s.listed(func(*Session) *big.Rat { return big.NewRat(1, 1) })
	if a := s.facts.Attended; a != nil {
		return []way{listed, {{big.NewRat(int64(a.N), 1), a.At}}}
	}
	return []way{listed}
}

// hours are those of the sessions attended, and those that somebody has stated.
func (s *scene) hours() []way {
	listed := s.listed(func(one *Session) *big.Rat { return one.Hours.Rat() })
	if h := s.facts.Hours; h != nil {
		return []way{listed, {{h.Number.Rat(), h.At}}}
	}
	return []way{listed}
}

// listed counts the sessions attended that the edition has.
func (s *scene) listed(worth func(*Session) *big.Rat) (w way) {
	if s.sessions == nil {
		return nil
	}
	for id, at := range s.facts.Sessions {
		if one := s.sessions.session(id); one != nil {
			w = append(w, gain{worth(one), at})
		}
	}
	return w
}

// rubric compares levels by their order. Where nobody knows the order, only the
// level itself will do.
func (s *scene) rubric(c Condition) Outcome {
	order := s.levels(c.Rubric.ID)
	need := slices.Index(order, c.Rubric.LevelGTE)
	if need < 0 {
		order, need = []string{c.Rubric.LevelGTE}, 0
	}
	reached := s.facts.Rubrics[c.Rubric.ID]
	if at, ok := earliest(reached, func(level string) bool { return slices.Index(order, level) >= need }); ok {
		return single(c, at, true, "")
	}
	have := highest(reached, order)
	if have == "" {
		have = latest(reached)
	}
	return single(c, time.Time{}, false, have)
}

// levels are the words for the levels of a rubric, lowest first.
func (s *scene) levels(rubric string) []string {
	if levels := s.ctx.Activity.Rubrics[rubric]; len(levels) > 0 {
		return levels
	}
	if s.ctx.Levels == nil {
		return nil
	}
	var words []string
	for _, id := range s.ctx.Levels(rubric) {
		words = append(words, lastSegment(id))
	}
	return words
}

// lastSegment is what an id of ours ends in.
func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// highest is the highest level reached, "" where none is in the order.
func highest(reached facts.Set, order []string) string {
	for _, level := range slices.Backward(order) {
		if _, ok := reached[level]; ok {
			return level
		}
	}
	return ""
}

func earliest(set facts.Set, fits func(string) bool) (first time.Time, ok bool) {
	for word, at := range set {
		if fits(word) && (!ok || at.Before(first)) {
			first, ok = at, true
		}
	}
	return first, ok
}

// latest is the word that came last, of several at once the last of the
// alphabet.
func latest(set facts.Set) string {
	last := ""
	for word, at := range set {
		if cmp.Or(at.Compare(set[last]), strings.Compare(word, last)) > 0 {
			last = word
		}
	}
	return last
}

func held(c Condition, holds func(string) (time.Time, bool)) Outcome {
	out := Outcome{Met: true}
	var lacking []string
	for _, achievement := range c.Holds {
		if holds == nil {
			lacking = append(lacking, achievement)
		} else if at, ok := holds(achievement); !ok {
			lacking = append(lacking, achievement)
		} else if at.After(out.At) {
			out.At = at
		}
	}
	if len(lacking) > 0 {
		return single(Condition{Holds: lacking}, time.Time{}, false, "")
	}
	return out
}
