// Command serve times what the public reads from a service against nginx serving
// the same bytes with the same headers from files, in turn, with wrk on the same
// machine.
//
//	serve [-rounds 7] [-for 2s] [-c 16] PROGRAM
//
// PROGRAM is a laurel. nginx and wrk have to be there (Debian: nginx-light, wrk).
// Both servers have all processors and write a line for each request into a file.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 7, "rounds")
	each := flag.Duration("for", 2*time.Second, "time of each measurement")
	clients := flag.Int("c", 16, "connections")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *rounds, *each, *clients); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// target is one answer that is timed.
type target struct {
	name, path string
	header     textproto.MIMEHeader
	file       string // of nginx
}

func run(program string, rounds int, each time.Duration, clients int) error {
	for _, tool := range []string{"nginx", "wrk"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is needed: apt-get install nginx-light wrk", tool)
		}
	}
	dir, err := os.MkdirTemp("", "serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, theirs, err := freePorts()
	if err != nil {
		return err
	}
	list, err := demo(program, dir, ours)
	if err != nil {
		return err
	}
	stop, err := start(filepath.Join(dir, "laurel.log"), program, "serve", "--data", filepath.Join(dir, "data"), "--listen", ours, "--verify-rate", "0")
	if err != nil {
		return err
	}
	defer stop()
	if err := awake(ours); err != nil {
		return err
	}
	conf, err := site(dir, ours, theirs, list)
	if err != nil {
		return err
	}
	stopNginx, err := start(filepath.Join(dir, "nginx.log"), "nginx", "-e", filepath.Join(dir, "nginx.err"), "-c", conf)
	if err != nil {
		return err
	}
	defer stopNginx()
	if err := awake(theirs); err != nil {
		return err
	}
	fmt.Printf("load %s, %d connections, %d rounds of %s\n", load(), clients, rounds, each)
	for _, t := range list {
		if err := compare(t, ours, theirs, rounds, each, clients); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func load() string {
	raw, _ := os.ReadFile("/proc/loadavg") // for the reader alone
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}

func freePorts() (a, b string, err error) {
	for _, at := range []*string{&a, &b} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer l.Close()
		*at = l.Addr().String()
	}
	return a, b, nil
}

// demo has a demonstration make badges in a data folder, and says what to ask for.
func demo(program, dir, listen string) ([]target, error) {
	cmd := exec.Command(program, "demo", "--json", "--data", filepath.Join(dir, "data"), "--listen", listen)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() { _ = cmd.Process.Signal(syscall.SIGINT); _ = cmd.Wait() }()
	id := ""
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var said struct {
			ID, Status string
			Ready      bool
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			return nil, err
		}
		if id == "" && said.Status == "active" {
			id = said.ID
		}
		if said.Ready {
			return targets(listen, id)
		}
	}
	return nil, errors.Join(errors.New("the demonstration never was ready"), lines.Err())
}

func targets(listen, id string) ([]target, error) {
	badge := "/credentials/" + id
	_, raw, err := get(listen, badge, nil)
	if err != nil {
		return nil, err
	}
	list := regexp.MustCompile(`/status/[a-z0-9-]+`).FindString(string(raw))
	if list == "" {
		return nil, errors.New("the badge names no status list")
	}
	browser := textproto.MIMEHeader{"Accept": {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, "Accept-Language": {"en-GB,en;q=0.5"}, "Accept-Encoding": {"gzip, deflate"}}
	return []target{
		{name: "page, gzip", path: badge, header: browser},
		{name: "page where codes lead, gzip", path: "/v/" + id, header: browser},
		{name: "page, plain", path: badge, header: textproto.MIMEHeader{"Accept": {"text/html"}}},
		{name: "badge as JSON", path: badge, header: textproto.MIMEHeader{"Accept": {"application/json"}}},
		{name: "QR code, SVG", path: badge + "/qr.svg"},
		{name: "QR code, PNG", path: badge + "/qr.png"},
		{name: "status list", path: list},
	}, nil
}

// start starts a server that writes into a file; stop ends it and waits.
func start(log, name string, args ...string) (stop func(), err error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = file.Close()
	}, nil
}

func awake(address string) error {
	for range 300 {
		if c, err := net.Dial("tcp", address); err == nil {
			return c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("nobody listens on %s", address)
}

// site writes each answer into a file, and the configuration that has nginx serve
// it as it came: with the same headers and the same encoding.
func site(dir, ours, theirs string, list []target) (conf string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "worker_processes auto; daemon off; pid %s/nginx.pid;\nevents { worker_connections 1024; }\nhttp {\n", dir)
	fmt.Fprintf(&b, "access_log %s/access.log; sendfile on; tcp_nopush on; keepalive_requests 100000000; types { }\nserver { listen %s;\n", dir, theirs)
	for n := range list {
		t := &list[n]
		t.file = "/" + strconv.Itoa(n)
		header, body, err := get(ours, t.path, t.header)
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.name, err)
		}
		file := filepath.Join(dir, strconv.Itoa(n))
		if err := os.WriteFile(file, body, 0o644); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "location = %s { alias %s; default_type %q; add_header X-Request-Id $request_id;\n", t.file, file, header.Get("Content-Type"))
		for name, lines := range header {
			if !slices.Contains([]string{"Content-Type", "Content-Length", "Date", "Etag", "Server", "X-Request-Id"}, name) {
				fmt.Fprintf(&b, "add_header %s %q;\n", name, lines[0])
			}
		}
		b.WriteString("}\n")
		fmt.Printf("%-28s %6d bytes %s\n", t.name, len(body), header.Get("Content-Encoding"))
	}
	b.WriteString("} }\n")
	conf = filepath.Join(dir, "nginx.conf")
	return conf, errors.Join(os.Chmod(dir, 0o755), os.WriteFile(conf, []byte(b.String()), 0o644))
}

// get fetches the exact bytes of a path, on a connection of its own.
func get(address, path string, header textproto.MIMEHeader) (textproto.MIMEHeader, []byte, error) {
	conn, err := net.DialTimeout("tcp", address, time.Minute)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, address)
	for name, lines := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, lines[0])
	}
	if _, err := io.WriteString(conn, b.String()+"\r\n"); err != nil {
		return nil, nil, err
	}
	in := textproto.NewReader(bufio.NewReader(conn))
	status, err := in.ReadLine()
	if err != nil {
		return nil, nil, err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") {
		return nil, nil, fmt.Errorf("%s answers %s", path, status)
	}
	came, err := in.ReadMIMEHeader()
	if err != nil {
		return nil, nil, err
	}
	length, err := strconv.Atoi(came.Get("Content-Length"))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	body := make([]byte, length)
	_, err = io.ReadFull(in.R, body)
	return came, body, err
}

// compare times both in turn, and each first in every other round.
func compare(t target, ours, theirs string, rounds int, each time.Duration, clients int) error {
	var here, there, ratios []float64
	for round := range rounds {
		var pair [2]float64
		for n := range pair {
			which := (n + round) % 2
			url := [2]string{"http://" + ours + t.path, "http://" + theirs + t.file}[which]
			rate, err := drive(url, t.header, each, clients)
			if err != nil {
				return err
			}
			pair[which] = rate
		}
		here, there, ratios = append(here, pair[0]), append(there, pair[1]), append(ratios, pair[0]/pair[1])
	}
	slices.Sort(ratios)
	fmt.Printf("%-28s %.2f (%.2f to %.2f) of nginx; %.0f against %.0f a second\n", t.name, median(ratios), ratios[0], ratios[len(ratios)-1], median(here), median(there))
	return nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

var ratePattern = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

func drive(url string, header textproto.MIMEHeader, each time.Duration, clients int) (float64, error) {
	args := []string{"-t1", "-c" + strconv.Itoa(clients), "-d" + strconv.Itoa(int(each.Seconds())) + "s"}
	for name, lines := range header {
		args = append(args, "-H", name+": "+lines[0])
	}
	out, err := exec.Command("wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	found := ratePattern.FindSubmatch(out)
	if found == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return 0, fmt.Errorf("wrk: %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}
