package api_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"laurel/api/wire"
	"laurel/internal/i18n"
)

// TestEveryFaultHasWords reads the codes of problems out of the sources, for no
// table has them all, and asks for a sentence about each; package i18n holds the
// languages complete.
func TestEveryFaultHasWords(t *testing.T) {
	catalog := must(i18n.New())(t)
	codes := codesInSources(t)
	slices.Sort(codes)
	codes = slices.Compact(codes)
	if len(codes) < 180 {
		t.Fatalf("only %d codes found", len(codes))
	}
	english := catalog.For(i18n.English)
	for _, code := range codes {
		if !english.Has("fault."+code) && !english.Has("console.fault."+code) { // some only the console gives
			t.Errorf("no sentence says what %s means", code)
		}
	}
}

var codeForm = regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)

// codesInSources finds the texts that are given as the rule of a fault: as the
// parameter of that name, as the member of a composite that has it, or as a
// constant.
func codesInSources(t *testing.T) (codes []string) {
	files := parsed(t, "../badge", "../issuer", "../programme", "../endorser", "../feed", "../api", "../schemas")
	at := ruleParameters(files)
	take := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && codeForm.MatchString(s) {
				codes = append(codes, s)
			}
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				if i, ok := at[name(x.Fun)]; ok && i < len(x.Args) {
					take(x.Args[i])
				}
			case *ast.ValueSpec:
				rule := strings.HasPrefix(x.Names[0].Name, "Rule") || f.Name.Name == "wire" && name(x.Type) == "Code"
				if rule && len(x.Values) == 1 {
					take(x.Values[0])
				}
			case *ast.CompositeLit:
				of := name(x.Type)
				for i, e := range x.Elts {
					kv, keyed := e.(*ast.KeyValueExpr)
					switch {
					case keyed && slices.Contains([]string{"Rule", "code"}, name(kv.Key)):
						take(kv.Value)
					case !keyed && (of == "Error" && i == 1 || (of == "StateError" || of == "Forbidden") && i == 0):
						take(e)
					}
				}
			}
			return true
		})
	}
	return codes
}

func parsed(t *testing.T, dirs ...string) (files []*ast.File) {
	set := token.NewFileSet()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			files = append(files, f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// ruleParameters has the functions with a parameter called rule, by its place.
func ruleParameters(files []*ast.File) map[string]int {
	at := map[string]int{}
	for _, f := range files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			place := 0
			for _, field := range fn.Type.Params.List {
				for _, param := range field.Names {
					if param.Name == "rule" {
						at[fn.Name.Name] = place
					}
					place++
				}
			}
		}
	}
	return at
}

func name(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// TestProblemsInTheReadersLanguage: words are translated, codes and pointers
// are not, and the exact English stays beside.
func TestProblemsInTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	catalog := must(i18n.New())(t)
	ask := func(accept string) (wire.Problem, http.Header) {
		t.Helper()
		a := w.do(request{method: http.MethodPut, path: "/v1/achievements/languages", token: w.all, body: `{"name": ""}`,
			header: map[string]string{"Content-Type": "application/json", "Accept-Language": accept}})
		var p wire.Problem
		if err := json.Unmarshal(a.body, &p); err != nil {
			t.Fatalf("%s: %v", a.body, err)
		}
		return p, a.header
	}
	english, h := ask("")
	if h.Get("Content-Language") != "en" || english.English != "" || len(english.Errors) == 0 {
		t.Fatalf("English: %q, %+v", h.Get("Content-Language"), english)
	}
	for accept, lang := range map[string]string{"fr-CA, en;q=0.4": "fr", "ar": "ar", "es-419": "es", "ru": "ru", "zh-Hant": "zh", "pt-BR, xx": "en", "en-GB": "en"} {
		got, h := ask(accept)
		if h.Get("Content-Language") != lang || !strings.Contains(h.Get("Vary"), "Accept-Language") {
			t.Errorf("%s: Content-Language %q, Vary %q", accept, h.Get("Content-Language"), h.Get("Vary"))
		}
		if got.Code != english.Code || got.Status != english.Status || got.Type != english.Type || len(got.Errors) != len(english.Errors) {
			t.Fatalf("%s: %+v is another problem than %+v", accept, got, english)
		}
		p := catalog.For(i18n.Lang(lang))
		for n, e := range got.Errors {
			want := english.Errors[n]
			if lang != "en" {
				want.Message, want.English = p.Text("fault."+want.Code, nil), want.Message
			}
			if e != want {
				t.Errorf("%s: %+v, want %+v", accept, e, want)
			}
		}
		if lang == "en" {
			if got.Title != english.Title || got.Detail != english.Detail || got.English != "" {
				t.Errorf("%s: %+v", accept, got)
			}
		} else if got.Title != p.Text("status."+strconv.Itoa(got.Status), nil) || got.Detail != p.Text("fault."+got.Code, nil) || got.English != english.Detail {
			t.Errorf("%s: %+v", accept, got)
		}
	}
}
