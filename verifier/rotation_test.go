package verifier_test

import (
	"testing"
	"time"

	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// TestRotatedKey: an issuer puts another key under the same name. Its new
// badges hold at once, though the document was read a moment ago; forgeries in
// its name cause no more than one further request a minute.
func TestRotatedKey(t *testing.T) {
	clock := now
	w := newWorld(t, func(cfg *verifier.Config) {
		cfg.Now = func() time.Time { return clock }
		cfg.Keys = resolve.NewWithClock(cfg.Status.(*web), nil, cfg.Now)
	})
	old := w.publish(keyPair(t, keys.EdDSA))
	w.list(listURL, "revocation", w.lister, nil)
	before := w.sign(w.unsigned(webDID), old, now)
	verdictOf := func(text string, want verifier.Verdict, requests int64) {
		t.Helper()
		w.web.asked.Store(0)
		if r := w.v.Verify(t.Context(), []byte(text)); r.Verdict() != want {
			t.Errorf("%v, want %v: %+v", r.Verdict(), want, r.Findings)
		}
		if n := w.web.asked.Load(); n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
	}
	verdictOf(before, valid, 2) // document and list

	lister := w.lister
	fresh := w.publish(keyPair(t, keys.EdDSA))
	w.lister = lister
	w.list(listURL, "revocation", fresh, nil)
	after := w.sign(w.unsigned(webDID), fresh, now)
	clock = clock.Add(10 * time.Second)
	verdictOf(after, valid, 2)    // the document anew, and the list
	verdictOf(before, invalid, 0) // its key is not published any more

	clock = clock.Add(10 * time.Second)
	forged := w.sign(w.unsigned(webDID), old, now)
	for range 20 {
		verdictOf(forged, invalid, 0)
	}
	clock = clock.Add(time.Minute)
	verdictOf(forged, invalid, 1)
	verdictOf(forged, invalid, 0)
	verdictOf(after, valid, 1)
}
