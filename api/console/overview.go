package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"laurel/api/programmes"
	"laurel/api/statistics"
	"laurel/api/wire"
	"laurel/feed"
	"laurel/internal/auth"
	"laurel/programme/rules"
	counts "laurel/programme/statistics"
)

// overview shows what waits for somebody, and how much there is. Each part is
// shown to tokens that may open the page behind it.
func overview(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	pg := v.page("console.overview.title")
	pg.Lead = v.t("console.overview.lead")
	waits := table{ID: "waits", Title: v.t("console.overview.waits"), Empty: v.t("console.overview.nothing"), Columns: []string{v.t("console.col.what"), v.t("console.col.count")}}
	for _, ask := range []func(*visit) ([][]cell, error){waitingReviews, waitingReleases, failedDeliveries} {
		rows, err := ask(v)
		if err != nil {
			return err
		}
		waits.Rows = append(waits.Rows, rows...)
	}
	pg.Tables = append(pg.Tables, waits)
	if v.may(http.MethodGet, statsPath) {
		report, err := v.Programme.Counts(v.ctx(), statistics.Caller(v.ctx()), counts.Filter{})
		if err != nil {
			return err
		}
		pg.Tables = append(pg.Tables, v.counted("states", "console.statistics.by_state", report.ByState, v.stateName))
	}
	pg.Tables = append(pg.Tables, v.rights())
	return v.show(pg)
}

func waitingReviews(v *visit) ([][]cell, error) {
	if !v.may(http.MethodGet, reviewsPath) {
		return nil, nil
	}
	open, err := v.Programme.Reviews(v.ctx(), programmes.Caller(v.ctx(), auth.Revoke, auth.Manage))
	if err != nil || len(open) == 0 {
		return nil, err
	}
	return [][]cell{{v.linked(text(v.t("console.overview.reviews")), reviewsPath), number(len(open))}}, nil
}

func waitingReleases(v *visit) (rows [][]cell, err error) {
	if !v.may(http.MethodGet, activitiesPath) || !v.may(http.MethodGet, releasePath) {
		return nil, nil
	}
	all, err := v.activities()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		for n := range a.Editions {
			e := &a.Editions[n]
			waiting, err := v.waiting(a, e)
			if err != nil {
				return nil, err
			}
			if waiting > 0 {
				name := v.p.Text("console.overview.release", map[string]any{"Activity": a.ID, "Edition": dash(e.ID)})
				rows = append(rows, []cell{v.linked(text(name), activitiesPath+"/:slug", a.ID), number(waiting)})
			}
		}
	}
	return rows, nil
}

// waiting is how many awards of an edition wait for its release; 0 where it is
// none of the caller's.
func (v *visit) waiting(a *rules.Activity, e *rules.Edition) (int, error) {
	n, err := v.Programme.Waiting(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), a.ID, e.ID)
	if err != nil && v.Explain(v.ctx(), err).Status < http.StatusInternalServerError {
		return 0, nil
	}
	return n, err
}

func failedDeliveries(v *visit) (rows [][]cell, err error) {
	if !v.may(http.MethodGet, hooksPath) {
		return nil, nil
	}
	hooks, err := v.Hooks.List(v.ctx(), v.manages)
	if err != nil {
		return nil, err
	}
	for _, hook := range hooks {
		failed, more, err := v.Hooks.Deliveries(v.ctx(), hook.ID, v.manages, feed.Filter{State: feed.Failed})
		if err != nil {
			return nil, err
		}
		if len(failed) == 0 {
			continue
		}
		count := number(len(failed))
		if more {
			count.Text += "+"
		}
		name := v.linked(text(v.p.Text("console.overview.failed", map[string]any{"Address": hook.URL})), hooksPath+"/:id", hook.ID)
		rows = append(rows, []cell{name, count})
	}
	return rows, nil
}

// rights tells what the token is for.
func (v *visit) rights() table {
	t := v.token()
	rows := [][]cell{}
	add := func(id string, values ...string) {
		all := strings.Join(values, ", ")
		switch all {
		case "":
		case auth.Any:
			rows = append(rows, []cell{text(v.t(id)), text(v.t("console.rights.any"))})
		default:
			rows = append(rows, []cell{text(v.t(id)), code(all)})
		}
	}
	var scopes []string
	for _, s := range t.Scopes {
		scopes = append(scopes, string(s))
	}
	add("console.rights.scope", scopes...)
	add("console.rights.issuer", t.Issuers...)
	add("console.rights.activity", t.Activities...)
	add("console.rights.country", t.Country)
	if t.Source != auth.Any {
		add("console.rights.source", t.Source)
	}
	if t.Rate > 0 {
		add("console.rights.rate", strconv.Itoa(t.Rate))
	}
	rows = append(rows, []cell{text(v.t("console.rights.until")), v.moment(t.Expires)}, []cell{text(v.t("console.rights.session")), v.moment(v.session.Until)})
	return table{ID: "rights", Title: v.t("console.rights.title"), Note: v.t("console.rights.note"), Columns: []string{v.t("console.col.what"), v.t("console.col.value")}, Rows: rows}
}

// activities are those that are the caller's affair, by their names.
func (v *visit) activities() (mine []*rules.Activity, err error) {
	all, err := v.Programme.Activities(v.ctx())
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		sees, err := programmes.Sees(v.ctx(), v.Issuer, a)
		if err != nil {
			return nil, err
		}
		if sees {
			mine = append(mine, a)
		}
	}
	slices.SortFunc(mine, func(a, b *rules.Activity) int { return strings.Compare(a.ID, b.ID) })
	return mine, nil
}

// dash names an edition, of which one may have no name.
func dash(edition string) string {
	if edition == "" {
		return "-"
	}
	return edition
}

func noDash(edition string) string {
	if edition == "-" {
		return ""
	}
	return edition
}
