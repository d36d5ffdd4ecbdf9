package verify

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/i18n"
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

// filler puts random values into every field that it finds, so that a member added
// to the report is in the test from the first day.
type filler struct {
	*rapid.T
	texts *rapid.Generator[string]
}

func newFiller(t *rapid.T) filler {
	return filler{t, rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "Ana Example", "a\"b\\c/d", "<b>&amp;</b>", "\x00\b\f\n\r\t\x1f\x7f", "é…\u2028\u2029\ufffd", "\xff", "a\xc3", "😀"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))}
}

func (f filler) fill(v reflect.Value, depth int) {
	if raw, ok := v.Addr().Interface().(*json.RawMessage); ok {
		*raw = rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`"a.b.c"`), json.RawMessage("{ \"a\" : [1.50, \"<\u2028>\"]\n}")}).Draw(f.T, "document")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.texts.Draw(f.T, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(f.T, "bool"))
	case reflect.Float64:
		v.SetFloat(rapid.Float64().Draw(f.T, "number"))
	case reflect.Map:
		v.Set(reflect.ValueOf(rapid.MapOfN(f.texts, f.texts, 0, 12).Draw(f.T, "params")))
	case reflect.Pointer:
		if depth > 0 && rapid.IntRange(0, 2).Draw(f.T, "there") > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(f.T, "length"); n >= 0 && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				f.fill(v.Index(i), depth-1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if rapid.IntRange(0, 3).Draw(f.T, "filled") > 0 {
				f.fill(v.Field(i), depth)
			}
		}
	default:
		f.Fatalf("a report has a %v, which this test does not know", v.Type())
	}
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
		newFiller(t).fill(reflect.ValueOf(&out).Elem(), 4)
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
