package verifier

import (
	"context"
	"errors"
	"strconv"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/strictjson"
)

// kindCodes names the canonicaliser's refusals.
var kindCodes = map[canon.Kind]Code{
	canon.UndefinedTerm: UndefinedTerm, canon.UndefinedType: UndefinedType, canon.RelativeIRI: RelativeIRI,
	canon.InvalidIRI: InvalidIRI, canon.Null: NullValue, canon.UnknownContext: UnknownContext,
	canon.Unsigned: UnsignedKeyword, canon.DataLoss: DataLoss,
	canon.ContextFault: ContextFault, canon.Unsupported: Unsupported, canon.OverBudget: OverBudget,
}

// ruleCodes names the rules of badge.CheckContent.
var ruleCodes = map[string]Code{
	"too_deep": TooDeep, "member_name": MemberName, "blank_node_name": BlankNodeName,
	"unsafe_number": UnsafeNumber, "bad_character": BadCharacter, "null_value": NullValue,
	"empty_array": EmptyArray, "nested_context": NestedContext,
}

// checkTerms asks whether every member means something under the contexts, so
// that a signature covers the whole document and not what is left of it
// (Data Integrity section 2.4.3).
func checkTerms(_ context.Context, s *subject) Finding {
	if s.proven(termsFact, "", "") {
		return passed(OK)
	}
	f := s.terms()
	if f.Outcome == Passed {
		s.prove(termsFact, "", "")
	}
	return f
}

func (s *subject) terms() Finding {
	root := s.doc.Root()
	unsigned := append(s.claims(), "proof")
	if err := badge.CheckContent(root, unsigned); err != nil {
		return contentFinding(err)
	}
	stated := statements{self: "<" + root.Get("id").Text() + ">"}
	in := canon.Input{Node: root, Omit: unsigned, InlineContexts: s.generic(), Directions: s.generic()}
	form, err := s.v.canon.Form(in, predicates[:], stated.count)
	if err != nil {
		return canonFinding(err)
	}
	s.form = form
	if name := stated.hidden(root); name != "" {
		return failed(HiddenStatement, strictjson.Pointer("", name),
			"Something that is signed about %s stands where no reader of the credential looks for it.", name)
	}
	if at := s.directed(root); at != "" {
		return Finding{Outcome: Warned, Code: UnsignedDirection, Pointer: at, Detail: "@direction is not part of what is signed."}
	}
	return passed(OK)
}

// generic tells that contexts written inline and directions of texts may stand.
func (s *subject) generic() bool { return s.opts.Generic && !s.isList }

// directed is where the first text stands that has a direction, which only
// generic credentials may have.
func (s *subject) directed(root strictjson.Value) string {
	if !s.generic() {
		return ""
	}
	return firstDirection(root, "")
}

func firstDirection(v strictjson.Value, ptr string) string {
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		if name == "@direction" {
			return at
		} else if at = firstDirection(m, at); at != "" {
			return at
		}
	}
	for i, e := range v.Elements() {
		if at := firstDirection(e, strictjson.Pointer(ptr, strconv.Itoa(i))); at != "" {
			return at
		}
	}
	return ""
}

func contentFinding(err error) Finding {
	var e *badge.Error
	if !errors.As(err, &e) {
		return unknown(Unsupported, "", "%v", err)
	}
	code, ok := ruleCodes[e.Rule]
	if !ok {
		code = DataLoss
	}
	return failed(code, e.Pointer, "%s", e.Detail)
}

func canonFinding(err error) Finding {
	var e *canon.Error
	if !errors.As(err, &e) {
		return unknown(Unsupported, "", "%v", err)
	}
	if canon.Inconclusive(err) {
		return unknown(kindCodes[e.Kind], e.Pointer, "%s", e.Detail)
	}
	code, ok := kindCodes[e.Kind]
	if !ok {
		code = DataLoss
	}
	return failed(code, e.Pointer, "%s", e.Detail)
}

// The decisive statements are those that the verdict hangs on and that a
// credential may do without. A signature covers statements, not the names they are told
// by, and @context is not signed: whoever renames such a member by way of
// another context, or moves it to another object with the credential's id,
// keeps the signature and would hide an end or a revocation from readers of
// the plain JSON.
//
// place gives a decisive member its place in a tally, and -1 to any other.
func place(member string) int {
	switch member {
	case "issuer":
		return 0
	case "validFrom":
		return 1
	case "validUntil":
		return 2
	case "credentialSubject":
		return 3
	case "credentialStatus":
		return 4
	case "statusSize":
		return 5
	case "issuanceDate":
		return 6
	case "expirationDate":
		return 7
	}
	return -1
}

// decisive are the members by their places.
var decisive = [...]string{"issuer", "validFrom", "validUntil", "credentialSubject", "credentialStatus", "statusSize",
	"issuanceDate", "expirationDate"}

// predicates are what statements call them.
var predicates = [len(decisive)]string{credentials + "issuer", credentials + "validFrom", credentials + "validUntil",
	credentials + "credentialSubject", credentials + "credentialStatus", "https://www.w3.org/ns/credentials/status#statusSize",
	credentials + "issuanceDate", credentials + "expirationDate"}

const credentials = "https://www.w3.org/2018/credentials#"

// tally is a number for each of the decisive statements.
type tally [len(decisive)]int

// statements counts the decisive ones of a canonical form.
type statements struct {
	self   string // the credential, as N-Quads write it
	all    tally
	ofSelf tally // those whose subject is the credential
}

// count takes a statement of the predicate of a place.
func (n *statements) count(subject []byte, place int) {
	n.all[place]++
	if string(subject) == n.self {
		n.ofSelf[place]++
	}
}

// hidden returns the name of a decisive member that is stated more often than
// the JSON tells it, or of the credential itself though the JSON tells it
// elsewhere; "" when all is in the open.
func (n *statements) hidden(root strictjson.Value) string {
	var own tally // at the top
	for member, v := range root.Members() {
		if i := place(member); i >= 0 {
			own[i] = values(v)
		}
	}
	if n.within(&own) {
		return "" // as nearly always: what is told below the top need not be known
	}
	told := toldWithin(root)
	for i, member := range decisive {
		if n.all[i] > told[i]+own[i] || n.ofSelf[i] > own[i] {
			return member
		}
	}
	return ""
}

// within tells whether nothing is stated more often than a tally has it, of
// whatever subject.
func (n *statements) within(t *tally) bool {
	for i := range n.all {
		if n.all[i] > t[i] {
			return false
		}
	}
	return true
}

// toldWithin counts what the JSON tells below the top, at any depth.
func toldWithin(root strictjson.Value) (told tally) {
	for member, v := range root.Members() {
		if member == "@context" || member == "proof" {
			continue
		}
		for within, e := range v.Within() {
			if i := place(within); i >= 0 {
				told[i] += values(e)
			}
		}
	}
	return told
}

func values(v strictjson.Value) int {
	if v.Kind() == strictjson.Array {
		return v.Len()
	}
	if v.Exists() {
		return 1
	}
	return 0
}
