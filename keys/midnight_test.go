package keys_test

import (
	"testing"
	"time"

	"laurel/keys"
)

// The end of a day may be written as 24:00:00, in key documents as in badges.
func TestKeyEndsAtMidnight(t *testing.T) {
	raw := document(t, object{
		"verificationMethod": []any{method(t, "k", object{"expires": "2026-12-31T24:00:00Z"})},
		"assertionMethod":    []any{owner + "#k"},
	})
	doc, err := keys.ParseControllerDocument(raw, owner)
	if err != nil {
		t.Fatal(err)
	}
	m, err := doc.Method(owner + "#k")
	if want := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); err != nil || !m.Expires.Equal(want) || m.Public == nil {
		t.Errorf("%+v, %v; want an end at %s", m, err, want)
	}
}
