// Package rules says what a course, workshop or event consists of, and who
// earns what in it.
//
// ReadActivity reads a definition, whole or not at all. Rule.Evaluate holds
// what is known of a learner against a rule: met, and since when, or what is
// missing. Numbers are exact: 47.9 of 60 is not 80 %. More facts never take
// away what was met.
//
// The package knows no store and no clock, and it issues nothing. Start at
// ReadActivity and Rule.Evaluate.
package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"laurel/badge"
	"laurel/internal/calendar"
	"laurel/programme/facts"
)

// Activity is a course, workshop or event. It is read by ReadActivity and not
// changed afterwards.
type Activity struct {
	ID       string // slug
	Kind     Kind
	Series   string
	Title    map[string]string // by language
	Language string

	// Editions has at least one. Edition, Start and End are those of the first:
	// the one that the definition is written around.
	Editions            []Edition
	Edition, Start, End string

	Parts   []Part
	Items   int                 // items of the whole; 0 where nobody says
	Points  facts.Number        // points to be had in the whole; 0 where nobody says
	Hours   facts.Number        // of work, live and alone
	Aliases map[string][]string // by source: what the activity is called there

	Rules   []*Rule
	Ladders map[string]Ladder   // by group; LadderOf has the default
	Rubrics map[string][]string // levels of each, lowest first

	OnImprovement Improvement

	Definition []byte // as it came
	Version    string // names the words of Definition

	mode string
}

// Improvement is what a better result after the award changes.
type Improvement string

// The zero value is Keep.
const (
	Keep    Improvement = "keep"    // nothing
	Reissue Improvement = "reissue" // the badge is signed anew, under its id
)

// Kind is what sort of activity it is.
type Kind string

// The kinds.
const (
	Course   Kind = "course"
	Workshop Kind = "workshop"
	Event    Kind = "event"
)

// Edition is one time that an activity is held.
type Edition struct {
	ID         string // "" where the activity has one edition without a name
	At         string // where the definition has the ID: a JSON pointer
	Start, End string // YYYY-MM-DD; "" where there is no such day
	Language   string
	Sessions   []Session
	Gate       Gate
}

// Session is one meeting.
type Session struct {
	ID    string
	Date  string // YYYY-MM-DD, or ""
	Hours facts.Number
}

// Part is a part of an activity that facts and rules can name.
type Part struct {
	ID     string
	Items  int          // 0 where nobody says
	Points facts.Number // of all that is graded in it
}

// Mode says when what was earned is given out.
type Mode string

// The modes of a gate.
const (
	Immediate Mode = "immediate"
	OnDate    Mode = "on_date"
	Manual    Mode = "manual"
)

// Gate holds earned badges back until a day, or until a person lets them out.
// The zero Gate is shut.
type Gate struct {
	Mode      Mode
	Date      time.Time // OnDate: when it opens
	AppliesTo []string  // achievements; none means all
	// ReleasedAt is what the definition says of the release. It opens nothing:
	// who released what, and when, is the engine's own record.
	ReleasedAt time.Time
}

// Open tells whether an achievement is given out at a time. Where a person has
// released the edition, its gate is open whatever its mode.
func (g Gate) Open(achievement string, now time.Time, released bool) bool {
	if released || len(g.AppliesTo) > 0 && !slices.Contains(g.AppliesTo, achievement) {
		return true
	}
	return g.Mode == Immediate || g.Mode == OnDate && !now.Before(g.Date)
}

// FindEdition finds an edition by its id. Where there is one only, "" names it
// too; and where that one has no id, "-" and the mode of the activity
// ("self-paced") do.
func (a *Activity) FindEdition(id string) (*Edition, bool) {
	for i := range a.Editions {
		if a.Editions[i].ID == id {
			return &a.Editions[i], true
		}
	}
	if len(a.Editions) != 1 {
		return nil, false
	}
	only := &a.Editions[0]
	if id == "" || only.ID == "" && (id == "-" || id == a.mode) {
		return only, true
	}
	return nil, false
}

// Rule returns the rule by which an achievement is earned, or nil.
func (a *Activity) Rule(achievement string) *Rule {
	for _, r := range a.Rules {
		if r.Achievement == achievement {
			return r
		}
	}
	return nil
}

// MarshalJSON gives the definition back as it came.
func (a *Activity) MarshalJSON() ([]byte, error) { return json.RawMessage(a.Definition), nil }

// Rule says how an achievement is earned: by all of some conditions, or by any
// one of them. Exactly one of All and Any has conditions.
type Rule struct {
	Achievement string      `json:"achievement"` // slug
	All         []Condition `json:"all,omitempty"`
	Any         []Condition `json:"any,omitempty"`

	Evidence []badge.Evidence `json:"evidence,omitempty"` // that every badge by the rule shows

	Validity calendar.Duration `json:"-"` // the term of what is earned; zero for none
	Renewal  *Renewal          `json:"-"` // nil where it cannot be renewed
}

// Version tells one wording of a rule from another, for the record of an
// award. White space and the spelling of numbers make no difference.
func (r *Rule) Version() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic("rules: a rule is plain data: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Holding are the achievements that the rule asks whether somebody holds.
func (r *Rule) Holding() (achievements []string) {
	r.each(func(c Condition) { achievements = append(achievements, c.Holds...) })
	return achievements
}

// each visits all conditions, those within others too.
func (r *Rule) each(visit func(Condition)) {
	var within func([]Condition)
	within = func(list []Condition) {
		for _, c := range list {
			visit(c)
			within(c.All)
			within(c.Any)
		}
	}
	within(r.All)
	within(r.Any)
}

// Condition is one demand: exactly one of its fields has a value, and Part may
// stand beside those of visits and points.
type Condition struct {
	VisitsPercent *facts.Number `json:"visits_percent_gte,omitempty"`
	PointsPercent *facts.Number `json:"points_percent_gte,omitempty"`
	Points        *facts.Number `json:"points_gte,omitempty"`
	Part          string        `json:"part,omitempty"` // "" is the whole

	Sessions   int           `json:"sessions_attended_gte,omitempty"`
	Session    string        `json:"session,omitempty"` // id of one that was attended
	Hours      *facts.Number `json:"hours_gte,omitempty"`
	Submission *Submission   `json:"submission,omitempty"`
	Rubric     *Rubric       `json:"rubric,omitempty"`
	RoleIn     []string      `json:"role_in,omitempty"`
	Holds      []string      `json:"holds,omitempty"` // achievements, all of them
	Passed     bool          `json:"passed,omitempty"`
	ApprovedBy string        `json:"approved_by,omitempty"`

	All []Condition `json:"all,omitempty"`
	Any []Condition `json:"any,omitempty"`
}

// Submission demands that a piece of work has reached a status.
type Submission struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// Rubric demands that a judgement has reached a level.
type Rubric struct {
	ID       string `json:"id"`
	LevelGTE string `json:"level_gte"`
}
