package verifier_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/badge/status"
	"laurel/keys"
	"laurel/verifier"
)

// Short names for the tables.
const (
	pass, warn, fail, open, skip = verifier.Passed, verifier.Warned, verifier.Failed, verifier.Unknown, verifier.Skipped

	valid, warning, invalid, indeterminate = verifier.Valid, verifier.Warning, verifier.Invalid, verifier.Indeterminate

	format, schema, terms, proofs, issuerKey = verifier.CheckFormat, verifier.CheckSchema, verifier.CheckTerms, verifier.CheckProof, verifier.CheckIssuerKey

	validity, revocation, suspension = verifier.CheckValidity, verifier.CheckRevocation, verifier.CheckSuspension

	refresh, message, resources, endorsements = verifier.CheckRefresh, verifier.CheckStatusMessage, verifier.CheckResources, verifier.CheckEndorsement
)

// state is one row of a table: a document, and what is found in it.
type state struct {
	name    string
	make    func(w *world) string
	verdict verifier.Verdict
	want    []finding
	opts    verifier.Options
	full    bool   // of the whole fixture
	detail  string // stands in the detail of the decisive finding
	pointer string // of the decisive finding
}

func (s state) run(t *testing.T) {
	t.Run(s.name, func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.full = s.full
		w.list(listURL, "revocation", w.issuer, []int{1, badgeIndex + 1, badgeIndex - 1})
		r := verify(t, w.v, s.make(w), s.opts)
		expect(t, r, s.verdict, s.want...)
		f := r.Decisive()
		if !strings.Contains(f.Detail, s.detail) || s.pointer != "" && f.Pointer != s.pointer {
			t.Errorf("decisive: %q at %q, want %q at %q", f.Detail, f.Pointer, s.detail, s.pointer)
		}
		if (s.verdict == valid || s.verdict == warning) != r.Verified() {
			t.Errorf("Verified() is %t for %s", r.Verified(), s.verdict)
		}
	})
}

func one(c verifier.Check, o verifier.Outcome, code verifier.Code) []finding {
	return []finding{{c, o, code}}
}

// notRun is what follows a proof that did not hold.
func notRun(first ...finding) []finding {
	for _, c := range []verifier.Check{verifier.CheckIssuerTrust, validity, revocation, suspension, verifier.CheckRefresh,
		verifier.CheckRecipient, verifier.CheckEndorsement} {
		first = append(first, finding{c, skip, verifier.NotRun})
	}
	return first
}

func TestGoodBadge(t *testing.T) {
	state{name: "every finding", full: true, verdict: valid, make: func(w *world) string { return w.badge() }, want: []finding{
		{format, pass, verifier.OK}, {schema, pass, verifier.OK}, {terms, pass, verifier.OK}, {proofs, pass, verifier.OK},
		{issuerKey, pass, verifier.OK}, {verifier.CheckIssuerTrust, warn, verifier.IssuerNotListed}, {validity, pass, verifier.OK},
		{revocation, pass, verifier.NotRevoked}, {suspension, skip, verifier.NoStatus}, {verifier.CheckRefresh, skip, verifier.NoRefresh},
		{verifier.CheckRecipient, skip, verifier.NotAsked}, {verifier.CheckEndorsement, skip, verifier.NoEndorsement},
	}}.run(t)
}

func TestFormat(t *testing.T) {
	of := func(text string) func(*world) string { return func(*world) string { return text } }
	after := func(e edit) func(*world) string { return func(w *world) string { return e(t, w.badge()) } }
	const v2, ob = `"https://www.w3.org/ns/credentials/v2"`, `"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`
	for _, s := range []state{
		{name: "nothing", make: of(""), want: one(format, fail, verifier.Unreadable), detail: "empty"},
		{name: "garbage", make: of("\x00\x01\xff"), want: one(format, fail, verifier.Unreadable), detail: "unknown_format"},
		{name: "10 MB of brackets", make: of(strings.Repeat("[", 10<<20)), want: one(format, fail, verifier.Unreadable), detail: "too_large"},
		{name: "900 kB of results", verdict: indeterminate, make: func(w *world) string {
			return swap(`"result":[`, `"result":[`+strings.Repeat(`{"type":["Result"],"value":"one of very many, which are alike"},`, 14_000))(w.t, w.badge())
		}, want: notRun(finding{format, open, verifier.OverBudget}), detail: "50000 values"},
		{name: "half a MB of brackets in an object", make: of(`{"a":` + strings.Repeat("[", 1<<19)), want: one(format, fail, verifier.Unreadable), detail: "too_deep"},
		{name: "duplicate member", make: after(add(`"name":"Forged"`)),
			want: one(format, fail, verifier.Unreadable), detail: "duplicate_member"},
		{name: "lone surrogate", make: after(add(`"x":"\ud800"`)), want: one(format, fail, verifier.Unreadable), detail: "invalid_encoding"},
		{name: "some JSON", make: of(`{"hello":"world"}`), want: one(format, fail, verifier.NotABadge)},
		{name: "a credential that is no badge", make: after(swap(`"OpenBadgeCredential"`, `"EducationCredential"`)), want: one(format, fail, verifier.NotABadge)},
		{name: "a presentation", make: after(swap(`["VerifiableCredential","OpenBadgeCredential"]`, `["VerifiablePresentation"]`)), want: one(format, fail, verifier.EmptyPresentation)},
		{name: "contexts in another order", make: after(swap(v2+","+ob, ob+","+v2)), want: one(format, fail, verifier.Malformed), pointer: "/@context/0"},
		{name: "no badge context", make: after(swap(ob, `"https://w3id.org/security/multikey/v1"`)), want: one(format, fail, verifier.Malformed), pointer: "/@context/1"},
		{name: "badge context of an edition that is not held", make: after(swap("3.0.3", "3.0.4")),
			want: one(format, fail, verifier.Malformed), pointer: "/@context/1"},
		{name: "a context that is not held", make: after(swap("v3p0/extensions.json", "v3p0/other.json")),
			want: one(format, fail, verifier.UnknownContext), pointer: "/@context/2"},
		{name: "inline context", make: func(w *world) string {
			return swap(`extensions.json"]`, `extensions.json",{"a":"urn:a"}]`)(t, w.badge())
		},
			want: one(format, fail, verifier.UnknownContext), pointer: "/@context/3"},
		{name: "only the base context", make: after(swap(","+ob+`,"https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"`, "")), want: one(format, fail, verifier.Malformed), pointer: "/@context"},
		{name: "no id", make: after(drop("id")), want: one(format, fail, verifier.Malformed), pointer: "/id"},
		{name: "no issuer", make: after(drop("issuer")), want: one(format, fail, verifier.Malformed), pointer: "/issuer"},
		{name: "two subjects", make: func(w *world) string {
			return change(t, w.badge(), func(m map[string]json.RawMessage) {
				m["credentialSubject"] = json.RawMessage(`[` + string(m["credentialSubject"]) + `,{"id":"urn:x"}]`)
			})
		}, want: one(format, fail, verifier.Malformed), pointer: "/credentialSubject"},
		{name: "a subject that is nobody", make: after(put("credentialSubject", `{"type":["AchievementSubject"]}`)), want: one(format, fail, verifier.Malformed), pointer: "/credentialSubject"},
		{name: "no issuer, by data model 1.1", make: of(`{"@context":["https://www.w3.org/2018/credentials/v1",` + ob + `],"type":["VerifiableCredential","OpenBadgeCredential"]}`),
			want: one(format, fail, verifier.Malformed), pointer: "/issuer"},
		{name: "Open Badges 2.0", verdict: indeterminate, make: of(`{"@context":"https://w3id.org/openbadges/v2","type":"Assertion","id":"https://example.org/1"}`),
			want: one(format, open, verifier.UnsupportedEdition)},
	} {
		if s.verdict == indeterminate && s.want[0].outcome == fail {
			s.verdict = invalid
		}
		s.want = append(notRun(), append(s.want, finding{schema, skip, verifier.NotRun}, finding{terms, skip, verifier.NotRun},
			finding{proofs, skip, verifier.NotRun}, finding{issuerKey, skip, verifier.NotRun})...)
		s.run(t)
	}
}

func TestSchema(t *testing.T) {
	for _, s := range []state{
		{name: "compacted arrays are met by the tolerant form", verdict: valid, make: func(w *world) string {
			return w.badge(swap(`"type":["Profile"]`, `"type":"Profile"`))
		}, want: one(schema, pass, verifier.OK)},
		{name: "no achievement name", verdict: invalid, make: func(w *world) string {
			return w.badge(swap(`"achievementType":"Certificate","name":"Data Engineering Foundations",`, `"achievementType":"Certificate",`))
		}, want: append(one(schema, fail, verifier.SchemaMismatch), finding{proofs, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked}),
			pointer: "/credentialSubject/achievement", detail: "name"},
		{name: "the first of several in document order", verdict: invalid, make: func(w *world) string {
			return w.badge(swap(`"creditsEarned":4.5`, `"creditsEarned":"4.5"`), swap(`"tag":["data"`, `"tag":[7`), swap(`"version":"2026.2"`, `"version":2`))
		}, want: one(schema, fail, verifier.SchemaMismatch), pointer: "/credentialSubject/creditsEarned", detail: "number"},
		{name: "one of many values", verdict: invalid, make: func(w *world) string { return w.badge(swap(`"tag":["data","engineering"`, `"tag":["data",7`)) },
			want: one(schema, fail, verifier.SchemaMismatch), pointer: "/credentialSubject/achievement/tag/1", detail: "number"},
		{name: "below one of many values", verdict: invalid, make: func(w *world) string { return w.badge(swap(`"targetName":"Database design",`, ``)) },
			want: one(schema, fail, verifier.SchemaMismatch), pointer: "/credentialSubject/achievement/alignment/0", detail: "targetName"},
		{name: "an unknown word", verdict: invalid, make: func(w *world) string {
			return w.badge(swap(`"achievementType":"Certificate"`, `"achievementType":"Diplom"`))
		},
			want: one(schema, fail, verifier.SchemaMismatch), pointer: "/credentialSubject/achievement/achievementType"},
		{name: "within the issuer, which might be a string as well", verdict: invalid, make: func(w *world) string {
			return w.badge(swap(`"type":["Profile"]`, `"official":7,"type":["Profile"]`))
		}, want: one(schema, fail, verifier.SchemaMismatch), pointer: "/issuer/official", detail: "number"},
		{name: "the first of two statuses", verdict: invalid, make: func(w *world) string {
			return w.badge(put("credentialStatus", `[{"type":["BitstringStatusListEntry"],"statusPurpose":"revocation","statusListIndex":"5","statusListCredential":"`+listURL+`"},`+
				`{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"5","statusListCredential":"`+listURL+`"}]`))
		}, want: one(schema, fail, verifier.SchemaMismatch), pointer: "/credentialStatus/0/type", detail: "array"},
		{name: "a schema of others beside ours", verdict: valid, make: func(w *world) string {
			w.web.put("https://example.org/s.json", []byte(`{"required":["issuer"]}`))
			return w.badge(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"https://example.org/s.json","type":"JsonSchema"}]`))
		}, want: one(schema, pass, verifier.OK)},
		{name: "only a schema of others: ours is asked all the same", verdict: invalid, make: func(w *world) string {
			return w.badge(put("credentialSchema", `[{"id":"https://example.org/s.json","type":"JsonSchema"}]`), drop("validFrom"))
		}, want: one(schema, fail, verifier.SchemaMismatch), detail: "validFrom"},
		{name: "more values than one badge may cost are judged all the same", verdict: invalid, make: func(w *world) string {
			return swap(`"tag":["data"`, `"tag":["data",`+strings.Repeat("7,", 20_000)+`"data"`)(t, w.badge())
		}, want: []finding{{schema, fail, verifier.SchemaMismatch}, {terms, open, verifier.OverBudget}}, pointer: "/credentialSubject/achievement/tag/1", detail: "number"},
		{name: "an endorsement", verdict: valid, make: func(w *world) string { return w.sign(endorsement(w.issuer), w.issuer, now) },
			want: one(schema, pass, verifier.OK)},
		{name: "an endorsement without a name", verdict: invalid, make: func(w *world) string {
			return w.sign(drop("name")(t, endorsement(w.issuer)), w.issuer, now)
		}, want: one(schema, fail, verifier.SchemaMismatch), detail: "name"},
		{name: "any credential, where any was asked for", verdict: valid, opts: verifier.Options{Generic: true},
			make: func(w *world) string { return w.sign(generic(w.issuer), w.issuer, now) }, want: one(schema, skip, verifier.NoSchema)},
		{name: "any credential that names our schema", verdict: invalid, opts: verifier.Options{Generic: true}, make: func(w *world) string {
			return w.badge(swap(`"tag":["data"`, `"tag":[7`))
		}, want: one(schema, fail, verifier.SchemaMismatch)},
	} {
		s.run(t)
	}
}

// TestOtherKinds: drafts of Open Badges 3.0 and learner records are no worse than
// what is not checked. A context that is not held makes a badge unacceptable.
func TestOtherKinds(t *testing.T) {
	for _, s := range []state{
		{name: "one more context", verdict: invalid, make: func(w *world) string {
			return swap(`extensions.json"]`, `extensions.json","https://issuer.example/own.json"]`)(t, w.badge())
		}, want: notRun(finding{format, fail, verifier.UnknownContext}), pointer: "/@context/3"},
		{name: "a draft of Open Badges 3.0", verdict: indeterminate, make: func(w *world) string {
			return swap("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://imsglobal.github.io/openbadges-specification/context.json")(t, earlier("-3.0.3")(t, w.unsigned(w.issuer.method.Controller)))
		}, want: notRun(finding{format, open, verifier.UnsupportedEdition})},
		{name: "the first plugfest", verdict: indeterminate, make: func(w *world) string {
			return swap("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://w3c-ccg.github.io/vc-ed/plugfest-1-2022/jff-vc-edu-plugfest-1-context.json")(t, w.badge())
		}, want: one(format, open, verifier.UnsupportedEdition)},
		{name: "an address of before the editions", verdict: indeterminate, make: func(w *world) string {
			return swap("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://purl.imsglobal.org/spec/ob/v3p0/context/ob_v3p0.jsonld")(t, w.badge())
		}, want: one(format, open, verifier.UnsupportedEdition)},
		{name: "a learner record", verdict: indeterminate, make: func(*world) string { return learnerRecord }, want: notRun(finding{format, open, verifier.UnsupportedKind})},
		{name: "a learner record by its type alone", verdict: invalid, make: func(*world) string { return `{"type":["ClrCredential"]}` }, want: one(format, fail, verifier.NotABadge)},
		{name: "a badge that calls itself a learner record too", verdict: invalid, make: func(w *world) string {
			return w.unsigned(w.issuer.method.Controller, swap(`"OpenBadgeCredential"`, `"OpenBadgeCredential","ClrCredential"`))
		}, want: one(terms, fail, verifier.UndefinedType)},
	} {
		s.run(t)
	}
}

const learnerRecord = `{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",` +
	`"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],"id":"urn:uuid:1","type":["VerifiableCredential","ClrCredential"],"issuer":"did:web:x.example"}`

// TestContextsThatExcludeEachOther: two editions of the context of Open Badges
// give protected terms of data model 2.0 another meaning. No processor of JSON-LD
// takes them together, so there is nothing that could have been signed. By data
// model 1.1 they are as good as any (TestDataModel11).
func TestContextsThatExcludeEachOther(t *testing.T) {
	for _, edition := range []string{"", "-3.0.1"} {
		w := newWorld(t)
		text := w.unsigned(w.issuer.method.Controller, swap("context-3.0.3.json", "context"+edition+".json"))
		expect(t, verify(t, w.v, text, verifier.Options{}), invalid, finding{format, pass, verifier.OK}, finding{terms, fail, verifier.ContextFault})
		token := signedAs(t, w.issuer, `{"alg":"EdDSA","kid":"`+w.issuer.method.ID+`"}`, swap("context-3.0.3.json", "context"+edition+".json")(t, w.payload(w.issuer)))
		expect(t, verify(t, w.v, token, verifier.Options{}), invalid, finding{terms, fail, verifier.ContextFault})
	}
}

func TestSchemaRemarks(t *testing.T) {
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Pages = nil })
	w.list(listURL, "revocation", w.issuer, nil)
	for text, want := range map[string]string{
		w.badge(): "",
		w.badge(swap(`"type":["Profile"]`, `"type":"Profile"`)):                                                 "Only the tolerant form of the schema is met.",
		w.badge(put("credentialSchema", `[{"id":"https://example.org/s.json","type":"JsonSchemaCredential"}]`)): "Not looked at: https://example.org/s.json.",
		w.badge(put("credentialSchema", `{"id":"https://example.org/s.json","type":"JsonSchemaCredential"}`)):   "Only the tolerant form of the schema is met. Not looked at: https://example.org/s.json.",
	} {
		r := verify(t, w.v, text, verifier.Options{})
		if f := r.Finding(schema); f.Outcome != pass || f.Detail != want {
			t.Errorf("%s: %q, want %q", f.Outcome, f.Detail, want)
		}
	}
}

// TestNothingFetched: what is not looked at because nothing is fetched at all is
// as open as what could not be had.
func TestNothingFetched(t *testing.T) {
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Pages = nil })
	w.list(listURL, "revocation", w.issuer, nil)
	for _, kind := range []string{"JsonSchema", "1EdTechJsonSchemaValidator2019"} {
		r := verify(t, w.v, w.badge(put("credentialSchema", `[{"id":"https://example.org/s.json","type":"`+kind+`"}]`)), verifier.Options{})
		expect(t, r, indeterminate, finding{schema, open, verifier.SchemaUnreachable})
	}
	r := verify(t, w.v, w.badge(put("relatedResource", `[{"id":"https://example.org/r","digestSRI":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="}]`)), verifier.Options{})
	expect(t, r, indeterminate, finding{resources, open, verifier.ResourceUnreachable})
}

func endorsement(issuer signer) string {
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],"id":"urn:uuid:3f0d3d7e-9d3b-4a53-8c0e-0f2f1f8f5a11","type":["VerifiableCredential","EndorsementCredential"],"name":"Endorsement",`+
		`"issuer":{"id":%q,"type":["Profile"],"name":"Guild"},"validFrom":"2026-11-01T00:00:00Z","credentialSubject":{"id":"https://badges.example.edu/achievements/data","type":["EndorsementSubject"],"endorsementComment":"Good."}}`, issuer.method.Controller)
}

func generic(issuer signer) string {
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2",{"shoeSize":"https://example.org/terms#shoeSize"}],"type":["VerifiableCredential"],"issuer":%q,"credentialSubject":{"id":"urn:uuid:0a1b","shoeSize":42}}`, issuer.method.Controller)
}

// Each member of a signed badge that a reader relies on, changed.
func TestTampered(t *testing.T) {
	for _, c := range []struct{ name, old, new string }{
		{"credential id", "3732f6a0", "3732f6a1"}, {"credential name", `"name":"Data Engineering Foundations","description":"Awarded`, `"name":"Rocket Science","description":"Awarded`},
		{"image", "images/data-engineering-foundations.png\",\"type\":\"Image\",\"caption\"", "images/gold.png\",\"type\":\"Image\",\"caption\""},
		{"issuer name", "Example State University", "Oxford"}, {"issuer url", "https://www.example.edu\",\"email", "https://evil.example\",\"email"},
		{"validFrom", "2026-11-20T09:30:00Z\",\"validUntil", "2026-11-20T09:29:59Z\",\"validUntil"}, {"validUntil", "2029-11-20", "2039-11-20"},
		{"validFrom in another spelling", "2026-11-20T09:30:00Z\",\"validUntil", "2026-11-20T09:30:00+00:00\",\"validUntil"},
		{"awardedDate", "2026-11-19T00:00:00Z", "2016-11-19T00:00:00Z"}, {"subject id", "z6MkiTBz1", "z6MkiTBz2"}, {"recipient", "b5809d8a", "b5809d8b"}, {"salt", "Kosher", "kosher"},
		{"credits", "\"creditsEarned\":4.5", "\"creditsEarned\":40"}, {"result", `"value":"94"`, `"value":"99"`}, {"status of a result", `"status":"Completed"`, `"status":"Failed"`},
		{"achievement name", `"name":"Data Engineering Foundations","description":"Design`, `"name":"Doctor","description":"Design`},
		{"criteria", "at least **70%**", "at least **7%**"}, {"evidence", "Capstone project", "Captain's log"},
		{"status index", `"statusListIndex":"94567"`, `"statusListIndex":"94568"`}, {"status list", "edu/status/3\"}", "edu/status/9\"}"}, {"status purpose", `"statusPurpose":"revocation"`, `"statusPurpose":"message"`},
		{"proof created", "2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z"},
	} {
		state{name: c.name, full: true, verdict: invalid, make: func(w *world) string { return swap(c.old, c.new)(t, w.badge()) },
			want: notRun(finding{proofs, fail, verifier.ProofInvalid}, finding{issuerKey, pass, verifier.OK})}.run(t)
	}
}

// The four forgeries that json-gold left alone lets pass, on a badge that is
// validly signed.
func TestForgeries(t *testing.T) {
	for _, s := range []state{
		{name: "second subject with an id that is dropped", verdict: invalid, make: func(w *world) string {
			return change(t, w.badge(), func(m map[string]json.RawMessage) {
				m["credentialSubject"] = json.RawMessage(`[` + string(m["credentialSubject"]) +
					`,{"id":"https://a.b.edu/` + strings.Repeat("x", 2100) + `","type":["AchievementSubject"],"achievement":{"id":"https://x..y/","type":["Achievement"],"name":"Forged"}}]`)
			})
		}, want: one(format, fail, verifier.Malformed)},
		{name: "an address that is dropped, within the subject", verdict: invalid, make: func(w *world) string {
			return swap(`"result":[`, `"result":[{"id":"https://a..b/","type":["Result"],"value":"100"},`)(t, w.badge())
		}, want: []finding{{proofs, fail, verifier.ProofInvalid}}},
		{name: "extra evidence with a relative id", verdict: invalid, make: func(w *world) string {
			return swap(`"evidence":[`, `"evidence":[{"id":"ev/1","type":["Evidence"],"name":"Forged"},`)(t, w.badge())
		}, want: one(terms, fail, verifier.RelativeIRI), pointer: "/evidence/0/id"},
		{name: "an undefined term", verdict: invalid, make: func(w *world) string { return add(`"salary":"100000"`)(t, w.badge()) },
			want: one(terms, fail, verifier.UndefinedTerm), pointer: "/salary"},
		{name: "an undefined term in the subject", verdict: invalid, make: func(w *world) string {
			return swap(`"role":"Learner"`, `"role":"Learner","salary":"100000"`)(t, w.badge())
		}, want: one(terms, fail, verifier.UndefinedTerm), pointer: "/credentialSubject/salary"},
		{name: "an array in a JSON literal", verdict: invalid, make: func(w *world) string {
			signed := w.badge(swap(`{"id":"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json","type":"1EdTechJsonSchemaValidator2019"}`,
				`{"id":"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json","type":"1EdTechJsonSchemaValidator2019"},{"id":"https://example.org/s","type":"JsonSchema"}`))
			return swap(`"type":"JsonSchema"}`, `"type":"JsonSchema","jsonSchema":[1,2]}`)(t, signed)
		}, want: []finding{{proofs, fail, verifier.ProofInvalid}}},
	} {
		s.run(t)
	}
}

// What the verdict hangs on, told under a name or in a place where no reader
// looks: the statements, and so the signature, stay what they were.
func TestHiddenStatements(t *testing.T) {
	const cred = "https://www.w3.org/2018/credentials#"
	expired := []edit{swap("2029-11-20T09:30:00Z", "2026-11-20T10:00:00Z")}
	inline := func(terms string) edit {
		return swap(`"https://www.w3.org/ns/credentials/v2",{`, `"https://www.w3.org/ns/credentials/v2",{`+terms+`,`)
	}
	ended := func(w *world) string {
		return w.sign(add(`"id":"urn:uuid:77","validUntil":"2026-11-20T00:00:00Z"`)(t, generic(w.issuer)), w.issuer, now)
	}
	for _, s := range []state{
		{name: "the control is expired", verdict: invalid, make: func(w *world) string { return w.badge(expired...) }, want: one(validity, fail, verifier.Expired)},
		{name: "an address as the name", verdict: invalid, make: func(w *world) string {
			return swap(`"validUntil":"2026-11-20T10:00:00Z"`, `"`+cred+`validUntil":{"@type":"http://www.w3.org/2001/XMLSchema#dateTime","@value":"2026-11-20T10:00:00Z"}`)(t, w.badge(expired...))
		}, want: one(terms, fail, verifier.MemberName)},
		{name: "a keyword as the name", verdict: invalid, make: func(w *world) string {
			return swap(`"credentialSubject":{"id":`, `"credentialSubject":{"@id":`)(t, w.badge())
		}, want: one(terms, fail, verifier.MemberName)},
		{name: "the generic control is expired", verdict: invalid, opts: verifier.Options{Generic: true}, make: ended, want: one(validity, fail, verifier.Expired)},
		{name: "another name by an inline context", verdict: invalid, opts: verifier.Options{Generic: true}, make: func(w *world) string {
			return inline(`"until":{"@id":"`+cred+`validUntil","@type":"http://www.w3.org/2001/XMLSchema#dateTime"}`)(t, swap(`"validUntil":`, `"until":`)(t, ended(w)))
		}, want: one(terms, fail, verifier.HiddenStatement), pointer: "/validUntil"},
		{name: "another name for the proof's end", verdict: indeterminate, opts: verifier.Options{Generic: true}, make: func(w *world) string {
			signed := w.prove(generic(w.issuer), w.issuer, map[string]any{"expires": "2026-11-20T00:00:00Z"})
			return inline(`"end":{"@id":"https://w3id.org/security#expiration","@type":"http://www.w3.org/2001/XMLSchema#dateTime"}`)(t, swap(`"expires":`, `"end":`)(t, signed))
		}, want: one(proofs, open, verifier.Unsupported)},
		{name: "in another object with the credential's id", verdict: invalid, opts: verifier.Options{Generic: true}, make: func(w *world) string {
			signed := w.sign(swap(`"shoeSize":42`, `"knows":{"id":"urn:uuid:77"}`)(t,
				inline(`"knows":"https://example.org/terms#knows"`)(t, add(`"id":"urn:uuid:77","validUntil":"2026-11-20T00:00:00Z"`)(t, generic(w.issuer)))), w.issuer, now)
			return swap(`"knows":{"id":"urn:uuid:77"}`, `"knows":{"id":"urn:uuid:77","type":"VerifiableCredential","validUntil":"2026-11-20T00:00:00Z"}`)(t,
				swap(`,"validUntil":"2026-11-20T00:00:00Z"`, ``)(t, signed))
		}, want: one(terms, fail, verifier.HiddenStatement), pointer: "/validUntil"},
	} {
		s.run(t)
	}
}

func TestTerms(t *testing.T) {
	after := func(e edit) func(*world) string { return func(w *world) string { return e(t, w.badge()) } }
	role := func(value string) edit { return swap(`"role":"Learner"`, `"role":`+value) }
	for _, s := range []state{
		{name: "relative id", make: after(swap(`"id":"https://badges.example.edu/achievements/data-engineering-foundations","type"`, `"id":"data-engineering-foundations","type"`)),
			want: one(terms, fail, verifier.RelativeIRI), pointer: "/credentialSubject/achievement/id"},
		{name: "id with a blank", make: after(swap(`capstone-9981`, `capstone 9981`)), want: one(terms, fail, verifier.InvalidIRI)},
		{name: "quads in an id", make: after(swap(`capstone-9981`, `x> <urn:a> <urn:b> .\n<urn:c`)), want: one(terms, fail, verifier.InvalidIRI)},
		{name: "undefined type", make: after(swap(`"type":["Evidence"]`, `"type":["Evidence","Diploma"]`)), want: one(terms, fail, verifier.UndefinedType)},
		{name: "without the extensions context a type is undefined", make: after(swap(`,"https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"`, ``)), want: one(terms, fail, verifier.UndefinedType)},
		{name: "null", make: after(role(`null`)), want: one(terms, fail, verifier.NullValue), pointer: "/credentialSubject/role"},
		{name: "empty array", make: after(add(`"termsOfUse":[]`)), want: one(terms, fail, verifier.EmptyArray), pointer: "/termsOfUse"},
		{name: "nested context", make: after(swap(`"achievement":{`, `"achievement":{"@context":{"name":null},`)), want: one(terms, fail, verifier.NestedContext)},
		{name: "direction", make: after(put("name", `{"@value":"x","@direction":"rtl"}`)), want: one(terms, fail, verifier.UnsignedKeyword)},
		{name: "blank node name", make: after(swap(`"id":"urn:uuid:f6ab24cd`, `"id":"_:f6ab24cd`)), want: one(terms, fail, verifier.BlankNodeName)},
		{name: "unsafe integer", make: after(swap(`"creditsEarned":4.5`, `"creditsEarned":9007199254740993`)), want: one(terms, fail, verifier.UnsafeNumber)},
		{name: "a million digits", make: after(swap(`"creditsEarned":4.5`, `"creditsEarned":`+strings.Repeat("9", 500_000))), want: one(terms, fail, verifier.UnsafeNumber)},
		{name: "an exponent", make: after(swap(`"creditsEarned":4.5`, `"creditsEarned":1e999999999`)), want: one(terms, fail, verifier.UnsafeNumber)},
		{name: "NUL", make: after(role(`"\u0000"`)), want: one(terms, fail, verifier.BadCharacter)},
		{name: "depth", make: after(role(strings.Repeat("[", 30) + `"x"` + strings.Repeat("]", 30))), want: one(terms, fail, verifier.TooDeep)},
		{name: "more values than one badge may cost", verdict: indeterminate, make: after(swap(`"tag":[`, `"tag":[`+strings.Repeat(`"x",`, 21_000))),
			want: one(terms, open, verifier.OverBudget)},
	} {
		if s.verdict == indeterminate && s.want[0].outcome == fail {
			s.verdict = invalid
		}
		s.want = notRun(append(s.want, finding{proofs, skip, verifier.NotRun}, finding{issuerKey, skip, verifier.NotRun})...)
		s.run(t)
	}
}

func TestProofs(t *testing.T) {
	proving := func(options map[string]any) func(*world) string {
		return func(w *world) string { return w.prove(w.unsigned(w.issuer.method.Controller), w.issuer, options) }
	}
	// keyworded adds a member to the proof of a signed badge.
	keyworded := func(member string) func(*world) string {
		return func(w *world) string { return swap(`"proofPurpose":`, member+`,"proofPurpose":`)(t, w.badge()) }
	}
	// beside adds a proof to a signed badge.
	beside := func(other func(w *world) string) func(*world) string {
		return func(w *world) string { return suffix(`}]}`, `},`+other(w)+`]}`)(t, w.badge()) }
	}
	const strange = `{"type":"DataIntegrityProof","cryptosuite":"bbs-2023","verificationMethod":"did:example:x#1","proofPurpose":"assertionMethod","proofValue":"u2V0"}`
	for _, s := range []state{
		{name: "none", make: func(w *world) string { return w.unsigned(w.issuer.method.Controller) }, want: one(proofs, fail, verifier.NoProof)},
		{name: "an empty set", make: func(w *world) string { return add(`"proof":[]`)(t, w.unsigned(w.issuer.method.Controller)) }, want: one(proofs, fail, verifier.NoProof)},
		{name: "a text", make: func(w *world) string { return add(`"proof":"trust me"`)(t, w.unsigned(w.issuer.method.Controller)) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "without a type", make: func(w *world) string {
			return add(`"proof":{"cryptosuite":"eddsa-rdfc-2022"}`)(t, w.unsigned(w.issuer.method.Controller))
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "without a suite", make: func(w *world) string { return swap(`"cryptosuite":"eddsa-rdfc-2022",`, ``)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "one object instead of a set", verdict: valid, make: func(w *world) string { return suffix(`}]}`, `}}`)(t, swap(`"proof":[`, `"proof":`)(t, w.badge())) }, want: one(proofs, pass, verifier.OK)},
		{name: "unknown suite alone", verdict: indeterminate, make: func(w *world) string { return add(`"proof":`+strange)(t, w.unsigned(w.issuer.method.Controller)) },
			want: []finding{{proofs, open, verifier.UnsupportedSuite}, {issuerKey, skip, verifier.NotRun}}},
		{name: "unknown type alone", verdict: indeterminate, make: func(w *world) string {
			return add(`"proof":{"type":"Ed25519Signature2018","jws":"x"}`)(t, w.unsigned(w.issuer.method.Controller))
		}, want: one(proofs, open, verifier.UnsupportedSuite)},
		{name: "the envelope's name as a suite", verdict: indeterminate, make: func(w *world) string { return swap(`"eddsa-rdfc-2022"`, `"vc-jwt"`)(t, w.badge()) },
			want: one(proofs, open, verifier.UnsupportedSuite)},
		{name: "unknown suite beside a good one", verdict: warning, make: beside(func(*world) string { return strange }),
			want: []finding{{proofs, warn, verifier.UnsupportedSuite}, {issuerKey, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}}},
		{name: "good and bad", make: beside(func(w *world) string { return swap("T09:00:00Z", "T09:00:01Z")(t, onlyProof(t, w.badge())) }), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "two good ones", verdict: valid, make: beside(func(w *world) string {
			return onlyProof(t, w.prove(w.unsigned(w.issuer.method.Controller), w.issuer, map[string]any{"created": "2026-11-21T08:00:00Z"}))
		}), want: one(proofs, pass, verifier.OK)},
		{name: "a good one of somebody else beside", make: beside(func(w *world) string {
			return onlyProof(t, w.sign(w.unsigned(w.issuer.method.Controller), didKey(t), now))
		}), want: one(issuerKey, fail, verifier.WrongController)},
		{name: "six", make: func(w *world) string {
			return suffix(`}]}`, `}`+strings.Repeat(","+strange, 5)+`]}`)(t, w.badge())
		}, want: one(proofs, fail, verifier.TooManyProofs)},
		{name: "2000", make: func(w *world) string { return suffix(`}]}`, `}`+strings.Repeat(","+strange, 1999)+`]}`)(t, w.badge()) }, want: one(proofs, fail, verifier.TooManyProofs)},
		{name: "other purpose", make: proving(map[string]any{"proofPurpose": "authentication"}), want: one(proofs, fail, verifier.WrongPurpose)},
		{name: "no purpose", make: proving(map[string]any{"proofPurpose": nil}), want: one(proofs, fail, verifier.WrongPurpose)},
		{name: "created in the future", make: proving(map[string]any{"created": "2026-11-21T10:05:01Z"}), want: one(proofs, fail, verifier.CreatedInFuture)},
		{name: "created by a clock that runs ahead", verdict: valid, make: proving(map[string]any{"created": "2026-11-21T10:05:00Z"}), want: one(proofs, pass, verifier.OK)},
		{name: "created is optional", verdict: valid, make: proving(map[string]any{"created": nil}), want: one(proofs, pass, verifier.OK)},
		{name: "created is no moment", make: proving(map[string]any{"created": "yesterday"}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "created is a number", make: func(w *world) string { return swap(`"created":"2026-11-21T09:00:00Z"`, `"created":1`)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "expired", make: proving(map[string]any{"expires": "2026-11-21T10:00:00Z"}), want: one(proofs, fail, verifier.ProofExpired)},
		{name: "not expired", verdict: valid, make: proving(map[string]any{"expires": "2026-11-21T10:00:01Z"}), want: one(proofs, pass, verifier.OK)},
		{name: "domain and challenge are for presentations", verdict: valid, make: proving(map[string]any{"domain": "example.org", "challenge": "abc"}), want: one(proofs, pass, verifier.OK)},
		{name: "a previous proof that is not there", make: proving(map[string]any{"previousProof": "urn:uuid:1"}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a previous proof that is itself", make: proving(map[string]any{"id": "urn:uuid:1", "previousProof": "urn:uuid:1"}), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "an undefined option", make: func(w *world) string { return swap(`"proofPurpose":`, `"note":"x","proofPurpose":`)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "@nest in it", make: keyworded(`"@nest":{"note":"x"}`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "@graph in it", make: keyworded(`"@graph":[{"name":"x"}]`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "@reverse in it", make: keyworded(`"@reverse":{}`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "@included in it", make: keyworded(`"@included":[]`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "a keyword that does not exist", make: keyworded(`"@ignore":1`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "an option nobody signed", make: keyworded(`"description":"x"`), want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "contexts of its own", make: func(w *world) string {
			return swap(`"proofPurpose":`, `"@context":["https://www.w3.org/ns/credentials/v2"],"proofPurpose":`)(t, w.badge())
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "proofValue of another base", make: func(w *world) string { return swap(`"proofValue":"z`, `"proofValue":"u`)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "proofValue of half a MB", make: func(w *world) string {
			return swap(`"proofValue":"z`, `"proofValue":"z`+strings.Repeat("1", 500_000))(t, w.badge())
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "proofValue is a number", make: func(w *world) string { return swap(`"proofValue":"`, `"proofValue":1,"nonce":"`)(t, w.badge()) }, want: one(proofs, fail, verifier.ProofInvalid)},
	} {
		if s.verdict == indeterminate && s.want[0].outcome == fail {
			s.verdict = invalid
		}
		if s.verdict == invalid || s.verdict == indeterminate {
			s.want = notRun(s.want...)
		}
		s.run(t)
	}
}

func TestIssuerKey(t *testing.T) {
	// web is a badge of the did:web issuer, whose key was changed before it
	// was published.
	web := func(change ...func(*keys.VerificationMethod)) func(*world) string {
		return func(w *world) string {
			k := w.publish(keyPair(t, keys.EdDSA), change...)
			w.list(listURL, "revocation", w.lister, nil)
			return w.sign(w.unsigned(webDID), k, now.Add(-time.Hour))
		}
	}
	for _, s := range []state{
		{name: "did:web", verdict: valid, make: web(), want: one(issuerKey, pass, verifier.OK)},
		{name: "issuer as an address only", verdict: valid, make: func(w *world) string {
			return w.badge(put("issuer", `"`+w.issuer.method.Controller+`"`))
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "foreign key", verdict: invalid, make: func(w *world) string { return w.sign(w.unsigned(w.issuer.method.Controller), didKey(t), now) },
			want: []finding{{issuerKey, fail, verifier.WrongController}, {proofs, open, verifier.NoKey}}},
		{name: "another key under the issuer's name", verdict: invalid, make: func(w *world) string {
			other := didKey(t)
			other.method.ID = w.issuer.method.ID
			return w.sign(w.unsigned(w.issuer.method.Controller), other, now)
		}, want: []finding{{issuerKey, pass, verifier.OK}, {proofs, fail, verifier.ProofInvalid}}},
		{name: "not under assertionMethod", verdict: invalid, make: web(func(m *keys.VerificationMethod) { m.Assertion, m.Authentication = false, true }),
			want: []finding{{issuerKey, fail, verifier.KeyNotAuthorized}, {proofs, pass, verifier.OK}}},
		{name: "controlled by another", verdict: invalid, make: func(w *world) string {
			text := web()(w)
			w.web.put(webDocument, []byte(swap(`"controller":"`+webDID+`"`, `"controller":"did:web:evil.example"`)(t, string(w.web.pages[webDocument]))))
			return text
		}, want: []finding{{issuerKey, fail, verifier.KeyNotAuthorized}, {proofs, open, verifier.NoKey}}},
		{name: "a document of another", verdict: invalid, make: func(w *world) string {
			text := web()(w)
			w.web.put(webDocument, []byte(swap(`"id":"`+webDID+`"`, `"id":"did:web:evil.example"`)(t, string(w.web.pages[webDocument]))))
			return text
		}, want: one(issuerKey, fail, verifier.KeyDocumentInvalid)},
		{name: "not published", verdict: invalid, make: web(func(m *keys.VerificationMethod) { m.ID = webDID + "#other" }), want: one(issuerKey, fail, verifier.KeyNotFound)},
		{name: "unreachable", verdict: indeterminate, make: func(w *world) string {
			text := web()(w)
			delete(w.web.pages, webDocument)
			return text
		}, want: []finding{{issuerKey, open, verifier.KeyUnreachable}, {proofs, open, verifier.NoKey}}},
		{name: "a DID of another method", verdict: indeterminate, make: func(w *world) string {
			k := w.issuer
			k.method.ID, k.method.Controller = "did:example:abc#1", "did:example:abc"
			return w.sign(w.unsigned("did:example:abc"), k, now)
		}, want: []finding{{issuerKey, open, verifier.KeyUnsupported}, {proofs, open, verifier.NoKey}}},
		{name: "revoked this second", verdict: invalid, make: web(func(m *keys.VerificationMethod) { m.Revoked = now }), want: []finding{{issuerKey, fail, verifier.KeyRevoked}, {proofs, pass, verifier.OK}}},
		{name: "to be revoked", verdict: valid, make: web(func(m *keys.VerificationMethod) { m.Revoked = now.Add(time.Second) }), want: one(issuerKey, pass, verifier.OK)},
		{name: "expired, though created says before", verdict: invalid, make: web(func(m *keys.VerificationMethod) { m.Expires = now.Add(-time.Second) }),
			want: one(issuerKey, fail, verifier.KeyExpired)},
		{name: "private half published", verdict: invalid, make: func(w *world) string {
			text := web()(w)
			w.web.put(webDocument, []byte(swap(`"type":"Multikey"`, `"type":"Multikey","secretKeyMultibase":"z0"`)(t, string(w.web.pages[webDocument]))))
			return text
		}, want: one(issuerKey, fail, verifier.KeyExposed)},
		{name: "bare did:key", verdict: valid, make: func(w *world) string {
			k := w.issuer
			k.method.ID = k.method.Controller
			return w.sign(w.unsigned(k.method.Controller), k, now)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "https issuer, key in its document", verdict: valid, make: func(w *world) string {
			const id = "https://badges.example.edu/issuers/7"
			k := keyPair(t, keys.EdDSA)
			k.method.ID, k.method.Controller, k.method.Assertion = id+"#k", id, true
			doc, err := keys.Document(id, []keys.VerificationMethod{k.method})
			must(t, err)
			w.web.put(id, doc)
			w.list(listURL, "revocation", k, nil)
			return w.sign(w.unsigned(id), k, now)
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "https issuer, key on another host", verdict: invalid, make: func(w *world) string {
			k := keyPair(t, keys.EdDSA)
			k.method.ID = "https://evil.example/keys#k"
			return w.sign(w.unsigned("https://badges.example.edu/issuers/7"), k, now)
		}, want: one(issuerKey, fail, verifier.WrongController)},
	} {
		if !(s.verdict == valid) {
			s.want = notRun(s.want...)
		}
		s.run(t)
	}
}

func TestValidity(t *testing.T) {
	period := func(from, until string) func(*world) string {
		edits := []edit{put("validFrom", `"`+from+`"`), put("validUntil", `"`+until+`"`)}
		if until == "" {
			edits[1] = drop("validUntil")
		}
		return func(w *world) string { return w.badge(edits...) }
	}
	const past = "2026-11-01T00:00:00Z"
	for _, s := range []state{
		{name: "no end", verdict: valid, make: period(past, ""), want: one(validity, pass, verifier.NoEnd)},
		{name: "ends this second", verdict: valid, make: period(past, "2026-11-21T10:00:00Z"), want: one(validity, pass, verifier.OK)},
		{name: "ended a second ago", verdict: invalid, make: period(past, "2026-11-21T09:59:59Z"), want: one(validity, fail, verifier.Expired), pointer: "/validUntil"},
		{name: "ended, in another zone", verdict: invalid, make: period(past, "2026-11-21T11:59:59+02:00"), want: one(validity, fail, verifier.Expired)},
		{name: "ends later, in another zone", verdict: valid, make: period(past, "2026-11-21T09:00:00-02:00"), want: one(validity, pass, verifier.OK)},
		{name: "begins in a second", verdict: invalid, make: period("2026-11-21T10:00:01Z", ""), want: one(validity, fail, verifier.NotYetValid), pointer: "/validFrom"},
		{name: "begins this second", verdict: valid, make: period("2026-11-21T10:00:00Z", ""), want: one(validity, pass, verifier.NoEnd)},
		{name: "ends before it begins", verdict: invalid, make: period("2026-11-02T00:00:00Z", past), want: one(validity, fail, verifier.BadDate)},
		{name: "no zone", verdict: invalid, make: period("2026-11-01T00:00:00", ""), want: one(validity, fail, verifier.BadDate)},
		{name: "no such day", verdict: invalid, make: period(past, "2026-02-30T00:00:00Z"), want: one(validity, fail, verifier.BadDate)},
	} {
		s.run(t)
	}
}

func TestValidityParams(t *testing.T) {
	w := newWorld(t)
	f := verify(t, w.v, w.badge(put("validUntil", `"2026-11-21T11:59:59+02:00"`)), verifier.Options{}).Finding(validity)
	if f.Params["until"] != "2026-11-21T09:59:59Z" || f.Params["from"] != "2026-11-20T09:30:00Z" {
		t.Errorf("params %v", f.Params)
	}
}

func TestStatus(t *testing.T) {
	const entry = `"statusPurpose":"revocation","statusListIndex":"94567"`
	at := func(index string) func(*world) string {
		return func(w *world) string { return w.badge(swap(`"statusListIndex":"94567"`, `"statusListIndex":`+index)) }
	}
	// list is a good badge whose list was changed before it was signed.
	list := func(edits ...edit) func(*world) string {
		return func(w *world) string {
			w.list(listURL, "revocation", w.issuer, nil, edits...)
			return w.badge()
		}
	}
	// tampered is a good badge whose list was changed after that.
	tampered := func(e edit) func(*world) string {
		return func(w *world) string {
			w.web.put(listURL, []byte(e(t, string(w.web.pages[listURL]))))
			return w.badge()
		}
	}
	enveloped := func(mediaType string, set []int) func(*world) string {
		return func(w *world) string {
			w.listJWS(set)
			w.web.put(listURL, []byte(envelope(mediaType, string(w.web.pages[listURL]))))
			return w.badge()
		}
	}
	bareJWS := func(set []int) func(*world) string {
		return func(w *world) string {
			w.list(listURL, "revocation", w.issuer, set)
			text := drop("proof")(t, string(w.web.pages[listURL]))
			w.web.put(listURL, []byte(signedAs(t, w.issuer, `{"alg":"EdDSA","kid":"`+w.issuer.method.ID+`","typ":"vc+jwt"}`, text)))
			return w.badge()
		}
	}
	// provenUntil is a good badge whose list has a proof that ends, changed after
	// that.
	provenUntil := func(end string, change func(proof string) string) func(*world) string {
		return func(w *world) string {
			w.list(listURL, "revocation", w.issuer, nil)
			text := w.prove(drop("proof")(t, string(w.web.pages[listURL])), w.issuer, map[string]any{"expires": end})
			if change != nil {
				text = change(text)
			}
			w.web.put(listURL, []byte(text))
			return w.badge()
		}
	}
	wrong := one(revocation, fail, verifier.StatusListInvalid)
	for _, s := range []state{
		{name: "revoked", verdict: invalid, make: func(w *world) string { w.list(listURL, "revocation", w.issuer, []int{badgeIndex}); return w.badge() },
			want: one(revocation, fail, verifier.Revoked)},
		{name: "none", verdict: valid, make: func(w *world) string { return w.badge(drop("credentialStatus")) }, want: one(revocation, skip, verifier.NoStatus)},
		{name: "first entry", verdict: valid, make: at(`"0"`), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "second entry, set", verdict: invalid, make: at(`"1"`), want: one(revocation, fail, verifier.Revoked)},
		{name: "last entry", verdict: valid, make: at(`"131071"`), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "index out of range", verdict: invalid, make: at(`"131072"`), want: wrong, detail: "RANGE_ERROR"},
		{name: "index as a number", verdict: valid, make: at(`94567`), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "index as another number, set", verdict: invalid, make: at(`1`), want: one(revocation, fail, verifier.Revoked)},
		{name: "index as a fraction", verdict: invalid, make: at(`1.5`), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "index below zero", verdict: invalid, make: at(`"-1"`), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "index with a leading zero", verdict: invalid, make: at(`"052"`), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "index in other digits", verdict: invalid, make: at(`"٤٢"`), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "index beyond 64 bits", verdict: invalid, make: at(`"9223372036854775808"`), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "no purpose", verdict: invalid, make: func(w *world) string { return w.badge(swap(entry, `"statusListIndex":"94567"`)) }, want: wrong},
		{name: "no list", verdict: invalid, make: func(w *world) string { return w.badge(swap(`,"statusListCredential":"`+listURL+`"`, ``)) }, want: wrong},
		{name: "entry with the id of its list", verdict: invalid, make: func(w *world) string { return w.badge(swap(listURL+"#94567", listURL)) }, want: wrong},
		{name: "entry of two bits without their meaning", verdict: invalid, make: func(w *world) string { return w.badge(swap(entry, entry+`,"statusSize":2`)) }, want: wrong, pointer: "/credentialStatus/statusMessage"},
		{name: "entry of three bits", verdict: indeterminate, make: func(w *world) string { return w.badge(swap(entry, entry+`,"statusSize":3`)) }, want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "entry of one bit", verdict: valid, make: func(w *world) string { return w.badge(swap(entry, entry+`,"statusSize":1`)) }, want: one(revocation, pass, verifier.NotRevoked)},
		{name: "entry of no bits", verdict: invalid, make: func(w *world) string { return w.badge(swap(entry, entry+`,"statusSize":0`)) }, want: wrong},
		{name: "entry of a billion bits", verdict: indeterminate, make: func(w *world) string { return w.badge(swap(entry, entry+`,"statusSize":1000000000`)) }, want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "unknown type", verdict: indeterminate, make: func(w *world) string {
			return w.badge(put("credentialStatus", `{"id":"https://example.org/r","type":"1EdTechCredentialRefresh"}`))
		}, want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "a purpose that does not decide", verdict: valid, make: func(w *world) string {
			w.list(listURL, "refresh", w.issuer, nil)
			return w.badge(swap(`"statusPurpose":"revocation"`, `"statusPurpose":"refresh"`))
		}, want: []finding{{revocation, skip, verifier.NoStatus}, {refresh, pass, verifier.NoNewerEdition}}},
		{name: "a purpose that nobody knows", verdict: indeterminate, make: func(w *world) string {
			return w.badge(swap(`"statusPurpose":"revocation"`, `"statusPurpose":"retired"`))
		}, want: one(revocation, open, verifier.StatusUnsupported)},

		{name: "unreachable", verdict: indeterminate, make: func(w *world) string { delete(w.web.pages, listURL); return w.badge() },
			want: one(revocation, open, verifier.StatusListUnreachable), detail: "STATUS_RETRIEVAL_ERROR"},
		{name: "no JSON", verdict: indeterminate, make: func(w *world) string { w.web.put(listURL, []byte("<html>")); return w.badge() }, want: one(revocation, open, verifier.StatusListUnreachable), detail: "no status list"},
		{name: "forged", verdict: invalid, make: tampered(func(t testing.TB, text string) string {
			return change(t, text, func(m map[string]json.RawMessage) {
				m["credentialSubject"] = json.RawMessage(fmt.Sprintf(`{"id":"%s#list","type":"BitstringStatusList","statusPurpose":"revocation","encodedList":%q}`, listURL, status.New(0).Encode()))
			})
		}), want: wrong, detail: "proof"},
		{name: "unsigned", verdict: invalid, make: tampered(drop("proof")), want: wrong, detail: "no_proof"},
		{name: "of another issuer", verdict: invalid, make: func(w *world) string { w.list(listURL, "revocation", didKey(t), nil); return w.badge() }, want: wrong, detail: "of the issuer"},
		{name: "in the issuer's name by another", verdict: invalid, make: func(w *world) string {
			other := didKey(t)
			other.method.Controller = w.issuer.method.Controller
			w.list(listURL, "revocation", other, nil)
			return w.badge()
		}, want: wrong, detail: "issuer_key"},
		{name: "expired list", verdict: indeterminate, make: list(add(`"validUntil":"2026-11-21T09:59:59Z"`)), want: one(revocation, open, verifier.StatusListExpired), detail: "expired"},
		{name: "list of tomorrow", verdict: indeterminate, make: list(put("validFrom", `"2026-11-22T00:00:00Z"`)), want: one(revocation, open, verifier.StatusListNotYetValid), detail: "not_yet_valid"},
		{name: "expired list of another issuer", verdict: invalid, make: func(w *world) string {
			w.list(listURL, "revocation", didKey(t), nil, add(`"validUntil":"2026-11-21T09:59:59Z"`))
			return w.badge()
		}, want: wrong, detail: "of the issuer"},
		{name: "expired list, forged", verdict: invalid, make: func(w *world) string {
			w.list(listURL, "revocation", w.issuer, []int{badgeIndex}, add(`"validUntil":"2026-11-22T09:59:59Z"`))
			w.web.put(listURL, []byte(swap("2026-11-22T09:59:59Z", "2026-11-21T09:59:59Z")(t, string(w.web.pages[listURL]))))
			return w.badge()
		}, want: wrong, detail: "proof"},
		{name: "expired list of another purpose", verdict: invalid, make: list(add(`"validUntil":"2026-11-21T09:59:59Z"`), swap(`"statusPurpose":"revocation"`, `"statusPurpose":"suspension"`)), want: wrong, detail: "not for revocation"},
		{name: "expired list, too short", verdict: invalid, make: list(add(`"validUntil":"2026-11-21T09:59:59Z"`), encodedList(shortList(t))), want: wrong, detail: "STATUS_LIST_LENGTH_ERROR"},
		{name: "expired list as a JWS", verdict: indeterminate, make: func(w *world) string {
			w.listJWS(nil, add(`"validUntil":"2026-11-21T09:59:59Z"`))
			return w.badge()
		}, want: one(revocation, open, verifier.StatusListExpired)},
		{name: "list with an expired proof", verdict: indeterminate, make: provenUntil("2026-11-21T09:59:59Z", nil), want: one(revocation, open, verifier.StatusListExpired), detail: "proof_expired"},
		{name: "list with an expired proof, changed", verdict: invalid, make: provenUntil("2026-11-21T09:59:59Z", func(pr string) string {
			return strings.Replace(pr, "09:59:59", "09:59:58", 1)
		}), want: wrong, detail: "proof_invalid"},
		{name: "another id", verdict: invalid, make: list(put("id", `"https://badges.example.edu/status/8"`)), want: wrong, detail: "another id"},
		{name: "no id", verdict: invalid, make: list(drop("id")), want: wrong, detail: "another id"},
		{name: "another type", verdict: invalid, make: list(swap(`,"BitstringStatusListCredential"`, ``)), want: wrong},
		{name: "a list without a list", verdict: invalid, make: list(put("credentialSubject", `{"id":"urn:uuid:1","name":"x"}`)), want: wrong, detail: "no Bitstring Status List"},
		{name: "another purpose", verdict: invalid, make: list(swap(`"statusPurpose":"revocation"`, `"statusPurpose":"suspension"`)), want: wrong, detail: "not for revocation"},
		{name: "several purposes", verdict: valid, make: list(swap(`"statusPurpose":"revocation"`, `"statusPurpose":["suspension","revocation"]`)), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "with a status of its own", verdict: invalid, make: list(add(`"credentialStatus":{"type":"BitstringStatusListEntry",` + entry + `,"statusListCredential":"` + listURL + `"}`)), want: wrong, detail: "status of its own"},
		{name: "with an inline context", verdict: invalid, make: func(w *world) string {
			w.list(listURL, "revocation", w.issuer, nil)
			w.web.put(listURL, []byte(swap(`credentials/v2"]`, `credentials/v2",{"x":"urn:x"}]`)(t, string(w.web.pages[listURL]))))
			return w.badge()
		}, want: wrong, detail: "unknown_context"},
		{name: "too short", verdict: invalid, make: list(encodedList(shortList(t))), want: wrong, detail: "STATUS_LIST_LENGTH_ERROR"},
		{name: "not gzip", verdict: invalid, make: list(encodedList("uAAAA")), want: wrong, detail: "MALFORMED_VALUE_ERROR"},
		{name: "no list in it", verdict: invalid, make: list(encodedList("")), want: wrong},
		{name: "a bomb", verdict: indeterminate, make: list(encodedList(status.New(40 << 20).Encode())), want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "without the multibase prefix", verdict: valid, make: list(func(t testing.TB, text string) string { return swap(`"encodedList":"u`, `"encodedList":"`)(t, text) }),
			want: one(revocation, pass, verifier.NotRevoked)},
		{name: "as a JWS", verdict: valid, make: func(w *world) string { w.listJWS(nil); return w.badge() }, want: one(revocation, pass, verifier.NotRevoked)},
		{name: "in an envelope", verdict: valid, make: enveloped("application/vc+jwt", nil), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "in an envelope, revoked", verdict: invalid, make: enveloped("application/vc+jwt", []int{badgeIndex}), want: one(revocation, fail, verifier.Revoked)},
		{name: "in an envelope of another kind", verdict: indeterminate, make: enveloped("application/vc+sd-jwt", nil), want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "in an envelope that is none", verdict: invalid, make: enveloped("text/html", nil), want: wrong, detail: "text/html"},
		{name: "as a JWS without claims", verdict: valid, make: bareJWS(nil), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "as a JWS without claims, revoked", verdict: invalid, make: bareJWS([]int{badgeIndex}), want: one(revocation, fail, verifier.Revoked)},
		{name: "as a JWS, revoked", verdict: invalid, make: func(w *world) string { w.listJWS([]int{badgeIndex}); return w.badge() }, want: one(revocation, fail, verifier.Revoked)},
	} {
		s.run(t)
	}
}

func TestSeveralStatuses(t *testing.T) {
	two := func(w *world) string {
		return w.badge(put("credentialStatus", `[{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"5","statusListCredential":"`+listURL+`"},`+
			`{"type":"BitstringStatusListEntry","statusPurpose":"suspension","statusListIndex":"6","statusListCredential":"`+suspensionURL+`"}]`))
	}
	for _, s := range []state{
		{name: "neither", verdict: valid, make: func(w *world) string { w.list(suspensionURL, "suspension", w.issuer, nil); return two(w) },
			want: []finding{{schema, pass, verifier.OK}, {revocation, pass, verifier.NotRevoked}, {suspension, pass, verifier.NotSuspended}}},
		{name: "suspended", verdict: invalid, make: func(w *world) string { w.list(suspensionURL, "suspension", w.issuer, []int{6}); return two(w) },
			want: []finding{{revocation, pass, verifier.NotRevoked}, {suspension, fail, verifier.Suspended}}, pointer: "/credentialStatus/1"},
		{name: "one list unreachable", verdict: indeterminate, make: two,
			want: []finding{{revocation, pass, verifier.NotRevoked}, {suspension, open, verifier.StatusListUnreachable}}},
	} {
		s.run(t)
	}
}
