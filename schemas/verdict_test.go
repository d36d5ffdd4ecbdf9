package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// corpus lists the documents that verdicts are taken of.
var corpus = []struct{ file, class string }{
	{"achievement.json", "AchievementCredential"},
	{"badge.json", "AchievementCredential"},
	{"credential-workshop-completion.json", "AchievementCredential"},
	{"endorsement.json", "EndorsementCredential"},
	{"profile.json", "Profile"},
}

// verdict tells for a family how many mutants of the corpus its schemas accept,
// and the digest of all verdicts in order. It was taken with the published
// schemas.
type verdict struct {
	family           Family
	accepted, judged int
	digest           string
}

// TestVerdicts holds in every clone.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, v := range verdicts {
		j := judgeCorpus(t, ourSchemas(t, v.family))
		if j.accepted != v.accepted || len(j.vector) != v.judged || j.digest() != v.digest {
			t.Errorf("family %d: %d of %d accepted, digest %s", v.family, j.accepted, len(j.vector), j.digest())
		}
	}
}

func TestVerdictsEqualPublished(t *testing.T) {
	t.Parallel()
	for _, v := range verdicts {
		j := judgeCorpus(t, publishedSchemas(t, v.family))
		if j.accepted == v.accepted && len(j.vector) == v.judged && j.digest() == v.digest {
			continue
		}
		t.Errorf("family %d: %d of %d accepted, digest %s", v.family, j.accepted, len(j.vector), j.digest())
		our := judgeCorpus(t, ourSchemas(t, v.family))
		for i := range our.vector {
			if our.vector[i] != j.vector[i] {
				t.Errorf("family %d: we say %c, the published schema %c: %s", v.family, our.vector[i], j.vector[i], j.places[i])
			}
		}
	}
}

// TestCorpusIsWhole shows that the corpus has every property of every class,
// so that no row of the table goes without verdicts.
func TestCorpusIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range corpus {
		class, _ := Classes().Class(c.class)
		collect(corpusDocument(t, c.file), class, seen)
	}
	for _, class := range Classes().Classes {
		for _, p := range class.Properties {
			if !seen[class.Name+"."+p.Name] {
				t.Errorf("%s.%s is nowhere in the corpus", class.Name, p.Name)
			}
		}
	}
}

// collect notes the properties that a value of a class has.
func collect(v any, class *Class, seen map[string]bool) {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			collect(item, class, seen)
		}
	}
	object, ok := v.(map[string]any)
	if !ok || class == nil {
		return
	}
	for _, p := range class.Properties {
		if value, ok := object[p.Name]; ok {
			seen[class.Name+"."+p.Name] = true
			collect(value, p.Type.Class, seen)
		}
	}
}

func ourSchemas(t *testing.T, f Family) map[string]*jsonschema.Schema {
	schemas := map[string]*jsonschema.Schema{}
	for _, class := range schemaClasses {
		b, _ := Schema(class, f)
		schemas[class] = compile(t, decode(t, b), "")
	}
	return schemas
}

// publishedSchemas compiles the published schemas. For the tolerant ones that
// are not published as files, it takes the definitions within the one that is.
func publishedSchemas(t *testing.T, f Family) map[string]*jsonschema.Schema {
	schemas := map[string]*jsonschema.Schema{}
	for _, m := range madeSchemas {
		if m.family != f {
			continue
		}
		file, fragment := m.file, ""
		if file == "" {
			file, fragment = tolerantFile, "#/$defs/"+m.class
		}
		schemas[m.class] = compile(t, published(t, "schemas/"+file), fragment)
	}
	return schemas
}

// compile makes a schema that also asserts formats.
func compile(t *testing.T, doc any, fragment string) *jsonschema.Schema {
	t.Helper()
	const url = "https://schema.example/root.json"
	delete(doc.(map[string]any), "$id")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(url + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// judgement is the verdicts in the order of the mutants, '1' where accepted,
// and what each mutant was.
type judgement struct {
	vector   []byte
	places   []string
	accepted int
}

func (j *judgement) digest() string {
	sum := sha256.Sum256(j.vector)
	return hex.EncodeToString(sum[:])
}

func corpusDocument(t *testing.T, file string) any {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, b)
}

func judgeCorpus(t *testing.T, schemas map[string]*jsonschema.Schema) *judgement {
	t.Helper()
	var j judgement
	m, n := mutator{seen: map[string]bool{}}, 0
	for _, c := range corpus {
		doc, schema := corpusDocument(t, c.file), schemas[c.class]
		if err := schema.Validate(doc); err != nil {
			t.Fatalf("%s itself is refused: %v", c.file, err)
		}
		before := string(encode(doc))
		m.judged = func(place string) {
			if n++; n%every != 0 {
				return
			}
			verdict := byte('0')
			if schema.Validate(doc) == nil {
				verdict = '1'
				j.accepted++
			}
			j.vector, j.places = append(j.vector, verdict), append(j.places, c.file+place)
		}
		m.mutate(doc, "", "")
		if string(encode(doc)) != before {
			t.Fatalf("%s: the mutations were not taken back", c.file)
		}
	}
	return &j
}

// mutator changes one place of a document at a time, calls judged with the
// name of the mutant, and takes the change back. It removes each member, puts
// other values in the place of each member and item, and adds an unknown
// member to each object: many values where it meets a property of a type for
// the first time, few where it meets it again.
type mutator struct {
	judged func(place string)
	seen   map[string]bool
}

// mutate changes all places within v. Items of an array count for the kind of
// the array.
func (m *mutator) mutate(v any, at, kind string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			place, old := at+"/"+name, v[name]
			delete(v, name)
			m.judged(place + " removed")
			m.replace(old, func(other any) { v[name] = other }, place, fmt.Sprint(v["type"], name))
			m.mutate(old, place, name)
		}
		v["unknownMember"] = "x"
		m.judged(at + " with an unknown member")
		delete(v, "unknownMember")
	case []any:
		for i, old := range v {
			place := fmt.Sprint(at, "/", i)
			m.replace(old, func(other any) { v[i] = other }, place, kind+"[]")
			m.mutate(old, place, kind)
		}
	}
}

// replace puts other values in a place, and the old one back.
func (m *mutator) replace(old any, put func(any), place, kind string) {
	list := otherValues(old)
	if m.seen[kind] {
		list = list[:3]
	}
	m.seen[kind] = true
	for _, other := range list {
		put(other)
		m.judged(place + " = " + string(encode(other)))
	}
	put(old)
}

// otherValues are values of every type, and the old one in other forms; the
// first three tell most.
func otherValues(old any) []any {
	list := []any{
		[]any{old}, map[string]any{"en": old}, 0,
		nil, false, "", "word", "ext:word", "2026-01-02", "2026-01-02T03:04:05Z",
		[]any{}, []any{"word"}, map[string]any{}, map[string]any{"id": "urn:x", "type": "word"},
		map[string]any{"nl-NL": old, "eng": old},
	}
	switch old := old.(type) {
	case string:
		list = append(list, old+"!", map[string]any{"en": old + "!"})
	case []any:
		list = append(list, append(slices.Clone(old), old...))
		if len(old) > 0 {
			list = append(list, old[0], old[1:])
		}
	}
	return list
}
