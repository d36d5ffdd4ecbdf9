package rules

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"time"

	"laurel/internal/strictjson"
)

// Requires says which achievements make up another one: All of some, or at
// least N of Any. Exactly one of the two lists has elements.
type Requires struct {
	All []string
	Any []string
	N   int
}

// NOf is so many of some achievements.
type NOf struct {
	N  int      `json:"n"`
	Of []string `json:"of"`
}

// ReadRequires reads an object with one member:
//
//	{"all":["a","b"]}  {"any":["a","b"]}  {"n_of":{"n":2,"of":["a","b","c"]}}
//
// Faults are badge.Errors, with pointers that begin with the one given.
func ReadRequires(raw []byte, pointer string) (*Requires, error) {
	var r reader
	p, ok := r.parse(raw, pointer)
	if !ok {
		return nil, r.errs
	}
	r.only(p, "all", "any", "n_of")
	q := &Requires{}
	all, some, counted := p.get("all"), p.get("any"), p.get("n_of")
	given := 0
	if all.given() {
		given++
		q.All = r.several(all, r.slug)
	}
	if some.given() {
		given++
		q.Any, q.N = r.several(some, r.slug), 1
	}
	if counted.given() {
		given++
		r.someOf(counted, q)
	}
	if given != 1 {
		r.fault("one_of", p.at, "Give exactly one of all, any and n_of.")
	}
	if err := r.errs.Err(); err != nil {
		return nil, err
	}
	return q, nil
}

func (r *reader) someOf(p place, q *Requires) {
	if !r.is(p, strictjson.Object) {
		return
	}
	r.only(p, "n", "of")
	q.Any = r.several(p.get("of"), r.slug)
	if n := r.threshold(p.get("n"), big.NewRat(int64(len(q.Any)), 1)); n != nil {
		q.N = r.whole(p.get("n"))
	}
}

// Parts are all achievements named.
func (q *Requires) Parts() []string { return slices.Concat(q.All, q.Any) }

// Evaluate holds what somebody holds, unrevoked, against what is required.
func (q *Requires) Evaluate(holds func(achievement string) (since time.Time, ok bool)) Outcome {
	if len(q.All) > 0 {
		return held(Condition{Holds: q.All}, holds)
	}
	var w way
	for _, achievement := range q.Any {
		if at, ok := holds(achievement); ok {
			w = append(w, gain{big.NewRat(1, 1), at})
		}
	}
	if q.N < 1 {
		return Outcome{}
	}
	out := reach(Condition{}, big.NewRat(int64(q.N), 1), []way{w})
	if out.Met {
		return out
	}
	return Outcome{Missing: []Missing{q.missing(out.Missing[0].Have)}}
}

func (q *Requires) missing(have string) Missing {
	if q.N > 1 {
		return Missing{NOf: &NOf{q.N, q.Any}, Have: have}
	}
	m := Missing{}
	for _, achievement := range q.Any {
		m.Any = append(m.Any, Missing{Condition: Condition{Holds: []string{achievement}}})
	}
	if len(m.Any) == 1 {
		return m.Any[0]
	}
	return m
}

// MarshalJSON writes the form that ReadRequires reads.
func (q Requires) MarshalJSON() ([]byte, error) {
	switch {
	case len(q.All) > 0:
		return json.Marshal(map[string][]string{"all": q.All})
	case q.N == 1:
		return json.Marshal(map[string][]string{"any": q.Any})
	case q.N > 1:
		return json.Marshal(map[string]NOf{"n_of": {q.N, q.Any}})
	}
	return nil, fmt.Errorf("rules: nothing is required")
}
