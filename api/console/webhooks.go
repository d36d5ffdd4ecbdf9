package console

import (
	"net/http"
	"slices"
	"strconv"

	"laurel/api/wire"
	"laurel/feed"
	"laurel/internal/auth"
)

// manages tells whose webhooks the caller may see, as the API does.
func (v *visit) manages(slug string) bool { return wire.MayTouch(v.ctx(), slug, auth.Manage) }

// webhooks lists who is told of events.
func webhooks(v *visit) error {
	if _, err := wire.Query(v.r); err != nil {
		return err
	}
	hooks, err := v.Hooks.List(v.ctx(), v.manages)
	if err != nil {
		return err
	}
	pg := v.page("console.webhooks.title")
	t := table{ID: "all", Title: v.t("console.webhooks.all"), Empty: v.t("console.webhooks.none"), Columns: []string{v.t("console.col.address"), v.t("console.col.issuer"), v.t("console.col.state"), v.t("console.col.changed")}}
	for _, hook := range hooks {
		t.Rows = append(t.Rows, []cell{v.linked(code(hook.URL), hooksPath+"/:id", hook.ID), code(hook.Issuer), v.enabled(hook), v.moment(hook.ChangedAt)})
	}
	pg.Tables = []table{t}
	return v.show(pg)
}

func (v *visit) enabled(hook *feed.Hook) cell {
	if hook.Disabled == "" {
		return cell{Text: v.t("console.hook.enabled"), Tone: "pass"}
	}
	return cell{Text: v.word("hook", string(hook.Disabled)), Tone: "warn"}
}

// webhook shows the deliveries of one, the latest first.
func webhook(v *visit) error {
	q, err := wire.Query(v.r, "state", "cursor", "done")
	if err != nil {
		return err
	}
	f := feed.Filter{State: feed.State(q.Get("state")), Before: q.Get("cursor"), Limit: 50}
	if f.State != "" && !slices.Contains(deliveryStates, f.State) || f.Before != "" && !feed.IsEventID(f.Before) {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "There is no such list of deliveries; begin at the list of webhooks."}
	}
	id := v.r.PathValue("id")
	hook, err := v.Hooks.Get(v.ctx(), id, v.manages)
	if err != nil {
		return err
	}
	list, more, err := v.Hooks.Deliveries(v.ctx(), id, v.manages, f)
	if err != nil {
		return err
	}
	pg := v.page("console.webhook.title")
	pg.About = hook.URL
	if q.Get("done") == "redeliver" {
		pg.Notices = []notice{{Tone: "pass", Text: v.t("console.redeliver.done")}}
	}
	pg.Facts = told([]fact{{v.t("console.col.issuer"), []cell{code(hook.Issuer)}}, {v.t("console.col.state"), []cell{v.enabled(hook)}}, {v.t("console.hook.about"), []cell{text(hook.Description)}}})
	for _, s := range append([]feed.State{""}, deliveryStates...) {
		name := v.t("console.badges.any")
		if s != "" {
			name = v.word("delivery", string(s))
		}
		pg.Links = append(pg.Links, link{name, v.local(to(hooksPath+"/:id", id), "state", string(s))})
	}
	pg.Tables = []table{v.deliveries(hook, list, more, q.Get("state"))}
	return v.show(pg)
}

var deliveryStates = []feed.State{feed.Pending, feed.Delivered, feed.Failed}

func (v *visit) deliveries(hook *feed.Hook, list []*feed.Delivery, more bool, state string) table {
	t := table{ID: "deliveries", Title: v.t("console.webhook.deliveries"), Empty: v.t("console.webhook.none"),
		Columns: []string{v.t("console.col.at"), v.t("console.col.event"), v.t("console.col.state"), v.t("console.col.tries"), v.t("console.col.answer"), v.t("console.col.action")}}
	for _, d := range list {
		row := []cell{v.moment(d.At), code(string(d.Type)), {Text: v.word("delivery", string(d.State)), Tone: tones[string(d.State)]}, number(d.Tries), answered(d), text("–")}
		if v.may(http.MethodPost, redeliverPath) && hook.Disabled == "" {
			row[5] = cell{Button: &form{ID: "redeliver", Action: v.local(to(redeliverPath, hook.ID)), Hidden: []pair{{"delivery", d.ID()}, {"tried", tried(d)}}, Submits: []submit{{Text: v.t("console.redeliver.submit")}}}}
		}
		t.Rows = append(t.Rows, row)
	}
	if more {
		t.Next = &link{v.t("console.next"), v.local(to(hooksPath+"/:id", hook.ID), "state", state, "cursor", list[len(list)-1].ID())}
	}
	return t
}

// answered is what the last try came to.
func answered(d *feed.Delivery) cell {
	if len(d.Attempts) == 0 {
		return text("–")
	}
	last := d.Attempts[len(d.Attempts)-1]
	if last.Status != 0 {
		return code(strconv.Itoa(last.Status))
	}
	return code(last.Error)
}

// tried marks a delivery as it stands: when it was tried last. How often would be
// the same again after another try, as that begins to count anew.
func tried(d *feed.Delivery) string {
	if len(d.Attempts) == 0 {
		return ""
	}
	return strconv.FormatInt(d.Attempts[len(d.Attempts)-1].At.UnixNano(), 36)
}

// redeliver tries a delivery anew, once for what the page showed of it.
func redeliver(v *visit, sent fields) error {
	id := v.r.PathValue("id")
	if _, err := v.Hooks.Redeliver(v.ctx(), id, sent.line("delivery"), v.manages, func(d *feed.Delivery) bool { return tried(d) == sent.line("tried") }); err != nil {
		return err
	}
	return v.seeOther(to(hooksPath+"/:id", id), "done", "redeliver")
}
