package verifier

import (
	"bytes"
	"context"
	"errors"

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
	root := s.doc.Root()
	unsigned := append(s.claims(), "proof")
	if err := badge.CheckContent(root, unsigned); err != nil {
		return contentFinding(err)
	}
	var stated statements
	in := canon.Input{Node: root, Omit: unsigned, InlineContexts: s.opts.Generic && !s.isList}
	form, err := s.v.canon.Form(in, func(canonical []byte) { stated.count(root.Get("id").Text(), canonical) })
	if err != nil {
		return canonFinding(err)
	}
	s.form = form
	if name := stated.hidden(root); name != "" {
		return failed(HiddenStatement, strictjson.Pointer("", name),
			"Something that is signed about %s stands where no reader of the credential looks for it.", name)
	}
	return passed(OK)
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

// decisive are the statements that the verdict hangs on and that a credential
// may do without. A signature covers statements, not the names they are told
// by, and @context is not signed: whoever renames such a member by way of
// another context, or moves it to another object with the credential's id,
// keeps the signature and would hide an end or a revocation from readers of
// the plain JSON. As predicates they stand in canonical N-Quads, each under
// one of the vocabularies.
var decisive = [...]struct{ member, predicate string }{
	{"issuer", credentials + "issuer>"},
	{"validFrom", credentials + "validFrom>"},
	{"validUntil", credentials + "validUntil>"},
	{"issuanceDate", credentials + "issuanceDate>"},
	{"expirationDate", credentials + "expirationDate>"},
	{"credentialSubject", credentials + "credentialSubject>"},
	{"credentialStatus", credentials + "credentialStatus>"},
	{"statusSize", "<https://www.w3.org/ns/credentials/status#statusSize>"},
}

const (
	vocabularies = "<https://www.w3.org/"
	credentials  = "<https://www.w3.org/2018/credentials#"
)

// tally is a number for each of the decisive statements.
type tally [len(decisive)]int

// statements counts the decisive ones of a canonical form.
type statements struct {
	all    tally
	ofSelf tally // those whose subject is the credential
}

// count reads canonical N-Quads, in which terms stand with one blank between
// them, and only objects have blanks within.
func (n *statements) count(id string, canonical []byte) {
	self := []byte("<" + id + ">")
	for len(canonical) > 0 {
		var line []byte
		line, canonical, _ = bytes.Cut(canonical, []byte("\n"))
		subject, rest, _ := bytes.Cut(line, []byte(" "))
		if !bytes.HasPrefix(rest, []byte(vocabularies)) {
			continue // to most lines this is all
		}
		predicate, _, _ := bytes.Cut(rest, []byte(" "))
		for i := range decisive {
			if string(predicate) != decisive[i].predicate {
				continue
			}
			n.all[i]++
			if bytes.Equal(subject, self) {
				n.ofSelf[i]++
			}
		}
	}
}

// hidden returns the name of a decisive member that is stated more often than
// the JSON tells it, or of the credential itself though the JSON tells it
// elsewhere; "" when all is in the open.
func (n *statements) hidden(root strictjson.Value) string {
	var told tally
	for member, v := range root.Members() {
		if member != "@context" && member != "proof" {
			told.add(member, v)
		}
	}
	for i := range decisive {
		if n.all[i] > told[i] || n.ofSelf[i] > values(root.Get(decisive[i].member)) {
			return decisive[i].member
		}
	}
	return ""
}

// add counts the values of all members of decisive names, at any depth.
func (n *tally) add(member string, v strictjson.Value) {
	for i := range decisive {
		if member == decisive[i].member {
			n[i] += values(v)
		}
	}
	for m, e := range v.Members() {
		n.add(m, e)
	}
	for _, e := range v.Elements() {
		n.add("", e)
	}
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
