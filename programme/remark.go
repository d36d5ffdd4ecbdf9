package programme

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"laurel/issuer"
	"laurel/store"
)

// Remark is something that our records say of a credential beside what is
// signed in it. Nobody signed it: whoever shows it says so.
type Remark struct {
	Code        RemarkCode
	Achievement string      // slug of the one that it is about; "" for none
	Name        issuer.Text // what that one is called, by language
	Language    string      // in which its name is always there
}

// In is the name of the achievement that a remark is about: in a language, or
// where it has no name in that one, in its own.
func (r *Remark) In(language string) string {
	if name := r.Name[language]; name != "" {
		return name
	}
	return r.Name[r.Language]
}

// RemarkCode says what a Remark tells.
type RemarkCode string

// The remarks. UnderReview and RestsOnRevoked say that a person has yet to
// decide whether the credential stands; the others take nothing away from it.
const (
	UnderReview    RemarkCode = "under_review"
	RestsOnRevoked RemarkCode = "part_revoked"  // held for review, because the one named was revoked
	HigherStep     RemarkCode = "higher_step"   // the holder has the one named, a higher step of the same ladder
	NewerVersion   RemarkCode = "newer_version" // what it was awarded for has a newer version, of the name given
)

// Remarks are what there is to be said of a credential of ours; nothing of one
// that is out of force.
func (p *Programme) Remarks(ctx context.Context, rec *issuer.Record) ([]Remark, error) {
	if outOfForce(rec) {
		return nil, nil
	}
	var found remarks
	err := p.view(ctx, func(s *session) error {
		held, err := s.heldBack(rec)
		if err == nil {
			found, err = s.remarks(rec, held)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.told(ctx, found)
}

// Standing is what our records say at one moment of the badge that has an entry of
// one of our lists of revocations.
type Standing struct {
	Record  *issuer.Record // the edition, without its Document; nil where there is none, or its holder hides it
	Remarks []Remark       // of a person who was erased nothing is said

	revoked bool
	held    *Remark
}

// Revoked tells whether the edition is out of force, whoever may see it.
func (st *Standing) Revoked() bool { return st.revoked }

// Held tells whether a person has yet to decide if the badge stands, whoever may
// see it. part is the name of what it rests on, where that was revoked.
func (st *Standing) Held() (part string, held bool) {
	if st.held == nil {
		return "", false
	}
	return st.held.Name[st.held.Language], true
}

// Standing looks an index of one of our lists of revocations up.
func (p *Programme) Standing(ctx context.Context, list string, index int) (*Standing, error) {
	st := new(Standing)
	var found remarks
	err := p.view(ctx, func(s *session) error {
		rec, withheld, err := s.issuer.ListedIn(s.tx, list, index)
		if errors.Is(err, issuer.ErrNotFound) {
			return nil // no badge of ours; whatever else is missing is damage
		} else if err != nil {
			return err
		}
		if st.revoked = rec.Status == issuer.Revoked || rec.Status == issuer.Superseded; !st.revoked {
			if st.held, err = s.heldBack(rec); err != nil {
				return err
			}
		}
		if !errors.Is(withheld, issuer.ErrNotFound) {
			st.Record = rec
		}
		if withheld == nil {
			found, err = s.remarks(rec, st.held)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	st.Remarks, err = p.told(ctx, found)
	return st, err
}

// remarks are what was found to be said of a credential.
type remarks struct {
	held, newer *Remark
	higher      []stepHeld
}

// remarks finds them, of one that may be held.
func (s *session) remarks(rec *issuer.Record, held *Remark) (found remarks, err error) {
	if outOfForce(rec) {
		return found, nil
	}
	found.held = held
	if found.newer, err = s.newerVersion(rec); err != nil {
		return found, err
	}
	found.higher, err = s.higher(rec)
	return found, err
}

// outOfForce is a credential of which nothing more is said.
func outOfForce(rec *issuer.Record) bool {
	return rec.Status == issuer.Revoked || rec.Status == issuer.Superseded || !rec.ErasedAt.IsZero()
}

// told are those of them that everybody may see, in their order.
func (p *Programme) told(ctx context.Context, found remarks) (all []Remark, err error) {
	highest, err := p.highest(ctx, found.higher)
	if err != nil {
		return nil, err
	}
	for _, remark := range []*Remark{found.held, highest, found.newer} {
		if remark != nil {
			all = append(all, *remark)
		}
	}
	return all, nil
}

// view reads.
func (p *Programme) view(ctx context.Context, work func(*session) error) error {
	return p.store.View(ctx, func(r store.Reader) error {
		return work(&session{Programme: p, ctx: ctx, tx: store.NewOverlay(r)})
	})
}

func (s *session) heldBack(rec *issuer.Record) (*Remark, error) {
	r := realmOf(rec.Issuer)
	a, _, err := s.awardFor(r, rec.ID)
	if err != nil || a == nil || a.Review == "" {
		return nil, err
	}
	var review Review
	if _, err := get(s.tx, r.reviewKey(a.Issuer, a.Review), &review); err != nil {
		return nil, err
	}
	if review.Kind != PartRevoked {
		return nil, nil // a regrade changes nothing by itself: the holder has shown the badge already
	}
	return s.restsOn(review.Part)
}

// restsOn names the badge that another one rests on by what it was awarded for,
// which gives nothing away: what a badge is made of is signed in it, and what
// its rule asks for stands in its criteria.
func (s *session) restsOn(part string) (*Remark, error) {
	rec, err := s.issuer.CredentialIn(s.tx, part)
	if err != nil {
		return nil, err
	}
	t, err := s.issuer.Template(s.tx, rec.Achievement)
	if errors.Is(err, issuer.ErrNotFound) { // it came along with its award, and has no name here
		return &Remark{Code: UnderReview}, nil
	} else if err != nil {
		return nil, err
	}
	return about(RestsOnRevoked, t), nil
}

func about(code RemarkCode, t *issuer.Achievement) *Remark {
	return &Remark{Code: code, Achievement: t.Slug, Name: t.Name, Language: t.InLanguage}
}

// newerVersion tells that what a badge was awarded for is described anew since.
func (s *session) newerVersion(rec *issuer.Record) (*Remark, error) {
	t, err := s.issuer.Template(s.tx, rec.Achievement)
	switch {
	case errors.Is(err, issuer.ErrNotFound):
		return nil, nil
	case err != nil || t.Version == rec.Version:
		return nil, err
	}
	return about(NewerVersion, t), nil
}

// stepHeld is a step of a ladder, and the badge by which it was reached.
type stepHeld struct {
	template   *issuer.Achievement
	credential string
}

// higher are the steps above that of a badge that its holder has reached in the
// same edition, the highest first.
func (s *session) higher(rec *issuer.Record) (reached []stepHeld, err error) {
	own, err := s.issuer.Template(s.tx, rec.Achievement)
	if errors.Is(err, issuer.ErrNotFound) || err == nil && own.Ladder == nil {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	r := realmOf(rec.Issuer)
	of, _, err := s.awardFor(r, rec.ID)
	if err != nil || of == nil {
		return nil, err
	}
	err = scan(s.tx, r.key("a", of.Learner, ""), func(_ []byte, a *award) error {
		if a.State != StateIssued || a.Review != "" || a.Edition != of.Edition {
			return nil
		}
		t, err := s.issuer.Template(s.tx, a.Achievement)
		if err == nil && t.Ladder != nil && t.Ladder.Group == own.Ladder.Group && t.Ladder.Rank > own.Ladder.Rank {
			reached = append(reached, stepHeld{t, a.Credential})
		}
		return err
	})
	slices.SortStableFunc(reached, func(a, b stepHeld) int { return cmp.Compare(b.template.Ladder.Rank, a.template.Ladder.Rank) })
	return reached, err
}

// highest names the highest step that everybody may see, and does not lead
// there. Both badges are of one person, but the address of a badge is its key:
// whoever got this one from its holder need not have got that one, and a link
// would hand it over, with all that it says. For the same reason nothing is said
// of a badge that is not shown to strangers, and nothing of one that is not in
// force, which is no step any more.
func (p *Programme) highest(ctx context.Context, reached []stepHeld) (*Remark, error) {
	for _, step := range reached {
		rec, err := p.issuer.PublicEdition(ctx, step.credential, 0)
		if errors.Is(err, issuer.ErrNotFound) || errors.Is(err, issuer.ErrErased) {
			continue
		} else if err != nil {
			return nil, err
		}
		ended := !rec.ValidUntil.IsZero() && p.issuer.Now().After(rec.ValidUntil)
		if rec.Status == issuer.Active && !ended {
			return about(HigherStep, step.template), nil
		}
	}
	return nil, nil
}
