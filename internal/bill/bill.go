// Package bill writes what a program is made of, as a bill of materials in the
// form of CycloneDX 1.6. It reads what the linker recorded in the program
// itself, so that no list can be older than the program.
//
// Start with CycloneDX.
package bill

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

type document struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	PURL     string    `json:"purl"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licences []licence `json:"licenses,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// licence has one or the other: an identifier, or an expression of several.
type licence struct {
	License    *identifier `json:"license,omitempty"`
	Expression string      `json:"expression,omitempty"`
}

type identifier struct {
	ID string `json:"id"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// CycloneDX returns the bill of a program: the program, Go's own library and
// each module in it, with its version, its licence where Licences has it, and
// the SHA-256 that go.sum has of the module's files: a hash over the list of
// their hashes (dirhash h1). The same program has the same bill: it carries no
// time and no serial number. It fails for a sum that is no h1.
func CycloneDX(info *debug.BuildInfo) ([]byte, error) {
	program := of("application", &info.Main)
	d := document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{program}}
	goVersion, _, _ := strings.Cut(info.GoVersion, " ")
	d.Components = append(d.Components, of("library", &debug.Module{Path: "std", Version: strings.TrimPrefix(goVersion, "go")}))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := of("library", m)
		var err error
		if c.Hashes, err = hashes(m.Sum); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		d.Components = append(d.Components, c)
	}
	in := dependency{Ref: program.Ref, DependsOn: []string{}}
	for _, c := range d.Components {
		in.DependsOn = append(in.DependsOn, c.Ref)
	}
	d.Dependencies = []dependency{in}
	return json.MarshalIndent(d, "", "  ")
}

func of(kind string, m *debug.Module) component {
	c := component{Type: kind, Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path}
	if m.Version != "" {
		c.PURL += "@" + strings.ReplaceAll(m.Version, "+", "%2B")
	}
	c.Ref = c.PURL
	switch id := licences[m.Path]; {
	case id == "":
	case strings.Contains(id, " "):
		c.Licences = []licence{{Expression: id}}
	default:
		c.Licences = []licence{{License: &identifier{id}}}
	}
	return c
}

// hashes reads a sum as go.sum has it; a folder in the place of a module has none.
func hashes(sum string) ([]hash, error) {
	if sum == "" {
		return nil, nil
	}
	text, ok := strings.CutPrefix(sum, "h1:")
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("%q is no sum of a module", sum)
	}
	return []hash{{"SHA-256", hex.EncodeToString(raw)}}, nil
}
