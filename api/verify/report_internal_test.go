package verify

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/internal/jsonwriter/jsonwritertest"
	"laurel/verifier"
)

// usual is the report on a badge of 4.5 kB in which all is well.
func usual(t testing.TB) *verifier.Report {
	t.Helper()
	raw, err := os.ReadFile("../../verifier/testdata/badge.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := badge.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	passed := func(c verifier.Check, code verifier.Code) verifier.Finding {
		return verifier.Finding{Check: c, Outcome: verifier.Passed, Code: code}
	}
	skipped := func(c verifier.Check, code verifier.Code) verifier.Finding {
		return verifier.Finding{Check: c, Outcome: verifier.Skipped, Code: code}
	}
	trust := verifier.Finding{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.IssuerNotListed,
		Params: map[string]string{"issuer": doc.IssuerID()}}
	status := passed(verifier.CheckRevocation, verifier.NotRevoked)
	status.Params = map[string]string{"list": "https://badges.example/status/3", "index": "94567"}
	return &verifier.Report{CheckedAt: time.Unix(1.8e9, 0), Document: doc, Findings: []verifier.Finding{
		passed(verifier.CheckFormat, verifier.OK), passed(verifier.CheckSchema, verifier.OK), passed(verifier.CheckTerms, verifier.OK),
		passed(verifier.CheckProof, verifier.OK), passed(verifier.CheckIssuerKey, verifier.OK), trust,
		passed(verifier.CheckValidity, verifier.OK), status, skipped(verifier.CheckSuspension, verifier.NoStatus),
		skipped(verifier.CheckRefresh, verifier.NoRefresh), skipped(verifier.CheckRecipient, verifier.NotAsked),
		skipped(verifier.CheckEndorsement, verifier.NoEndorsement),
	}}
}

// TestReportsAreWrittenAsEncodingJSONDoes holds the encoder to encoding/json, byte
// for byte: all but the document of the report itself, which stays as it came.
func TestReportsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var out Report
		jsonwritertest.Fill(t, &out, 4)
		without := out
		without.Document = nil
		want, err := wire.Marshal(&without)
		if err != nil {
			t.Fatal(err)
		}
		want = append(append(bytes.TrimSuffix(want, []byte("null}")), out.Document...), "}\n"...)
		w := httptest.NewRecorder()
		if err := out.write(w, httptest.NewRequest(http.MethodPost, "/v1/verify", nil), catalog.For(i18n.English)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.Body.Bytes(), want) {
			t.Fatalf("written:\n%s\nencoding/json:\n%s", w.Body, want)
		}
	})
}

// BenchmarkAnswer puts the usual report into words and writes it.
func BenchmarkAnswer(b *testing.B) {
	catalog, err := i18n.New()
	if err != nil {
		b.Fatal(err)
	}
	report, p, r := usual(b), catalog.For(i18n.English), httptest.NewRequest(http.MethodPost, "/v1/verify", nil)
	report.Document.View()
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		w.Body.Reset()
		if err := ReportJSON(report, p).write(w, r, p); err != nil {
			b.Fatal(err)
		}
	}
}
