package verifier

// Codes lists, for each check, every code that it can give, so that texts for
// people can be held complete against it. A code that a check gives anew
// belongs here and into the message catalogues.
func Codes() map[Check][]Code {
	status := []Code{NotRun, NoStatus, StatusListUnreachable, StatusListInvalid, StatusUnsupported}
	with := func(codes ...Code) []Code { return append(codes, status...) }
	return map[Check][]Code{
		CheckFormat: {OK, Unreadable, Malformed, UnsupportedEdition, NotABadge},
		CheckSchema: {OK, NotRun, SchemaMismatch, NoSchema},
		CheckTerms: {OK, NotRun, UndefinedTerm, UndefinedType, RelativeIRI, InvalidIRI, NullValue, EmptyArray,
			UnknownContext, NestedContext, UnsignedKeyword, DataLoss, ContextFault, UnsafeNumber, BlankNodeName,
			BadCharacter, TooDeep, Unsupported, OverBudget},
		CheckProof: {OK, NotRun, NoProof, ProofInvalid, UnsupportedSuite, WrongPurpose, ProofExpired, CreatedInFuture,
			TooManyProofs},
		CheckIssuerKey: {OK, NotRun, KeyUnreachable, KeyUnsupported, KeyNotFound, KeyNotAuthorized, WrongController,
			KeyRevoked, KeyExpired, WeakKey},
		CheckIssuerTrust: {NotRun, IssuerListed, IssuerNotListed, TestIssuer},
		CheckValidity:    {OK, NotRun, NoEnd, Expired, NotYetValid, BadDate},
		CheckRevocation:  with(NotRevoked, Revoked, Superseded),
		CheckSuspension:  with(NotSuspended, Suspended),
		CheckRefresh:     {OK, NotRun, NoRefresh, NotRefreshed},
		CheckRecipient:   {NotRun, NotAsked, RecipientMatches, RecipientDiffers},
		CheckEndorsement: {OK, NotRun, NoEndorsement, EndorsementNotChecked},
	}
}
