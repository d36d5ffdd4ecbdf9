// Package region knows countries and their WHO regions, by date: Indonesia
// moved from South-East Asia to the Western Pacific on 23 May 2025, and what
// was awarded before stays counted where it was.
//
// The table has the 194 member states as they were then, and no opinion about
// territories, which have no region here. It says nothing about who was a
// member on which day: a state keeps its region.
package region

import (
	"slices"
	"strings"
	"time"
)

// The regions, in the order in which WHO lists them.
const (
	Africa               = "AFR"
	Americas             = "AMR"
	SouthEastAsia        = "SEAR"
	Europe               = "EUR"
	EasternMediterranean = "EMR"
	WesternPacific       = "WPR"
)

// members are the member states of each region in ISO 3166-1 alpha-2.
var members = map[string]string{
	Africa: "AO BF BI BJ BW CD CF CG CI CM CV DZ ER ET GA GH GM GN GQ GW KE KM LR LS " +
		"MG ML MR MU MW MZ NA NE NG RW SC SL SN SS ST SZ TD TG TZ UG ZA ZM ZW",
	Americas: "AG AR BB BO BR BS BZ CA CL CO CR CU DM DO EC GD GT GY HN HT JM KN LC " +
		"MX NI PA PE PY SR SV TT US UY VC VE",
	SouthEastAsia: "BD BT IN KP LK MM MV NP TH TL",
	Europe: "AD AL AM AT AZ BA BE BG BY CH CY CZ DE DK EE ES FI FR GB GE GR HR HU IE IL IS IT " +
		"KG KZ LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SK SM TJ TM TR UA UZ",
	EasternMediterranean: "AE AF BH DJ EG IQ IR JO KW LB LY MA OM PK QA SA SD SO SY TN YE",
	WesternPacific: "AU BN CK CN FJ FM JP KH KI KR LA MH MN MY NR NU NZ PG PH PW SB SG TO TV " +
		"VN VU WS",
}

// move is a country that went from one region to another.
type move struct {
	country, from, to string
	on                string // ISO date, the first day in the new region
}

var moves = []move{
	{"ID", SouthEastAsia, WesternPacific, "2025-05-23"},
}

// home is the region of each country that has not moved.
var home = func() map[string]string {
	regions := map[string]string{}
	for code, list := range members {
		for _, country := range strings.Fields(list) {
			regions[country] = code
		}
	}
	return regions
}()

// others are the codes of ISO 3166-1 that are no member states.
var others = strings.Fields("AI AQ AS AW AX BL BM BQ BV CC CW CX EH FK FO GF GG GI GL GP GS GU HK HM IM IO JE " +
	"KY LI MF MO MP MQ MS NC NF PF PM PN PR PS RE SH SJ SX TC TF TK TW UM VA VG VI WF YT")

// Of is the region of a country (ISO 3166-1 alpha-2) on a day, taken in UTC.
// It is false for what is no member state.
func Of(country string, day time.Time) (region string, ok bool) {
	for _, m := range moves {
		switch {
		case m.country != country:
		case day.UTC().Format(time.DateOnly) < m.on:
			return m.from, true
		default:
			return m.to, true
		}
	}
	region, ok = home[country]
	return region, ok
}

// Country tells whether a code is a country of ISO 3166-1 alpha-2.
func Country(code string) bool {
	_, member := Of(code, time.Time{})
	return member || slices.Contains(others, code)
}
