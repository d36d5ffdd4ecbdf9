// Package trust reads lists of issuers that somebody vouches for, from files
// that an operator names.
//
// A list is JSON of one of two forms. Ours has a name and the issuers by their
// exact id; a list, or an issuer in it, may be marked as one for trials:
//
//	{"name":"Ministry of Education","issuers":[{"id":"did:web:academy.example","name":"City Academy"},
//	  {"id":"did:key:z6Mk…","test":true}]}
//
// The other is the registry of known issuers of the Digital Credentials
// Consortium, which has the issuers' ids as members and no name; such a list
// is called by its file's name, or by "name" beside:
//
//	{"meta":{…},"registry":{"did:key:z6Mk…":{"name":"My University","location":"…","url":"…"}}}
//
// A file that changes is read anew. It refuses to guess: a file with anything
// that is not understood is refused whole. What a listing is worth is for the
// operator to know; nothing is fetched. Start at Open.
package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"laurel/internal/strictjson"
	"laurel/verifier"
)

// ErrList: a file is no list of issuers.
var ErrList = errors.New("trust: not a list of issuers")

const (
	maxBytes = 16 << 20
	maxNodes = 2_000_000
	// lookEvery bounds how often files are looked at for changes.
	lookEvery = 2 * time.Second
)

// Lists are the lists of several files, in their order. They are a
// verifier.TrustList, safe for concurrent use.
type Lists struct {
	now func() time.Time

	mu      sync.Mutex
	files   []*file
	looked  time.Time
	changes uint64 // of what files say
}

var _ verifier.TrustList = (*Lists)(nil)

// file is one list as it was read last.
type file struct {
	path    string
	changed time.Time // as the file system says
	size    int64
	name    string
	issuers map[string]bool // by id: whether it is for trials
	err     error           // why its present state could not be read
}

// Open reads the lists in files. The error names the first that cannot be read;
// it is ErrList for one that is no list.
func Open(paths ...string) (*Lists, error) { return open(time.Now, paths) }

func open(now func() time.Time, paths []string) (*Lists, error) {
	l := &Lists{now: now, looked: now()}
	for _, path := range paths {
		f := &file{path: path}
		if f.look(); f.err != nil {
			return nil, f.err
		}
		l.files = append(l.files, f)
	}
	return l, nil
}

// Knows implements verifier.TrustList: the names of all lists that an issuer
// stands on. A list that has become unreadable counts as it was before; the
// error says so where that leaves the issuer unknown.
func (l *Lists) Knows(_ context.Context, issuerID string) (verifier.Listing, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look()
	var listing verifier.Listing
	var names []string
	var err error
	for _, f := range l.files {
		test, listed := f.issuers[issuerID]
		if listed {
			names = append(names, f.name)
			listing.Test = listing.Test || test
		}
		err = errors.Join(err, f.err)
	}
	if len(names) > 0 {
		listing.List = strings.Join(names, ", ")
		return listing, true, nil
	}
	return listing, false, err
}

// Changes counts the changes of the files that were seen, so that whoever has
// something that rests on lists can tell whether they say the same still. It
// looks for changes as Knows does.
func (l *Lists) Changes() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look()
	return l.changes
}

// look looks at the files when it is time to.
func (l *Lists) look() {
	now := l.now()
	if now.Sub(l.looked) < lookEvery && !now.Before(l.looked) {
		return
	}
	l.looked = now
	for _, f := range l.files {
		if f.look() {
			l.changes++
		}
	}
}

// look reads the file if it is another than before, and tells so. One that cannot
// be read leaves what is known, and is tried again.
func (f *file) look() (changed bool) {
	info, err := os.Stat(f.path)
	if err == nil && f.err == nil && f.issuers != nil && info.ModTime().Equal(f.changed) && info.Size() == f.size {
		return false
	}
	if err == nil {
		err = f.read(info)
	}
	f.err = err
	return true
}

func (f *file) read(info os.FileInfo) error {
	if info.Size() > maxBytes {
		return fmt.Errorf("%w: %s has more than %d bytes", ErrList, f.path, maxBytes)
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	root, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxBytes, Nodes: maxNodes})
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrList, f.path, err)
	}
	name, issuers, err := parse(root)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrList, f.path, err)
	}
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(f.path), filepath.Ext(f.path))
	}
	f.name, f.issuers, f.changed, f.size = name, issuers, info.ModTime(), info.Size()
	return nil
}

func parse(root strictjson.Value) (name string, issuers map[string]bool, err error) {
	issuers = map[string]bool{}
	registry := root.Get("registry").Exists()
	known := map[string]bool{"name": true, "test": !registry, "issuers": !registry, "registry": registry, "meta": registry}
	for member := range root.Members() {
		if !known[member] {
			return "", nil, fmt.Errorf("%q is not known here", member)
		}
	}
	if registry {
		return root.Get("name").Text(), issuers, parseRegistry(root.Get("registry"), issuers)
	}
	test, list := root.Get("test"), root.Get("issuers")
	switch {
	case root.Get("name").Text() == "":
		return "", nil, errors.New("it has no name")
	case list.Kind() != strictjson.Array:
		return "", nil, errors.New("it has no issuers")
	case test.Exists() && !test.IsBool():
		return "", nil, errors.New("test is true or false")
	}
	for i, e := range list.Elements() {
		if err := parseIssuer(e, test.Bool(), issuers); err != nil {
			return "", nil, fmt.Errorf("issuer %d: %w", i, err)
		}
	}
	return root.Get("name").Text(), issuers, nil
}

func parseIssuer(e strictjson.Value, test bool, issuers map[string]bool) error {
	for member := range e.Members() {
		switch member {
		case "id", "name", "url", "test":
		default:
			return fmt.Errorf("%q is not known here", member)
		}
	}
	id, own := e.Get("id").Text(), e.Get("test")
	if _, twice := issuers[id]; twice || !isID(id) || own.Exists() && !own.IsBool() {
		return fmt.Errorf("an issuer has an id of its own, and test is true or false: %.200q", id)
	}
	issuers[id] = test || own.Bool()
	return nil
}

// parseRegistry passes over what entries say of themselves: the id is what
// counts.
func parseRegistry(registry strictjson.Value, issuers map[string]bool) error {
	if registry.Kind() != strictjson.Object {
		return errors.New("registry is no object")
	}
	for id := range registry.Members() {
		if !isID(id) {
			return fmt.Errorf("%.200q is no id of an issuer", id)
		}
		issuers[id] = false
	}
	return nil
}

func isID(s string) bool { return strings.HasPrefix(s, "did:") || strings.HasPrefix(s, "https://") }
