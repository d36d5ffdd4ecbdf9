package canon_test

import (
	"bytes"
	"crypto"
	"slices"
	"strings"
	"testing"

	"laurel/badge/canon"
)

// TestForm holds a form against every input that it is not the form of: all
// must come to their own digest, as if there were no form.
func TestForm(t *testing.T) {
	c := newCanonicalizer(t)
	raw := readTestdata(t, "badge-small.json")
	changed := bytes.Replace(raw, []byte(`"name":`), []byte(`"description":`), 1)
	if bytes.Equal(raw, changed) {
		t.Fatal("nothing was changed")
	}
	in := canon.Input{Node: parse(t, string(raw)), Omit: []string{"proof"}}
	canonical, err := c.Canonicalize(in)
	if err != nil {
		t.Fatal(err)
	}
	form := formOf(t, c, in, canonical)
	for name, other := range map[string]canon.Input{
		"itself":           in,
		"the same again":   {Node: parse(t, string(raw)), Omit: []string{"proof"}},
		"a changed member": {Node: parse(t, string(changed)), Omit: []string{"proof"}},
		"another part":     {Node: in.Node.Get("credentialSubject"), Context: in.Node.Get("@context")},
		"members left out": {Node: in.Node, Omit: []string{"proof", "credentialSubject"}},
		"nothing left out": {Node: in.Node},
		"other contexts":   {Node: in.Node, Omit: []string{"proof"}, Context: parse(t, `["https://www.w3.org/ns/credentials/v2"]`)},
		"SHA-384":          {Node: in.Node, Omit: []string{"proof"}, Hash: crypto.SHA384},
	} {
		want, wantErr := c.Digest(nil, other)
		other.Form = form
		got, err := c.Digest(nil, other)
		if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %x, %v; without the form %x, %v", name, got, err, want, wantErr)
		}
	}
}

// formOf makes a form, and has it show the statements of all predicates but one.
func formOf(t *testing.T, c *canon.Canonicalizer, in canon.Input, canonical []byte) *canon.Form {
	t.Helper()
	predicates := []string{"urn:x:nobody-says-this"}
	var stated, shown []string
	left := 0
	for line := range bytes.Lines(canonical) {
		terms := strings.SplitN(string(line), " ", 3)
		iri := strings.Trim(terms[1], "<>")
		if iri == "https://schema.org/name" {
			left++
			continue
		}
		if stated = append(stated, terms[0]+" "+terms[1]); !slices.Contains(predicates, iri) {
			predicates = append(predicates, iri)
		}
	}
	form, err := c.Form(in, predicates, func(subject []byte, i int) {
		shown = append(shown, string(subject)+" <"+predicates[i]+">")
	})
	slices.Sort(shown)
	slices.Sort(stated)
	if err != nil || !slices.Equal(shown, stated) || len(shown) == 0 || left == 0 {
		t.Fatalf("the form shows other statements than the canonical form has: %v\n%q\n%q", err, shown, stated)
	}
	return form
}

func TestFormOfARefusal(t *testing.T) {
	c := newCanonicalizer(t)
	in := canon.Input{Node: parse(t, `{"@context":"https://www.w3.org/ns/credentials/v2","salary":1}`)}
	if form, err := c.Form(in, []string{"https://schema.org/name"}, func([]byte, int) { t.Error("something was lent") }); form != nil || err == nil {
		t.Errorf("%v, %v", form, err)
	}
}

// A form saves the work for whoever would have let directions stand too: one
// made without has none. The other way round it is passed over.
func TestFormAndDirections(t *testing.T) {
	c := newCanonicalizer(t)
	in := canon.Input{Node: parse(t, string(readTestdata(t, "badge-4.5KB.json"))), Omit: []string{"proof"}}
	form, err := c.Form(in, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.Form, in.Directions, in.InlineContexts = form, true, true
	out := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(20, func() { _, err = c.Digest(out, in) }); n > 1 || err != nil {
		t.Errorf("%v allocations, %v: the work was done again", n, err)
	}
	directed := canon.Input{Node: parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:x:1","type":["VerifiableCredential"],"issuer":"urn:x:2","name":{"@value":"x","@direction":"rtl"}}`), Directions: true}
	if form, err = c.Form(directed, nil, nil); err != nil {
		t.Fatal(err)
	}
	directed.Form, directed.Directions = form, false
	if out, err := c.Digest(nil, directed); err == nil {
		t.Errorf("a direction was let stand: %x", out)
	}
}
