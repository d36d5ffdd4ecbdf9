package console

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/store"
	"laurel/verifier/words"
)

// change is something that can be done with a badge, which is asked about first.
type change struct {
	name, call string
	scope      auth.Scope
	danger     bool
	fits       func(*issuer.Record) bool
	perform    func(v *visit, a issuer.Amendment, sent fields) error
	reasons    []string // codes in common use, the likeliest first
}

// changes are all of them.
var changes = []change{
	{"reissue", "POST /v1/credentials/:id/reissue", auth.Issue, false, inForce, correct, []string{"name_corrected", "superseded_by_correction"}},
	{"suspend", "POST /v1/credentials/:id/suspend", auth.Revoke, true, func(r *issuer.Record) bool { return inForce(r) && r.PauseList != "" },
		status(issuer.Suspend), []string{"under_review", "rules_not_met"}},
	{"reinstate", "POST /v1/credentials/:id/reinstate", auth.Revoke, false, func(r *issuer.Record) bool { return r.Status == issuer.Suspended },
		status(issuer.Reinstate), []string{"review_passed"}},
	{"revoke", "POST /v1/credentials/:id/revoke", auth.Revoke, true, func(r *issuer.Record) bool { return r.Status != issuer.Revoked },
		status(issuer.Revoke), []string{"issued_in_error", "duplicate", "rules_not_met", "review_failed", "fraud", "requested_by_holder"}},
	{"personal-data", "DELETE /v1/credentials/:id/personal-data", auth.Revoke, true, func(r *issuer.Record) bool { return r.ErasedAt.IsZero() }, erase, nil},
}

func inForce(r *issuer.Record) bool { return r.Status == issuer.Active }

// ask shows what is to be done, and asks why.
func (c change) ask(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	pg, _, err := c.asking(v, fields{"key": []byte(rand.Text())})
	if err != nil {
		return err
	}
	return v.show(pg)
}

func (c change) asking(v *visit, sent fields) (*page, *form, error) {
	rec, err := v.ownBadge(c.scope)
	if err != nil {
		return nil, nil, err
	}
	pg := v.page("console.change." + c.name + ".title")
	pg.Lead = v.t("console.change." + c.name + ".lead")
	// Who may change a badge and not read it is not told whose it is.
	pg.Facts = []fact{{v.t("console.col.id"), []cell{code(rec.ID)}}}
	reads := wire.MayTouch(v.ctx(), rec.Issuer, auth.Read)
	if reads {
		pg.About, pg.Facts = v.holder(rec), v.aboutBadge(rec)
	}
	f := &form{ID: c.name, Action: v.local(to(badgePath+"/"+c.name, rec.ID)), Hidden: []pair{{"key", sent.line("key")}, {"as", standing(rec)}},
		Submits: []submit{{Text: v.t("console.change." + c.name + ".submit"), Danger: c.danger}}, Cancel: v.back(badgePath, rec.ID)}
	if c.name == "reissue" {
		f.Fields = v.corrections(rec, sent, reads)
	}
	if len(c.reasons) > 0 {
		f.Fields = append(f.Fields, v.why(c, sent)...)
	}
	pg.Form = f
	return pg, f, nil
}

// why asks for a reason: a code in common use, or words of one's own.
func (v *visit) why(c change, sent fields) []field {
	reason := field{Name: "reason", Label: v.t("console.change.reason"), Type: "select", Hint: v.t("console.change.reason.hint")}
	for _, r := range c.reasons {
		reason.Options = append(reason.Options, option{r, v.word("reason", r), sent.line("reason") == r})
	}
	return []field{reason, {Name: "words", Label: v.t("console.change.words"), Type: "text", Value: sent.line("words"), Hint: v.t("console.change.words.hint")}}
}

// corrections are what can be said otherwise here.
func (v *visit) corrections(rec *issuer.Record, sent fields, reads bool) []field {
	name := sent.line("name")
	if sent["name"] == nil && reads {
		if doc, err := rec.View(); err == nil {
			name = words.Holder(doc)
		}
	}
	return []field{{Name: "name", Label: v.t("console.reissue.name"), Type: "text", Value: name, Hint: v.t("console.reissue.name.hint")},
		{Name: "email", Label: v.t("console.badges.email"), Type: "email", Value: sent.line("email"), Hint: v.t("console.reissue.email.hint"), LTR: true}}
}

// do does it. The key of the form makes it safe to send it twice.
func (c change) do(v *visit, sent fields) error {
	id := v.r.PathValue("id")
	a := issuer.Amendment{ID: id, Reason: sent.line("reason"), Actor: wire.Actor(v.ctx()),
		MayTouch: func(slug string) bool { return wire.MayTouch(v.ctx(), slug, c.scope) }}
	if own := sent.line("words"); own != "" {
		a.Reason = own
	}
	key := sent.line("key")
	if err := wire.CheckIdempotencyKey(key); err != nil {
		return err
	}
	a.Idempotency = &issuer.Idempotency{Scope: v.token().ID + " console " + c.name + " " + id, Key: key,
		Digest: []byte(strings.Join([]string{a.Reason, sent.line("name"), sent.line("email")}, "\x00"))}
	err := c.perform(v, a, sent)
	if errors.Is(err, errMoved) {
		return c.anew(v, sent)
	}
	if err != nil {
		pg, f, asking := c.asking(v, sent)
		if asking != nil {
			return err
		}
		return v.refused(err, pg, f, changePlace)
	}
	if !v.may(http.MethodGet, badgePath) {
		pg := v.page("console.change." + c.name + ".title")
		pg.Notices = []notice{{Tone: "pass", Text: v.t("console.change." + c.name + ".done")}}
		return v.show(pg)
	}
	return v.seeOther(to(badgePath, id), "done", c.name)
}

// standing marks a badge as it stands, in a form that says what it is to be: its
// edition, and when it was changed last.
func standing(rec *issuer.Record) string {
	return strconv.Itoa(rec.Edition) + "." + strconv.FormatInt(rec.ChangedAt.UnixNano(), 36)
}

// errMoved says that a badge was changed since its form was shown.
var errMoved = errors.New("console: the badge has changed meanwhile")

// anew asks again, of the badge as it stands now: what stood in the form might
// undo what somebody else has done.
func (c change) anew(v *visit, sent fields) error {
	pg, _, err := c.asking(v, fields{"key": []byte(rand.Text()), "reason": sent["reason"], "words": sent["words"]})
	if err != nil {
		return err
	}
	pg.Notices = append(pg.Notices, notice{Tone: "fail", Text: v.t("console.change.moved")})
	return v.write(http.StatusConflict, pg)
}

// changePlace is the field that a fault is about.
func changePlace(e wire.FieldError) string {
	switch e.Pointer {
	case "/reason":
		return "words"
	case "/recipient/name":
		return "name"
	case "/recipient/email":
		return "email"
	}
	return ""
}

func status(action issuer.Action) func(*visit, issuer.Amendment, fields) error {
	return func(v *visit, a issuer.Amendment, _ fields) error {
		_, err := v.Issuer.ChangeStatus(v.ctx(), issuer.Change{ID: a.ID, Action: action, Reason: a.Reason, Actor: a.Actor, MayTouch: a.MayTouch, Idempotency: a.Idempotency})
		return err
	}
}

func correct(v *visit, a issuer.Amendment, sent fields) error {
	var c issuer.Correction
	if name := sent.line("name"); name != "" {
		c.Name = &name
	}
	if email := sent.line("email"); email != "" {
		c.Email = &email
	}
	a.Allow = func(_ store.Reader, rec *issuer.Record) error {
		if standing(rec) != sent.line("as") {
			return errMoved
		}
		return nil
	}
	_, err := v.Issuer.Reissue(v.ctx(), a, c)
	return err
}

func erase(v *visit, a issuer.Amendment, _ fields) error {
	_, _, err := v.Issuer.Erase(v.ctx(), issuer.Amendment{ID: a.ID, Actor: a.Actor, MayTouch: a.MayTouch})
	return err
}
