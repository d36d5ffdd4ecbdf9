package statistics_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"laurel/programme/region"
	"laurel/programme/roster"
	"laurel/programme/statistics"
)

var earned = time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// tally is an award of the workshop to somebody on its roster.
func tally(achievement string, row roster.Row) statistics.Tally {
	r, _ := region.Of(row.Country, earned)
	return statistics.Tally{Issuer: "urban-health-learning", Achievement: achievement, Edition: "2025-1", Activity: "uh-kit-2025", Month: "2025-07",
		Region: r, Country: row.Country, Language: row.Language, Sector: row.Sector, State: "active"}
}

// workshop is the table of the 58 participants.
func workshop(t testing.TB) statistics.Table {
	t.Helper()
	list, err := roster.Read(file(t, "workshop-roster.csv"), roster.Vocabulary{Roles: []string{"participant"}})
	if err != nil || len(list.Rows) != 58 {
		t.Fatal(err)
	}
	table := statistics.Table{}
	for _, row := range list.Rows {
		table.Add(tally("uh-kit-participant", row), 1)
	}
	return table
}

var edition = statistics.Scope{Achievement: "uh-kit-participant", Edition: "2025-1"}

// asJSON gives what a reader of the JSON sees.
func asJSON(t testing.TB, v any) (seen map[string]any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &seen)
	}
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func public(t testing.TB, table statistics.Table, q statistics.Scope) statistics.Report {
	t.Helper()
	r, ok := statistics.Take(time.Now(), table).Public(q)
	if !ok {
		t.Fatalf("%+v is no question", q)
	}
	return r
}

// TestWorkshop holds both forms against the expected file.
func TestWorkshop(t *testing.T) {
	var want struct {
		Threshold        int
		Official, Public map[string]any
	}
	if err := json.Unmarshal(file(t, "statistics-workshop.json"), &want); err != nil {
		t.Fatal(err)
	}
	table := workshop(t)
	official := table.Official(statistics.Filter{Achievement: "uh-kit-participant", Edition: "2025-1"})
	got := asJSON(t, official)
	for name, n := range map[string]string{"by_month": "2025-07", "by_state": "active", "by_achievement": "uh-kit-participant", "by_edition": "2025-1"} {
		if !reflect.DeepEqual(got[name], map[string]any{n: 58.0}) {
			t.Errorf("%s is %v", name, got[name])
		}
		delete(got, name)
	}
	if !reflect.DeepEqual(got, want.Official) {
		t.Errorf("official: %v", got)
	}
	if want.Threshold != statistics.Threshold {
		t.Errorf("the threshold is %d", want.Threshold)
	}
	for _, q := range []statistics.Scope{edition, {}, {Issuer: "urban-health-learning"}, {Activity: "uh-kit-2025"},
		{Activity: "uh-kit-2025", Edition: "2025-1"}, {Achievement: "uh-kit-participant"}} {
		if got := asJSON(t, public(t, table, q)); !reflect.DeepEqual(got, want.Public) {
			t.Errorf("public, %+v: %v", q, got)
		}
	}
}

// TestWholeWorkshop: beside the completions and the team, the participants are
// told as they are alone, and the four facilitators and three contributors not
// at all; neither do the totals give them away.
func TestWholeWorkshop(t *testing.T) {
	table := workshop(t)
	alone := public(t, table, edition)
	words := roster.Vocabulary{Sessions: []string{"2025-06-20", "2025-06-27", "2025-07-04", "2025-07-11"}, Submissions: []string{"exercise"},
		Roles: []string{"participant", "facilitator", "contributor", "observer"}}
	people, done, team := read(t, "workshop-roster.csv", words), read(t, "workshop-attendance.csv", words), read(t, "workshop-team.csv", words)
	for n, row := range done.Rows {
		if _, ok := row.Facts.Submissions["exercise"]["accepted"]; ok && len(row.Facts.Sessions) >= 3 {
			table.Add(tally("uh-kit-completion", people.Rows[n]), 1)
		}
	}
	for _, row := range team.Rows {
		if row.Role != "observer" {
			table.Add(tally("uh-kit-"+row.Role, row), 1)
		}
	}
	counts := table.Official(statistics.Filter{})
	if n := *counts.Total; n != 115 || *counts.ByAchievement["uh-kit-completion"] != 50 {
		t.Fatalf("%d awards", n)
	}
	if got := public(t, table, edition); !reflect.DeepEqual(got, alone) {
		t.Errorf("the participants: %v", asJSON(t, got))
	}
	if got := public(t, table, statistics.Scope{}); got.Total == nil || *got.Total != 115 || got.LeftOut || *got.ByRegion["AFR"] < 14 {
		t.Errorf("everything: %v", asJSON(t, got))
	}
	for _, role := range []string{"facilitator", "contributor", "nothing-of-the-kind"} {
		if got := public(t, table, statistics.Scope{Achievement: "uh-kit-" + role}); !reflect.DeepEqual(got, statistics.Report{}) {
			t.Errorf("%s: %v", role, asJSON(t, got))
		}
	}
	kenya := table.Official(statistics.Filter{Country: "KE", Achievement: "uh-kit-participant"})
	if *kenya.Total != 4 || len(kenya.ByCountry) != 1 || len(kenya.ByRegion) != 1 || *kenya.ByEdition["2025-1"] != 4 {
		t.Errorf("Kenya: %v", asJSON(t, kenya))
	}
}

func read(t testing.TB, name string, words roster.Vocabulary) *roster.List {
	t.Helper()
	list, err := roster.Read(file(t, name), words)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// small makes a table of one edition from counts by country and region.
func small(counts map[[2]string]int) statistics.Table {
	table := statistics.Table{}
	for place, n := range counts {
		table.Add(statistics.Tally{Issuer: "a", Achievement: "b", Edition: "1", Country: place[0], Region: place[1], Language: "en", State: "active"}, n)
	}
	return table
}

// TestSubtraction: what a total, a list of keys or another answer would give
// away.
func TestSubtraction(t *testing.T) {
	q := statistics.Scope{Achievement: "b", Edition: "1"}
	say := func(c statistics.Cells) string { raw, _ := json.Marshal(c); return string(raw) }
	r := public(t, small(map[[2]string]int{{"JO", "EMR"}: 6, {"TN", "EMR"}: 1}), q)
	if say(r.ByCountry) != `{"JO":null,"TN":null}` || say(r.ByRegion) != `{"EMR":7}` || *r.Countries != 2 {
		t.Errorf("two countries: %v", asJSON(t, r))
	}
	r = public(t, small(map[[2]string]int{{"JO", "EMR"}: 6, {"TN", "EMR"}: 4, {"MA", "EMR"}: 20, {"KE", "AFR"}: 9}), q)
	if say(r.ByCountry) != `{"JO":null,"KE":9,"MA":20,"TN":null}` {
		t.Errorf("the next smallest: %v", asJSON(t, r))
	}
	r = public(t, small(map[[2]string]int{{"JO", "EMR"}: 6, {"KE", "AFR"}: 3}), q)
	if say(r.ByRegion) != `{"AFR":null,"EMR":null}` || say(r.ByCountry) != `{"JO":null,"KE":null}` || *r.Total != 9 {
		t.Errorf("two regions: %v", asJSON(t, r))
	}
	r = public(t, small(map[[2]string]int{{"JO", "EMR"}: 1, {"TN", "EMR"}: 1, {"MA", "EMR"}: 1, {"EG", "EMR"}: 1, {"LB", "EMR"}: 1}), q)
	if r.ByCountry != nil || r.Countries != nil || say(r.ByRegion) != `{"EMR":5}` || *r.Total != 5 {
		t.Errorf("five of one each: %v", asJSON(t, r))
	}
	if r = public(t, small(map[[2]string]int{{"JO", "EMR"}: 4}), q); !reflect.DeepEqual(r, statistics.Report{}) {
		t.Errorf("four: %v", asJSON(t, r))
	}
	// Of two editions one has too few: the sum of both leaves it out.
	table := small(map[[2]string]int{{"JO", "EMR"}: 10})
	table.Add(statistics.Tally{Issuer: "a", Achievement: "b", Edition: "2", Country: "JO", Region: "EMR", Language: "en"}, 2)
	all, first, second := public(t, table, statistics.Scope{Achievement: "b"}), public(t, table, q), public(t, table, statistics.Scope{Achievement: "b", Edition: "2"})
	if *all.Total != 10 || !all.LeftOut || *first.Total != 10 || first.LeftOut || !reflect.DeepEqual(second, statistics.Report{}) {
		t.Errorf("two editions: %v, %v and %v", asJSON(t, all), asJSON(t, first), asJSON(t, second))
	}
	// Two that have too few cover each other.
	table.Add(statistics.Tally{Issuer: "a", Achievement: "b", Edition: "3", Country: "JO", Region: "EMR", Language: "en"}, 3)
	if all = public(t, table, statistics.Scope{Achievement: "b"}); *all.Total != 15 || all.LeftOut {
		t.Errorf("three editions: %v", asJSON(t, all))
	}
	// Two of four each cannot: eight is four and four, as neither is five.
	table = small(map[[2]string]int{{"JO", "EMR"}: 10})
	for _, edition := range []string{"2", "3"} {
		table.Add(statistics.Tally{Issuer: "a", Achievement: "b", Edition: edition, Country: "JO", Region: "EMR", Language: "en"}, 4)
	}
	if all = public(t, table, statistics.Scope{Achievement: "b"}); *all.Total != 10 || !all.LeftOut {
		t.Errorf("two editions of four: %v", asJSON(t, all))
	}
}

// TestRegionStays: counts are kept under the region of the day.
func TestRegionStays(t *testing.T) {
	table := statistics.Table{}
	for _, day := range []string{"2025-05-22", "2025-05-23"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := region.Of("ID", at)
		table.Add(statistics.Tally{Achievement: "b", Country: "ID", Region: r, Month: day[:7]}, 6)
	}
	for n, r := range []statistics.Report{table.Official(statistics.Filter{}), public(t, table, statistics.Scope{Achievement: "b"})} {
		if *r.ByRegion["SEAR"] != 6 || *r.ByRegion["WPR"] != 6 || *r.ByCountry["ID"] != 12 || *r.Countries != 1 || *r.Regions != 2 {
			t.Errorf("form %d: %v", n, asJSON(t, r))
		}
	}
}

// TestKeys: what nobody said is a cell of its own and no country; what is in
// somebody's own words is told to nobody else.
func TestKeys(t *testing.T) {
	table := statistics.Table{}
	for _, one := range []statistics.Tally{{}, {Country: "PR", Language: "pt-BR", Sector: "civil_society"},
		{Country: "Kenya", Language: "Ana's own", Sector: "the clinic of Ana Example"}, {Country: "KE", Region: "AFR", Language: "en", Sector: "=1+1"}} {
		table.Add(one, 5)
	}
	for name, r := range map[string]statistics.Report{"official": table.Official(statistics.Filter{}), "public": public(t, table, statistics.Scope{})} {
		n := 0
		if name == "official" {
			n = 1 // and the word itself is a country there
		}
		if *r.Countries != 2+n || *r.Regions != 1 || *r.ByCountry["not_stated"] != 5 || *r.ByRegion["not_stated"] != 5 || *r.ByRegion["none"] != 10 || *r.BySector["not_stated"] != 5 {
			t.Errorf("%s: %v", name, asJSON(t, r))
		}
		raw, _ := json.Marshal(r)
		if name == "public" && (bytes.Contains(raw, []byte("Ana")) || *r.BySector["other"] != 10 || *r.ByLanguage["other"] != 5 || *r.ByCountry["other"] != 5) {
			t.Errorf("%s", raw)
		}
	}
}

// TestCSV: JSON and CSV say the same, of both forms.
func TestCSV(t *testing.T) {
	table := workshop(t)
	table.Add(statistics.Tally{Achievement: "uh-kit-participant", Edition: "2025-1", Country: "KE", Region: "AFR", Sector: "=cmd"}, 1)
	for _, r := range []statistics.Report{table.Official(statistics.Filter{}), public(t, table, edition), {}, {LeftOut: true}, {Test: true}} {
		var out bytes.Buffer
		if err := r.WriteCSV(&out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || !reflect.DeepEqual(rows[0], []string{"dimension", "key", "count"}) {
			t.Fatal(err, rows)
		}
		got := map[string]any{}
		for _, row := range rows[1:] {
			var n any
			if row[0] == "left_out" || row[0] == "test" {
				got[row[0]] = row[2] == "true"
				continue
			}
			if row[2] != statistics.Hidden {
				whole, err := strconv.Atoi(row[2])
				if err != nil {
					t.Fatal(err)
				}
				n = float64(whole)
			}
			if row[1] == "" {
				got[row[0]] = n
				continue
			}
			if got[row[0]] == nil {
				got[row[0]] = map[string]any{}
			}
			got[row[0]].(map[string]any)[strings.TrimPrefix(row[1], "'")] = n
		}
		if want := asJSON(t, r); !reflect.DeepEqual(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
	}
}

// TestSnapshot: kept and read again it answers the same, and has no answer
// more.
func TestSnapshot(t *testing.T) {
	snap := statistics.Take(earned, workshop(t))
	raw, err := json.Marshal(snap)
	if err != nil {
		t.Fatal(err)
	}
	var again statistics.Snapshot
	if err := json.Unmarshal(raw, &again); err != nil || !again.Taken().Equal(earned) {
		t.Fatal(err, again.Taken())
	}
	if len(again.Scopes()) != 6 || !reflect.DeepEqual(&again, snap) {
		t.Errorf("%v", again.Scopes())
	}
	for _, q := range []statistics.Scope{{Issuer: "a", Activity: "b"}, {Activity: "a", Achievement: "b"}, {Edition: "1"}, {Issuer: "a", Edition: "1"}} {
		if r, ok := snap.Public(q); ok || !reflect.DeepEqual(r, statistics.Report{}) {
			t.Errorf("%+v is a question", q)
		}
	}
	if err := json.Unmarshal([]byte(`{"version":2}`), &again); err == nil {
		t.Error("another version is read")
	}
	if empty := public(t, statistics.Table{}, statistics.Scope{}); !reflect.DeepEqual(empty, statistics.Report{}) {
		t.Errorf("nothing at all: %v", asJSON(t, empty))
	}
}

// TestTallyHasNoPerson: a tally is of words that are no person's.
func TestTallyHasNoPerson(t *testing.T) {
	want := "Issuer Achievement Edition Activity Month Region Country Language Sector State "
	got := ""
	for n := range reflect.TypeFor[statistics.Tally]().NumField() {
		got += fmt.Sprint(reflect.TypeFor[statistics.Tally]().Field(n).Name, " ")
	}
	if got != want {
		t.Errorf("a tally has %s", got)
	}
}
