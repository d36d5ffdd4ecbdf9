package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"laurel/internal/porttest"
)

// page reads one of the documents.
func page(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// help is what a command says of itself, and flagsOf the names of its flags with
// what stands behind them.
func help(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
	if code := p.exit(context.Background(), append(args, "--help")); code != exitOK {
		t.Fatalf("laurel %s --help exits %d: %s", strings.Join(args, " "), code, &out)
	}
	return out.String()
}

func flagsOf(t *testing.T, args ...string) map[string]string {
	t.Helper()
	flags := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  -([a-z-]+)(?: .*)?\n((?:    \t.*\n?)+)`).FindAllStringSubmatch(help(t, args...), -1) {
		flags[m[1]] = strings.TrimSpace(m[2])
	}
	return flags
}

// The settings of docs/operations.md are those of serve, each with its default.
func TestOperationsListsEverySetting(t *testing.T) {
	flags := flagsOf(t, "serve")
	text := page(t, "docs/operations.md")
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`--.*?) \\| (.*?) \\|").FindAllStringSubmatch(text, -1) {
		for _, name := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(row[1], -1) {
			documented[name[1]] = row[2]
		}
	}
	byDefault := regexp.MustCompile(`\(default "?(.*?)"?\)$`)
	for name, says := range flags {
		if slices.Contains([]string{"init", "issuer", "name", "url", "email", "alg", "base-url"}, name) {
			continue // of the first start, which the page speaks of above
		}
		row, ok := documented[name]
		if !ok {
			t.Errorf("--%s is not in docs/operations.md", name)
			continue
		}
		if !strings.Contains(says, "("+variable(name)+")") {
			t.Errorf("--%s does not name its variable: %s", name, says)
		}
		if m := byDefault.FindStringSubmatch(says); m != nil && strings.Trim(row, "`") != m[1] {
			t.Errorf("--%s is %s by default, not %s", name, m[1], row)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("--%s is in docs/operations.md, and serve has no such flag", name)
	}
	if len(flags) < 15 {
		t.Errorf("only %d flags were found", len(flags))
	}
}

// Every command and flag that a document shows is there.
func TestDocumentsShowCommandsThatExist(t *testing.T) {
	commands := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) {2,}`).FindAllStringSubmatch(usage, -1) {
		commands[m[1]] = true
	}
	subcommands := map[string][]string{"keys": {"list", "create", "rotate", "activate", "retire", "revoke", "badges", "test", "export-public", "reload"},
		"token": {"create", "list", "revoke"}, "programme": {"load"}, "audit": {"list", "verify", "key"}, "config": {"check"}}
	shown := 0
	for _, name := range []string{"README.md", "SECURITY.md", "docs/operations.md", "docs/verification.md", "docs/architecture.md", "docs/conformance.md"} {
		text := page(t, name)
		for _, m := range regexp.MustCompile("(?m)(?:^|[ `(/])laurel ([a-z]+)((?: [^`\\n#|]*)?)").FindAllStringSubmatch(text, -1) {
			command, rest := m[1], strings.Fields(m[2])
			if !commands[command] {
				continue // of prose
			}
			path := []string{command}
			if names := subcommands[command]; names != nil && len(rest) > 0 && slices.Contains(names, rest[0]) {
				path = append(path, rest[0])
			} else if command == "programme" {
				path = append(path, "load")
			} else if command == "token" || command == "audit" {
				continue // named without saying which
			}
			flags := flagsOf(t, path...)
			for _, word := range rest {
				word, _, _ = strings.Cut(strings.Trim(word, "`.,;:()"), "=")
				if flag, ok := strings.CutPrefix(word, "--"); ok && flag != "" && flags[flag] == "" && flag != "help" {
					t.Errorf("%s shows laurel %s --%s, which has no such flag", name, strings.Join(path, " "), flag)
				}
			}
			shown++
		}
	}
	if shown < 25 {
		t.Errorf("only %d commands were found", shown)
	}
}

// What README.md tells a newcomer to type comes out as it says.
func TestReadmeFromNothingToAVerifiedBadge(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed")
		}
		t.Skip("NOT TESTED: curl is missing, so the commands of README.md were not run")
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page(t, "README.md"), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	address := porttest.Address(t)
	folder := filepath.Dir(laurelBinary(t))
	// On a port of its own; what is built is at hand.
	here := strings.NewReplacer("127.0.0.1:8080", address, "go build -o laurel ./cmd/laurel\n", "")
	first := strings.Split(strings.TrimSpace(here.Replace(blocks[1][1])), "\n")
	shell := func(ctx context.Context, script string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "sh", "-c", script)
		ours := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LAUREL_") }) // those of the tests
		cmd.Dir, cmd.Env = folder, append(ours, "LAUREL_LISTEN="+address)
		return cmd
	}
	serve := len(first) - 1
	if out, err := shell(t.Context(), strings.Join(first[:serve], "\n")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, stop := context.WithCancel(t.Context())
	server := shell(ctx, "exec "+first[serve])
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); _ = server.Wait() }()
	for range 6000 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	out, err := shell(t.Context(), here.Replace(blocks[2][1])).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	said := string(out)
	for _, want := range []string{`"verdict":"valid"`, `"verdict":"invalid"`, "exit 0"} {
		at := strings.Index(said, want)
		if at < 0 {
			t.Fatalf("no %s, or not in this place: %s", want, out)
		}
		said = said[at:]
	}
}

// Whatever reads or signs badges takes further contexts.
func TestCommandsThatTakeContexts(t *testing.T) {
	m := regexp.MustCompile("by file and digest, to (.*?) alike:").FindStringSubmatch(page(t, "docs/operations.md"))
	if m == nil {
		t.Fatal("docs/operations.md does not say which commands take contexts")
	}
	var documented []string
	for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(m[1], -1) {
		documented = append(documented, name[1])
	}
	for _, command := range []string{"serve", "demo", "issue", "check", "verify", "bundle", "canon"} {
		if flagsOf(t, command)["contexts"] == "" || !slices.Contains(documented, command) {
			t.Errorf("%s: takes contexts %t, as documented %t", command, flagsOf(t, command)["contexts"] != "", slices.Contains(documented, command))
		}
	}
	if len(documented) != 7 {
		t.Errorf("documented are %v", documented)
	}
}

// A flag that does nothing is none.
func TestInitTakesNoVCAPI(t *testing.T) {
	if flagsOf(t, "init")["vc-api"] != "" {
		t.Error("init takes --vc-api")
	}
	for name, says := range flagsOf(t, "serve") {
		if name == "vc-api" && !(strings.Contains(says, "/credentials/issue") && strings.Contains(says, "/credentials/status")) {
			t.Errorf("serve --vc-api: %s", says)
		}
	}
}
