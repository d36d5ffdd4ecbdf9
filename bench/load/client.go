// Package load drives services over HTTP as their users do, and looks at what
// their processes take of the machine. It measures and ships with nothing.
//
// Its client writes and reads HTTP/1.1 on bare connections: it shares the
// machine with what it measures, so what it takes must be little.
package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what is sent, but for the address.
type Request struct {
	Method, Path string
	Token        string // "" for none
	Body         []byte // JSON
}

// Answer is what came back. The body is valid until the next call on its Conn.
type Answer struct {
	Status int
	Body   []byte
}

// Conn is one connection that stays open.
type Conn struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	body    []byte
}

// patience bounds one exchange.
const patience = 30 * time.Second

// Dial connects to an address, host and port.
func Dial(address string) (*Conn, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{address: address, conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Do sends a request and reads the answer.
func (c *Conn) Do(r Request) (Answer, error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return Answer{}, err
	}
	c.out = append(append(append(append(c.out[:0], r.Method...), ' '), r.Path...), " HTTP/1.1\r\nHost: "...)
	c.out = append(append(c.out, c.address...), "\r\n"...)
	if r.Token != "" {
		c.out = append(append(append(c.out, "Authorization: Bearer "...), r.Token...), "\r\n"...)
	}
	if r.Body != nil {
		c.out = append(c.out, "Content-Type: application/json\r\nContent-Length: "...)
		c.out = append(strconv.AppendInt(c.out, int64(len(r.Body)), 10), "\r\n"...)
	}
	c.out = append(append(c.out, "\r\n"...), r.Body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return Answer{}, err
	}
	return c.read()
}

// read reads one answer, which must tell its length or come in chunks.
func (c *Conn) read() (a Answer, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 {
		return a, fmt.Errorf("no status line: %q", line)
	}
	if a.Status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, err
	}
	length, chunked := int64(0), false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		name, value, more := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		if !more {
			break
		}
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return a, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	c.body = c.body[:0]
	if chunked {
		err = c.chunks()
	} else {
		err = c.take(length)
	}
	a.Body = c.body
	return a, err
}

func (c *Conn) take(n int64) error {
	from := len(c.body)
	c.body = slices.Grow(c.body, int(n))[:from+int(n)]
	_, err := io.ReadFull(c.in, c.body[from:])
	return err
}

func (c *Conn) chunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return err
		}
		if err := c.take(n); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}

// Result is what a run came to.
type Result struct {
	Requests int // that were answered with 200 to 299
	Created  int // with 201, of these
	Refused  int // with 503, by Crowd
	Took     time.Duration
	times    []time.Duration // of each request, ascending
}

// Rate is requests a second.
func (r Result) Rate() float64 { return float64(r.Requests) / r.Took.Seconds() }

// Latency is the time that the share p of all requests did not exceed.
func (r Result) Latency(p float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	return r.times[min(int(p*float64(len(r.times))), len(r.times)-1)]
}

// Run lets c connections send what next makes, one request after the other each,
// for so long. An answer outside of 200 to 299 ends it with an error. next is
// called by all at once, with numbers that do not repeat within the run.
func Run(address string, c int, d time.Duration, next func(n int) Request) (Result, error) {
	return run(address, c, d, next, func(int) bool { return false })
}

// Crowd is Run for more than a service can do: it goes on where it is told to
// come back (503).
func Crowd(address string, c int, d time.Duration, next func(n int) Request) (Result, error) {
	return run(address, c, d, next, func(status int) bool { return status == 503 })
}

func run(address string, c int, d time.Duration, next func(n int) Request, goOn func(status int) bool) (Result, error) {
	var number atomic.Int64
	var mu sync.Mutex
	var all Result
	var failed error
	var wg sync.WaitGroup
	begin := time.Now()
	for range c {
		wg.Go(func() {
			r, err := one(address, begin.Add(d), func() Request { return next(int(number.Add(1))) }, goOn)
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
			all.Created += r.Created
			all.Refused += r.Refused
			all.times = append(all.times, r.times...)
		})
	}
	wg.Wait()
	all.Took, all.Requests = time.Since(begin), len(all.times)
	slices.Sort(all.times)
	return all, failed
}

// one is what one connection came to.
func one(address string, until time.Time, next func() Request, goOn func(status int) bool) (r Result, err error) {
	conn, err := Dial(address)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for start := time.Now(); start.Before(until); {
		q := next()
		a, err := conn.Do(q)
		if err != nil {
			return r, fmt.Errorf("%s %s: %w", q.Method, q.Path, err)
		}
		now := time.Now()
		switch {
		case a.Status/100 == 2:
			r.times = append(r.times, now.Sub(start))
			if a.Status == 201 {
				r.Created++
			}
		case goOn(a.Status):
			r.Refused++
		default:
			return r, fmt.Errorf("%s %s: %d %s", q.Method, q.Path, a.Status, strings.TrimSpace(string(a.Body)))
		}
		start = now
	}
	return r, nil
}
