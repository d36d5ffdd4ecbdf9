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

// badges draws badges of few kinds with all sorts of texts in them.
func badges(t *rapid.T) *badge.Credential {
	odd := rapid.IntRange(0, 3).Draw(t, "odd") == 0
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{0,12}`), rapid.StringMatching(`[a-cé😀\n"\\]{0,3}`), rapid.String(),
		rapid.SampledFrom([]string{"same", "urn:x:same", "\ufffe", "ﬁ", "\xff", "_:c14n0", "<urn:x>", "schema:name"}))
	iri := rapid.OneOf(rapid.StringMatching(`(urn|https|did)(:|://)[a-c/]{1,3}`), rapid.SampledFrom([]string{"urn:x:same", "relative", "schema:name", "_:b"}),
		rapid.StringMatching(`urn:uuid:[0-9a-f]{8}`))
	if !odd {
		text = rapid.OneOf(rapid.StringMatching(`[ -!#-Z]{1,12}`), rapid.StringMatching(`[é😀بح]{1,9}`))
		iri = rapid.StringMatching(`urn:uuid:[0-9a-f]{8}`)
	}
	date := rapid.SampledFrom([]string{"2026-01-02T03:04:05Z", "2026-11-22T00:00:00Z", ""})
	c := &badge.Credential{Context: []string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions},
		ID: iri.Draw(t, "id"), Type: []string{badge.TypeVerifiableCredential, badge.TypeOpenBadge}, ValidFrom: date.Draw(t, "from"), ValidUntil: date.Draw(t, "until"),
		Issuer: &badge.Profile{ID: "did:web:badges.example", Type: []string{"Profile"}, Name: "Academy"},
		CredentialSubject: &badge.AchievementSubject{ID: iri.Draw(t, "subject"), Type: []string{"AchievementSubject"},
			Achievement: &badge.Achievement{ID: "https://badges.example/achievements/first-aid", Type: []string{"Achievement"}, Name: "First aid", Tag: []string{"b", "a"},
				Alignment: []badge.Alignment{{Type: []string{"Alignment"}, TargetName: "One", TargetURL: "https://x.example/1"}, {Type: []string{"Alignment"}, TargetName: "Two", TargetURL: "https://x.example/2"}}},
			Narrative: text.Draw(t, "narrative"), Role: text.Draw(t, "role"), Term: text.Draw(t, "term")},
		CredentialStatus: badge.StatusEntries{{ID: iri.Draw(t, "entry"), Type: badge.TypeBitstringStatusEntry, StatusPurpose: badge.StatusPurposeRevocation,
			StatusListIndex: text.Draw(t, "index"), StatusListCredential: iri.Draw(t, "list")}}}
	for range rapid.IntRange(0, 3).Draw(t, "identifiers") {
		c.CredentialSubject.Identifier = append(c.CredentialSubject.Identifier, badge.IdentityObject{Type: "IdentityObject",
			IdentityHash: text.Draw(t, "hash"), IdentityType: badge.IdentityTypeName, Salt: text.Draw(t, "salt")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "results") {
		c.CredentialSubject.Result = append(c.CredentialSubject.Result, badge.Result{Type: []string{"Result"}, Value: text.Draw(t, "value")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "evidence") {
		e := badge.Evidence{Type: []string{"Evidence"}, Name: text.Draw(t, "name")}
		if rapid.Bool().Draw(t, "named") {
			e.ID = iri.Draw(t, "evidence id")
		}
		c.Evidence = append(c.Evidence, e)
	}
	return c
}

// TestTemplatesSignAsTheSuiteDoes: a badge signed from a template of another is
// the badge that the whole way signs.
func TestTemplatesSignAsTheSuiteDoes(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	series, whole, key := NewSeries(c), EdDSARDFC2022{Canon: c}, ourKey(t)
	filled, badgesSigned := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		d, err := badge.NewDocument(badges(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, known := series.document(d); known {
			filled++
		}
		got, gotErr := series.Secure(context.Background(), d, key, time.Unix(1_790_000_000, 0))
		parsed, err := badge.Parse(d.Raw())
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := whole.Secure(context.Background(), parsed, key, time.Unix(1_790_000_000, 0))
		switch {
		case fmt.Sprint(gotErr) != fmt.Sprint(wantErr):
			t.Fatalf("%v, not %v", gotErr, wantErr)
		case wantErr == nil && !bytes.Equal(got.Raw(), want.Raw()):
			t.Fatalf("signed:\n%s\nthe whole way:\n%s", got.Raw(), want.Raw())
		case wantErr == nil:
			badgesSigned++
		}
	})
	t.Logf("%d badges signed, %d of them from a template", badgesSigned, filled)
	if filled == 0 || filled == badgesSigned {
		t.Errorf("%d of %d badges came from a template; both ways are to be tried", filled, badgesSigned)
	}
}

// TestStatementsComeBetween: what stood behind others in the badge that a
// template was made of comes between them in the next.
func TestStatementsComeBetween(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	series, whole, key, at := NewSeries(c), EdDSARDFC2022{Canon: c}, ourKey(t), time.Unix(1_790_000_000, 0)
	for i, subject := range []string{"https://z.example/1", "https://a.example/1", "https://badges.example/b", "https://z.example/2"} {
		d, err := badge.NewDocument(&badge.Credential{Context: []string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions},
			ID: fmt.Sprintf("urn:uuid:%d", i), Type: []string{badge.TypeVerifiableCredential, badge.TypeOpenBadge}, ValidFrom: "2026-01-02T03:04:05Z",
			Issuer: &badge.Profile{ID: "did:web:badges.example", Type: []string{"Profile"}, Name: "Academy"},
			CredentialSubject: &badge.AchievementSubject{ID: subject, Type: []string{"AchievementSubject"},
				Achievement: &badge.Achievement{ID: "https://badges.example/achievements/first-aid", Type: []string{"Achievement"}, Name: "First aid",
					Criteria: &badge.Criteria{ID: "https://badges.example/criteria", Narrative: "Pass."}}}})
		must(t, err)
		if _, _, known := series.document(d); !known {
			t.Errorf("%s: the template does not fit", subject)
		}
		got, err := series.Secure(t.Context(), d, key, at)
		must(t, err)
		parsed, err := badge.Parse(d.Raw())
		must(t, err)
		want, err := whole.Secure(t.Context(), parsed, key, at)
		must(t, err)
		if !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("%s signed:\n%s\nthe whole way:\n%s", subject, got.Raw(), want.Raw())
		}
	}
}

// TestManyBlankNodes: their labels sort as text, so that _:c14n10 comes before
// _:c14n2, and which of them gets which differs from badge to badge.
func TestManyBlankNodes(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	series, whole, key, at := NewSeries(c), EdDSARDFC2022{Canon: c}, ourKey(t), time.Unix(1_790_000_000, 0)
	for i := range 20 {
		var results []badge.Result
		for n := range 25 {
			results = append(results, badge.Result{Type: []string{"Result"}, Value: fmt.Sprint(1000*i + n)})
		}
		d, err := badge.NewDocument(&badge.Credential{Context: []string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions},
			ID: fmt.Sprintf("urn:uuid:%d", i), Type: []string{badge.TypeVerifiableCredential, badge.TypeOpenBadge}, ValidFrom: "2026-01-02T03:04:05Z",
			Issuer:            &badge.Profile{ID: "did:web:badges.example", Type: []string{"Profile"}, Name: "Academy"},
			CredentialSubject: &badge.AchievementSubject{ID: "urn:uuid:s", Type: []string{"AchievementSubject"}, Result: results}})
		must(t, err)
		if _, _, known := series.document(d); !known {
			t.Errorf("badge %d: the template does not fit", i)
		}
		got, err := series.Secure(t.Context(), d, key, at)
		must(t, err)
		parsed, err := badge.Parse(d.Raw())
		must(t, err)
		want, err := whole.Secure(t.Context(), parsed, key, at)
		must(t, err)
		if !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("signed:\n%s\nthe whole way:\n%s", got.Raw(), want.Raw())
		}
	}
}
