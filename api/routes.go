package api

import (
	"net/http"

	"laurel/api/badges"
	"laurel/api/events"
	"laurel/api/public"
	"laurel/api/vcapi"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/internal/auth"
)

// route is one call.
type route struct {
	method, path string
	access       access
	handle       wire.Handler
}

// access says who may call, and what their browsers may do with the answer.
type access struct {
	scopes  []auth.Scope // any of them; none: everybody
	shared  bool         // pages of other sites may read it
	private bool         // search engines are to leave it out
}

var (
	anybody  = access{shared: true}                // a public read
	personal = access{shared: true, private: true} // a public read that names a person
	formOnly = access{private: true}               // sent by a page of ours
)

// with is for callers whose token has one of the scopes.
func with(scopes ...auth.Scope) access { return access{scopes: scopes} }

type handlers struct {
	badges *badges.Handler
	events *events.Handler
	verify *verify.Handler
	vcapi  *vcapi.Handler
	public *public.Handler
}

// routes is everything that the service answers. HEAD goes with GET, and
// OPTIONS with everything.
func (s *server) routes(h handlers) []route {
	const get, post, put, patch, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	table := []route{
		{get, "/", anybody, h.public.Home},
		{get, "/assets/:name", anybody, h.public.Asset},
		{get, "/healthz", anybody, h.public.Health},
		{get, "/readyz", anybody, h.public.Readiness},
		{get, "/openapi.json", anybody, openAPI},

		{get, "/credentials/:id", personal, h.public.Credential},
		{get, "/credentials/:id/qr.png", personal, h.public.QRPNG},
		{get, "/credentials/:id/qr.svg", personal, h.public.QRSVG},
		{get, "/status/:list", anybody, h.public.StatusList},
		{get, "/log/checkpoint", anybody, h.public.Checkpoint},
		{get, "/log/key", anybody, h.public.LogKey},
		{get, "/log/entries/:id", personal, h.public.LogEntry},
		{get, "/achievements/:slug", anybody, h.public.Achievement},
		{get, "/achievements/:slug/:lang", anybody, h.public.Edition},
		{get, "/achievements/:slug/image.png", anybody, h.public.Picture},
		{get, "/achievements/:slug/results/:result", anybody, h.public.ResultDescription},
		{get, "/achievements/:slug/results/:result/levels/:level", anybody, h.public.Level},
		{get, "/issuers/:slug", anybody, h.public.Issuer},
		{get, "/issuers/:slug/did.json", anybody, h.public.DIDDocument},
		{get, "/.well-known/did.json", anybody, h.public.RootDIDDocument},
		{get, "/.well-known/jwks.json", anybody, h.public.JWKS},

		{get, "/v/:id", personal, h.verify.View},
		{post, "/v/:id/match", personal, h.verify.Match},
		{post, verify.FormAction, formOnly, h.verify.Form},
		{post, "/v1/verify", personal, h.verify.Verify},
		{post, "/credentials/verify", personal, h.vcapi.Verify},
		{post, "/presentations/verify", personal, h.vcapi.VerifyPresentation},

		{post, "/v1/credentials", with(auth.Issue), h.badges.Issue},
		{post, "/v1/credentials/batch", with(auth.Issue), h.badges.Batch},
		{get, "/v1/credentials", with(auth.Read), h.badges.List},
		{get, "/v1/credentials/:id", with(auth.Read), h.badges.Record},
		{post, "/v1/credentials/status", with(auth.Revoke), h.badges.ChangeMany},
		{post, "/v1/credentials/:id/revoke", with(auth.Revoke), h.badges.Revoke},
		{patch, "/v1/credentials/:id", with(auth.Issue), h.badges.ChangeRegister},
		{post, "/v1/credentials/:id/reissue", with(auth.Issue), h.badges.Reissue},
		{post, "/v1/credentials/:id/renew", with(auth.Issue), h.badges.Renew},
		{remove, "/v1/credentials/:id/personal-data", with(auth.Revoke), h.badges.Erase},
		{post, "/v1/credentials/:id/suspend", with(auth.Revoke), h.badges.Suspend},
		{post, "/v1/credentials/:id/reinstate", with(auth.Revoke), h.badges.Reinstate},
		{post, rosters, with(auth.Roster), h.badges.Roster},
		{put, "/v1/achievements/:slug", with(auth.Manage), h.badges.PutAchievement},
		{get, "/v1/achievements/:slug", with(auth.Read, auth.Manage, auth.Issue), h.badges.Achievement},
		{get, "/v1/achievements", with(auth.Read, auth.Manage, auth.Issue), h.badges.Achievements},
		{put, "/v1/issuers/:slug", with(auth.Manage), h.badges.PutIssuer},
		{get, "/v1/issuers/:slug", with(auth.Read, auth.Manage), h.badges.Issuer},
		{post, "/v1/issuers/:slug/keys", with(auth.Manage), h.badges.CreateKeys},
		{get, "/v1/issuers/:slug/keys", with(auth.Read, auth.Manage), h.badges.Keys},

		{get, "/v1/events", with(auth.Read), h.events.List},
		{post, "/v1/webhooks", with(auth.Manage), h.events.CreateHook},
		{get, "/v1/webhooks", with(auth.Manage), h.events.Hooks},
		{get, "/v1/webhooks/:id", with(auth.Manage), h.events.Hook},
		{put, "/v1/webhooks/:id", with(auth.Manage), h.events.PutHook},
		{remove, "/v1/webhooks/:id", with(auth.Manage), h.events.DeleteHook},
		{post, "/v1/webhooks/:id/test", with(auth.Manage), h.events.TestHook},
		{post, "/v1/webhooks/:id/secret", with(auth.Manage), h.events.RotateSecret},
		{get, "/v1/webhooks/:id/deliveries", with(auth.Manage), h.events.Deliveries},
		{post, "/v1/webhooks/:id/deliveries/:delivery/redeliver", with(auth.Manage), h.events.Redeliver},
	}
	if s.cfg.VCAPI != nil {
		table = append(table, route{post, issueForOthers, with(auth.VCIssue), h.vcapi.Issue},
			route{post, statusForOthers, with(auth.VCIssue, auth.Revoke), h.vcapi.Status})
	}
	return table
}

// issueForOthers signs what others have written, statusForOthers revokes it;
// neither exists unless asked for.
const (
	issueForOthers  = "/credentials/issue"
	statusForOthers = "/credentials/status"
)

// rosters is the one call that a token limited to some activities or one
// country may be for.
const rosters = "/v1/rosters/:activity"
