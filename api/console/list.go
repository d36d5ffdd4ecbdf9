package console

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"laurel/api/programmes"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/roster"
)

// A list is taken in in two steps. The first only tells what would happen; the
// page that tells it holds the list, byte for byte, and the second step is that
// page's form. So nothing about people is kept before somebody has said yes, and
// any replica can take the second step. A mark of the session binds the list to
// what was asked for and to what was told: whatever would happen otherwise by
// then is told anew instead of done.

// listFields are the questions beside a list.
var listFields = []string{"activity", "edition", "achievement", "occurred_at", "accept"}

// listMark is the purpose of the mark.
const listMark = "list"

// askList asks for a list.
func askList(v *visit) error {
	q, err := wire.Query(v.r, "activity")
	if err != nil {
		return err
	}
	pg, _, err := v.asking(fields{"activity": []byte(q.Get("activity"))})
	if err != nil {
		return err
	}
	return v.show(pg)
}

// asking is the page that asks for a list, with what was filled in before.
func (v *visit) asking(sent fields) (*page, *form, error) {
	pg := v.page("console.upload.title")
	pg.Lead = v.t("console.upload.lead")
	activity := field{Name: "activity", Label: v.t("console.col.activity"), Type: "text", Value: sent.line("activity"), Hint: v.t("console.upload.activity.hint"), Required: true, LTR: true}
	if err := v.offer(&activity); err != nil {
		return nil, nil, err
	}
	pg.Form = &form{ID: "list", Action: v.local(uploadPath), Files: true, Fields: []field{activity,
		{Name: "file", Label: v.t("console.upload.file"), Type: "file", Hint: v.p.Text("console.upload.file.hint", i18n.Params{"Formats": "CSV UTF-8, .xlsx"}), Required: true, Accept: ".csv,.xlsx,text/csv"},
		{Name: "edition", Label: v.t("console.col.edition"), Type: "text", Value: sent.line("edition"), Hint: v.t("console.upload.edition.hint"), LTR: true},
		{Name: "achievement", Label: v.t("console.col.achievement"), Type: "text", Value: sent.line("achievement"), Hint: v.t("console.upload.achievement.hint"), LTR: true},
		{Name: "occurred_at", Label: v.t("console.upload.occurred"), Type: "date", Value: sent.line("occurred_at"), Hint: v.t("console.upload.occurred.hint"), LTR: true},
		v.doubt(sent.line("accept")),
	}, Submits: []submit{{Text: v.t("console.upload.preview")}}}
	return pg, pg.Form, nil
}

// doubt asks which doubt about people is settled: one at a time, because what is
// said holds for all rows.
func (v *visit) doubt(settled string) field {
	return field{Name: "accept", Label: v.t("console.upload.accept"), Type: "select", Hint: v.t("console.upload.accept.hint"), Options: []option{
		{"", "—", settled == ""},
		{"renamed", v.t("console.upload.accept.renamed"), settled == "renamed"},
		{"shared", v.t("console.upload.accept.shared"), settled == "shared"},
		{"erased", v.t("console.upload.accept.erased"), settled == "erased"},
	}}
}

// settled is the doubt that was chosen, in words.
func (v *visit) settled(sent fields) string {
	for _, o := range v.doubt(sent.line("accept")).Options {
		if o.Selected && o.Value != "" {
			return o.Text
		}
	}
	return ""
}

// offer makes the question for the activity a choice among those that the token
// sees or is for.
func (v *visit) offer(f *field) error {
	names := map[string]string{}
	var slugs []string
	if v.may(http.MethodGet, activitiesPath) {
		all, err := v.activities()
		if err != nil {
			return err
		}
		for _, a := range all {
			slugs = append(slugs, a.ID)
			names[a.ID] = v.titleOf(a)
		}
	} else {
		slugs = v.token().Activities
	}
	if len(slugs) == 0 {
		return nil
	}
	f.Type, f.Hint, f.LTR = "select", "", false
	if len(slugs) > 1 && f.Value == "" {
		f.Options = []option{{"", "—", true}} // nobody has chosen: the first one would be taken unseen
	}
	for _, slug := range slugs {
		label := slug
		if names[slug] != "" && names[slug] != slug {
			label = names[slug] + " (" + slug + ")"
		}
		f.Options = append(f.Options, option{slug, label, slug == f.Value})
	}
	return nil
}

// asked is what a form asks of a list. The error is that of the call, or a fault
// of one field.
func (v *visit) asked(sent fields, list []byte) (programme.Roster, error) {
	r := programme.Roster{Activity: sent.line("activity"), Edition: noDash(sent.line("edition")), Achievement: sent.line("achievement"), List: list}
	if err := v.token().AllowsActivity(r.Activity); err != nil {
		return r, err
	}
	if r.Achievement != "" && issuer.CheckSlug(r.Achievement) != nil {
		return r, wire.At(wire.InvalidSlug, "/achievement", "Give the slug of an achievement, or leave it out.")
	}
	if at := sent.line("occurred_at"); at != "" {
		t, err := wire.Time(at)
		if err != nil {
			return r, wire.At(wire.InvalidParameter, "/occurred_at", "Give a day such as 2025-08-12, or leave it out.")
		}
		r.OccurredAt = t
	}
	return r, programmes.Accept(&r, sent.line("accept"))
}

// listPlace is the field that a fault of a list is about.
func listPlace(e wire.FieldError) string {
	switch e.Code {
	case "unknown_edition":
		return "edition"
	case "occurred_in_future", "date_invalid":
		return "occurred_at"
	}
	if name := strings.TrimPrefix(e.Pointer, "/"); name == "achievement" || name == "occurred_at" {
		return name
	}
	return "file"
}

// refuseList shows the question again with what is wrong.
func (v *visit) refuseList(err error, sent fields) error {
	pg, f, asking := v.asking(sent)
	if asking != nil {
		return asking
	}
	p := v.Explain(v.ctx(), err)
	switch p.Code {
	case "not_found", "activity_not_granted":
		for n := range f.Fields {
			if f.Fields[n].Name == "activity" {
				f.Fields[n].Error = v.sentence("activity_unknown", p.Detail)
			}
		}
		pg.Notices = []notice{{Tone: "fail", Text: v.t("console.form.refused")}}
		return v.write(http.StatusUnprocessableEntity, pg)
	}
	return v.refused(err, pg, f, listPlace)
}

// previewList tells what a list would do.
func previewList(v *visit, sent fields) error {
	list := sent["file"]
	asked, err := v.asked(sent, list)
	if err == nil && len(list) == 0 {
		err = wire.At(wire.Required, "/file", "Choose the file with the list.")
	}
	if err != nil {
		return v.refuseList(err, sent)
	}
	would, err := v.rehearse(asked)
	if err != nil {
		return v.refuseList(err, sent)
	}
	return v.preview(sent, list, would, nil)
}

func (v *visit) rehearse(asked programme.Roster) (*programme.Result, error) {
	asked.DryRun, asked.Tell = true, v.tellRows
	return v.Programme.Roster(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), asked)
}

// preview is the page of what would happen, with the form that makes it happen.
func (v *visit) preview(sent fields, list []byte, would *programme.Result, more []notice) error {
	pg := v.page("console.preview.title")
	pg.Lead = v.t("console.preview.lead")
	pg.Notices = more
	pg.Facts = v.aboutList(sent, list, would)
	hidden := []pair{{"list", base64.StdEncoding.EncodeToString(list)}, {"told", outcomes(would)}}
	for _, name := range listFields {
		hidden = append(hidden, pair{name, sent.line(name)})
	}
	hidden = append(hidden, pair{"seal", v.session.Mark(listMark, sealed(sent, list, outcomes(would)))})
	new := would.Summary[programme.OutcomeWould]
	button := v.t("console.preview.take")
	if new > 0 {
		button = v.tn("console.preview.issue", new)
	}
	pg.Form = &form{ID: "confirm", Title: v.t("console.preview.confirm"), Note: v.t("console.preview.note"), Action: v.local(uploadPath + "/confirm"), Files: true,
		Hidden: hidden, Submits: []submit{{Text: button}}, Cancel: v.back(uploadPath)}
	if good(would) == 0 {
		pg.Form = nil
		pg.Notices = append(pg.Notices, notice{Tone: "fail", Text: v.t("console.preview.nothing")})
		pg.Links = []link{{v.t("console.upload.again"), v.local(uploadPath, "activity", sent.line("activity"))}}
	}
	pg.Tables = v.listRows(would, "console.preview.rows")
	return v.show(pg)
}

// good counts the rows that could be taken in.
func good(r *programme.Result) int {
	return len(r.Rows) - r.Summary[programme.OutcomeError] - r.Summary[programme.OutcomeBlank]
}

// sealed is all that the second step must find as the first has left it.
func sealed(sent fields, list []byte, told string) string {
	h := sha256.New()
	for _, name := range listFields {
		fmt.Fprintf(h, "%d:%s", len(sent.line(name)), sent.line(name))
	}
	fmt.Fprintf(h, "%s:", told)
	h.Write(list)
	return hex.EncodeToString(h.Sum(nil))
}

// outcomes sums up what would become of every row.
func outcomes(r *programme.Result) string {
	h := sha256.New()
	for _, row := range r.Rows {
		fmt.Fprintf(h, "%d %s %s\n", row.Number, row.Outcome, row.Code)
		for _, a := range row.Awards {
			fmt.Fprintf(h, "  %s %s\n", a.Achievement, a.Outcome)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// gives tells whether a list would bring anybody a badge.
func gives(r *programme.Result) bool {
	for _, row := range r.Rows {
		for _, a := range row.Awards {
			if a.Outcome == programme.OutcomeWould {
				return true
			}
		}
	}
	return false
}

// takeList takes in the list that a preview was of. To send it again issues
// nothing twice: a row that was served answers with the badge it got.
func takeList(v *visit, sent fields) error {
	list, err := base64.StdEncoding.DecodeString(sent.get("list"))
	if err != nil || !v.session.Marked(listMark, sealed(sent, list, sent.get("told")), sent.get("seal")) {
		return &wire.Fault{Code: wire.ForeignForm, Detail: "This is not the list that was looked at; nothing was done. Choose the file again."}
	}
	asked, err := v.asked(sent, list)
	if err != nil {
		return v.refuseList(err, sent)
	}
	would, err := v.rehearse(asked)
	if err != nil {
		return v.refuseList(err, sent)
	}
	if outcomes(would) != sent.get("told") && gives(would) {
		return v.preview(sent, list, would, []notice{{Tone: "warn", Text: v.t("console.preview.changed")}})
	}
	asked.Tell = v.tellRows
	done, err := v.Programme.Roster(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), asked)
	if err != nil {
		return err
	}
	return v.taken(sent, list, done)
}

// taken is the page of what became of a list.
func (v *visit) taken(sent fields, list []byte, done *programme.Result) error {
	pg := v.page("console.taken.title")
	pg.Notices = []notice{{Tone: "pass", Text: v.tn("console.taken.issued", done.Summary[programme.OutcomeIssued])}}
	if n := done.Summary[programme.OutcomeError]; n > 0 {
		pg.Notices = append(pg.Notices, notice{Tone: "fail", Text: v.tn("console.taken.errors", n)})
	}
	pg.Facts = v.aboutList(sent, list, done)
	var csv bytes.Buffer
	if err := roster.WriteCSV(&csv, programmes.ResultRows(v.p, v.BaseURL, done.Rows), true); err != nil {
		return err
	}
	table := base64.StdEncoding.EncodeToString(csv.Bytes())
	pg.Form = &form{ID: "save", Action: v.local(resultPath), Files: true, Hidden: []pair{{"table", table}, {"seal", v.session.Mark(tableMark, table)}},
		Submits: []submit{{Text: v.p.Text("console.taken.csv", i18n.Params{"Format": "CSV"})}}}
	if done.Upload != "" && v.may(http.MethodGet, uploadsPath+"/:upload") {
		pg.Links = append(pg.Links, link{v.t("console.taken.upload"), v.local(to(uploadsPath+"/:upload", done.Upload))})
	}
	pg.Links = append(pg.Links, link{v.t("console.upload.again"), v.local(uploadPath, "activity", sent.line("activity"))})
	pg.Tables = v.listRows(done, "console.taken.rows")
	return v.show(pg)
}

// tableMark is the purpose of the mark of a result.
const tableMark = "table"

// saveResult gives back the table that the page of a result holds, as a file. It
// is kept by that page alone, and what no page of this session has held is not
// given out under our name.
func saveResult(v *visit, sent fields) error {
	table, err := base64.StdEncoding.DecodeString(sent.get("table"))
	if err != nil || !v.session.Marked(tableMark, sent.get("table"), sent.get("seal")) {
		return &wire.Fault{Code: wire.ForeignForm, Detail: "This is not the result that was shown. Upload the list again: what was issued is not issued twice."}
	}
	v.w.Header().Set("Content-Disposition", `attachment; filename="badges.csv"`)
	wire.WriteBytes(v.w, "text/csv; charset=utf-8", http.StatusOK, table)
	return nil
}

func (v *visit) aboutList(sent fields, list []byte, r *programme.Result) []fact {
	sum := sha256.Sum256(list)
	facts := []fact{{v.t("console.col.activity"), []cell{code(sent.line("activity"))}}, {v.t("console.col.edition"), []cell{code(sent.line("edition"))}},
		{v.t("console.col.achievement"), []cell{code(sent.line("achievement"))}}, {v.t("console.upload.occurred"), []cell{code(sent.line("occurred_at"))}},
		{v.t("console.upload.accept"), []cell{text(v.settled(sent))}}, {v.t("console.col.rows"), []cell{number(len(r.Rows))}}}
	facts = append(facts, fact{v.t("console.col.outcome"), v.summary(r.Summary)})
	if len(r.Ignored) > 0 {
		facts = append(facts, fact{v.t("console.preview.ignored"), []cell{text(strings.Join(r.Ignored, ", "))}})
	}
	return told(append(facts, fact{v.t("console.preview.digest"), []cell{code(hex.EncodeToString(sum[:]))}}))
}

// summary counts rows by outcome, in words.
func (v *visit) summary(s programme.Summary) (cells []cell) {
	for _, o := range []programme.Outcome{programme.OutcomeIssued, programme.OutcomeWould, programme.OutcomeExisting, programme.OutcomePendingRelease,
		programme.OutcomePendingIdentity, programme.OutcomeHeld, programme.OutcomeNotMet, programme.OutcomeJoined, programme.OutcomeDuplicate, programme.OutcomeBlank, programme.OutcomeError} {
		if n := s[o]; n > 0 {
			cells = append(cells, cell{Text: v.word("outcome", string(o)) + ": " + strconv.Itoa(n), Tone: tones[string(o)]})
		}
	}
	return cells
}

// listRows are the rows of a list: those with errors first, then all.
func (v *visit) listRows(r *programme.Result, title string) []table {
	columns := []string{v.t("console.col.row"), v.t("console.col.person"), v.t("console.col.outcome"), v.t("console.col.why"), v.t("console.col.badges")}
	wrong := table{ID: "errors", Title: v.tn("console.list.errors", r.Summary[programme.OutcomeError]), Note: v.t("console.list.errors.note"), Columns: columns[:4]}
	all := table{ID: "rows", Title: v.t(title), Empty: v.t("console.list.empty"), Columns: columns}
	for _, row := range r.Rows {
		cells := v.listRow(row)
		if row.Outcome == programme.OutcomeError {
			wrong.Rows = append(wrong.Rows, cells[:4])
		}
		all.Rows = append(all.Rows, cells)
	}
	if len(wrong.Rows) == 0 {
		return []table{all}
	}
	return []table{wrong, all}
}

func (v *visit) listRow(row programme.Row) []cell {
	who := row.Name
	if who == "" {
		who = row.Ref
	}
	if who == "" {
		who = row.Email
	}
	cells := []cell{number(row.Number), text(who), v.state("outcome", string(row.Outcome)), v.saying(cmp.Or(row.Code, string(row.Outcome)), row.Message), text("")}
	if row.Of > 0 {
		cells[3] = text(programmes.SameRow(v.p, row))
	}
	if row.Outcome == programme.OutcomeNotMet && row.Code != "no_badge_for_role" {
		var open []string
		for _, o := range row.Open {
			open = append(open, o.Achievement)
		}
		cells[3] = text(v.p.Text("console.list.notmet", i18n.Params{"Names": strings.Join(open, ", ")}))
	}
	var names []string
	for _, a := range row.Awards {
		if a.Credential == "" {
			names = append(names, a.Achievement)
		}
	}
	cells[4].Text, cells[4].Code = strings.Join(names, ", "), true
	for _, a := range row.Awards {
		if a.Credential != "" {
			cells[4].More = append(cells[4].More, v.badgeLink(a.Credential, a.Achievement))
		}
	}
	return cells
}

// badgeLink leads to a badge: to its page here, or where the token may not see
// that, to the one that anybody sees.
func (v *visit) badgeLink(id, name string) link {
	if v.may(http.MethodGet, badgePath) {
		return link{name, v.local(to(badgePath, id))}
	}
	return link{name, v.local("/v/" + id)}
}
