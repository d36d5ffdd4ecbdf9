package verifier

import (
	"bytes"
	"context"
	"errors"
	"slices"

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
// (DECISIONS 9; Data Integrity section 2.4.3).
func checkTerms(_ context.Context, s *subject) Finding {
	root := s.doc.Root()
	unsigned := append(s.claims(), "proof")
	if err := badge.CheckContent(root, unsigned); err != nil {
		return contentFinding(err)
	}
	canonical, err := s.v.canon.Canonicalize(canon.Input{Node: root, Omit: unsigned, InlineContexts: s.opts.Generic && !s.isList})
	if err != nil {
		return canonFinding(err)
	}
	if name := hiddenStatement(root, canonical); name != "" {
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
// the plain JSON.
var decisive = []struct{ member, predicate string }{
	{"issuer", "<https://www.w3.org/2018/credentials#issuer>"},
	{"validFrom", "<https://www.w3.org/2018/credentials#validFrom>"},
	{"validUntil", "<https://www.w3.org/2018/credentials#validUntil>"},
	{"credentialSubject", "<https://www.w3.org/2018/credentials#credentialSubject>"},
	{"credentialStatus", "<https://www.w3.org/2018/credentials#credentialStatus>"},
	{"statusSize", "<https://www.w3.org/ns/credentials/status#statusSize>"},
}

// hiddenStatement returns the name of a decisive member that is stated in the
// canonical form more often than the JSON tells it, or of the credential
// itself though the JSON tells it elsewhere; "" when all is in the open.
func hiddenStatement(root strictjson.Value, canonical []byte) string {
	self := []byte("<" + root.Get("id").Text() + "> ")
	stated, ofSelf := map[string]int{}, map[string]int{}
	for line := range bytes.Lines(canonical) {
		_, rest, _ := bytes.Cut(line, []byte(" ")) // a subject has no blanks
		predicate, _, _ := bytes.Cut(rest, []byte(" "))
		stated[string(predicate)]++
		if bytes.HasPrefix(line, self) {
			ofSelf[string(predicate)]++
		}
	}
	for _, d := range decisive {
		if stated[d.predicate] > told(root, d.member) || ofSelf[d.predicate] > values(root.Get(d.member)) {
			return d.member
		}
	}
	return ""
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

// told counts the values of all members of a name outside contexts and the
// credential's own proof.
func told(root strictjson.Value, name string) int {
	n := 0
	for member, v := range root.Members() {
		if !slices.Contains([]string{"@context", "proof"}, member) {
			n += toldBy(member, v, name)
		}
	}
	return n
}

func toldBy(member string, v strictjson.Value, name string) int {
	n := 0
	if member == name {
		n += values(v)
	}
	for m, e := range v.Members() {
		n += toldBy(m, e, name)
	}
	for _, e := range v.Elements() {
		n += toldBy("", e, name)
	}
	return n
}
