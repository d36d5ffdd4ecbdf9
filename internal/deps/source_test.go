package deps

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// never are calls that nothing that is shipped makes, and why; where one is
// made on purpose, the file stands beside it.
var never = []struct {
	call   *regexp.Regexp
	reason string
	but    []string
}{
	{regexp.MustCompile(`InsecureSkipVerify`), "certificates are always checked", nil},
	{regexp.MustCompile(`New(Default|Caching|RFC7324Caching)DocumentLoader`), "it fetches contexts from the net and opens files", nil},
	{regexp.MustCompile(`"text/template"`), "it escapes nothing", nil},
	{regexp.MustCompile(`template\.(HTML|JS|CSS|URL|HTMLAttr|JSStr|Srcset)\b`), "it says that a text needs no escaping", []string{"api/pages"}},
	{regexp.MustCompile(`\.(Should)?Bind(JSON|Query|URI|With|BodyWith)?\(`), "bodies are read by internal/strictjson alone", []string{"internal/porttest/linux.go"}},
	{regexp.MustCompile(`jose\.(ParseSigned|ParseEncrypted|ParseDetached|ParseSignedJSON)\b|jwt\.Parse`), "only compact JWS of our own algorithms are parsed", nil},
	{regexp.MustCompile(`ClientIP\(|"X-Forwarded-For"`), "who calls is who is connected, or whom a trusted proxy names, which is found out once", []string{"api/middleware.go"}},
	{regexp.MustCompile(`image\.Decode|png\.Decode|"image/(jpeg|gif)"|"compress/(zlib|flate|bzip2|lzw)"`), "what strangers packed is unpacked where that is bounded, and nowhere else", []string{"internal/artwork", "internal/attachment/object.go", "internal/pdf/file.go"}},
	{regexp.MustCompile(`http\.(Get|Post|Head|DefaultClient|DefaultTransport|ListenAndServe)\b`), "what is fetched goes through internal/fetch, and servers have time-outs", nil},
	{regexp.MustCompile(`http\.(Handle|HandleFunc|DefaultServeMux)\b`), "libraries put expvar and profiles on the mux of all, so that is never served", nil},
	{regexp.MustCompile(`&http\.Server\{|new\(http\.Server\)|http\.Serve(TLS)?\(`), "a server without a handler serves the mux of all; servers are made in one place, with a handler and time-outs", []string{"cmd/laurel/serve.go"}},
	{regexp.MustCompile(`newServer\(nil\b|Handler:\s*nil\b`), "a server without a handler serves the mux of all", nil},
}

// TestSourceNeverSays reads what is shipped, tests left out.
func TestSourceNeverSays(t *testing.T) {
	read := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "testdata") {
			if d != nil && d.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		read++
		name, _ := filepath.Rel(root, path)
		for _, n := range never {
			if found := n.call.Find(raw); found != nil && !startsWithAny(filepath.ToSlash(name), n.but) {
				t.Errorf("%s says %s: %s", name, found, n.reason)
			}
		}
		return nil
	})
	if err != nil || read < 150 {
		t.Errorf("%d files, %v", read, err)
	}
}

func startsWithAny(name string, starts []string) bool {
	for _, s := range starts {
		if strings.HasPrefix(name, s) {
			return true
		}
	}
	return false
}
