// Package door bounds the connections of a server: all of them, and those of one
// address. Where there are as many as may be, the one goes that has been open for
// longest without a whole request, so that who opens connections and says nothing
// shuts nobody out.
//
// It knows nothing of what is said on a connection. Start at New.
package door

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"

	"laurel/internal/origin"
)

// Bounds are how many connections may be open, in all and from one address (of
// IPv6 one /64). Proxies have no bound of their own.
type Bounds struct {
	All, Each int
	Proxies   origin.Proxies
}

// Stats count connections.
type Stats struct {
	Open    int    // now
	Refused uint64 // that found no place
	Closed  uint64 // that gave theirs up to others
}

// Listener is a net.Listener with bounds.
type Listener struct {
	net.Listener
	bounds Bounds
	free   chan []byte // for what goes out together; nil for one that is not made yet

	mu    sync.Mutex
	each  map[netip.Addr]int
	quiet *list.List // of *conn without a request, the longest so first
	stats Stats
}

// New bounds what a listener accepts.
func New(l net.Listener, b Bounds) *Listener {
	free := make(chan []byte, pieces)
	for range pieces {
		free <- nil
	}
	return &Listener{Listener: l, bounds: b, free: free, each: map[netip.Addr]int{}, quiet: list.New()}
}

// conn is a connection that is counted. Its fields are guarded by the listener,
// but for out.
type conn struct {
	net.Conn
	of     *Listener
	out    outgoing
	from   netip.Addr
	quiet  *list.Element // nil while a request is under way
	closed bool
}

// Accept implements net.Listener. What finds no place is closed at once.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		admitted, evicted := l.admit(c)
		if evicted != nil {
			_ = evicted.Close()
		}
		if admitted != nil {
			return admitted, nil
		}
		_ = c.Close()
	}
}

func (l *Listener) admit(c net.Conn) (admitted net.Conn, evicted net.Conn) {
	from := origin.Of(c.RemoteAddr().String())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.each[from] >= l.bounds.Each && !l.bounds.Proxies.Trusts(from) {
		l.stats.Refused++
		return nil, nil
	}
	if l.stats.Open >= l.bounds.All {
		longest := l.quiet.Front()
		if longest == nil {
			l.stats.Refused++
			return nil, nil
		}
		gone := longest.Value.(*conn)
		gone.leave()
		l.stats.Closed++
		evicted = gone.Conn
	}
	counted := &conn{Conn: c, of: l, from: from}
	counted.quiet = l.quiet.PushBack(counted)
	l.each[from]++
	l.stats.Open++
	return counted, evicted
}

// leave gives the place of a connection up. The caller holds the lock.
func (c *conn) leave() {
	if c.closed {
		return
	}
	c.closed = true
	if c.quiet != nil {
		c.of.quiet.Remove(c.quiet)
		c.quiet = nil
	}
	c.of.stats.Open--
	if c.of.each[c.from]--; c.of.each[c.from] == 0 {
		delete(c.of.each, c.from)
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.of.mu.Lock()
	c.leave()
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite tells the other side that nothing follows: net/http does so before it
// leaves a body unread, lest its answer be lost.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Busy says whether a request is under way on a connection, or TLS on one, of this
// listener.
func (l *Listener) Busy(on net.Conn, busy bool) {
	if secured, ok := on.(*tls.Conn); ok {
		on = secured.NetConn()
	}
	c, ok := on.(*conn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case c.closed || busy == (c.quiet == nil):
	case busy:
		l.quiet.Remove(c.quiet)
		c.quiet = nil
	default:
		c.quiet = l.quiet.PushBack(c)
	}
}

// Stats tells how many connections there are and were.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}
