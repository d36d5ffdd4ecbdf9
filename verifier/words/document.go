package words

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"laurel/badge"
)

// Holder returns the name of the recipient as it stands in a badge, or "" when
// no name stands there in plain text.
func Holder(d *badge.Document) string {
	if name := d.View().CredentialSubject.HolderName(); name != "" {
		return name
	}
	return d.Root().Get("credentialSubject").Get("name").Text()
}

// Awarded returns the day that a badge gives as that of the award, as written
// there: awardedDate, else the beginning of validity, which VC data model 1.1
// calls issuanceDate; "" for none. A badge that begins when it was signed tells
// no such day: it may be a later edition of one that was awarded long before.
func Awarded(d *badge.Document) string {
	if given := d.View().AwardedDate; given != "" {
		return given
	}
	from, err := badge.ParseTime(d.ValidFrom())
	for _, proof := range d.Proofs() {
		signed, unreadable := badge.ParseTime(proof.Object.Get("created").Text())
		if err == nil && unreadable == nil && signed.Equal(from) {
			return ""
		}
	}
	return d.ValidFrom()
}

func achievement(d *badge.Document) *badge.Achievement {
	if s := d.View().CredentialSubject; s != nil {
		return s.Achievement
	}
	return nil
}

// Host returns the host, with port if any, that an issuer's identifier belongs
// to: that of an https address or of a did:web. It is "" for identifiers that
// belong to no host. International names come in their ASCII form, in which
// look-alikes differ.
func Host(issuerID string) string {
	host := ""
	if rest, ok := strings.CutPrefix(issuerID, "did:web:"); ok {
		encoded, _, _ := strings.Cut(rest, ":")
		if decoded, err := url.PathUnescape(encoded); err == nil {
			host = decoded
		}
	} else if u, err := url.Parse(issuerID); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		host = u.Host
	}
	name, port, _ := strings.Cut(host, ":")
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil || ascii == "" || len(ascii) > 253 || strings.Trim(port, "0123456789") != "" {
		return ""
	}
	if port != "" {
		return ascii + ":" + port
	}
	return ascii
}

// steering are the characters that change how the text around them is read or
// set: they are shown, not obeyed (Unicode TR 36 section 2.9, TR 9).
var steering = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x2028, Hi: 0x202E, Stride: 1}, // separators, embeddings, overrides
	{Lo: 0x2066, Hi: 0x2069, Stride: 1}, // isolates
	{Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1},
	{Lo: 0xFFF9, Hi: 0xFFFB, Stride: 1},
}}

// Visible returns a text with every control and steering character replaced by
// its code in brackets; line breaks and tabs stay.
func Visible(s string) string {
	hidden := func(r rune) bool {
		return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' || unicode.Is(steering, r)
	}
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		if hidden(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Line returns a text as one visible line of at most n characters.
func Line(s string, n int) string {
	if isLine(s, n) {
		return s
	}
	if len(s) > 8*n { // Visible makes at most eight bytes of one
		s = strings.ToValidUTF8(s[:8*n], "")
	}
	line := []rune(strings.Join(strings.Fields(Visible(s)), " "))
	if len(line) > n {
		return string(line[:n-1]) + "…"
	}
	return string(line)
}

// isLine tells of most texts that they are one line already.
func isLine(s string, n int) bool {
	last := byte(' ')
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && last == ' ' {
			return false
		}
		last = s[i]
	}
	return len(s) <= n && last != ' '
}
