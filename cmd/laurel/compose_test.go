package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"laurel/internal/porttest"
	"laurel/store/postgres/pgtest"
)

// composed is what we rely on in deploy/compose.yml.
type composed struct {
	Services map[string]composedService
	Configs  map[string]struct{ Content string }
	Networks map[string]struct {
		IPAM struct{ Config []struct{ Subnet string } }
	}
	Volumes map[string]any
}

type composedService struct {
	Image, User string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Environment map[string]string
	Command     []string
	Volumes     []string
	Networks    []string
	Ports       []string
}

func readCompose(t *testing.T) *composed {
	t.Helper()
	var c composed
	if err := yaml.Unmarshal([]byte(page(t, "deploy/compose.yml")), &c); err != nil {
		t.Fatal(err)
	}
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[from]; !ok {
				t.Errorf("%s mounts %s, which is no volume", name, from)
			}
		}
		for _, n := range s.Networks {
			if _, ok := c.Networks[n]; !ok {
				t.Errorf("%s is in %s, which is no network", name, n)
			}
		}
	}
	return &c
}

// mounted is what a service has at a path.
func (s composedService) mounted(at string) string {
	for _, v := range s.Volumes {
		if from, to, _ := strings.Cut(v, ":"); to == at {
			return from
		}
	}
	return ""
}

// Two services have folders of their own and share the keys, in what the image has
// as its volume; nothing of them is open but the proxy's port of loopback.
func TestComposeFile(t *testing.T) {
	c := readCompose(t)
	one, two, first := c.Services["one"], c.Services["two"], c.Services["init"]
	var known []string
	for _, d := range defaults().declared() {
		known = append(known, variable(d.name))
	}
	data := regexp.MustCompile(`(?m)^ENV LAUREL_DATA=(.*)$`).FindStringSubmatch(page(t, "Dockerfile"))[1]
	keys := path.Join(data, "keys")
	if !strings.Contains(page(t, "Dockerfile"), "RUN mkdir -p /out"+keys+"\n") {
		t.Errorf("a volume at %s would be root's", keys)
	}
	for name, s := range map[string]composedService{"init": first, "one": one, "two": two} {
		if s.Image != "laurel" || !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || len(s.Ports) > 0 || s.User != "" {
			t.Errorf("%s: %+v", name, s)
		}
		for v := range s.Environment {
			if !slices.Contains(known, v) {
				t.Errorf("%s: %s is no setting", name, v)
			}
		}
		if s.mounted(keys) == "" || s.mounted(keys) != one.mounted(keys) {
			t.Errorf("%s does not share the keys", name)
		}
	}
	if one.mounted(data) == "" || two.mounted(data) == "" || one.mounted(data) == two.mounted(data) || first.mounted(data) != one.mounted(data) {
		t.Errorf("folders: %v, %v and %v", first.Volumes, one.Volumes, two.Volumes)
	}
	if got := c.Networks["inside"].IPAM.Config[0].Subnet; one.Environment["LAUREL_TRUSTED_PROXIES"] != got {
		t.Errorf("the proxy is in %s", got)
	}
	if got := c.Services["proxy"].Ports; !slices.Equal(got, []string{"127.0.0.1:8080:80"}) || !slices.Contains(first.Command, "http://127.0.0.1:8080") {
		t.Errorf("open: %v, and issued for: %v", got, first.Command)
	}
}

// What the file says is done here without containers: the same commands, settings
// and configuration of nginx, with addresses and folders of this test.
func TestComposedServices(t *testing.T) {
	nginx := reader(t, "nginx")
	c := readCompose(t)
	folder, err := os.MkdirTemp("", "lrl") // the name of a socket has room for 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	database, front, address := pgtest.Start(t), porttest.Address(t), map[string]string{"one": porttest.Address(t), "two": porttest.Address(t)}
	if err := os.Mkdir(filepath.Join(folder, "keys"), 0o700); err != nil { // as the image has it
		t.Fatal(err)
	}
	run := func(name, at string, args []string) (context.CancelFunc, chan int, *lockedBuffer) {
		s, said := c.Services[name], &lockedBuffer{}
		environ := []string{"LAUREL_DATA=" + filepath.Join(folder, s.mounted("/data")), "LAUREL_LISTEN=" + at}
		for k, v := range s.Environment {
			v = strings.Replace(v, "postgres://laurel@database:5432/laurel?sslmode=disable", database, 1)
			v = strings.Replace(v, "172.31.250.0/24", "127.0.0.0/8", 1)
			if k == "LAUREL_DRAIN" {
				v = "0" // nobody waits for this proxy
			}
			environ = append(environ, k+"="+v)
		}
		for n, a := range args {
			args[n] = strings.ReplaceAll(a, "127.0.0.1:8080", front)
		}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan int, 1)
		p := &program{stdin: strings.NewReader(""), stdout: said, stderr: said, environ: environ}
		go func() { ended <- p.exit(ctx, args) }()
		return stop, ended, said
	}
	for _, name := range []string{"one", "two"} {
		data := filepath.Join(folder, name)
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(folder, "keys"), filepath.Join(data, "keys")); err != nil {
			t.Fatal(err)
		}
	}
	if _, ended, said := run("init", "", c.Services["init"].Command); <-ended != exitOK {
		t.Fatal(said)
	}
	config := c.Configs["proxy"].Content
	for _, name := range []string{"one", "two"} {
		stop, ended, said := run(name, address[name], []string{"serve"})
		t.Cleanup(func() {
			if stop(); <-ended != exitOK {
				t.Errorf("%s: %s", name, said)
			}
		})
		config = strings.Replace(config, name+":8080", address[name], 1)
	}
	config = strings.NewReplacer("$$", "$", "listen 80;", "listen "+front+";").Replace(config)
	save(t, filepath.Join(folder, "nginx.conf"), fmt.Appendf(nil, "pid %[1]s/pid;\nerror_log %[1]s/error.log;\ndaemon off;\nmaster_process off;\nevents {}\nhttp {\nclient_body_temp_path %[1]s/b;\nproxy_temp_path %[1]s/p;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n%[2]s}\n", folder, config))
	proxy := exec.Command(nginx, "-p", folder, "-e", filepath.Join(folder, "error.log"), "-c", filepath.Join(folder, "nginx.conf"))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Process.Kill(); _ = proxy.Wait() })
	r := &running{url: "http://" + front}
	for _, at := range []string{address["one"], address["two"], front} {
		waitFor(t, "http://"+at+"/readyz")
	}
	_, ended, token := run("one", "", []string{"token", "create", "--issuer", "*", "--scope", "issue,manage,revoke"})
	if <-ended != exitOK {
		t.Fatal(token)
	}
	bearer := strings.TrimSpace(token.String())
	if code, body := r.ask(t, "PUT", "/v1/achievements/first-aid", bearer, firstAid); code != http.StatusCreated {
		t.Fatalf("%d %s", code, body)
	}
	for n := range 4 { // nginx asks them by turns
		code, body := r.ask(t, "POST", "/v1/credentials", bearer, fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Ana Example","email":"ana.%d@learner.example"},"awardedAt":"2025-07-11"}`, n))
		id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(body)
		if code != http.StatusCreated || id == nil {
			t.Fatalf("%d %s", code, body)
		}
		for _, at := range address {
			each := &running{url: "http://" + at}
			_, badge := r.ask(t, "GET", "/credentials/"+id[1]+".json", "", "")
			if code, body := each.ask(t, "POST", "/v1/verify", "", badge); code != http.StatusOK || !strings.Contains(body, `"verdict":"valid"`) {
				t.Errorf("%s: %d %s", at, code, body)
			}
		}
		shownByBoth(t, address, id[1], bearer)
	}
}

// shownByBoth revokes a badge at one service while the other shows its page all
// the time: who was told of the change finds it there with the next request.
func shownByBoth(t *testing.T, address map[string]string, id, bearer string) {
	t.Helper()
	one, two := &running{url: "http://" + address["one"]}, &running{url: "http://" + address["two"]}
	says := func(verdict string) {
		if code, page := two.ask(t, "GET", "/v/"+id, "", ""); code != http.StatusOK || !strings.Contains(page, `class="verdict `+verdict+`"`) {
			t.Errorf("the other service does not say %s: %d %.600s", verdict, code, page)
		}
	}
	for range 20 {
		says("valid")
	}
	if code, body := one.ask(t, "POST", "/v1/credentials/"+id+"/revoke", bearer, `{"reason":"issued_in_error"}`); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	for range 3 {
		says("invalid")
	}
}

func waitFor(t *testing.T, url string) {
	t.Helper()
	until(t, func() bool {
		resp, err := http.Get(url)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
