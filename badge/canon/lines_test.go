package canon_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// line is what another canonicaliser is compared with: interop/canon reads it.
type line struct {
	Name      string `json:"name"`
	Document  string `json:"document"` // JSON as text, so that its numbers stay as they are
	Canonical string `json:"canonical,omitempty"`
	Refused   string `json:"refused,omitempty"`
}

// TestWriteLines writes generated documents and their canonical forms to the
// file that CANON_LINES names, after a first line with the contexts: CANON_COUNT
// documents of each sort, 10,000 unless it says otherwise.
func TestWriteLines(t *testing.T) {
	name := os.Getenv("CANON_LINES")
	if name == "" {
		t.Skip("no lines for interop/canon were asked for; name a file in CANON_LINES")
	}
	count := uint64(10_000)
	if s := os.Getenv("CANON_COUNT"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(f)
	enc := json.NewEncoder(out)
	contexts := map[string]json.RawMessage{}
	for _, url := range schemas.ContextURLs() {
		contexts[url], _ = schemas.ContextDocument(url)
	}
	write := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]any{"contexts": contexts})
	c := newCanonicalizer(t)
	for seed := range count {
		write(lineOf(t, c, fmt.Sprintf("ordinary %d", seed), canontest.Ordinary(seed)))
		write(lineOf(t, c, fmt.Sprintf("odd %d", seed), canontest.Odd(seed)))
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func lineOf(t *testing.T, c *canon.Canonicalizer, name string, raw []byte) line {
	l := line{Name: name, Document: string(raw)}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v in %s", name, err, raw)
	}
	text, err := c.Canonicalize(canon.Input{Node: v})
	var e *canon.Error
	if errors.As(err, &e) {
		l.Refused = e.Kind.String() + " " + e.Pointer + " " + e.Detail
	}
	l.Canonical = string(text)
	return l
}
