package badges

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/roster"
)

type rosterAnswer struct {
	Upload  *string           `json:"upload"`
	DryRun  bool              `json:"dryRun"`
	Rows    []rowAnswer       `json:"rows"`
	Summary programme.Summary `json:"summary"`
}

type rowAnswer struct {
	Row        int               `json:"row"` // as a spreadsheet numbers it
	Ref        string            `json:"ref"`
	Outcome    programme.Outcome `json:"outcome"`
	Code       *string           `json:"code"`
	Message    *string           `json:"message"`
	Credential *string           `json:"credential"` // its address
	VerifyURL  *string           `json:"verifyUrl"`
}

// Roster answers POST /v1/rosters/{activity}. A retry needs no key: a row that
// was served answers with the badge it got.
func (h *Handler) Roster(w http.ResponseWriter, r *http.Request) error {
	list, err := h.readRoster(w, r)
	if err != nil {
		return err
	}
	result, err := h.programme.Roster(r.Context(), reporter(r, auth.Roster), list)
	if err != nil {
		return err
	}
	rows := make([]rowAnswer, len(result.Rows))
	for n, row := range result.Rows {
		rows[n] = h.row(row)
	}
	wire.Vary(w, "Accept")
	if wire.Negotiate(r, "application/json", "text/csv") == "text/csv" {
		return writeCSV(w, rows)
	}
	return wire.WriteJSON(w, http.StatusOK, rosterAnswer{Upload: optional(result.Upload), DryRun: list.DryRun, Rows: rows, Summary: result.Summary})
}

func (h *Handler) readRoster(w http.ResponseWriter, r *http.Request) (programme.Roster, error) {
	ctx := r.Context()
	list := programme.Roster{Activity: r.PathValue("activity")}
	if err := wire.Token(ctx).AllowsActivity(list.Activity); err != nil {
		return list, err
	}
	if _, err := wire.IdempotencyKey(r); err != nil {
		return list, err
	}
	q, err := wire.Query(r, "edition", "achievement", "dry_run", "atomic")
	if err != nil {
		return list, err
	}
	list.Edition, list.Achievement = edition(q.Get("edition")), q.Get("achievement")
	if list.Achievement != "" && issuer.CheckSlug(list.Achievement) != nil {
		return list, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter achievement is the slug of an achievement."}
	}
	if list.DryRun, err = wire.Flag(q, "dry_run"); err != nil {
		return list, err
	}
	if list.Atomic, err = wire.Flag(q, "atomic"); err != nil {
		return list, err
	}
	if err := csvType(r); err != nil {
		return list, err
	}
	list.List, err = wire.ReadBody(w, r, roster.MaxBytes)
	return list, err
}

// reporter is the caller of a door by which something is reported.
func reporter(r *http.Request, scope auth.Scope) programme.Caller {
	ctx := r.Context()
	token := wire.Token(ctx)
	return programme.Caller{Actor: wire.Actor(ctx), Country: token.Country, Test: token.Test,
		MayIssue:  func(slug string) bool { return may(ctx, slug, scope) },
		MayReport: func(activity string) bool { return token.AllowsActivity(activity) == nil }}
}

func csvType(r *http.Request) error {
	switch mt := wire.MediaType(r); {
	case mt == "text/csv" || mt == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return nil
	case strings.Contains(mt, "spreadsheet") || strings.Contains(mt, "excel"):
		return &wire.Fault{Code: wire.UnsupportedMediaType,
			Detail: "Save the list as .xlsx or as CSV UTF-8; other spreadsheet files are not read."}
	}
	return &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "Send the list as CSV, with the header Content-Type: text/csv."}
}

func (h *Handler) row(row programme.Row) rowAnswer {
	a := rowAnswer{Row: row.Number, Ref: row.Ref, Outcome: row.Outcome, Code: optional(row.Code), Message: optional(row.Message)}
	if row.Credential != "" {
		a.Credential = optional(credentialURL(h.baseURL, row.Credential))
		a.VerifyURL = optional(verifyURL(h.baseURL, row.Credential))
	}
	return a
}

// writeCSV answers with the same rows for a spreadsheet, so that an organiser
// can send the links on.
func writeCSV(w http.ResponseWriter, rows []rowAnswer) error {
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	out.UseCRLF = true // RFC 4180
	lines := [][]string{{"row", "ref", "outcome", "code", "message", "credential", "verify_url"}}
	for _, row := range rows {
		lines = append(lines, []string{strconv.Itoa(row.Row), cell(row.Ref), string(row.Outcome), cell(text(row.Code)),
			cell(text(row.Message)), cell(text(row.Credential)), cell(text(row.VerifyURL))})
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("writing the roster's answer: %w", err)
	}
	wire.WriteBytes(w, "text/csv; charset=utf-8", http.StatusOK, b.Bytes())
	return nil
}

// cell keeps a spreadsheet from running a text as a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
