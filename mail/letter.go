package mail

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"laurel/internal/i18n"
	"laurel/internal/smtp"
	"laurel/issuer"
)

// maxBadges bounds a letter with all badges of an address.
const maxBadges = 200

//go:embed letter.html
var files embed.FS

type letterPage struct{ *template.Template }

func newLetterPage() (*letterPage, error) {
	t, err := template.ParseFS(files, "letter.html")
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &letterPage{t}, nil
}

// told is what a letter says, for both of its forms. Names are those that were
// signed.
type told struct {
	*i18n.Printer
	Subject, Lead, Why string
	Private            string // how the links for the holder alone are to be treated
	Badges             []toldBadge
}

type toldBadge struct {
	Name, Issuer string
	Page         string // "" while the holder hides it
	Claim        string
	See, Decide  string // what the links are for
}

// write writes a letter from what the register says now; nil where there is
// nothing to be told.
func (o *Outbox) write(ctx context.Context, w waiting) (*smtp.Message, error) {
	address, err := o.cfg.Seal.OpenSecret(w.To)
	if err != nil {
		return nil, err
	}
	records, err := o.badges(ctx, w, string(address))
	if err != nil {
		return nil, err
	}
	t := told{Printer: o.cfg.Catalog.For(o.cfg.Catalog.Match("", w.Language))}
	for _, rec := range records {
		b, lang, err := o.badge(t.Printer, rec)
		if err != nil {
			return nil, err
		}
		if b == nil {
			continue
		}
		if w.Language == "" { // then that of what was signed
			t.Printer = o.cfg.Catalog.For(o.cfg.Catalog.Match("", lang))
			w.Language = lang
			b.See, b.Decide = t.Text("mail.see", nil), t.Text("mail.decide", nil)
		}
		t.Badges = append(t.Badges, *b)
	}
	if len(t.Badges) == 0 {
		return nil, nil
	}
	o.say(&t, w)
	var page bytes.Buffer
	if err := o.page.Execute(&page, t); err != nil {
		return nil, fmt.Errorf("writing a letter: %w", err)
	}
	return &smtp.Message{To: string(address), Subject: t.Subject, Text: t.plain(), HTML: page.String(),
		ID: w.seq + "@" + strings.Trim(strings.Split(o.host, ":")[0], "[]"), Language: t.Lang(), At: w.At}, nil
}

// say puts the sentences of a letter into its language.
func (o *Outbox) say(t *told, w waiting) {
	first := t.Badges[0]
	t.Private = t.Text("mail.private", nil)
	if w.kind == earned {
		t.Subject = t.Text("mail.earned.subject", i18n.Params{"Achievement": first.Name})
		t.Lead = t.Text("mail.earned.lead", i18n.Params{"Issuer": first.Issuer, "Achievement": first.Name})
		t.Why = t.Text("mail.earned.why", i18n.Params{"Issuer": first.Issuer, "Host": o.host})
		return
	}
	t.Subject = t.Text("mail.lost.subject", nil)
	t.Lead = t.Text("mail.lost.lead", i18n.Params{"Host": o.host})
	t.Why = t.Text("mail.lost.why", i18n.Params{"Host": o.host})
}

// badge is nil for one that is nobody's any more. lang is that of its text.
func (o *Outbox) badge(p *i18n.Printer, rec *issuer.Record) (b *toldBadge, lang string, err error) {
	claim := o.cfg.Issuer.Claim(rec)
	if claim == "" {
		return nil, "", nil
	}
	doc, err := rec.View()
	if err != nil {
		return nil, "", fmt.Errorf("reading credential %s as stored: %s", rec.ID, err.Error())
	}
	b = &toldBadge{Claim: o.cfg.BaseURL + "/c/" + claim, See: p.Text("mail.see", nil), Decide: p.Text("mail.decide", nil)}
	if rec.HiddenAt.IsZero() {
		b.Page = o.cfg.Issuer.CredentialURL(rec.ID)
	}
	c := doc.View()
	if c.Issuer != nil {
		b.Issuer = line(c.Issuer.Name)
	}
	if s := c.CredentialSubject; s != nil && s.Achievement != nil {
		b.Name, lang = line(s.Achievement.Name), s.Achievement.InLanguage
	}
	return b, lang, nil
}

// longest is how many characters of a name a letter has.
const longest = 200

// line tames a text that stands in a subject: one line, nothing that shows as
// nothing or turns the direction of what follows.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "…"
	}
	return s
}

// plain is the letter as plain text.
func (t told) plain() string {
	var b strings.Builder
	b.WriteString(t.Lead + "\n")
	for _, badge := range t.Badges {
		fmt.Fprintf(&b, "\n%s\n%s\n", badge.Name, badge.Issuer)
		if badge.Page != "" {
			fmt.Fprintf(&b, "%s\n%s\n", badge.See, badge.Page)
		}
		fmt.Fprintf(&b, "%s\n%s\n", badge.Decide, badge.Claim)
	}
	fmt.Fprintf(&b, "\n%s\n\n--\n%s\n", t.Private, t.Why)
	return b.String()
}
