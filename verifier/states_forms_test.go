package verifier_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/internal/attachment/attachmenttest"
	"laurel/internal/i18n"
	"laurel/keys"
	"laurel/verifier"
)

// other publishes a key of another algorithm before the one that there is.
func (h *house) other(alg keys.Algorithm) signer {
	h.t.Helper()
	k := keyPair(h.t, alg)
	k.method.ID, k.method.Controller, k.method.Assertion = h.did+"#other", h.did, true
	doc, err := keys.Document(h.did, []keys.VerificationMethod{k.method, h.key.method})
	must(h.t, err)
	h.web.put(h.at("did.json"), doc)
	return k
}

// secured is the badge of the house signed by a suite, with a key of its kind.
func secured(suite string, alg keys.Algorithm) func(h *house) string {
	return func(h *house) string {
		h.t.Helper()
		c, err := canonicalizer()
		must(h.t, err)
		for _, s := range proof.Securers(c, false) {
			if s.Name() == suite {
				d, err := badge.Parse([]byte(h.words()))
				must(h.t, err)
				signed, err := s.Secure(context.Background(), d, h.other(alg), now.Add(-time.Hour))
				must(h.t, err)
				return string(signed.Raw())
			}
		}
		h.t.Fatalf("no suite %s", suite)
		return ""
	}
}

// ours is the status of the badges of the house.
func (h *house) ours() edit { return put("credentialStatus", h.entry("revocation", "7", "")) }

// both are a revocation and a suspension entry, each in a list of its own.
func (h *house) both(revoked, suspended []int) edit {
	h.list(h.at("status"), "revocation", h.key, revoked)
	h.list(h.at("paused"), "suspension", h.key, suspended)
	return put("credentialStatus", "["+h.entry("revocation", "7", "")+","+entryOf("suspension", "7", h.at("paused"), "")+"]")
}

// TestStatesOfForms holds the verdict, the code and the sentence of badges in
// every form and wrapping in which they are met, by every suite, and of what is
// not so ordinary in them.
func TestStatesOfForms(t *testing.T) {
	catalog, err := i18n.New()
	must(t, err)
	p := catalog.For(i18n.English)
	tn := newTown(t, 5*time.Second)
	for i, o := range formStates(tn) {
		o.run(t, tn, p, "f"+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
}

func formStates(tn *town) []ordinary {
	const (
		unchanged = "Not changed since it was signed."
		asked     = "c-1"
		subject   = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
		ob2       = `{"@context":"https://w3id.org/openbadges/v2","type":"Assertion","id":"https://example.org/1","badge":"https://example.org/b","recipient":{"type":"email","hashed":false,"identity":"a@example.org"},"verification":{"type":"HostedBadge"},"issuedOn":"2017-06-29T21:50:14Z"}`
	)
	holder := didKey(tn.t)
	text := func(s string) func(*house) string { return func(*house) string { return s } }
	token := func(alg keys.Algorithm, edits ...edit) func(h *house) string {
		return func(h *house) string { return h.token(h.other(alg), append([]edit{h.ours()}, edits...)...) }
	}
	held := func(h *house) string {
		return h.badge(swap(subject, holder.method.Controller))
	}
	presenting := func(options map[string]any, badges ...func(h *house) string) func(h *house) string {
		return func(h *house) string {
			var all []string
			for _, b := range badges {
				all = append(all, b(h))
			}
			return h.presented(holder, true, options, all...)
		}
	}
	baked := func(credential func(h *house) string) func(h *house) string {
		return func(h *house) string { return bakedInto(h.t, painting(h.t), credential(h)) }
	}
	drawn := func(credential func(h *house) string) func(h *house) string {
		return func(h *house) string { return bakedInto(h.t, []byte(drawing), credential(h)) }
	}
	earlierBadge := func(h *house) string {
		return h.sign(h.unsigned(h.did, earlier("-3.0.2", h.ours())), h.key, now.Add(-time.Hour))
	}
	options := func(options map[string]any) func(h *house) string {
		return func(h *house) string { return h.prove(h.words(), h.key, options) }
	}
	return []ordinary{
		// By every suite.
		{name: "eddsa-jcs-2022", make: secured("eddsa-jcs-2022", keys.EdDSA), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "ecdsa-rdfc-2019, P-256", make: secured("ecdsa-rdfc-2019", keys.ES256), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "ecdsa-rdfc-2019, P-384", make: secured("ecdsa-rdfc-2019", keys.ES384), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "ecdsa-jcs-2019, P-256", make: secured("ecdsa-jcs-2019", keys.ES256), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "ecdsa-jcs-2019, P-384", make: secured("ecdsa-jcs-2019", keys.ES384), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a token, EdDSA", make: token(keys.EdDSA), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a token, ES256", make: token(keys.ES256), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a token, ES384", make: token(keys.ES384), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a token, RS256", make: token(keys.RS256), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a derived proof", make: func(h *house) string { return h.derived(h.words(), h.other(keys.ES256), "\xd9\x5d\x01") }, verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a derived proof that shows no status", make: func(h *house) string {
			return h.derived(drop("credentialStatus")(h.t, h.words()), h.other(keys.ES256), "\xd9\x5d\x01")
		}, verdict: warning, check: proofs, code: verifier.PartlyShown, sentence: "What is shown was not changed since it was signed. The holder chose what to show, and may have left out an end or a way to withdraw it."},
		{name: "a base proof", make: func(h *house) string { return h.derived(h.words(), h.other(keys.ES256), "\xd9\x5d\x00") }, verdict: indeterminate, check: proofs, code: verifier.BaseProof, sentence: "It carries the signature that only its holder keeps. Ask the holder for the badge that is made from it to be shown."},
		{name: "a token, PS256", make: func(h *house) string {
			k := h.other(keys.RS256)
			return h.jws(map[string]any{"alg": "PS256", "kid": k.method.ID}, h.payload(k), k)
		}, verdict: indeterminate, check: proofs, code: verifier.UnsupportedSuite, sentence: "It has a signature of a kind that we cannot check. Ask the issuer how to check it."},
		{name: "a token without a signature", make: func(h *house) string {
			return b64(`{"alg":"none"}`) + "." + strings.Split(h.token(h.key), ".")[1] + "."
		}, verdict: invalid, check: proofs, code: verifier.NoProof, sentence: "It carries no signature, so anyone may have written it. Ask the holder for the signed badge."},
		{name: "a token changed", make: func(h *house) string {
			parts := strings.Split(h.token(h.key, h.ours()), ".")
			return parts[0] + "." + b64(swap(`"value":"94"`, `"value":"99"`)(h.t, unb64(h.t, parts[1]))) + "." + parts[2]
		}, verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},

		// What may stand in a proof.
		{name: "a proof with an id, parts of a second and an end ahead", make: options(map[string]any{"id": "urn:uuid:1", "created": "2026-11-21T09:00:00.123Z", "expires": "2027-01-01T00:00:00Z"}), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a proof of its own end", make: options(map[string]any{"expires": "2026-11-21T09:59:59Z"}), verdict: invalid, check: proofs, code: verifier.ProofExpired, sentence: "The signature itself has run out. Ask the issuer for a newly signed badge."},
		{name: "a proof that rests on one that is gone", make: options(map[string]any{"previousProof": "urn:uuid:9"}), verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},
		{name: "two good proofs of the issuer", make: func(h *house) string {
			one := onlyProof(h.t, options(map[string]any{"created": "2026-11-21T08:00:00Z"})(h))
			return put("proof", "["+one+","+onlyProof(h.t, h.badge())+"]")(h.t, h.words())
		}, verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "a good proof of a stranger beside the issuer's", make: func(h *house) string {
			return put("proof", "["+onlyProof(h.t, h.badge())+","+onlyProof(h.t, h.sign(h.words(), holder, now))+"]")(h.t, h.words())
		}, verdict: invalid, check: issuerKey, code: verifier.WrongController, sentence: "The key belongs to somebody else than the named issuer. Do not rely on the badge."},
		{name: "six proofs", make: func(h *house) string {
			one := onlyProof(h.t, h.badge())
			return put("proof", "["+strings.Repeat(one+",", 5)+one+"]")(h.t, h.words())
		}, verdict: invalid, check: proofs, code: verifier.TooManyProofs, sentence: "It carries more signatures than we check. Ask the issuer for a badge with fewer."},

		// Keys.
		{name: "the private half is published", make: then(func(h *house) {
			h.web.put(h.at("did.json"), []byte(swap(`"type":"Multikey"`, `"type":"Multikey","secretKeyMultibase":"z0"`)(h.t, string(h.web.pages[h.at("did.json")]))))
		}), verdict: invalid, check: issuerKey, code: verifier.KeyExposed, sentence: "The secret half of this key is public, so anyone can sign with it. Do not rely on the badge; tell the issuer."},
		{name: "the victim's name, the attacker's key behind the sign", make: func(h *house) string {
			k := didKey(h.t)
			k.method.ID, k.method.Controller = h.did+"#"+strings.TrimPrefix(k.method.Controller, "did:key:"), h.did
			return h.sign(h.words(), k, now)
		}, verdict: invalid, check: issuerKey, code: verifier.KeyNotFound, sentence: "The named issuer publishes no such key. Do not rely on the badge; ask the issuer."},
		{name: "an identifier of a kind that nobody here knows", make: func(h *house) string {
			k := h.key
			k.method.ID, k.method.Controller = "did:example:abc#1", "did:example:abc"
			return h.sign(h.unsigned("did:example:abc"), k, now)
		}, verdict: indeterminate, check: issuerKey, code: verifier.KeyUnsupported, sentence: "The issuer’s key is of a kind that we cannot use. Ask the issuer; do not rely on the badge yet."},
		{name: "the issuer calls itself otherwise since", make: func(h *house) string {
			return h.badge(swap(`"name":"Example State University"`, `"name":"Example College"`))
		}, verdict: valid, check: verifier.CheckIssuerTrust, code: verifier.IssuerNotListed, sentence: "Example College (HOST) is on no list that we know. The name is the issuer’s own word: judge by the address HOST."},

		// Statuses.
		{name: "a list as others read its bits", make: then(func(h *house) { h.list(h.at("status"), "revocation", h.key, []int{0, 6, 8, 14}) }), verdict: valid, check: revocation, code: verifier.NotRevoked, sentence: "Not withdrawn, by the issuer’s list as we have it, which is at most a few minutes old."},
		{name: "reinstated", make: func(h *house) string { return h.badge(h.both(nil, nil)) }, verdict: valid, check: suspension, code: verifier.NotSuspended, sentence: "Not paused, by the issuer’s list as we have it, which is at most a few minutes old."},
		{name: "paused, not withdrawn", make: func(h *house) string { return h.badge(h.both(nil, []int{7})) }, verdict: invalid, check: suspension, code: verifier.Suspended, sentence: "The issuer has paused this badge. Do not rely on it for now; check it again later."},
		{name: "withdrawn while paused", make: func(h *house) string { return h.badge(h.both([]int{7}, []int{7})) }, verdict: invalid, check: revocation, code: verifier.Revoked, sentence: "The issuer has withdrawn this badge. Do not rely on it."},
		{name: "not withdrawn, paused or not", make: func(h *house) string {
			e := h.both(nil, nil)
			h.gone("paused")
			return h.badge(e)
		}, verdict: indeterminate, check: suspension, code: verifier.StatusListUnreachable, sentence: "We could not check whether this badge is paused. Try again; do not rely on it yet."},
		{name: "withdrawn, paused or not", make: func(h *house) string {
			e := h.both([]int{7}, nil)
			h.gone("paused")
			return h.badge(e)
		}, verdict: invalid, check: revocation, code: verifier.Revoked, sentence: "The issuer has withdrawn this badge. Do not rely on it."},
		{name: "a list that is a page for people", make: then(func(h *house) { h.web.put(h.at("status"), []byte("<html>")) }), verdict: indeterminate, check: revocation, code: verifier.StatusListUnreachable, sentence: "We could not check whether this badge was withdrawn. Try again; do not rely on it yet."},
		{name: "a list that is not signed", make: then(func(h *house) {
			h.web.put(h.at("status"), []byte(drop("proof")(h.t, string(h.web.pages[h.at("status")]))))
		}), verdict: invalid, check: revocation, code: verifier.StatusListInvalid, sentence: "The issuer’s list of withdrawn badges is not in order. Do not rely on the badge; ask the issuer."},
		{name: "a list of tomorrow", make: then(func(h *house) {
			h.list(h.at("status"), "revocation", h.key, nil, put("validFrom", `"2026-11-22T00:00:00Z"`))
		}), verdict: indeterminate, check: revocation, code: verifier.StatusListNotYetValid, sentence: "The issuer’s list that tells this is not valid yet, by our clock. Try again; do not rely on the badge yet."},
		{name: "a purpose that nobody knows", make: func(h *house) string { return h.badge(put("credentialStatus", h.entry("retired", "7", ""))) }, verdict: indeterminate, check: revocation, code: verifier.StatusUnsupported, sentence: "The issuer tells whether it was withdrawn in a way that we do not know. Ask the issuer; do not rely on the badge yet."},
		{name: "withdrawn and ended", make: func(h *house) string {
			h.list(h.at("status"), "revocation", h.key, []int{7})
			return h.badge(put("validUntil", `"2026-11-21T09:00:00Z"`))
		}, verdict: invalid, check: validity, code: verifier.Expired, sentence: "Its time ended on 21 November 2026, 09:00 UTC. Ask the holder for a renewed one."},

		// Editions and wrappings.
		{name: "Open Badges 2, hosted", make: text(ob2), verdict: indeterminate, check: format, code: verifier.UnsupportedEdition, sentence: "This is a badge of an older kind, which is not checked here yet. Ask the issuer for one of the Open Badges 3.0 kind."},
		{name: "Open Badges 2, in a picture", make: text(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:o="http://openbadges.org"><o:assertion verify="https://x.example/1"/></svg>`), verdict: indeterminate, check: format, code: verifier.UnsupportedEdition, sentence: "This is a badge of an older kind, which is not checked here yet. Ask the issuer for one of the Open Badges 3.0 kind."},
		{name: "of data model 1.1", make: earlierBadge, verdict: valid, check: format, code: verifier.VCDM11, sentence: "A complete Open Badge, written by the earlier data model (1.1)."},
		{name: "in an envelope", make: func(h *house) string { return envelope("application/vc+jwt", h.token(h.key, h.ours())) }, verdict: valid, check: format, code: verifier.OK, sentence: "A complete Open Badge of an edition we know."},
		{name: "in an envelope of another kind", make: text(envelope("application/vc+sd-jwt", "a.b.c~")), verdict: indeterminate, check: format, code: verifier.UnsupportedEnvelope, sentence: "The badge is in an envelope of a kind that we do not open. Ask the issuer for the badge itself."},
		{name: "in a PNG", make: baked(badgeOf()), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "in an SVG", make: drawn(badgeOf()), verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "changed, in a PNG", make: baked(after(swap(`"value":"94"`, `"value":"99"`))), verdict: invalid, check: proofs, code: verifier.ProofInvalid, sentence: "The signature does not fit: the badge was changed after it was signed, or another key signed it. Ask the holder for the original."},
		{name: "two in a picture", make: func(h *house) string {
			return strings.Replace(drawn(badgeOf())(h), "</svg>", `<openbadges:credential xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0" verify="a.b.c"/></svg>`, 1)
		}, verdict: invalid, check: format, code: verifier.SeveralInImage, sentence: "This picture holds more than one badge, so nobody can tell which one is meant. Ask the holder for the original file."},
		{name: "attached to a PDF", make: func(h *house) string { return attachmenttest.PDF(badgeOf()(h)) }, verdict: valid, check: proofs, code: verifier.OK, sentence: unchanged},
		{name: "two in a PDF", make: func(h *house) string { return attachmenttest.PDF(badgeOf()(h), "eyJhIjoxfQ.e30.c2ln") },
			verdict: invalid, check: format, code: verifier.SeveralInPDF, sentence: "More than one badge is attached to this PDF, so nobody can tell which one is meant. Ask the holder for the original file."},
		{name: "put into a picture wrongly", make: func(h *house) string {
			return strings.Replace(drawn(badgeOf())(h), "<openbadges:credential", `<openbadges:credential verify="a.b.c"`, 1)
		}, verdict: invalid, check: format, code: verifier.Misbaked, sentence: "A badge was put into this picture in a way that the standard forbids. Ask the holder for the original file."},
		{name: "a picture without a badge", make: text(drawing), verdict: invalid, check: format, code: verifier.Unreadable, sentence: "This could not be read as a document. Ask the holder for the original file."},
		{name: "a context of somebody's own", make: after(swap(`extensions.json"]`, `extensions.json",{"a":"urn:a"}]`)), verdict: invalid, check: format, code: verifier.UnknownContext, sentence: "It uses a vocabulary that we do not hold, so nobody can tell what its words mean. Ask the issuer for a badge in the standard’s words."},
		{name: "a context that we do not hold", make: after(swap("v3p0/extensions.json", "v3p0/other.json")), verdict: invalid, check: format, code: verifier.UnknownContext, sentence: "It uses a vocabulary that we do not hold, so nobody can tell what its words mean. Ask the issuer for a badge in the standard’s words."},
		{name: "a member twice", make: after(add(`"name":"Forged"`)), verdict: invalid, check: format, code: verifier.Unreadable, sentence: "This could not be read as a document. Ask the holder for the original file."},
		{name: "nothing in a member", make: after(swap(`"role":"Learner"`, `"role":null`)), verdict: invalid, check: terms, code: verifier.NullValue, sentence: "It has an entry without content, which no signature covers. Ask the issuer for a corrected badge."},
		{name: "far more than a badge", make: after(swap(`"tag":[`, `"tag":[`+strings.Repeat(`"x",`, 21_000))), verdict: indeterminate, check: terms, code: verifier.OverBudget, sentence: "It is so entangled that we stopped checking it. Ask the issuer for a simpler badge; do not rely on this one yet."},

		// Shown by its holder.
		{name: "presented", make: presenting(nil, held), verdict: valid, check: holderCheck, code: verifier.HolderProven, sentence: "Whoever presents this holds the key of " + holder.method.Controller + "."},
		{name: "presented in answer", opts: verifier.Options{Challenge: asked}, make: presenting(map[string]any{"challenge": asked}, held), verdict: valid, check: holderCheck, code: verifier.HolderProven, sentence: "Whoever presents this holds the key of " + holder.method.Controller + "."},
		{name: "presented in answer to somebody else", opts: verifier.Options{Challenge: asked}, make: presenting(map[string]any{"challenge": "c-2"}, held), verdict: invalid, check: holderCheck, code: verifier.ChallengeDiffers, sentence: "This was not made for your question: it may be a copy of what was presented to others. Ask them to present it again."},
		{name: "presented to somebody else", opts: verifier.Options{Challenge: asked, Domain: "employer.example"}, make: presenting(map[string]any{"challenge": asked, "domain": "other.example"}, held), verdict: invalid, check: holderCheck, code: verifier.DomainDiffers, sentence: "This was presented to somebody else. Ask them to present it to you."},
		{name: "presented by somebody else", make: presenting(nil, badgeOf()), verdict: warning, check: holderCheck, code: verifier.HolderNotSubject, sentence: "The badge is about somebody other than the one who presents it. Ask them why."},
		{name: "presented without a proof", make: func(h *house) string { return h.presented(holder, false, nil, held(h)) }, verdict: valid, check: holderCheck, code: verifier.HolderUnproven, sentence: "Whoever presents this has not proven who they are. That does not change what the badge is worth."},
		{name: "asked for its holder, and brought alone", opts: verifier.Options{Challenge: asked}, make: held, verdict: invalid, check: holderCheck, code: verifier.HolderUnproven, sentence: "You asked who presents this, and whoever does has not proven it. Ask them to present it again, with their proof."},
		{name: "two presented", make: presenting(nil, held, held), verdict: valid, check: format, code: verifier.SeveralBadges, sentence: "A presentation of several badges; each has a report of its own."},
		{name: "nothing presented", make: func(h *house) string { return h.presented(holder, true, nil) }, verdict: invalid, check: format, code: verifier.EmptyPresentation, sentence: "There is no badge in this presentation. Ask the holder for the badge itself."},
	}
}

func unb64(t testing.TB, text string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	return string(raw)
}
