package postgres_test

import (
	"bytes"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// proxy stands between a store and the server and cuts connections on demand.
type proxy struct {
	url    string
	server func() (net.Conn, error)

	beforeCommit atomic.Bool            // cut the next connection that commits, and do not pass it on
	afterCommit  atomic.Bool            // pass it on, wait for the answer, and cut then
	holdCommit   atomic.Bool            // pass on the next commit, and never its answer
	atCommit     atomic.Pointer[func()] // called before the next commit is passed on
	down         atomic.Bool            // take no connections, and cut those that are used
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	config, err := pgx.ParseConfig(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	u := url.URL{Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: listener.Addr().String(),
		Path:     config.Database,
		RawQuery: "sslmode=disable&search_path=" + config.RuntimeParams["search_path"]}
	p := &proxy{url: u.String(), server: func() (net.Conn, error) {
		network, address := pgconn.NetworkAddress(config.Host, config.Port)
		return net.Dial(network, address)
	}}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	if p.down.Load() {
		return
	}
	server, err := p.server()
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var swallow, hold atomic.Bool
	go func() {
		defer func() { _ = client.Close() }()
		pump(client, server, func([]byte) (pass, cut bool) { return !swallow.Load() && !hold.Load(), swallow.Load() })
	}()
	pump(server, client, func(data []byte) (pass, cut bool) {
		commits := bytes.Contains(data, []byte("commit\x00"))
		if commits {
			if f := p.atCommit.Swap(nil); f != nil {
				(*f)()
			}
		}
		switch {
		case p.down.Load(), commits && p.beforeCommit.CompareAndSwap(true, false):
			return false, true
		case commits && p.afterCommit.CompareAndSwap(true, false):
			swallow.Store(true)
		case commits && p.holdCommit.CompareAndSwap(true, false):
			hold.Store(true)
		}
		return true, false
	})
}

// pump copies from one connection to the other as long as judge lets it.
func pump(to, from net.Conn, judge func([]byte) (pass, cut bool)) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		pass, cut := judge(buffer[:n])
		if pass {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if cut {
			return
		}
	}
}
