package facts_test

import (
	"fmt"
	"strings"
	"testing"

	"laurel/programme/facts"
)

// TestList: everything that is known stands in it once, in one order.
func TestList(t *testing.T) {
	f, errs := facts.Read(value(t, `{"visits":{"visited":9,"total":12},"parts":{"m2":{"points":{"achieved":"7.5","max":10}},"m1":{"visits":{"visited":1,"total":2}}},"points":{"achieved":"47.90","max":60},
		"sessions":["s2","s1"],"submissions":{"essay":"accepted"},"rubric":{"project":"proficient"},"role":"participant","passed":true,"approved_by":"lead","waived":"x-y","hours":"1.5"}`), "/facts", day)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	m1 := f.Parts["m1"]
	m1.VisitsApart = of("1", "3", day)
	f.Parts["m1"] = m1
	f.Attended = &facts.Count{N: 3, At: day}
	var got []string
	for _, e := range f.List() {
		got = append(got, fmt.Sprintf("%s %s %s", e.Kind, e.Of, e.Value))
		if e.At.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	const want = "visits  9/12, points  47.9/60, visits m1 1/2, visits m1 1/3, points m2 7.5/10, session  s1, session  s2, sessions  3, submission essay accepted, " +
		"rubric project proficient, role  participant, passed  , approved_by  lead, waived  x-y, hours  1.5"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("%s\nwant %s", text, want)
	}
}
