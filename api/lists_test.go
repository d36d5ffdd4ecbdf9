package api_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/api"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/programme"
	"laurel/store"
)

// programmes is a world with the fixtures' issuers, achievements and activities.
type programmes struct {
	*world
	token string // for lists
}

// seeded starts a service at a day; "" is the present.
func seeded(t *testing.T, day string, settings ...setting) *programmes {
	t.Helper()
	c := &clock{}
	if day != "" {
		c.advance(time.Until(must(time.Parse(time.RFC3339, day))(t)))
	}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	var work *programme.Programme
	settings = append(settings, func(cfg *api.Config) { work = cfg.Programme })
	w := newWorldSince(t, c, "http://"+listener.Addr().String(), listener, settings...)
	for _, slug := range []string{"urban-health-learning", "digital-health-learning"} {
		w.makeKeys(w.keys.Ring, slug)
	}
	files := map[string][]byte{}
	for _, name := range []string{"../issuer/testdata/parties.json", "../issuer/testdata/achievements.json",
		"../programme/testdata/workshop-uh-kit-2025.json", "../programme/testdata/course-dh-planning.json"} {
		files[filepath.Base(name)] = must(os.ReadFile(name))(t)
	}
	d := must(programme.ReadDefinitions(files, w.base))(t)
	if err := work.Load(t.Context(), d, "test"); err != nil {
		t.Fatal(err)
	}
	return &programmes{world: w, token: w.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{auth.Any}})}
}

func list(t *testing.T, name string) string {
	t.Helper()
	return string(must(os.ReadFile("../programme/testdata/" + name))(t))
}

const workshop = "/v1/rosters/uh-kit-2025"

// listAnswer is the answer to a list.
type listAnswer struct {
	Upload  string
	DryRun  bool
	Rows    []listRow
	Summary map[string]int
	Ignored []string
	Refused bool
}

type listRow struct {
	Row, Of                                            int
	Ref, Outcome, Code, Message, Credential, VerifyURL string
	Awards                                             []struct{ Achievement, Outcome, Credential, Page string }
	Open                                               []struct {
		Achievement string
		Missing     []json.RawMessage
	}
}

func (p *programmes) upload(path, body string, header ...string) answer {
	p.t.Helper()
	h := pairs(header)
	if h["Content-Type"] == "" {
		h["Content-Type"] = "text/csv"
	}
	return p.do(request{method: "POST", path: path, body: body, token: p.token, header: h})
}

// counts holds an upload to what it says of its rows.
func (p *programmes) counts(path, body string, want map[string]int, header ...string) listAnswer {
	p.t.Helper()
	var a listAnswer
	p.upload(path, body, header...).want(p.t, http.StatusOK).into(p.t, &a)
	if !maps.Equal(a.Summary, want) {
		p.t.Errorf("%s: %v, want %v", path, a.Summary, want)
	}
	return a
}

// badges counts what was issued.
func (p *programmes) badges() int { return p.store.count("n/") }

// The workshop as it was, in its own time: invited, held, released, and one who
// hands in a month later.
func TestWorkshopOverHTTP(t *testing.T) {
	p := seeded(t, "2025-07-12T08:00:00Z")
	before := p.store.count("")
	p.counts(workshop+"?dry_run=true", list(t, "workshop-roster.csv"), map[string]int{"would_issue": 58})
	if n := p.store.count(""); n != before {
		t.Errorf("the dry run stored %d records", n-before)
	}
	first := p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"issued": 58})
	again := p.counts(workshop, list(t, "workshop-roster-excel.csv"), map[string]int{"existing": 58})
	links := map[string]bool{}
	for n, row := range first.Rows {
		links[row.Credential] = true
		if again.Rows[n].Credential != row.Credential || again.Rows[n].Ref != row.Ref {
			t.Errorf("row %d: %+v, and again %+v", n, row, again.Rows[n])
		}
	}
	if len(links) != 58 || p.badges() != 58 || again.Upload != "" || first.Upload == "" {
		t.Errorf("%d links, %d badges; uploads %q, %q", len(links), p.badges(), first.Upload, again.Upload)
	}

	attended := p.counts(workshop, list(t, "workshop-attendance.csv"), map[string]int{"pending_release": 50, "not_met": 8})
	if p.badges() != 58 {
		t.Errorf("%d badges before the release", p.badges())
	}
	missing(t, attended.Rows)
	p.clock.advance(2 * 24 * time.Hour)
	for _, issued := range []int{50, 0} { // the second time changes nothing
		var released struct{ Issued, Held, Errors int }
		p.release("uh-kit-2025", `{"edition":"2025-1"}`).want(t, http.StatusOK).into(t, &released)
		if released.Issued != issued || released.Held != 0 || released.Errors != 0 {
			t.Errorf("released: %+v, want %d", released, issued)
		}
	}
	team := p.counts(workshop, list(t, "workshop-team.csv"), map[string]int{"issued": 7, "not_met": 1})
	if observer := team.Rows[7]; observer.Code != "no_badge_for_role" || observer.Credential != "" {
		t.Errorf("the observer: %+v", observer)
	}
	if p.badges() != 115 {
		t.Errorf("%d badges, want 115", p.badges())
	}

	p.clock.advance(29 * 24 * time.Hour) // 12 August
	late := p.counts(workshop, "ref,exercise\nW25-18,accepted\n", map[string]int{"issued": 1})
	p.earned(late.Rows[0], "2025-08-12")
	told := p.counts(workshop+"?occurred_at=2025-08-05", "ref,exercise\nW25-47,accepted\n", map[string]int{"issued": 1})
	p.earned(told.Rows[0], "2025-08-05")
	if p.badges() != 117 {
		t.Errorf("%d badges, want 117", p.badges())
	}
}

func (p *programmes) release(activity, body string, header ...string) answer {
	p.t.Helper()
	h := pairs(header)
	h["Content-Type"] = "application/json"
	return p.do(request{method: "POST", path: "/v1/activities/" + activity + "/release", body: body, token: p.token, header: h})
}

// earned holds a completion to the day it was earned.
func (p *programmes) earned(row listRow, day string) {
	p.t.Helper()
	var badge struct {
		ValidFrom         string
		CredentialSubject struct{ Achievement struct{ ID string } }
	}
	p.get(strings.TrimPrefix(row.Credential, p.base), "Accept", "application/json").want(p.t, http.StatusOK).into(p.t, &badge)
	if !strings.HasPrefix(badge.ValidFrom, day) || badge.CredentialSubject.Achievement.ID != p.base+"/achievements/uh-kit-completion" {
		p.t.Errorf("%s: %+v", row.Ref, badge)
	}
}

// missing holds the eight who did not complete to what each of them lacks.
func missing(t *testing.T, rows []listRow) {
	t.Helper()
	var want struct {
		Completion struct {
			NotMet []struct {
				Ref      string
				Sessions int
			} `json:"not_met"`
		}
	}
	if err := json.Unmarshal([]byte(list(t, "expected/workshop-outcomes.json")), &want); err != nil || len(want.Completion.NotMet) != 8 {
		t.Fatal(err)
	}
	for _, w := range want.Completion.NotMet {
		row := rows[slices.IndexFunc(rows, func(r listRow) bool { return r.Ref == w.Ref })]
		lacks := fmt.Sprintf(`{"sessions_attended_gte":3,"have":"%d"}`, w.Sessions)
		if w.Sessions >= 3 {
			lacks = `{"submission":{"id":"exercise","status":"accepted"},"have":"resubmit"}`
		}
		if row.Outcome != "not_met" || len(row.Open) != 1 || !slices.ContainsFunc(row.Open[0].Missing, func(m json.RawMessage) bool { return string(m) == lacks }) {
			t.Errorf("%s: %+v, want %s", w.Ref, row, lacks)
		}
	}
}

func TestDirtyListOverHTTP(t *testing.T) {
	p := seeded(t, "")
	a := p.counts(workshop, list(t, "workshop-roster-dirty.csv"), map[string]int{"issued": 2, "duplicate_row": 1, "error": 9, "skipped_blank": 1})
	var want struct {
		Rows []struct {
			Row, Of       int
			Outcome, Code string
		}
	}
	if err := json.Unmarshal([]byte(list(t, "expected/workshop-roster-dirty.json")), &want); err != nil || len(want.Rows) != 13 {
		t.Fatal(err)
	}
	for n, w := range want.Rows {
		if r := a.Rows[n]; r.Row != w.Row || r.Outcome != w.Outcome || r.Code != w.Code || r.Of != w.Of {
			t.Errorf("row %+v, want %+v", r, w)
		}
	}
	if p.badges() != 2 {
		t.Errorf("%d badges", p.badges())
	}
}

// Rows of one person are taken together, and each says so in the reader's language; a
// row that cannot be read is an error of its own.
func TestRowsTogetherOverHTTP(t *testing.T) {
	p := seeded(t, "")
	body := "ref,name,email,2025-06-20,2025-06-27\n1,Ana \"Annie\" Example,ana@l.example,1,\n1,Ana \"Annie\" Example,ana@l.example,,1\n2,\"Bo\" Example,bo@l.example,1,\n"
	for accept, says := range map[string]string{"en": "This is taken together with row 2, which is about the same person and has the answer.",
		"fr": "Cette ligne est prise avec la ligne 2, qui concerne la même personne et porte la réponse."} {
		a := p.counts(workshop+"?dry_run=true", body, map[string]int{"would_issue": 1, "joined": 1, "error": 1}, "Accept-Language", accept)
		if a.Rows[1].Of != 2 || a.Rows[1].Message != says || a.Rows[2].Code != "malformed_row" || a.Rows[2].Ref != "2" {
			t.Errorf("%s: %+v", accept, a.Rows)
		}
	}
	table := string(p.upload(workshop+"?dry_run=true", body, "Accept", "text/csv").want(t, http.StatusOK).body)
	if !strings.Contains(table, "\n3,1,joined,,\"This is taken together with row 2,") {
		t.Errorf("as a list: %s", table)
	}
}

// All or none: a list with errors leaves nothing, not even what it told of
// those who are in order.
func TestAtomicList(t *testing.T) {
	p := seeded(t, "")
	before := p.store.count("")
	for _, query := range []string{"?atomic=true", "?atomic=true&dry_run=true"} {
		a := p.counts(workshop+query, list(t, "workshop-roster-dirty.csv"), map[string]int{"would_issue": 2, "duplicate_row": 1, "error": 9, "skipped_blank": 1})
		if !a.Refused || a.Upload != "" || p.store.count("") != before {
			t.Errorf("%+v, %d records more", a, p.store.count("")-before)
		}
		for _, row := range a.Rows {
			if row.Credential != "" || row.VerifyURL != "" {
				t.Errorf("a badge that is none: %+v", row)
			}
		}
	}
	a := p.counts(workshop+"?atomic=true", list(t, "workshop-roster.csv"), map[string]int{"issued": 58})
	if a.Refused || a.Upload == "" || p.badges() != 58 {
		t.Errorf("%+v", a)
	}
	lines := p.lines(workshop+"?atomic=true", list(t, "workshop-roster-dirty.csv"))
	if last := lines[len(lines)-1]; last["refused"] != true || last["rows"] != nil || len(lines) != 13+2 || p.badges() != 58 {
		t.Errorf("in lines: %v", lines)
	}
}

// The same list from a spreadsheet, alone and as a file of a form.
func TestWorkbookOverHTTP(t *testing.T) {
	p := seeded(t, "")
	book := asWorkbook(t, list(t, "workshop-roster.csv"))
	p.counts(workshop, book, map[string]int{"issued": 58}, "Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	for name, body := range map[string]string{"roster.xlsx": book, "roster.csv": list(t, "workshop-roster-excel.csv")} {
		form, contentType := asForm(t, "file", name, body)
		p.counts(workshop, form, map[string]int{"existing": 58}, "Content-Type", contentType)
	}
	form, contentType := asForm(t, "liste", "roster.csv", list(t, "workshop-roster.csv"))
	p.upload(workshop, form, "Content-Type", contentType).problem(t, http.StatusBadRequest, "malformed_body")
	p.upload(workshop, "--", "Content-Type", "multipart/form-data; boundary=x").problem(t, http.StatusBadRequest, "malformed_body")
	form, contentType = asForm(t, "file", "roster.csv", strings.Repeat("x", 2<<20+1))
	p.upload(workshop, form, "Content-Type", contentType).problem(t, http.StatusRequestEntityTooLarge, "too_large")
}

// asWorkbook writes a CSV as the smallest workbook that there is.
func asWorkbook(t *testing.T, text string) string {
	t.Helper()
	var sheet strings.Builder
	sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for _, line := range must(csv.NewReader(strings.NewReader(text)).ReadAll())(t) {
		sheet.WriteString("<row>")
		for _, cell := range line {
			sheet.WriteString(`<c t="inlineStr"><is><t>` + cell + `</t></is></c>`)
		}
		sheet.WriteString("</row>")
	}
	sheet.WriteString("</sheetData></worksheet>")
	return inWorkbook(t, sheet.String())
}

func inWorkbook(t *testing.T, sheet string) string {
	t.Helper()
	const relationship = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/></Relationships>`
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for name, part := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels":         fmt.Sprintf(relationship, "officeDocument", "xl/workbook.xml"),
		"xl/workbook.xml": `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
			`<sheets><sheet name="people" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": fmt.Sprintf(relationship, "worksheet", "worksheets/sheet1.xml"),
		"xl/worksheets/sheet1.xml":   sheet,
	} {
		if _, err := must(z.Create(name))(t).Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asForm(t *testing.T, field, name, body string) (form, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("note", "beside it"); err != nil {
		t.Fatal(err)
	}
	if _, err := must(w.CreateFormFile(field, name))(t).Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// The result as a list with the links, in the form in which the list came.
func TestResultsOverHTTP(t *testing.T) {
	p := seeded(t, "")
	for n, name := range []string{"workshop-roster.csv", "workshop-roster-excel.csv"} {
		a := p.upload(workshop, list(t, name), "Accept", "text/csv").want(t, http.StatusOK)
		text, marked := strings.CutPrefix(string(a.body), "\ufeff")
		lines := must(csv.NewReader(strings.NewReader(text)).ReadAll())(t)
		if marked != (n == 1) || len(lines) != 59 || strings.Join(lines[0], ",") != "row,ref,outcome,code,message,credential,verify_url,achievement,name,email" {
			t.Fatalf("%s: %t, %d lines: %.300s", name, marked, len(lines), a.body)
		}
		var links []string
		for k, line := range lines[1:] {
			links = append(links, line[5])
			if !strings.HasPrefix(line[6], p.base+"/v/") || line[7] != "uh-kit-participant" || !strings.HasSuffix(line[8], fmt.Sprintf(" %02d", k+1)) {
				t.Errorf("%q", line)
			}
		}
		p.apart(links)
	}
	// Whoever gets two badges at once has a line for each.
	french := p.upload(workshop, list(t, "workshop-attendance.csv"), "Accept", "text/csv", "Accept-Language", "fr").want(t, http.StatusOK)
	if n := strings.Count(string(french.body), must(i18n.New())(t).For("fr").Text("fault.not_met", nil)); n != 8 {
		t.Errorf("in French it says %d times what is not reached: %s", n, french.body)
	}
	p.release("uh-kit-2025", "").want(t, http.StatusOK)
	a := p.upload(workshop, "ref,name,email,2025-06-20,2025-06-27,2025-07-04,exercise\nW25-99,Participant 99,participant.99@roster.example,1,1,1,accepted\n", "Accept", "text/csv").want(t, http.StatusOK)
	if lines := strings.Split(strings.TrimSpace(string(a.body)), "\r\n"); len(lines) != 3 || strings.Count(string(a.body), ",issued,") != 2 ||
		!strings.Contains(string(a.body), ",uh-kit-participant,") || !strings.Contains(string(a.body), ",uh-kit-completion,") {
		t.Errorf("%s", a.body)
	}
}

// apart holds links to differ in the first character of their own: none tells
// anything of another.
func (p *programmes) apart(links []string) {
	p.t.Helper()
	first := map[string]int{}
	for n, link := range links {
		id, ours := strings.CutPrefix(link, p.base+"/credentials/")
		if !ours || len(id) != 22 {
			p.t.Fatalf("link %q", link)
		}
		for other, m := range first {
			same := 0
			for same < 22 && other[same] == id[same] {
				same++
			}
			if same > 5 { // 62^5 to one that two of 58 draws do so
				p.t.Errorf("links %d and %d begin alike", n, m)
			}
		}
		first[id] = n
	}
	if len(first) != 58 {
		p.t.Errorf("%d links", len(first))
	}
}

// Six learners of a course: three of them lack one thing each, and it is said
// which.
func TestCompetencyCourseOverHTTP(t *testing.T) {
	p := seeded(t, "")
	body := string(must(os.ReadFile("../programme/roster/testdata/dh-planning-results.csv"))(t))
	a := p.counts("/v1/rosters/dh-planning-fr-2025?edition=fr-2025", body, map[string]int{"issued": 3, "not_met": 3})
	for n, lacks := range map[int]string{2: "sessions_attended_gte", 3: "self-paced", 4: "project"} {
		row := a.Rows[n]
		var said []string
		for _, o := range row.Open {
			for _, m := range o.Missing {
				said = append(said, string(m))
			}
		}
		if row.Outcome != "not_met" || len(said) != 1 || !strings.Contains(said[0], lacks) {
			t.Errorf("%s: %+v %s, want one with %s", row.Ref, row, said, lacks)
		}
	}
}

// lines sends a list and reads the answer in lines.
func (p *programmes) lines(path, body string) (all []map[string]any) {
	p.t.Helper()
	a := p.upload(path, body, "Accept", wireLines).want(p.t, http.StatusOK)
	if ct := a.header.Get("Content-Type"); ct != wireLines {
		p.t.Fatalf("content type %q", ct)
	}
	for line := range strings.Lines(string(a.body)) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			p.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, m)
	}
	return all
}

const wireLines = "application/x-ndjson"

// people is a list of n of them.
func many(n int) string {
	var b strings.Builder
	b.WriteString("ref,name,email\n")
	for k := range n {
		fmt.Fprintf(&b, "P-%d,Person %d,person.%d@many.example\n", k, k, k)
	}
	return b.String()
}

// begin sends a list and gives the answer as it comes.
func (p *programmes) begin(ctx context.Context, body string) (*http.Response, *bufio.Reader) {
	p.t.Helper()
	req := must(http.NewRequestWithContext(ctx, http.MethodPost, p.address+workshop, strings.NewReader(body)))(p.t)
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "text/csv")
	req.Header.Set("Accept", wireLines)
	resp := must(p.client.Do(req))(p.t)
	if resp.StatusCode != http.StatusOK {
		p.t.Fatalf("status %d", resp.StatusCode)
	}
	return resp, bufio.NewReader(resp.Body)
}

// The largest list, row by row: what is told is durable, and it is told long
// before the end; the server's time-outs are none of its concern.
func TestLargestListInLines(t *testing.T) {
	size := 5000
	if raceDetector {
		size = 600
	}
	p := seeded(t, "")
	start := time.Now()
	resp, lines := p.begin(t.Context(), many(size))
	defer resp.Body.Close()
	rows, ticks, early := 0, 0, 0
	var last map[string]any
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		last = nil
		if err := json.Unmarshal(line, &last); err != nil {
			t.Fatal(err)
		}
		switch {
		case last["row"] != nil:
			rows++
			if last["outcome"] != "issued" {
				t.Fatalf("%s", line)
			}
		case last["done"] != nil:
			ticks++
			if n := p.badges(); n < rows || last["done"] != float64(rows) || last["of"] != float64(size) || last["upload"] == nil {
				t.Fatalf("%s after %d rows, with %d badges", line, rows, n)
			} else if n < size {
				early++
			}
		}
	}
	if rows != size || ticks < size/500 || early < ticks/2 || last["summary"] == nil || last["upload"] == nil {
		t.Errorf("%d rows, %d times told how far it is, %d of them before the end; last %v", rows, ticks, early, last)
	}
	t.Logf("%d rows in %v", size, time.Since(start))
}

// Who goes away in the middle leaves what was told, and finds it when they come
// back.
func TestGoingAwayInTheMiddle(t *testing.T) {
	p := seeded(t, "")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	const size = 900
	resp, lines := p.begin(ctx, many(size))
	told := map[string]any{}
	for {
		var line map[string]any
		if err := json.Unmarshal(must(lines.ReadBytes('\n'))(t), &line); err != nil {
			t.Fatal(err)
		}
		if line["done"] != nil {
			break
		}
		if line["row"] != nil {
			told[line["ref"].(string)] = line["credential"]
		}
	}
	leave()
	resp.Body.Close()
	ended := `"msg":"request","request":"` + resp.Header.Get("X-Request-Id") + `"`
	for !strings.Contains(p.log.String(), ended) { // until the service has noticed
		time.Sleep(10 * time.Millisecond)
	}
	kept := p.badges()
	a := p.counts(workshop, many(size), map[string]int{"existing": kept, "issued": size - kept})
	if kept < len(told) || kept == size || p.badges() != size {
		t.Errorf("%d told, %d kept, %d in all", len(told), kept, p.badges())
	}
	for _, row := range a.Rows {
		if was, ok := told[row.Ref]; ok && was != row.Credential {
			t.Errorf("%s was told of %v, and has %s", row.Ref, was, row.Credential)
		}
	}
}

// What goes wrong after the first line is told in the last one.
func TestFailingInTheMiddle(t *testing.T) {
	p := seeded(t, "")
	resp, lines := p.begin(t.Context(), many(900))
	defer resp.Body.Close()
	var last []byte
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(line, []byte(`{"done"`)) {
			p.store.fail(store.ErrFull, nil)
		}
		last = line
	}
	p.store.fail(nil, nil)
	var told struct {
		Error struct {
			Status          int
			Code, RequestID string
		}
	}
	if err := json.Unmarshal(last, &told); err != nil || told.Error.Code != "storage_full" || told.Error.Status != 503 || told.Error.RequestID == "" {
		t.Errorf("last line %s, %v", last, err)
	}
	p.upload(workshop, "nothing\n", "Accept", wireLines).problem(t, http.StatusBadRequest, "header_missing")
	tomorrow := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	p.upload(workshop+"?occurred_at="+tomorrow, many(1), "Accept", wireLines).problem(t, http.StatusUnprocessableEntity, "occurred_in_future")
	p.upload(workshop+"?occurred_at=yesterday", many(1)).problem(t, http.StatusBadRequest, "invalid_parameter")
}

// Lists that are made to harm.
func TestHostileListsOverHTTP(t *testing.T) {
	p := seeded(t, "")
	book := func(sheet string) (string, string) {
		return inWorkbook(t, sheet), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	row := func(cells ...string) string {
		return "<row><c t=\"inlineStr\"><is><t>" + strings.Join(cells, "</t></is></c><c t=\"inlineStr\"><is><t>") + "</t></is></c></row>"
	}
	bomb, asBook := book(`<worksheet><sheetData>` + row("ref", "name") + row("A", strings.Repeat("a", 60<<20)) + `</sheetData></worksheet>`)
	if len(bomb) > 200<<10 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	for name, c := range map[string]struct {
		body, contentType, code string
		status                  int
	}{
		"a zip bomb":           {bomb, asBook, "too_large", http.StatusRequestEntityTooLarge},
		"one cell of all":      {"name,email\n" + strings.Repeat("a", 2<<20-100) + ",a@l.example\n", "text/csv", "", http.StatusOK},
		"too many columns":     {"name,email" + strings.Repeat(",x", 200) + "\n", "text/csv", "too_many_columns", http.StatusBadRequest},
		"no zip":               {"PK\x03\x04 and no more", asBook, "malformed_xlsx", http.StatusBadRequest},
		"too many rows":        {many(5001), "text/csv", "too_many_rows", http.StatusBadRequest},
		"more than 2 MiB":      {strings.Repeat("x", 2<<20+1), "text/csv", "too_large", http.StatusRequestEntityTooLarge},
		"another text's bytes": {"name,email\nJos\xe9,jose@l.example\n", "text/csv", "invalid_encoding", http.StatusBadRequest},
	} {
		a := p.upload(workshop, c.body, "Content-Type", c.contentType)
		if c.status != http.StatusOK {
			a.problem(t, c.status, c.code)
			continue
		}
		var said listAnswer
		a.want(t, http.StatusOK).into(t, &said)
		if len(said.Rows) != 1 || said.Rows[0].Outcome != "error" {
			t.Errorf("%s: %+v", name, said)
		}
	}
	formulas, _ := book(`<worksheet><sheetData>` + row("ref", "name", "email") +
		`<row><c t="inlineStr"><is><t>A</t></is></c><c t="str"><f>HYPERLINK("https://evil.example")</f><v>Ana</v></c><c t="inlineStr"><is><t>a@l.example</t></is></c></row></sheetData></worksheet>`)
	for name, c := range map[string][2]string{
		"a formula in a workbook": {formulas, asBook}, "a formula in a CSV": {"ref,name,email\nA,=1+1,a@l.example\n", "text/csv"},
		"the other way round": {"ref,name,email\nA,Ana \u202egnp.exe,a@l.example\n", "text/csv"}, "nothing in a name": {"ref,name,email\nA,A\x00na,a@l.example\n", "text/csv"},
		"nothing in an address": {"ref,name,email\nA,Ana,a\x00@l.example\n", "text/csv"}, "nothing in a ref": {"ref,name,email\nA\x00,Ana,a@l.example\n", "text/csv"},
	} {
		var said listAnswer
		p.upload(workshop, c[0], "Content-Type", c[1]).want(t, http.StatusOK).into(t, &said)
		if len(said.Rows) != 1 || said.Rows[0].Outcome != "error" || said.Rows[0].Code == "" || said.Rows[0].Message == "" {
			t.Errorf("%s: %+v", name, said)
		}
	}
	if p.badges() != 0 {
		t.Errorf("%d badges", p.badges())
	}
}
