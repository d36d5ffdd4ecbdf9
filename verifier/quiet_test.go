package verifier_test

import (
	"regexp"
	"sync"
	"testing"
	"time"

	"laurel/keys/resolve"
	"laurel/verifier"
)

// newResolver finds the keys of a world, and remembers none yet.
func newResolver(w *world) *resolve.Resolver {
	return resolve.NewWithClock(w.web, nil, func() time.Time { return now })
}

// A badge says where its pictures, evidence, criteria and people are. Nobody
// goes there: the issuer's key and list are all that is asked for, once for many
// verifications, so that nobody learns which badge is looked at, or when.
func TestNobodyIsToldWhoLooks(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	h.full = true
	elsewhere := regexp.MustCompile(`https://(badges\.example\.edu|www\.example\.edu|credentialfinder\.org|[a-z.]*github\.com)`)
	text := h.sign(put("credentialStatus", h.entry("revocation", "7", ""))(t,
		elsewhere.ReplaceAllString(h.unsigned(h.did), "http://"+h.host+"/issuers/a/told")), h.key, now.Add(-time.Hour))
	for _, piece := range []string{"image", "evidence", "criteria", "url", "targetUrl", "creator"} {
		if !regexp.MustCompile(`"` + piece + `":[^,]*/told`).MatchString(text) {
			t.Errorf("the badge has no %s there", piece)
		}
	}
	var all sync.WaitGroup
	for range 3 {
		for range 8 {
			all.Go(func() {
				expect(t, tn.v.Verify(t.Context(), []byte(text)), valid, finding{revocation, pass, verifier.NotRevoked})
			})
		}
		all.Wait()
	}
	if n := tn.web.asked.Load(); n != 2 {
		t.Errorf("%d requests, want one for the key and one for the list", n)
	}
}
