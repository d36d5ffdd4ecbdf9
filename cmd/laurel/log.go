package main

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"laurel/api/wire"
)

// newLog writes JSON lines. What is told while a request is answered has the
// number of the request, whichever package tells it. The caller calls flush when
// there is nothing more to tell.
func newLog(to io.Writer) (log *slog.Logger, flush func()) {
	l := &lines{to: to}
	return slog.New(numbered{slog.NewJSONHandler(l, nil), requestKey, wire.RequestID, l}), l.flush
}

// withTraces is a log whose lines name the trace too that they belong to.
func withTraces(log *slog.Logger) *slog.Logger {
	return slog.New(numbered{log.Handler(), traceKey, traceOf, nil})
}

// requestKey and traceKey are how the numbers of requests and traces are named in
// the log.
const (
	requestKey = "request"
	traceKey   = "traceId"
)

// numbered adds the number of what a line belongs to.
type numbered struct {
	slog.Handler
	key string
	of  func(context.Context) string // "" for a line that belongs to nothing
	// lines is who writes; nil where another handler tells it not to wait.
	lines *lines
}

// Handle implements slog.Handler. What somebody should see does not wait.
func (h numbered) Handle(ctx context.Context, r slog.Record) error {
	id := h.of(ctx)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == h.key {
			id = "" // it is there already
		}
		return id != ""
	})
	if id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String(h.key, id))
	}
	err := h.Handler.Handle(ctx, r)
	if h.lines != nil && r.Level >= slog.LevelWarn {
		h.lines.flush()
	}
	return err
}

// WithAttrs implements slog.Handler. Lines that are told the number by the way need no
// other: a name that stands twice in a line is an error to strict readers.
func (h numbered) WithAttrs(attrs []slog.Attr) slog.Handler {
	of := h.of
	if slices.ContainsFunc(attrs, func(a slog.Attr) bool { return a.Key == h.key }) {
		of = func(context.Context) string { return "" }
	}
	return numbered{h.Handler.WithAttrs(attrs), h.key, of, h.lines}
}

// WithGroup implements slog.Handler.
func (h numbered) WithGroup(name string) slog.Handler {
	return numbered{h.Handler.WithGroup(name), h.key, h.of, h.lines}
}

// Lines that come one soon after another are written together: within linesWait
// of each other, and linesTogether bytes at most.
const (
	linesWait     = 50 * time.Millisecond
	linesTogether = 32 << 10
)

// lines writes what it is given, in its order; one that comes by itself at once,
// many together.
type lines struct {
	to io.Writer

	mu    sync.Mutex
	wait  []byte
	last  time.Time   // something was written
	timer *time.Timer // runs while something waits
}

// Write implements io.Writer. It is given whole lines.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wait) == 0 {
		quiet := time.Since(l.last)
		if quiet >= linesWait || quiet < 0 {
			l.last = time.Now()
			return l.to.Write(line)
		}
		l.timer = time.AfterFunc(linesWait-quiet, l.flush)
	}
	l.wait = append(l.wait, line...)
	if len(l.wait) >= linesTogether {
		l.write()
	}
	return len(line), nil
}

// flush writes what waits.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write()
}

// write writes what waits. The caller holds the lock.
func (l *lines) write() {
	if len(l.wait) == 0 {
		return
	}
	l.timer.Stop()
	_, _ = l.to.Write(l.wait) // there is nobody to tell
	l.wait, l.last = l.wait[:0], time.Now()
}
