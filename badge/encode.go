package badge

import (
	"math"
	"strconv"
	"unicode/utf8"

	"laurel/internal/strictjson"
)

// A credential is written by hand, member by member in the order of its
// fields: issuing writes one for every badge, and reflection took longer than
// the signature. encode_test.go holds the bytes equal to those of
// encoding/json without HTML escapes.

// encoder writes JSON to the end of a buffer. The first error stays.
type encoder struct {
	b      []byte
	err    error
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
	e := &encoder{b: make([]byte, 0, 3072+c.written()), fields: make([]field, 0, 32)}
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
	if e.err == nil && !e.nested {
		a.kept = kept[Achievement]{a, e.b}
	}
	return e.err
}

// Keep writes the profile now, as Achievement.Keep does.
func (p *Profile) Keep() error {
	e := &encoder{}
	e.profile(p)
	if e.err == nil && !e.nested {
		p.kept = kept[Profile]{p, e.b}
	}
	return e.err
}

// name begins a member.
func (e *encoder) name(name string) {
	e.comma()
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
}

// comma parts an entry from the one before it in its object or array.
func (e *encoder) comma() {
	if n := len(e.b); n > 0 && e.b[n-1] != '{' && e.b[n-1] != '[' {
		e.b = append(e.b, ',')
	}
}

func (e *encoder) open()  { e.b = append(e.b, '{') }
func (e *encoder) close() { e.b = append(e.b, '}') }

// text writes a member that is left out when it is empty, always one that is
// not.
func (e *encoder) text(name, s string) {
	if s != "" {
		e.always(name, s)
	}
}

func (e *encoder) always(name, s string) {
	e.name(name)
	e.quote(s)
}

// field is text for what differs from holder to holder.
func (e *encoder) field(name, s string) {
	if s == "" {
		return
	}
	e.name(name)
	start := len(e.b) + 1
	e.quote(s)
	e.fields = append(e.fields, field{start, len(e.b) - 1, s})
}

// texts writes a list that is left out when it is empty, names one that is
// not: types and contexts.
func (e *encoder) texts(name string, list []string) {
	if len(list) > 0 {
		e.names(name, list)
	}
}

func (e *encoder) names(name string, list []string) {
	e.name(name)
	if list == nil {
		e.b = append(e.b, "null"...)
		return
	}
	e.b = append(e.b, '[')
	for i, s := range list {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.quote(s)
	}
	e.b = append(e.b, ']')
}

func (e *encoder) boolean(name string, v bool) {
	e.name(name)
	e.b = strconv.AppendBool(e.b, v)
}

func (e *encoder) optional(name string, f *float64) {
	if f != nil {
		e.number(name, *f)
	}
}

func (e *encoder) number(name string, f float64) {
	e.name(name)
	if abs := math.Abs(f); f == 0 || abs >= 1e-6 && abs < 1e21 {
		e.b = strconv.AppendFloat(e.b, f, 'f', -1, 64)
		return
	}
	e.other(f)
}

// other writes what is rare.
func (e *encoder) other(v any) {
	raw, err := marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.b = append(e.b, raw...)
}

// credentials writes embedded credentials, which are others' bytes.
func (e *encoder) credentials(name string, list []strictjson.Value) {
	if len(list) > 0 {
		e.nested = true
		e.name(name)
		e.other(list)
	}
}

// object writes a member that is an object, where there is one.
func object[T any](e *encoder, name string, v *T, write func(*encoder, *T)) {
	if v != nil {
		e.name(name)
		write(e, v)
	}
}

// objects writes a list of objects, where there are any.
func objects[T any](e *encoder, name string, list []T, write func(*encoder, *T)) {
	if len(list) == 0 {
		return
	}
	e.name(name)
	e.array(len(list), func(i int) { write(e, &list[i]) })
}

func (e *encoder) array(n int, write func(i int)) {
	e.b = append(e.b, '[')
	for i := range n {
		e.comma()
		write(i)
	}
	e.b = append(e.b, ']')
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := range utf8.RuneSelf {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// quote writes a string as encoding/json does without HTML escapes.
func (e *encoder) quote(s string) {
	b := append(e.b, '"')
	from := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if !(r == utf8.RuneError && size == 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
		}
		b = appendEscape(append(b, s[from:i]...), r)
		i += size
		from = i
	}
	e.b = append(append(b, s[from:]...), '"')
}

func appendEscape(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&0xf], hex[r>>8&0xf], hex[r>>4&0xf], hex[r&0xf])
}

func (e *encoder) credential(c *Credential) {
	e.open()
	e.names("@context", c.Context)
	e.field("id", c.ID)
	e.names("type", c.Type)
	e.text("name", c.Name)
	e.text("description", c.Description)
	object(e, "image", c.Image, (*encoder).image)
	object(e, "issuer", c.Issuer, (*encoder).profile)
	e.text("awardedDate", c.AwardedDate)
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
	e.texts("endorsementJwt", c.EndorsementJWT)
	e.close()
}

func (e *encoder) subject(s *AchievementSubject) {
	e.open()
	e.field("id", s.ID)
	e.names("type", s.Type)
	objects(e, "identifier", s.Identifier, (*encoder).identity)
	object(e, "achievement", s.Achievement, (*encoder).achievement)
	e.field("activityStartDate", s.ActivityStartDate)
	e.field("activityEndDate", s.ActivityEndDate)
	e.optional("creditsEarned", s.CreditsEarned)
	object(e, "image", s.Image, (*encoder).image)
	e.field("licenseNumber", s.LicenseNumber)
	e.field("narrative", s.Narrative)
	objects(e, "result", s.Result, (*encoder).result)
	e.field("role", s.Role)
	object(e, "source", s.Source, (*encoder).profile)
	e.field("term", s.Term)
	e.close()
}

func (e *encoder) achievement(a *Achievement) {
	if a.kept.of == a {
		e.b = append(e.b, a.kept.json...)
		return
	}
	e.open()
	e.text("id", a.ID)
	e.names("type", a.Type)
	e.text("achievementType", a.AchievementType)
	e.text("name", a.Name)
	e.text("description", a.Description)
	object(e, "criteria", a.Criteria, (*encoder).criteria)
	e.text("inLanguage", a.InLanguage)
	e.text("version", a.Version)
	object(e, "creator", a.Creator, (*encoder).profile)
	object(e, "image", a.Image, (*encoder).image)
	e.optional("creditsAvailable", a.CreditsAvailable)
	e.text("fieldOfStudy", a.FieldOfStudy)
	e.text("humanCode", a.HumanCode)
	e.text("specialization", a.Specialization)
	objects(e, "otherIdentifier", a.OtherIdentifier, (*encoder).identifier)
	objects(e, "resultDescription", a.ResultDescription, (*encoder).description)
	objects(e, "alignment", a.Alignment, (*encoder).alignment)
	e.texts("tag", a.Tag)
	objects(e, "related", a.Related, (*encoder).related)
	e.credentials("endorsement", a.Endorsement)
	e.texts("endorsementJwt", a.EndorsementJWT)
	e.close()
}

func (e *encoder) profile(p *Profile) {
	if p.kept.of == p {
		e.b = append(e.b, p.kept.json...)
		return
	}
	e.open()
	e.text("id", p.ID)
	e.texts("type", p.Type)
	e.text("name", p.Name)
	e.text("url", p.URL)
	e.text("email", p.Email)
	e.text("phone", p.Phone)
	e.text("description", p.Description)
	object(e, "image", p.Image, (*encoder).image)
	object(e, "address", p.Address, (*encoder).address)
	objects(e, "otherIdentifier", p.OtherIdentifier, (*encoder).identifier)
	e.text("official", p.Official)
	e.nested = e.nested || p.ParentOrg != nil
	object(e, "parentOrg", p.ParentOrg, (*encoder).profile)
	e.text("familyName", p.FamilyName)
	e.text("givenName", p.GivenName)
	e.text("additionalName", p.AdditionalName)
	e.text("patronymicName", p.PatronymicName)
	e.text("honorificPrefix", p.HonorificPrefix)
	e.text("honorificSuffix", p.HonorificSuffix)
	e.text("familyNamePrefix", p.FamilyNamePrefix)
	e.text("dateOfBirth", p.DateOfBirth)
	e.credentials("endorsement", p.Endorsement)
	e.texts("endorsementJwt", p.EndorsementJWT)
	e.close()
}

func (e *encoder) address(a *Address) {
	e.open()
	e.names("type", a.Type)
	e.text("addressCountry", a.AddressCountry)
	e.text("addressCountryCode", a.AddressCountryCode)
	e.text("addressRegion", a.AddressRegion)
	e.text("addressLocality", a.AddressLocality)
	e.text("streetAddress", a.StreetAddress)
	e.text("postOfficeBoxNumber", a.PostOfficeBoxNumber)
	e.text("postalCode", a.PostalCode)
	object(e, "geo", a.Geo, (*encoder).coordinates)
	e.close()
}

func (e *encoder) coordinates(g *GeoCoordinates) {
	e.open()
	e.always("type", g.Type)
	e.number("latitude", g.Latitude)
	e.number("longitude", g.Longitude)
	e.close()
}

func (e *encoder) image(i *Image) {
	e.open()
	e.always("id", i.ID)
	e.always("type", i.Type)
	e.text("caption", i.Caption)
	e.close()
}

func (e *encoder) criteria(c *Criteria) {
	e.open()
	e.text("id", c.ID)
	e.text("narrative", c.Narrative)
	e.close()
}

func (e *encoder) alignment(a *Alignment) {
	e.open()
	e.names("type", a.Type)
	e.always("targetName", a.TargetName)
	e.always("targetUrl", a.TargetURL)
	e.text("targetDescription", a.TargetDescription)
	e.text("targetFramework", a.TargetFramework)
	e.text("targetCode", a.TargetCode)
	e.text("targetType", a.TargetType)
	e.close()
}

func (e *encoder) evidence(v *Evidence) {
	e.open()
	e.field("id", v.ID)
	e.names("type", v.Type)
	e.field("name", v.Name)
	e.field("description", v.Description)
	e.field("narrative", v.Narrative)
	e.field("genre", v.Genre)
	e.field("audience", v.Audience)
	e.close()
}

func (e *encoder) identity(o *IdentityObject) {
	e.open()
	e.always("type", o.Type)
	e.boolean("hashed", o.Hashed)
	if o.IdentityHash == "" {
		e.always("identityHash", "")
	}
	e.field("identityHash", o.IdentityHash)
	e.always("identityType", o.IdentityType)
	e.field("salt", o.Salt)
	e.close()
}

func (e *encoder) identifier(i *IdentifierEntry) {
	e.open()
	e.always("type", i.Type)
	e.always("identifier", i.Identifier)
	e.always("identifierType", i.IdentifierType)
	e.close()
}

func (e *encoder) description(d *ResultDescription) {
	e.open()
	e.always("id", d.ID)
	e.names("type", d.Type)
	e.always("name", d.Name)
	e.always("resultType", d.ResultType)
	e.texts("allowedValue", d.AllowedValue)
	e.text("requiredLevel", d.RequiredLevel)
	e.text("requiredValue", d.RequiredValue)
	objects(e, "rubricCriterionLevel", d.RubricCriterionLevel, (*encoder).level)
	e.text("valueMin", d.ValueMin)
	e.text("valueMax", d.ValueMax)
	objects(e, "alignment", d.Alignment, (*encoder).alignment)
	e.close()
}

func (e *encoder) level(l *RubricCriterionLevel) {
	e.open()
	e.always("id", l.ID)
	e.names("type", l.Type)
	e.always("name", l.Name)
	e.text("level", l.Level)
	e.text("points", l.Points)
	e.text("description", l.Description)
	objects(e, "alignment", l.Alignment, (*encoder).alignment)
	e.close()
}

func (e *encoder) result(r *Result) {
	e.open()
	e.names("type", r.Type)
	e.text("resultDescription", r.ResultDescription)
	e.field("value", r.Value)
	e.text("status", r.Status)
	e.text("achievedLevel", r.AchievedLevel)
	objects(e, "alignment", r.Alignment, (*encoder).alignment)
	e.close()
}

func (e *encoder) related(r *Related) {
	e.open()
	e.always("id", r.ID)
	e.names("type", r.Type)
	e.text("inLanguage", r.InLanguage)
	e.text("version", r.Version)
	e.close()
}

func (e *encoder) status(s *CredentialStatus) {
	e.open()
	e.field("id", s.ID)
	e.always("type", s.Type)
	e.text("statusPurpose", s.StatusPurpose)
	e.field("statusListIndex", s.StatusListIndex)
	e.field("statusListCredential", s.StatusListCredential)
	e.close()
}

func (e *encoder) schema(s *CredentialSchema) {
	e.open()
	e.always("id", s.ID)
	e.always("type", s.Type)
	e.close()
}

func (e *encoder) refresh(r *RefreshService) {
	e.open()
	e.always("id", r.ID)
	e.always("type", r.Type)
	e.close()
}

func (e *encoder) terms(t *TermsOfUse) {
	e.open()
	e.text("id", t.ID)
	e.always("type", t.Type)
	e.close()
}
