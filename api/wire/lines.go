package wire

import (
	"net/http"
	"time"
)

// writeTime is how long a caller may take to receive what is written after long
// work.
const writeTime = time.Minute

// AfterWork gives the caller time to take in what is written next, however long
// the work took: the server counts its time-out from the request.
func AfterWork(w http.ResponseWriter) {
	// What cannot be set has no time-out that could be in the way.
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
	AfterWork(l.w)
	_, _ = l.w.Write(all)
	_ = http.NewResponseController(l.w).Flush()
	return nil
}
