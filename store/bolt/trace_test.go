//go:build linux

package bolt_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"laurel/store/bolt"
)

// event is one system call of the process on the file, or an acknowledgement.
type event struct {
	kind string // write, truncate, sync or ack
	at   int64  // offset of a write, size of a truncate
	data []byte
	key  string
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
	cmd := child(t.Context(), t, name, path, "0", strace(t), "-f", "-qq", "-y", "-xx", "-s", "100000000", "-o", trace,
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

// moment is what is true at some point of a recording.
type moment struct {
	durable *image   // what the disk has for certain
	pending []event  // what was written since the last sync
	acked   []string // what the process has acknowledged
}

func (m *moment) pass(e event) {
	switch e.kind {
	case "sync":
		m.durable, m.pending = replay(m.durable, m.pending, nil), nil
	case "ack":
		m.acked = append(m.acked, e.key)
	default:
		m.pending = append(m.pending, e)
	}
}

// after returns the moment after n events.
func (r *recording) after(n int) moment {
	m := moment{durable: r.start}
	for _, e := range r.events[:n] {
		m.pass(e)
	}
	return m
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
// call was interrupted by one of another thread. When the process ends, threads
// end in whatever they are about to do: a call then has no result or a question
// mark for one, and strace may not even have learnt on which file it was, or which
// call.
var (
	callHead   = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)(?:<([^>]*)>)?(?:, )?`)
	resumeLine = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\d+|\?)(?: .*)?$`)
	endLine    = regexp.MustCompile(`^\d+ +(?:\+\+\+ exited with \d+ \+\+\+|\?{3,4}\( <(?:detached|unfinished) \.\.\.>)$`)
	noResult   = regexp.MustCompile(` <(?:detached|unfinished) \.\.\.>$`)
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
	c.args = line[len(m[0]):]
	if at := noResult.FindStringIndex(c.args); at != nil {
		c.args = c.args[:at[0]]
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
	over   bool // a thread has ended with the process
}

func parse(log, path string) ([]event, error) {
	p := &parser{path: path}
	for line := range strings.Lines(log) {
		if err := p.line(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("%w in %.200s", err, line)
		}
	}
	if p.thread != "" {
		return nil, fmt.Errorf("a %s at %d never ended", p.under.kind, p.under.at)
	}
	return p.events, nil
}

func (p *parser) line(line string) error {
	if endLine.MatchString(line) {
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
	switch {
	case err != nil:
		return err
	case e == nil:
		p.over = p.over || c.hexPath == ""
		return nil
	case p.over:
		return errors.New("a call after the end")
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
	if strings.HasPrefix(result, "-") || result == "?" || e.kind == "write" && result != strconv.Itoa(len(e.data)) {
		return fmt.Errorf("a %s at %d failed or was short", e.kind, e.at)
	}
	if e.kind == "sync" {
		p.events = append(p.events, e)
	}
	return nil
}

// event returns the event that the call is, nil if it is none.
func (c call) event(path string) (*event, error) {
	if c.hexPath == "" {
		if c.result != "" && c.result != "?" {
			return nil, errors.New("a call on a file without a name")
		}
		return nil, nil
	}
	if c.name == "write" && c.fd == "1" {
		line, err := unquote(c.args)
		return &event{kind: "ack", key: strings.TrimSuffix(string(line), "\n")}, err
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

// TestParseTheEndOfATrace reads what strace writes of threads that end with their
// process; on the file itself nothing may be left open.
func TestParseTheEndOfATrace(t *testing.T) {
	const file, other = `7<\x2f\x61>`, `8<\x2f\x62>`
	whole := `1  pwrite64(` + file + `, "\x41", 1, 8192) = 1`
	for end, fails := range map[string]bool{
		`2  +++ exited with 0 +++`:                              false,
		`2  ???( <detached ...>`:                                false,
		`2  ????( <unfinished ...>`:                             false,
		`2  write(` + other + `, "\x41", 1 <detached ...>`:      false,
		`2  write(` + other + `, "\x41", 1 <unfinished ...>`:    false,
		`2  <... write resumed>) = ?`:                           false,
		`2  write(` + other + `, "\x41", 1) = ?`:                false,
		`2  write(` + other + `, "\x41", 1) = ? <unavailable>`:  false,
		`2  <... write resumed>) = ? <unavailable>`:             false,
		`2  write(8, "\x41", 1 <detached ...>`:                  false,
		`2  write(8, 0xc000012345, 1 <unfinished ...>`:          false,
		`2  write(8, "\x41", 1) = 1`:                            true,
		`2  write(8, "\x41", 1 <unfinished ...>` + "\n" + whole: true,
		`2  ???( = 0`:                                        true,
		`2  +++ killed by SIGSEGV +++`:                       true,
		`2  fdatasync(` + file + ` <detached ...>`:           true,
		`2  fdatasync(` + file + `) = ?`:                     true,
		`2  fdatasync(` + file + `) = -1 EIO (Input/output)`: true,
		`2  pwrite64(` + file + `, "\x41\x42", 2, 0) = 1`:    true,
		`2  pwrite64(` + file + `, "\x41", 1, 0 <unfinished ...>` + "\n" + `2  <... pwrite64 resumed>) = ?`: true,
	} {
		events, err := parse(whole+"\n"+end+"\n", "/a")
		if fails != (err != nil) || err == nil && len(events) != 1 {
			t.Errorf("%s: %d events, %v", end, len(events), err)
		}
	}
}
