package face

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"laurel/badge"
	"laurel/verifier/words"
)

// moment is a date-time of the document; zero where it cannot be read.
func moment(written string) time.Time {
	at, err := badge.ParseTime(written)
	if err != nil {
		return time.Time{}
	}
	return at
}

// text is a text of several lines, visible and cut to longText characters.
func text(s string) string {
	if len(s) > utf8.UTFMax*longText {
		s = strings.ToValidUTF8(s[:utf8.UTFMax*longText], "")
	}
	if chars := []rune(words.Visible(s)); len(chars) > longText {
		return string(chars[:longText-1]) + "…"
	}
	return words.Visible(s)
}

// languageTag is a tag that can be relied on to be one, or "".
func languageTag(s string) string {
	if tag, err := language.Parse(s); err == nil {
		return tag.String()
	}
	return ""
}

// hostOf is the host of an address of ours, with its port.
func hostOf(baseURL string) string {
	_, host, _ := strings.Cut(baseURL, "://")
	return host
}
