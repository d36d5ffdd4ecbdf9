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

// Form canonicalises, and shows subject and predicate of each statement to look,
// which may be nil, as N-Quads have them, for the time of the call. Every error
// is an *Error.
func (c *Canonicalizer) Form(in Input, look func(subject, predicate []byte)) (*Form, error) {
	f := &Form{by: c, in: in.exact()}
	f.in.Omit = slices.Clone(in.Omit)
	err := c.with(in, func(w *walker) {
		f.digest = appendHash(nil, in.Hash, w.out)
		if look != nil {
			w.data.Statements(look)
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
