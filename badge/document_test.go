package badge_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"laurel/badge"
)

// TestWithProof: what is not parsed at once is the same as what is, and what
// is no proof, or stands in a document too large, is refused at once.
func TestWithProof(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{"b":[1]}}`:                  `{"a":{"b":[1]},"proof":PROOF}`,
		" { \"a\" : 1\n }\n":               "{ \"a\" : 1,\"proof\":PROOF}",
		`{}`:                               `{"proof":PROOF}`,
		`{"type":["OpenBadgeCredential"]}`: `{"type":["OpenBadgeCredential"],"proof":[PROOF]}`,
	} {
		for _, proof := range []string{`{"type":"X","proofValue":"z1"}`, `{"type":["X"]}`} {
			d, err := badge.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			signed, err := d.WithProof([]byte(proof))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			again, err := badge.Parse(signed.Raw())
			if err != nil || string(signed.Raw()) != strings.Replace(want, "PROOF", proof, 1) {
				t.Fatalf("%s, %v", signed.Raw(), err)
			}
			if signed.Root().Raw() != again.Root().Raw() || len(signed.Proofs()) != 1 || signed.Proofs()[0].Object.Raw() != proof {
				t.Errorf("%s is read as %s", signed.Raw(), signed.Root().Raw())
			}
			if _, err := signed.WithProof([]byte(proof)); err == nil {
				t.Error("a second proof was appended")
			}
		}
		d, _ := badge.Parse([]byte(text))
		for _, proof := range []string{``, `{`, `{"a":1}}`, `{"a":1},{"a":1}`, `[]`, `"x"`, `{"a":1,"a":2}`, `{"a":"` + strings.Repeat("x", badge.MaxBytes) + `"}`} {
			if signed, err := d.WithProof([]byte(proof)); err == nil {
				t.Errorf("%.40s became %.80s", proof, signed.Raw())
			}
		}
	}
}

// TestWithProofOf: a proof that was written here reads as the texts it was
// written of, whatever they are, and only a document without one takes it.
func TestWithProofOf(t *testing.T) {
	members := []badge.Text{{Name: "type", Value: "X"}, {Name: "a\"b", Value: "\\\"},\"c\":{"}, {Name: "e", Value: ""}, {Name: "proofValue", Value: "z\u00e9\n\x00"}}
	for _, text := range []string{`{"a":1}`, `{}`, `{"type":["OpenBadgeCredential"],"b":"` + strings.Repeat("x", 60_000) + `"}`} {
		d, err := badge.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := d.WithProofOf(members...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := badge.Parse(signed.Raw())
		if err != nil || len(again.Proofs()) != 1 || signed.Root().Raw() != again.Root().Raw() {
			t.Fatalf("%.80s, %v", signed.Raw(), err)
		}
		n := 0
		for name, v := range again.Proofs()[0].Object.Members() {
			if n >= len(members) || name != members[n].Name || v.Text() != members[n].Value {
				t.Errorf("member %d is %q: %q", n, name, v.Text())
			}
			n++
		}
		if n != len(members) {
			t.Errorf("%d members, not %d", n, len(members))
		}
		if _, err := signed.WithProofOf(members...); err == nil {
			t.Error("a second proof was appended")
		}
	}
}

func TestIssuerIDIsThatOfTheView(t *testing.T) {
	for _, issuer := range []string{`"did:key:z"`, `{"id":"did:key:z"}`, `{"id":7}`, `{"id":["x"]}`, `{"name":"x"}`, `7`, `null`, `["did:key:z"]`, `[{"id":"did:key:z"}]`} {
		d, err := badge.Parse([]byte(`{"issuer":` + issuer + `}`))
		if err != nil {
			t.Fatal(err)
		}
		viewed := ""
		if p := d.View().Issuer; p != nil {
			viewed = p.ID
		}
		if d.IssuerID() != viewed {
			t.Errorf("%s: %q, and in the view %q", issuer, d.IssuerID(), viewed)
		}
	}
}

// TestTooMany: the bound on values is the same whether it is found before or
// while a text is parsed, and commas within texts are no values.
func TestTooMany(t *testing.T) {
	list := func(item string, n int) string {
		return `{"a":[` + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + `]}`
	}
	for name, c := range map[string]struct {
		text    string
		tooMany bool
	}{
		"as many as may be":          {list(`1`, badge.MaxValues-3), false},
		"one more":                   {list(`1`, badge.MaxValues-2), true},
		"empty objects, as many":     {list(`{}`, badge.MaxValues-3), false},
		"empty objects, one more":    {list(`{}`, badge.MaxValues-2), true},
		"members, as many":           {list(`{"b":1}`, (badge.MaxValues-3)/3), false},
		"members, one more":          {list(`{"b":1}`, (badge.MaxValues-3)/3+1), true},
		"nested, found by parsing":   {list(`[[1]]`, (badge.MaxValues-3)/3+1), true},
		"a text of commas":           {list(`"`+strings.Repeat(",:", 1000)+`"`, 400), false},
		"with quotation marks in it": {list(`"`+strings.Repeat(`\",:`, 500)+`\\"`, 400), false},
	} {
		_, err := badge.Parse([]byte(c.text))
		var e *badge.Error
		if tooMany := errors.As(err, &e) && e.Rule == badge.RuleTooMany; tooMany != c.tooMany || (err != nil) != c.tooMany {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRaw: a document has its bytes as they came, and for itself.
func TestRaw(t *testing.T) {
	for _, text := range []string{" {\"a\" : 1}\n", "eyJhIjoxfQ.eyJhIjoxfQ.AA"} {
		in := []byte(text)
		d, err := badge.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		clear(in)
		if got := string(d.Raw()); got != text || !bytes.Equal(d.Raw(), []byte(text)) || d.Root().Get("a").Raw() != "1" {
			t.Errorf("%q is %q", text, got)
		}
	}
}
