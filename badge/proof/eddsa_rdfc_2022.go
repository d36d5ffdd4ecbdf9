package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// EdDSARDFC2022 is the cryptosuite eddsa-rdfc-2022 (VC-DI-EDDSA section 3.2).
type EdDSARDFC2022 struct {
	Canon *canon.Canonicalizer
	// InlineContexts lets documents define terms of their own; the generic
	// VC-API needs it, badges never.
	InlineContexts bool
}

var _ FormVerifier = EdDSARDFC2022{}

// An Ed25519 signature has 64 bytes: 86 to 88 characters of base58. The cap
// stands before decoding, whose cost is quadratic.
const maxProofValue = 90

// Name implements Suite.
func (EdDSARDFC2022) Name() string { return "eddsa-rdfc-2022" }

// options is the proof as it is signed, before its value (section 3.2.1).
type options struct {
	Type               string `json:"type"`
	Cryptosuite        string `json:"cryptosuite"`
	Created            string `json:"created"`
	VerificationMethod string `json:"verificationMethod"`
	ProofPurpose       string `json:"proofPurpose"`
}

// Secure implements Suite (section 3.2.1, Create Proof).
func (s EdDSARDFC2022) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	method := key.Method()
	if alg, err := method.Algorithm(); err != nil || alg != keys.EdDSA {
		return nil, fmt.Errorf("securing with %s: the key is no Ed25519 key", s.Name())
	}
	opts := options{Type: badge.TypeDataIntegrityProof, Cryptosuite: s.Name(), Created: badge.FormatTime(at),
		VerificationMethod: method.ID, ProofPurpose: badge.PurposeAssertion}
	raw, err := json.Marshal(opts)
	if err != nil {
		return nil, err
	}
	config, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	message, err := s.hashData(d, config, nil)
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

// Verify implements Suite (section 3.2.2, Verify Proof).
func (s EdDSARDFC2022) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return s.VerifyForm(d, p, key, nil)
}

// VerifyForm implements FormVerifier.
func (s EdDSARDFC2022) VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	if alg, err := key.Algorithm(); err != nil || alg != keys.EdDSA {
		return invalid("the verification method is no Ed25519 key")
	}
	signature, err := proofValue(p.ProofValue, 64)
	if err != nil {
		return err
	}
	if err := sameContext(d, p); err != nil {
		return err
	}
	message, err := s.hashData(d, p.Object, form)
	if err != nil {
		return unsigned(err)
	}
	err = key.Verify(message, signature)
	if errors.Is(err, keys.ErrSignature) {
		return invalid("the signature does not match: something was changed after signing, or another key signed")
	}
	return err
}

// proofValue decodes a multibase base58btc signature of an exact size.
func proofValue(s string, size int) ([]byte, error) {
	if len(s) < 2 || len(s) > maxProofValue || s[0] != 'z' {
		return nil, invalid("proofValue is no base58btc signature")
	}
	b, err := base58.Decode(s[1:])
	if err != nil || len(b) != size {
		return nil, invalid("proofValue is no signature of %d bytes", size)
	}
	return b, nil
}

// sameContext refuses a proof that brings contexts other than the document's:
// its options would mean something else than they seem to.
func sameContext(d *badge.Document, p badge.Proof) error {
	own := p.Object.Get("@context")
	if own.Exists() && own.Raw() != d.Root().Get("@context").Raw() {
		return invalid("the proof has contexts of its own")
	}
	return nil
}

// hashData is the message that is signed: the hash of the proof options, then
// the hash of the document without proofs (sections 3.2.4 and 3.2.5). The
// options are the received proof less its value, never one built anew.
func (s EdDSARDFC2022) hashData(d *badge.Document, config strictjson.Value, form *canon.Form) ([]byte, error) {
	message := make([]byte, 0, 2*sha256.Size)
	message, err := s.Canon.Digest(message, canon.Input{Node: config, Context: d.Root().Get("@context"),
		Omit: []string{"proofValue"}, InlineContexts: s.InlineContexts})
	if err != nil {
		return nil, fmt.Errorf("proof options: %w", err)
	}
	return s.Canon.Digest(message, canon.Input{Node: d.Root(), Omit: []string{"proof"}, InlineContexts: s.InlineContexts, Form: form})
}
