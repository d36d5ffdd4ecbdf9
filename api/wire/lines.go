package wire

import (
	"net/http"
	"time"
)

// writeTime is how long a caller may take to receive what was written, after
// work that took as long as it took.
const writeTime = time.Minute

// LongWork lifts the server's time-outs from a request whose body is read and
// whose work may take longer than they allow. A caller who goes away is noticed
// all the same. HurryUp ends it.
func LongWork(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	// What cannot be set has no time-outs that could be lifted.
	_ = c.SetReadDeadline(time.Time{})
	_ = c.SetWriteDeadline(time.Time{})
}

// HurryUp bounds the time for writing what comes next.
func HurryUp(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
}

// NDJSON is the media type of JSON values, one a line.
const NDJSON = "application/x-ndjson"

// Lines is an answer of JSON values, one a line, each of which the caller gets
// when it is known and not when all are.
type Lines struct {
	w     http.ResponseWriter
	begun bool
}

// NewLines begins no answer yet: a handler that wrote no line can still return
// an error.
func NewLines(w http.ResponseWriter) *Lines { return &Lines{w: w} }

// Begun tells whether a line was written, after which the status cannot change
// any more.
func (l *Lines) Begun() bool { return l.begun }

// Write sends values on their way. A caller who has gone is not told of here:
// the context of the request is.
func (l *Lines) Write(values ...any) error {
	var all []byte
	for _, v := range values {
		raw, err := Marshal(v)
		if err != nil {
			return err
		}
		all = append(append(all, raw...), '\n')
	}
	if !l.begun {
		h := l.w.Header()
		h.Set("Content-Type", NDJSON)
		h.Set("X-Accel-Buffering", "no") // a proxy that collects the lines would take their use away
		l.w.WriteHeader(http.StatusOK)
		l.begun = true
	}
	HurryUp(l.w)
	_, _ = l.w.Write(all)
	c := http.NewResponseController(l.w)
	_ = c.Flush()
	_ = c.SetWriteDeadline(time.Time{})
	return nil
}
