//go:build !race

// One client: what reports at once may do to each other is seen in TestOrder, and this
// takes half a minute under the race detector.

package programme_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestOrderOfCorrections tells of one person by two platforms what was reached,
// taken back and regraded, as totals and part by part, in many orders. In the end
// the same is known, and the same is missing; and where nothing was regraded, which
// is put before a person, the same badges are in force.
func TestOrderOfCorrections(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			for round := range 2 * orders(name) {
				random := rand.New(rand.NewPCG(1, uint64(round)))
				p := courseOn(t, open(t), "all")
				list := corrections(random, round%2 == 1)
				var first string
				for n := range 4 {
					who := fmt.Sprintf(`{"id":"n-%d","email":"n%d@learner.example","name":"Number %d"}`, n, n, n)
					for _, i := range random.Perm(len(list)) {
						e := list[i]
						e.learner = who
						p.tell(t, e)
					}
					got := p.stand(t, fmt.Sprintf("n%d@learner.example", n), round%2 == 0)
					got += string(toJSON(t, p.tell(t, said{learner: who, facts: `{"role":"participant"}`})[0].Open))
					if first == "" {
						first = got
					}
					if got != first {
						t.Fatalf("round %d: %+v\n%s\nand in another order\n%s", round, list, first, got)
					}
				}
				p.audit(t)
			}
		})
	}
}

// corrections are reports of a few days: of passing and failing, taken back and
// perhaps regraded.
func corrections(random *rand.Rand, regrades bool) (list []said) {
	kinds := []string{"progress", "progress", "revocation"}
	if regrades {
		kinds = append(kinds, "regrade")
	}
	for range 4 + random.IntN(5) {
		e := said{source: []string{"lms-a", "lms-b"}[random.IntN(2)], kind: kinds[random.IntN(len(kinds))], day: fmt.Sprintf("2025-03-0%d", 1+random.IntN(8))}
		if e.kind != "revocation" {
			e.facts = []string{points("20"), points("51"), modules("18"), modules("3"), `{"points":{"achieved":55,"max":60}}`, `{"visits":{"visited":44,"total":44}}`}[random.IntN(6)]
		}
		list = append(list, e)
	}
	return list
}
