// Command suites signs a credential that it reads with every securing mechanism
// of Data Integrity that Laurel signs with, each with a fresh did:key, and prints
// the results as one JSON array: cryptosuite, algorithm and signed credential.
// In what it reads, did:key:ISSUER stands for the issuer. It is part of the
// interoperability tests and of nothing that is shipped;
// interop/tests/suites.test.js reads it.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/keys"
	"laurel/keys/keyring"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "suites:", err)
		os.Exit(1)
	}
}

type result struct {
	Cryptosuite string          `json:"cryptosuite"`
	Algorithm   keys.Algorithm  `json:"algorithm"`
	Credential  json.RawMessage `json:"credential"`
}

func run(r io.Reader, w io.Writer) error {
	credential, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	processor, err := canon.New()
	if err != nil {
		return err
	}
	var all []result
	for _, s := range proof.Securers(processor, false) {
		if s.Name() == (proof.VCJWT{}).Name() {
			continue
		}
		for _, alg := range s.Algorithms() {
			signed, err := sign(s, alg, credential)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", s.Name(), alg, err)
			}
			all = append(all, result{s.Name(), alg, signed})
		}
	}
	return json.NewEncoder(w).Encode(all)
}

func sign(s proof.Securer, alg keys.Algorithm, credential []byte) ([]byte, error) {
	key, err := newKey(alg)
	if err != nil {
		return nil, err
	}
	d, err := badge.Parse(bytes.ReplaceAll(credential, []byte("did:key:ISSUER"), []byte(key.Method().Controller)))
	if err != nil {
		return nil, err
	}
	signed, err := s.Secure(context.Background(), d, key, time.Now())
	if err != nil {
		return nil, err
	}
	return signed.Raw(), nil
}

func newKey(alg keys.Algorithm) (keys.Signer, error) {
	private, err := generate(alg)
	if err != nil {
		return nil, err
	}
	did, err := keys.DIDKey(private.Public())
	if err != nil {
		return nil, err
	}
	return keyring.NewSigner(keys.VerificationMethod{ID: did + "#" + strings.TrimPrefix(did, "did:key:"), Controller: did,
		Public: private.Public(), Assertion: true}, private)
}

func generate(alg keys.Algorithm) (crypto.Signer, error) {
	switch alg {
	case keys.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case keys.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case keys.ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	}
	return nil, fmt.Errorf("no key is made for %s", alg)
}
