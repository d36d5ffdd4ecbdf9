//go:build jsontestsuite

package strictjson_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"laurel/internal/strictjson"
)

// stricter are texts that RFC 8259 allows and that are refused here, each for a
// bound that the package states: names are unique, and text is Unicode.
var stricter = map[string]strictjson.Reason{
	"y_object_duplicated_key.json":           strictjson.Duplicate,
	"y_object_duplicated_key_and_value.json": strictjson.Duplicate,
}

// TestJSONTestSuite reads the folder test_parsing of the repository
// nst/JSONTestSuite: what has to be JSON (y_) is read, what must not be (n_) is
// refused, and what is left open (i_) is either.
func TestJSONTestSuite(t *testing.T) {
	dir := os.Getenv("JSON_TEST_SUITE")
	if dir == "" {
		t.Fatal("name the folder of the JSONTestSuite in JSON_TEST_SUITE")
	}
	files, err := filepath.Glob(filepath.Join(dir, "test_parsing", "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	count := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		v, err := strictjson.Parse(raw, strictjson.Limits{})
		var refusal *strictjson.Error
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v.Exists() != (err == nil) {
			t.Errorf("%s: a value and %v", name, err)
		}
		kind := name[:1]
		switch {
		case kind == "n" && err == nil:
			t.Errorf("%s was read", name)
		case kind == "y" && err != nil && (stricter[name] == strictjson.Reason(0) || stricter[name] != refusal.Reason):
			t.Errorf("%s: %v", name, err)
		case kind == "y" && err == nil && stricter[name] != strictjson.Reason(0):
			t.Errorf("%s was read", name)
		}
		if err == nil {
			count[kind+" read"]++
		} else {
			count[kind+" refused"]++
			if kind == "i" {
				t.Logf("%s: %v", strings.TrimSuffix(name, ".json"), refusal)
			}
		}
	}
	t.Logf("%d files: %v", len(files), count)
}
