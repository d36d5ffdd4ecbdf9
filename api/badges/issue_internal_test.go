package badges

import (
	"bytes"
	"testing"
	"time"

	"laurel/api/wire"
	"laurel/issuer"
)

// TestAnswersAreWrittenAsEncodingJSONDoes: a badge that is put behind the rest
// makes the same answer, and is in it byte for byte.
func TestAnswersAreWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, document := range []string{"", `{"id":"x","name":"<a> & \u2028` + "\u2028é" + `","proof":[{}]}`} {
		rec := &issuer.Record{ID: "vu6mva-7oeLxsdCKwI3v7D", Edition: 1, Issuer: "academy", Achievement: "first-aid", Version: "1",
			Status: issuer.Active, AwardedAt: time.Unix(1e9, 0), IssuedAt: time.Unix(1e9, 0), Document: []byte(document)}
		body := answer("https://badges.example", &issuer.Issued{Record: rec, Existing: true}, "claim")
		want, err := wire.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := body.encode()
		if err != nil || !bytes.Equal(got, want) || !bytes.Contains(got, []byte(document)) {
			t.Errorf("%v\n%s\nencoding/json:\n%s", err, got, want)
		}
	}
}
