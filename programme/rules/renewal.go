package rules

import (
	"math/big"
	"slices"
	"time"

	"laurel/internal/calendar"
	"laurel/internal/strictjson"
	"laurel/programme/facts"
)

// Renewal says when and on what terms something with a term can be renewed.
type Renewal struct {
	WindowBefore calendar.Duration // before the end: from then on
	GraceAfter   calendar.Duration // after the end: until then
	Requires     Service
}

// Service is what a renewal asks for: to have had one of some roles in so many
// editions since the term began. The zero value asks for nothing.
type Service struct {
	RoleIn   []string `json:"role_in,omitempty"`
	Editions int      `json:"editions_gte,omitempty"`
}

// State says whether something can be renewed.
type State string

// The states, in the order of time.
const (
	TooEarly State = "too_early"
	Open     State = "open"
	Grace    State = "grace" // it has ended, and can still be renewed
	Closed   State = "closed"
)

// State is that of what is valid until a moment, which is the last one at which
// it is. What has no end, the zero time, is never to be renewed.
func (r Renewal) State(validUntil, now time.Time) State {
	switch {
	case validUntil.IsZero() || now.Before(r.WindowBefore.Before(validUntil)):
		return TooEarly
	case !now.After(validUntil):
		return Open
	case !now.After(r.GraceAfter.After(validUntil)):
		return Grace
	}
	return Closed
}

// Evaluate counts the editions, by their ids, in which a learner has come to
// have one of the roles since a time.
func (s Service) Evaluate(roles map[string]facts.Set, since time.Time) Outcome {
	if s.Editions < 1 {
		return Outcome{Met: true, At: since}
	}
	var w way
	for _, set := range roles {
		at, ok := earliest(set, func(role string) bool { return slices.Contains(s.RoleIn, role) && !set[role].Before(since) })
		if ok {
			w = append(w, gain{big.NewRat(1, 1), at})
		}
	}
	out := reach(Condition{RoleIn: s.RoleIn}, big.NewRat(int64(s.Editions), 1), []way{w})
	for i := range out.Missing {
		out.Missing[i].Editions = s.Editions
	}
	return out
}

// duration may be left out.
func (r *reader) duration(p place) calendar.Duration {
	if !p.given() || !r.is(p, strictjson.String) {
		return calendar.Duration{}
	}
	d, ok := calendar.ParseDuration(p.v.Text())
	if !ok || d.IsZero() {
		r.fault("duration_invalid", p.at, "Give years, months and days, such as P3Y or P6M.")
	}
	return d
}

func (r *reader) renewal(p place) *Renewal {
	if !r.is(p, strictjson.Object) {
		return nil
	}
	r.only(p, "window_before", "grace_after", "requires", "note")
	n := &Renewal{GraceAfter: r.duration(p.get("grace_after"))}
	if window := p.get("window_before"); r.is(window, strictjson.String) {
		n.WindowBefore = r.duration(window)
	}
	if asks := p.get("requires"); asks.given() && r.is(asks, strictjson.Object) {
		r.only(asks, "role_in", "editions_gte")
		n.Requires.RoleIn = r.words(asks.get("role_in"))
		n.Requires.Editions = 1
		if least := asks.get("editions_gte"); least.given() {
			if n.Requires.Editions = r.whole(least); n.Requires.Editions == 0 {
				r.fault("threshold_out_of_range", least.at, "Ask for one edition at least.")
			}
		}
	}
	return n
}
