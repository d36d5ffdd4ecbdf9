package facts

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// The bounds of one report.
const (
	MaxParts    = 200
	MaxSessions = 500
	MaxOthers   = 100 // submissions, rubrics, roles, approvals, waivers: of each
	MaxWord     = 100 // characters of an id, a status, a level, a role
)

// Read reads the facts of one event, which came to be at a time. Numbers may
// be strings with a dot; what is null or not known here is passed over. The
// faults have JSON pointers that begin with the one given; where there are
// any, the facts are not to be used.
func Read(v strictjson.Value, pointer string, at time.Time) (Facts, badge.Errors) {
	r := reader{at: at.UTC()}
	if !r.is(v, pointer, strictjson.Object) {
		return Facts{}, r.errs
	}
	p := func(name string) (strictjson.Value, string) { return v.Get(name), strictjson.Pointer(pointer, name) }
	var f Facts
	f.Visits = r.visits(p("visits"))
	f.Points = r.points(p("points"))
	f.Parts = r.parts(p("parts"))
	f.Sessions = r.sessions(p("sessions"))
	f.Attended = r.attended(p("attended"))
	f.Submissions = r.judged(p("submissions"))
	f.Rubrics = r.judged(p("rubric"))
	f.Roles = r.words(p("role"))
	f.Passed = r.passed(p("passed"))
	f.Approved = r.words(p("approved_by"))
	f.Waived = r.words(p("waived"))
	f.Hours = r.hours(p("hours"))
	return f, r.errs
}

// reader reads the facts of one event and gathers what is wrong with them.
type reader struct {
	at   time.Time
	errs badge.Errors
}

func (r *reader) fault(rule, pointer, detail string) {
	r.errs = append(r.errs, &badge.Error{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail})
}

// is tells whether a value is there and of a kind; another kind is a fault.
func (r *reader) is(v strictjson.Value, pointer string, kind strictjson.Kind) bool {
	switch v.Kind() {
	case kind:
		return true
	case strictjson.Absent, strictjson.Null:
	default:
		r.fault("wrong_type", pointer, "This is to be of the type "+kind.String()+".")
	}
	return false
}

func (r *reader) atMost(v strictjson.Value, pointer string, limit int) bool {
	if v.Len() > limit {
		r.fault("too_many", pointer, fmt.Sprintf("At most %d of these.", limit))
		return false
	}
	return true
}

func (r *reader) visits(v strictjson.Value, pointer string) *Share {
	s := r.share(v, pointer, "visited", "total", r.whole)
	if s != nil && s.Got.Cmp(s.Of) > 0 {
		r.fault("visited_exceeds_total", strictjson.Pointer(pointer, "visited"), "More was visited than there is.")
	}
	return s
}

func (r *reader) points(v strictjson.Value, pointer string) *Share {
	return r.share(v, pointer, "achieved", "max", r.number)
}

func (r *reader) share(v strictjson.Value, pointer, got, of string, number func(strictjson.Value, string) (Number, bool)) *Share {
	if !r.is(v, pointer, strictjson.Object) {
		return nil
	}
	a, okA := number(v.Get(got), strictjson.Pointer(pointer, got))
	b, okB := number(v.Get(of), strictjson.Pointer(pointer, of))
	if !okA || !okB {
		return nil
	}
	return &Share{Got: a, Of: b, At: r.at}
}

func (r *reader) number(v strictjson.Value, pointer string) (Number, bool) {
	text := ""
	switch v.Kind() {
	case strictjson.Number:
		text = v.Raw()
	case strictjson.String:
		text = strings.TrimSpace(v.Text())
	case strictjson.Absent, strictjson.Null:
		r.fault("required", pointer, "This number may not be left out.")
		return Number{}, false
	}
	n, err := ParseNumber(text)
	switch {
	case err == nil:
		return n, true
	case strings.HasPrefix(text, "-"):
		r.fault("negative_number", pointer, "This number may not be below 0.")
	default:
		r.fault("number_invalid", pointer, "Give a decimal number such as 47.9, with a dot, of at most 1,000,000,000.")
	}
	return Number{}, false
}

func (r *reader) whole(v strictjson.Value, pointer string) (Number, bool) {
	n, ok := r.number(v, pointer)
	if ok && !n.Rat().IsInt() {
		r.fault("number_invalid", pointer, "Give a whole number.")
		return n, false
	}
	return n, ok
}

func (r *reader) parts(v strictjson.Value, pointer string) map[string]Part {
	if !r.is(v, pointer, strictjson.Object) || !r.atMost(v, pointer, MaxParts) {
		return nil
	}
	var parts map[string]Part
	for name, e := range v.Members() {
		at := strictjson.Pointer(pointer, name)
		id, ok := r.word(name, at)
		if !r.is(e, at, strictjson.Object) || !ok {
			continue
		}
		p := Part{
			Visits: r.visits(e.Get("visits"), strictjson.Pointer(at, "visits")),
			Points: r.points(e.Get("points"), strictjson.Pointer(at, "points")),
		}
		if p.Visits != nil || p.Points != nil {
			put(&parts, id, p)
		}
	}
	return parts
}

// sessions are a list, or one.
func (r *reader) sessions(v strictjson.Value, pointer string) Set {
	return r.list(v, pointer, MaxSessions)
}

// words are a list, or one.
func (r *reader) words(v strictjson.Value, pointer string) Set {
	return r.list(v, pointer, MaxOthers)
}

func (r *reader) list(v strictjson.Value, pointer string, limit int) Set {
	if v.Kind() != strictjson.Array {
		return r.set(v, pointer)
	}
	if !r.atMost(v, pointer, limit) {
		return nil
	}
	var all Set
	for i, e := range v.Elements() {
		all = union(all, r.set(e, strictjson.Pointer(pointer, strconv.Itoa(i))))
	}
	return all
}

// set is of one word; "" is none, as forms send what was not filled in.
func (r *reader) set(v strictjson.Value, pointer string) Set {
	if !r.is(v, pointer, strictjson.String) || strings.TrimSpace(v.Text()) == "" {
		return nil
	}
	word, ok := r.word(v.Text(), pointer)
	if !ok {
		return nil
	}
	return Set{word: r.at}
}

// word is an id or the like, trimmed and in NFC.
func (r *reader) word(s, pointer string) (string, bool) {
	s = norm.NFC.String(strings.TrimSpace(s))
	switch {
	case s == "":
		r.fault("required", pointer, "A name may not be empty.")
	case utf8.RuneCountInString(s) > MaxWord:
		r.fault("too_long", pointer, fmt.Sprintf("At most %d characters.", MaxWord))
	case strings.ContainsFunc(s, unseen):
		r.fault("control_character", pointer, "Take out control characters, line breaks and what changes the writing direction.")
	default:
		return s, true
	}
	return "", false
}

// unseen tells of what makes two words that look alike differ; the joiners are
// part of the spelling of some languages.
func unseen(c rune) bool {
	if c == '\u200c' || c == '\u200d' {
		return false
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || c == unicode.ReplacementChar
}

// judged is the status or level of pieces of work by their ids.
func (r *reader) judged(v strictjson.Value, pointer string) map[string]Set {
	if !r.is(v, pointer, strictjson.Object) || !r.atMost(v, pointer, MaxOthers) {
		return nil
	}
	var all map[string]Set
	for name, e := range v.Members() {
		at := strictjson.Pointer(pointer, name)
		id, ok := r.word(name, at)
		if s := r.set(e, at); ok && s != nil {
			put(&all, id, union(all[id], s))
		}
	}
	return all
}

func (r *reader) attended(v strictjson.Value, pointer string) *Count {
	if v.Kind() <= strictjson.Null {
		return nil
	}
	n, ok := r.whole(v, pointer)
	if !ok {
		return nil
	}
	if n.Cmp(Whole(MaxSessions)) > 0 {
		r.fault("number_invalid", pointer, fmt.Sprintf("At most %d sessions.", MaxSessions))
		return nil
	}
	return &Count{N: int(n.Rat().Num().Int64()), At: r.at}
}

func (r *reader) hours(v strictjson.Value, pointer string) *Amount {
	if v.Kind() <= strictjson.Null {
		return nil
	}
	n, ok := r.number(v, pointer)
	if !ok {
		return nil
	}
	if n.Rat().Cmp(big.NewRat(maxHours, 1)) > 0 {
		r.fault("number_invalid", pointer, fmt.Sprintf("At most %d hours.", maxHours))
		return nil
	}
	return &Amount{Number: n, At: r.at}
}

const maxHours = 100_000

// passed is true, or what a form makes of it. That somebody did not pass is no
// fact: they may yet.
func (r *reader) passed(v strictjson.Value, pointer string) *time.Time {
	text := strings.ToLower(v.Text())
	switch {
	case v.Bool(), text == "true", text == "1":
		at := r.at
		return &at
	case v.Kind() <= strictjson.False, v.Kind() == strictjson.String && (text == "" || text == "false" || text == "0"):
	default:
		r.fault("wrong_type", pointer, "Say true or false.")
	}
	return nil
}
