package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/store"
)

type uploadAnswer struct {
	ID, Activity, Issuer, Actor string
	Rows                        int
	Summary                     map[string]int
	TakenBack                   *time.Time
	Withdrawn                   *struct{ Revoked, Voided, Kept int }
}

func (p *programmes) as(token, method, path string) answer {
	p.t.Helper()
	return p.do(request{method: method, path: path, token: token})
}

// A list that was a mistake is taken back, twice as well as once; what is
// earned without it stays.
func TestTakingBackOverHTTP(t *testing.T) {
	p := seeded(t, "")
	right := p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"issued": 58})
	attended := p.counts(workshop, list(t, "workshop-attendance.csv"), map[string]int{"pending_release": 50, "not_met": 8})
	wrong := p.counts(workshop, "ref,name,email\nX-1,Person 1,x.1@l.example\nX-2,Person 2,x.2@l.example\n", map[string]int{"issued": 2})
	for range 2 {
		a := p.as(p.token, "DELETE", "/v1/uploads/"+wrong.Upload).want(t, http.StatusOK)
		if string(bytes.TrimSpace(a.body)) != `{"revoked":2,"voided":0,"kept":0}` {
			t.Errorf("%s", a.body)
		}
	}
	for _, row := range wrong.Rows {
		if v := p.get(strings.TrimPrefix(row.VerifyURL, p.base) + "?format=json"); !bytes.Contains(v.body, []byte(`"revoked"`)) {
			t.Errorf("%s: %.200s", row.Ref, v.body)
		}
	}
	if a := p.as(p.token, "DELETE", "/v1/uploads/"+attended.Upload).want(t, http.StatusOK); string(bytes.TrimSpace(a.body)) != `{"revoked":0,"voided":50,"kept":0}` {
		t.Errorf("%s", a.body)
	}
	var released struct{ Issued int }
	p.release("uh-kit-2025", "{}").want(t, http.StatusOK).into(t, &released)
	if released.Issued != 0 {
		t.Errorf("%d were released of a list that was taken back", released.Issued)
	}
	p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"existing": 58})
	p.counts(workshop, list(t, "workshop-attendance.csv"), map[string]int{"issued": 50, "not_met": 8})

	var u uploadAnswer
	p.as(p.token, "GET", "/v1/uploads/"+right.Upload).want(t, http.StatusOK).into(t, &u)
	if u.ID != right.Upload || u.Activity != "uh-kit-2025" || u.Issuer != "urban-health-learning" || u.Rows != 58 || u.Summary["issued"] != 58 ||
		!strings.HasPrefix(u.Actor, "token:") || u.TakenBack != nil || u.Withdrawn != nil {
		t.Errorf("%+v", u)
	}
	a := p.as(p.token, "GET", "/v1/uploads/"+attended.Upload).want(t, http.StatusOK)
	if a.into(t, &u); u.TakenBack == nil || u.Withdrawn == nil || u.Withdrawn.Voided != 50 {
		t.Errorf("%+v", u)
	}
	if bytes.Contains(a.body, []byte("Participant")) || bytes.Contains(a.body, []byte("W25-")) {
		t.Errorf("it names people: %s", a.body)
	}
	if stored := p.store.text("P/live/u/"); strings.Contains(stored, "Participant") {
		t.Errorf("stored with names: %s", stored)
	}
}

// text is all that is stored under a prefix.
func (f *faulty) text(prefix string) string {
	var all strings.Builder
	_ = f.View(context.Background(), func(r store.Reader) error {
		return r.Scan([]byte(prefix), nil, func(k, v []byte) error {
			fmt.Fprintf(&all, "%s %s\n", k, v)
			return nil
		})
	})
	return all.String()
}

func TestUploadsOverHTTP(t *testing.T) {
	p := seeded(t, "")
	var ids []string
	for n := range 5 {
		a := p.counts(workshop, fmt.Sprintf("ref,name,email\nX-%d,Person %d,x.%d@l.example\n", n, n, n), map[string]int{"issued": 1})
		ids = append([]string{a.Upload}, ids...)
		p.clock.advance(time.Second)
	}
	p.counts("/v1/rosters/dh-planning-fr-2025", "ref,name,email\nX-1,Person 1,x.1@l.example\n", map[string]int{"not_met": 1})
	var got []string
	next := "/v1/uploads?limit=2&activity=uh-kit-2025"
	for pages := 0; next != ""; pages++ {
		var page struct {
			Items []uploadAnswer
			Next  *string
		}
		p.as(p.token, "GET", next).want(t, http.StatusOK).into(t, &page)
		for _, u := range page.Items {
			got = append(got, u.ID)
		}
		if next = ""; page.Next != nil {
			next = strings.TrimPrefix(*page.Next, p.base)
		}
		if pages > 2 {
			t.Fatal("pages without end")
		}
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("listed %v, want %v", got, ids)
	}
	var all struct{ Items []uploadAnswer }
	if p.as(p.token, "GET", "/v1/uploads").want(t, http.StatusOK).into(t, &all); len(all.Items) != 6 {
		t.Errorf("%d uploads", len(all.Items))
	}
	p.as(p.token, "GET", "/v1/uploads?cursor=nothing").problem(t, http.StatusBadRequest, "invalid_parameter")
	p.as(p.token, "GET", "/v1/uploads?limit=0").problem(t, http.StatusBadRequest, "invalid_parameter")
	p.as(p.token, "GET", "/v1/uploads/nothing").problem(t, http.StatusNotFound, "not_found")
	p.as(p.token, "DELETE", "/v1/uploads/"+strings.Repeat("A", 22)).problem(t, http.StatusNotFound, "not_found")
}

// Whose list it is: to everybody else it does not exist.
func TestUploadsOfOthers(t *testing.T) {
	p := seeded(t, "")
	mine := p.counts(workshop, "ref,name,email\nX-1,Person 1,x.1@l.example\n", map[string]int{"issued": 1})
	for name, limits := range map[string]auth.Token{
		"another issuer":   {Issuers: []string{"digital-health-learning"}},
		"another activity": {Activities: []string{"dh-planning-fr-2025"}},
		"one country":      {Country: "KE"},
		"trials":           {Test: true},
	} {
		if limits.Issuers == nil {
			limits.Issuers = []string{auth.Any}
		}
		limits.Scopes = []auth.Scope{auth.Roster}
		token := p.world.token(limits)
		for _, method := range []string{"GET", "DELETE"} {
			p.as(token, method, "/v1/uploads/"+mine.Upload).problem(t, http.StatusNotFound, "not_found")
		}
		if a := p.as(token, "GET", "/v1/uploads").want(t, http.StatusOK); bytes.Contains(a.body, []byte(mine.Upload)) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	p.as(p.world.token(auth.Token{Scopes: []auth.Scope{auth.Issue, auth.Read, auth.Revoke}}), "DELETE", "/v1/uploads/"+mine.Upload).problem(t, http.StatusForbidden, "scope_missing")
	if v := p.get(strings.TrimPrefix(mine.Rows[0].VerifyURL, p.base) + "?format=json"); bytes.Contains(v.body, []byte(`"revoked"`)) {
		t.Errorf("it was taken back: %.300s", v.body)
	}
}

// A token of one country uploads people of that country, as they are known and
// as they are told.
func TestListsOfOneCountry(t *testing.T) {
	p := seeded(t, "")
	all := p.token
	p.token = p.world.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{auth.Any}, Country: "KE"})
	a := p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"issued": 4, "error": 54})
	for _, row := range a.Rows {
		if row.Outcome == "error" && row.Code != "country_not_granted" {
			t.Errorf("%+v", row)
		}
	}
	p.as(p.token, "GET", "/v1/uploads/"+a.Upload).want(t, http.StatusOK)
	p.token = all
	p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"existing": 4, "issued": 54})
	kenyans := 0
	p.token = p.world.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{auth.Any}, Country: "KE"})
	var said listAnswer
	p.upload(workshop, list(t, "workshop-attendance.csv")).want(t, http.StatusOK).into(t, &said)
	for _, row := range said.Rows {
		if row.Code != "country_not_granted" {
			kenyans++
		}
	}
	moved := p.counts(workshop, "ref,name,email,country\nW25-01,Participant 01,participant.01@roster.example,KE\n", map[string]int{"error": 1})
	if kenyans != 4 || moved.Rows[0].Code != "country_not_granted" {
		t.Errorf("%d of the attendance list, and one who is of another country: %+v", kenyans, moved.Rows[0])
	}
	p.release("uh-kit-2025", "{}").problem(t, http.StatusForbidden, "token_limited")
}

// What is tried with a list is marked, apart, and counts nowhere.
func TestTrialOfALists(t *testing.T) {
	p := seeded(t, "")
	for _, slug := range []string{"urban-health-learning", "digital-health-learning"} {
		must(p.issuer.MakeTestIssuer(t.Context(), slug, "test"))(t)
	}
	all := p.token
	p.token = p.world.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{auth.Any}, Test: true})
	a := p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"issued": 58})
	p.counts(workshop, list(t, "workshop-attendance.csv"), map[string]int{"pending_release": 50, "not_met": 8})
	var released struct{ Issued int }
	if p.release("uh-kit-2025", "{}").want(t, http.StatusOK).into(t, &released); released.Issued != 50 {
		t.Errorf("%+v", released)
	}
	if v := p.get(strings.TrimPrefix(a.Rows[0].VerifyURL, p.base) + "?format=json"); !bytes.Contains(v.body, []byte(`"test_issuer"`)) {
		t.Errorf("%.300s", v.body)
	}
	p.as(p.token, "GET", "/v1/uploads/"+a.Upload).want(t, http.StatusOK)
	p.token = all
	p.as(p.token, "DELETE", "/v1/uploads/"+a.Upload).problem(t, http.StatusNotFound, "not_found")
	p.counts(workshop, list(t, "workshop-roster.csv"), map[string]int{"issued": 58})
	p.counts(workshop, list(t, "workshop-attendance.csv"), map[string]int{"pending_release": 50, "not_met": 8})
}

// A release that is cut short is carried on by the next one, and tells how far
// it is.
func TestReleaseCutShort(t *testing.T) {
	p := seeded(t, "")
	const size, part = 600, 250 // so many share a transaction
	var body strings.Builder
	body.WriteString("ref,name,email,2025-06-20,2025-06-27,2025-07-04,exercise\n")
	for n := range size {
		fmt.Fprintf(&body, "P-%d,Person %d,person.%d@many.example,1,1,1,accepted\n", n, n, n)
	}
	p.counts(workshop+"?achievement=uh-kit-completion", body.String(), map[string]int{"pending_release": size})
	req := must(http.NewRequest(http.MethodPost, p.address+"/v1/activities/uh-kit-2025/release", nil))(t)
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Accept", wireLines)
	resp := must(p.client.Do(req))(t)
	defer resp.Body.Close()
	dec := json.NewDecoder(resp.Body)
	var last map[string]any
	for {
		var line map[string]any
		if err := dec.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if line["done"] != nil {
			p.store.fail(store.ErrFull, nil)
		}
		last = line
	}
	p.store.fail(nil, nil)
	if last["error"] == nil {
		t.Fatalf("last %v", last)
	}
	out := p.badges()
	if out == 0 || out == size {
		t.Fatalf("%d badges when it was cut short", out)
	}
	a := p.release("uh-kit-2025", `{}`, "Accept", wireLines).want(t, http.StatusOK)
	lines := bytes.Split(bytes.TrimSpace(a.body), []byte("\n"))
	var end struct{ Issued int }
	if err := json.Unmarshal(lines[len(lines)-1], &end); err != nil || end.Issued != size-out || len(lines) <= (size-out+part-1)/part || p.badges() != size {
		t.Errorf("%s: %d badges, %d of them before, %v", a.body, p.badges(), out, err)
	}
}

func TestReleaseRefuses(t *testing.T) {
	p := seeded(t, "")
	p.release("nothing", "{}").problem(t, http.StatusNotFound, "not_found")
	p.release("uh-kit-2025", `{"edition":"2099"}`).problem(t, http.StatusUnprocessableEntity, "unknown_edition")
	p.release("uh-kit-2025", `{"editions":"2025-1"}`).problem(t, http.StatusBadRequest, "unknown_member")
	p.release("uh-kit-2025", `{"edition":1}`).problem(t, http.StatusBadRequest, "wrong_type")
	p.do(request{method: "POST", path: "/v1/activities/uh-kit-2025/release?edition=2025-1", token: p.token}).problem(t, http.StatusBadRequest, "unknown_parameter")
	p.token = p.world.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{auth.Any}, Activities: []string{"another"}})
	p.release("uh-kit-2025", "{}").problem(t, http.StatusForbidden, "activity_not_granted")
	p.token = p.world.token(auth.Token{Scopes: []auth.Scope{auth.Roster}, Issuers: []string{"digital-health-learning"}})
	p.release("uh-kit-2025", "{}").problem(t, http.StatusForbidden, "achievement_unknown")
}

// Work that takes longer than the server's time-outs goes on, and is answered.
func TestLongWork(t *testing.T) {
	p := seeded(t, "")
	handler := p.handler
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute, ReadTimeout: 300 * time.Millisecond, WriteTimeout: 400 * time.Millisecond}
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	p.address = "http://" + listener.Addr().String()
	sizes := []int{1500, 5000} // on a fast machine the first is not long enough
	if raceDetector {
		sizes = []int{400, 1500}
	}
	known, took := 0, time.Duration(0)
	for _, size := range sizes {
		want := map[string]int{"issued": size - known}
		if known > 0 {
			want["existing"] = known
		}
		start := time.Now()
		p.counts(workshop, many(size), want)
		if took = time.Since(start); took >= 500*time.Millisecond {
			return
		}
		known = size
	}
	t.Fatalf("%v is no long work", took)
}
