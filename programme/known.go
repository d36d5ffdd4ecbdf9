package programme

import (
	"maps"
	"slices"
	"strings"

	"laurel/programme/facts"
	"laurel/programme/rules"
)

// of keeps of what is told what the edition knows of: a platform may name parts
// and sessions without end, and none of them would ever count. A platform that
// names parts by addresses is understood by their last segments.
//
// Of pieces of work, rubrics and approvals that no rule asks for, so many are
// kept beside what is known: a definition that asks for them may come later, and
// a platform that names something new each time fills no store.
func (sc *scene) of(told, known facts.Facts) facts.Facts {
	kept := told.Clone()
	kept.Parts = nil
	for name, part := range told.Parts {
		if id, ok := partID(sc.activity, name); ok {
			kept.Merge(facts.Facts{Parts: map[string]facts.Part{id: part}})
		}
	}
	for id := range kept.Sessions {
		if !slices.ContainsFunc(sc.edition.Sessions, func(s rules.Session) bool { return s.ID == id }) {
			delete(kept.Sessions, id)
		}
	}
	asked := vocabulary(sc.activity)
	bound(kept.Submissions, known.Submissions, func(id string) bool { return slices.Contains(asked.Submissions, id) })
	bound(kept.Rubrics, known.Rubrics, func(id string) bool { return asked.Rubrics[id] != nil })
	bound(kept.Approved, known.Approved, func(by string) bool { return approves(sc.activity, by) })
	return kept
}

// bound leaves of what is told under new names so many as are kept beside what is
// asked for.
func bound[V any](told, known map[string]V, asked func(name string) bool) {
	others := 0
	for name := range known {
		if !asked(name) {
			others++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if _, there := known[name]; there || asked(name) {
			continue
		}
		if others++; others > facts.MaxOthers {
			delete(told, name)
		}
	}
}

// approves tells whether a rule asks for an approval.
func approves(a *rules.Activity, by string) bool {
	var walk func(list []rules.Condition) bool
	walk = func(list []rules.Condition) bool {
		return slices.ContainsFunc(list, func(c rules.Condition) bool { return c.ApprovedBy == by || walk(c.All) || walk(c.Any) })
	}
	return slices.ContainsFunc(a.Rules, func(r *rules.Rule) bool { return walk(r.All) || walk(r.Any) })
}

// partID is the part of an activity that a name stands for. An activity that
// defines no parts has those that its rules name.
func partID(a *rules.Activity, name string) (id string, ok bool) {
	for _, candidate := range []string{name, name[strings.LastIndexByte(name, '/')+1:]} {
		if slices.ContainsFunc(a.Parts, func(p rules.Part) bool { return p.ID == candidate }) || len(a.Parts) == 0 && slices.Contains(vocabulary(a).Parts, candidate) {
			return candidate, true
		}
	}
	return "", false
}
