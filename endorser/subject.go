package endorser

import (
	"context"
	"errors"
	"slices"
	"strings"

	"laurel/issuer"
)

// Subject is what is endorsed: one of the three is named.
type Subject struct {
	ID          string `json:"id"` // as signed
	Achievement string `json:"achievement,omitempty"`
	Issuer      string `json:"issuer"`               // slug; of an achievement or a badge, whose it is
	Credential  string `json:"credential,omitempty"` // public id
}

// resolve finds what a request names, and its name for people.
func (s *Endorsers) resolve(ctx context.Context, q *Subject) (name string, err error) {
	named := 0
	for _, part := range []string{q.Achievement, q.Issuer, q.Credential} {
		if part != "" {
			named++
		}
	}
	if named != 1 {
		return "", fault("subject_invalid", "/subject", "Name one thing that is endorsed: achievement, issuer or credential.")
	}
	var pointer string
	switch {
	case q.Achievement != "":
		pointer = "/subject/achievement"
		if name, err = s.achievement(ctx, q); err == nil && issuer.IsTest(q.Issuer) {
			err = issuer.ErrNotFound // a trial counts for nothing
		}
	case q.Issuer != "":
		pointer = "/subject/issuer"
		name, err = s.profile(ctx, q)
	default:
		pointer = "/subject/credential"
		name, err = s.credential(ctx, q)
	}
	if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, issuer.ErrErased) {
		return "", fault("subject_unknown", pointer, "There is no such thing here to be endorsed.")
	}
	return name, err
}

func (s *Endorsers) achievement(ctx context.Context, q *Subject) (string, error) {
	a, err := s.issuer.Achievement(ctx, q.Achievement)
	if err != nil {
		return "", err
	}
	p, err := s.issuer.Profile(ctx, a.Issuer)
	if err != nil {
		return "", err
	}
	q.Issuer, q.ID = a.Issuer, s.issuer.AchievementDocument(a, p, a.InLanguage).ID
	return a.Name[a.InLanguage], nil
}

func (s *Endorsers) profile(ctx context.Context, q *Subject) (string, error) {
	p, err := s.issuer.Profile(ctx, q.Issuer)
	if err != nil {
		return "", err
	}
	if !awards(p) {
		return "", issuer.ErrNotFound
	}
	q.ID = p.ID
	return p.Name, nil
}

// AchievementID is the id under which an achievement is endorsed, as badges have
// it; issuer.ErrNotFound.
func (s *Endorsers) AchievementID(ctx context.Context, slug string) (string, error) {
	q := Subject{Achievement: slug}
	_, err := s.achievement(ctx, &q)
	return q.ID, err
}

// awards tells those who issue badges from who endorses, signs for others or is
// for trials.
func awards(p *issuer.Profile) bool {
	return !issuer.IsTest(p.Slug) && p.Slug != issuer.VCAPISlug && !strings.HasPrefix(p.Slug, issuer.EndorserPrefix)
}

func (s *Endorsers) credential(ctx context.Context, q *Subject) (string, error) {
	rec, err := s.issuer.PublicEdition(ctx, q.Credential, 0)
	if err != nil {
		return "", err
	}
	if issuer.IsTest(rec.Issuer) {
		return "", issuer.ErrNotFound // a trial counts for nothing
	}
	q.Issuer, q.ID = rec.Issuer, s.issuer.CredentialURL(rec.ID)
	return "a badge", nil
}

// subjectByID finds what a signed endorsement is about, by its id.
func (s *Endorsers) subjectByID(ctx context.Context, id string) (Subject, error) {
	unknown := fault("subject_unknown", "/credentialSubject/id", "This is the id of no achievement, issuer or badge of this service.")
	if public, ok := strings.CutPrefix(id, s.issuer.CredentialURL("")); ok {
		q := Subject{Credential: public}
		_, err := s.credential(ctx, &q)
		if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, issuer.ErrErased) {
			return q, unknown
		}
		return q, err
	}
	profiles, err := s.issuer.Profiles(ctx)
	if err != nil {
		return Subject{}, err
	}
	if at := slices.IndexFunc(profiles, func(p *issuer.Profile) bool { return p.ID == id && awards(p) }); at >= 0 {
		return Subject{ID: id, Issuer: profiles[at].Slug}, nil
	}
	all, err := s.issuer.Achievements(ctx, "")
	if err != nil {
		return Subject{}, err
	}
	for _, a := range all {
		if issuer.IsTest(a.Issuer) {
			continue
		}
		q := Subject{Achievement: a.Slug}
		if _, err := s.achievement(ctx, &q); err != nil {
			return Subject{}, err
		}
		if q.ID == id {
			return q, nil
		}
	}
	return Subject{}, unknown
}
