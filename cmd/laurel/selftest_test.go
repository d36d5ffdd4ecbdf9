package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// misconfigured is a setting that is wrong, and what the one line says of it.
type misconfigured struct {
	what  string
	flags []string
	env   []string
	spoil func(t *testing.T, data string) // does something to the folder first
	says  string                          // expression
}

// Every wrong setting is told in one line that names it and says what to do,
// whether the settings are checked or the service is started.
func TestWrongSettingsAreToldInOneLine(t *testing.T) {
	here := t.TempDir()
	made := filepath.Join(here, "made")
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
	if code := p.exit(t.Context(), []string{"init", "--data", made, "--base-url", "https://badges.example", "--issuer", "city-academy", "--name", "City Academy"}); code != exitOK {
		t.Fatal(out.String())
	}
	file := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(here, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	folder := func(name, manifest string) string {
		path := filepath.Join(here, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if manifest != "" {
			file(filepath.Join(name, "contexts.json"), manifest, 0o600)
		}
		return path
	}
	chmod := func(name string, mode fs.FileMode) func(*testing.T, string) {
		return func(t *testing.T, data string) {
			if err := os.Chmod(filepath.Join(data, name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, data string) {
			if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(pattern string) func(*testing.T, string) {
		return func(t *testing.T, data string) {
			found, err := filepath.Glob(filepath.Join(data, pattern))
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v, %v", pattern, found, err)
			}
			for _, f := range found {
				if err := os.RemoveAll(f); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	secret, open := file("secret", "correct horse battery staple\n", 0o600), file("open", "correct horse battery staple\n", 0o644)
	mail := []string{"--smtp", "smtps://u@mail.example:465", "--mail-from", "badges@example.org"}
	for _, c := range []misconfigured{
		{what: "a flag with a slip", flags: []string{"--lissten", "127.0.0.1:0"}, says: `not defined: -lissten; laurel .* --help`},
		{what: "a number that is none", flags: []string{"--drain", "soon"}, says: `"soon" for flag -drain.*--help`},
		{what: "a truth that is none", flags: []string{"--vc-api=perhaps"}, says: `"perhaps" for -vc-api.*--help`},
		{what: "an operand", flags: []string{"now"}, says: `takes no operands`},
		{what: "a variable with a slip", env: []string{"LAUREL_BASEURL=https://badges.example"}, says: `LAUREL_BASEURL is no setting; .*--help`},
		{what: "a variable that is no number", env: []string{"LAUREL_VERIFY_RATE=many"}, says: `LAUREL_VERIFY_RATE: .*"many"`},
		{what: "a variable that is no truth", env: []string{"LAUREL_CONSOLE=maybe"}, says: `LAUREL_CONSOLE: .*"maybe"`},
		{what: "fewer than none", flags: []string{"--verify-rate", "-1"}, says: `--verify-rate is a number of verifications a minute, 0 for no limit`},
		{what: "hours before an erasure", flags: []string{"--compact-after", "-1"}, says: `--compact-after is a number of hours, 0 for never`},
		{what: "a stop before it was told", flags: []string{"--drain", "-5"}, says: `--drain is a number of seconds`},
		{what: "a stop that never comes", flags: []string{"--drain", "86400"}, says: `--drain is a number of seconds, 600 at most`},
		{what: "no port", flags: []string{"--listen", "127.0.0.1"}, says: `--listen "127.0.0.1" is no host:port; .*:8080`},
		{what: "a port beyond", flags: []string{"--listen", "127.0.0.1:65536"}, says: `"65536" is no port`},
		{what: "a port in letters", flags: []string{"--listen", "127.0.0.1:http"}, says: `"http" is no port`},
		{what: "a name to listen on", flags: []string{"--listen", "badges.example:443"}, says: `listen on an IP address`},
		{what: "metrics on the public port", flags: []string{"--listen", "127.0.0.1:8080", "--metrics", "127.0.0.1:8080"}, says: `--metrics .* port of their own`},
		{what: "metrics on the public port of all addresses", flags: []string{"--listen", ":8080", "--metrics", "127.0.0.1:8080"}, says: `port of their own`},
		{what: "metrics for everybody", flags: []string{"--metrics", "0.0.0.0:9999"}, says: `--metrics 0.0.0.0:9999 is open to everybody.*127.0.0.1:9999.*hostname -i.*unix:`},
		{what: "metrics for everybody of IPv6", flags: []string{"--metrics", "[::]:9999"}, says: `is open to everybody`},
		{what: "metrics for everybody in another form", flags: []string{"--metrics", "[::ffff:0.0.0.0]:9999"}, says: `is open to everybody`},
		{what: "metrics for everybody without a word", flags: []string{"--metrics", ":9999"}, says: `--metrics :9999 is open to everybody`},
		{what: "metrics on a public address", flags: []string{"--metrics", "192.0.2.7:9999"}, says: `is a public address.*127.0.0.1:9999`},
		{what: "a collector without a scheme", flags: []string{"--traces", "collector:4318"}, says: `--traces: .*http://127.0.0.1:4318`},
		{what: "a collector that speaks gRPC", flags: []string{"--traces", "http://collector:4317"}, says: `--traces: port 4317 .*gRPC.*4318`},
		{what: "a collector with a password", env: []string{"LAUREL_TRACES=https://u:p@otlp.example"}, says: `--traces: .*password.*collector of your own`},
		{what: "a collector that all can listen to", flags: []string{"--traces", "http://192.0.2.7:4318"}, says: `--traces http://192.0.2.7:4318 is a public address under plain http.*https`},
		{what: "a share that is none", flags: []string{"--traces-ratio", "10%"}, says: `--traces-ratio is a number from 0 to 1, such as 0.1 .*"10%"`},
		{what: "more than all", flags: []string{"--traces", "http://127.0.0.1:4318", "--traces-ratio", "1.5"}, says: `--traces-ratio is a number from 0 to 1`},
		{what: "no number at all", flags: []string{"--traces-ratio", "NaN"}, says: `--traces-ratio is a number from 0 to 1`},
		{what: "everybody for a proxy", flags: []string{"--trusted-proxies", "10.0.0.0/8,0.0.0.0/0"}, says: `--trusted-proxies: "0.0.0.0/0" is everybody.*name the proxies`},
		{what: "everybody of IPv6 for a proxy", flags: []string{"--trusted-proxies", "::/0"}, says: `"::/0" is everybody`},
		{what: "metrics nowhere", flags: []string{"--metrics", "yes"}, says: `--metrics "yes" is no host:port`},
		{what: "metrics on no socket", flags: []string{"--metrics", "unix:"}, says: `unix: needs a path`},
		{what: "metrics in no folder", flags: []string{"--metrics", "unix:/no/such/folder/m.sock"}, says: `no folder /no/such/folder for the socket; make it`},
		{what: "a socket with a long name", flags: []string{"--metrics", "unix:/tmp/" + strings.Repeat("x", 120)}, says: `longer than the 107 bytes`},
		{what: "no https", flags: []string{"--base-url", "http://10.0.0.1:8080"}, says: `plain http is for this machine alone.*https`},
		{what: "a path behind the host", flags: []string{"--base-url", "https://badges.example/laurel"}, says: `--base-url: .*without a path`},
		{what: "a slash behind the host", flags: []string{"--base-url", "https://badges.example/"}, says: `trailing slash`},
		{what: "capitals", flags: []string{"--base-url", "https://Badges.example"}, says: `lower case`},
		{what: "an address for a name", flags: []string{"--base-url", "https://192.0.2.7"}, says: `must have a host name`},
		{what: "another base URL", flags: []string{"--base-url", "https://other.example"}, says: `issues for https://badges.example, not for https://other.example: .*cannot be moved`},
		{what: "a disk that is not mounted", flags: []string{"--data", filepath.Join(here, "nowhere")}, says: `no data folder at .*mounted\? .laurel init`},
		{what: "a file for the folder", flags: []string{"--data", secret}, says: `--data .* is no folder`},
		{what: "a folder that others can write into", spoil: chmod("", 0o777), says: `others can write into the data folder .*chmod 0700`},
		{what: "a folder with a long name", spoil: func(t *testing.T, data string) {}, flags: []string{"--data", longFolder(t)}, says: `longer than the 107 bytes.*shorter path`},
		{what: "no keys", spoil: remove("keys"), says: `keys.*(mounted|laurel init)`},
		{what: "an empty folder of keys", spoil: remove("keys/*"), says: `is empty; if keys were made before, is the right disk mounted\?`},
		{what: "keys that others can read", spoil: func(t *testing.T, data string) {
			found, _ := filepath.Glob(filepath.Join(data, "keys", "city-academy.*.json"))
			chmod(filepath.Join("keys", filepath.Base(found[0])), 0o644)(t, data)
		}, says: `chmod 0?600`},
		{what: "keys without their seal", spoil: remove("keys/seal.key"), says: `holds keys but neither seal.key nor seal.age.*backup`},
		{what: "a key that was lost", spoil: remove("keys/city-academy.z6Mk*.json"), says: `is not in the keys folder. Restore its file from a copy`},
		{what: "a key that was written over", spoil: func(t *testing.T, data string) {
			found, _ := filepath.Glob(filepath.Join(data, "keys", "city-academy.z6Mk*.json"))
			write(filepath.Join("keys", filepath.Base(found[0])), "{}")(t, data)
		}, says: `keys/city-academy.z6Mk.*(backup|copy)`},
		{what: "a passphrase that there is none of", flags: []string{"--seal-passphrase-file", filepath.Join(here, "none")}, says: `laurel: --seal-passphrase-file: stat .*none: no such file`},
		{what: "a passphrase that others can read", flags: []string{"--seal-passphrase-file", open}, says: `chmod 0?600`},
		{what: "an empty passphrase", flags: []string{"--seal-passphrase-file", file("empty", "\n", 0o600)}, says: `does not hold a passphrase`},
		{what: "a passphrase for a key file", flags: []string{"--seal-passphrase-file", secret}, says: `seal`},
		{what: "no store", spoil: remove("laurel.db"), says: `no store here.*right disk mounted\? .*newest copy in its place`},
		{what: "an empty store", spoil: write("laurel.db", ""), says: `no store here: the file is empty.*newest copy in its place`},
		{what: "a store of another program", spoil: write("laurel.db", strings.Repeat("SQLite format 3\x00", 4096)), says: `laurel.db: .*is no store, or its first pages are lost.*newest copy in its place`},
		{what: "a store that is no URL", flags: []string{"--store", "host=db password=hunter2"}, says: `--store is no URL of a PostgreSQL database`},
		{what: "a store of another kind", flags: []string{"--store", "mysql://root:hunter2@db/laurel"}, says: `--store is no URL of a PostgreSQL database`},
		{what: "a sender without a mail server", flags: []string{"--mail-from", "badges@example.org"}, says: `for --smtp, which is missing`},
		{what: "a mail server of no kind", flags: []string{"--smtp", "mail.example:465", "--mail-from", "badges@example.org"}, says: `smtps://user@host:465`},
		{what: "a password in the address", flags: []string{"--smtp", "smtps://u:hunter2@mail.example", "--mail-from", "badges@example.org"}, says: `does not stand in its address; give a file`},
		{what: "mail in the clear", flags: []string{"--smtp", "smtp://mail.example:25", "--mail-from", "badges@example.org"}, says: `loopback`},
		{what: "mail from nobody", flags: []string{"--smtp", "smtps://u@mail.example"}, says: `no address that mail can come from`},
		{what: "a password that there is none of", flags: append([]string{"--smtp-password-file", filepath.Join(here, "none")}, mail...), says: `--smtp-password-file: .*no such file`},
		{what: "a password that others can read", flags: append([]string{"--smtp-password-file", open}, mail...), says: `--smtp-password-file .*others can read.*chmod 0600`},
		{what: "no such list", flags: []string{"--trust", filepath.Join(here, "none.json")}, says: `--trust: .*no such file`},
		{what: "a list that is none", flags: []string{"--trust", secret}, says: `--trust: .*secret`},
		{what: "no such contexts", flags: []string{"--contexts", filepath.Join(here, "none")}, says: `--contexts: .*no such file`},
		{what: "contexts without a list", flags: []string{"--contexts", folder("bare", "")}, says: `--contexts: .*contexts.json`},
		{what: "contexts with a broken list", flags: []string{"--contexts", folder("broken", `{"contexts": [`)}, says: `--contexts: .*contexts.json`},
		{what: "a context that is not there", flags: []string{"--contexts", folder("lacking", `{"contexts": [{"url":"https://tram.example/v1","file":"v1.json","sha256":"`+strings.Repeat("0", 64)+`"}]}`)}, says: `--contexts: .*v1.json`},
		{what: "no such fonts", flags: []string{"--font-dir", filepath.Join(here, "none")}, says: `--font-dir: there is no folder .*; leave the flag out`},
		{what: "a host without a port", flags: []string{"--fetch-allow", "lms.internal"}, says: `"lms.internal" is neither host:port`},
		{what: "plain http to a stranger", flags: []string{"--fetch-allow", "http://192.0.2.7:80"}, says: `plain http is for loopback alone`},
		{what: "a proxy without a scheme", flags: []string{"--fetch-proxy", "proxy.internal:3128"}, says: `proxy`},
		{what: "a proxy of another kind", flags: []string{"--fetch-proxy", "ftp://proxy.internal"}, says: `no http, https or socks5 URL`},
		{what: "half a certificate", flags: []string{"--tls-cert", secret}, says: `belong together`},
		{what: "a certificate and a key that are not there", flags: []string{"--tls-cert", filepath.Join(here, "none.pem"), "--tls-key", filepath.Join(here, "none.key")}, says: `--tls-cert, --tls-key: .*none.pem: no such file`},
		{what: "a database that is not reached", flags: []string{"--store", "postgres://u:hunter2@127.0.0.1:1/laurel"}, says: `opening the store: failed to connect to [^:]+: 127.0.0.1:1 \(127.0.0.1\): [^(]+refused$`},
		{what: "a certificate that is none", flags: []string{"--tls-cert", secret, "--tls-key", secret}, says: `--tls-cert, --tls-key: `},
		{what: "a proxy by its name", flags: []string{"--trusted-proxies", "proxy.internal"}, says: `--trusted-proxies: .*proxy.internal`},
		{what: "no such roots", flags: []string{"--fetch-ca", filepath.Join(here, "none.pem")}, says: `--fetch-ca: .*no such file`},
		{what: "roots that are none", flags: []string{"--fetch-ca", secret}, says: `--fetch-ca: .*holds no PEM certificate`},
	} {
		t.Run(c.what, func(t *testing.T) {
			data := made
			if c.spoil != nil {
				data = filepath.Join(t.TempDir(), "data")
				if err := os.CopyFS(data, os.DirFS(made)); err != nil {
					t.Fatal(err)
				}
				private(t, data)
				c.spoil(t, data)
			}
			for _, command := range [][]string{{"config", "check"}, {"serve"}} {
				var out, said bytes.Buffer
				p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &said, environ: c.env}
				args := append(append([]string{}, command...), "--data", data)
				code := p.exit(t.Context(), append(args, c.flags...))
				line := strings.TrimSuffix(said.String(), "\n")
				if code == exitOK || strings.Contains(line, "\n") || !strings.HasPrefix(line, "laurel: ") || out.Len() > 0 {
					t.Errorf("%v exits %d and says %q%s", command, code, &out, line)
				}
				if !regexp.MustCompile(c.says).MatchString(line) {
					t.Errorf("%v says %s, not %s", command, line, c.says)
				}
				if strings.Contains(line, "hunter2") || strings.Contains(line, "correct horse") {
					t.Errorf("%v shows a secret: %s", command, line)
				}
			}
		})
	}
}

// A data folder that others can look into is refused by the check of settings; a
// service that was started on it before goes on, and warns. What init makes is closed,
// whatever the folder was that it found.
func TestFolderThatOthersCanRead(t *testing.T) {
	for what, c := range map[string]struct {
		name string
		mode fs.FileMode
		says string
	}{
		"a folder that others can look into":      {"", 0o755, "chmod 0700"},
		"a folder that a group can enter":         {"", 0o710, "chmod 0700"},
		"an open file in a closed folder":         {"laurel.db", 0o644, ""},
		"a folder that init found open and empty": {"", 0, ""},
	} {
		t.Run(what, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			if err := errors.Join(os.Mkdir(data, 0o700), os.Chmod(data, 0o755)); err != nil {
				t.Fatal(err)
			}
			h := &home{}
			h.laurel(t, 0, "", "init", "--data", data, "--base-url", "https://badges.example", "--issuer", "city-academy", "--name", "City Academy", "--alg", "EdDSA")
			if c.mode != 0 {
				if err := os.Chmod(filepath.Join(data, c.name), c.mode); err != nil {
					t.Fatal(err)
				}
			}
			if c.says != "" {
				said := h.fails(t, "config", "check", "--data", data)
				if path := filepath.Join(data, c.name); strings.Count(said, "\n") != 1 || !strings.Contains(said, c.says+" "+path) {
					t.Error(said)
				}
			} else {
				h.laurel(t, 0, "", "config", "check", "--data", data)
			}
			log := &lockedBuffer{}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := make(chan int, 1)
			p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: log}
			go func() { ended <- p.exit(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}) }()
			for end := time.Now().Add(time.Minute); !strings.Contains(log.String(), `"serving"`) && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			stop()
			if code := <-ended; code != exitOK {
				t.Errorf("exit %d", code)
			}
			if warned := strings.Contains(log.String(), "is open to others"); warned != (c.says != "") || !strings.Contains(log.String(), `"serving"`) {
				t.Error(log.String())
			}
		})
	}
}

// private gives a copied folder the modes that init gives.
func private(t *testing.T, data string) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func longFolder(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), strings.Repeat("long", 20), strings.Repeat("name", 20))
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A folder as init makes it is in order, and so it is while it is served.
func TestConfigCheckOfWhatIsInOrder(t *testing.T) {
	r := serving(t)
	check := func(want string, flags ...string) {
		t.Helper()
		var out bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
		if code := p.exit(t.Context(), append([]string{"config", "check", "--data", r.data}, flags...)); code != exitOK || !strings.Contains(out.String(), want) {
			t.Errorf("exit %d: %s", code, &out)
		}
	}
	check("A service runs on this folder")
	r.stop()
	check("every key that is to sign signs", "--listen", ":8080", "--metrics", "127.0.0.1:9464")
}

// What is wrong is told while a service runs, too: only its store and its keys
// are left alone.
func TestConfigCheckBesideAService(t *testing.T) {
	r := serving(t)
	none := filepath.Join(t.TempDir(), "none.pem")
	for what, c := range map[string]struct {
		flags []string
		says  string
	}{
		"another base URL": {[]string{"--base-url", "https://other.example"}, "not for https://other.example"},
		"a certificate that is not there or not for this base URL": {[]string{"--tls-cert", none, "--tls-key", none}, "--tls-cert"},
		"half a certificate": {[]string{"--tls-cert", none}, "belong together"},
		"no such passphrase": {[]string{"--seal-passphrase-file", none}, "--seal-passphrase-file: stat "},
		"mail from nobody":   {[]string{"--smtp", "smtps://u@mail.example"}, "no address that mail can come from"},
	} {
		var out, said bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &said}
		code := p.exit(t.Context(), append([]string{"config", "check", "--data", r.data}, c.flags...))
		if code == exitOK || out.Len() > 0 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: exit %d, %s%s", what, code, &out, &said)
		}
	}
}

// Metrics are taken at every kind of private address.
func TestPrivateAddressesOfMetrics(t *testing.T) {
	for _, address := range []string{"127.0.0.1:9464", "localhost:9464", "[::1]:9464", "10.1.2.3:9464", "172.17.0.2:9464", "192.168.1.1:9464", "100.64.0.1:9464", "[fd00::1]:9464"} {
		s := defaults()
		s.metrics = address
		if err := s.checkMetrics(); err != nil {
			t.Error(err)
		}
	}
}

// A service that is told to stop while it is still starting has not failed: systemd
// would say so otherwise.
func TestToldToStopWhileStarting(t *testing.T) {
	h := &home{}
	data := filepath.Join(t.TempDir(), "data")
	h.laurel(t, 0, "", "init", "--data", data, "--base-url", "https://badges.example", "--issuer", "city-academy", "--name", "City Academy", "--alg", "EdDSA")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	log := &lockedBuffer{}
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: log}
	if code := p.exit(ctx, []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}); code != exitOK || strings.Contains(log.String(), "canceled") {
		t.Errorf("exit %d: %s", code, log.String())
	}
	if code := p.exit(ctx, []string{"serve", "--data", data + "-missing"}); code == exitOK {
		t.Error("what is wrong is no matter of the end")
	}
}

// The line that comes next can be typed as it stands, on a database too.
func TestNextCommand(t *testing.T) {
	for store, want := range map[string]string{
		"": "laurel serve --data /srv/laurel",
		"postgres://laurel:secret@db.internal:5433/laurel": "laurel serve --data /srv/laurel --store postgres://laurel@db.internal:5433/laurel",
	} {
		s := defaults()
		s.store = store
		if got := nextCommand("serve", "/srv/laurel", s.address()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
