package canon_test

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"path"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
)

// vector is a folder of W3C test vectors of one RDFC cryptosuite. Their files
// are named alike but for a suffix.
type vector struct {
	dir, suffix string
	hash        crypto.Hash
}

var vectors = []vector{
	{"w3c-vc-di-eddsa/eddsa-rdfc-2022", "DataInt", crypto.SHA256},
	{"w3c-vc-di-eddsa/Ed25519Signature2020", "EdSig", crypto.SHA256},
	{"w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p256", "ECDSAP256", crypto.SHA256},
	{"w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p384", "ECDSAP384", crypto.SHA384},
}

func (v vector) file(t *testing.T, sub, name string) []byte {
	return specFile(t, path.Join("vectors", v.dir, sub, name))
}

func (v vector) text(t *testing.T, sub, name string) string {
	return string(v.file(t, sub, name+v.suffix+".txt"))
}

// TestW3CVectors goes through each vector step by step: the canonical form of
// the document and of the proof options, their hashes, and what is signed. The
// contexts of examples, which we do not hold, stand inline.
func TestW3CVectors(t *testing.T) {
	c := newCanonicalizer(t)
	for _, v := range vectors {
		t.Run(v.dir, func(t *testing.T) {
			document := inlineExamples(t, v.file(t, "", "signed"+v.suffix+".json"))
			config := inlineExamples(t, v.file(t, "", "proofConfig"+v.suffix+".json"))
			doc := canon.Input{Node: parse(t, document), Omit: []string{"proof"}, InlineContexts: true, Hash: v.hash}
			proof := canon.Input{Node: parse(t, config), InlineContexts: true, Hash: v.hash}
			for name, in := range map[string]canon.Input{"canonDoc": doc, "proofCanon": proof} {
				got, err := c.Canonicalize(in)
				if want := v.text(t, "", name); err != nil || string(got) != want || want == "" {
					t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
				}
			}
			proofHash, err := c.Digest(nil, proof)
			both, err2 := c.Digest(proofHash, doc)
			if want := v.text(t, "", "combinedHash"); err != nil || err2 != nil || hex.EncodeToString(both) != strings.TrimSpace(want) {
				t.Errorf("combined hash: %v %v\ngot  %x\nwant %s", err, err2, both, want)
			}
			docHash, err := c.Digest(nil, doc)
			if want := v.text(t, "", "docHash"); err != nil || hex.EncodeToString(docHash) != strings.TrimSpace(want) {
				t.Errorf("document hash: %v\ngot  %x\nwant %s", err, docHash, want)
			}
		})
	}
}

// TestW3CVectorsFast has the proof options canonicalised under the contexts
// that we hold: they use nothing of the others.
func TestW3CVectorsFast(t *testing.T) {
	c := newCanonicalizer(t)
	for _, v := range vectors {
		for _, sub := range []string{"", "employ"} {
			if v.suffix == "EdSig" && sub != "" {
				continue
			}
			config := parse(t, string(v.file(t, sub, "proofConfig"+v.suffix+".json")))
			contexts := `["https://www.w3.org/ns/credentials/v2"]`
			if v.suffix == "EdSig" {
				contexts = `["https://www.w3.org/ns/credentials/v2","https://w3id.org/security/suites/ed25519-2020/v1"]`
			}
			got, err := c.Canonicalize(canon.Input{Node: config, Context: parse(t, contexts), Hash: v.hash})
			if want := v.text(t, sub, "proofCanon"); err != nil || string(got) != want || want == "" {
				t.Errorf("%s %s: %v\ngot\n%s\nwant\n%s", v.dir, sub, err, got, want)
			}
		}
	}
}

// TestCanonicalFormsAreFixed canonicalises published canonical forms again:
// nothing may change, blank node labels included.
func TestCanonicalFormsAreFixed(t *testing.T) {
	texts := map[string]string{}
	hashes := map[string]crypto.Hash{}
	for _, v := range vectors {
		for _, sub := range []string{"", "employ"} {
			if v.suffix != "EdSig" || sub == "" {
				name := path.Join(v.dir, sub)
				texts[name], hashes[name] = v.text(t, sub, "canonDoc"), v.hash
			}
		}
	}
	for _, name := range []string{"clrv2p0", "obv3p0"} {
		texts[name] = string(specFile(t, "vectors/1edtech-eddsa-rdfc-2022/"+name+"/document-canon.txt"))
	}
	if len(texts) != 9 {
		t.Fatalf("%d texts", len(texts))
	}
	for name, want := range texts {
		d, err := rdfc.Parse(want)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := d.Canonicalize(nil, hashes[name])
		if err != nil || string(got) != want || want == "" {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// Test1EdTech makes the document of 1EdTech's vector from the basic example of
// the specification, whose issuer is another.
func Test1EdTech(t *testing.T) {
	var badge map[string]any
	decode(t, specFile(t, "examples/ob3-spec/basicOpenBadgeCredential.json"), &badge)
	badge["issuer"] = map[string]any{"id": "https://example.edu/issuers/565049", "type": []string{"Profile"},
		"name": "Example Corp", "url": "https://www.imsglobal.org"}
	raw, err := json.Marshal(badge)
	if err != nil {
		t.Fatal(err)
	}
	c := newCanonicalizer(t)
	doc := canon.Input{Node: parse(t, string(raw))}
	proof := canon.Input{Node: parse(t, `{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","created":"2010-01-01T19:23:24Z",
		"verificationMethod":"https://example.edu/issuers/565049#z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi",
		"proofPurpose":"assertionMethod"}`), Context: doc.Node.Get("@context")}
	for name, in := range map[string]canon.Input{"obv3p0/document-canon.txt": doc, "obv3p0/proof-canon.txt": proof, "clrv2p0/proof-canon.txt": proof} {
		got, err := c.Canonicalize(in)
		if want := string(specFile(t, "vectors/1edtech-eddsa-rdfc-2022/"+name)); err != nil || string(got) != want || want == "" {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// inlineExamples puts the context of examples in place of its URL.
func inlineExamples(t *testing.T, raw []byte) string {
	var doc map[string]any
	decode(t, raw, &doc)
	var context map[string]any
	decode(t, specFile(t, "contexts/w3c-credentials-examples-v2.jsonld"), &context)
	list := doc["@context"].([]any)
	for i, url := range list {
		if url == "https://www.w3.org/ns/credentials/examples/v2" {
			list[i] = context["@context"]
		}
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
