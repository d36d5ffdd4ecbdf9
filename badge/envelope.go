package badge

import (
	"fmt"
	"slices"
	"strconv"

	"laurel/internal/strictjson"
)

// CheckEnvelope holds any credential, badge or not, to the shape that VC data
// model 2.0 section 4 asks for: the order of contexts, types, issuer, subject,
// and the members of everything that has a type. Dates, terms and proofs are
// other questions. The error is Errors with Rule malformed.
func CheckEnvelope(root strictjson.Value) error {
	return checkEnvelope(root, ContextCredentialsV2)
}

// CheckEarlierEnvelope is CheckEnvelope for a credential of VC data model 1.1,
// whose context and dates are others (VC data model 1.1 section 4). No badge is
// issued by that model any more.
func CheckEarlierEnvelope(root strictjson.Value) error {
	return checkEnvelope(root, ContextCredentialsV1)
}

func checkEnvelope(root strictjson.Value, base string) error {
	e := envelope{base: base}
	m := modelled(root)
	e.context(m.context)
	e.types(m.types)
	e.identifier(m.id, "")
	e.issuer(m.issuer)
	e.subjects(m.subject)
	e.texts(root, "")
	e.texts(m.issuer, "/issuer")
	e.typed(m.status, "credentialStatus", "type")
	e.typed(m.schema, "credentialSchema", "type", "id")
	e.typed(m.refresh, "refreshService", "type")
	e.typed(m.terms, "termsOfUse", "type")
	e.typed(m.evidence, "evidence", "type")
	e.related(m.related)
	return e.faults.Err()
}

// model are the members of a credential that its data model speaks of.
type model struct {
	context, types, id, issuer, subject               strictjson.Value
	status, schema, refresh, terms, evidence, related strictjson.Value
}

// modelled finds them all in one pass: to ask for one takes a pass as well, and
// a whole one for what is not there.
func modelled(root strictjson.Value) (m model) {
	for name, v := range root.Members() {
		switch name {
		case "@context":
			m.context = v
		case "type":
			m.types = v
		case "id":
			m.id = v
		case "issuer":
			m.issuer = v
		case "credentialSubject":
			m.subject = v
		case "credentialStatus":
			m.status = v
		case "credentialSchema":
			m.schema = v
		case "refreshService":
			m.refresh = v
		case "termsOfUse":
			m.terms = v
		case "evidence":
			m.evidence = v
		case "relatedResource":
			m.related = v
		}
	}
	return m
}

type envelope struct {
	base   string // the context that stands first
	faults Errors
}

func (e *envelope) fault(ptr, format string, args ...any) {
	if len(e.faults) < maxFaults {
		e.faults = append(e.faults, &Error{MalformedValueError, "malformed", ptr, fmt.Sprintf(format, args...)})
	}
}

// maxContexts is more than anybody needs; each costs at every typed node.
const maxContexts = 16

// context: an ordered set whose first item is the base context (section 4.3).
func (e *envelope) context(v strictjson.Value) {
	if v.Kind() != strictjson.Array || v.Len() == 0 {
		e.fault("/@context", "@context is an array whose first item is %s.", e.base)
		return
	}
	if v.Len() > maxContexts {
		e.fault("/@context", "A credential has at most %d contexts.", maxContexts)
		return
	}
	for i, c := range v.Elements() {
		if i == 0 && c.Text() != e.base {
			e.fault("/@context/0", "The first context is %s.", e.base)
		}
		if c.Kind() != strictjson.String && c.Kind() != strictjson.Object {
			e.fault("/@context/"+strconv.Itoa(i), "A context is an address or an object.")
		}
	}
}

func (e *envelope) types(v strictjson.Value) {
	if !isTypes(v) || !HasType(v, TypeVerifiableCredential) {
		e.fault("/type", "type holds the name %s and only names.", TypeVerifiableCredential)
	}
}

// isTypes tells whether a value is one type name or several.
func isTypes(v strictjson.Value) bool {
	for _, t := range v.Each() {
		if t.Kind() != strictjson.String || t.Text() == "" {
			return false
		}
	}
	return v.Kind() == strictjson.String || v.Kind() == strictjson.Array && v.Len() > 0
}

// HasType tells whether a type, given as one name or an array of them, holds
// one of the names.
func HasType(v strictjson.Value, names ...string) bool {
	for _, t := range v.Each() {
		if t.Kind() == strictjson.String && slices.Contains(names, t.Text()) {
			return true
		}
	}
	return false
}

// identifier: a single address, where what stands at a pointer has one at all
// (section 4.4).
func (e *envelope) identifier(v strictjson.Value, of string) {
	if v.Exists() && v.Text() == "" {
		e.fault(of+"/id", "An id is one address.")
	}
}

func (e *envelope) issuer(v strictjson.Value) {
	if v.Kind() == strictjson.String && v.Text() != "" {
		return
	}
	if v.Kind() != strictjson.Object || v.Get("id").Text() == "" {
		e.fault("/issuer", "issuer is an address, or an object with an id.")
	}
}

// subjects: at least one claim about each (section 4.8).
func (e *envelope) subjects(v strictjson.Value) {
	if v.Len() == 0 {
		e.fault("/credentialSubject", "credentialSubject is an object with at least one member.")
		return
	}
	for i, s := range v.Each() {
		at := "/credentialSubject"
		if v.Kind() == strictjson.Array {
			at = strictjson.Pointer(at, strconv.Itoa(i))
		}
		if s.Kind() != strictjson.Object || s.Len() == 0 {
			e.fault(at, "A subject is an object with at least one member.")
		}
		e.identifier(s.Get("id"), at)
	}
}

// texts: name and description are strings or language value objects
// (section 4.6).
func (e *envelope) texts(of strictjson.Value, ptr string) {
	for _, name := range []string{"name", "description"} {
		for _, v := range of.Get(name).Each() {
			if v.Kind() != strictjson.String && !isLanguageValue(v) {
				e.fault(strictjson.Pointer(ptr, name), "%s is a text, or an object of @value and @language.", name)
			}
		}
	}
}

func isLanguageValue(v strictjson.Value) bool {
	for name, m := range v.Members() {
		if m.Kind() != strictjson.String || !slices.Contains([]string{"@value", "@language", "@direction"}, name) {
			return false
		}
	}
	return v.Get("@value").Exists()
}

// typed: objects that other rules tell apart by their type (sections 4.10,
// 4.11 and 5.3 to 5.6).
func (e *envelope) typed(member strictjson.Value, name string, needs ...string) {
	for i, v := range member.Each() {
		if v.Kind() == strictjson.Object && isTypes(v.Get("type")) && v.Get("id").Text() != "" {
			continue // as nearly all: no pointer is needed
		}
		at := "/" + name
		if member.Kind() == strictjson.Array {
			at += "/" + strconv.Itoa(i)
		}
		if v.Kind() != strictjson.Object {
			e.fault(at, "%s is an object with a type.", name)
			continue
		}
		if !isTypes(v.Get("type")) {
			e.fault(at+"/type", "%s has a type.", name)
		}
		e.identifier(v.Get("id"), at)
		if slices.Contains(needs, "id") && !v.Get("id").Exists() {
			e.fault(at+"/id", "%s has an id.", name)
		}
	}
}

// related: each resource stands once and carries a digest (section 5.3).
func (e *envelope) related(member strictjson.Value) {
	seen := map[string]bool{}
	for i, v := range member.Each() {
		at := strictjson.Pointer("/relatedResource", strconv.Itoa(i))
		id := v.Get("id").Text()
		if id == "" || seen[id] {
			e.fault(at, "A related resource has an id, and stands once.")
		}
		seen[id] = true
		if v.Get("digestSRI").Text() == "" && v.Get("digestMultibase").Text() == "" {
			e.fault(at, "A related resource has digestSRI or digestMultibase.")
		}
	}
}
