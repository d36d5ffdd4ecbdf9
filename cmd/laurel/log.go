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
	return slog.New(numbered{slog.NewJSONHandler(to, nil)})
}

// requestKey is how a request's number is named in the log.
const requestKey = "request"

// numbered adds the number of the request that is being answered.
type numbered struct{ slog.Handler }

// Handle implements slog.Handler.
func (h numbered) Handle(ctx context.Context, r slog.Record) error {
	id := wire.RequestID(ctx)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == requestKey {
			id = "" // it is there already
		}
		return id != ""
	})
	if id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String(requestKey, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h numbered) WithAttrs(attrs []slog.Attr) slog.Handler {
	return numbered{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h numbered) WithGroup(name string) slog.Handler { return numbered{h.Handler.WithGroup(name)} }
