//go:build !linux

package porttest

import "net"

// Keep is Address, and keeps nothing: a port that is bound has none other here.
func Keep() (address string, leave func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	return l.Addr().String(), func() {}, l.Close()
}
