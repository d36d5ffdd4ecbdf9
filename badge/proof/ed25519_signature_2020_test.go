package proof

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// ourOldBadge is a badge on the VC data model 1.1.
const ourOldBadge = `{"@context":["https://www.w3.org/2018/credentials/v1","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json",` +
	`"https://w3id.org/security/suites/ed25519-2020/v1"],"id":"https://badges.example.edu/credentials/2","type":["VerifiableCredential","OpenBadgeCredential"],` +
	`"issuer":{"id":"did:web:badges.example.edu","type":["Profile"],"name":"State University"},"issuanceDate":"2022-11-20T09:30:00Z","name":"Robotics",` +
	`"credentialSubject":{"id":"did:example:ana","type":["AchievementSubject"],"achievement":{"id":"urn:uuid:bd6d9316-f7ae-4073-a1e5-2f7f5bd22922",` +
	`"type":["Achievement"],"name":"Robotics","description":"Builds robots.","criteria":{"narrative":"Build one."}}}}`

// oldProof signs as Ed25519Signature2020 does, some options or all: what is
// left unsigned stands in the proof all the same. The end is signed by a
// statement of its own, as Digital Bazaar's version of the context has it.
func oldProof(t testing.TB, text string, key seeded, options, end string, endSigned bool) *badge.Document {
	t.Helper()
	c, err := canonicalizer()
	must(t, err)
	all := `{"type":"Ed25519Signature2020","created":"2022-11-21T10:00:00Z","verificationMethod":"` + key.method.ID + `","proofPurpose":"assertionMethod"` + options + `}`
	d := parsed(t, text)
	config, err := strictjson.Parse([]byte(all), strictjson.Limits{})
	must(t, err)
	nquads, err := c.Canonicalize(canon.Input{Node: config, Context: d.Root().Get("@context"), InlineContexts: true})
	must(t, err)
	if endSigned {
		lines := slices.Sorted(strings.Lines(string(nquads) + `_:c14n0 <https://w3id.org/security#expiration> "` + end + `"^^<http://www.w3.org/2001/XMLSchema#dateTime> .` + "\n"))
		nquads = []byte(strings.Join(lines, ""))
	}
	document, err := c.Canonicalize(canon.Input{Node: d.Root(), InlineContexts: true})
	must(t, err)
	a, b := sha256.Sum256(nquads), sha256.Sum256(document)
	signature, err := key.Sign(context.Background(), slices.Concat(a[:], b[:]))
	must(t, err)
	if end != "" {
		all = strings.TrimSuffix(all, "}") + `,"expires":"` + end + `"}`
	}
	return parsed(t, strings.TrimSuffix(text, "}")+`,"proof":`+strings.TrimSuffix(all, "}")+`,"proofValue":"z`+base58.Encode(signature)+`"}}`)
}

func TestEd25519Signature2020(t *testing.T) {
	key := ourKeyOf(t)
	s := signature2020(t)
	for _, text := range []string{ourOldBadge, swap(t, ourBadge, `context-3.0.3.json"]`, `context-3.0.3.json","https://w3id.org/security/suites/ed25519-2020/v1"]`)} {
		d := oldProof(t, text, key, "", "", false)
		must(t, s.Verify(d, d.Proofs()[0], key.method))
		for _, change := range [][2]string{{"State University", "Stage University"}, {"Build one.", "Build two."},
			{"2022-11-21T10:00:00Z", "2022-11-21T10:00:01Z"}, {`"proofPurpose"`, `"nonce":"x","proofPurpose"`},
			{`"proofPurpose"`, `"salary":"x","proofPurpose"`}, {`"proofPurpose"`, `"expires":"2030-01-01T00:00:00Zx","proofPurpose"`},
			{`"type":"Ed25519Signature2020"`, `"type":"DataIntegrityProof"`}, {`"proofValue":"z`, `"proofValue":"u`}} {
			changed := parsed(t, swap(t, string(d.Raw()), change[0], change[1]))
			if err := s.Verify(changed, changed.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", change[1], err)
			}
		}
		for name, other := range map[string]keys.VerificationMethod{"P-256": p256(t).method, "another": fromSeed(t, []byte(strings.Repeat("\x08", 32))).method} {
			if err := s.Verify(d, d.Proofs()[0], other); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// An end that is signed is part of the proof; one that is not is an open
// question; a proof that holds neither way is wrong.
func TestEd25519Signature2020Ends(t *testing.T) {
	const end, later = "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"
	key := ourKeyOf(t)
	s := signature2020(t)
	for _, options := range []string{"", `,"id":"urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10"`} {
		if options == "" { // the statement of the helper is about a node without a name
			d := oldProof(t, ourOldBadge, key, options, end, true)
			must(t, s.Verify(d, d.Proofs()[0], key.method))
			moved := parsed(t, swap(t, string(d.Raw()), end, later))
			if err := s.Verify(moved, moved.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
				t.Errorf("a signed end moved: %v", err)
			}
			dropped := parsed(t, swap(t, string(d.Raw()), `,"expires":"`+end+`"`, ""))
			if err := s.Verify(dropped, dropped.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
				t.Errorf("a signed end dropped: %v", err)
			}
		}
		d := oldProof(t, ourOldBadge, key, options, end, false)
		if err := s.Verify(d, d.Proofs()[0], key.method); !errors.Is(err, ErrUnsignedEnd) || errors.Is(err, ErrInvalid) {
			t.Errorf("an unsigned end: %v", err)
		}
		changed := parsed(t, swap(t, string(d.Raw()), "Build one.", "Build two."))
		if err := s.Verify(changed, changed.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("changed, with an unsigned end: %v", err)
		}
	}
	own := parsed(t, swap(t, string(oldProof(t, ourOldBadge, key, "", "", false).Raw()), `"proof":{`, `"proof":{"@context":"https://w3id.org/security/suites/ed25519-2020/v1",`))
	if err := s.Verify(own, own.Proofs()[0], key.method); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("contexts of its own: %v", err)
	}
}
