package schemas

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// tolerantFile is the one file of the tolerant family that we have.
const tolerantFile = "jsonld/ob_v3p0_achievementcredential_schema.json"

// madeSchemas lists every schema: its file at the publisher, where there is
// one, and the digest of its normal form, which was taken from that file.
var madeSchemas = []struct {
	class  string
	family Family
	file   string
	digest string
}{
	{"AchievementCredential", Strict, "strict/ob_v3p0_achievementcredential_schema.json",
		"5bbd922b0fe3123e5e7e3d43c632878d4d2e253121c4b91d78495639c3aa3db9"},
	{"EndorsementCredential", Strict, "strict/ob_v3p0_endorsementcredential_schema.json",
		"793176a88856dfea069f7fd489ed17a7fbdf58365660951680aa38d6fead29f9"},
	{"Profile", Strict, "strict/ob_v3p0_profile_schema.json",
		"51a743bf47671b55fbaadf984895c745d31543183fddd14194b73c763f8046ea"},
	{"AchievementCredential", Tolerant, tolerantFile,
		"6995cd8b9a2712de6cedf0d2c0dc1360d5b039c236c91de60531ed035fb2924e"},
	{"EndorsementCredential", Tolerant, "",
		"8a721505dc81d0a5297957f03ea69b542fdc0b860194ea1f9ac5b3fbeb51d853"},
	{"Profile", Tolerant, "",
		"300b9ef273d92dff58b3e67a876bddf6223ce134b1c5cae6fc468a055bd5ebb1"},
}

func TestSchemaDigests(t *testing.T) {
	for _, m := range madeSchemas {
		b, ok := Schema(m.class, m.family)
		if !ok {
			t.Errorf("no schema of %s, family %d", m.class, m.family)
			continue
		}
		if got := digest(normalSchema(decode(t, b))); got != m.digest {
			t.Errorf("%s, family %d: digest %s, want %s", m.class, m.family, got, m.digest)
		}
	}
}

func TestSchemasEqualPublished(t *testing.T) {
	for _, m := range madeSchemas {
		if m.file == "" {
			continue
		}
		t.Run(m.file, func(t *testing.T) {
			want := normalSchema(published(t, "schemas/"+m.file))
			if got := digest(want); got != m.digest {
				t.Errorf("the published file has digest %s, the test %s", got, m.digest)
			}
			b, _ := Schema(m.class, m.family)
			if g, w := string(encode(normalSchema(decode(t, b)))), string(encode(want)); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// TestTolerantClassesEqualPublished compares the tolerant schemas that are not
// published as files with the definitions in the one that is.
func TestTolerantClassesEqualPublished(t *testing.T) {
	file := normalSchema(published(t, "schemas/"+tolerantFile))
	want := file.(map[string]any)["$defs"].(map[string]any)
	for _, class := range []string{"EndorsementCredential", "Profile"} {
		b, _ := Schema(class, Tolerant)
		doc := normalSchema(decode(t, b)).(map[string]any)
		defs := doc["$defs"].(map[string]any)
		delete(doc, "$defs")
		delete(doc, "$schema")
		defs["the root"], want["the root"] = doc, want[class]
		for name, def := range defs {
			if g, w := string(encode(def)), string(encode(want[name])); g != w {
				t.Errorf("%s: %s: got\n%s\nwant\n%s", class, name, g, w)
			}
		}
	}
}

func TestSchemaNames(t *testing.T) {
	const base = "https://purl.imsglobal.org/spec/ob/v3p0/schema/"
	for _, c := range []struct {
		url, class string
		family     Family
	}{
		{base + "json/ob_v3p0_achievementcredential-jsonschema1.json", "AchievementCredential", Strict},
		{base + "json/ob_v3p0_achievementcredential_schema.json", "AchievementCredential", Tolerant},
		{base + "json-ld/ob_v3p0_achievementcredential_schema.json", "AchievementCredential", Tolerant},
		{base + "json/ob_v3p0_endorsementcredential-jsonschema1.json", "EndorsementCredential", Strict},
		{base + "json/ob_v3p0_endorsementcredential_schema.json", "EndorsementCredential", Tolerant},
		{base + "json-ld/ob_v3p0_endorsementcredential_schema.json", "EndorsementCredential", Tolerant},
		{base + "json/ob_v3p0_profile-jsonschema1.json", "Profile", Strict},
		{base + "json/ob_v3p0_profile_schema.json", "Profile", Tolerant},
		{base + "json-ld/ob_v3p0_profile_schema.json", "Profile", Tolerant},
	} {
		class, family, ok := SchemaByURL(c.url)
		if class != c.class || family != c.family || !ok {
			t.Errorf("%s: %q, family %d, %t", c.url, class, family, ok)
		}
	}
	for _, m := range madeSchemas {
		b, _ := Schema(m.class, m.family)
		id := decode(t, b).(map[string]any)["$id"].(string)
		class, family, ok := SchemaByURL(id)
		if class != m.class || family != m.family || !ok {
			t.Errorf("$id %s of %s, family %d, means %q, family %d, %t", id, m.class, m.family, class, family, ok)
		}
	}
}

func TestSchemaRefusesToGuess(t *testing.T) {
	for _, url := range []string{
		"",
		"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_AchievementCredential_schema.json",
		"https://purl.imsglobal.org/spec/ob/v3p0/schema/json-ld/ob_v3p0_profile-jsonschema1.json",
		"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_image_schema.json",
		"https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_profile_schema.json#",
	} {
		if class, _, ok := SchemaByURL(url); ok || class != "" {
			t.Errorf("%q means %q", url, class)
		}
	}
	for _, class := range []string{"", "Image", "profile"} {
		if b, ok := Schema(class, Strict); ok || b != nil {
			t.Errorf("schema of %q", class)
		}
	}
	if _, ok := Schema("Profile", Tolerant+1); ok {
		t.Error("schema of a third family")
	}
}

// TestExceptions pins where the tolerant family departs from its rule.
func TestExceptions(t *testing.T) {
	var found []string
	for _, c := range Classes().Classes {
		for _, p := range c.Properties {
			if !p.In(Strict) {
				found = append(found, "only tolerant: "+c.Name+"."+p.Name)
			}
			if p.Required(Strict) != p.Required(Tolerant) {
				found = append(found, "optional when tolerant: "+c.Name+"."+p.Name)
			}
		}
	}
	want := []string{
		"only tolerant: EndorsementCredential.evidence",
		"optional when tolerant: CredentialStatus.id",
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("exceptions %q, want %q", found, want)
	}
}

// normalSchema removes from a schema what binds no document, and orders what
// is a set. Classes stay under their names in $defs.
func normalSchema(v any) any {
	switch v := v.(type) {
	case map[string]any:
		normal := map[string]any{}
		for key, value := range v {
			switch value := value.(type) {
			case string:
				if slices.Contains([]string{"title", "description", "$comment", "$id"}, key) {
					continue
				}
				if key == "pattern" {
					normal[key] = strings.ReplaceAll(value, `\/`, "/") // the same to a regular expression
					continue
				}
			case []any:
				if key == "required" && len(value) == 0 {
					continue
				}
				if key == "required" || key == "enum" {
					normal[key] = sorted(value)
					continue
				}
			}
			normal[key] = normalSchema(value)
		}
		return normal
	case []any:
		normal := []any{}
		for _, value := range v {
			normal = append(normal, normalSchema(value))
		}
		return normal
	}
	return v
}

// sorted sorts strings.
func sorted(list []any) any {
	var words []string
	for _, w := range list {
		words = append(words, w.(string))
	}
	slices.Sort(words)
	return words
}
