package wire

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// What is sent compressed, in bytes: less gains nothing, and of more nobody is to
// make us compress much.
const leastSqueezed, mostSqueezed = 1 << 10, 1 << 20

// Squeezer compresses answers for those who take them so: over a thin line a page
// takes a fifth of the time. It is for what is public alone. Where an answer mixed
// a secret with what a stranger sent, its length would tell of the secret
// (BREACH). It is safe for concurrent use.
type Squeezer struct{ writers sync.Pool }

// Squeezed is a handler whose whole answers to GET are compressed, where they are
// text (RFC 9110 section 8.4.1.3).
func (s *Squeezer) Squeezed(handle Handler) Handler { return s.squeezed(handle, http.MethodGet) }

// SqueezedForm is Squeezed for answers to POST that have nothing in them but what was
// sent and what is public.
func (s *Squeezer) SqueezedForm(handle Handler) Handler { return s.squeezed(handle, http.MethodPost) }

func (s *Squeezer) squeezed(handle Handler, method string) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != method {
			return handle(w, r)
		}
		p := &pending{ResponseWriter: w, takes: TakesGzip(r.Header.Values("Accept-Encoding"))}
		if err := handle(p, r); err != nil {
			return err // nothing was written, so that a problem can be
		}
		s.send(p)
		return nil
	}
}

// TakesGzip reads the lines of Accept-Encoding (RFC 9110 section 12.5.3).
func TakesGzip(fields []string) bool {
	any := false
	for part := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		name, params, _ := strings.Cut(strings.ToLower(part), ";")
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		wanted := !found || err == nil && weight > 0
		switch strings.TrimSpace(name) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}

// pending keeps an answer back until it is whole, if it is one to compress.
type pending struct {
	http.ResponseWriter
	takes   bool
	decided bool
	keeps   bool
	status  int
	body    bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (h *pending) WriteHeader(status int) {
	if h.decided {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.decided, h.status = true, status
	if text(h.Header().Get("Content-Type")) {
		Vary(h, "Accept-Encoding")
		length, err := strconv.Atoi(h.Header().Get("Content-Length"))
		h.keeps = h.takes && status == http.StatusOK && err == nil && length >= leastSqueezed && length <= mostSqueezed
	}
	if !h.keeps {
		h.ResponseWriter.WriteHeader(status)
	}
}

func text(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/html") || strings.HasPrefix(mediaType, "text/css") || strings.HasPrefix(mediaType, "text/javascript")
}

// Write implements http.ResponseWriter.
func (h *pending) Write(b []byte) (int, error) {
	if !h.decided {
		h.WriteHeader(http.StatusOK)
	}
	if h.keeps {
		return h.body.Write(b)
	}
	return h.ResponseWriter.Write(b)
}

func (s *Squeezer) send(h *pending) {
	if !h.keeps {
		return
	}
	z, ok := s.writers.Get().(*gzip.Writer)
	if !ok {
		z = gzip.NewWriter(nil)
	}
	defer s.writers.Put(z)
	var b bytes.Buffer
	z.Reset(&b)
	_, _ = z.Write(h.body.Bytes()) // a buffer takes everything
	_ = z.Close()
	header := h.Header()
	header.Set("Content-Encoding", "gzip")
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	if tag := header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		header.Set("ETag", "W/"+tag) // the same thing in other bytes (RFC 9110 section 8.8.1)
	}
	h.ResponseWriter.WriteHeader(h.status)
	_, _ = h.ResponseWriter.Write(b.Bytes()) // the caller may have gone
}
