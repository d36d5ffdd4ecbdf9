package verifier_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"laurel/verifier"
)

// constants reads the values of every constant of a type from report.go, so
// that none can be added without a place in Codes.
func constants(t *testing.T, typ string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "report.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typ {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, value)
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("report.go declares no %s", typ)
	}
	return out
}

func TestCodesAreComplete(t *testing.T) {
	codes := verifier.Codes()
	for _, c := range constants(t, "Check") {
		if len(codes[verifier.Check(c)]) == 0 {
			t.Errorf("check %q has no codes", c)
		}
	}
	given := map[verifier.Code]bool{}
	for check, list := range codes {
		for i, c := range list {
			given[c] = true
			if slices.Contains(list[:i], c) {
				t.Errorf("%s gives %q twice", check, c)
			}
		}
	}
	for _, c := range constants(t, "Code") {
		if !given[verifier.Code(c)] {
			t.Errorf("no check gives %q", c)
		}
	}
}
