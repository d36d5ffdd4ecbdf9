//go:build !race

// One goroutine: the race detector has nothing to see here, and reckons at a fraction of the pace.

package canon_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/badge/canon"
	"laurel/internal/processortest"
	"laurel/internal/strictjson"
)

// TestScopedContextsAreBounded: a context that is scoped to a type or property
// is read anew for each object under it, which nobody can stop once it has
// begun. What that may cost is counted before.
func TestScopedContextsAreBounded(t *testing.T) {
	const v2, ob = `"https://www.w3.org/ns/credentials/v2"`, `"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`
	terms := func(n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"t%d":"urn:t%d"`, i, i))
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	many := func(object string, n int) string { return strings.TrimSuffix(strings.Repeat(object+",", n), ",") }
	byType := func(context string, objects int) string {
		return `{"@context":[` + v2 + `,{"A":{"@id":"urn:A","@context":` + context + `},"p":"urn:p"}],"id":"urn:x:1","p":[` + many(`{"type":"A","t1":"x"}`, objects) + `]}`
	}
	byProperty := func(context, member string, objects int) string {
		return `{"@context":[` + v2 + `,{"p":{"@id":"urn:p","@context":` + context + `}}],"id":"urn:x:1","p":[` + many(`{"`+member+`":"x"}`, objects) + `]}`
	}
	c := newCanonicalizer(t)
	for name, r := range map[string]struct {
		document string
		taken    bool
	}{
		"a few of a type":          {byType(terms(20), 20), true},
		"a few of a property":      {byProperty(terms(20), "t1", 20), true},
		"as many as may be":        {byType(terms(190), 100), true},
		"many of a type":           {byType(terms(20_000), 60), false},
		"many of a property":       {byProperty(terms(20_000), "t1", 60), false},
		"a few of a context held":  {byProperty(ob, "name", 3), true},
		"many of a context held":   {byProperty(ob, "name", 600), false},
		"many contexts, scoped":    {byProperty("["+many(`"https://w3id.org/security/multikey/v1"`, 10_000)+"]", "id", 2), false},
		"many contexts within":     {byType(`{"B":{"@id":"urn:B","@context":`+terms(10_000)+`}}`, 40), false},
		"ordinary objects, inline": {`{"@context":[` + v2 + `,` + ob + `,{"p":"urn:p"}],"id":"urn:x:1","p":[` + many(`{"type":"Achievement","name":"x"}`, 1000) + `]}`, true},
	} {
		v, err := strictjson.Parse([]byte(r.document), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		start := processortest.Time()
		_, err = c.Canonicalize(canon.Input{Node: v, InlineContexts: true})
		took := processortest.Time() - start
		t.Logf("%s: %v", name, took)
		var e *canon.Error
		if over := errors.As(err, &e) && e.Kind == canon.OverBudget; r.taken != (err == nil) || !r.taken && !over {
			t.Errorf("%s: %v", name, err)
		}
		if limit := 5 * time.Second; took > limit {
			t.Errorf("%s took %v", name, took)
		}
	}
}
