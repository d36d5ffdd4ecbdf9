package programme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	List        []byte // CSV or .xlsx
	// OccurredAt is when that happened which the list tells. Zero: the end of
	// the edition, and for somebody of whom a released edition knows something
	// already, now.
	OccurredAt time.Time
	DryRun     bool
	Atomic     bool // all rows or none
	// Tell hears each part of the list as soon as it is durable; it may be nil.
	Tell func(rows []Row, done, of int)
}

// Row is the answer for one line of a list.
type Row struct {
	Number  int // as a spreadsheet numbers it; the header is 1
	Ref     string
	Name    string
	Email   string
	Outcome Outcome
	Code    string // why, for errors and for what is not met
	Message string
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
	kept     bool // the upload is on record
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
	for _, row := range result.Rows {
		result.Summary[row.Outcome]++
	}
	if ls.kept && !r.DryRun && !result.Refused {
		result.Upload = ls.upload
	}
	return result, nil
}

func (p *Programme) lister(ctx context.Context, c Caller, r Roster) (*lister, error) {
	a, err := p.Activity(ctx, r.Activity)
	if err != nil {
		return nil, err
	}
	if _, ok := a.FindEdition(r.Edition); !ok && r.Edition != "" {
		return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "unknown_edition", Detail: "The activity has no edition " + r.Edition + "."}}
	}
	ls := &lister{Programme: p, caller: c, roster: r, activity: a, now: p.issuer.Now()}
	if ls.list, err = roster.Read(r.List, vocabulary(a)); err != nil {
		return nil, err
	}
	ls.repeats = ls.list.Repeats()
	ls.kinds = kindsOf(ls.list)
	ls.upload, err = p.issuer.NewID()
	return ls, err
}

// vocabulary tells what the columns of an activity's lists may be about.
func vocabulary(a *rules.Activity) roster.Vocabulary {
	v := roster.Vocabulary{Rubrics: maps.Clone(a.Rubrics), Roles: []string{"participant", "facilitator", "co-facilitator", "contributor", "observer", "speaker"}}
	if v.Rubrics == nil {
		v.Rubrics = map[string][]string{}
	}
	for n := range a.Editions {
		for _, s := range a.Editions[n].Sessions {
			v.Sessions = append(v.Sessions, s.ID)
		}
	}
	for _, p := range a.Parts {
		v.Parts = append(v.Parts, p.ID)
	}
	var walk func(list []rules.Condition)
	walk = func(list []rules.Condition) {
		for _, c := range list {
			if c.Submission != nil && !slices.Contains(v.Submissions, c.Submission.ID) {
				v.Submissions = append(v.Submissions, c.Submission.ID)
			}
			if c.Rubric != nil && v.Rubrics[c.Rubric.ID] == nil {
				v.Rubrics[c.Rubric.ID] = []string{}
			}
			if c.Part != "" && !slices.Contains(v.Parts, c.Part) {
				v.Parts = append(v.Parts, c.Part)
			}
			for _, role := range c.RoleIn {
				if !slices.Contains(v.Roles, role) {
					v.Roles = append(v.Roles, role)
				}
			}
			walk(c.All)
			walk(c.Any)
		}
	}
	for _, r := range a.Rules {
		walk(r.All)
		walk(r.Any)
	}
	return v
}

// kindsOf tells what sorts of facts a list tells of anybody: only of these is
// it said that they are missing.
func kindsOf(l *roster.List) map[rules.Code]bool {
	kinds := map[rules.Code]bool{}
	for _, row := range l.Rows {
		f := &row.Facts
		for _, k := range []struct {
			code  rules.Code
			there bool
		}{{rules.CodeSessions, len(f.Sessions) > 0 || f.Attended != nil}, {rules.CodeSubmission, len(f.Submissions) > 0},
			{rules.CodeRubric, len(f.Rubrics) > 0}, {rules.CodeVisits, f.Visits != nil || len(f.Parts) > 0},
			{rules.CodePoints, f.Points != nil}, {rules.CodeApproval, len(f.Approved) > 0}} {
			kinds[k.code] = kinds[k.code] || k.there
		}
	}
	return kinds
}

// work takes in the rows, a part at a time, or all at once where all or none
// are wanted.
func (ls *lister) work(ctx context.Context, result *Result) error {
	size := chunk
	if ls.roster.Atomic {
		size = max(len(result.Rows), 1)
		if err := ls.rows(ctx, result.Rows, 0, true); err != nil {
			return err
		}
		if result.Refused = slices.ContainsFunc(result.Rows, func(r Row) bool { return r.Outcome == OutcomeError }); result.Refused {
			return nil
		}
	}
	for from := 0; from < len(result.Rows); from += size {
		part := result.Rows[from:min(from+size, len(result.Rows))]
		if err := ls.rows(ctx, part, from, ls.roster.DryRun); err != nil {
			return fmt.Errorf("taking in a list: %w", err)
		}
		if ls.roster.Tell != nil {
			ls.roster.Tell(part, from+len(part), len(result.Rows))
		}
	}
	return nil
}

func (ls *lister) rows(ctx context.Context, answers []Row, from int, dryRun bool) error {
	return ls.run(ctx, dryRun, func(s *session) error {
		for n := range answers {
			row := &answers[n]
			if err := ls.row(s, from+n, row); err != nil {
				return err
			}
			if dryRun {
				row.would()
			}
		}
		if !s.listed {
			return nil
		}
		ls.kept = true
		return ls.keepUpload(s)
	})
}

// would puts an answer in the words of what was not done.
func (row *Row) would() {
	if row.Outcome == OutcomeIssued {
		row.Outcome = OutcomeWould
	}
	if row.Credential == wantedCredential {
		row.Credential = ""
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
	switch {
	case line.Blank:
		row.Outcome = OutcomeBlank
	case again && !repeat.Conflict:
		row.Outcome, row.Message = OutcomeDuplicate, fmt.Sprintf("The same person stands in row %d.", repeat.Of)
	case again:
		row.fail("recipient_conflict", fmt.Sprintf("Row %d has the same address under another ref. Decide who of the two it belongs to.", repeat.Of))
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
	var no *forbidden
	switch {
	case errors.Is(err, errAddressTaken):
		row.fail("recipient_conflict", "This address is known under another ref. Decide who of the two it belongs to.")
	case errors.As(err, &no):
		row.fail(no.rule, no.detail)
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
	if c := ls.caller.Country; c != "" && line.Country != c {
		return &forbidden{"country_not_granted", "This token is for people of " + c + " alone."}
	}
	told := completion.Learner{ID: line.Ref, Email: line.Email, Name: line.Name, Language: line.Language, Country: line.Country, Sector: line.Sector}
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
	if role := line.Role; role != "" || !ls.list.Columns.Ref || len(ls.kinds) == 0 || line.Name != "" {
		did.Roles = facts.Set{roleWord(role): at}
	}
	if err := ls.listed(s, sc, l, did, at); err != nil {
		return err
	}
	v, err := ls.verdict(s, sc, l, at)
	if err != nil {
		return err
	}
	row.answer(v, ls.kinds, sc.only)
	return nil
}

// roleWord is the role of somebody who has none on the list that names people.
func roleWord(role string) string {
	if role == "" {
		return "participant"
	}
	return role
}

func (ls *lister) scene(s *session, line *roster.Row) (*scene, error) {
	edition := line.Edition
	if edition == "" {
		edition = ls.roster.Edition
	}
	if edition == "" {
		edition = ls.activity.Editions[0].ID
	}
	t := teller{realm: ls.caller.realm(), source: listSource(ls.activity.ID), by: "list-" + ls.upload, trusted: true, list: true}
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
	if !sc.released {
		return end, nil
	}
	before, err := s.gathered(sc, l)
	if err != nil || before.Empty() {
		return end, err
	}
	return ls.now, nil
}

// listed keeps what the list tells, if it tells anything new, and that the
// person stood on it.
func (ls *lister) listed(s *session, sc *scene, l *learner, told facts.Facts, at time.Time) error {
	known, err := s.gathered(sc, l)
	if err != nil {
		return err
	}
	more := known.Clone()
	more.Merge(told)
	if same, err := alike(known, more); err != nil || same {
		return err
	}
	if err := put(s.tx, sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, sc.by), contribution{Facts: told, At: at}); err != nil {
		return err
	}
	s.listed = true
	return put(s.tx, sc.realm.listedKey(ls.upload, l.ID), listedAt{Edition: sc.edition.ID})
}

// verdict is what the rules say, or where the list names an achievement that
// no rule of the activity awards, what the organiser says.
func (ls *lister) verdict(s *session, sc *scene, l *learner, at time.Time) (*verdict, error) {
	if sc.only == "" || sc.activity.Rule(sc.only) != nil {
		return s.decide(sc, l)
	}
	t, err := s.template(sc.only)
	if err != nil {
		return nil, err
	}
	if !sc.mayIssue(t.Issuer) {
		return nil, badge.Errors{{Rule: "achievement_unknown", Detail: "There is no such achievement for this token."}}
	}
	v := &verdict{}
	err = s.settle(sc, l, earned{template: t, at: at}, v)
	return v, err
}

// answer sums up for a row what became of its awards: what is new first, then
// what the list could have brought and did not, then what was so already.
func (row *Row) answer(v *verdict, kinds map[rules.Code]bool, only string) {
	row.Awards, row.Open = v.Awards, v.Open
	for _, o := range []Outcome{OutcomeIssued, OutcomePendingRelease, OutcomeHeld, OutcomePendingIdentity} {
		if row.take(v, o) {
			return
		}
	}
	for _, open := range v.Open {
		if code, concerned := concerns(open, kinds); concerned || only != "" && open.Achievement == only {
			row.take(v, OutcomeExisting)
			row.Outcome, row.Code, row.Message = OutcomeNotMet, code, "Not reached: "+open.Achievement+". What is missing stands in open."
			return
		}
	}
	if row.take(v, OutcomeExisting) {
		return
	}
	row.Outcome, row.Code, row.Message = OutcomeNotMet, "no_badge_for_role", "This role earns no badge by the list alone."
}

// take makes the highest award with an outcome the one that the row is about.
func (row *Row) take(v *verdict, o Outcome) (found bool) {
	for _, a := range v.Awards {
		if a.Outcome == o {
			row.Outcome, row.Credential, found = o, a.Credential, true
		}
	}
	return found
}

// concerns tells whether something is missing that a list tells of.
func concerns(open Open, kinds map[rules.Code]bool) (code string, yes bool) {
	outcome := rules.Outcome{Missing: open.Missing}
	for _, c := range outcome.Codes() {
		if kinds[c] {
			return string(c), true
		}
	}
	return "", false
}

// Upload is a list that was taken in.
type Upload struct {
	ID        string    `json:"id"`
	Activity  string    `json:"activity"`
	Issuer    string    `json:"issuer"`
	Actor     string    `json:"actor"`
	At        time.Time `json:"at"`
	TakenBack time.Time `json:"takenBack,omitzero"`
}

// listedAt is where somebody stood on a list.
type listedAt struct {
	Edition string `json:"edition,omitempty"`
}

func (ls *lister) keepUpload(s *session) error {
	k := ls.caller.realm().uploadKey(ls.upload)
	var u Upload
	if found, err := get(s.tx, k, &u); err != nil || found {
		return err
	}
	whose, err := s.issuerOf(ls.activity)
	if err != nil {
		return err
	}
	u = Upload{ID: ls.upload, Activity: ls.activity.ID, Issuer: whose, Actor: ls.caller.Actor, At: ls.now}
	if err := put(s.tx, k, u); err != nil {
		return err
	}
	return s.issuer.Note(s.tx, issuer.Event{Actor: ls.caller.Actor, Action: "upload.put", Issuer: whose, Subject: ls.upload})
}

// tick notes that an award came of a list.
func (s *session) tick(sc *scene, l *learner) error {
	s.listed = true
	return put(s.tx, sc.realm.listedKey(sc.upload, l.ID), listedAt{Edition: sc.edition.ID})
}

// TakenBack is what came of taking a list back.
type TakenBack struct {
	Upload  Upload
	Revoked int // badges
	Voided  int // awards that waited for release
	Kept    int // awards that are earned without the list, too
}

// TakeBack undoes a list: what it told counts no more, and what was awarded by
// it and is not earned otherwise is revoked. People stay known. To take it back
// again changes nothing. ErrNotFound of package issuer where there is no such
// list of the caller's.
func (p *Programme) TakeBack(ctx context.Context, c Caller, id string) (*TakenBack, error) {
	result := &TakenBack{}
	people, err := p.openTakeBack(ctx, &c, id, result)
	if err != nil || people == nil {
		return result, err
	}
	for from := 0; from < len(people); from += chunk {
		var part TakenBack
		err := p.run(ctx, false, func(s *session) error {
			part = TakenBack{}
			for _, who := range people[from:min(from+chunk, len(people))] {
				if err := s.unlist(&c, &result.Upload, who, &part); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("taking back a list: %w", err)
		}
		result.Revoked, result.Voided, result.Kept = result.Revoked+part.Revoked, result.Voided+part.Voided, result.Kept+part.Kept
	}
	return result, nil
}

// onList is somebody who stood on a list.
type onList struct{ learner, edition string }

// openTakeBack marks a list as taken back and tells who stood on it.
func (p *Programme) openTakeBack(ctx context.Context, c *Caller, id string, result *TakenBack) (people []onList, err error) {
	err = p.run(ctx, false, func(s *session) error {
		people = []onList{}
		u := &result.Upload
		*u = Upload{}
		k := c.realm().uploadKey(id)
		found, err := get(s.tx, k, u)
		if err != nil {
			return err
		}
		if !found || !c.MayIssue(u.Issuer) || c.MayReport != nil && !c.MayReport(u.Activity) {
			return fmt.Errorf("upload: %w", issuer.ErrNotFound)
		}
		prefix := c.realm().key("u", id, "")
		err = scan(s.tx, prefix, func(k []byte, at *listedAt) error {
			people = append(people, onList{string(k[len(prefix):]), at.Edition})
			return nil
		})
		if err != nil || !u.TakenBack.IsZero() {
			return err
		}
		u.TakenBack = s.issuer.Now()
		if err := put(s.tx, k, u); err != nil {
			return err
		}
		return s.issuer.Note(s.tx, issuer.Event{Actor: c.Actor, Action: "upload.takeback", Issuer: u.Issuer, Subject: id})
	})
	return people, err
}

// unlist undoes what a list told of one person.
func (s *session) unlist(c *Caller, u *Upload, who onList, count *TakenBack) error {
	r := c.realm()
	if err := s.tx.Delete(r.factsKey(who.learner, u.Activity, who.edition, "list-"+u.ID)); err != nil {
		return err
	}
	l, err := s.learnerAt(r, u.Issuer, who.learner)
	if errors.Is(err, store.ErrDamaged) {
		return s.tx.Delete(r.listedKey(u.ID, who.learner)) // was erased
	} else if err != nil {
		return err
	}
	var mine []*award
	err = scan(s.tx, r.key("a", who.learner, ""), func(_ []byte, a *award) error {
		if a.Upload == u.ID {
			mine = append(mine, a)
		}
		return nil
	})
	for _, a := range mine {
		if err == nil {
			err = s.unaward(c, u, l, a, count)
		}
	}
	if err != nil {
		return err
	}
	return s.tx.Delete(r.listedKey(u.ID, who.learner))
}

// unaward withdraws an award that came of a list, unless it is earned without
// it. Nothing of it is kept, so that a list without the mistake can award it.
func (s *session) unaward(c *Caller, u *Upload, l *learner, a *award, count *TakenBack) error {
	r := c.realm()
	k := r.awardKey(a.Learner, a.Achievement, a.Edition)
	still, err := s.stillEarned(c, l, a)
	if err != nil {
		return err
	}
	if still {
		count.Kept++
		a.Upload = ""
		return put(s.tx, k, a)
	}
	switch a.State {
	case StateIssued:
		count.Revoked++
	case StateWaiting:
		count.Voided++
	}
	if err := s.withdraw(r, a, c.Actor, "issued_in_error", s.issuer.Now()); err != nil {
		return err
	}
	if a.Credential != "" {
		if err := s.tx.Delete(r.credentialKey(a.Credential)); err != nil {
			return err
		}
	}
	return s.tx.Delete(k)
}

// stillEarned tells whether the facts that are left meet the rule of an award.
func (s *session) stillEarned(c *Caller, l *learner, a *award) (bool, error) {
	activity, err := s.activityIn(s.tx, a.Activity)
	if errors.Is(err, ErrUnknownActivity) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	rule := activity.Rule(a.Achievement)
	if rule == nil {
		return false, nil
	}
	sc, err := s.setScene(c, teller{realm: c.realm()}, activity, a.Edition)
	if err != nil {
		return false, err
	}
	known, err := s.gathered(sc, l)
	if err != nil {
		return false, err
	}
	t, err := s.template(a.Achievement)
	if err != nil {
		return false, err
	}
	var rests []*award
	holds, failed := s.holds(sc.realm, l, &rests)
	outcome := rule.Evaluate(&known, sc.context(t, holds))
	return outcome.Met, failed()
}

// alike tells whether two records of facts say the same.
func alike(a, b facts.Facts) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("encoding facts: %w", err)
	}
	y, err := json.Marshal(b)
	return bytes.Equal(x, y), err
}
