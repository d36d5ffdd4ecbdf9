package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
)

type batchAnswer struct {
	DryRun  bool
	Results []struct {
		Index, Status int
		Outcome, ID   string
		Replayed      bool
		Error         *struct {
			Code, Pointer, Message string
			Errors                 []struct{ Pointer, Code, Message string }
		}
	}
	Summary map[string]int
}

func items(list ...string) string { return `{"items":[` + strings.Join(list, ",") + `]}` }

func TestBatch(t *testing.T) {
	w := newWorld(t)
	w.issue(1)
	body := items(award(1), award(2), strings.Replace(award(3), "Ana Mora 3", "", 1), strings.Replace(award(4), "healthy-city", "nothing", 1),
		`"a text"`, strings.Replace(award(5), `"language"`, `"proof":1,"language"`, 1), strings.Replace(award(6), "healthy-city", "other-badge", 1))
	var b batchAnswer
	w.post("/v1/credentials/batch", body).want(t, http.StatusMultiStatus).into(t, &b)
	want := []struct {
		status                 int
		outcome, code, pointer string
	}{
		{200, "existing", "", ""}, {201, "issued", "", ""}, {422, "error", "required", "/recipient/name"},
		{422, "error", "achievement_unknown", "/achievement"}, {400, "error", "wrong_type", ""}, {400, "error", "unknown_member", "/proof"},
		{201, "issued", "", ""}, // the token speaks for both issuers
	}
	if len(b.Results) != len(want) {
		t.Fatalf("%d results", len(b.Results))
	}
	for n, r := range b.Results {
		if r.Index != n || r.Status != want[n].status || r.Outcome != want[n].outcome {
			t.Errorf("item %d: %+v", n, r)
		}
		if (r.Error == nil) != (want[n].code == "") || r.Error != nil && (r.Error.Code != want[n].code || r.Error.Pointer != want[n].pointer || r.Error.Message == "") {
			t.Errorf("item %d: error %+v, want %s", n, r.Error, want[n].code)
		}
		if (r.ID == "") != (r.Error != nil) {
			t.Errorf("item %d: id %q", n, r.ID)
		}
	}
	if fmt.Sprint(b.Summary) != "map[error:4 existing:1 issued:2]" {
		t.Errorf("summary %v", b.Summary)
	}
	if n := w.store.count("n/"); n != 3 {
		t.Errorf("%d badges", n)
	}
}

func TestDryBatchWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.issue(1)
	for limit := time.Now().Add(time.Minute); w.store.count("w/") == 0; time.Sleep(time.Millisecond) { // its second form is made beside
		if time.Now().After(limit) {
			t.Fatal("the badge got no second form")
		}
	}
	before := w.store.count("")
	var b batchAnswer
	w.post("/v1/credentials/batch?dry_run=true", items(award(1), award(2), strings.Replace(award(3), "2025-07-11", "x", 1)), "Idempotency-Key", "dry").
		want(t, http.StatusMultiStatus).into(t, &b)
	if !b.DryRun || fmt.Sprint(b.Summary) != "map[error:1 existing:1 would_issue:1]" || b.Results[1].Status != 200 || b.Results[1].ID != "" {
		t.Errorf("%+v", b)
	}
	if after := w.store.count(""); after != before {
		t.Errorf("%d records before, %d after", before, after)
	}
}

func TestBatchIsRepeatable(t *testing.T) {
	w := newWorld(t)
	own := strings.Replace(award(3), `"language"`, `"idempotencyKey":"own","language"`, 1)
	body := items(award(1), award(2), own)
	ids := func(a answer, replayed bool) string {
		t.Helper()
		var b batchAnswer
		a.want(t, http.StatusMultiStatus).into(t, &b)
		out := ""
		for _, r := range b.Results {
			out += r.ID + " "
			if r.Status != http.StatusCreated || r.Replayed != replayed {
				t.Errorf("%+v", r)
			}
		}
		return out
	}
	first := ids(w.post("/v1/credentials/batch", body, "Idempotency-Key", "night-1"), false)
	if again := ids(w.post("/v1/credentials/batch", body, "Idempotency-Key", "night-1"), true); again != first {
		t.Errorf("first %s, then %s", first, again)
	}
	// An item's own key is that of a request of its own.
	single := w.post("/v1/credentials", award(3), "Idempotency-Key", "own").want(t, http.StatusCreated)
	if single.header.Get("Idempotent-Replayed") != "true" || !strings.Contains(first, single.object(t)["id"].(string)) {
		t.Errorf("%s", single.body)
	}
	// The batch's key is no key of any single request.
	if a := w.post("/v1/credentials", award(1), "Idempotency-Key", "night-1"); a.status != http.StatusOK || a.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	// Another item in the same place is another request.
	var b batchAnswer
	w.post("/v1/credentials/batch", items(award(7), award(2), own), "Idempotency-Key", "night-1").into(t, &b)
	if b.Results[0].Error == nil || b.Results[0].Error.Code != "idempotency_key_reused" || b.Results[0].Status != 422 || b.Results[1].Status != 201 {
		t.Errorf("%+v", b.Results)
	}
	w.post("/v1/credentials/batch", items(strings.Replace(own, `"own"`, `"`+strings.Repeat("k", 256)+`"`, 1))).into(t, &b)
	if b.Results[0].Error == nil || b.Results[0].Error.Code != "idempotency_key_invalid" {
		t.Errorf("%+v", b.Results[0])
	}
}

func TestBatchBounds(t *testing.T) {
	w := newWorld(t)
	w.post("/v1/credentials/batch", `{}`).problem(t, 400, "missing_member")
	w.post("/v1/credentials/batch", `{"items":{}}`).problem(t, 400, "wrong_type")
	w.post("/v1/credentials/batch", `{"items":[],"dry_run":true}`).problem(t, 400, "unknown_member")
	w.post("/v1/credentials/batch?dry_run=yes", items()).problem(t, 400, "invalid_parameter")
	w.post("/v1/credentials/batch?dryRun=true", items()).problem(t, 400, "unknown_parameter")
	w.post("/v1/credentials/batch?dry_run=true&dry_run=true", items()).problem(t, 400, "invalid_parameter")
	many := make([]string, 1001)
	for n := range many {
		many[n] = "0"
	}
	w.post("/v1/credentials/batch", items(many...)).problem(t, 422, "too_many_items")
	w.post("/v1/credentials/batch", items(many[:1000]...)).want(t, http.StatusMultiStatus)
	w.post("/v1/credentials/batch", items()).want(t, http.StatusMultiStatus)
	w.post("/v1/credentials/batch", string(bytes.Repeat([]byte(" "), 9<<20))).problem(t, 413, "too_large")
}

// TestLastPartBringsTheWhole: alone, in a batch and with a token for trials; a
// token that is not for the whole's issuer brings none.
func TestLastPartBringsTheWhole(t *testing.T) {
	w := newWorld(t)
	for slug, part := range map[string]string{"pair": "workshop-participant", "abroad": "other-badge"} {
		w.put("/v1/achievements/"+slug, strings.Replace(definition, `"ladder"`, `"requires":{"all":["healthy-city","`+part+`"]},"ladder"`, 1), w.all).want(t, http.StatusCreated)
	}
	second := func(n int) string { return strings.Replace(award(n), "healthy-city", "workshop-participant", 1) }
	held := func(n int, token string) (slugs []string) {
		var list struct {
			Items []struct{ Achievement string }
		}
		w.do(request{method: "GET", path: fmt.Sprintf("/v1/credentials?email=ana.%d@learner.example", n), token: token}).want(t, http.StatusOK).into(t, &list)
		for _, item := range list.Items {
			slugs = append(slugs, item.Achievement)
		}
		slices.Sort(slugs)
		return slugs
	}
	const whole = "[healthy-city pair workshop-participant]"
	w.post("/v1/credentials", award(1)).want(t, http.StatusCreated)
	w.post("/v1/credentials", second(1)).want(t, http.StatusCreated)
	if got := fmt.Sprint(held(1, w.all)); got != whole {
		t.Errorf("one after another: %s", got)
	}
	var b batchAnswer
	w.post("/v1/credentials/batch?dry_run=true", items(award(2), second(2))).want(t, http.StatusMultiStatus)
	if got := held(2, w.all); len(got) > 0 {
		t.Errorf("a dry run: %s", got)
	}
	w.post("/v1/credentials/batch", items(award(2), second(3), second(2), award(3))).want(t, http.StatusMultiStatus).into(t, &b)
	if fmt.Sprint(b.Summary) != "map[issued:4]" || fmt.Sprint(held(2, w.all), held(3, w.all)) != whole+" "+whole {
		t.Errorf("a batch: %v; %v, %v", b.Summary, held(2, w.all), held(3, w.all))
	}
	_, trial := w.both()
	send := func(token, body string) {
		t.Helper()
		w.do(request{method: "POST", path: "/v1/credentials", body: body, token: token, header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusCreated)
	}
	send(trial, award(4))
	w.post("/v1/credentials", second(4)).want(t, http.StatusCreated)
	if got := fmt.Sprint(held(4, w.all), held(4, trial)); got != "[workshop-participant] [healthy-city]" {
		t.Errorf("a trial and what counts: %s", got)
	}
	send(trial, second(4))
	if got := fmt.Sprint(held(4, w.all), held(4, trial)); got != "[workshop-participant] "+whole {
		t.Errorf("trials: %s", got)
	}
	w.post("/v1/credentials", award(5)).want(t, http.StatusCreated)
	send(w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{other}}), strings.Replace(award(5), "healthy-city", "other-badge", 1))
	if got := fmt.Sprint(held(5, w.all)); got != "[healthy-city other-badge]" {
		t.Errorf("a part of another issuer: %s", got)
	}
}
