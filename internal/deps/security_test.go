package deps

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPage: each threat on docs/security.md names a test that shows
// it, and each test named there is in the package that is named, with its case.
func TestSecurityPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)(?:/([^`]+))?`")
	rows, named := 0, 0
	for line := range strings.Lines(string(page)) {
		tests := name.FindAllStringSubmatch(line, -1)
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| somebody tries |") {
			rows++
			if cells := strings.Split(strings.Trim(line, "| \n"), " | "); len(cells) != 3 || len(tests) == 0 || len(name.FindAllString(cells[2], -1)) != len(strings.Split(strings.ReplaceAll(cells[2], "` `", "`|`"), "|")) {
				t.Errorf("no threat, protection and tests: %s", line)
			}
		}
		for _, test := range tests {
			named++
			if !shows(t, test[1], "func "+test[2]+"(") || test[3] != "" && !shows(t, test[1], `"`+test[3]+`"`) {
				t.Errorf("there is no %s", test[0])
			}
		}
	}
	if rows < 60 || named < 120 {
		t.Errorf("%d threats and %d tests", rows, named)
	}
}

// shows tells whether the tests of a package have a text.
func shows(t *testing.T, folder, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no tests, %v", folder, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), text) {
			return true
		}
	}
	return false
}
