package issuer

import (
	"bytes"
	"context"
	"encoding/base64"
	"regexp"
	"slices"
	"time"

	"laurel/store"
)

var (
	idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)
	cursorSeq = regexp.MustCompile(`^([0-9a-f]{32})?$`)
)

// Filter chooses credentials of some issuers. Empty fields choose all.
type Filter struct {
	Issuers      []string // slugs; the caller's own bound
	Achievement  string
	Status       Status
	ExternalRef  string
	Email        string
	ChangedSince time.Time
	Cursor       string // from the page before
	Limit        int    // 1 to 200; anything else is 200
}

// Page is one page of credentials, oldest first. Next is "" on the last one.
type Page struct {
	Records []*Record
	Next    string
}

const maxPage = 200

// scanned bounds the work of one page: a page may come short of its limit and
// still have a next one.
const scanned = 5000

// List pages through credentials in the order in which their current editions
// were issued.
func (i *Issuer) List(ctx context.Context, f Filter) (*Page, error) {
	from, after, err := parseCursor(f.Cursor)
	if err != nil {
		return nil, err
	}
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	page := &Page{}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		*page = Page{}
		budget := scanned
		for _, slug := range slices.Sorted(slices.Values(f.Issuers)) {
			if slug < from {
				continue
			}
			start := ""
			if slug == from {
				start = after
			}
			if full, err := i.listIssuer(r, slug, start, f, page, &budget); err != nil || full {
				return err
			}
		}
		return nil
	})
	return page, err
}

func (i *Issuer) listIssuer(r store.Reader, slug, after string, f Filter, page *Page, budget *int) (full bool, err error) {
	prefix := i.narrowest(slug, f)
	var start []byte
	if after != "" {
		start = append(slices.Clone(prefix), after...)
	}
	last := after
	err = r.Scan(prefix, start, func(k, v []byte) error {
		seq := lastPart(k)
		if len(page.Records) == f.Limit || *budget == 0 {
			full, page.Next = true, cursor(slug, last)
			return store.ErrStop
		}
		*budget--
		last = seq
		rec, err := found(r, slug, k, v)
		if err != nil {
			return err
		}
		if rec.Status != Superseded && i.matches(rec, f) {
			page.Records = append(page.Records, rec)
		}
		return nil
	})
	return full, err
}

// found is the record that a key of a list stands for: its own, or the one
// that a finder leads to.
func found(r store.Reader, slug string, k, v []byte) (*Record, error) {
	if bytes.HasPrefix(k, credentialPrefix(slug)) {
		return decodeRecord(r, k, v)
	}
	return recordAt(r, slug, lastPart(k))
}

// narrowest is the shortest run of keys that holds every match.
func (i *Issuer) narrowest(slug string, f Filter) []byte {
	switch {
	case f.ExternalRef != "":
		return findKey("ref", slug, i.digest("ref", f.ExternalRef), "")
	case f.Email != "":
		return findKey("email", slug, i.digest("email", normalEmail(f.Email)), "")
	case f.Achievement != "":
		return findKey("achievement", slug, i.digest("achievement", f.Achievement), "")
	}
	return credentialPrefix(slug)
}

func (i *Issuer) matches(rec *Record, f Filter) bool {
	return (f.Achievement == "" || rec.Achievement == f.Achievement) &&
		(f.Status == "" || rec.Status == f.Status) &&
		(f.ExternalRef == "" || rec.ExternalRef == f.ExternalRef) &&
		(f.Email == "" || i.Reaches(rec, f.Email)) &&
		(f.ChangedSince.IsZero() || !rec.ChangedAt.Before(f.ChangedSince))
}

// Reaches reports whether an e-mail address is the one that is recorded of a
// badge's holder, however it is capitalised.
func (i *Issuer) Reaches(rec *Record, address string) bool {
	return rec.Email != nil && bytes.Equal(rec.Email, i.digest("email", normalEmail(address)))
}

func cursor(slug, seq string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(slug + "/" + seq))
}

func parseCursor(s string) (slug, seq string, err error) {
	if s == "" {
		return "", "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	slugB, seqB, ok := bytes.Cut(b, []byte("/"))
	if err != nil || !ok || !isSlug(string(slugB)) || !cursorSeq.Match(seqB) {
		return "", "", fault("cursor_invalid", "", "The cursor is not one that this service gave; begin without one.")
	}
	return string(slugB), string(seqB), nil
}
