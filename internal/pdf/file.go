package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// file is the objects of a PDF (ISO 32000-1 section 7.5).
type file struct{ objects []string }

// ref is how one object names another.
type ref int

// String writes the name of an object.
func (r ref) String() string { return fmt.Sprintf("%d 0 R", int(r)) }

// add puts an object into the file.
func (f *file) add(object string) ref {
	f.objects = append(f.objects, object)
	return ref(len(f.objects))
}

// reserve makes room for an object that others name before it is known.
func (f *file) reserve() ref { return f.add("") }

func (f *file) set(r ref, object string) { f.objects[r-1] = object }

// stream adds bytes, compressed, with entries of their dictionary.
func (f *file) stream(entries string, raw []byte) ref {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write(raw) // into memory
	_ = z.Close()
	return f.add(fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", entries, b.Len(), b.String()))
}

// plain adds bytes as they are: readers that know no PDF look for metadata.
func (f *file) plain(entries string, raw []byte) ref {
	return f.add(fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", entries, len(raw), raw))
}

// writeTo writes header, objects, table of places and trailer. The identifier is
// a digest of what stands in the file.
func (f *file) writeTo(w io.Writer, catalog, info ref) error {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	places := make([]int, len(f.objects))
	for i, object := range f.objects {
		places[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	sum := sha256.Sum256(b.Bytes())
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(places)+1)
	for _, at := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root %s /Info %s /ID [<%X> <%X>] >>\nstartxref\n%d\n%%%%EOF\n",
		len(places)+1, catalog, info, sum[:16], sum[:16], table)
	_, err := w.Write(b.Bytes())
	return err
}

// text writes a text string: UTF-16 with its mark (ISO 32000-1 section 7.9.2.2).
func text(s string) string { return "<FEFF" + utf16Hex(printable(s)) + ">" }

// date writes a date (ISO 32000-1 section 7.9.4).
func date(t time.Time) string { return t.UTC().Format("(D:20060102150405Z)") }

// name writes a name object; what may not stand in one is escaped.
func name(s string) string {
	var b strings.Builder
	b.WriteByte('/')
	for _, c := range []byte(s) {
		if c > ' ' && c < 0x7F && !strings.ContainsRune("()<>[]{}/%#", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "#%02X", c)
		}
	}
	return b.String()
}

// printable leaves out what XML and readers of metadata choke on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cc, r) || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF || r == 0xFEFF {
			return -1
		}
		return r
	}, s)
}
