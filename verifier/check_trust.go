package verifier

import (
	"context"

	"laurel/badge"
)

// checkTrust asks whether anybody vouches for the issuer. A good signature of
// an unlisted issuer is a good signature, so this never changes the verdict; that
// the issuer signs for trials only does, whoever says so: a list, or what is
// signed. So does an address of the service that verifies on a badge of somebody
// else: it is signed by its issuer, but who goes by the address would take it for
// one of that service. An achievement of that service, and the name of an issuer of
// it, may well be on badges of others, but where nobody vouches for who signed, it
// is told at once that it was not that service.
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
	if s.v.trust == nil {
		return s.unlisted(ctx, f)
	}
	listing, ok, err := s.v.trust.Knows(ctx, s.issuerID())
	if err != nil {
		f.Detail, f.Cause = "The list could not be asked.", err
	}
	if err != nil || !ok {
		return s.unlisted(ctx, f)
	}
	f.Outcome, f.Code, f.Params["list"] = Passed, IssuerListed, listing.List
	if listing.Test {
		f.Outcome, f.Code = Warned, TestIssuer
	}
	return f
}

// unlisted tells what an issuer whom nobody vouches for has of the service that
// verifies: its achievement, or the name of an issuer.
func (s *subject) unlisted(ctx context.Context, f Finding) Finding {
	if a := s.doc.View().CredentialSubject; s.v.borrows != nil && a != nil && a.Achievement != nil && s.v.borrows(a.Achievement.ID, s.issuerID()) {
		f.Code = BorrowedAchievement
		return f
	}
	issuer := s.doc.View().Issuer
	if s.v.named == nil || issuer == nil {
		return f
	}
	same, err := s.v.named(ctx, issuer.Name, s.issuerID())
	switch {
	case err != nil:
		f.Detail, f.Cause = "The names of our own issuers could not be read.", err
	case same:
		f.Code = BorrowedName
	}
	return f
}

// saysTest tells whether a badge says of itself that it is but a trial. That is
// signed, so it needs no request, and nobody who has the badge can take the remark
// off.
func (s *subject) saysTest() bool {
	return s.presenter == "" && badge.SaysTest(s.doc.Root().Get("issuer"))
}
