package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"laurel/internal/door"
	"laurel/internal/jsonwriter"
)

// WriteJSON answers with a value as JSON. Nothing is written if the value
// cannot be.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	return WriteJSONAs(w, "application/json", status, v)
}

// WriteJSONAs is WriteJSON under another JSON media type.
func WriteJSONAs(w http.ResponseWriter, mediaType string, status int, v any) error {
	raw, err := Marshal(v)
	if err != nil {
		return err
	}
	WriteBytes(w, mediaType, status, append(raw, '\n'))
	return nil
}

// Marshal is json.Marshal without HTML escapes: signed bytes within stay as
// they were signed.
func Marshal(v any) ([]byte, error) {
	raw, err := jsonwriter.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the answer: %w", err)
	}
	return raw, nil
}

// WriteBytes answers with bytes, one part after the other.
func WriteBytes(w http.ResponseWriter, mediaType string, status int, parts ...[]byte) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(status)
	for _, part := range parts {
		_, _ = w.Write(part) // the caller may have gone; there is nobody to tell
	}
}

// WriteAtOnce is WriteBytes for answers that are larger than net/http writes at a
// time: all parts go out together, where door.Together can do so.
func WriteAtOnce(w http.ResponseWriter, r *http.Request, mediaType string, status int, parts ...[]byte) {
	if r.ProtoMajor != 1 {
		WriteBytes(w, mediaType, status, parts...)
		return
	}
	door.Together(r.Context(), func() {
		WriteBytes(w, mediaType, status, parts...)
		_ = http.NewResponseController(w).Flush() // or its end would go out by itself
	})
}

// How long caches may keep an answer.
const (
	NoStore    = "no-store"
	Revalidate = "public, no-cache"
	Forever    = "public, max-age=31536000, immutable"
)

// MaxAge is a cache control of some time.
func MaxAge(d time.Duration) string { return fmt.Sprintf("public, max-age=%d", int(d.Seconds())) }

// ServeCached answers a public read with bytes that caches may keep, or with
// 304 where the caller has them already.
func ServeCached(w http.ResponseWriter, r *http.Request, mediaType, cacheControl string, raw []byte) {
	sum := sha256.Sum256(append([]byte(mediaType+"\n"), raw...))
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:15])+`"`)
	// Nothing here is large enough to be had in parts.
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(raw))
}
