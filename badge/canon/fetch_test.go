package canon_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"laurel/badge/canon"
	"laurel/internal/strictjson"
)

// TestContextsAreNeverFetched: whatever names a context, and in every place
// where JSON-LD has one, no connection is opened and no file is read.
func TestContextsAreNeverFetched(t *testing.T) {
	var hits atomic.Int64
	const context = `{"@context":{"secret":"https://x.example/secret"}}`
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(context)) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			hits.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "context.jsonld")
	if err := os.WriteFile(file, []byte(context), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(file))
	c := newCanonicalizer(t)
	const v2 = `"https://www.w3.org/ns/credentials/v2"`
	for _, at := range []string{server.URL, server.URL + "/context.jsonld", "file://" + file, file, "context.jsonld", "./context.jsonld", "//" + server.Listener.Addr().String(),
		"https://www.w3.org/ns/credentials/v2#x", "https://www.w3.org/ns/credentials/V2", " https://www.w3.org/ns/credentials/v2", "http://www.w3.org/ns/credentials/v2", "/etc/hostname", "", "."} {
		for place, document := range map[string]string{
			"alone":              `{"@context":"` + at + `","secret":"x"}`,
			"second":             `{"@context":[` + v2 + `,"` + at + `"],"secret":"x"}`,
			"second, wholly":     `{"@context":[` + v2 + `,"` + at + `",{"a":"urn:a"}],"a":"b","secret":"x"}`,
			"imported":           `{"@context":[` + v2 + `,{"@import":"` + at + `"}],"secret":"x"}`,
			"imported and kept":  `{"@context":[` + v2 + `,{"@version":1.1,"@import":"` + at + `","a":"urn:a"}],"secret":"x"}`,
			"scoped to a term":   `{"@context":[` + v2 + `,{"a":{"@id":"urn:a","@context":"` + at + `"}}],"a":{"secret":"x"}}`,
			"scoped to a type":   `{"@context":[` + v2 + `,{"A":{"@id":"urn:a","@context":["` + at + `"]}}],"type":"A","secret":"x"}`,
			"within a node":      `{"@context":[` + v2 + `],"name":"n","issuer":{"@context":"` + at + `","secret":"x"}}`,
			"within, inline too": `{"@context":[` + v2 + `,{"a":"urn:a"}],"a":{"@context":"` + at + `","secret":"x"}}`,
			"in a list of lists": `{"@context":[` + v2 + `,[["` + at + `"]]],"secret":"x"}`,
		} {
			v, err := strictjson.Parse([]byte(document), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, inline := range []bool{false, true} {
				if out, err := c.Canonicalize(canon.Input{Node: v, InlineContexts: inline}); err == nil {
					t.Errorf("%s, %q, inline %t, is taken as\n%s", place, at, inline, out)
				}
			}
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}
