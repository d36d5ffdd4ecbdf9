package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/internal/strictjson"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

var noon = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func expected(t testing.TB, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(fixture(t, "expected/"+name), into); err != nil {
		t.Fatal(err)
	}
}

func activity(t testing.TB, definition string) *rules.Activity {
	t.Helper()
	a, err := rules.ReadActivity([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// known reads facts as a platform sends them.
func known(t testing.TB, text string, at time.Time) facts.Facts {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	f, faults := facts.Read(v, "/facts", at)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return f
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alone is an activity with one rule, for the achievement "it", of the
// conditions given.
func alone(t testing.TB, conditions string) *rules.Activity {
	t.Helper()
	return activity(t, `{"id":"a","kind":"course","parts":[{"id":"m1","items":10,"points":20},{"id":"m2","items":20,"points":"40"}],
		"rubrics":{"project":["weak","good","best"]},"sessions":[{"id":"s1","hours":"1.5"},{"id":"s2","hours":1.5},{"id":"s3","hours":2}],
		"award_rules":[{"achievement":"it",`+conditions+`}]}`)
}
