package programme

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"laurel/badge"
	"laurel/issuer"
)

// The bounds of one roster.
const (
	MaxRosterBytes = 2 << 20
	MaxRosterRows  = 5000
)

// Roster asks for badges for a list of people.
type Roster struct {
	Activity    string
	Achievement string // "": the one that each row's role earns
	Edition     string // "": the activity's
	CSV         []byte
	DryRun      bool
	Actor       string
	Test        bool // trials, as of issuer.Award
	// MayIssue bounds the issuers that the caller speaks for.
	MayIssue func(issuer string) bool
}

// Outcome is what became of one row.
type Outcome string

// The outcomes.
const (
	OutcomeIssued    Outcome = "issued"
	OutcomeWould     Outcome = "would_issue"
	OutcomeExisting  Outcome = "existing"
	OutcomeDuplicate Outcome = "duplicate_row"
	OutcomeBlank     Outcome = "skipped_blank"
	OutcomeNotMet    Outcome = "not_met"
	OutcomeError     Outcome = "error"
)

// Row is the answer for one line of the list.
type Row struct {
	Number     int // as a spreadsheet numbers it; the header is 1
	Ref        string
	Outcome    Outcome
	Code       string // why, for errors and for what is not met
	Message    string
	Credential *issuer.Record // issued or existing
}

// Summary counts rows by outcome.
type Summary map[Outcome]int

// Result is the answer to a roster, row by row.
type Result struct {
	Rows    []Row
	Summary Summary
}

// person is one line that says something.
type person struct {
	number                                             int
	ref, name, email, country, language, role, edition string
}

// Roster issues a badge for each person on the list. Good rows are issued and
// bad ones reported; a row that was served before answers with the badge it
// got. A fault of the list as a whole is badge.Errors.
func (p *Programme) Roster(ctx context.Context, r Roster) (*Result, error) {
	activity, err := p.Activity(ctx, r.Activity)
	if err != nil {
		return nil, err
	}
	lines, err := readList(r.CSV)
	if err != nil {
		return nil, err
	}
	result := &Result{Rows: make([]Row, len(lines)), Summary: Summary{}}
	work := p.sort(activity, r, lines, result)
	if err := p.award(ctx, r, work, result); err != nil {
		return nil, err
	}
	for _, row := range result.Rows {
		result.Summary[row.Outcome]++
	}
	return result, nil
}

// job is one award that a row leads to.
type job struct {
	row   int
	award issuer.Award
}

// sort answers the rows that need no issuer and lists the others.
func (p *Programme) sort(a *Activity, r Roster, lines []person, result *Result) []job {
	var work []job
	seen := people{refs: map[string]person{}, emails: map[string]person{}}
	for n, line := range lines {
		row := &result.Rows[n]
		row.Number, row.Ref = line.number, line.ref
		if line.blank() {
			row.Outcome = OutcomeBlank
			continue
		}
		if row.repeats(line, seen) {
			continue
		}
		award, code, message := p.awardFor(a, r, line)
		if code != "" {
			row.fail(code, message)
			continue
		}
		seen.add(line)
		if award.Achievement == "" {
			row.Outcome, row.Code, row.Message = OutcomeNotMet, "no_badge_for_role", "This role earns no badge by the list alone."
			continue
		}
		work = append(work, job{n, award})
	}
	return work
}

// people are those who stand on the list so far, by what tells them apart.
type people struct{ refs, emails map[string]person }

func (p people) add(l person) {
	p.refs[l.ref], p.emails[strings.ToLower(l.email)] = l, l
}

// repeats answers a row about somebody who stood on the list before. One
// address under two refs is two people or a mistake, which is not ours to
// decide.
func (row *Row) repeats(l person, seen people) bool {
	if first, ok := seen.refs[l.ref]; ok && l.ref != "" {
		row.Outcome, row.Message = OutcomeDuplicate, fmt.Sprintf("The same ref stands in row %d.", first.number)
		return true
	}
	first, ok := seen.emails[strings.ToLower(l.email)]
	switch {
	case !ok || l.email == "":
		return false
	case l.ref == "" || first.ref == "":
		row.Outcome, row.Message = OutcomeDuplicate, fmt.Sprintf("The same address stands in row %d.", first.number)
	default:
		row.fail("recipient_conflict", fmt.Sprintf("Row %d has the same address under another ref. Decide who of the two it belongs to.", first.number))
	}
	return true
}

func (row *Row) fail(code, message string) {
	row.Outcome, row.Code, row.Message = OutcomeError, code, message
}

func (l *person) blank() bool {
	return l.ref+strings.TrimSpace(l.name)+l.email+l.country+l.language+l.role+l.edition == ""
}

var roles = []string{"participant", "facilitator", "contributor", "observer"}

var countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)

// awardFor checks what belongs to lists; what belongs to every award is the
// issuer's to check.
func (p *Programme) awardFor(a *Activity, r Roster, l person) (award issuer.Award, code, message string) {
	name, err := issuer.CheckName(l.name)
	switch {
	case err != nil:
		code, message = nameFault(err)
		return award, code, message
	case l.email == "":
		return award, "email_missing", "Give an e-mail address."
	case l.country != "" && !knownCountry(l.country):
		return award, "country_unknown", "Use the two capital letters of ISO 3166, such as KE, or leave it out."
	case l.role != "" && !slices.Contains(roles, l.role):
		return award, "role_unknown", "Use participant, facilitator, contributor or observer."
	}
	role := l.role
	if role == "" {
		role = "participant"
	}
	award = issuer.Award{Achievement: r.Achievement, Edition: first(l.edition, r.Edition, a.Edition),
		Recipient: issuer.Recipient{Name: name, Email: l.email, ExternalID: l.ref},
		Role:      strings.ToUpper(role[:1]) + role[1:], Language: l.language, Actor: r.Actor, Test: r.Test,
		Once: true} // whoever was served is not served again, whatever became of the badge
	if award.Achievement == "" {
		award.Achievement = a.achievementFor(role)
	}
	award.ActivityStart, _ = optionalDate(a.Start) // checked when the activity was loaded
	award.ActivityEnd, _ = optionalDate(a.End)
	award.AwardedAt = award.ActivityEnd
	if award.AwardedAt.IsZero() || award.AwardedAt.After(p.now()) {
		award.AwardedAt = p.now()
	}
	return award, "", ""
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// nameFault gives the codes of lists for the rules of names.
func nameFault(err error) (code, message string) {
	var e *badge.Error
	if !errors.As(err, &e) {
		return "name_invalid", err.Error()
	}
	codes := map[string]string{"required": "name_missing", "too_long": "name_too_long",
		"control_character": "name_control_character", "name_suspicious": "name_suspicious"}
	return codes[e.Rule], e.Detail
}

// award asks the issuer for all jobs, several at a time: signing is bound by
// processors, and the store groups commits that arrive together.
func (p *Programme) award(ctx context.Context, r Roster, work []job, result *Result) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8 * runtime.GOMAXPROCS(0))
	for _, j := range work {
		group.Go(func() error { return p.awardOne(ctx, r, j.award, &result.Rows[j.row]) })
	}
	return group.Wait()
}

// awardOne fills in one row. An error is a fault of ours and ends the roster;
// what was issued by then stays, and a retry finds it.
func (p *Programme) awardOne(ctx context.Context, r Roster, a issuer.Award, row *Row) error {
	ach, err := p.issuer.Achievement(ctx, a.Achievement)
	if errors.Is(err, issuer.ErrNotFound) || (err == nil && !r.MayIssue(ach.Issuer)) {
		row.fail("achievement_unknown", "There is no such achievement for this token.")
		return nil
	} else if err != nil {
		return err
	}
	issue := p.issuer.Issue
	if r.DryRun {
		issue = p.issuer.Preview
	}
	issued, err := issue(ctx, a)
	var fault *badge.Error
	switch {
	case errors.As(err, &fault):
		row.fail(rowCode(fault), fault.Detail)
	case err != nil:
		return err
	case issued == nil:
		row.Outcome = OutcomeWould
	case issued.Existing:
		row.Outcome, row.Credential = OutcomeExisting, issued.Record
	default:
		row.Outcome, row.Credential = OutcomeIssued, issued.Record
	}
	return nil
}

func rowCode(e *badge.Error) string {
	if e.Pointer == "/recipient/email" {
		return "email_invalid"
	}
	return e.Rule
}

// refuse is a fault of the list as a whole.
func refuse(rule, detail string) error {
	return badge.Errors{{Code: badge.ParsingError, Rule: rule, Detail: detail}}
}

// readList reads a spreadsheet's CSV: a header line, separated by comma,
// semicolon or tab, UTF-8 with or without byte order mark, any line ends.
func readList(raw []byte) ([]person, error) {
	if len(raw) > MaxRosterBytes {
		return nil, refuse("too_large", "A roster has at most 2 MiB; split it.")
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		return nil, refuse("invalid_encoding", "Save the list as UTF-8 (in a spreadsheet: CSV UTF-8).")
	}
	if !bytes.Contains(raw, []byte("\n")) {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n")) // line ends of old spreadsheets
	}
	header, _, _ := bytes.Cut(raw, []byte("\n"))
	reader := csv.NewReader(bytes.NewReader(raw))
	reader.Comma = separator(string(header))
	reader.FieldsPerRecord = -1
	names, err := reader.Read()
	if err != nil {
		return nil, refuse("header_missing", "The first line names the columns: name, email, ref, country, language, sector, role, edition.")
	}
	columns, err := columnsOf(names)
	if err != nil {
		return nil, err
	}
	return readPeople(reader, columns, lineBreaks(names))
}

// readPeople reads the rows below the header. A cell of several lines is one
// row to a spreadsheet, so the line breaks within cells, inFields so far, do
// not count.
func readPeople(reader *csv.Reader, columns map[string]int, inFields int) ([]person, error) {
	var people []person
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return people, nil
		} else if err != nil {
			return nil, refuse("malformed_csv", "The list cannot be read: "+err.Error())
		}
		if len(people) == MaxRosterRows {
			return nil, refuse("too_many_rows", fmt.Sprintf("A roster has at most %d rows; split it.", MaxRosterRows))
		}
		line, _ := reader.FieldPos(0)
		people = append(people, personOf(line-inFields, fields, columns))
		inFields += lineBreaks(fields)
	}
}

func lineBreaks(fields []string) int {
	n := 0
	for _, f := range fields {
		n += strings.Count(f, "\n")
	}
	return n
}

func separator(header string) rune {
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// columnsOf finds the columns by name; there must be one called name.
func columnsOf(names []string) (map[string]int, error) {
	columns := make(map[string]int, len(names))
	for n, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, known := columns[name]; known && name != "" {
			return nil, refuse("header_repeated", fmt.Sprintf("Two columns are called %q.", name))
		}
		columns[name] = n
	}
	if _, ok := columns["name"]; !ok {
		return nil, refuse("header_missing", "A column called name is missing in the first line.")
	}
	return columns, nil
}

func personOf(line int, fields []string, columns map[string]int) person {
	whole := func(name string) string {
		if n, ok := columns[name]; ok && n < len(fields) {
			return fields[n]
		}
		return ""
	}
	get := func(name string) string { return strings.TrimSpace(whole(name)) }
	// The name is handed on as it stands: its first character and control
	// characters are for the one rule of names to judge.
	return person{number: line, ref: get("ref"), name: whole("name"), email: get("email"), country: get("country"),
		language: get("language"), role: get("role"), edition: get("edition")}
}
