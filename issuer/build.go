package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"laurel/badge"
)

// draft is one award on its way to a credential.
type draft struct {
	award   *Award
	profile *Profile     // shared: not to be changed
	ach     *Achievement // shared too, unless it came with the award
	shared  *template    // ach as it is shared; nil where it came with the award
	trial   *Achievement // ach as a test issuer awards it; nil for what counts
	answer  []byte       // key of the answer kept, where the award has an idempotency key

	endorsed [][]byte // endorsements of ach as they stand, where it embeds them

	person *Record // no more than the digests by which the person is found
	record *Record
}

// template is an achievement as awards share it, with what was made of it.
type template struct {
	Achievement
	parts atomic.Pointer[parts]
}

// parts are those of a badge that are the same for all who earn it, with their
// JSON. They follow from two shared records, which never change: another text
// of either, or another edition, is another record.
type parts struct {
	of          *Profile
	issuer      *badge.Profile
	achievement *badge.Achievement
	stencil     atomic.Pointer[stencil] // of the records; of lasting parts alone
	lasting     bool
}

// parts returns the parts of a draft's badge, made once for its template and
// issuer.
func (i *Issuer) parts(d *draft) (*parts, error) {
	ach, lasting := d.ach, d.shared != nil && d.trial == nil && !d.ach.EmbedEndorsements // which come and go
	if d.trial != nil {                                                                  // others are not to lose what is kept for them
		ach = d.trial
	} else if lasting {
		if p := d.shared.parts.Load(); p != nil && p.of == d.profile {
			return p, nil
		}
	}
	p := &parts{of: d.profile, issuer: d.profile.Signed(), achievement: i.edition(ach, d.profile, ach.InLanguage), lasting: lasting}
	if err := errors.Join(embed(p.achievement, d.endorsed), p.issuer.Keep(), p.achievement.Keep()); err != nil {
		return nil, err
	}
	if lasting {
		d.shared.parts.Store(p)
	}
	return p, nil
}

// build writes the credential of a draft for the first and only time.
func (i *Issuer) build(d *draft) (*badge.Document, error) {
	fixed, err := i.parts(d)
	if err != nil {
		return nil, err
	}
	subject, err := i.subject(d, fixed.achievement)
	if err != nil {
		return nil, err
	}
	c := &badge.Credential{
		Context:           BadgeContexts(),
		ID:                i.CredentialURL(d.record.ID),
		Type:              []string{badge.TypeVerifiableCredential, badge.TypeOpenBadge},
		Name:              fixed.achievement.Name,
		Issuer:            fixed.issuer,
		ValidFrom:         badge.FormatTime(d.award.AwardedAt),
		CredentialSubject: subject,
		Evidence:          d.award.Evidence,
		CredentialStatus:  i.statusEntries(d.record),
		CredentialSchema:  []badge.CredentialSchema{{ID: badge.SchemaURLOB, Type: badge.SchemaTypeOB}},
		RefreshService:    i.refreshService(d.record.ID, d.ach),
	}
	if !d.award.ValidUntil.IsZero() {
		c.ValidUntil = badge.FormatTime(d.award.ValidUntil)
	}
	doc, err := badge.NewDocument(c)
	if err == nil && fixed.lasting {
		d.record.stencil = fixed.stencilOf(doc)
	}
	return doc, err
}

// stencilOf is what a badge shares with all that are made of the same parts.
func (p *parts) stencilOf(doc *badge.Document) *stencil {
	if s := p.stencil.Load(); s != nil {
		return s
	}
	s := newStencil(doc.Root())
	p.stencil.Store(s)
	return s
}

// CredentialURL is the signed id of a credential, and its public address.
func (i *Issuer) CredentialURL(id string) string { return i.cfg.BaseURL + "/credentials/" + id }

// statusEntries is one object, as strict schemas of Open Badges want it; only
// a badge that can be suspended has two.
func (i *Issuer) statusEntries(rec *Record) badge.StatusEntries {
	list := badge.StatusEntries{i.statusEntry(rec.List, badge.StatusPurposeRevocation, rec.Index)}
	if rec.PauseList != "" {
		list = append(list, i.statusEntry(rec.PauseList, badge.StatusPurposeSuspension, rec.PauseIndex))
	}
	return list
}

func (i *Issuer) statusEntry(list, purpose string, index int) badge.CredentialStatus {
	url, text := i.StatusListURL(list), strconv.Itoa(index)
	return badge.CredentialStatus{
		ID: url + "#" + text, Type: badge.TypeBitstringStatusEntry,
		StatusPurpose: purpose, StatusListIndex: text, StatusListCredential: url,
	}
}

func (i *Issuer) subject(d *draft, achievement *badge.Achievement) (*badge.AchievementSubject, error) {
	a := d.award
	id := a.Recipient.DID
	if id == "" {
		random, err := uuid.NewRandomFromReader(i.cfg.Random)
		if err != nil {
			return nil, fmt.Errorf("drawing a subject id: %w", err)
		}
		id = random.URN()
	}
	identifiers, err := i.identifiers(d)
	if err != nil {
		return nil, err
	}
	credits := a.CreditsEarned
	if credits == nil {
		credits = d.ach.CreditsAvailable
	}
	return &badge.AchievementSubject{
		ID: id, Type: []string{"AchievementSubject"}, Identifier: identifiers,
		Achievement:       achievement,
		ActivityStartDate: optionalTime(a.ActivityStart), ActivityEndDate: optionalTime(a.ActivityEnd),
		CreditsEarned: credits, Narrative: a.Narrative, Result: shown(a.Results, d.ach.Results),
		Role: a.Role, Term: a.term(),
	}, nil
}

// identifiers gives the name plainly, and the address as a salted hash that
// the holder can confirm and a list of addresses cannot be tested against at
// once: each badge has a salt of its own.
func (i *Issuer) identifiers(d *draft) ([]badge.IdentityObject, error) {
	var out []badge.IdentityObject
	if email := d.award.Recipient.Email; email != "" && !d.profile.PlainOnly {
		hashed, err := HashedEmail(i.cfg.Random, email)
		if err != nil {
			return nil, err
		}
		out = append(out, hashed)
	}
	return append(out, badge.IdentityObject{Type: "IdentityObject", IdentityHash: d.award.Recipient.Name,
		IdentityType: badge.IdentityTypeName}), nil
}

// HashedEmail is an address as OB 3.0 B.4 IdentityHash wants it, under a fresh
// salt of 128 random bits. The address is lower-cased and trimmed first.
func HashedEmail(random io.Reader, email string) (badge.IdentityObject, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return badge.IdentityObject{}, fmt.Errorf("drawing a salt: %w", err)
	}
	salt := base64.RawURLEncoding.EncodeToString(b[:])
	return badge.IdentityObject{Type: "IdentityObject", Hashed: true, IdentityHash: identityHash(email, salt),
		IdentityType: badge.IdentityTypeEmail, Salt: salt}, nil
}

func identityHash(email, salt string) string {
	sum := sha256.Sum256([]byte(normalEmail(email) + salt))
	return "sha256$" + hex.EncodeToString(sum[:])
}

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// edition is a template in one of its languages, with the addresses of the
// others. What stands in a badge is the one in its own language.
func (i *Issuer) edition(a *Achievement, p *Profile, lang string) *badge.Achievement {
	address := i.achievementAddress(a.Slug)
	out := &badge.Achievement{
		ID: i.editionID(a, lang), Type: []string{"Achievement"}, AchievementType: a.AchievementType,
		Name: a.In(a.Name, lang), Description: a.In(a.Description, lang),
		Criteria:   &badge.Criteria{ID: a.CriteriaURL, Narrative: a.In(a.Criteria, lang)},
		InLanguage: lang, Version: a.Version,
		Creator:          &badge.Profile{ID: p.ID, Type: []string{"Profile"}, Name: p.Name},
		Image:            &badge.Image{ID: address + "/image.png", Type: "Image", Caption: a.In(a.Name, lang)},
		CreditsAvailable: a.CreditsAvailable, FieldOfStudy: a.FieldOfStudy, HumanCode: a.HumanCode,
		Specialization: a.Specialization, ResultDescription: a.ResultDescription, Alignment: a.Alignment, Tag: a.Tag,
	}
	if out.Criteria.ID == "" {
		out.Criteria.ID = address + "#criteria"
	}
	for _, other := range a.Languages() {
		if other != lang {
			out.Related = append(out.Related, badge.Related{ID: i.editionID(a, other), Type: []string{"Related"}, InLanguage: other, Version: a.Version})
		}
	}
	return out
}

func (i *Issuer) editionID(a *Achievement, lang string) string {
	switch {
	case lang != a.InLanguage:
		return i.achievementAddress(a.Slug) + "/" + lang
	case a.ID != "":
		return a.ID
	}
	return i.achievementAddress(a.Slug)
}

func optionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return badge.FormatTime(t)
}

// AchievementDocument is a template as JSON for its public address, in one of
// its languages; in its own where it has not the one asked for.
func (i *Issuer) AchievementDocument(a *Achievement, p *Profile, lang string) *badge.Achievement {
	if _, ok := a.Name[lang]; !ok {
		lang = a.InLanguage
	}
	return i.edition(a, p, lang)
}

// term is the edition as it is signed.
func (a *Award) term() string {
	if a.Untold {
		return ""
	}
	return a.Edition
}
