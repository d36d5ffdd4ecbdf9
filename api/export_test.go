package api

import (
	"context"
	"log/slog"
	"strings"

	"laurel/api/badges"
	"laurel/api/endorsements"
	"laurel/api/events"
	"laurel/api/public"
	"laurel/api/vcapi"
	"laurel/api/verify"
	"laurel/api/wire"
)

// Routes lists what New mounts with everything switched on, as the description
// of the API writes it.
func Routes() []string {
	s := &server{cfg: Config{VCAPI: struct{ vcapi.Signer }{}}}
	var out []string
	for _, r := range s.routes(handlers{&badges.Handler{}, &events.Handler{}, &verify.Handler{}, &vcapi.Handler{}, &public.Handler{}, &endorsements.Handler{}}) {
		parts := strings.Split(r.path, "/")
		for n, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[n] = "{" + name + "}"
			}
		}
		out = append(out, r.method+" "+strings.Join(parts, "/"))
	}
	return out
}

// Describe is the table of problems.
var Describe = describe

// Statuses is the table of the faults that handlers find.
func Statuses() map[wire.Code]int { return status }

// Explain describes an error as a service with this log does.
func Explain(ctx context.Context, log *slog.Logger, err error) wire.Problem {
	return (&server{cfg: Config{Log: log}}).explain(ctx, err)
}
