package verifier

// Codes lists, for each check, every code that it can give, so that texts for
// people can be held complete against it. A code that a check gives anew
// belongs here and into the message catalogues.
func Codes() map[Check][]Code {
	codes := map[Check][]Code{
		CheckFormat: {OK, Unreadable, MalformedToken, Malformed, UnsupportedEdition, NotABadge, UnknownContext,
			VCDM11, SeveralInImage, SeveralInPDF, Misbaked, UnsupportedKind, UnsupportedEnvelope, SeveralBadges, EmptyPresentation, TooManyBadges, OverBudget},
		CheckSchema: {OK, SchemaMismatch, NoSchema, SchemaUnreachable, SchemaUnsupported},
		CheckTerms: {OK, UndefinedTerm, UndefinedType, RelativeIRI, InvalidIRI, NullValue, EmptyArray,
			UnknownContext, NestedContext, UnsignedKeyword, UnsignedDirection, DataLoss, ContextFault, UnsafeNumber, BlankNodeName,
			BadCharacter, TooDeep, MemberName, HiddenStatement, Unsupported, OverBudget},
		CheckProof: {OK, NoProof, ProofInvalid, AlgorithmNotAllowed, HeaderNotAllowed, KeyUnclear, ClaimsDiffer, UnsupportedSuite, WrongPurpose, ProofExpired, CreatedInFuture,
			TooManyProofs, BaseProof, PartlyShown, NoKey, Unsupported, OverBudget},
		CheckIssuerKey: {OK, KeyUnreachable, KeyUnsupported, KeyNotFound, KeyNotAuthorized, WrongController,
			KeyRevoked, KeyCompromisedLater, KeyExpired, WeakKey, KeyExposed, KeyDocumentInvalid},
		CheckIssuerTrust: {IssuerListed, IssuerNotListed, TestIssuer, BorrowedAddress, BorrowedAchievement, BorrowedName},
		CheckValidity:    {OK, NoEnd, Expired, NotYetValid, BadDate},
		CheckRevocation: {NotRevoked, NotRevokedUnsigned, Revoked, Superseded, UnderReview, PartRevoked, NoStatus, StatusListUnreachable, StatusListInvalid,
			StatusListExpired, StatusListNotYetValid, StatusUnsupported, OverBudget},
		CheckSuspension: {NotSuspended, Suspended, NoStatus, StatusListUnreachable, StatusListInvalid,
			StatusListExpired, StatusListNotYetValid, StatusUnsupported},
		CheckStatusMessage: {StatusMessage, NoStatus, StatusListUnreachable, StatusListInvalid,
			StatusListExpired, StatusListNotYetValid, StatusUnsupported},
		CheckResources: {ResourcesMatch, ResourceChanged, ResourceUnreachable, ResourceUnsupported, ResourceInvalid},
		CheckRefresh:   {NoRefresh, NotRefreshed, NewerEdition, NoNewerEdition, RefreshUnreachable, RefreshInvalid},
		CheckHolder: {HolderProven, HolderUnproven, HolderInvalid, HolderOpen, HolderNotSubject, ChallengeDiffers, DomainDiffers,
			InternalFault},
		CheckRecipient: {RecipientMatches, RecipientMatchesWeakly, RecipientDiffers, RecipientUnstated},
		CheckEndorsement: {NoEndorsement, EndorsementsHold, EndorsementNotGood, EndorsementNotChecked,
			EndorsementHolds, EndorsementInvalid, EndorsementExpired, EndorsementWithdrawn, EndorsementKeyEnded, EndorsementOfAnother, EndorsementOpen},
	}
	for _, c := range checks {
		if c.amends {
			continue
		}
		codes[c.id] = append(codes[c.id], InternalFault)
		if len(c.needs) > 0 {
			codes[c.id] = append(codes[c.id], NotRun)
		}
		if c.beyond {
			codes[c.id] = append(codes[c.id], NotAsked)
		}
	}
	return codes
}
