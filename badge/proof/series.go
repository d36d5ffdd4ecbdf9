package proof

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// Series is eddsa-rdfc-2022 for an issuer's own badges, one after another: it
// signs the same bytes as EdDSARDFC2022 does, and works out once what does not
// change between them. Verifying remembers nothing, so that reading a badge back
// proves what was taken from memory here.
//
// It is safe for concurrent use.
type Series struct {
	EdDSARDFC2022

	mu        sync.Mutex
	options   map[optionsKind]*optionsForm
	templates map[string]attempt // by what a badge is without its own texts

	works sync.Pool // of *work
}

// NewSeries makes a Series over the contexts of a canonicaliser.
func NewSeries(c *canon.Canonicalizer) *Series {
	return &Series{EdDSARDFC2022: EdDSARDFC2022{Canon: c}, options: map[optionsKind]*optionsForm{}, templates: map[string]attempt{},
		works: sync.Pool{New: func() any { return new(work) }}}
}

var _ Suite = (*Series)(nil)

// Secure implements Suite (VC-DI-EDDSA section 3.2.1).
func (s *Series) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	method := key.Method()
	contexts, sum, known := s.document(d)
	form := s.optionsForm(contexts, method)
	created := badge.FormatTime(at)
	if form == nil || len(created) != len(sampleCreated) {
		return s.EdDSARDFC2022.Secure(ctx, d, key, at)
	}
	config := sha256.Sum256(form.fill(created, method.ID))
	message := append(config[:], sum[:]...)
	if !known {
		var err error
		if message, err = s.Canon.Digest(config[:], canon.Input{Node: d.Root(), Omit: []string{"proof"}}); err != nil {
			return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
		}
	}
	signature, err := key.Sign(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("securing with %s: signing: %w", s.Name(), err)
	}
	return d.WithProofOf(append(proofOptions(created, method.ID), badge.Text{Name: "proofValue", Value: "z" + base58.Encode(signature)})...)
}

// maxTemplates bounds what is remembered: a template is made for each
// achievement, and for each set of things that its badges say.
const maxTemplates = 200

// document returns the contexts of a document, and the hash of its canonical
// form where a template tells it.
func (s *Series) document(d *badge.Document) (contexts string, sum [sha256.Size]byte, known bool) {
	w := s.works.Get().(*work)
	defer s.works.Put(w)
	var texts []string
	if w.rest, texts = d.Split(w.rest[:0]); len(texts) > 0 && len(w.rest) <= maxTemplate {
		if t := s.template(w.rest, texts); t != nil {
			if sum, known = t.fill(w, texts); known {
				return t.contexts, sum, true
			}
		}
	}
	return d.Root().Get("@context").Raw(), sum, false
}

// maxTemplate is the size of a badge for which a template is worth its memory.
const maxTemplate = 64 << 10

func (s *Series) template(rest []byte, texts []string) *template {
	s.mu.Lock()
	a := s.templates[string(rest)]
	s.mu.Unlock()
	if a.template != nil || a.tries == maxTries {
		return a.template
	}
	a = attempt{newTemplate(s.Canon, rest, texts), a.tries + 1}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.templates) >= maxTemplates {
		clear(s.templates)
	}
	s.templates[string(rest)] = a
	return a.template
}

// attempt is a template, or how often none could be made: that may be for the
// texts of one badge, or for all.
type attempt struct {
	template *template
	tries    int
}

const maxTries = 4

// proofOptions is a proof without its value.
func proofOptions(created, method string) []badge.Text {
	return []badge.Text{{Name: "type", Value: badge.TypeDataIntegrityProof}, {Name: "cryptosuite", Value: EdDSARDFC2022{}.Name()},
		{Name: "created", Value: created}, {Name: "verificationMethod", Value: method}, {Name: "proofPurpose", Value: badge.PurposeAssertion}}
}

// optionsKind is all that the form of proof options depends on but the values
// themselves: the contexts as they are written, and what stands before the
// colon of the verification method, which a context could have a meaning for.
type optionsKind struct{ contexts, scheme string }

// optionsForm is the canonical form of proof options around its two values:
// one node, whose statements stand in the order of their predicates, so that
// no value moves any of them.
type optionsForm struct{ before, between, after string }

func (f *optionsForm) fill(created, method string) []byte {
	b := make([]byte, 0, len(f.before)+len(created)+len(f.between)+len(method)+len(f.after))
	b = append(append(append(b, f.before...), created...), f.between...)
	return append(append(b, method...), f.after...)
}

// maxForms bounds what is remembered; an issuer's badges have one kind.
const maxForms = 64

// optionsForm returns the form for proofs of a verification method, nil where
// there is none and the options are to be canonicalised whole.
func (s *Series) optionsForm(contexts string, method keys.VerificationMethod) *optionsForm {
	if alg, err := method.Algorithm(); err != nil || alg != keys.EdDSA || !plainIRI(method.ID) {
		return nil
	}
	kind := optionsKind{contexts, method.ID[:rdfc.SchemeEnd(method.ID)]}
	s.mu.Lock()
	defer s.mu.Unlock()
	form, known := s.options[kind]
	if !known {
		if len(s.options) >= maxForms {
			clear(s.options)
		}
		kind = optionsKind{strings.Clone(kind.contexts), strings.Clone(kind.scheme)} // not the documents that they stand in
		form = s.newOptionsForm(kind)
		s.options[kind] = form
	}
	return form
}

// plainIRI tells whether an IRI stands in JSON and in N-Quads as it is, and
// means itself under any context but one that has a term for its scheme.
func plainIRI(iri string) bool {
	for _, c := range []byte(iri) {
		if c >= 0x7f || c == '&' { // which encoding/json escapes
			return false
		}
	}
	return rdfc.WellFormed(iri) // which has no quotes, brackets or backslashes
}

// Values that stand for those to come. They are found again in the canonical
// form, or it has no two places to fill.
const (
	sampleCreated = "2006-01-02T15:04:05Z"
	sampleMethod  = ":sample.example#a-verification-method"
)

// newOptionsForm canonicalises sample options, as whole as any.
func (s *Series) newOptionsForm(kind optionsKind) *optionsForm {
	sample := kind.scheme + sampleMethod
	raw := `{"@context":` + kind.contexts
	for _, m := range proofOptions(sampleCreated, sample) {
		raw += `,"` + m.Name + `":"` + m.Value + `"`
	}
	raw += `}`
	options, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
	if err != nil {
		return nil
	}
	text, err := s.Canon.Canonicalize(canon.Input{Node: options})
	if err != nil || bytes.Count(text, []byte(sampleCreated)) != 1 || bytes.Count(text, []byte(sample)) != 1 {
		return nil
	}
	before, rest, _ := strings.Cut(string(text), `"`+sampleCreated+`"`)
	between, after, found := strings.Cut(rest, "<"+sample+">")
	if !found {
		return nil
	}
	return &optionsForm{before + `"`, `"` + between + "<", ">" + after}
}
