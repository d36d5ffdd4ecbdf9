package canon

import (
	"slices"

	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// Explanation tells what a document means.
type Explanation struct {
	Members []Meaning
	Nodes   []Node
}

// Meaning is what one member, type or identifier stands for.
type Meaning struct {
	Pointer string // of the member's value, or of the type (RFC 6901)
	Term    string // as written
	IRI     string // empty for the name of a node
	Context string // URL of the context that defines the term; empty for IRIs written out
}

// Node is what one object is called in the canonical form.
type Node struct {
	Pointer string
	Label   string // "_:c14n0" and so on; empty where the node has an IRI
}

// trace gathers an explanation as values of the document, to be pointed at
// when all is known.
type trace struct {
	meanings []tracedMeaning
	nodes    []tracedNode
}

type tracedMeaning struct {
	at strictjson.Value
	Meaning
}

type tracedNode struct {
	at   strictjson.Value
	term rdfc.Term
}

// Explain canonicalises a document and tells, in document order, which term
// definition gave each member its IRI, and which label each node without an id
// got. It refuses what Canonicalize refuses, and with Unsupported a document
// whose contexts are written inline. Every error is an *Error.
func (c *Canonicalizer) Explain(in Input) (*Explanation, error) {
	if in.InlineContexts && hasInline(in.context()) {
		return nil, &Error{Kind: Unsupported, Pointer: "/@context", Detail: "contexts written inline are not explained"}
	}
	w := &walker{held: c.held, trace: &trace{}}
	if err := c.canonicalize(w, in); err != nil {
		return nil, err
	}
	out := &Explanation{}
	slices.SortStableFunc(w.trace.meanings, func(a, b tracedMeaning) int { return a.at.Offset() - b.at.Offset() })
	slices.SortStableFunc(w.trace.nodes, func(a, b tracedNode) int { return a.at.Offset() - b.at.Offset() })
	for _, m := range w.trace.meanings {
		m.Pointer = strictjson.PointerTo(in.Node, m.at)
		out.Members = append(out.Members, m.Meaning)
	}
	for _, n := range w.trace.nodes {
		label := w.data.Label(n.term)
		if label != "" {
			label = "_:" + label
		}
		out.Nodes = append(out.Nodes, Node{Pointer: strictjson.PointerTo(in.Node, n.at), Label: label})
	}
	return out, nil
}

// explain notes what a name in the document stands for at v, and by which
// definition, if by any.
func (w *walker) explain(v strictjson.Value, name, iri string, d *definition) {
	if w.trace == nil {
		return
	}
	m := Meaning{Term: name, IRI: iri}
	if d != nil {
		m.Context = d.origin
	}
	w.trace.meanings = append(w.trace.meanings, tracedMeaning{v, m})
}

// named notes what the node at v is called.
func (w *walker) named(v strictjson.Value, t rdfc.Term) {
	if w.trace != nil {
		w.trace.nodes = append(w.trace.nodes, tracedNode{v, t})
	}
}
