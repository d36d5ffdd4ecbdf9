package issuer_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
)

// pages: whoever pages while badges are issued sees each badge that was there
// when she began once, and none twice.
func pages(t *testing.T, p *place) {
	const there, coming = 12, 8
	want := map[string]bool{}
	for n := range there {
		a := award(fmt.Sprint(n))
		if n%4 == 0 {
			a.Achievement = institute + "-course"
		}
		want[p.issue(t, a).Record.ID] = true
		p.Clock.Advance(time.Second)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range coming {
			if _, err := p.Issue(t.Context(), award(fmt.Sprint("new", n))); err != nil {
				t.Error(err)
			}
		}
	})
	for _, limit := range []int{1, 3, 7} {
		seen := map[string]bool{}
		last := map[string]time.Time{}
		for _, rec := range p.all(t, issuer.Filter{Issuers: []string{institute, academy}, Limit: limit}) {
			if seen[rec.ID] {
				t.Errorf("limit %d: %s stands twice", limit, rec.ID)
			}
			seen[rec.ID] = true
			if rec.IssuedAt.Before(last[rec.Issuer]) {
				t.Errorf("limit %d: %s stands behind a newer one", limit, rec.ID)
			}
			last[rec.Issuer] = rec.IssuedAt
		}
		for id := range want {
			if !seen[id] {
				t.Errorf("limit %d: %s was left out", limit, id)
			}
		}
	}
	wg.Wait()
	if n := len(p.all(t, issuer.Filter{Limit: 5})); n != there+coming {
		t.Errorf("%d credentials in the end, not %d", n, there+coming)
	}
	page, err := p.List(t.Context(), issuer.Filter{Issuers: []string{academy}, Limit: 2})
	if err != nil || len(page.Records) != 2 || page.Next == "" {
		t.Errorf("a page of two: %+v, %v", page, err)
	}
	if page, err := p.List(t.Context(), issuer.Filter{Issuers: []string{academy}}); err != nil || len(page.Records) == 0 {
		t.Errorf("a page without a limit: %+v, %v", page, err)
	}
	for _, cursor := range []string{"x", "!", "YQ", strings.Repeat("A", 3000), page.Next + "A"} {
		_, err := p.List(t.Context(), issuer.Filter{Issuers: []string{academy}, Cursor: cursor})
		var list badge.Errors
		if !errors.As(err, &list) || list[0].Rule != "cursor_invalid" {
			t.Errorf("cursor %.20q: %v", cursor, err)
		}
	}
}

func filters(t *testing.T, p *place) {
	ids := map[string]string{}
	issue := func(name string, change func(*issuer.Award)) {
		t.Helper()
		a := award(name)
		change(&a)
		ids[name] = p.issue(t, a).Record.ID
		p.Clock.Advance(time.Minute)
	}
	issue("ana", func(a *issuer.Award) { a.ExternalRef = "run-1" })
	issue("bo", func(a *issuer.Award) { a.ExternalRef = "run-1" })
	issue("cy", func(a *issuer.Award) { a.ExternalRef = "run-2"; a.Recipient.Email = "Ana@Learner.Example" })
	issue("di", func(a *issuer.Award) { a.Achievement = institute + "-course" })
	revokedAt := p.Clock.Now()
	if _, err := p.Revoke(t.Context(), ids["ana"], "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	both := []string{academy, institute}
	for name, c := range map[string]struct {
		filter issuer.Filter
		want   string // names in order
	}{
		"all":                        {issuer.Filter{Issuers: both}, "ana bo cy di"},
		"one issuer":                 {issuer.Filter{Issuers: []string{institute}}, "di"},
		"no issuer":                  {issuer.Filter{Issuers: []string{}}, ""},
		"unknown issuer":             {issuer.Filter{Issuers: []string{"nobody"}}, ""},
		"achievement":                {issuer.Filter{Issuers: both, Achievement: academy + "-course"}, "ana bo cy"},
		"unknown achievement":        {issuer.Filter{Issuers: both, Achievement: "nothing"}, ""},
		"revoked":                    {issuer.Filter{Issuers: both, Status: issuer.Revoked}, "ana"},
		"active":                     {issuer.Filter{Issuers: both, Status: issuer.Active}, "bo cy di"},
		"external reference":         {issuer.Filter{Issuers: both, ExternalRef: "run-1"}, "ana bo"},
		"reference and status":       {issuer.Filter{Issuers: both, ExternalRef: "run-1", Status: issuer.Active}, "bo"},
		"address in other case":      {issuer.Filter{Issuers: both, Email: "ANA@learner.example"}, "ana cy"},
		"address and reference":      {issuer.Filter{Issuers: both, Email: "ana@learner.example", ExternalRef: "run-2"}, "cy"},
		"unknown address":            {issuer.Filter{Issuers: both, Email: "no@learner.example"}, ""},
		"changed since":              {issuer.Filter{Issuers: both, ChangedSince: revokedAt}, "ana"},
		"changed since long ago":     {issuer.Filter{Issuers: both, ChangedSince: earned}, "ana bo cy di"},
		"changed after all":          {issuer.Filter{Issuers: both, ChangedSince: revokedAt.Add(time.Second)}, ""},
		"another issuer's reference": {issuer.Filter{Issuers: []string{institute}, ExternalRef: "run-1"}, ""},
	} {
		for _, limit := range []int{1, 200} {
			c.filter.Limit = limit
			var got []string
			for _, rec := range p.all(t, c.filter) {
				for who, id := range ids {
					if id == rec.ID {
						got = append(got, who)
					}
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s, limit %d: %v, want %s", name, limit, got, c.want)
			}
		}
	}
}
