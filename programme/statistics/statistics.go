// Package statistics counts awards without people: by achievement, edition,
// month, region, country, language, sector and state. What it counts is a
// Tally, which has no room for a name, an address, a digest or an id.
//
// There are two forms. The official one is exact and for those who may see it;
// it is counted from a Table whenever it is asked for. The public one is made
// once a day, as a Snapshot, for everything that the public may ask at once,
// since what one answer hides another must not give away: see suppress.go.
//
// Start at Table, Official and Take.
package statistics

import (
	"regexp"

	"laurel/programme/region"
)

// Threshold is the smallest count that the public form tells.
const Threshold = 5

// The keys for what has no word of its own.
const (
	NotStated = "not_stated" // nobody said
	NoRegion  = "none"       // a country or territory that is in no region
	Other     = "other"      // said in words that the public form does not repeat
)

// Tally is one award as it is counted. What is not known is "".
type Tally struct {
	Issuer      string `json:"issuer"`
	Achievement string `json:"achievement"`
	Edition     string `json:"edition,omitempty"`
	Activity    string `json:"activity,omitempty"`
	Month       string `json:"month"`            // 2025-07, of the day it was earned
	Region      string `json:"region,omitempty"` // as it was on that day; never looked up again
	Country     string `json:"country,omitempty"`
	Language    string `json:"language,omitempty"`
	Sector      string `json:"sector,omitempty"`
	State       string `json:"state"` // active, revoked and so on
}

// Table says how many awards there are of each Tally.
type Table map[Tally]int

// Add counts n more of a Tally, or fewer.
func (t Table) Add(tally Tally, n int) {
	if t[tally] += n; t[tally] == 0 {
		delete(t, tally)
	}
}

// Filter says which awards to count. "" is any.
type Filter struct {
	Issuer, Activity, Achievement, Edition string
	Country                                string // for those who may see one country only
	State                                  string
}

func (f Filter) fits(t Tally) bool {
	for _, pair := range [][2]string{{f.Issuer, t.Issuer}, {f.Activity, t.Activity}, {f.Achievement, t.Achievement},
		{f.Edition, t.Edition}, {f.Country, t.Country}, {f.State, t.State}} {
		if pair[0] != "" && pair[0] != pair[1] {
			return false
		}
	}
	return true
}

// Cells are counts by key. A nil count is hidden: it is under the threshold,
// or would give away one that is. It is never 0.
type Cells map[string]*int

// Report is one table of counts. In the public form a nil number or nil Cells
// are not told.
type Report struct {
	Test       bool  `json:"test,omitempty"` // of trials, which count nowhere else
	Total      *int  `json:"total"`
	Countries  *int  `json:"countries"` // how many different ones
	Regions    *int  `json:"regions"`
	ByRegion   Cells `json:"by_region"`
	ByCountry  Cells `json:"by_country"`
	ByLanguage Cells `json:"by_language"`
	BySector   Cells `json:"by_sector"`
	// LeftOut, in the public form alone: editions of fewer than five awards
	// are not counted, since they could be told from the others.
	LeftOut bool `json:"left_out,omitempty"`
	// In the official form alone.
	ByMonth       Cells `json:"by_month,omitempty"`
	ByState       Cells `json:"by_state,omitempty"`
	ByAchievement Cells `json:"by_achievement,omitempty"`
	ByEdition     Cells `json:"by_edition,omitempty"`
}

// Official counts exactly.
func (t Table) Official(f Filter) Report {
	r := Report{Total: new(int), ByRegion: Cells{}, ByCountry: Cells{}, ByLanguage: Cells{}, BySector: Cells{},
		ByMonth: Cells{}, ByState: Cells{}, ByAchievement: Cells{}, ByEdition: Cells{}}
	for tally, n := range t {
		if !f.fits(tally) {
			continue
		}
		*r.Total += n
		r.ByRegion.add(tally.region(), n)
		r.ByCountry.add(stated(tally.Country), n)
		r.ByLanguage.add(stated(tally.Language), n)
		r.BySector.add(stated(tally.Sector), n)
		r.ByMonth.add(stated(tally.Month), n)
		r.ByState.add(stated(tally.State), n)
		r.ByAchievement.add(stated(tally.Achievement), n)
		r.ByEdition.add(stated(tally.Edition), n)
	}
	r.Countries, r.Regions = r.ByCountry.different(), r.ByRegion.different()
	return r
}

func (c Cells) add(key string, n int) {
	if c[key] == nil {
		c[key] = new(int)
	}
	*c[key] += n
}

// different counts the keys that name something.
func (c Cells) different() *int {
	n := len(c)
	for _, key := range []string{NotStated, NoRegion, Other} {
		if _, ok := c[key]; ok {
			n--
		}
	}
	return &n
}

func stated(s string) string {
	if s == "" {
		return NotStated
	}
	return s
}

func (t Tally) region() string {
	if t.Region == "" && t.Country != "" {
		return NoRegion
	}
	return stated(t.Region)
}

var (
	sectorWord  = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+){0,5}$`)
	languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`)
)

// public is the tally with words that the public form may repeat: the keys of
// hidden cells are told, so what people wrote in their own words must not be
// one.
func (t Tally) public() Tally {
	other := func(s *string, ok bool) {
		if *s != "" && !ok {
			*s = Other
		}
	}
	other(&t.Country, region.Country(t.Country))
	other(&t.Language, languageTag.MatchString(t.Language))
	other(&t.Sector, len(t.Sector) <= 40 && sectorWord.MatchString(t.Sector))
	return t
}
