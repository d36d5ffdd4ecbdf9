package api

import (
	"net/http"

	"laurel/api/badges"
	"laurel/api/endorsements"
	"laurel/api/events"
	"laurel/api/programmes"
	"laurel/api/public"
	"laurel/api/share"
	"laurel/api/statistics"
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
	keeps   limits       // those of a token that the call keeps to; with any other it is refused
	anyone  bool         // a token is not needed, and tells more
	shared  bool         // pages of other sites may read it
	private bool         // search engines are to leave it out
	session bool         // a page of the console: the token is that of who is signed in
	issues  bool         // issues badges, though the caller has no token
}

// limits are those that a token may have beside its scopes and issuers, which
// every call keeps to.
type limits uint8

const (
	byActivity limits = 1 << iota // some activities alone
	byCountry                     // what concerns one country alone
	bySource                      // one source of events, in whose name alone it speaks
	asTest                        // trials alone
)

// limitsOf are the limits that a token has.
func limitsOf(t auth.Token) (l limits) {
	if len(t.Activities) > 0 {
		l |= byActivity
	}
	if t.Country != "" {
		l |= byCountry
	}
	if t.Source != "" && t.Source != auth.Any {
		l |= bySource
	}
	if t.Test {
		l |= asTest
	}
	return l
}

var (
	anybody  = access{shared: true}                // a public read
	personal = access{shared: true, private: true} // a public read that names a person
	formOnly = access{private: true}               // sent by a page of ours
	bySecret = access{private: true}               // sent by who knows the address
	byHook   = access{private: true, issues: true} // sent by a platform that knows the address
	atDoor   = access{private: true}               // of the console, for who is not signed in yet
	anyStaff = access{keeps: byActivity | byCountry | bySource | asTest, private: true, session: true}
)

// with is for callers whose token has one of the scopes and no limit that the
// call is not said to keep to.
func with(scopes ...auth.Scope) access { return access{scopes: scopes} }

// keeping says which limits of a token a call keeps to. Its handler sees to
// byActivity and byCountry, to bySource where it takes what a source tells, and
// to asTest by passing on that it is a trial and by wire.MayTouch.
func (a access) keeping(l limits) access {
	a.keeps = l
	return a
}

// badgesOf is for calls about badges, and definitions for calls about what can be
// earned and by whom. Neither takes anything in the name of a source, and what is
// defined counts, so that nothing is defined in a trial.
func badgesOf(scopes ...auth.Scope) access    { return with(scopes...).keeping(bySource | asTest) }
func definitions(scopes ...auth.Scope) access { return with(scopes...).keeping(bySource) }

// orWith is for everybody, and for callers whose token has the scope, who are
// told more.
func orWith(scope auth.Scope, keeps limits) access {
	return access{scopes: []auth.Scope{scope}, keeps: keeps, anyone: true, shared: true}
}

type handlers struct {
	badges     *badges.Handler
	statistics *statistics.Handler
	events     *events.Handler
	verify     *verify.Handler
	vcapi      *vcapi.Handler
	public     *public.Handler
	share      *share.Handler

	programmes   *programmes.Handler
	endorsements *endorsements.Handler
}

// routes is everything that the service answers. HEAD goes with GET, and
// OPTIONS with everything.
func (s *server) routes(h handlers) []route {
	squeezer := new(wire.Squeezer)
	squeezed := squeezer.Squeezed
	kept := func(handle wire.Handler) wire.Handler { return s.cfg.Cache.Kept(handle, s.desk.Admit) }
	const get, post, put, patch, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	table := []route{
		{get, "/", anybody, squeezed(h.public.Home)},
		{get, "/assets/:name", anybody, squeezed(h.public.Asset)},
		{get, "/healthz", anybody, h.public.Health},
		{get, "/readyz", anybody, h.public.Readiness},
		{get, "/openapi.json", anybody, openAPI},

		{get, "/credentials/:id", personal, kept(squeezed(h.public.Credential))},
		{get, "/credentials/:id/print", personal, squeezed(h.verify.Print)},
		{get, "/credentials/:id/qr.png", personal, kept(h.public.QRPNG)},
		{get, "/credentials/:id/qr.svg", personal, kept(h.public.QRSVG)},
		{get, "/credentials/:id/card", personal, h.public.Card},
		{get, "/credentials/:id/card.png", personal, h.public.CardPNG},
		{get, "/credentials/:id/card.svg", personal, h.public.CardSVG},
		{get, "/credentials/:id/preview.png", personal, h.verify.Preview},
		{get, "/endorsements/:id", anybody, h.endorsements.Signed},
		{get, "/status/:list", anybody, kept(h.public.StatusList)},
		{get, "/log/checkpoint", anybody, h.public.Checkpoint},
		{get, "/log/key", anybody, h.public.LogKey},
		{get, "/log/entries/:id", personal, h.public.LogEntry},
		{get, "/achievements/:slug", anybody, squeezed(h.public.Achievement)},
		{get, "/achievements/:slug/endorsements", anybody, h.endorsements.Current},
		{get, "/achievements/:slug/:lang", anybody, squeezed(h.public.Edition)},
		{get, "/achievements/:slug/image.png", anybody, h.public.Picture},
		{get, "/achievements/:slug/image.svg", anybody, h.public.Drawing},
		{get, "/achievements/:slug/results/:result", anybody, h.public.ResultDescription},
		{get, "/achievements/:slug/results/:result/levels/:level", anybody, h.public.Level},
		{get, "/issuers/:slug", anybody, squeezed(h.public.Issuer)},
		{get, "/issuers/:slug/did.json", anybody, h.public.DIDDocument},
		{get, "/.well-known/did.json", anybody, h.public.RootDIDDocument},
		{get, "/.well-known/jwks.json", anybody, h.public.JWKS},

		{get, "/v/:id", personal, kept(squeezed(h.verify.View))},
		{post, "/v/:id/match", personal, h.verify.Match},
		{post, verify.FormAction, formOnly, squeezer.SqueezedForm(h.verify.Form)},
		{get, "/credentials/:id/embed", personal, h.share.Embed},
		{get, "/oembed", personal, h.share.OEmbed},
		{get, "/c/:claim", bySecret, h.share.Claim},
		{get, "/c/:claim/credential.json", bySecret, h.share.Credential},
		{post, "/c/:claim/hide", bySecret, h.share.Hide},
		{post, "/c/:claim/show", bySecret, h.share.Show},
		{get, "/v1/statistics", orWith(auth.Stats, byActivity|byCountry|bySource|asTest), h.statistics.Statistics},
		{post, "/v1/verify", personal, h.verify.Verify},
		{post, "/credentials/verify", personal, h.vcapi.Verify},
		{post, "/presentations/verify", personal, h.vcapi.VerifyPresentation},

		{post, "/v1/credentials", badgesOf(auth.Issue), h.badges.Issue},
		{post, "/v1/credentials/batch", badgesOf(auth.Issue), h.badges.Batch},
		{get, "/v1/credentials", badgesOf(auth.Read), h.badges.List},
		{get, "/v1/credentials/:id", badgesOf(auth.Read), h.badges.Record},
		{get, "/v1/credentials/:id/award", with(auth.Read).keeping(byActivity | bySource | asTest), h.programmes.Grounds},
		{post, "/v1/credentials/status", badgesOf(auth.Revoke), h.badges.ChangeMany},
		{post, "/v1/credentials/:id/revoke", badgesOf(auth.Revoke), h.badges.Revoke},
		{patch, "/v1/credentials/:id", badgesOf(auth.Issue), h.badges.ChangeRegister},
		{post, "/v1/credentials/:id/reissue", badgesOf(auth.Issue), h.badges.Reissue},
		{post, "/v1/credentials/:id/renew", badgesOf(auth.Issue), h.badges.Renew},
		{post, "/v1/credentials/:id/claim", badgesOf(auth.Issue), h.badges.RenewClaim},
		{remove, "/v1/credentials/:id/personal-data", badgesOf(auth.Revoke), h.badges.Erase},
		{post, "/v1/credentials/:id/suspend", badgesOf(auth.Revoke), h.badges.Suspend},
		{post, "/v1/credentials/:id/reinstate", badgesOf(auth.Revoke), h.badges.Reinstate},
		{post, "/v1/rosters/:activity", with(auth.Roster).keeping(byActivity | byCountry | bySource | asTest), h.programmes.Roster},
		{get, "/v1/uploads", with(auth.Roster).keeping(byActivity | byCountry | bySource | asTest), h.programmes.Uploads},
		{get, "/v1/uploads/:upload", with(auth.Roster).keeping(byActivity | byCountry | bySource | asTest), h.programmes.Upload},
		{remove, "/v1/uploads/:upload", with(auth.Roster).keeping(byActivity | byCountry | bySource | asTest), h.programmes.TakeBack},
		{post, "/v1/activities/:slug/release", with(auth.Roster).keeping(byActivity | bySource | asTest), h.programmes.Release},
		{post, "/v1/completions", with(auth.Complete).keeping(byActivity | byCountry | bySource | asTest), h.programmes.Complete},
		{put, "/v1/sources/:slug", definitions(auth.Manage), h.programmes.PutSource},
		{get, "/v1/sources/:slug", with(auth.Read, auth.Manage).keeping(bySource | asTest), h.programmes.Source},
		{get, "/v1/sources", with(auth.Read, auth.Manage).keeping(bySource | asTest), h.programmes.Sources},
		{post, "/v1/hooks/:source/:secret", byHook, h.programmes.Native},
		{get, "/v1/reviews", with(auth.Revoke, auth.Manage).keeping(bySource | asTest), h.programmes.Reviews},
		{post, "/v1/reviews/:id", with(auth.Revoke, auth.Manage).keeping(bySource | asTest), h.programmes.Decide},
		{put, "/v1/activities/:slug", definitions(auth.Manage), h.programmes.PutActivity},
		{get, "/v1/activities/:slug", with(auth.Read, auth.Manage).keeping(byActivity | bySource | asTest), h.programmes.Activity},
		{get, "/v1/activities", with(auth.Read, auth.Manage).keeping(byActivity | bySource | asTest), h.programmes.Activities},
		{put, "/v1/achievements/:slug", definitions(auth.Manage), h.badges.PutAchievement},
		{get, "/v1/achievements/:slug", badgesOf(auth.Read, auth.Manage, auth.Issue), h.badges.Achievement},
		{get, "/v1/achievements", badgesOf(auth.Read, auth.Manage, auth.Issue), h.badges.Achievements},
		{put, "/v1/achievements/:slug/image", definitions(auth.Manage), h.badges.PutImage},
		{remove, "/v1/achievements/:slug/image", definitions(auth.Manage), h.badges.RemoveImage},
		{put, "/v1/issuers/:slug", definitions(auth.Manage), h.badges.PutIssuer},
		{get, "/v1/issuers/:slug", badgesOf(auth.Read, auth.Manage), h.badges.Issuer},
		{post, "/v1/issuers/:slug/keys", definitions(auth.Manage), h.badges.CreateKeys},
		{get, "/v1/issuers/:slug/keys", definitions(auth.Read, auth.Manage), h.badges.Keys},
		{put, "/v1/endorsers/:slug", definitions(auth.Endorse), h.endorsements.PutEndorser},
		{get, "/v1/endorsers/:slug", definitions(auth.Endorse, auth.Read), h.endorsements.Endorser},
		{get, "/v1/endorsers", definitions(auth.Endorse, auth.Read), h.endorsements.Endorsers},
		{post, "/v1/endorsements", definitions(auth.Endorse), h.endorsements.Endorse},
		{get, "/v1/endorsements", definitions(auth.Endorse), h.endorsements.List},
		{get, "/v1/endorsements/:id", definitions(auth.Endorse), h.endorsements.Endorsement},
		{remove, "/v1/endorsements/:id", definitions(auth.Endorse), h.endorsements.Withdraw},

		{get, "/v1/events", badgesOf(auth.Read), h.events.List},
		{post, "/v1/webhooks", badgesOf(auth.Manage), h.events.CreateHook},
		{get, "/v1/webhooks", badgesOf(auth.Manage), h.events.Hooks},
		{get, "/v1/webhooks/:id", badgesOf(auth.Manage), h.events.Hook},
		{put, "/v1/webhooks/:id", badgesOf(auth.Manage), h.events.PutHook},
		{remove, "/v1/webhooks/:id", badgesOf(auth.Manage), h.events.DeleteHook},
		{post, "/v1/webhooks/:id/test", badgesOf(auth.Manage), h.events.TestHook},
		{post, "/v1/webhooks/:id/secret", badgesOf(auth.Manage), h.events.RotateSecret},
		{get, "/v1/webhooks/:id/deliveries", badgesOf(auth.Manage), h.events.Deliveries},
		{post, "/v1/webhooks/:id/deliveries/:delivery/redeliver", badgesOf(auth.Manage), h.events.Redeliver},
	}
	if s.cfg.Outbox != nil {
		table = append(table, route{get, share.LostPath, formOnly, h.share.Lost}, route{post, share.LostPath, formOnly, h.share.SendLost})
	}
	if s.cfg.VCAPI != nil {
		table = append(table, route{post, issueForOthers, definitions(auth.VCIssue), h.vcapi.Issue},
			route{post, statusForOthers, definitions(auth.VCIssue, auth.Revoke), h.vcapi.Status})
	}
	return table
}

// issueForOthers signs what others have written, statusForOthers revokes it;
// neither exists unless asked for.
const (
	issueForOthers  = "/credentials/issue"
	statusForOthers = "/credentials/status"
)
