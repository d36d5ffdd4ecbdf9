package attachment_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"laurel/internal/attachment"
)

const limit = 1 << 20

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func every([]byte) bool { return true }

func texts(files [][]byte) (out []string) {
	for _, f := range files {
		out = append(out, string(f))
	}
	slices.Sort(out)
	return out
}

func deflated(t testing.TB, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(data)
	must(t, err)
	must(t, z.Close())
	return b.String()
}

// stream is the body of a stream object.
func stream(entries, data string) string {
	return fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(data), entries, data)
}

// table writes a PDF with a table of cross-references. Objects are numbered from
// 1, the first is the catalog; an empty one is deleted.
func table(objects ...string) []byte { return tableWith("", objects...) }

func tableWith(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	entries := "0000000000 65535 f \n"
	for n, o := range objects {
		if o == "" {
			entries += "0000000000 00001 f \n"
			continue
		}
		entries += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, entries, len(objects)+1, trailer, at)
	return b.Bytes()
}

// packed writes a PDF with a stream of cross-references, whose objects but for
// streams are all in one object stream.
func packed(t testing.TB, objects ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var index, body string
	type entry struct {
		kind byte
		a    uint32
		b    uint16
	}
	pack := len(objects) + 1
	entries := []entry{{}}
	inside := 0
	for n, o := range objects {
		if strings.HasSuffix(o, "endstream") {
			entries = append(entries, entry{1, uint32(b.Len()), 0})
			fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, o)
			continue
		}
		entries = append(entries, entry{2, uint32(pack), uint16(inside)})
		index += fmt.Sprintf("%d %d ", n+1, len(body))
		body += o + "\n"
		inside++
	}
	entries = append(entries, entry{1, uint32(b.Len()), 0})
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", pack, stream(fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter [/FlateDecode]", inside, len(index)), deflated(t, []byte(index+body))))
	at := b.Len()
	entries = append(entries, entry{1, uint32(at), 0})
	var rows []byte
	before := make([]byte, 7)
	for _, e := range entries { // each row by the difference to the one before
		row := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32([]byte{e.kind}, e.a), e.b)
		rows = append(rows, 2)
		for n := range row {
			rows = append(rows, row[n]-before[n])
		}
		before = row
	}
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF", pack+1, stream(fmt.Sprintf(
		"/Type /XRef /W [1 4 2] /Size %d /Root 1 0 R /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >>", pack+2), deflated(t, rows)), at)
	return b.Bytes()
}

// attached are the objects of a PDF with files in its tree of names.
func attached(streams ...string) []string {
	names, objects := "", []string{"", "<< /Type /Pages /Kids [] /Count 0 >>"}
	for n, s := range streams {
		at := 3 + 2*n
		names += fmt.Sprintf("(f%d) %d 0 R ", n, at)
		objects = append(objects, fmt.Sprintf("<< /Type /Filespec /F (a\\)b) /EF << /F %d 0 R /UF %d 0 R >> >>", at+1, at+1), s)
	}
	objects[0] = "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [" + names + "] >> >> >>"
	return objects
}

func TestFiles(t *testing.T) {
	plain := attached(stream("/Type /EmbeddedFile", "one"), stream("/Filter /FlateDecode", deflated(t, []byte("two"))))
	inline := []string{"<< /Pages 2 0 R /AF [<< /EF << /F 3 0 R >> >>] >>", "<< /Kids [4 0 R] >>", stream("", "one"),
		"<< /Parent 2 0 R /Annots [<< /Subtype /FileAttachment /FS 5 0 R >>] >>", "<< /E#46 7 0 R >>", stream("", "two"), "<< /F 6 0 R /UF 6 0 R >>"}
	lengths := attached("<< /Length 5 0 R >> stream\r\none\r\nendstream")
	lengths = append(lengths, "3")
	for name, c := range map[string]struct {
		pdf  []byte
		want []string
	}{
		"a tree of names":             {table(plain...), []string{"one", "two"}},
		"object streams":              {packed(t, plain...), []string{"one", "two"}},
		"associated, and a page's":    {table(inline...), []string{"one", "two"}},
		"the same, packed":            {packed(t, inline...), []string{"one", "two"}},
		"a length elsewhere":          {table(lengths...), []string{"one"}},
		"a length in the pack":        {packed(t, lengths...), []string{"one"}},
		"one stream at two places":    {table("<< /Names [3 0 R 4 0 R] /AF [3 0 R] >>", "<<>>", "<< /EF << /F 5 0 R >> >>", "<< /EF << /F 5 0 R >> >>", stream("", "one")), []string{"one"}},
		"the same bytes twice":        {table(attached(stream("", "one"), stream("", "one"))...), []string{"one", "one"}},
		"nothing attached":            {table(attached()...), nil},
		"a reference to nothing":      {table("<< /AF [9 0 R] >>"), nil},
		"a specification of nothing":  {table("<< /AF [<< /EF << /F 9 0 R >> >>] >>"), nil},
		"beside what hangs nowhere":   {table("<< >>", "<< /EF << /F 3 0 R >> >>", stream("", "one")), nil},
		"numbers and texts of a kind": {table("<< /A [-1 +.5 1. 4. --7 1e (a(b)\\() <0a 1> true null] % no ] here\n /AF [<</EF<</F 2 0 R>>>>]>>", stream("", "one")), []string{"one"}},
	} {
		files, err := attachment.Files(c.pdf, limit, every)
		if err != nil || !slices.Equal(texts(files), c.want) {
			t.Errorf("%s: %q, %v", name, texts(files), err)
		}
	}
}

// What was changed later is what there is.
func TestChangedLater(t *testing.T) {
	pdf := table(attached(stream("", "one"), stream("", "two"))...)
	first := bytes.LastIndex(pdf, []byte("xref\n0"))
	at := len(pdf)
	pdf = append(pdf, "4 0 obj\n"+stream("", "newer")+"\nendobj\n"...)
	table := len(pdf)
	pdf = fmt.Appendf(pdf, "xref\n4 1\n%010d 00000 n \n6 1\n0000000000 00001 f \ntrailer\n<< /Size 7 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n", at, first, table)
	files, err := attachment.Files(pdf, limit, every)
	if err != nil || !slices.Equal(texts(files), []string{"newer"}) {
		t.Errorf("%q, %v", texts(files), err)
	}
}

func TestWanted(t *testing.T) {
	pdf := table(attached(stream("", "{one}"), stream("", "%PDF"+strings.Repeat("x", 2<<20)))...)
	object := func(head []byte) bool { return head[0] == '{' }
	if files, err := attachment.Files(pdf, 5, object); err != nil || !slices.Equal(texts(files), []string{"{one}"}) {
		t.Errorf("%q, %v", texts(files), err)
	}
	if _, err := attachment.Files(pdf, 4, object); !errors.Is(err, attachment.ErrTooLarge) {
		t.Errorf("five bytes where four may be: %v", err)
	}
}

func TestRefused(t *testing.T) {
	one := stream("", "one")
	good := table(attached(one)...)
	swap := func(old, new string) []byte { return bytes.Replace(good, []byte(old), []byte(new), 1) }
	at := func(o string) []byte { // the object of a number is at the place of another
		return bytes.Replace(good, fmt.Appendf(nil, "%010d 00000 n", bytes.Index(good, []byte(o))), []byte("0000000003 00000 n"), 1)
	}
	deep := "<< /A " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + " >>"
	for name, c := range map[string]struct {
		pdf  []byte
		want error
	}{
		"nothing":                   {nil, attachment.ErrDamaged},
		"a first line":              {[]byte("%PDF-1.7"), attachment.ErrDamaged},
		"no end":                    {swap("startxref", "startxxxx"), attachment.ErrDamaged},
		"an end elsewhere":          {swap("startxref\n", "startxref\n9"), attachment.ErrDamaged},
		"encrypted":                 {tableWith("/Encrypt << /Filter /Standard >>", attached(one)...), attachment.ErrEncrypted},
		"encrypted by reference":    {tableWith("/Encrypt 9 0 R", attached(one)...), attachment.ErrEncrypted},
		"in circles":                {tableWith(fmt.Sprintf("/Prev %d", bytes.LastIndex(good, []byte("xref\n0"))), attached(one)...), attachment.ErrDamaged},
		"an object of another name": {at("3 0 obj"), attachment.ErrDamaged},
		"no catalog":                {swap("/Root 1 0 R", "/Root 2 0 "), attachment.ErrDamaged},
		"a length too short":        {swap("/Length 3", "/Length 2"), attachment.ErrDamaged},
		"a length too long":         {swap("/Length 3", "/Length 99999"), attachment.ErrDamaged},
		"a length below nothing":    {swap("/Length 3", "/Length -3"), attachment.ErrDamaged},
		"a length of itself":        {swap("/Length 3", "/Length 4 0 R"), attachment.ErrDamaged},
		"a text without end":        {swap("(a\\)b)", "(a\\)b "), attachment.ErrDamaged},
		"another filter":            {table(attached(stream("/Filter /LZWDecode", "one"))...), attachment.ErrUnread},
		"two filters":               {table(attached(stream("/Filter [/ASCIIHexDecode /FlateDecode]", "one"))...), attachment.ErrUnread},
		"a file elsewhere":          {table(attached(stream("/F (http://x.example)", ""))...), attachment.ErrUnread},
		"no Flate":                  {table(attached(stream("/Filter /FlateDecode", "one"))...), attachment.ErrDamaged},
		"half of it":                {table(attached(stream("/Filter /FlateDecode", deflated(t, []byte("one"))[:6]))...), attachment.ErrDamaged},
		"an object that is another": {table("2 0 R", "<< >>"), attachment.ErrDamaged},
		"deep":                      {table("<< /A 2 0 R >>", deep), attachment.ErrTooLarge},
		"wide":                      {table("<< /A 2 0 R >>", "["+strings.Repeat("1 ", 100_000)+"]"), attachment.ErrTooLarge},
		"a pack within itself":      {bytes.Replace(packed(t, attached(one)...), []byte("/Type /ObjStm"), []byte("/Length 1 0 R"), 1), attachment.ErrDamaged},
		"300 files":                 {table(attached(slices.Repeat([]string{one}, 300)...)...), attachment.ErrTooLarge},
	} {
		if files, err := attachment.Files(c.pdf, limit, every); !errors.Is(err, c.want) || files != nil {
			t.Errorf("%s: %q, %v", name, files, err)
		}
	}
}

func xrefWith(data, entries string) []byte {
	head := "%PDF-1.7\n"
	return []byte(head + "3 0 obj\n" + stream("/Type /XRef /Root 1 0 R /Filter /FlateDecode "+entries, data) + "\nendobj\nstartxref\n" + strconv.Itoa(len(head)) + "\n%%EOF")
}

// A file that breaks off anywhere is damaged, and that is all.
func TestTruncated(t *testing.T) {
	objects := attached(stream("", strings.Repeat("one", 500)), stream("/Filter /FlateDecode", deflated(t, []byte("two"))))
	for _, pdf := range [][]byte{table(objects...), packed(t, objects...)} {
		for end := 0; end < len(pdf)-8; end += 100 {
			if files, err := attachment.Files(pdf[:end], limit, every); !errors.Is(err, attachment.ErrDamaged) || files != nil {
				t.Errorf("%d of %d bytes: %q, %v", end, len(pdf), files, err)
			}
		}
	}
}

// The tools that people have write files that are read.
func TestOtherWriters(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(in("plain.pdf"), table("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>"), 0o600))
	must(t, os.WriteFile(in("one.json"), []byte(`{"one":1}`), 0o600))
	must(t, os.WriteFile(in("two.json"), []byte(`{"two":2}`), 0o600))
	for _, c := range [][]string{
		{"qpdf", in("plain.pdf"), "--add-attachment", in("one.json"), "--", in("qpdf.pdf")},
		{"qpdf", "--object-streams=generate", "--linearize", in("qpdf.pdf"), in("linear.pdf")},
		{"qpdf", in("linear.pdf"), "--add-attachment", in("two.json"), "--", "--object-streams=preserve", in("both.pdf")},
		{"qpdf", "--encrypt", "", "owner", "256", "--", in("qpdf.pdf"), in("locked.pdf")},
		{"pdfattach", in("plain.pdf"), in("one.json"), in("poppler.pdf")},
		{"pdfattach", in("linear.pdf"), in("two.json"), in("later.pdf")},
	} {
		if _, err := exec.LookPath(c[0]); err != nil {
			missing(t, c[0]+" is not installed: no file of another writer was read")
		}
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v %s", c, err, out)
		}
	}
	one, two := `{"one":1}`, `{"two":2}`
	for name, want := range map[string][]string{"plain": nil, "qpdf": {one}, "linear": {one}, "both": {one, two}, "poppler": {one}, "later": {one, two}} {
		raw, err := os.ReadFile(in(name + ".pdf"))
		must(t, err)
		files, err := attachment.Files(raw, limit, every)
		if err != nil || !slices.Equal(texts(files), want) {
			t.Errorf("%s: %q, %v", name, texts(files), err)
		}
	}
	raw, err := os.ReadFile(in("locked.pdf"))
	must(t, err)
	if _, err := attachment.Files(raw, limit, every); !errors.Is(err, attachment.ErrEncrypted) {
		t.Errorf("encrypted: %v", err)
	}
}

// missing skips where somebody tries things out, and fails where all has to be
// tested.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("NOT TESTED: " + what)
}

func FuzzFiles(f *testing.F) {
	objects := attached(stream("", "one"), stream("/Filter /FlateDecode", deflated(f, []byte("two"))))
	f.Add(table(objects...))
	f.Add(packed(f, objects...))
	f.Add(tableWith("/Encrypt 1 0 R", objects...))
	f.Add(tableWith("/XRefStm 15 /Prev 3", objects...))
	f.Add(xrefWith(deflated(f, []byte("\x01\x00\x09\x00\x00")), "/Size 1 /W [1 2 2]"))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		was := bytes.Clone(pdf)
		files, err := attachment.Files(pdf, limit, every)
		if err != nil && files != nil {
			t.Fatalf("files and %v", err)
		}
		if !bytes.Equal(was, pdf) {
			t.Fatal("the file itself was changed")
		}
	})
}
