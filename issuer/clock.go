package issuer

import (
	"fmt"
	"sync/atomic"
	"time"
)

// setBack is how far the clock may be put back while the service runs: what
// time services correct without a word.
const setBack = 5 * time.Second

// latest is the latest moment at which something was to be signed.
type latest struct{ nanoseconds atomic.Int64 }

// onTime refuses to sign badges with a clock that went back: their dates, and
// those of their records, would lie before what was signed earlier, and the
// order of the records is what tells a badge from one that a thief dates back.
// A restart believes the clock as it is then, unless it stands before the
// store was made: a machine that does not know the time yet.
func (i *Issuer) onTime() error {
	now := i.now()
	for {
		last := i.latest.nanoseconds.Load()
		if back := time.Duration(last - now.UnixNano()); back > setBack {
			return fmt.Errorf("%w by %s", ErrClock, back.Round(time.Second))
		} else if back >= 0 || i.latest.nanoseconds.CompareAndSwap(last, now.UnixNano()) {
			return nil
		}
	}
}
