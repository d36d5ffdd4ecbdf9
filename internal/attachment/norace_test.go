//go:build !race

package attachment_test

import "time"

// patience is what looking into the worst of files may take.
const patience = 5 * time.Second
