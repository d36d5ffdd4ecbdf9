package programmes

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/roster"
)

type rosterAnswer struct {
	rosterSummary
	Rows []rowAnswer `json:"rows"`
}

// rosterSummary is the answer without its rows, which an answer in lines ends
// with.
type rosterSummary struct {
	Upload  *string           `json:"upload"`
	DryRun  bool              `json:"dryRun"`
	Test    bool              `json:"test,omitempty"` // a trial
	Summary programme.Summary `json:"summary"`
	Ignored []string          `json:"ignored"` // columns that were not read
	Refused bool              `json:"refused"` // atomic, and a row has an error
}

type rowAnswer struct {
	Row        int               `json:"row"` // as a spreadsheet numbers it
	Ref        string            `json:"ref"`
	Outcome    programme.Outcome `json:"outcome"`
	Of         int               `json:"of,omitempty"` // the row in which the same person stands
	Code       *string           `json:"code"`
	Message    *string           `json:"message"`
	English    string            `json:"english,omitempty"` // the exact English words, where Message is in another language
	Credential *string           `json:"credential"`        // address of the badge that the row is about
	VerifyURL  *string           `json:"verifyUrl"`
	Awards     []rowAward        `json:"awards"`
	Open       []programme.Open  `json:"open"`
}

// Roster answers POST /v1/rosters/{activity}. A retry needs no key: a row that
// was served answers with the badge it got.
func (h *Handler) Roster(w http.ResponseWriter, r *http.Request) error {
	list, err := readRoster(w, r)
	if err != nil {
		return err
	}
	if _, err := h.programme.Activity(r.Context(), list.Activity); errors.Is(err, programme.ErrUnknownActivity) {
		return &wire.Fault{Code: wire.NotFound, Detail: "There is no course or workshop " + strconv.Quote(list.Activity) + " here. Define it with PUT /v1/activities/{slug}, or name one of GET /v1/activities."}
	}
	wire.Vary(w, "Accept", "Accept-Language")
	c := caller(r, auth.Roster)
	form := wire.Negotiate(r, "application/json", "text/csv", wire.NDJSON)
	if form == wire.NDJSON {
		return h.stream(w, r, c, list)
	}
	result, err := h.programme.Roster(r.Context(), c, list)
	wire.AfterWork(w)
	if err != nil {
		return err
	}
	if form == "text/csv" {
		return h.writeCSV(w, wire.Language(r.Context()), result, roster.FromSpreadsheet(list.List))
	}
	return wire.WriteJSON(w, http.StatusOK, rosterAnswer{summarise(result, c.Test, list.DryRun), h.rows(r.Context(), result.Rows)})
}

// progress is a line between the rows of an answer in lines.
type progress struct {
	Done   int     `json:"done"`
	Of     int     `json:"of"`
	Upload *string `json:"upload,omitempty"` // by which all this can be taken back
}

// failure is the last line of an answer that could not be brought to its end.
type failure struct {
	Error wire.Problem `json:"error"`
}

// stream answers with a line for each row as soon as it is durable. What was
// told is done, whatever comes after it.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, c programme.Caller, list programme.Roster) error {
	lines := wire.NewLines(w)
	var broken error
	list.Tell = func(p programme.Progress) {
		if p.Step != "" {
			broken = errors.Join(broken, lines.Write(map[string]int{string(p.Step): p.Done, "of": p.Of}))
			return
		}
		var all []any
		for _, row := range p.Rows {
			all = append(all, h.row(r.Context(), row))
		}
		all = append(all, progress{p.Done, p.Of, optional(p.Upload)})
		broken = errors.Join(broken, lines.Write(all...))
	}
	result, err := h.programme.Roster(r.Context(), c, list)
	wire.AfterWork(w)
	if err = errors.Join(err, broken); err != nil {
		return h.cutShort(r, lines, err)
	}
	return lines.Write(summarise(result, c.Test, list.DryRun))
}

// cutShort tells of an error in the last line, where there are lines already.
func (h *Handler) cutShort(r *http.Request, lines *wire.Lines, err error) error {
	if !lines.Begun() {
		return err
	}
	select {
	case <-r.Context().Done():
		return nil // nobody is there to be told
	default:
	}
	p := h.explain(r.Context(), err)
	p.RequestID = wire.RequestID(r.Context())
	return lines.Write(failure{p})
}

func summarise(result *programme.Result, test, dryRun bool) rosterSummary {
	a := rosterSummary{Upload: optional(result.Upload), DryRun: dryRun, Test: test, Summary: result.Summary, Ignored: result.Ignored, Refused: result.Refused}
	if a.Ignored == nil {
		a.Ignored = []string{}
	}
	return a
}

func (h *Handler) rows(ctx context.Context, list []programme.Row) []rowAnswer {
	out := make([]rowAnswer, len(list))
	for n, row := range list {
		out[n] = h.row(ctx, row)
	}
	return out
}

func (h *Handler) row(ctx context.Context, row programme.Row) rowAnswer {
	message, english := sentence(wire.Language(ctx), row)
	return rowAnswer{Row: row.Number, Ref: row.Ref, Outcome: row.Outcome, Of: row.Of, Code: optional(row.Code), Message: optional(message), English: english,
		Credential: h.address(credentials, row.Credential), VerifyURL: h.address(pages, row.Credential), Awards: h.awards(row.Awards), Open: open(row.Open)}
}

// sentence says what became of a row, in a reader's language. The codes of what is
// not reached are those of its rules, which the row gives one by one.
func sentence(l *i18n.Printer, row programme.Row) (message, english string) {
	code := row.Code
	if row.Of > 0 && l != nil && l.Lang() != string(i18n.English) {
		return SameRow(l, row), row.Message
	}
	if row.Outcome == programme.OutcomeNotMet && len(row.Open) > 0 {
		code = "not_met"
	}
	return wire.Sentence(l, code, row.Message)
}

// SameRow says of a row about somebody who stands in another one in which.
func SameRow(l *i18n.Printer, row programme.Row) string {
	return l.Text("fault."+string(row.Outcome), i18n.Params{"Row": strconv.Itoa(row.Of)})
}

// writeCSV answers with the same rows for a spreadsheet, so that an organiser
// can send the links on.
func (h *Handler) writeCSV(w http.ResponseWriter, l *i18n.Printer, result *programme.Result, spreadsheet bool) error {
	var b bytes.Buffer
	if err := roster.WriteCSV(&b, ResultRows(l, h.baseURL, result.Rows), spreadsheet); err != nil {
		return err
	}
	wire.WriteBytes(w, "text/csv; charset=utf-8", http.StatusOK, b.Bytes())
	return nil
}

// ResultRows puts what became of a list into the lines of a list that can go on,
// with messages in a reader's language.
func ResultRows(l *i18n.Printer, baseURL string, rows []programme.Row) (lines []roster.ResultRow) {
	h := &Handler{baseURL: baseURL}
	for _, row := range rows {
		message, _ := sentence(l, row)
		line := roster.ResultRow{Row: row.Number, Ref: row.Ref, Name: row.Name, Email: row.Email, Outcome: string(row.Outcome), Code: row.Code,
			Message: message, Credential: deref(h.address(credentials, row.Credential)), VerifyURL: deref(h.address(pages, row.Credential))}
		for _, a := range row.Awards {
			if a.Outcome == row.Outcome && a.Credential == row.Credential {
				line.Achievement = a.Achievement
			}
		}
		lines = append(lines, line)
		about := line.Achievement
		for _, a := range row.Awards { // what else is new
			if a.Achievement != about && (a.Outcome == programme.OutcomeIssued || a.Outcome == programme.OutcomeWould) {
				line.Achievement, line.Outcome, line.Code, line.Message = a.Achievement, string(a.Outcome), "", ""
				line.Credential, line.VerifyURL = deref(h.address(credentials, a.Credential)), deref(h.address(pages, a.Credential))
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func readRoster(w http.ResponseWriter, r *http.Request) (programme.Roster, error) {
	list := programme.Roster{Activity: r.PathValue("activity")}
	if err := wire.Token(r.Context()).AllowsActivity(list.Activity); err != nil {
		return list, err
	}
	if _, err := wire.IdempotencyKey(r); err != nil {
		return list, err
	}
	q, err := wire.Query(r, "edition", "achievement", "occurred_at", "dry_run", "atomic", "accept", "source")
	if err != nil {
		return list, err
	}
	list.Edition, list.Achievement = noDash(q.Get("edition")), q.Get("achievement")
	if list.Achievement != "" && issuer.CheckSlug(list.Achievement) != nil {
		return list, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter achievement is the slug of an achievement."}
	}
	if at := q.Get("occurred_at"); at != "" {
		if list.OccurredAt, err = wire.Time(at); err != nil {
			return list, &wire.Fault{Code: wire.InvalidParameter,
				Detail: "The parameter occurred_at is a day such as 2025-08-12, or a moment with its time zone such as 2025-08-12T08:00:00Z."}
		}
	}
	if list.DryRun, err = wire.Flag(q, "dry_run"); err != nil {
		return list, err
	}
	if list.Atomic, err = wire.Flag(q, "atomic"); err != nil {
		return list, err
	}
	if err := Accept(&list, q.Get("accept")); err != nil {
		return list, err
	}
	if list.Source = q.Get("source"); list.Source != "" {
		if err := wire.Token(r.Context()).AllowsSource(list.Source); err != nil {
			return list, err // to say who somebody is there is to speak for it
		}
	}
	list.List, err = readList(w, r)
	return list, err
}

// Accept reads which doubts about people whoever uploads has settled.
func Accept(list *programme.Roster, text string) error {
	for _, word := range strings.Split(text, ",") {
		switch word {
		case "":
		case "renamed":
			list.Renamed = true
		case "shared":
			list.Shared = true
		case "erased":
			list.Erased = true
		default:
			return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter accept is renamed, shared or erased, or several with commas between them."}
		}
	}
	return nil
}

const workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// readList reads a list as a file alone, or as browsers send files.
func readList(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	switch mt := wire.MediaType(r); {
	case mt == "text/csv" || mt == workbook:
		return wire.ReadBody(w, r, roster.MaxBytes)
	case mt == "multipart/form-data":
		parts, err := wire.ReadForm(w, r, roster.MaxBytes)
		if err != nil {
			return nil, err
		}
		return wire.FormFile(parts)
	case strings.Contains(mt, "spreadsheet") || strings.Contains(mt, "excel"):
		return nil, &wire.Fault{Code: wire.UnsupportedMediaType,
			Detail: "Save the list as .xlsx or as CSV UTF-8; other spreadsheet files are not read."}
	}
	return nil, &wire.Fault{Code: wire.UnsupportedMediaType,
		Detail: "Send the list as text/csv, as .xlsx (" + workbook + "), or as the part file of multipart/form-data."}
}
