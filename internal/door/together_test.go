package door_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/internal/door"
)

// counted is a listener whose connections count what is written on them.
type counted struct {
	net.Listener
	writes *atomic.Int32
}

type countedConn struct {
	net.Conn
	writes *atomic.Int32
}

func (l counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return countedConn{c, l.writes}, err
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// serving answers through a door as net/http does.
func serving(t *testing.T, l net.Listener, handler http.HandlerFunc) (url string) {
	t.Helper()
	s := &http.Server{Handler: handler, ConnContext: door.With, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(door.New(l, door.Bounds{All: 10, Each: 10})) }()
	t.Cleanup(func() { s.Close(); <-done })
	return "http://" + l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Answers of every length arrive as they are, one after another on one connection;
// what is not too large goes out in one write.
func TestTogether(t *testing.T) {
	var writes atomic.Int32
	body := bytes.Repeat([]byte("0123456789abcdef"), 10<<10)
	url := serving(t, counted{listen(t), &writes}, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Length", fmt.Sprint(n))
		w.Header().Set("X-Long", strings.Repeat("x", 1500))
		door.Together(r.Context(), func() {
			_, _ = w.Write(body[:n])
			w.(http.Flusher).Flush()
		})
	})
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	for _, n := range []int{0, 1, 2000, 2600, 4096, 5044, 8192, 11383, 54965, len(body)} {
		before := writes.Load()
		res, err := client.Get(fmt.Sprintf("%s/%d", url, n))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !bytes.Equal(got, body[:n]) {
			t.Errorf("%d bytes: came as %d: %v", n, len(got), err)
		}
		if took := writes.Load() - before; took != 1 && n < len(body) {
			t.Errorf("%d bytes: %d writes", n, took)
		}
	}
}

// Who goes away while nothing is read takes nothing along, and of many who read
// nothing at all none is in the way of others.
func TestTogetherWithThoseWhoReadNothing(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 8<<20) // more than the system takes
	var under sync.WaitGroup
	defer under.Wait()
	gone := make(chan struct{}, 4)
	url := serving(t, listen(t), func(w http.ResponseWriter, r *http.Request) {
		under.Add(1)
		defer under.Done()
		door.Together(r.Context(), func() { _, _ = w.Write(body) })
		if r.URL.Path == "/deaf" {
			<-r.Context().Done()
			gone <- struct{}{}
		}
	})
	var deaf []net.Conn
	for range cap(gone) {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		deaf = append(deaf, c)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Get(url + "/")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if err != nil || n != int64(len(body)) {
		t.Errorf("%d bytes: %v", n, err)
	}
	for _, c := range deaf {
		c.Close()
	}
	for range deaf {
		<-gone
	}
}

// A context of no connection, or of another's, changes nothing.
func TestTogetherWithoutADoor(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	defer here.Close()
	for _, ctx := range []context.Context{t.Context(), door.With(t.Context(), here)} {
		done := false
		door.Together(ctx, func() { done = true })
		if !done {
			t.Error("nothing was done")
		}
	}
}

// What panics has written what it wrote.
func TestTogetherPanics(t *testing.T) {
	url := serving(t, listen(t), func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		door.Together(r.Context(), func() {
			_, _ = io.WriteString(w, "said")
			w.(http.Flusher).Flush()
			panic(errors.New("unsaid"))
		})
	})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); string(got) != "said" {
		t.Errorf("%q: %v", got, err)
	}
}
