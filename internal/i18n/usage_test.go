package i18n

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources reads every Go file and page template of the repository that is no
// test.
func sources(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil; _, err = os.Stat(filepath.Join(root, "go.mod")) {
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above this package")
		}
		root = filepath.Dir(root)
	}
	var all strings.Builder
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (strings.HasPrefix(name, ".") || name == "testdata") && path != root {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(name); d.IsDir() || ext != ".go" && ext != ".html" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if os.IsNotExist(err) { // removed while we walk
			return nil
		}
		all.Write(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestMessagesAreUsed finds messages that nothing shows, and ids that are
// shown and do not exist. What stands under the prefixes below is put together
// from a report or a code; packages words, api, pages and console hold those complete.
func TestMessagesAreUsed(t *testing.T) {
	text := sources(t)
	english := mustLoad(t).For(English)
	composed := regexp.MustCompile(`^(check|summary|kind|headline|outcome|finding|fault|status|console\.(action|change|count|decision|delivery|fact|fault|gate|hook|kind|outcome|question|reason|signin|state))\.`)
	for _, id := range english.IDs() {
		if !composed.MatchString(id) && !strings.Contains(text, `"`+id+`"`) {
			t.Errorf("nothing shows %s", id)
		}
	}
	for _, id := range english.IDs() {
		if code, ok := strings.CutPrefix(id, "fault."); ok && !strings.Contains(text, `"`+code+`"`) {
			t.Errorf("%s is about a code that nothing gives", id)
		}
	}
	shown := regexp.MustCompile(`\.(?:T|Text|Parts|add|group|profile)[ (]"([a-z_]+\.[a-z_.]+)"[ ,)}]`).FindAllStringSubmatch(text, -1)
	if len(shown) < 100 {
		t.Fatalf("only %d uses of messages found", len(shown))
	}
	for _, m := range shown {
		if !english.Has(m[1]) {
			t.Errorf("%s is shown and does not exist", m[1])
		}
	}
}
