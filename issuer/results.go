package issuer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"laurel/badge"
)

// checkResults holds each result against its description in the same
// achievement (OB 3.0 B.2, Result): a badge never says less than it requires.
func (a *Award) checkResults(f *faults, ach *Achievement) {
	if len(a.Results) > maxResults {
		f.add("too_many", "/results", fmt.Sprintf("At most %d results.", maxResults))
		return
	}
	for n := range a.Results {
		r, at := &a.Results[n], "/results/"+strconv.Itoa(n)
		d := describe(ach, r.ResultDescription)
		if d == nil {
			f.add("result_unknown", at+"/resultDescription", "The achievement has no result of this id.")
			continue
		}
		r.Type, r.ResultDescription = []string{"Result"}, d.ID
		f.oneLine(&r.Value, at+"/value", 200, false)
		f.alignments(r.Alignment, at+"/alignment")
		f.result(r, d, at)
	}
}

// describe finds a description by its id or the last part of it.
func describe(ach *Achievement, id string) *badge.ResultDescription {
	for n := range ach.ResultDescription {
		d := &ach.ResultDescription[n]
		if d.ID == id || (id != "" && strings.HasSuffix(d.ID, "/results/"+id)) {
			return d
		}
	}
	return nil
}

func (f *faults) result(r *badge.Result, d *badge.ResultDescription, at string) {
	if r.Status != "" && r.Status != badge.ResultStatusCompleted {
		f.add("status_invalid", at+"/status", "A badge is issued for what is Completed, and for nothing else.")
	}
	if d.ResultType == badge.ResultTypeStatus && r.Status == "" {
		f.add("required", at+"/status", "A result of type Status needs the status Completed.")
	}
	if r.Value == "" && r.Status == "" && r.AchievedLevel == "" {
		f.add("required", at+"/value", "A result needs a value, a status or an achieved level.")
	}
	if r.Value != "" {
		f.valueWithin(r.Value, d, at+"/value")
	}
	if r.AchievedLevel != "" || d.RequiredLevel != "" {
		f.level(r, d, at+"/achievedLevel")
	}
}

// valueWithin compares numbers exactly: 47.9 of 60 is not 80 %, whatever a
// float makes of it.
func (f *faults) valueWithin(value string, d *badge.ResultDescription, at string) {
	if len(d.AllowedValue) > 0 {
		have, need := slices.Index(d.AllowedValue, value), slices.Index(d.AllowedValue, d.RequiredValue)
		if have < 0 {
			f.add("result_not_allowed", at, "The value is none of those that the achievement allows.")
		} else if d.RequiredValue != "" && have < need {
			f.add("result_below_required", at, "The value is below what the achievement requires.")
		}
		return
	}
	bounds := []struct {
		text, rule, detail string
		wrong              int // the sign of value - bound that is refused
	}{
		{d.ValueMin, "result_out_of_range", "The value is below the least possible one.", -1},
		{d.ValueMax, "result_out_of_range", "The value is above the greatest possible one.", +1},
		{d.RequiredValue, "result_below_required", "The value is below what the achievement requires.", -1},
	}
	have, isNumber := decimal(value)
	for _, b := range bounds {
		bound, ok := decimal(b.text)
		if !ok {
			continue
		}
		if !isNumber {
			f.add("result_not_a_number", at, "Give a number as text, such as \"85\" or \"47.5\".")
			return
		}
		if have.compare(bound) == b.wrong {
			f.add(b.rule, at, b.detail)
			return
		}
	}
}

// number is a decimal number, exactly.
type number struct{ sign, whole, fraction int64 } // the fraction in units of 10^-15

const maxDigits = 15 // before and after the point

// decimal reads a number such as -47.5.
func decimal(s string) (number, bool) {
	n := number{sign: 1}
	s, negative := strings.CutPrefix(s, "-")
	if negative {
		n.sign = -1
	}
	whole, fraction, point := strings.Cut(s, ".")
	if !digits(whole) || point && !digits(fraction) {
		return number{}, false
	}
	for _, c := range whole {
		n.whole = 10*n.whole + int64(c-'0')
	}
	for i := range maxDigits {
		n.fraction *= 10
		if i < len(fraction) {
			n.fraction += int64(fraction[i] - '0')
		}
	}
	return n, true
}

func digits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= maxDigits
}

// compare is -1, 0 or +1, as n is less than m, equal or greater. There is one
// zero, whatever stands before it.
func (n number) compare(m number) int {
	return cmp.Or(cmp.Compare(n.sign*n.whole, m.sign*m.whole), cmp.Compare(n.sign*n.fraction, m.sign*m.fraction))
}

func (f *faults) level(r *badge.Result, d *badge.ResultDescription, at string) {
	index := func(id string) int {
		return slices.IndexFunc(d.RubricCriterionLevel, func(l badge.RubricCriterionLevel) bool {
			return l.ID == id || (id != "" && strings.HasSuffix(l.ID, "/levels/"+id))
		})
	}
	have, need := index(r.AchievedLevel), index(d.RequiredLevel)
	switch {
	case have < 0:
		f.add("level_unknown", at, "The achievement has no such level.")
	case have < need:
		f.add("result_below_required", at, "The level is below what the achievement requires.")
	default:
		r.AchievedLevel = d.RubricCriterionLevel[have].ID
	}
}

// shown leaves out what the achievement does not let a badge tell: whatever
// is in a badge is seen by everybody who gets the link.
func shown(results []badge.Result, mode Results) []badge.Result {
	if mode == ResultsScore {
		return results
	}
	var out []badge.Result
	for _, r := range results {
		if mode == ResultsStatus && r.Status != "" {
			r.Value, r.AchievedLevel = "", ""
			out = append(out, r)
		}
	}
	return out
}
