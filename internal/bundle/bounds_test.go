//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at large documents.

package bundle_test

import (
	"errors"
	"fmt"
	"testing"

	"laurel/internal/bundle"
)

func TestBounds(t *testing.T) {
	b := sample()
	b.Badge.Bytes = make([]byte, bundle.MaxBadge)
	b.Documents[0].Bytes = make([]byte, bundle.MaxDocument)
	for n := range bundle.MaxDocuments - len(b.Documents) {
		b.Documents = append(b.Documents, bundle.Document{Use: bundle.Log, Address: fmt.Sprintf("https://school.example/%d", n)})
	}
	if _, err := bundle.Parse(encode(t, b)); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
	for name, beyond := range map[string]func(*bundle.Bundle){
		"a large badge":      func(b *bundle.Bundle) { b.Badge.Bytes = make([]byte, bundle.MaxBadge+1) },
		"a large document":   func(b *bundle.Bundle) { b.Documents[1].Bytes = make([]byte, bundle.MaxDocument+1) },
		"too many documents": func(b *bundle.Bundle) { b.Documents = make([]bundle.Document, bundle.MaxDocuments+1) },
		"too large a whole": func(b *bundle.Bundle) {
			b.Documents = nil
			for n := range 20 {
				b.Documents = append(b.Documents, bundle.Document{Use: bundle.Page, Address: fmt.Sprintf("https://school.example/%d", n), Bytes: make([]byte, bundle.MaxDocument)})
			}
		},
	} {
		b := sample()
		beyond(b)
		if raw, err := b.Encode(); raw != nil || !errors.Is(err, bundle.ErrTooLarge) {
			t.Errorf("%s: %d bytes, %v", name, len(raw), err)
		}
	}
	if _, err := bundle.Parse(make([]byte, bundle.MaxBytes+1)); !errors.Is(err, bundle.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}
