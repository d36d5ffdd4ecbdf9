package cache

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"laurel/api/wire"
	"laurel/store"
)

// key is all of a request that an answer depends on. What a method asks for is
// made of the answer to GET.
type key struct {
	path, query, accept, languages string
	gzip                           bool
}

// longest bounds each part of a key, in bytes: a browser's Accept has some 150.
const longest = 300

// keyOf is the key of a request, where its answer is one that may be kept.
func keyOf(r *http.Request) (k key, ok bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return key{}, false
	}
	for _, name := range [...]string{"Authorization", "If-Match", "If-Unmodified-Since", "Expect"} {
		if _, has := r.Header[name]; has {
			return key{}, false
		}
	}
	accept, one := only(r.Header["Accept"])
	languages, alone := only(r.Header["Accept-Language"])
	k = key{r.URL.Path, r.URL.RawQuery, accept, languages, false}
	if !one || !alone || !plain(k.query) || max(len(k.path), len(k.query), len(accept), len(languages)) > longest {
		return key{}, false
	}
	k.gzip = wire.TakesGzip(r.Header["Accept-Encoding"])
	return k, true
}

// only is the one line of a header, or "".
func only(lines []string) (line string, ok bool) {
	if len(lines) == 0 {
		return "", true
	}
	return lines[0], len(lines) == 1
}

// plain tells of a query that it asks for a language at most.
func plain(query string) bool {
	lang, ok := strings.CutPrefix(query, "lang=")
	return query == "" || ok && !strings.ContainsAny(lang, "&;=%+")
}

// unconditional is a request for the whole answer to GET.
func unconditional(r *http.Request) *http.Request { // r is the caller's own copy
	r.Method = http.MethodGet
	if _, has := r.Header["If-None-Match"]; has {
		r.Header = maps.Clone(r.Header)
		delete(r.Header, "If-None-Match")
	}
	return r
}

// Answer is a whole answer as it goes out. It does not change.
type Answer struct {
	route  string
	status int
	header http.Header // but for the number of the request
	head   []byte      // header as HTTP/1 writes it, but for what net/http has to know
	body   []byte

	counts  bool  // as a verification
	second  int64 // since 1970, in which it was made
	changes uint64
	reads   *store.Reads
	size    int                           // of reads
	seen    atomic.Pointer[store.Version] // at which reads were last found the same
}

// Headers: the one that is never the same, and the one by which net/http knows where
// the answer ends.
const (
	requestID = "X-Request-Id"
	length    = "Content-Length"
)

func (a *Answer) take(made *recorder, r *http.Request) {
	a.route, a.status, a.body = r.Pattern, made.status, made.body.Bytes()
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.header = made.Header().Clone()
	delete(a.header, requestID)
	for name, lines := range a.header {
		a.header[name] = slices.Clip(lines) // who adds a line gets a copy
	}
	if _, told := a.header[length]; !told && a.status == http.StatusOK {
		a.header.Set(length, strconv.Itoa(len(a.body)))
	}
	var head bytes.Buffer
	_ = a.header.WriteSubset(&head, map[string]bool{length: true}) // a Buffer takes everything
	a.head = head.Bytes()
}

func (a *Answer) keepable() bool {
	for _, name := range [...]string{"Set-Cookie", "Connection", "Date", "Trailer", "Transfer-Encoding"} {
		if _, has := a.header[name]; has {
			return false
		}
	}
	return a.status == http.StatusOK && len(a.body) <= largest
}

// overhead is what an Answer takes beside its bytes, roughly.
const overhead = 1 << 10

func (a *Answer) weight() int {
	n := overhead + len(a.body) + len(a.head) + a.size
	for name, lines := range a.header {
		n += len(name)
		for _, line := range lines {
			n += len(line) + 2*16
		}
	}
	return n
}

// Route is the pattern of the address, as it stands in the log.
func (a *Answer) Route() string { return a.route }

// Counts tells whether it is an answer that counts as a verification of its caller.
func (a *Answer) Counts() bool { return a.counts }

// Write answers a request with it, and tells the status: 304 where the caller has
// it already (RFC 9110 section 13.1.2). Where head is not nil and true, it sends
// the lines that it is given itself.
func (a *Answer) Write(w http.ResponseWriter, r *http.Request, head func(lines []byte) bool) (status int) {
	h := w.Header()
	switch {
	case a.status == http.StatusOK && a.has(r):
		maps.Copy(h, a.header)
		delete(h, "Content-Type")
		delete(h, length)
		delete(h, "Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	case head != nil && head(a.head):
		h[length] = a.header[length]
		h["Content-Type"] = nil // has been told: net/http does not guess it
	default:
		maps.Copy(h, a.header)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the caller may have gone
	}
	return a.status
}

// has tells whether the caller has the answer, by the weak comparison of tags.
func (a *Answer) has(r *http.Request) bool {
	lines, tags := r.Header["If-None-Match"], a.header["Etag"]
	if len(lines) == 0 || len(tags) == 0 {
		return false
	}
	tag := strings.TrimPrefix(tags[0], "W/")
	for _, line := range lines {
		for given := range strings.SplitSeq(line, ",") {
			given = strings.TrimSpace(given)
			if given == "*" || strings.TrimPrefix(given, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// recorder keeps an answer back until it is whole.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (c *recorder) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

// Write implements http.ResponseWriter.
func (c *recorder) Write(b []byte) (int, error) { return c.body.Write(b) }
