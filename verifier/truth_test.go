package verifier_test

import (
	"strings"
	"testing"

	"laurel/keys"
	"laurel/verifier"
)

// What is odd and legal is good, what looks ordinary and is wrong is wrong. Each
// verdict here was read from the standards, and not from what the verifier said.

// as brings the badge with edits as a token, which is signed over its bytes
// whatever they mean.
func as(edits ...edit) func(*world) string {
	return func(w *world) string {
		return signedAs(w.t, w.issuer, `{"alg":"EdDSA","kid":"`+w.issuer.method.ID+`","typ":"JWT"}`, w.payload(w.issuer, edits...))
	}
}

// embedding brings the badge with edits under an embedded proof.
func embedding(edits ...edit) func(*world) string {
	return func(w *world) string { return w.badge(edits...) }
}

// Pieces of the fixture.
const (
	holderID          = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	achievementCalled = `"id":"https://badges.example.edu/achievements/data-engineering-foundations","type"`
	oneResult         = `"result":[{"type":["Result"],"resultDescription":"urn:uuid:f6ab24cd-86e8-4eaf-b8c6-ded74e8fd41c","value":"94"}]`
	oneIdentifier     = `"identifier":[{"type":"IdentityObject","hashed":true,"identityHash":"sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef3d0","identityType":"emailAddress","salt":"Kosher-8f3a1c"}]`
	target            = `"targetUrl":"https://credentialfinder.org/competency/ce-0c33f6a2-design"`
)

func TestShapes(t *testing.T) {
	good := []finding{{schema, pass, verifier.OK}, {terms, pass, verifier.OK}, {proofs, pass, verifier.OK}}
	mismatch := one(schema, fail, verifier.SchemaMismatch)
	issuer := func(form string) edit {
		return func(t testing.TB, s string) string {
			return put("issuer", strings.Replace(form, "ID", theIssuer().method.Controller, 1))(t, s)
		}
	}
	for _, s := range []state{
		{name: "types in the other order", verdict: valid, make: embedding(swap(`["VerifiableCredential","OpenBadgeCredential"]`, `["OpenBadgeCredential","VerifiableCredential"]`)), want: good},
		{name: "both names of a badge", verdict: valid, make: embedding(swap(`"OpenBadgeCredential"`, `"AchievementCredential","OpenBadgeCredential"`)), want: good},
		{name: "a badge that is no credential", verdict: invalid, make: as(swap(`"VerifiableCredential","OpenBadgeCredential"`, `"OpenBadgeCredential"`)), want: one(format, fail, verifier.Malformed)},
		{name: "types by themselves", verdict: valid, make: embedding(swap(`["AchievementSubject"]`, `"AchievementSubject"`), swap(`["Achievement"]`, `"Achievement"`), swap(`["Profile"]`, `"Profile"`)), want: good},
		{name: "an issuer by its id", verdict: valid, make: embedding(issuer(`"ID"`)), want: good},
		{name: "an issuer in a list", verdict: invalid, make: as(issuer(`["ID"]`)), want: one(format, fail, verifier.Malformed)},
		{name: "a subject in a list", verdict: invalid, make: embedding(swap(`"credentialSubject":{`, `"credentialSubject":[{`), swap(`},"evidence"`, `}],"evidence"`)), want: one(format, fail, verifier.Malformed)},
		{name: "nobody", verdict: invalid, make: as(swap(`"id":"`+holderID+`",`, ""), swap(oneIdentifier+",", "")), want: one(format, fail, verifier.Malformed)},
		{name: "somebody by an identifier alone", verdict: valid, make: embedding(swap(`"id":"`+holderID+`",`, "")), want: good},
		{name: "somebody by an identifier alone, in a token", verdict: valid, make: as(swap(`"id":"`+holderID+`",`, ""), drop("sub")), want: good},
		{name: "a token about somebody whom the badge does not name", verdict: invalid, make: as(swap(`"id":"`+holderID+`",`, "")), want: one(proofs, fail, verifier.ClaimsDiffer)},
		{name: "somebody by an address of mail", verdict: valid, make: embedding(swap(holderID, "mailto:ana@example.org")), want: good},
		{name: "the address by itself", verdict: invalid, make: as(swap(holderID, "ana@example.org")), want: one(terms, fail, verifier.RelativeIRI)},

		{name: "one tag", verdict: valid, make: embedding(swap(`"tag":["data","engineering","pipelines","sql"]`, `"tag":"data"`)), want: good},
		{name: "one result", verdict: valid, make: embedding(swap(oneResult, `"result":{"type":"Result","value":"94"}`)), want: good},
		{name: "one evidence", verdict: valid, make: embedding(put("evidence", `{"type":"Evidence","narrative":"x"}`)), want: good},
		{name: "one identifier", verdict: valid, make: embedding(swap(`"identifier":[{`, `"identifier":{`), swap(`"Kosher-8f3a1c"}]`, `"Kosher-8f3a1c"}`)), want: good},
		{name: "several identifiers", verdict: valid, make: embedding(swap(`"identifier":[{`, `"identifier":[{"type":"IdentityObject","hashed":false,"identityHash":"Ana Mora","identityType":"name"},{`)), want: good},
		{name: "a hash in capitals", verdict: valid, make: embedding(swap("b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef3d0", "B5809D8A92F8858436D7E6B87C12EBC0AE1EAC4BAECC2C0B913AEE2C922EF3D0")), want: good},
		{name: "an identifier of a kind of its own", verdict: valid, make: embedding(swap(`"identityType":"emailAddress"`, `"identityType":"ext:orcid"`)), want: good},
		{name: "an identifier of no kind", verdict: invalid, make: as(swap(`"identityType":"emailAddress"`, `"identityType":"phone"`)), want: mismatch},
		{name: "an identifier that says more", verdict: invalid, make: as(swap(`"identityType":"emailAddress"`, `"identityType":"emailAddress","name":"x"`)), want: mismatch},

		{name: "an achievement of a type of its own", verdict: valid, make: embedding(swap(`"achievementType":"Certificate"`, `"achievementType":"ext:Workshop.2"`)), want: good},
		{name: "an achievement of no type", verdict: invalid, make: as(swap(`"achievementType":"Certificate"`, `"achievementType":"Workshop"`)), want: mismatch},
		{name: "an achievement called by a number", verdict: invalid, make: as(swap(achievementCalled, `"id":"123","type"`)), want: one(terms, fail, verifier.RelativeIRI)},
		{name: "an achievement called in other letters", verdict: valid, make: embedding(swap(achievementCalled, `"id":"https://bücher.example/leistung/ü","type"`)), want: good},
		{name: "an achievement called by a keyword", verdict: invalid, make: as(swap(achievementCalled, `"@`+achievementCalled[1:])), want: mismatch},
		{name: "editions in other languages", verdict: valid, make: embedding(swap(`"humanCode"`, `"related":[{"id":"https://x.example/a/de","type":["Related"],"inLanguage":"de"}],"humanCode"`)), want: good},
		{name: "no such language", verdict: invalid, make: as(swap(`"inLanguage":"en-US"`, `"inLanguage":"english"`)), want: mismatch},
		{name: "a name in a language", verdict: invalid, make: as(swap(`"name":"Data Engineering Foundations","description":"Awarded`, `"name":{"@value":"Data","@language":"en"},"description":"Awarded`)), want: mismatch},
		{name: "a map of names", verdict: invalid, make: as(swap(`"name":"Data Engineering Foundations","description":"Design`, `"name":{"en":"x"},"description":"Design`)), want: one(terms, fail, verifier.UndefinedTerm)},
		{name: "an address of 3,000 letters", verdict: valid, make: embedding(swap(target, `"targetUrl":"https://x.example/`+strings.Repeat("a", 3000)+`"`)), want: good},
		{name: "an address with everything", verdict: valid, make: embedding(swap(target, `"targetUrl":"https://x.example/a%20b?c=d&e=f#g"`)), want: good},

		{name: "a score as a number", verdict: invalid, make: as(swap(`"value":"94"`, `"value":94`)), want: mismatch},
		{name: "a state that there is not", verdict: invalid, make: as(swap(`"value":"94"`, `"status":"Done"`)), want: mismatch},
		{name: "a level and a state", verdict: valid, make: embedding(swap(`"value":"94"`, `"achievedLevel":"urn:uuid:d05a0867-d0ad-4b03-bdb5-28fb5d2aab7a","status":"Completed"`)), want: good},
		{name: "credits as a text", verdict: invalid, make: as(swap(`"creditsEarned":4.5`, `"creditsEarned":"4.5"`)), want: mismatch},
		{name: "credits written otherwise", verdict: valid, make: func(w *world) string { return swap(`"creditsEarned":4.5`, `"creditsEarned":45e-1`)(t, w.badge()) }, want: good},

		{name: "an image in itself", verdict: valid, make: embedding(put("image", `{"id":"data:image/png;base64,`+strings.Repeat("iVBORw0KGgo", 2000)+`","type":"Image","caption":"x"}`)), want: good},
		{name: "an image by its address alone", verdict: invalid, make: as(put("image", `"https://x.example/1.png"`)), want: mismatch},
		{name: "an image with a list of types", verdict: invalid, make: as(put("image", `{"id":"https://x.example/1.png","type":["Image"]}`)), want: mismatch},
		{name: "evidence in itself", verdict: valid, make: embedding(put("evidence", `[{"id":"data:text/plain,hello","type":["Evidence"]}]`)), want: good},
		{name: "evidence nowhere", verdict: invalid, make: as(put("evidence", `[{"id":"ev/1","type":["Evidence"]}]`)), want: one(terms, fail, verifier.RelativeIRI)},
		{name: "evidence of the subject", verdict: invalid, make: as(swap(`"role":"Learner"`, `"evidence":[{"type":["Evidence"],"name":"x"}]`)), want: one(terms, fail, verifier.UndefinedTerm)},

		{name: "texts of every script", verdict: valid, make: embedding(swap(`"role":"Learner"`, `"role":"👩🏽‍🎓 متعلّم é"`)), want: good},
		{name: "control characters", verdict: valid, make: embedding(swap(`"role":"Learner"`, `"role":"a\u000bb\u007f"`)), want: good},
		{name: "the end of a text", verdict: invalid, make: as(swap(`"role":"Learner"`, `"role":"a\u0000b"`)), want: one(terms, fail, verifier.BadCharacter)},
		{name: "written with escapes", verdict: valid, make: func(w *world) string { return swap(`"Example State`, `"\u0045xample State`)(t, w.badge()) }, want: good},
		{name: "lines of another system", verdict: valid, make: func(w *world) string { return swap(`,"issuer"`, ",\r\n\t\"issuer\"")(t, w.badge()) + "\r\n" }, want: good},
		{name: "a mark in front", verdict: valid, make: func(w *world) string { return "\ufeff" + w.badge() }, want: good},
		{name: "a mark in front of a token", verdict: valid, make: func(w *world) string { return "\ufeff" + as()(w) }, want: good},
	} {
		s.run(t)
	}
}

func TestMoments(t *testing.T) {
	for _, s := range []state{
		{name: "ends now", verdict: valid, make: embedding(put("validUntil", `"2026-11-21T10:00:00Z"`)), want: one(validity, pass, verifier.OK)},
		{name: "begins now, elsewhere", verdict: valid, make: embedding(put("validFrom", `"2026-11-21T15:30:00+05:30"`)), want: one(validity, pass, verifier.OK)},
		{name: "begins in an hour, elsewhere", verdict: invalid, make: embedding(put("validFrom", `"2026-11-21T10:00:00-01:00"`)), want: one(validity, fail, verifier.NotYetValid)},
		{name: "ends at midnight", verdict: valid, make: embedding(put("validUntil", `"2026-11-21T24:00:00Z"`)), want: one(validity, pass, verifier.OK)},
		{name: "ended at midnight", verdict: invalid, make: embedding(put("validUntil", `"2026-11-20T24:00:00Z"`)), want: one(validity, fail, verifier.Expired)},
		{name: "begins to the picosecond", verdict: valid, make: embedding(put("validFrom", `"2026-11-20T09:30:00.123456789012Z"`)), want: one(validity, pass, verifier.OK)},
		{name: "ends nowhere", verdict: invalid, make: embedding(put("validUntil", `"2029-11-20T09:30:00"`)), want: one(validity, fail, verifier.BadDate)},
		{name: "ends on a day", verdict: invalid, make: embedding(put("validUntil", `"2029-11-20"`)), want: one(validity, fail, verifier.BadDate)},
		{name: "a list that is not to be had, of an ended badge", verdict: invalid, make: func(w *world) string {
			delete(w.web.pages, listURL)
			return w.badge(put("validUntil", `"2026-11-21T09:00:00Z"`))
		}, want: []finding{{validity, fail, verifier.Expired}, {revocation, open, verifier.StatusListUnreachable}}},
		{name: "half a second into its claim", verdict: valid, make: claim11(t, nil, swap(`"issuanceDate":"2026-11-20T09:30:00Z"`, `"issuanceDate":"2026-11-20T09:30:00.75Z"`)), want: one(proofs, pass, verifier.OK)},
	} {
		s.run(t)
	}
}

func TestOddTokens(t *testing.T) {
	with := func(header string) func(*world) string {
		return func(w *world) string {
			return signedAs(t, w.issuer, strings.Replace(header, "KID", w.issuer.method.ID, 1), w.payload(w.issuer))
		}
	}
	for _, s := range []state{
		{name: "a type in capitals", verdict: valid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"VC+JWT"}`), want: one(proofs, pass, verifier.OK)},
		{name: "a type in small letters", verdict: valid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"jwt"}`), want: one(proofs, pass, verifier.OK)},
		{name: "a type in full", verdict: valid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"application/vc+jwt"}`), want: one(proofs, pass, verifier.OK)},
		{name: "a type of another use, in full", verdict: invalid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"application/at+jwt"}`), want: one(proofs, fail, verifier.HeaderNotAllowed)},
		{name: "a type of which only the beginning is there", verdict: invalid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"application/"}`), want: one(proofs, fail, verifier.HeaderNotAllowed)},
		{name: "a type of content", verdict: valid, make: with(`{"alg":"EdDSA","kid":"KID","typ":"vc+jwt","cty":"vc"}`), want: one(proofs, pass, verifier.OK)},
		{name: "two algorithms", verdict: invalid, make: with(`{"alg":"none","alg":"EdDSA","kid":"KID"}`), want: one(format, fail, verifier.MalformedToken)},
		{name: "a key by a piece of its name", verdict: invalid, make: func(w *world) string {
			_, piece, _ := strings.Cut(w.issuer.method.ID, "#")
			return signedAs(t, w.issuer, `{"alg":"EdDSA","kid":"#`+piece+`"}`, w.payload(w.issuer))
		}, want: one(proofs, fail, verifier.KeyUnclear)},
		{name: "further claims", verdict: valid, make: as(put("iat", "1795168000"), put("aud", `["x"]`)), want: one(proofs, pass, verifier.OK)},
		{name: "a claim twice", verdict: invalid, make: as(add(`"iss":"x"`)), want: one(format, fail, verifier.MalformedToken)},
		{name: "a claim in another notation", verdict: valid, make: as(swap(`"nbf":1795167000`, `"nbf":1.795167e9`)), want: one(proofs, pass, verifier.OK)},
		{name: "did:jwk", verdict: valid, make: func(w *world) string {
			k := keyPair(t, keys.ES256)
			did := "did:jwk:" + b64(string(jwkOf(t, k)))
			return signedAs(t, k, `{"alg":"ES256","kid":"`+did+`#0"}`, strings.ReplaceAll(w.payload(w.issuer, drop("credentialStatus")), w.issuer.method.Controller, did))
		}, want: one(issuerKey, pass, verifier.OK)},
		{name: "an issuer who is a key", verdict: invalid, make: as(func(t testing.TB, s string) string {
			return strings.ReplaceAll(s, theIssuer().method.Controller+`"`, theIssuer().method.ID+`"`)
		}), want: one(issuerKey, fail, verifier.WrongController)},
	} {
		s.run(t)
	}
}

func TestOddProofs(t *testing.T) {
	proving := func(options map[string]any) func(*world) string {
		return func(w *world) string { return w.prove(w.unsigned(w.issuer.method.Controller), w.issuer, options) }
	}
	both := func(second func(w *world) string) func(*world) string {
		return func(w *world) string {
			text := w.badge()
			return put("proof", "["+onlyProof(t, text)+","+onlyProof(t, second(w))+"]")(t, text)
		}
	}
	guild := didKey(t)
	for _, s := range []state{
		{name: "by itself", verdict: valid, make: func(w *world) string { text := w.badge(); return put("proof", onlyProof(t, text))(t, text) }, want: one(proofs, pass, verifier.OK)},
		{name: "of no date", verdict: valid, make: proving(map[string]any{"created": nil}), want: one(proofs, pass, verifier.OK)},
		{name: "for a domain that nobody asked about", verdict: valid, make: proving(map[string]any{"domain": "x.example", "challenge": "abc", "nonce": "n"}), want: one(proofs, pass, verifier.OK)},
		{name: "with the contexts of the badge", verdict: valid, make: func(w *world) string {
			return swap(`"proof":[{`, `"proof":[{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json","https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"],`)(t, w.badge())
		}, want: one(proofs, pass, verifier.OK)},
		{name: "twice the same", verdict: valid, make: both(func(w *world) string { return w.badge() }), want: one(proofs, pass, verifier.OK)},
		{name: "again by the issuer", verdict: valid, make: both(func(w *world) string { return proving(nil)(w) }), want: one(proofs, pass, verifier.OK)},
		{name: "beside somebody else's", verdict: invalid, make: both(func(w *world) string { return w.sign(w.unsigned(w.issuer.method.Controller), guild, now) }), want: one(issuerKey, fail, verifier.WrongController)},
		{name: "by a key written out", verdict: invalid, make: func(w *world) string {
			return swap(`"verificationMethod":"`+w.issuer.method.ID+`"`, `"verificationMethod":{"id":"`+w.issuer.method.ID+`"}`)(t, w.badge())
		}, want: one(proofs, fail, verifier.ProofInvalid)},
		{name: "by a DID that is its key", verdict: valid, make: func(w *world) string {
			return proving(map[string]any{"verificationMethod": w.issuer.method.Controller})(w)
		}, want: one(issuerKey, pass, verifier.OK)},
	} {
		s.run(t)
	}
}

func TestOddStatuses(t *testing.T) {
	two := func(first, second string) func(*world) string {
		return func(w *world) string {
			w.list(suspensionURL, "revocation", w.issuer, []int{5})
			return w.badge(put("credentialStatus", "["+first+","+second+"]"))
		}
	}
	unknownEntry := `{"id":"https://x.example/1","type":"1EdTechCredentialRefresh"}`
	published := func(change func(list string) string) func(*world) string {
		return func(w *world) string {
			w.web.put(listURL, []byte(change(string(w.web.pages[listURL]))))
			return w.badge()
		}
	}
	for _, s := range []state{
		{name: "a list of one", verdict: valid, make: embedding(put("credentialStatus", "["+entryOf("revocation", "94567", listURL, "")+"]")), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "a list of none", verdict: invalid, make: as(put("credentialStatus", `[]`)), want: one(terms, fail, verifier.EmptyArray)},
		{name: "without an id", verdict: valid, make: embedding(swap(`"id":"`+listURL+`#94567",`, "")), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "the second is set", verdict: invalid, make: two(entryOf("revocation", "94567", listURL, ""), entryOf("revocation", "5", suspensionURL, "")), want: one(revocation, fail, verifier.Revoked)},
		{name: "one that nobody knows, and the second is set", verdict: invalid, make: two(unknownEntry, entryOf("revocation", "5", suspensionURL, "")), want: one(revocation, fail, verifier.Revoked)},
		{name: "one that nobody knows, and the second is not", verdict: indeterminate, make: two(unknownEntry, entryOf("revocation", "6", suspensionURL, "")), want: one(revocation, open, verifier.StatusUnsupported)},
		{name: "suspended, and whether revoked is open", verdict: invalid, make: func(w *world) string {
			w.list(suspensionURL, "suspension", w.issuer, []int{5})
			delete(w.web.pages, listURL)
			return w.badge(put("credentialStatus", `[`+entryOf("revocation", "94567", listURL, "")+`,`+entryOf("suspension", "5", suspensionURL, "")+`]`))
		}, want: []finding{{revocation, open, verifier.StatusListUnreachable}, {suspension, fail, verifier.Suspended}}},
		{name: "a list with a mark in front", verdict: valid, make: published(func(l string) string { return "\ufeff" + l }), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "a list between spaces", verdict: valid, make: published(func(l string) string { return "\n " + l + " \n" }), want: one(revocation, pass, verifier.NotRevoked)},
		{name: "a list as a JSON text", verdict: valid, make: func(w *world) string {
			w.listJWS(nil)
			return published(func(l string) string { return `"` + l + `"` })(w)
		}, want: one(revocation, pass, verifier.NotRevoked)},
		{name: "the list of another issuer, of a credential that is no badge", verdict: invalid, opts: verifier.Options{Generic: true}, make: func(w *world) string {
			w.list(listURL, "revocation", didKey(t), nil)
			return w.badge()
		}, want: one(revocation, fail, verifier.StatusListInvalid), detail: "of the issuer"},
	} {
		s.run(t)
	}
}
