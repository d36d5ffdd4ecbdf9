package issuer_test

import (
	"fmt"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
)

// TestWhatIsWaitedForIsMadeFirst asks for the last of a long queue: when it is
// there, the one before it is not.
func TestWhatIsWaitedForIsMadeFirst(t *testing.T) {
	t.Parallel()
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	var recs []*issuer.Record
	for n := range 200 {
		recs = append(recs, p.issue(t, award(fmt.Sprint(n))).Record)
	}
	last, before := recs[len(recs)-1], recs[len(recs)-2]
	got := make(chan error, 1)
	go func() {
		_, err := p.JWT(t.Context(), last)
		got <- err
	}()
	for p.Wanted() == 0 {
		time.Sleep(time.Millisecond)
	}
	stop := run(t, p.Issuer)
	err := <-got
	stop()
	if err != nil {
		t.Fatal(err)
	}
	if made, err := p.JWTMade(t.Context(), before); err == nil {
		t.Errorf("the one before it was made first: %.20q", made)
	}
	if n := p.Wanted(); n != 0 {
		t.Errorf("%d are wanted still", n)
	}
}
