package canon

import (
	"crypto"
	"slices"
)

// Form is what one canonicalisation came to, for several who need it of one
// document. It remembers what it was made of (the node of one parsed tree, the
// members left out, the contexts, the hash, the Canonicalizer), so that it can
// never stand for anything else: see Input.Form. It cannot be changed.
type Form struct {
	by     *Canonicalizer
	in     Input
	digest []byte
}

// Form canonicalises, and shows each statement that has one of these predicates
// to look: its subject as N-Quads have it, for the time of the call, and the
// place of its predicate, which is an IRI, in the list. Every error is an
// *Error.
func (c *Canonicalizer) Form(in Input, predicates []string, look func(subject []byte, predicate int)) (*Form, error) {
	f := &Form{by: c, in: in.exact()}
	f.in.Omit = slices.Clone(in.Omit)
	err := c.with(in, func(w *walker) {
		f.digest = appendHash(nil, in.Hash, w.out)
		if len(predicates) > 0 {
			w.data.Statements(predicates, look)
		}
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// isOf tells whether the form was made of this input: the same place of the
// same tree, not one that looks like it.
func (f *Form) isOf(c *Canonicalizer, in Input) bool {
	if f == nil || f.by != c || f.in.Node != in.Node {
		return false
	}
	in = in.exact()
	if f.in.Directions && !in.Directions {
		return false // it may rest on one; one that was made without has none
	}
	return f.in.Context == in.Context && f.in.InlineContexts == in.InlineContexts && f.in.Hash == in.Hash && slices.Equal(f.in.Omit, in.Omit)
}

// exact is the input with what means the same written the same.
func (in Input) exact() Input {
	in.Form = nil
	in.Context = in.context()
	in.InlineContexts = in.InlineContexts && hasInline(in.Context)
	if in.Hash == 0 {
		in.Hash = crypto.SHA256
	}
	return in
}
