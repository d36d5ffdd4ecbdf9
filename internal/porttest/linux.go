//go:build linux

package porttest

import (
	"net/netip"
	"os"
	"syscall"
)

// Keep is Address until leave is called.
//
// It binds a socket that does not listen and may be shared. So a server that names
// the port and may share it too can listen, as those of Go, nginx and PostgreSQL
// may; and a port that is bound is neither given to who asks for any, nor the near
// end of a connection.
func Keep() (address string, leave func(), err error) {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, os.NewSyscallError("socket", err)
	}
	defer func() {
		if err != nil {
			_ = syscall.Close(s)
		}
	}()
	if err := syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", nil, os.NewSyscallError("bind", err)
	}
	if err := syscall.SetsockoptInt(s, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return "", nil, os.NewSyscallError("setsockopt", err)
	}
	own, err := syscall.Getsockname(s)
	if err != nil {
		return "", nil, os.NewSyscallError("getsockname", err)
	}
	at := own.(*syscall.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)).String(), func() { _ = syscall.Close(s) }, nil
}
