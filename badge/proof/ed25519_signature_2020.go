package proof

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/keys"
)

// Ed25519Signature2020 verifies proofs of that type (VC-DI-EDDSA appendix A),
// which most badges on the VC data model 1.1 bear.
//
// Its context, https://w3id.org/security/suites/ed25519-2020/v1, is published in
// two versions. That in the repository of the Recommendation, which is held
// here, does not know expires: a signer with it dropped the member, and did not
// sign it. That behind the address, which redirects to Digital Bazaar's, signs it
// as https://w3id.org/security#expiration. In all else they sign the same
// statements. So a proof with expires is tried under both: what
// holds under the second is good, end included. What holds under the first alone
// has an end that anybody may have written there, and is an open question.
type Ed25519Signature2020 struct {
	Canon *canon.Canonicalizer
	// InlineContexts lets documents define terms of their own; the generic
	// VC-API needs it, badges never.
	InlineContexts bool
}

var _ FormVerifier = Ed25519Signature2020{}

// ErrUnsignedEnd: a proof is good but for its expires, which its signature
// leaves out.
var ErrUnsignedEnd = errors.New("proof: the signature holds without expires, which one of the two published versions of the proof's context does not define")

// Name implements Suite: here it is the type of the proof.
func (Ed25519Signature2020) Name() string { return "Ed25519Signature2020" }

// Algorithms are those of the keys of such proofs.
func (Ed25519Signature2020) Algorithms() []keys.Algorithm { return []keys.Algorithm{keys.EdDSA} }

// Verify implements Suite.
func (s Ed25519Signature2020) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return s.VerifyForm(d, p, key, nil)
}

// VerifyForm implements FormVerifier.
func (s Ed25519Signature2020) VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	if own := p.Object.Get("@context"); own.Exists() && !equal(own, d.Root().Get("@context")) {
		// The appendix puts the document's in their place, older signers did not.
		return errors.New("an Ed25519Signature2020 with contexts of its own is not verified here")
	}
	expires := p.Object.Get("expires")
	if !expires.Exists() {
		return verify(s, d, p, key, form)
	}
	if _, err := badge.ParseTime(expires.Text()); err != nil {
		return invalid("expires: %v", err)
	}
	err := verify(s, d, p, key, form)
	if !errors.Is(err, ErrInvalid) {
		return err
	}
	if verify(withoutEnd{s}, d, p, key, form) == nil {
		return ErrUnsignedEnd
	}
	return err
}

func (s Ed25519Signature2020) hashData(in input) ([]byte, error) {
	expires := in.options.Get("expires")
	if !expires.Exists() {
		return hashRDFC(s.Canon, s.InlineContexts, in)
	}
	nquads, err := s.canonicalOptions(in)
	if err != nil {
		return nil, err
	}
	if nquads, err = withEnd(nquads, expires.Text()); err != nil {
		return nil, err
	}
	return s.appendHashes(nquads, in)
}

// withoutEnd is the suite under the version that does not sign expires.
type withoutEnd struct{ Ed25519Signature2020 }

func (s withoutEnd) hashData(in input) ([]byte, error) {
	nquads, err := s.canonicalOptions(in)
	if err != nil {
		return nil, err
	}
	return s.appendHashes(nquads, in)
}

func (s Ed25519Signature2020) canonicalOptions(in input) ([]byte, error) {
	options, err := optionsInput(s.InlineContexts, in, "proofValue", "expires")
	if err != nil {
		return nil, err
	}
	nquads, err := s.Canon.Canonicalize(options)
	if err != nil {
		return nil, fmt.Errorf("proof options: %w", err)
	}
	return nquads, nil
}

func (s Ed25519Signature2020) appendHashes(options []byte, in input) ([]byte, error) {
	sum := sha256.Sum256(options)
	return appendDocument(s.Canon, s.InlineContexts, sum[:], in)
}

// withEnd adds the end of a proof to its canonical options. It is told of the
// node that is the proof by its type, and is a date-time, which has no character
// that N-Quads would escape.
func withEnd(options []byte, at string) ([]byte, error) {
	const typed = " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#Ed25519Signature2020> .\n"
	for line := range bytes.Lines(options) {
		node, ok := bytes.CutSuffix(line, []byte(typed))
		if !ok {
			continue
		}
		end := fmt.Sprintf("%s <https://w3id.org/security#expiration> \"%s\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n", node, at)
		d, err := rdfc.Parse(string(options) + end)
		if err != nil {
			return nil, err
		}
		return d.Canonicalize(nil, 0)
	}
	return nil, invalid("the contexts do not say that the proof is an Ed25519Signature2020")
}
