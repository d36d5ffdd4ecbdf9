package proof

import (
	"fmt"

	"laurel/badge/canon/jcs"
	"laurel/internal/strictjson"
)

// hashJCS is the hash of the options in the form of RFC 8785, then that of the
// document in that form (VC-DI-EDDSA sections 3.3.2 to 3.3.5). What a member
// means is not part of it, only how it stands.
func hashJCS(in input) ([]byte, error) {
	node, omit, err := secured(in.document, in.options)
	if err != nil {
		return nil, err
	}
	if node, err = signedContexts(node, in.options.Get("@context")); err != nil {
		return nil, err
	}
	config, err := jcs.Append(nil, in.options, "proofValue")
	if err != nil {
		return nil, invalid("the proof options have no canonical form: %v", err)
	}
	document, err := jcs.Append(nil, node, omit...)
	if err != nil {
		return nil, invalid("the document has no canonical form: %v", err)
	}
	h := in.hash.New()
	h.Write(config)
	message := h.Sum(make([]byte, 0, 2*in.hash.Size()))
	h.Reset()
	h.Write(document)
	return h.Sum(message), nil
}

// signedContexts puts the contexts of a proof in the place of the document's,
// which have to begin with them: whoever adds a proof of another suite may add
// the contexts that it needs (VC-DI-EDDSA section 3.3.2 step 4). A proof that
// holds none signs those of the document.
func signedContexts(document, own strictjson.Value) (strictjson.Value, error) {
	if !own.Exists() {
		return document, nil
	}
	contexts := document.Get("@context")
	if equal(own, contexts) {
		return document, nil
	}
	var all []strictjson.Value
	for _, c := range contexts.Each() {
		all = append(all, c)
	}
	signed := 0
	for i, c := range own.Each() {
		if i >= len(all) || !equal(c, all[i]) {
			return document, invalid("the contexts of the document do not begin with those of the proof")
		}
		signed++
	}
	if signed == 0 || own.Kind() == strictjson.Null {
		return document, invalid("the proof names no context")
	}
	node, err := with(document, "@context", own.Raw())
	if err != nil {
		return node, fmt.Errorf("the contexts of the proof: %w", err)
	}
	return node, nil
}
