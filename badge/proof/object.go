package proof

import (
	"bytes"
	"encoding/json"
	"slices"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// member is a member of an object: its name, and its value as it stands.
type member struct{ name, raw string }

// membersBut are the members of an object but for those named.
func membersBut(of strictjson.Value, names ...string) []member {
	var members []member
	for name, v := range of.Members() {
		if !slices.Contains(names, name) {
			members = append(members, member{name, v.Raw()})
		}
	}
	return members
}

// object writes members as they are given.
func object(members []member) []byte {
	var b bytes.Buffer
	for n, m := range members {
		b.WriteByte("{,"[min(n, 1)])
		quoted, _ := json.Marshal(m.name) // a string always marshals
		b.Write(quoted)
		b.WriteByte(':')
		b.WriteString(m.raw)
	}
	if len(members) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes()
}

// Unclaimed is the credential of a token without the claims beside its members,
// byte for byte: what embedded proofs in it are made over.
func Unclaimed(d *badge.Document) (*badge.Document, error) {
	root := d.Root()
	if d.JWS() != nil && root.Raw() != d.JWS().Payload.Raw() { // it stands in the claim vc
		return badge.Parse([]byte(root.Raw()))
	}
	return badge.Parse(object(membersBut(root, claims...)))
}
