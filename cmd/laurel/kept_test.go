package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A list of issuers that changes shows on pages that are asked for all the time,
// and so are kept: who is added, and who is taken off.
func TestTrustShowsOnKeptPages(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.json")
	says := func(issuer string) {
		save(t, list, fmt.Appendf(nil, `{"name":"Ministry of Examples","issuers":[{"id":%q}]}`, issuer))
	}
	says("did:web:elsewhere.example")
	r := serving(t, "--trust", list)
	token := r.token(t, "issue,manage")
	if code, body := r.ask(t, "PUT", "/v1/achievements/first-aid", token, firstAid); code != http.StatusCreated {
		t.Fatalf("%d %s", code, body)
	}
	code, body := r.ask(t, "POST", "/v1/credentials", token, `{"achievement":"first-aid","recipient":{"name":"Ana Example"},"awardedAt":"2025-07-11"}`)
	var issued struct{ ID string }
	if err := json.Unmarshal([]byte(body), &issued); err != nil || code != http.StatusCreated {
		t.Fatalf("%d %s", code, body)
	}
	var signed struct{ Issuer struct{ ID string } }
	if _, body := r.ask(t, "GET", "/credentials/"+issued.ID+".json", "", ""); json.Unmarshal([]byte(body), &signed) != nil || signed.Issuer.ID == "" {
		t.Fatal(body)
	}
	page := func() string {
		code, body := r.ask(t, "GET", "/v/"+issued.ID+"?lang=en", "", "")
		if code != http.StatusOK {
			t.Fatalf("%d %s", code, body)
		}
		return body
	}
	for _, step := range []struct {
		issuer string
		listed bool
	}{{signed.Issuer.ID, true}, {"did:web:another.example.org", false}} {
		if strings.Contains(page(), "Ministry of Examples") == step.listed {
			t.Fatal("it shows before it was said")
		}
		says(step.issuer)
		for strings.Contains(page(), "Ministry of Examples") != step.listed { // until go test gives up
			time.Sleep(20 * time.Millisecond)
		}
	}
	if r.metric(t, `laurel_answers_total{result="hit"}`) == 0 {
		t.Error("no page was kept")
	}
}
