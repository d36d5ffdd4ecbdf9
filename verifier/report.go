package verifier

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
)

// Check names one question that a report answers, in the words of the HTTP
// surface.
type Check string

// The checks, in the order in which they are made and told.
const (
	CheckFormat      Check = "format"
	CheckSchema      Check = "schema"
	CheckTerms       Check = "terms"
	CheckProof       Check = "proof"
	CheckIssuerKey   Check = "issuer_key"
	CheckIssuerTrust Check = "issuer_trust"
	CheckValidity    Check = "validity"
	CheckRevocation  Check = "revocation"
	CheckSuspension  Check = "suspension"

	// CheckStatusMessage is told only where a credential has a status of the
	// purpose "message".
	CheckStatusMessage Check = "status_message"

	// CheckResources is told only where a badge names related resources.
	CheckResources Check = "related_resource"

	CheckRefresh     Check = "refresh"
	CheckRecipient   Check = "recipient"
	CheckEndorsement Check = "endorsement"

	// CheckHolder is told only of presentations.
	CheckHolder Check = "holder"
)

// Outcome is the answer of one check. The zero value is "could not tell".
type Outcome int

// The outcomes.
const (
	Unknown Outcome = iota // could not be checked
	Passed
	Warned  // passed, with something a reader should know
	Failed  // checked, and wrong
	Skipped // nothing to check, or an earlier answer made it meaningless
)

// String gives the outcome in the words of the HTTP surface.
func (o Outcome) String() string {
	return [...]string{"unknown", "pass", "warn", "fail", "skipped"}[o]
}

// Code says, with the check, exactly what was found, in lower_snake_case. It
// is stable for programs, and the key of the sentence for people.
type Code string

// The codes. Each stands under the check that gives it.
const (
	OK     Code = "ok"
	NotRun Code = "not_run" // an earlier check failed

	// InternalFault can stand under any check: we failed, and nothing is said
	// about the document.
	InternalFault Code = "internal_fault"

	// format
	Unreadable         Code = "unreadable"
	Malformed          Code = "malformed"
	UnsupportedEdition Code = "unsupported_edition"
	NotABadge          Code = "not_a_badge"
	MalformedToken     Code = "malformed_token" // a compact JWS by its looks, and none

	VCDM11              Code = "vcdm_1_1"             // in order, by VC data model 1.1
	SeveralInImage      Code = "several_in_image"     // more than one credential in a picture
	SeveralInPDF        Code = "several_in_pdf"       // more than one credential attached to a PDF
	Misbaked            Code = "misbaked"             // in a picture as the standard forbids
	SeveralBadges       Code = "several_badges"       // in order, a presentation of several
	EmptyPresentation   Code = "empty_presentation"   // without a credential
	TooManyBadges       Code = "too_many_badges"      // more than are looked at
	UnsupportedKind     Code = "unsupported_kind"     // no badge, but a kind of credential with badges in it
	UnsupportedEnvelope Code = "unsupported_envelope" // of a kind that is not opened here

	// schema
	SchemaMismatch Code = "schema_mismatch"
	NoSchema       Code = "no_schema" // none is named and none applies

	SchemaUnreachable Code = "schema_unreachable" // one of others
	SchemaUnsupported Code = "schema_unsupported"

	// terms; the canonicaliser's kinds and the badge's own rules
	UndefinedTerm   Code = "undefined_term"
	UndefinedType   Code = "undefined_type"
	RelativeIRI     Code = "relative_iri"
	InvalidIRI      Code = "invalid_iri"
	NullValue       Code = "null_value"
	EmptyArray      Code = "empty_array"
	UnknownContext  Code = "unknown_context"
	NestedContext   Code = "nested_context"
	UnsignedKeyword Code = "unsigned_keyword"
	// UnsignedDirection: the direction of a text, a hint for showing it that no
	// signature covers.
	UnsignedDirection Code = "unsigned_direction"
	DataLoss          Code = "data_loss"
	ContextFault      Code = "context_fault"
	UnsafeNumber      Code = "unsafe_number"
	BlankNodeName     Code = "blank_node_name"
	BadCharacter      Code = "bad_character"
	TooDeep           Code = "too_deep"
	MemberName        Code = "member_name"      // an address or keyword stands as a member's name
	HiddenStatement   Code = "hidden_statement" // something that decides is signed where no reader looks
	Unsupported       Code = "unsupported"      // beyond this verifier: could not tell
	OverBudget        Code = "over_budget"

	// proof
	NoProof          Code = "no_proof"
	ProofInvalid     Code = "proof_invalid"
	UnsupportedSuite Code = "unsupported_suite"
	WrongPurpose     Code = "wrong_purpose"
	ProofExpired     Code = "proof_expired"
	CreatedInFuture  Code = "created_in_future"
	TooManyProofs    Code = "too_many_proofs"
	BaseProof        Code = "base_proof"           // for the holder alone: a proof derived from it can be checked
	PartlyShown      Code = "selective_disclosure" // the holder may have left out an end or a status
	NoKey            Code = "no_key"               // there is none to check it with; issuer_key tells why

	// proof, of tokens: a proof_invalid in all but what there is to be said
	AlgorithmNotAllowed Code = "algorithm_not_allowed" // none, one that proves nothing, or not that of its key
	HeaderNotAllowed    Code = "header_not_allowed"
	KeyUnclear          Code = "key_unclear"   // no key is named, or two
	ClaimsDiffer        Code = "claims_differ" // the token and the credential in it contradict each other

	// issuer_key
	KeyUnreachable      Code = "key_unreachable"
	KeyUnsupported      Code = "key_unsupported"
	KeyNotFound         Code = "key_not_found"
	KeyNotAuthorized    Code = "key_not_authorized"
	WrongController     Code = "wrong_controller"
	KeyRevoked          Code = "key_revoked"
	KeyCompromisedLater Code = "key_compromised_later" // on record before the key came into strange hands
	KeyExpired          Code = "key_expired"
	WeakKey             Code = "weak_key"

	KeyExposed         Code = "key_exposed" // its private half is public
	KeyDocumentInvalid Code = "key_document_invalid"

	// issuer_trust
	IssuerListed    Code = "issuer_listed"
	IssuerNotListed Code = "issuer_not_listed"
	TestIssuer      Code = "test_issuer"
	// BorrowedAddress: of the service that verifies, which has no such issuer.
	BorrowedAddress Code = "borrowed_address"
	// BorrowedAchievement: what was achieved has an address of the service that
	// verifies, which has no such issuer.
	BorrowedAchievement Code = "borrowed_achievement"
	// BorrowedName: the issuer is none of the service that verifies, and has the name
	// of one, or one that looks like it.
	BorrowedName Code = "borrowed_name"

	// validity
	NoEnd       Code = "no_end"
	Expired     Code = "expired"
	NotYetValid Code = "not_yet_valid"
	BadDate     Code = "bad_date"

	// revocation and suspension
	NoStatus              Code = "no_status"
	NotRevoked            Code = "not_revoked"
	Revoked               Code = "revoked"
	UnderReview           Code = "under_review" // not revoked, and somebody has yet to decide whether it stands
	PartRevoked           Code = "part_revoked" // the same, because a badge that it rests on was revoked
	Superseded            Code = "superseded"
	Suspended             Code = "suspended"
	NotSuspended          Code = "not_suspended"
	StatusListUnreachable Code = "status_list_unreachable"
	StatusListInvalid     Code = "status_list_invalid"
	StatusUnsupported     Code = "status_unsupported"
	StatusListExpired     Code = "status_list_expired"       // the issuer's, and good until a day that has passed
	StatusListNotYetValid Code = "status_list_not_yet_valid" // the issuer's, and good from a time to come

	NotRevokedUnsigned Code = "not_revoked_unsigned" // by a list that nobody signed
	StatusMessage      Code = "status_message"

	// related_resource
	ResourcesMatch      Code = "resources_match"
	ResourceChanged     Code = "resource_changed"
	ResourceUnreachable Code = "resource_unreachable"
	ResourceUnsupported Code = "resource_unsupported"
	ResourceInvalid     Code = "resource_invalid"

	// refresh
	NoRefresh    Code = "no_refresh"
	NotRefreshed Code = "not_refreshed"

	NewerEdition       Code = "newer_edition"
	NoNewerEdition     Code = "no_newer_edition"
	RefreshUnreachable Code = "refresh_unreachable"
	RefreshInvalid     Code = "refresh_invalid" // what is found there is no good edition of this badge

	// recipient
	NotAsked         Code = "not_asked"
	RecipientMatches Code = "recipient_matches"
	RecipientDiffers Code = "recipient_differs"

	RecipientMatchesWeakly Code = "recipient_matches_weakly" // by an MD5 hash

	RecipientUnstated Code = "recipient_unstated" // nothing in it could be compared

	// endorsement
	NoEndorsement         Code = "no_endorsement"
	EndorsementsHold      Code = "endorsements_hold"
	EndorsementNotGood    Code = "endorsement_not_good"
	EndorsementNotChecked Code = "endorsement_not_checked" // some are beyond our bounds

	// endorsement, of one of them
	EndorsementHolds     Code = "endorsement_holds"
	EndorsementInvalid   Code = "endorsement_invalid"
	EndorsementExpired   Code = "endorsement_expired"   // genuine, and its time is over
	EndorsementWithdrawn Code = "endorsement_withdrawn" // genuine, and its endorser took it back
	EndorsementKeyEnded  Code = "endorsement_key_ended" // its key was revoked, or has run out: nothing shows any more who made it
	EndorsementOfAnother Code = "endorsement_of_another"
	EndorsementOpen      Code = "endorsement_open" // could not tell
)

// The codes of holder.
const (
	HolderProven     Code = "holder_proven"
	HolderUnproven   Code = "holder_unproven"    // there is no proof of the holder
	HolderInvalid    Code = "holder_invalid"     // the proof is wrong, or its key is another's
	HolderOpen       Code = "holder_open"        // the proof could not be checked
	HolderNotSubject Code = "holder_not_subject" // proven, and a badge is about another
	ChallengeDiffers Code = "challenge_differs"
	DomainDiffers    Code = "domain_differs"
)

// Finding is the answer of one check.
type Finding struct {
	Check    Check
	Outcome  Outcome
	Code     Code
	Pointer  string            // RFC 6901, where the finding is about one member
	Detail   string            // for people who debug, in English; never shown as the sentence
	Params   map[string]string // values for the sentence: dates in RFC 3339, names, addresses
	Standing Standing          // of an entry that its list did not show as revoked, what the keeper of that list knew then; nil where nobody was asked
	Cause    error             // why something could not be had, for logs only: it may name addresses of our own network
}

// ParamNewer is the param of a Superseded finding with the address of the newer
// edition, where it is known.
const ParamNewer = "newer"

// ParamPart is the param of a PartRevoked finding with the name of what was
// revoked.
const ParamPart = "part"

// Verdict is the answer to the whole. The zero value is "could not tell".
type Verdict int

// The verdicts.
const (
	Indeterminate Verdict = iota
	Valid
	Warning
	Invalid
)

// String gives the verdict in the words of the HTTP surface.
func (v Verdict) String() string {
	return [...]string{"indeterminate", "valid", "warning", "invalid"}[v]
}

// Report is everything that one verification found. The zero Report is
// indeterminate.
type Report struct {
	CheckedAt time.Time
	Findings  []Finding       // in the order of the checks
	Document  *badge.Document // what was read; nil when nothing could be

	Endorsements []Endorsement // in the order in which they stand in it

	presented *badge.Document

	// Badges are the reports on the badges of a presentation with several, in
	// their order; Findings are then on the presentation itself.
	Badges []*Report
}

// Presented is the presentation that the badge, or the badges, came in; nil
// where there was none.
func (r *Report) Presented() *badge.Document { return r.presented }

// Verdict sums the findings up: anything wrong is invalid; else anything that
// could not be told is indeterminate; else a remark that matters is a
// warning. An issuer that is on no list, and endorsements, never change it.
// Without a proof and a key that both held, nothing is ever valid. Several
// badges are as good as the worst of them.
func (r *Report) Verdict() Verdict {
	if r == nil || len(r.Findings) == 0 {
		return Indeterminate
	}
	verdict := r.ofBadges()
	if verdict == Invalid {
		return Invalid
	}
	if len(r.Badges) == 0 && !r.proven() {
		verdict = Indeterminate
	}
	for _, f := range r.Findings {
		switch {
		case f.Check == CheckEndorsement:
		case f.Outcome == Failed:
			return Invalid
		case f.Outcome == Unknown:
			verdict = Indeterminate
		case f.Outcome == Warned && !remark(f.Code) && verdict == Valid:
			verdict = Warning
		}
	}
	return verdict
}

// remark tells of a code that a reader should see and that changes no verdict: it
// tells about people, and nothing is wrong.
func remark(c Code) bool {
	return c == IssuerNotListed || c == HolderUnproven
}

// proven tells whether what the report is about was signed by whom it should: a
// credential by its issuer, a presentation without one by its holder.
func (r *Report) proven() bool {
	if r.Finding(CheckFormat).Code == EmptyPresentation {
		return r.Finding(CheckHolder).Outcome == Passed
	}
	return r.held(CheckProof) && r.held(CheckIssuerKey)
}

// ofBadges is the worst verdict on the badges of a presentation.
func (r *Report) ofBadges() Verdict {
	worst := Valid
	for _, b := range r.Badges {
		switch v := b.Verdict(); {
		case v == Invalid || worst == Invalid:
			worst = Invalid
		case v == Indeterminate || worst == Indeterminate:
			worst = Indeterminate
		case v == Warning:
			worst = Warning
		}
	}
	return worst
}

func (r *Report) held(c Check) bool {
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Check == c {
			return f.Outcome == Passed || f.Outcome == Warned
		}
	}
	return false
}

// Verified reports whether the badge may be relied on: valid or warning.
func (r *Report) Verified() bool {
	v := r.Verdict()
	return v == Valid || v == Warning
}

// Err tells an issuer why a document of its own would not be taken: nil when
// it would, badge.Errors where its content is at fault (RangeError for dates),
// and a plain error where the proof or the key is.
func (r *Report) Err() error {
	if r.Verified() {
		return nil
	}
	var faults badge.Errors
	for _, f := range r.Findings {
		switch {
		case f.Outcome != Failed && f.Outcome != Unknown:
		case f.Check == CheckProof || f.Check == CheckIssuerKey:
			return fmt.Errorf("%s: %s: %s", f.Check, f.Code, f.Detail)
		case f.Code == Expired || f.Code == NotYetValid:
			faults = append(faults, &badge.Error{Code: badge.RangeError, Rule: string(f.Code), Pointer: f.Pointer, Detail: f.Detail})
		default:
			faults = append(faults, &badge.Error{Code: badge.MalformedValueError, Rule: string(f.Code), Pointer: f.Pointer, Detail: f.Detail})
		}
	}
	if len(faults) == 0 {
		return errors.New("the document was not found valid")
	}
	return faults
}

// Refusal tells why somebody else's document is not taken: nil where it may be
// relied on, badge.Errors for the finding that makes it invalid, and any other
// error where it could not be told.
func (r *Report) Refusal() error {
	f := r.Decisive()
	switch r.Verdict() {
	case Valid, Warning:
		return nil
	case Invalid:
		return badge.Errors{{Code: badge.MalformedValueError, Rule: string(f.Code), Pointer: f.Pointer,
			Detail: strings.TrimSpace(fmt.Sprintf("This does not verify: %s is %s. %s", f.Check, f.Code, f.Detail))}}
	}
	return fmt.Errorf("%s is %s", f.Check, f.Code)
}

// Finding returns the finding of a check; the zero Finding (unknown) if it was
// never made.
func (r *Report) Finding(c Check) Finding {
	for _, f := range r.Findings {
		if f.Check == c {
			return f
		}
	}
	return Finding{Check: c}
}

// Decisive returns the finding that the summary should speak of: the first
// failure, else the first open question, else that it is a trial, else the first
// remark that matters, else the proof.
func (r *Report) Decisive() Finding {
	want := map[Verdict]Outcome{Invalid: Failed, Indeterminate: Unknown, Warning: Warned, Valid: Passed}[r.Verdict()]
	if f := r.Finding(CheckIssuerTrust); want == Warned && f.Outcome == Warned && !remark(f.Code) {
		return f // a trial counts for nothing, and who seems to be another is told first, whatever else there is to be said
	}
	for _, f := range r.Findings {
		if f.Outcome == want && f.Check != CheckEndorsement && !remark(f.Code) {
			if want == Passed && f.Check != CheckProof {
				continue
			}
			return f
		}
	}
	for _, b := range r.Badges {
		if b.Verdict() == r.Verdict() {
			return b.Decisive()
		}
	}
	return Finding{}
}
