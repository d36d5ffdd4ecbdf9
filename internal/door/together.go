package door

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
)

// What goes out together is copied up to piece bytes, in pieces at once: who reads
// slowly keeps one of them, and all together no more memory than these.
const (
	piece  = 64 << 10
	pieces = 64
)

type connKey struct{}

// With gives the context of what is asked on a connection; see Together. It is
// net/http's ConnContext.
func With(ctx context.Context, on net.Conn) context.Context {
	if secured, ok := on.(*tls.Conn); ok {
		on = secured.NetConn()
	}
	if c, ok := on.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// Together has all that write writes on the connection of ctx go out at once when
// it returns. net/http writes what does not fit into four kilobytes in two parts,
// and each is a call of the system here and one more over there. Where that cannot
// be, because it is too much, much else is under way or ctx is of no connection, it
// goes out as it comes. A connection that cannot be written is closed. It is for
// HTTP/1 alone: write must not wait for the reader.
func Together(ctx context.Context, write func()) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok || !c.out.hold(c.of.free) {
		write()
		return
	}
	defer c.release()
	write()
}

// outgoing is what is held back on a connection. Others than who asked for it may
// write meanwhile, such as TLS when it is closed.
type outgoing struct {
	mu   sync.Mutex
	held []byte // nil: nothing is held back
}

func (o *outgoing) hold(free chan []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != nil {
		return false
	}
	select {
	case o.held = <-free:
	default:
		return false
	}
	if o.held == nil {
		o.held = make([]byte, 0, piece)
	}
	return true
}

// flush writes what is held back.
func (o *outgoing) flush(to net.Conn) (err error) {
	if len(o.held) > 0 {
		_, err = to.Write(o.held)
		o.held = o.held[:0]
	}
	return err
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held != nil && len(o.held)+len(b) <= piece {
		o.held = append(o.held, b...)
		return len(b), nil
	}
	if err := o.flush(c.Conn); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// release writes what was held back, and holds back no more.
func (c *conn) release() {
	o := &c.out
	o.mu.Lock()
	err := o.flush(c.Conn)
	held := o.held
	o.held = nil
	o.mu.Unlock()
	c.of.free <- held
	if err != nil {
		_ = c.Close() // nobody is told: its reader is gone
	}
}
