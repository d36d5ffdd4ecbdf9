package console

import (
	"net/http"

	"laurel/api/programmes"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
)

// uploadsShown is how many lists a page has.
const uploadsShown = 50

// uploads shows the lists that were taken in, the latest first.
func uploads(v *visit) error {
	q, err := wire.Query(v.r, "activity", "cursor")
	if err != nil {
		return err
	}
	all, err := v.Programme.Uploads(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), q.Get("activity"))
	if err != nil {
		return err
	}
	for n := range all {
		if all[n].ID == q.Get("cursor") {
			all = all[n+1:]
			break
		}
	}
	pg := v.page("console.uploads.title")
	t := table{ID: "all", Title: v.t("console.uploads.all"), Empty: v.t("console.uploads.none"),
		Columns: []string{v.t("console.col.at"), v.t("console.col.activity"), v.t("console.col.outcome"), v.t("console.col.by"), v.t("console.uploads.takenback")}}
	if len(all) > uploadsShown {
		all = all[:uploadsShown]
		t.Next = &link{v.t("console.next"), v.local(uploadsPath, "activity", q.Get("activity"), "cursor", all[uploadsShown-1].ID)}
	}
	for n := range all {
		u := &all[n]
		t.Rows = append(t.Rows, []cell{v.linked(v.moment(u.At), uploadsPath+"/:upload", u.ID), code(u.Activity), v.rowsOf(u), code(u.Actor), v.moment(u.TakenBack)})
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) rowsOf(u *programme.Upload) cell {
	n := 0
	for _, count := range u.Rows {
		n += count
	}
	return text(v.tn("console.uploads.rows", n))
}

// ownUpload is the list of the path, if the caller may see it.
func (v *visit) ownUpload() (*programme.Upload, error) {
	id := v.r.PathValue("upload")
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	return v.Programme.Upload(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), id)
}

func (v *visit) aboutUpload(u *programme.Upload) []fact {
	facts := []fact{{v.t("console.col.at"), []cell{v.moment(u.At)}}, {v.t("console.col.activity"), []cell{code(u.Activity)}}, {v.t("console.col.issuer"), []cell{code(u.Issuer)}},
		{v.t("console.col.by"), []cell{code(u.Actor)}}, {v.t("console.col.id"), []cell{code(u.ID)}}, {v.t("console.col.outcome"), v.summary(u.Rows)}}
	if !u.TakenBack.IsZero() {
		facts = append(facts, fact{v.t("console.uploads.takenback"), []cell{v.moment(u.TakenBack)}},
			fact{v.t("console.takeback.revoked"), []cell{number(u.Withdrawn.Revoked)}}, fact{v.t("console.takeback.voided"), []cell{number(u.Withdrawn.Voided)}},
			fact{v.t("console.takeback.kept"), []cell{number(u.Withdrawn.Kept)}})
	}
	return told(facts)
}

// upload shows one list.
func upload(v *visit) error {
	q, err := wire.Query(v.r, "done")
	if err != nil {
		return err
	}
	u, err := v.ownUpload()
	if err != nil {
		return err
	}
	pg := v.page("console.uploadpage.title")
	if q.Get("done") == "take-back" && !u.TakenBack.IsZero() {
		pg.Notices = []notice{{Tone: "pass", Text: v.t("console.takeback.done")}}
	}
	pg.Facts = v.aboutUpload(u)
	if u.TakenBack.IsZero() && v.may(http.MethodGet, takeBackPath) {
		pg.Links = append(pg.Links, link{v.t("console.takeback.link"), v.local(to(takeBackPath, u.ID))})
	}
	pg.Links = append(pg.Links, link{v.t("console.nav.uploads"), v.local(uploadsPath)})
	return v.show(pg)
}

// askTakeBack asks whether a list is to be taken back.
func askTakeBack(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	u, err := v.ownUpload()
	if err != nil {
		return err
	}
	pg := v.page("console.takeback.title")
	pg.Lead = v.t("console.takeback.lead")
	pg.Facts = v.aboutUpload(u)
	pg.Form = &form{ID: "take-back", Action: v.local(to(takeBackPath, u.ID)), Submits: []submit{{Text: v.t("console.takeback.submit"), Danger: true}},
		Cancel: v.back(uploadsPath+"/:upload", u.ID)}
	return v.show(pg)
}

// takeBack takes a list back. To send it again changes nothing.
func takeBack(v *visit, _ fields) error {
	u, err := v.ownUpload()
	if err != nil {
		return err
	}
	if _, err := v.Programme.TakeBack(v.ctx(), programmes.Caller(v.ctx(), auth.Roster), u.ID); err != nil {
		return err
	}
	return v.seeOther(to(uploadsPath+"/:upload", u.ID), "done", "take-back")
}
