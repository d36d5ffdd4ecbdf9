package feed

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/store"
)

// Feed reads the events of one store. It is safe for concurrent use.
type Feed struct {
	store   store.Store
	issuer  *issuer.Issuer
	baseURL string
}

// New opens the events of a store, whose issuer signs for baseURL.
func New(s store.Store, i *issuer.Issuer, baseURL string) *Feed {
	return &Feed{store: s, issuer: i, baseURL: baseURL}
}

// Query asks for a page of events.
type Query struct {
	// Sees tells whether the reader is told of an issuer (a slug).
	Sees func(issuer string) bool
	// After is the cursor of the page before; "" begins with the first event
	// that there ever was.
	After string
	Limit int // events to a page, 1 to 200; anything else is 200
}

// Page is some events in the order of the log. Cursor continues behind the last
// one, also where there is nothing yet; More says that there is already.
type Page struct {
	Events []Event
	Cursor string
	More   bool
}

const (
	maxPage = 200
	// looked bounds the work of one page: readers who see little of a long log
	// get short pages, or empty ones, and the cursor moves on all the same.
	looked = 2000
)

// Page reads events in the order of the audit log, which is the order in which
// the changes of each subject took effect. An event can be read once it has its
// place there, about a second after its commit. Following the cursors shows
// each event once. The errors are badge.Errors for a cursor that is none
// (cursor_invalid) or of a log that this one does not continue (cursor_gone),
// and those of the store.
func (f *Feed) Page(ctx context.Context, q Query) (*Page, error) {
	if q.Limit < 1 || q.Limit > maxPage {
		q.Limit = maxPage
	}
	var page *Page
	err := f.store.View(ctx, func(r store.Reader) error {
		at, err := parseCursor(r, q.After)
		if err != nil {
			return err
		}
		page, err = f.read(r, q, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (f *Feed) read(r store.Reader, q Query, at place) (*Page, error) {
	page := &Page{}
	budget := looked
	err := auditlog.Placed(r, at.next, func(n int64, seq string, entry []byte) error {
		if len(page.Events) == q.Limit || budget == 0 {
			page.More = true
			return store.ErrStop
		}
		budget--
		at = place{n + 1, seq}
		e, err := issuer.ReadEvent(entry)
		if err != nil {
			return fmt.Errorf("place %d of the audit log: %w", n, err)
		}
		if _, told := typeOf(e.Action); !told || e.Issuer == "" || !q.Sees(e.Issuer) {
			return nil
		}
		event, err := f.event(r, seq, e)
		page.Events = append(page.Events, event)
		return err
	})
	page.Cursor = at.cursor()
	return page, err
}

// place is how far a reader has come: the place of the next entry, and the
// sequence of the last one.
type place struct {
	next int64
	last string
}

// tail is how much of a sequence stands in a cursor: enough to tell that the
// log is the one that the cursor was given for, and not one that was restored
// from a copy and went another way since.
const tail = 12

func (p place) cursor() string {
	if p.next == 0 {
		return "0"
	}
	return fmt.Sprintf("%d-%s", p.next, p.last[len(p.last)-tail:])
}

var cursorPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,17}-[0-9a-f]{12})$`)

func parseCursor(r store.Reader, cursor string) (place, error) {
	if cursor == "" || cursor == "0" {
		return place{}, nil
	}
	number, end, _ := strings.Cut(cursor, "-")
	next, err := strconv.ParseInt(number, 10, 64)
	if !cursorPattern.MatchString(cursor) || err != nil {
		return place{}, fault("cursor_invalid", "", "The cursor is not one that this service gave; begin without one.")
	}
	last, err := auditlog.SeqAt(r, next-1)
	if errors.Is(err, store.ErrNotFound) || err == nil && !strings.HasSuffix(last, end) {
		return place{}, fault("cursor_gone", "",
			"The log of this service does not continue what was read up to this cursor: it was restored from an older copy. Begin without one.")
	}
	return place{next, last}, err
}

func fault(rule, pointer, detail string) error {
	return badge.Errors{{Code: badge.MalformedValueError, Rule: rule, Pointer: pointer, Detail: detail}}
}
