package door_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
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

// fetch asks for the beginning of a body, and makes sure that it comes so.
func fetch(t *testing.T, client *http.Client, url string, want []byte) *http.Response {
	t.Helper()
	res, err := client.Get(fmt.Sprintf("%s/%d", url, len(want)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes: came as %d: %v", len(want), len(got), err)
	}
	return res
}

// Answers of every length arrive as they are, one after another on one connection;
// what is not too large goes out in one write, and the rest in one call of TCP's.
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
		fetch(t, client, url, body[:n])
		if took := writes.Load() - before; took != 1 && (took != 2 || n < 12<<10) {
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

// Lines that go past net/http stand in the answer as if it had written them, before
// answers of every length; the next answer on the connection has its own.
func TestHead(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	taken := make(chan [3]bool, 1)
	url := serving(t, listen(t), func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Length", fmt.Sprint(n))
		w.Header()["Content-Type"] = nil
		door.Together(r.Context(), func() {
			lines := fmt.Appendf(nil, "Content-Type: text/plain\r\nX-Is: %d\r\n", n)
			took := [3]bool{door.Head(r.Context(), lines), door.Head(r.Context(), lines)}
			_, _ = w.Write(body[:n])
			_ = http.NewResponseController(w).Flush()
			took[2] = door.Head(r.Context(), lines)
			taken <- took
		})
	})
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	for _, n := range []int{0, 1, 3000, 4096, 12 << 10, 16 << 10, 17 << 10, len(body), 5} {
		res := fetch(t, client, url, body[:n])
		date := res.Header.Get("Date")
		want := http.Header{"Content-Type": {"text/plain"}, "X-Is": {fmt.Sprint(n)}, "Content-Length": {fmt.Sprint(n)}, "Date": {date}}
		if !reflect.DeepEqual(res.Header, want) || date == "" {
			t.Errorf("%d bytes: %v", n, res.Header)
		}
		if took := <-taken; took != [3]bool{true, false, false} {
			t.Errorf("%d bytes: %v", n, took)
		}
	}
}

// Where TLS has the bytes first, or nothing is held back, lines go the long way.
func TestHeadIsRefused(t *testing.T) {
	ctx := t.Context()
	if door.Head(ctx, nil) {
		t.Error("without a door")
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		alone := door.Head(r.Context(), []byte("X: 1\r\n"))
		door.Together(r.Context(), func() { fmt.Fprint(w, alone, door.Head(r.Context(), []byte("X: 1\r\n"))) })
	}))
	s.Listener.Close()
	s.Listener = door.New(listen(t), door.Bounds{All: 10, Each: 10})
	s.Config.ConnContext = door.With
	s.StartTLS()
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || string(got) != "false false" || res.Header.Get("X") != "" {
		t.Errorf("%q %v %v", got, res.Header, err)
	}
}

// An answer that its lines could not join is not sent without them.
func TestHeadIsNeverLost(t *testing.T) {
	url := serving(t, listen(t), func(w http.ResponseWriter, r *http.Request) {
		door.Together(r.Context(), func() {
			if !door.Head(r.Context(), []byte("X: 1\r\n")) {
				t.Error("not taken")
			}
		}) // nothing was written: net/http would, now
		_, _ = io.WriteString(w, "bare")
	})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	if res, err := client.Get(url); err == nil {
		res.Body.Close()
		t.Errorf("an answer without its lines: %v", res.Header)
	}
}
