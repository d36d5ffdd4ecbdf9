//go:build !race

// One goroutine: the race detector has nothing to see here, and takes a quarter of a minute.

package typeset

import (
	"testing"
	"time"

	"laurel/internal/processortest"
)

// Hostile texts cost a bounded time, at every width.
func TestHostile(t *testing.T) {
	l := system(t)
	for name, text := range hostile {
		for _, style := range []Style{{Size: 40}, {Size: 40, MaxWidth: 1000, MaxLines: 2, MinSize: 12, Balance: true}, {Size: 40, MaxWidth: 1}} {
			began := processortest.Time()
			b := set(t, l, text, style)
			if took := processortest.Time() - began; took > 2*time.Second {
				t.Errorf("%s, %+v: %v", name, style, took)
			}
			if style.MaxLines > 0 && len(b.Lines) > style.MaxLines {
				t.Errorf("%s: %d lines", name, len(b.Lines))
			}
			finite(t, b)
		}
	}
}
