package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
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
	subcommands := map[string][]string{"keys": {"list", "create", "rotate", "activate", "retire", "revoke", "publish", "reload"},
		"token": {"create", "list", "revoke"}, "programme": {"load"}, "audit": {"list", "verify", "key"}}
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
