//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at what is drawn.

package certificate_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/api/certificate"
	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/internal/processortest"
	"laurel/internal/typeset"
)

// TestHostileTexts: one page, soon, whatever the texts are.
func TestHostileTexts(t *testing.T) {
	lib := typeset.Open(nil)
	words := catalog(t)
	pieces := []string{"a", "Ω", "ж", "م", "ل", "ا", "\u0301", "\u202e", "\u2066", "\u200d", "\x00", "\n", "<b>", "%PDF", "endstream endobj", "(", ")", "\\", "]]>", "&", "𝒳", "\ufffd", " ", strings.Repeat("w", 300)}
	rapid.Check(t, func(t *rapid.T) {
		hostile := func(most int) string {
			text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 120).Draw(t, "text"), "")
			return string([]rune(text)[:min(most, len([]rune(text)))])
		}
		f := good()
		f.Signed = face.Signed{Title: hostile(200), Description: hostile(1000), Holder: hostile(200), Issuer: hostile(200), Role: hostile(200), Credits: hostile(30),
			Results: []face.Result{{Name: hostile(200), Value: hostile(200)}}, Language: "en", Awarded: day(2025, 7, 14), At: day(2025, 7, 14)}
		f.Headline, f.Summary, f.Trial = hostile(100), hostile(400), true
		var b bytes.Buffer
		began := processortest.Time()
		err := certificate.Write(&b, lib, words.For(i18n.English), certificate.Card{Face: f, Document: []byte(hostile(1000))})
		if errors.Is(err, certificate.ErrLetters) {
			return
		}
		if err != nil || b.Len() > 1<<20 || bytes.Count(b.Bytes(), []byte("/Type /Page ")) != 1 || processortest.Time()-began > 10*time.Second {
			t.Fatalf("%v, %d bytes, %v", err, b.Len(), processortest.Time()-began)
		}
	})
}
