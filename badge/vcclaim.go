package badge

import (
	"encoding/json"
	"fmt"
	"strings"

	"laurel/internal/strictjson"
)

// credentialClaim finds the credential of VC data model 1.1 in a JWS payload:
// it stands in the claim vc, and claims may stand for members that it leaves
// out (VC data model 1.1 section 6.3.1). A payload that is itself a credential
// is none of them.
func credentialClaim(payload strictjson.Value) (root strictjson.Value, err error) {
	vc := payload.Get("vc")
	if vc.Kind() != strictjson.Object || payload.Get("@context").Exists() || !FirstContext(vc, ContextCredentialsV1) {
		return payload, nil
	}
	return parseObject([]byte(completed(vc, payload)))
}

// FirstContext tells whether a context is the first of a credential's, which
// says by which edition of the data model it is made.
func FirstContext(root strictjson.Value, url string) bool {
	for _, c := range root.Get("@context").Each() {
		return c.Text() == url
	}
	return false
}

// completed is the text of the credential: its members as they stand, then
// those that only claims tell.
func completed(vc, payload strictjson.Value) string {
	var b strings.Builder
	for name, v := range vc.Members() {
		text := v.Raw()
		if name == "credentialSubject" {
			text = withSubject(v, payload.Get("sub"))
		}
		fmt.Fprintf(&b, ",%s:%s", quoted(name), text)
	}
	add := func(member string, value string) {
		if value != "" && !vc.Get(member).Exists() {
			fmt.Fprintf(&b, ",%s:%s", quoted(member), quoted(value))
		}
	}
	add("id", payload.Get("jti").Text())
	add("issuer", payload.Get("iss").Text())
	add("issuanceDate", dateOf(payload.Get("nbf")))
	add("expirationDate", dateOf(payload.Get("exp")))
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func withSubject(subject, sub strictjson.Value) string {
	if subject.Kind() != strictjson.Object || subject.Get("id").Exists() || sub.Text() == "" {
		return subject.Raw()
	}
	id := `{"id":` + quoted(sub.Text())
	if subject.Len() > 0 {
		id += ","
	}
	return id + strings.TrimPrefix(subject.Raw(), "{")
}

// dateOf is a NumericDate (RFC 7519 section 2) as a date-time, or "" where it
// is none: whoever compares the claims finds that.
func dateOf(v strictjson.Value) string {
	at, ok := strictjson.NumericDate(v)
	if !ok {
		return ""
	}
	return FormatTime(at)
}

func quoted(s string) string {
	q, _ := json.Marshal(s) // a string always marshals
	return string(q)
}
