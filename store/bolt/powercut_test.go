//go:build linux

package bolt_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// A power cut leaves of a file what was synced, and of what was written since any
// part, in any order, down to single sectors. So: trace the system calls of a
// process that writes, and for many moments lay out the files that a power cut
// could have left, open each, and look for what the process had acknowledged by
// then. What this cannot see is a disk that lies about syncs.

// TestPowerCut finds every acknowledged write in every file.
func TestPowerCut(t *testing.T) {
	rec := record(t, "record")
	found := rec.cut(t, cutOptions{subsets: 2, check: true})
	t.Logf("%d acknowledged writes, %d syncs, %d power cuts", rec.acks(), rec.syncs(), found.files)
	if rec.acks() != recordWriters*recordRounds || rec.syncs() < 2*recordRounds || found.files < 4*rec.syncs() {
		t.Error("too little was tried")
	}
	for _, p := range found.problems {
		t.Error(p)
	}
}

// TestPowerCutFindsMissingSyncs shows that the trial finds what it is for: in a
// store that does not sync, and in one whose meta page may reach the disk before
// the data that it points to.
func TestPowerCutFindsMissingSyncs(t *testing.T) {
	found := record(t, "record-nosync").cut(t, cutOptions{})
	if len(found.problems) == 0 {
		t.Error("a store that does not sync was found to lose nothing")
	}
	t.Logf("without syncs: %d of %d power cuts lose writes, as in: %.200s", len(found.problems), found.files, first(found.problems))

	rec := record(t, "record")
	rec.dropDataSyncs()
	found = rec.cut(t, cutOptions{subsets: 1})
	if len(found.problems) == 0 {
		t.Error("a store that does not sync its data before its meta page was found to lose nothing")
	}
	t.Logf("without the syncs of data: %d of %d power cuts lose writes, as in: %.200s", len(found.problems), found.files, first(found.problems))
}

// TestOpenSettlesWhatItShows has a process killed between the write of a meta
// page and its sync, which leaves a commit that the next process sees although no
// disk has it. Once Open has returned, it must outlive a power cut.
func TestOpenSettlesWhatItShows(t *testing.T) {
	killed := record(t, "record")
	kill := killed.lastMetaSync()
	durable, pending := killed.before(kill)
	killed.events = killed.events[:kill]
	path := filepath.Join(t.TempDir(), "store")
	if err := replay(durable, pending, nil).save(path); err != nil {
		t.Fatal(err)
	}
	next := recordAt(t, "open", path)
	if next.acks() <= killed.acks() {
		t.Fatalf("the next process shows %d writes, the killed one acknowledged %d: this tests nothing", next.acks(), killed.acks())
	}
	next.start, next.events = durable, append(pending, next.events...)
	for _, p := range next.cut(t, cutOptions{subsets: 3, check: true}).problems {
		t.Error(p)
	}
	next.events = slices.DeleteFunc(next.events, func(e event) bool { return e.kind == "sync" })
	if len(next.cut(t, cutOptions{}).problems) == 0 {
		t.Error("an Open that does not sync was found to lose nothing")
	}
}

// childOpen opens the store and acknowledges all that it shows.
func childOpen(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	return db.View(context.Background(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, _ []byte) error {
			_, err := os.Stdout.Write(append(k, '\n'))
			return err
		})
	})
}

func first(list []string) string { return append(list, "")[0] }

const recordWriters, recordRounds = 8, 20

func childRecord(path string, opts bolt.Options) error {
	db, err := bolt.Open(path, opts)
	if err != nil {
		return err
	}
	if err := writers(db, recordWriters, recordRounds); err != nil {
		return err
	}
	return db.Close()
}

// event is one system call of the process on the file, or an acknowledgement.
type event struct {
	kind string // write, truncate, sync or ack
	at   int64  // offset of a write, size of a truncate
	data []byte
	keys []string
}

type recording struct {
	start  *image
	events []event
}

// record traces a process that writes to a new store.
func record(t *testing.T, name string) *recording {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	return recordAt(t, name, path)
}

// recordAt traces the process name and what it does to the store at path.
func recordAt(t *testing.T, name, path string) *recording {
	t.Helper()
	start, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := child(t, name, path, "0", strace(t), "-f", "-qq", "-y", "-xx", "-s", "100000000", "-o", trace,
		"-e", "signal=none", "-e", "trace=pwrite64,write,ftruncate,fsync,fdatasync")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tracing: %v: %s", err, out)
	}
	log, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	events, err := parse(string(log), path)
	if err != nil {
		t.Fatalf("reading the trace: %v", err)
	}
	return &recording{start, events}
}

func (r *recording) count(kind string) (n int) {
	for _, e := range r.events {
		if e.kind == kind {
			n++
		}
	}
	return n
}

func (r *recording) syncs() int { return r.count("sync") }

func (r *recording) acks() (n int) {
	for _, e := range r.events {
		n += len(e.keys)
	}
	return n
}

// lastMetaSync returns the number of the last sync that makes a commit durable.
func (r *recording) lastMetaSync() int {
	last, meta := -1, false
	for i, e := range r.events {
		if e.kind == "write" {
			meta = e.at < 2*pageSize
		} else if e.kind == "sync" && meta {
			last = i
		}
	}
	return last
}

// before returns what the disk has for certain before event n, and what was
// written since the last sync then.
func (r *recording) before(n int) (durable *image, pending []event) {
	durable = r.start
	for _, e := range r.events[:n] {
		switch e.kind {
		case "sync":
			durable, pending = replay(durable, pending, nil), nil
		case "write", "truncate":
			pending = append(pending, e)
		}
	}
	return durable, pending
}

// dropDataSyncs takes out every sync that does not follow the write of a meta
// page, which is one of the first two.
func (r *recording) dropDataSyncs() {
	var kept []event
	meta := false
	for _, e := range r.events {
		switch e.kind {
		case "write":
			meta = e.at < 2*pageSize
		case "sync":
			if !meta {
				continue
			}
		}
		kept = append(kept, e)
	}
	r.events = kept
}

// A line of the trace: the thread, the call, its descriptor with the path in
// hexadecimal, its arguments, and the result, which another line brings if the
// call was interrupted by one of another thread.
var (
	callHead   = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)<([^>]*)>(?:, )?`)
	resumeLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+)(?: .*)?$`)
)

// call is one system call as a line tells it; the result is empty if it was
// interrupted.
type call struct{ thread, name, fd, hexPath, args, result string }

func parseLine(line string) (c call, ok bool) {
	m := callHead.FindStringSubmatch(line)
	if m == nil {
		return c, false
	}
	c = call{thread: m[1], name: m[2], fd: m[3], hexPath: m[4]}
	if c.args, ok = strings.CutSuffix(line[len(m[0]):], " <unfinished ...>"); ok {
		return c, true
	}
	equals := strings.LastIndex(c.args, " = ")
	if equals < 0 {
		return c, false
	}
	c.result, _, _ = strings.Cut(c.args[equals+3:], " ")
	c.args, ok = strings.CutSuffix(strings.TrimRight(c.args[:equals], " "), ")")
	return c, ok
}

// parser turns a trace into the calls on the file at path and the
// acknowledgements. A write counts from its beginning, when it may start to reach
// the disk, a sync from its end, when it has done its work. No two calls on the
// file may overlap, else neither would be right.
type parser struct {
	path   string
	events []event
	thread string // of the call on the file that is under way
	under  event
}

func parse(log, path string) ([]event, error) {
	p := &parser{path: path}
	for line := range strings.Lines(log) {
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%w in %.200s", err, line)
		}
	}
	return p.events, nil
}

func (p *parser) line(line string) error {
	if strings.Contains(line, "+++ exited") {
		return nil
	}
	if m := resumeLine.FindStringSubmatch(line); m != nil {
		if m[1] != p.thread {
			return nil // a call on another file
		}
		p.thread = ""
		return p.end(p.under, m[3])
	}
	c, ok := parseLine(line)
	if !ok {
		return errors.New("no call")
	}
	e, err := c.event(p.path)
	if err != nil || e == nil {
		return err
	}
	if e.kind != "sync" {
		p.events = append(p.events, *e)
	}
	switch {
	case e.kind == "ack":
		return nil
	case p.thread != "":
		return errors.New("two calls on the file at once")
	case c.result == "":
		p.thread, p.under = c.thread, *e
		return nil
	}
	return p.end(*e, c.result)
}

func (p *parser) end(e event, result string) error {
	if strings.HasPrefix(result, "-") || e.kind == "write" && result != strconv.Itoa(len(e.data)) {
		return fmt.Errorf("a %s at %d failed or was short", e.kind, e.at)
	}
	if e.kind == "sync" {
		p.events = append(p.events, e)
	}
	return nil
}

// event returns the event that the call is, nil if it is none.
func (c call) event(path string) (*event, error) {
	if c.name == "write" && c.fd == "1" {
		text, err := unquote(c.args)
		return &event{kind: "ack", keys: acknowledged(text)}, err
	}
	if p, err := unhex(c.hexPath); err != nil || string(p) != path {
		return nil, err
	}
	switch c.name {
	case "fsync", "fdatasync":
		return &event{kind: "sync"}, nil
	case "ftruncate":
		size, err := strconv.ParseInt(c.args, 10, 64)
		return &event{kind: "truncate", at: size}, err
	case "pwrite64":
		data, err1 := unquote(c.args)
		at, err2 := strconv.ParseInt(c.args[strings.LastIndex(c.args, " ")+1:], 10, 64)
		return &event{kind: "write", at: at, data: data}, errors.Join(err1, err2)
	}
	return nil, fmt.Errorf("call %s on the file", c.name)
}

// unquote returns the bytes of the quoted string that args begin with.
func unquote(args string) ([]byte, error) {
	quoted, rest, ok := strings.Cut(strings.TrimPrefix(args, `"`), `"`)
	if !ok || strings.HasPrefix(rest, "...") {
		return nil, errors.New("no whole string")
	}
	return unhex(quoted)
}

func unhex(s string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(s, `\x`, "")) }

const (
	pageSize   = 4096 // of images; bbolt's own may differ
	sectorSize = 512
)

// image is a sparse file. Copies share pages, which are never changed.
type image struct {
	size  int64
	pages map[int64][]byte
}

// load reads the file at path, without its holes.
func load(path string) (*image, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img := &image{size: int64(len(content)), pages: map[int64][]byte{}}
	for at := 0; at < len(content); at += pageSize {
		if page := content[at:min(at+pageSize, len(content))]; !bytes.Equal(page, make([]byte, len(page))) {
			img.write(int64(at), page)
		}
	}
	return img, nil
}

func (i *image) clone() *image { return &image{i.size, maps.Clone(i.pages)} }

func (i *image) write(at int64, data []byte) {
	i.size = max(i.size, at+int64(len(data)))
	for len(data) > 0 {
		n, off := at/pageSize, at%pageSize
		page := make([]byte, pageSize)
		copy(page, i.pages[n])
		done := copy(page[off:], data)
		i.pages[n] = page
		at, data = at+int64(done), data[done:]
	}
}

// apply does what the event does. With a source of chance each sector of a write
// gets to the file or does not.
func (i *image) apply(e event, chance *rand.Rand) {
	switch {
	case e.kind == "truncate":
		i.size = e.at
	case chance == nil:
		i.write(e.at, e.data)
	default:
		for off := 0; off < len(e.data); off += sectorSize {
			if chance.IntN(2) == 0 {
				i.write(e.at+int64(off), e.data[off:min(off+sectorSize, len(e.data))])
			}
		}
	}
}

func (i *image) save(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = file.Truncate(i.size)
	for n, page := range i.pages {
		if at := n * pageSize; at < i.size {
			_, werr := file.WriteAt(page[:min(pageSize, i.size-at)], at)
			err = errors.Join(err, werr)
		}
	}
	return errors.Join(err, file.Close())
}

type cutOptions struct {
	subsets int  // power cuts that keep a random part, at each moment
	check   bool // have bbolt check each file, too
}

type findings struct {
	files    int
	problems []string
}

// cut tries power cuts just before each sync, when the most is at stake, and at
// a sample of the moments between: one that loses all that was not synced, one
// that keeps it all, and some that keep a random part.
func (r *recording) cut(t *testing.T, o cutOptions) findings {
	t.Helper()
	var f findings
	chance := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "store")
	durable, pending := r.start.clone(), []event(nil)
	var acked []string
	try := func(i int, what string, img *image) {
		f.files++
		if err := judgeFile(t.Context(), path, img, acked, o.check); err != nil {
			f.problems = append(f.problems, fmt.Sprintf("power cut after event %d of %d, %s: %v", i, len(r.events), what, err))
		}
	}
	for i := 0; i <= len(r.events); i++ {
		last := i == len(r.events)
		if sync := last || r.events[i].kind == "sync"; sync || o.subsets > 0 && chance.IntN(4) == 0 {
			if sync {
				try(i, "nothing kept", durable)
			}
			try(i, "all kept", replay(durable, pending, nil))
			for range o.subsets {
				try(i, "a part kept", replay(durable, pending, chance))
			}
		}
		if last {
			break
		}
		switch e := r.events[i]; e.kind {
		case "sync":
			durable, pending = replay(durable, pending, nil), nil
		case "ack":
			acked = append(acked, e.keys...)
		default:
			pending = append(pending, e)
		}
	}
	return f
}

// replay returns the file after the events. With a source of chance, each event
// takes place, takes place in part, or does not.
func replay(start *image, events []event, chance *rand.Rand) *image {
	img := start.clone()
	for _, e := range events {
		switch {
		case chance == nil:
			img.apply(e, nil)
		case chance.IntN(3) == 0: // lost
		case chance.IntN(2) == 0:
			img.apply(e, nil)
		default:
			img.apply(e, chance)
		}
	}
	return img
}

// judgeFile opens the file that a power cut left and looks for the keys.
func judgeFile(ctx context.Context, path string, img *image, keys []string, check bool) (err error) {
	// A new file each time: an Open that panicked keeps the lock of the last one.
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if err := img.save(path); err != nil {
		return err
	}
	// What bbolt reads from a file with holes can lead it anywhere, beyond the
	// end of the file too.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	lost, err := missing(ctx, db, keys)
	if len(lost) > 0 {
		err = errors.Join(fmt.Errorf("%d of %d acknowledged writes are lost", len(lost), len(keys)), err)
	}
	if err = errors.Join(err, db.Close()); err != nil || !check {
		return err
	}
	return checkPages(path)
}

// checkPages has bbolt look for pages lost or used twice.
func checkPages(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		return err
	}
	var all []error
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			all = append(all, err)
		}
		return nil
	})
	return errors.Join(append(all, err, db.Close())...)
}
