package door_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"laurel/internal/door"
	"laurel/internal/origin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// entrance is a door with those who have come in, in their order.
type entrance struct {
	t    *testing.T
	door *door.Listener
	in   chan net.Conn
}

func open(t *testing.T, b door.Bounds) *entrance {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &entrance{t, door.New(l, b), make(chan net.Conn, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := e.door.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			e.in <- c
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return e
}

// knock connects from an address of loopback.
func (e *entrance) knock(last byte) net.Conn {
	e.t.Helper()
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, last)}}
	c, err := from.Dial("tcp", e.door.Addr().String())
	if err != nil {
		if os.Getenv("CI") == "true" {
			e.t.Fatalf("a second loopback address is missing, and in CI it must be there: %v", err)
		}
		e.t.Skipf("NOT TESTED: a second loopback address is missing: %v", err)
	}
	e.t.Cleanup(func() { c.Close() })
	return c
}

// entered is the next who came in.
func (e *entrance) entered() net.Conn {
	e.t.Helper()
	select {
	case c := <-e.in:
		e.t.Cleanup(func() { c.Close() })
		return c
	case <-time.After(time.Minute):
		e.t.Fatal("nobody comes in")
		return nil
	}
}

// closed tells whether the other side hangs up.
func closed(c net.Conn, within time.Duration) bool {
	_ = c.SetReadDeadline(time.Now().Add(within))
	_, err := c.Read(make([]byte, 1))
	var slow net.Error
	return err != nil && !(errors.As(err, &slow) && slow.Timeout())
}

// Where all places are taken, who has been quiet for longest goes; who is asking
// something stays.
func TestTheQuietGiveWay(t *testing.T) {
	e := open(t, door.Bounds{All: 3, Each: 3})
	var outside, inside []net.Conn
	for n := range 3 {
		outside = append(outside, e.knock(byte(n+1)))
		inside = append(inside, e.entered())
	}
	e.door.Busy(inside[0], true)
	outside = append(outside, e.knock(4))
	inside = append(inside, e.entered())
	if !closed(outside[1], time.Minute) || closed(outside[0], 20*time.Millisecond) || closed(outside[2], 20*time.Millisecond) {
		t.Error("another than the one that was quiet for longest had to go")
	}
	e.door.Busy(inside[0], false) // quiet since now: the third is before it
	e.knock(5)
	e.door.Busy(e.entered(), true)
	if !closed(outside[2], time.Minute) || closed(outside[0], 20*time.Millisecond) {
		t.Error("who has just been answered had to go")
	}
	e.door.Busy(inside[0], true)
	e.door.Busy(inside[3], true)
	if c := e.knock(6); !closed(c, time.Minute) {
		t.Error("a fourth came in while all were asking")
	}
	if got := e.door.Stats(); got != (door.Stats{Open: 3, Refused: 1, Closed: 2}) {
		t.Errorf("%+v", got)
	}
	for _, c := range inside {
		c.Close()
		c.Close() // counted once
	}
	if got := e.door.Stats().Open; got != 1 {
		t.Errorf("%d are counted still", got)
	}
	e.door.Busy(inside[0], false) // after its end
	if e.knock(7); e.entered() == nil || e.door.Stats().Open != 2 {
		t.Errorf("%+v", e.door.Stats())
	}
}

// One address has its share, and a proxy has none.
func TestShareOfAnAddress(t *testing.T) {
	proxies, err := origin.Parse([]string{"127.0.0.9"})
	if err != nil {
		t.Fatal(err)
	}
	e := open(t, door.Bounds{All: 10, Each: 2, Proxies: proxies})
	for range 2 {
		e.knock(1)
		e.entered()
	}
	if c := e.knock(1); !closed(c, time.Minute) {
		t.Error("more than the share")
	}
	for range 5 {
		e.knock(9)
		e.entered()
	}
	e.knock(2)
	e.entered()
	if got := e.door.Stats(); got != (door.Stats{Open: 8, Refused: 1}) {
		t.Errorf("%+v", got)
	}
}

// What is said on a connection is not touched, and one side can be ended alone.
func TestHalfClosed(t *testing.T) {
	e := open(t, door.Bounds{All: 1, Each: 1})
	outside := e.knock(1)
	inside := e.entered()
	if _, err := io.WriteString(inside, "no"); err != nil {
		t.Fatal(err)
	}
	if err := inside.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if said, err := io.ReadAll(outside); err != nil || string(said) != "no" {
		t.Errorf("%q %v", said, err)
	}
	if _, err := io.WriteString(outside, "yes"); err != nil {
		t.Fatal(err)
	}
	outside.Close()
	if said, err := io.ReadAll(inside); err != nil || string(said) != "yes" {
		t.Errorf("%q %v", said, err)
	}
}
