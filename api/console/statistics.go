package console

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"laurel/api/statistics"
	"laurel/api/wire"
	"laurel/programme"
	"laurel/programme/region"
	counts "laurel/programme/statistics"
)

// statisticsPage shows the exact counts of what is the caller's.
func statisticsPage(v *visit) error {
	names := []string{"issuer", "activity", "achievement", "edition", "country", "state"}
	q, err := wire.Query(v.r, names...)
	if err != nil {
		return err
	}
	if country := q.Get("country"); country != "" && v.token().AllowsCountry(country) != nil {
		return &programme.Forbidden{Rule: "country_not_granted", Detail: "This token is for people of " + v.token().Country + " alone."}
	}
	report, err := v.Programme.Counts(v.ctx(), statistics.Caller(v.ctx()), counts.Filter{Issuer: q.Get("issuer"), Activity: q.Get("activity"),
		Achievement: q.Get("achievement"), Edition: noDash(q.Get("edition")), Country: q.Get("country"), State: q.Get("state")})
	if err != nil {
		return err
	}
	pg := v.page("console.statistics.title")
	pg.Facts = []fact{{v.t("console.statistics.total"), []cell{total(report.Total)}}, {v.t("console.statistics.countries"), []cell{total(report.Countries)}}}
	pg.Form = v.narrowing(q.Get)
	pg.Chart = v.months(report.ByMonth)
	plain := func(s string) string { return s }
	pg.Tables = []table{v.counted("months", "console.statistics.by_month", report.ByMonth, plain), v.counted("achievements", "console.statistics.by_achievement", report.ByAchievement, plain),
		v.counted("states", "console.statistics.by_state", report.ByState, v.stateName), v.counted("editions", "console.statistics.by_edition", report.ByEdition, plain),
		v.counted("regions", "console.statistics.by_region", report.ByRegion, v.region), v.counted("countries", "console.statistics.by_country", report.ByCountry, v.country),
		v.counted("languages", "console.statistics.by_language", report.ByLanguage, v.p.LanguageName), v.counted("sectors", "console.statistics.by_sector", report.BySector, plain)}
	return v.show(pg)
}

func total(n *int) cell {
	if n == nil {
		return text("–")
	}
	return number(*n)
}

// narrowing is the question for a part of the counts.
func (v *visit) narrowing(get func(string) string) *form {
	f := &form{ID: "part", Title: v.t("console.statistics.part"), Action: statsPath, Get: true, Submits: []submit{{Text: v.t("console.statistics.show")}}}
	for _, name := range []string{"activity", "achievement", "edition"} {
		f.Fields = append(f.Fields, field{Name: name, Label: v.t("console.col." + name), Type: "text", Value: get(name), LTR: true})
	}
	return f
}

// counted is a table of counts with a bar for each: months in order of time, all
// else the largest first.
func (v *visit) counted(id, title string, cells counts.Cells, name func(string) string) table {
	t := table{ID: id, Title: v.t(title), Empty: v.t("console.statistics.none"), Columns: []string{v.t(title), v.t("console.col.count")}}
	var numbers []int
	for _, key := range inOrder(cells, id == "months") {
		label := v.word("count", key)
		if label == key {
			label = name(key)
		}
		t.Rows = append(t.Rows, []cell{text(label), number(*cells[key])})
		numbers = append(numbers, *cells[key])
	}
	bars(t.Rows, 1, numbers)
	return t
}

func inOrder(cells counts.Cells, byName bool) []string {
	keys := slices.Sorted(maps.Keys(cells))
	keys = slices.DeleteFunc(keys, func(k string) bool { return cells[k] == nil })
	if !byName {
		slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(*cells[b], *cells[a]) })
	}
	return keys
}

const (
	monthForm  = "2006-01"
	mostMonths = 240 // that are drawn one by one, whatever lies between
)

// months draws the counts by month.
func (v *visit) months(cells counts.Cells) *chart {
	var names []string
	var numbers []int
	for _, key := range inOrder(cells, true) {
		month, err := time.Parse(monthForm, key)
		if err != nil {
			continue // not stated
		}
		for len(names) > 0 && len(names) < mostMonths { // in which nothing was awarded
			last, _ := time.Parse(monthForm, names[len(names)-1]) // written by Format
			if last = last.AddDate(0, 1, 0); !last.Before(month) {
				break
			}
			names, numbers = append(names, last.Format(monthForm)), append(numbers, 0)
		}
		names, numbers = append(names, key), append(numbers, *cells[key])
	}
	return drawn(v.t("console.statistics.by_month"), names, numbers, v.p.Dir() == "rtl")
}

func (v *visit) stateName(s string) string { return v.word("state", s) }

func (v *visit) region(r string) string { return cmp.Or(region.Name(r, v.p.Lang()), r) }

// country is the name of a country in the language of the page.
func (v *visit) country(c string) string {
	r, err := language.ParseRegion(c)
	if err != nil {
		return c
	}
	if name := display.Regions(language.Make(v.p.Lang())).Name(r); name != "" {
		return name
	}
	return c
}
