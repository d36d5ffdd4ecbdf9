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
	roster, err := h.readRoster(w, r)
	if err != nil {
		return err
	}
	result, err := h.programme.Roster(r.Context(), roster)
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
	return wire.WriteJSON(w, http.StatusOK, rosterAnswer{DryRun: roster.DryRun, Rows: rows, Summary: result.Summary})
}

func (h *Handler) readRoster(w http.ResponseWriter, r *http.Request) (programme.Roster, error) {
	ctx := r.Context()
	roster := programme.Roster{Activity: r.PathValue("activity"), Actor: wire.Actor(ctx), Test: wire.Token(ctx).Test,
		MayIssue: func(slug string) bool { return may(ctx, slug, auth.Roster) }}
	if err := wire.Token(ctx).AllowsActivity(roster.Activity); err != nil {
		return roster, err
	}
	if _, err := wire.IdempotencyKey(r); err != nil {
		return roster, err
	}
	q, err := wire.Query(r, "edition", "achievement", "dry_run", "atomic")
	if err != nil {
		return roster, err
	}
	roster.Edition, roster.Achievement = edition(q.Get("edition")), q.Get("achievement")
	if roster.Achievement != "" && issuer.CheckSlug(roster.Achievement) != nil {
		return roster, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter achievement is the slug of an achievement."}
	}
	if roster.DryRun, err = wire.Flag(q, "dry_run"); err != nil {
		return roster, err
	}
	if atomic, err := wire.Flag(q, "atomic"); err != nil {
		return roster, err
	} else if atomic {
		return roster, &wire.Fault{Code: wire.NotSupportedYet,
			Detail: "Rosters cannot be issued all or none yet. Try the list with dry_run=true, mend it, then send it without atomic."}
	}
	if err := csvType(r); err != nil {
		return roster, err
	}
	roster.CSV, err = wire.ReadBody(w, r, programme.MaxRosterBytes)
	return roster, err
}

func csvType(r *http.Request) error {
	switch mt := wire.MediaType(r); {
	case mt == "text/csv":
		return nil
	case strings.Contains(mt, "spreadsheet") || strings.Contains(mt, "excel"):
		return &wire.Fault{Code: wire.UnsupportedMediaType,
			Detail: "Spreadsheet files are not read yet. Save the list as CSV UTF-8 and send it with Content-Type: text/csv."}
	}
	return &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "Send the list as CSV, with the header Content-Type: text/csv."}
}

func (h *Handler) row(row programme.Row) rowAnswer {
	a := rowAnswer{Row: row.Number, Ref: row.Ref, Outcome: row.Outcome, Code: optional(row.Code), Message: optional(row.Message)}
	if row.Credential != nil {
		a.Credential = optional(credentialURL(h.baseURL, row.Credential.ID))
		a.VerifyURL = optional(verifyURL(h.baseURL, row.Credential.ID))
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
