package console

import (
	"errors"
	"slices"
	"strconv"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/issuer/auditlog"
)

// How many records a page has, and how many are looked through for them.
const (
	logShown  = 30
	logLooked = 2000
)

// auditLog shows the latest records of the caller's issuers, and the checkpoint
// that was signed last.
func auditLog(v *visit) error {
	q, err := wire.Query(v.r, "before")
	if err != nil {
		return err
	}
	before, err := wire.Number(q, "before", -1, 1, 1<<52)
	if err != nil {
		return err
	}
	pg := v.page("console.log.title")
	pg.Lead = v.t("console.log.lead")
	checkpoint, err := v.Audit.Checkpoint(v.ctx())
	if err != nil && !errors.Is(err, auditlog.ErrNotLogged) {
		return err
	}
	t, size, err := v.records(int64(before))
	if err != nil {
		return err
	}
	pg.Facts = told([]fact{{v.t("console.log.size"), []cell{number(int(size))}}, {v.t("console.log.checkpoint"), []cell{code(string(checkpoint))}}})
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) records(before int64) (t table, size int64, err error) {
	t = table{ID: "records", Title: v.t("console.log.records"), Empty: v.t("console.log.none"),
		Columns: []string{v.t("console.col.place"), v.t("console.col.at"), v.t("console.col.what"), v.t("console.col.subject"), v.t("console.col.why"), v.t("console.col.by")}}
	last := int64(0)
	var bad error
	size, err = v.Audit.Before(v.ctx(), before, logLooked, func(place int64, _ string, raw []byte) {
		if len(t.Rows) == logShown {
			return
		}
		last = place
		e, err := issuer.ReadEvent(raw)
		if err != nil {
			bad = err
			return
		}
		if v.concerns(e) {
			t.Rows = append(t.Rows, []cell{number(int(place)), v.moment(e.At), text(v.word("action", e.Action)), v.subject(e), text(v.word("reason", e.Reason)), code(e.Actor)})
		}
	})
	if last > 0 {
		t.Next = &link{v.t("console.log.older"), v.local(logPath, "before", strconv.FormatInt(last, 10))}
	}
	return t, size, errors.Join(err, bad)
}

// concerns tells whether a record is the caller's affair: one of its issuers'
// badges and definitions. What concerns no issuer, such as tokens, is for those
// who manage all.
func (v *visit) concerns(e issuer.Event) bool {
	if e.Issuer == "" {
		t := v.token()
		return !t.Test && slices.Contains(t.Issuers, auth.Any) && t.AllowsScope(auth.Manage) == nil
	}
	return wire.MayTouch(v.ctx(), e.Issuer, auth.Read)
}

// subject leads to a badge where the record is about one.
func (v *visit) subject(e issuer.Event) cell {
	c := code(e.Subject)
	if e.Edition > 0 && wire.IsID(e.Subject) {
		return v.linked(c, badgePath, e.Subject)
	}
	return c
}
