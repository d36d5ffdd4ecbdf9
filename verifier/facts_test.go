package verifier

import "testing"

// At least half as many facts as were asked for are remembered, those that were
// asked for last, and never more than all of them.
func TestFactsAreBounded(t *testing.T) {
	const most = 100
	m := NewFacts(most)
	nth := func(n int) fact { return fact{document: [32]byte{byte(n >> 8), byte(n)}, what: schemaFact} }
	wanted := nth(0)
	m.remember(wanted)
	for n := 1; n <= 20*most; n++ {
		m.remember(nth(n))
		if len(m.young)+len(m.old) > most {
			t.Fatalf("%d facts after %d, of %d at most", len(m.young)+len(m.old), n, most)
		}
		if n%(most/4) == 0 && !m.known(wanted) {
			t.Fatalf("what is asked for again and again was forgotten after %d", n)
		}
		if n >= most/4 && !m.known(nth(n-most/4+1)) {
			t.Fatalf("after %d one of the last %d was forgotten", n, most/4)
		}
		if n > 2*most && m.known(nth(n-2*most)) {
			t.Fatal("what nobody asked for is still known")
		}
	}
}

// Where one part of a fact ends and the next begins makes another fact.
func TestFactsHaveNamesOfTheirOwn(t *testing.T) {
	m := NewFacts(100)
	m.remember(fact{what: "suite", at: "/proof", key: "key"})
	for _, f := range []fact{{what: "suite", at: "/proofk", key: "ey"}, {what: "suite/", at: "proof", key: "key"}, {what: "suite", at: "/proof"}, {document: [32]byte{1}, what: "suite", at: "/proof", key: "key"}} {
		if m.known(f) {
			t.Errorf("%+v is taken for another", f)
		}
	}
	if !m.known(fact{what: "suite", at: "/proof", key: "key"}) {
		t.Error("what was remembered is not known")
	}
}
