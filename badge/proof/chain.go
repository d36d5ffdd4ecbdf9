package proof

import (
	"slices"
	"strings"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// secured is what a proof signs of a document: all but its proofs or, in a
// chain, with those proofs that this one names as coming before it, in the
// order of the document and always as a list (Data Integrity sections 4.3 and
// 4.5). Members that are left out are named in omit, so that a document need
// not be parsed again where nothing is put in.
func secured(d *badge.Document, options strictjson.Value) (node strictjson.Value, omit []string, err error) {
	var named []string
	for _, v := range options.Get("previousProof").Each() {
		named = append(named, v.Text())
	}
	if len(named) == 0 {
		return d.Root(), []string{"proof"}, nil
	}
	var before []string
	for _, p := range d.Proofs() {
		if slices.Contains(named, p.ID) && p.Object.Kind() == strictjson.Object {
			before = append(before, p.Object.Raw())
		}
	}
	node, err = with(d.Root(), "proof", "["+strings.Join(before, ",")+"]")
	return node, nil, err
}

// with is an object with another value for one member, which it need not have
// had. All else stands in it byte for byte.
func with(of strictjson.Value, name, value string) (strictjson.Value, error) {
	return strictjson.Parse(object(append(membersBut(of, name), member{name, value})), strictjson.Limits{Bytes: 2 * badge.MaxBytes})
}
