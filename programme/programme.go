// Package programme turns what happened in courses, workshops and events into
// awards, and asks the issuer to make them.
//
// Platforms report completions and organisers upload lists. Both become facts
// about a learner in an edition; the rules of the activity decide over them, and
// what is earned is issued, now or when the edition is released. Everything that
// belongs to a report is written in one Update: the key of the event, the facts,
// the award and the badge. So a report may come twice, late and out of order.
//
// It decides who gets what; it never signs. Start at Programme.Complete and
// Programme.Roster, and at session for how the badges come to be.
package programme

import (
	"laurel/issuer"
	"laurel/store"
)

// Programme is the activities of the service. It is safe for concurrent use.
type Programme struct {
	store       store.Store
	issuer      *issuer.Issuer
	definitions definitions
	last        lastSnapshot
	improved    chan struct{} // that badges are to tell of better results
}

// New opens the activities over a store. It observes what the issuer does, so
// it is called before the issuer is in use.
func New(s store.Store, i *issuer.Issuer) *Programme {
	p := &Programme{store: s, issuer: i, improved: make(chan struct{}, 1)}
	i.Observe(p.observe)
	return p
}
