package verifier_test

import (
	"errors"
	"testing"

	"laurel/badge"
	"laurel/verifier"
)

// FuzzOpen: whatever bytes come, they are refused as the sender's fault, or
// taken for something that a report can be made on.
func FuzzOpen(f *testing.F) {
	const token = "e30.eyJ0eXBlIjoiVmVyaWZpYWJsZVByZXNlbnRhdGlvbiJ9.e30"
	for _, seed := range []string{`{"a":1}`, token, `"` + token + `"`, envelope("application/vc+jwt", token), bakedInto(f, painting(f), token),
		bakedInto(f, []byte(drawing), `{"a":1}`), `{"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,` + token + `"}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[{"a":1},"` + token + `"]}`,
		`{"@context":"https://w3id.org/openbadges/v2"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sub, err := verifier.Open(raw)
		if (sub == nil) == (err == nil) {
			t.Fatalf("%v and %v", sub, err)
		}
		var fault *badge.Error
		if err != nil && (!errors.As(err, &fault) || fault.Code != badge.ParsingError || fault.Rule == "") {
			t.Fatalf("no fault of the sender: %v", err)
		}
		if err == nil && sub.IsPresentation() && sub.Document() == nil {
			t.Fatal("a presentation of nothing")
		}
	})
}
