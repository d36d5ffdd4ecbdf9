//go:build linux && network && !race

package replicas_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The two ends of a line, of a network that documents may use (RFC 5737).
const (
	storeEnd   = "198.51.100.1"
	serviceEnd = "198.51.100.2"
)

// line is a network between services and their store: two devices of the kernel,
// one of them in a namespace of its own, and what carries packets from one to the
// other. Connections are those of the kernel, which repeats what was lost. What
// goes to the services from elsewhere is carried as it is.
type line struct {
	tb              testing.TB
	space           string   // the namespace of the services
	here, there     *os.File // the devices
	store           *relay
	delay           atomic.Int64 // of a packet in one direction, in nanoseconds
	loss            atomic.Int64 // of a hundred packets
	cut             atomic.Bool
	carried, missed atomic.Int64
}

// newLine makes a line to a server on this machine.
func newLine(tb testing.TB, server string) *line {
	tb.Helper()
	l := &line{tb: tb, space: fmt.Sprint("laurel-", os.Getpid())}
	ends := [2]string{fmt.Sprint("lrl-a-", os.Getpid()), fmt.Sprint("lrl-b-", os.Getpid())}
	var err error
	if l.here, err = tunnel(ends[0]); err == nil {
		l.there, err = tunnel(ends[1])
	}
	if err != nil {
		tb.Fatalf("no line can be made; it needs /dev/net/tun, and root: %v", err)
	}
	l.ip("netns", "add", l.space)
	tb.Cleanup(func() {
		_ = errors.Join(l.here.Close(), l.there.Close()) // which ends the devices
		l.ip("netns", "delete", l.space)
	})
	l.ip("link", "set", ends[1], "netns", l.space)
	l.ip("address", "add", storeEnd+"/30", "dev", ends[0])
	l.ip("link", "set", ends[0], "up")
	l.ip("-n", l.space, "address", "add", serviceEnd+"/30", "dev", ends[1])
	l.ip("-n", l.space, "link", "set", ends[1], "up")
	l.ip("-n", l.space, "link", "set", "lo", "up")
	l.store = newRelay(tb, server)
	go l.carry(l.here, l.there)
	go l.carry(l.there, l.here)
	return l
}

func (l *line) ip(args ...string) {
	l.tb.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		l.tb.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// tunnel makes a device whose packets are read and written here.
func tunnel(name string) (*os.File, error) {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	var request struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:syscall.IFNAMSIZ-1], name)
	request.flags = syscall.IFF_TUN | syscall.IFF_NO_PI
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&request))); e != 0 {
		return nil, errors.Join(e, syscall.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// late is a packet and when it is due.
type late struct {
	packet []byte
	due    time.Time
}

// carry takes packets from one end to the other, until the line ends.
func (l *line) carry(from, to *os.File) {
	queue := make(chan late, 1<<14)
	defer close(queue)
	go func() {
		for p := range queue {
			time.Sleep(time.Until(p.due))
			_, _ = to.Write(p.packet) // as good as lost
		}
	}()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		switch delay := time.Duration(l.delay.Load()); {
		case !l.concerns(buffer[:n]):
			_, _ = to.Write(buffer[:n])
		case l.cut.Load() || rand.Int64N(100) < l.loss.Load():
			l.missed.Add(1)
		default:
			l.carried.Add(1)
			queue <- late{slices.Clone(buffer[:n]), time.Now().Add(delay)}
		}
	}
}

// concerns tells whether a packet is between a service and the store: TCP
// (RFC 9293) in IPv4 (RFC 791) to or from its port.
func (l *line) concerns(packet []byte) bool {
	if len(packet) < 20 || packet[0]>>4 != 4 || packet[9] != syscall.IPPROTO_TCP {
		return false
	}
	head := int(packet[0]&0xf) * 4
	if len(packet) < head+4 {
		return false
	}
	from, to := binary.BigEndian.Uint16(packet[head:]), binary.BigEndian.Uint16(packet[head+2:])
	return from == l.store.port || to == l.store.port
}

// relay listens at the store's end of the line for a server elsewhere.
type relay struct {
	server string
	port   uint16
	mu     sync.Mutex
	open   map[*net.TCPConn]struct{} // from services
}

func newRelay(tb testing.TB, server string) *relay {
	tb.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(storeEnd, "0"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	r := &relay{server: server, port: uint16(listener.Addr().(*net.TCPAddr).Port), open: map[*net.TCPConn]struct{}{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go r.join(conn.(*net.TCPConn))
		}
	}()
	return r
}

func (r *relay) address() string { return net.JoinHostPort(storeEnd, strconv.Itoa(int(r.port))) }

func (r *relay) join(client *net.TCPConn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.server)
	if err != nil {
		return
	}
	defer server.Close()
	r.mu.Lock()
	r.open[client] = struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, client)
	}()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_, _ = io.Copy(server, client)
}

// reset ends all connections of services with RST.
func (r *relay) reset() (ended int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.open {
		_ = errors.Join(conn.SetLinger(0), conn.Close())
		ended++
	}
	return ended
}
