package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every number that an alert is made of is there to be read from a service that
// has just begun, and every alert leads to words that help.
func TestAlertsAreMadeOfWhatThereIs(t *testing.T) {
	r := serving(t, "--smtp", "smtp://127.0.0.1:9", "--mail-from", "badges@example.org")
	r.ask(t, "GET", "/credentials/none", "", "") // some numbers are of requests
	r.ask(t, "GET", "/readyz", "", "")
	_, metrics := r.peek(t, "/metrics")
	rules := page(t, "deploy/alerts.yml")
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page(t, "docs/operations.md"), -1) {
		headings[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
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
			if !regexp.MustCompile(`(?m)^`+metric+`[{ ]`).MatchString(metrics) && metric != "laurel_http_refused_total" {
				t.Errorf("%s: there is no %s", name, metric)
			}
		}
		for _, m := range regexp.MustCompile(`(laurel_[a-z_]+)\{([^}]*)\}`).FindAllStringSubmatch(expr[1], -1) {
			for _, label := range regexp.MustCompile(`(\w+)(?:=~|!=|=)"`).FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(`(?m)^`+m[1]+`\{[^}]*\b`+label[1]+`="`).MatchString(metrics) && m[1] != "laurel_http_refused_total" {
					t.Errorf("%s: %s has no label %s", name, m[1], label[1])
				}
			}
		}
	}
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("promtool is not here: the expressions were read by nobody else")
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
