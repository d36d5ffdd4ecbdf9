package proof

import (
	"fmt"

	"laurel/badge/canon"
	"laurel/badge/canon/jcs"
	"laurel/internal/strictjson"
)

// hashRDFC appends the hash of the canonical options, then that of the
// canonical document (VC-DI-EDDSA sections 3.2.3 to 3.2.5). The options are the
// received proof less its value, never one built anew, under the contexts of the
// document.
func hashRDFC(c *canon.Canonicalizer, inlineContexts bool, in input) ([]byte, error) {
	message, err := hashOptions(c, inlineContexts, in)
	if err != nil {
		return nil, err
	}
	return appendDocument(c, inlineContexts, message, in)
}

// hashOptions is the hash of the canonical options, with room for another.
func hashOptions(c *canon.Canonicalizer, inlineContexts bool, in input) ([]byte, error) {
	options, err := optionsInput(inlineContexts, in, "proofValue")
	if err != nil {
		return nil, err
	}
	message, err := c.Digest(make([]byte, 0, 2*in.hash.Size()), options)
	if err != nil {
		return nil, fmt.Errorf("proof options: %w", err)
	}
	return message, nil
}

// optionsInput is what is canonicalised of a proof, under the contexts of its
// document.
func optionsInput(inlineContexts bool, in input, omit ...string) (canon.Input, error) {
	contexts := in.document.Root().Get("@context")
	if own := in.options.Get("@context"); own.Exists() && !equal(own, contexts) {
		return canon.Input{}, invalid("the proof has contexts of its own")
	}
	return canon.Input{Node: in.options, Context: contexts, Omit: omit,
		InlineContexts: inlineContexts, Directions: inlineContexts, Hash: in.hash}, nil
}

// appendDocument appends the hash of the canonical document.
func appendDocument(c *canon.Canonicalizer, inlineContexts bool, dst []byte, in input) ([]byte, error) {
	node, omit, err := secured(in.document, in.options)
	if err != nil {
		return nil, err
	}
	return c.Digest(dst, canon.Input{Node: node, Omit: omit, InlineContexts: inlineContexts, Directions: inlineContexts, Hash: in.hash, Form: in.form})
}

// equal tells whether two values mean the same JSON, however they are spaced.
func equal(a, b strictjson.Value) bool {
	if a.Raw() == b.Raw() {
		return true
	}
	x, errX := jcs.Append(nil, a)
	y, errY := jcs.Append(nil, b)
	return errX == nil && errY == nil && string(x) == string(y)
}
