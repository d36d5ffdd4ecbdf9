package programme

import (
	"slices"
	"strings"

	"laurel/programme/facts"
	"laurel/programme/rules"
)

// of keeps of what is told what the edition knows of: a platform may name parts
// and sessions without end, and none of them would ever count. A platform that
// names parts by addresses is understood by their last segments.
func (sc *scene) of(told facts.Facts) facts.Facts {
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
	return kept
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
