package verify

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"laurel/api/face"
	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/studio"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/draw"
	"laurel/internal/i18n"
	"laurel/internal/unseen"
	"laurel/issuer"
	"laurel/programme"
	"laurel/verifier"
)

// FormAction is where the form of the pages leads.
const FormAction = "/verify"

// Config is what a Handler works with; every field but Fetch and Archive is required.
type Config struct {
	Desk   *Desk
	Issuer *issuer.Issuer
	// Programme knows what there is to be said of a badge beside its record.
	Programme *programme.Programme
	Pages     *pages.Pages
	Catalog   *i18n.Catalog
	BaseURL   string
	// Fetch gets a badge of another service by its address, with errors of
	// package fetch; nil where none is fetched.
	Fetch func(ctx context.Context, url string) ([]byte, error)
	// Beside finds what others say about a badge, its achievement and its issuer,
	// by their ids, as it stands now.
	Beside func(ctx context.Context, subjects ...string) ([]pages.Endorsement, error)
	Studio *studio.Studio
	// Describe turns an error into the problem that the form's page speaks of.
	Describe func(err error) wire.Problem
	// Archive: pages are kept in files, and offer nothing that takes a service.
	Archive bool
}

// Handler answers verifications.
type Handler struct {
	desk      *Desk
	issuer    *issuer.Issuer
	programme *programme.Programme
	pages     *pages.Pages
	catalog   *i18n.Catalog
	baseURL   string
	host      string
	fetch     func(ctx context.Context, url string) ([]byte, error)

	beside   func(ctx context.Context, subjects ...string) ([]pages.Endorsement, error)
	studio   *studio.Studio
	fetching *limit.Gate
	describe func(err error) wire.Problem
	archive  bool
}

// maxFetching is how many badges of other services are fetched at once: each
// takes memory before it is known to be one.
const maxFetching = 12

// New makes a Handler.
func New(cfg Config) *Handler {
	_, host, _ := strings.Cut(cfg.BaseURL, "://")
	return &Handler{desk: cfg.Desk, issuer: cfg.Issuer, programme: cfg.Programme, pages: cfg.Pages, catalog: cfg.Catalog,
		baseURL: cfg.BaseURL, host: host, fetch: cfg.Fetch, describe: cfg.Describe, archive: cfg.Archive, beside: cfg.Beside, studio: cfg.Studio,
		fetching: limit.NewGate(maxFetching, maxFetching, patience)}
}

// Verify answers POST /v1/verify: 200 with a report for every verdict.
func (h *Handler) Verify(w http.ResponseWriter, r *http.Request) error {
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	q, err := wire.Query(r, "challenge", "domain")
	if err != nil {
		return err
	}
	b, err := h.bring(w, r)
	if err != nil {
		return err
	}
	report, err := h.desk.Report(r.Context(), b.submission, verifier.Options{Challenge: q.Get("challenge"), Domain: q.Get("domain")})
	if err != nil {
		return err
	}
	return h.writeReport(w, r, report, b)
}

func (h *Handler) writeReport(w http.ResponseWriter, r *http.Request, report *verifier.Report, b *brought) error {
	p := wire.Printer(r, h.catalog)
	ours, err := h.known(r.Context(), b, report)
	if err != nil {
		return err
	}
	out := ReportJSON(report, p)
	if b.record != nil || ours.telling() {
		out.Register = registerOf(ours.record)
		out.Register.Remarks = remarksOf(p, ours.remarks)
	}
	if newer := newerEdition(report); newer != "" {
		if out.Register == nil {
			out.Register = &Register{Status: string(issuer.Superseded)}
		}
		out.Register.Newer = newer
	}
	h.neverKept(w)
	return out.write(w, r, p)
}

// neverKept marks an answer that is true only now.
func (h *Handler) neverKept(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", wire.NoStore)
	wire.Vary(w, "Accept", "Accept-Language")
}

// newerEdition is the address of the edition that has replaced a badge, where
// it is one of ours.
func newerEdition(report *verifier.Report) string {
	return report.Finding(verifier.CheckRevocation).Params[verifier.ParamNewer]
}

func registerOf(rec *issuer.Record) *Register {
	out := &Register{Status: string(rec.Status)}
	if !rec.StatusAt.IsZero() {
		out.Since = badge.FormatTime(rec.StatusAt)
	}
	out.Reason = face.ReasonOf(rec)
	return out
}

// View answers GET /v/{id}, where every QR code leads.
func (h *Handler) View(w http.ResponseWriter, r *http.Request) error {
	format := r.URL.Query().Get("format")
	if format != "" && format != "json" && format != "html" {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter format is json or html."}
	}
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	id, err := h.idOf(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	b, err := h.asked(r, id)
	if err != nil {
		return err
	}
	if format == "json" || format == "" && wire.Negotiate(r, "text/html", "application/json") == "application/json" {
		report, err := h.desk.Report(r.Context(), b.submission, verifier.Options{})
		if err != nil {
			return err
		}
		return h.writeReport(w, r, report, b)
	}
	return h.page(w, r, b, verifier.Options{})
}

// Page answers with the page of one of our badges; it is what GET
// /credentials/{id} shows to people.
func (h *Handler) Page(w http.ResponseWriter, r *http.Request) error {
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	b, err := h.asked(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.page(w, r, b, verifier.Options{})
}

// asked is the badge that an address of ours stands for: the current edition,
// or with ?edition= an earlier one that may be shown.
func (h *Handler) asked(r *http.Request, id string) (*brought, error) {
	n, err := wire.Number(r.URL.Query(), "edition", 0, 1, issuer.MaxEdition)
	if err != nil {
		return nil, err
	}
	return h.own(r.Context(), id, n, false)
}

// page verifies a badge now and shows it. Only a badge of our register has
// anything beside what is signed.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, b *brought, opts verifier.Options) error {
	said, ctx := errgroup.WithContext(r.Context())
	var beside []pages.Endorsement
	if b.record != nil {
		said.Go(func() (err error) {
			beside, err = h.besideOwn(ctx, b.record)
			return err
		})
	}
	report, err := h.desk.Report(r.Context(), b.submission, opts)
	if err := errors.Join(err, said.Wait()); err != nil {
		return err
	}
	report, match := apart(report, opts)
	p := wire.Printer(r, h.catalog)
	ours, err := h.known(r.Context(), b, report)
	if err != nil {
		return err
	}
	page := pages.VerificationPage{Frame: h.frame(), Report: report, Match: match}
	page.Frame.Again = b.again
	if ours.telling() {
		page.Own = &pages.Own{Links: pages.Links{Newer: newerEdition(report)}, Register: statusOf(ours.record)}
	}
	if b.record != nil {
		own, err := h.ownPage(r, p, b.record)
		if err != nil {
			return err
		}
		own.Links.Newer = newerEdition(report)
		own.Endorsed = beside
		if h.archive {
			filed(own)
		}
		page.Own = own
		page.Frame.Canonical = own.Links.Page
		page.Frame.Again, page.Frame.Here = nil, wire.Here(r)
		if r.Method == http.MethodPost {
			page.Frame.Here = "/v/" + b.record.ID + EditionQuery(b.record)
		}
	}
	for _, remark := range ours.remarks {
		page.Own.Remarks = append(page.Own.Remarks, sentence(p, remark))
	}
	h.neverKept(w)
	wire.AllowStyle(w, h.pages.StyleSource())
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Verification(w, p, page) })
}

// frame is what stands around every page.
func (h *Handler) frame() pages.Frame {
	f := pages.Frame{Host: h.host}
	if !h.archive {
		f.Languages = h.catalog.Languages()
	}
	return f
}

// apart takes out of a report whether somebody is the holder: the page answers
// that by itself, because a badge that is another person's is none the worse.
func apart(report *verifier.Report, opts verifier.Options) (*verifier.Report, *verifier.Finding) {
	if opts.Recipient == nil {
		return report, nil
	}
	match := report.Finding(verifier.CheckRecipient)
	without := *report
	without.Findings = slices.Clone(report.Findings)
	for n, f := range without.Findings {
		if f.Check == verifier.CheckRecipient && f.Code != verifier.NotRun {
			without.Findings[n] = verifier.Finding{Check: f.Check, Outcome: verifier.Skipped, Code: verifier.NotAsked}
		}
	}
	return &without, &match
}

// besideOwn is what others say of a badge of ours, of its achievement and of its
// issuer: by the ids that are signed.
func (h *Handler) besideOwn(ctx context.Context, rec *issuer.Record) ([]pages.Endorsement, error) {
	doc, err := rec.View()
	if err != nil {
		return nil, err
	}
	c := doc.View()
	subjects := []string{c.ID, doc.IssuerID()}
	if c.CredentialSubject != nil && c.CredentialSubject.Achievement != nil {
		subjects = append(subjects, c.CredentialSubject.Achievement.ID)
	}
	return h.beside(ctx, subjects...)
}

// secondVerifier is the page of a verifier that others keep, which fetches a
// badge from the address that follows. Nothing of it is loaded here.
const secondVerifier = "https://verifierplus.org/#verify?vc="

// ownPage is what the register knows of a badge of ours.
func (h *Handler) ownPage(r *http.Request, p *i18n.Printer, rec *issuer.Record) (*pages.Own, error) {
	path := "/credentials/" + rec.ID
	image := "/achievements/" + rec.SignedAchievement() + "/image.png"
	own := &pages.Own{Code: issuer.PrintedCode(rec.ID), Links: pages.Links{
		Page: h.baseURL + path, Verify: h.baseURL + "/v/" + rec.ID,
		JSON: path + ".json", JWT: path + ".jwt", PNG: path + ".png", SVG: path + ".svg", QRPNG: path + "/qr.png", QRSVG: path + "/qr.svg",
		Image: image, Preview: h.baseURL + path + "/preview.png?lang=" + p.Lang(), PreviewWidth: draw.PreviewWidth, PreviewHeight: draw.PreviewHeight, Match: "/v/" + rec.ID + "/match",
	}}
	if rec.Status == issuer.Active {
		own.Links.PDF, own.Links.Print = path+".pdf", path+"/print"
	}
	own.Register = statusOf(rec)
	profile, err := h.issuer.Profile(r.Context(), rec.Issuer)
	if err != nil {
		return nil, err
	}
	own.Sharing = SharingOf(h.baseURL, rec, profile)
	if err := h.ownEdition(r, own, rec); err != nil {
		return nil, err
	}
	own.Links.Second = secondVerifier + url.QueryEscape(h.baseURL+own.Links.JSON)
	a, err := h.issuer.Achievement(r.Context(), rec.SignedAchievement())
	if errors.Is(err, issuer.ErrNotFound) {
		return own, nil
	} else if err != nil {
		return nil, err
	}
	own.Translation = translation(a, rec, i18n.Lang(p.Lang()))
	return own, nil
}

// filed leaves of a page what files can answer: what is downloaded, and the
// picture of the achievement.
func filed(own *pages.Own) {
	l := &own.Links
	own.Sharing = nil
	own.Links = pages.Links{Page: l.Page, Verify: l.Verify, JSON: l.JSON, JWT: l.JWT, PNG: l.PNG, SVG: l.SVG, Image: l.Image, Second: l.Second, Newer: l.Newer}
}

// SharingOf is what the sharing of a badge needs beside what is signed.
func SharingOf(baseURL string, rec *issuer.Record, p *issuer.Profile) *pages.Sharing {
	address, edition := baseURL+"/credentials/"+rec.ID, EditionQuery(rec)
	return &pages.Sharing{ID: rec.ID, Awarded: rec.AwardedAt, Organization: p.LinkedIn, Embed: address + "/embed" + edition,
		OEmbed: baseURL + "/oembed?format=json&url=" + url.QueryEscape(address+edition)}
}

// EditionQuery is what the addresses of an edition that was replaced end with; ""
// for the current one, whose addresses stay with the badge.
func EditionQuery(rec *issuer.Record) string {
	if rec.Status != issuer.Superseded {
		return ""
	}
	return "?edition=" + strconv.Itoa(rec.Edition)
}

// statusOf is what there is to be said of a change of status; nil for none.
func statusOf(rec *issuer.Record) *pages.Register {
	if rec.Status == issuer.Active {
		return nil
	}
	return &pages.Register{Since: rec.StatusAt, Reason: registerOf(rec).Reason}
}

// ownEdition adds what there is to be said of a later edition, and of one that
// was replaced.
func (h *Handler) ownEdition(r *http.Request, own *pages.Own, rec *issuer.Record) error {
	links := &own.Links
	if query := EditionQuery(rec); query != "" {
		links.Page, links.JSON, links.JWT, links.Match = links.Page+query, links.JSON+query, links.JWT+query, links.Match+query
		links.Preview += "&edition=" + strconv.Itoa(rec.Edition)
	}
	if rec.Edition == 1 {
		return nil
	}
	own.Earned = rec.AwardedAt // what is signed begins with the edition
	before, _, err := h.issuer.Edition(r.Context(), rec.ID, rec.Edition-1)
	if err != nil {
		return err
	}
	if before.ReplacedBy == issuer.ByCorrection {
		own.Corrected = rec.IssuedAt
	}
	_, public, err := h.issuer.Edition(r.Context(), rec.ID, 1)
	if public {
		links.First = h.baseURL + "/credentials/" + rec.ID + "?edition=1"
	}
	return err
}

// translation is the achievement in the reader's language, where the badge was
// signed in another and the template has not changed since.
func translation(a *issuer.Achievement, rec *issuer.Record, lang i18n.Lang) *pages.Translation {
	name, ok := a.Name[string(lang)]
	if !ok || string(lang) == a.InLanguage || a.Version != rec.Version {
		return nil
	}
	return &pages.Translation{Lang: lang, Name: name, Description: a.Description[string(lang)], Criteria: a.Criteria[string(lang)]}
}

// Form answers the form of the start page, always with a page.
func (h *Handler) Form(w http.ResponseWriter, r *http.Request) error {
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	fields, err := h.fields(w, r)
	if err != nil {
		return h.unreadable(w, r, err, form{})
	}
	r = inLanguageOf(r, fields)
	if fault, ok := pages.FaultNamed(string(fields[pages.FieldTold])); ok {
		return h.tell(w, r, http.StatusBadRequest, pages.UnreadablePage{Fault: fault})
	}
	if raw, err := base64.StdEncoding.DecodeString(string(fields[pages.FieldAgain])); err == nil && len(raw) > 0 {
		fields[pages.FieldFile] = raw
	}
	given := formOf(fields)
	b, err := h.bringForm(r, given)
	if err != nil {
		return h.unreadable(w, r, err, given)
	}
	return h.page(w, r, b, verifier.Options{})
}

// inLanguageOf gives a request the language of the page that its form stood on.
func inLanguageOf(r *http.Request, fields map[string][]byte) *http.Request {
	lang := string(fields[pages.FieldLang])
	if lang == "" {
		return r
	}
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Set("lang", lang)
	r.URL.RawQuery = q.Encode()
	return r
}

func (h *Handler) fields(w http.ResponseWriter, r *http.Request) (map[string][]byte, error) {
	switch wire.MediaType(r) {
	case "multipart/form-data":
		return wire.ReadForm(w, r, verifier.MaxBytes)
	case "application/x-www-form-urlencoded":
	default:
		return nil, &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "This address takes what the form of the start page sends."}
	}
	raw, err := wire.ReadBody(w, r, maxUpload)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, &wire.Fault{Code: wire.MalformedBody, Detail: "The form cannot be read; encode its fields."}
	}
	fields := map[string][]byte{}
	for name := range values {
		fields[name] = []byte(values.Get(name))
	}
	return fields, nil
}

// maxAgain is the most of a badge that stands in a page, to be sent again in another
// language, in bytes. Honest badges have some thousand.
const maxAgain = 128 << 10

// maxRepeated is the most of a link or code that was not found and stands in the
// page, to be sent again, in bytes.
const maxRepeated = 2 << 10

// bringForm reads what a form brought, and what it takes to be asked again.
func (h *Handler) bringForm(r *http.Request, given form) (b *brought, err error) {
	ctx, text := r.Context(), strings.TrimSpace(given.text)
	switch {
	case given.file != nil:
		b, err = h.recognise(ctx, given.file)
	case given.typed == document:
		b, err = h.recognise(ctx, []byte(given.text))
	case given.typed == address:
		b, err = h.byAddress(ctx, h.whole(text))
	case given.typed == code:
		b, err = h.byCode(ctx, text)
	default:
		err = &badge.Error{Code: badge.ParsingError, Rule: "empty", Detail: "No field of the form is filled in."}
	}
	if err != nil {
		return nil, err
	}
	b.again = againOf(given, b)
	return b, nil
}

// whole is an address of ours that was typed from paper, where no scheme stands.
func (h *Handler) whole(text string) string {
	scheme, host, _ := strings.Cut(h.baseURL, "://")
	if at, ok := strings.CutPrefix(text, host+"/"); ok {
		return scheme + "://" + host + "/" + at
	}
	return text
}

// againOf is what brings a badge of others once more: its address, or as much of a
// file as is the badge.
func againOf(given form, b *brought) *pages.Again {
	if given.typed == address && !unseen.In(given.text, unseen.Name) {
		return &pages.Again{Field: pages.FieldAddress, Value: given.text}
	}
	if d := b.submission.Document(); d != nil && len(d.Raw()) <= maxAgain {
		return &pages.Again{Field: pages.FieldAgain, Value: base64.StdEncoding.EncodeToString(d.Raw())}
	}
	return &pages.Again{Field: pages.FieldTold, Value: pages.FaultAgain.String()}
}

// unreadable shows why a badge that was brought by the form could not be read.
// What is no fault of what was brought is left to the page of problems.
func (h *Handler) unreadable(w http.ResponseWriter, r *http.Request, err error, given form) error {
	problem := h.describe(err)
	if problem.Status == http.StatusNotFound {
		p, frame := wire.Printer(r, h.catalog), h.frame()
		frame.Again = &pages.Again{Field: pages.FieldAddress, Value: unseen.Shown(given.text, unseen.Name)}
		if given.text == "" || len(given.text) > maxRepeated {
			frame.Again = &pages.Again{Field: pages.FieldTold, Value: pages.FaultAgain.String()}
		}
		h.neverKept(w)
		return wire.WritePage(w, p, problem.Status, func(w io.Writer) error {
			return h.pages.NotFound(w, p, pages.NotFoundPage{Frame: frame, Code: given.typed == code, Action: FormAction})
		})
	}
	fault, ok := unreadable[wire.Code(problem.Code)]
	if !ok && problem.Status != http.StatusBadRequest {
		return err
	}
	return h.tell(w, r, problem.Status, pages.UnreadablePage{Fault: fault, Detail: problem.Detail})
}

// tell answers with a page that has nothing in it of what was brought, so that the
// name of the fault is all it takes to tell it again.
func (h *Handler) tell(w http.ResponseWriter, r *http.Request, status int, page pages.UnreadablePage) error {
	p := wire.Printer(r, h.catalog)
	page.Frame, page.Action = h.frame(), FormAction
	page.Frame.Again = &pages.Again{Field: pages.FieldTold, Value: page.Fault.String()}
	h.neverKept(w)
	return wire.WritePage(w, p, status, func(w io.Writer) error { return h.pages.Unreadable(w, p, page) })
}

// unreadable has the faults that a page speaks of; other requests that cannot
// be understood are malformed, the zero fault.
var unreadable = map[wire.Code]pages.Fault{
	"empty":                   pages.FaultEmpty,
	"no_badge_in_image":       pages.FaultNoBadgeInside,
	"no_badge_in_pdf":         pages.FaultNoBadgeInside,
	wire.TooLarge:             pages.FaultTooLarge,
	wire.TooManyValues:        pages.FaultTooLarge,
	wire.UnsupportedMediaType: pages.FaultUnsupportedType,
	wire.AddressNotSupported:  pages.FaultUnreachable,
	wire.AddressUnreachable:   pages.FaultUnreachable,
}
