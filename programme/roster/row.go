package roster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/programme/facts"
	"laurel/programme/region"
)

// maxText bounds what is kept of a cell: a ref, a sector, an edition.
const maxText = 200

// reader reads one row and keeps the first faults.
type reader struct {
	*columns
	Row
}

func (r *reader) fail(code, message string) {
	f := &Fault{Code: code, Message: message}
	if r.Fault == nil {
		r.Fault = f
	}
	if r.other == nil && code != "name_missing" && code != "email_missing" {
		r.other = f
	}
}

// cell is one cell with its place.
type cell struct {
	column
	at      int
	text    string // as it stands
	formula bool
}

// row reads one row. Faults are told in the order of importance to people:
// who, then what.
func (c *columns) row(l line) Row {
	r := &reader{columns: c, Row: Row{Number: l.number, Blank: l.fault == nil, Fault: l.fault, other: l.fault}}
	var who, what []cell
	for n, text := range l.cells {
		if strings.TrimSpace(text) != "" {
			r.Blank = false
		}
		one := cell{at: n, text: text, formula: slices.Contains(l.formulas, n)}
		switch {
		case n >= len(c.all):
			r.stray(one)
			continue
		case c.all[n].meaning == unknown:
			c.nameless[n] = c.nameless[n] || strings.TrimSpace(text) != ""
			continue
		}
		one.column = c.all[n]
		if one.meaning == person {
			who = append(who, one)
		} else {
			what = append(what, one)
		}
	}
	if r.Blank {
		return Row{Number: l.number, Blank: true}
	}
	r.who(who)
	for _, one := range what {
		r.what(one)
	}
	r.share(what)
	return r.Row
}

// stray is a cell beyond the header: most often a name with a comma in it
// that was not quoted, so that everything after it stands in the wrong column.
func (r *reader) stray(c cell) {
	if strings.TrimSpace(c.text) != "" {
		r.fail("too_many_cells", "The row has more cells than the first line has names; put quotation marks around cells that have the separator in them.")
	}
}

// who reads the fixed columns.
func (r *reader) who(cells []cell) {
	by := map[string]cell{}
	for _, c := range cells {
		by[c.id] = c
	}
	if c, ok := by["name"]; ok || r.columns.Name {
		r.name(c)
	}
	if c, ok := by["email"]; ok || r.columns.Email {
		r.email(c)
	}
	r.country(by["country"])
	r.role(by["role"])
	ref, ok := r.line(by["ref"])
	if !ok { // it is shown as it stands, if it can be, so that the row is found
		if as, err := issuer.CheckLine(by["ref"].text, maxText); err == nil {
			ref = as
		}
	}
	r.Ref = ref
	if r.columns.Ref && !r.columns.Email && r.Ref == "" {
		r.fail("ref_missing", "Give the ref of the person.")
	}
	r.Sector, _ = r.line(by["sector"])
	r.Edition, _ = r.line(by["edition"])
	if tag, ok := r.line(by["language"]); ok {
		r.language(tag)
	}
}

// name hands the cell on as it stands: its first character and control
// characters are for the one rule of names to judge.
func (r *reader) name(c cell) {
	if c.formula {
		r.formula(c)
		return
	}
	name, err := issuer.CheckName(c.text)
	if err != nil {
		r.fail(ruled("name", err))
		return
	}
	r.Name = name
}

func (r *reader) email(c cell) {
	text, ok := r.line(c)
	if !ok {
		return
	}
	if text == "" {
		r.fail("email_missing", "Give an e-mail address.")
		return
	}
	email, err := issuer.CheckEmail(text)
	if err != nil {
		r.fail("email_invalid", "Give one e-mail address, such as ana@example.org.")
		return
	}
	r.Email = email
}

func (r *reader) country(c cell) {
	text, ok := r.line(c)
	if !ok || text == "" {
		return
	}
	if !region.Country(text) {
		r.fail("country_unknown", "Use the two capital letters of ISO 3166, such as KE, or leave it out.")
		return
	}
	r.Country = text
}

func (r *reader) role(c cell) {
	text, ok := r.line(c)
	if !ok || text == "" {
		return
	}
	role, ok := among(r.vocabulary.Roles, text)
	if !ok {
		r.fail("role_unknown", "Use "+alternatives(r.vocabulary.Roles)+", or leave it out.")
		return
	}
	r.Role, r.Facts.Roles = role, facts.Set{role: time.Time{}}
}

func (r *reader) language(tag string) {
	usual, ok := completion.Language(tag)
	if !ok && tag != "" {
		r.fail("language_invalid", "Give a language tag such as en, fr or pt-BR, or leave it out.")
		return
	}
	r.Language = usual
}

// line is the text of a cell, trimmed, unless it may not be taken: false then,
// and the row has its fault.
func (r *reader) line(c cell) (string, bool) {
	switch {
	case c.formula || suspicious(c.text):
		r.formula(c)
	case utf8.RuneCountInString(c.text) > MaxCell:
		r.fail(c.code("too_long"), "A cell has at most "+strconv.Itoa(MaxCell)+" characters.")
	default:
		text, err := issuer.CheckLine(c.text, maxText)
		if err == nil {
			return text, true
		}
		_, message := ruled("", err)
		r.fail(c.code(rule(err)), message)
	}
	return "", false
}

// suspicious tells text that a spreadsheet would run as a formula. A dash
// alone is what people write for nothing.
func suspicious(text string) bool {
	text = strings.TrimLeft(text, " ")
	return strings.IndexAny(text, "=+-@\t\r＝＋－＠") == 0 && strings.TrimSpace(text) != "-"
}

// nothing tells a cell that says nothing.
func nothing(text string) bool { return text == "" || text == "-" || text == "–" }

func (r *reader) formula(c cell) {
	r.fail(c.code("suspicious"), fmt.Sprintf("The cell in column %d begins like a formula, or is one; put plain text there.", c.at+1))
}

// code names what is wrong with a cell: by its column where that is fixed.
func (c cell) code(what string) string {
	if c.meaning == person {
		return c.id + "_" + what
	}
	return "cell_" + what
}

// rule is the rule that an error of the issuer names.
func rule(err error) string {
	var e *badge.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return "invalid"
}

// ruled gives the code and the words for a rule of the issuer that a column
// broke.
func ruled(column string, err error) (code, message string) {
	var e *badge.Error
	if errors.As(err, &e) {
		message = e.Detail
	}
	switch what := rule(err); what {
	case "required":
		return column + "_missing", message
	case "name_suspicious", "name_unreadable":
		return what, message
	default:
		return column + "_" + what, message
	}
}

// among finds a word in the activity's own spelling.
func among(words []string, text string) (string, bool) {
	n := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, text) })
	if n < 0 {
		return "", false
	}
	return words[n], true
}

func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// what reads a cell about what somebody did. An empty one says nothing.
func (r *reader) what(c cell) {
	text, ok := r.line(c)
	if !ok || nothing(text) {
		return
	}
	switch c.meaning {
	case session:
		r.session(c.id, text)
	case submission:
		r.submission(c.id, text)
	case part:
		r.part(c.id, text)
	case rubric:
		r.level(c.id, text)
	case attended:
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > MaxCell {
			r.fail("sessions_invalid", "Give the number of sessions attended, such as 3.")
			return
		}
		r.Facts.Attended = &facts.Count{N: n}
	case approver:
		r.Facts.Approved = facts.Set{text: time.Time{}}
	}
}

func (r *reader) session(id, text string) {
	switch strings.ToLower(text) {
	case "1", "yes", "y", "x", "true", "✓", "✔":
		if r.Facts.Sessions == nil {
			r.Facts.Sessions = facts.Set{}
		}
		r.Facts.Sessions[id] = time.Time{}
	case "0", "no", "n", "false":
	default:
		r.fail("session_invalid", "Write 1 for who was there and 0 for who was not.")
	}
}

// word is what a status or a level looks like.
var word = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// submission reads the status of a piece of work; what is missing is nothing.
func (r *reader) submission(id, text string) {
	status := strings.ToLower(text)
	switch {
	case status == "missing":
	case !word.MatchString(status):
		r.fail("submission_invalid", "Give the status in a word, such as accepted, resubmit or missing.")
	default:
		if r.Facts.Submissions == nil {
			r.Facts.Submissions = map[string]facts.Set{}
		}
		r.Facts.Submissions[id] = facts.Set{status: time.Time{}}
	}
}

func (r *reader) level(id, text string) {
	level := strings.ToLower(text)
	if levels := r.vocabulary.Rubrics[id]; len(levels) > 0 {
		known, ok := among(levels, text)
		if !ok {
			r.fail("level_unknown", "Use "+alternatives(levels)+", or leave it out.")
			return
		}
		level = known
	} else if !word.MatchString(level) {
		r.fail("level_unknown", "Give the level in a word, such as proficient.")
		return
	}
	if r.Facts.Rubrics == nil {
		r.Facts.Rubrics = map[string]facts.Set{}
	}
	r.Facts.Rubrics[id] = facts.Set{level: time.Time{}}
}

func (r *reader) part(id, text string) {
	got, err := r.number(strings.TrimSpace(strings.TrimSuffix(text, "%")))
	if err != nil || got.Cmp(facts.Whole(100)) > 0 {
		r.fail("percent_invalid", "Give a number from 0 to 100.")
		return
	}
	if r.Facts.Parts == nil {
		r.Facts.Parts = map[string]facts.Part{}
	}
	r.Facts.Parts[id] = facts.Part{Visits: &facts.Share{Got: got, Of: facts.Whole(100)}}
}

// share reads points and max, which say something together only.
func (r *reader) share(cells []cell) {
	var got, of string
	for _, c := range cells {
		text := strings.TrimSpace(c.text)
		switch c.meaning {
		case points:
			got = text
		case maximum:
			of = text
		}
	}
	if nothing(got) {
		return
	}
	n, err := r.number(got)
	whole, errOf := r.number(of)
	if err != nil || errOf != nil {
		r.fail("points_invalid", "Give points and max as numbers, such as 47.9 and 60.")
		return
	}
	r.Facts.Points = &facts.Share{Got: n, Of: whole}
}

// number reads a decimal. The comma is one only where it does not separate
// columns: in lists that have semicolons for that.
func (r *reader) number(text string) (facts.Number, error) {
	if r.decimalComma && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	return facts.ParseNumber(text)
}
