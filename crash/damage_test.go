//go:build linux && !race

package crash

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// mutation is one thing that a disk does to a file at rest.
type mutation struct {
	kind string
	at   int64
	bit  byte
}

func (m mutation) String() string { return fmt.Sprintf("%s at %d (bit %d)", m.kind, m.at, m.bit) }

// drawMutation draws one within the part of a file that is used: two bits flipped
// for a page zeroed and a file cut.
func drawMutation(chance *rand.Rand, used, page int64) mutation {
	at := chance.Int64N(used)
	switch chance.IntN(4) {
	case 0:
		return mutation{"a page zeroed", at / page * page, 0}
	case 1:
		return mutation{"cut", at, 0}
	}
	return mutation{"a bit flipped", at, byte(chance.IntN(8))}
}

func (m mutation) spoil(path string, page int64) error {
	if m.kind == "cut" {
		return os.Truncate(path, m.at)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 1)
	if m.kind == "a page zeroed" {
		b = make([]byte, page)
	} else if _, err := f.ReadAt(b, m.at); err != nil {
		return err
	}
	b[0] ^= 1 << m.bit
	if m.kind == "a page zeroed" {
		b[0] = 0
	}
	_, err = f.WriteAt(b, m.at)
	return err
}

// usedPart is how much of a store's file has something in it.
func usedPart(t *testing.T, path string) (used, page int64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error { used = tx.Size(); return nil }); err != nil {
		t.Fatal(err)
	}
	return used, int64(db.Info().PageSize)
}

// verdicts counts what a service did with a file that was damaged.
type verdicts struct {
	refused, readOnly, unhurt, answers int
}

// TestDamage damages the file of a stopped service in one place and starts it.
// Either it ends at once with one clear line, or all that it serves is right: each
// badge is given byte for byte or not at all, and no list that leaves a
// revocation out. It never hangs and never crashes.
func TestDamage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	h.startWith([]string{h.measured()})
	c := h.crowd(8)
	for range 6 {
		for _, one := range c.clients {
			if !c.step(one) {
				t.Fatalf("a request failed\n%s", h.said.tail(10))
			}
		}
	}
	if !within(3*time.Minute, func() bool {
		return h.metric("laurel_audit_waiting")+h.metric("laurel_jwt_waiting") == 0 && h.metric("laurel_audit_signed") > 0
	}) {
		t.Error("the log does not take in what waits, or JWTs are not made")
	}
	h.stop()
	h.check()
	whole, err := os.ReadFile(filepath.Join(h.folder, "laurel.db"))
	if err != nil {
		t.Fatal(err)
	}
	used, page := usedPart(t, filepath.Join(h.folder, "laurel.db"))
	seed := uint64(rounds(t, "CRASH_SEED", int(rand.Uint32()%1_000_000)+1))
	chance := rand.New(rand.NewPCG(seed, 2))
	var v verdicts
	n := rounds(t, "CRASH_MUTATIONS", 8)
	for range n {
		m := drawMutation(chance, used, page)
		path := filepath.Join(h.folder, "laurel.db")
		if err := os.WriteFile(path, whole[:used], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := m.spoil(path, page); err != nil {
			t.Fatal(err)
		}
		c.faceDamage(m, &v)
	}
	t.Logf("%d mutations of a file of %d bytes (CRASH_SEED=%d): %d refused with one line, %d served read-only, %d harmless; %d answers looked at; wrong: %d",
		n, used, seed, v.refused, v.readOnly, v.unhurt, v.answers, len(c.bad))
	for _, bad := range c.bad {
		t.Error(bad)
	}
}

// faceDamage starts the service on a damaged file and looks at what it does.
func (c *crowd) faceDamage(m mutation, v *verdicts) {
	c.h.said.forget()
	c.h.launch(nil)
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-c.h.ended:
			c.h.ended <- err
			c.h.kill()
			v.refused++
			if said := c.h.said.all(); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "laurel: ") || !strings.Contains(said, "damaged") && !strings.Contains(said, "store") {
				c.wrong("%v: it ended with %v and said %q", m, err, said)
			}
			return
		default:
		}
		if code, _ := c.h.get("/readyz?for=read"); code == http.StatusOK {
			break
		}
		if time.Since(began) > 3*time.Minute {
			c.wrong("%v: it neither serves nor ends", m)
			c.h.kill()
			return
		}
	}
	c.facePages(m, v)
	if code, _ := c.h.get("/readyz"); code == http.StatusOK {
		v.unhurt++
	} else {
		v.readOnly++
	}
	select {
	case err := <-c.h.ended:
		c.h.ended <- err
		c.wrong("%v: it crashed: %v\n%s", m, err, c.h.said.tail(5))
	default:
	}
	c.h.kill()
}

// facePages asks for everything that may be shown.
func (c *crowd) facePages(m mutation, v *verdicts) {
	for _, list := range []string{"/status/city-academy-1", "/status/city-academy-s1"} {
		published, err := c.h.list(list)
		if err != nil {
			continue // it says that it cannot
		}
		v.answers++
		for _, one := range c.clients {
			for _, b := range one.badges {
				for _, e := range b.entries {
					var index int
					if _, err := fmt.Sscan(e.Index, &index); err != nil || !strings.Contains(e.ID, list+"#") {
						continue
					}
					want := e.Purpose == "revocation" && b.state == "revoked" || e.Purpose == "suspension" && b.state == "suspended"
					got, err := published.Bit(index)
					if e.Purpose == "suspension" && b.state == "revoked" {
						continue
					}
					if err != nil || got != want {
						c.wrong("%v: %s is %s and its bit is %t: %v", m, b.ref, b.state, got, err)
					}
				}
			}
		}
	}
	for _, one := range c.clients {
		for _, b := range one.badges {
			code, body := c.h.get("/credentials/" + b.id + ".json")
			v.answers++
			switch {
			case code == http.StatusOK && b.state != "revoked" && !bytes.Equal(body, b.document):
				c.wrong("%v: %s is not what was signed", m, b.ref)
			case code == 0 || code == http.StatusOK && b.erased:
				c.wrong("%v: %s is answered with %d", m, b.ref, code)
			case code == http.StatusNotFound:
				c.wrong("%v: %s is said not to exist", m, b.ref)
			}
		}
	}
}
