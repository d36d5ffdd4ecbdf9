package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"laurel/api/programmes"
	"laurel/endorser"
	"laurel/internal/strictjson"
	"laurel/programme"
	"laurel/programme/roster"
)

func (p *program) programme(ctx context.Context, args []string) error {
	name, rest, err := subcommand(args, "load", "list", "roster", "release", "take-back", "uploads")
	if err != nil {
		return err
	}
	return map[string]func(context.Context, []string) error{
		"load": p.programmeLoad, "list": p.programmeList, "roster": p.programmeRoster,
		"release": p.programmeRelease, "take-back": p.programmeTakeBack, "uploads": p.programmeUploads,
	}[name](ctx, rest)
}

// operator is whoever holds the data folder: there is nothing that they may not
// report.
func operator() programme.Caller {
	return programme.Caller{Actor: actorCommand, MayIssue: func(string) bool { return true }}
}

// Definitions.

type definitionFiles struct {
	Files map[string][]byte `json:"files"`
}

type loaded struct {
	Issuers      int      `json:"issuers"`
	Achievements int      `json:"achievements"`
	Activities   int      `json:"activities"`
	Sources      int      `json:"sources"`
	Endorsers    int      `json:"endorsers"`
	Others       []string `json:"others"` // files that define nothing
}

func loadProgramme(ctx context.Context, svc *service, in definitionFiles) (loaded, error) {
	d, err := programme.ReadDefinitions(in.Files, svc.baseURL)
	if err != nil {
		return loaded{}, err
	}
	endorsers, err := readEndorsers(in.Files)
	if err != nil {
		return loaded{}, err
	}
	if err := svc.programme.Load(ctx, d, actorCommand); err != nil {
		return loaded{}, err
	}
	for _, e := range endorsers {
		if _, err := svc.endorsers.Put(ctx, e); err != nil {
			return loaded{}, fmt.Errorf("%s: %s: %w", endorsersFile, e.Slug, err)
		}
	}
	others := slices.DeleteFunc(d.Others, func(name string) bool { return name == endorsersFile })
	return loaded{len(d.Issuers), len(d.Achievements), len(d.Activities), len(d.Sources), len(endorsers), others}, nil
}

const endorsersFile = "endorsers.json"

// readEndorsers reads what PUT /v1/endorsers/{slug} takes, of several.
func readEndorsers(files map[string][]byte) (all []endorser.Definition, err error) {
	raw, ok := files[endorsersFile]
	if !ok {
		return nil, nil
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", endorsersFile, err)
	}
	for n, e := range v.Get("endorsers").Elements() {
		var body struct {
			Slug               string       `json:"slug"`
			ID                 string       `json:"id"`
			Key                endorser.Key `json:"key"`
			VerificationMethod string       `json:"verificationMethod"`
			Name               string       `json:"name"`
			URL                string       `json:"url"`
			Email              string       `json:"email"`
			Description        string       `json:"description"`
			Listed             *bool        `json:"listed"`
		}
		if err := strictjson.Decode(e, &body); err != nil {
			return nil, fmt.Errorf("%s: /endorsers/%d: %w", endorsersFile, n, err)
		}
		all = append(all, endorser.Definition{Slug: body.Slug, ID: body.ID, Key: body.Key, VerificationMethod: body.VerificationMethod,
			Name: body.Name, URL: body.URL, Email: body.Email, Description: body.Description, Listed: body.Listed, Actor: actorCommand})
	}
	return all, nil
}

func (p *program) programmeLoad(ctx context.Context, args []string) error {
	s, operands, err := p.manage("programme load", args, "FOLDER", nil)
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("programme load takes one folder of JSON definitions")
	}
	files, err := readFolder(os.DirFS(operands[0]))
	if err != nil {
		return err
	}
	n, err := operate[loaded](ctx, s, "programme.load", definitionFiles{files})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "loaded %d issuers, %d achievements, %d activities, %d sources, %d endorsers\n", n.Issuers, n.Achievements, n.Activities, n.Sources, n.Endorsers)
	for _, name := range n.Others {
		fmt.Fprintf(p.stderr, "laurel: %q defines nothing that is loaded\n", name)
	}
	return nil
}

func readFolder(folder fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("there are no JSON files in that folder")
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[name], err = fs.ReadFile(folder, name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// activityInfo is an edition of an activity, as it is listed.
type activityInfo struct {
	Activity   string     `json:"activity"`
	Kind       string     `json:"kind"`
	Edition    string     `json:"edition,omitempty"`
	Start      string     `json:"start,omitempty"`
	End        string     `json:"end,omitempty"`
	Release    string     `json:"release"`              // immediate, manual, or the date
	ReleasedAt *time.Time `json:"releasedAt,omitempty"` // by a person
}

func listProgramme(ctx context.Context, svc *service, _ nothing) ([]activityInfo, error) {
	all, err := svc.programme.Activities(ctx)
	if err != nil {
		return nil, err
	}
	out := []activityInfo{}
	for _, a := range all {
		for _, e := range a.Editions {
			info := activityInfo{Activity: a.ID, Kind: string(a.Kind), Edition: e.ID, Start: e.Start, End: e.End, Release: string(e.Gate.Mode)}
			if !e.Gate.Date.IsZero() {
				info.Release = e.Gate.Date.Format(time.DateOnly)
			}
			at, err := svc.programme.ReleasedAt(ctx, operator(), a.ID, e.ID)
			if err != nil {
				return nil, err
			}
			if !at.IsZero() {
				info.ReleasedAt = &at
			}
			out = append(out, info)
		}
	}
	return out, nil
}

func (p *program) programmeList(ctx context.Context, args []string) error {
	var asJSON bool
	s, operands, err := p.manage("programme list", args, "", func(set *flag.FlagSet) { jsonFlag(set, &asJSON) })
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return usagef("programme list takes no operands, only flags")
	}
	raw, err := operate[json.RawMessage](ctx, s, "programme.list", nothing{})
	if err != nil || asJSON {
		return p.asJSON(raw, err)
	}
	var all []activityInfo
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	return p.table("activity\tkind\tedition\tstart\tend\trelease", len(all), func(n int) string {
		a := all[n]
		if a.ReleasedAt != nil {
			a.Release += ", released on " + a.ReleasedAt.Format(time.DateOnly)
		}
		return strings.Join([]string{a.Activity, a.Kind, orDash(a.Edition), orDash(a.Start), orDash(a.End), a.Release}, "\t")
	})
}

// Lists.

type rosterRequest struct {
	Activity    string    `json:"activity"`
	List        []byte    `json:"list"`
	Edition     string    `json:"edition,omitempty"`
	Achievement string    `json:"achievement,omitempty"`
	OccurredAt  time.Time `json:"occurredAt,omitzero"`
	DryRun      bool      `json:"dryRun,omitempty"`
	Atomic      bool      `json:"atomic,omitempty"`
	Accept      []string  `json:"accept,omitempty"` // doubts that are settled: renamed, shared, erased
	Source      string    `json:"source,omitempty"` // whose ids the refs are
}

// doing is how a step of a list is told, where it is not rows taken in.
var doing = map[programme.Step]string{programme.Checked: "rows checked", programme.Signed: "badges signed"}

func uploadRoster(ctx context.Context, svc *service, in rosterRequest) (json.RawMessage, error) {
	result, err := svc.programme.Roster(ctx, operator(), programme.Roster{Activity: in.Activity, List: in.List, Edition: in.Edition,
		Achievement: in.Achievement, OccurredAt: in.OccurredAt, DryRun: in.DryRun, Atomic: in.Atomic,
		Renamed: slices.Contains(in.Accept, "renamed"), Shared: slices.Contains(in.Accept, "shared"), Erased: slices.Contains(in.Accept, "erased"), Source: in.Source,
		Tell: func(part programme.Progress) { tell(ctx, progress{part.Done, part.Of, doing[part.Step]}) }})
	if err != nil {
		return nil, err
	}
	return programmes.ListAnswer(svc.baseURL, result, in.DryRun)
}

func (p *program) programmeRoster(ctx context.Context, args []string) error {
	var in rosterRequest
	var asJSON bool
	var at, accept string
	s, operands, err := p.manage("programme roster", args, "ACTIVITY FILE|-", func(set *flag.FlagSet) {
		jsonFlag(set, &asJSON)
		set.BoolVar(&in.DryRun, "dry-run", false, "say what would happen, and do nothing")
		set.BoolVar(&in.Atomic, "atomic", false, "take in all rows or, where one has an error, none")
		set.StringVar(&in.Edition, "edition", "", "`name` of the edition; needed where there are several and the list does not say")
		set.StringVar(&in.Achievement, "achievement", "", "`slug` of the only achievement to be awarded")
		set.StringVar(&accept, "accept", "", "`doubts` that are settled: renamed (who has another name is the same person), shared (who has another name and ref at one address is another person), erased (who was erased is served again), with commas")
		set.StringVar(&in.Source, "source", "", "`platform` whose numbers of people the refs are, such as lms-a; else they are your own")
		set.StringVar(&at, "occurred-at", "", "`day` on which happened what the list tells, such as 2025-08-12")
	})
	if err != nil {
		return err
	}
	if len(operands) != 2 {
		return usagef("programme roster takes an activity and a list, as .csv or .xlsx; `laurel programme list` shows the activities")
	}
	if at != "" {
		if in.OccurredAt, err = time.Parse(time.DateOnly, at); err != nil {
			return usagef("--occurred-at is a day such as 2025-08-12")
		}
	}
	for _, doubt := range strings.FieldsFunc(accept, func(r rune) bool { return r == ',' }) {
		if !slices.Contains([]string{"renamed", "shared", "erased"}, doubt) {
			return usagef("--accept is renamed, shared or erased, or several with commas between them")
		}
		in.Accept = append(in.Accept, doubt)
	}
	in.Activity = operands[0]
	if in.List, err = p.readInput(operands[1], roster.MaxBytes); err != nil {
		return err
	}
	raw, err := operate[json.RawMessage](p.showing(ctx, "rows"), s, "programme.roster", in)
	if err != nil {
		return err
	}
	var answer listAnswer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	if asJSON {
		err = p.asJSON(raw, nil)
	} else {
		err = p.showList(&answer)
	}
	if err == nil && answer.Summary[programme.OutcomeError] > 0 {
		err = exitError(exitFailure)
	}
	return err
}

// listAnswer is what is shown of the answer to a list.
type listAnswer struct {
	Upload string `json:"upload"`
	DryRun bool   `json:"dryRun"`
	Rows   []struct {
		Row        int               `json:"row"`
		Ref        string            `json:"ref"`
		Outcome    programme.Outcome `json:"outcome"`
		Code       string            `json:"code"`
		Message    string            `json:"message"`
		Credential string            `json:"credential"`
	} `json:"rows"`
	Summary programme.Summary `json:"summary"`
	Ignored []string          `json:"ignored"`
	Refused bool              `json:"refused"`
}

func (p *program) showList(a *listAnswer) error {
	err := p.table("row\tref\toutcome\tcode\tbadge or reason", len(a.Rows), func(n int) string {
		row := a.Rows[n]
		last := row.Credential
		if row.Message != "" {
			last = row.Message
		}
		return strings.Join([]string{fmt.Sprint(row.Row), orDash(row.Ref), string(row.Outcome), orDash(row.Code), last}, "\t")
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, counts(a.Summary))
	if len(a.Ignored) > 0 {
		fmt.Fprintf(p.stdout, "columns that were not read: %q\n", a.Ignored)
	}
	switch {
	case a.DryRun:
		fmt.Fprintln(p.stdout, "this was a dry run: nothing was stored")
	case a.Refused:
		fmt.Fprintln(p.stdout, "a row has an error, so nothing was done")
	case a.Upload != "":
		fmt.Fprintf(p.stdout, "to take it back: laurel programme take-back %s\n", a.Upload)
	}
	return nil
}

func counts(s programme.Summary) string {
	var out []string
	for outcome, n := range s {
		out = append(out, fmt.Sprintf("%d %s", n, outcome))
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "the list has no rows"
	}
	return strings.Join(out, ", ")
}

type uploadRequest struct {
	ID       string `json:"id,omitempty"`
	Activity string `json:"activity,omitempty"`
}

func takeBack(ctx context.Context, svc *service, in uploadRequest) (programme.Withdrawn, error) {
	u, err := svc.programme.TakeBack(ctx, operator(), in.ID)
	if err != nil {
		return programme.Withdrawn{}, err
	}
	return u.Withdrawn, nil
}

func (p *program) programmeTakeBack(ctx context.Context, args []string) error {
	s, operands, err := p.manage("programme take-back", args, "UPLOAD", nil)
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("programme take-back takes the id of one upload; `laurel programme uploads` shows them")
	}
	n, err := operate[programme.Withdrawn](ctx, s, "programme.take-back", uploadRequest{ID: operands[0]})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "took back %s: %d badges revoked, %d awards that waited voided, %d kept\n", operands[0], n.Revoked, n.Voided, n.Kept)
	return nil
}

func listUploads(ctx context.Context, svc *service, in uploadRequest) (json.RawMessage, error) {
	all, err := svc.programme.Uploads(ctx, operator(), in.Activity)
	if err != nil {
		return nil, err
	}
	return programmes.UploadsAnswer(all)
}

func (p *program) programmeUploads(ctx context.Context, args []string) error {
	var in uploadRequest
	var asJSON bool
	s, operands, err := p.manage("programme uploads", args, "[ACTIVITY]", func(set *flag.FlagSet) { jsonFlag(set, &asJSON) })
	if err != nil {
		return err
	}
	if len(operands) > 1 {
		return usagef("programme uploads takes one activity, or none for all")
	}
	in.Activity = strings.Join(operands, "")
	raw, err := operate[json.RawMessage](ctx, s, "programme.uploads", in)
	if err != nil || asJSON {
		return p.asJSON(raw, err)
	}
	var all []struct {
		ID, Activity, Actor string
		At                  time.Time
		Summary             programme.Summary
		TakenBack           *time.Time
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	return p.table("upload\tactivity\twhen\twho\trows", len(all), func(n int) string {
		u := all[n]
		rows := counts(u.Summary)
		if u.TakenBack != nil {
			rows += "; taken back"
		}
		return strings.Join([]string{u.ID, u.Activity, u.At.Format(time.DateTime), u.Actor, rows}, "\t")
	})
}

// Releases.

type releaseRequest struct {
	Activity string `json:"activity"`
	Edition  string `json:"edition,omitempty"`
}

func releaseEdition(ctx context.Context, svc *service, in releaseRequest) (json.RawMessage, error) {
	done, err := svc.programme.Release(ctx, operator(), in.Activity, in.Edition, func(done, of int) { tell(ctx, progress{Done: done, Of: of}) })
	if err != nil {
		return nil, err
	}
	return programmes.ReleaseAnswer(done)
}

func (p *program) programmeRelease(ctx context.Context, args []string) error {
	var in releaseRequest
	var asJSON bool
	s, operands, err := p.manage("programme release", args, "ACTIVITY", func(set *flag.FlagSet) {
		jsonFlag(set, &asJSON)
		set.StringVar(&in.Edition, "edition", "", "`name` of the edition; needed where there are several")
	})
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("programme release takes one activity; `laurel programme list` shows them")
	}
	in.Activity = operands[0]
	raw, err := operate[json.RawMessage](p.showing(ctx, "awards"), s, "programme.release", in)
	if err != nil || asJSON {
		return p.asJSON(raw, err)
	}
	var done struct {
		Issued, Held, Errors int
		Left                 []struct {
			Ref, Achievement, Outcome, Code, Message string
		}
	}
	if err := json.Unmarshal(raw, &done); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "released %s: %d badges issued, %d held, %d errors\n", in.Activity, done.Issued, done.Held, done.Errors)
	if len(done.Left) == 0 {
		return nil
	}
	return p.table("ref\tachievement\toutcome\tcode\treason", len(done.Left), func(n int) string {
		l := done.Left[n]
		return strings.Join([]string{orDash(l.Ref), l.Achievement, l.Outcome, orDash(l.Code), l.Message}, "\t")
	})
}

// What the commands show.

func jsonFlag(set *flag.FlagSet, asJSON *bool) {
	set.BoolVar(asJSON, "json", false, "print what the API answers")
}

func (p *program) asJSON(raw json.RawMessage, err error) error {
	if err == nil {
		_, err = fmt.Fprintln(p.stdout, string(raw))
	}
	return err
}

// showing lets an operation tell on standard error how far it is, where it has
// several parts.
func (p *program) showing(ctx context.Context, what string) context.Context {
	return telling(ctx, func(n progress) {
		if n.Done < n.Of {
			fmt.Fprintf(p.stderr, "laurel: %d of %d %s\n", n.Done, n.Of, cmp.Or(n.What, what))
		}
	})
}

// table prints lines of cells below each other.
func (p *program) table(header string, lines int, line func(n int) string) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, err := io.WriteString(w, header+"\n")
	for n := 0; n < lines && err == nil; n++ {
		_, err = io.WriteString(w, line(n)+"\n")
	}
	return errors.Join(err, w.Flush())
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
