package verifier

import (
	"context"
	"regexp"
	"strings"

	"laurel/badge"
)

// checkTrust asks whether anybody vouches for the issuer. A good signature of
// an unlisted issuer is a good signature, so this never changes the verdict; that
// the issuer signs for trials only does, whoever says so: a list, or what is
// signed. So does an address of the service that verifies on a badge of somebody
// else: it is signed by its issuer, but who goes by the address would take it for
// one of that service. An achievement of that service which somebody else awards
// is told of and no more: badges may name what others have defined.
func checkTrust(ctx context.Context, s *subject) Finding {
	f := Finding{Outcome: Warned, Code: IssuerNotListed, Params: map[string]string{"issuer": s.issuerID()}}
	if s.saysTest() {
		f.Code = TestIssuer
		return f
	}
	if s.v.borrows != nil && s.v.borrows(s.doc.View().ID, s.issuerID()) {
		f.Code = BorrowedAddress
		return f
	}
	if a := s.doc.View().CredentialSubject; s.v.borrows != nil && a != nil && a.Achievement != nil && s.v.borrows(a.Achievement.ID, s.issuerID()) {
		f.Code = BorrowedAchievement // unless somebody vouches for the issuer
	}
	if s.v.trust == nil {
		return f
	}
	listing, ok, err := s.v.trust.Knows(ctx, s.issuerID())
	if err != nil {
		f.Detail, f.Cause = "The list could not be asked.", err
		return f
	}
	if !ok {
		return f
	}
	f.Outcome, f.Code, f.Params["list"] = Passed, IssuerListed, listing.List
	if listing.Test {
		f.Outcome, f.Code = Warned, TestIssuer
	}
	return f
}

// testPlace is where a service keeps its issuers for tests, as they are signed:
// the issuer's did:web, or where its DID is but a key, the address of its page.
var testPlace = regexp.MustCompile(`^(did:web:[^:/?#]+:issuers:|https?://[^/?#@]+/issuers/)` + badge.TestPrefix + `[a-z0-9-]*$`)

// saysTest tells whether a badge says of itself that it is but a trial, as this
// program signs those of anybody who runs it: its issuer has a place among those
// for tests, and a name with the mark. Either alone may be somebody's honest
// name. Both are signed, so it needs no request, and nobody who has the badge can
// take the remark off.
func (s *subject) saysTest() bool {
	issuer := s.doc.Root().Get("issuer")
	return s.presenter == "" && strings.HasPrefix(issuer.Get("name").Text(), badge.TestMark) &&
		(testPlace.MatchString(issuer.Get("id").Text()) || testPlace.MatchString(issuer.Get("url").Text()))
}
