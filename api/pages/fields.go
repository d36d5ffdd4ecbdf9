package pages

import (
	"slices"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier/words"
)

// fields is what stands in a badge, in the order in which people ask: first
// who, by whom, when, how; then what else there is to know, and what keeps it
// checkable. The name of the achievement stands above them. What has no place
// here stands in the list of all data.
type fields struct{ First, More, Plumbing []row }

func (s *scribe) fieldsOf(d *badge.Document) fields {
	c := d.View()
	subject := c.CredentialSubject
	if subject == nil {
		subject = &badge.AchievementSubject{}
	}
	a := subject.Achievement
	if a == nil {
		a = &badge.Achievement{}
	}
	s.lang = languageTag(a.InLanguage)
	return fields{s.first(d, subject, a), s.more(c, subject, a), s.plumbing(c)}
}

func (s *scribe) first(d *badge.Document, subject *badge.AchievementSubject, a *badge.Achievement) []row {
	c := d.View()
	s = s.sub()
	s.add("field.holder", plain(words.Holder(d)))
	s.add("field.role", s.prose(subject.Role))
	if c.Issuer != nil {
		name := plain(c.Issuer.Name)
		name.Note = s.vouched
		s.add("field.issuer", name, code(words.Host(c.Issuer.ID)), s.address(c.Issuer.URL))
	}
	s.dates(d, subject)
	s.add("field.term", s.prose(subject.Term))
	s.add("field.description", s.prose(a.Description))
	s.credential(c, a)
	s.add("field.criteria", s.criteria(a.Criteria)...)
	s.add("field.narrative", s.narrative(subject.Narrative))
	s.results(subject.Result, a.ResultDescription)
	s.add("field.credits.earned", s.credits(subject.CreditsEarned))
	s.evidence(c.Evidence)
	s.add("field.license", code(subject.LicenseNumber))
	s.alignments(a.Alignment)
	return s.rows
}

func (s *scribe) more(c *badge.Credential, subject *badge.AchievementSubject, a *badge.Achievement) []row {
	s = s.sub()
	s.profile("field.issuer", c.Issuer)
	s.identifiers(subject)
	s.profile("field.source", subject.Source)
	s.image(c.Image)
	s.image(subject.Image)
	s.achievement(a)
	s.endorsements(len(c.Endorsement) + len(c.EndorsementJWT))
	return s.rows
}

// credential adds the envelope's own title and text where they differ from
// those of the achievement.
func (s *scribe) credential(c *badge.Credential, a *badge.Achievement) {
	if c.Name != a.Name {
		s.add("field.title", s.prose(c.Name))
	}
	if c.Description != a.Description {
		s.add("field.description", s.prose(c.Description))
	}
}

func (s *scribe) dates(d *badge.Document, subject *badge.AchievementSubject) {
	awarded := words.Awarded(d)
	s.add("field.awarded", s.moment(awarded))
	if from := d.ValidFrom(); from != awarded {
		s.add("field.valid_from", s.begin(from))
	}
	s.add("field.valid_until", s.bound(d.ValidUntil()))
	s.add("field.activity.start", s.moment(subject.ActivityStartDate))
	s.add("field.activity.end", s.moment(subject.ActivityEndDate))
}

// achievement adds what all holders share, less what comes first.
func (s *scribe) achievement(a *badge.Achievement) {
	s.add("field.result.possible", each(a.ResultDescription, func(rd badge.ResultDescription) value {
		return value{Rows: s.resultDescription(rd).rows}
	})...)
	s.add("field.credits.available", s.credits(a.CreditsAvailable))
	s.add("field.tags", each(a.Tag, s.prose)...)
	s.add("field.type", s.term("kind.achievement", a.AchievementType))
	s.add("field.specialization", s.prose(a.Specialization))
	s.add("field.field_of_study", s.prose(a.FieldOfStudy))
	s.add("field.human_code", code(a.HumanCode))
	s.add("field.language", s.languageName(a.InLanguage))
	s.add("field.version", code(a.Version))
	s.otherIdentifiers(a.OtherIdentifier)
	s.profile("field.creator", a.Creator)
	s.related(a.Related)
	s.image(a.Image)
	s.endorsements(len(a.Endorsement) + len(a.EndorsementJWT))
}

// each makes a value of every text.
func each[T any](list []T, f func(T) value) []value {
	out := make([]value, len(list))
	for i, e := range list {
		out[i] = f(e)
	}
	return out
}

func (s *scribe) criteria(c *badge.Criteria) []value {
	if c == nil {
		return nil
	}
	return []value{s.narrative(c.Narrative), s.address(c.ID)}
}

func (s *scribe) languageName(tag string) value {
	if tag == "" {
		return value{}
	}
	return plain(s.LanguageName(tag))
}

func (s *scribe) credits(n *float64) value {
	if n == nil {
		return value{}
	}
	number := strconv.FormatFloat(*n, 'f', -1, 64)
	return plain(s.Text("field.credits.value", i18n.Params{"Number": number}))
}

func (s *scribe) profile(id string, p *badge.Profile) {
	if p == nil {
		return
	}
	sub := s.sub()
	sub.profileRows(p)
	s.group(id, sub)
}

func (s *scribe) profileRows(p *badge.Profile) {
	s.add("field.name", plain(p.Name))
	s.add("field.website", s.address(p.URL))
	s.add("field.profile.id", s.address(p.ID))
	s.add("field.email", s.mailbox(p.Email))
	s.add("field.phone", code(p.Phone))
	s.add("field.description", s.prose(p.Description))
	s.add("field.address", each(postal(p.Address), s.prose)...)
	s.otherIdentifiers(p.OtherIdentifier)
	s.profile("field.parent", p.ParentOrg)
	s.image(p.Image)
	s.endorsements(len(p.Endorsement) + len(p.EndorsementJWT))
}

// endorsements tells that there are some: each is a badge of its own, and its
// text is not the issuer's word.
func (s *scribe) endorsements(n int) {
	if n > 0 {
		s.add("field.endorsements", plain(s.Text("field.endorsements.value", i18n.Params{i18n.Count: n})))
	}
}

func (s *scribe) mailbox(address string) value {
	if address == "" {
		return value{}
	}
	v := s.named(address, "mailto:"+address)
	v.Code = true
	return v
}

func postal(a *badge.Address) []string {
	if a == nil {
		return nil
	}
	lines := []string{a.StreetAddress, a.PostOfficeBoxNumber, a.PostalCode, a.AddressLocality, a.AddressRegion, a.AddressCountry}
	return slices.DeleteFunc(lines, empty)
}

func (s *scribe) image(i *badge.Image) {
	if i == nil {
		return
	}
	s.add("field.image", s.address(i.ID), s.prose(i.Caption))
}

// results tells every result by the name of what it describes.
func (s *scribe) results(results []badge.Result, described []badge.ResultDescription) {
	s.add("field.result", each(results, func(r badge.Result) value {
		sub := s.sub()
		about, _ := (&badge.Achievement{ResultDescription: described}).Describe(r)
		sub.add("field.name", sub.prose(about.Name))
		sub.add("field.result.value", sub.counted(about, r.Value))
		sub.add("field.result.status", sub.term("kind.status", r.Status))
		sub.add("field.result.level", sub.level(r.AchievedLevel, about))
		sub.alignments(r.Alignment)
		return value{Rows: sub.rows}
	})...)
}

// counted is a value as the reader's language writes what it counts.
func (s *scribe) counted(described badge.ResultDescription, signed string) value {
	if text, ok := words.Counted(s.Printer, described, signed); ok {
		return plain(text)
	}
	return s.prose(signed)
}

// level is a level by its name where the description has one.
func (s *scribe) level(id string, rd badge.ResultDescription) value {
	for _, l := range rd.RubricCriterionLevel {
		if l.ID == id && l.Name != "" {
			return s.prose(l.Name)
		}
	}
	return s.address(id)
}

func (s *scribe) resultDescription(rd badge.ResultDescription) *scribe {
	sub := s.sub()
	sub.add("field.name", sub.prose(rd.Name))
	sub.add("field.result.type", sub.term("kind.result", rd.ResultType))
	possible := func(text string) value { return sub.counted(rd, text) }
	if rd.ResultType == badge.ResultTypeStatus {
		possible = func(text string) value { return sub.term("kind.status", text) }
	}
	sub.add("field.result.required", possible(rd.RequiredValue), sub.level(rd.RequiredLevel, rd))
	if rd.ValueMin != "" || rd.ValueMax != "" {
		sub.add("field.result.range", plain(sub.Text("format.span", i18n.Params{"From": possible(rd.ValueMin).Text, "To": possible(rd.ValueMax).Text})))
	}
	sub.add("field.result.possible", each(rd.AllowedValue, possible)...)
	sub.add("field.result.levels", each(rd.RubricCriterionLevel, func(l badge.RubricCriterionLevel) value {
		v := sub.prose(l.Name)
		v.Note = words.Visible(l.Description)
		return v
	})...)
	sub.alignments(rd.Alignment)
	return sub
}

// alignments name nodes of frameworks, each with what places it there.
func (s *scribe) alignments(list []badge.Alignment) {
	s.add("field.alignment", each(list, func(a badge.Alignment) value {
		v := s.named(a.TargetName, a.TargetURL)
		if a.TargetName == "" {
			v = s.address(a.TargetURL)
		}
		place := slices.DeleteFunc([]string{a.TargetFramework, a.TargetCode, a.TargetType, a.TargetDescription}, empty)
		v.Note = words.Visible(strings.Join(place, " · "))
		return v
	})...)
}

func empty(s string) bool { return s == "" }

func (s *scribe) evidence(list []badge.Evidence) {
	s.add("field.evidence", each(list, func(e badge.Evidence) value {
		sub := s.sub()
		sub.add("field.name", sub.prose(e.Name))
		sub.add("field.description", sub.prose(e.Description))
		sub.add("field.narrative", sub.narrative(e.Narrative))
		sub.add("field.genre", sub.prose(e.Genre))
		sub.add("field.audience", sub.prose(e.Audience))
		sub.add("field.link", sub.address(e.ID))
		return value{Rows: sub.rows}
	})...)
}

// term is a word of a list of the standard (OB 3.0 appendix B) in the reader's
// language; what is on none of its lists stays as it was signed.
func (s *scribe) term(list, word string) value {
	if id := list + "." + word; word != "" && s.Has(id) {
		return plain(s.Text(id, nil))
	}
	return code(word)
}

// identifiers tells of a hashed identifier that it is there, not its hash.
func (s *scribe) identifiers(subject *badge.AchievementSubject) {
	var values []value
	for _, i := range subject.Identifier {
		switch {
		case i.Hashed && i.IdentityType == badge.IdentityTypeEmail:
			values = append(values, plain(s.Text("field.identifier.email", nil)))
		case i.Hashed:
			values = append(values, plain(s.Text("field.identifier.hidden", i18n.Params{"Kind": s.term("kind.identifier", words.Line(i.IdentityType, 60)).Text})))
		default:
			v := plain(i.IdentityHash)
			v.Note = s.term("kind.identifier", words.Line(i.IdentityType, 60)).Text
			values = append(values, v)
		}
	}
	s.add("field.identifiers", values...)
	s.add("field.holder.id", s.address(subject.ID))
}

func (s *scribe) otherIdentifiers(list []badge.IdentifierEntry) {
	s.add("field.identifiers", each(list, func(i badge.IdentifierEntry) value {
		v := code(i.Identifier)
		v.Note = s.term("kind.identifier", words.Line(i.IdentifierType, 60)).Text
		return v
	})...)
}

func (s *scribe) related(list []badge.Related) {
	s.add("field.related", each(list, func(r badge.Related) value {
		if r.InLanguage == "" {
			return s.address(r.ID)
		}
		return s.named(words.Line(s.LanguageName(r.InLanguage), 60), r.ID)
	})...)
}

// plumbing is what keeps a badge checkable.
func (s *scribe) plumbing(c *badge.Credential) []row {
	s = s.sub()
	for _, e := range c.CredentialStatus {
		sub := s.sub()
		sub.add("field.status.purpose", sub.purpose(e.StatusPurpose))
		sub.add("field.status.list", sub.address(e.StatusListCredential))
		sub.add("field.status.index", code(e.StatusListIndex))
		sub.add("field.type", code(e.Type))
		s.group("field.status", sub)
	}
	s.add("field.schema", each(c.CredentialSchema, func(e badge.CredentialSchema) value { return s.address(e.ID) })...)
	if c.RefreshService != nil {
		s.add("field.refresh", s.address(c.RefreshService.ID))
	}
	s.add("field.terms", each(c.TermsOfUse, func(e badge.TermsOfUse) value {
		if e.ID == "" {
			return code(e.Type)
		}
		return s.address(e.ID)
	})...)
	s.add("field.id", s.address(c.ID))
	return s.rows
}

func (s *scribe) purpose(purpose string) value {
	known := map[string]string{badge.StatusPurposeRevocation: "field.status.revocation", badge.StatusPurposeSuspension: "field.status.suspension"}
	if id := known[purpose]; id != "" {
		return plain(s.Text(id, nil))
	}
	return code(purpose)
}
