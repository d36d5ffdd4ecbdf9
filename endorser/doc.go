// Package endorser keeps who endorses and what they said: profiles of endorsers,
// and their EndorsementCredentials (OB 3.0 B.1.5) about achievements, issuers and
// badges of this service.
//
// An endorser signs with a key of its own, which is either kept here or its own
// affair; never with that of whoever issues what is endorsed. What comes in is
// verified wholly before it is kept, and kept byte for byte. An endorsement
// stands beside badges and changes nothing about them: one that comes late is
// shown with badges of old, and none is ever signed anew.
//
// Start at New; Endorse signs, Accept takes what is signed, Current finds what to
// show.
package endorser
