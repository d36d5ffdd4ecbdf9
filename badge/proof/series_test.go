package proof

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/badge"
	"laurel/keys"
	"laurel/schemas"
)

// named lends a key another name.
type named struct {
	seeded
	id string
}

func (n named) Method() keys.VerificationMethod {
	m := n.seeded.Method()
	m.ID = n.id
	return m
}

// TestSeriesSignsAsTheSuiteDoes: whatever is remembered, the document that
// comes out is the one of the whole way, byte for byte, and a refusal is the
// same refusal.
func TestSeriesSignsAsTheSuiteDoes(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	series, whole, key := NewSeries(c), EdDSARDFC2022{Canon: c}, ourKey(t)
	methods := rapid.OneOf(
		rapid.StringMatching(`did:(web|key):[a-zA-Z0-9.:%-]{1,40}#[a-zA-Z0-9]{1,20}`),
		rapid.StringMatching(`(https?|urn|schema|sec|cred|ex|_|xsd|id)(:|://)[!-~]{0,20}`),
		rapid.SampledFrom([]string{"", "#key", "key", ":", "did:x:\u00e9", "did:x:\"", "did:x:\\u0041", "did:x:<>", "did:x:a b", "https://x.example/#\u2028", "id", "type", sampleMethod, "did" + sampleMethod}),
		rapid.String())
	moments := rapid.OneOf(rapid.Int64Range(-62_200_000_000, 253_500_000_000), rapid.Int64Range(1_700_000_000, 1_800_000_000))
	contexts := rapid.SliceOfN(rapid.SampledFrom(schemas.ContextURLs()), 0, 3)
	usual := rapid.Just([]string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions})
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.OneOf(usual, usual, contexts).Draw(t, "contexts")
		text := fmt.Sprintf(`{"@context":["%s"],"id":"urn:x:1","type":["VerifiableCredential"]}`, strings.Join(list, `", "`))
		if len(list) == 0 {
			text = `{"id":"urn:x:1"}`
		}
		d, err := badge.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		at, by := time.Unix(moments.Draw(t, "moment"), 0), named{key, methods.Draw(t, "method")}
		got, gotErr := series.Secure(context.Background(), d, by, at)
		want, wantErr := whole.Secure(context.Background(), d, by, at)
		switch {
		case fmt.Sprint(gotErr) != fmt.Sprint(wantErr):
			t.Fatalf("%v, not %v", gotErr, wantErr)
		case wantErr == nil && !bytes.Equal(got.Raw(), want.Raw()):
			t.Fatalf("signed:\n%s\nthe whole way:\n%s", got.Raw(), want.Raw())
		}
	})
	if len(series.options) == 0 || len(series.options) > maxForms {
		t.Errorf("%d forms are remembered", len(series.options))
	}
}

// TestSeriesKnowsOurBadges: for the badges that we issue there is a template.
func TestSeriesKnowsOurBadges(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	series, key := NewSeries(c), ourKey(t)
	contexts := fmt.Sprintf(`[%q,%q,%q]`, badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions)
	for _, id := range []string{key.Method().ID, "did:web:badges.example.edu:issuers:academy#z6Mk", "https://badges.example.edu/issuers/1#key"} {
		if series.optionsForm(contexts, named{key, id}.Method()) == nil {
			t.Errorf("no template for %s", id)
		}
	}
	if series.optionsForm(contexts, keys.VerificationMethod{ID: "did:x:1"}) != nil {
		t.Error("a template for something that is no Ed25519 key")
	}
}
