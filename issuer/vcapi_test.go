package issuer_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

const vcIssuer = "did:web:badges.example"

// foreignBadge is a badge as somebody else writes it, some of it oddly spelt.
const foreignBadge = `{
  "type": ["VerifiableCredential", "OpenBadgeCredential"],
  "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
  "name": "Ville-sant\u00e9",   "validFrom": "2025-07-11T02:00:00+02:00",
  "credentialSubject": {
    "type": ["AchievementSubject"],
    "creditsEarned": 2.50,
    "identifier": [
      {"type": "IdentityObject", "hashed": false, "identityHash": "Ana", "identityType": "name"},
      {"type": "IdentityObject", "hashed": false, "identityHash": " Ana@Learner.example", "identityType": "emailAddress"}
    ],
    "achievement": {"id": "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6", "type": ["Achievement"], "name": "Course",
      "description": "A course.", "criteria": {"narrative": "Come."}}
  }
}`

// foreignCredential is no badge, and brings its own vocabulary.
const foreignCredential = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://words.example/#"}],
  "type": ["VerifiableCredential", "ExampleCredential"],
  "issuer": "did:web:badges.example",
  "description": {"@value": "an example", "@language": "en"},
  "credentialSubject": [{"id": "did:example:1", "favourite": {"colour": "green"}}, {"n": 1}],
  "evidence": {"type": "Essay", "pages": 2}
}`

// edit replaces one piece of a document, which must be there.
func edit(t *testing.T, document, old, new string) string {
	t.Helper()
	if strings.Count(document, old) == 0 {
		t.Fatalf("%q does not stand in the document", old)
	}
	return strings.Replace(document, old, new, 1)
}

func (p *place) signForeign(t *testing.T, document string) (*badge.Document, error) {
	t.Helper()
	v, err := strictjson.Parse([]byte(document), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p.SignCredential(t.Context(), v, issuer.Choice{}, "test")
}

func vcAPI(t *testing.T, p *place) {
	signed, err := p.signForeign(t, foreignBadge)
	if err != nil {
		t.Fatal(err)
	}
	filledIn(t, p, signed)
	asWritten(t, signed)
	p.verified(t, signed, verifier.Options{})
	generic, err := p.signForeign(t, foreignCredential)
	if err != nil {
		t.Fatal(err)
	}
	p.verified(t, generic, verifier.Options{Generic: true})
	for _, name := range []string{"id", "credentialStatus", "validFrom"} {
		if generic.Root().Get(name).Exists() {
			t.Errorf("%s was filled in where nobody asked for it", name)
		}
	}
	events := 0
	for k, v := range issuertest.Snapshot(t, p.Store) {
		if strings.HasPrefix(k, "u/") && strings.Contains(v, "vc-api.issue") {
			events++
		}
		if strings.Contains(strings.ToLower(k+v), "ana@learner") {
			t.Errorf("%s holds the address", k)
		}
	}
	if events != 2 {
		t.Errorf("%d audit records for 2 signatures", events)
	}
}

func filledIn(t *testing.T, p *place, signed *badge.Document) {
	t.Helper()
	view := signed.View()
	if view.Issuer.ID != vcIssuer || view.Issuer.Name == "" || !strings.HasPrefix(view.ID, "urn:uuid:") {
		t.Errorf("issuer %+v, id %s", view.Issuer, view.ID)
	}
	status := view.CredentialStatus[0]
	if status.StatusListCredential != issuertest.BaseURL+"/status/vc-api-1" || status.StatusPurpose != "revocation" {
		t.Errorf("status %+v", status)
	}
	mark := fmt.Sprintf("x/vc-api-1/%06s", status.StatusListIndex)
	if _, ok := issuertest.Snapshot(t, p.Store)[mark]; !ok {
		t.Errorf("index %s is not claimed", status.StatusListIndex)
	}
	mail := view.CredentialSubject.Identifier[1]
	if !mail.Hashed || mail.Salt == "" || mail.IdentityHash != issuer.IdentityHash("ana@learner.example", mail.Salt) {
		t.Errorf("the address became %+v", mail)
	}
	if strings.Contains(strings.ToLower(string(signed.Raw())), "ana@") {
		t.Error("the address stands in the badge")
	}
}

// asWritten: what the caller wrote stands as it stood, spelling and order
// included.
func asWritten(t *testing.T, signed *badge.Document) {
	t.Helper()
	for _, piece := range []string{`"Ville-sant\u00e9"`, `"2025-07-11T02:00:00+02:00"`, "2.50", "\n      \"description\": \"A course.\"",
		`{"type": "IdentityObject", "hashed": false, "identityHash": "Ana", "identityType": "name"}`} {
		if !strings.Contains(string(signed.Raw()), piece) {
			t.Errorf("%s was written again", piece)
		}
	}
	var names []string
	for name := range signed.Root().Members() {
		names = append(names, name)
	}
	want := []string{"type", "@context", "name", "validFrom", "credentialSubject", "issuer", "id", "credentialStatus", "proof"}
	if !slices.Equal(names, want) {
		t.Errorf("the members stand in the order %v", names)
	}
}

func (p *place) verified(t *testing.T, signed *badge.Document, opts verifier.Options) {
	t.Helper()
	if r := p.full(t).VerifyDocument(t.Context(), signed, opts); !r.Verified() {
		t.Errorf("it does not verify: %+v", r.Findings)
	}
}

func TestForeignFaults(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	mine, err := p.signForeign(t, foreignBadge)
	if err != nil {
		t.Fatal(err)
	}
	withStatus := func(id, status string) string {
		return edit(t, foreignBadge, "{", `{"id": "`+id+`", "credentialStatus": `+status+`,`)
	}
	myStatus := mine.Root().Get("credentialStatus").Raw()
	before := issuertest.Snapshot(t, p.Store)
	for _, c := range []struct{ document, pointer, rule string }{
		// badges
		{edit(t, foreignBadge, "{", `{"proof": {},`), "/proof", "proof_supplied"},
		{edit(t, foreignBadge, "{", `{"proof": [],`), "/proof", "proof_supplied"},
		{edit(t, foreignBadge, "{", `{"issuer": "did:web:other.example",`), "/issuer", "issuer_mismatch"},
		{edit(t, foreignBadge, "{", `{"issuer": {"id": "did:web:badges.example:issuers:academy", "type": ["Profile"]},`), "/issuer/id", "issuer_mismatch"},
		{edit(t, foreignBadge, "{", `{"issuer": {"type": ["Profile"]},`), "/issuer", "malformed"},
		{edit(t, foreignBadge, "{", `{"issuer": null,`), "/issuer", "malformed"},
		{edit(t, foreignBadge, "{", `{"id": "badge/1",`), "/id", "relative_id"},
		{edit(t, foreignBadge, "{", `{"id": ["urn:uuid:1", "urn:uuid:2"],`), "/id", "relative_id"},
		{edit(t, foreignBadge, "{", `{"id": "https://badges.example/credentials/1",`), "/id", "id_reserved"},
		{edit(t, foreignBadge, "{", `{"credentialStatus": {"type": "BitstringStatusListEntry"},`), "/credentialStatus", "status_mismatch"},
		{withStatus("urn:uuid:1", myStatus), "/credentialStatus", "status_mismatch"}, // of another badge
		{withStatus(mine.View().ID, edit(t, myStatus, `"revocation"`, `"suspension"`)), "/credentialStatus", "status_mismatch"},
		{withStatus(mine.View().ID, strings.ReplaceAll(myStatus, "vc-api-1", "academy-1")), "/credentialStatus", "status_mismatch"},
		{withStatus(mine.View().ID, strings.ReplaceAll(myStatus, "badges.example", "other.example")), "/credentialStatus", "status_mismatch"},
		{edit(t, foreignBadge, `" Ana@Learner.example"`, `"Ana"`), "/credentialSubject/identifier/1/identityHash", "email_invalid"},
		{edit(t, foreignBadge, `"identityType": "emailAddress"`, `"identityType": "emailAddress", "note": "x"`), "/credentialSubject/identifier/1/note", "unknown_member"},
		{edit(t, foreignBadge, `"hashed": false, "identityHash": " Ana`, `"hashed": true, "identityHash": " Ana`), "/credentialSubject/identifier/1/identityHash", "identity_hash_invalid"},
		{edit(t, foreignBadge, `"hashed": false, "identityHash": " Ana@Learner.example"`, `"hashed": true, "identityHash": "sha256$`+strings.Repeat("0", 64)+`"`),
			"/credentialSubject/identifier/1/salt", "identity_unsalted"},
		{edit(t, foreignBadge, `"hashed": false, "identityHash": " Ana@Learner.example"`, `"hashed": true, "salt": "s", "identityHash": "md5$`+strings.Repeat("0", 32)+`"`),
			"/credentialSubject/identifier/1/identityHash", "identity_hash_invalid"},
		{edit(t, foreignBadge, `"name": "Ville`, `"nmae": "Ville`), "/nmae", "undefined_term"},
		{edit(t, foreignBadge, `"urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"`, `"course"`), "/credentialSubject/achievement/id", "relative_iri"},
		{edit(t, foreignBadge, `2.50`, `null`), "/credentialSubject/creditsEarned", "null_value"},
		{edit(t, foreignBadge, `2.50`, `"2.5"`), "/credentialSubject/creditsEarned", "schema_mismatch"},
		{edit(t, foreignBadge, `"validFrom": "2025-07-11T02:00:00+02:00",`, ``), "", "schema_mismatch"},
		{edit(t, foreignBadge, `"2025-07-11T02:00:00+02:00"`, `"2025-07-11"`), "/validFrom", "date_invalid"},
		{edit(t, foreignBadge, "{", `{"validUntil": "2025-07-10T23:59:59Z",`), "/validUntil", "date_order"},
		{edit(t, foreignBadge, `"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`, `{"@vocab": "https://words.example/#"}`), "/@context/1", "unknown_context"},
		{edit(t, foreignBadge, `"VerifiableCredential", `, ``), "/type", "malformed"},
		// anything else
		{edit(t, foreignCredential, `"issuer": "did:web:badges.example",`, ``), "/issuer", "malformed"},
		{edit(t, foreignCredential, `"did:web:badges.example"`, `"https://issuer.example"`), "/issuer", "issuer_mismatch"},
		{edit(t, foreignCredential, `"did:web:badges.example"`, `{"id": "did:example:me"}`), "/issuer/id", "issuer_mismatch"},
		{edit(t, foreignCredential, `"did:web:badges.example"`, `["did:web:badges.example"]`), "/issuer", "malformed"},
		{edit(t, foreignCredential, `"https://www.w3.org/ns/credentials/v2"`, `"https://www.w3.org/2018/credentials/v9"`), "/@context/0", "malformed"},
		{edit(t, foreignCredential, `"VerifiableCredential"`, `"Credential"`), "/type", "malformed"},
		{edit(t, foreignCredential, `[{"id": "did:example:1", "favourite": {"colour": "green"}}, {"n": 1}]`, `[]`), "/credentialSubject", "malformed"},
		{edit(t, foreignCredential, `{"n": 1}`, `{}`), "/credentialSubject/1", "malformed"},
		{edit(t, foreignCredential, `{"n": 1}`, `"did:example:2"`), "/credentialSubject/1", "malformed"},
		{edit(t, foreignCredential, `"type": "Essay", `, ``), "/evidence/type", "malformed"},
		{edit(t, foreignCredential, `{"@value": "an example", "@language": "en"}`, `{"@value": "an example", "lang": "en"}`), "/description", "malformed"},
		{edit(t, foreignCredential, "{", `{"validFrom": "yesterday",`), "/validFrom", "date_invalid"},
		{edit(t, foreignCredential, "{", `{"validFrom": 2025,`), "/validFrom", "date_invalid"},
		{edit(t, foreignCredential, "{", `{"id": "x",`), "/id", "relative_id"},
		{edit(t, foreignCredential, "{", `{"proof": {"type": "DataIntegrityProof"},`), "/proof", "proof_supplied"},
		{edit(t, foreignCredential, "{", `{"credentialSchema": {"type": "JsonSchema"},`), "/credentialSchema/id", "malformed"},
		{edit(t, foreignCredential, "{", `{"credentialStatus": {"id": "https://x.example/1"},`), "/credentialStatus/type", "malformed"},
		{edit(t, foreignCredential, "{", `{"termsOfUse": [{"id": "https://x.example/1"}],`), "/termsOfUse/0/type", "malformed"},
		{edit(t, foreignCredential, "{", `{"refreshService": "https://x.example/1",`), "/refreshService", "malformed"},
		{edit(t, foreignCredential, `"did:example:1"`, `"one"`), "/credentialSubject/0/id", "relative_iri"},
		{`"urn:uuid:1"`, "", "not_an_object"},
		{`[]`, "", "not_an_object"},
		{`{}`, "/@context", "malformed"},
	} {
		signed, err := p.signForeign(t, c.document)
		list := errorsIn(err)
		if signed != nil || !slices.ContainsFunc(list, func(e *badge.Error) bool { return e.Pointer == c.pointer && e.Rule == c.rule }) {
			t.Errorf("want %s at %q, got %v", c.rule, c.pointer, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
}

// endorsementJWT has the form of an endorsement; whether it holds is for those
// who rely on it.
const endorsementJWT = "eyJhbGciOiJFZERTQSJ9.e30.AA"

// withResults is foreignBadge with two descriptions of results and some results.
func withResults(t *testing.T, results string) string {
	t.Helper()
	described := edit(t, foreignBadge, `"name": "Course"`, `"name": "Course", "resultDescription": [
		{"id": "urn:example:score", "type": ["ResultDescription"], "name": "Score", "resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": "80"},
		{"id": "urn:example:rubric", "type": ["ResultDescription"], "name": "Rubric", "resultType": "RubricCriterionLevel", "requiredLevel": "urn:example:rubric/levels/high",
			"rubricCriterionLevel": [{"id": "urn:example:rubric/levels/low", "type": ["RubricCriterionLevel"], "name": "Low"},
				{"id": "urn:example:rubric/levels/high", "type": ["RubricCriterionLevel"], "name": "High"}]}]`)
	return edit(t, described, `"creditsEarned"`, `"result": [`+results+`], "creditsEarned"`)
}

// TestForeignBadgeRules: what POST /v1/credentials would not put into a badge
// is not signed here either, and each fault says where it is.
func TestForeignBadgeRules(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	before := issuertest.Snapshot(t, p.Store)
	result := func(members string) string { return withResults(t, `{"type": ["Result"], `+members+`}`) }
	identity := func(members string) string {
		return edit(t, foreignBadge, `"hashed": false, "identityHash": "Ana", "identityType": "name"`, members)
	}
	const subject, first = "/credentialSubject", "/credentialSubject/result/0"
	long := func(n int) string { return strings.Repeat("é", n) }
	for name, c := range map[string]struct{ document, pointer, rule string }{
		"not valid yet":            {edit(t, foreignBadge, "2025-07-11T02:00:00+02:00", "2026-02-01T09:05:01Z"), "/validFrom", "date_in_future"},
		"expired":                  {edit(t, foreignBadge, "{", `{"validUntil": "2025-07-12T00:00:00Z",`), "/validUntil", "expired"},
		"expiring now":             {edit(t, foreignBadge, "{", `{"validUntil": "2026-02-01T09:00:00Z",`), "/validUntil", "expired"},
		"an unknown result":        {result(`"resultDescription": "urn:example:grade", "value": "90"`), first + "/resultDescription", "result_unknown"},
		"half the id of a result":  {edit(t, result(`"resultDescription": "score", "value": "90"`), "urn:example:score", "urn:example:/results/score"), first + "/resultDescription", "result_unknown"},
		"failed":                   {result(`"resultDescription": "urn:example:score", "status": "Failed"`), first + "/status", "status_invalid"},
		"failed, undescribed":      {result(`"status": "Failed"`), first + "/status", "status_invalid"},
		"above the greatest value": {result(`"resultDescription": "urn:example:score", "value": "100.5"`), first + "/value", "result_out_of_range"},
		"below what is required":   {result(`"resultDescription": "urn:example:score", "value": "79.9"`), first + "/value", "result_below_required"},
		"no number":                {result(`"resultDescription": "urn:example:score", "value": "well"`), first + "/value", "result_not_a_number"},
		"an empty result":          {result(`"resultDescription": "urn:example:score"`), first + "/value", "required"},
		"a low level":              {result(`"resultDescription": "urn:example:rubric", "achievedLevel": "urn:example:rubric/levels/low"`), first + "/achievedLevel", "result_below_required"},
		"half the id of a level":   {result(`"resultDescription": "urn:example:rubric", "achievedLevel": "high"`), first + "/achievedLevel", "level_unknown"},
		"an address as a name":     {identity(`"hashed": false, "identityHash": " ana@learner.example", "identityType": "name"`), subject + "/identifier/0/identityHash", "email_not_hashed"},
		"an address of own type":   {identity(`"hashed": false, "identityHash": "mailto:ana@learner.example", "identityType": "ext:mail"`), subject + "/identifier/0/identityHash", "email_not_hashed"},
		"an address said hashed":   {identity(`"hashed": true, "salt": "s", "identityHash": "ana@learner.example", "identityType": "emailAddress2"`), subject + "/identifier/0/identityHash", "email_not_hashed"},
		"a long name of a person":  {identity(`"hashed": false, "identityHash": "` + long(201) + `", "identityType": "name"`), subject + "/identifier/0/identityHash", "too_long"},
		"a long name":              {edit(t, foreignBadge, `Ville-sant\u00e9`, long(201)), "/name", "too_long"},
		"a long achievement":       {edit(t, foreignBadge, `"Course"`, `"`+long(201)+`"`), subject + "/achievement/name", "too_long"},
		"a long description":       {edit(t, foreignBadge, "A course.", long(4001)), subject + "/achievement/description", "too_long"},
		"long criteria":            {edit(t, foreignBadge, "Come.", long(8001)), subject + "/achievement/criteria/narrative", "too_long"},
		"a long narrative":         {edit(t, foreignBadge, `"creditsEarned"`, `"narrative": "`+long(8001)+`", "creditsEarned"`), subject + "/narrative", "too_long"},
		"a role of two lines":      {edit(t, foreignBadge, `"creditsEarned"`, `"role": "a\nb", "creditsEarned"`), subject + "/role", "control_character"},
		"text that turns around":   {edit(t, foreignBadge, "A course.", `A \u202ecourse.`), subject + "/achievement/description", "control_character"},
		"long evidence":            {edit(t, foreignBadge, "{", `{"evidence": [{"type": ["Evidence"], "name": "a"}, {"type": ["Evidence"], "narrative": "`+long(8001)+`"}],`), "/evidence/1/narrative", "too_long"},
		"much evidence":            {edit(t, foreignBadge, "{", `{"evidence": [`+strings.Repeat(`{"type": ["Evidence"], "name": "a"},`, 20)+`{"type": ["Evidence"], "name": "a"}],`), "/evidence", "too_many"},
		"endorsed by no JWT":       {edit(t, foreignBadge, "{", `{"endorsementJwt": ["`+endorsementJWT+`", "a.b.c"],`), "/endorsementJwt/1", "endorsement_invalid"},
		"endorsed with no header":  {edit(t, foreignBadge, `"Course"`, `"Course", "endorsementJwt": ["AAAA.e30.AA"]`), subject + "/achievement/endorsementJwt/0", "endorsement_invalid"},
		"endorsed in two parts":    {edit(t, foreignBadge, "{", `{"issuer": {"id": "did:web:badges.example", "type": ["Profile"], "name": "We", "endorsementJwt": ["eyJhbGciOiJFZERTQSJ9.e30"]},`), "/issuer/endorsementJwt/0", "endorsement_invalid"},
	} {
		signed, err := p.signForeign(t, c.document)
		if signed != nil || !slices.ContainsFunc(errorsIn(err), func(e *badge.Error) bool { return e.Pointer == c.pointer && e.Rule == c.rule && e.Detail != "" }) {
			t.Errorf("%s: want %s at %q, got %v", name, c.rule, c.pointer, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
}

func errorsIn(err error) []*badge.Error {
	var list badge.Errors
	var one *badge.Error
	if !errors.As(err, &list) && errors.As(err, &one) {
		list = badge.Errors{one}
	}
	return list
}

// TestForeignAccepted: what differs from the usual and is in order.
func TestForeignAccepted(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	first, err := p.signForeign(t, foreignBadge)
	if err != nil {
		t.Fatal(err)
	}
	again := edit(t, foreignBadge, "{", `{"id": "`+first.View().ID+`", "credentialStatus": `+first.Root().Get("credentialStatus").Raw()+`,`)
	for name, c := range map[string]struct {
		document string
		opts     verifier.Options
		verdict  verifier.Verdict
	}{
		"id of its own":           {edit(t, foreignBadge, "{", `{"id": "https://elsewhere.example/badge/1",`), verifier.Options{}, verifier.Valid},
		"issuer by its id":        {edit(t, foreignBadge, "{", `{"issuer": "did:web:badges.example",`), verifier.Options{}, verifier.Valid},
		"issuer as object":        {edit(t, foreignBadge, "{", `{"issuer": {"id": "did:web:badges.example", "type": ["Profile"], "name": "We"},`), verifier.Options{}, verifier.Valid},
		"AchievementCredential":   {edit(t, foreignBadge, `"OpenBadgeCredential"`, `"AchievementCredential"`), verifier.Options{}, verifier.Valid},
		"one identifier":          {edit(t, edit(t, foreignBadge, "[\n      {\"type\": \"IdentityObject\", \"hashed\": false, \"identityHash\": \"Ana\", \"identityType\": \"name\"},", ""), "}\n    ],", "},"), verifier.Options{}, verifier.Valid},
		"the status we gave it":   {again, verifier.Options{}, verifier.Valid},
		"a clock that runs ahead": {edit(t, foreignBadge, "2025-07-11T02:00:00+02:00", "2026-02-01T10:05:00+01:00"), verifier.Options{}, verifier.Invalid},
		"with an end":             {edit(t, foreignBadge, "{", `{"validUntil": "2026-02-01T09:00:01Z",`), verifier.Options{}, verifier.Valid},
		"texts at their bounds":   {edit(t, edit(t, foreignBadge, "A course.", strings.Repeat("é", 4000)), "Come.", strings.Repeat("x", 8000)), verifier.Options{}, verifier.Valid},
		"endorsed in a JWT":       {edit(t, foreignBadge, "{", `{"endorsementJwt": ["`+endorsementJWT+`"],`), verifier.Options{}, verifier.Valid},
		"results in order":        {withResults(t, `{"type": ["Result"], "resultDescription": "urn:example:score", "value": "80"}, {"type": ["Result"], "resultDescription": "urn:example:rubric", "achievedLevel": "urn:example:rubric/levels/high", "status": "Completed"}, {"type": ["Result"], "value": "well"}`), verifier.Options{}, verifier.Valid},
		"generic, id of its own":  {edit(t, foreignCredential, "{", `{"id": "urn:uuid:1d2f9e6c-7a0e-4c2e-9b57-0d6f3a5f2b11",`), verifier.Options{Generic: true}, verifier.Valid},
		"generic, issuer object":  {edit(t, foreignCredential, `"did:web:badges.example"`, `{"id": "did:web:badges.example", "name": "We"}`), verifier.Options{Generic: true}, verifier.Valid},
		"generic, long past":      {edit(t, foreignCredential, "{", `{"validFrom": "2001-01-01T00:00:00Z", "validUntil": "2001-01-01T00:00:00Z",`), verifier.Options{Generic: true}, verifier.Invalid},
		"generic, far ahead":      {edit(t, foreignCredential, "{", `{"validFrom": "2101-01-01T00:00:00.5-11:30",`), verifier.Options{Generic: true}, verifier.Invalid},
		"generic, foreign status": {edit(t, foreignCredential, "{", `{"credentialStatus": {"type": "SomeStatus"},`), verifier.Options{Generic: true, ProofOnly: true}, verifier.Valid},
	} {
		signed, err := p.signForeign(t, c.document)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r := p.full(t).VerifyDocument(t.Context(), signed, c.opts); r.Verdict() != c.verdict {
			t.Errorf("%s: %v %+v", name, r.Verdict(), r.Findings)
		}
	}
	issuertest.Audit(t, p.Issuer)
}

// TestForeignIndexesAreOwn: many at once never share an index, and the list
// says what it should.
func TestForeignIndexesAreOwn(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	const clients, each = 4, 4
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				signed, err := p.signForeign(t, foreignBadge)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[signed.View().CredentialStatus[0].StatusListIndex] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != clients*each {
		t.Errorf("%d indexes for %d badges", len(seen), clients*each)
	}
	issuertest.Audit(t, p.Issuer)
}

func TestForeignUnderDIDKey(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080", Issuers: []string{issuer.VCAPISlug}})
	signed, err := p.signForeign(t, foreignBadge)
	if err != nil {
		t.Fatal(err)
	}
	if id := signed.View().Issuer.ID; !strings.HasPrefix(id, "did:key:z6Mk") {
		t.Errorf("the issuer is %s", id)
	}
	if r := p.Verifier.VerifyDocument(t.Context(), signed, verifier.Options{ProofOnly: true}); !r.Verified() {
		t.Errorf("it does not verify: %+v", r.Findings)
	}
}

// TestForeignWithoutVCAPI: the endpoint may be asked where nothing is set up.
func TestForeignWithoutVCAPI(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	if _, err := p.signForeign(t, foreignBadge); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("without a profile: %v", err)
	}
	p.Issuer = p.with(t, func(cfg *issuer.Config) { cfg.Generic = nil })
	if _, err := p.signForeign(t, foreignBadge); err == nil {
		t.Error("without a suite it was signed")
	}
}

func TestForeignBrokenSigner(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{academy, issuer.VCAPISlug}})
	other, err := p.Ring.Issuer(academy).Active(t.Context(), "EdDSA")
	if err != nil {
		t.Fatal(err)
	}
	before := issuertest.Snapshot(t, p.Store)
	p.Issuer = p.with(t, func(cfg *issuer.Config) { cfg.Keys = tampered{p.Ring, func(signer) signer { return other }} })
	for _, document := range []string{foreignBadge, foreignCredential} {
		signed, err := p.signForeign(t, document)
		if signed != nil || !errors.Is(err, issuer.ErrSelfCheck) || len(errorsIn(err)) > 0 {
			t.Errorf("signed with another issuer's key: %v, %v", signed, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("something was stored")
	}
}

// TestForeignFixture signs the badge that performance is measured on.
func TestForeignFixture(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{Issuers: []string{issuer.VCAPISlug}})
	raw, err := os.ReadFile("testdata/badge-4.5KB.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(365 * 24 * time.Hour) // past the day that it is valid from
	_, err = p.SignCredential(t.Context(), v, issuer.Choice{}, "test")
	var rules []string
	for _, e := range errorsIn(err) {
		rules = append(rules, e.Rule)
	}
	if !slices.Equal(rules, []string{"issuer_mismatch"}) {
		t.Errorf("as it stands it is refused for %v, %v", rules, err)
	}
}
