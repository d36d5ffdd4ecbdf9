package programme_test

import (
	"strings"
	"testing"

	"laurel/issuer/issuertest"
	"laurel/store"
)

// TestCheck takes each record away that something else leads to, and puts it
// back: what is missing is told of, and a store that is whole is in order.
func TestCheck(t *testing.T) {
	p := stacked(t)
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	p.upload(t, file(t, "workshop-attendance.csv"), nil)
	p.tell(t, passes(6), said{learner: `{"id":"n-1"}`, facts: points("51")}, said{kind: "regrade", learner: passes(6).learner, facts: points("40")},
		said{source: "lms-x", learner: passes(6).learner, facts: points("50")})
	if n := p.check(t, func(problem string) { t.Error(problem) }); n != 58+50+2 {
		t.Errorf("%d awards", n)
	}
	kinds := map[string]int{}
	for k, v := range issuertest.Snapshot(t, p.store) {
		kind := strings.Join(strings.Split(k, "/")[:min(3, strings.Count(k, "/"))], "/")
		if !strings.HasPrefix(k, "P/live/") || strings.Contains("efg", k[len("P/live/"):][:1]) || kinds[kind] == 3 {
			continue
		}
		kinds[kind]++
		change := func(do func(tx store.Tx) error) {
			t.Helper()
			if err := p.store.Update(t.Context(), do); err != nil {
				t.Fatal(err)
			}
		}
		change(func(tx store.Tx) error { return tx.Delete([]byte(k)) })
		told := 0
		p.check(t, func(string) { told++ })
		if told == 0 {
			t.Errorf("without %s the store is said to be in order", k)
		}
		change(func(tx store.Tx) error { return tx.Put([]byte(k), []byte(v)) })
	}
	for _, kind := range []string{"l", "i", "m", "a", "c", "w", "r", "n", "u", "o", "t"} {
		if kinds["P/live/"+kind] == 0 {
			t.Errorf("no record of the kind %s was tried", kind)
		}
	}
	p.audit(t)
}
