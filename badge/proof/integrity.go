package proof

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// What the cryptosuites have in common whose proofValue is one signature over
// the hash of the proof options and the hash of the document: VC-DI-EDDSA
// sections 3.2 and 3.3, VC-DI-ECDSA sections 3.2 and 3.3, Ed25519Signature2020.

// input is what becomes the message that is signed.
type input struct {
	document *badge.Document
	options  strictjson.Value // the proof, as received or before it has its value
	hash     crypto.Hash
	form     *canon.Form // may be nil
}

// hasher makes the message that is signed: the hash of the proof options, then
// that of the document.
type hasher interface {
	Suite
	Algorithms() []keys.Algorithm
	hashData(input) ([]byte, error)
}

// kinds are the algorithms that the keys of proofs are for: how long their
// signatures are, and the hash that goes with them (VC-DI-ECDSA section 3).
var kinds = map[keys.Algorithm]struct {
	size int // bytes
	hash crypto.Hash
}{
	keys.EdDSA: {64, crypto.SHA256},
	keys.ES256: {64, crypto.SHA256},
	keys.ES384: {96, crypto.SHA384},
}

// options is a proof as it is signed, before its value (VC-DI-EDDSA section
// 3.2.1).
type options struct {
	Context            json.RawMessage `json:"@context,omitempty"`
	Type               string          `json:"type"`
	Cryptosuite        string          `json:"cryptosuite"`
	Created            string          `json:"created"`
	VerificationMethod string          `json:"verificationMethod"`
	ProofPurpose       string          `json:"proofPurpose"`
}

// secure makes a proof, with contexts of its own unless these are "".
func secure(ctx context.Context, s hasher, d *badge.Document, key keys.Signer, at time.Time, contexts string) (*badge.Document, error) {
	alg, err := usable(s, key.Method())
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	raw, err := json.Marshal(options{Context: json.RawMessage(contexts), Type: badge.TypeDataIntegrityProof, Cryptosuite: s.Name(),
		Created: badge.FormatTime(at), VerificationMethod: key.Method().ID, ProofPurpose: badge.PurposeAssertion})
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	config, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	message, err := s.hashData(input{document: d, options: config, hash: kinds[alg].hash})
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	signature, err := key.Sign(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("securing with %s: signing: %w", s.Name(), err)
	}
	value := `,"proofValue":"z` + base58.Encode(signature) + `"}`
	return d.WithProof(append(bytes.TrimSuffix(raw, []byte("}")), value...))
}

// verify checks a proof that a suite is known to be the one of.
func verify(s hasher, d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	alg, err := usable(s, key)
	if err != nil {
		return invalid("%v", err)
	}
	signature, err := proofValue(p.ProofValue, kinds[alg].size)
	if err != nil {
		return err
	}
	message, err := s.hashData(input{document: d, options: p.Object, hash: kinds[alg].hash, form: form})
	if err != nil {
		return unsigned(err)
	}
	return matches(key.Verify(message, signature))
}

// usable gives the algorithm of a key that a suite takes.
func usable(s hasher, key keys.VerificationMethod) (keys.Algorithm, error) {
	alg, err := key.Algorithm()
	if err != nil || !slices.Contains(s.Algorithms(), alg) {
		return "", fmt.Errorf("the verification method is no key for %s", s.Name())
	}
	return alg, nil
}

// matches turns what a key says of a signature into a verdict on the proof.
func matches(err error) error {
	if errors.Is(err, keys.ErrSignature) {
		return invalid("the signature does not match: something was changed after signing, or another key signed")
	}
	return err
}

// proofValue decodes a multibase base58btc signature of an exact size. Its
// length is looked at before decoding, whose cost is quadratic: a byte takes
// 1.366 characters at most.
func proofValue(s string, size int) ([]byte, error) {
	if len(s) < 2 || len(s) > 2+size*1366/1000+1 || s[0] != 'z' {
		return nil, invalid("proofValue is no base58btc signature")
	}
	b, err := base58.Decode(s[1:])
	if err != nil || len(b) != size {
		return nil, invalid("proofValue is no signature of %d bytes", size)
	}
	return b, nil
}
