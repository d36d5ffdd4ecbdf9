// Package jsonschema holds a document against a JSON Schema that a stranger
// wrote, of any draft from 4 to 2020-12.
//
// A stranger's schema is a program: a few lines of references can ask for more
// work than there is time in the world. So it is bounded in size, in the work
// that it may cause and in its regular expressions, and it loads nothing: a
// reference leads within the schema, or to one that the caller holds. Formats
// are notes, as draft 2019-09 has it, and are not asserted.
//
// It does not fetch, and does not know what a credential is. Start at Check.
package jsonschema

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"laurel/internal/strictjson"
)

const (
	maxBytes   = 256 << 10 // of a schema
	maxDepth   = 64
	maxNodes   = 4_000   // objects in a schema
	maxWork    = 200_000 // steps: a keyword, a member or a value that is looked at
	maxPattern = 1_000   // bytes of a regular expression
	maxProgram = 2_000   // instructions of one
)

var (
	// ErrUnsupported: this is no schema that is understood here, or one that
	// needs another that is not held.
	ErrUnsupported = errors.New("jsonschema: unsupported schema")
	// ErrOverBudget: to tell would take more work than is spent here.
	ErrOverBudget = errors.New("jsonschema: over budget")
)

// Mismatch tells that a document does not follow a schema, and the first place
// where it does not.
type Mismatch struct {
	Pointer string // RFC 6901, into the document
	Keyword string // of the schema, that is not met
}

// Error is one line without a word of the document.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("jsonschema: %q does not meet the keyword %s", m.Pointer, m.Keyword)
}

// Check holds a document against the schema found at url; the members named in
// without are not part of the document. The error is a *Mismatch,
// ErrUnsupported or ErrOverBudget.
func Check(document strictjson.Value, without []string, schema []byte, url string, held func(url string) ([]byte, bool)) (err error) {
	w := &work{left: maxWork, held: held}
	defer func() {
		if r := recover(); r != nil {
			if r != errStop { //nolint:errorlint // the very value that was thrown
				panic(r)
			}
			err = ErrOverBudget
		}
	}()
	compiled, err := w.compile(schema, url)
	if err != nil {
		return err
	}
	value := plain(document)
	if members, ok := value.(map[string]any); ok {
		for _, name := range without {
			delete(members, name)
		}
	}
	var fault *jsonschema.ValidationError
	switch err := compiled.Validate(value); {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return mismatch(fault)
	default:
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
}

// mismatch descends to the first cause.
func mismatch(fault *jsonschema.ValidationError) *Mismatch {
	for len(fault.Causes) > 0 {
		fault = fault.Causes[0]
	}
	return &Mismatch{Pointer: strictjson.Pointer("", fault.InstanceLocation...), Keyword: strings.Join(fault.ErrorKind.KeywordPath(), "/")}
}

// work is what one check has left to spend.
type work struct {
	left int
	held func(url string) ([]byte, bool)
}

// errStop is thrown where the budget ends: the library has no other way out.
var errStop = errors.New("jsonschema: stop")

func (w *work) spend(steps int) {
	if w.left -= steps; w.left < 0 {
		panic(errStop)
	}
}

// vocabulary names the one through which every step of the library is counted.
const vocabulary = "urn:laurel:budget"

func (w *work) compile(schema []byte, url string) (*jsonschema.Schema, error) {
	doc, err := w.read(schema)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(loader{w})
	c.UseRegexpEngine(w.regexp)
	c.RegisterVocabulary(&jsonschema.Vocabulary{URL: vocabulary, Compile: w.count})
	c.AssertVocabs()
	url, _, _ = strings.Cut(url, "#")
	if err := c.AddResource(url, doc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	compiled, err := c.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return compiled, nil
}

func (w *work) read(text []byte) (any, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%w: %d bytes", ErrUnsupported, len(text))
	}
	v, err := strictjson.Parse(text, strictjson.Limits{Bytes: maxBytes, Depth: maxDepth})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if n := objects(v); n > maxNodes {
		return nil, fmt.Errorf("%w: %d objects", ErrUnsupported, n)
	}
	return plain(v), nil
}

func objects(v strictjson.Value) int {
	n := 0
	if v.Kind() == strictjson.Object {
		n = 1
	}
	for _, m := range v.Members() {
		n += objects(m)
	}
	for _, e := range v.Elements() {
		n += objects(e)
	}
	return n
}

// loader finds what a reference names among the schemas that are held.
type loader struct{ w *work }

func (l loader) Load(url string) (any, error) {
	if l.w.held != nil {
		if text, ok := l.w.held(url); ok {
			return l.w.read(text)
		}
	}
	return nil, fmt.Errorf("%w: it refers to another", ErrUnsupported)
}

// step counts one look at a value through one object of a schema. Where the
// library branches, it comes here once for each branch that it took, so that
// no tree of references costs more than it may.
type step struct {
	w      *work
	weight int
}

// count weighs an object of a schema by what it may make the library look at.
func (w *work) count(_ *jsonschema.CompilerContext, obj map[string]any) (jsonschema.SchemaExt, error) {
	weight := 1 + len(obj)
	for _, v := range obj {
		weight += size(v)
	}
	return step{w, weight}, nil
}

func (s step) Validate(_ *jsonschema.ValidatorContext, v any) { s.w.spend(s.weight + size(v)) }

func size(v any) int {
	switch v := v.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// pattern is a regular expression without backtracking, whose cost is its
// length times that of the text.
type pattern struct {
	*regexp.Regexp
	w    *work
	cost int
}

func (p pattern) MatchString(s string) bool {
	p.w.spend(1 + p.cost*len(s)/64)
	return p.Regexp.MatchString(s)
}

func (w *work) regexp(text string) (jsonschema.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("%w: a pattern of %d bytes", ErrUnsupported, len(text))
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("%w: a pattern: %w", ErrUnsupported, err)
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return nil, fmt.Errorf("%w: a pattern is too large", ErrUnsupported)
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%w: a pattern: %w", ErrUnsupported, err)
	}
	return pattern{compiled, w, len(program.Inst)}, nil
}

// plain has doubles for numbers: the library calculates with exact fractions, for
// which 1e999999999 would be a bomb.
func plain(v strictjson.Value) any {
	return strictjson.Plain(v, func(raw string) any {
		f, _ := strconv.ParseFloat(raw, 64) // beyond all bounds is the largest there is
		return max(min(f, 1e300), -1e300)
	})
}
