package verifier

import (
	"context"
	"errors"
	"slices"
	"strings"

	"laurel/badge"
	"laurel/badge/structure"
	"laurel/schemas"
)

// checkSchema holds a badge or an endorsement against its JSON Schema (OB 3.0
// section 9.1 step 3). The tolerant family decides: it takes what JSON-LD
// compaction makes of a badge, and wallets compact.
func checkSchema(_ context.Context, s *subject) Finding {
	if s.proven(schemaFact, "", "") {
		return passed(OK)
	}
	f := s.meetsSchema()
	if f.Outcome == Passed && f.Detail == "" && len(s.foreign) == 0 {
		s.prove(schemaFact, "", "")
	}
	return f
}

func (s *subject) meetsSchema() Finding {
	class, third := s.schemaClass()
	if class == "" {
		return Finding{Outcome: Skipped, Code: NoSchema, Detail: third}
	}
	family := schemas.Tolerant
	if s.earlier {
		family = schemas.Earlier
	} else if s.meets(class, schemas.Strict) == nil {
		return Finding{Outcome: Passed, Code: OK, Detail: third}
	}
	err := s.meets(class, family)
	var fault *structure.Fault
	switch {
	case err == nil:
		return Finding{Outcome: Passed, Code: OK, Detail: strings.TrimSpace("Only the tolerant form of the schema is met. " + third)}
	case errors.As(err, &fault):
		return failed(SchemaMismatch, fault.Pointer, "%s", clip(fault.Detail, 300))
	}
	return unknown(InternalFault, "", "%s", err.Error()) // no class of ours: nothing was looked at
}

// meets asks for one family. The schemas know one credentialStatus, the data
// model and we several: of a list the first stands for
// all, whose form CheckEnvelope has seen to.
func (s *subject) meets(class string, f schemas.Family) error {
	return structure.Check(s.doc.Root(), class, f, "credentialStatus")
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
			if !ok && foreignSchema(v) && !slices.Contains(s.foreign, id) {
				s.foreign = append(s.foreign, id) // checkForeignSchemas asks these
			}
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
