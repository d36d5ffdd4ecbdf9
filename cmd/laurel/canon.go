package main

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/verifier"
)

// canonOptions is what `laurel canon` was asked for.
type canonOptions struct {
	nquads, labels, explain, noProof bool
	hash                             string
}

// canon prints the canonical form of a document, for people who look for the
// reason why a signature does not hold: it says which member would be dropped,
// or where two forms differ.
func (p *program) canon(_ context.Context, args []string) error {
	var o canonOptions
	s := defaults()
	set, err := p.flags("canon", s, "contexts")
	if err != nil {
		return err
	}
	set.BoolVar(&o.nquads, "nquads", false, "read N-Quads instead of JSON-LD")
	set.BoolVar(&o.labels, "map", false, "print the issued identifiers of nodes without an id")
	set.BoolVar(&o.explain, "explain", false, "print which term came from which context")
	set.BoolVar(&o.noProof, "without-proof", false, "leave the member proof out, as a signature does")
	set.StringVar(&o.hash, "hash", "SHA256", "`SHA256` or SHA384, as RDFC-1.0 uses it within itself")
	if err := p.parse(set, args, "[FILE|-]"); err != nil {
		return err
	}
	hash, ok := map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384}[o.hash]
	if !ok || set.NArg() > 1 || (o.labels && o.explain) || (o.nquads && o.explain) {
		return usagef("canon takes one document, --hash SHA256 or SHA384, and one of --map and --explain (of JSON-LD)")
	}
	name := "-"
	if set.NArg() == 1 {
		name = set.Arg(0)
	}
	raw, err := p.readInput(name, verifier.MaxBytes)
	if err != nil {
		return err
	}
	if o.nquads {
		return p.canonQuads(raw, o, hash)
	}
	return p.canonDocument(raw, s, o, hash)
}

func (p *program) canonQuads(raw []byte, o canonOptions, hash crypto.Hash) error {
	d, err := rdfc.Parse(string(raw))
	if err != nil {
		return err
	}
	canonical, err := d.Canonicalize(nil, hash)
	if err != nil {
		return err
	}
	if !o.labels {
		_, err := p.stdout.Write(canonical)
		return err
	}
	issued := maps.Collect(d.Labels())
	for _, name := range slices.Sorted(maps.Keys(issued)) {
		fmt.Fprintf(p.stdout, "_:%s\t_:%s\n", name, issued[name])
	}
	return nil
}

func (p *program) canonDocument(raw []byte, s *settings, o canonOptions, hash crypto.Hash) error {
	in, err := canonInput(raw, o, hash)
	if err != nil {
		return err
	}
	processor, err := s.canonicaliser()
	if err != nil {
		return err
	}
	if o.explain || o.labels {
		return p.canonExplain(processor, in, o)
	}
	canonical, err := processor.Canonicalize(in)
	if err != nil {
		return canonFault(err)
	}
	_, err = p.stdout.Write(canonical)
	return err
}

// canonInput takes any JSON-LD object, and the payload of a compact JWS.
func canonInput(raw []byte, o canonOptions, hash crypto.Hash) (canon.Input, error) {
	in := canon.Input{InlineContexts: true, Hash: hash}
	if o.noProof {
		in.Omit = []string{"proof"}
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("ey")) {
		d, err := badge.Parse(raw)
		if err != nil {
			return in, err
		}
		in.Node = d.Root()
		return in, nil
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	in.Node = v
	var refused *strictjson.Error
	if errors.As(err, &refused) {
		err = fmt.Errorf("%s: %w", pointerText(refused.Pointer), err)
	}
	return in, err
}

func (p *program) canonExplain(processor *canon.Canonicalizer, in canon.Input, o canonOptions) error {
	told, err := processor.Explain(in)
	if err != nil {
		return canonFault(err)
	}
	if o.labels {
		for _, n := range told.Nodes {
			if n.Label != "" {
				fmt.Fprintf(p.stdout, "%s\t%s\n", n.Label, pointerText(n.Pointer))
			}
		}
		return nil
	}
	for _, m := range told.Members {
		fmt.Fprintf(p.stdout, "%s\t%s\t%s\t%s\n", pointerText(m.Pointer), m.Term, m.IRI, m.Context)
	}
	return nil
}

func pointerText(pointer string) string {
	if pointer == "" {
		return "(document)"
	}
	return pointer
}

// canonFault points at the member.
func canonFault(err error) error {
	var e *canon.Error
	if !errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("%s: %s: %s", pointerText(e.Pointer), e.Kind, e.Detail)
}
