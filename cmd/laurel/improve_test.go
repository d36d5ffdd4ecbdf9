package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestBetterResultIsSigned: while the service runs, a badge whose activity wants
// it tells of a better result soon after that is told.
func TestBetterResultIsSigned(t *testing.T) {
	r := serving(t)
	token := r.token(t, "manage,issue,roster,read")
	achievement := strings.Replace(firstAid, "{", `{"results":"score","resultDescription":[{"id":"score","name":"Points","resultType":"Percent","valueMin":"0","valueMax":"100"}],`, 1)
	if code, answer := r.ask(t, http.MethodPut, "/v1/achievements/first-aid", token, achievement); code != http.StatusCreated {
		t.Fatalf("%d %s", code, answer)
	}
	const day = `{"id":"first-aid-day","kind":"course","title":{"en":"A day of first aid"},"language":"en","on_improvement":"reissue",
		"award_rules":[{"achievement":"first-aid","all":[{"points_percent_gte":"50"}]}]}`
	if code, answer := r.ask(t, http.MethodPut, "/v1/activities/first-aid-day", token, day); code != http.StatusCreated {
		t.Fatalf("%d %s", code, answer)
	}
	upload := func(points string) (id string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, r.url+"/v1/rosters/first-aid-day", strings.NewReader("ref,name,points,max\nA-1,Ana Prado,"+points+",20\n"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "text/csv")
		req.Header.Set("Authorization", "Bearer "+token)
		var answer struct{ Rows []struct{ Credential string } }
		code, body := read(t, http.DefaultClient, req)
		if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK || len(answer.Rows) != 1 || answer.Rows[0].Credential == "" {
			t.Fatalf("%d %s", code, body)
		}
		return strings.TrimPrefix(answer.Rows[0].Credential, r.url)
	}
	badge := upload("12")
	if _, body := r.ask(t, http.MethodGet, badge+".json", "", ""); !strings.Contains(body, `"value":"60"`) {
		t.Fatalf("the badge tells %s", body)
	}
	if again := upload("19"); again != badge {
		t.Fatalf("another badge: %s", again)
	}
	var body string
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, body = r.ask(t, http.MethodGet, badge+".json", "", ""); strings.Contains(body, `"value":"95"`) {
			return
		}
	}
	t.Errorf("the badge tells still %s", body)
}
