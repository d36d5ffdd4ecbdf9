//go:build !race

// One goroutine: the race detector has nothing to see here, and unpacks at a fraction of the pace.

package attachment_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/internal/attachment"
	"laurel/internal/processortest"
)

// patience is what looking into the worst of files may take.
const patience = 5 * time.Second

// blanks packs gigabytes into as little as Flate can: behind a mebibyte of them,
// the next one is packed the same each time.
func blanks(t testing.TB, gigabytes int) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	must(t, err)
	ends := []int{}
	for range 3 {
		_, err := z.Write(bytes.Repeat([]byte(" "), 1<<20))
		must(t, err)
		must(t, z.Flush())
		ends = append(ends, b.Len())
	}
	return string(b.Bytes()[:ends[1]]) + strings.Repeat(string(b.Bytes()[ends[1]:ends[2]]), gigabytes<<10)
}

// overlapping are objects each of which holds all those behind it.
func overlapping(n int) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n1 0 obj\n<< /A [")
	for k := range n {
		fmt.Fprintf(&b, "%d 0 R ", k+2)
	}
	b.WriteString("] >>\nendobj\n")
	entries := "0000000000 65535 f \n0000000009 00000 n \n"
	for k := range n {
		entries += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj (", k+2)
	}
	b.WriteString(strings.Repeat(")", n) + "\nendobj\n")
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n%strailer << /Root 1 0 R >>\nstartxref\n%d", n+2, entries, at)
	return b.Bytes()
}

// Whatever a file holds, looking into it costs little.
func TestBounded(t *testing.T) {
	bomb := blanks(t, 4)
	if len(bomb) < 1<<20 || len(bomb) > 5<<20 {
		t.Fatalf("4 GB take %d bytes", len(bomb))
	}
	many := []string{"<< /AF 2 0 R >>", "[" + strings.Repeat("<< /EF 3 0 R >> ", 12_000) + "]", "<< " + strings.Repeat("/A 0 ", 20_000) + ">>"}
	pdfs := map[string][]byte{
		"an attached bomb":   table(attached(stream("/Filter /FlateDecode", bomb))...),
		"many of them":       table(attached(slices.Repeat([]string{stream("/Filter /FlateDecode", bomb[:100<<10])}, 30)...)...),
		"references":         table(append([]string{"<< /A 2 0 R >>"}, "["+strings.Repeat("2 0 R ", 30_000)+"]")...),
		"one dictionary":     table(many...),
		"texts in texts":     overlapping(15_000),
		"an object stream":   packedWith(t, bomb),
		"cross-references":   xrefWith(bomb, "/Size 1000000000 /W [1 2 2]"),
		"numbers in numbers": table("[" + strings.Repeat("0 ", 2<<20) + "]"),
	}
	for name, pdf := range pdfs {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := processortest.Time()
		files, err := attachment.Files(pdf, limit, every)
		took := processortest.Time() - began
		runtime.ReadMemStats(&after)
		if err == nil && name != "references" {
			t.Errorf("%s: %d files and no error", name, len(files))
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 80<<20 {
			t.Errorf("%s: the heap grew by %d MiB", name, grown>>20)
		}
		if took > patience {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// packedWith is a PDF whose catalog is said to be in an object stream.
func packedWith(t testing.TB, bomb string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	pack := b.Len()
	fmt.Fprintf(&b, "2 0 obj\n%s\nendobj\n", stream("/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode", bomb))
	at := b.Len()
	rows := []byte{0, 0, 0, 0, 0, 2, 0, 0, 2, 0, 1, byte(pack >> 16), byte(pack >> 8), byte(pack), 0}
	fmt.Fprintf(&b, "3 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF", stream("/Type /XRef /W [1 3 1] /Size 3 /Root 1 0 R", string(rows)), at)
	return b.Bytes()
}
