package console

import (
	"net/http"
	"strings"
	"time"

	"laurel/api/programmes"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/rules"
)

// sees tells whether an achievement is the caller's affair, as the API does.
func (v *visit) sees(a *issuer.Achievement) bool {
	return wire.MayAct(v.ctx(), a.Issuer, auth.Read, auth.Manage, auth.Issue)
}

// achievements lists what can be earned.
func achievements(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	all, err := v.Issuer.Achievements(v.ctx(), "")
	if err != nil {
		return err
	}
	pg := v.page("console.achievements.title")
	t := table{ID: "all", Title: v.t("console.achievements.all"), Empty: v.t("console.achievements.none"), Columns: []string{v.t("console.col.name"), v.t("console.col.slug"), v.t("console.col.issuer")}}
	for _, a := range all {
		if v.sees(a) {
			t.Rows = append(t.Rows, []cell{v.linked(v.nameOf(a), achievementsPath+"/:slug", a.Slug), code(a.Slug), code(a.Issuer)})
		}
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) nameOf(a *issuer.Achievement) cell {
	c := text(a.In(a.Name, v.p.Lang()))
	if _, ok := a.Name[v.p.Lang()]; !ok {
		c.Lang = a.InLanguage
	}
	return c
}

// achievement shows one.
func achievement(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	slug := v.r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return issuer.ErrNotFound
	}
	a, err := v.Issuer.Achievement(v.ctx(), slug)
	if err != nil {
		return err
	}
	if !v.sees(a) {
		return issuer.ErrNotFound
	}
	pg := v.page("console.achievement.title")
	pg.About = v.nameOf(a).Text
	in := func(t issuer.Text) cell { return text(a.In(t, v.p.Lang())) }
	pg.Facts = []fact{{v.t("console.col.slug"), []cell{code(a.Slug)}}, {v.t("console.col.issuer"), []cell{code(a.Issuer)}}, {v.t("console.achievement.description"), []cell{in(a.Description)}},
		{v.t("console.achievement.criteria"), []cell{in(a.Criteria), text(a.CriteriaURL)}}, {v.t("console.achievement.version"), []cell{text(a.Version)}},
		{v.t("console.achievement.language"), []cell{text(v.p.LanguageName(a.InLanguage))}}, {v.t("console.achievement.validity"), []cell{code(a.Validity)}},
		{v.t("console.achievement.suspendable"), []cell{text(v.yes(a.Suspendable))}}, {v.t("console.col.changed"), []cell{v.moment(a.ChangedAt)}}}
	pg.Facts = told(pg.Facts)
	if v.may(http.MethodGet, badgesPath) {
		pg.Links = append(pg.Links, link{v.t("console.achievement.badges"), v.local(badgesPath, "achievement", a.Slug)})
	}
	pg.Links = append(pg.Links, link{v.t("console.achievement.public"), v.local("/achievements/" + a.Slug)})
	return v.show(pg)
}

func (v *visit) yes(b bool) string {
	if b {
		return v.t("console.yes")
	}
	return v.t("console.no")
}

// told leaves out what nobody has said.
func told(facts []fact) (out []fact) {
	for _, f := range facts {
		var values []cell
		for _, c := range f.Values {
			if c.Text != "" {
				values = append(values, c)
			}
		}
		if len(values) > 0 {
			out = append(out, fact{f.Label, values})
		}
	}
	return out
}

// activities lists courses and workshops.
func activities(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	all, err := v.activities()
	if err != nil {
		return err
	}
	pg := v.page("console.activities.title")
	t := table{ID: "all", Title: v.t("console.activities.all"), Empty: v.t("console.activities.none"),
		Columns: []string{v.t("console.col.name"), v.t("console.col.slug"), v.t("console.col.kind"), v.t("console.col.editions")}}
	for _, a := range all {
		t.Rows = append(t.Rows, []cell{v.linked(text(v.titleOf(a)), activitiesPath+"/:slug", a.ID), code(a.ID), text(v.word("kind", string(a.Kind))), number(len(a.Editions))})
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) titleOf(a *rules.Activity) string {
	for _, lang := range []string{v.p.Lang(), a.Language, "en"} {
		if s := a.Title[lang]; s != "" {
			return s
		}
	}
	return a.ID
}

// ownActivity is the activity of the path, if the caller sees it.
func (v *visit) ownActivity() (*rules.Activity, error) {
	a, err := v.Programme.Activity(v.ctx(), v.r.PathValue("slug"))
	if err != nil {
		return nil, err
	}
	if sees, err := programmes.Sees(v.ctx(), v.Issuer, a); err != nil {
		return nil, err
	} else if !sees {
		return nil, programme.ErrUnknownActivity
	}
	return a, nil
}

// activity shows one, with its editions.
func activity(v *visit) error {
	q, err := wire.Query(v.r, "done", "count", "edition")
	if err != nil {
		return err
	}
	a, err := v.ownActivity()
	if err != nil {
		return err
	}
	pg := v.page("console.activity.title")
	pg.About = v.titleOf(a)
	if q.Get("done") == "release" {
		pg.Notices = append(pg.Notices, notice{Tone: "pass", Text: v.t("console.release.done")})
	}
	pg.Facts = told([]fact{{v.t("console.col.slug"), []cell{code(a.ID)}}, {v.t("console.col.kind"), []cell{text(v.word("kind", string(a.Kind)))}}})
	t := table{ID: "editions", Title: v.t("console.activity.editions"),
		Columns: []string{v.t("console.col.edition"), v.t("console.col.start"), v.t("console.col.end"), v.t("console.col.gate"), v.t("console.col.released"), v.t("console.col.waiting"), v.t("console.col.action")}}
	for n := range a.Editions {
		row, err := v.edition(a, &a.Editions[n])
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, row)
	}
	pg.Tables = append(pg.Tables, t, v.awarded(a))
	if v.may(http.MethodGet, uploadPath) {
		pg.Links = append(pg.Links, link{v.t("console.activity.upload"), v.local(uploadPath, "activity", a.ID)})
	}
	return v.show(pg)
}

// edition is a row about one.
func (v *visit) edition(a *rules.Activity, e *rules.Edition) ([]cell, error) {
	released, err := v.Programme.ReleasedAt(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), a.ID, e.ID)
	if err != nil {
		return nil, err
	}
	row := []cell{code(dash(e.ID)), v.date(e.Start), v.date(e.End), text(v.word("gate", string(e.Gate.Mode))), v.moment(released), text("–"), text("–")}
	if !v.may(http.MethodGet, releasePath) {
		return row, nil
	}
	waiting, err := v.waiting(a, e)
	if err != nil {
		return nil, err
	}
	row[5] = number(waiting)
	if released.IsZero() || waiting > 0 {
		row[6] = cell{Text: v.t("console.release.link"), Href: v.local(to(releasePath, a.ID), "edition", dash(e.ID))}
	}
	return row, nil
}

// date is a day as a definition has it.
func (v *visit) date(s string) cell {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return text("–")
	}
	return v.day(t)
}

// awarded lists what an activity awards.
func (v *visit) awarded(a *rules.Activity) table {
	t := table{ID: "awards", Title: v.t("console.activity.awards"), Empty: v.t("console.achievements.none"), Columns: []string{v.t("console.col.achievement")}}
	for _, rule := range a.Rules {
		t.Rows = append(t.Rows, []cell{v.linked(code(rule.Achievement), achievementsPath+"/:slug", rule.Achievement)})
	}
	return t
}

// askRelease asks whether an edition is to be released.
func askRelease(v *visit) error {
	q, err := wire.Query(v.r, "edition")
	if err != nil {
		return err
	}
	pg, _, err := v.releasing(q.Get("edition"))
	if err != nil {
		return err
	}
	return v.show(pg)
}

// releasing is the page that asks it. Who may release and not see definitions
// is told of no more than the call would tell.
func (v *visit) releasing(edition string) (*page, *form, error) {
	slug := v.r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return nil, nil, programme.ErrUnknownActivity
	}
	waiting, err := v.Programme.Waiting(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), slug, noDash(edition))
	if err != nil {
		return nil, nil, err
	}
	pg := v.page("console.release.title")
	pg.About = strings.Trim(slug+" "+edition, " ")
	pg.Lead = v.t("console.release.lead")
	pg.Facts = []fact{{v.t("console.col.edition"), []cell{code(dash(noDash(edition)))}}, {v.t("console.col.waiting"), []cell{number(waiting)}}}
	pg.Form = &form{ID: "release", Action: v.local(to(releasePath, slug)), Hidden: []pair{{"edition", edition}},
		Submits: []submit{{Text: v.tn("console.release.submit", waiting), Danger: true}}, Cancel: v.back(activitiesPath+"/:slug", slug)}
	return pg, pg.Form, nil
}

// back leads to where a question came from; nil where the token sees nothing
// there.
func (v *visit) back(path string, values ...string) *link {
	if !v.may(http.MethodGet, path) {
		path = Root
	}
	return &link{v.t("console.cancel"), v.local(to(path, values...))}
}

// release releases an edition. To send it again changes nothing: what was issued
// is not issued twice.
func release(v *visit, sent fields) error {
	edition := sent.line("edition")
	slug := v.r.PathValue("slug")
	done, err := v.Programme.Release(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), slug, noDash(edition), nil)
	if err != nil {
		pg, f, asking := v.releasing(edition)
		if asking != nil {
			return err
		}
		return v.refused(err, pg, f, noField)
	}
	pg := v.page("console.released.title")
	pg.About = strings.Trim(slug+" "+edition, " ")
	pg.Notices = []notice{{Tone: "pass", Text: v.tn("console.release.issued", done.Issued)}}
	pg.Facts = []fact{{v.t("console.col.released"), []cell{v.moment(done.At)}}}
	t := table{ID: "left", Title: v.t("console.release.left"), Empty: v.t("console.release.none"), Columns: []string{v.t("console.col.ref"), v.t("console.col.achievement"), v.t("console.col.outcome"), v.t("console.col.why")}}
	for _, l := range done.Left {
		t.Rows = append(t.Rows, []cell{text(l.Ref), code(l.Achievement), v.state("outcome", string(l.Outcome)), v.saying(l.Code, l.Message)})
	}
	pg.Tables = []table{t}
	pg.Links = []link{{v.t("console.nav.activities"), v.local(activitiesPath)}}
	if !v.may(http.MethodGet, activitiesPath) {
		pg.Links = nil
	}
	return v.show(pg)
}

// saying is a sentence of the domain in a cell.
func (v *visit) saying(code, english string) cell {
	if english == "" {
		return text("")
	}
	s := v.sentence(code, english)
	return cell{Text: s.Text, Lang: s.Lang}
}

func noField(wire.FieldError) string { return "" }
