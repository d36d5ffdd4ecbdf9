package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The unit for systemd sets what is a setting, runs commands that there are, and
// leaves the service little that it could do to the machine.
func TestUnitForSystemd(t *testing.T) {
	unit := page(t, "deploy/laurel.service")
	var known []string
	for _, d := range defaults().declared() {
		known = append(known, variable(d.name))
	}
	set := regexp.MustCompile(`LAUREL_[A-Z_]+=`).FindAllString(unit, -1)
	for _, name := range set {
		if !slices.Contains(known, strings.TrimSuffix(name, "=")) {
			t.Errorf("%s is no setting", name)
		}
	}
	if len(set) < 3 || !strings.Contains(unit, "ExecStart=/usr/local/bin/laurel serve\n") || !strings.Contains(unit, "ExecStartPre=/usr/local/bin/laurel config check\n") {
		t.Error("the unit does not check its settings and serve")
	}
	tool := reader(t, "systemd-analyze")
	program, err := os.Executable() // any that is there
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "laurel.service")
	save(t, file, []byte(strings.ReplaceAll(unit, "/usr/local/bin/laurel", program)))
	if out, err := exec.Command(tool, "verify", file).CombinedOutput(); err != nil || strings.Contains(string(out), "laurel.service") {
		t.Errorf("%v: %s", err, out)
	}
	out, err := exec.Command(tool, "security", "--offline=true", "--no-pager", file).CombinedOutput()
	m := regexp.MustCompile(`exposure level for laurel\.service: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("%v: %s", err, out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 1.5 {
		t.Errorf("it is exposed at %s of 10", m[1])
	}
}

// reader finds a program that is to read what we hand out. Where it is not
// installed the test is skipped, or fails in CI.
func reader(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and in CI it must be there: %v", name, err)
	} else if err != nil {
		t.Skipf("NOT TESTED: %s is not here, so nobody else has read the file", name)
	}
	return path
}

// The example for nginx is one that nginx takes.
func TestConfigurationForNginx(t *testing.T) {
	text := page(t, "deploy/nginx.conf")
	for _, want := range []string{"proxy_set_header Host $host;", "proxy_set_header X-Forwarded-For $remote_addr;", "~^/c/", "~^/v1/hooks/"} {
		if !strings.Contains(text, want) {
			t.Errorf("it has no %s", want)
		}
	}
	nginx := reader(t, "nginx")
	folder := t.TempDir()
	cert, key, _ := makeCertificate(t, folder, "badges.example.org", time.Now().Add(time.Hour))
	save(t, filepath.Join(folder, "laurel.conf"), []byte(strings.NewReplacer("/etc/ssl/badges.example.org/fullchain.pem", cert,
		"/etc/ssl/badges.example.org/key.pem", key, "/var/log/nginx", folder).Replace(text)))
	save(t, filepath.Join(folder, "nginx.conf"), []byte("pid "+folder+"/pid;\nerror_log "+folder+"/error.log;\nevents {}\nhttp {\n\tinclude "+folder+"/laurel.conf;\n}\n"))
	if out, err := exec.Command(nginx, "-t", "-p", folder, "-e", folder+"/error.log", "-c", filepath.Join(folder, "nginx.conf")).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
