//go:build !race

// One client: the race detector has nothing to see here, and is slow at a list of which
// every index is taken.

package issuer_test

import (
	"fmt"
	"testing"

	"laurel/badge/status"
	"laurel/issuer/issuertest"
	"laurel/store"
)

// TestNearlyFullList: a list of which nearly every index is taken gives way to
// the next one before it is full.
func TestNearlyFullList(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	first := p.issue(t, award("first")).Record
	err := p.Store.Update(t.Context(), func(tx store.Tx) error {
		for n := range status.MinimumBits {
			if n == first.Index || n%5000 == 0 {
				continue
			}
			k := fmt.Appendf(nil, "x/%s/%06d", first.List, n)
			if err := tx.Put(k, store.Seal(k, []byte(first.ID))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		p.issue(t, award(fmt.Sprint(n)))
	}
	last := p.issue(t, award("last")).Record
	if last.List != academy+"-2" {
		t.Errorf("with all but 27 indexes taken the badge went to %s", last.List)
	}
	if _, err := p.StatusList(t.Context(), academy+"-2"); err != nil {
		t.Error(err)
	}
	issuertest.Audit(t, p.Issuer)
}
