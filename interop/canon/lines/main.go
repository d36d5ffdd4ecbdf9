// Command lines writes generated documents and their canonical forms, for
// interop/canon/compare.mjs to hold against another canonicaliser: first a line
// with the contexts, then a line a document.
//
//	go run ./interop/canon/lines -count 1000 > lines
//	node interop/canon/compare.mjs lines
package main

import (
	"bufio"
	"crypto"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// line is one document with what became of it.
type line struct {
	Name      string `json:"name"`
	Document  string `json:"document"` // JSON as text, so that its numbers stay as they are
	Canonical string `json:"canonical,omitempty"`
	Refused   string `json:"refused,omitempty"`

	// Of datasets, which are N-Quads.
	Hash   string            `json:"hash,omitempty"`
	Labels map[string]string `json:"labels,omitempty"` // the issued identifiers
}

// wanted says what to generate.
type wanted struct{ from, count, inline, tangled uint64 }

func main() {
	var w wanted
	flag.Uint64Var(&w.count, "count", 1000, "documents of each sort: ordinary, odd, under added contexts")
	flag.Uint64Var(&w.inline, "inline", 0, "documents with contexts written inline; 0 for as many as of each other sort")
	flag.Uint64Var(&w.tangled, "tangled", 0, "documents of nodes that are alike, and as many datasets; 0 for as many")
	flag.Uint64Var(&w.from, "from", 0, "first seed")
	read := flag.Bool("read", false, "answer the documents on standard input instead, a line each")
	flag.Parse()
	if w.inline == 0 {
		w.inline = w.count
	}
	if w.tangled == 0 {
		w.tangled = w.count
	}
	run := func() error { return w.write(os.Stdout) }
	if *read {
		run = func() error { return answer(os.Stdin, os.Stdout) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func (w wanted) write(to io.Writer) error {
	processor, err := canon.New()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(to)
	enc := json.NewEncoder(out)
	if err := enc.Encode(map[string]any{"contexts": w.contexts()}); err != nil {
		return err
	}
	for seed := w.from; seed < w.from+w.count; seed++ {
		added, own, err := addedDocument(seed)
		if err != nil {
			return err
		}
		err = errors.Join(
			encode(enc, processor, fmt.Sprintf("ordinary %d", seed), canontest.Ordinary(seed)),
			encode(enc, processor, fmt.Sprintf("odd %d", seed), canontest.Odd(seed)),
			encode(enc, own, fmt.Sprintf("added %d", seed), added))
		if err != nil {
			return err
		}
	}
	for seed := w.from; seed < w.from+w.tangled; seed++ {
		err := errors.Join(
			encode(enc, processor, fmt.Sprintf("tangled %d", seed), canontest.Tangled(seed)),
			graph(enc, seed, crypto.SHA256, "SHA-256"),
			graph(enc, seed, crypto.SHA384, "SHA-384"))
		if err != nil {
			return err
		}
	}
	for seed := w.from; seed < w.from+w.inline; seed++ {
		if err := encode(enc, processor, fmt.Sprintf("inline %d", seed), canontest.Inline(seed)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// contexts are all that the documents name.
func (w wanted) contexts() map[string]json.RawMessage {
	contexts := map[string]json.RawMessage{canontest.Examples: json.RawMessage(canontest.ExamplesDocument)}
	for _, url := range schemas.ContextURLs() {
		contexts[url], _ = schemas.ContextDocument(url)
	}
	for seed := w.from; seed < w.from+w.count; seed++ {
		added, _ := canontest.Added(seed)
		for url, document := range added {
			contexts[url] = document
		}
	}
	return contexts
}

// graph canonicalises a dataset.
func graph(enc *json.Encoder, seed uint64, hash crypto.Hash, name string) error {
	l := line{Name: fmt.Sprintf("graph %d", seed), Document: string(canontest.Graph(seed)), Hash: name, Labels: map[string]string{}}
	d, err := rdfc.Parse(l.Document)
	if err != nil {
		return fmt.Errorf("%s: %w", l.Name, err)
	}
	text, err := d.Canonicalize(nil, hash)
	switch {
	case errors.Is(err, rdfc.ErrBudget):
		l.Refused = canon.OverBudget.String() + " " + err.Error()
	case err != nil:
		return fmt.Errorf("%s: %w", l.Name, err)
	default:
		l.Canonical, l.Labels = string(text), maps.Collect(d.Labels())
	}
	return enc.Encode(l)
}

func encode(enc *json.Encoder, processor *canon.Canonicalizer, name string, document []byte) error {
	l, err := lineOf(processor, name, document)
	if err != nil {
		return err
	}
	return enc.Encode(l)
}

// answer canonicalises each document as one with contexts written inline.
func answer(from io.Reader, to io.Writer) error {
	processor, err := canon.New()
	if err != nil {
		return err
	}
	in, enc := bufio.NewScanner(from), json.NewEncoder(to)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		l, err := lineOf(processor, "inline", in.Bytes())
		if err != nil {
			l.Refused = "syntax " + err.Error()
		}
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return in.Err()
}

// addedDocument makes a document under generated contexts, and the
// canonicaliser that holds these.
func addedDocument(seed uint64) ([]byte, *canon.Canonicalizer, error) {
	contexts, document := canontest.Added(seed)
	var added []*schemas.Extension
	for url, raw := range contexts {
		x, err := schemas.ReadExtension(url, raw)
		if err != nil {
			return nil, nil, fmt.Errorf("added %d: %w", seed, err)
		}
		added = append(added, x)
	}
	processor, err := canon.NewWith(added...)
	return document, processor, err
}

func lineOf(processor *canon.Canonicalizer, name string, document []byte) (line, error) {
	l := line{Name: name, Document: string(document)}
	v, err := strictjson.Parse(document, strictjson.Limits{})
	if err != nil {
		return l, fmt.Errorf("%s: %w", name, err)
	}
	text, err := processor.Canonicalize(canon.Input{Node: v, InlineContexts: strings.HasPrefix(name, "inline")})
	var refused *canon.Error
	if errors.As(err, &refused) {
		l.Refused = refused.Kind.String() + " " + refused.Pointer + " " + refused.Detail
	}
	l.Canonical = string(text)
	return l, nil
}
