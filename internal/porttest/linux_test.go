//go:build linux

package porttest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"laurel/internal/porttest"
)

// A server listens at the address, ends and listens again; while none does,
// connections are refused, and whoever asks for any port gets another one, and so
// does the near end of a connection, until all are given.
func TestPortIsKept(t *testing.T) {
	address := porttest.Address(t)
	for range 2 {
		if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("%v, %v", conn, err)
		}
		server, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		near, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		far, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []interface{ Close() error }{far, near, server} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for range 2000 {
		if other := porttest.Address(t); other == address {
			t.Fatalf("%s was given twice", address)
		}
	}
	kept, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: kept.IP}); err != nil || l.Addr().(*net.TCPAddr).Port == kept.Port {
		t.Errorf("%v, %v", l, err)
	} else {
		l.Close()
	}
}
