package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"laurel/api/console"
	"laurel/api/limit"
	"laurel/internal/auth"
)

// wrongTokens is how many texts that are no token of ours an address may show at
// the console in a minute.
const wrongTokens = 10

// openConsole makes the staff console, whose pages stand for calls; none where the
// service has no console.
func (s *server) openConsole(calls []route) (staff []route, err error) {
	cfg := s.cfg
	if cfg.Sessions == nil {
		return nil, nil
	}
	s.console, err = console.New(console.Config{Sessions: cfg.Sessions, Issuer: cfg.Issuer, Programme: cfg.Programme, Hooks: cfg.Hooks, Audit: cfg.Audit,
		Pages: cfg.Pages, Catalog: cfg.Catalog, BaseURL: cfg.BaseURL, Explain: s.explain, Log: cfg.Log,
		May:        func(t auth.Token, page string) bool { return mayUse(staff, t, page) },
		WrongToken: limit.NewRate(wrongTokens, cfg.Now).Allow})
	if err != nil {
		return nil, err
	}
	staff, err = consolePages(s.console.Pages(), calls)
	return staff, err
}

// inConsole is for the callers of a call who are signed in to the console: it
// needs the same scopes, and keeps to the same limits.
func (a access) inConsole() access {
	return access{scopes: a.scopes, keeps: a.keeps, private: true, session: true}
}

// consolePages are the routes of the console. Who may use a page is who may make
// the call that it stands for. The error names a page without a call.
func consolePages(all []console.Page, calls []route) (table []route, err error) {
	for _, p := range all {
		page := route{p.Method, p.Path, atDoor, p.Handle}
		switch n := slices.IndexFunc(calls, func(r route) bool { return r.method+" "+r.path == p.Call }); {
		case p.Door:
		case p.Call == "":
			page.access = anyStaff
		case n < 0 || len(calls[n].access.scopes) == 0:
			return nil, fmt.Errorf("api: the console's page %s stands for no call with a token: %q", p.Path, p.Call)
		default:
			page.access = calls[n].access.inConsole()
		}
		table = append(table, page)
	}
	return table, nil
}

// mayUse tells whether a token may use a page of the console, named by its
// method and path.
func mayUse(table []route, t auth.Token, page string) bool {
	n := slices.IndexFunc(table, func(r route) bool { return r.method+" "+r.path == page })
	return n >= 0 && table[n].access.session && permits(t, table[n].access) == nil
}

// inConsole tells whether staff look at the answer.
func (r route) inConsole() bool {
	return r.method != "" && strings.HasPrefix(r.path+"/", console.Root+"/")
}

// failInConsole answers staff with what went wrong.
func (s *server) failInConsole(w http.ResponseWriter, r *http.Request, err error) {
	if gone(r, err) {
		w.WriteHeader(clientGone)
		return
	}
	s.console.Fail(w, r, err)
}
