//go:build race

package attachment_test

import "time"

// patience is what looking into the worst of files may take, slowed down by the
// race detector, many times over, and by whatever else runs.
const patience = time.Minute
