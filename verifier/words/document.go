package words

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/internal/unseen"
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
	begins := d.ValidFrom()
	from, err := badge.ParseTime(begins)
	if err != nil || d.JWS() != nil {
		return begins
	}
	for _, proof := range d.Root().Get("proof").Each() {
		if signed, err := badge.ParseTime(proof.Get("created").Text()); err == nil && signed.Equal(from) {
			return ""
		}
	}
	return begins
}

// Counted returns a value of a result in the way of the reader's language, where
// its description tells what it counts: a number in percent has the sign of it. ok
// is false where there is nothing to add to what was signed.
func Counted(p *i18n.Printer, described badge.ResultDescription, value string) (text string, ok bool) {
	if described.ResultType != badge.ResultTypePercent {
		return "", false
	}
	return p.Percent(value)
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
	ascii, err := toASCII(strings.TrimSuffix(name, "."))
	if err != nil || ascii == "" || len(ascii) > 253 || strings.Trim(port, "0123456789") != "" {
		return ""
	}
	if port != "" {
		return ascii + ":" + port
	}
	return ascii
}

// toASCII is idna.Lookup, which leaves most names as they are.
func toASCII(name string) (string, error) {
	if isPlain(name) {
		return name, nil
	}
	return idna.Lookup.ToASCII(name)
}

// isPlain tells of a name whether it is of small letters and digits, with dots and
// hyphens only between two of them.
func isPlain(name string) bool {
	last := byte('.')
	for i := range len(name) {
		c := name[i]
		between := c == '.' || c == '-'
		if between && (last == '.' || last == '-') || !between && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
		last = c
	}
	return last != '.' && last != '-'
}

// Visible returns a text with every control, steering and hiding character
// replaced by its code in brackets; line breaks and tabs stay.
func Visible(s string) string { return unseen.Shown(s, unseen.Prose) }

// Named is Visible for a name, in which nothing else may be unseen either: two names
// that look alike are alike.
func Named(s string) string { return unseen.Shown(s, unseen.Name) }

// Line returns a text as one visible line of at most n characters.
func Line(s string, n int) string { return line(s, n, Visible) }

// Name returns a name as one visible line of at most n characters.
func Name(s string, n int) string { return line(s, n, Named) }

func line(s string, n int, visible func(string) string) string {
	if isLine(s, n) {
		return s
	}
	if len(s) > 9*n { // at most nine bytes are made of one
		s = strings.ToValidUTF8(s[:9*n], "")
	}
	line := []rune(strings.Join(strings.Fields(visible(s)), " "))
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
