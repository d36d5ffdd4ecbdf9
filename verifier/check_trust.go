package verifier

import "context"

// checkTrust asks whether anybody vouches for the issuer. A good signature of
// an unlisted issuer is a good signature, so this never changes the verdict.
func checkTrust(ctx context.Context, s *subject) Finding {
	f := Finding{Outcome: Warned, Code: IssuerNotListed, Params: map[string]string{"issuer": s.issuerID()}}
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
