// Package feed tells other systems what changed.
//
// The audit records of package issuer are written in the same Update as the
// changes that they tell of, and package auditlog gives them a definite order
// without gaps. They are the outbox: an event is an audit record that concerns
// others, read with what the register says of its subject, and there is no
// second list that could say otherwise.
//
// An event names no person: it carries ids, addresses, states and the
// platform's own reference. Whatever was erased since is left out when it is
// read again.
//
// Start at Feed.Page, and at Hooks for those who are told instead of asking.
package feed
