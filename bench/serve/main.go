// Command serve times what the public reads from a service against nginx serving
// the same bytes with the same headers from files, in turn, with wrk on the same
// machine.
//
//	serve [-rounds 7] [-for 2s] [-c 16] PROGRAM
//
// PROGRAM is a laurel. nginx and wrk have to be there (Debian: nginx-light, wrk).
// Both servers have all processors and write a line for each request into a file.
// Beside the rates, which wrk has a part in, it tells the processor time that each
// server took for a request.
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
	laurel, err := start(filepath.Join(dir, "laurel.log"), program, "serve", "--data", filepath.Join(dir, "data"), "--listen", ours, "--verify-rate", "0")
	if err != nil {
		return err
	}
	defer laurel.stop()
	if err := awake(ours); err != nil {
		return err
	}
	conf, err := site(dir, ours, theirs, list)
	if err != nil {
		return err
	}
	nginx, err := start(filepath.Join(dir, "nginx.log"), "nginx", "-e", filepath.Join(dir, "nginx.err"), "-c", conf)
	if err != nil {
		return err
	}
	defer nginx.stop()
	if err := awake(theirs); err != nil {
		return err
	}
	fmt.Printf("load %s, %d connections, %d rounds of %s\n", load(), clients, rounds, each)
	for _, t := range list {
		both := [2]*server{laurel, nginx}
		laurel.url, nginx.url = "http://"+ours+t.path, "http://"+theirs+t.file
		if err := compare(t, both, rounds, each, clients); err != nil {
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

// server is a server that runs.
type server struct {
	cmd *exec.Cmd
	log *os.File
	url string // that is asked for next
}

// start starts a server that writes into a file.
func start(log, name string, args ...string) (*server, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &server{cmd: cmd, log: file}, nil
}

// stop ends it and waits.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = s.log.Close()
}

// tick is what Linux counts processor time in, in /proc.
const tick = 10 * time.Millisecond

// spent is the processor time that it has taken, its children's included.
func (s *server) spent() (time.Duration, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	ticks, own := 0, strconv.Itoa(s.cmd.Process.Pid)
	for _, file := range files {
		raw, _ := os.ReadFile(file) // one that has ended meanwhile has none
		head, rest, _ := strings.Cut(string(raw), " (")
		fields := strings.Fields(rest[strings.LastIndexByte(rest, ')')+1:]) // proc(5): from the state on
		if len(fields) < 13 || head != own && fields[1] != own {
			continue
		}
		for _, field := range fields[11:13] {
			n, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * tick, nil
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
func compare(t target, both [2]*server, rounds int, each time.Duration, clients int) error {
	var rates, costs [2][]float64
	var ratios []float64
	for round := range rounds {
		var pair [2]float64
		for n := range pair {
			which := (n + round) % 2
			rate, cost, err := measure(both[which], t.header, each, clients)
			if err != nil {
				return err
			}
			pair[which] = rate
			rates[which], costs[which] = append(rates[which], rate), append(costs[which], cost)
		}
		ratios = append(ratios, pair[0]/pair[1])
	}
	slices.Sort(ratios)
	fmt.Printf("%-28s %.2f (%.2f to %.2f) of nginx; %.0f against %.0f a second; %.0f and %.0f µs of processor each\n", t.name, median(ratios), ratios[0], ratios[len(ratios)-1],
		median(rates[0]), median(rates[1]), median(costs[0]), median(costs[1]))
	return nil
}

// measure is how many requests a server answers in a second, and the processor
// time of each in microseconds.
func measure(s *server, header textproto.MIMEHeader, each time.Duration, clients int) (rate, cost float64, err error) {
	before, err := s.spent()
	if err != nil {
		return 0, 0, err
	}
	rate, answered, err := drive(s.url, header, each, clients)
	if err != nil {
		return 0, 0, err
	}
	after, err := s.spent()
	return rate, float64((after - before).Microseconds()) / answered, err
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

var (
	ratePattern  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	countPattern = regexp.MustCompile(`([0-9]+) requests in`)
)

func drive(url string, header textproto.MIMEHeader, each time.Duration, clients int) (rate, answered float64, err error) {
	args := []string{"-t1", "-c" + strconv.Itoa(clients), "-d" + strconv.Itoa(int(each.Seconds())) + "s"}
	for name, lines := range header {
		args = append(args, "-H", name+": "+lines[0])
	}
	out, err := exec.Command("wrk", append(args, url)...).CombinedOutput()
	if err != nil {
		return 0, 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	perSecond, count := ratePattern.FindSubmatch(out), countPattern.FindSubmatch(out)
	if perSecond == nil || count == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return 0, 0, fmt.Errorf("wrk: %s", out)
	}
	if rate, err = strconv.ParseFloat(string(perSecond[1]), 64); err != nil {
		return 0, 0, err
	}
	answered, err = strconv.ParseFloat(string(count[1]), 64)
	return rate, answered, err
}
