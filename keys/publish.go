package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The contexts of a published document, each only where its terms are used.
const (
	contextDID      = "https://www.w3.org/ns/did/v1"
	contextMultikey = "https://w3id.org/security/multikey/v1"
	contextJWK      = "https://w3id.org/security/jwk/v1"
)

type documentJSON struct {
	Context        []string     `json:"@context"`
	ID             string       `json:"id"`
	Methods        []methodJSON `json:"verificationMethod"`
	Assertion      []string     `json:"assertionMethod,omitempty"`
	Authentication []string     `json:"authentication,omitempty"`
}

type methodJSON struct {
	ID         string            `json:"id"`
	Type       string            `json:"type"`
	Controller string            `json:"controller"`
	Expires    string            `json:"expires,omitempty"`
	Revoked    string            `json:"revoked,omitempty"`
	Multibase  string            `json:"publicKeyMultibase,omitempty"`
	JWK        map[string]string `json:"publicKeyJwk,omitempty"`
}

// Document writes the DID document of a controller: Multikey for Ed25519 and
// ECDSA keys, JsonWebKey for RSA, absolute ids, relationships as lists of ids.
// The bytes are the same for the same methods in the same order. A method that
// is not the controller's own, or stands twice, is ErrInvalidDocument; other
// errors are what CheckPublic has against a key.
func Document(id string, methods []VerificationMethod) ([]byte, error) {
	doc := documentJSON{ID: id, Methods: make([]methodJSON, 0, len(methods))}
	used := map[string]bool{}
	seen := map[string]bool{}
	for _, m := range methods {
		if m.Controller != id || !strings.HasPrefix(m.ID, id+"#") || seen[m.ID] {
			return nil, fmt.Errorf("%w: %s is not a method of %s alone", ErrInvalidDocument, clip(m.ID), clip(id))
		}
		seen[m.ID] = true
		entry, err := publishMethod(m)
		if err != nil {
			return nil, fmt.Errorf("method %s: %w", clip(m.ID), err)
		}
		used[entry.Type] = true
		doc.Methods = append(doc.Methods, entry)
		if m.Assertion {
			doc.Assertion = append(doc.Assertion, m.ID)
		}
		if m.Authentication {
			doc.Authentication = append(doc.Authentication, m.ID)
		}
	}
	doc.Context = contexts(used)
	return json.Marshal(doc)
}

func contexts(used map[string]bool) []string {
	list := []string{contextDID}
	if used["Multikey"] {
		list = append(list, contextMultikey)
	}
	if used["JsonWebKey"] {
		list = append(list, contextJWK)
	}
	return list
}

func publishMethod(m VerificationMethod) (methodJSON, error) {
	out := methodJSON{ID: m.ID, Controller: m.Controller, Expires: stamp(m.Expires), Revoked: stamp(m.Revoked)}
	text, err := Multikey(m.Public)
	if err == nil {
		out.Type, out.Multibase = "Multikey", text
		return out, nil
	}
	if !errors.Is(err, ErrUnsupported) {
		return out, err
	}
	out.Type = "JsonWebKey"
	out.JWK, err = jwkMembers(m.Public)
	return out, err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
