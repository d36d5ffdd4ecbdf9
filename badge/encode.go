package badge

import (
	"laurel/internal/jsonwriter"
	"laurel/internal/strictjson"
)

// A credential is written by hand, member by member in the order of its
// fields: issuing writes one for every badge, and reflection took longer than
// the signature. encode_test.go holds the bytes equal to those of
// encoding/json without HTML escapes.

// encoder writes a credential.
type encoder struct {
	jsonwriter.Writer

	fields []field
	nested bool // holds something whose depth is not that of the model
}

// field is a text that differs from holder to holder, and where it stands.
type field struct {
	start, end int // between the quotes
	text       string
}

// encodeCredential writes the JSON of a credential.
func encodeCredential(c *Credential) *encoder {
	e := &encoder{fields: make([]field, 0, 32)}
	e.B = make([]byte, 0, 3072+c.written())
	e.credential(c)
	return e
}

// written is the length of what was written beforehand.
func (c *Credential) written() int {
	n := 0
	if c.Issuer != nil {
		n += len(c.Issuer.kept.json)
	}
	if s := c.CredentialSubject; s != nil && s.Achievement != nil {
		n += len(s.Achievement.kept.json)
	}
	return n
}

// kept is the JSON of a value that stands in many documents. It counts only
// for the very value that it was written of, not for a copy, which may differ.
type kept[T any] struct {
	of   *T
	json []byte
}

// Keep writes the achievement now, for all the credentials that will have it:
// they take the bytes over. It must not be changed any more, nor kept twice at
// the same time.
func (a *Achievement) Keep() error {
	e := &encoder{}
	e.achievement(a)
	if e.Err == nil && !e.nested {
		a.kept = kept[Achievement]{a, e.B}
	}
	return e.Err
}

// Keep writes the profile now, as Achievement.Keep does.
func (p *Profile) Keep() error {
	e := &encoder{}
	e.profile(p)
	if e.Err == nil && !e.nested {
		p.kept = kept[Profile]{p, e.B}
	}
	return e.Err
}

// field is text for what differs from holder to holder.
func (e *encoder) field(name, s string) {
	if s == "" {
		return
	}
	e.Name(name)
	start := len(e.B) + 1
	e.Quote(s)
	e.fields = append(e.fields, field{start, len(e.B) - 1, s})
}

// credentials writes embedded credentials, which are others' bytes.
func (e *encoder) credentials(name string, list []strictjson.Value) {
	if len(list) > 0 {
		e.nested = true
		e.Name(name)
		e.Other(list)
	}
}

// object writes a member that is an object, where there is one.
func object[T any](e *encoder, name string, v *T, write func(*encoder, *T)) {
	if v != nil {
		e.Name(name)
		write(e, v)
	}
}

// objects writes a list of objects, where there are any.
func objects[T any](e *encoder, name string, list []T, write func(*encoder, *T)) {
	if len(list) == 0 {
		return
	}
	e.Name(name)
	e.Array(len(list), func(i int) { write(e, &list[i]) })
}

func (e *encoder) credential(c *Credential) {
	e.Open()
	e.Names("@context", c.Context)
	e.field("id", c.ID)
	e.Names("type", c.Type)
	e.Text("name", c.Name)
	e.Text("description", c.Description)
	object(e, "image", c.Image, (*encoder).image)
	object(e, "issuer", c.Issuer, (*encoder).profile)
	e.Text("awardedDate", c.AwardedDate)
	e.field("validFrom", c.ValidFrom)
	e.field("validUntil", c.ValidUntil)
	object(e, "credentialSubject", c.CredentialSubject, (*encoder).subject)
	objects(e, "evidence", c.Evidence, (*encoder).evidence)
	if len(c.CredentialStatus) == 1 {
		object(e, "credentialStatus", &c.CredentialStatus[0], (*encoder).status)
	} else {
		objects(e, "credentialStatus", c.CredentialStatus, (*encoder).status)
	}
	objects(e, "credentialSchema", c.CredentialSchema, (*encoder).schema)
	object(e, "refreshService", c.RefreshService, (*encoder).refresh)
	objects(e, "termsOfUse", c.TermsOfUse, (*encoder).terms)
	e.credentials("endorsement", c.Endorsement)
	e.Texts("endorsementJwt", c.EndorsementJWT)
	e.Close()
}

func (e *encoder) subject(s *AchievementSubject) {
	e.Open()
	e.field("id", s.ID)
	e.Names("type", s.Type)
	objects(e, "identifier", s.Identifier, (*encoder).identity)
	object(e, "achievement", s.Achievement, (*encoder).achievement)
	e.field("activityStartDate", s.ActivityStartDate)
	e.field("activityEndDate", s.ActivityEndDate)
	e.Optional("creditsEarned", s.CreditsEarned)
	object(e, "image", s.Image, (*encoder).image)
	e.field("licenseNumber", s.LicenseNumber)
	e.field("narrative", s.Narrative)
	objects(e, "result", s.Result, (*encoder).result)
	e.field("role", s.Role)
	object(e, "source", s.Source, (*encoder).profile)
	e.field("term", s.Term)
	e.Close()
}

func (e *encoder) achievement(a *Achievement) {
	if a.kept.of == a {
		e.B = append(e.B, a.kept.json...)
		return
	}
	e.Open()
	e.Text("id", a.ID)
	e.Names("type", a.Type)
	e.Text("achievementType", a.AchievementType)
	e.Text("name", a.Name)
	e.Text("description", a.Description)
	object(e, "criteria", a.Criteria, (*encoder).criteria)
	e.Text("inLanguage", a.InLanguage)
	e.Text("version", a.Version)
	object(e, "creator", a.Creator, (*encoder).profile)
	object(e, "image", a.Image, (*encoder).image)
	e.Optional("creditsAvailable", a.CreditsAvailable)
	e.Text("fieldOfStudy", a.FieldOfStudy)
	e.Text("humanCode", a.HumanCode)
	e.Text("specialization", a.Specialization)
	objects(e, "otherIdentifier", a.OtherIdentifier, (*encoder).identifier)
	objects(e, "resultDescription", a.ResultDescription, (*encoder).description)
	objects(e, "alignment", a.Alignment, (*encoder).alignment)
	e.Texts("tag", a.Tag)
	objects(e, "related", a.Related, (*encoder).related)
	e.credentials("endorsement", a.Endorsement)
	e.Texts("endorsementJwt", a.EndorsementJWT)
	e.Close()
}

func (e *encoder) profile(p *Profile) {
	if p.kept.of == p {
		e.B = append(e.B, p.kept.json...)
		return
	}
	e.Open()
	e.Text("id", p.ID)
	e.Texts("type", p.Type)
	e.Text("name", p.Name)
	e.Text("url", p.URL)
	e.Text("email", p.Email)
	e.Text("phone", p.Phone)
	e.Text("description", p.Description)
	object(e, "image", p.Image, (*encoder).image)
	object(e, "address", p.Address, (*encoder).address)
	objects(e, "otherIdentifier", p.OtherIdentifier, (*encoder).identifier)
	e.Text("official", p.Official)
	e.nested = e.nested || p.ParentOrg != nil
	object(e, "parentOrg", p.ParentOrg, (*encoder).profile)
	e.Text("familyName", p.FamilyName)
	e.Text("givenName", p.GivenName)
	e.Text("additionalName", p.AdditionalName)
	e.Text("patronymicName", p.PatronymicName)
	e.Text("honorificPrefix", p.HonorificPrefix)
	e.Text("honorificSuffix", p.HonorificSuffix)
	e.Text("familyNamePrefix", p.FamilyNamePrefix)
	e.Text("dateOfBirth", p.DateOfBirth)
	e.credentials("endorsement", p.Endorsement)
	e.Texts("endorsementJwt", p.EndorsementJWT)
	e.Close()
}

func (e *encoder) address(a *Address) {
	e.Open()
	e.Names("type", a.Type)
	e.Text("addressCountry", a.AddressCountry)
	e.Text("addressCountryCode", a.AddressCountryCode)
	e.Text("addressRegion", a.AddressRegion)
	e.Text("addressLocality", a.AddressLocality)
	e.Text("streetAddress", a.StreetAddress)
	e.Text("postOfficeBoxNumber", a.PostOfficeBoxNumber)
	e.Text("postalCode", a.PostalCode)
	object(e, "geo", a.Geo, (*encoder).coordinates)
	e.Close()
}

func (e *encoder) coordinates(g *GeoCoordinates) {
	e.Open()
	e.Always("type", g.Type)
	e.Number("latitude", g.Latitude)
	e.Number("longitude", g.Longitude)
	e.Close()
}

func (e *encoder) image(i *Image) {
	e.Open()
	e.Always("id", i.ID)
	e.Always("type", i.Type)
	e.Text("caption", i.Caption)
	e.Close()
}

func (e *encoder) criteria(c *Criteria) {
	e.Open()
	e.Text("id", c.ID)
	e.Text("narrative", c.Narrative)
	e.Close()
}

func (e *encoder) alignment(a *Alignment) {
	e.Open()
	e.Names("type", a.Type)
	e.Always("targetName", a.TargetName)
	e.Always("targetUrl", a.TargetURL)
	e.Text("targetDescription", a.TargetDescription)
	e.Text("targetFramework", a.TargetFramework)
	e.Text("targetCode", a.TargetCode)
	e.Text("targetType", a.TargetType)
	e.Close()
}

func (e *encoder) evidence(v *Evidence) {
	e.Open()
	e.field("id", v.ID)
	e.Names("type", v.Type)
	e.field("name", v.Name)
	e.field("description", v.Description)
	e.field("narrative", v.Narrative)
	e.field("genre", v.Genre)
	e.field("audience", v.Audience)
	e.Close()
}

func (e *encoder) identity(o *IdentityObject) {
	e.Open()
	e.Always("type", o.Type)
	e.Boolean("hashed", o.Hashed)
	if o.IdentityHash == "" {
		e.Always("identityHash", "")
	}
	e.field("identityHash", o.IdentityHash)
	e.Always("identityType", o.IdentityType)
	e.field("salt", o.Salt)
	e.Close()
}

func (e *encoder) identifier(i *IdentifierEntry) {
	e.Open()
	e.Always("type", i.Type)
	e.Always("identifier", i.Identifier)
	e.Always("identifierType", i.IdentifierType)
	e.Close()
}

func (e *encoder) description(d *ResultDescription) {
	e.Open()
	e.Always("id", d.ID)
	e.Names("type", d.Type)
	e.Always("name", d.Name)
	e.Always("resultType", d.ResultType)
	e.Texts("allowedValue", d.AllowedValue)
	e.Text("requiredLevel", d.RequiredLevel)
	e.Text("requiredValue", d.RequiredValue)
	objects(e, "rubricCriterionLevel", d.RubricCriterionLevel, (*encoder).level)
	e.Text("valueMin", d.ValueMin)
	e.Text("valueMax", d.ValueMax)
	objects(e, "alignment", d.Alignment, (*encoder).alignment)
	e.Close()
}

func (e *encoder) level(l *RubricCriterionLevel) {
	e.Open()
	e.Always("id", l.ID)
	e.Names("type", l.Type)
	e.Always("name", l.Name)
	e.Text("level", l.Level)
	e.Text("points", l.Points)
	e.Text("description", l.Description)
	objects(e, "alignment", l.Alignment, (*encoder).alignment)
	e.Close()
}

func (e *encoder) result(r *Result) {
	e.Open()
	e.Names("type", r.Type)
	e.Text("resultDescription", r.ResultDescription)
	e.field("value", r.Value)
	e.Text("status", r.Status)
	e.Text("achievedLevel", r.AchievedLevel)
	objects(e, "alignment", r.Alignment, (*encoder).alignment)
	e.Close()
}

func (e *encoder) related(r *Related) {
	e.Open()
	e.Always("id", r.ID)
	e.Names("type", r.Type)
	e.Text("inLanguage", r.InLanguage)
	e.Text("version", r.Version)
	e.Close()
}

func (e *encoder) status(s *CredentialStatus) {
	e.Open()
	e.field("id", s.ID)
	e.Always("type", s.Type)
	e.Text("statusPurpose", s.StatusPurpose)
	e.field("statusListIndex", s.StatusListIndex)
	e.field("statusListCredential", s.StatusListCredential)
	e.Close()
}

func (e *encoder) schema(s *CredentialSchema) {
	e.Open()
	e.Always("id", s.ID)
	e.Always("type", s.Type)
	e.Close()
}

func (e *encoder) refresh(r *RefreshService) {
	e.Open()
	e.Always("id", r.ID)
	e.Always("type", r.Type)
	e.Close()
}

func (e *encoder) terms(t *TermsOfUse) {
	e.Open()
	e.Text("id", t.ID)
	e.Always("type", t.Type)
	e.Close()
}
