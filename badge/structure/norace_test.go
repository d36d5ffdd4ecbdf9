//go:build !race

package structure_test

import (
	"testing"

	"laurel/badge/structure"
)

const raceEnabled = false

// TestSoundDocumentsCostNothing pins that a walk without a fault allocates
// nothing. The race detector does, so there is nothing to count under it.
func TestSoundDocumentsCostNothing(t *testing.T) {
	for _, c := range corpus {
		doc := parse(t, corpusText(t, c.file))
		for _, f := range families {
			if n := testing.AllocsPerRun(20, func() { _ = structure.Check(doc, c.class, f, "credentialStatus") }); n != 0 {
				t.Errorf("%s, family %d: %v allocations", c.file, f, n)
			}
		}
	}
}
