package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestHostileConnections: who opens connections and never ends a request is
// cut off when its time is over, others are answered meanwhile, and headers
// beyond any sense are refused.
func TestHostileConnections(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	address := strings.TrimPrefix(d.baseURL, "http://")
	dial := func(text string) net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	start := time.Now()
	var idle []net.Conn
	for n := range 300 {
		idle = append(idle, dial([]string{"", "GET / HTTP/1.1\r\n", "POST /v1/verify HTTP/1.1\r\nHost: x\r\nX-A: ", "\r\n\r\n"}[n%4]))
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(d.baseURL + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("others are not answered: %v", err)
	}
	resp.Body.Close()
	for what, text := range map[string]string{
		"2 MB of one header": "GET / HTTP/1.1\r\nHost: " + address + "\r\nX-A: " + strings.Repeat("a", 2<<20) + "\r\n\r\n",
		"a long address":     "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
		"100,000 headers":    "GET / HTTP/1.1\r\nHost: " + address + "\r\n" + strings.Repeat("a: b\r\n", 100_000) + "\r\n",
	} {
		if status, err := firstStatus(address, text); err == nil && status != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %d", what, status)
		}
	}
	for n, conn := range idle { // each is read to its end, which only the server makes
		_ = conn.SetReadDeadline(time.Now().Add(headerTimeout + 2*time.Minute))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Fatalf("connection %d is open after %v", n, time.Since(start))
		}
	}
}

// firstStatus writes while it reads: who is refused half way may be cut off in
// the middle of writing, which is an error here and no fault.
func firstStatus(address, text string) (int, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	go func() { _, _ = io.WriteString(conn, text) }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, fmt.Errorf("no answer: %w", err)
	}
	return resp.StatusCode, resp.Body.Close()
}
