package badge

import (
	"slices"
	"strings"

	"laurel/internal/jsonwriter"
	"laurel/internal/strictjson"
)

// Context URLs and type names that decide what a document is.
const (
	ContextCredentialsV2   = "https://www.w3.org/ns/credentials/v2"
	ContextDataIntegrityV2 = "https://w3id.org/security/data-integrity/v2"
	ContextCredentialsV1   = "https://www.w3.org/2018/credentials/v1"
	ContextOB303           = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
	ContextOBExtensions    = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"

	TypeVerifiableCredential  = "VerifiableCredential"
	TypeOpenBadge             = "OpenBadgeCredential"
	TypeAchievement           = "AchievementCredential"
	TypeEndorsement           = "EndorsementCredential"
	TypeEnveloped             = "EnvelopedVerifiableCredential"
	TypePresentation          = "VerifiablePresentation"
	TypeEnvelopedPresentation = "EnvelopedVerifiablePresentation"
	TypeBitstringStatusList   = "BitstringStatusListCredential"
	TypeBitstringStatusEntry  = "BitstringStatusListEntry"
	SchemaTypeOB              = "1EdTechJsonSchemaValidator2019"
	SchemaURLOB               = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
	TypeCredentialRefresh     = "1EdTechCredentialRefresh"
	TypeDataIntegrityProof    = "DataIntegrityProof"
	PurposeAssertion          = "assertionMethod"
	PurposeAuthentication     = "authentication"
	IdentityTypeName          = "name"
	IdentityTypeEmail         = "emailAddress"
	ResultStatusCompleted     = "Completed"
	ResultTypeStatus          = "Status"
	ResultTypePercent         = "Percent"
	StatusPurposeRevocation   = "revocation"
	StatusPurposeSuspension   = "suspension"
	BitstringStatusListTypeID = "BitstringStatusList"
)

// Credential is the envelope of an achievement credential (OB 3.0 B.1.1,
// VC data model 2.0 section 4). As a view of a received document it holds what
// could be read; the document's bytes are what counts.
//
// Date-times are kept as written, because another spelling is another
// document; ParseTime reads them.
type Credential struct {
	Context           []string            `json:"@context"`
	ID                string              `json:"id,omitempty"`
	Type              []string            `json:"type"`
	Name              string              `json:"name,omitempty"`
	Description       string              `json:"description,omitempty"`
	Image             *Image              `json:"image,omitempty"`
	Issuer            *Profile            `json:"issuer,omitempty"`
	AwardedDate       string              `json:"awardedDate,omitempty"`
	ValidFrom         string              `json:"validFrom,omitempty"`
	ValidUntil        string              `json:"validUntil,omitempty"`
	CredentialSubject *AchievementSubject `json:"credentialSubject,omitempty"`
	Evidence          []Evidence          `json:"evidence,omitempty"`
	CredentialStatus  StatusEntries       `json:"credentialStatus,omitempty"`
	CredentialSchema  []CredentialSchema  `json:"credentialSchema,omitempty"`
	RefreshService    *RefreshService     `json:"refreshService,omitempty"`
	TermsOfUse        []TermsOfUse        `json:"termsOfUse,omitempty"`
	Endorsement       []strictjson.Value  `json:"endorsement,omitempty"` // whole credentials, each verified by itself
	EndorsementJWT    []string            `json:"endorsementJwt,omitempty"`
}

// AchievementSubject is the recipient together with what was achieved
// (OB 3.0 B.1.3).
type AchievementSubject struct {
	ID                string           `json:"id,omitempty"`
	Type              []string         `json:"type"`
	Identifier        []IdentityObject `json:"identifier,omitempty"`
	Achievement       *Achievement     `json:"achievement,omitempty"`
	ActivityStartDate string           `json:"activityStartDate,omitempty"`
	ActivityEndDate   string           `json:"activityEndDate,omitempty"`
	CreditsEarned     *float64         `json:"creditsEarned,omitempty"` // no unit in OB 3.0
	Image             *Image           `json:"image,omitempty"`
	LicenseNumber     string           `json:"licenseNumber,omitempty"`
	Narrative         string           `json:"narrative,omitempty"` // Markdown
	Result            []Result         `json:"result,omitempty"`
	Role              string           `json:"role,omitempty"`
	Source            *Profile         `json:"source,omitempty"`
	Term              string           `json:"term,omitempty"`
}

// Achievement is what can be earned (OB 3.0 B.1.2): the same for all holders.
type Achievement struct {
	ID                string              `json:"id,omitempty"`
	Type              []string            `json:"type"`
	AchievementType   string              `json:"achievementType,omitempty"`
	Name              string              `json:"name,omitempty"`
	Description       string              `json:"description,omitempty"`
	Criteria          *Criteria           `json:"criteria,omitempty"`
	InLanguage        string              `json:"inLanguage,omitempty"`
	Version           string              `json:"version,omitempty"`
	Creator           *Profile            `json:"creator,omitempty"`
	Image             *Image              `json:"image,omitempty"`
	CreditsAvailable  *float64            `json:"creditsAvailable,omitempty"`
	FieldOfStudy      string              `json:"fieldOfStudy,omitempty"`
	HumanCode         string              `json:"humanCode,omitempty"`
	Specialization    string              `json:"specialization,omitempty"`
	OtherIdentifier   []IdentifierEntry   `json:"otherIdentifier,omitempty"`
	ResultDescription []ResultDescription `json:"resultDescription,omitempty"`
	Alignment         []Alignment         `json:"alignment,omitempty"`
	Tag               []string            `json:"tag,omitempty"`
	Related           []Related           `json:"related,omitempty"`
	Endorsement       []strictjson.Value  `json:"endorsement,omitempty"` // whole credentials, each verified by itself
	EndorsementJWT    []string            `json:"endorsementJwt,omitempty"`

	kept kept[Achievement]
}

// Criteria says how the achievement is earned (OB 3.0 B.2): an address, a
// Markdown narrative, or both.
type Criteria struct {
	ID        string `json:"id,omitempty"`
	Narrative string `json:"narrative,omitempty"`
}

// Profile describes an issuer, creator, assessor or endorser (OB 3.0 B.1.4).
type Profile struct {
	ID               string             `json:"id,omitempty"`
	Type             []string           `json:"type,omitempty"`
	Name             string             `json:"name,omitempty"`
	URL              string             `json:"url,omitempty"`
	Email            string             `json:"email,omitempty"`
	Phone            string             `json:"phone,omitempty"`
	Description      string             `json:"description,omitempty"`
	Image            *Image             `json:"image,omitempty"`
	Address          *Address           `json:"address,omitempty"`
	OtherIdentifier  []IdentifierEntry  `json:"otherIdentifier,omitempty"`
	Official         string             `json:"official,omitempty"`
	ParentOrg        *Profile           `json:"parentOrg,omitempty"`
	FamilyName       string             `json:"familyName,omitempty"`
	GivenName        string             `json:"givenName,omitempty"`
	AdditionalName   string             `json:"additionalName,omitempty"`
	PatronymicName   string             `json:"patronymicName,omitempty"`
	HonorificPrefix  string             `json:"honorificPrefix,omitempty"`
	HonorificSuffix  string             `json:"honorificSuffix,omitempty"`
	FamilyNamePrefix string             `json:"familyNamePrefix,omitempty"`
	DateOfBirth      string             `json:"dateOfBirth,omitempty"` // YYYY-MM-DD
	Endorsement      []strictjson.Value `json:"endorsement,omitempty"` // whole credentials, each verified by itself
	EndorsementJWT   []string           `json:"endorsementJwt,omitempty"`

	kept kept[Profile]
}

// Address is a postal address (OB 3.0 B.2).
type Address struct {
	Type                []string        `json:"type"`
	AddressCountry      string          `json:"addressCountry,omitempty"`
	AddressCountryCode  string          `json:"addressCountryCode,omitempty"`
	AddressRegion       string          `json:"addressRegion,omitempty"`
	AddressLocality     string          `json:"addressLocality,omitempty"`
	StreetAddress       string          `json:"streetAddress,omitempty"`
	PostOfficeBoxNumber string          `json:"postOfficeBoxNumber,omitempty"`
	PostalCode          string          `json:"postalCode,omitempty"`
	Geo                 *GeoCoordinates `json:"geo,omitempty"`
}

// GeoCoordinates is a place in degrees, WGS 84 (OB 3.0 B.2).
type GeoCoordinates struct {
	Type      string  `json:"type"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Image points to a PNG or SVG picture (OB 3.0 B.2); Type is a plain string
// here, and no further member is allowed.
type Image struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Caption string `json:"caption,omitempty"`
}

// Alignment links an achievement to a node of a framework (OB 3.0 B.2).
type Alignment struct {
	Type              []string `json:"type"`
	TargetName        string   `json:"targetName"`
	TargetURL         string   `json:"targetUrl"`
	TargetDescription string   `json:"targetDescription,omitempty"`
	TargetFramework   string   `json:"targetFramework,omitempty"`
	TargetCode        string   `json:"targetCode,omitempty"`
	TargetType        string   `json:"targetType,omitempty"`
}

// Evidence describes what shows that the achievement was earned (OB 3.0 B.2).
// It stands on the credential, not on the subject.
type Evidence struct {
	ID          string   `json:"id,omitempty"`
	Type        []string `json:"type"`
	Name        string   `json:"name,omitempty"`
	Description string   `json:"description,omitempty"`
	Narrative   string   `json:"narrative,omitempty"`
	Genre       string   `json:"genre,omitempty"`
	Audience    string   `json:"audience,omitempty"`
}

// HolderName is the name of the recipient as it stands in plain text; "" where
// none does. Several names, as of several scripts, are all given, in an order of
// ours: that in the badge is not signed.
func (s *AchievementSubject) HolderName() string {
	if s == nil {
		return ""
	}
	var names []string
	for _, i := range s.Identifier {
		if i.IdentityType == IdentityTypeName && !i.Hashed && i.IdentityHash != "" {
			names = append(names, i.IdentityHash)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " / ")
}

// IdentityObject identifies the recipient, plainly or by a salted hash
// (OB 3.0 B.2). No further member is allowed.
type IdentityObject struct {
	Type         string `json:"type"`
	Hashed       bool   `json:"hashed"`
	IdentityHash string `json:"identityHash"`
	IdentityType string `json:"identityType"`
	Salt         string `json:"salt,omitempty"`
}

// IdentifierEntry is a further identifier of a profile or achievement
// (OB 3.0 B.2). No further member is allowed.
type IdentifierEntry struct {
	Type           string `json:"type"`
	Identifier     string `json:"identifier"`
	IdentifierType string `json:"identifierType"`
}

// ResultDescription says which results an achievement can have (OB 3.0 B.2).
// Every score-like value is a string.
type ResultDescription struct {
	ID                   string                 `json:"id"`
	Type                 []string               `json:"type"`
	Name                 string                 `json:"name"`
	ResultType           string                 `json:"resultType"`
	AllowedValue         []string               `json:"allowedValue,omitempty"` // lowest first
	RequiredLevel        string                 `json:"requiredLevel,omitempty"`
	RequiredValue        string                 `json:"requiredValue,omitempty"`
	RubricCriterionLevel []RubricCriterionLevel `json:"rubricCriterionLevel,omitempty"`
	ValueMin             string                 `json:"valueMin,omitempty"`
	ValueMax             string                 `json:"valueMax,omitempty"`
	Alignment            []Alignment            `json:"alignment,omitempty"`
}

// RubricCriterionLevel is one level of a rubric (OB 3.0 B.2).
type RubricCriterionLevel struct {
	ID          string      `json:"id"`
	Type        []string    `json:"type"`
	Name        string      `json:"name"`
	Level       string      `json:"level,omitempty"`
	Points      string      `json:"points,omitempty"`
	Description string      `json:"description,omitempty"`
	Alignment   []Alignment `json:"alignment,omitempty"`
}

// Result is one outcome of the recipient (OB 3.0 B.2). ResultDescription is
// the id of a description within the same achievement.
type Result struct {
	Type              []string    `json:"type"`
	ResultDescription string      `json:"resultDescription,omitempty"`
	Value             string      `json:"value,omitempty"`
	Status            string      `json:"status,omitempty"`
	AchievedLevel     string      `json:"achievedLevel,omitempty"`
	Alignment         []Alignment `json:"alignment,omitempty"`
}

// Describe returns what an achievement says of a result: its description, and
// the level that was reached. Either is zero where it says nothing.
func (a *Achievement) Describe(r Result) (d ResultDescription, level RubricCriterionLevel) {
	for _, described := range a.ResultDescription {
		if described.ID != r.ResultDescription {
			continue
		}
		d = described
		for _, l := range d.RubricCriterionLevel {
			if l.ID == r.AchievedLevel {
				level = l
			}
		}
	}
	return d, level
}

// Related points to another edition of an achievement: a language or an
// earlier version (OB 3.0 B.2).
type Related struct {
	ID         string   `json:"id"`
	Type       []string `json:"type"`
	InLanguage string   `json:"inLanguage,omitempty"`
	Version    string   `json:"version,omitempty"`
}

// CredentialStatus says where the status of a credential is published
// (Bitstring Status List section 2.1). StatusListIndex is a decimal string.
type CredentialStatus struct {
	ID                   string `json:"id,omitempty"`
	Type                 string `json:"type"`
	StatusPurpose        string `json:"statusPurpose,omitempty"`
	StatusListIndex      string `json:"statusListIndex,omitempty"`
	StatusListCredential string `json:"statusListCredential,omitempty"`
}

// StatusEntries is one entry or several. OB 3.0 schemas want a single object,
// so one entry is written as an object and only several as an array.
type StatusEntries []CredentialStatus

// MarshalJSON implements json.Marshaler.
func (s StatusEntries) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return jsonwriter.Marshal(s[0])
	}
	return jsonwriter.Marshal([]CredentialStatus(s))
}

// CredentialSchema names a schema that the credential follows.
type CredentialSchema struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// RefreshService says where a newer edition can be had.
type RefreshService struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// TermsOfUse names terms under which the credential was issued.
type TermsOfUse struct {
	ID   string `json:"id,omitempty"`
	Type string `json:"type"`
}

// EndorsementCredential is somebody's signed word about an achievement, a
// profile or a credential (OB 3.0 B.1.5).
type EndorsementCredential struct {
	Context           []string            `json:"@context"`
	ID                string              `json:"id"`
	Type              []string            `json:"type"`
	Name              string              `json:"name"`
	Description       string              `json:"description,omitempty"`
	Issuer            *Profile            `json:"issuer"`
	ValidFrom         string              `json:"validFrom"`
	ValidUntil        string              `json:"validUntil,omitempty"`
	CredentialSubject *EndorsementSubject `json:"credentialSubject"`
	CredentialStatus  StatusEntries       `json:"credentialStatus,omitempty"`
	CredentialSchema  []CredentialSchema  `json:"credentialSchema,omitempty"`
}

// EndorsementSubject is what is endorsed (OB 3.0 B.2).
type EndorsementSubject struct {
	ID                 string   `json:"id"`
	Type               []string `json:"type"`
	EndorsementComment string   `json:"endorsementComment,omitempty"` // Markdown
}
