package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/auditlog"
)

// A stranger can show that a badge, with exactly these bytes, was in the log
// when a checkpoint was signed.
func TestAStrangerProvesWhenABadgeWasIssued(t *testing.T) {
	w := newWorld(t)
	w.get("/log/checkpoint").problem(t, http.StatusServiceUnavailable, "not_ready")
	b := w.issue(1)
	w.get("/log/entries/"+b.ID).problem(t, http.StatusServiceUnavailable, "not_ready")
	if log := w.log.String(); strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("what is only early is logged as a fault: %s", log)
	}
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.get("/log/entries/nosuchbadge").problem(t, http.StatusNotFound, "not_found")

	names := strings.Fields(string(w.get("/log/key").want(t, http.StatusOK).body))
	signed := w.get("/log/checkpoint").want(t, http.StatusOK).body
	newest, err := auditlog.OpenCheckpoint(signed, names...)
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Entry, Proof string }
	w.get("/log/entries/"+b.ID).want(t, http.StatusOK).into(t, &told)
	proof, err := auditlog.ParseProof([]byte(told.Proof))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := proof.Verify([]byte(told.Entry), names...); err != nil || c != newest {
		t.Errorf("%+v (%v), the newest is %+v", c, err, newest)
	}
	var entry issuer.Event
	if err := json.Unmarshal([]byte(told.Entry), &entry); err != nil {
		t.Fatal(err)
	}
	document := w.get("/credentials/"+b.ID+".json").want(t, http.StatusOK).body
	if entry.Action != "credential.issue" || entry.Subject != b.ID || entry.Document != issuer.DocumentDigest(document) || entry.At.IsZero() {
		t.Errorf("the entry is %s", told.Entry)
	}
	if strings.Contains(told.Entry, "example") {
		t.Errorf("the entry tells of a person: %s", told.Entry)
	}
}

// Each edition has its own record: what proves the newer says nothing about the
// bytes of the older.
func TestEachEditionHasItsEntry(t *testing.T) {
	w := newWorld(t)
	w.put("/v1/achievements/trainer", `{"issuer":"city-school","name":"Trainer","description":"May train.","criteria":"Pass.","validity":"P3Y"}`, w.all).
		want(t, http.StatusCreated)
	b := w.issueOf("trainer", 1)
	w.clock.advance(time.Hour)
	w.post("/v1/credentials/"+b.ID+"/renew", `{}`).want(t, http.StatusOK)
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	for edition, action := range map[string]string{"?edition=1": "credential.issue", "": "credential.renew"} {
		var told struct{ Entry string }
		w.get("/log/entries/"+b.ID+edition).want(t, http.StatusOK).into(t, &told)
		var entry issuer.Event
		if err := json.Unmarshal([]byte(told.Entry), &entry); err != nil {
			t.Fatal(err)
		}
		document := w.get("/credentials/"+b.ID+".json"+edition).want(t, http.StatusOK).body
		if entry.Action != action || entry.Document != issuer.DocumentDigest(document) {
			t.Errorf("edition %q: %s", edition, told.Entry)
		}
	}
}

// What an entry's address answers otherwise, each as described.
func TestEntriesThatAreNotTold(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for _, edition := range []string{"0", "-1", "x", "1000001", "1.5", ""} {
		w.get("/log/entries/"+b.ID+"?edition="+edition).problem(t, http.StatusBadRequest, "invalid_parameter")
	}
	w.get("/log/entries/"+b.ID+"?edition=2").problem(t, http.StatusNotFound, "not_found")
	w.do(request{method: "DELETE", path: "/v1/credentials/" + b.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	w.get("/log/entries/"+b.ID).problem(t, http.StatusGone, "erased")
}
