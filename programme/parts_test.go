package programme_test

import (
	"fmt"
	"testing"

	"laurel/issuer/issuertest"
	"laurel/programme/completion"
)

// TestPartsRestOnEachOther: while some hundreds of events are put on record, the
// next are rehearsed already, and do not see what those before them tell. What
// comes of them is what would come of one after the other.
func TestPartsRestOnEachOther(t *testing.T) {
	learner := func(who string) string {
		return fmt.Sprintf(`{"id":%q,"name":"Person %s","email":"%s@parts.example"}`, who, who, who)
	}
	m1 := func(facts string) string { return `{"parts":{"m1":{` + facts + `}}}` }
	visits, exam := m1(`"visits":{"visited":15,"total":15}`), m1(`"points":{"achieved":16,"max":20}`)
	list := []said{
		{learner: learner("both"), facts: exam},
		{learner: learner("again"), facts: points("58")},
	}
	for n := len(list); n < 250; n++ { // fill a transaction
		list = append(list, said{learner: learner("filler"), facts: `{"visits":{"visited":1,"total":44}}`})
	}
	list = append(list,
		said{learner: learner("both"), facts: visits},         // only with what was told before
		said{learner: learner("again"), facts: points("58")},  // was served before
		said{learner: learner("alone"), facts: points("58")},  // as rehearsed
		said{learner: learner("filler"), facts: points("58")}, // more than is known
	)
	p, q := course(t, "all"), course(t, "all")
	var together []completion.Completion
	for _, e := range list {
		together = append(together, p.event(t, e))
	}
	answers, err := p.Complete(t.Context(), everybody, together)
	if err != nil {
		t.Fatal(err)
	}
	one := q.tell(t, list...)
	if got, want := results(answers), results(one); got != want {
		t.Errorf("together %s\none by one %s", got, want)
	}
	if got := results(answers[250:]); got != "issued existing issued issued" {
		t.Error(got)
	}
	for _, who := range []string{"both", "again", "alone", "filler"} {
		email := who + "@parts.example"
		if got, want := p.inForce(t, email, "urban-health-learning"), q.inForce(t, email, "urban-health-learning"); got != want || got == "" {
			t.Errorf("%s: %q together, %q one by one", who, got, want)
		}
	}
	if got, want := issuertest.Audit(t, p.Issuer), issuertest.Audit(t, q.Issuer); got != want {
		t.Errorf("%d badges together, %d one by one", got, want)
	}
	p.check(t, func(s string) { t.Error(s) })
}
