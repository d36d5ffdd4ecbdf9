package programme_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"laurel/programme"
	"laurel/programme/roster"
)

// TestRowsOfOnePerson: what several rows say of one person is told together, so that
// a list with a line for each session earns what one with a line for each person does.
func TestRowsOfOnePerson(t *testing.T) {
	const header = "ref,name,email,country,role,2025-06-20,2025-06-27,2025-07-04,2025-07-11,exercise,points,max\n"
	p := workshop(t)
	once := p.upload(t, []byte(header+"1,Ana,ana@l.example,KE,,1,1,1,,accepted,,\n"), nil).Rows[0]
	if len(once.Awards) != 2 || once.Awards[1].Outcome != programme.OutcomePendingRelease {
		t.Fatalf("on one line: %+v", once)
	}
	for name, c := range map[string]struct{ list, want string }{
		"a line for each session": {"1,Bo,bo@l.example,KE,,1,0,0,0,,,\n1,Bo,bo@l.example,KE,,0,1,0,0,,,\n1,bo,BO@l.example,,,,,1,,accepted,,\n",
			"2 joined:2 joined:2"},
		"names on the first line alone":  {"1,Bo,bo@l.example,KE,,1,1,,,,,\n1,,,,,,,1,,accepted,,\n1,,,,,,,1,,,,\n", "2 joined:2 duplicate_row:2"},
		"without ref":                    {",Bo,bo@l.example,KE,,1,1,,,,,\n1,Bo,bo@l.example,KE,,,,1,,accepted,,\n1,Bo,,,,1,,,,,,\n", "2 joined:2 duplicate_row:2"},
		"nothing more":                   {"1,Bo,bo@l.example,KE,,1,1,1,,accepted,,\n1,Bo,bo@l.example,,,1,0,,,,,\n", "2 duplicate_row:2"},
		"two scores":                     {"1,Bo,bo@l.example,KE,,1,1,1,,,47.9,60\n1,Bo,bo@l.example,KE,,,,,1,accepted,47.90,60.0\n1,Bo,bo@l.example,KE,,,,,,,55,60\n", "2 joined:2 error:rows_contradict"},
		"two statuses":                   {"1,Bo,bo@l.example,KE,,1,1,1,,resubmit,,\n1,Bo,bo@l.example,KE,,,,,,accepted,,\n", "1 error:rows_contradict"},
		"two countries":                  {"1,Bo,bo@l.example,KE,,1,1,,,accepted,,\n1,Bo,bo@l.example,TN,,,,1,,,,\n", "1 error:rows_contradict"},
		"two spellings, ref and address": {"1,Bo,bo@l.example,KE,,1,1,,,accepted,,\n1,Bob,bo@l.example,KE,,,,1,,,,\n", "1 error:rows_contradict"},
		"another address":                {"1,Bo,bo@l.example,KE,,1,1,,,accepted,,\n1,Bo,b@l.example,KE,,,,1,,,,\n", "1 error:rows_contradict"},
		"two names":                      {"1,Bo,bo@l.example,KE,,1,1,,,accepted,,\n1,Cy,cy@l.example,KE,,,,1,,,,\n", "1 error:recipient_conflict"},
		"a row with a fault":             {"1,Bo,bo@l.example,KE,,1,1,,,accepted,,\n1,Bo,bo@l.example,KE,,,,ill,,,,\n1,,,,,,,ill,,,,\n", "1 error:session_invalid error:session_invalid"},
	} {
		p := workshop(t)
		for _, change := range []func(*programme.Roster){dryRun, nil} {
			rows := p.upload(t, []byte(header+c.list), change).Rows
			got := fmt.Sprint(len(rows[0].Awards))
			for _, row := range rows[1:] {
				of := row.Code
				if row.Of > 0 {
					of = fmt.Sprint(row.Of)
				}
				if row.Of > 0 && !strings.Contains(row.Message, "row 2") || row.Credential != "" || row.Awards != nil {
					t.Errorf("%s: %+v", name, row)
				}
				got += fmt.Sprintf(" %s:%s", row.Outcome, of)
			}
			if got != c.want {
				t.Errorf("%s: %s, not %s", name, got, c.want)
			}
		}
		if active, _ := p.audit(t); active != 1 {
			t.Errorf("%s: %d badges", name, active)
		}
	}
}

// TestRolesOnOneList: one person may have had several roles, and has the badges of
// all, in whichever order the rows stand; no role is that of a participant.
func TestRolesOnOneList(t *testing.T) {
	for list, want := range map[string]string{
		"name,email,role\nAna,a@l.example,facilitator\nAna,a@l.example,contributor\nAna,a@l.example,\n": "issued joined joined contributor facilitator participant",
		"name,email,role\nAna,a@l.example,\nAna,a@l.example,contributor\nAna,a@l.example,facilitator\n": "issued joined joined contributor facilitator participant",
		"name,email,role\nAna,a@l.example,facilitator\nAna,a@l.example,\n":                              "issued joined facilitator participant",
		"name,email,role\nAna,a@l.example,\nAna,a@l.example,facilitator\n":                              "issued joined facilitator participant",
		"name,email,role\n,a@l.example,\nAna,a@l.example,facilitator\n,a@l.example,\n":                  "error issued joined facilitator participant",
		"name,email,role\nAna,a@l.example,facilitator\nAna,a@l.example,facilitator\n":                   "issued duplicate_row facilitator",
		"name,email,role\nAna,a@l.example,\nAna,a@l.example,participant\n":                              "issued duplicate_row participant",
		"ref,name,role\n1,Ana,facilitator\n1,Ana,\n":                                                    "issued joined facilitator participant",
		"ref,name,role,2025-06-20\n1,Ana,facilitator,1\n1,Ana,,0\n":                                     "issued joined facilitator participant",
		"ref,name,role,2025-06-20\n1,Ana,facilitator,0\n1,,,1\n":                                        "issued joined facilitator",
		"ref,name,role\n1,Ana,facilitator\n1,,\n":                                                       "issued duplicate_row facilitator",
	} {
		p := workshop(t)
		var got, has []string
		for _, row := range p.upload(t, []byte(list), nil).Rows {
			got = append(got, string(row.Outcome))
			for _, a := range row.Awards {
				has = append(has, strings.TrimPrefix(a.Achievement, "uh-kit-"))
			}
		}
		slices.Sort(has)
		if got := strings.Join(append(got, has...), " "); got != want {
			t.Errorf("%q: %s, not %s", list, got, want)
		}
		if active, _ := p.audit(t); active != len(has) {
			t.Errorf("%q: %d badges, not %d", list, active, len(has))
		}
	}
}

// TestRowsWithoutName: whose a row without a name is its ref tells, or its address where
// the list knows one person there, in whichever order the rows stand.
func TestRowsWithoutName(t *testing.T) {
	const header = "name,email,2025-06-20,2025-06-27,2025-07-04,exercise\n"
	const anna, ben, nobody = "Anna,a@l.example,1,,,\n", "Ben,a@l.example,1,,,\n", ",a@l.example,,1,1,accepted\n"
	for list, want := range map[string]string{
		anna + nobody:       "issued joined",
		anna + ben + nobody: "issued error recipient_conflict error name_missing",
		anna + nobody + ben: "issued error name_missing error recipient_conflict",
		nobody + anna + ben: "error name_missing issued error recipient_conflict",
		"STRASSE,a@l.example,1,,,\nStraße,a@l.example,,1,1,accepted\n": "issued joined",
	} {
		var got []string
		for _, row := range workshop(t).upload(t, []byte(header+list), nil).Rows {
			got = append(got, strings.TrimSpace(string(row.Outcome)+" "+row.Code))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%q: %s, not %s", list, got, want)
		}
	}
	rows := workshop(t).upload(t, []byte(header+anna+nobody), func(r *programme.Roster) { r.Shared = true }).Rows
	if rows[1].Code != "name_missing" {
		t.Errorf("at an address that people share: %+v", rows[1])
	}
}

// TestRowsOfSharedAddress: of two people at one address each has their own rows.
func TestRowsOfSharedAddress(t *testing.T) {
	p := workshop(t)
	list := []byte("name,email,2025-06-20,2025-06-27,2025-07-04,exercise\nAna,a@l.example,1,,,\nBen,a@l.example,1,1,,accepted\nAna,a@l.example,,1,,\nBen,a@l.example,,,1,\n")
	rows := p.upload(t, list, func(r *programme.Roster) { r.Shared = true }).Rows
	if len(rows[0].Awards) != 1 || len(rows[1].Awards) != 2 || rows[2].Of != 2 || rows[3].Of != 3 {
		t.Errorf("%+v", rows)
	}
}

// TestCrowdedAddress: an address has room for so many people and no more, on one list
// and on several; who has it already is known there as before.
func TestCrowdedAddress(t *testing.T) {
	p := workshop(t)
	shared := func(r *programme.Roster) { r.Shared = true }
	var list strings.Builder
	list.WriteString("name,email\n")
	for n := range roster.MaxAtAddress + 20 {
		fmt.Fprintf(&list, "Person %d,all@l.example\n", n)
	}
	list.WriteString("person 7,All@l.example\nNora,n@l.example\n")
	for _, want := range []programme.Outcome{programme.OutcomeIssued, programme.OutcomeExisting} {
		result := p.upload(t, []byte(list.String()), shared)
		if s := result.Summary; s[want] != roster.MaxAtAddress+1 || s[programme.OutcomeError] != 20 || s[programme.OutcomeDuplicate] != 1 {
			t.Errorf("%v", s)
		}
		for _, row := range result.Rows[roster.MaxAtAddress:][:20] {
			if row.Code != "address_crowded" || !strings.Contains(row.Message, "100 people") || row.Credential != "" {
				t.Errorf("%+v", row)
			}
		}
	}
	for further, want := range map[string]string{
		"name,email\nOtto,all@l.example\n":          "error address_crowded",
		"ref,name,email\n7,Otto,all@l.example\n":    "error address_crowded",
		"name,email\nPerson 99,all@l.example\n":     "existing ",
		"name,email\nOtto,o@l.example\n":            "issued ",
		"ref,name,email\n8,Person 3,n2@l.example\n": "issued ",
	} {
		row := p.upload(t, []byte(further), shared).Rows[0]
		if got := string(row.Outcome) + " " + row.Code; got != want {
			t.Errorf("%q: %s, not %s", further, got, want)
		}
	}
	if row := p.upload(t, []byte("name,email\nIda,all@l.example\n"), nil).Rows[0]; row.Code != "address_crowded" {
		t.Errorf("where nobody said that it is shared: %+v", row)
	}
	if active, _ := p.audit(t); active != roster.MaxAtAddress+3 {
		t.Errorf("%d badges", active)
	}
}
