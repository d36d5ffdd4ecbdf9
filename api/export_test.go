package api

import (
	"context"
	"log/slog"
	"strings"

	"laurel/api/badges"
	"laurel/api/console"
	"laurel/api/endorsements"
	"laurel/api/events"
	"laurel/api/programmes"
	"laurel/api/public"
	"laurel/api/share"
	"laurel/api/statistics"
	"laurel/api/vcapi"
	"laurel/api/verify"
	"laurel/api/wire"
)

// Routes lists what New mounts with everything switched on, as the description
// of the API writes it.
func Routes() []string {
	var out []string
	for _, r := range allRoutes() {
		out = append(out, r.described())
	}
	return out
}

// PublicRoutes lists those of Routes that ask for no token.
func PublicRoutes() []string {
	var out []string
	for _, r := range allRoutes() {
		if len(r.access.scopes) == 0 || r.access.anyone {
			out = append(out, r.described())
		}
	}
	return out
}

// Keeps lists, for each route with a token, the limits of a token that it keeps
// to: activity, country, source, test.
func Keeps() map[string][]string {
	out := map[string][]string{}
	for _, r := range allRoutes() {
		if len(r.access.scopes) == 0 {
			continue
		}
		kept := []string{}
		for n, name := range []string{"activity", "country", "source", "test"} {
			if r.access.keeps&(1<<n) != 0 {
				kept = append(kept, name)
			}
		}
		out[r.described()] = kept
	}
	return out
}

func allRoutes() []route {
	s := &server{cfg: Config{VCAPI: struct{ vcapi.Signer }{}, Outbox: struct{ share.Outbox }{}}}
	return s.routes(handlers{badges: &badges.Handler{}, events: &events.Handler{}, verify: &verify.Handler{}, vcapi: &vcapi.Handler{},
		public: &public.Handler{}, share: &share.Handler{}, endorsements: &endorsements.Handler{}, statistics: &statistics.Handler{}, programmes: &programmes.Handler{}})
}

func (r route) described() string {
	parts := strings.Split(r.path, "/")
	for n, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[n] = "{" + name + "}"
		}
	}
	return r.method + " " + strings.Join(parts, "/")
}

// Describe is the table of problems.
var Describe = describe

// Statuses is the table of the faults that handlers find.
func Statuses() map[wire.Code]int { return status }

// Explain describes an error as a service with this log does.
func Explain(ctx context.Context, log *slog.Logger, err error) wire.Problem {
	return (&server{cfg: Config{Log: log}}).explain(ctx, err)
}

// ConsolePage is a page of the staff console: its route as described, the call of
// the API that it stands for ("" for what every session may), and whether it is
// for who is not signed in yet.
type ConsolePage struct {
	Method, Path, Call string
	Door               bool
}

// ConsolePages lists all pages of the console.
func ConsolePages() (out []ConsolePage) {
	for _, p := range (&console.Handler{}).Pages() {
		r := route{method: p.Method, path: p.Path}
		_, path, _ := strings.Cut(r.described(), " ")
		call := p.Call
		if call != "" {
			method, at, _ := strings.Cut(call, " ")
			call = route{method: method, path: at}.described()
		}
		out = append(out, ConsolePage{p.Method, path, call, p.Door})
	}
	return out
}
