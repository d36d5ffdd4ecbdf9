package verifier

import (
	"context"
	"strconv"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// maxEndorsements bounds how many endorsements of one badge are verified.
const maxEndorsements = 8

// Endorsement is what somebody else says about the badge, its achievement or a
// profile in it: a credential of its own, with findings of its own.
type Endorsement struct {
	Pointer string  // where it stands
	Of      string  // the id of what carries it
	Finding Finding // of the check endorsement
	Report  *Report // what was found about it; nil where it was not looked at
}

// checkEndorsement verifies the endorsements in the badge, each by itself
// (OB 3.0 section 9.2), and sums them up. They never change the verdict. What
// endorses an endorsement is not looked into.
func checkEndorsement(ctx context.Context, s *subject) Finding {
	n := s.countEndorsements()
	if n == 0 {
		return skipped(NoEndorsement)
	}
	good := 0
	for _, c := range s.carriedEndorsements() {
		e := s.verifyEndorsement(ctx, c)
		if e.Finding.Code == EndorsementHolds {
			good++
		}
		s.endorsements = append(s.endorsements, e)
	}
	f := Finding{Outcome: Warned, Code: EndorsementNotGood, Params: map[string]string{"count": strconv.Itoa(n), "good": strconv.Itoa(good)}}
	switch {
	case good == n:
		f.Outcome, f.Code = Passed, EndorsementsHold
	case good == maxEndorsements:
		f.Code = EndorsementNotChecked
	}
	return f
}

// VerifyEndorsement verifies an endorsement that stands beside what it is about,
// which has the id of, by the rules for those that stand in a badge.
func (v *Verifier) VerifyEndorsement(ctx context.Context, raw []byte, of string, opts Options) Endorsement {
	s := v.subject(nil, opts)
	defer s.errands.end()
	c := carried{of: of}
	c.doc, c.err = parse(raw)
	return s.verifyEndorsement(ctx, c)
}

// verifyEndorsement asks of one endorsement what is asked of any credential,
// and whether it is about what it stands on.
func (s *subject) verifyEndorsement(ctx context.Context, c carried) Endorsement {
	e := Endorsement{Pointer: c.pointer, Of: c.of}
	remark := func(code Code, detail string) Endorsement {
		e.Finding = Finding{Check: CheckEndorsement, Outcome: Warned, Code: code, Pointer: c.pointer, Detail: detail}
		return e
	}
	d := c.doc
	switch {
	case tooMany(c.err):
		return remark(EndorsementOpen, "It costs more to read than we spend.")
	case c.err != nil:
		return remark(EndorsementInvalid, "It cannot be read.")
	}
	e.Report = s.within(ctx, d, endorsementChecks)
	worst := e.Report.Decisive()
	another := d.Root().Get("credentialSubject").Get("id").Text() != c.of || c.of == ""
	switch verdict := e.Report.Verdict(); {
	case !badge.HasType(d.Root().Get("type"), badge.TypeEndorsement):
		return remark(EndorsementInvalid, "It is no endorsement.")
	case worst.Code == Expired && !another: // it is genuine
		return remark(EndorsementExpired, worst.Detail)
	case worst.Code == Revoked && !another:
		return remark(EndorsementWithdrawn, worst.Detail)
	case worst.Check == CheckIssuerKey && (worst.Code == KeyRevoked || worst.Code == KeyExpired) && !another:
		return remark(EndorsementKeyEnded, worst.Detail)
	case verdict == Invalid && worst.Code != Expired && worst.Code != Revoked:
		return remark(EndorsementInvalid, "Its "+string(worst.Check)+" is "+string(worst.Code)+". "+worst.Detail)
	case another:
		return remark(EndorsementOfAnother, "It is about something else than what it stands on.")
	case verdict == Indeterminate:
		return remark(EndorsementOpen, "Its "+string(worst.Check)+" is "+string(worst.Code)+".")
	}
	if key := e.Report.Finding(CheckIssuerKey); key.Code == KeyCompromisedLater {
		return remark(EndorsementHolds, key.Detail)
	}
	e.Finding = Finding{Check: CheckEndorsement, Outcome: Passed, Code: EndorsementHolds, Pointer: c.pointer}
	return e
}

// carried is an endorsement where it stands: an object with a proof of its own
// (endorsement), or a compact JWS (endorsementJwt).
type carried struct {
	value   strictjson.Value
	token   bool
	of      string // the id of the object that carries it
	pointer string // from here on once it was read
	doc     *badge.Document
	err     error // why it cannot be read
}

func (c *carried) read(root strictjson.Value) {
	raw := c.value.Raw()
	if c.token {
		raw = c.value.Text()
	}
	c.pointer = strictjson.PointerTo(root, c.value)
	c.doc, c.err = parse([]byte(raw))
}

// carriedEndorsements reads the first endorsements, once.
func (s *subject) carriedEndorsements() []carried {
	s.findEndorsements()
	for i := range s.carried {
		if c := &s.carried[i]; c.doc == nil && c.err == nil {
			c.read(s.doc.Root())
		}
	}
	return s.carried
}

// countEndorsements counts all.
func (s *subject) countEndorsements() int {
	s.findEndorsements()
	return s.endorsed - 1
}

const (
	memberEndorsement    = "endorsement"
	memberEndorsementJWT = "endorsementJwt"
)

// outside are the members of a credential in which nothing is endorsed.
func outside(name string) bool { return name == "@context" || name == "proof" }

// findEndorsements finds what is endorsed at any depth, in document order, but
// not what endorses an endorsement; once, since it looks at the whole document.
func (s *subject) findEndorsements() {
	if s.endorsed > 0 {
		return
	}
	s.endorsed = 1
	root := s.doc.Root()
	if !root.HasWithin(memberEndorsement, memberEndorsementJWT) {
		return // as most, and faster than to look for them
	}
	for name, v := range root.Members() {
		if !outside(name) {
			s.gather(name, v, root)
		}
	}
}

func isEndorsement(name string) bool {
	return name == memberEndorsement || name == memberEndorsementJWT
}

// gather counts the endorsements in a member of an object, and keeps the first.
func (s *subject) gather(name string, v, object strictjson.Value) {
	if isEndorsement(name) {
		for _, e := range v.Each() {
			s.endorsed++
			if len(s.carried) < maxEndorsements {
				s.carried = append(s.carried, carried{value: e, token: name == memberEndorsementJWT, of: object.Get("id").Text()})
			}
		}
		return
	}
	for m, e := range v.Members() {
		s.gather(m, e, v)
	}
	for _, e := range v.Elements() {
		s.gather("", e, object)
	}
}
