package proof

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon/jcs"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// curved is an ECDSA key, which signs deterministically (RFC 6979): so do the
// published vectors.
type curved struct {
	private *ecdsa.PrivateKey
	method  keys.VerificationMethod
}

func fromScalar(t testing.TB, curve elliptic.Curve, scalar []byte) curved {
	t.Helper()
	private, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		t.Fatal(err)
	}
	did, err := keys.DIDKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return curved{private, keys.VerificationMethod{ID: did + "#" + strings.TrimPrefix(did, "did:key:"), Controller: did,
		Public: &private.PublicKey, Assertion: true}}
}

func p256(t testing.TB) curved {
	return fromScalar(t, elliptic.P256(), []byte(strings.Repeat("\x07", 32)))
}

func p384(t testing.TB) curved {
	return fromScalar(t, elliptic.P384(), []byte(strings.Repeat("\x07", 48)))
}

func (c curved) Method() keys.VerificationMethod { return c.method }

func (c curved) Sign(_ context.Context, message []byte) ([]byte, error) {
	hash, digest := crypto.SHA256, []byte(nil)
	width := 32
	if c.private.Curve == elliptic.P384() {
		sum := sha512.Sum384(message)
		hash, digest, width = crypto.SHA384, sum[:], 48
	} else {
		sum := sha256.Sum256(message)
		digest = sum[:]
	}
	der, err := c.private.Sign(nil, digest, hash)
	if err != nil {
		return nil, err
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		return nil, err
	}
	return slices.Concat(rs.R.FillBytes(make([]byte, width)), rs.S.FillBytes(make([]byte, width))), nil
}

// embedded is every way to sign with an embedded proof.
func embedded(t testing.TB) []struct {
	name  string
	suite Securer
	key   keys.Signer
	size  int
} {
	t.Helper()
	c, err := canonicalizer()
	if err != nil {
		t.Fatal(err)
	}
	ed := fromSeed(t, []byte(strings.Repeat("\x07", 32)))
	return []struct {
		name  string
		suite Securer
		key   keys.Signer
		size  int
	}{
		{"eddsa-rdfc-2022", EdDSARDFC2022{Canon: c, InlineContexts: true}, ed, 64},
		{"eddsa-jcs-2022", EdDSAJCS2022{}, ed, 64},
		{"ecdsa-rdfc-2019 P-256", ECDSARDFC2019{Canon: c, InlineContexts: true}, p256(t), 64},
		{"ecdsa-rdfc-2019 P-384", ECDSARDFC2019{Canon: c, InlineContexts: true}, p384(t), 96},
		{"ecdsa-jcs-2019 P-256", ECDSAJCS2019{}, p256(t), 64},
		{"ecdsa-jcs-2019 P-384", ECDSAJCS2019{}, p384(t), 96},
	}
}

func parsed(t testing.TB, text string) *badge.Document {
	t.Helper()
	d, err := badge.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var moment = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func signedBy(t testing.TB, s Securer, key keys.Signer, text string) *badge.Document {
	t.Helper()
	d, err := s.Secure(context.Background(), parsed(t, text), key, moment)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Every suite verifies what it has signed, signs the same bytes for the same
// words, and names itself in the proof.
func TestSuites(t *testing.T) {
	for _, e := range embedded(t) {
		t.Run(e.name, func(t *testing.T) {
			d := signedBy(t, e.suite, e.key, ourBadge)
			p := d.Proofs()[0]
			must(t, e.suite.Verify(d, p, e.key.Method()))
			signature, err := base58.Decode(p.ProofValue[1:])
			must(t, err)
			if p.Cryptosuite != e.suite.Name() || p.Created != "2026-11-21T10:00:00Z" || len(signature) != e.size {
				t.Errorf("proof %s with %d bytes", p.Object.Raw(), len(signature))
			}
			if again := signedBy(t, e.suite, e.key, ourBadge); string(again.Raw()) != string(d.Raw()) {
				t.Error("signed otherwise the second time")
			}
			// The document stands before the proof as it was.
			if !strings.HasPrefix(string(d.Raw()), strings.TrimSuffix(ourBadge, "}")+`,"proof":[{`) {
				t.Errorf("document %s", d.Raw())
			}
		})
	}
}

// What the suites of RDF sign does not depend on how a text is spaced or
// ordered; what those of JSON sign does not either.
func TestSuitesReadMeaning(t *testing.T) {
	for _, e := range embedded(t) {
		d := signedBy(t, e.suite, e.key, ourBadge)
		var any map[string]any
		must(t, json.Unmarshal(d.Raw(), &any))
		pretty, err := json.MarshalIndent(any, "", "   ")
		must(t, err)
		other := parsed(t, string(pretty))
		if err := e.suite.Verify(other, other.Proofs()[0], e.key.Method()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}

// Any changed character of a value, and any signed member that is taken away,
// makes the proof wrong.
func TestSuitesRefuseChanges(t *testing.T) {
	for _, e := range embedded(t) {
		d := signedBy(t, e.suite, e.key, ourBadge)
		for _, change := range [][2]string{
			{"Robotics \\\"2\\\"", "Robotics \\\"3\\\""}, {"State University", "Stage University"},
			{"2026-11-20T09:30:00Z", "2026-11-20T09:30:01Z"}, {"4.5", "4.6"},
			{`"name":"Robotics",`, ``}, {"Zoë 王", "Zoë 玉"}, {"urn:uuid:5f2f8fd6", "urn:uuid:5f2f8fd7"},
			{"2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"}, {`"proofPurpose":"assertionMethod"`, `"proofPurpose":"authentication"`},
			{e.key.Method().ID, e.key.Method().ID + "x"}, {`"proofPurpose"`, `"nonce":"x","proofPurpose"`},
			{"OpenBadgeCredential", "EndorsementCredential"},
		} {
			changed := parsed(t, swap(t, string(d.Raw()), change[0], change[1]))
			if err := e.suite.Verify(changed, changed.Proofs()[0], e.key.Method()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %s: %v", e.name, change[1], err)
			}
		}
	}
}

// Each byte of a signature counts, and each has one spelling.
func TestSuitesRefuseSignatures(t *testing.T) {
	for _, e := range embedded(t) {
		d := signedBy(t, e.suite, e.key, ourBadge)
		good, err := base58.Decode(d.Proofs()[0].ProofValue[1:])
		must(t, err)
		values := map[string]string{
			"nothing": "z", "empty": "", "another base": "u" + base58.Encode(good), "no base": base58.Encode(good),
			"base64url": "u" + strings.Repeat("A", 86), "padding": "z" + base58.Encode(good) + "=", "leading zero": "z1" + base58.Encode(good),
			"a space": "z" + base58.Encode(good) + " ", "a line": "z" + base58.Encode(good) + "\n", "too short": "z" + base58.Encode(good[1:]),
			"too long": "z" + base58.Encode(append(slices.Clone(good), 0)), "zeros": "z" + strings.Repeat("1", e.size),
			"the other curve's size": "z" + base58.Encode(make([]byte, 160-e.size)), "not base58": "z" + strings.Repeat("0", 80),
			"500 kB": "z" + strings.Repeat("2", 500_000),
		}
		for i := range good {
			flipped := slices.Clone(good)
			flipped[i] ^= 1
			values["flipped "+string(rune('a'+i))] = "z" + base58.Encode(flipped)
		}
		if len(e.name) > len("eddsa-rdfc-2022") {
			values["DER"] = "z" + base58.Encode(der(t, good))
			n := e.key.(curved).private.Curve.Params().N
			values["r beyond the order"] = "z" + base58.Encode(beyond(good, n, 0))
			values["s beyond the order"] = "z" + base58.Encode(beyond(good, n, len(good)/2))
		}
		for name, value := range values {
			text, _ := json.Marshal(value)
			changed := parsed(t, swap(t, string(d.Raw()), `"`+d.Proofs()[0].ProofValue+`"`, string(text)))
			if err := e.suite.Verify(changed, changed.Proofs()[0], e.key.Method()); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s, %s: %v", e.name, name, err)
			}
		}
	}
}

func der(t *testing.T, rs []byte) []byte {
	t.Helper()
	half := len(rs) / 2
	out, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(rs[:half]), new(big.Int).SetBytes(rs[half:])})
	must(t, err)
	return out
}

// beyond sets a half of a signature to the order of the group, which is zero
// there; where it fits, to itself plus the order.
func beyond(rs []byte, n *big.Int, at int) []byte {
	half := len(rs) / 2
	out := slices.Clone(rs)
	sum := new(big.Int).Add(new(big.Int).SetBytes(rs[at:at+half]), n)
	if sum.BitLen() > 8*half {
		sum = n
	}
	sum.FillBytes(out[at : at+half])
	return out
}

// The specification has no rule against the second signature that everybody
// can make of a first one, so it holds.
func TestSecondSpellingOfECDSA(t *testing.T) {
	for _, e := range embedded(t)[2:] {
		d := signedBy(t, e.suite, e.key, ourBadge)
		rs, err := base58.Decode(d.Proofs()[0].ProofValue[1:])
		must(t, err)
		half := len(rs) / 2
		n := e.key.(curved).private.Curve.Params().N
		new(big.Int).Sub(n, new(big.Int).SetBytes(rs[half:])).FillBytes(rs[half:])
		other := withProofValue(t, d, "z"+base58.Encode(rs))
		if err := e.suite.Verify(other, other.Proofs()[0], e.key.Method()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}

// A proof of one suite is none of another, whatever it calls itself, and a key
// signs for its own suites alone.
func TestSuitesAreNotConfused(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	rsa := keys.VerificationMethod{}
	for _, made := range embedded(t) {
		d := signedBy(t, made.suite, made.key, ourBadge)
		for _, read := range embedded(t) {
			relabelled := parsed(t, strings.Replace(string(d.Raw()), `"cryptosuite":"`+made.suite.Name(), `"cryptosuite":"`+read.suite.Name(), 1))
			for _, key := range []keys.VerificationMethod{made.key.Method(), read.key.Method(), rsa} {
				err := read.suite.Verify(relabelled, relabelled.Proofs()[0], key)
				same := read.suite.Name() == made.suite.Name() && key.ID == made.key.Method().ID
				if same != (err == nil) || !same && !errors.Is(err, ErrInvalid) {
					t.Errorf("%s read as %s: %v", made.name, read.name, err)
				}
			}
		}
		for _, s := range Suites(c) {
			if _, embedded := s.(hasher); !embedded || s.Name() == made.suite.Name() {
				continue
			}
			if err := s.Verify(d, d.Proofs()[0], made.key.Method()); !errors.Is(err, ErrInvalid) && !accepts(s, made.suite) {
				t.Errorf("%s under %s: %v", made.name, s.Name(), err)
			}
		}
		for _, s := range Securers(c, false) {
			alg, err := made.key.Method().Algorithm()
			must(t, err)
			_, err = s.Secure(context.Background(), parsed(t, ourBadge), made.key, moment)
			if slices.Contains(s.Algorithms(), alg) != (err == nil) {
				t.Errorf("%s with a key for %s: %v", s.Name(), alg, err)
			}
		}
	}
}

// accepts: the algorithm of a suite is another's but for the name, which the
// verifier tells them by.
func accepts(s, other Suite) bool {
	return s.Name() == Ed25519Signature2020{}.Name() && other.Name() == EdDSARDFC2022{}.Name()
}

func TestTables(t *testing.T) {
	c, err := canonicalizer()
	must(t, err)
	var names []string
	for _, s := range Suites(c) {
		names = append(names, s.Name())
	}
	want := []string{"eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019", "vc-jwt", "ecdsa-sd-2023", "Ed25519Signature2020", "eddsa-2022"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// moreVectors are folders of W3C vectors that sign JSON, or RDF
// with the contexts of examples.
var moreVectors = []struct {
	folder, suffix string
	sub            bool // there is a second document under employ
	rdf            bool
	suite          func(t *testing.T) hasher
	curve          elliptic.Curve // nil for Ed25519
}{
	{"w3c-vc-di-eddsa/eddsa-jcs-2022", "JCS", false, false, func(*testing.T) hasher { return EdDSAJCS2022{} }, nil},
	{"w3c-vc-di-eddsa/Ed25519Signature2020", "EdSig", false, true, signature2020, nil},
	{"w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p256", "ECDSAP256", true, true, rdfc2019, elliptic.P256()},
	{"w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p384", "ECDSAP384", true, true, rdfc2019, elliptic.P384()},
	{"w3c-vc-di-ecdsa/ecdsa-jcs-2019-p256", "JCSECDSAP256", false, false, func(*testing.T) hasher { return ECDSAJCS2019{} }, elliptic.P256()},
	{"w3c-vc-di-ecdsa/ecdsa-jcs-2019-p384", "JCSECDSAP384", false, false, func(*testing.T) hasher { return ECDSAJCS2019{} }, elliptic.P384()},
}

func rdfc2019(t *testing.T) hasher { return ECDSARDFC2019{Canon: suite(t).Canon, InlineContexts: true} }

func signature2020(t *testing.T) hasher {
	return Ed25519Signature2020{Canon: suite(t).Canon, InlineContexts: true}
}

// TestMoreW3CVectors holds the suites to the vectors of VC-DI-EDDSA and
// VC-DI-ECDSA: what is hashed (canonical forms of RDF are compared in package
// canon), the hashes, the signature, and the signature made again.
func TestMoreW3CVectors(t *testing.T) {
	examples := exampleTerms(t)
	for _, v := range moreVectors {
		folders := []string{v.folder}
		if v.sub {
			folders = append(folders, v.folder+"/employ")
		}
		for _, folder := range folders {
			t.Run(folder, func(t *testing.T) {
				file := func(name string) string { return specFile(t, "vectors/"+folder+"/"+name+v.suffix+".txt") }
				text := specFile(t, "vectors/"+folder+"/signed"+v.suffix+".json")
				if v.rdf && folder == v.folder {
					text = swap(t, text, `"https://www.w3.org/ns/credentials/examples/v2"`, examples)
				} else if v.rdf {
					text = swap(t, text, `"https://w3id.org/citizenship/v4rc1"`, citizenship)
				}
				d, s := parsed(t, text), v.suite(t)
				p := d.Proofs()[0]
				signer := vectorKey(t, v.curve)
				alg, err := signer.Method().Algorithm()
				must(t, err)
				message, err := s.hashData(input{document: d, options: p.Object, hash: kinds[alg].hash})
				must(t, err)
				signature, err := base58.Decode(p.ProofValue[1:])
				must(t, err)
				for what, c := range map[string][2]string{
					"options":   {hex.EncodeToString(message[:len(message)/2]), file("proofHash")},
					"document":  {hex.EncodeToString(message[len(message)/2:]), file("docHash")},
					"both":      {hex.EncodeToString(message), file("combinedHash")},
					"signature": {hex.EncodeToString(signature), file("sigHex")}, "value": {p.ProofValue, file("sigBTC58")},
				} {
					if c[0] != strings.TrimSpace(c[1]) || c[0] == "" {
						t.Errorf("%s\n%s\nwant\n%s", what, c[0], c[1])
					}
				}
				must(t, s.Verify(d, p, signer.Method()))
				again, err := signer.Sign(context.Background(), message)
				must(t, err)
				if hex.EncodeToString(again) != hex.EncodeToString(signature) {
					t.Errorf("signed again: %x, want %x", again, signature)
				}
				if !v.rdf {
					sameJCS(t, d, file)
				}
			})
		}
	}
}

// sameJCS compares the canonical texts.
func sameJCS(t *testing.T, d *badge.Document, file func(string) string) {
	t.Helper()
	for name, of := range map[string]string{"canonDoc": string(without(t, d.Raw(), "proof")), "proofCanon": string(without(t, []byte(d.Proofs()[0].Object.Raw()), "proofValue"))} {
		v, err := strictjson.Parse([]byte(of), strictjson.Limits{})
		must(t, err)
		want, err := strictjson.Parse([]byte(file(name)), strictjson.Limits{})
		must(t, err)
		if got := canonical(t, v); got != file(name) || got != canonical(t, want) {
			t.Errorf("%s\n%s\nwant\n%s", name, got, file(name))
		}
	}
}

func canonical(t *testing.T, v strictjson.Value) string {
	t.Helper()
	out, err := jcs.Append(nil, v)
	must(t, err)
	return string(out)
}

func exampleTerms(t *testing.T) string {
	t.Helper()
	var examples struct {
		Context json.RawMessage `json:"@context"`
	}
	must(t, json.Unmarshal([]byte(specFile(t, "contexts/w3c-credentials-examples-v2.jsonld")), &examples))
	return string(examples.Context)
}

// vectorKey is the key of the vectors of a curve.
func vectorKey(t *testing.T, curve elliptic.Curve) keys.Signer {
	t.Helper()
	name := map[elliptic.Curve]string{nil: "w3c-vc-di-eddsa/keyPair.json", elliptic.P256(): "w3c-vc-di-ecdsa/p256KeyPair.json", elliptic.P384(): "w3c-vc-di-ecdsa/p384KeyPair.json"}[curve]
	var pair struct{ PrivateKeyMultibase, SecretKeyMultibase, PublicKeyMultibase string }
	must(t, json.Unmarshal([]byte(specFile(t, "vectors/"+name)), &pair))
	secret, err := base58.Decode((pair.PrivateKeyMultibase + pair.SecretKeyMultibase)[1:])
	must(t, err)
	var key keys.Signer
	if curve == nil {
		key = fromSeed(t, secret[2:])
	} else {
		key = fromScalar(t, curve, secret[2:])
	}
	public, err := keys.Multikey(key.Method().Public)
	must(t, err)
	if public != pair.PublicKeyMultibase {
		t.Errorf("the key is %s, want %s", public, pair.PublicKeyMultibase)
	}
	return key
}
