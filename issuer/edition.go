package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// A later edition of a badge keeps its id and its page, has a newer validFrom
// and places of its own in the status lists; the one before it is published as
// revoked there, and our own record says by what it was replaced.

// Amendment says which credential is to be amended, by whom and why.
type Amendment struct {
	ID          string
	Reason      string // as of a Change
	Actor       string
	MayTouch    func(issuer string) bool // as of a Change
	Idempotency *Idempotency
	// Allow may refuse the amendment of a credential as it stands, with an error
	// of the caller's; nil allows all. A request that was answered before is
	// answered so again without it.
	Allow func(r store.Reader, rec *Record) error
}

// Correction is what is to be said otherwise. nil leaves a thing as it stands;
// an empty text takes it away. The pointers in faults are those of the HTTP
// body.
type Correction struct {
	Name          *string
	Email         *string
	ExternalID    *string
	Role          *string
	Narrative     *string
	Evidence      *[]badge.Evidence
	Results       *[]badge.Result
	CreditsEarned *float64
	ActivityStart *time.Time
	ActivityEnd   *time.Time
	Language      *string
	ExternalRef   *string
}

// Register is what of a credential stands in our records alone.
type Register struct {
	Email       *string
	ExternalID  *string
	Language    *string
	ExternalRef *string
}

// The ways in which an edition is replaced.
const (
	ByCorrection = "correction"
	byRenewal    = "renewal"
)

// fullTerm is how much a renewal may lack of a full term and still count as
// made: a repeated request must not add another one.
const fullTerm = 24 * time.Hour

// Reissue makes a new edition with a correction, or, where the key of the present
// one was revoked or a clock that ran ahead has dated it, of the same words. What is
// corrected already, and what is not signed at all, makes no edition: Existing then
// says that the current one stands. The errors are those of Issue, ErrErased, and
// StateError for badges that are revoked, suspended or expired.
func (i *Issuer) Reissue(ctx context.Context, a Amendment, c Correction) (*Issued, error) {
	return i.amend(ctx, a, actionReissue, func(m *amended) error {
		if err := m.inForce(); err != nil {
			return err
		}
		return c.apply(i, m)
	})
}

// Renew makes a new edition that is valid for a further term of the
// achievement, from the end of the present one on, or where that has passed,
// from now on; until another moment where one is given. A credential that has a
// full term before it stands as it is. StateError where the achievement has no
// term.
func (i *Issuer) Renew(ctx context.Context, a Amendment, validUntil time.Time) (*Issued, error) {
	return i.amend(ctx, a, actionRenew, func(m *amended) error {
		switch {
		case m.rec.Status != Active:
			return m.inForce()
		case m.ach.Validity == "":
			return &StateError{"not_renewable", "This badge has no term: its achievement has no validity."}
		}
		return m.renew(validUntil)
	})
}

// ChangeRegister changes what is not signed, in the current edition, and makes
// no new one: where a holder's address has changed, the badge is found by the
// new one, and what is signed of the old one stays as it is.
func (i *Issuer) ChangeRegister(ctx context.Context, a Amendment, r Register) (*Issued, error) {
	return i.amend(ctx, a, actionRegister, func(m *amended) error {
		var f faults
		m.register(i, &f, Correction{Email: r.Email, ExternalID: r.ExternalID, Language: r.Language, ExternalRef: r.ExternalRef})
		return f.Err()
	})
}

// amended is a credential on its way to its next edition.
type amended struct {
	old, rec *Record           // as it stands, and as it is to be
	signed   *badge.Credential // as it is to be
	before   []byte            // what is signed now, to see whether anything changes
	pointer  pointer
	profile  *Profile     // shared: not to be changed
	ach      *Achievement // shared too; the version that the badge was issued from
	now      time.Time
	by       string // what the edition before is replaced by
	address  string // the holder's, where it takes another's place
}

func (i *Issuer) amend(ctx context.Context, a Amendment, action string, change func(*amended) error) (*Issued, error) {
	var f faults
	f.text(&a.Reason, "/reason", 500, false)
	if err := f.Err(); err != nil {
		return nil, err
	}
	for range attempts {
		issued, err := i.tryAmend(ctx, a, action, change)
		if !errors.Is(err, errAgain) {
			return issued, err
		}
	}
	return nil, fmt.Errorf("amending: %w after %d attempts", errAgain, attempts)
}

func (i *Issuer) tryAmend(ctx context.Context, a Amendment, action string, change func(*amended) error) (*Issued, error) {
	m, found, err := i.readAmended(ctx, a, action)
	if err != nil || found != nil {
		return found, err
	}
	err = change(m)
	if err == nil {
		err = m.readdressed()
	}
	if err != nil {
		return nil, err
	}
	resign, changed, err := m.differs()
	if err == nil && !resign && action == actionReissue {
		resign, err = i.holdsNowhere(ctx, m)
		changed = changed || resign
	}
	if err != nil {
		return nil, err
	}
	if !changed && a.Idempotency == nil {
		return &Issued{Record: m.old, Existing: true}, nil
	}
	if resign {
		if err := i.signEdition(ctx, m); err != nil {
			return nil, err
		}
	}
	if !changed {
		return i.commitUnchanged(ctx, m, a)
	}
	found, err = i.commitEdition(ctx, m, a, action, resign)
	if err != nil || found != nil {
		return found, err
	}
	i.kickJWT(m.rec.Issuer)
	i.counters.changes.Add(action)
	i.cfg.Log.InfoContext(ctx, "amended", "action", action, "credential", m.rec.ID, "edition", m.rec.Edition, "issuer", m.rec.Issuer, "actor", a.Actor)
	return &Issued{Record: m.rec, Existing: !resign}, nil
}

// readAmended reads a credential with all that its next edition is made of, or
// the answer that the request was given before.
func (i *Issuer) readAmended(ctx context.Context, a Amendment, action string) (m *amended, found *Issued, err error) {
	m = &amended{now: i.now(), by: ByCorrection}
	if action == actionRenew {
		m.by = byRenewal
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		if found, err = i.replay(r, a.Idempotency, i.idempotencyKey(a.Idempotency)); err != nil || found != nil {
			return err
		}
		if m.old, err = amendable(r, a); err != nil {
			return err
		}
		if a.Allow != nil {
			if err := a.Allow(r, m.old); err != nil {
				return err
			}
		}
		if err := getJSON(r, idKey(m.old.ID), &m.pointer); err != nil {
			return err
		}
		if m.profile, err = getShared[Profile](&i.decoded, r, profileKey(m.old.Issuer)); err != nil {
			return err
		}
		m.ach, err = getShared[Achievement](&i.decoded, r, versionKey(m.old.Achievement, m.old.Version))
		return err
	})
	if err != nil || found != nil {
		return nil, found, err
	}
	return m, nil, m.unpack()
}

// amendable finds the credential of a request.
func amendable(r store.Reader, a Amendment) (*Record, error) {
	rec, err := (&changing{}).read(r, a.ID, a.MayTouch)
	if err == nil && !rec.ErasedAt.IsZero() {
		err = fmt.Errorf("credential %s: %w", rec.ID, ErrErased)
	}
	return rec, err
}

// unpack makes copies that can be changed of what is signed and recorded.
func (m *amended) unpack() error {
	doc, err := m.old.View()
	if err != nil {
		return fmt.Errorf("reading credential %s as stored: %s", m.old.ID, err.Error())
	}
	signed, subject, rec := *doc.View(), *doc.View().CredentialSubject, *m.old
	signed.CredentialSubject, subject.Identifier = &subject, slices.Clone(subject.Identifier)
	m.signed, m.rec = &signed, &rec
	m.before, err = json.Marshal(m.signed)
	return err
}

// holdsNowhere tells whether a badge is rejected whatever it says: signed ahead of the
// time, by a clock that was wrong, or with a key that leaked.
func (i *Issuer) holdsNowhere(ctx context.Context, m *amended) (bool, error) {
	if m.old.signedAhead(m.now) {
		return true, nil
	}
	return i.leaked(ctx, m.old)
}

// signedAhead tells of an edition whose signature is of a time to come.
func (r *Record) signedAhead(now time.Time) bool { return r.IssuedAt.After(now.Add(farAhead)) }

// leaked tells whether a badge, in one of its forms, is signed with a key that
// was revoked since, so that others reject it whatever it says.
func (i *Issuer) leaked(ctx context.Context, rec *Record) (bool, error) {
	if revoked, err := i.signedByRevoked(ctx, rec, rec.Document); err != nil || revoked {
		return revoked, err
	}
	token, err := i.storedJWT(ctx, rec)
	if errors.Is(err, ErrNotFound) {
		return false, nil // it will be signed with a good key
	} else if err != nil {
		return false, err
	}
	return i.signedByRevoked(ctx, rec, token)
}

// signedByRevoked tells it of one form of a badge.
func (i *Issuer) signedByRevoked(ctx context.Context, rec *Record, form []byte) (bool, error) {
	doc, err := badge.Parse(form)
	if err != nil {
		return false, fmt.Errorf("reading credential %s as stored: %w", rec.ID, err)
	}
	methods, err := i.methods(ctx, rec.Issuer, doc.IssuerID())
	if err != nil {
		return false, err
	}
	signers := signersOf(doc)
	return slices.ContainsFunc(methods, func(m keys.VerificationMethod) bool {
		return !m.Revoked.IsZero() && slices.Contains(signers, m.ID)
	}), nil
}

// signersOf are the ids of the keys that a document says it is signed with.
func signersOf(doc *badge.Document) (ids []string) {
	if jws := doc.JWS(); jws != nil {
		return []string{jws.Header.Get("kid").Text()}
	}
	for _, p := range doc.Proofs() {
		ids = append(ids, p.VerificationMethod)
	}
	return ids
}

// inForce refuses to amend what is not: a new edition would put it in force.
func (m *amended) inForce() error {
	switch {
	case m.old.Status == Revoked:
		return &StateError{"revoked_is_final", "This badge was revoked, which is final. Issue a new one."}
	case m.old.Status == Suspended:
		return &StateError{"suspended", "This badge is suspended. Reinstate it first."}
	case m.old.expired(m.now):
		return &StateError{"expired", "This badge has expired. Renew it, or issue a new one."}
	}
	return nil
}

// differs tells whether anything that is signed, or anything at all, is to be
// otherwise.
func (m *amended) differs() (signed, changed bool, err error) {
	after, err := json.Marshal(m.signed)
	if err != nil {
		return false, false, fmt.Errorf("reading credential %s: %w", m.old.ID, err)
	}
	was, err := json.Marshal(m.old)
	if err != nil {
		return false, false, err
	}
	is, err := json.Marshal(m.rec)
	signed = !bytes.Equal(m.before, after)
	return signed, signed || !bytes.Equal(was, is), err
}

// apply makes a correction, and reports every fault of it at once.
func (c Correction) apply(i *Issuer, m *amended) error {
	var f faults
	s := m.signed.CredentialSubject
	if c.Name != nil {
		name := *c.Name
		f.name(&name, "/recipient/name")
		m.rename(name)
	}
	m.register(i, &f, c)
	if c.Email != nil && len(f.Errors) == 0 {
		if err := m.readdress(i, *c.Email); err != nil {
			return err
		}
	}
	if c.Role != nil {
		s.Role = *c.Role
		f.oneLine(&s.Role, "/role", 200, false)
	}
	if c.Narrative != nil {
		s.Narrative = *c.Narrative
		f.text(&s.Narrative, "/narrative", maxNarrative, false)
	}
	if c.CreditsEarned != nil {
		s.CreditsEarned = c.CreditsEarned
	}
	c.applyLists(m, &f)
	c.applyActivity(s, &f)
	return f.Err()
}

func (c Correction) applyLists(m *amended, f *faults) {
	s := m.signed.CredentialSubject
	var a Award
	if c.Evidence != nil {
		a.Evidence = slices.Clone(*c.Evidence)
		a.checkEvidence(f)
		m.signed.Evidence = a.Evidence
	}
	if c.Results != nil {
		a.Results = slices.Clone(*c.Results)
		a.checkResults(f, m.ach)
		s.Result = shown(a.Results, m.ach.Results)
	}
	if n := c.CreditsEarned; n != nil && (*n < 0 || *n > 1e6) {
		f.add("credits_invalid", "/creditsEarned", "Give a number from 0 to 1,000,000.")
	}
}

func (c Correction) applyActivity(s *badge.AchievementSubject, f *faults) {
	if c.ActivityStart != nil {
		s.ActivityStartDate = optionalTime(*c.ActivityStart)
	}
	if c.ActivityEnd != nil {
		s.ActivityEndDate = optionalTime(*c.ActivityEnd)
	}
	start, errStart := badge.ParseTime(s.ActivityStartDate)
	end, errEnd := badge.ParseTime(s.ActivityEndDate)
	if errStart == nil && errEnd == nil && end.Before(start) {
		f.add("date_order", "/activity/end", "The activity ends before it starts.")
	}
}

// rename puts another name into what is signed.
func (m *amended) rename(name string) {
	for n := range m.signed.CredentialSubject.Identifier {
		if id := &m.signed.CredentialSubject.Identifier[n]; id.IdentityType == badge.IdentityTypeName {
			id.IdentityHash = name
		}
	}
}

// register changes what is not signed.
func (m *amended) register(i *Issuer, f *faults, c Correction) {
	if c.Email != nil {
		email := norm.NFC.String(strings.TrimSpace(*c.Email))
		if email != "" && !emailAddress(email) {
			f.add("email_invalid", "/recipient/email", "Give one e-mail address, such as ana@example.org.")
		}
		m.rec.Email, m.rec.ByEmail, m.address = nil, nil, email
		i.digestPerson(m.rec, Recipient{Email: email})
	}
	if c.ExternalID != nil {
		id := *c.ExternalID
		f.oneLine(&id, "/recipient/externalId", 200, false)
		m.rec.Person, m.rec.ByPerson = nil, nil
		i.digestPerson(m.rec, Recipient{ExternalID: id})
	}
	if c.Language != nil {
		m.rec.Language = *c.Language
		if m.rec.Language != "" && !languagePattern.MatchString(m.rec.Language) {
			f.add("language_invalid", "/language", "Give a language tag such as en, fr or pt-BR.")
		}
	}
	if c.ExternalRef != nil {
		m.rec.ExternalRef = *c.ExternalRef
		f.oneLine(&m.rec.ExternalRef, "/externalRef", 500, false)
	}
}

// readdressed gives a badge another claim when another address has taken the place
// of the recorded one: whoever reads mail there may have the claim, and the badge
// is not theirs.
func (m *amended) readdressed() error {
	if m.old.Email == nil || m.rec.Email == nil || bytes.Equal(m.old.Email, m.rec.Email) {
		m.address = ""
		return nil
	}
	return m.rec.renewClaim()
}

// readdress puts the hash of another address into what is signed, or takes the
// old one out. The address that is signed keeps its hash, whatever the record
// says: it may have been changed alone.
func (m *amended) readdress(i *Issuer, email string) error {
	s := m.signed.CredentialSubject
	isEmail := func(id badge.IdentityObject) bool { return id.IdentityType == badge.IdentityTypeEmail }
	if at := slices.IndexFunc(s.Identifier, isEmail); at >= 0 && s.Identifier[at].IdentityHash == identityHash(email, s.Identifier[at].Salt) {
		return nil
	}
	s.Identifier = slices.DeleteFunc(s.Identifier, isEmail)
	if m.rec.Email == nil || m.profile.PlainOnly {
		return nil
	}
	hashed, err := HashedEmail(i.cfg.Random, email)
	if err != nil {
		return err
	}
	s.Identifier = append([]badge.IdentityObject{hashed}, s.Identifier...)
	return nil
}

// renew moves the end of validity.
func (m *amended) renew(until time.Time) error {
	from := m.old.ValidUntil
	if from.Before(m.now) {
		from = m.now
	}
	if until.IsZero() {
		end, err := addValidity(m.now, m.ach.Validity)
		if err != nil {
			return err
		}
		if slack := min(fullTerm, end.Sub(m.now)/10); !from.Before(end.Add(-slack)) {
			return nil
		}
		if until, err = addValidity(from, m.ach.Validity); err != nil {
			return err
		}
	}
	until = until.UTC().Truncate(time.Second)
	if !until.After(m.now) {
		return fault("expired", "/validUntil", "This badge would have expired already.")
	}
	m.rec.ValidUntil, m.signed.ValidUntil = until, badge.FormatTime(until)
	return nil
}

// signEdition gives the next edition its own time and places in the status
// lists, signs it and reads it back as a stranger would.
func (i *Issuer) signEdition(ctx context.Context, m *amended) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	rec := m.rec
	rec.Edition, rec.Status, rec.Reason, rec.StatusAt = m.old.Edition+1, Active, "", time.Time{}
	rec.IssuedAt = i.now().Truncate(time.Second)
	rec.PauseList, rec.PauseIndex, rec.Changes = "", 0, 0
	if err := i.drawIndexes(ctx, rec, m.ach.Suspendable); err != nil {
		return err
	}
	c := m.signed
	c.Issuer, c.ValidFrom, c.CredentialStatus = m.profile.Signed(), badge.FormatTime(rec.validFrom()), i.statusEntries(rec)
	c.RefreshService = i.refreshService(rec.ID, m.ach)
	doc, err := badge.NewDocument(c)
	if err != nil {
		return fmt.Errorf("building: %w", err)
	}
	rec.Document, err = i.secure(ctx, rec, doc)
	return err
}

// refreshService says where the newest edition is had, for what has a term
// (VC data model 2.0 section 5.4): the badge's own address in the form of JSON,
// which is another than its id, so that the two are two things.
func (i *Issuer) refreshService(id string, a *Achievement) *badge.RefreshService {
	if a.Validity == "" {
		return nil
	}
	return &badge.RefreshService{ID: i.CredentialURL(id) + ".json", Type: badge.TypeCredentialRefresh}
}

// commitEdition writes an edition and the end of the one before it in one
// Update, or finds that the request was answered already.
func (i *Issuer) commitEdition(ctx context.Context, m *amended, a Amendment, action string, resigned bool) (*Issued, error) {
	run, err := i.changing(a.Actor, action)
	if err != nil {
		return nil, err
	}
	run.address = m.address
	if resigned {
		run.Document = DocumentDigest(m.rec.Document)
	}
	answer := i.idempotencyKey(a.Idempotency)
	var found *Issued
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if found, err = i.replay(tx, a.Idempotency, answer); err != nil || found != nil {
			return err
		}
		now, err := m.unchanged(tx, a)
		if err != nil {
			return err
		}
		if err := run.behind(i, tx, now); err != nil {
			return err
		}
		m.rec.ChangedAt = run.At
		if err := i.removeFinders(tx, now); err != nil {
			return err
		}
		if resigned {
			if err = i.stillSigns(ctx, tx, m.rec.Issuer, m.rec.signer); err == nil {
				err = i.putEdition(tx, m, run.seq, a)
			}
		} else {
			err = putChanged(tx, now, m.rec, run.At)
		}
		if err != nil {
			return err
		}
		if err := i.putFinders(tx, m.rec); err != nil {
			return err
		}
		if err := i.keepAnswer(tx, a.Idempotency, answer, &Issued{Record: m.rec, Existing: !resigned}); err != nil {
			return err
		}
		return run.note(tx, m.rec, a.Reason)
	})
	if err == nil && found == nil {
		i.clock.reach(run.At.UnixNano())
	}
	return found, err
}

// unchanged is the credential of an amendment as it is, which must be as it was
// when the amendment was made.
func (m *amended) unchanged(r store.Reader, a Amendment) (*Record, error) {
	now, err := amendable(r, a)
	if err == nil && (now.seq != m.old.seq || !now.ChangedAt.Equal(m.old.ChangedAt) || now.Changes != m.old.Changes) {
		err = errAgain
	}
	return now, err
}

// commitUnchanged keeps the answer to an amendment that changes nothing: the
// same request may come again when there would be something to change.
func (i *Issuer) commitUnchanged(ctx context.Context, m *amended, a Amendment) (*Issued, error) {
	answer := i.idempotencyKey(a.Idempotency)
	var found *Issued
	err := i.cfg.Store.Update(ctx, func(tx store.Tx) (err error) {
		if found, err = i.replay(tx, a.Idempotency, answer); err != nil || found != nil {
			return err
		}
		now, err := m.unchanged(tx, a)
		if err != nil {
			return err
		}
		found = &Issued{Record: now, Existing: true}
		return i.keepAnswer(tx, a.Idempotency, answer, found)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// putEdition writes the next edition and marks the one before as replaced.
func (i *Issuer) putEdition(tx store.Tx, m *amended, seq string, a Amendment) error {
	rec, old := m.rec, *m.old
	rec.seq = seq
	for _, k := range rec.indexKeys() {
		if taken, err := exists(tx, k); err != nil {
			return err
		} else if taken {
			return errAgain
		}
	}
	old.Status, old.Reason, old.StatusAt, old.ChangedAt, old.ReplacedBy = Superseded, a.Reason, rec.ChangedAt, rec.ChangedAt, m.by
	to := pointer{Issuer: rec.Issuer, Seq: rec.seq, Before: append(slices.Clone(m.pointer.Before), old.seq), Hidden: m.pointer.Hidden}
	steps := []func() error{
		func() error { return claimIndexes(tx, rec) },
		func() error { return setBit(tx, old.List, old.Index, seq) },
		func() error { return putChanged(tx, m.old, &old, rec.ChangedAt) },
		func() error { return putRecord(tx, rec) },
		func() error { return putEncoded(tx, idKey(rec.ID), to) },
		func() error { return putMark(tx, jwtQueueKey(rec.Issuer, rec.seq), i.cfg.Replica) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// removeFinders takes away what leads to a record beside its id. What leads to
// further badges of the same person stays.
func (i *Issuer) removeFinders(tx store.Tx, rec *Record) error {
	for _, k := range append(i.finders(rec), rec.duplicateKeys()...) {
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	for _, digest := range [][]byte{rec.ByPerson, rec.ByEmail} {
		if digest == nil {
			continue
		}
		var id string // of the key as it was once written
		k := duplicatePrefix(rec.Issuer, rec.Achievement, digest)
		if found, err := find(tx, k, &id); err != nil {
			return err
		} else if !found || id != rec.ID {
			continue
		}
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Edition returns an edition of a credential, the first being 1; ErrNotFound.
// public tells whether it may be shown to everybody: the current one, and those
// that were but renewed since. What was corrected was wrong, and is left to the
// issuer to hand out.
func (i *Issuer) Edition(ctx context.Context, id string, n int) (rec *Record, public bool, err error) {
	if !idPattern.MatchString(id) {
		return nil, false, fmt.Errorf("credential: %w", ErrNotFound)
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		p, err := pointerTo(r, id)
		if err != nil {
			return err
		}
		rec, public, err = p.read(r, n)
		return err
	})
	return rec, public, err
}

// read reads an edition, and whether later ones leave it for everybody to see.
func (p *pointer) read(r store.Reader, n int) (rec *Record, public bool, err error) {
	if p.edition(n) == "" {
		return nil, false, fmt.Errorf("edition %d of a credential: %w", n, ErrNotFound)
	}
	public = true
	for m := len(p.Before); m >= n; m-- {
		if rec, err = recordAt(r, p.Issuer, p.edition(m)); err != nil {
			return nil, false, err
		}
		public = public && rec.ReplacedBy == byRenewal
	}
	rec, err = recordAt(r, p.Issuer, p.edition(n))
	return rec, public, err
}

// MaxEdition is more editions than a credential will ever have.
const MaxEdition = 1_000_000

// PublicEdition returns what may be shown to everybody of a credential: its
// current edition for 0, else the edition of that number. ErrNotFound where it
// may not be shown, as for what there never was; ErrErased. What its holder hides
// is found out by the one look-up that finds out an unknown id.
func (i *Issuer) PublicEdition(ctx context.Context, id string, n int) (rec *Record, err error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("credential: %w", ErrNotFound)
	}
	public := true
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		p, err := pointerTo(r, id)
		if err != nil {
			return err
		}
		if p.Hidden {
			return fmt.Errorf("credential: %w", ErrNotFound)
		}
		asked := n
		if n == 0 {
			asked = len(p.Before) + 1
		}
		rec, public, err = p.read(r, asked)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !rec.ErasedAt.IsZero():
		return nil, fmt.Errorf("credential %s: %w", rec.ID, ErrErased)
	case !public:
		return nil, fmt.Errorf("edition %d of a credential: %w", n, ErrNotFound)
	}
	return rec, nil
}

// ListedIn returns the edition that has an index of one of our lists of
// revocations, without its Document, within somebody else's View: Superseded, where
// a later one has replaced it. ErrNotFound where the index is no badge's. What may
// be said of it to everybody is in withheld: ErrNotFound where its holder hides it,
// ErrErased where its holder was erased, and nil where nothing is withheld.
func (i *Issuer) ListedIn(r store.Reader, list string, index int) (rec *Record, withheld, err error) {
	if !ofRevocations(list) {
		return nil, nil, fmt.Errorf("list: %w", ErrNotFound)
	}
	rec, p, err := listed(r, list, index)
	if err != nil {
		return nil, nil, err
	}
	if p.Hidden {
		return rec, fmt.Errorf("credential: %w", ErrNotFound), nil
	}
	current := rec
	if rec.seq != p.Seq {
		if current, err = headAt(r, p.Issuer, p.Seq); err != nil {
			return nil, nil, err
		}
	}
	if !current.ErasedAt.IsZero() {
		withheld = fmt.Errorf("credential %s: %w", rec.ID, ErrErased)
	}
	return rec, withheld, nil
}

func ofRevocations(list string) bool {
	_, purpose, known := parseList(list)
	return known && purpose == badge.StatusPurposeRevocation
}

// listed is the edition that has an index, without its Document, and what leads
// to its credential.
func listed(r store.Reader, list string, index int) (*Record, *pointer, error) {
	id, err := readMark(r, indexKey(list, index))
	if err != nil {
		return nil, nil, err
	}
	p, err := pointerTo(r, id)
	if err != nil {
		return nil, nil, err
	}
	for n := len(p.Before) + 1; n > 0; n-- {
		if rec, err := headAt(r, p.Issuer, p.edition(n)); err != nil || rec.List == list && rec.Index == index {
			return rec, p, err
		}
	}
	return nil, nil, fmt.Errorf("edition: %w", ErrNotFound)
}

// NewerEdition tells of an index of one of our lists of revocations whether it
// belongs to an edition that was replaced by one that is not itself revoked,
// and where that one is found. Of what its holder hides nothing is told.
func (i *Issuer) NewerEdition(ctx context.Context, list string, index int) (address string, ok bool, err error) {
	if _, purpose, known := parseList(list); !known || purpose != badge.StatusPurposeRevocation {
		return "", false, nil
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		ok = false
		id, err := readMark(r, indexKey(list, index))
		if err != nil {
			return err
		}
		now, err := recordByID(r, id)
		if err != nil || !now.HiddenAt.IsZero() {
			return err
		}
		ok = now.Status != Revoked && (now.List != list || now.Index != index)
		address = i.CredentialURL(now.ID)
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return "", false, nil
	}
	return address, ok && err == nil, err
}
