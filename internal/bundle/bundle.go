// Package bundle is the file form of one verification: a badge as it was
// received, and everything that was fetched to verify it, byte for byte, with
// the address, the media type and the moment of each. From it alone the same
// questions can be put again later, without a network.
//
// A bundle proves nothing by itself: its digests find damage, and no lie of
// whoever made it. It fetches nothing and judges nothing.
//
// Start at Parse and Bundle.Encode.
package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"laurel/internal/strictjson"
)

// The bounds of a bundle.
const (
	MaxBytes     = 24 << 20 // of the file
	MaxBadge     = 4 << 20  // of the badge, which may be a picture
	MaxDocument  = 1 << 20  // of any other document
	MaxDocuments = 64       // beside the badge

	maxText = 2048 // characters of an address or a media type
)

// The errors. Their texts say what is wrong where.
var (
	ErrDamaged  = errors.New("the bundle is damaged")
	ErrVersion  = errors.New("the bundle is of a version that is not read here")
	ErrTooLarge = errors.New("more than a bundle takes")
)

// Use is what a document was fetched for. A document serves no other use: each
// is asked for under conditions of its own.
type Use string

// The uses.
const (
	Badge  Use = "badge"  // the badge itself, where it was named by its address
	Key    Use = "key"    // keys of an issuer
	Status Use = "status" // a status list
	Page   Use = "page"   // a schema, a newer edition, a related resource
	Log    Use = "log"    // of the audit log of the badge's service
)

// Document is one that was fetched, or the badge.
type Document struct {
	Use       Use
	Address   string    // as it was asked for; "" for a badge that was a file
	MediaType string    // as its host named it; "" where nobody did
	FetchedAt time.Time // UTC
	Bytes     []byte
}

// Bundle is a badge with what was collected for it.
type Bundle struct {
	CollectedAt time.Time // UTC: the moment of the verification
	Badge       Document
	Documents   []Document // each use and address once
}

// Find returns the document that was fetched from an address for a use.
func (b *Bundle) Find(use Use, address string) (Document, bool) {
	for _, d := range b.Documents {
		if d.Use == use && d.Address == address {
			return d, true
		}
	}
	return Document{}, false
}

const version = 1

// file is a bundle as JSON, record a document in it.
type file struct {
	Version     int      `json:"laurelBundle"`
	CollectedAt string   `json:"collectedAt"`
	Badge       record   `json:"badge"`
	Documents   []record `json:"documents"`
}

type record struct {
	Use       string `json:"use"`
	Address   string `json:"address,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	FetchedAt string `json:"fetchedAt"`
	SHA256    string `json:"sha256"` // hexadecimal
	Bytes     string `json:"bytes"`  // base64
}

// beginning is how a bundle begins, so that a damaged one is still known for
// what it is.
var beginning = regexp.MustCompile(`^\s*\{\s*"laurelBundle"\s*:`)

// Is tells whether bytes are meant to be a bundle, damaged ones included.
func Is(raw []byte) bool { return beginning.Match(raw) }

// Encode writes a bundle; Parse reads exactly what it writes. The error is
// ErrTooLarge for one beyond the bounds, and ErrDamaged for what Parse would
// refuse otherwise.
func (b *Bundle) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	f := file{Version: version, CollectedAt: formatTime(b.CollectedAt), Badge: write(b.Badge), Documents: []record{}}
	for _, d := range b.Documents {
		f.Documents = append(f.Documents, write(d))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("writing a bundle: %w", err)
	}
	if out.Len() > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, out.Len())
	}
	return out.Bytes(), nil
}

func write(d Document) record {
	return record{Use: string(d.Use), Address: d.Address, MediaType: d.MediaType, FetchedAt: formatTime(d.FetchedAt),
		SHA256: digest(d.Bytes), Bytes: base64.StdEncoding.EncodeToString(d.Bytes)}
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// formatTime keeps the fraction of the second: dates in badges are compared as
// instants.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Parse reads a bundle: all of it is understood, and every digest holds, or
// the error says what does not. It is ErrDamaged, ErrVersion or ErrTooLarge.
func Parse(raw []byte) (*Bundle, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxBytes)
	}
	root, err := strictjson.Parse(raw, strictjson.Limits{Bytes: MaxBytes, Depth: 4, Nodes: 64 + 16*MaxDocuments})
	if err != nil {
		return nil, fmt.Errorf("%w: %.300q", ErrDamaged, err.Error())
	}
	if !Is(raw) {
		return nil, fmt.Errorf("%w: it does not begin with laurelBundle", ErrDamaged)
	}
	if v := root.Get("laurelBundle"); v.Raw() != strconv.Itoa(version) {
		return nil, fmt.Errorf("%w: %.20q; it reads %d", ErrVersion, v.Raw(), version)
	}
	if root.Get("documents").Kind() != strictjson.Array {
		return nil, fmt.Errorf("%w: /documents: it has no list of them", ErrDamaged)
	}
	var f file
	if err := strictjson.Decode(root, &f); err != nil {
		return nil, fmt.Errorf("%w: %.300q", ErrDamaged, err.Error()) // names of members are anybody's text
	}
	b, err := f.read()
	if err != nil {
		return nil, err
	}
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, nil
}

func (f file) read() (b *Bundle, err error) {
	b = &Bundle{}
	if b.CollectedAt, err = readTime(f.CollectedAt); err != nil {
		return nil, fmt.Errorf("%w: /collectedAt: %w", ErrDamaged, err)
	}
	if b.Badge, err = f.Badge.read(MaxBadge); err != nil {
		return nil, fmt.Errorf("/badge: %w", err)
	}
	if len(f.Documents) > MaxDocuments {
		return nil, fmt.Errorf("%w: %d documents", ErrTooLarge, len(f.Documents))
	}
	for n, r := range f.Documents {
		d, err := r.read(MaxDocument)
		if err != nil {
			return nil, fmt.Errorf("/documents/%d (%.200q): %w", n, r.Address, err)
		}
		b.Documents = append(b.Documents, d)
	}
	return b, nil
}

func (r record) read(limit int) (Document, error) {
	if base64.StdEncoding.DecodedLen(len(r.Bytes)) > limit+2 { // 2 of padding at most
		return Document{}, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	at, err := readTime(r.FetchedAt)
	if err != nil {
		return Document{}, fmt.Errorf("%w: fetchedAt: %w", ErrDamaged, err)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(r.Bytes)
	if err != nil || strings.ContainsAny(r.Bytes, "\r\n") {
		return Document{}, fmt.Errorf("%w: its bytes are not in base64", ErrDamaged)
	}
	if digest(raw) != r.SHA256 {
		return Document{}, fmt.Errorf("%w: the document was changed: its SHA-256 is not the one beside it", ErrDamaged)
	}
	return Document{Use: Use(r.Use), Address: r.Address, MediaType: r.MediaType, FetchedAt: at, Bytes: raw}, nil
}

func readTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || formatTime(t) != s {
		return time.Time{}, fmt.Errorf("%.60q is no moment in UTC", s)
	}
	return t.UTC(), nil
}

var uses = []Use{Key, Status, Page, Log}

// check is what holds for every bundle, on its way in and out.
func (b *Bundle) check() error {
	if y := b.CollectedAt.UTC().Year(); y < 0 || y > 9999 {
		return fmt.Errorf("%w: the year %d", ErrDamaged, y)
	}
	if b.Badge.Use != Badge {
		return fmt.Errorf("%w: /badge is no badge", ErrDamaged)
	}
	if len(b.Documents) > MaxDocuments {
		return fmt.Errorf("%w: %d documents", ErrTooLarge, len(b.Documents))
	}
	if err := b.Badge.check(MaxBadge, true); err != nil {
		return fmt.Errorf("/badge: %w", err)
	}
	for n, d := range b.Documents {
		err := d.check(MaxDocument, false)
		switch _, twice := (&Bundle{Documents: b.Documents[:n]}).Find(d.Use, d.Address); {
		case err != nil:
		case !slices.Contains(uses, d.Use):
			err = fmt.Errorf("%w: the use %.20q is not known", ErrDamaged, d.Use)
		case twice:
			err = fmt.Errorf("%w: it is there twice", ErrDamaged)
		}
		if err != nil {
			return fmt.Errorf("/documents/%d (%.200q): %w", n, d.Address, err)
		}
	}
	return nil
}

func (d Document) check(limit int, file bool) error {
	switch y := d.FetchedAt.UTC().Year(); {
	case len(d.Bytes) > limit:
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(d.Bytes))
	case !isAddress(d.Address) && !(file && d.Address == ""):
		return fmt.Errorf("%w: it has no address", ErrDamaged)
	case CleanMediaType(d.MediaType) != d.MediaType:
		return fmt.Errorf("%w: its media type is none", ErrDamaged)
	case y < 0 || y > 9999:
		return fmt.Errorf("%w: the year %d", ErrDamaged, y)
	}
	return nil
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxText && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && printable(s)
}

// CleanMediaType is a media type as a bundle keeps it: "" for one that is not
// of printable ASCII.
func CleanMediaType(s string) string {
	if len(s) > maxText || !printable(s) {
		return ""
	}
	return s
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
