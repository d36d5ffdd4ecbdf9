package keys

import (
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// The bounds of a document that somebody else publishes.
const (
	MaxDocument = 1 << 20 // bytes
	MaxMethods  = 200     // verification methods, or keys of a JWK Set
)

// maxDepth bounds the nesting of a key document; honest ones need five levels.
const maxDepth = 24

// ControllerDocument is what a controller publishes about its keys (CID 1.0
// section 2): the methods that can be used, in the order of the document.
type ControllerDocument struct {
	ID      string
	Methods []VerificationMethod

	refused map[string]error // why a method of the document cannot be used
}

// ParseControllerDocument reads a controller or DID document as retrieval asks
// (CID 1.0 section 3.3): its id is wantID, each method has an id of its own,
// and a method whose controller is another, or whose key cannot be used, is
// left out of Methods. The error is ErrInvalidDocument, or ErrPrivateKeyExposed
// when any method shows a private key.
func ParseControllerDocument(raw []byte, wantID string) (*ControllerDocument, error) {
	v, err := parseDocument(raw)
	if err != nil {
		return nil, err
	}
	if id := v.Get("id"); id.Kind() != strictjson.String || id.Text() != wantID {
		return nil, fmt.Errorf("%w: its id is %s, not %s", ErrInvalidDocument, clip(id.Text()), clip(wantID))
	}
	list, err := listMethods(v, wantID)
	if err != nil {
		return nil, err
	}
	d := &ControllerDocument{ID: wantID, refused: map[string]error{}}
	for _, e := range list.entries {
		m, err := readMethod(e.value, e.id, wantID)
		if err != nil {
			d.refused[e.id] = err
			continue
		}
		m.Assertion = list.related["assertionMethod"][e.id]
		m.Authentication = list.related["authentication"][e.id]
		d.Methods = append(d.Methods, m)
	}
	return d, nil
}

// Method is the method with exactly that id. The error is ErrMethodNotFound,
// or the reason why that method cannot be used: ErrNotAuthorized (another
// controls it), ErrUnsupported, ErrInvalidKey or ErrWeakKey.
func (d *ControllerDocument) Method(id string) (VerificationMethod, error) {
	for _, m := range d.Methods {
		if m.ID == id {
			return m, nil
		}
	}
	if err := d.refused[id]; err != nil {
		return VerificationMethod{}, err
	}
	return VerificationMethod{}, fmt.Errorf("%w: %s", ErrMethodNotFound, clip(id))
}

func parseDocument(raw []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: MaxDocument, Depth: maxDepth})
	if err != nil {
		return v, fmt.Errorf("%w: %w", ErrInvalidDocument, err)
	}
	if v.Kind() != strictjson.Object {
		return v, fmt.Errorf("%w: it is not a JSON object", ErrInvalidDocument)
	}
	return v, nil
}

// relationships are the members that say what a method may be used for (CID
// 1.0 section 2.3). All of them may hold methods by value.
var relationships = [...]string{
	"assertionMethod", "authentication", "keyAgreement", "capabilityInvocation", "capabilityDelegation",
}

type methodEntry struct {
	id    string // absolute
	value strictjson.Value
}

// methodList is every method of a document, wherever it stands, and which
// ids are listed under which relationship.
type methodList struct {
	base    string
	entries []methodEntry
	seen    map[string]bool
	related map[string]map[string]bool
}

func listMethods(v strictjson.Value, base string) (*methodList, error) {
	l := &methodList{base: base, seen: map[string]bool{}, related: map[string]map[string]bool{}}
	declared, err := arrayMember(v, "verificationMethod")
	if err != nil {
		return nil, err
	}
	for _, e := range declared.Elements() {
		if _, err := l.add(e); err != nil {
			return nil, err
		}
	}
	for _, name := range relationships {
		if err := l.relate(v, name); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func arrayMember(v strictjson.Value, name string) (strictjson.Value, error) {
	m := v.Get(name)
	if m.Exists() && m.Kind() != strictjson.Array {
		return m, fmt.Errorf("%w: %s is not an array", ErrInvalidDocument, name)
	}
	return m, nil
}

func (l *methodList) relate(v strictjson.Value, name string) error {
	refs, err := arrayMember(v, name)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, e := range refs.Elements() {
		id := l.absolute(e.Text())
		if e.Kind() != strictjson.String {
			if id, err = l.add(e); err != nil {
				return fmt.Errorf("in %s: %w", name, err)
			}
		}
		ids[id] = true
	}
	l.related[name] = ids
	return nil
}

// add takes a method by value. The same id twice is refused outright: which
// of the two is meant would be the reader's choice.
func (l *methodList) add(v strictjson.Value) (string, error) {
	if v.Kind() != strictjson.Object || v.Get("id").Text() == "" {
		return "", fmt.Errorf("%w: a verification method is an object with an id", ErrInvalidDocument)
	}
	if err := refusePrivateMethod(v); err != nil {
		return "", err
	}
	id := l.absolute(v.Get("id").Text())
	if l.seen[id] {
		return "", fmt.Errorf("%w: two methods have the id %s", ErrInvalidDocument, clip(id))
	}
	if len(l.entries) == MaxMethods {
		return "", fmt.Errorf("%w: it has more than %d methods", ErrInvalidDocument, MaxMethods)
	}
	l.seen[id] = true
	l.entries = append(l.entries, methodEntry{id, v})
	return id, nil
}

// absolute resolves "#fragment", which DID Core 1.0 section 3.2.2 allows and
// many documents use.
func (l *methodList) absolute(id string) string {
	if strings.HasPrefix(id, "#") {
		return l.base + id
	}
	return id
}

// refusePrivateMethod covers every name that key material has had, present
// and former: secretKeyMultibase, privateKeyJwk, privateKeyBase58 and so on.
func refusePrivateMethod(v strictjson.Value) error {
	for name := range v.Members() {
		if strings.HasPrefix(name, "secretKey") || strings.HasPrefix(name, "privateKey") {
			return fmt.Errorf("%w: verification method with the member %s", ErrPrivateKeyExposed, clip(name))
		}
	}
	return refusePrivate(v.Get("publicKeyJwk"))
}

func readMethod(v strictjson.Value, id, document string) (VerificationMethod, error) {
	m := VerificationMethod{ID: id, Controller: document}
	owner, fragment, _ := strings.Cut(id, "#")
	if owner != document || fragment == "" || strings.Contains(fragment, "#") {
		return m, fmt.Errorf("%w: the method %s is not one of %s", ErrNotAuthorized, clip(id), clip(document))
	}
	if c := v.Get("controller"); c.Text() != document {
		return m, fmt.Errorf("%w: the controller of %s is %s", ErrNotAuthorized, clip(id), clip(c.Text()))
	}
	if err := readMaterial(v, &m); err != nil {
		return m, fmt.Errorf("method %s: %w", clip(id), err)
	}
	var err error
	if m.Expires, err = timeMember(v, "expires"); err != nil {
		return m, err
	}
	m.Revoked, err = timeMember(v, "revoked")
	return m, err
}

// readMaterial reads the key in the one form that the type of the method
// names (CID 1.0 section 2.2).
func readMaterial(v strictjson.Value, m *VerificationMethod) error {
	forms := 0
	for name := range v.Members() {
		if strings.HasPrefix(name, "publicKey") {
			forms++
		}
	}
	if forms > 1 {
		return fmt.Errorf("%w: key material in %d forms", ErrInvalidKey, forms)
	}
	var err error
	switch kind := v.Get("type").Text(); kind {
	case "Multikey":
		m.Public, err = ParseMultikey(v.Get("publicKeyMultibase").Text())
	case "Ed25519VerificationKey2020":
		m.Public, err = ParseMultikey(v.Get("publicKeyMultibase").Text())
		if alg, _ := AlgorithmOf(m.Public); err == nil && alg != EdDSA {
			err = fmt.Errorf("%w: the type is %s, the key one for %s", ErrInvalidKey, kind, alg)
		}
	case "JsonWebKey", "JsonWebKey2020":
		var k JSONWebKey
		k, err = verifyingJWK(v.Get("publicKeyJwk"))
		m.Public = k.Public
	default:
		err = fmt.Errorf("%w: the type %s", ErrUnsupported, clip(kind))
	}
	return err
}

// timeMember reads an XSD dateTimeStamp, as badges are read: a time without its
// zone is none.
func timeMember(v strictjson.Value, name string) (time.Time, error) {
	m := v.Get(name)
	if !m.Exists() {
		return time.Time{}, nil
	}
	at, err := badge.ParseTime(m.Text())
	if err != nil || at.IsZero() {
		return time.Time{}, fmt.Errorf("%w: %s is not a date and time with a zone", ErrInvalidKey, name)
	}
	return at, nil
}
