package wire_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"laurel/api/wire"
)

var page = []byte("<!doctype html><title>x</title>" + strings.Repeat("<p>The same again.", 300))

func ask(t *testing.T, s *wire.Squeezer, method, encoding string, handle wire.Handler) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	if err := s.Squeezed(handle)(w, r); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), raw
}

func TestSqueezed(t *testing.T) {
	s := new(wire.Squeezer)
	send := func(mediaType string, status int, raw []byte) wire.Handler {
		return func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("ETag", `"a"`)
			wire.WriteBytes(w, mediaType, status, raw)
			return nil
		}
	}
	const html = "text/html; charset=utf-8"
	for _, c := range []struct {
		name, method, encoding string
		handle                 wire.Handler
		raw                    []byte
		squeezed, varies       bool
	}{
		{"a page", "GET", "gzip, deflate, br", send(html, 200, page), page, true, true},
		{"again, with a used writer", "GET", "br;q=1.0, gzip;q=0.5", send(html, 200, page), page, true, true},
		{"for anything", "GET", "*", send(html, 200, page), page, true, true},
		{"refused", "GET", "gzip;q=0, *", send(html, 200, page), page, false, true},
		{"refused in other words", "GET", "identity, GZIP; q=0.000", send(html, 200, page), page, false, true},
		{"not asked for", "GET", "", send(html, 200, page), page, false, true},
		{"a short one", "GET", "gzip", send(html, 200, page[:100]), page[:100], false, true},
		{"a huge one", "GET", "gzip", send(html, 200, bytes.Repeat(page, 300)), bytes.Repeat(page, 300), false, true},
		{"what failed", "GET", "gzip", send(html, 404, page), page, false, true},
		{"an answer to what was sent", "POST", "gzip", send(html, 200, page), page, false, false},
		{"a picture", "GET", "gzip", send("image/png", 200, page), page, false, false},
		{"signed bytes", "GET", "gzip", send("application/vc", 200, page), page, false, false},
	} {
		r, raw := ask(t, s, c.method, c.encoding, c.handle)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != c.squeezed {
			t.Errorf("%s: compressed: %v", c.name, got)
			continue
		}
		if varies := strings.Contains(r.Header.Get("Vary"), "Accept-Encoding"); varies != c.varies {
			t.Errorf("%s: Vary is %q", c.name, r.Header.Get("Vary"))
		}
		if tag := r.Header.Get("ETag"); strings.HasPrefix(tag, "W/") != c.squeezed {
			t.Errorf("%s: ETag %s", c.name, tag)
		}
		if r.ContentLength != int64(len(raw)) {
			t.Errorf("%s: %d bytes are announced and %d sent", c.name, r.ContentLength, len(raw))
		}
		if c.squeezed {
			if len(raw) > len(c.raw)/5 {
				t.Errorf("%s: %d bytes of %d", c.name, len(raw), len(c.raw))
			}
			z, err := gzip.NewReader(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if raw, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(raw, c.raw) {
			t.Errorf("%s: other bytes came", c.name)
		}
	}
}

// A handler that failed has written nothing, so that the problem can be told.
func TestSqueezedFaults(t *testing.T) {
	failed := errors.New("failed")
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	err := new(wire.Squeezer).Squeezed(func(http.ResponseWriter, *http.Request) error { return failed })(w, r)
	if !errors.Is(err, failed) || w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("%v, %v", err, w.Header())
	}
}

// What a cache has is still good, whichever form it came in.
func TestSqueezedRevalidation(t *testing.T) {
	serve := func(w http.ResponseWriter, r *http.Request) error {
		wire.ServeCached(w, r, "text/css; charset=utf-8", wire.Forever, page)
		return nil
	}
	s := new(wire.Squeezer)
	first, _ := ask(t, s, "GET", "gzip", serve)
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", first.Header.Get("ETag"))
	w := httptest.NewRecorder()
	if err := s.Squeezed(serve)(w, r); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 || !strings.HasPrefix(first.Header.Get("ETag"), "W/") {
		t.Errorf("%d %q for %q", w.Code, w.Body, first.Header.Get("ETag"))
	}
}
