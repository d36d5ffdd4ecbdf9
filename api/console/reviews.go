package console

import (
	"net/http"
	"strings"

	"laurel/api/programmes"
	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
)

// open are the questions that the caller may answer.
func (v *visit) open() ([]*programme.Review, error) {
	return v.Programme.Reviews(v.ctx(), programmes.Caller(v.ctx(), auth.Revoke, auth.Manage))
}

// reviews lists the questions that are open, oldest first.
func reviews(v *visit) error {
	q, err := wire.Query(v.r, "done")
	if err != nil {
		return err
	}
	open, err := v.open()
	if err != nil {
		return err
	}
	pg := v.page("console.reviews.title")
	pg.Lead = v.t("console.reviews.lead")
	if q.Get("done") != "" {
		pg.Notices = []notice{{Tone: "pass", Text: v.t("console.reviews.done")}}
	}
	t := table{ID: "open", Title: v.t("console.reviews.open"), Empty: v.t("console.reviews.none"), Columns: []string{v.t("console.col.question"), v.t("console.col.person"), v.t("console.col.achievement"), v.t("console.col.at")}}
	for _, review := range open {
		t.Rows = append(t.Rows, []cell{v.linked(text(v.word("question", string(review.Kind))), reviewsPath+"/:id", review.ID), text(v.person(review.Who)), code(review.Achievement), v.moment(review.At)})
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) person(p *programme.Person) string {
	switch {
	case p == nil:
		return v.t("console.badge.nobody")
	case p.Name != "":
		return p.Name
	}
	return p.Email
}

// asking is the page of one question, with its answers.
func (v *visit) askingReview() (*page, *form, error) {
	open, err := v.open()
	if err != nil {
		return nil, nil, err
	}
	for _, review := range open {
		if review.ID == v.r.PathValue("id") {
			pg, f := v.reviewPage(review)
			return pg, f, nil
		}
	}
	return nil, nil, issuer.ErrNotFound
}

func (v *visit) reviewPage(review *programme.Review) (*page, *form) {
	pg := v.page("console.review.title")
	pg.Lead = v.word("question", string(review.Kind))
	pg.Facts = told([]fact{{v.t("console.review.who"), v.people(review.Who)}, {v.t("console.review.other"), v.others(review)},
		{v.t("console.col.achievement"), []cell{code(review.Achievement)}}, {v.t("console.col.edition"), []cell{code(review.Edition)}},
		{v.t("console.review.badge"), v.badgeCell(review.Credential)}, {v.t("console.review.part"), v.badgeCell(review.Part)}, {v.t("console.col.at"), []cell{v.moment(review.At)}}})
	f := &form{ID: "decide", Note: v.t("console.review.note"), Action: v.local(to(reviewsPath+"/:id", review.ID)), Cancel: v.back(reviewsPath)}
	for _, d := range review.Answers() {
		f.Submits = append(f.Submits, submit{Name: "decision", Value: string(d), Text: v.word("decision", string(d)), Danger: d == programme.Revoke})
	}
	pg.Form = f
	return pg, f
}

func (v *visit) people(p *programme.Person) []cell {
	if p == nil {
		return []cell{text(v.t("console.badge.nobody"))}
	}
	return []cell{text(p.Name), code(p.Email), code(strings.Join(p.Sources, ", "))}
}

func (v *visit) others(review *programme.Review) []cell {
	if review.Other == "" {
		return nil
	}
	return v.people(review.OtherWho)
}

func (v *visit) badgeCell(id string) []cell {
	if id == "" {
		return nil
	}
	l := v.badgeLink(id, id)
	return []cell{{Text: l.Text, Code: true, Href: l.Href}}
}

// askReview shows one question.
func askReview(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	pg, _, err := v.askingReview()
	if err != nil {
		return err
	}
	return v.show(pg)
}

// decide answers a question. To answer it again in the same way changes nothing.
func decide(v *visit, sent fields) error {
	id := v.r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	_, err := v.Programme.Decide(v.ctx(), programmes.Caller(v.ctx(), auth.Revoke, auth.Manage), id, programme.Decision(sent.line("decision")))
	if err != nil {
		pg, f, asking := v.askingReview()
		if asking != nil {
			return err
		}
		return v.refused(err, pg, f, noField)
	}
	if !v.may(http.MethodGet, reviewsPath) {
		return v.seeOther(Root)
	}
	return v.seeOther(reviewsPath, "done", "decided")
}
