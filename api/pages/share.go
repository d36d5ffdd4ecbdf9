package pages

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// Sharing is what the sharing of a badge needs beside what is signed. All
// addresses are absolute.
type Sharing struct {
	ID           string    // public id of the badge
	Awarded      time.Time // as the register knows it; zero for not known
	Organization string    // number of the issuer at LinkedIn; "" for none
	Embed        string    // address of the view for frames
	OEmbed       string    // address at which other sites ask how to frame it
}

// The size of the view for frames, in CSS pixels.
const (
	EmbedWidth  = 360
	EmbedHeight = 180
)

// tags are what programs read of a page before people see it: Open Graph and
// its relatives. They are the same for every agent.
type tags struct {
	Title, Description, URL, Image string
	Width, Height                  int
	OEmbed                         string
}

// sharingView is the part of a page from which a badge is passed on.
type sharingView struct {
	Link     string
	LinkedIn string // adds it to a profile
	Post     string // posts its link
	Mail     string
	Fields   []sharedField // what LinkedIn asks for, to be copied by hand
	Embed    string        // markup for other sites
}

type sharedField struct{ ID, Label, Value string }

// tagsOf are the tags of a badge's page, whose title and summary begin with the
// verdict.
func tagsOf(title, summary string, links Links, share *Sharing) *tags {
	t := &tags{Title: title, Description: summary, URL: links.Page, Image: links.Preview, Width: links.PreviewWidth, Height: links.PreviewHeight}
	if share != nil {
		t.OEmbed = share.OEmbed
	}
	return t
}

// sharingOf is nil for what is not in force, under review, a trial or not proven:
// nobody is helped to pass that on.
func sharingOf(p *i18n.Printer, f face.Face, links Links, share *Sharing) *sharingView {
	if share == nil || !f.Holds() {
		return nil
	}
	add := linkedInOf(f.Signed, links.Verify, share)
	v := &sharingView{Link: links.Page, LinkedIn: add.address(), Post: "https://www.linkedin.com/sharing/share-offsite/?url=" + encoded(links.Page)}
	v.Mail = "mailto:?subject=" + encoded(p.Text("share.mail.subject", i18n.Params{"Achievement": f.Signed.Title})) +
		"&body=" + encoded(p.Text("share.mail.body", i18n.Params{"Achievement": f.Signed.Title, "Link": links.Page}))
	for _, field := range []sharedField{
		{"share-name", "share.linkedin.name", add.name}, {"share-issuer", "share.linkedin.organization", f.Signed.Issuer},
		{"share-issued", "share.linkedin.issued", month(add.issued)}, {"share-expires", "share.linkedin.expires", month(add.expires)},
		{"share-id", "share.linkedin.id", share.ID}, {"share-url", "share.linkedin.url", links.Verify},
	} {
		if field.Value == "" && field.ID == "share-issued" {
			continue
		}
		field.Value = cmp.Or(field.Value, p.Text("share.linkedin.never", nil))
		field.Label = p.Text(field.Label, nil)
		v.Fields = append(v.Fields, field)
	}
	v.Embed = IFrame(share.Embed, f.Signed.Title)
	return v
}

// linkedIn is what LinkedIn is told of a badge that its holder adds to a profile.
type linkedIn struct {
	name, organization, organizationID string
	issued, expires                    time.Time
	url, id                            string
}

// linkedInOf takes the day of the award from the register where none is signed,
// as in a corrected badge: the beginning of validity is another day.
func linkedInOf(s face.Signed, verify string, share *Sharing) linkedIn {
	l := linkedIn{name: s.Title, organization: s.Issuer, organizationID: share.Organization, issued: s.Awarded, expires: s.ValidUntil,
		url: verify, id: share.ID}
	if l.issued.IsZero() {
		l.issued = share.Awarded
	}
	return l
}

// address is the link that fills in LinkedIn's form, in the order of its own
// description. Months have no leading zero, and a day that is not known or never
// comes has no pair.
func (l linkedIn) address() string {
	var b strings.Builder
	b.WriteString("https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME")
	put := func(name, value string) { b.WriteString("&" + name + "=" + encoded(value)) }
	pair := func(what string, at time.Time) {
		if !at.IsZero() {
			put(what+"Year", strconv.Itoa(at.UTC().Year()))
			put(what+"Month", strconv.Itoa(int(at.UTC().Month())))
		}
	}
	put("name", l.name)
	if l.organizationID != "" {
		put("organizationId", l.organizationID)
	} else {
		put("organizationName", l.organization)
	}
	pair("issue", l.issued)
	pair("expiration", l.expires)
	put("certUrl", l.url)
	put("certId", l.id)
	return b.String()
}

// encoded is percent-encoding for every reader of it: a + would stay one in a
// mail.
func encoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// IFrame is the markup by which another site shows a badge.
func IFrame(address, title string) string {
	return fmt.Sprintf(`<iframe src="%s" width="%d" height="%d" title="%s" loading="lazy" style="border:0"></iframe>`,
		html.EscapeString(address), EmbedWidth, EmbedHeight, html.EscapeString(title))
}

// EmbedPage is a badge in a frame of another site.
type EmbedPage struct {
	Frame
	Report *verifier.Report
	Page   string // of the badge, absolute
	Image  string // of the achievement; "" for none
}

type embedView struct {
	view
	Verdict, Word, Glyph, Link, Image string
	Said                              []i18n.Part
}

// Embed writes the view for frames: how the badge stands, and where to see more.
// The picture of the achievement is shown of what is good alone.
func (s *Pages) Embed(w io.Writer, p *i18n.Printer, page EmbedPage) error {
	r := page.Report
	f := face.Of(p, r, face.Beside{})
	v := embedView{view: s.view(p, page.Frame, f.Headline), Verdict: r.Verdict().String(), Glyph: glyph(r.Verdict()), Link: page.Page}
	v.Word, v.Said = setOff(words.SummaryParts(p, r))
	if f.Holds() {
		v.Image = page.Image
	}
	return s.write(w, "embed", v)
}

// locales are those of Open Graph, which has no plain languages.
var locales = map[string]string{"ar": "ar_AR", "en": "en_US", "es": "es_ES", "fr": "fr_FR", "ru": "ru_RU", "zh": "zh_CN"}

// Locale is the language of the page as Open Graph writes it.
func (v view) Locale() string { return locales[v.Lang()] }

// OtherLocales are those of the other languages that the page comes in.
func (v view) OtherLocales() (others []string) {
	for _, c := range v.Choices {
		if !c.Current {
			others = append(others, locales[c.Lang()])
		}
	}
	return others
}

func month(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01")
}
