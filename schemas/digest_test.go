//go:build !race

// One goroutine: the race detector has nothing to see here, and reads at a fraction of the pace.

package schemas

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
)

// stride is how far apart the bytes lie that are changed, one at a time.
const stride = 31

// TestChangedBytesOfTables changes one byte in thirty-one of the tables, remarks
// and spaces apart: the table does not parse any more, or it has another address or
// another digest than the published file.
func TestChangedBytesOfTables(t *testing.T) {
	names, err := fs.Glob(contextFiles, "contexts/*.tbl")
	if err != nil || len(names) != len(held) {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	digests := map[string]string{}
	for _, h := range held {
		digests[h.url] = h.digest
	}
	changed := 0
	for _, name := range names {
		raw, err := contextFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !equalsPublished(t, string(raw), digests) {
			t.Fatalf("%s differs from the published context as it is", name)
		}
		for i := 0; i < len(raw); i += stride {
			line := strings.LastIndexByte(string(raw[:i]), '\n') + 1
			if raw[line] == '#' || strings.HasPrefix(string(raw[line:]), "  #") || raw[i] == ' ' || raw[i] == '\n' {
				continue
			}
			other := append([]byte(nil), raw...)
			if other[i] = 'q'; raw[i] == 'q' {
				other[i] = 'z'
			}
			if changed++; equalsPublished(t, string(other), digests) {
				t.Errorf("%s: byte %d, in %q, can be changed unseen", name, i, firstLine(string(raw[line:])))
			}
		}
	}
	if changed < 500 {
		t.Errorf("only %d bytes were changed", changed)
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// equalsPublished tells whether a table is that of a published context.
func equalsPublished(t *testing.T, table string, digests map[string]string) bool {
	c, err := parseContext(table)
	if err != nil {
		return false
	}
	normal, err := normalDocument(decode(t, c.document()))
	return err == nil && digest(normal) == digests[c.URL]
}

// TestEveryByteOfThePublishedCounts changes bytes of the publishers' files,
// spaces apart: they are no JSON or no context any more, or their digest is
// another than that of our table.
func TestEveryByteOfThePublishedCounts(t *testing.T) {
	changed := 0
	for _, h := range held {
		raw := publishedBytes(t, "contexts/"+h.file)
		for i := 0; i < len(raw); i += 5 * stride {
			if strings.ContainsRune(" \t\r\n", rune(raw[i])) {
				continue
			}
			other := append([]byte(nil), raw...)
			if other[i] = 'q'; raw[i] == 'q' {
				other[i] = 'z'
			}
			var doc any
			changed++
			if json.Unmarshal(other, &doc) != nil {
				continue
			}
			if normal, err := normalDocument(decode(t, other)); err == nil && digest(normal) == h.digest {
				t.Errorf("%s: byte %d can be changed unseen", h.file, i)
			}
		}
	}
	if changed < 200 {
		t.Errorf("only %d bytes were changed", changed)
	}
}
