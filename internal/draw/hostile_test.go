//go:build !race

// One goroutine: the race detector has nothing to see here, and takes half a minute.

package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"laurel/internal/processortest"
)

// Hostile texts cost a bounded time, and say nothing to whoever reads the file:
// an SVG holds outlines and nothing else.
func TestHostileTexts(t *testing.T) {
	fonts := system(t)
	for _, text := range []string{
		"<script>alert(1)</script>", `"/><image href="https://evil.example/x.png"/>`, "]]><!--", "\u202Etxt.exe\u202C", "\x00\x1b[2J",
		strings.Repeat("W", 10_000), strings.Repeat("a\u0301\u0323", 5_000), strings.Repeat("﷽", 3_000), strings.Repeat("aا城", 3_000),
	} {
		began := processortest.Time()
		var b bytes.Buffer
		if err := SVG(&b, fonts, Medal{text, text, "en"}); err != nil {
			t.Fatalf("%.20q: %v", text, err)
		}
		onlyPaths(t, b.Bytes())
		_ = preview(t, fonts, Preview{Headline: text, Medal: Medal{text, text, "en"}, Lines: [3]Labelled{{text, text}, {text, text}, {text, text}}, Host: text, Lang: text})
		if took := processortest.Time() - began; took > 5*time.Second {
			t.Errorf("%.20q: %v", text, took)
		}
	}
}

func onlyPaths(t *testing.T, svg []byte) {
	t.Helper()
	if len(svg) > 400<<10 {
		t.Errorf("%d bytes", len(svg))
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local != "svg" && e.Name.Local != "path" {
				t.Errorf("an element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "d" && strings.Trim(a.Value, "MmLlQqCcZz0123456789- ") != "" {
					t.Errorf("a path of %.60q", a.Value)
				}
			}
		case xml.CharData:
			if len(bytes.TrimSpace(e)) > 0 {
				t.Errorf("a text %.40q", e)
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			t.Errorf("%T", e)
		}
	}
}
