package proof

import (
	"context"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/keys"
)

func selective(t testing.TB) ECDSASD2023 {
	t.Helper()
	c, err := canonicalizer()
	must(t, err)
	return ECDSASD2023{Canon: c, InlineContexts: true}
}

// disclosed is a derived proof that shows all of a badge: made as issuer and
// holder make it, the mandatory statements being those of the credential itself.
type disclosed struct {
	text   string // the badge with the proof
	issuer curved
	parts  derived
	config string
}

func disclose(t testing.TB, text string) disclosed {
	t.Helper()
	s, issuer := selective(t), p256(t)
	scoped := fromScalar(t, elliptic.P256(), []byte(strings.Repeat("\x09", 32)))
	multikey, err := keys.Multikey(scoped.method.Public)
	must(t, err)
	key, err := base58.Decode(multikey[1:])
	must(t, err)
	d := parsed(t, text)
	nquads, err := s.Canon.Canonicalize(canon.Input{Node: d.Root(), InlineContexts: true})
	must(t, err)
	labels := map[uint32]cbor.ByteString{}
	statements, err := rdfc.Relabel(nquads, func(name string) (string, error) {
		mac := hmac.New(sha256.New, []byte(strings.Repeat("\x0a", 32)))
		mac.Write([]byte(name))
		var n uint32
		_, err := fmt.Sscanf(name, "c14n%d", &n)
		labels[n] = cbor.ByteString(mac.Sum(nil))
		return "u" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), err
	})
	must(t, err)
	out := disclosed{issuer: issuer, parts: derived{PublicKey: cbor.ByteString(key), Labels: labels}}
	var mandatory []string
	for i, statement := range statements {
		if strings.HasPrefix(statement, "<https://badges.example.edu/credentials/1>") {
			mandatory, out.parts.Mandatory = append(mandatory, statement), append(out.parts.Mandatory, uint32(i))
			continue
		}
		signature, err := scoped.Sign(context.Background(), []byte(statement))
		must(t, err)
		out.parts.Signatures = append(out.parts.Signatures, cbor.ByteString(signature))
	}
	out.config = `{"type":"DataIntegrityProof","cryptosuite":"ecdsa-sd-2023","created":"2026-11-21T10:00:00Z","verificationMethod":"` +
		issuer.method.ID + `","proofPurpose":"assertionMethod"`
	message, err := s.signData(d, parsed(t, strings.TrimSuffix(text, "}")+`,"proof":`+out.config+`}}`).Proofs()[0], key, mandatory)
	must(t, err)
	signature, err := issuer.Sign(context.Background(), message)
	must(t, err)
	out.parts.BaseSignature = cbor.ByteString(signature)
	out.text = text
	return out
}

// with is the badge with a proof of these parts.
func (d disclosed) with(t testing.TB, header string, parts any) *badge.Document {
	t.Helper()
	body, err := cbor.Marshal(parts)
	must(t, err)
	return d.withValue(t, "u"+base64.RawURLEncoding.EncodeToString(append([]byte(header), body...)))
}

func (d disclosed) withValue(t testing.TB, value string) *badge.Document {
	t.Helper()
	quoted, err := json.Marshal(value)
	must(t, err)
	return parsed(t, strings.TrimSuffix(d.text, "}")+`,"proof":`+d.config+`,"proofValue":`+string(quoted)+`}}`)
}

func verifySD(t testing.TB, d *badge.Document, key keys.VerificationMethod) error {
	t.Helper()
	return selective(t).Verify(d, d.Proofs()[0], key)
}

func TestSelectiveDisclosure(t *testing.T) {
	made := disclose(t, ourBadge)
	d := made.with(t, disclosureHeader, made.parts)
	must(t, verifySD(t, d, made.issuer.method))
	for _, change := range [][2]string{
		{"State University", "Stage University"}, {"2026-11-20T09:30:00Z", "2026-11-20T09:30:01Z"}, {"4.5", "4.6"},
		{`"criteria":{"narrative":"Build one."}`, `"criteria":{"narrative":"Build two."}`}, {`"name":"Robotics",`, ``},
		{`,"criteria":{"narrative":"Build one."}`, ``}, {"2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"},
		{`"proofPurpose"`, `"nonce":"x","proofPurpose"`}, {"ecdsa-sd-2023", "ecdsa-rdfc-2019"},
		{`"criteria":{"narrative":"Build one."}`, `"criteria":[{"narrative":"Build one."},{"narrative":"Build one."}]`},
	} {
		changed := parsed(t, swap(t, string(d.Raw()), change[0], change[1]))
		if err := verifySD(t, changed, made.issuer.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	for name, key := range map[string]keys.VerificationMethod{
		"another P-256 key": fromScalar(t, elliptic.P256(), []byte(strings.Repeat("\x09", 32))).method,
		"a P-384 key":       p384(t).method, "an Ed25519 key": ourKeyOf(t).method, "none": {},
	} {
		if err := verifySD(t, d, key); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ourKeyOf(t testing.TB) seeded { return fromSeed(t, []byte(strings.Repeat("\x07", 32))) }

// The holder shows less: the statements that are left keep their signatures.
func TestSelectiveDisclosureOfLess(t *testing.T) {
	made := disclose(t, ourBadge)
	less := made
	less.text = swap(t, swap(t, ourBadge, `"description":"Line one\nline two, Zoë 王",`, ``), `"creditsEarned":4.5,`, ``)
	statements, err := selective(t).statements(parsed(t, less.text), made.parts.Labels)
	must(t, err)
	all, err := selective(t).statements(parsed(t, ourBadge), made.parts.Labels)
	must(t, err)
	_, signed := made.parts.split(all)
	parts := made.parts
	parts.Signatures, parts.Mandatory = nil, nil
	for i, statement := range statements {
		if at := slices.Index(signed, statement); at >= 0 {
			parts.Signatures = append(parts.Signatures, made.parts.Signatures[at])
		} else {
			parts.Mandatory = append(parts.Mandatory, uint32(i))
		}
	}
	if len(parts.Signatures) != len(made.parts.Signatures)-2 || len(parts.Mandatory) != len(made.parts.Mandatory) {
		t.Fatalf("%d signatures and %d mandatory of %d and %d", len(parts.Signatures), len(parts.Mandatory), len(made.parts.Signatures), len(made.parts.Mandatory))
	}
	must(t, verifySD(t, less.with(t, disclosureHeader, parts), made.issuer.method))
	// What is mandatory cannot be left out, by itself or as if it were not.
	less.text = swap(t, less.text, `"name":"Robotics",`, ``)
	for _, dropped := range parts.Mandatory {
		other := parts
		other.Mandatory = slices.DeleteFunc(slices.Clone(parts.Mandatory), func(i uint32) bool { return i == dropped })
		if err := verifySD(t, less.with(t, disclosureHeader, other), made.issuer.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("without statement %d: %v", dropped, err)
		}
	}
}

// Parts that are not as they have to be, one after another.
func TestSelectiveDisclosureRefusesParts(t *testing.T) {
	made := disclose(t, ourBadge)
	m := made.parts
	all := func(change func(p *derived)) derived {
		p := m
		p.Signatures = slices.Clone(m.Signatures)
		p.Labels = map[uint32]cbor.ByteString{}
		for k, v := range m.Labels {
			p.Labels[k] = v
		}
		change(&p)
		return p
	}
	flip := func(s cbor.ByteString, at int) cbor.ByteString {
		b := []byte(s)
		b[at] ^= 1
		return cbor.ByteString(b)
	}
	scoped := fromScalar(t, elliptic.P256(), []byte(strings.Repeat("\x0b", 32)))
	text, err := keys.Multikey(scoped.method.Public)
	must(t, err)
	otherKey, err := base58.Decode(text[1:])
	must(t, err)
	for name, parts := range map[string]any{
		"base signature":        all(func(p *derived) { p.BaseSignature = flip(p.BaseSignature, 40) }),
		"short base signature":  all(func(p *derived) { p.BaseSignature = p.BaseSignature[1:] }),
		"no base signature":     all(func(p *derived) { p.BaseSignature = "" }),
		"another key":           all(func(p *derived) { p.PublicKey = cbor.ByteString(otherKey) }),
		"a key of another kind": all(func(p *derived) { p.PublicKey = "\xed\x01" + p.PublicKey[2:] }),
		"a key that is none":    all(func(p *derived) { p.PublicKey = p.PublicKey[:2] + "\x05" + p.PublicKey[3:] }),
		"a long key":            all(func(p *derived) { p.PublicKey += "\x00" }),
		"a signature":           all(func(p *derived) { p.Signatures[3] = flip(p.Signatures[3], 63) }),
		"a short signature":     all(func(p *derived) { p.Signatures[3] = p.Signatures[3][:63] }),
		"one signature less":    all(func(p *derived) { p.Signatures = p.Signatures[1:] }),
		"one signature more":    all(func(p *derived) { p.Signatures = append(p.Signatures, p.Signatures[0]) }),
		"two in other order":    all(func(p *derived) { p.Signatures[0], p.Signatures[1] = p.Signatures[1], p.Signatures[0] }),
		"no signatures":         all(func(p *derived) { p.Signatures = nil }),
		"no label":              all(func(p *derived) { p.Labels = nil }),
		"another label":         all(func(p *derived) { p.Labels[0] = flip(p.Labels[0], 0) }),
		"a short label":         all(func(p *derived) { p.Labels[0] = p.Labels[0][1:] }),
		"one label twice":       all(func(p *derived) { p.Labels[7] = p.Labels[0] }),
		"no mandatory ones":     all(func(p *derived) { p.Mandatory = nil }),
		"one mandatory more":    all(func(p *derived) { p.Mandatory = append([]uint32{0}, p.Mandatory...) }),
		"four parts":            []any{m.BaseSignature, m.PublicKey, m.Signatures, m.Labels},
		"six parts":             []any{m.BaseSignature, m.PublicKey, m.Signatures, m.Labels, m.Mandatory, 1},
		"texts for bytes":       []any{string(m.BaseSignature[:0]) + strings.Repeat("a", 64), m.PublicKey, m.Signatures, m.Labels, m.Mandatory},
		"numbers for bytes":     []any{make([]int, 64), m.PublicKey, m.Signatures, m.Labels, m.Mandatory},
		"a negative index":      []any{m.BaseSignature, m.PublicKey, m.Signatures, m.Labels, []int{-1}},
		"a broken index":        []any{m.BaseSignature, m.PublicKey, m.Signatures, m.Labels, []float64{1.5}},
		"a text as a label":     []any{m.BaseSignature, m.PublicKey, m.Signatures, map[string]any{"c14n0": m.Labels[0]}, m.Mandatory},
		"a tag":                 cbor.Tag{Number: 64, Content: m},
		"a tag within":          []any{cbor.Tag{Number: 64, Content: m.BaseSignature}, m.PublicKey, m.Signatures, m.Labels, m.Mandatory},
		"a map":                 map[string]any{"baseSignature": m.BaseSignature},
		"nothing":               nil,
		"a number":              7,
	} {
		if err := verifySD(t, made.with(t, disclosureHeader, parts), made.issuer.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// How the value is written, and how the CBOR is.
func TestSelectiveDisclosureRefusesValues(t *testing.T) {
	made := disclose(t, ourBadge)
	body, err := cbor.Marshal(made.parts)
	must(t, err)
	enc := base64.RawURLEncoding.EncodeToString
	good := append([]byte(disclosureHeader), body...)
	must(t, verifySD(t, made.withValue(t, "u"+enc(good)), made.issuer.method))
	indefinite := append([]byte(disclosureHeader+"\x9f"), append(slices.Clone(body[1:]), 0xff)...)
	for name, value := range map[string]string{
		"no base": enc(good), "base58": "z" + base58.Encode(good), "padding": "u" + enc(good) + "=", "a line": "u" + enc(good)[:40] + "\n" + enc(good)[40:],
		"plain base64": "u" + base64.StdEncoding.EncodeToString(good), "upper case": "U" + enc(good), "empty": "u", "only a header": "u" + enc([]byte(disclosureHeader)),
		"another header": "u" + enc(append([]byte("\xd9\x5d\x02"), body...)), "another suite": "u" + enc(append([]byte("\xd9\x5d\x03"), body...)),
		"more after it": "u" + enc(append(slices.Clone(good), 0)), "cut off": "u" + enc(good[:len(good)-1]), "an unknown length": "u" + enc(indefinite),
		"a label twice": "u" + enc(twice(t, made)), "deep": "u" + enc(append([]byte(disclosureHeader), []byte(strings.Repeat("\x81", 10_000)+"\x00")...)),
		"a length beyond all": "u" + enc([]byte(disclosureHeader+"\x85\x5b\x7f\xff\xff\xff\xff\xff\xff\xff")),
		"bits beyond the end": "u" + enc(good)[:len(enc(good))-1] + "_",
	} {
		if err := verifySD(t, made.withValue(t, value), made.issuer.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A base proof is genuine where it belongs: it says nothing of the badge.
	base := []any{made.parts.BaseSignature, made.parts.PublicKey, cbor.ByteString(strings.Repeat("\x0a", 32)), made.parts.Signatures, []string{"/issuer"}}
	if err := verifySD(t, made.with(t, baseHeader, base), made.issuer.method); !errors.Is(err, ErrBaseProof) || errors.Is(err, ErrInvalid) {
		t.Errorf("a base proof: %v", err)
	}
}

// twice has the first label of the map in it a second time.
func twice(t *testing.T, made disclosed) []byte {
	t.Helper()
	parts := []any{made.parts.BaseSignature, made.parts.PublicKey, made.parts.Signatures}
	out := []byte(disclosureHeader + "\x85")
	for _, p := range parts {
		b, err := cbor.Marshal(p)
		must(t, err)
		out = append(out, b...)
	}
	out = append(out, "\xa2\x00\x58\x20"+string(made.parts.Labels[0])+"\x00\x58\x20"+strings.Repeat("\x01", 32)...)
	b, err := cbor.Marshal(made.parts.Mandatory)
	must(t, err)
	return append(out, b...)
}

// Many signatures are a question of means, not of truth.
func TestSelectiveDisclosureIsBounded(t *testing.T) {
	made := disclose(t, ourBadge)
	parts := made.parts
	for range maxDisclosed {
		parts.Signatures = append(parts.Signatures, parts.Signatures[0])
	}
	err := verifySD(t, made.with(t, disclosureHeader, parts), made.issuer.method)
	var refusal *canon.Error
	if errors.Is(err, ErrInvalid) || !errors.As(err, &refusal) || refusal.Kind != canon.OverBudget {
		t.Errorf("%v", err)
	}
}

// TestSelectiveDisclosureVectors holds to the vectors of VC-DI-ECDSA appendix B.
func TestSelectiveDisclosureVectors(t *testing.T) {
	const base = "vectors/w3c-vc-di-ecdsa/ecdsa-sd-2023/"
	var material struct {
		BaseKeyPair struct{ PublicKeyMultibase string }
	}
	must(t, json.Unmarshal([]byte(specFile(t, base+"SDKeyMaterial.json")), &material))
	public, err := keys.ParseMultikey(material.BaseKeyPair.PublicKeyMultibase)
	must(t, err)
	key := keys.VerificationMethod{Public: public}
	terms := strings.Replace(citizenship, "{", `{"PermanentResident":"https://w3id.org/citizenship#PermanentResident",`+
		`"PermanentResidentCardCredential":"https://w3id.org/citizenship#PermanentResidentCardCredential",`, 1)
	for _, folder := range []string{"prc/", "employ/"} {
		t.Run(folder, func(t *testing.T) {
			d := parsed(t, swap(t, specFile(t, base+folder+"derivedRevealDocument.json"), `"https://w3id.org/citizenship/v4rc1"`, terms))
			must(t, verifySD(t, d, key))
			sdSteps(t, d, func(name string, into any) {
				must(t, json.Unmarshal([]byte(specFile(t, base+folder+name+".json")), into))
			})
			signed := parsed(t, swap(t, specFile(t, base+folder+"addSignedSDBase.json"), `"https://w3id.org/citizenship/v4rc1"`, terms))
			if err := verifySD(t, signed, key); !errors.Is(err, ErrBaseProof) {
				t.Errorf("the base proof: %v", err)
			}
		})
	}
}

// sdSteps compares what is read and computed on the way.
func sdSteps(t *testing.T, d *badge.Document, file func(name string, into any)) {
	t.Helper()
	var want struct {
		BaseSignature, ProofHash, PublicKey, MandatoryHash string
		Signatures, NonMandatory                           []string
	}
	var nquads []string
	file("verifyCreateVerifyData", &want)
	file("verifyNQuads", &nquads)
	p := d.Proofs()[0]
	parts, err := parseDerived(p.ProofValue)
	must(t, err)
	statements, err := selective(t).statements(d, parts.Labels)
	must(t, err)
	mandatory, others := parts.split(statements)
	data, err := selective(t).signData(d, p, parts.PublicKey.Bytes(), mandatory)
	must(t, err)
	var signatures []string
	for _, s := range parts.Signatures {
		signatures = append(signatures, hex.EncodeToString(s.Bytes()))
	}
	if !slices.Equal(statements, nquads) || !slices.Equal(others, want.NonMandatory) || !slices.Equal(signatures, want.Signatures) {
		t.Errorf("statements\n%s\nothers\n%s\nsignatures %s", statements, others, signatures)
	}
	public, err := base58.Decode(want.PublicKey[1:])
	must(t, err)
	if got := hex.EncodeToString(data); got != want.ProofHash+hex.EncodeToString(public)+want.MandatoryHash || hex.EncodeToString(parts.BaseSignature.Bytes()) != want.BaseSignature {
		t.Errorf("sign data %s", got)
	}
}

// FuzzDerivedProof: bytes of strangers neither stop the process nor give a
// proof that was not checked in every length.
func FuzzDerivedProof(f *testing.F) {
	made := disclose(f, ourBadge)
	body, err := cbor.Marshal(made.parts)
	must(f, err)
	f.Add(append([]byte(disclosureHeader), body...))
	f.Add([]byte(baseHeader + "\x85"))
	f.Add([]byte(disclosureHeader + "\x85\x40\x40\x80\xa0\x80"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parseDerived("u" + base64.RawURLEncoding.EncodeToString(raw))
		if err != nil {
			return
		}
		if len(d.BaseSignature) != 64 || len(d.PublicKey) != multikeySize || len(d.Signatures) > maxDisclosed {
			t.Errorf("%d, %d and %d", len(d.BaseSignature), len(d.PublicKey), len(d.Signatures))
		}
		doc := made.withValue(t, "u"+base64.RawURLEncoding.EncodeToString(raw))
		if err := verifySD(t, doc, made.issuer.method); err == nil && d.BaseSignature[:32] != made.parts.BaseSignature[:32] {
			t.Error("verified with another base signature")
		}
	})
}
