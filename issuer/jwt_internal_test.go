package issuer

import (
	"testing"
	"time"
)

// TestOthersAtWork: who makes its JWTs, however slowly, keeps them; who makes none
// for a while loses them.
func TestOthersAtWork(t *testing.T) {
	begun := time.Now()
	at := func(o others, after time.Duration, waiting ...string) (idle bool) {
		o.walk()
		for _, seq := range waiting {
			idle = o.idle("b", seq, begun.Add(after))
		}
		return idle
	}
	o := others{}
	for _, c := range []struct {
		after   time.Duration
		waiting []string
		idle    bool
	}{
		{0, []string{"1", "2", "3"}, false},
		{2 * takeOver, []string{"2", "3"}, false}, // slow, and at work
		{3*takeOver - 1, []string{"2", "3", "4"}, false},
		{3 * takeOver, []string{"2", "3", "4"}, true},
		{4 * takeOver, nil, false},
		{5 * takeOver, []string{"4"}, false}, // there was nothing for it meanwhile
		{6 * takeOver, []string{"4"}, true},
	} {
		if idle := at(o, c.after, c.waiting...); idle != c.idle {
			t.Errorf("after %v, %v wait: idle %v", c.after, c.waiting, idle)
		}
	}
	if at(o, 0); len(o) != 1 {
		t.Errorf("%d are remembered of the last walk", len(o))
	}
	if at(o, 0); len(o) != 0 {
		t.Errorf("%d are remembered of whom nothing waits for", len(o))
	}
}
