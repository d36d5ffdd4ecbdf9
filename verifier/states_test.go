package verifier_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"laurel/internal/i18n"
	"laurel/keys"
	"laurel/verifier"
	"laurel/verifier/words"
)

// ordinary is one of the states in which badges are met: what becomes of it,
// which check tells, and what a reader is told, with HOST for the issuer's
// host and HOUSE for its own addresses.
type ordinary struct {
	name     string
	make     func(h *house) string
	verdict  verifier.Verdict
	check    verifier.Check
	code     verifier.Code
	sentence string
	key      func(*keys.VerificationMethod) // a change to the key before it is published
	asked    *verifier.Identity
	opts     verifier.Options // what else is asked
}

func (o ordinary) run(t *testing.T, tn *town, p *i18n.Printer, name string) {
	t.Run(o.name, func(t *testing.T) {
		tn.t = t
		var change []func(*keys.VerificationMethod)
		if o.key != nil {
			change = append(change, o.key)
		}
		h := tn.newHouse(name, change...)
		o.opts.Recipient = o.asked
		r := tn.v.VerifyBytes(t.Context(), []byte(o.make(h)), o.opts)
		f := r.Finding(o.check)
		said := strings.NewReplacer(h.at(""), "HOUSE/", tn.host, "HOST").Replace(words.Sentence(p, r, f))
		if r.Verdict() != o.verdict || f.Code != o.code || said != o.sentence {
			t.Errorf("%s, %s: %s\n%q\nwant %s, %s: %s\n%q\n%s", r.Verdict(), o.check, f.Code, said, o.verdict, o.check, o.code, o.sentence, lines(r))
		}
	})
}

// TestOrdinaryStates holds the verdict, the code and the English sentence of
// the states in which badges are met, with real keys and a real server.
func TestOrdinaryStates(t *testing.T) {
	catalog, err := i18n.New()
	must(t, err)
	p := catalog.For(i18n.English)
	tn := newTown(t, 5*time.Second)
	for i, o := range ordinaryStates(tn) {
		o.run(t, tn, p, "h"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
}

func badgeOf(edits ...edit) func(h *house) string {
	return func(h *house) string { return h.badge(edits...) }
}

// then is a good badge, something that happens to the world, and what is
// brought.
func then(happens func(h *house), edits ...edit) func(h *house) string {
	return func(h *house) string {
		text := h.badge(edits...)
		happens(h)
		return text
	}
}

func after(e edit) func(h *house) string {
	return func(h *house) string { return e(h.t, h.badge()) }
}

func ordinaryStates(tn *town) []ordinary {
	const badgeID = "https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11"
	guild := didKey(tn.t)
	withStatus := func(status func(h *house) string, happens func(h *house)) func(h *house) string {
		return func(h *house) string {
			happens(h)
			return h.badge(put("credentialStatus", status(h)))
		}
	}
	revocationList := func(text string) func(h *house) string {
		return withStatus(func(h *house) string { return `{"id":"` + h.at("revoked") + `","type":"1EdTechRevocationList"}` },
			func(h *house) { h.web.put(h.at("revoked"), []byte(text)) })
	}
	refreshing := func(offer func(h *house)) func(h *house) string {
		return func(h *house) string {
			offer(h)
			return h.badge(put("refreshService", `{"id":"`+h.at("newest")+`","type":"1EdTechCredentialRefresh"}`))
		}
	}
	following := func(schema string) func(h *house) string {
		return func(h *house) string {
			if schema != "" {
				h.web.put(h.at("schema"), []byte(schema))
			}
			return h.badge(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"`+h.at("schema")+`","type":"JsonSchema"}]`))
		}
	}
	related := func(text string) func(h *house) string {
		return func(h *house) string {
			if text != "" {
				h.web.put(h.at("report"), []byte(text))
			}
			return h.badge(put("relatedResource", `[{"id":"`+h.at("report")+`","digestSRI":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="}]`)) // of "hello world"
		}
	}
	// token is the badge as a compact JWS with a header, changed after that.
	token := func(old, new, header string) func(h *house) string {
		return func(h *house) string {
			if header == "" {
				header = `{"alg":"EdDSA","kid":"KEY"}`
			}
			payload := swap(listURL+`"`, h.at("status")+`"`)(h.t, h.payload(h.key))
			parts := strings.Split(signedAs(h.t, h.key, strings.Replace(header, "KEY", h.key.method.ID, 1), payload), ".")
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(payload, old, new, 1))) + "." + parts[2]
		}
	}
	person := func(kind, value string) *verifier.Identity { return &verifier.Identity{Type: kind, Value: value} }
	return []ordinary{
		{name: "good", make: badgeOf(), verdict: valid, check: proofs, code: verifier.OK, sentence: "Not changed since it was signed."},
		{name: "good, issuer on no list", make: badgeOf(), verdict: valid, check: verifier.CheckIssuerTrust, code: verifier.IssuerNotListed, sentence: "Example State University (HOST) is on no list that we know. The name is the issuer’s own word: judge by the address HOST."},
		{name: "good, issuer on a list", make: then(func(h *house) { h.trust[h.did] = "Partners" }), verdict: valid, check: verifier.CheckIssuerTrust, code: verifier.IssuerListed, sentence: "Example State University is on the list of issuers “Partners”, which this service goes by."},
		{name: "of a test issuer", make: then(func(h *house) { h.trust[h.did] = "Trials" }), verdict: warning, check: verifier.CheckIssuerTrust, code: verifier.TestIssuer, sentence: "Example State University (HOST) signs badges for trials only. Do not rely on them."},
		{name: "not readable", make: func(*house) string { return "<html>" }, verdict: invalid, check: format, code: verifier.Unreadable, sentence: "This could not be read as a document. Ask the holder for the original file."},
		{name: "no badge", make: func(*house) string { return `{"name":"Ana"}` }, verdict: invalid, check: format, code: verifier.NotABadge, sentence: "This is a document, but no badge. Ask the holder for the badge itself."},
		{name: "changed", make: after(swap(`"value":"94"`, `"value":"99"`)), verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},
		{name: "not signed", make: func(h *house) string { return h.words() }, verdict: invalid, check: proofs, code: verifier.NoProof, sentence: "It carries no signature, so anyone may have written it. Ask the holder for the signed badge."},
		{name: "an undefined term", make: after(add(`"honours":"summa"`)), verdict: invalid, check: terms, code: verifier.UndefinedTerm, sentence: "It has an entry that the standard does not know and no signature covers. Anyone could have added it; ask the issuer for a corrected badge."},
		{name: "an extra property within", make: after(swap(`"achievement":{`, `"achievement":{"honours":"summa",`)), verdict: invalid, check: terms, code: verifier.UndefinedTerm, sentence: "It has an entry that the standard does not know and no signature covers. Anyone could have added it; ask the issuer for a corrected badge."},
		{name: "no criteria", make: badgeOf(swap(`"criteria":{"id":"https://badges.example.edu/achievements/data-engineering-foundations/criteria","narrative":"Complete twelve modules, score at least **70%** on each lab, and present a capstone reviewed by two instructors."},`, ``)), verdict: invalid, check: schema, code: verifier.SchemaMismatch, sentence: "Not built the way the standard asks: something is missing or stands in the wrong place. Ask the issuer for a corrected badge."},
		{name: "signed with another key", make: func(h *house) string {
			other := keyPair(h.t, keys.EdDSA)
			other.method = h.key.method
			return h.sign(h.words(), other, now)
		}, verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},
		{name: "signed with somebody else's key", make: func(h *house) string { return h.sign(h.words(), guild, now) }, verdict: invalid, check: issuerKey, code: verifier.WrongController, sentence: "The key belongs to somebody else than the named issuer. Do not rely on the badge."},
		{name: "signed for another purpose", make: func(h *house) string {
			return h.prove(h.words(), h.key, map[string]any{"proofPurpose": "authentication"})
		}, verdict: invalid, check: proofs, code: verifier.WrongPurpose, sentence: "The signature was made for another purpose than to vouch for a badge. Ask the issuer."},
		{name: "signed tomorrow", make: func(h *house) string {
			return h.prove(h.words(), h.key, map[string]any{"created": "2026-11-22T10:00:00Z"})
		}, verdict: invalid, check: proofs, code: verifier.CreatedInFuture, sentence: "The signature carries a date in the future. Check the clock of the computer, or ask the issuer."},
		{name: "an unknown suite alone", make: after(swap(`"eddsa-rdfc-2022"`, `"falcon-rdfc-2030"`)), verdict: indeterminate, check: proofs, code: verifier.UnsupportedSuite, sentence: "It has a signature of a kind that we cannot check. Ask the issuer how to check it."},
		{name: "an unknown suite beside a good proof", make: func(h *house) string {
			text := h.badge()
			good := onlyProof(h.t, text)
			return put("proof", "["+good+","+strings.Replace(good, "eddsa-rdfc-2022", "falcon-rdfc-2030", 1)+"]")(h.t, text)
		}, verdict: warning, check: proofs, code: verifier.UnsupportedSuite, sentence: "It has a signature of a kind that we cannot check. Ask the issuer how to check it."},
		{name: "two proofs, one bad", make: func(h *house) string {
			text := h.badge()
			good := onlyProof(h.t, text)
			return put("proof", "["+good+","+strings.Replace(good, "T09:00:00Z", "T09:00:01Z", 1)+"]")(h.t, text)
		}, verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},

		{name: "a token", make: token("", "", ""), verdict: valid, check: proofs, code: verifier.OK, sentence: "Not changed since it was signed."},
		{name: "a token, changed", make: token(`"value":"94"`, `"value":"99"`, ""), verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},
		{name: "a token by no method", make: token("", "", `{"alg":"none","kid":"KEY"}`), verdict: invalid, check: proofs, code: verifier.AlgorithmNotAllowed, sentence: "It names a way of signing that proves nothing, or another than that of its key. Anyone could have made it; ask the holder for the original."},
		{name: "a token by a shared secret", make: token("", "", `{"alg":"HS256","kid":"KEY"}`), verdict: invalid, check: proofs, code: verifier.AlgorithmNotAllowed, sentence: "It names a way of signing that proves nothing, or another than that of its key. Anyone could have made it; ask the holder for the original."},
		{name: "a token by the method of another key", make: token("", "", `{"alg":"ES256","kid":"KEY"}`), verdict: invalid, check: proofs, code: verifier.AlgorithmNotAllowed, sentence: "It names a way of signing that proves nothing, or another than that of its key. Anyone could have made it; ask the holder for the original."},
		{name: "a token with certificates", make: token("", "", `{"alg":"EdDSA","kid":"KEY","x5c":[]}`), verdict: invalid, check: proofs, code: verifier.HeaderNotAllowed, sentence: "The head of the token says things that the standard does not allow there. Ask the issuer for a corrected badge."},
		{name: "a token without a key", make: token("", "", `{"alg":"EdDSA"}`), verdict: invalid, check: proofs, code: verifier.KeyUnclear, sentence: "It does not say clearly which key signed it. Ask the issuer for a corrected badge."},
		{name: "a token with another key of the issuer", make: token("", "", `{"alg":"EdDSA","kid":"KEY-2"}`), verdict: invalid, check: issuerKey, code: verifier.KeyNotFound, sentence: "The named issuer publishes no such key. Do not rely on the badge; ask the issuer."},
		{name: "a token that contradicts itself", make: func(h *house) string {
			return signedAs(h.t, h.key, `{"alg":"EdDSA","kid":"`+h.key.method.ID+`"}`, put("sub", `"urn:x"`)(h.t, h.payload(h.key)))
		}, verdict: invalid, check: proofs, code: verifier.ClaimsDiffer, sentence: "The signature fits, but what was signed contradicts itself: who issued it, whose it is, which badge it is or since when. Ask the issuer for a corrected badge."},
		{name: "half a token", make: func(h *house) string { return strings.Repeat("e", 33) + token("", "", "")(h)[:30] + ".." }, verdict: invalid, check: format, code: verifier.MalformedToken, sentence: "This looks like a signed badge in one line of text, but is not whole. Ask the holder for the original, and copy all of it."},

		{name: "key retired since, another in use", make: then(func(h *house) { h.rotate() }), verdict: valid, check: issuerKey, code: verifier.OK, sentence: "The key it names is the issuer’s own, published at HOST."},
		{name: "key ran out before it was signed", key: func(m *keys.VerificationMethod) { m.Expires = now.Add(-2 * time.Hour) }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyExpired, sentence: "The issuer let the key that signed this run out. Do not rely on the badge; ask the issuer for a new one."},
		{name: "key ran out after it was signed", key: func(m *keys.VerificationMethod) { m.Expires = now.Add(-time.Minute) }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyExpired, sentence: "The issuer let the key that signed this run out. Do not rely on the badge; ask the issuer for a new one."},
		{name: "key revoked before it was signed", key: func(m *keys.VerificationMethod) { m.Revoked = now.Add(-2 * time.Hour) }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyRevoked, sentence: "The issuer has withdrawn the key that signed this. Do not rely on the badge; ask the issuer for a new one."},
		{name: "key revoked after it was signed", key: func(m *keys.VerificationMethod) { m.Revoked = now.Add(-time.Minute) }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyRevoked, sentence: "The issuer has withdrawn the key that signed this. Do not rely on the badge; ask the issuer for a new one."},
		{name: "key not for signing badges", key: func(m *keys.VerificationMethod) { m.Assertion, m.Authentication = false, true }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyNotAuthorized, sentence: "The issuer has this key, but not for signing badges. Do not rely on the badge; ask the issuer."},
		{name: "key no longer published", key: func(m *keys.VerificationMethod) { m.ID += "-2" }, make: badgeOf(), verdict: invalid, check: issuerKey, code: verifier.KeyNotFound, sentence: "The named issuer publishes no such key. Do not rely on the badge; ask the issuer."},
		{name: "the issuer's host is down", make: then(func(h *house) { h.gone("did.json") }), verdict: indeterminate, check: issuerKey, code: verifier.KeyUnreachable, sentence: "We could not reach the issuer’s key at HOST. Try again; do not rely on the badge yet."},
		{name: "the issuer has another name now", make: then(func(h *house) {
			h.web.put(h.at("did.json"), []byte(strings.ReplaceAll(string(h.web.pages[h.at("did.json")]), h.did, h.did+"-renamed")))
		}), verdict: invalid, check: issuerKey, code: verifier.KeyDocumentInvalid, sentence: "What the issuer publishes about its keys is not in order. Do not rely on the badge; ask the issuer."},

		{name: "expired a second ago", make: badgeOf(put("validUntil", `"2026-11-21T09:59:59Z"`)), verdict: invalid, check: validity, code: verifier.Expired, sentence: "Its time ended on 21 November 2026, 09:59 UTC. Ask the holder for a renewed one."},
		{name: "expires this second", make: badgeOf(put("validUntil", `"2026-11-21T10:00:00Z"`)), verdict: valid, check: validity, code: verifier.OK, sentence: "In force now, until 21 November 2026, 10:00 UTC."},
		{name: "without an end", make: badgeOf(drop("validUntil")), verdict: valid, check: validity, code: verifier.NoEnd, sentence: "In force now; it has no end date."},
		{name: "not yet valid", make: badgeOf(put("validFrom", `"2026-11-21T10:00:01Z"`)), verdict: invalid, check: validity, code: verifier.NotYetValid, sentence: "Its time begins on 21 November 2026, 10:00 UTC. Check it again then."},
		{name: "a date that is none", make: badgeOf(put("validUntil", `"2026-02-30T00:00:00Z"`)), verdict: invalid, check: validity, code: verifier.BadDate, sentence: "A date in it cannot be read. Ask the issuer for a corrected badge."},

		{name: "not revoked", make: badgeOf(), verdict: valid, check: revocation, code: verifier.NotRevoked, sentence: "Not withdrawn, by the issuer’s list as we have it, which is at most a few minutes old."},
		{name: "without a status", make: badgeOf(drop("credentialStatus")), verdict: valid, check: revocation, code: verifier.NoStatus, sentence: "The badge names no list of withdrawn badges. Whether it was withdrawn since cannot be seen; ask the issuer if it matters."},
		{name: "revoked", make: then(func(h *house) { h.list(h.at("status"), "revocation", h.key, []int{7}) }), verdict: invalid, check: revocation, code: verifier.Revoked, sentence: "The issuer has withdrawn this badge. Do not rely on it."},
		{name: "suspended", make: withStatus(func(h *house) string { return h.entry("suspension", "7", "") },
			func(h *house) { h.list(h.at("status"), "suspension", h.key, []int{7}) }), verdict: invalid, check: suspension, code: verifier.Suspended, sentence: "The issuer has paused this badge. Do not rely on it for now; check it again later."},
		{name: "list unreachable", make: then(func(h *house) { h.gone("status") }), verdict: indeterminate, check: revocation, code: verifier.StatusListUnreachable, sentence: "We could not check whether this badge was withdrawn. Try again; do not rely on it yet."},
		{name: "list signed by another", make: then(func(h *house) { h.list(h.at("status"), "revocation", guild, nil) }), verdict: invalid, check: revocation, code: verifier.StatusListInvalid, sentence: "The issuer’s list of withdrawn badges is not in order. Do not rely on the badge; ask the issuer."},
		{name: "list too short", make: then(func(h *house) { h.list(h.at("status"), "revocation", h.key, nil, encodedList(shortList(h.t))) }), verdict: invalid, check: revocation, code: verifier.StatusListInvalid, sentence: "The issuer’s list of withdrawn badges is not in order. Do not rely on the badge; ask the issuer."},
		{name: "list expired", make: then(func(h *house) {
			h.list(h.at("status"), "revocation", h.key, nil, put("validUntil", `"2026-11-21T09:00:00Z"`))
		}), verdict: indeterminate, check: revocation, code: verifier.StatusListExpired, sentence: "The issuer’s list that tells this was good until 21 November 2026 only. By it, the badge was not withdrawn. What is so today could not be checked. Try again; do not rely on the badge yet."},
		{name: "list of another purpose", make: then(func(h *house) { h.list(h.at("status"), "suspension", h.key, nil) }), verdict: invalid, check: revocation, code: verifier.StatusListInvalid, sentence: "The issuer’s list of withdrawn badges is not in order. Do not rely on the badge; ask the issuer."},
		{name: "index out of range", make: func(h *house) string { return h.badge(put("credentialStatus", h.entry("revocation", "131072", ""))) }, verdict: invalid, check: revocation, code: verifier.StatusListInvalid, sentence: "The issuer’s list of withdrawn badges is not in order. Do not rely on the badge; ask the issuer."},
		{name: "a status of an unknown kind", make: func(h *house) string {
			return h.badge(put("credentialStatus", `{"id":"urn:uuid:1","type":"1EdTechCredentialRefresh"}`))
		}, verdict: indeterminate, check: revocation, code: verifier.StatusUnsupported, sentence: "The issuer tells whether it was withdrawn in a way that we do not know. Ask the issuer; do not rely on the badge yet."},
		{name: "an older list names it", make: revocationList(`{"revokedCredential":[{"id":"` + badgeID + `"}]}`), verdict: invalid, check: revocation, code: verifier.Revoked, sentence: "The issuer has withdrawn this badge. Do not rely on it."},
		{name: "an older list does not name it", make: revocationList(`{"revokedCredential":[]}`), verdict: valid, check: revocation, code: verifier.NotRevokedUnsigned, sentence: "Not withdrawn, by a list at the address that the issuer gives. Nobody signed the list, so this is as good as the site it comes from."},
		{name: "a message", make: withStatus(func(h *house) string { return h.entry("message", "7", fourMessages) },
			func(h *house) { h.wide(h.at("status"), "message", h.key, 2, map[int]int{7: 1}) }), verdict: warning, check: message, code: verifier.StatusMessage, sentence: "The issuer says of this badge: under appeal"},

		{name: "a newer edition", make: refreshing(func(h *house) { h.web.put(h.at("newest"), []byte(h.badge(put("validFrom", `"2026-11-21T09:00:00Z"`)))) }), verdict: warning, check: refresh, code: verifier.NewerEdition, sentence: "There is a newer edition of this badge at HOUSE/newest. Ask for that one."},
		{name: "no newer edition", make: refreshing(func(h *house) { h.web.put(h.at("newest"), []byte(h.badge())) }), verdict: valid, check: refresh, code: verifier.NoNewerEdition, sentence: "This is the newest edition."},
		{name: "the place for newer editions is down", make: refreshing(func(*house) {}), verdict: warning, check: refresh, code: verifier.RefreshUnreachable, sentence: "We could not find out whether there is a newer edition. What stands in this one is not touched by that."},
		{name: "a newer edition that is forged", make: refreshing(func(h *house) {
			h.web.put(h.at("newest"), []byte(swap(`"value":"94"`, `"value":"99"`)(h.t, h.badge(put("validFrom", `"2026-11-21T09:00:00Z"`)))))
		}), verdict: warning, check: refresh, code: verifier.RefreshInvalid, sentence: "Where newer editions should be found there is nothing that we can take for one. What stands in this one is not touched by that."},

		{name: "endorsed", make: func(h *house) string {
			return h.badge(add(`"endorsement":[` + h.endorsedBy(guild, about(badgeID)) + `]`))
		}, verdict: valid, check: endorsements, code: verifier.EndorsementsHold, sentence: "Every endorsement in it is genuine. What they say is the word of those who endorse."},
		{name: "a bad endorsement", make: func(h *house) string {
			return h.badge(add(`"endorsement":[` + swap("Good.", "Great.")(h.t, h.endorsedBy(guild, about(badgeID))) + `]`))
		}, verdict: valid, check: endorsements, code: verifier.EndorsementNotGood, sentence: "Not every endorsement in it could be confirmed. That does not change the result."},
		{name: "rules of others not followed", make: following(`{"required":["honours"]}`), verdict: invalid, check: schema, code: verifier.SchemaMismatch, sentence: "Not built the way the standard asks: something is missing or stands in the wrong place. Ask the issuer for a corrected badge."},
		{name: "rules of others not to be had", make: following(""), verdict: indeterminate, check: schema, code: verifier.SchemaUnreachable, sentence: "It says that it also follows rules of others, which we could not fetch. Try again; do not rely on it yet."},
		{name: "a linked document as it was", make: related("hello world"), verdict: valid, check: resources, code: verifier.ResourcesMatch, sentence: "The documents that it links to are still those that the issuer meant."},
		{name: "a linked document changed", make: related("hello, world"), verdict: invalid, check: resources, code: verifier.ResourceChanged, sentence: "A document that belongs to this badge has been changed since: HOUSE/report. Ask the issuer."},
		{name: "a linked document gone", make: related(""), verdict: indeterminate, check: resources, code: verifier.ResourceUnreachable, sentence: "A document that belongs to this badge could not be fetched, so we cannot tell whether it was changed. Try again."},

		{name: "of the person asked for", asked: person("emailAddress", "a@example.com"), make: badgeOf(emailHash("sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399")), verdict: valid, check: verifier.CheckRecipient, code: verifier.RecipientMatches, sentence: "What you typed belongs to the holder of this badge."},
		{name: "of the person asked for, by MD5", asked: person("emailAddress", "a@example.com"), make: badgeOf(emailHash("md5$ddd142639a792e74751ee7e129237efa")), verdict: warning, check: verifier.CheckRecipient, code: verifier.RecipientMatchesWeakly, sentence: "What you typed fits the holder of this badge, by an old kind of fingerprint that can be forged. Ask the person for another proof as well."},
		{name: "of another person", asked: person("emailAddress", "b@example.com"), make: badgeOf(emailHash("sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399")), verdict: invalid, check: verifier.CheckRecipient, code: verifier.RecipientDiffers, sentence: "What you typed does not belong to the holder of this badge. Check the spelling, or ask the person for the address they used."},
		{name: "of nobody that can be compared", asked: person("name", "Ana"), make: badgeOf(), verdict: indeterminate, check: verifier.CheckRecipient, code: verifier.RecipientUnstated, sentence: "The badge holds nothing that could be compared with what you typed. Ask the person for another proof of who they are."},
	}
}

// emailHash makes a badge be of the address with this hash.
func emailHash(hash string) edit {
	return swap(`"identityHash":"sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef3d0","identityType":"emailAddress","salt":"Kosher-8f3a1c"`,
		`"identityHash":"`+hash+`","identityType":"emailAddress","salt":"Kosher"`)
}
