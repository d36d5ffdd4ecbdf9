//go:build linux && !race

package crash

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"laurel/store/postgres/pgtest"
)

// moments are what a move says before something is ended: what it does then, and
// who ends. The first is the short form.
var moments = []struct{ says, ends string }{
	{"writers wait", "service"},
	{"the old store is left", "service"},
	{"checking", "service"},
	{"copying", "service"},
	{"writers wait", "service"},
	{"writers wait", "command"},
	{"checking", "database"},
	{"writers wait", "database"},
	{"writers wait", "service"},
	{"comparing", "command"},
	{"the old store is left", "database"},
	{"copying", "command"},
}

// moving is a house whose store is moved into a database and back.
type moving struct {
	*house
	database *pgtest.Cluster
	url      string
	ended    map[string]int // what was in force after which moment
}

// TestMove moves the store of a service that is at work into PostgreSQL and kills
// the service, the command or the database meanwhile. Afterwards one of the stores
// is in force and the other one refuses, what was acknowledged is there with the
// same bytes and no index is used twice; the next attempt needs nobody to tidy up.
// The last move is let finish: reading and verifying go on through it, changes are
// refused with 503 from then on, and the old store serves no more.
func TestMove(t *testing.T) {
	t.Parallel()
	var settings []string
	if os.Getenv("CRASH_MOVES") == "" {
		settings = []string{"fsync=off", "full_page_writes=off"}
	}
	database := pgtest.NewCluster(t, settings...)
	m := &moving{house: newHouse(t, t.TempDir()), database: database, url: database.URL(""), ended: map[string]int{}}
	c := m.crowd(4)
	times := rounds(t, "CRASH_MOVES", 1)
	for n := range times {
		m.start()
		c.settle()
		c.hold(false)
		m.interrupt(c, n)
		m.settleStores(c, n)
		if len(c.bad) > 0 || t.Failed() {
			break
		}
	}
	m.start()
	c.settle()
	m.finish(c)
	c.settle()
	_, editions := c.hold(true)
	m.stop()
	if got := m.check(); got != editions {
		t.Errorf("the store has %d editions, the clients were given %d", got, editions)
	}
	c.report("moves cut short", times)
	t.Logf("in force afterwards: %v", m.ended)
	if c.unknown.Load() == 0 || c.acknowledged.Load() < int64(times) {
		t.Error("this tested nothing")
	}
}

// migration is a move under way.
type migration struct {
	process *exec.Cmd
	ended   chan error
	said    chan string // lines, until it ends
}

// migrate begins a move.
func (m *moving) migrate() *migration {
	m.t.Helper()
	g := &migration{process: exec.Command(laurel(m.t), "migrate", "--data", m.folder, "--to", m.url), ended: make(chan error, 1), said: make(chan string, 1000)}
	g.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := g.process.StderrPipe()
	if err == nil {
		err = g.process.Start()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			g.said <- lines.Text()
		}
		close(g.said)
		g.ended <- g.process.Wait()
	}()
	return g
}

// interrupt begins a move under load and ends somebody in the middle.
func (m *moving) interrupt(c *crowd, n int) {
	m.t.Helper()
	moment := moments[n%len(moments)]
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	var clients sync.WaitGroup
	clients.Go(func() { c.stroll(ctx) })
	m.awaitWork(c)
	g := m.migrate()
	var said []string
	for line := range g.said {
		if said = append(said, line); !strings.Contains(line, moment.says) {
			continue
		}
		if n >= 2 { // anywhere from there on
			time.Sleep(rand.N([]time.Duration{12 * time.Millisecond, 400 * time.Millisecond}[n%2]))
		}
		switch moment.ends {
		case "service":
			_ = m.process.Process.Kill()
		case "command":
			_ = g.process.Process.Kill()
		case "database":
			m.database.Stop(m.t, "immediate")
		}
		break
	}
	for line := range g.said {
		said = append(said, line)
	}
	if err := <-g.ended; err == nil {
		m.t.Logf("round %d: the move was made before anybody was ended", n+1)
	}
	cancel()
	if moment.ends == "command" {
		m.signal(syscall.SIGTERM) // what it was asked to do it ends first
		if err := m.wait(); err != nil {
			m.t.Errorf("round %d: the service ended with %v\n%s", n+1, err, m.said.tail(10))
		}
	}
	clients.Wait()
	m.kill()
	if moment.ends == "database" {
		m.database.Start(m.t)
	}
	m.t.Logf("round %d: %s killed at %q: %s", n+1, moment.ends, moment.says, strings.Join(said[max(0, len(said)-1):], ""))
}

// stroll lets the clients work like people who get tired, so that on a slow machine
// there is not ever more to move.
func (c *crowd) stroll(ctx context.Context) {
	var all sync.WaitGroup
	for _, one := range c.clients {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c.step(one)
				time.Sleep(time.Duration(min(n, 20)) * 15 * time.Millisecond)
			}
		})
	}
	all.Wait()
}

// awaitWork waits until clients have been answered some more.
func (m *moving) awaitWork(c *crowd) {
	for was := c.acknowledged.Load(); c.acknowledged.Load() < was+10; time.Sleep(time.Millisecond) {
		if m.t.Context().Err() != nil {
			return
		}
	}
}

// settleStores finds out which store is in force, and holds it against what
// clients know; the other one must refuse. Where it is the new one, it is moved
// back into a file for the next round.
func (m *moving) settleStores(c *crowd, n int) {
	m.t.Helper()
	moment := moments[n%len(moments)]
	what := fmt.Sprintf("%s at %q: ", moment.ends, moment.says)
	refusal := m.refuses("")
	if refusal == "" {
		m.ended[what+"the old one"]++
		if m.refuses(m.url) == "" {
			m.t.Fatalf("round %d: both stores are in force", n+1)
		}
		return
	}
	m.ended[what+"the new one"]++
	if !strings.Contains(refusal, "it was moved to another one") {
		m.t.Fatalf("round %d: the old store refuses: %s", n+1, refusal)
	}
	m.store = m.url
	m.start()
	c.settle()
	c.hold(false)
	m.stop()
	if err := os.Rename(filepath.Join(m.folder, "laurel.db"), filepath.Join(m.t.TempDir(), "old.db")); err != nil {
		m.t.Fatal(err)
	}
	m.run("migrate", "--to", "bolt")
	m.database.Exec(m.t, "DROP TABLE laurel_store")
	m.store = ""
}

// refuses starts the service on a store and stops it again; "" where it serves.
func (m *moving) refuses(store string) string {
	m.t.Helper()
	before := m.store
	defer func() { m.store = before }()
	m.store = store
	m.house.said.forget()
	m.launch(nil)
	for {
		select {
		case err := <-m.house.ended:
			m.process = nil
			if err == nil {
				m.t.Error("a service that refuses ended well")
			}
			return m.house.said.all()
		case <-time.After(5 * time.Millisecond):
		}
		if status, _ := m.get("/readyz"); status == http.StatusOK {
			m.stop()
			return ""
		}
	}
}

// finish moves the store under load, and goes over to the new one.
func (m *moving) finish(c *crowd) {
	m.t.Helper()
	one := c.clients[0]
	for len(one.badges) == 0 || one.pending != nil {
		c.step(one)
	}
	kept := &badge{ref: "kept"}
	issue := &request{kind: "issue", method: http.MethodPost, path: "/v1/credentials", key: kept.ref, badge: kept,
		body: `{"achievement":"first-aid","recipient":{"name":"Person kept","email":"kept@learner.example"},"awardedAt":"2025-07-11","externalRef":"kept"}`}
	for one.pending = issue; !c.step(one); {
	}
	kept.kept = true
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	var clients sync.WaitGroup
	clients.Go(func() { c.stroll(ctx) })
	read := make(chan struct{})
	clients.Go(func() {
		defer close(read)
		for ctx.Err() == nil {
			code, _, body, err := c.send(http.DefaultClient, &request{method: http.MethodPost, path: "/v1/verify", body: string(kept.document)})
			if err != nil || code != http.StatusOK || member(body, "verdict") != "valid" {
				m.t.Errorf("verifying while the store is moved: %d %.200s %v", code, body, err)
				return
			}
			select {
			case read <- struct{}{}:
			case <-ctx.Done():
			}
			time.Sleep(time.Second / 9) // of 600 a minute
		}
	})
	m.awaitWork(c)
	moved := make(chan error, 1)
	var out string
	go func() {
		var err error
		out, err = m.try("migrate", "--to", m.url)
		moved <- err
	}()
	var err error
	for waiting := true; waiting; {
		select {
		case <-read:
		case err = <-moved:
			waiting = false
		}
	}
	if err != nil {
		m.t.Fatalf("laurel migrate: %v", err)
	}
	m.t.Logf("%s", out)
	code, header, body, err := c.send(http.DefaultClient, &request{method: http.MethodPost, path: "/v1/credentials", key: "after",
		body: `{"achievement":"first-aid","recipient":{"name":"Person after"},"awardedAt":"2025-07-11"}`})
	if err != nil || code != http.StatusServiceUnavailable || member(body, "code") != "read_only" || header.Get("Retry-After") == "" {
		m.t.Errorf("issuing after the move: %d %q %.200s %v", code, header.Get("Retry-After"), body, err)
	}
	<-read // twice, so that one began afterwards
	<-read
	cancel()
	clients.Wait()
	m.stop()
	m.run("check") // of the old one
	if _, err := m.try("backup", filepath.Join(m.t.TempDir(), "old.backup")); err != nil {
		m.t.Errorf("a backup of the store that was left: %v", err)
	}
	if said := m.refuses(""); !strings.Contains(said, "it was moved to another one, postgres://") {
		m.t.Errorf("serving the store that was left: %q", said)
	}
	m.store = m.url
	m.start()
}
