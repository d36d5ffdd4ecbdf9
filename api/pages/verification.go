package pages

import (
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"laurel/api/face"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// VerificationPage is a badge with its verdict.
type VerificationPage struct {
	Frame
	Report *verifier.Report // nil shows that nothing could be told
	Own    *Own             // what this service knows of its own badge; nil for one that was brought

	// Match is what came of comparing somebody with the holder, of which the
	// report says nothing; nil where nobody was compared.
	Match *verifier.Finding
}

// Own is what a service says of a badge that it keeps, beside what is signed.
// Addresses that are "" are not offered.
type Own struct {
	Code    string // printed code
	Links   Links
	Sharing *Sharing // nil: it is not passed on from here

	Register    *Register     // a change of status that the register has a reason for
	Earned      time.Time     // when it was earned, where what is signed does not say; may be zero
	Corrected   time.Time     // when it was corrected last; may be zero
	Remarks     [][]i18n.Part // what else there is to be said of it, a sentence each
	Translation *Translation  // of the achievement, in the language of the page; not signed
	Endorsed    []Endorsement
}

// Links are addresses of a badge of this service.
type Links struct {
	Page   string // the badge, absolute
	Verify string // where its QR code leads, absolute

	JSON, JWT, PNG, SVG, PDF string // downloads
	Print                    string // page that prints the badge on one sheet
	QRPNG, QRSVG             string // pictures of the code
	Image                    string // picture of the achievement, on this host
	Preview                  string // picture for link previews, absolute, a PNG
	PreviewWidth             int    // in pixels
	PreviewHeight            int
	Match                    string // where an e-mail address is compared with the holder's, by POST
	Second                   string // where another service's verifier checks the badge, absolute
	Newer                    string // page of a newer edition
	First                    string // page of the first edition
}

// Register is what the register of the service adds to a badge's status.
type Register struct {
	Since  time.Time // of the change; may be zero
	Reason string    // an identifier such as issued_in_error, or the operator's own words
}

// Translation is the achievement's text in a language that was not signed.
type Translation struct {
	Lang        i18n.Lang
	Name        string
	Description string
	Criteria    string // Markdown
}

// Verification writes the page of one badge and its verdict: the answer in one
// sentence, every check, everything that was signed, and what was not checked.
// Where the proof did not hold, it shows what the document claims as unproven,
// without links to follow.
func (s *Pages) Verification(w io.Writer, p *i18n.Printer, page VerificationPage) error {
	if page.Report == nil {
		page.Report = new(verifier.Report) // could not tell
	}
	if page.Own != nil && page.Own.Links.JSON != "" {
		return s.oneRound(w, func(c cut) verificationView { return s.verificationOf(p, page, c) })
	}
	return s.write(w, "verification", s.verificationOf(p, page, whole))
}

// verificationOf is what the page shows of a badge, within a measure.
func (s *Pages) verificationOf(p *i18n.Printer, page VerificationPage, c cut) verificationView {
	r, short := page.Report, &shortener{cut: c}
	v := verificationView{
		view:      s.view(p, page.Frame, words.Headline(p, r)),
		Verdict:   r.Verdict().String(),
		Glyph:     glyph(r.Verdict()),
		Remarks:   remarks(p, r),
		CheckedAt: r.CheckedAt,
		Proven:    words.Proven(r),
		NotTold:   notTold(p, r),
		Badges:    badges(p, r),
	}
	v.Word, v.Said = setOff(words.SummaryParts(p, r))
	v.checks(r, short)
	v.endorsed(r, short)
	if page.Match != nil {
		v.Match = matched(p, r, *page.Match)
	}
	v.Footnote, v.Tags = false, nil  // it stands beside the verdict; and what was brought is at no address
	v.Style = template.CSS(within()) //nolint:gosec // a file of ours
	room := s.markdown.page()
	if r.Document != nil && len(r.Badges) == 0 {
		v.document(r, room, short)
	}
	if page.Own != nil {
		v.own(r, page.Own, room, short)
		v.beside(page.Own.Endorsed, r, short)
	}
	v.Short = short.did
	return v
}

type verificationView struct {
	view
	Verdict   string
	Glyph     string
	Word      string
	Said      []i18n.Part
	Remarks   [][]i18n.Part
	CheckedAt time.Time
	Proven    bool
	Checks    []checkView // every one
	Made      []checkView // what was found
	Idle      []checkView // there was nothing to check, or no need to
	IdleTitle string
	Match     *checkView
	Endorsed  []endorsementView
	More      string // of the endorsements, that are not shown
	Beside    []besideView
	MoreOf    string // of what stands beside
	Short     bool   // not everything is here
	NotTold   []string
	Badges    []badgeView

	Name       string // of the achievement
	NameLang   string
	Fields     fields
	AllTitle   string
	All        []entry
	AllMore    string
	Signatures [][]row

	Links       Links
	Picture     string // of the achievement; "" where it would make a bad badge look good
	Code        string
	CopiesTitle string // offers to pass on only what holds
	Downloads   []download
	Sharing     *sharingView // nil where nothing is to be passed on
	Register    *registerView
	Earned      string
	Corrected   string
	Told        [][]i18n.Part // of the records of the service
	Translation *translationView
}

// badgeView is one badge of a presentation with several.
type badgeView struct {
	Outcome, Title, Result string
	Sentence               []i18n.Part
}

func badges(p *i18n.Printer, r *verifier.Report) []badgeView {
	outcomes := map[verifier.Verdict]verifier.Outcome{verifier.Valid: verifier.Passed, verifier.Warning: verifier.Warned, verifier.Invalid: verifier.Failed}
	var all []badgeView
	for _, b := range r.Badges {
		v := badgeView{Outcome: outcomes[b.Verdict()].String(), Title: p.Text("page.badge.unproven", nil),
			Result: words.Headline(p, b), Sentence: words.SummaryParts(p, b)}
		if s := subjectOf(b); s != nil && s.Achievement != nil && s.Achievement.Name != "" && words.Proven(b) {
			v.Title = words.Name(s.Achievement.Name, 120)
		}
		all = append(all, v)
	}
	return all
}

func subjectOf(r *verifier.Report) *badge.AchievementSubject {
	if r.Document == nil {
		return nil
	}
	return r.Document.View().CredentialSubject
}

type checkView struct {
	ID, Outcome, Code, Pointer, Detail string
	Title, Result                      string
	Sentence                           []i18n.Part
}

// endorsementView is what somebody else says. Who that is and what they say is
// shown where it is proven.
type endorsementView struct {
	checkView
	Issuer, Comment string
}

type download struct{ Href, Label string }

type registerView struct {
	Since  []i18n.Part
	Reason string
}

type translationView struct {
	Lang, Name, Description, Note string
	Criteria                      value
}

// glyph is the sign of a verdict; its shape tells as much as its colour.
func glyph(v verifier.Verdict) string {
	switch v {
	case verifier.Valid:
		return "pass"
	case verifier.Warning:
		return "warn"
	case verifier.Invalid:
		return "fail"
	}
	return "unknown"
}

// setOff splits a summary into the word of the verdict, with the sign that ends
// it, and what is said about it, so that the word can stand large. Read one
// after the other they are the summary still.
func setOff(parts []i18n.Part) (word string, said []i18n.Part) {
	if len(parts) < 2 || parts[0].Param != words.VerdictParam {
		return "", parts
	}
	rest := strings.TrimLeft(parts[1].Text, ".。:")
	word = parts[0].Text + strings.TrimSuffix(parts[1].Text, rest)
	said = slices.Clone(parts[1:])
	said[0].Text = strings.TrimLeft(rest, " ")
	return word, said
}

// remarks are the findings that a reader should see beside the verdict: who
// the issuer is when nobody we know vouches for it, and what is remarkable,
// unless the summary has said it. That a badge bears a name of this service's is
// said also where something is left open: whoever made it may have seen to that.
func remarks(p *i18n.Printer, r *verifier.Report) [][]i18n.Part {
	var out [][]i18n.Part
	decisive := r.Decisive()
	for _, f := range r.Findings {
		if !r.Verified() && !(r.Verdict() == verifier.Indeterminate && words.Proven(r) && borrows(f.Code)) {
			continue
		}
		said := f.Check == decisive.Check && f.Code == decisive.Code && p.Has("summary."+r.Verdict().String()+"."+string(f.Code))
		if f.Outcome == verifier.Warned && f.Check != verifier.CheckEndorsement && !said {
			out = append(out, words.SentenceParts(p, r, f))
		}
	}
	return out
}

func borrows(c verifier.Code) bool {
	return c == verifier.BorrowedAddress || c == verifier.BorrowedAchievement || c == verifier.BorrowedName
}

func (v *verificationView) checks(r *verifier.Report, short *shortener) {
	for _, f := range r.Findings {
		c := checkOf(v.Printer, r, f)
		c.Pointer, c.Detail = short.line(c.Pointer), short.line(c.Detail)
		v.Checks = append(v.Checks, c)
		if f.Outcome == verifier.Skipped {
			v.Idle = append(v.Idle, c)
		} else {
			v.Made = append(v.Made, c)
		}
	}
	v.IdleTitle = v.Text("verify.idle", i18n.Params{i18n.Count: len(v.Idle)})
}

// matched answers whether somebody is the holder, with a word of its own: a
// badge that is another person's is none the worse for it.
func matched(p *i18n.Printer, r *verifier.Report, f verifier.Finding) *checkView {
	v := checkOf(p, r, f)
	said := "verify.match.open"
	switch f.Outcome {
	case verifier.Passed:
		said = "verify.match.yes"
	case verifier.Warned:
		said = "verify.match.perhaps"
	case verifier.Failed:
		said = "verify.match.no"
	default:
		v.Outcome = verifier.Unknown.String()
	}
	v.Result = p.Text(said, nil)
	return &v
}

func checkOf(p *i18n.Printer, r *verifier.Report, f verifier.Finding) checkView {
	return checkView{
		ID: string(f.Check), Code: string(f.Code), Pointer: words.Visible(f.Pointer), Detail: words.Visible(f.Detail),
		Outcome: f.Outcome.String(), Title: words.Title(p, f.Check), Result: words.Result(p, f),
		Sentence: words.SentenceParts(p, r, f),
	}
}

// endorsed is what stands in the badge itself and others have said.
func (v *verificationView) endorsed(r *verifier.Report, short *shortener) {
	list, further := first(short, r.Endorsements)
	for _, e := range list {
		view := endorsementView{checkView: checkOf(v.Printer, e.Report, e.Finding)}
		if words.Proven(e.Report) {
			d := e.Report.Document
			view.Issuer = words.Line(d.IssuerID(), 200)
			view.Comment = short.line(words.Line(d.Root().Get("credentialSubject").Get("endorsementComment").Text(), 1000))
		}
		v.Endorsed = append(v.Endorsed, view)
	}
	if further > 0 {
		v.More = more(v.Printer, further)
	}
}

// beside is what others say of the badge that is not in it.
func (v *verificationView) beside(list []Endorsement, r *verifier.Report, short *shortener) {
	views, further := first(short, beside(v.Printer, list, r.Endorsements))
	for _, e := range views {
		e.Comment = short.line(e.Comment)
		v.Beside = append(v.Beside, e)
	}
	if further > 0 {
		v.MoreOf = more(v.Printer, further)
	}
}

// notTold lists what the reader may think was checked and was not.
func notTold(p *i18n.Printer, r *verifier.Report) []string {
	out := []string{p.Text("page.nottold.person", nil), p.Text("page.nottold.truth", nil), p.Text("page.nottold.links", nil)}
	var open []string
	for _, f := range r.Findings {
		if unasked(f) {
			open = append(open, words.Title(p, f.Check))
		}
	}
	if len(open) > 0 {
		out = append(out, p.Text("page.nottold.checks", i18n.Params{"Checks": strings.Join(open, " · ")}))
	}
	return out
}

func unasked(f verifier.Finding) bool {
	switch f.Code {
	case verifier.NotRun, verifier.NotAsked, verifier.NotRefreshed, verifier.NoStatus, verifier.EndorsementNotChecked:
		return f.Check != verifier.CheckSuspension || f.Code != verifier.NoStatus
	}
	return f.Outcome == verifier.Unknown
}

// document adds what stands in the badge.
func (v *verificationView) document(r *verifier.Report, room *layout, short *shortener) {
	d := r.Document
	scribe := &scribe{Printer: v.Printer, layout: room, short: short, trusted: v.Proven, checked: r.CheckedAt, vouched: vouched(v.Printer, r)}
	v.Fields = scribe.fieldsOf(d)
	v.NameLang = scribe.lang
	all := membersOf(d)
	short.entries(all)
	v.All = all.list
	title := "page.all"
	if !v.Proven {
		title = "page.all.claims"
	}
	v.AllTitle = v.Text(title, i18n.Params{i18n.Count: len(all.list) + all.more})
	if all.more > 0 {
		v.AllMore = v.Text("page.all.more", i18n.Params{i18n.Count: all.more})
	}
	v.Signatures = signatures(d)
	if a := d.View().CredentialSubject; a != nil && a.Achievement != nil {
		v.Name = short.line(words.Named(a.Achievement.Name))
	}
	if v.Proven && v.Name != "" {
		v.Title += " – " + short.line(words.Name(v.Name, 120))
	}
}

// vouched says whose word the name of a proven badge's issuer is.
func vouched(p *i18n.Printer, r *verifier.Report) string {
	if !words.Proven(r) {
		return ""
	}
	switch code := r.Finding(verifier.CheckIssuerTrust).Code; {
	case code == verifier.IssuerListed:
		return p.Text("verify.issuer.listed", nil)
	case code == verifier.IssuerNotListed, borrows(code):
		return p.Text("verify.issuer.own", nil)
	}
	return ""
}

// signatures tells how a badge is signed, in the words of the standard.
func signatures(d *badge.Document) [][]row {
	var out [][]row
	list := func(pairs ...string) {
		var rows []row
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				rows = append(rows, row{pairs[i], []value{code(pairs[i+1])}})
			}
		}
		if rows != nil {
			out = append(out, rows)
		}
	}
	for _, p := range d.Proofs() {
		list("type", p.Type, "cryptosuite", p.Cryptosuite, "created", p.Created, "expires", p.Expires,
			"proofPurpose", p.ProofPurpose, "verificationMethod", p.VerificationMethod)
	}
	if jws := d.JWS(); jws != nil {
		list("alg", jws.Header.Get("alg").Text(), "kid", jws.Header.Get("kid").Text())
	}
	return out
}

// own adds what the service knows of its own badge. A translation and the
// tags for previews are held back where nothing is proven.
func (v *verificationView) own(r *verifier.Report, own *Own, room *layout, short *shortener) {
	v.Links, v.Code, v.Register, v.Told = own.Links, own.Code, reason(v.Printer, r, own.Register), own.Remarks
	if v.Register != nil {
		v.Register.Reason = short.line(v.Register.Reason)
	}
	if !own.Earned.IsZero() {
		v.Earned = v.Date(own.Earned)
	}
	if !own.Corrected.IsZero() {
		v.Corrected = v.Date(own.Corrected)
	}
	certificate := own.Links.PDF
	if certificate != "" {
		certificate = v.Local(certificate)
	}
	for _, d := range []download{
		{own.Links.JSON, "page.copies.json"}, {own.Links.PNG, "page.copies.png"}, {own.Links.SVG, "page.copies.svg"},
		{certificate, "page.copies.pdf"}, {own.Links.JWT, "page.copies.jwt"},
	} {
		if d.Href != "" {
			v.Downloads = append(v.Downloads, download{d.Href, v.T(d.Label)})
		}
	}
	of := face.Of(v.Printer, r, face.Beside{})
	of.Signed.Title, of.Signed.Issuer = short.line(of.Signed.Title), short.line(of.Signed.Issuer)
	v.CopiesTitle = v.T("page.copies.files")
	if of.Holds() {
		v.CopiesTitle = v.T("page.copies")
	}
	if !v.Proven {
		return
	}
	if own.Links.Page != "" {
		v.Tags = tagsOf(v.Title, words.Summary(v.Printer, r), own.Links, own.Sharing)
	}
	v.Sharing = sharingOf(v.Printer, of, own.Links, own.Sharing)
	if r.Verified() {
		v.Picture = own.Links.Image
	}
	v.Translation = v.translation(r.Document, own.Translation, room, short)
}

func (v *verificationView) translation(d *badge.Document, t *Translation, room *layout, short *shortener) *translationView {
	signed := d.View().CredentialSubject
	if t == nil || signed == nil || signed.Achievement == nil || languageTag(string(t.Lang)) == "" {
		return nil
	}
	note := v.Text("page.translation", i18n.Params{"Language": words.Line(v.LanguageName(signed.Achievement.InLanguage), 60)})
	out := &translationView{Lang: string(t.Lang), Name: short.line(words.Named(t.Name)), Description: short.line(words.Visible(t.Description)), Note: note}
	out.Criteria = (&scribe{Printer: v.Printer, layout: room, short: short}).narrative(t.Criteria)
	return out
}

// since are the words for the day of a change of status.
var since = map[verifier.Code]string{
	verifier.Revoked: "verify.since.revoked", verifier.Suspended: "verify.since.suspended", verifier.Superseded: "verify.since.superseded",
}

// reason puts what the register says of a change into the reader's language.
func reason(p *i18n.Printer, r *verifier.Report, said *Register) *registerView {
	if said == nil || said.Since.IsZero() && said.Reason == "" {
		return nil
	}
	out := &registerView{Reason: face.Reason(p, said.Reason)}
	if !said.Since.IsZero() {
		id := since[r.Decisive().Code]
		if id == "" {
			id = "page.register.date"
		}
		out.Since = p.Parts(id, i18n.Params{"Date": said.Since})
	}
	return out
}
