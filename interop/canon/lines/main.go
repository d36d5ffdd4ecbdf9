// Command lines writes generated documents and their canonical forms, for
// interop/canon/compare.mjs to hold against another canonicaliser: first a line
// with the contexts, then a line a document.
//
//	go run ./interop/canon/lines -count 1000 > lines
//	node interop/canon/compare.mjs lines
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// line is one document with what became of it.
type line struct {
	Name      string `json:"name"`
	Document  string `json:"document"` // JSON as text, so that its numbers stay as they are
	Canonical string `json:"canonical,omitempty"`
	Refused   string `json:"refused,omitempty"`
}

func main() {
	count := flag.Uint64("count", 1000, "documents of each sort, ordinary and odd")
	from := flag.Uint64("from", 0, "first seed")
	flag.Parse()
	if err := write(os.Stdout, *from, *count); err != nil {
		fmt.Fprintln(os.Stderr, "lines:", err)
		os.Exit(1)
	}
}

func write(to io.Writer, from, count uint64) error {
	out := bufio.NewWriter(to)
	enc := json.NewEncoder(out)
	contexts := map[string]json.RawMessage{}
	for _, url := range schemas.ContextURLs() {
		contexts[url], _ = schemas.ContextDocument(url)
	}
	for seed := from; seed < from+count; seed++ {
		added, _ := canontest.Added(seed)
		for url, document := range added {
			contexts[url] = document
		}
	}
	if err := enc.Encode(map[string]any{"contexts": contexts}); err != nil {
		return err
	}
	processor, err := canon.New()
	if err != nil {
		return err
	}
	for seed := from; seed < from+count; seed++ {
		ordinary, odd := canontest.Ordinary(seed), canontest.Odd(seed)
		added, own, err := addedDocument(seed)
		if err != nil {
			return err
		}
		for _, d := range []struct {
			sort      string
			document  []byte
			processor *canon.Canonicalizer
		}{{"ordinary", ordinary, processor}, {"odd", odd, processor}, {"added", added, own}} {
			l, err := lineOf(d.processor, fmt.Sprintf("%s %d", d.sort, seed), d.document)
			if err != nil {
				return err
			}
			if err := enc.Encode(l); err != nil {
				return err
			}
		}
	}
	return out.Flush()
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
	text, err := processor.Canonicalize(canon.Input{Node: v})
	var refused *canon.Error
	if errors.As(err, &refused) {
		l.Refused = refused.Kind.String() + " " + refused.Pointer + " " + refused.Detail
	}
	l.Canonical = string(text)
	return l, nil
}
