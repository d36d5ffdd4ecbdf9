package verify

import (
	"laurel/internal/jsonwriter"
)

// A report is written by hand, member by member in the order of its fields: every
// verification is answered with one, and reflection took as long over it as the
// signature. report_internal_test.go holds the bytes equal to those of
// encoding/json without HTML escapes.

// encode writes a report up to its document, which stands last.
func (out *Report) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Always("verdict", out.Verdict)
	w.Boolean("verified", out.Verified)
	w.Always("summary", out.Summary)
	w.Always("checkedAt", out.CheckedAt)
	checks(w, out.Checks)
	if len(out.Endorsed) > 0 {
		w.Name("endorsements")
		w.Array(len(out.Endorsed), func(i int) { out.Endorsed[i].encode(w) })
	}
	if out.Register != nil {
		w.Name("register")
		out.Register.encode(w)
	}
	if len(out.Badges) > 0 {
		w.Name("badges")
		w.Array(len(out.Badges), func(i int) { out.Badges[i].whole(w) })
	}
	w.Name("credential")
	if out.Credential == nil {
		w.Null()
	} else {
		out.Credential.encode(w)
	}
	w.Name("document")
}

// whole writes a report that stands in another one.
func (out *Report) whole(w *jsonwriter.Writer) {
	if out == nil {
		w.Null()
		return
	}
	out.encode(w)
	w.Other(out.Document)
	w.Close()
}

func checks(w *jsonwriter.Writer, list []Check) {
	w.Name("checks")
	if list == nil {
		w.Null()
		return
	}
	w.Array(len(list), func(i int) { list[i].encode(w) })
}

func (c *Check) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Always("id", c.ID)
	w.Always("result", c.Result)
	w.Always("code", c.Code)
	w.Always("message", c.Message)
	w.Text("pointer", c.Pointer)
	w.Text("detail", c.Detail)
	w.Table("params", c.Params)
	w.Close()
}

func (e *Endorsement) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Always("pointer", e.Pointer)
	w.Text("of", e.Of)
	w.Always("result", e.Result)
	w.Always("code", e.Code)
	w.Always("message", e.Message)
	w.Text("detail", e.Detail)
	w.Text("issuer", e.Issuer)
	w.Text("comment", e.Comment)
	checks(w, e.Checks)
	w.Close()
}

func (r *Register) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Always("status", r.Status)
	w.Text("since", r.Since)
	w.Text("reason", r.Reason)
	w.Text("newer", r.Newer)
	if len(r.Remarks) > 0 {
		w.Name("remarks")
		w.Array(len(r.Remarks), func(i int) { r.Remarks[i].encode(w) })
	}
	w.Close()
}

func (r *Remark) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Always("code", r.Code)
	w.Always("message", r.Message)
	w.Text("achievement", r.Achievement)
	w.Text("name", r.Name)
	w.Close()
}

func (c *Credential) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("id", c.ID)
	w.Text("name", c.Name)
	w.Name("recipient")
	c.Recipient.encode(w)
	if c.Achievement != nil {
		w.Name("achievement")
		c.Achievement.encode(w)
	}
	if c.Issuer != nil {
		w.Name("issuer")
		c.Issuer.encode(w)
	}
	w.Text("awardedAt", c.AwardedAt)
	w.Text("validFrom", c.ValidFrom)
	w.Text("validUntil", c.ValidUntil)
	if c.Activity != nil {
		w.Name("activity")
		c.Activity.encode(w)
	}
	w.Text("term", c.Term)
	w.Text("role", c.Role)
	w.Text("narrative", c.Narrative)
	w.Optional("creditsEarned", c.CreditsEarned)
	if len(c.Results) > 0 {
		w.Name("results")
		w.Array(len(c.Results), func(i int) { c.Results[i].encode(w) })
	}
	if len(c.Evidence) > 0 {
		w.Name("evidence")
		w.Array(len(c.Evidence), func(i int) { c.Evidence[i].encode(w) })
	}
	w.Close()
}

func (r *Recipient) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("id", r.ID)
	w.Text("name", r.Name)
	w.Close()
}

func (a *Achievement) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("id", a.ID)
	w.Text("name", a.Name)
	w.Text("type", a.Type)
	w.Text("description", a.Description)
	w.Text("criteria", a.Criteria)
	w.Text("criteriaUrl", a.CriteriaURL)
	w.Text("image", a.Image)
	w.Text("language", a.Language)
	w.Text("version", a.Version)
	w.Texts("tags", a.Tags)
	w.Close()
}

func (i *Issuer) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("id", i.ID)
	w.Text("name", i.Name)
	w.Text("url", i.URL)
	w.Text("host", i.Host)
	w.Close()
}

func (a *Activity) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("start", a.Start)
	w.Text("end", a.End)
	w.Close()
}

func (r *Result) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("name", r.Name)
	w.Text("value", r.Value)
	w.Text("status", r.Status)
	w.Text("level", r.Level)
	w.Close()
}

func (e *EvidencePiece) encode(w *jsonwriter.Writer) {
	w.Open()
	w.Text("id", e.ID)
	w.Text("name", e.Name)
	w.Text("description", e.Description)
	w.Text("narrative", e.Narrative)
	w.Close()
}
