package deps

import (
	"go/version"
	"runtime"
	"strings"
	"testing"
)

// least holds the oldest version of each module that has no known hole that
// touches us; where its problems are told stands beside it.
var least = map[string]string{
	"github.com/go-jose/go-jose/v4":      "v4.1.8",  // curve not compared with alg before 4.1.5; CVE-2026-34986
	"golang.org/x/net":                   "v0.62.0", // CVE-2026-39821 before 0.55.0
	"golang.org/x/text":                  "v0.43.0", // GO-2026-5970 before 0.39.0
	"golang.org/x/crypto":                "v0.58.0",
	"github.com/quic-go/quic-go":         "v0.65.0", // GO-2026-5676 before 0.59.1
	"go.etcd.io/bbolt":                   "v1.5.0",
	"go.opentelemetry.io/otel/sdk":       "v1.47.0",
	"github.com/piprate/json-gold":       "v0.9.1",
	"github.com/jackc/pgx/v5":            "v5.12.0",
	"github.com/gin-gonic/gin":           "v1.12.0",
	"filippo.io/age":                     "v1.3.2",
	"filippo.io/edwards25519":            "v1.2.0", // GO-2026-4503 before 1.1.1, in what is not used here
	"github.com/microcosm-cc/bluemonday": "v1.0.27",
}

// mayBeAbsent are modules that a required one brings along, and that a newer
// one of it may leave out.
var mayBeAbsent = map[string]bool{"github.com/quic-go/quic-go": true}

const leastGo = "go1.26.8"

// older compares versions that are releases; it takes Go's own comparison,
// whose syntax they share but for the first letters.
func older(t *testing.T, a, b string) bool {
	t.Helper()
	for _, v := range []*string{&a, &b} {
		*v = "go" + strings.TrimPrefix(strings.TrimSuffix(*v, "+incompatible"), "v")
		if !version.IsValid(*v) {
			t.Fatalf("%s is no version of a release", *v)
		}
	}
	return version.Compare(a, b) < 0
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"v0.61.9", "v0.62.0", true}, {"v0.62.0", "v0.62.0", false}, {"v0.100.0", "v0.62.0", false},
		{"v4.1.7", "v4.1.8", true}, {"v4.1.10", "v4.1.8", false}, {"v3.9.9", "v4.1.8", true},
	} {
		if got := older(t, c.a, c.b); got != c.want {
			t.Errorf("older(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestMinimumVersions(t *testing.T) {
	if v := runtime.Version(); version.Compare(v, leastGo) < 0 {
		t.Errorf("tested with %s, wanted %s or newer", v, leastGo)
	}
	have := modules(t, "./cmd/laurel")
	for path, want := range least {
		m, ok := have[path]
		switch {
		case !ok && !mayBeAbsent[path]:
			t.Errorf("%s is not in the program; is it named otherwise now?", path)
		case ok && older(t, m.Version, want):
			t.Errorf("%s is %s, wanted %s or newer", path, m.Version, want)
		}
	}
	for path, m := range have {
		if m.Replace != nil {
			t.Errorf("%s is replaced by %s: what is shipped must be what its authors published", path, m.Replace.Path)
		}
	}
}
