package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a service that was started to be measured.
type Process struct {
	Address string // host and port
	Token   string // of a Laurel: it may do everything that is measured
	Folder  string // of a Laurel: its data

	Answered time.Time // when it took a connection first

	cmd     *exec.Cmd
	log     *os.File
	metrics string // host and port
}

// Issuer is the slug of the one issuer of a service that is measured.
const Issuer = "academy"

// NewLaurel makes a data folder for the base address with the program at path,
// and serves it.
func NewLaurel(path, folder, baseURL string) (*Process, error) {
	init := exec.Command(path, "init", "--data", folder, "--base-url", baseURL, "--issuer", Issuer, "--name", "Example State University",
		"--url", "https://www.example.edu", "--email", "badges@example.edu")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("making %s: %w: %s", folder, err, out)
	}
	return ServeLaurel(path, folder)
}

// ServeLaurel serves a data folder that is there.
func ServeLaurel(path, folder string) (*Process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddress()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	p := &Process{Address: address, Folder: folder, log: log, metrics: metrics,
		cmd: exec.Command(path, "serve", "--data", folder, "--listen", address, "--metrics", metrics, "--verify-rate", "0")}
	p.cmd.Stderr = log
	if err := p.start(); err != nil {
		return nil, err
	}
	token, err := exec.Command(path, "token", "create", "--data", folder, "--issuer", Issuer, "--scope", "issue,read,revoke,manage", "--label", "bench", "--rate", "0").Output()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a token: %w", err), p.Stop())
	}
	p.Token = strings.TrimSpace(string(token))
	return p, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// start waits until the process answers on its address.
func (p *Process) start() error {
	if err := p.cmd.Start(); err != nil {
		return err
	}
	for range 600 {
		conn, err := net.Dial("tcp", p.Address)
		if err == nil {
			p.Answered = time.Now()
			return conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(fmt.Errorf("%s does not answer; see its log in %s", p.cmd.Path, p.Folder), p.Stop())
}

// NewNode starts a script that prints the port on which it listens.
func NewNode(script string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command("node", append([]string{script}, args...)...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", script, err), p.Stop())
	}
	p.Address = "127.0.0.1:" + strings.TrimSpace(port)
	return p, nil
}

// Stop ends the process in its own way.
func (p *Process) Stop() error {
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	if waited := p.cmd.Wait(); waited != nil {
		var exit *exec.ExitError
		if !errors.As(waited, &exit) { // one that a signal ended says so
			err = errors.Join(err, waited)
		}
	}
	if p.log != nil {
		err = errors.Join(err, p.log.Close())
	}
	return err
}

// tick is the unit of processor time in /proc, which Linux gives all programs
// as a hundredth of a second.
const tick = 10 * time.Millisecond

// Processor is the time that the process has used on all processors.
func (p *Process) Processor() (time.Duration, error) {
	raw, err := os.ReadFile(p.proc("stat"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %q", p.proc("stat"), raw)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

// Quiet waits until a process has nothing left to do, so that it takes no time
// from what is measured next: until it rested five times in a row, since others may
// have had the processors for one or two.
func (p *Process) Quiet() (time.Duration, error) {
	const (
		pause = 200 * time.Millisecond
		rests = 5
	)
	start := time.Now()
	last, err := p.Processor()
	for rested := 0; err == nil && rested < rests; {
		time.Sleep(pause)
		var now time.Duration
		if now, err = p.Processor(); now-last <= pause/10 {
			rested++
		} else {
			rested = 0
		}
		last = now
	}
	return time.Since(start) - rests*pause, err
}

// Anonymous is the memory in bytes that the process holds and no file backs.
func (p *Process) Anonymous() (int64, error) {
	raw, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(raw), "RssAnon:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("%s has no RssAnon", p.proc("status"))
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10, err
}

// Descriptors is how many files and connections the process has open.
func (p *Process) Descriptors() (int, error) {
	list, err := os.ReadDir(p.proc("fd"))
	return len(list), err
}

// Measures are the metrics of a Laurel that have no labels, by name.
func (p *Process) Measures() (map[string]float64, error) {
	conn, err := Dial(p.metrics)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // the answer is there
	a, err := conn.Do(Request{Method: "GET", Path: "/metrics"})
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for line := range strings.Lines(string(a.Body)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = n
		}
	}
	if all["go_goroutines"] == 0 {
		return nil, fmt.Errorf("%s does not tell of goroutines", p.metrics)
	}
	return all, nil
}

// Goroutines is how many goroutines a Laurel has.
func (p *Process) Goroutines() (int, error) {
	all, err := p.Measures()
	return int(all["go_goroutines"]), err
}

func (p *Process) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), name)
}

// StoreSize is the size of a Laurel's store, in bytes.
func (p *Process) StoreSize() (int64, error) {
	info, err := os.Stat(filepath.Join(p.Folder, "laurel.db"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
