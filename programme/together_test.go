package programme_test

import (
	"fmt"
	"strings"
	"testing"

	"laurel/programme"
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

// TestRolesOnOneList: one person may have had two roles, and has the badges of both.
func TestRolesOnOneList(t *testing.T) {
	p := workshop(t)
	list := []byte("name,email,role\nAna,ana@l.example,facilitator\nAna,ana@l.example,contributor\nAna,ana@l.example,\n")
	rows := p.upload(t, list, nil).Rows
	if len(rows[0].Awards) != 2 || string(rows[1].Outcome) != "joined" || rows[2].Outcome != programme.OutcomeDuplicate {
		t.Errorf("%+v", rows)
	}
	has := p.by(t, "ana@l.example")
	if len(has) != 2 || has["uh-kit-facilitator"] == nil || has["uh-kit-contributor"] == nil {
		t.Errorf("has %v", has)
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
