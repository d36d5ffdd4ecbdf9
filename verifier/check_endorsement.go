package verifier

import (
	"context"
	"strconv"

	"laurel/internal/strictjson"
)

// checkEndorsement tells whether somebody endorses the badge, its achievement
// or a profile in it. An endorsement is a credential of its own: it is not
// looked into here, and never changes the verdict.
func checkEndorsement(_ context.Context, s *subject) Finding {
	n := 0
	for name, v := range s.doc.Root().Members() {
		if name != "@context" && name != "proof" && endorsed(name, v) {
			n += endorsements(name, v)
		}
	}
	if n == 0 {
		return skipped(NoEndorsement)
	}
	return Finding{Outcome: Warned, Code: EndorsementNotChecked, Params: map[string]string{"count": strconv.Itoa(n)}}
}

// endorsed tells, faster than they are counted, whether there is any.
func endorsed(name string, v strictjson.Value) bool {
	found := isEndorsement(name)
	for within := range v.Within() {
		found = found || isEndorsement(within)
	}
	return found
}

func isEndorsement(name string) bool { return name == "endorsement" || name == "endorsementJwt" }

// endorsements counts what is endorsed at any depth, but not what endorses an
// endorsement.
func endorsements(name string, v strictjson.Value) int {
	if isEndorsement(name) {
		return values(v)
	}
	n := 0
	for m, e := range v.Members() {
		n += endorsements(m, e)
	}
	for _, e := range v.Elements() {
		n += endorsements("", e)
	}
	return n
}
