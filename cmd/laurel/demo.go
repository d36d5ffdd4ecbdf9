package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"laurel/internal/auth"
	"laurel/internal/qr"
	"laurel/issuer"
	"laurel/keys/keyring"
	"laurel/programme"
)

// demoData is invented: no person, address, score or organisation in it is
// real.
//
//go:embed demodata
var demoData embed.FS

// demoRun is one demonstration on its way.
type demoRun struct {
	*program
	svc    *service
	asJSON bool
	lan    bool
	base   string // where its own requests go: the listener
	token  string
	client *http.Client
}

func (p *program) demo(ctx context.Context, args []string) error {
	s := defaults()
	s.data, s.vcAPI = "", true
	set, err := p.flags("demo", s, "listen", "data", "store", "base-url", "seal-passphrase-file", "trusted-proxies", "verify-rate", "vc-api", "console",
		"contexts", "trust", "font-dir", "smtp", "smtp-password-file", "mail-from", "fetch-allow", "fetch-ca", "fetch-proxy")
	if err != nil {
		return err
	}
	asJSON := set.Bool("json", false, "print one JSON object a line: token, badges, ready")
	lan := set.Bool("lan", false, "listen on all addresses, so that a phone in the same network can open the links")
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return usagef("demo takes no operands, only flags")
	}
	listener, err := p.demoListener(s, *lan)
	if err != nil {
		return err
	}
	if s.data == "" {
		if s.data, err = os.MkdirTemp("", "laurel-demo-"); err != nil {
			return errors.Join(err, listener.Close())
		}
		defer os.RemoveAll(s.data)
	}
	svc, err := openDemo(ctx, s, slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer svc.store.Close()
	d := &demoRun{program: p, svc: svc, asJSON: *asJSON, lan: *lan, base: "http://" + loopback(listener.Addr()),
		client: &http.Client{Timeout: time.Minute}}
	return d.serve(ctx, listener)
}

// demoListener opens the port first, because the address is signed into every
// badge.
func (p *program) demoListener(s *settings, lan bool) (net.Listener, error) {
	if lan {
		_, port, err := net.SplitHostPort(s.listen)
		if err != nil {
			return nil, usagef("--listen: %w", err)
		}
		s.listen = net.JoinHostPort("", port)
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; another port: laurel demo --listen 127.0.0.1:0", s.listen, err)
	}
	if s.baseURL != "" {
		return listener, nil
	}
	host := loopback(listener.Addr())
	if lan {
		address, err := lanAddress()
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		host = net.JoinHostPort(address, port)
	}
	s.baseURL = "http://" + host
	return listener, nil
}

// loopback is where this machine reaches the listener itself.
func loopback(addr net.Addr) string {
	host, port, _ := net.SplitHostPort(addr.String()) // the address of a TCP listener has both
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// lanAddress is the address by which others in the network reach this machine:
// a private one where there is one.
func lanAddress() (string, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	found := ""
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.To4() == nil || !n.IP.IsGlobalUnicast() {
			continue
		}
		if n.IP.IsPrivate() {
			return n.IP.String(), nil
		}
		if found == "" {
			found = n.IP.String()
		}
	}
	if found == "" {
		return "", errors.New("--lan: this machine is in no network; leave --lan out")
	}
	return found, nil
}

// openDemo carries on with a folder that a demo made, or makes one.
func openDemo(ctx context.Context, s *settings, log *slog.Logger) (*service, error) {
	svc, err := open(ctx, s, log)
	if err == nil {
		return svc, nil
	}
	if _, statErr := os.Stat(filepath.Join(s.data, "keys")); !errors.Is(statErr, fs.ErrNotExist) && !errors.Is(err, keyring.ErrMissing) {
		return nil, err
	}
	d, err := demoDefinitions(s.baseURL)
	if err != nil {
		return nil, err
	}
	slugs := make([]string, 0, len(d.Issuers))
	for _, p := range d.Issuers {
		slugs = append(slugs, p.Slug)
	}
	svc, err = create(ctx, s, slugs, issuer.FirstAlgorithms(""))
	if err != nil {
		return nil, err
	}
	svc.log = log
	return svc, nil
}

func demoDefinitions(baseURL string) (*programme.Definitions, error) {
	folder, err := fs.Sub(demoData, "demodata")
	if err != nil {
		return nil, err
	}
	files, err := readFolder(folder)
	if err != nil {
		return nil, err
	}
	return programme.ReadDefinitions(files, baseURL)
}

// serve starts the service, lets it issue through its own doors, shows what
// came of it and keeps serving.
func (d *demoRun) serve(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	admin, err := d.svc.listenAdmin()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	err = d.svc.run(ctx, doors{public: listener, admin: admin}, func() {
		go func() {
			if err := d.fill(ctx); err != nil {
				cancel(fmt.Errorf("filling the demo: %w", err))
			}
		}()
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

func scopeNames() []string {
	var out []string
	for _, s := range auth.Scopes() {
		out = append(out, string(s))
	}
	return out
}

// post sends a request to the service's own public door.
func (d *demoRun) post(ctx context.Context, path, contentType string, body []byte, into any) error {
	return d.request(ctx, http.MethodPost, path, contentType, body, into)
}

func (d *demoRun) request(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	public, err := url.Parse(d.svc.baseURL)
	if err != nil {
		return err
	}
	req.Host = public.Host
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusGone {
		return errGone
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// errGone: the person was erased from the badge.
var errGone = errors.New("gone")

// demoEntry is what the demo tells of one badge.
type demoEntry struct {
	Recipient    string `json:"recipient"`
	Achievement  string `json:"achievement"`
	ID           string `json:"id"`
	CredentialID string `json:"credentialId"`
	VerifyURL    string `json:"verifyUrl"`
	Status       string `json:"status"`
}

// badges pages through all there are, as a platform would.
func (d *demoRun) badges(ctx context.Context) ([]demoEntry, error) {
	var all []demoEntry
	for next := "/v1/credentials?limit=200"; next != ""; {
		var page struct {
			Items []demoEntry `json:"items"`
			Next  string      `json:"next"`
		}
		if err := d.request(ctx, http.MethodGet, next, "", nil, &page); err != nil {
			return nil, err
		}
		for _, entry := range page.Items {
			var signed json.RawMessage
			switch err := d.request(ctx, http.MethodGet, "/credentials/"+entry.ID+".json", "", nil, &signed); {
			case errors.Is(err, errGone): // nobody's any more
			case err != nil:
				return nil, err
			default:
				entry.Recipient = recipientOf(signed)
			}
			all = append(all, entry)
		}
		next = strings.TrimPrefix(page.Next, d.svc.baseURL)
	}
	return all, nil
}

// recipientOf is the name that is signed into a badge.
func recipientOf(credential []byte) string {
	var c struct {
		Subject struct {
			Identifier []struct {
				Hash string `json:"identityHash"`
				Type string `json:"identityType"`
			} `json:"identifier"`
		} `json:"credentialSubject"`
	}
	if json.Unmarshal(credential, &c) != nil {
		return ""
	}
	for _, id := range c.Subject.Identifier {
		if id.Type == "name" {
			return id.Hash
		}
	}
	return ""
}

func (d *demoRun) show(all []demoEntry) error {
	line := verifyLine(d.svc.baseURL, all)
	if d.asJSON {
		enc := json.NewEncoder(d.stdout)
		for _, v := range append([]any{tokenMade{d.token}}, entries(all)...) {
			if err := enc.Encode(v); err != nil {
				return err
			}
		}
		if line != "" {
			fmt.Fprintln(d.stderr, line)
		}
		return enc.Encode(struct {
			Ready   bool   `json:"ready"`
			BaseURL string `json:"baseUrl"`
		}{true, d.svc.baseURL})
	}
	return d.table(all, line)
}

func entries(all []demoEntry) []any {
	out := make([]any, len(all))
	for n, e := range all {
		out[n] = e
	}
	return out
}

// shownOfEach is how many badges of an achievement the table lists.
const shownOfEach = 4

func (d *demoRun) table(all []demoEntry, line string) error {
	total := map[string]int{}
	for _, e := range all {
		total[e.Achievement]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Laurel is serving %s with %d signed badges of invented people.\n\n", d.svc.baseURL, len(all))
	shown := map[string]int{}
	for _, e := range all {
		shown[e.Achievement]++
		switch n := shown[e.Achievement]; {
		case n <= shownOfEach:
			fmt.Fprintf(&b, "  %-20s %-18s %s\n", e.Achievement, e.Recipient, e.VerifyURL)
		case n == shownOfEach+1:
			fmt.Fprintf(&b, "  %-20s … and %d more\n", e.Achievement, total[e.Achievement]-shownOfEach)
		}
	}
	fmt.Fprintf(&b, "\nAll of them:  curl -H 'Authorization: Bearer %s' '%s/v1/credentials?limit=200'\n", d.token, d.svc.baseURL)
	if d.svc.settings.console {
		fmt.Fprintf(&b, "Staff:        %s/console, signed in with the token above\n", d.base)
	}
	if line != "" {
		fmt.Fprintf(&b, "Verify one:   %s\n", line)
	}
	if d.lan && len(all) > 0 {
		code, err := qr.Text(all[0].VerifyURL)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nScan with a phone in the same network (%s):\n\n%s\n", all[0].Recipient, code)
	}
	b.WriteString("Stop with Ctrl-C.\n")
	_, err := io.WriteString(d.stdout, b.String())
	return err
}

// verifyLine is a command that checks a badge of this demo from another
// terminal; a demo beyond loopback cannot be fetched without TLS.
func verifyLine(baseURL string, all []demoEntry) string {
	u, err := url.Parse(baseURL)
	if err != nil || len(all) == 0 {
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return ""
	}
	command, err := os.Executable()
	if err != nil || strings.Contains(command, "go-build") {
		command = "go run ./cmd/laurel" // started by go run, whose binary goes with it
	}
	return fmt.Sprintf("LAUREL_FETCH_ALLOW=%s %s verify %s.json", u.Host, command, all[0].CredentialID)
}
