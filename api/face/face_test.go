package face_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"laurel/api/face"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/verifier"
)

const whole = `{"id":"https://badges.example/credentials/1","issuer":{"id":"did:web:badges.example:issuers:a","type":["Profile"],"name":"City Academy"},
	"validFrom":"2025-07-11T00:00:00Z","validUntil":"2028-07-11T00:00:00Z",
	"proof":{"type":"DataIntegrityProof","created":"2025-07-14T08:00:00Z"},
	"credentialSubject":{"type":["AchievementSubject"],"role":"Facilitator","term":"2025-1","narrative":"She led the *second* day.",
	"activityStartDate":"2025-06-20T00:00:00Z","activityEndDate":"2025-07-11T00:00:00Z","creditsEarned":8.5,
	"identifier":[{"type":"IdentityObject","hashed":true,"identityHash":"sha256$00","identityType":"emailAddress","salt":"x"},
		{"type":"IdentityObject","hashed":false,"identityHash":"Ana Mora","identityType":"name"}],
	"result":[{"type":["Result"],"resultDescription":"urn:r","achievedLevel":"urn:l"},{"type":["Result"],"resultDescription":"urn:s","status":"Completed"},{"type":["Result"]}],
	"achievement":{"name":"Healthy city","description":"Can plan one.","inLanguage":"en","criteria":{"narrative":"Plan one."},
		"resultDescription":[{"id":"urn:r","name":"Project","resultType":"RubricCriterionLevel","rubricCriterionLevel":[{"id":"urn:l","name":"Proficient"}]},
			{"id":"urn:s","name":"Exercise","resultType":"Status"}]}}}`

func printer(t *testing.T) *i18n.Printer {
	t.Helper()
	c, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return c.For(i18n.English)
}

func parse(t *testing.T, json string) *badge.Document {
	t.Helper()
	d, err := badge.Parse([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// report is one in which all is well but for one finding.
func report(doc *badge.Document, but verifier.Finding) *verifier.Report {
	r := &verifier.Report{CheckedAt: time.Unix(0, 0), Document: doc}
	for _, f := range []verifier.Finding{
		{Check: verifier.CheckFormat, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckTerms, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckProof, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckIssuerKey, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.IssuerNotListed},
		{Check: verifier.CheckValidity, Outcome: verifier.Passed, Code: verifier.NoEnd},
		{Check: verifier.CheckRevocation, Outcome: verifier.Passed, Code: verifier.NotRevoked},
		{Check: verifier.CheckSuspension, Outcome: verifier.Skipped, Code: verifier.NoStatus},
	} {
		if f.Check == but.Check {
			f = but
		}
		r.Findings = append(r.Findings, f)
	}
	return r
}

func TestSignedFacts(t *testing.T) {
	f := face.Of(printer(t), report(parse(t, whole), verifier.Finding{}), face.Beside{})
	s := f.Signed
	got := []string{s.Title, s.Description, s.Criteria, s.Holder, s.Issuer, s.Host, s.Role, s.Term, s.Narrative, s.Credits, s.Language,
		s.Awarded.Format(time.DateOnly), s.Began.Format(time.DateOnly), s.Ended.Format(time.DateOnly), s.ValidUntil.Format(time.DateOnly), s.At.Format(time.RFC3339)}
	want := []string{"Healthy city", "Can plan one.", "Plan one.", "Ana Mora", "City Academy", "badges.example", "Facilitator", "2025-1",
		"She led the *second* day.", "8.5", "en", "2025-07-11", "2025-06-20", "2025-07-11", "2028-07-11", "2025-07-14T08:00:00Z"}
	for n := range want {
		if got[n] != want[n] {
			t.Errorf("%d: %q, want %q", n, got[n], want[n])
		}
	}
	if len(s.Results) != 2 || s.Results[0] != (face.Result{Name: "Project", Value: "Proficient"}) || s.Results[1] != (face.Result{Name: "Exercise", Value: "completed", Term: true}) {
		t.Errorf("results %+v", s.Results)
	}
	if !f.Holds() || !f.Proven || f.State != face.Good || f.Headline != "Valid" || !strings.HasPrefix(f.Summary, "Valid. ") {
		t.Errorf("%+v", f)
	}
}

// TestPercent: paper has what the reader's language makes of a share.
func TestPercent(t *testing.T) {
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, strings.NewReplacer(`"resultType":"Status"`, `"resultType":"Percent"`, `"status":"Completed"`, `"value":"85"`).Replace(whole))
	for lang, want := range map[i18n.Lang]string{"en": "85%", "fr": "85\u00a0%", "ar": "85\u200e%\u200e"} {
		s := face.Of(catalog.For(lang), report(doc, verifier.Finding{}), face.Beside{}).Signed
		if len(s.Results) != 2 || s.Results[1] != (face.Result{Name: "Exercise", Value: want, Term: true}) {
			t.Errorf("%s: %+v", lang, s.Results)
		}
	}
}

// TestStatuses: a status of the standard is told in the reader's language, any
// other as it was signed.
func TestStatuses(t *testing.T) {
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	for lang, word := range map[i18n.Lang]string{"ar": "مكتمل", "es": "completado", "fr": "achevé", "ru": "завершено", "zh": "已完成"} {
		for status, want := range map[string]face.Result{"Completed": {Name: "Exercise", Value: word, Term: true}, "completed": {Name: "Exercise", Value: "completed"}, "ext:\u0007Half": {Name: "Exercise", Value: "ext:[U+0007]Half"}} {
			encoded, err := json.Marshal(status)
			if err != nil {
				t.Fatal(err)
			}
			doc := parse(t, strings.Replace(whole, `"Completed"`, string(encoded), 1))
			if s := face.Of(catalog.For(lang), report(doc, verifier.Finding{}), face.Beside{}).Signed; len(s.Results) != 2 || s.Results[1] != want {
				t.Errorf("%s: %+v, want %+v", lang, s.Results, want)
			}
		}
	}
}

func TestStates(t *testing.T) {
	for _, tt := range []struct {
		but    verifier.Finding
		state  face.State
		proven bool
		trial  bool
	}{
		{verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Failed, Code: verifier.Revoked}, face.Revoked, true, false},
		{verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Failed, Code: verifier.Superseded}, face.Replaced, true, false},
		{verifier.Finding{Check: verifier.CheckSuspension, Outcome: verifier.Failed, Code: verifier.Suspended}, face.Suspended, true, false},
		{verifier.Finding{Check: verifier.CheckValidity, Outcome: verifier.Failed, Code: verifier.Expired}, face.Expired, true, false},
		{verifier.Finding{Check: verifier.CheckValidity, Outcome: verifier.Failed, Code: verifier.NotYetValid}, face.NotYetValid, true, false},
		{verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Warned, Code: verifier.UnderReview}, face.UnderReview, true, false},
		{verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Warned, Code: verifier.PartRevoked}, face.UnderReview, true, false},
		{verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Unknown, Code: verifier.StatusListUnreachable}, face.Untold, true, false},
		{verifier.Finding{Check: verifier.CheckProof, Outcome: verifier.Failed, Code: verifier.ProofInvalid}, face.Wrong, false, false},
		{verifier.Finding{Check: verifier.CheckIssuerKey, Outcome: verifier.Unknown, Code: verifier.KeyUnreachable}, face.Untold, false, false},
		{verifier.Finding{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.TestIssuer}, face.Good, true, true},
	} {
		f := face.Of(printer(t), report(parse(t, whole), tt.but), face.Beside{})
		if f.State != tt.state || f.Proven != tt.proven || f.Trial != tt.trial || f.Holds() {
			t.Errorf("%s: %s, proven %v, trial %v, holds %v", tt.but.Code, f.State, f.Proven, f.Trial, f.Holds())
		}
	}
}

func TestOfNothing(t *testing.T) {
	for _, r := range []*verifier.Report{nil, {}, {Badges: []*verifier.Report{report(parse(t, whole), verifier.Finding{})}, Document: parse(t, whole)}} {
		f := face.Of(printer(t), r, face.Beside{})
		if f.State != face.Untold || f.Proven || f.Holds() || f.Signed.Holder != "" {
			t.Errorf("%+v", f)
		}
	}
	bare := face.Of(printer(t), report(parse(t, `{"issuer":"did:key:z6Mk","name":"T","validFrom":"soon"}`), verifier.Finding{}), face.Beside{})
	if bare.Signed.Title != "T" || !bare.Signed.ValidFrom.IsZero() || bare.Signed.Host != "" {
		t.Errorf("%+v", bare.Signed)
	}
}

// TestHostileTexts: whatever stands in a badge, a face has short texts without
// anything that steers the line it stands in.
func TestHostileTexts(t *testing.T) {
	evil := strings.Repeat(`x\u202e\u0007\u2066\n`, 2000)
	doc := strings.NewReplacer("Ana Mora", evil, "City Academy", evil, "Healthy city", evil, "Facilitator", evil, "2025-1", evil,
		"She led the *second* day.", evil, "Plan one.", evil, "Can plan one.", evil, "Proficient", evil, `"Project"`, `"`+evil+`"`,
		`"inLanguage":"en"`, `"inLanguage":"x\" onload"`).Replace(whole)
	s := face.Of(printer(t), report(parse(t, doc), verifier.Finding{}), face.Beside{}).Signed
	for n, text := range []string{s.Title, s.Holder, s.Issuer, s.Role, s.Term, s.Description, s.Criteria, s.Narrative, s.Results[0].Name, s.Results[0].Value} {
		most := 200
		if n > 4 && n < 8 {
			most = 1000
		}
		if len([]rune(text)) > most || strings.ContainsAny(text, "\u202e\u0007\u2066") || !utf8.ValidString(text) || text == "" {
			t.Errorf("%d: %.80q", n, text)
		}
	}
	if s.Language != "" {
		t.Errorf("language %q", s.Language)
	}
}

func TestBeside(t *testing.T) {
	since := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	rec := &issuer.Record{ID: "Zm9vYmFyYmF6cXV4MTIzNA", Status: issuer.Revoked, StatusAt: since, Reason: "issued_in_error"}
	b := face.BesideOf("https://badges.example", rec)
	if b.Code != issuer.PrintedCode(rec.ID) || b.Page != "https://badges.example/credentials/"+rec.ID || b.Verify != "https://badges.example/v/"+rec.ID ||
		b.Host != "badges.example" || !b.Since.Equal(since) || face.Reason(printer(t), b.Reason) != "issued in error" {
		t.Errorf("%+v", b)
	}
	rec.Reason = "He was rude to Bo."
	if got := face.BesideOf("https://badges.example", rec).Reason; got != "" {
		t.Errorf("tells %q", got)
	}
	rec.Status, rec.ReplacedBy = issuer.Superseded, issuer.ByCorrection
	if got := face.ReasonOf(rec); got != "superseded_by_correction" {
		t.Errorf("says %q", got)
	}
}
