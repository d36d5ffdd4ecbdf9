package roster_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/programme/facts"
	"laurel/programme/roster"
)

var workshop = roster.Vocabulary{
	Sessions:    []string{"2025-06-20", "2025-06-27", "2025-07-04", "2025-07-11"},
	Submissions: []string{"exercise"},
	Roles:       []string{"participant", "facilitator", "contributor", "observer"},
}

var planning = roster.Vocabulary{
	Parts:   []string{"self-paced"},
	Rubrics: map[string][]string{"project": {"beginning", "developing", "proficient", "advanced"}},
	Roles:   []string{"co-facilitator"},
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func read(t testing.TB, raw []byte, v roster.Vocabulary) *roster.List {
	t.Helper()
	list, err := roster.Read(raw, v)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func refused(t *testing.T, raw []byte, rule string) {
	t.Helper()
	list, err := roster.Read(raw, workshop)
	var faults badge.Errors
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Rule != rule || list != nil {
		t.Errorf("%v, not %s", err, rule)
	}
}

func words(words ...string) facts.Set {
	s := facts.Set{}
	for _, w := range words {
		s[w] = time.Time{}
	}
	return s
}

// TestWorkshop: the same 58 people in both forms, in the order and under the
// row numbers of the sheet.
func TestWorkshop(t *testing.T) {
	plain, excel := read(t, file(t, "workshop-roster.csv"), workshop), read(t, file(t, "workshop-roster-excel.csv"), workshop)
	if !reflect.DeepEqual(plain, excel) {
		t.Error("the spreadsheet's form reads otherwise")
	}
	if len(plain.Rows) != 58 || !plain.Columns.Ref || !plain.Columns.Name || !plain.Columns.Email || plain.Columns.Ignored != nil {
		t.Fatalf("%d rows, %+v", len(plain.Rows), plain.Columns)
	}
	for n, row := range plain.Rows {
		if row.Number != n+2 || row.Ref != fmt.Sprintf("W25-%02d", n+1) || row.Fault != nil || row.Blank {
			t.Errorf("%+v", row)
		}
	}
	want := roster.Row{Number: 46, Ref: "W25-45", Name: "المشارك 45", Email: "participant.45@roster.example", Country: "JO", Language: "ar",
		Sector: "national_government", Role: "participant", Facts: facts.Facts{Roles: words("participant")}}
	if !reflect.DeepEqual(plain.Rows[44], want) {
		t.Errorf("%+v", plain.Rows[44])
	}
}

// TestDirty: every row is answered with the expected code, and what is wrong
// with one spoils no other.
func TestDirty(t *testing.T) {
	var expected struct {
		Rows []struct {
			Row                int
			Ref, Outcome, Code string
			Of                 int
		}
	}
	if err := json.Unmarshal(file(t, "workshop-roster-dirty.json"), &expected); err != nil {
		t.Fatal(err)
	}
	list := read(t, file(t, "workshop-roster-dirty.csv"), workshop)
	repeats := list.Join(false)
	if len(list.Rows) != 13 || len(expected.Rows) != 13 || len(repeats) != 2 {
		t.Fatalf("%d rows, %d repeats", len(list.Rows), len(repeats))
	}
	for n, want := range expected.Rows {
		row := list.Rows[n]
		outcome, code, of := "issued", "", 0
		repeat, repeated := repeats[n]
		switch {
		case row.Blank:
			outcome = "skipped_blank"
		case repeated && repeat.Conflict:
			outcome, code = "error", "recipient_conflict"
		case repeated:
			outcome, of = "duplicate_row", repeat.Of
		case row.Fault != nil:
			outcome, code = "error", row.Fault.Code
			if row.Fault.Message == "" {
				t.Errorf("row %d: no words", row.Number)
			}
		}
		if row.Number != want.Row || row.Ref != want.Ref || outcome != want.Outcome || code != want.Code || of != want.Of {
			t.Errorf("row %d: %s %s (of %d), not %+v", row.Number, outcome, code, of, want)
		}
		if strings.ContainsAny(row.Name, "=\u202e") {
			t.Errorf("row %d: the name is %q", row.Number, row.Name)
		}
	}
	if list.Rows[10].Language != "pt-BR" {
		t.Errorf("the language is %q", list.Rows[10].Language)
	}
}

// TestAttendance: a list of refs alone says who was there and what became of
// the exercise.
func TestAttendance(t *testing.T) {
	list := read(t, file(t, "workshop-attendance.csv"), workshop)
	if len(list.Rows) != 58 || list.Columns.Name || list.Columns.Email || !list.Columns.Ref || list.Columns.Ignored != nil {
		t.Fatalf("%d rows, %+v", len(list.Rows), list.Columns)
	}
	notMet := map[string]int{}
	for _, row := range list.Rows {
		if row.Fault != nil || row.Role != "" {
			t.Errorf("%+v", row)
		}
		_, accepted := row.Facts.Submissions["exercise"]["accepted"]
		if n := len(row.Facts.Sessions); n < 3 || !accepted {
			notMet[row.Ref] = n
		}
	}
	want := map[string]int{"W25-07": 2, "W25-13": 2, "W25-18": 4, "W25-22": 2, "W25-31": 1, "W25-40": 2, "W25-47": 4, "W25-55": 2}
	if !maps.Equal(notMet, want) {
		t.Errorf("%v", notMet)
	}
	if got := list.Rows[2].Facts; !reflect.DeepEqual(got, facts.Facts{Sessions: words("2025-06-20", "2025-06-27", "2025-07-04"),
		Submissions: map[string]facts.Set{"exercise": words("accepted")}}) {
		t.Errorf("%+v", got)
	}
	if got := list.Rows[12].Facts; got.Submissions != nil {
		t.Errorf("what is missing is nothing, not %+v", got.Submissions)
	}
	if got := list.Rows[17].Facts; !reflect.DeepEqual(got.Submissions, map[string]facts.Set{"exercise": words("resubmit")}) {
		t.Errorf("%+v", got.Submissions)
	}
}

func TestTeam(t *testing.T) {
	list, count := read(t, file(t, "workshop-team.csv"), workshop), map[string]int{}
	for _, row := range list.Rows {
		if row.Fault != nil {
			t.Errorf("%+v", row)
		}
		count[row.Role]++
	}
	if !maps.Equal(count, map[string]int{"facilitator": 4, "contributor": 3, "observer": 1}) {
		t.Errorf("%v", count)
	}
}

func TestResults(t *testing.T) {
	list := read(t, file(t, "dh-planning-results.csv"), planning)
	if len(list.Rows) != 6 || list.Columns.Ignored != nil {
		t.Fatalf("%d rows, %+v", len(list.Rows), list.Columns)
	}
	want := roster.Row{Number: 5, Ref: "D25-04", Name: "Participant 04", Email: "participant.04@dh.example", Country: "TN", Facts: facts.Facts{
		Attended: &facts.Count{N: 12},
		Parts:    map[string]facts.Part{"self-paced": {Visits: &facts.Share{Got: facts.Whole(99), Of: facts.Whole(100)}}},
		Rubrics:  map[string]facts.Set{"project": words("proficient")},
	}}
	got := list.Rows[3]
	if got.Facts.Parts["self-paced"].Visits.Got.Cmp(facts.Whole(99)) != 0 {
		t.Errorf("%+v", got.Facts.Parts)
	}
	got.Facts.Parts, want.Facts.Parts = nil, nil // big numbers compare by value
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
	// Without the activity's words the columns mean nothing, which is said.
	list = read(t, file(t, "dh-planning-results.csv"), workshop)
	if !slices.Equal(list.Columns.Ignored, []string{"self_paced_percent", "project_level"}) {
		t.Errorf("ignored: %q", list.Columns.Ignored)
	}
}

// TestCells reads single cells: column, what it says, and the fault that it
// makes or the facts.
func TestCells(t *testing.T) {
	v := roster.Vocabulary{Sessions: []string{"live-01"}, Submissions: []string{"final_report"}, Parts: []string{"M1"},
		Rubrics: map[string][]string{"project": {"Developing", "Proficient"}, "oral": nil}, Roles: []string{"participant", "Co-facilitator"}}
	share := func(f facts.Facts) string {
		switch {
		case f.Points != nil:
			return f.Points.Got.String() + "/" + f.Points.Of.String()
		case f.Parts != nil:
			return f.Parts["M1"].Visits.Got.String() + "%"
		case f.Attended != nil:
			return fmt.Sprint(f.Attended.N)
		}
		for _, s := range []facts.Set{f.Sessions, f.Submissions["final_report"], f.Rubrics["project"], f.Rubrics["oral"], f.Roles, f.Approved} {
			if len(s) > 0 {
				return strings.Join(slices.Sorted(maps.Keys(s)), "+")
			}
		}
		return ""
	}
	for _, c := range []struct{ header, cells, want, code string }{
		{"live_01", "1", "live-01", ""}, {"LIVE-01", "Yes", "live-01", ""}, {"live-01", " x ", "live-01", ""}, {"live-01", "TRUE", "live-01", ""},
		{"live-01", "0", "", ""}, {"live-01", "no", "", ""}, {"live-01", "", "", ""}, {"live-01", "-", "", ""}, {"live-01", "–", "", ""},
		{"live-01", "2", "", "session_invalid"}, {"live-01", "ill", "", "session_invalid"}, {"live-01", "=1", "", "cell_suspicious"}, {"live-01", "+", "", "cell_suspicious"},
		{"final_report", "Accepted", "accepted", ""}, {"final-report", "missing", "", ""}, {"final-report", "", "", ""},
		{"final-report", "12/20", "", "submission_invalid"}, {"final-report", "@x", "", "cell_suspicious"},
		{"m1_percent", "99.95", "99.95%", ""}, {"m1_percent", "100 %", "100%", ""}, {"m1_percent", "0", "0%", ""}, {"m1-percent", "", "", ""},
		{"m1_percent", "100.01", "", "percent_invalid"}, {"m1_percent", "\"99,95\"", "", "percent_invalid"}, {"m1_percent", "-1", "", "cell_suspicious"},
		{"project_level", "proficient", "Proficient", ""}, {"project_level", "proficent", "", "level_unknown"}, {"oral_level", "Good", "good", ""}, {"oral_level", "very good!", "", "level_unknown"},
		{"sessions", "3", "3", ""}, {"sessions", "0", "0", ""}, {"sessions", "3.5", "", "sessions_invalid"}, {"sessions", "many", "", "sessions_invalid"},
		{"points,max", "47.9,60", "47.9/60", ""}, {"max,points", "60,66", "66/60", ""}, {"points,max", ",60", "", ""}, {"points,max", "47,", "", "points_invalid"}, {"points,max", "a,60", "", "points_invalid"},
		{"approved_by", "course-lead", "course-lead", ""}, {"role", "CO-FACILITATOR", "Co-facilitator", ""}, {"role", "keynote", "", "role_unknown"},
		{"country", "KE", "", ""}, {"country", "ke", "", "country_unknown"}, {"country", "Kenya", "", "country_unknown"}, {"country", "SU", "", "country_unknown"},
		{"language", "fr", "", ""}, {"language", "pt_BR", "", ""}, {"language", "", "", ""}, {"language", "French", "", "language_invalid"},
		{"sector", "=1+1", "", "sector_suspicious"}, {"sector", "\"\tx\"", "", "sector_suspicious"}, {"edition", "＝x", "", "edition_suspicious"},
		{"sector", "a\u202eb", "", "sector_control_character"}, {"sector", strings.Repeat("x", 201), "", "sector_too_long"}, {"sector", strings.Repeat("x", 1001), "", "sector_too_long"},
		{"name", strings.Repeat("é", 200), "", ""}, {"name", strings.Repeat("é", 201), "", "name_too_long"}, {"name", " ", "", "name_missing"}, {"name", "\" -x\"", "", "name_suspicious"},
		{"email", "Ana <ana@learner.example>", "", "email_invalid"}, {"email", "@x", "", "email_suspicious"}, {"email", "", "", "email_missing"},
		{"role", "participant,more", "participant", "too_many_cells"}, {"role", "participant,,", "participant", ""},
	} {
		list := read(t, []byte("ref,"+c.header+"\nA-1,"+c.cells+"\n"), v)
		row, code := list.Rows[0], ""
		if row.Fault != nil {
			code = row.Fault.Code
		}
		if got := share(row.Facts); got != c.want || code != c.code || row.Ref != "A-1" || list.Columns.Ignored != nil {
			t.Errorf("%s = %.40q: %q, %q", c.header, c.cells, got, code)
		}
	}
}

// TestForms: a byte order mark, separators, line ends, and rows of the sheet
// counted as the sheet counts them.
func TestForms(t *testing.T) {
	people := func(list *roster.List) (s string) {
		for _, row := range list.Rows {
			s += fmt.Sprintf("%d:%s:%s:%t ", row.Number, row.Ref, row.Name, row.Blank)
		}
		return s
	}
	for form, want := range map[string]string{
		"ref,name\nA,Ana\n":                         "2:A:Ana:false ",
		"\ufeffRef;NAME\r\nA;Ana\r\n":               "2:A:Ana:false ",
		"ref\tname\rA\tAna\rB\tBo":                  "2:A:Ana:false 3:B:Bo:false ",
		"\ufeffsep=;\r\nref;name\r\nA;Ana, B\r\n":   "2:A:Ana, B:false ",
		"SEP=,\nref,name\nA,Ana;B;C\n":              "2:A:Ana;B;C:false ",
		"\n\nref,name\n\nA,Ana\n\n,\nB,Bo":          "5:A:Ana:false 7:::true 8:B:Bo:false ",
		"ref,name,\"two\nlines\"\nA,Ana,x\nB,Bo,\n": "2:A:Ana:false 3:B:Bo:false ",
		"ref,name\n\"A\",\"Ana \"\"A\"\" Bo\"\n":    "2:A:Ana \"A\" Bo:false ",
		"ref;name\nA;Ana, Countess of X\n":          "2:A:Ana, Countess of X:false ",
		"ref,name\n":                                "",
	} {
		if got := people(read(t, []byte(form), workshop)); got != want {
			t.Errorf("%q is %q, not %q", form, got, want)
		}
	}
	list := read(t, []byte("ref;points;max;Remarks;\nA;47,9;60;late;\nB;47.5;60;;x\n"), workshop)
	if got := list.Rows[0].Facts.Points.Got.String(); got != "47.9" || list.Rows[1].Fault != nil {
		t.Errorf("a decimal comma beside semicolons: %s, %+v", got, list.Rows[1].Fault)
	}
	if !slices.Equal(list.Columns.Ignored, []string{"Remarks", "column 5, which has no name"}) {
		t.Errorf("ignored: %q", list.Columns.Ignored)
	}
	if list := read(t, []byte("ref,points\nA,5\n"), workshop); !slices.Equal(list.Columns.Ignored, []string{"points"}) || list.Rows[0].Facts.Points != nil {
		t.Errorf("points without a whole: %+v", list)
	}
}

func TestRefused(t *testing.T) {
	rows := func(n int) []byte { return []byte("ref\n" + strings.Repeat("A\n", n)) }
	if n := len(read(t, rows(roster.MaxRows), workshop).Rows); n != roster.MaxRows {
		t.Errorf("%d rows", n)
	}
	refused(t, rows(roster.MaxRows+1), "too_many_rows")
	refused(t, []byte("ref\n"+strings.Repeat(" ", roster.MaxBytes)), "too_large")
	refused(t, []byte("ref"+strings.Repeat(",", roster.MaxColumns)+"\n"), "too_many_columns")
	refused(t, nil, "header_missing")
	refused(t, []byte("name,country\nAna,KE\n"), "header_missing")
	refused(t, []byte("ref,REF\nA,B\n"), "header_repeated")
	refused(t, []byte("ref,2025-06-20,2025_06_20\nA,1,0\n"), "header_repeated")
	refused(t, []byte("ref,name\n\"A,Ana\n"), "malformed_csv")
	refused(t, []byte("\xff\xfer\x00e\x00f\x00"), "invalid_encoding")
	refused(t, []byte("ref,name\nA,\xe9ric\n"), "invalid_encoding")
	refused(t, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "format_unknown")
	refused(t, []byte("PK\x03\x04 and no more"), "malformed_xlsx")
}

// TestNames: the rules that a name broke are told of its row, with what to do.
func TestNames(t *testing.T) {
	for name, c := range map[string]struct{ code, says string }{
		"\ue000\ue001":                {"name_unreadable", "Unicode gives no meaning"},
		"\u200b\u2060":                {"name_unreadable", "letter, digit or symbol"},
		strings.Repeat("a", 201):      {"name_too_long", "at most 200"},
		strings.Repeat("\u00e9", 201): {"name_too_long", "at most 200"},
		"\u202eana":                   {"name_control_character", "overrides"},
		"=Ana":                        {"name_suspicious", "formula"},
		"Ana \u0130brahim\u00f6\u011flu-O'Connor": {},
	} {
		row := read(t, []byte("ref,name\nA,\""+name+"\"\n"), workshop).Rows[0]
		switch {
		case c.code == "" && row.Fault != nil:
			t.Errorf("%q: %+v", name, row.Fault)
		case c.code != "" && (row.Fault == nil || row.Fault.Code != c.code || !strings.Contains(row.Fault.Message, c.says)):
			t.Errorf("%.20q: %+v, want %+v", name, row.Fault, c)
		}
	}
	row := read(t, []byte("ref,name\n"+strings.Repeat("a", 201)+",Ana\n"), workshop).Rows[0]
	if row.Fault == nil || row.Fault.Code != "ref_too_long" || !strings.Contains(row.Fault.Message, "at most 200") {
		t.Errorf("a long ref: %+v", row.Fault)
	}
}

// TestQuotes: in a row of which no cell begins with a quotation mark each is a
// character; where it cannot be told what the cells are, that row has a fault, and the others go on.
func TestQuotes(t *testing.T) {
	for form, want := range map[string]string{
		"ref,name\nA,Ana \"Annie\" Example\nB,Bo\n":                   "2:A:Ana \"Annie\" Example: 3:B:Bo: ",
		"ref,name\r\nA,5\" pipe\"\r\nB,Bo\"\r\n":                      "2:A:5\" pipe\": 3:B:Bo\": ",
		"ref;name\nA\"B\"C;Bo":                                        "2:A\"B\"C:Bo: ",
		"ref;name\nA\"B\"C;\"Bo; \"\"B\"\"\"\nB;Bo":                   "2:::malformed_row 3:B:Bo: ",
		"ref,\"a \"\"note\"\"\",name\nA,\"one\ntwo\r\n\",Ana\nB,,Bo":  "2:A:Ana: 3:B:Bo: ",
		"ref,name\nA,\"Ana\" Example\nB,Bo\n":                         "2:A::malformed_row 3:B:Bo: ",
		"ref,name\nA,\"Ana \"Annie\" Example\"\r\nB,Bo\n":             "2:A::malformed_row 3:B:Bo: ",
		"ref,name,email\nA, \"Ana, B\",a@l.example\nB,Bo,b@l.example": "2:A::malformed_row 3:B:Bo: ",
		"ref,name\nA,\"Ana\n\nB,\"Bo\"\nC,Cy\n":                       "2:A::malformed_row 3:C:Cy: ",
		"ref,name\nA,\"\"\nB,\"\"\"\"\n\"C\",\"\"":                    "2:A::name_missing 3:B::name_unreadable 4:C::name_missing ",
	} {
		got := ""
		for _, row := range read(t, []byte(form), workshop).Rows {
			code := ""
			if row.Fault != nil {
				code = row.Fault.Code
			}
			got += fmt.Sprintf("%d:%s:%s:%s ", row.Number, row.Ref, row.Name, code)
		}
		if got != want {
			t.Errorf("%q is %q, not %q", form, got, want)
		}
	}
	row := read(t, []byte("ref,name\nA,\"Ana\n\nB,\"Bo\"\nC,Cy\n"), workshop).Rows[0]
	if !strings.Contains(row.Fault.Message, "3 lines") {
		t.Errorf("not told how much is not read: %s", row.Fault.Message)
	}
	for form, number := range map[string]string{"\nref,name\nA,Ana\n\nB,\"Bo\nC,Cy\n": "row 5 ", "ref,name\n\"A\nB\",\"Bo\nC,Cy": "row 2 ", "ref,\"name\nA,B\n": "row 1 ", "ref,\"na\"me\nA,B\n": "row 1 "} {
		if _, err := roster.Read([]byte(form), workshop); err == nil || !strings.Contains(err.Error(), number) {
			t.Errorf("%q: %v, not in %s", form, err, number)
		}
	}
}
