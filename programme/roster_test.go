package programme_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/programme"
	"laurel/programme/roster"
	"laurel/store"
	"laurel/store/bolt"
)

const activity = "uh-kit-2025"

// place is the fixtures' workshop on an empty store.
type place struct {
	*issuertest.Service
	*programme.Programme
	store store.Store
	told  int    // events so far
	first string // question
}

// emptyPlace has the issuers and the achievements, and no activity yet.
func emptyPlace(t testing.TB) *place {
	t.Helper()
	return placeOn(t, boltStore(t))
}

func boltStore(t testing.TB) store.Store {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{Scattered: issuer.Scattered + programme.Scattered})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// placeOn is emptyPlace on any store that is empty.
func placeOn(t testing.TB, db store.Store) *place {
	t.Helper()
	p := &place{store: db}
	p.Service = issuertest.New(t, db, issuertest.Options{Issuers: []string{"urban-health-learning", "digital-health-learning"}, Trials: true})
	p.Programme = programme.New(db, p.Issuer)
	files := map[string][]byte{}
	for _, name := range []string{"parties.json", "achievements.json"} {
		files[name] = file(t, "../../issuer/testdata/"+name)
	}
	d, err := programme.ReadDefinitions(files, issuertest.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Issuers) != 2 || len(d.Achievements) != 14 || len(d.Activities) != 0 {
		t.Fatalf("read %d issuers, %d achievements, %d activities", len(d.Issuers), len(d.Achievements), len(d.Activities))
	}
	if err := p.Load(t.Context(), d, "test"); err != nil {
		t.Fatal(err)
	}
	return p
}

func workshop(t testing.TB) *place {
	t.Helper()
	p := emptyPlace(t)
	if _, err := p.PutActivity(t.Context(), file(t, "workshop-uh-kit-2025.json"), "test"); err != nil {
		t.Fatal(err)
	}
	return p
}

// record is the record of a badge.
func (p *place) record(t testing.TB, id string) *issuer.Record {
	t.Helper()
	rec, err := p.Issuer.Credential(t.Context(), id)
	if err != nil {
		t.Fatalf("credential %q: %v", id, err)
	}
	return rec
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (p *place) upload(t testing.TB, list []byte, change func(*programme.Roster)) *programme.Result {
	t.Helper()
	r := programme.Roster{Activity: activity, List: list}
	if change != nil {
		change(&r)
	}
	result, err := p.Programme.Roster(t.Context(), everybody, r)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func dryRun(r *programme.Roster) { r.DryRun = true }

// TestWorkshop is the roster of 58, uploaded as an organiser would: first to
// see, then in earnest, then once more from a spreadsheet.
func TestWorkshop(t *testing.T) {
	p := workshop(t)
	before := issuertest.Snapshot(t, p.store)
	if got := p.upload(t, file(t, "workshop-roster.csv"), dryRun).Summary; !maps.Equal(got, programme.Summary{programme.OutcomeWould: 58}) {
		t.Errorf("the dry run says %v", got)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.store)) {
		t.Error("the dry run stored something")
	}
	result := p.upload(t, file(t, "workshop-roster.csv"), nil)
	if !maps.Equal(result.Summary, programme.Summary{programme.OutcomeIssued: 58}) {
		t.Fatalf("the upload says %v", result.Summary)
	}
	ids, indexes := map[string]bool{}, map[int]bool{}
	for n, row := range result.Rows {
		rec := p.record(t, row.Credential)
		ids[rec.ID], indexes[rec.Index] = true, true
		if row.Number != n+2 || row.Ref != fmt.Sprintf("W25-%02d", n+1) || rec.Achievement != "uh-kit-participant" || rec.Term != "2025-1" {
			t.Errorf("row %+v, badge %+v", row, rec)
		}
	}
	if len(ids) != 58 || len(indexes) != 58 {
		t.Errorf("%d ids and %d status indexes for 58 people", len(ids), len(indexes))
	}
	after := issuertest.Snapshot(t, p.store)
	for _, name := range []string{"workshop-roster-excel.csv", "workshop-roster.csv"} {
		again := p.upload(t, file(t, name), nil)
		if !maps.Equal(again.Summary, programme.Summary{programme.OutcomeExisting: 58}) {
			t.Errorf("%s after that: %v", name, again.Summary)
		}
		for n, row := range again.Rows {
			if row.Credential != result.Rows[n].Credential || row.Number != n+2 {
				t.Errorf("%s, row %d: another badge", name, row.Number)
			}
		}
	}
	if !maps.Equal(after, issuertest.Snapshot(t, p.store)) {
		t.Error("an upload of those who were served stored something")
	}
	served(t, p, result)
	if n := issuertest.Audit(t, p.Issuer); n != 58 {
		t.Errorf("%d credentials", n)
	}
}

// served: whoever was served is not served again, whatever became of the
// badge.
func served(t *testing.T, p *place, result *programme.Result) {
	t.Helper()
	id := result.Rows[7].Credential
	if _, err := p.Revoke(t.Context(), id, "issued in error", "test", func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	again := p.upload(t, file(t, "workshop-roster.csv"), nil)
	row := again.Rows[7]
	if again.Summary[programme.OutcomeExisting] != 58 || row.Credential != id || p.record(t, id).Status != issuer.Revoked ||
		row.Code != "revoked" || row.Message == "" || again.Rows[6].Code != "" {
		t.Errorf("after a revocation: %v, row %+v", again.Summary, row)
	}
}

// TestWorkshopExcelFirst: the spreadsheet's form alone gives the same badges.
func TestWorkshopExcelFirst(t *testing.T) {
	p := workshop(t)
	result := p.upload(t, file(t, "workshop-roster-excel.csv"), dryRun)
	plain := p.upload(t, file(t, "workshop-roster.csv"), dryRun)
	if !maps.Equal(result.Summary, programme.Summary{programme.OutcomeWould: 58}) || !reflect.DeepEqual(result.Rows, plain.Rows) {
		t.Errorf("the spreadsheet's form says %v", result.Summary)
	}
}

// TestDirtyRoster: exactly the rows, outcomes and codes that were expected.
func TestDirtyRoster(t *testing.T) {
	p := workshop(t)
	expected, err := strictjson.Parse(file(t, "expected/workshop-roster-dirty.json"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	result := p.upload(t, file(t, "workshop-roster-dirty.csv"), nil)
	if len(result.Rows) != expected.Get("rows").Len() {
		t.Fatalf("%d rows", len(result.Rows))
	}
	for n, want := range expected.Get("rows").Elements() {
		row := result.Rows[n]
		if fmt.Sprint(row.Number) != want.Get("row").Raw() || row.Ref != want.Get("ref").Text() ||
			string(row.Outcome) != want.Get("outcome").Text() || row.Code != want.Get("code").Text() {
			t.Errorf("got %+v, want %s", row, want.Raw())
		}
		if of := want.Get("of"); of.Exists() && !strings.Contains(row.Message, "row "+of.Raw()+".") {
			t.Errorf("row %d does not say of which one: %q", row.Number, row.Message)
		}
		if (row.Credential != "") != (row.Outcome == programme.OutcomeIssued) || (row.Outcome == programme.OutcomeError) != (row.Code != "" && row.Message != "") {
			t.Errorf("row %+v", row)
		}
	}
	totals := map[string]string{}
	for outcome, n := range result.Summary {
		totals[string(outcome)] = fmt.Sprint(n)
	}
	want := map[string]string{}
	for name, v := range expected.Get("totals").Members() {
		want[name] = v.Raw()
	}
	if !maps.Equal(totals, want) {
		t.Errorf("totals %v, want %v", totals, want)
	}
	if rec := p.record(t, result.Rows[10].Credential); rec.Language != "pt-BR" {
		t.Errorf("row 12 keeps the language %q", rec.Language)
	}
	for key, value := range issuertest.Snapshot(t, p.store) {
		if strings.Contains(value, "HYPERLINK") || strings.Contains(value, "\u202e") {
			t.Errorf("%s holds what should never reach a certificate", key)
		}
	}
	if n := issuertest.Audit(t, p.Issuer); n != 2 {
		t.Errorf("%d credentials", n)
	}
}

// TestLists: forms of lists that spreadsheets write, and rows apart from the
// fixtures.
func TestLists(t *testing.T) {
	p := workshop(t)
	type row struct {
		number  int
		outcome programme.Outcome
		code    string
	}
	would := programme.OutcomeWould
	for name, c := range map[string]struct {
		list string
		want []row
	}{
		"tabs":                 {"name\temail\nAna\tana@l.example\n", []row{{2, would, ""}}},
		"line ends of CR only": {"name,email\rAna,ana@l.example\rBo,bo@l.example", []row{{2, would, ""}, {3, would, ""}}},
		"names in other case":  {" Name , EMAIL \nAna,ana@l.example\n", []row{{2, would, ""}}},
		"columns in any order": {"email,x,name\nana@l.example,?,Ana\n", []row{{2, would, ""}}},
		"short row":            {"name,email,role\nAna,ana@l.example\n", []row{{2, would, ""}}},
		"empty lines":          {"name,email\n\nAna,ana@l.example\n\nBo,bo@l.example\n", []row{{3, would, ""}, {5, would, ""}}},
		"cell of two lines": {"name,email,note\nAna,ana@l.example,\"one\ntwo\"\nBo,bo@l.example,\nCy,cy@l.example,\n",
			[]row{{2, would, ""}, {3, would, ""}, {4, would, ""}}},
		"the same person twice, without ref": {"name,email\nAna,ana@l.example\nAna,ANA@l.example\n", []row{{2, would, ""}, {3, programme.OutcomeDuplicate, ""}}},
		"one ref, two addresses":             {"ref,name,email\n1,Ana,ana@l.example\n1,Ana,a@l.example\n", []row{{2, would, ""}, {3, programme.OutcomeDuplicate, ""}}},
		"blank between":                      {"name,email\n,\n , \nAna,ana@l.example\n", []row{{2, programme.OutcomeBlank, ""}, {3, programme.OutcomeBlank, ""}, {4, would, ""}}},
		"tab before the name":                {"name,email\n\"\tAna\",ana@l.example\n", []row{{2, programme.OutcomeError, "name_suspicious"}}},
		"name in two lines":                  {"name,email\n\"Ana\nMaria\",ana@l.example\n", []row{{2, programme.OutcomeError, "name_control_character"}}},
		"language":                           {"name,email,language\nAna,ana@l.example,French\n", []row{{2, programme.OutcomeError, "language_invalid"}}},
		"country in small letters":           {"name,email,country\nAna,ana@l.example,ke\n", []row{{2, programme.OutcomeError, "country_unknown"}}},
		"observers get none":                 {"name,email,role\nAna,ana@l.example,observer\n", []row{{2, programme.OutcomeNotMet, "no_badge_for_role"}}},
		"nobody":                             {"name,email\n", nil},
	} {
		result := p.upload(t, []byte(c.list), dryRun)
		var got []row
		for _, r := range result.Rows {
			got = append(got, row{r.Number, r.Outcome, r.Code})
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct{ list, rule string }{
		"empty":              {"", "header_missing"},
		"no header":          {"Ana,ana@l.example\n", "header_missing"},
		"two columns alike":  {"name,Name\nAna,Bo\n", "header_repeated"},
		"not UTF-8":          {"name,email\nJos\xe9,jose@l.example\n", "invalid_encoding"},
		"a quote that stays": {"name,email\n\"Ana,ana@l.example\n", "malformed_csv"},
		"too many rows":      {"name,email\n" + strings.Repeat("Ana,\n", roster.MaxRows+1), "too_many_rows"},
		"too many bytes":     {strings.Repeat("x", roster.MaxBytes+1), "too_large"},
	} {
		_, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: activity, List: []byte(c.list), DryRun: true})
		var list badge.Errors
		if !errors.As(err, &list) || list[0].Rule != c.rule {
			t.Errorf("%s: want %s, got %v", name, c.rule, err)
		}
	}
}

func TestRosterOptions(t *testing.T) {
	p := workshop(t)
	list := []byte("name,email,role\nAna,ana@l.example,facilitator\n")
	outcome := func(change func(*programme.Roster)) programme.Row { return p.upload(t, list, change).Rows[0] }
	byRole := outcome(nil)
	if rec := p.record(t, byRole.Credential); rec.Achievement != "uh-kit-facilitator" {
		t.Errorf("by role: %+v", byRole)
	}
	ruled := outcome(func(r *programme.Roster) { r.Achievement = "uh-kit-completion" })
	if ruled.Outcome != programme.OutcomeNotMet || len(ruled.Open) != 1 || len(ruled.Open[0].Missing) == 0 {
		t.Errorf("an achievement whose rule is not met: %+v", ruled)
	}
	chosen := outcome(func(r *programme.Roster) { r.Achievement = "network-member" })
	if rec := p.record(t, chosen.Credential); rec.Achievement != "network-member" || rec.Term != "2025-1" {
		t.Errorf("one that no rule awards: %+v", chosen)
	}
	urban := everybody
	urban.MayIssue = func(slug string) bool { return slug == "urban-health-learning" }
	foreign, err := p.Programme.Roster(t.Context(), urban, programme.Roster{Activity: activity, List: list, Achievement: "dh-trainer"})
	if err != nil {
		t.Fatal(err)
	}
	unknown := outcome(func(r *programme.Roster) { r.Achievement = "nothing" })
	for _, row := range []programme.Row{foreign.Rows[0], unknown} {
		if row.Outcome != programme.OutcomeError || row.Code != "achievement_unknown" || row.Credential != "" {
			t.Errorf("an achievement of somebody else, or none: %+v", row)
		}
	}
	for _, id := range []string{"nothing", "", "../i/x", strings.Repeat("a", 3000)} {
		if _, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: id, List: list}); !errors.Is(err, programme.ErrUnknownActivity) {
			t.Errorf("activity %.20q: %v", id, err)
		}
	}
	if n := issuertest.Audit(t, p.Issuer); n != 2 {
		t.Errorf("%d credentials", n)
	}
}

func TestActivities(t *testing.T) {
	p := workshop(t)
	before := issuertest.Snapshot(t, p.store)
	for name, definition := range map[string]string{
		"no JSON": "{", "an array": "[]", "no id": `{"kind":"course"}`, "an id that is no slug": `{"id":"a/b"}`,
		"a day that is none": `{"id":"a","start":"2025-02-30"}`, "a member twice": `{"id":"a","id":"b"}`,
	} {
		var list badge.Errors
		if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); !errors.As(err, &list) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.store)) {
		t.Error("a refused definition left something in the store")
	}
	definition := []byte(`{ "id": "a", "kind": "course", "note": "ours" }`)
	if _, err := p.PutActivity(t.Context(), definition, "clerk"); err != nil {
		t.Fatal(err)
	}
	a, err := p.Activity(t.Context(), "a")
	if err != nil || !bytes.Equal(a.Definition, definition) {
		t.Errorf("it came back as %s, %v", a.Definition, err)
	}
	noted := false
	for key, value := range issuertest.Snapshot(t, p.store) {
		noted = noted || strings.HasPrefix(key, "u/") && strings.Contains(value, `"activity.put"`) && strings.Contains(value, `"clerk"`)
	}
	if !noted {
		t.Error("the change has no audit record")
	}
}

// TestKeyRevokedMeanwhile: a key is revoked while a list is being signed. What
// it signed is signed anew; where no other key is there, nothing is written.
func TestKeyRevokedMeanwhile(t *testing.T) {
	const slug = "urban-health-learning"
	p := workshop(t)
	var checked, at int
	var afresh bool
	revoke := func() {
		all, err := p.Issuer.Keys(t.Context(), slug)
		if err != nil {
			t.Error(err)
		}
		for _, k := range all {
			if k.Signs && k.Algorithm == keys.EdDSA {
				_, err = p.Issuer.RevokeKey(t.Context(), issuer.KeyChange{Issuer: slug, ID: k.ID, Actor: "test"})
			}
		}
		if afresh && err == nil {
			_, _, err = p.Issuer.CreateKeys(t.Context(), issuer.NewKeys{Issuer: slug, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"})
		}
		if err != nil {
			t.Error(err)
		}
	}
	var mu sync.Mutex
	cfg := p.Config
	read := cfg.SelfCheck
	cfg.SelfCheck = func(ctx context.Context, raw []byte) error {
		err := read(ctx, raw)
		mu.Lock()
		defer mu.Unlock()
		if checked++; checked == at {
			revoke()
		}
		return err
	}
	i, err := issuer.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	signing := programme.New(p.store, i)
	list := programme.Roster{Activity: activity, List: file(t, "workshop-roster.csv")}

	at = 20
	before := len(p.credentials(t, issuer.Filter{}))
	refused, err := signing.Roster(t.Context(), everybody, list)
	if err != nil || refused.Upload != "" || refused.Summary[programme.OutcomeError] != 58 || refused.Summary[programme.OutcomeIssued] != 0 {
		t.Fatalf("the only key was revoked: %+v, %v", refused, err)
	}
	for _, row := range refused.Rows {
		if row.Outcome == programme.OutcomeError && (row.Code != "issuer_without_key" || !strings.Contains(row.Message, slug)) {
			t.Errorf("%+v", row)
		}
	}
	if n := len(p.credentials(t, issuer.Filter{})); n != before {
		t.Errorf("%d badges, were %d", n, before)
	}
	if _, _, err := p.Issuer.CreateKeys(t.Context(), issuer.NewKeys{Issuer: slug, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	checked, at, afresh = 0, 58, true // the last one: all are signed
	result, err := signing.Roster(t.Context(), everybody, list)
	if err != nil || result.Summary[programme.OutcomeIssued] != 58 {
		t.Fatalf("%+v, %v", result, err)
	}
	if active, revoked := p.audit(t); active != 58 || revoked != 0 {
		t.Errorf("%d badges hold, %d do not", active, revoked)
	}
}

// TestBareHeader: a list of which nothing would be read is refused as a whole,
// with the names of the columns that could be.
func TestBareHeader(t *testing.T) {
	p := workshop(t)
	for _, header := range []string{"ref,surname,given", "email;nom;pays"} {
		_, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: activity, List: []byte(header + "\nA-1,B,C\n")})
		var list badge.Errors
		if !errors.As(err, &list) || list[0].Rule != "header_unknown" || list[0].Pointer != "/header" ||
			!strings.Contains(list[0].Detail, "name, email, country") || !strings.Contains(list[0].Detail, "surname") && !strings.Contains(list[0].Detail, "nom") {
			t.Errorf("%s: %v", header, err)
		}
	}
	_, err := p.Programme.Roster(t.Context(), everybody, programme.Roster{Activity: activity, List: []byte("surname\nA\n")})
	var list badge.Errors
	if !errors.As(err, &list) || list[0].Rule != "header_missing" || list[0].Pointer != "/header" || !strings.Contains(list[0].Detail, "ref, name, email") {
		t.Errorf("no column is known: %v", err)
	}
	// Who is known by a ref alone is given what the caller names.
	if r := p.upload(t, []byte("ref,remark\nA-1,good\n"), func(r *programme.Roster) { r.Achievement = "network-member" }).Rows[0]; r.Code != "person_unknown" {
		t.Errorf("%+v", r)
	}
}

// TestRefOfSomebodyElse: without an address nobody can tell whether another name
// under a ref is another person. It is an error, until a person says so.
func TestRefOfSomebodyElse(t *testing.T) {
	p := workshop(t)
	first := p.upload(t, []byte("ref,name\nS-1,Ana Prado\nS-2,Bo Li\n"), nil)
	if first.Summary[programme.OutcomeIssued] != 2 {
		t.Fatalf("%+v", first.Rows)
	}
	other := []byte("ref,name\nS-1,Cy Doe\nS-2,BO  LI\n")
	rows := p.upload(t, other, nil).Rows
	if rows[0].Outcome != programme.OutcomeError || rows[0].Code != "recipient_conflict" || !strings.Contains(rows[0].Message, "accept=renamed") {
		t.Errorf("another name: %+v", rows[0])
	}
	if rows[1].Outcome != programme.OutcomeExisting {
		t.Errorf("the same name in another spelling: %+v", rows[1])
	}
	if r := p.upload(t, []byte("ref,name,email\nS-1,Cy Doe,cy@l.example\n"), nil).Rows[0]; r.Code != "recipient_conflict" {
		t.Errorf("another name with the first address: %+v", r)
	}
	if r := p.upload(t, []byte("ref,name\nS-9,Ana\nS-9,Bo\n"), dryRun).Rows[1]; r.Code != "recipient_conflict" {
		t.Errorf("two names for one ref in one list: %+v", r)
	}
	if r := p.upload(t, other, func(r *programme.Roster) { r.Renamed = true }).Rows[0]; r.Outcome != programme.OutcomeExisting {
		t.Errorf("renamed, as a person says: %+v", r)
	}
	if r := p.upload(t, other, nil).Rows[0]; r.Outcome != programme.OutcomeExisting {
		t.Errorf("and is known so from then on: %+v", r)
	}
	p.audit(t)
}

// TestErasedOnAList: who was erased is not served again by a list that still has
// them, unless a person says so; and nothing that is kept for that names them.
func TestErasedOnAList(t *testing.T) {
	p := workshop(t)
	list := []byte("ref,name,email\nS-1,Ana Prado,ana.prado@l.example\nS-2,Bo Li,bo@l.example\n")
	p.upload(t, list, nil)
	for _, rec := range p.credentials(t, issuer.Filter{Email: "ana.prado@l.example"}) {
		if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		for _, trace := range []string{"Ana Prado", "ana prado", "ana.prado@", "S-1"} {
			if strings.Contains(v, trace) || strings.Contains(k, trace) {
				t.Errorf("%s still holds %s", k, trace)
			}
		}
	}
	for name, again := range map[string]string{
		"the same list": string(list), "without the ref": "name,email\nAna  PRADO,ANA.prado@l.example\nBo Li,bo@l.example\n",
		"without the address": "ref,name\nS-1,Ana Prado\nS-2,Bo Li\n",
	} {
		rows := p.upload(t, []byte(again), dryRun).Rows
		if rows[0].Outcome != programme.OutcomeError || rows[0].Code != "erased" || rows[1].Outcome != programme.OutcomeExisting {
			t.Errorf("%s: %+v", name, rows)
		}
	}
	// Somebody else with the ref or the address is somebody else.
	if rows := p.upload(t, []byte("ref,name,email\nS-1,Cy Doe,cy@l.example\nS-3,Dee Doe,ana.prado@l.example\n"), dryRun).Rows; rows[0].Outcome != programme.OutcomeWould || rows[1].Outcome != programme.OutcomeWould {
		t.Errorf("others: %+v", rows)
	}
	marks := p.count(t, "P/live/x/")
	if r := p.upload(t, list, func(r *programme.Roster) { r.Erased = true }).Rows[0]; r.Outcome != programme.OutcomeIssued {
		t.Errorf("served again, as a person says: %+v", r)
	}
	if left := p.count(t, "P/live/x/"); marks != 2 || left != 0 {
		t.Errorf("%d marks, %d left", marks, left)
	}
	if r := p.upload(t, list, nil).Rows[0]; r.Outcome != programme.OutcomeExisting {
		t.Errorf("and is known from then on: %+v", r)
	}
	p.audit(t)
}

// TestProgressOfOnePiece: a list that is tried, or of which all rows or none are
// wanted, tells how far it is, too, and nothing twice.
func TestProgressOfOnePiece(t *testing.T) {
	const rows = 600
	p := workshop(t)
	var list strings.Builder
	list.WriteString("ref,name\n")
	for n := range rows {
		fmt.Fprintf(&list, "R-%d,Participant %d\n", n, n)
	}
	for name, c := range map[string]struct {
		change func(*programme.Roster)
		want   string
	}{
		"dry run": {dryRun, "checked 250/600 checked 500/600 600/600 "},
		"atomic":  {func(r *programme.Roster) { r.Atomic = true }, "checked 250/600 checked 500/600 signed 250/600 signed 500/600 signed 600/600 600/600 "},
	} {
		var told strings.Builder
		p.upload(t, []byte(list.String()), func(r *programme.Roster) {
			c.change(r)
			r.Tell = func(n programme.Progress) {
				if n.Step != "" {
					told.WriteString(string(n.Step) + " ")
				}
				fmt.Fprintf(&told, "%d/%d ", n.Done, n.Of)
			}
		})
		if told.String() != c.want {
			t.Errorf("%s told %q, want %q", name, told.String(), c.want)
		}
		p = workshop(t)
	}
}
