package endorser

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon/jcs"
	"laurel/issuer"
	"laurel/store"
)

// MaxBytes bounds an endorsement that is brought, in bytes: badges carry some.
const MaxBytes = 64 << 10

// Endorsement is one endorsement as we keep it.
type Endorsement struct {
	ID          string    `json:"id"`       // public, as of credentials
	Endorser    string    `json:"endorser"` // slug
	Subject     Subject   `json:"subject"`
	Comment     string    `json:"comment,omitempty"` // Markdown, as signed
	ValidFrom   time.Time `json:"validFrom"`
	ValidUntil  time.Time `json:"validUntil,omitzero"`
	CreatedAt   time.Time `json:"createdAt"` // when it was signed here, or accepted
	WithdrawnAt time.Time `json:"withdrawnAt,omitzero"`

	List     string `json:"list,omitempty"`  // status list; "" where it was not signed here
	Index    int    `json:"index,omitempty"` // in that list
	Natural  string `json:"natural"`         // key under which the same is found again
	Document []byte `json:"document"`        // the signed bytes
}

// Erased tells that it went with the person whom the endorsed badge was about.
func (e *Endorsement) Erased() bool { return len(e.Document) == 0 }

// Withdrawn tells that the endorser does not stand by it any more.
func (e *Endorsement) Withdrawn() bool { return !e.WithdrawnAt.IsZero() }

// standsAt tells whether it is in force as far as our records say.
func (e *Endorsement) standsAt(at time.Time) bool {
	return !e.Withdrawn() && !at.Before(e.ValidFrom) && (e.ValidUntil.IsZero() || at.Before(e.ValidUntil))
}

// Request asks for an endorsement that we sign with the endorser's key.
type Request struct {
	Endorser              string // slug
	Subject               Subject
	Comment               string    // Markdown
	ValidFrom, ValidUntil time.Time // zero: now, and without end
	Idempotency           *issuer.Idempotency
	Actor                 string
}

// Result is the answer to a request.
type Result struct {
	*Endorsement
	Existing bool // the same stands already, and nothing was signed or kept
	Replayed bool // the answer to an earlier request with the same idempotency key
}

// errFound ends an Update that finds what it would have written.
var errFound = errors.New("endorser: found")

// Endorse signs an endorsement with the key of its endorser and keeps it. The
// errors are badge.Errors with pointers into the HTTP body,
// issuer.ErrIdempotencyReused, those of issuer.Endorse and of the store.
func (s *Endorsers) Endorse(ctx context.Context, q Request) (*Result, error) {
	who, err := s.Endorser(ctx, q.Endorser)
	switch {
	case errors.Is(err, issuer.ErrNotFound):
		return nil, fault("endorser_unknown", "/endorser", "There is no such endorser here; PUT /v1/endorsers/{slug} makes one.")
	case err != nil:
		return nil, err
	case who.Key != Ours:
		return nil, fault("endorser_external", "/endorser", "This endorser has a key of its own elsewhere. Send the EndorsementCredential that it has signed.")
	}
	name, err := s.resolve(ctx, &q.Subject)
	if err != nil {
		return nil, err
	}
	e := issuer.Endorsement{Endorser: Party(who.Slug), Name: "Endorsement of " + name, Subject: q.Subject.ID,
		Comment: q.Comment, ValidFrom: q.ValidFrom, ValidUntil: q.ValidUntil}
	if err := e.Check(s.issuer.Now()); err != nil {
		return nil, err
	}
	natural := naturalKey(who.ID, q.Subject.ID, e.Comment, moment(q.ValidFrom), moment(q.ValidUntil))
	if found, err := s.answered(ctx, q.Idempotency, natural); err != nil || found != nil {
		return found, err
	}
	if e.ID, err = s.issuer.NewID(); err != nil {
		return nil, err
	}
	var out *Result
	err = s.issuer.Endorse(ctx, e, func(tx store.Tx, signed issuer.Endorsed) error {
		rec := &Endorsement{ID: e.ID, Endorser: who.Slug, Subject: q.Subject, Comment: e.Comment, ValidFrom: e.ValidFrom, ValidUntil: e.ValidUntil,
			List: signed.List, Index: signed.Index, Natural: string(natural), Document: signed.Document}
		out, err = s.keep(tx, rec, q.Idempotency, issuer.Event{Actor: q.Actor, Action: "endorsement.sign"})
		return err
	})
	if err != nil && !errors.Is(err, errFound) {
		return nil, fmt.Errorf("endorsing: %w", err)
	}
	return out, nil
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return badge.FormatTime(t)
}

// Brought is an endorsement that its endorser has signed.
type Brought struct {
	Document    []byte // an EndorsementCredential, in JSON with its proof or as a compact JWS
	Idempotency *issuer.Idempotency
	Actor       string
	// May tells whether the caller speaks for the endorser, or for the issuer
	// whose the endorsed thing is (slug).
	May func(endorser, issuer string) bool
}

// Accept keeps an endorsement that its endorser has signed, byte for byte, once
// it is verified wholly. The errors are badge.Errors with pointers into the
// credential, ErrForbidden, ErrOpen, issuer.ErrIdempotencyReused,
// issuer.StateError for one that was withdrawn, and those of the store.
func (s *Endorsers) Accept(ctx context.Context, b Brought) (*Result, error) {
	if len(b.Document) > MaxBytes {
		return nil, fault("too_large", "", fmt.Sprintf("An endorsement has at most %d bytes.", MaxBytes))
	}
	doc, err := badge.Parse(b.Document)
	if err != nil {
		return nil, err
	}
	rec, who, err := s.read(ctx, doc)
	if err != nil {
		return nil, err
	}
	if !b.May(who.Slug, rec.Subject.Issuer) {
		return nil, fmt.Errorf("%w: %s", ErrForbidden, who.Slug)
	}
	if err := signedWith(doc, who.VerificationMethod); err != nil {
		return nil, err
	}
	natural := []byte(rec.Natural)
	if found, err := s.answered(ctx, b.Idempotency, natural); err != nil || found != nil {
		return found, err
	}
	if err := s.notWithdrawn(ctx, natural); err != nil {
		return nil, err
	}
	var wrong badge.Errors
	if err := s.verify(ctx, b.Document); errors.As(err, &wrong) {
		return nil, wrong
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	if rec.ID, err = s.issuer.NewID(); err != nil {
		return nil, err
	}
	var out *Result
	err = s.store.Update(ctx, func(tx store.Tx) error {
		out, err = s.keep(tx, rec, b.Idempotency, issuer.Event{Actor: b.Actor, Action: "endorsement.accept"})
		return err
	})
	if err != nil && !errors.Is(err, errFound) {
		return nil, fmt.Errorf("keeping an endorsement: %w", err)
	}
	return out, nil
}

// read takes from a credential whose word it is and about what.
func (s *Endorsers) read(ctx context.Context, doc *badge.Document) (*Endorsement, *Endorser, error) {
	root := doc.Root()
	if !badge.HasType(root.Get("type"), badge.TypeEndorsement) {
		return nil, nil, fault("not_an_endorsement", "/type", "This is no EndorsementCredential.")
	}
	if badge.SaysTest(root.Get("issuer")) {
		return nil, nil, fault("test_issuer", "/issuer", "This was signed by an issuer for trials, whose word counts for nothing. Have it signed by the endorser.")
	}
	who, err := s.byID(ctx, doc.IssuerID())
	if err != nil {
		return nil, nil, err
	}
	said, err := statement(doc)
	if err != nil {
		return nil, nil, err
	}
	rec := &Endorsement{Endorser: who.Slug, Natural: string(naturalKey(who.ID, said)), Document: bytes.Clone(doc.Raw()),
		Comment: root.Get("credentialSubject").Get("endorsementComment").Text()}
	for _, t := range []struct {
		name string
		into *time.Time
	}{{"validFrom", &rec.ValidFrom}, {"validUntil", &rec.ValidUntil}} {
		v := root.Get(t.name)
		if !v.Exists() && t.name == "validUntil" {
			continue
		}
		if *t.into, err = badge.ParseTime(v.Text()); err != nil {
			return nil, nil, fault("date_invalid", "/"+t.name, "Give a moment with a time zone, such as 2025-02-01T00:00:00Z.")
		}
	}
	rec.Subject, err = s.subjectByID(ctx, root.Get("credentialSubject").Get("id").Text())
	return rec, who, err
}

// statement is what a credential says, however it is written and signed: the same
// with other blanks, with a fresh proof or as a JWT is the same. The registered
// claims of a JWT repeat its members (VC-JOSE-COSE section 3.1.3).
func statement(doc *badge.Document) (string, error) {
	omit := []string{"proof"}
	if doc.JWS() != nil {
		omit = append(omit, "iss", "sub", "aud", "exp", "nbf", "iat", "jti")
	}
	said, err := jcs.Append(nil, doc.Root(), omit...)
	if err != nil {
		return "", fault("number_invalid", "", "It has a number that cannot be signed.")
	}
	return string(said), nil
}

// byID is the external endorser of an id. The key of anybody else, that of the
// issuer of a badge first of all, endorses nothing.
func (s *Endorsers) byID(ctx context.Context, id string) (*Endorser, error) {
	all, err := s.Endorsers(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(e *Endorser) bool { return e.ID == id && id != "" })
	switch {
	case at < 0:
		return nil, fault("endorser_unknown", "/issuer", "No endorser of this service has this id. Whoever issues a badge cannot endorse it; PUT /v1/endorsers/{slug} makes an endorser.")
	case all[at].Key != External:
		return nil, fault("endorser_ours", "/issuer", "This endorser signs here: ask for the endorsement with its words.")
	}
	return all[at], nil
}

// signedWith holds an endorsement to the one key that is accepted of its
// endorser. Whether the signature is of that key, the verifier tells.
func signedWith(doc *badge.Document, method string) error {
	if method == "" {
		return nil
	}
	wrong := func(pointer string) error {
		return fault("key_mismatch", pointer, "This endorser is accepted with the key "+method+" only.")
	}
	if jws := doc.JWS(); jws != nil {
		if jws.Header.Get("kid").Text() != method {
			return wrong("")
		}
		return nil
	}
	for _, p := range doc.Proofs() {
		if p.VerificationMethod != method {
			return wrong(p.Pointer + "/verificationMethod")
		}
	}
	return nil
}

// answered is what answers a request already: the same key, or the same thing.
func (s *Endorsers) answered(ctx context.Context, idem *issuer.Idempotency, natural []byte) (out *Result, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		out, err = s.found(r, idem, natural)
		return err
	})
	if err != nil || out == nil || out.Replayed || idem == nil {
		return out, err
	}
	err = s.store.Update(ctx, func(tx store.Tx) error { return s.keepAnswer(tx, idem, out.ID) })
	return out, err
}

func (s *Endorsers) found(r store.Reader, idem *issuer.Idempotency, natural []byte) (*Result, error) {
	if idem != nil {
		var before answer
		switch known, err := find(r, answerKey(idem), &before); {
		case err != nil:
			return nil, err
		case known && !bytes.Equal(before.Digest, idem.Digest):
			return nil, issuer.ErrIdempotencyReused
		case known:
			rec := new(Endorsement)
			return &Result{Endorsement: rec, Replayed: true}, get(r, endorsementKey(before.ID), rec)
		}
	}
	rec, err := same(r, natural)
	if err != nil || rec == nil || rec.Withdrawn() {
		return nil, err
	}
	return &Result{Endorsement: rec, Existing: true}, nil
}

// same is the last endorsement that says the same; nil where there is none.
func same(r store.Reader, natural []byte) (*Endorsement, error) {
	var id string
	if known, err := find(r, natural, &id); err != nil || !known {
		return nil, err
	}
	rec := new(Endorsement)
	return rec, get(r, endorsementKey(id), rec)
}

// notWithdrawn: the same statement does not come back.
func (s *Endorsers) notWithdrawn(ctx context.Context, natural []byte) error {
	return s.store.View(ctx, func(r store.Reader) error {
		rec, err := same(r, natural)
		if err == nil && rec != nil && rec.Withdrawn() {
			err = &issuer.StateError{Rule: "withdrawn_is_final", Detail: "This endorsement was withdrawn. Its endorser can sign another one."}
		}
		return err
	})
}

// keep writes all that belongs to an endorsement, or finds that somebody else
// was first: errFound.
func (s *Endorsers) keep(tx store.Tx, rec *Endorsement, idem *issuer.Idempotency, note issuer.Event) (*Result, error) {
	if found, err := s.found(tx, idem, []byte(rec.Natural)); err != nil {
		return nil, err
	} else if found != nil {
		return found, errFound
	}
	rec.CreatedAt = s.issuer.Now()
	note.Issuer, note.Subject, note.Document = Party(rec.Endorser), rec.ID, issuer.DocumentDigest(rec.Document)
	return &Result{Endorsement: rec}, errors.Join(
		store.PutJSON(tx, endorsementKey(rec.ID), rec),
		store.PutJSON(tx, subjectKey(rec.Subject.ID, rec.ID), nil),
		store.PutJSON(tx, []byte(rec.Natural), rec.ID),
		s.keepAnswer(tx, idem, rec.ID),
		s.issuer.Note(tx, note),
		s.tell(tx, rec, "endorsement.made", note.Actor))
}

func (s *Endorsers) keepAnswer(tx store.Tx, idem *issuer.Idempotency, id string) error {
	if idem == nil {
		return nil
	}
	return store.PutJSON(tx, answerKey(idem), answer{Digest: idem.Digest, ID: id, At: s.issuer.Now()})
}

// Withdraw ends an endorsement for good: it is shown as current no more, and
// where it was signed here its status says so to everybody. One that was
// withdrawn stays as it is. May is as of Brought; what the caller may not touch
// is issuer.ErrNotFound, as what is not there.
func (s *Endorsers) Withdraw(ctx context.Context, id, actor string, may func(endorser, issuer string) bool) (*Endorsement, error) {
	rec := new(Endorsement)
	err := s.store.Update(ctx, func(tx store.Tx) error {
		*rec = Endorsement{}
		if err := get(tx, endorsementKey(id), rec); err != nil {
			return err
		}
		if !may(rec.Endorser, rec.speaker()) {
			return fmt.Errorf("endorsement: %w", issuer.ErrNotFound)
		}
		return s.end(tx, rec, actor)
	})
	if err != nil {
		return nil, fmt.Errorf("withdrawing an endorsement: %w", err)
	}
	return rec, nil
}

// Observe is an issuer.Observer: what was said of a badge may speak of its holder,
// so it goes with the person when they are erased. That it was said stays on
// record.
func (s *Endorsers) Observe(tx store.Tx, c issuer.Changed) error {
	if !c.Erased() {
		return nil
	}
	var said []*Endorsement
	err := each(tx, s.issuer.CredentialURL(c.Record.ID), "", func(rec *Endorsement) error {
		said = append(said, rec)
		return nil
	})
	if err != nil {
		return fmt.Errorf("erasing endorsements of %s: %w", c.Record.ID, err)
	}
	for _, rec := range said {
		if err := errors.Join(s.end(tx, rec, c.Actor), tx.Delete([]byte(rec.Natural))); err != nil {
			return err
		}
		rec.Comment, rec.Natural, rec.Document = "", "", nil
		if err := store.PutJSON(tx, endorsementKey(rec.ID), rec); err != nil {
			return err
		}
	}
	return nil
}

// end withdraws an endorsement that was not withdrawn yet.
func (s *Endorsers) end(tx store.Tx, rec *Endorsement, actor string) error {
	if rec.Withdrawn() {
		return nil
	}
	if rec.List != "" {
		if err := s.issuer.WithdrawEndorsement(tx, rec.List, rec.Index); err != nil {
			return err
		}
	}
	rec.WithdrawnAt = s.issuer.Now()
	return errors.Join(store.PutJSON(tx, endorsementKey(rec.ID), rec),
		s.issuer.Note(tx, issuer.Event{Actor: actor, Action: "endorsement.withdraw", Issuer: Party(rec.Endorser), Subject: rec.ID}),
		s.tell(tx, rec, "endorsement.withdrawn", actor))
}

// tell puts on record for the issuer whose the endorsed thing is what the
// endorser did: this is the record that those who follow the issuer are told of.
func (s *Endorsers) tell(tx store.Tx, rec *Endorsement, action, actor string) error {
	return s.issuer.Note(tx, issuer.Event{Actor: actor, Action: action, Issuer: rec.Subject.Issuer, Subject: rec.ID})
}

// speaker is the issuer who may take back what it has brought; nobody but the
// endorser speaks for what was signed here.
func (e *Endorsement) speaker() string {
	if e.List != "" {
		return ""
	}
	return e.Subject.Issuer
}

// Endorsement returns one endorsement; issuer.ErrNotFound.
func (s *Endorsers) Endorsement(ctx context.Context, id string) (*Endorsement, error) {
	rec := new(Endorsement)
	err := s.store.View(ctx, func(r store.Reader) error { return get(r, endorsementKey(id), rec) })
	if err != nil {
		return nil, err
	}
	return rec, nil
}

// Public is Endorsement for everybody: issuer.ErrNotFound as well where it is
// about a badge that is not shown, since its id stands in what is signed, and
// issuer.ErrErased.
func (s *Endorsers) Public(ctx context.Context, id string) (*Endorsement, error) {
	e, err := s.Endorsement(ctx, id)
	if err != nil || e.Subject.Credential == "" {
		return e, err
	}
	_, err = s.issuer.PublicEdition(ctx, e.Subject.Credential, 0)
	return e, err
}

// Filter chooses endorsements; what is "" or nil does not choose.
type Filter struct {
	Endorser string  // slug
	Subject  Subject // by its names; its ID is not looked at
	May      func(endorser, issuer string) bool
	After    string // id of the last one of the page before
	Limit    int    // at least 1
}

// List returns the endorsements of a filter, withdrawn ones too, by id. The bool
// tells that there are more.
func (s *Endorsers) List(ctx context.Context, f Filter) (list []*Endorsement, more bool, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		list, more = nil, false
		return each(r, "", f.After, func(rec *Endorsement) error {
			if !f.takes(rec) {
				return nil
			}
			if more = len(list) == f.Limit; more {
				return store.ErrStop
			}
			list = append(list, rec)
			return nil
		})
	})
	return list, more, err
}

func (f *Filter) takes(rec *Endorsement) bool {
	for _, chosen := range [][2]string{{f.Endorser, rec.Endorser}, {f.Subject.Achievement, rec.Subject.Achievement},
		{f.Subject.Issuer, rec.Subject.Issuer}, {f.Subject.Credential, rec.Subject.Credential}} {
		if chosen[0] != "" && chosen[0] != chosen[1] {
			return false
		}
	}
	return f.May == nil || f.May(rec.Endorser, rec.Subject.Issuer)
}

// each calls f for the endorsements of a subject, of all where that is "", after
// an id.
func each(r store.Reader, subject, after string, f func(rec *Endorsement) error) error {
	prefix := endorsementKey("")
	if subject != "" {
		prefix = subjectPrefix(subject)
	}
	var from []byte
	if after != "" {
		from = append(bytes.Clone(prefix), after...)
	}
	return r.Scan(prefix, from, func(k, v []byte) error {
		rec := new(Endorsement)
		if subject == "" {
			if err := store.UnsealJSON(k, v, rec); err != nil {
				return err
			}
			return f(rec)
		}
		if err := get(r, endorsementKey(string(bytes.TrimPrefix(k, prefix))), rec); err != nil {
			return err
		}
		return f(rec)
	})
}

// isBadgeContexts tells whether an embedded credential would repeat the contexts
// of its badge.
func isBadgeContexts(d *badge.Document) bool {
	var list []string
	for _, c := range d.Root().Get("@context").Each() {
		list = append(list, c.Text())
	}
	return slices.Equal(list, issuer.BadgeContexts())
}

// Shown is an endorsement with whose word it is.
type Shown struct {
	*Endorsement
	By *Endorser
}

// MaxShown is how many endorsements of one thing are shown, and how many a badge
// carries.
const MaxShown = 8

// Current finds the endorsements of some subjects, by their ids, that were not
// withdrawn: those that stand first, of these those of listed endorsers, then the
// older ones, MaxShown at most. Whether they hold is for the verifier to tell at the moment of showing
// them; some may have ended.
func (s *Endorsers) Current(ctx context.Context, subjects ...string) (list []Shown, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		list, err = current(r, s.issuer.Now(), subjects...)
		return err
	})
	return list[:min(len(list), MaxShown)], err
}

func current(r store.Reader, at time.Time, subjects ...string) ([]Shown, error) {
	var list []Shown
	for _, subject := range subjects {
		err := each(r, subject, "", func(rec *Endorsement) error {
			if rec.Withdrawn() {
				return nil
			}
			by := new(Endorser)
			if err := get(r, endorserKey(rec.Endorser), by); err != nil {
				return err
			}
			list = append(list, Shown{rec, by})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b Shown) int {
		return cmp.Or(first(a.standsAt(at), b.standsAt(at)), first(a.By.Listed, b.By.Listed),
			a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

// first compares so that what is true comes first.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// Embedded implements issuer.Endorsements: what listed endorsers say and stands
// at that moment, as far as our records tell, in forms that a badge can carry.
func Embedded(r store.Reader, achievement string, at time.Time) ([][]byte, error) {
	list, err := current(r, at, achievement)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range list {
		if len(out) == MaxShown || !e.By.Listed {
			break
		}
		d, err := badge.Parse(e.Document)
		if err != nil {
			return nil, fmt.Errorf("endorsement %s: %w: %s", e.ID, store.ErrDamaged, err.Error())
		}
		if e.standsAt(at) && (d.JWS() != nil || isBadgeContexts(d)) {
			out = append(out, e.Document)
		}
	}
	return out, nil
}
