package issuer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"laurel/badge"
	"laurel/internal/unseen"
)

// OnDuplicate says what to do when the same person already holds the same
// achievement.
type OnDuplicate string

// The ways to treat a natural duplicate.
const (
	ReturnExisting  OnDuplicate = "return" // the default
	RejectDuplicate OnDuplicate = "reject"
	AllowDuplicate  OnDuplicate = "allow"
)

// Recipient is who earned the badge. Of these only the name, and the address
// as a salted hash, are signed.
type Recipient struct {
	Name       string
	Email      string
	ExternalID string // the platform's own id of the person
	DID        string // brought by the person; else the subject gets a urn:uuid of its own
}

// Award asks for one badge. The pointers in faults are those of the HTTP
// body, which has the same members.
type Award struct {
	Issuer        string       // slug; required with Inline, else checked against the achievement's
	Achievement   string       // slug of a template, or
	Inline        *Achievement // a template that comes along
	Edition       string       // of the course or workshop; "" for none
	Recipient     Recipient
	AwardedAt     time.Time // when it was earned
	ValidUntil    time.Time // zero: as the achievement says
	ActivityStart time.Time
	ActivityEnd   time.Time
	Role          string
	Narrative     string
	Evidence      []badge.Evidence
	Results       []badge.Result
	CreditsEarned *float64 // nil: as many as the achievement has
	Language      string   // the recipient's, for pages
	ExternalRef   string
	// Untold keeps the edition out of what is signed.
	Untold bool
	// Activity, Country and Sector are for counting. They are neither signed
	// nor kept with the badge.
	Activity    string
	Country     string
	Sector      string
	OnDuplicate OnDuplicate
	Once        bool // with ReturnExisting: a badge that was revoked since answers too
	// Theirs tells, with ReturnExisting, by the name that a badge bears, or bore in an
	// edition before, whether it answers; nil: one of the platform's own id for the
	// person answers whoever it names, the person's own name first, and one of the
	// address where it names the person (SameName), or did before.
	Theirs      func(name string) bool `json:"-"`
	Idempotency *Idempotency
	Actor       string // who asks, for the audit record
	Test        bool   // a trial: signed by the test issuer of Issuer, with the marks of one (ErrNoTestIssuer)
}

// Idempotency makes a retry safe: the same key within a scope gives the first
// answer again.
type Idempotency struct {
	Scope  string // token and route
	Key    string
	Digest []byte // of the request body
}

const (
	maxName      = 200
	maxNarrative = 8000
	maxEvidence  = 20
	maxResults   = 100
	// clockSkew is how far a platform's clock may run ahead of ours.
	clockSkew = 5 * time.Minute
)

// own returns a copy that shares nothing with the caller's that is written to:
// checking an award completes it, and callers may use theirs again.
func (a Award) own() (*Award, error) {
	a.Evidence, a.Results = slices.Clone(a.Evidence), slices.Clone(a.Results)
	for n := range a.Results {
		a.Results[n].Alignment = slices.Clone(a.Results[n].Alignment)
	}
	if a.Inline != nil {
		inline, err := a.Inline.own()
		if err != nil {
			return nil, err
		}
		a.Inline = inline
	}
	return &a, nil
}

// validate checks an award against its achievement and completes it. It
// reports every fault at once.
func (a *Award) validate(ach *Achievement, now time.Time) error {
	var f faults
	a.checkRecipient(&f)
	a.checkDates(&f, ach, now)
	f.oneLine(&a.Edition, "/edition", 100, false)
	f.oneLine(&a.Role, "/role", 200, false)
	f.text(&a.Narrative, "/narrative", maxNarrative, false)
	f.oneLine(&a.ExternalRef, "/externalRef", 500, false)
	f.language(a.Language, "/language")
	if a.OnDuplicate == "" {
		a.OnDuplicate = ReturnExisting
	}
	if !slices.Contains([]OnDuplicate{ReturnExisting, RejectDuplicate, AllowDuplicate}, a.OnDuplicate) {
		f.add("on_duplicate_invalid", "/onDuplicate", "Say return, reject or allow.")
	}
	a.checkEvidence(&f)
	a.checkResults(&f, ach)
	if c := a.CreditsEarned; c != nil && (*c < 0 || *c > 1e6) {
		f.add("credits_invalid", "/creditsEarned", "Give a number from 0 to 1,000,000.")
	}
	return f.Err()
}

func (a *Award) checkRecipient(f *faults) {
	r := &a.Recipient
	f.name(&r.Name, "/recipient/name")
	f.email(&r.Email, "/recipient/email")
	f.oneLine(&r.ExternalID, "/recipient/externalId", 200, false)
	if r.DID != "" && (!strings.HasPrefix(r.DID, "did:") || !absoluteIRI(r.DID) || len(r.DID) > 500) {
		f.add("did_invalid", "/recipient/did", "Give a DID such as did:key:z6Mk…, or leave it out.")
	}
}

// CheckName normalises and checks a person's name the way every intake does;
// the rule that it broke is in the error.
func CheckName(name string) (string, error) {
	var f faults
	f.name(&name, "/name")
	return name, f.Err()
}

// CheckEmail normalises and checks an e-mail address, or none, like CheckName.
func CheckEmail(email string) (string, error) {
	var f faults
	f.email(&email, "/email")
	return email, f.Err()
}

// CheckLanguage checks a language tag, or none, like CheckName.
func CheckLanguage(tag string) error {
	var f faults
	f.language(tag, "/language")
	return f.Err()
}

// CheckLine normalises and checks a line of text of at most limit characters,
// or none, like CheckName.
func CheckLine(text string, limit int) (string, error) {
	var f faults
	f.oneLine(&text, "", limit, false)
	return text, f.Err()
}

func (f *faults) email(s *string, pointer string) {
	*s = norm.NFC.String(strings.TrimSpace(*s))
	if *s != "" && !emailAddress(*s) {
		f.add("email_invalid", pointer, "Give one e-mail address, such as ana@example.org, or leave it out.")
	}
}

func (f *faults) language(tag, pointer string) {
	if tag != "" && !languagePattern.MatchString(tag) {
		f.add("language_invalid", pointer, "Give a language tag such as en, fr or pt-BR.")
	}
}

// name refuses what a spreadsheet would run as a formula, beside what no text
// may hold.
func (f *faults) name(s *string, pointer string) {
	if start := strings.TrimLeft(*s, " "); strings.IndexAny(start, "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") == 0 {
		f.add("name_suspicious", pointer, "A name does not begin with =, +, -, @, a tab or a line break; spreadsheets run such text as a formula.")
		return
	}
	if f.line(s, pointer, maxName, true) && f.shows(*s, pointer) {
		f.unseen(*s, unseen.Name, pointer)
	}
}

// shows refuses a name that nobody could read: of blanks and invisible
// characters alone, or of code points that have no meaning that all share.
func (f *faults) shows(name, pointer string) bool {
	switch {
	case !printable(name) && strings.ContainsFunc(name, meaningless):
		f.add("name_unreadable", pointer, "The name has characters that Unicode gives no meaning. Write it in letters that others can read too.")
	case !strings.ContainsFunc(name, visible):
		f.add("name_unreadable", pointer, "A name has at least one letter, digit or symbol that shows.")
	default:
		return true
	}
	return false
}

// meaningless are code points for private use, noncharacters and unassigned ones.
func meaningless(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf)
}

// visible are letters, digits and symbols but for the fillers, which Unicode
// counts as letters and shows as nothing, and the blank pattern of Braille.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.S) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && r != 0x2800
}

func (a *Award) checkDates(f *faults, ach *Achievement, now time.Time) {
	switch {
	case a.AwardedAt.IsZero():
		f.add("required", "/awardedAt", "Say when it was earned, such as 2025-07-11 or 2025-07-11T08:00:00Z.")
		return
	case a.AwardedAt.After(now.Add(clockSkew)):
		f.add("date_in_future", "/awardedAt", "This lies in the future; a badge is awarded for what has been done.")
	case a.AwardedAt.Unix() < 0: // no JWT of it could be made: its times count from then
		f.add("date_invalid", "/awardedAt", "This is before 1970, where the times of badges begin.")
	}
	// A signed date must not lie ahead of the clock of whoever checks it next.
	if a.AwardedAt.After(now) {
		a.AwardedAt = now
	}
	a.AwardedAt = a.AwardedAt.UTC().Truncate(time.Second)
	if a.ValidUntil.IsZero() {
		a.ValidUntil, _ = addValidity(a.AwardedAt, ach.Validity) // checked with the achievement
	}
	if !a.ValidUntil.IsZero() {
		a.ValidUntil = a.ValidUntil.UTC().Truncate(time.Second)
		if !a.ValidUntil.After(a.AwardedAt) {
			f.add("date_order", "/validUntil", "The end of validity must come after awardedAt.")
		} else if !a.ValidUntil.After(now) {
			f.add("expired", "/validUntil", "This badge would have expired already.")
		}
	}
	if !a.ActivityStart.IsZero() && !a.ActivityEnd.IsZero() && a.ActivityEnd.Before(a.ActivityStart) {
		f.add("date_order", "/activity/end", "The activity ends before it starts.")
	}
}

func (a *Award) checkEvidence(f *faults) {
	if len(a.Evidence) > maxEvidence {
		f.add("too_many", "/evidence", fmt.Sprintf("At most %d pieces of evidence.", maxEvidence))
		return
	}
	for n := range a.Evidence {
		e, at := &a.Evidence[n], "/evidence/"+strconv.Itoa(n)
		e.Type = []string{"Evidence"}
		if e.ID != "" && !absoluteIRI(e.ID) {
			f.add("relative_id", at+"/id", "Give an absolute address; a relative one would not be signed.")
		}
		f.oneLine(&e.Name, at+"/name", 500, false)
		f.text(&e.Description, at+"/description", 2000, false)
		f.text(&e.Narrative, at+"/narrative", maxNarrative, false)
		f.oneLine(&e.Genre, at+"/genre", 200, false)
		f.oneLine(&e.Audience, at+"/audience", 200, false)
		if e.ID == "" && e.Name == "" && e.Description == "" && e.Narrative == "" {
			f.add("required", at, "Evidence needs an id, a name, a description or a narrative.")
		}
	}
}
