package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
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

// An answer that is kept says all that the one said that was made, and nothing
// twice: to those who speak plain HTTP/1 its header goes another way.
func TestKeptAnswersSayTheSame(t *testing.T) {
	r := serving(t)
	token := r.token(t, "issue,manage")
	r.ask(t, "PUT", "/v1/achievements/first-aid", token, firstAid)
	_, body := r.ask(t, "POST", "/v1/credentials", token, `{"achievement":"first-aid","recipient":{"name":"Ana Example"},"awardedAt":"2025-07-11"}`)
	var issued struct{ ID string }
	if err := json.Unmarshal([]byte(body), &issued); err != nil || issued.ID == "" {
		t.Fatal(body)
	}
	for _, path := range []string{"", ".json", "/qr.svg", "/qr.png"} {
		for _, accept := range []string{"text/html", "application/json"} {
			var before http.Header
			for hits := r.metric(t, `laurel_answers_total{result="hit"}`); ; { // a second may end between two
				res, bytes := r.raw(t, "/credentials/"+issued.ID+path, accept)
				id, date := res.Header.Get("X-Request-Id"), res.Header.Get("Date")
				if id == "" || date == "" || res.Header.Get("Content-Type") == "" || res.ContentLength != bytes {
					t.Fatalf("%s: %v, %d bytes", path, res.Header, bytes)
				}
				delete(res.Header, "X-Request-Id")
				delete(res.Header, "Date")
				if before != nil && !reflect.DeepEqual(res.Header, before) {
					t.Fatalf("%s %s: it says\n%v\nand said\n%v", path, accept, res.Header, before)
				}
				before = res.Header
				if r.metric(t, `laurel_answers_total{result="hit"}`) > hits {
					break
				}
			}
		}
	}
}

// raw asks for a path on a connection that is kept, and counts the answer's bytes.
func (r *running) raw(t *testing.T, path, accept string) (*http.Response, int64) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "identity") // or the client unpacks, and hides the length
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, n
}
