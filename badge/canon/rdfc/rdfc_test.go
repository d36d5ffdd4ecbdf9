package rdfc_test

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge/canon/rdfc"
	"laurel/internal/processortest"
)

func canonical(t testing.TB, nquads string) (string, error) {
	t.Helper()
	d, err := rdfc.Parse(nquads)
	if err != nil {
		t.Fatalf("%v in %s", err, nquads)
	}
	out, err := d.Canonicalize([]byte(">"), 0)
	return strings.TrimPrefix(string(out), ">"), err
}

func TestParse(t *testing.T) {
	for nquads, want := range map[string]string{
		"": "", "\n# nothing\r\n  \t\n": "",
		"<urn:a><urn:b>\t\"c\".":                                                               "<urn:a> <urn:b> \"c\" .\n",
		"<urn:a> <urn:b> \"c\"@EN-us <urn:g> . # x\n":                                          "<urn:a> <urn:b> \"c\"@EN-us <urn:g> .\n",
		"_:a.b <urn:b> _:0 _:é .\r\r\n":                                                        "_:c14n1 <urn:b> _:c14n0 _:c14n2 .\n",
		"<urn:a> <urn:b> \"\\u0041\\U0001F600\\t\\b\\n\\r\\f\\\"\\'\\\\\u007f\" .":             "<urn:a> <urn:b> \"A\U0001f600\\t\\b\\n\\r\\f\\\"'\\\\\\u007F\" .\n",
		"<urn:\\u0061> <urn:b> \"1\"^^<urn:t> .":                                               "<urn:a> <urn:b> \"1\"^^<urn:t> .\n",
		"<urn:a> <urn:b> \"x\"^^<http://www.w3.org/2001/XMLSchema#string> .":                   "<urn:a> <urn:b> \"x\" .\n",
		"<urn:a> <urn:b> \"\\uFFFF\\uFFFE\\uFFFD\\uEFFF\" .":                                   "<urn:a> <urn:b> \"\\uFFFF\\uFFFE\ufffd\uefff\" .\n",
		"<urn:a> <urn:b> \"1\" .\n<urn:a> <urn:b> \"1\" .":                                     "<urn:a> <urn:b> \"1\" .\n",
		"<urn:a> <urn:b> \"\U00010000\" .\n<urn:a> <urn:b> \"\uffe6\" .":                       "<urn:a> <urn:b> \"\uffe6\" .\n<urn:a> <urn:b> \"\U00010000\" .\n",
		"<urn:a> <urn:b> \"a\"@en .\n<urn:a> <urn:b> \"a\" .\n<urn:a> <urn:b> \"a\" <urn:g> .": "<urn:a> <urn:b> \"a\" .\n<urn:a> <urn:b> \"a\" <urn:g> .\n<urn:a> <urn:b> \"a\"@en .\n",
	} {
		if got, err := canonical(t, nquads); err != nil || got != want {
			t.Errorf("%q: %v\ngot  %q\nwant %q", nquads, err, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for nquads, want := range map[string]struct{ line, column int }{
		"<urn:a> <urn:b> <urn:c>":                   {1, 24},
		"<urn:a> <urn:b> <urn:c> . <urn:a>":         {1, 27},
		"\n<a> <urn:b> <urn:c> .":                   {2, 1},
		"<urn:a b> <urn:b> <urn:c> .":               {1, 7},
		"<urn:a\\u0020> <urn:b> <urn:c> .":          {1, 1},
		"<urn:a> _:b <urn:c> .":                     {1, 9},
		"<urn:a> \"b\" <urn:c> .":                   {1, 9},
		"\"a\" <urn:b> <urn:c> .":                   {1, 1},
		"<urn:a> <urn:b> \"c .":                     {1, 21},
		"<urn:a> <urn:b> \"c\n\" .":                 {1, 19},
		"<urn:a> <urn:b> \"\\x\" .":                 {1, 19},
		"<urn:a> <urn:b> \"\\uD800\" .":             {1, 24},
		"<urn:a> <urn:b> \"\\u12\" .":               {1, 22},
		"<urn:a> <urn:b> \"\\U00110000\" .":         {1, 27},
		"<urn:a> <urn:b> \"c\"@ .":                  {1, 21},
		"<urn:a> <urn:b> \"c\"@1 .":                 {1, 21},
		"<urn:a> <urn:b> \"c\"^^urn:t .":            {1, 20},
		"<urn:a> <urn:b> \"c\"^^<t> .":              {1, 22},
		"<urn:a> <urn:b> _: .":                      {1, 19},
		"<urn:a> <urn:b> \"c\" \"g\" .":             {1, 21},
		"<urn:a> <urn:b> <urn:c> <urn:g> <urn:h> .": {1, 33},
		"<urn:a> <urn:b> <urn:\xff> .":              {1, 22},
		"# \xff":                                    {1, 3},
		"<urn:a":                                    {1, 7},
	} {
		_, err := rdfc.Parse(nquads)
		var e *rdfc.SyntaxError
		if !errors.As(err, &e) || e.Line != want.line || e.Column != want.column || e.Detail == "" {
			t.Errorf("%q: got %v, want line %d, column %d", nquads, err, want.line, want.column)
		}
	}
}

func TestWellFormed(t *testing.T) {
	for iri, want := range map[string]bool{
		"urn:a": true, "a:": true, "https://x.example/?a[]=b#c%zz": true, "x+y.z-1:w": true, "urn:é": true, "urn:\U00010000": true, "urn:\u00a0": true,
		"": false, "a": false, ":a": false, "1a:b": false, "a/b:c": false, "urn:a b": false, "urn:<": false, "urn:\"": false, "urn:{}": false,
		"urn:|": false, "urn:^": false, "urn:`": false, "urn:\\": false, "urn:\x00": false, "urn:\x7f": false, "urn:\u0080": false, "urn:\ufffd": false,
		"urn:\uffff": false, "urn:\ufdd0": false, "urn:\U0001ffff": false, "_:a": false, "é:a": false,
	} {
		if got := rdfc.WellFormed(iri); got != want {
			t.Errorf("%q: %v", iri, got)
		}
	}
	for tag, want := range map[string]bool{"en": true, "de-CH-1996": true, "x-y": true, "": false, "e n": false, "en-": false, "-en": false, "1a": false, "abcdefghi": false, "en_US": false} {
		if got := rdfc.WellFormedLanguage(tag); got != want {
			t.Errorf("%q: %v", tag, got)
		}
	}
}

// ring is a circle of n blank nodes; tail makes one of them special.
func ring(n int, tail bool) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "_:n%d <urn:next> _:n%d .\n", i, (i+1)%n)
	}
	if tail {
		b.WriteString("_:n3 <urn:name> \"x\" .\n")
	}
	return b.String()
}

// TestRename gives blank nodes other names and the quads another order: the
// canonical form stays.
func TestRename(t *testing.T) {
	for _, nquads := range []string{ring(2, false), ring(7, false), ring(7, true), ring(4, false) + "_:n0 <urn:p> _:n2 .\n",
		"_:a <urn:p> _:a .\n_:b <urn:p> _:b .\n_:a <urn:q> _:b _:a .\n"} {
		want, err := canonical(t, nquads)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(nquads, "\n")
		for i := range lines {
			lines[i], lines[len(lines)-1-i] = lines[len(lines)-1-i], lines[i]
		}
		renamed := strings.NewReplacer("_:n", "_:x9", "_:a", "_:zz").Replace(strings.Join(lines, ""))
		if got, err := canonical(t, renamed); err != nil || got != want {
			t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, want)
		}
	}
}

// TestBudget has nodes that merely look alike done, and tangles refused.
func TestBudget(t *testing.T) {
	var alike, clique strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&alike, "_:s <urn:result> _:r%d .\n_:r%d <urn:value> \"1\" .\n", i, i)
	}
	for i := range 9 {
		for j := range 9 {
			if i != j {
				fmt.Fprintf(&clique, "_:n%d <urn:p> _:n%d .\n", i, j)
			}
		}
	}
	begin := processortest.Time()
	if _, err := canonical(t, alike.String()); err != nil {
		t.Errorf("3000 nodes that look alike: %v", err)
	}
	if _, err := canonical(t, clique.String()); !errors.Is(err, rdfc.ErrBudget) {
		t.Errorf("clique: %v", err)
	}
	if _, err := canonical(t, ring(2000, false)); !errors.Is(err, rdfc.ErrBudget) {
		t.Errorf("ring: %v", err)
	}
	if took := processortest.Time() - begin; took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestReset uses one dataset for many, large and small, and for both hashes.
func TestReset(t *testing.T) {
	d := &rdfc.Dataset{}
	for round := range 20 {
		d.Reset()
		p := d.IRI("urn:p")
		n := 1 + 700*(round%3)
		for i := range n {
			d.Add(rdfc.Quad{Subject: d.Named(fmt.Sprint("b", i)), Predicate: p, Object: d.Literal(fmt.Sprint(i), "urn:t")})
			d.Add(rdfc.Quad{Subject: d.Named(fmt.Sprint("b", i)), Predicate: p, Object: d.Literal(fmt.Sprint(i), "urn:t")})
		}
		if d.Len() != n {
			t.Fatalf("%d quads, want %d", d.Len(), n)
		}
		hash := []crypto.Hash{0, crypto.SHA384}[round%2]
		out, err := d.Canonicalize(nil, hash)
		if got := strings.Count(string(out), "\n"); err != nil || got != n {
			t.Fatalf("%d lines, want %d: %v", got, n, err)
		}
		if l := d.Label(d.Named("b0")); !strings.HasPrefix(l, "c14n") || d.Label(p) != "" || d.Label(d.Blank()) != "" {
			t.Errorf("label %q", l)
		}
	}
	if out, err := d.Canonicalize([]byte("x"), crypto.SHA1); err == nil || string(out) != "x" {
		t.Errorf("SHA-1: %q, %v", out, err)
	}
}

// FuzzParse: what parses has a canonical form that parses to itself, or is over
// budget, soon.
func FuzzParse(f *testing.F) {
	seeds := []string{ring(4, true), ring(5, false), "<urn:a> <urn:b> \"\\u0000\\uFFFF\"@en-us _:g .\n", "_:a <urn:p> _:a _:a .", "# x\n<urn:a><urn:b>\"1\"^^<urn:t>."}
	for _, s := range seeds {
		if _, err := rdfc.Parse(s); err != nil {
			f.Fatalf("seed %q: %v", s, err)
		}
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := rdfc.Parse(s)
		if err != nil {
			return
		}
		text, err := d.Canonicalize(nil, 0)
		if errors.Is(err, rdfc.ErrBudget) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if again, err := canonical(t, string(text)); err != nil || again != string(text) {
			t.Fatalf("%v\ngot  %q\nwant %q", err, again, text)
		}
	})
}

// TestStatements asks several documents, one after the other in the same dataset,
// for statements of predicates that they have and of others, and of other
// predicates in between: what is kept for the next must be right for it.
func TestStatements(t *testing.T) {
	var d rdfc.Dataset
	some, others := []string{"urn:p", "urn:nowhere", "urn:q"}, []string{"urn:q"}
	for i := range 6 {
		d.Reset()
		if i == 4 {
			d.Forget()
		}
		blank, iri, p, q := d.Blank(), d.IRI(fmt.Sprintf("urn:s%d", i)), d.IRI("urn:p"), d.IRI("urn:q")
		d.Add(rdfc.Quad{Subject: iri, Predicate: p, Object: blank})
		d.Add(rdfc.Quad{Subject: blank, Predicate: q, Object: iri})
		d.Add(rdfc.Quad{Subject: iri, Predicate: d.IRI("urn:r"), Object: p})
		if _, err := d.Canonicalize(nil, 0); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			predicates []string
			want       []string
		}{{some, []string{fmt.Sprintf("<urn:s%d> 0", i), "_:c14n0 2"}}, {others, []string{"_:c14n0 0"}}, {some[1:2], nil}} {
			var got []string
			d.Statements(c.predicates, func(subject []byte, predicate int) {
				got = append(got, fmt.Sprintf("%s %d", subject, predicate))
			})
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("document %d, %q: %q, want %q", i, c.predicates, got, c.want)
			}
		}
	}
}
