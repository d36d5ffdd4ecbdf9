package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
)

// The demonstration is a story told through the service's own doors: a course
// whose platform reports, a workshop of 58 with its lists and its day of
// release, a course with a project and a trainer, those who vouch for them, and
// what goes wrong afterwards. Nobody in it is real.

const (
	demoCourse   = "hc20"
	demoWorkshop = "uh-kit-2025"
	demoPlanning = "dh-planning-fr-2025"
)

// demoTrainer is when somebody who holds the micro-credential was approved as a
// trainer.
const demoTrainer = "ref,role,approved_by\nD25-01,co-facilitator,course-lead\n"

// fill tells the story and shows what came of it.
func (d *demoRun) fill(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{d.define, d.vouch, d.course, d.workshop, d.planning, d.afterwards} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	if err := d.svc.programme.TakeSnapshot(ctx); err != nil {
		return err
	}
	badges, err := d.badges(ctx)
	if err != nil {
		return err
	}
	return d.show(badges)
}

// define loads who issues what, and makes the token of the story.
func (d *demoRun) define(ctx context.Context) error {
	defs, err := demoDefinitions(d.svc.baseURL)
	if err != nil {
		return err
	}
	if err := d.svc.programme.Load(ctx, defs, actorCommand); err != nil {
		return err
	}
	for _, platform := range []string{"lms-a", "lms-b"} { // both have their learners prove their addresses
		if err := d.svc.programme.PutSource(ctx, programme.Source{Slug: platform, TrustEmail: true}, actorCommand); err != nil {
			return err
		}
	}
	made, err := createToken(ctx, d.svc, tokenRequest{Issuers: []string{auth.Any}, Source: auth.Any, Scopes: scopeNames(), Label: "demo"})
	if err != nil {
		return err
	}
	d.token = made.Token
	return nil
}

// course sends what the platforms reported of the 20-step course. Some of it is
// wrong, as it is in life, and is refused by itself.
func (d *demoRun) course(ctx context.Context) error {
	lines, err := demoData.ReadFile("demodata/course-events.jsonl")
	if err != nil {
		return err
	}
	events := append(append([]byte("["), bytes.ReplaceAll(bytes.TrimSpace(lines), []byte("\n"), []byte(","))...), ']')
	return d.post(ctx, "/v1/completions", "application/json", events, nil)
}

func (d *demoRun) workshop(ctx context.Context) error {
	list := "/v1/rosters/" + demoWorkshop
	for _, name := range []string{"workshop-roster.csv", "workshop-attendance.csv"} {
		if err := d.list(ctx, list, name); err != nil {
			return err
		}
	}
	if err := d.post(ctx, "/v1/activities/"+demoWorkshop+"/release", "application/json", []byte(`{}`), nil); err != nil {
		return err
	}
	return d.list(ctx, list, "workshop-team.csv")
}

func (d *demoRun) planning(ctx context.Context) error {
	if err := d.list(ctx, "/v1/rosters/"+demoPlanning, "dh-planning-results.csv"); err != nil {
		return err
	}
	return d.post(ctx, "/v1/rosters/"+demoPlanning+"?occurred_at=2026-01-15T00:00:00Z", "text/csv", []byte(demoTrainer), nil)
}

// list uploads a list as an organiser would.
func (d *demoRun) list(ctx context.Context, path, name string) error {
	raw, err := demoData.ReadFile("demodata/" + name)
	if err != nil {
		return err
	}
	return d.post(ctx, path, "text/csv", raw, nil)
}

// vouch lets others vouch for an achievement and for an issuer.
func (d *demoRun) vouch(ctx context.Context) error {
	for _, e := range []struct{ slug, name, site, subject, comment string }{
		{"cities-network", "Example Network of Healthy Cities", "https://cities-network.example/", `{"achievement":"hc20-achievement"}`,
			"Member cities recognise this badge for new coordinators."},
		{"national-network", "Example National Network of Healthy Cities", "https://national-network.example/", `{"issuer":"urban-health-learning"}`,
			"Accredited learning provider of our network."},
	} {
		profile, err := json.Marshal(map[string]any{"name": e.name, "url": e.site, "listed": true})
		if err != nil {
			return err
		}
		if err := d.request(ctx, http.MethodPut, "/v1/endorsers/"+e.slug, "application/json", profile, nil); err != nil {
			return err
		}
		asked, err := json.Marshal(map[string]any{"endorser": e.slug, "subject": json.RawMessage(e.subject), "comment": e.comment})
		if err != nil {
			return err
		}
		if err := d.post(ctx, "/v1/endorsements", "application/json", asked, nil); err != nil {
			return err
		}
	}
	return nil
}

// afterwards is what goes wrong: a badge for the wrong person, a name that was
// misspelt, somebody who wants to be forgotten, and better words for a badge.
func (d *demoRun) afterwards(ctx context.Context) error {
	wrong, err := d.badgesOf(ctx, "uh-kit-completion", "participant.08@roster.example")
	if err != nil {
		return err
	}
	for _, b := range wrong {
		if err := d.post(ctx, "/v1/credentials/"+b.ID+"/revoke", "application/json", []byte(`{"reason":"issued_in_error"}`), nil); err != nil {
			return err
		}
	}
	misspelt, err := d.badgesOf(ctx, "uh-kit-participant", "participant.12@roster.example")
	if err != nil {
		return err
	}
	for _, b := range misspelt {
		if err := d.post(ctx, "/v1/credentials/"+b.ID+"/reissue", "application/json", []byte(`{"reason":"name_corrected","recipient":{"name":"Participant Douze"}}`), nil); err != nil {
			return err
		}
	}
	forgotten, err := d.badgesOf(ctx, "", "participant.20@learner.example")
	if err != nil {
		return err
	}
	for _, b := range forgotten {
		if err := d.request(ctx, http.MethodDelete, "/v1/credentials/"+b.ID+"/personal-data", "", nil, nil); err != nil {
			return err
		}
	}
	return d.reword(ctx)
}

// reword gives an achievement a new version. Badges of the one before keep
// their words.
func (d *demoRun) reword(ctx context.Context) error {
	const slug = demoCourse + "-m3"
	defs, err := demoDefinitions(d.svc.baseURL)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(defs.Achievements, func(a issuer.Achievement) bool { return a.Slug == slug })
	better := defs.Achievements[n]
	better.Version, better.Description = "2", issuer.Text{"en": "The holder completed module 3 of the course, steps 15 to 20, and passed its quiz."}
	body, err := json.Marshal(better)
	if err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	delete(members, "createdAt") // the service's to say
	delete(members, "changedAt")
	if body, err = json.Marshal(members); err != nil {
		return err
	}
	return d.request(ctx, http.MethodPut, "/v1/achievements/"+slug, "application/json", body, nil)
}

// badgesOf finds the badges of a person: none of somebody who was forgotten in
// an earlier run on the same folder.
func (d *demoRun) badgesOf(ctx context.Context, achievement, email string) ([]demoEntry, error) {
	q := url.Values{"email": {email}}
	if achievement != "" {
		q.Set("achievement", achievement)
	}
	var page struct {
		Items []demoEntry `json:"items"`
	}
	err := d.request(ctx, http.MethodGet, "/v1/credentials?"+q.Encode(), "", nil, &page)
	return page.Items, err
}
