package schemas

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// held lists every context: its file at the publisher and the digest of its
// normal form, which was taken from that file.
var held = []struct{ url, file, digest string }{
	{"https://www.w3.org/ns/credentials/status/v1", "w3c-bitstring-status-v1.jsonld",
		"023dd4a59b63bd8057e33855fdf459f6c912dd72a42c350159013b0f796d1a65"},
	{"https://www.w3.org/ns/cid/v1", "w3c-cid-v1.jsonld",
		"f23b8c04da613ca214011a8e076885d5050615b4c41eab6fa016dacf50ac9f93"},
	{"https://www.w3.org/2018/credentials/v1", "w3c-credentials-v1.jsonld",
		"ea15efa6fa43a892310f5ab27ac94215fe7fe0d7b318dd0ce402ae2dfaaf5513"},
	{"https://www.w3.org/ns/credentials/v2", "w3c-credentials-v2.jsonld",
		"22d66598d46847735540792fa9e80725f41ed22fc37b0d41fac952d016aef36d"},
	{"https://w3id.org/security/data-integrity/v1", "w3c-data-integrity-v1.jsonld",
		"3afc77da06cade6481a3b55a3213e499fb13f26de926b8b473d8dbd1d75a3e64"},
	{"https://w3id.org/security/data-integrity/v2", "w3c-data-integrity-v2.jsonld",
		"c2d68db0c3312d072889cd4e4d01a19d3bc73a23edfff34765949f0087460a52"},
	{"https://www.w3.org/ns/did/v1", "w3c-did-v1.jsonld",
		"30d48aabf1bf8cfd77683a464631dfb1dc3e592c0d326996550d8cda59ba4250"},
	{"https://w3id.org/security/suites/ed25519-2020/v1", "w3c-ed25519-2020-v1.jsonld",
		"8375829ed9229ab93f9b06069ac22b8d29012a68746b5402ee377bb8b147deeb"},
	{"https://w3id.org/security/jwk/v1", "w3c-jwk-v1.jsonld",
		"c0ece651af1cdfa5f5fd75b2d05191721e36f280a0c7da623e656a25ac45acba"},
	{"https://w3id.org/security/multikey/v1", "w3c-multikey-v1.jsonld",
		"bed712cc75ddb0ed803666387639de159f18e371fda723fe7e593ce38fa01ed3"},
	{"https://purl.imsglobal.org/spec/ob/v3p0/context.json", "ob-3.0.0.json",
		"79b9836cdde1be03c10380664e240c43f6203e62e09fb6c640f2d66b1bc8ec32"},
	{"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", "ob-3.0.1.json",
		"7a63928a04a18e58dc2963f94a5f619131655dacfa019f460486ef1da0567844"},
	{"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", "ob-3.0.2.json",
		"cada550b20b56b46e97a29522f9670de68b850dfafd6e443c04dd7ede139644e"},
	{"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "ob-3.0.3.json",
		"10d6fd9b9604477a3c81f47ac026273df2dcf67660bc61fc6a5411988008316f"},
	{"https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", "ob-3.0-extensions.json",
		"4d947c7357793899bb8251f0422adca428118e047fef59186592a5eff758caf0"},
	{"https://w3id.org/vc/status-list/2021/v1", "w3c-status-list-2021-v1.jsonld",
		"1bc5cc615cc11e2e6b30fe967a4ce19f5b355d8d5ac5d59735c551d4351d60b4"},
}

func TestContextsHeld(t *testing.T) {
	var want []string
	for _, h := range held {
		want = append(want, h.url)
	}
	if got := ContextURLs(); !slices.Equal(got, want) || len(got) != 16 {
		t.Errorf("contexts held:\n%q\nwant:\n%q", got, want)
	}
	ContextURLs()[0] = "changed"
	if ContextURLs()[0] != want[0] {
		t.Error("a caller changed the list of contexts")
	}
	for _, url := range want {
		c, ok := ContextTable(url)
		if !ok || c.URL != url {
			t.Errorf("table of %s: %v, held %t", url, c, ok)
		}
	}
}

func TestContextsByExactURLOnly(t *testing.T) {
	for _, url := range []string{
		"",
		"https://www.w3.org/ns/credentials/v2#",
		"https://www.w3.org/ns/credentials/v2/",
		"http://www.w3.org/ns/credentials/v2",
		"https://WWW.w3.org/ns/credentials/v2",
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.4.json",
		"https://purl.imsglobal.org/spec/ob/v3p0/context/ob_v3p0.jsonld",
	} {
		if c, ok := ContextTable(url); ok || c != nil {
			t.Errorf("table found for %q", url)
		}
		if b, ok := ContextDocument(url); ok || b != nil {
			t.Errorf("document found for %q", url)
		}
	}
}

// TestContextDigests holds in every clone: each context, rendered and brought
// into normal form, has the digest that its published file has.
func TestContextDigests(t *testing.T) {
	for _, h := range held {
		b, _ := ContextDocument(h.url)
		normal, err := normalDocument(decode(t, b))
		if err != nil {
			t.Errorf("%s: %v", h.url, err)
		} else if got := digest(normal); got != h.digest {
			t.Errorf("%s: digest %s, want %s", h.url, got, h.digest)
		}
	}
}

func TestContextsEqualPublished(t *testing.T) {
	for _, h := range held {
		t.Run(h.file, func(t *testing.T) {
			want, err := normalDocument(published(t, "contexts/"+h.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := digest(want); got != h.digest {
				t.Errorf("the published file has digest %s, the test %s", got, h.digest)
			}
			b, _ := ContextDocument(h.url)
			got, err := normalDocument(decode(t, b))
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(encode(got)), string(encode(want)); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// TestTablesEqualDocuments shows that the Go values say what the documents
// say, for those who compile the one and those who hand out the other.
func TestTablesEqualDocuments(t *testing.T) {
	for _, h := range held {
		c, _ := ContextTable(h.url)
		b, _ := ContextDocument(h.url)
		want, err := normalDocument(decode(t, b))
		if err != nil {
			t.Fatal(err)
		}
		if g, w := string(encode(normalTable(c))), string(encode(want)); g != w {
			t.Errorf("%s: got\n%s\nwant\n%s", h.url, g, w)
		}
	}
}

// normalDocument brings a context document into a form that equal contexts
// share: definitions written in full, protection and the use as a prefix told
// for each term. It refuses every keyword that it does not know, so nothing is
// passed over.
func normalDocument(doc any) (any, error) {
	m, ok := doc.(map[string]any)
	if !ok || len(m) != 1 {
		return nil, fmt.Errorf("a document with other members than @context: %v", slices.Collect(maps.Keys(m)))
	}
	return normalContext(m["@context"])
}

func normalContext(v any) (any, error) {
	if v == nil {
		return "null", nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a context that is no object: %v", v)
	}
	normal := map[string]any{}
	if version, ok := m["@version"]; ok {
		normal["@version"] = version
	}
	protected := m["@protected"] == true
	for name, def := range m {
		if name == "@version" || name == "@protected" {
			continue
		}
		if isKeyword(name) {
			return nil, fmt.Errorf("unknown keyword %s", name)
		}
		term, err := normalTerm(def)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		term["@protected"] = protected
		normal[name] = term
	}
	return normal, nil
}

func normalTerm(def any) (map[string]any, error) {
	if iri, ok := def.(string); ok {
		return map[string]any{"@id": iri, "@prefix": endsInDelimiter(iri)}, nil
	}
	m, ok := def.(map[string]any)
	if !ok || m["@id"] == nil {
		return nil, fmt.Errorf("a definition without @id: %v", def)
	}
	normal := map[string]any{"@prefix": false}
	for key, value := range m {
		switch key {
		case "@id", "@type", "@container":
			normal[key] = value.(string)
		case "@context":
			scope, err := normalContext(value)
			if err != nil {
				return nil, err
			}
			normal[key] = scope
		default:
			return nil, fmt.Errorf("unknown keyword %s", key)
		}
	}
	return normal, nil
}

// normalTable is the same form, taken from a table.
func normalTable(c *Context) any {
	normal := map[string]any{}
	if c.Version != "" {
		normal["@version"] = 1.1
	}
	for _, t := range c.Terms {
		term := map[string]any{"@id": t.IRI, "@prefix": t.Prefix, "@protected": t.Protected}
		if t.Type != "" {
			term["@type"] = t.Type
		}
		if t.Container != "" {
			term["@container"] = t.Container
		}
		if t.Scope != nil {
			term["@context"] = normalTable(t.Scope)
		}
		if t.Reset {
			term["@context"] = "null"
		}
		normal[t.Name] = term
	}
	return normal
}
