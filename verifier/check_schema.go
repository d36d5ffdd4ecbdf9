package verifier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	kinds "github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// schemaSet is the JSON Schemas of Open Badges, compiled.
type schemaSet struct {
	held map[schemaName]*jsonschema.Schema
}

type schemaName struct {
	class  string
	family schemas.Family
}

// judged are the classes of documents that a schema is asked for.
var judged = []string{badge.TypeAchievement, badge.TypeEndorsement}

// heldSchemas are compiled once for all verifiers: it takes longer than many
// verifications.
var heldSchemas = sync.OnceValues(compileSchemas)

// noLoader refuses every reference to a schema that is not held: the
// library's own loader reads files.
type noLoader struct{}

// Load implements jsonschema.URLLoader.
func (noLoader) Load(url string) (any, error) { return nil, fmt.Errorf("%s is not held", url) }

// compileSchemas leaves regular expressions to package regexp, which needs no
// more than linear time, and formats to their draft: in 2019-09 they are notes
// for the reader, and the dates that decide anything are checked by validity.
func compileSchemas() (*schemaSet, error) {
	set := &schemaSet{held: map[schemaName]*jsonschema.Schema{}}
	for _, class := range judged {
		for _, family := range []schemas.Family{schemas.Strict, schemas.Tolerant} {
			text, ok := schemas.Schema(class, family)
			if !ok {
				return nil, fmt.Errorf("no schema of %s is held", class)
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				return nil, fmt.Errorf("reading the schema of %s: %w", class, err)
			}
			c := jsonschema.NewCompiler()
			c.UseLoader(noLoader{})
			const name = "https://schema.invalid/"
			if err := c.AddResource(name, doc); err != nil {
				return nil, fmt.Errorf("reading the schema of %s: %w", class, err)
			}
			if set.held[schemaName{class, family}], err = c.Compile(name); err != nil {
				return nil, fmt.Errorf("compiling the schema of %s: %w", class, err)
			}
		}
	}
	return set, nil
}

// checkSchema holds a badge or an endorsement against its JSON Schema (OB 3.0
// section 9.1 step 3). The tolerant family decides: it takes what JSON-LD
// compaction makes of a badge, and wallets compact (TRAPS T-20).
func checkSchema(_ context.Context, s *subject) Finding {
	class, third := s.schemaClass()
	if class == "" {
		return Finding{Outcome: Skipped, Code: NoSchema, Detail: third}
	}
	if many(s.doc.Root()) > maxJudged {
		return unknown(NotRun, "", "The document has more than %d values.", maxJudged)
	}
	tree := schemaTree(s.doc.Root())
	if s.v.schemas.held[schemaName{class, schemas.Strict}].Validate(tree) == nil {
		return Finding{Outcome: Passed, Code: OK, Detail: third}
	}
	err := s.v.schemas.held[schemaName{class, schemas.Tolerant}].Validate(tree)
	if err == nil {
		return Finding{Outcome: Passed, Code: OK, Detail: strings.TrimSpace("Only the tolerant form of the schema is met. " + third)}
	}
	ptr, detail := firstViolation(s.doc.Root(), err)
	return failed(SchemaMismatch, ptr, "%s", detail)
}

// maxJudged bounds what the schemas are asked about, in values of any kind:
// the library tells every violation, which costs more than the values do.
const maxJudged = 20_000

// many counts the values in a value, itself included.
func many(v strictjson.Value) int {
	n := 1
	for _, m := range v.Members() {
		n += many(m)
	}
	for _, e := range v.Elements() {
		n += many(e)
	}
	return n
}

// schemaClass tells which class the document is judged as, "" for none, and
// remarks which schemas it names that are not looked at. A badge is always
// judged, whatever it names; a generic credential only by what it names.
func (s *subject) schemaClass() (class, remark string) {
	var third []string
	for _, v := range s.doc.Root().Get("credentialSchema").Each() {
		id := v.Get("id").Text()
		named, _, ok := schemas.SchemaByURL(id)
		if !ok || !badge.HasType(v.Get("type"), badge.SchemaTypeOB) {
			third = append(third, clip(id, 120))
			continue
		}
		if class == "" && (named == badge.TypeAchievement || named == badge.TypeEndorsement) {
			class = named
		}
	}
	if len(third) > 0 {
		remark = "Not looked at: " + clip(strings.Join(third, ", "), 400) + "."
	}
	switch {
	case s.opts.Generic:
	case s.kind == kindBadge:
		class = badge.TypeAchievement
	case s.kind == kindEndorsement:
		class = badge.TypeEndorsement
	}
	return class, remark
}

// schemaTree renders a credential for the schemas. They know one
// credentialStatus, the data model and we several (REQUIREMENTS A-106): of a
// list the first stands for all, whose form CheckEnvelope has seen to.
func schemaTree(root strictjson.Value) any {
	tree := plain(root)
	if m, ok := tree.(map[string]any); ok {
		if list, ok := m["credentialStatus"].([]any); ok && len(list) > 0 {
			m["credentialStatus"] = list[0]
		}
	}
	return tree
}

// plain renders a parsed value as the schema library wants it. It works with
// exact fractions, for which a number such as 1e999999999 would be a bomb:
// hence doubles.
func plain(v strictjson.Value) any {
	switch v.Kind() {
	case strictjson.Object:
		m := make(map[string]any, v.Len())
		for name, e := range v.Members() {
			m[name] = plain(e)
		}
		return m
	case strictjson.Array:
		a := make([]any, 0, v.Len())
		for _, e := range v.Elements() {
			a = append(a, plain(e))
		}
		return a
	case strictjson.String:
		return v.Text()
	case strictjson.Number:
		f, err := strconv.ParseFloat(v.Raw(), 64)
		if err != nil {
			return 0.0 // beyond range; terms refuses it, and the schemas have no bounds
		}
		return f
	case strictjson.True, strictjson.False:
		return v.Bool()
	}
	return nil
}

// firstViolation finds the violation that stands first in the document, and
// of several at one place the one that the library tells first.
func firstViolation(root strictjson.Value, err error) (ptr, detail string) {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return "", clip(err.Error(), 300)
	}
	first := earliest(root, leaves(top, nil), 0)
	// A printer of its own: printers are not for several goroutines.
	detail = first.ErrorKind.LocalizedString(message.NewPrinter(language.English))
	return strictjson.Pointer("", first.InstanceLocation...), clip(detail, 300)
}

// leaves are the violations that others follow from. Where a value met none of
// several choices, those of the choice that it got furthest with.
func leaves(e *jsonschema.ValidationError, into []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	causes := e.Causes
	switch e.ErrorKind.(type) {
	case *kinds.OneOf, *kinds.AnyOf:
		if len(causes) > 0 {
			causes = []*jsonschema.ValidationError{slices.MaxFunc(causes, func(a, b *jsonschema.ValidationError) int { return reach(a) - reach(b) })}
		}
	}
	if len(causes) == 0 {
		return append(into, e)
	}
	for _, c := range causes {
		into = leaves(c, into)
	}
	return into
}

// reach is how deep in the document a violation and those below it stand.
func reach(e *jsonschema.ValidationError) int {
	n := len(e.InstanceLocation)
	for _, c := range e.Causes {
		n = max(n, reach(c))
	}
	return n
}

// earliest descends from v, to which the first depth tokens of every location
// lead, along the first child that something is wrong with. A document may
// have as many violations as values, so each is looked at once for each level.
func earliest(v strictjson.Value, all []*jsonschema.ValidationError, depth int) *jsonschema.ValidationError {
	below := map[string][]*jsonschema.ValidationError{}
	for _, e := range all {
		if len(e.InstanceLocation) == depth {
			return e
		}
		token := e.InstanceLocation[depth]
		below[token] = append(below[token], e)
	}
	for name, m := range v.Members() {
		if es := below[name]; es != nil {
			return earliest(m, es, depth+1)
		}
	}
	for i, m := range v.Elements() {
		if es := below[strconv.Itoa(i)]; es != nil {
			return earliest(m, es, depth+1)
		}
	}
	return all[0]
}
