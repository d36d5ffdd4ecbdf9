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

// TestWhoIsAtWorkIsNotWoken: what is issued while JWTs of its issuer are made wakes
// nobody, and is not forgotten either; everything else does wake.
func TestWhoIsAtWorkIsNotWoken(t *testing.T) {
	i := &Issuer{jwtKick: make(chan struct{}, 1), atWork: atWork{all: map[string]bool{}}, pace: newPace()}
	kicked := func(issuer string) bool {
		i.kickJWT(issuer)
		select {
		case <-i.jwtKick:
			return true
		default:
			return false
		}
	}
	i.atWork.begin("a")
	if i.atWork.end("a") {
		t.Error("something is said to have arrived, and nothing has")
	}
	i.atWork.begin("a")
	if kicked("a") {
		t.Error("who is at work was woken")
	}
	if !kicked("b") {
		t.Error("nobody was woken for an issuer for whom nobody is at work")
	}
	if !i.atWork.end("a") {
		t.Error("what arrived meanwhile was forgotten")
	}
	if !kicked("a") {
		t.Error("nobody was woken once the work was over")
	}

	i.atWork.begin("a")
	m := makers{i: i, busy: 1, done: make(chan result, 1)}
	m.done <- result{issuer: "a"}
	m.wait()
	if !kicked("a") {
		t.Error("nobody was woken after the service had stopped making them")
	}
}
