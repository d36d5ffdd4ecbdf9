package console

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/programme"
)

// page is what the one template shows. All that is strangers' stands in cells
// and facts, whose texts the template sets off from the words around them.
type page struct {
	*i18n.Printer
	Title, Lead         string
	About               string // a stranger's text behind the title, such as the name of an achievement
	StyleHref, IconHref string
	HomeHref, SignOut   string
	Mark                string // of the session, for its forms
	Nav                 []entry
	Choices             []choice
	Who                 string // label of the token
	Trial               bool
	Notices             []notice
	Facts               []fact
	Form                *form
	Tables              []table
	Chart               *chart
	Links               []link
}

// part is a part of a page for a template that needs both.
type part struct {
	Page *page
	Of   any
}

type entry struct {
	link
	Current bool
}

// choice is a language; Here is the page of now in it.
type choice struct {
	*i18n.Printer
	Here    string
	Current bool
}

type link struct{ Text, Href string }

// notice stands at the top of a page. More may be in English.
type notice struct {
	Tone string // pass, warn, fail or unknown
	Text string
	More *said
}

type fact struct {
	Label  string
	Values []cell
}

// cell is one value. Its text may be anybody's.
type cell struct {
	Text   string
	Lang   string // of the text, where it is known to be another than that of the page
	Href   string
	Tone   string // where it is a state: pass, warn, fail or unknown
	Code   bool   // an id or an address: left to right
	Stamp  string // RFC 3339, where it is a time
	Number bool
	More   []link  // behind the text
	Button *form   // something that is done at once
	Share  float64 // of the longest, 0 to 100: a bar is drawn beside
	Bar    bool
}

type table struct {
	ID, Title, Empty string
	Note             string
	Columns          []string
	Rows             [][]cell
	Next             *link
	NextForm         *form
}

type form struct {
	ID, Title, Note string
	Action          string
	Get             bool // what is asked for stands in the address; never of people
	Files           bool
	Fields          []field
	Hidden          []pair
	Submits         []submit
	Cancel          *link
}

type pair struct{ Name, Value string }

type submit struct {
	Name, Value, Text string
	Danger            bool
}

// field is one field of a form. Type is that of an input, or select or textarea.
type field struct {
	Name, Label, Type, Value, Hint string
	Error                          *said
	Options                        []option
	Required, LTR                  bool
	Accept                         string
}

type option struct {
	Value, Text string
	Selected    bool
}

// T is a message without values.
func (p *page) T(id string) string { return p.Text(id, nil) }

// page begins a page with a message for its title.
func (v *visit) page(title string) *page {
	pg := &page{Printer: v.p, Title: v.t(title), StyleHref: v.style, IconHref: v.icon, HomeHref: v.local(Root)}
	for _, lang := range v.Catalog.Languages() {
		other := v.Catalog.For(lang)
		pg.Choices = append(pg.Choices, choice{other, v.here(other.Lang()), other.Lang() == v.p.Lang()})
	}
	if v.session.Token.ID == "" {
		return pg
	}
	pg.Mark, pg.Who, pg.Trial, pg.SignOut = v.session.Mark(formMark, ""), v.token().Label, v.token().Test, v.local(signOutPath)
	for _, n := range []struct{ path, name string }{{Root, "console.nav.overview"}, {badgesPath, "console.nav.badges"}, {uploadPath, "console.nav.upload"},
		{uploadsPath, "console.nav.uploads"}, {activitiesPath, "console.nav.activities"}, {achievementsPath, "console.nav.achievements"},
		{reviewsPath, "console.nav.reviews"}, {statsPath, "console.nav.statistics"}, {hooksPath, "console.nav.webhooks"}, {logPath, "console.nav.log"}} {
		if v.may(http.MethodGet, n.path) {
			pg.Nav = append(pg.Nav, entry{link{v.t(n.name), v.local(n.path)}, v.r.URL.Path == n.path})
		}
	}
	return pg
}

// here is the address of this page in another language. What a form has
// answered has none, and leads to the page that the form stood on.
func (v *visit) here(lang string) string {
	q := v.r.URL.Query()
	if v.r.Method == http.MethodPost {
		q = nil
	}
	for name := range q {
		if !slices.Contains([]string{"cursor", "before", "state", "activity", "achievement", "edition", "status", "next"}, name) {
			q.Del(name)
		}
	}
	if q == nil {
		return "?lang=" + lang
	}
	q.Set("lang", lang)
	return "?" + q.Encode()
}

func text(s string) cell { return cell{Text: s} }
func code(s string) cell { return cell{Text: s, Code: true} }
func number(n int) cell  { return cell{Text: strconv.Itoa(n), Number: true} }

func (v *visit) moment(t time.Time) cell {
	if t.IsZero() {
		return text("–")
	}
	return cell{Text: v.p.DateTime(t), Stamp: badge.FormatTime(t)}
}

func (v *visit) day(t time.Time) cell {
	if t.IsZero() {
		return text("–")
	}
	return cell{Text: v.p.Date(t), Stamp: t.UTC().Format(time.DateOnly)}
}

// linked makes a cell a link to a page of the console, where the token may see
// that page.
func (v *visit) linked(c cell, path string, values ...string) cell {
	if v.may(http.MethodGet, path) {
		c.Href = v.local(to(path, values...))
	}
	return c
}

// tones say how good a state is; the words say which one.
var tones = map[string]string{
	string(issuer.Active): "pass", string(issuer.Suspended): "warn", string(issuer.Revoked): "fail", "erased": "fail",
	"delivered": "pass", "pending": "warn", "failed": "fail",
	string(programme.OutcomeIssued): "pass", string(programme.OutcomeWould): "pass", string(programme.OutcomeExisting): "unknown",
	string(programme.OutcomeError): "fail", string(programme.OutcomeHeld): "warn", string(programme.OutcomePendingRelease): "warn",
	string(programme.OutcomePendingIdentity): "warn", string(programme.OutcomeNotMet): "unknown", string(programme.OutcomeDuplicate): "unknown",
	string(programme.OutcomeJoined): "unknown", string(programme.OutcomeBlank): "unknown",
}

// state is a word with its tone.
func (v *visit) state(kind, code string) cell {
	return cell{Text: v.word(kind, code), Tone: tones[code]}
}

// bars draws the numbers of a column, the longest filling it.
func bars(rows [][]cell, column int, counts []int) {
	most := 1
	for _, n := range counts {
		most = max(most, n)
	}
	for n := range rows {
		rows[n][column].Bar = true
		rows[n][column].Share = math.Round(1000*float64(counts[n])/float64(most)) / 10
	}
}

// chart is a drawing of counts by month, beside the table that has them.
type chart struct {
	Label         string
	Width, Height int
	Columns       []column
	First, Last   string
}

type column struct{ X, Y, Width, Height float64 }

// The measures of a chart.
const (
	chartWidth  = 640
	chartHeight = 160
)

// drawn draws counts in their order, in the direction of reading.
func drawn(label string, names []string, counts []int, rightToLeft bool) *chart {
	if len(counts) == 0 {
		return nil
	}
	most := max(1, slices.Max(counts))
	c := &chart{Label: label, Width: chartWidth, Height: chartHeight, First: names[0], Last: names[len(names)-1]}
	each := float64(chartWidth) / float64(len(counts))
	for n, count := range counts {
		place := n
		if rightToLeft {
			place = len(counts) - 1 - n
		}
		height := float64(chartHeight) * float64(count) / float64(most)
		width := min(each*0.8, 48)
		c.Columns = append(c.Columns, column{X: tenth(float64(place)*each + (each-width)/2), Y: tenth(chartHeight - height), Width: tenth(width), Height: tenth(height)})
	}
	return c
}

func tenth(f float64) float64 { return math.Round(f*10) / 10 }

func retryAfter(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
