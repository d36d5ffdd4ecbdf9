package programme

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/programme/facts"
	"laurel/programme/roster"
	"laurel/programme/rules"
	"laurel/store"
)

// Roster is a list of people that an organiser uploads: who they are, what they
// did, or both.
type Roster struct {
	Activity    string
	Achievement string // the only one to be awarded; "": all that can be earned
	Edition     string // "": the one of the row, or the activity's only one
	// Source is the platform whose ids of people the refs are. "": they are the
	// organiser's own, of this activity.
	Source string
	List   []byte // CSV or .xlsx
	// OccurredAt is when that happened which the list tells. Zero: the end of
	// the edition, and for somebody of whom a released edition knows something
	// already, now.
	OccurredAt time.Time
	DryRun     bool
	Atomic     bool // all rows or none
	// Renamed says that whoever has another name than their ref had before is
	// the same person, where no address tells.
	Renamed bool
	// Shared says that whoever has another name than somebody with the same
	// address, and not their ref, is another person, who reads mail there too.
	Shared bool
	// Erased says that who was erased is to be served again.
	Erased bool
	// Tell hears of each part of the list as soon as it is durable; it may be
	// nil.
	Tell func(Progress)
}

// Progress is a part of a list that was taken in, or where nothing is durable
// before all is, how far the work is.
type Progress struct {
	Upload   string // as in Result
	Rows     []Row
	Done, Of int  // rows so far, and all; of Signed badges
	Step     Step // "": Rows are answered for good
}

// Step is what is done with a list as a whole.
type Step string

// The steps of a list that is but tried, or of which all rows or none are wanted.
const (
	Checked Step = "checked" // rows
	Signed  Step = "signed"  // badges, which are on no record yet
)

// Row is the answer for one line of a list.
type Row struct {
	Number  int // as a spreadsheet numbers it; the header is 1
	Ref     string
	Name    string
	Email   string
	Outcome Outcome
	Code    string // why, for errors and for what is not met
	Message string
	Of      int // of a row that says no more, or that is taken together with another: the number of that
	Awards  []AwardOutcome
	Open    []Open
	// Credential is the id of the badge that the row is about most; "" for
	// none.
	Credential string
}

// Summary counts rows by outcome.
type Summary map[Outcome]int

// Result is the answer to a list, row by row.
type Result struct {
	Upload  string // id, by which it can be taken back; "" where nothing was kept
	Rows    []Row
	Summary Summary
	Ignored []string // names of columns that say nothing here
	Refused bool     // Atomic, and a row has an error: nothing was done
}

// listSource is the source under which the refs of an activity's lists are
// known.
func listSource(activity string) string { return "list/" + activity }

// lister works through one list.
type lister struct {
	*Programme
	caller   Caller
	roster   Roster
	activity *rules.Activity
	list     *roster.List
	repeats  map[int]roster.Repeat
	kinds    map[rules.Code]bool // of facts that the list tells of anybody
	upload   string
	digest   string   // of what the list says
	same     []string // uploads that said just that, and stand
	kept     bool     // the upload is on record
	checked  int      // rows of which was told that they were checked
	now      time.Time
}

// Roster takes in a list. Good rows are taken in and bad ones reported; a row
// that was served before answers with what it got. A fault of the list as a
// whole is badge.Errors.
func (p *Programme) Roster(ctx context.Context, c Caller, r Roster) (*Result, error) {
	ls, err := p.lister(ctx, c, r)
	if err != nil {
		return nil, err
	}
	result := &Result{Rows: make([]Row, len(ls.list.Rows)), Summary: Summary{}, Ignored: ls.list.Columns.Ignored}
	if err := ls.work(ctx, result); err != nil {
		return nil, err
	}
	result.Upload, result.Summary = ls.stands(), summary(result.Rows)
	return result, nil
}

// stands is the id of the upload, if it is on record.
func (ls *lister) stands() string {
	if ls.kept {
		return ls.upload
	}
	return ""
}

func summary(rows []Row) Summary {
	s := Summary{}
	for _, row := range rows {
		s[row.Outcome]++
	}
	return s
}

func (p *Programme) lister(ctx context.Context, c Caller, r Roster) (*lister, error) {
	a, err := p.Activity(ctx, r.Activity)
	if err != nil {
		return nil, err
	}
	if _, ok := a.FindEdition(r.Edition); !ok && r.Edition != "" {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "unknown_edition", Detail: "The activity has no edition " + r.Edition + "."}}
	}
	if r.OccurredAt.After(p.issuer.Now().Add(completion.Skew)) {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "occurred_in_future", Detail: "This lies in the future; a list tells what has happened."}}
	}
	if !r.OccurredAt.IsZero() && r.OccurredAt.Unix() < 0 {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "date_invalid", Detail: "This is before 1970, where the times of badges begin."}}
	}
	if r.Source != "" && issuer.CheckSlug(r.Source) != nil {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "source_invalid", Detail: "A source has a slug such as lms-a."}}
	}
	ls := &lister{Programme: p, caller: c, roster: r, activity: a, now: p.issuer.Now()}
	if ls.list, err = roster.Read(r.List, vocabulary(a)); err != nil {
		return nil, err
	}
	if ls.list.Columns.Bare && r.Achievement == "" {
		return nil, vocabulary(a).Unknown(ls.list.Columns)
	}
	if err := ls.compare(ctx); err != nil {
		return nil, err
	}
	ls.repeats = ls.list.Join(r.Shared)
	ls.kinds = kindsOf(ls.list)
	ls.upload, err = p.issuer.NewID()
	return ls, err
}

// compare finds the uploads of which the list says nothing else.
func (ls *lister) compare(ctx context.Context) error {
	rows := slices.DeleteFunc(slices.Clone(ls.list.Rows), func(row roster.Row) bool { return row.Blank })
	for n := range rows {
		rows[n].Number = 0
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encoding a list: %w", err)
	}
	r := &ls.roster
	ls.digest = ls.issuer.Digest("list", ls.activity.ID, r.Achievement, r.Edition, r.Source, r.OccurredAt.UTC().Format(time.RFC3339Nano), string(raw))
	before, err := ls.Uploads(ctx, ls.caller, ls.activity.ID)
	for n := range before {
		if u := &before[n]; u.Digest == ls.digest && u.TakenBack.IsZero() {
			ls.same = append(ls.same, u.ID)
		}
	}
	return err
}

// errRefused undoes a list of which all rows or none are wanted.
var errRefused = errors.New("programme: a row has an error")

// work takes in the rows, a part at a time, or all at once where all or none
// are wanted or nothing is to be done: a trial of a later row sees those before it.
func (ls *lister) work(ctx context.Context, result *Result) (err error) {
	if ls.roster.Atomic || ls.roster.DryRun {
		err = ls.atOnce(ctx, result)
	} else {
		err = ls.inParts(ctx, ls.parts(result.Rows))
	}
	if err != nil {
		return fmt.Errorf("taking in a list: %w", err)
	}
	return nil
}

func (ls *lister) tellRows(rows []Row, from, to int) {
	if ls.roster.Tell != nil && to > from {
		ls.roster.Tell(Progress{Upload: ls.stands(), Rows: rows[from:to], Done: to, Of: len(rows)})
	}
}

// parts are the rows of a list.
func (ls *lister) parts(rows []Row) parts {
	kept := false
	return parts{
		all: len(rows),
		rehearse: func(s *session, from, to int) error {
			for n := from; n < to; n++ {
				if err := ls.row(s, n, new(Row)); err != nil {
					return err
				}
			}
			return nil
		},
		do: func(s *session, from, to int) (err error) {
			for n := from; n < to; n++ {
				if err := ls.row(s, n, &rows[n]); err != nil {
					return err
				}
			}
			kept, err = ls.keep(s, rows[:to])
			return err
		},
		done: func(from, to int) {
			ls.kept = kept
			ls.tellRows(rows, from, to)
		},
	}
}

// atOnce takes in all rows or none, or tries what would become of them.
func (ls *lister) atOnce(ctx context.Context, result *Result) error {
	rows, kept := result.Rows, false
	err := ls.runTelling(ctx, ls.roster.DryRun, ls.signed(len(rows)), func(s *session) (err error) {
		for n := range rows {
			if err := ls.row(s, n, &rows[n]); err != nil {
				return err
			}
			if ls.roster.DryRun {
				rows[n].would()
			}
			ls.tellChecked(n + 1)
		}
		failed := func(r Row) bool { return r.Outcome == OutcomeError }
		if ls.roster.Atomic && slices.ContainsFunc(rows, failed) {
			return errRefused
		}
		kept, err = ls.keep(s, rows)
		return err
	})
	switch {
	case errors.Is(err, errRefused):
		result.Refused = true
		for n := range rows {
			rows[n].would()
		}
	case err != nil:
		return err
	default:
		ls.kept = kept
	}
	ls.tellRows(rows, 0, len(rows))
	return nil
}

// keep puts the upload on record once it told something new.
func (ls *lister) keep(s *session, rows []Row) (kept bool, err error) {
	if ls.roster.DryRun || !ls.kept && !s.listed {
		return ls.kept, nil
	}
	return true, ls.keepUpload(s, rows)
}

// whole tells of a list that is one piece of work, of some hundreds of rows.
func (ls *lister) whole(rows int) bool { return ls.roster.Tell != nil && rows > chunk }

// tellChecked tells now and then how many rows of one piece of work were looked
// at, the first time that they are.
func (ls *lister) tellChecked(rows int) {
	if of := len(ls.list.Rows); ls.whole(of) && rows%chunk == 0 && rows > ls.checked && rows < of {
		ls.checked = rows
		ls.roster.Tell(Progress{Done: rows, Of: of, Step: Checked})
	}
}

// signed tells how many badges of one piece of work were signed; nil where
// nobody needs to hear.
func (ls *lister) signed(rows int) func(done, of int) {
	if !ls.whole(rows) {
		return nil
	}
	return func(done, of int) {
		if done%chunk == 0 || done == of {
			ls.roster.Tell(Progress{Done: done, Of: of, Step: Signed})
		}
	}
}

// would puts an answer in the words of what was not done.
func (row *Row) would() {
	if row.Outcome == OutcomeIssued {
		row.Outcome, row.Credential = OutcomeWould, ""
	}
	for n := range row.Awards {
		if a := &row.Awards[n]; a.Outcome == OutcomeIssued {
			a.Outcome, a.Credential = OutcomeWould, ""
		}
	}
}

// row answers one row.
func (ls *lister) row(s *session, n int, row *Row) error {
	line := &ls.list.Rows[n]
	*row = Row{Number: line.Number, Ref: line.Ref, Name: line.Name, Email: line.Email}
	repeat, again := ls.repeats[n]
	again = again && !(repeat.Conflict && ls.roster.Shared) // which is looked at name by name
	switch {
	case line.Blank:
		row.Outcome = OutcomeBlank
	case again && repeat.OtherPerson:
		row.fail("recipient_conflict", fmt.Sprintf("Row %d has the same ref with another name, and no address that says that it is the same person. Give each person a ref of their own.", repeat.Of))
	case again && repeat.Crowded:
		row.refuse(errAddressCrowded)
	case again && repeat.Contradicts != "":
		row.fail("rows_contradict", fmt.Sprintf("Row %d is about the same person and says something else in the column %s. Decide which of the two is so, and leave the other off the list.", repeat.Of, repeat.Contradicts))
	case again && repeat.More:
		row.Outcome, row.Of, row.Message = OutcomeJoined, repeat.Of, fmt.Sprintf("This is taken together with row %d, which is about the same person and has the answer.", repeat.Of)
	case again && !repeat.Conflict:
		row.Outcome, row.Of, row.Message = OutcomeDuplicate, repeat.Of, fmt.Sprintf("The same person stands in row %d.", repeat.Of)
	case again:
		row.fail("recipient_conflict", fmt.Sprintf("Row %d has the same address under another ref or name. Decide who of the two it belongs to; or, where two people read mail there, upload the list with accept=shared.", repeat.Of))
	case line.Fault != nil:
		row.fail(line.Fault.Code, line.Fault.Message)
	default:
		err := s.part(func(s *session) error { return ls.person(s, line, row) })
		if isFault(err) {
			row.refuse(err)
			return nil
		}
		return err
	}
	return nil
}

func (row *Row) fail(code, message string) {
	row.Outcome, row.Code, row.Message = OutcomeError, code, message
	row.Awards, row.Open, row.Credential = nil, nil, ""
}

// refuse puts a fault in the words of lists.
func (row *Row) refuse(err error) {
	var fault *badge.Error
	var no *Forbidden
	var keyless *issuer.NoKeyError
	switch {
	case errors.Is(err, errAddressTaken):
		row.fail("recipient_conflict", "This address is known under another ref. Decide who of the two it belongs to; or, where two people read mail there, upload the row with accept=shared.")
	case errors.Is(err, errRefTaken):
		row.fail("recipient_conflict", "This ref is known here with another name and another address. Give each person a ref of their own, or correct the name or the address first.")
	case errors.Is(err, errRenamed):
		row.fail("recipient_conflict", "This ref is known here with another name, and no address says whether it is the same person. Give each person a ref of their own; or, where the name has changed, upload the row with accept=renamed.")
	case errors.Is(err, errAddressCrowded):
		row.fail("address_crowded", fmt.Sprintf("At most %d people of different names can have one address. Give this person an address of their own.", roster.MaxAtAddress))
	case errors.Is(err, errErased):
		row.fail("erased", "This person was erased at their request. Take the row off the list; or, where they want to be served again, upload it with accept=erased.")
	case errors.As(err, &no):
		row.fail(no.Rule, no.Detail)
	case errors.As(err, &keyless):
		row.fail("issuer_without_key", "The issuer "+keyless.Issuer+" has no key to sign with. When it has one, upload the row again.")
	case errors.As(err, &fault) && fault.Pointer == "/recipient/email":
		row.fail("email_invalid", fault.Detail)
	case errors.As(err, &fault):
		row.fail(fault.Rule, fault.Detail)
	default:
		row.fail("refused", err.Error())
	}
}

// person takes in what a row tells of somebody, and awards what is earned.
func (ls *lister) person(s *session, line *roster.Row, row *Row) error {
	sc, err := ls.scene(s, line)
	if err != nil {
		return err
	}
	told := completion.Learner{ID: line.Ref, Email: line.Email, Name: line.Name, Language: line.Language, Country: line.Country, Sector: line.Sector}
	if err := s.notErased(sc.teller, told, ls.roster.Erased); err != nil {
		return err
	}
	l, err := s.learner(sc.teller, told, ls.now)
	if err != nil {
		return err
	}
	if !l.known() {
		return badge.Errors{{Rule: "person_unknown", Detail: "Nobody with this ref is known here. Upload the list with the names first, or add a column name."}}
	}
	at, err := ls.when(s, sc, l)
	if err != nil {
		return err
	}
	did := line.Facts.Dated(at)
	if err := ls.listed(s, sc, l, did, at); err != nil {
		return err
	}
	v, err := ls.verdict(s, sc, l, at)
	if err != nil {
		return err
	}
	if l.news {
		var but []place
		if sc.only != "" { // nothing else is to be awarded here
			but = []place{{sc.activity.ID, sc.edition.ID}}
		}
		if err := s.decideAnew(sc.caller(), l, but...); err != nil {
			return err
		}
	}
	row.answer(v, ls.kinds, sc.only)
	if row.Outcome != OutcomeNotMet {
		return nil
	}
	had, err := s.broughtBefore(sc, l, v, did)
	if had {
		row.take(v, OutcomeExisting)
	}
	return err
}

// broughtBefore tells whether something was awarded by a list that said the same: who
// stands on it again has what it brings.
func (s *session) broughtBefore(sc *scene, l *learner, v *verdict, told facts.Facts) (bool, error) {
	for _, held := range v.Awards {
		a, err := s.award(sc, l, held.Achievement)
		if err != nil {
			return false, err
		}
		if held.Outcome != OutcomeExisting || a == nil || a.Upload == "" {
			continue
		}
		if says, err := s.says(sc, l, a.Upload, told); says || err != nil {
			return says, err
		}
	}
	return false, nil
}

func (ls *lister) scene(s *session, line *roster.Row) (*scene, error) {
	edition := line.Edition
	if edition == "" {
		edition = ls.roster.Edition
	}
	t := teller{realm: ls.caller.realm(), source: cmp.Or(ls.roster.Source, listSource(ls.activity.ID)), by: listPrefix + ls.upload,
		trusted: true, list: true, renamed: ls.roster.Renamed, shared: ls.roster.Shared}
	sc, err := s.setScene(&ls.caller, t, ls.activity, edition)
	if err == nil {
		sc.upload, sc.only = ls.upload, ls.roster.Achievement
	}
	return sc, err
}

// when is when that happened which the list tells of somebody.
func (ls *lister) when(s *session, sc *scene, l *learner) (time.Time, error) {
	if !ls.roster.OccurredAt.IsZero() {
		return ls.roster.OccurredAt, nil
	}
	end, _ := optionalDate(sc.edition.End) // read with the activity
	if end.IsZero() || end.After(ls.now) {
		return ls.now, nil
	}
	if sc.released.IsZero() {
		return end, nil
	}
	before, err := s.gathered(sc, l, time.Time{})
	if err != nil || before.Empty() {
		return end, err
	}
	return ls.now, nil
}

// listed keeps what the list tells of somebody, and that they stood on it: also
// what is known already, which stays so when the list that told it first is taken
// back. A list that stands and comes again is still one list.
func (ls *lister) listed(s *session, sc *scene, l *learner, told facts.Facts, at time.Time) error {
	again, err := ls.toldBefore(s, sc, l, told)
	if err != nil || again || told.Empty() && sc.ruled() {
		return err
	}
	if at, err = s.sinceWhen(sc, l, told, at); err != nil {
		return err
	}
	k := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, sc.by)
	var h facts.History
	if _, err := get(s.tx, k, &h); err != nil {
		return err
	}
	h.Tell(told, at)
	return errors.Join(store.PutJSON(s.tx, k, h), s.tick(sc, l))
}

// ruled tells whether what is asked about is awarded by rules.
func (sc *scene) ruled() bool { return sc.only == "" || sc.activity.Rule(sc.only) != nil }

// toldBefore tells whether the same list told this before.
func (ls *lister) toldBefore(s *session, sc *scene, l *learner, told facts.Facts) (bool, error) {
	for _, upload := range ls.same {
		if says, err := s.says(sc, l, upload, told); says || err != nil {
			return says, err
		}
	}
	return false, nil
}

// says tells whether a list says of somebody what is told, too.
func (s *session) says(sc *scene, l *learner, upload string, told facts.Facts) (bool, error) {
	var h facts.History
	found, err := get(s.tx, sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, listPrefix+upload), &h)
	if err != nil || !found {
		return false, err
	}
	_, within := told.Within(h.Known())
	return within, nil
}

// sinceWhen is when that came to be which a list tells: what is known already is
// no newer for being told again.
func (s *session) sinceWhen(sc *scene, l *learner, told facts.Facts, at time.Time) (time.Time, error) {
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return at, err
	}
	more := known.Clone()
	more.Merge(told)
	if same, err := alike(known, more); err != nil || !same {
		return at, err
	}
	if since, ok := told.Within(known); ok && since.Before(at) {
		at = since
	}
	return at, nil
}

// verdict is what the rules say, or where the list names an achievement that
// no rule of the activity awards, what the organiser says.
func (ls *lister) verdict(s *session, sc *scene, l *learner, at time.Time) (*verdict, error) {
	if sc.ruled() {
		return s.decide(sc, l)
	}
	t, err := s.template(sc.only)
	if err != nil {
		return nil, err
	}
	if !sc.mayIssue(t.Issuer) {
		return nil, badge.Errors{{Rule: "achievement_unknown", Detail: "There is no such achievement for this token."}}
	}
	if err := ls.freeStanding(s, t); err != nil {
		return nil, err
	}
	v := &verdict{}
	before, err := s.award(sc, l, sc.only)
	if err != nil {
		return nil, err
	}
	return v, s.settle(sc, l, &earned{template: t, at: at, before: before}, v)
}

// freeStanding refuses an achievement that is not an organiser's to give: it is
// earned by rules elsewhere or by other achievements, or the caller is for some
// activities alone and this one does not award it.
func (ls *lister) freeStanding(s *session, t *issuer.Achievement) error {
	detail := ""
	switch ruled, err := s.byRule(t.Slug); {
	case err != nil:
		return err
	case ruled:
		detail = "No rule of " + ls.activity.ID + " awards " + t.Slug + ", but one of another activity does. Upload the list to that activity."
	case t.Requires != nil:
		detail = t.Slug + " is earned by other achievements and comes by itself with the last of them. Leave achievement out, or name one of its parts."
	case ls.caller.MayReport != nil:
		detail = "This token is for some activities alone, and no rule of " + ls.activity.ID + " awards " + t.Slug + ". Name an achievement of its award_rules."
	default:
		return nil
	}
	return badge.Errors{{Rule: "achievement_unknown", Detail: detail}}
}

// answer sums up for a row what became of its awards: what is new first, then
// what the list could have brought and did not, then what was so already.
func (row *Row) answer(v *verdict, kinds map[rules.Code]bool, only string) {
	row.Awards, row.Open = v.Awards, nil
	for _, open := range v.Open {
		if _, concerned := concerns(open, kinds); concerned || open.Achievement == only {
			row.Open = append(row.Open, open)
		}
	}
	for _, o := range []Outcome{OutcomeIssued, OutcomePendingRelease, OutcomeHeld, OutcomePendingIdentity} {
		if row.take(v, o) {
			return
		}
	}
	had := row.take(v, OutcomeExisting)
	if len(row.Open) > 0 {
		code, _ := concerns(row.Open[0], kinds)
		row.Outcome, row.Code, row.Message = OutcomeNotMet, code, "Not reached: "+row.Open[0].Achievement+". What is missing stands in open."
		return
	}
	if had {
		return
	}
	row.Open = v.Open
	row.Outcome, row.Code, row.Message = OutcomeNotMet, "no_badge_for_role", "This role earns no badge by the list alone."
}

// take makes the highest award with an outcome the one that the row is about.
func (row *Row) take(v *verdict, o Outcome) (found bool) {
	for _, a := range v.Awards {
		if a.Outcome == o {
			row.Outcome, row.Credential, found = o, a.Credential, true
			row.Code, row.Message = "", ""
			if a.Revoked {
				row.Code, row.Message = "revoked", "This person was served before, and the badge was revoked since. The list does not bring it back."
			}
			if a.Review == EarnedAgain {
				row.Code, row.Message = string(EarnedAgain), "This person's badge was revoked by somebody, and was earned again since. Decide with GET /v1/reviews whether it is issued anew."
			}
		}
	}
	return found
}

// concerns tells whether something is missing that a list tells of, or time.
func concerns(open Open, kinds map[rules.Code]bool) (code string, yes bool) {
	outcome := rules.Outcome{Missing: open.Missing}
	for _, c := range outcome.Codes() {
		if kinds[c] || c == rules.CodeExpired {
			return string(c), true
		}
	}
	return "", false
}

// alike tells whether two records of facts say the same.
func alike(a, b facts.Facts) (bool, error) {
	if a.Empty() != b.Empty() {
		return false, nil
	}
	x, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("encoding facts: %w", err)
	}
	y, err := json.Marshal(b)
	return bytes.Equal(x, y), err
}
