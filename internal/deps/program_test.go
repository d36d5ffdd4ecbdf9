package deps

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// root is the folder of go.mod, which tests in this package run two below.
const root = "../.."

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// module is where packages come from.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *struct{ Path string }
}

// modules lists those that some packages and all below them are built from.
func modules(t *testing.T, args ...string) map[string]module {
	t.Helper()
	found := map[string]module{}
	dec := json.NewDecoder(strings.NewReader(run(t, "go", append([]string{"list", "-deps", "-json=Module"}, args...)...)))
	for dec.More() {
		var p struct{ Module *module }
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = *p.Module
		}
	}
	return found
}

// imports is the import graph below some packages, itself included.
func imports(t *testing.T, packages ...string) []string {
	t.Helper()
	return strings.Split(run(t, "go", append([]string{"list", "-deps"}, packages...)...), "\n")
}

// TestGivenLibraries: the five that Laurel is to be built with are in it.
func TestGivenLibraries(t *testing.T) {
	graph := imports(t, "./cmd/laurel")
	for _, p := range []string{
		"github.com/go-jose/go-jose/v4", "github.com/gin-gonic/gin", "go.etcd.io/bbolt",
		"github.com/skip2/go-qrcode", "github.com/piprate/json-gold/ld",
	} {
		if !slices.Contains(graph, p) {
			t.Errorf("%s is not in the program", p)
		}
	}
}

// TestNoDoorOfTheWholeProcess: the client library of Prometheus brings expvar,
// which puts itself into the table of net/http that a whole process shares. So
// no package of ours serves that table or adds to it.
func TestNoDoorOfTheWholeProcess(t *testing.T) {
	listed := strings.Split(run(t, "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./..."), "\n")
	if len(listed) < 20 {
		t.Fatalf("%d packages; were they read?", len(listed))
	}
	for _, line := range listed {
		for _, i := range strings.Fields(line)[1:] {
			if i == "expvar" || i == "net/http/pprof" {
				t.Errorf("%s", line)
			}
		}
	}
}

// TestStrangers: linters see one import at a time; these are sentences about
// whole import graphs.
func TestStrangers(t *testing.T) {
	for _, c := range []struct {
		of, reason string
		never      []string
	}{
		{"./verifier/...", "a verifier has no store, no issuer and no private key",
			[]string{"laurel/store", "laurel/issuer", "laurel/programme", "laurel/keys/keyring", "laurel/internal/fetch",
				"filippo.io/age", "go.etcd.io/bbolt", "github.com/jackc/pgx/v5"}},
		{"./issuer", "an issuer borrows a verifier and never knows it",
			[]string{"laurel/verifier", "laurel/keys/keyring", "laurel/keys/resolve", "laurel/internal/fetch", "go.etcd.io/bbolt", "github.com/jackc/pgx/v5"}},
		{"./programme/...", "awards know no HTTP, no keys and no backend",
			[]string{"laurel/verifier", "laurel/keys/keyring", "laurel/internal/fetch", "github.com/gin-gonic/gin", "go.etcd.io/bbolt", "github.com/jackc/pgx/v5"}},
		{"./api/...", "only the command names a backend or opens a key ring",
			[]string{"laurel/keys/keyring", "laurel/store/bolt", "laurel/store/postgres", "go.etcd.io/bbolt", "github.com/jackc/pgx/v5", "filippo.io/age"}},
		{"./cmd/laurel", "what is shipped holds no part of its tests",
			[]string{"testing", "net/http/httptest", "laurel/store/storetest", "laurel/issuer/issuertest", "pgregory.net/rapid",
				"go.uber.org/goleak", "github.com/rogpeppe/go-internal/testscript", "net/http/pprof"}},
		{"./cmd/laurel", "traces go over HTTP, and gRPC would be a second client and server in the program",
			[]string{"google.golang.org/grpc", "google.golang.org/grpc/internal/transport", "github.com/grpc-ecosystem/grpc-gateway/v2/runtime"}},
	} {
		graph := imports(t, c.of)
		if len(graph) < 20 {
			t.Fatalf("the import graph of %s has %d packages; was it read?", c.of, len(graph))
		}
		for _, p := range c.never {
			if slices.Contains(graph, p) {
				t.Errorf("%s imports %s, perhaps by way of others: %s", c.of, p, c.reason)
			}
		}
	}
}
