package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apibadges "laurel/api/badges"
	"laurel/api/programmes"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
	"laurel/verifier/words"
)

// badgesShown is how many badges a page has.
const badgesShown = 50

// badges lists badges by what says nothing about a person, which may stand in an
// address.
func badges(v *visit) error {
	q, err := wire.Query(v.r, "achievement", "status", "cursor")
	if err != nil {
		return err
	}
	sent := fields{}
	for _, name := range []string{"achievement", "status", "cursor"} {
		sent[name] = []byte(q.Get(name))
	}
	return v.listBadges(sent)
}

// search finds badges by whatever is known of them. It comes as a form, so that
// nobody's address stands in the address of a page.
func search(v *visit, sent fields) error {
	if wanted := sent.line("code"); wanted != "" {
		rec, err := v.lookUp(wanted)
		if err == nil && !wire.MayTouch(v.ctx(), rec.Issuer, auth.Read) {
			err = issuer.ErrNotFound
		}
		if err != nil && v.Explain(v.ctx(), err).Status >= http.StatusInternalServerError {
			return err
		}
		if err == nil {
			return v.seeOther(to(badgePath, rec.ID))
		}
		pg, f := v.searching(sent)
		f.Fields[0].Error = &said{Text: v.t("console.badges.unknown")}
		return v.write(http.StatusNotFound, pg)
	}
	return v.listBadges(sent)
}

// lookUp finds a badge by its printed code, its id or its address.
func (v *visit) lookUp(wanted string) (*issuer.Record, error) {
	id := idOf(wanted)
	if issuer.IsPrintedCode(wanted) {
		var err error
		if id, err = v.Issuer.ByPrintedCode(v.ctx(), wanted); err != nil {
			return nil, err
		}
	}
	return v.Issuer.Credential(v.ctx(), id)
}

// idOf takes an id out of what people copy: the id, or the address of a badge.
func idOf(s string) string {
	if u, err := url.Parse(s); err == nil && u.Scheme != "" {
		s = u.Path
	}
	s = s[strings.LastIndexByte(s, '/')+1:]
	s, _, _ = strings.Cut(s, ".")
	return strings.TrimSpace(s)
}

// statuses can be asked for.
var statuses = []issuer.Status{issuer.Active, issuer.Suspended, issuer.Revoked}

// searching is the page with the questions.
func (v *visit) searching(sent fields) (*page, *form) {
	pg := v.page("console.badges.title")
	status := field{Name: "status", Label: v.t("console.col.state"), Type: "select", Options: []option{{"", v.t("console.badges.any"), false}}}
	for _, s := range statuses {
		status.Options = append(status.Options, option{string(s), v.word("state", string(s)), sent.line("status") == string(s)})
	}
	pg.Form = &form{ID: "search", Title: v.t("console.badges.search"), Action: v.local(badgesPath), Fields: []field{
		{Name: "code", Label: v.t("console.badges.code"), Type: "text", Value: sent.line("code"), Hint: v.t("console.badges.code.hint"), LTR: true},
		{Name: "email", Label: v.t("console.badges.email"), Type: "email", Value: sent.line("email"), LTR: true},
		{Name: "external_ref", Label: v.t("console.badges.ref"), Type: "text", Value: sent.line("external_ref"), LTR: true},
		{Name: "achievement", Label: v.t("console.col.achievement"), Type: "text", Value: sent.line("achievement"), Hint: v.t("console.badges.achievement.hint"), LTR: true},
		status}, Submits: []submit{{Text: v.t("console.badges.find")}}}
	return pg, pg.Form
}

func (v *visit) listBadges(sent fields) error {
	pg, f := v.searching(sent)
	filter := issuer.Filter{Achievement: sent.line("achievement"), Status: issuer.Status(sent.line("status")), ExternalRef: sent.line("external_ref"),
		Email: sent.line("email"), Cursor: sent.line("cursor"), Limit: badgesShown}
	var err error
	switch {
	case filter.Status != "" && !slices.Contains(statuses, filter.Status):
		err = wire.At(wire.InvalidParameter, "/status", "Choose a state of the list.")
	case filter.Achievement != "" && issuer.CheckSlug(filter.Achievement) != nil:
		err = wire.At(wire.InvalidSlug, "/achievement", "Give the slug of an achievement, or leave it out.")
	default:
		filter.Issuers, err = apibadges.Issuers(v.ctx(), v.Issuer)
	}
	var found *issuer.Page
	if err == nil {
		found, err = v.Issuer.List(v.ctx(), filter)
	}
	if err != nil {
		return v.refused(err, pg, f, func(e wire.FieldError) string { return strings.TrimPrefix(e.Pointer, "/") })
	}
	t := table{ID: "found", Title: v.t("console.badges.found"), Empty: v.t("console.badges.none"),
		Columns: []string{v.t("console.col.person"), v.t("console.col.achievement"), v.t("console.col.issued"), v.t("console.col.state"), v.t("console.col.id")}}
	for _, rec := range found.Records {
		t.Rows = append(t.Rows, []cell{v.linked(text(v.holder(rec)), badgePath, rec.ID), code(rec.Achievement), v.day(rec.IssuedAt), v.standing(rec), code(rec.ID)})
	}
	if found.Next != "" {
		next := &form{ID: "next", Action: v.local(badgesPath), Submits: []submit{{Text: v.t("console.next")}}, Hidden: []pair{{"cursor", found.Next}}}
		for _, name := range []string{"email", "external_ref", "achievement", "status"} {
			next.Hidden = append(next.Hidden, pair{name, sent.line(name)})
		}
		t.NextForm = next
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

// holder is the name that is signed into a badge.
func (v *visit) holder(rec *issuer.Record) string {
	if !rec.ErasedAt.IsZero() {
		return v.t("console.badge.nobody")
	}
	doc, err := rec.View()
	if err != nil {
		return "–"
	}
	if name := words.Holder(doc); name != "" {
		return name
	}
	return "–"
}

// standing is the state of a badge.
func (v *visit) standing(rec *issuer.Record) cell {
	if !rec.ErasedAt.IsZero() {
		return v.state("state", "erased")
	}
	return v.state("state", string(rec.Status))
}

// ownBadge is the badge of the path, for who has one of the scopes for it.
func (v *visit) ownBadge(scopes ...auth.Scope) (*issuer.Record, error) {
	id := v.r.PathValue("id")
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	rec, err := v.Issuer.Credential(v.ctx(), id)
	if err != nil {
		return nil, err
	}
	if !wire.MayTouch(v.ctx(), rec.Issuer, scopes...) {
		return nil, issuer.ErrNotFound
	}
	return rec, nil
}

// badgePage shows one badge: what is on record, its history, and what can be
// done with it.
func badgePage(v *visit) error {
	q, err := wire.Query(v.r, "done")
	if err != nil {
		return err
	}
	rec, err := v.ownBadge(auth.Read)
	if err != nil {
		return err
	}
	pg := v.page("console.badge.title")
	pg.About = v.holder(rec)
	for _, c := range changes {
		if c.name == q.Get("done") {
			pg.Notices = []notice{{Tone: "pass", Text: v.t("console.change." + c.name + ".done")}}
		}
	}
	pg.Facts = v.aboutBadge(rec)
	for _, c := range changes {
		if c.fits(rec) && v.may(http.MethodGet, badgePath+"/"+c.name) && wire.MayTouch(v.ctx(), rec.Issuer, c.scope) {
			pg.Links = append(pg.Links, link{v.t("console.change." + c.name + ".link"), v.local(to(badgePath+"/"+c.name, rec.ID))})
		}
	}
	if rec.ErasedAt.IsZero() {
		pg.Links = append(pg.Links, link{v.t("console.badge.public"), v.local("/v/" + rec.ID)})
	}
	history, err := v.history(rec)
	if err != nil {
		return err
	}
	pg.Tables = []table{history}
	switch grounds, err := v.Programme.Grounds(v.ctx(), programmes.Caller(v.ctx(), auth.Read), rec); {
	case errors.Is(err, issuer.ErrNotFound): // issued directly
	case err != nil:
		return err
	default:
		pg.Tables = []table{v.grounds(grounds), history}
	}
	return v.show(pg)
}

// grounds are what led to a badge: for staff, and on no page that anybody sees.
func (v *visit) grounds(g *programme.Grounds) table {
	t := table{ID: "grounds", Title: v.t("console.grounds.title"), Note: v.t("console.grounds.note"), Columns: []string{v.t("console.col.what"), v.t("console.col.value"), v.t("console.col.at")}}
	add := func(what string, value, at cell) { t.Rows = append(t.Rows, []cell{text(what), value, at}) }
	if g.Activity != "" {
		add(v.t("console.col.activity"), v.linked(code(g.Activity), activitiesPath+"/:slug", g.Activity), text(""))
	}
	if g.Version != "" {
		add(v.t("console.grounds.version"), code(g.Version), text(""))
	}
	if g.Rule != nil {
		add(v.t("console.grounds.rule"), code(string(g.Rule)), text(""))
	}
	if g.Upload != "" {
		add(v.t("console.grounds.upload"), v.linked(code(g.Upload), uploadsPath+"/:upload", g.Upload), text(""))
	}
	if g.Found {
		add(v.t("console.grounds.direct"), text(""), text(""))
	}
	for _, part := range g.Parts {
		add(v.t("console.grounds.part"), v.linked(code(part), badgePath, part), text(""))
	}
	if g.Facts != nil {
		for _, known := range g.Facts.List() {
			what := v.word("fact", known.Kind)
			if known.Of != "" {
				what += " (" + known.Of + ")"
			}
			add(what, code(known.Value), v.moment(known.At))
		}
	}
	return t
}

func (v *visit) aboutBadge(rec *issuer.Record) []fact {
	facts := []fact{{v.t("console.col.person"), []cell{text(v.holder(rec))}}, {v.t("console.col.state"), []cell{v.standing(rec)}}}
	if rec.Reason != "" {
		facts = append(facts, fact{v.t("console.badge.reason"), []cell{text(v.word("reason", rec.Reason))}})
	}
	if !rec.StatusAt.IsZero() {
		facts = append(facts, fact{v.t("console.badge.since"), []cell{v.moment(rec.StatusAt)}})
	}
	facts = append(facts, fact{v.t("console.col.achievement"), []cell{v.linked(code(rec.Achievement), achievementsPath+"/:slug", rec.Achievement)}},
		fact{v.t("console.col.issuer"), []cell{code(rec.Issuer)}}, fact{v.t("console.col.edition"), []cell{code(rec.Term)}},
		fact{v.t("console.badge.awarded"), []cell{v.day(rec.AwardedAt)}}, fact{v.t("console.col.issued"), []cell{v.moment(rec.IssuedAt)}})
	if !rec.ValidUntil.IsZero() {
		facts = append(facts, fact{v.t("console.badge.until"), []cell{v.moment(rec.ValidUntil)}})
	}
	facts = append(facts, fact{v.t("console.badge.edition"), []cell{number(rec.Edition)}}, fact{v.t("console.badges.ref"), []cell{text(rec.ExternalRef)}},
		fact{v.t("console.col.id"), []cell{code(rec.ID)}}, fact{v.t("console.badge.code"), []cell{code(issuer.PrintedCode(rec.ID))}})
	if !rec.HiddenAt.IsZero() {
		facts = append(facts, fact{v.t("console.badge.hidden"), []cell{v.moment(rec.HiddenAt)}})
	}
	if !rec.ErasedAt.IsZero() {
		facts = append(facts, fact{v.t("console.badge.erased"), []cell{v.moment(rec.ErasedAt)}})
	}
	return told(facts)
}

// looked bounds how many audit records are looked through for the history of one
// badge; there is no list of them by badge.
const looked = 20_000

// history is what the audit log tells of a badge, from its first issue on.
func (v *visit) history(rec *issuer.Record) (table, error) {
	t := table{ID: "history", Title: v.t("console.badge.history"), Empty: v.t("console.badge.nohistory"),
		Columns: []string{v.t("console.col.at"), v.t("console.col.what"), v.t("console.col.why"), v.t("console.col.by")}}
	first := rec
	if rec.Edition > 1 {
		var err error
		if first, _, err = v.Issuer.Edition(v.ctx(), rec.ID, 1); err != nil {
			return t, err
		}
	}
	from := first.AuditSeq()
	if at, err := issuer.SeqTime(from); err != nil {
		return t, err
	} else if rec.ChangedAt.Before(at) {
		from = "" // a clock that ran ahead has dated it, and what came later stands before it
	}
	entries, err := v.entriesOf(v.ctx(), rec.ID, from)
	if err != nil {
		return t, err
	}
	for _, e := range entries.list {
		t.Rows = append(t.Rows, []cell{v.moment(e.At), text(v.word("action", e.Action)), text(v.word("reason", e.Reason)), code(e.Actor)})
	}
	if entries.cut {
		t.Note = v.t("console.badge.history.cut")
	}
	return t, nil
}

type entriesFound struct {
	list []issuer.Event
	cut  bool // there is more of the log than was looked through
}

func (v *visit) entriesOf(ctx context.Context, id, first string) (found entriesFound, err error) {
	seen := 0
	var bad error
	read := func(_ string, raw []byte) {
		seen++
		if !strings.Contains(string(raw), id) {
			return
		}
		e, err := issuer.ReadEvent(raw)
		if err != nil {
			bad = err
		} else if e.Subject == id {
			found.list = append(found.list, e)
		}
	}
	// Its own record is the one whose sequence is asked for; the others lie behind.
	if first != "" {
		if err := v.Audit.At(ctx, first, read); err != nil {
			return found, err
		}
	}
	if err := v.Audit.Entries(ctx, first, looked, read); err != nil {
		return found, err
	}
	found.cut = seen > looked || first == "" && seen == looked
	return found, bad
}
