package bill_test

import (
	"encoding/json"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"laurel/internal/bill"
)

func build() *debug.BuildInfo {
	return &debug.BuildInfo{GoVersion: "go1.26.8 X:none", Main: debug.Module{Path: "laurel", Version: "(devel)"}, Deps: []*debug.Module{
		{Path: "golang.org/x/net", Version: "v0.62.0", Sum: "h1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
		{Path: "example.org/unknown", Version: "v1.0.0+incompatible"},
		{Path: "example.org/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/new", Version: "v1.1.0"}},
	}}
}

// TestCycloneDX reads the bill as its readers do.
func TestCycloneDX(t *testing.T) {
	raw, err := bill.CycloneDX(build())
	if err != nil {
		t.Fatal(err)
	}
	type component struct {
		Type, Name, Version, PURL string
		Ref                       string `json:"bom-ref"`
		Hashes                    []struct{ Alg, Content string }
		Licenses                  []struct{ License struct{ ID string } }
	}
	var d struct {
		BOMFormat, SpecVersion string
		Version                int
		Metadata               struct{ Component component }
		Components             []component
		Dependencies           []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	if d.BOMFormat != "CycloneDX" || d.SpecVersion != "1.6" || d.Version != 1 || d.Metadata.Component.Type != "application" || d.Metadata.Component.Name != "laurel" {
		t.Errorf("%s", raw)
	}
	var names []string
	for n, c := range d.Components {
		names = append(names, c.PURL)
		if c.Type != "library" || c.Ref != c.PURL || d.Dependencies[0].DependsOn[n] != c.Ref {
			t.Errorf("%+v", c)
		}
	}
	want := []string{"pkg:golang/std@1.26.8", "pkg:golang/golang.org/x/net@v0.62.0", "pkg:golang/example.org/unknown@v1.0.0%2Bincompatible", "pkg:golang/example.org/new@v1.1.0"}
	if !slices.Equal(names, want) || len(d.Dependencies) != 1 || d.Dependencies[0].Ref != d.Metadata.Component.Ref {
		t.Errorf("%v", names)
	}
	net, unknown := d.Components[1], d.Components[2]
	if len(net.Hashes) != 1 || net.Hashes[0].Alg != "SHA-256" || net.Hashes[0].Content != "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" {
		t.Errorf("hashes %v", net.Hashes)
	}
	if len(net.Licenses) != 1 || net.Licenses[0].License.ID != "BSD-3-Clause" || unknown.Licenses != nil || unknown.Hashes != nil {
		t.Errorf("licences %v, %+v", net.Licenses, unknown)
	}
	again, err := bill.CycloneDX(build())
	if err != nil || string(again) != string(raw) {
		t.Errorf("another bill of the same program, %v", err)
	}
}

func TestSumsAreRead(t *testing.T) {
	for _, sum := range []string{"h2:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "h1:AAEC", "h1:*"} {
		info := build()
		info.Deps[0].Sum = sum
		if _, err := bill.CycloneDX(info); err == nil || !strings.Contains(err.Error(), "golang.org/x/net") {
			t.Errorf("%s: %v", sum, err)
		}
	}
}
