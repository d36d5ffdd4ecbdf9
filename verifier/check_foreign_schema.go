package verifier

import (
	"context"
	"errors"
	"fmt"

	"laurel/badge"
	"laurel/internal/jsonschema"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// typeJSONSchema is the kind of schema of "Verifiable Credentials JSON Schema".
const typeJSONSchema = "JsonSchema"

// foreignSchema: the kinds of schemas of others that are read here.
func foreignSchema(v strictjson.Value) bool {
	return isURL(v.Get("id").Text()) && badge.HasType(v.Get("type"), badge.SchemaTypeOB, typeJSONSchema)
}

// namesForeignSchemas: generic credentials are judged by their own words
// alone; the VC data model counts schemas to validation (section 7.1), which
// is the business of those who use the credential.
func namesForeignSchemas(s *subject) bool {
	return !s.opts.Generic && !s.opts.ProofOnly && len(s.foreign) > 0
}

// checkForeignSchemas holds a badge against the schemas of others that it
// names (OB 3.0 section 9.1 step 3). It amends the finding of checkSchema, once
// the proof held: nobody is asked for a schema in the name of a forged badge.
func checkForeignSchemas(ctx context.Context, s *subject) Finding {
	found := []Finding{s.finding(CheckSchema)}
	urls := s.foreign
	for _, url := range urls {
		found = append(found, s.meetsForeign(ctx, url))
	}
	f := gravest(found)
	if f.Outcome == Passed {
		f.Detail = fmt.Sprintf("%d schemas of others are met.", len(urls))
	}
	return f
}

func (s *subject) meetsForeign(ctx context.Context, url string) Finding {
	const ptr = "/credentialSchema"
	raw, err := s.errands.page(ctx, url)
	if err != nil {
		f := unknown(SchemaUnreachable, ptr, "The schema %s could not be fetched.", clip(url, 120))
		f.Cause = err
		return f
	}
	err = jsonschema.Check(s.doc.Root(), s.claims(), raw, url, heldSchema)
	var fault *jsonschema.Mismatch
	switch {
	case err == nil:
		return passed(OK)
	case errors.As(err, &fault):
		return failed(SchemaMismatch, fault.Pointer, "The schema %s asks for something else: %s.", clip(url, 120), clip(fault.Keyword, 80))
	case errors.Is(err, jsonschema.ErrOverBudget):
		return unknown(SchemaUnsupported, ptr, "The schema %s asks for more work than we spend.", clip(url, 120))
	}
	return unknown(SchemaUnsupported, ptr, "The schema %s is none that is read here.", clip(url, 120))
}

// heldSchema lets schemas of others refer to those of Open Badges.
func heldSchema(url string) ([]byte, bool) {
	class, family, ok := schemas.SchemaByURL(url)
	if !ok {
		return nil, false
	}
	return schemas.Schema(class, family)
}
