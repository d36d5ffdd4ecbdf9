//go:build !unix

package processortest

import "time"

var start = time.Now()

// Time is the time since the start, where nothing better is known.
func Time() time.Duration { return time.Since(start) }
