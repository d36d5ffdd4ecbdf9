package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// What goes out together is copied up to piece bytes, in pieces at once: who reads
// slowly keeps one of them, and all together no more memory than these. What is
// larger is not copied: it goes out behind the piece, in the same call.
const (
	piece  = 16 << 10
	pieces = 64
)

type connKey struct{}

// way is how an answer goes out: on a connection, and secured by TLS or not.
type way struct {
	*conn
	secured bool
}

// With gives the context of what is asked on a connection; see Together. It is
// net/http's ConnContext.
func With(ctx context.Context, on net.Conn) context.Context {
	secured, ok := on.(*tls.Conn)
	if ok {
		on = secured.NetConn()
	}
	if c, is := on.(*conn); is {
		return context.WithValue(ctx, connKey{}, way{c, ok})
	}
	return ctx
}

// Together has all that write writes on the connection of ctx go out at once when
// it returns. net/http writes what does not fit into four kilobytes in two parts,
// and each is a call of the system here and one more over there. Where that cannot
// be, because much else is under way or ctx is of no connection, it goes out as it
// comes. A connection that cannot be written is closed. It is for HTTP/1 alone:
// write must not wait for the reader.
func Together(ctx context.Context, write func()) {
	c, ok := ctx.Value(connKey{}).(way)
	if !ok || !c.out.hold(c.of.free) {
		write()
		return
	}
	defer c.release()
	write()
}

// Head gives the answer that is about to be written by Together lines of a header,
// each with its end, that need not go through net/http: it copies and sorts them for
// every answer, which takes a fifth of what a short one takes. They stand behind the
// status line. Where it is false, whoever asked sends them the long way: nothing is
// held back, something was written, or TLS has the bytes first.
func Head(ctx context.Context, lines []byte) bool {
	c, ok := ctx.Value(connKey{}).(way)
	if !ok || c.secured {
		return false
	}
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil || o.begun || o.head != nil {
		return false
	}
	o.head = lines
	return true
}

// outgoing is what is held back on a connection. Others than who asked for it may
// write meanwhile, such as TLS when it is closed.
type outgoing struct {
	mu    sync.Mutex
	held  []byte // nil: nothing is held back
	begun bool   // something was written since
	head  []byte // stands behind the first line of what is written next
	both  [2][]byte
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
	o.begun = false
	return true
}

// errHead is of an answer that net/http did not begin with a whole line. It would
// lack its header, so it does not go out.
var errHead = errors.New("door: an answer without a status line")

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		return c.Conn.Write(b)
	}
	rest := b
	if o.head != nil {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			return 0, errHead
		}
		o.held = append(append(o.held, b[:end]...), o.head...)
		o.head, rest = nil, b[end:]
	}
	o.begun = true
	if len(o.held)+len(rest) <= piece {
		o.held = append(o.held, rest...)
		return len(b), nil
	}
	if err := o.flush(c.Conn, rest); err != nil {
		return 0, err
	}
	return len(b), nil
}

// flush writes what is held back, and what follows it.
func (o *outgoing) flush(to net.Conn, rest []byte) error {
	o.both = [...][]byte{o.held, rest}
	out := net.Buffers(o.both[:])
	_, err := out.WriteTo(to)
	o.held, o.both = o.held[:0], [2][]byte{}
	return err
}

// release writes what was held back, and holds back no more.
func (c *conn) release() {
	o := &c.out
	o.mu.Lock()
	var err error
	if len(o.held) > 0 {
		_, err = c.Conn.Write(o.held)
	}
	if o.head != nil {
		err, o.head = errHead, nil // what follows would lack it
	}
	held := o.held[:0]
	o.held = nil
	o.mu.Unlock()
	if cap(held) > 2*piece {
		held = nil
	}
	c.of.free <- held
	if err != nil {
		_ = c.Close() // nobody is told: its reader is gone
	}
}
