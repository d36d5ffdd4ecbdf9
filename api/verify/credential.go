package verify

import (
	"laurel/badge"
	"laurel/verifier/words"
)

// Credential is a proven badge in the fields that people look for. Each is
// copied from what was signed; what it does not say is left out.
type Credential struct {
	ID            string          `json:"id,omitempty"`
	Name          string          `json:"name,omitempty"`
	Recipient     Recipient       `json:"recipient"`
	Achievement   *Achievement    `json:"achievement,omitempty"`
	Issuer        *Issuer         `json:"issuer,omitempty"`
	AwardedAt     string          `json:"awardedAt,omitempty"`
	ValidFrom     string          `json:"validFrom,omitempty"`
	ValidUntil    string          `json:"validUntil,omitempty"`
	Activity      *Activity       `json:"activity,omitempty"`
	Term          string          `json:"term,omitempty"`
	Role          string          `json:"role,omitempty"`
	Narrative     string          `json:"narrative,omitempty"`
	CreditsEarned *float64        `json:"creditsEarned,omitempty"`
	Results       []Result        `json:"results,omitempty"`
	Evidence      []EvidencePiece `json:"evidence,omitempty"`
}

// Recipient is whom a badge is about, as far as it says so in plain text.
type Recipient struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Achievement is what was earned.
type Achievement struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name,omitempty"`
	Type        string   `json:"type,omitempty"`
	Description string   `json:"description,omitempty"`
	Criteria    string   `json:"criteria,omitempty"`
	CriteriaURL string   `json:"criteriaUrl,omitempty"`
	Image       string   `json:"image,omitempty"`
	Language    string   `json:"language,omitempty"`
	Version     string   `json:"version,omitempty"`
	Tags        []string `json:"tags,omitempty"`
}

// Issuer is who signed. Host is what its id belongs to, for judging by.
type Issuer struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
	Host string `json:"host,omitempty"`
}

// Activity is when it took place.
type Activity struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

// Result is one outcome, with the name that the achievement gives it.
type Result struct {
	Name   string `json:"name,omitempty"`
	Value  string `json:"value,omitempty"`
	Status string `json:"status,omitempty"`
	Level  string `json:"level,omitempty"`
}

// EvidencePiece points to what shows that it was earned.
type EvidencePiece struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Narrative   string `json:"narrative,omitempty"`
}

func credentialOf(d *badge.Document) *Credential {
	v := d.View()
	out := &Credential{ID: v.ID, Name: v.Name, AwardedAt: words.Awarded(d), ValidFrom: d.ValidFrom(), ValidUntil: d.ValidUntil()}
	out.Recipient.Name = words.Holder(d)
	if p := v.Issuer; p != nil {
		out.Issuer = &Issuer{ID: p.ID, Name: p.Name, URL: p.URL, Host: words.Host(p.ID)}
	}
	for _, e := range v.Evidence {
		out.Evidence = append(out.Evidence, EvidencePiece{e.ID, e.Name, e.Description, e.Narrative})
	}
	if v.CredentialSubject != nil {
		out.subject(v.CredentialSubject)
	}
	return out
}

func (c *Credential) subject(s *badge.AchievementSubject) {
	c.Recipient.ID, c.Role, c.Term, c.Narrative, c.CreditsEarned = s.ID, s.Role, s.Term, s.Narrative, s.CreditsEarned
	if s.ActivityStartDate != "" || s.ActivityEndDate != "" {
		c.Activity = &Activity{s.ActivityStartDate, s.ActivityEndDate}
	}
	a := s.Achievement
	if a == nil {
		a = new(badge.Achievement)
	} else {
		c.Achievement = achievementOf(a)
	}
	for _, r := range s.Result {
		c.Results = append(c.Results, resultOf(r, a))
	}
}

func achievementOf(a *badge.Achievement) *Achievement {
	out := &Achievement{ID: a.ID, Name: a.Name, Type: a.AchievementType, Description: a.Description, Language: a.InLanguage,
		Version: a.Version, Tags: a.Tag}
	if a.Criteria != nil {
		out.Criteria, out.CriteriaURL = a.Criteria.Narrative, a.Criteria.ID
	}
	if a.Image != nil {
		out.Image = a.Image.ID
	}
	return out
}

func resultOf(r badge.Result, a *badge.Achievement) Result {
	d, level := a.Describe(r)
	return Result{Name: d.Name, Value: r.Value, Status: r.Status, Level: level.Name}
}
