package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"laurel/feed"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/programme/rules"
	"laurel/programme/statistics"
)

// TestEveryCodeHasWords: what pages put together from codes of the domain has a
// message for each of them.
func TestEveryCodeHasWords(t *testing.T) {
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	english := catalog.For(i18n.English)
	text := func(list ...string) []string { return list }
	kinds := map[string][]string{
		"outcome":  constants(t, "../../programme/decide.go", "Outcome"),
		"state":    text(string(issuer.Active), string(issuer.Suspended), string(issuer.Revoked), "erased"),
		"question": constants(t, "../../programme/review.go", "Question"),
		"decision": constants(t, "../../programme/review.go", "Decision"),
		"kind":     text(string(rules.Course), string(rules.Workshop), string(rules.Event)),
		"gate":     text(string(rules.Immediate), string(rules.OnDate), string(rules.Manual)),
		"hook":     text(string(feed.ByHand), string(feed.Gone)),
		"delivery": text(string(feed.Pending), string(feed.Delivered), string(feed.Failed)),
		"count":    text(statistics.NotStated, statistics.NoRegion, statistics.Other),
		"signin":   text("ended", "revoked", "expired", "out", "wrong", "malformed", "many", "open"),
		"reason":   listed(t, "../../issuer/life.go", "reasons"),
		"fault":    codes(t, "../../programme/roster/row.go"),
	}
	share, day, word := &facts.Share{}, &time.Time{}, facts.Set{"x": {}}
	everything := facts.Facts{Visits: share, Points: share, Sessions: word, Attended: &facts.Count{}, Submissions: map[string]facts.Set{"x": word},
		Rubrics: map[string]facts.Set{"x": word}, Roles: word, Passed: day, Approved: word, Waived: word, Hours: &facts.Amount{}}
	for _, known := range everything.List() {
		kinds["fact"] = append(kinds["fact"], known.Kind)
	}
	if fields := reflect.TypeFor[facts.Facts]().NumField(); len(kinds["fact"]) != fields-1 { // parts have visits and points
		t.Errorf("%d kinds of facts of %d: %v", len(kinds["fact"]), fields, kinds["fact"])
	}
	for _, c := range changes {
		for _, part := range []string{"title", "lead", "link", "submit", "done"} {
			kinds["change"] = append(kinds["change"], c.name+"."+part)
		}
		kinds["reason"] = append(kinds["reason"], c.reasons...)
	}
	checked := 0
	for kind, list := range kinds {
		if len(list) < 2 {
			t.Errorf("only %v of %s", list, kind)
		}
		for _, code := range list {
			if id := "console." + kind + "." + code; code != "" && !english.Has(id) {
				t.Errorf("there are no words for %s", id)
			}
			checked++
		}
	}
	if checked < 90 {
		t.Errorf("only %d codes", checked)
	}
}

// source parses a file of the domain.
func source(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// constants are the values of the constants of a type.
func constants(t *testing.T, path, kind string) (out []string) {
	t.Helper()
	ast.Inspect(source(t, path), func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok {
			if id, ok := s.Type.(*ast.Ident); ok && id.Name == kind {
				out = append(out, literals(s.Values)...)
			}
		}
		return true
	})
	return out
}

// listed are the texts of a list.
func listed(t *testing.T, path, name string) (out []string) {
	t.Helper()
	ast.Inspect(source(t, path), func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok && s.Names[0].Name == name {
			if list, ok := s.Values[0].(*ast.CompositeLit); ok {
				out = literals(list.Elts)
			}
		}
		return true
	})
	return out
}

func literals(list []ast.Expr) (out []string) {
	for _, e := range list {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				out = append(out, s)
			}
		}
	}
	return out
}

// codes are those that rows of lists are refused with.
func codes(t *testing.T, path string) (out []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`\.fail\("([a-z_]+)"`).FindAllSubmatch(raw, -1) {
		if code := string(m[1]); !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

// A code that a page does not know is shown as it is, never as a name of a
// message.
func TestUnknownCodes(t *testing.T) {
	catalog, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range catalog.Languages() {
		v := &visit{Handler: &Handler{}, p: catalog.For(lang)}
		if got := v.word("action", "something.new"); got != "something.new" {
			t.Errorf("%s: %q", lang, got)
		}
		if s := v.sentence("something_new", "In English."); s.Text != "In English." || (s.Lang == "en") == (lang == i18n.English) {
			t.Errorf("%s: %+v", lang, s)
		}
		if s := v.sentence("name_suspicious", "In English."); lang != i18n.English && (s.Lang != "" || strings.Contains(s.Text, "English")) {
			t.Errorf("%s: %+v", lang, s)
		}
	}
}

func TestTo(t *testing.T) {
	if got := to(badgePath+"/revoke", "AbC"); got != "/console/badges/AbC/revoke" {
		t.Error(got)
	}
	v := &visit{p: must(t).For("ar")}
	if got := v.local("/console/activities/a b/ü", "edition", "2025 1", "empty", ""); got != "/console/activities/a%20b/%C3%BC?edition=2025+1&lang=ar" {
		t.Error(got)
	}
}

func must(t *testing.T) *i18n.Catalog {
	t.Helper()
	c, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Charts stay within their frame, in both directions of reading.
func TestCharts(t *testing.T) {
	if drawn("", nil, nil, false) != nil {
		t.Error("nothing is drawn of nothing")
	}
	for _, counts := range [][]int{{0}, {1}, {0, 0}, {5, 0, 10}, make([]int, 240)} {
		names := make([]string, len(counts))
		for _, rtl := range []bool{false, true} {
			c := drawn("x", names, counts, rtl)
			if len(c.Columns) != len(counts) {
				t.Fatalf("%d columns of %d", len(c.Columns), len(counts))
			}
			for n, col := range c.Columns {
				if col.X < 0 || col.X+col.Width > chartWidth+0.2 || col.Y < 0 || col.Y+col.Height > chartHeight+0.2 || col.Height < 0 || col.Width <= 0 {
					t.Errorf("%v, column %d: %+v", counts, n, col)
				}
			}
			if first, last := c.Columns[0].X, c.Columns[len(counts)-1].X; len(counts) > 1 && (first < last) == rtl {
				t.Errorf("%v, right to left %t: from %v to %v", counts, rtl, first, last)
			}
		}
	}
}
