package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"laurel/store/postgres/pgtest"
)

// Every number that an alert is made of is there to be read from a service that
// has just begun, and every alert leads to words that help.
func TestAlertsAreMadeOfWhatThereIs(t *testing.T) {
	r := serving(t, "--smtp", "smtp://127.0.0.1:9", "--mail-from", "badges@example.org")
	r.ask(t, "GET", "/credentials/none", "", "") // some numbers are of requests
	r.ask(t, "GET", "/readyz", "", "")
	_, metrics := r.peek(t, "/metrics")
	cert, key, _ := makeCertificate(t, t.TempDir(), "127.0.0.1", time.Now().Add(time.Hour))
	replica := servingWith(t, "https://", []string{"LAUREL_STORE=" + pgtest.Start(t)}, "--tls-cert", cert, "--tls-key", key)
	replica.token(t, "read")                    // a change, and when it is answered its commit has been counted
	_, ofReplica := replica.peek(t, "/metrics") // some are of PostgreSQL and of TLS
	rules := page(t, "deploy/alerts.yml")
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page(t, "docs/operations.md"), -1) {
		headings[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	tellsOfReplica(t, replica)
	all := metrics + ofReplica
	alerts := strings.Split(rules, "- alert: ")[1:]
	if len(alerts) < 15 {
		t.Fatalf("%d alerts", len(alerts))
	}
	for _, alert := range alerts {
		name, _, _ := strings.Cut(alert, "\n")
		expr := regexp.MustCompile(`(?m)^\s+expr: (.*)$`).FindStringSubmatch(alert)
		leads := regexp.MustCompile(`docs/operations\.md#([a-z-]+)"`).FindStringSubmatch(alert)
		if expr == nil || leads == nil || !strings.Contains(alert, "severity: page") && !strings.Contains(alert, "severity: ticket") || !strings.Contains(alert, "summary: ") {
			t.Errorf("%s: it lacks an expression, a severity, a summary, or where to read on", name)
			continue
		}
		if !headings[leads[1]] {
			t.Errorf("%s leads to #%s, which docs/operations.md has not", name, leads[1])
		}
		for _, metric := range regexp.MustCompile(`laurel_[a-z_]+`).FindAllString(expr[1], -1) {
			if !regexp.MustCompile(`(?m)^`+metric+`[{ ]`).MatchString(all) && metric != "laurel_http_refused_total" {
				t.Errorf("%s: there is no %s", name, metric)
			}
		}
		for _, m := range regexp.MustCompile(`(laurel_[a-z_]+)\{([^}]*)\}`).FindAllStringSubmatch(expr[1], -1) {
			for _, label := range regexp.MustCompile(`(\w+)(?:=~|!=|=)"`).FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(`(?m)^`+m[1]+`\{[^}]*\b`+label[1]+`="`).MatchString(all) && m[1] != "laurel_http_refused_total" {
					t.Errorf("%s: %s has no label %s", name, m[1], label[1])
				}
			}
		}
	}
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("NOT TESTED: promtool is not here (no package of the gate: it comes with the whole of Prometheus), so nobody else has read the expressions")
		return
	}
	file := filepath.Join(t.TempDir(), "alerts.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "check", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %s", out)
	}
	check := exec.Command(tool, "check", "metrics")
	check.Stdin = strings.NewReader(metrics)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("promtool: %s", out)
	}
}

// tellsOfReplica: PostgreSQL, the public port and the certificate have numbers.
func tellsOfReplica(t *testing.T, r *running) {
	t.Helper()
	for _, name := range []string{"laurel_store_updates_total", "laurel_store_commit_seconds_count", "laurel_store_connections", "laurel_store_connections_limit"} {
		if r.metric(t, name) <= 0 {
			t.Errorf("%s is nothing", name)
		}
	}
	for _, name := range []string{"laurel_store_unknown_outcomes_total", "laurel_connections_refused_total", `laurel_requests_waiting{of="strangers"}`,
		`laurel_requests_refused_total{of="callers"}`, `laurel_bodies_held_bytes{of="callers"}`} {
		if got := r.metric(t, name); got != 0 {
			t.Errorf("%s is %v", name, got)
		}
	}
	left := r.metric(t, "laurel_certificate_expiry_time_seconds") - float64(time.Now().Unix())
	if left < 1800 || left > 3600 {
		t.Errorf("the certificate ends in %v seconds", left)
	}
}
