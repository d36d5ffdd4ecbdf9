package pages

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier/words"
)

// HomePage is the start page: what the service is, and a form that takes a
// badge in any shape.
type HomePage struct {
	Frame
	Action string // where the form leads; "" is DefaultAction
	API    string // address of the description for programmers; "" for none
}

type homeView struct {
	view
	Action, API string
}

// Home writes the start page.
func (s *Pages) Home(w io.Writer, p *i18n.Printer, page HomePage) error {
	v := homeView{s.view(p, page.Frame, p.Text("home.title", nil)), action(page.Action), page.API}
	v.Indexed, v.ScriptSrc = true, AssetPath+s.jsName
	return s.write(w, "home", v)
}

func action(a string) string {
	if a == "" {
		return DefaultAction
	}
	return a
}

// messageView is a page that has one thing to say, and perhaps a form to try
// again with.
type messageView struct {
	view
	Glyph, Text, Detail, RequestID, Action string
}

func (s *Pages) message(w io.Writer, p *i18n.Printer, f Frame, glyph, titleID, textID string, more messageView) error {
	more.view = s.view(p, f, p.Text(titleID, nil))
	more.Glyph, more.Text = glyph, p.Text(textID, nil)
	more.Detail = words.Visible(more.Detail)
	return s.write(w, "message", more)
}

// NotFoundPage tells that there is no badge. Nothing in it depends on what was
// asked for, so that a hidden badge cannot be told from one that never was.
type NotFoundPage struct {
	Frame
	Code   bool   // a printed code was typed, rather than an address opened
	Action string // where the form leads; "" is DefaultAction
}

// NotFound writes the page for an address or code without a badge.
func (s *Pages) NotFound(w io.Writer, p *i18n.Printer, page NotFoundPage) error {
	text := "notfound.text"
	if page.Code {
		text = "notfound.code"
	}
	return s.message(w, p, page.Frame, "unknown", "notfound.title", text, messageView{Action: action(page.Action)})
}

// GonePage tells that a badge was removed for its holder.
type GonePage struct{ Frame }

// Gone writes the page of a badge whose personal data were erased.
func (s *Pages) Gone(w io.Writer, p *i18n.Printer, page GonePage) error {
	return s.message(w, p, page.Frame, "skipped", "gone.title", "gone.text", messageView{})
}

// Fault says why something could not be read as a badge.
type Fault int

// The faults.
const (
	FaultMalformed       Fault = iota // neither JSON nor a JWS, or damaged
	FaultEmpty                        // nothing was sent
	FaultNoBadgeInside                // a picture or a PDF without a badge in it
	FaultTooLarge                     // larger than a badge can be
	FaultUnsupportedType              // a file of a kind that we do not read
	FaultUnreachable                  // a link that nothing could be fetched from
	FaultBadLink                      // neither a link nor a printed code
	FaultAgain                        // no fault: what was brought has to be brought again, to be read in another language
)

// faults are what is said of faults; the end of each is its name.
var faults = []string{"unreadable.malformed", "unreadable.empty", "unreadable.no_badge_inside", "unreadable.too_large",
	"unreadable.unsupported_type", "unreadable.unreachable", "unreadable.bad_link", "unreadable.again"}

// titles are of faults that are not about reading.
var titles = map[Fault]string{FaultNoBadgeInside: "unreadable.no_badge_inside.title", FaultAgain: "unreadable.again.title"}

// String names a fault for FieldTold.
func (f Fault) String() string { return strings.TrimPrefix(faults[f], "unreadable.") }

// FaultNamed is the fault of a name; ok is false where there is none.
func FaultNamed(name string) (f Fault, ok bool) {
	at := slices.Index(faults, "unreadable."+name)
	return Fault(max(at, 0)), at >= 0
}

// UnreadablePage tells that what was brought could not be read, and what to do.
type UnreadablePage struct {
	Frame
	Fault  Fault
	Detail string // for people who debug, in English; may be ""
	Action string // where the form leads; "" is DefaultAction
}

// Unreadable writes the page for something that could not be read as a badge,
// with the form to try again.
func (s *Pages) Unreadable(w io.Writer, p *i18n.Printer, page UnreadablePage) error {
	title := cmp.Or(titles[page.Fault], "unreadable.title")
	return s.message(w, p, page.Frame, "unknown", title, faults[page.Fault], messageView{Detail: page.Detail, Action: action(page.Action)})
}

// Problem is a kind of failure that is not about a badge.
type Problem int

// The problems. The zero value is our own mistake.
const (
	ProblemInternal    Problem = iota
	ProblemBadRequest          // not understood
	ProblemForbidden           // not open to the reader
	ProblemMethod              // the address takes other requests
	ProblemTooLarge            // more than the service takes
	ProblemTooMany             // too many requests
	ProblemUnavailable         // not just now
)

// ProblemPage tells that a request failed.
type ProblemPage struct {
	Frame
	Problem   Problem
	Detail    string // for people who debug, in English; leave "" what must not go out
	RequestID string // for the operator; may be ""
}

// Problem writes the page for a request that failed.
func (s *Pages) Problem(w io.Writer, p *i18n.Printer, page ProblemPage) error {
	title, text := problemIDs(page.Problem)
	return s.message(w, p, page.Frame, "warn", title, text,
		messageView{Detail: page.Detail, RequestID: words.Visible(page.RequestID)})
}

func problemIDs(problem Problem) (title, text string) {
	switch problem {
	case ProblemBadRequest:
		return "problem.bad_request", "problem.bad_request.text"
	case ProblemForbidden:
		return "problem.forbidden", "problem.forbidden.text"
	case ProblemMethod:
		return "problem.method", "problem.method.text"
	case ProblemTooLarge:
		return "problem.too_large", "problem.too_large.text"
	case ProblemTooMany:
		return "problem.too_many", "problem.too_many.text"
	case ProblemUnavailable:
		return "problem.unavailable", "problem.unavailable.text"
	}
	return "problem.internal", "problem.internal.text"
}

// Link is a name with an address of this service.
type Link struct{ Name, URL string }

// Edition is one language of a text, with its address.
type Edition struct {
	Lang string // BCP 47
	URL  string
}

// AchievementPage tells what can be earned.
type AchievementPage struct {
	Frame
	Achievement *badge.Achievement // required; of this service
	Issuer      Link
	Image       string // address of the picture on this host; "" for none
	JSON        string // the same as data; "" for none
	Editions    []Edition
	Endorsed    []Endorsement
}

type achievementView struct {
	view
	Fields      []row
	Issuer      Link
	Image, JSON string
	Editions    []editionView
	Beside      []besideView
}

type editionView struct{ Lang, URL, Name string }

// Achievement writes the page of an achievement.
func (s *Pages) Achievement(w io.Writer, p *i18n.Printer, page AchievementPage) error {
	a := page.Achievement
	scribe := &scribe{Printer: p, layout: s.markdown.page(), short: &shortener{cut: whole}, lang: languageTag(a.InLanguage), trusted: true}
	scribe.add("field.description", scribe.prose(a.Description))
	scribe.add("field.criteria", scribe.criteria(a.Criteria)...)
	scribe.alignments(a.Alignment)
	scribe.achievement(a)
	v := achievementView{view: s.view(p, page.Frame, words.Name(a.Name, 300)), Fields: scribe.rows,
		Issuer: Link{words.Name(page.Issuer.Name, 300), page.Issuer.URL}, Image: page.Image, JSON: page.JSON,
		Beside: beside(p, page.Endorsed, nil)}
	for _, e := range page.Editions {
		v.Editions = append(v.Editions, editionView{e.Lang, e.URL, p.LanguageName(e.Lang)})
	}
	return s.write(w, "achievement", v)
}

// KeyState is what a signing key is used for today.
type KeyState int

// The states of a key.
const (
	KeyRetired KeyState = iota // signs no more; what it signed holds
	KeyActive
	KeyRevoked // not to be trusted
)

// Key is one published key of an issuer.
type Key struct {
	ID        string // of the verification method
	Algorithm string
	State     KeyState
	Since     time.Time // of that state; may be zero
}

// IssuerPage tells who issues.
type IssuerPage struct {
	Frame
	Profile      *badge.Profile // required; of this service
	Keys         []Key
	Achievements []Link
	Endorsed     []Endorsement
}

type issuerView struct {
	view
	Fields       []row
	Keys         [][]row
	Achievements []Link
	Beside       []besideView
}

// Issuer writes the profile page of an issuer.
func (s *Pages) Issuer(w io.Writer, p *i18n.Printer, page IssuerPage) error {
	v := issuerView{view: s.view(p, page.Frame, words.Name(page.Profile.Name, 300)), Beside: beside(p, page.Endorsed, nil)}
	for _, a := range page.Achievements {
		v.Achievements = append(v.Achievements, Link{words.Name(a.Name, 300), a.URL})
	}
	about := &scribe{Printer: p, layout: s.markdown.page(), short: &shortener{cut: whole}, trusted: true}
	about.profileRows(page.Profile)
	v.Fields = about.rows
	states := map[KeyState]string{KeyRetired: "issuer.key.retired", KeyActive: "issuer.key.active", KeyRevoked: "issuer.key.revoked"}
	for _, k := range page.Keys {
		sub := about.sub()
		sub.add("issuer.key", code(k.ID))
		sub.add("field.type", code(k.Algorithm))
		sub.add("issuer.key.state", plain(p.Text(states[k.State], nil)))
		if !k.Since.IsZero() {
			sub.add("issuer.key.since", sub.moment(badge.FormatTime(k.Since)))
		}
		v.Keys = append(v.Keys, sub.rows)
	}
	return s.write(w, "issuer", v)
}
