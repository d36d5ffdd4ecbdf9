package programme

import (
	"errors"
	"slices"
	"time"

	"laurel/badge"
	"laurel/internal/calendar"
	"laurel/programme/rules"
)

// termOver says that the term of what was earned has ended already: no badge of it
// can be issued. What was earned beside it is none the worse for that.
type termOver struct {
	end   time.Time
	fault error // of the issuer's, in its words
}

func (o *termOver) Error() string { return o.fault.Error() }

func (o *termOver) Unwrap() error { return o.fault }

// inTime gives out an award with a term, if that is not over. Where it is over from
// the day on which it was earned first, what was done since decides: so it does not
// matter which of the two was reported first.
func (s *session) inTime(sc *scene, l *learner, e *earned, a *award) (outcome Outcome, err error) {
	before := *a
	try := func() error {
		err := s.part(func(s *session) (err error) {
			outcome, err = s.bestow(sc, l, e, a)
			return err
		})
		return s.overdue(e, a, err)
	}
	err = try()
	var over *termOver
	if !errors.As(err, &over) {
		return outcome, err
	}
	*a = before
	term, _ := calendar.ParseDuration(e.template.Validity) // as the issuer read it
	if later, err := s.since(sc, l, e, term.Before(s.pool.began)); err != nil {
		return "", err
	} else if !later || a.State == StateWaiting {
		return "", over
	}
	return outcome, try()
}

// overdue makes a termOver of the issuer's fault that says so and nothing else.
func (s *session) overdue(e *earned, a *award, err error) error {
	var faults badge.Errors
	if !errors.As(err, &faults) || slices.ContainsFunc(faults, func(f *badge.Error) bool { return f.Rule != "expired" }) {
		return err
	}
	term, _ := calendar.ParseDuration(e.template.Validity)
	return &termOver{end: term.After(a.EarnedAt), fault: err}
}

// leaveOut notes that an award was left out because its term is over.
func (v *verdict) leaveOut(achievement string, end time.Time) {
	if !slices.ContainsFunc(v.Open, func(o Open) bool { return o.Achievement == achievement }) {
		v.Open = append(v.Open, Open{achievement, []rules.Missing{{Expired: end}}})
	}
}
