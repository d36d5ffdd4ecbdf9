// Package attachmenttest writes the smallest PDFs with attached files, for
// tests.
package attachmenttest

import (
	"bytes"
	"fmt"
)

// PDF is a page-less document with these files attached, each as it is.
func PDF(files ...string) string {
	objects := []string{"", "<< /Type /Pages /Kids [] /Count 0 >>"}
	names := ""
	for n, f := range files {
		at := len(objects) + 1
		names += fmt.Sprintf("(%d) %d 0 R ", n, at)
		objects = append(objects, fmt.Sprintf("<< /Type /Filespec /F (%d) /EF << /F %d 0 R >> >>", n, at+1),
			fmt.Sprintf("<< /Type /EmbeddedFile /Length %d >>\nstream\n%s\nendstream", len(f), f))
	}
	objects[0] = "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [" + names + "] >> >> >>"
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	entries := "0000000000 65535 f \n"
	for n, o := range objects {
		entries += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, entries, len(objects)+1, at)
	return b.String()
}
