package proof

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/keys"
)

// ECDSASD2023 verifies the derived proofs of the cryptosuite ecdsa-sd-2023
// (VC-DI-ECDSA sections 3.5 and 3.6): the issuer has signed what must be shown
// as one, and each other statement by itself, with a key made for this proof; the
// holder shows a selection. What the issuer did not make mandatory may have been
// left out, an end of validity or a status too.
//
// Section 3.6.7 reads as if the key that travels in the proof verified the base
// signature. It cannot, since anybody can make such a key: the published vectors
// and implementations take that of the issuer, and so does this.
type ECDSASD2023 struct {
	Canon *canon.Canonicalizer
	// InlineContexts lets documents define terms of their own; the generic
	// VC-API needs it, badges never.
	InlineContexts bool
}

// ErrBaseProof: a proof is the one that an issuer gives to the holder alone, to
// make others of; it is not for verifiers (section 3.6.5).
var ErrBaseProof = errors.New("proof: this is a base proof of ecdsa-sd-2023, which is for its holder alone; a proof derived from it can be verified")

// maxDisclosed is how many statements may be signed one by one: each costs a
// verification of its own. A large badge has some two hundred statements.
const maxDisclosed = 1000

// Name implements Suite.
func (ECDSASD2023) Name() string { return "ecdsa-sd-2023" }

// Verify implements Suite (section 3.6.7, Verify Derived Proof).
func (s ECDSASD2023) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	if alg, err := key.Algorithm(); err != nil || alg != keys.ES256 {
		return invalid("the verification method is no P-256 key")
	}
	if p.Object.Get("previousProof").Exists() {
		return errors.New("an ecdsa-sd-2023 proof in a chain is not verified here")
	}
	derived, err := parseDerived(p.ProofValue)
	if err != nil {
		return err
	}
	statements, err := s.statements(d, derived.Labels)
	if err != nil {
		return unsigned(err)
	}
	mandatory, others := derived.split(statements)
	if len(others) != len(derived.Signatures) {
		return invalid("there are %d signatures for %d statements that were not mandatory", len(derived.Signatures), len(others))
	}
	message, err := s.signData(d, p, derived.PublicKey.Bytes(), mandatory)
	if err != nil {
		return unsigned(err)
	}
	// The issuer's signature comes first: it is the one that strangers cannot
	// make, and so nobody else can ask for the work of all the others.
	if err := matches(key.Verify(message, derived.BaseSignature.Bytes())); err != nil {
		return err
	}
	return derived.verifyEach(others)
}

// derived is a disclosure proof (section 3.5.8).
type derived struct {
	_             struct{} `cbor:",toarray"`
	BaseSignature cbor.ByteString
	PublicKey     cbor.ByteString // Multikey without its multibase prefix
	Signatures    []cbor.ByteString
	Labels        map[uint32]cbor.ByteString // number of a canonical label -> HMAC that the issuer labelled the node with
	Mandatory     []uint32                   // indexes of statements
}

const (
	multikeyP256 = "\x80\x24" // CID 1.0 section 2.2.2
	multikeySize = 35         // with a compressed point; section 3.5.8 miscounts them as 36
	labelSize    = sha256.Size
	// disclosureHeader and baseHeader stand before the CBOR.
	disclosureHeader = "\xd9\x5d\x01"
	baseHeader       = "\xd9\x5d\x00"
)

// strictCBOR takes neither tags nor duplicates nor lengths that are found out
// later, and no more of anything than a document of ours can have.
var strictCBOR = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 4, MaxArrayElements: 1 << 15, MaxMapPairs: 1 << 15,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		panic(err) // the options contradict each other: a fault that the first test shows
	}
	return mode
}()

// parseDerived reads a proofValue (section 3.5.8).
func parseDerived(value string) (*derived, error) {
	text, ok := strings.CutPrefix(value, "u")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, invalid("proofValue is no multibase text in base64url without padding")
	}
	if bytes.HasPrefix(raw, []byte(baseHeader)) {
		return nil, ErrBaseProof
	}
	body, ok := bytes.CutPrefix(raw, []byte(disclosureHeader))
	if !ok {
		return nil, invalid("proofValue is no disclosure proof")
	}
	d := new(derived)
	if err := strictCBOR.Unmarshal(body, d); err != nil {
		return nil, invalid("proofValue is not the CBOR of a disclosure proof: %v", err)
	}
	return d, d.check()
}

func (d *derived) check() error {
	if len(d.BaseSignature) != 64 || len(d.PublicKey) != multikeySize || !strings.HasPrefix(string(d.PublicKey), multikeyP256) {
		return invalid("the base signature or the key of the disclosure proof is not as long as it has to be")
	}
	for _, s := range d.Signatures {
		if len(s) != 64 {
			return invalid("a signature of the disclosure proof has %d bytes", len(s))
		}
	}
	seen := make(map[cbor.ByteString]bool, len(d.Labels))
	for _, l := range d.Labels {
		if len(l) != labelSize {
			return invalid("a label of the disclosure proof has %d bytes", len(l))
		}
		if seen[l] { // two nodes shown that were one when they were signed
			return invalid("the disclosure proof labels two nodes alike")
		}
		seen[l] = true
	}
	if len(d.Signatures) > maxDisclosed {
		return &canon.Error{Kind: canon.OverBudget, Detail: fmt.Sprintf("more than %d statements are signed one by one", maxDisclosed)}
	}
	return nil
}

// statements are the document's, in order, with blank nodes under the names
// that the issuer gave them (section 3.5.9; labelReplacementCanonicalizeJsonLd).
func (s ECDSASD2023) statements(d *badge.Document, labels map[uint32]cbor.ByteString) ([]string, error) {
	nquads, err := s.Canon.Canonicalize(canon.Input{Node: d.Root(), Omit: []string{"proof"}, InlineContexts: s.InlineContexts, Directions: s.InlineContexts})
	if err != nil {
		return nil, err
	}
	return rdfc.Relabel(nquads, func(name string) (string, error) {
		number, err := strconv.ParseUint(strings.TrimPrefix(name, "c14n"), 10, 32)
		l, ok := labels[uint32(number)]
		if err != nil || !ok {
			return "", invalid("the disclosure proof has no label for the node %s", name)
		}
		return "u" + base64.RawURLEncoding.EncodeToString(l.Bytes()), nil
	})
}

// split tells the mandatory statements from the others.
func (d *derived) split(statements []string) (mandatory, others []string) {
	is := make(map[uint32]bool, len(d.Mandatory))
	for _, i := range d.Mandatory {
		is[i] = true
	}
	for i, s := range statements {
		if is[uint32(i)] {
			mandatory = append(mandatory, s)
		} else {
			others = append(others, s)
		}
	}
	return mandatory, others
}

// signData is what the issuer signed: the hash of the options, the key of this
// proof, the hash of the mandatory statements (section 3.5.1).
func (s ECDSASD2023) signData(d *badge.Document, p badge.Proof, key []byte, mandatory []string) ([]byte, error) {
	data, err := hashOptions(s.Canon, s.InlineContexts, input{document: d, options: p.Object, hash: crypto.SHA256})
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, statement := range mandatory {
		_, _ = io.WriteString(h, statement)
	}
	return h.Sum(append(data, key...)), nil
}

// verifyEach checks the signatures of single statements.
func (d *derived) verifyEach(statements []string) error {
	public, err := keys.ParseMultikey("z" + base58.Encode(d.PublicKey.Bytes()))
	if err != nil {
		return invalid("the key of the disclosure proof: %v", err)
	}
	key := keys.VerificationMethod{Public: public}
	for i, statement := range statements {
		if err := matches(key.Verify([]byte(statement), d.Signatures[i].Bytes())); err != nil {
			return err
		}
	}
	return nil
}
