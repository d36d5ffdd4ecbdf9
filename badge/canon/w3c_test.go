//go:build jsonldtests

package canon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// toRDFTest is one entry of the W3C list of tests of Deserialize JSON-LD to RDF.
type toRDFTest struct {
	ID     string   `json:"@id"`
	Type   []string `json:"@type"`
	Name   string
	Input  string
	Expect string
	Option struct{ SpecVersion, ProcessingMode string }
}

func (c toRDFTest) is(kind string) bool { return slices.Contains(c.Type, "jld:"+kind) }

// old: the test is about JSON-LD 1.0, which is not read here.
func (c toRDFTest) old() bool {
	return c.Option.SpecVersion == "json-ld-1.0" || c.Option.ProcessingMode == "json-ld-1.0"
}

// way is how a document is read: its contexts inline, or each of them compiled.
type way struct {
	name    string
	process func(t *testing.T, raw []byte) ([]byte, error)
	least   int // tests that it passes, not counting errors
	// otherwise names tests that demand an error where other test suites of the
	// W3C demand a form, with that form.
	otherwise map[string]string
}

// outcomes counts what came of the tests on one way.
type outcomes struct {
	equal, error, old, syntax int
	otherwise                 int
	refused                   map[string][]string // by reason, the tests
	wrong                     []string
}

// TestW3C runs the W3C tests of toRdf (the folder tests of the repository
// w3c/json-ld-api). Each of them gives the statements that it has to, or is
// refused with a reason; nothing gives other statements in silence.
func TestW3C(t *testing.T) {
	dir := os.Getenv("JSON_LD_TESTS")
	if dir == "" {
		t.Fatal("name the folder of the W3C tests of JSON-LD in JSON_LD_TESTS")
	}
	var manifest struct{ Sequence []toRDFTest }
	decode(t, readFrom(t, dir, "toRdf-manifest.jsonld"), &manifest)
	if len(manifest.Sequence) < 400 {
		t.Fatalf("%d tests", len(manifest.Sequence))
	}
	// er56: a context document written out whole, which the suites of the VC
	// working group have in their documents.
	otherwise := map[string]string{"#ter56": "<ex:1> <ex:p> \"value\" .\n"}
	for _, by := range []way{{"inline", inlineWay, 120, otherwise}, {"compiled", compiledWay, 80, nil}} {
		o := outcomes{refused: map[string][]string{}}
		for _, c := range manifest.Sequence {
			o.add(t, dir, c, by)
		}
		o.report(t, by, len(manifest.Sequence))
	}
}

func (o *outcomes) add(t *testing.T, dir string, c toRDFTest, by way) {
	if c.old() {
		o.old++
		return
	}
	got, err := by.process(t, readFrom(t, dir, c.Input))
	var e *canon.Error
	switch {
	case c.is("NegativeEvaluationTest") && err != nil:
		o.error++
	case errors.As(err, &e):
		o.refused[e.Kind.String()] = append(o.refused[e.Kind.String()], c.ID)
	case err != nil:
		o.refused["not read: "+featureOf(err)] = append(o.refused["not read: "+featureOf(err)], c.ID)
	case by.otherwise[c.ID] != "" && string(got) == by.otherwise[c.ID]:
		o.otherwise++
	case c.is("PositiveSyntaxTest"):
		o.syntax++
	case c.is("PositiveEvaluationTest") && string(got) == expected(t, readFrom(t, dir, c.Expect)):
		o.equal++
	default:
		o.wrong = append(o.wrong, c.ID)
		t.Errorf("%s, %s (%s) gives other statements:\n%s", by.name, c.ID, c.Name, got)
	}
}

func (o *outcomes) report(t *testing.T, by way, all int) {
	name, refused := by.name, 0
	for _, kind := range slices.Sorted(maps.Keys(o.refused)) {
		refused += len(o.refused[kind])
		t.Logf("%s: refused as %s: %d %s", name, kind, len(o.refused[kind]), o.refused[kind])
	}
	t.Logf("%s: %d equal, %d errors as expected, %d accepted as expected, %d refused, %d for JSON-LD 1.0 only, %d as other suites demand, %d WRONG",
		name, o.equal, o.error, o.syntax, refused, o.old, o.otherwise, len(o.wrong))
	if sum := o.equal + o.error + o.syntax + refused + o.old + o.otherwise + len(o.wrong); sum != all || o.equal < by.least {
		t.Errorf("%s: %d of %d tests accounted for, %d of them equal", name, sum, all, o.equal)
	}
}

// featureOf is the part of a refusal by the compiler that names what it is.
func featureOf(err error) string {
	for _, feature := range []string{"@vocab", "@base", "@language", "@direction", "@import", "@nest", "@reverse", "@index", "@included",
		"undefine", "is a list", "names another", "cannot be a term", "container", "no @id", "neither an absolute IRI", "repeated", "strictjson"} {
		if strings.Contains(err.Error(), feature) {
			return feature
		}
	}
	return err.Error()
}

// expected canonicalises the statements that a test expects.
func expected(t *testing.T, raw []byte) string {
	d, err := rdfc.Parse(string(raw))
	if err != nil {
		t.Fatalf("the expected statements cannot be read: %v", err)
	}
	text, err := d.Canonicalize(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// inlineWay is the guarded way through json-gold.
func inlineWay(t *testing.T, raw []byte) ([]byte, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return nil, err
	}
	in := canon.Input{Node: v, InlineContexts: true}
	if !v.Get("@context").Exists() {
		in.Context = parse(t, `[{}]`)
	}
	return newCanonicalizer(t).Canonicalize(in)
}

// compiledWay adds each context of a document to those held, and names it in
// its place.
func compiledWay(t *testing.T, raw []byte) ([]byte, error) {
	if _, err := strictjson.Parse(raw, strictjson.Limits{}); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if root, ok := doc.(map[string]any); ok && root["@context"] == nil {
		root["@context"] = map[string]any{}
	}
	var added []*schemas.Extension
	if err := nameContexts(doc, &added); err != nil {
		return nil, err
	}
	c, err := canon.NewWith(added...)
	if err != nil {
		return nil, err
	}
	rewritten, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	return c.Canonicalize(canon.Input{Node: parse(t, string(rewritten))})
}

// nameContexts puts a name in the place of each context object.
func nameContexts(v any, added *[]*schemas.Extension) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := nameContexts(e, added); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, m := range v {
			if name != "@context" {
				if err := nameContexts(m, added); err != nil {
					return err
				}
				continue
			}
			named, err := namesFor(m, added)
			if err != nil {
				return err
			}
			v[name] = named
		}
	}
	return nil
}

func namesFor(context any, added *[]*schemas.Extension) (any, error) {
	list, several := context.([]any)
	if !several {
		list = []any{context}
	}
	var names []any
	for _, c := range list {
		if _, ok := c.(map[string]any); !ok {
			names = append(names, c)
			continue
		}
		raw, err := json.Marshal(map[string]any{"@context": c})
		if err != nil {
			return nil, err
		}
		x, err := schemas.ReadExtension(fmt.Sprintf("https://added.example/%d", len(*added)), raw)
		if err != nil {
			return nil, err
		}
		*added = append(*added, x)
		names = append(names, x.Table.URL)
	}
	if !several {
		return names[0], nil
	}
	return names, nil
}

func readFrom(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
