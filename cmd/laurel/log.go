package main

import (
	"context"
	"io"
	"log/slog"

	"laurel/api/wire"
)

// newLog writes JSON lines. What is told while a request is answered has the
// number of the request, whichever package tells it.
func newLog(to io.Writer) *slog.Logger {
	return slog.New(numbered{slog.NewJSONHandler(to, nil), requestKey, wire.RequestID})
}

// withTraces is a log whose lines name the trace too that they belong to.
func withTraces(log *slog.Logger) *slog.Logger {
	return slog.New(numbered{log.Handler(), traceKey, traceOf})
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
}

// Handle implements slog.Handler.
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
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h numbered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return numbered{h.Handler.WithAttrs(attrs), h.key, h.of}
}

// WithGroup implements slog.Handler.
func (h numbered) WithGroup(name string) slog.Handler {
	return numbered{h.Handler.WithGroup(name), h.key, h.of}
}
