package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/programme/facts"
)

// The bounds of a definition.
const (
	maxList = 1000 // of parts, items, sessions, rules, conditions, aliases: of each
	maxWord = 100  // characters, as for the words of facts
	maxText = 500  // characters of a title or an alias
	maxDeep = 3    // conditions within conditions
)

// place is a value and where it stands.
type place struct {
	v  strictjson.Value
	at string
}

func (p place) get(name string) place {
	return place{p.v.Get(name), strictjson.Pointer(p.at, name)}
}

// given tells whether there is a value; null is none.
func (p place) given() bool { return p.v.Kind() > strictjson.Null }

// reader gathers what is wrong with a definition, so that its author can mend
// all of it at once.
type reader struct{ errs badge.Errors }

func (r *reader) fault(rule, pointer, detail string) {
	r.errs = append(r.errs, &badge.Error{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail})
}

// parse reads the text of an object; the pointers of its faults begin with at.
func (r *reader) parse(raw []byte, at string) (place, bool) {
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		var where *strictjson.Error
		pointer := at
		if errors.As(err, &where) {
			pointer += where.Pointer
		}
		r.errs = append(r.errs, &badge.Error{Code: badge.ParsingError, Rule: "malformed_json", Pointer: pointer, Detail: err.Error()})
		return place{}, false
	}
	p := place{v, at}
	return p, r.is(p, strictjson.Object)
}

// is demands a value of a kind.
func (r *reader) is(p place, kind strictjson.Kind) bool {
	switch {
	case p.v.Kind() == kind:
		return true
	case !p.given():
		r.fault("required", p.at, "This may not be left out.")
	default:
		r.fault("wrong_type", p.at, "This is to be of the type "+kind.String()+".")
	}
	return false
}

// list yields the elements of a list that may be left out.
func (r *reader) list(p place) []place {
	if !p.given() || !r.is(p, strictjson.Array) {
		return nil
	}
	if p.v.Len() > maxList {
		r.fault("too_many", p.at, fmt.Sprintf("At most %d of these.", maxList))
		return nil
	}
	all := make([]place, 0, p.v.Len())
	for i, e := range p.v.Elements() {
		all = append(all, place{e, p.at + "/" + strconv.Itoa(i)})
	}
	return all
}

// table yields the members of an object that may be left out.
func (r *reader) table(p place) map[string]place {
	if !p.given() || !r.is(p, strictjson.Object) {
		return nil
	}
	if p.v.Len() > maxList {
		r.fault("too_many", p.at, fmt.Sprintf("At most %d of these.", maxList))
		return nil
	}
	all := make(map[string]place, p.v.Len())
	for name, e := range p.v.Members() {
		all[name] = place{e, strictjson.Pointer(p.at, name)}
	}
	return all
}

// only refuses members that are not named: where a misspelt one would change
// who earns what, it is not passed over.
func (r *reader) only(p place, names ...string) {
	for name := range p.v.Members() {
		if !slices.Contains(names, name) {
			r.fault("member_unknown", strictjson.Pointer(p.at, name), "Take this out, or spell it as one of: "+strings.Join(names, ", ")+".")
		}
	}
}

// text is one line that has to be there.
func (r *reader) text(p place, limit int) string {
	if !r.is(p, strictjson.String) {
		return ""
	}
	s := norm.NFC.String(strings.TrimSpace(p.v.Text()))
	switch {
	case s == "":
		r.fault("required", p.at, "This may not be empty.")
	case utf8.RuneCountInString(s) > limit:
		r.fault("too_long", p.at, fmt.Sprintf("At most %d characters.", limit))
	case strings.ContainsFunc(s, unseen):
		r.fault("control_character", p.at, "Take out control characters, line breaks and what changes the writing direction.")
	default:
		return s
	}
	return ""
}

// unseen tells of what makes two words that look alike differ; the joiners are
// part of the spelling of some languages.
func unseen(c rune) bool {
	if c == '\u200c' || c == '\u200d' {
		return false
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || c == unicode.ReplacementChar
}

// word is an id, status, level or role, as facts have them.
func (r *reader) word(p place) string { return r.text(p, maxWord) }

// words is a list of at least one word, each of them once.
func (r *reader) words(p place) []string { return r.several(p, r.word) }

func (r *reader) several(p place, read func(place) string) []string {
	if !r.is(p, strictjson.Array) {
		return nil
	}
	var all []string
	for _, e := range r.list(p) {
		word := read(e)
		if word != "" && slices.Contains(all, word) {
			r.fault("repeated", e.at, "This stands here twice; name it once.")
		}
		all = append(all, word)
	}
	if p.v.Len() == 0 {
		r.fault("required", p.at, "Name at least one.")
	}
	return all
}

// optional is a word that may be left out.
func (r *reader) optional(p place) string {
	if !p.given() {
		return ""
	}
	return r.word(p)
}

// slug is what may stand in an address of ours for ever.
func (r *reader) slug(p place) string {
	if !r.is(p, strictjson.String) {
		return ""
	}
	s := p.v.Text()
	if !isSlug(s) {
		r.fault("slug_invalid", p.at, "Use 1 to 63 small letters, digits and hyphens.")
		return ""
	}
	return s
}

func isSlug(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || i == 0) {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 63
}

// choice is one of some words, the first where it is left out.
func (r *reader) choice(p place, words ...string) string {
	if !p.given() {
		return words[0]
	}
	if r.is(p, strictjson.String) && !slices.Contains(words, p.v.Text()) {
		r.fault("not_allowed", p.at, "Use one of: "+strings.Join(words, ", ")+".")
	}
	return p.v.Text()
}

// number is a decimal that is not negative, as a number or a string.
func (r *reader) number(p place) (facts.Number, bool) {
	text := p.v.Raw()
	switch p.v.Kind() {
	case strictjson.Number:
	case strictjson.String:
		text = p.v.Text()
	default:
		r.is(p, strictjson.Number)
		return facts.Number{}, false
	}
	n, err := facts.ParseNumber(text)
	if err != nil {
		r.fault("number_invalid", p.at, "Give a decimal number such as 47.5, not below 0 and at most 1,000,000,000.")
	}
	return n, err == nil
}

// amount is a number that may be left out.
func (r *reader) amount(p place) facts.Number {
	if !p.given() {
		return facts.Number{}
	}
	n, _ := r.number(p)
	return n
}

// whole is a whole number; 0 where it is none.
func (r *reader) whole(p place) int {
	n, ok := r.number(p)
	if ok && !n.Rat().IsInt() {
		r.fault("number_invalid", p.at, "Give a whole number.")
		return 0
	}
	return int(n.Rat().Num().Int64()) // at most a billion
}

// count is a whole number that may be left out.
func (r *reader) count(p place) int {
	if !p.given() {
		return 0
	}
	return r.whole(p)
}

// day is YYYY-MM-DD, or left out.
func (r *reader) day(p place) string {
	if !p.given() || !r.is(p, strictjson.String) {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, p.v.Text()); err != nil {
		r.fault("date_invalid", p.at, "Give a day such as 2025-07-11.")
		return ""
	}
	return p.v.Text()
}

// moment is a day, which begins at midnight UTC, or a time of RFC 3339; or left
// out.
func (r *reader) moment(p place) time.Time {
	if !p.given() || !r.is(p, strictjson.String) {
		return time.Time{}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, strings.ToUpper(p.v.Text())); err == nil { // RFC 3339 has t and z too
			return t.UTC()
		}
	}
	r.fault("date_invalid", p.at, "Give a day such as 2025-07-11, or a time such as 2025-07-11T08:00:00Z.")
	return time.Time{}
}

// ReadActivity reads a definition. Members that are not known here are kept in
// Definition and otherwise passed over, but within rules and gates, where a
// misspelt one is a fault: a condition that is not understood must not count
// as met. All faults are told at once, as badge.Errors.
func ReadActivity(definition []byte) (*Activity, error) {
	var r reader
	p, ok := r.parse(definition, "")
	if !ok {
		return nil, r.errs
	}
	sum := sha256.Sum256(definition)
	a := &Activity{Definition: bytes.Clone(definition), Version: hex.EncodeToString(sum[:8])}
	r.head(a, p)
	r.parts(a, p)
	r.editions(a, p)
	a.Rubrics = r.rubrics(p.get("rubrics"))
	r.rules(a, p)
	r.policies(a, p)
	if err := r.errs.Err(); err != nil {
		return nil, err
	}
	return a, nil
}

func (r *reader) head(a *Activity, p place) {
	a.ID = r.slug(p.get("id"))
	if kind := p.get("kind"); r.is(kind, strictjson.String) {
		a.Kind = Kind(r.choice(kind, string(Course), string(Workshop), string(Event)))
	}
	a.Series = r.optional(p.get("series"))
	a.mode = r.optional(p.get("mode"))
	a.Title = map[string]string{}
	for language, text := range r.table(p.get("title")) {
		if !isLanguage(language) {
			r.fault("language_invalid", text.at, "Name a language such as en or pt-BR.")
		}
		a.Title[language] = r.text(text, maxText)
	}
	a.Hours = r.hours(p.get("hours"))
	a.Aliases = map[string][]string{}
	for source, names := range r.table(p.get("aliases")) {
		if !isSlug(source) {
			r.fault("slug_invalid", names.at, "A source has 1 to 63 small letters, digits and hyphens.")
		}
		a.Aliases[source] = r.several(names, func(p place) string { return r.text(p, maxText) })
	}
}

// hours are a number, or an object of which the total counts, or else the sum.
func (r *reader) hours(p place) facts.Number {
	if p.v.Kind() != strictjson.Object {
		return r.amount(p)
	}
	if total := p.get("total"); total.given() {
		return r.amount(total)
	}
	var sum facts.Number
	for _, e := range r.table(p) {
		sum = sum.Add(r.amount(e))
	}
	return sum
}

func (r *reader) language(p place) string {
	s := r.optional(p)
	if s != "" && !isLanguage(s) {
		r.fault("language_invalid", p.at, "Name a language such as en or pt-BR.")
	}
	return s
}

// isLanguage is loose: other code decides what is spoken.
func isLanguage(s string) bool {
	primary, _, _ := strings.Cut(s, "-")
	return 2 <= len(primary) && len(primary) <= 8 && len(s) <= 35 &&
		!strings.ContainsFunc(s, func(c rune) bool {
			return c != '-' && (c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c))
		})
}

// parts are modules with their items, or parts with totals only.
func (r *reader) parts(a *Activity, p place) {
	modules, parts := p.get("modules"), p.get("parts")
	if modules.given() && parts.given() {
		r.fault("parts_twice", parts.at, "Give modules with their items, or parts with totals, and not both.")
	}
	for _, m := range r.list(modules) {
		r.part(a, m, r.module)
	}
	for _, e := range r.list(parts) {
		r.part(a, e, func(p place) Part { return Part{Items: r.count(p.get("items")), Points: r.amount(p.get("points"))} })
	}
	var items int
	var points facts.Number
	for _, part := range a.Parts {
		items, points = items+part.Items, points.Add(part.Points)
	}
	a.Items, a.Points = items, points
	if total := p.get("items_total"); total.given() {
		if a.Items = r.whole(total); a.Items < items {
			r.fault("total_below_parts", total.at, fmt.Sprintf("The parts have %d items together; the whole cannot have fewer.", items))
		}
	}
	if total := p.get("points_total"); total.given() {
		if a.Points = r.amount(total); a.Points.Cmp(points) < 0 {
			r.fault("total_below_parts", total.at, fmt.Sprintf("The parts have %s points together; the whole cannot have fewer.", points))
		}
	}
}

func (r *reader) part(a *Activity, p place, read func(place) Part) {
	if !r.is(p, strictjson.Object) {
		return
	}
	part := read(p)
	part.ID = r.word(p.get("id"))
	if part.ID != "" && a.part(part.ID) != nil {
		r.fault("repeated", p.get("id").at, "Another part has this id; give each its own.")
	}
	a.Parts = append(a.Parts, part)
}

func (a *Activity) part(id string) *Part {
	for i := range a.Parts {
		if a.Parts[i].ID == id {
			return &a.Parts[i]
		}
	}
	return nil
}

// module counts the items and the points of what is graded.
func (r *reader) module(p place) (part Part) {
	for _, item := range r.list(p.get("items")) {
		if !r.is(item, strictjson.Object) {
			continue
		}
		part.Items++
		graded := item.get("graded")
		if graded.given() && !graded.v.IsBool() {
			r.fault("wrong_type", graded.at, "Say true or false.")
		}
		if graded.v.Bool() {
			n, _ := r.number(item.get("max_points"))
			part.Points = part.Points.Add(n)
		}
	}
	return part
}

// editions are the one that the definition is written around, and others in a
// list. What one of the list does not say of language, sessions and release, it
// has from there; days it has of its own.
func (r *reader) editions(a *Activity, p place) {
	var main Edition
	main.Gate.Mode = Immediate
	r.edition(&main, p)
	a.Language = main.Language
	main.ID, main.At = r.optional(p.get("edition")), p.get("edition").at
	list := r.list(p.get("editions"))
	if len(list) == 0 || main.ID != "" {
		a.Editions = append(a.Editions, main)
	} else if main.Start != "" || main.End != "" {
		r.fault("required", p.get("edition").at, "Name the edition that start and end belong to.")
	}
	for _, e := range list {
		if !r.is(e, strictjson.Object) {
			continue
		}
		one := Edition{Language: main.Language, Sessions: main.Sessions, Gate: main.Gate}
		one.Gate.ReleasedAt = time.Time{}
		r.edition(&one, e)
		one.ID, one.At = r.word(e.get("id")), e.get("id").at
		if slices.ContainsFunc(a.Editions, func(o Edition) bool { return o.ID == one.ID && o.ID != "" }) {
			r.fault("repeated", e.get("id").at, "Another edition has this id; give each its own.")
		}
		a.Editions = append(a.Editions, one)
	}
	if len(a.Editions) > 0 { // else there are faults
		a.Edition, a.Start, a.End = a.Editions[0].ID, a.Editions[0].Start, a.Editions[0].End
	}
}

func (r *reader) edition(e *Edition, p place) {
	e.Start, e.End = r.day(p.get("start")), r.day(p.get("end"))
	if e.Start != "" && e.End != "" && e.End < e.Start {
		r.fault("end_before_start", p.get("end").at, "The last day cannot be before the first.")
	}
	if l := r.language(p.get("language")); l != "" {
		e.Language = l
	}
	if sessions := p.get("sessions"); sessions.given() {
		e.Sessions = r.sessions(sessions)
	}
	if release := p.get("release"); release.given() {
		e.Gate = r.gate(release)
	}
}

func (r *reader) sessions(p place) []Session {
	var all []Session
	for _, e := range r.list(p) {
		if !r.is(e, strictjson.Object) {
			continue
		}
		s := Session{ID: r.word(e.get("id")), Date: r.day(e.get("date")), Hours: r.amount(e.get("hours"))}
		if slices.ContainsFunc(all, func(o Session) bool { return o.ID == s.ID && o.ID != "" }) {
			r.fault("repeated", e.get("id").at, "Another session has this id; give each its own.")
		}
		all = append(all, s)
	}
	return all
}

func (r *reader) gate(p place) (g Gate) {
	if !r.is(p, strictjson.Object) {
		return g
	}
	r.only(p, "mode", "date", "applies_to", "released_at", "note")
	if mode := p.get("mode"); r.is(mode, strictjson.String) {
		g.Mode = Mode(r.choice(mode, string(Immediate), string(OnDate), string(Manual)))
	}
	date := p.get("date")
	switch {
	case date.given() && g.Mode != OnDate:
		r.fault("not_allowed", date.at, "A date belongs to the mode on_date alone.")
	case g.Mode == OnDate && r.is(date, strictjson.String):
		g.Date = r.moment(date)
	}
	if to := p.get("applies_to"); to.given() {
		g.AppliesTo = r.several(to, r.slug)
	}
	g.ReleasedAt = r.moment(p.get("released_at"))
	return g
}

func (r *reader) rubrics(p place) map[string][]string {
	all := map[string][]string{}
	for id, levels := range r.table(p) {
		all[id] = r.words(levels)
	}
	return all
}

// policies are what is done when facts change, and how the steps of a ladder
// are given.
func (r *reader) policies(a *Activity, p place) {
	r.choice(p.get("on_downgrade"), "hold") // a worse result never takes a badge away by itself
	a.OnImprovement = Improvement(r.choice(p.get("on_improvement"), string(Keep), string(Reissue)))
	a.Ladders = map[string]Ladder{}
	for group, way := range r.table(p.get("ladder")) {
		a.Ladders[group] = Ladder(r.choice(way, string(LadderAll), string(LadderHighest)))
	}
}
