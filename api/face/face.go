// Package face works out what every face of a badge shows: its page, its
// pictures, its certificate, its previews. One place decides it, so that none of
// them says more than another, and none shows as signed what is not.
//
// What is signed (Signed) is read from the document that a report is about and
// from nothing else; what the register of the service knows beside (Beside) is
// kept apart. A Face holds plain texts, bounded and tamed, for their users to
// escape: no markup, no addresses of strangers.
//
// Start at Of.
package face

import (
	"strconv"
	"time"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// State is how a badge stands. The zero value is "could not be told", and only
// Good may look good.
type State int

// The states.
const (
	Untold State = iota
	Good
	UnderReview // in force, and its issuer has yet to decide whether it stays so
	NotYetValid
	Expired
	Suspended
	Replaced // by a later edition
	Revoked
	Wrong // not what its issuer signed, or not as it should be
)

// String names a state for programs.
func (s State) String() string {
	return [...]string{"untold", "good", "under_review", "not_yet_valid", "expired", "suspended", "replaced", "revoked", "wrong"}[s]
}

// Face is what is shown of one badge.
type Face struct {
	State  State
	Trial  bool // it counts for nothing, and every face says so whatever its state
	Proven bool // what is signed is the issuer's word; otherwise it is a claim and must not look like more

	Headline string // the verdict in a word or two, in the language of the reader
	Summary  string // the verdict in a sentence, likewise

	Signed Signed
	Beside Beside
}

// Holds reports whether a badge is proven, in force, and no trial.
func (f Face) Holds() bool { return f.Proven && f.State == Good && !f.Trial }

// Signed is what stands in a signed document, in the words and the language of
// its issuer. Texts are "" and times zero where it does not say.
type Signed struct {
	ID          string // address of the credential
	Title       string // of the achievement
	Description string
	Criteria    string // Markdown, which may have several lines
	Holder      string // the name; several, as of several scripts, are set apart by " / "
	Issuer      string // the name that the issuer gives itself
	Host        string // what the issuer's id belongs to, which nobody else can have; "" for a did:key
	Role        string
	Term        string
	Narrative   string // Markdown, which may have several lines
	Credits     string // a number, which has no unit
	Results     []Result
	Language    string // BCP 47, of these texts

	Awarded    time.Time
	Began      time.Time // of the activity
	Ended      time.Time
	ValidFrom  time.Time
	ValidUntil time.Time
	At         time.Time // when it was signed
}

// Result is one outcome: what was looked at, and what came of it.
type Result struct {
	Name, Value string
	Term        bool // the value is written in the language of the reader: a word of the standard, or a share in percent
}

// How long the texts of a face can be, in characters; honest ones are far
// shorter.
const (
	longName = 200
	longText = 1000
	results  = 12
)

// Of says what is shown of the badge that a report is about, in the words of a
// reader's language.
func Of(p *i18n.Printer, r *verifier.Report, beside Beside) Face {
	if r == nil {
		r = new(verifier.Report)
	}
	f := Face{State: StateOf(r), Proven: words.Proven(r), Beside: beside,
		Trial:    r.Finding(verifier.CheckIssuerTrust).Code == verifier.TestIssuer,
		Headline: words.Headline(p, r), Summary: words.Summary(p, r)}
	if r.Document != nil && len(r.Badges) == 0 {
		f.Signed = signedIn(p, r.Document)
	}
	return f
}

// StateOf says how a badge stands. Several badges have no state in common.
func StateOf(r *verifier.Report) State {
	switch r.Verdict() {
	case verifier.Invalid:
		return broken(r.Decisive().Code)
	case verifier.Valid, verifier.Warning:
	default:
		return Untold
	}
	if len(r.Badges) > 0 {
		return Untold
	}
	switch r.Finding(verifier.CheckRevocation).Code {
	case verifier.UnderReview, verifier.PartRevoked:
		return UnderReview
	}
	return Good
}

func broken(c verifier.Code) State {
	switch c {
	case verifier.Revoked:
		return Revoked
	case verifier.Superseded:
		return Replaced
	case verifier.Suspended:
		return Suspended
	case verifier.Expired:
		return Expired
	case verifier.NotYetValid:
		return NotYetValid
	}
	return Wrong
}

func signedIn(p *i18n.Printer, d *badge.Document) Signed {
	c := d.View()
	s := Signed{ID: words.Line(c.ID, longName), Holder: words.Name(words.Holder(d), longName), Awarded: moment(words.Awarded(d)),
		ValidFrom: moment(d.ValidFrom()), ValidUntil: moment(d.ValidUntil())}
	if c.Issuer != nil {
		s.Issuer, s.Host = words.Name(c.Issuer.Name, longName), words.Host(c.Issuer.ID)
	}
	for _, proof := range d.Proofs() {
		if at := moment(proof.Created); at.After(s.At) {
			s.At = at
		}
	}
	if c.CredentialSubject != nil {
		s.subject(p, c.CredentialSubject)
	}
	if s.Title == "" {
		s.Title = words.Name(c.Name, longName)
	}
	return s
}

func (s *Signed) subject(p *i18n.Printer, of *badge.AchievementSubject) {
	s.Role, s.Term = words.Name(of.Role, longName), words.Line(of.Term, longName)
	s.Narrative = text(of.Narrative)
	s.Began, s.Ended = moment(of.ActivityStartDate), moment(of.ActivityEndDate)
	if of.CreditsEarned != nil {
		s.Credits = strconv.FormatFloat(*of.CreditsEarned, 'f', -1, 64)
	}
	a := of.Achievement
	if a == nil {
		a = new(badge.Achievement)
	}
	s.Title, s.Description, s.Language = words.Name(a.Name, longName), words.Line(a.Description, longText), languageTag(a.InLanguage)
	if a.Criteria != nil {
		s.Criteria = text(a.Criteria.Narrative)
	}
	for _, r := range of.Result {
		line := resultOf(p, a, r)
		if line.Value != "" && len(s.Results) < results {
			s.Results = append(s.Results, line)
		}
	}
}

// resultOf tells a status by our word for it, and a share with the sign of percent;
// a word that the standard does not know (OB 3.0 appendix B) stays as it was signed.
func resultOf(p *i18n.Printer, a *badge.Achievement, r badge.Result) Result {
	d, level := a.Describe(r)
	line := Result{Name: words.Name(d.Name, longName), Value: words.Name(first(level.Name, r.Value), longName)}
	if counted, ok := words.Counted(p, d, r.Value); ok && level.Name == "" {
		line.Value, line.Term = counted, true
	}
	if line.Value != "" || r.Status == "" {
		return line
	}
	id := "kind.status." + r.Status
	if line.Term = p.Has(id); line.Term {
		line.Value = p.Text(id, nil)
	} else {
		line.Value = words.Line(r.Status, longName)
	}
	return line
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
