package vcapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/keys"
)

// issueBody asks for a proof.
type issueBody struct {
	Credential strictjson.Value `json:"credential"`
	Options    strictjson.Value `json:"options"`
}

// Issue answers POST /credentials/issue.
func (h *Handler) Issue(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.IdempotencyKey(r); err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxBody})
	if err != nil {
		return err
	}
	var body issueBody
	if err := decode(v, "", &body); err != nil {
		return err
	}
	choice, err := readChoice(body.Options)
	if err != nil {
		return err
	}
	if !body.Credential.Exists() {
		return wire.At(wire.MissingMember, "/credential", "Give the credential to be signed as the member credential.")
	}
	signed, err := h.signer.SignCredential(r.Context(), body.Credential, choice, wire.Actor(r.Context()))
	if option := optionFault(err); option != nil {
		return option
	}
	if faults := faultsOf(err); faults != nil {
		return malformed(faults, "/credential")
	} else if err != nil {
		return err
	}
	raw := append(append([]byte(`{"verifiableCredential":`), secured(signed)...), "}\n"...)
	wire.WriteBytes(w, "application/json", http.StatusCreated, raw)
	return nil
}

// secured is the signed credential as it stands in the answer: its bytes as
// they are, and a JWS in the envelope that makes an object of it (VC data model
// 2.0 section 4.13).
func secured(signed *badge.Document) []byte {
	if signed.JWS() == nil {
		return bytes.TrimSpace(signed.Raw())
	}
	raw, _ := json.Marshal(struct { // of strings, which always marshal
		Context string `json:"@context"`
		ID      string `json:"id"`
		Type    string `json:"type"`
	}{badge.ContextCredentialsV2, "data:application/vc+jwt," + string(bytes.TrimSpace(signed.Raw())), badge.TypeEnveloped})
	return raw
}

// issueOptions are those that suites and callers of the VC-API send.
type issueOptions struct {
	// Type is DataIntegrityProof or EnvelopingProof; without it an embedded
	// proof is made.
	Type        string `json:"type"`
	Cryptosuite string `json:"cryptosuite"`
	KeyType     string `json:"keyType"` // Ed25519, P-256, P-384 or RSA
	// StatusPurpose is one purpose or several.
	StatusPurpose    strictjson.Value `json:"statusPurpose"`
	CredentialStatus strictjson.Value `json:"credentialStatus"` // {"statusPurpose": …} and a type, as older callers ask
}

// statusOption is how older callers ask for a status entry.
type statusOption struct {
	Type          string           `json:"type"`
	StatusPurpose strictjson.Value `json:"statusPurpose"`
}

const envelopingProof = "EnvelopingProof"

// keyTypes are the names of kinds of keys in the W3C suites.
var keyTypes = map[string]keys.Algorithm{"Ed25519": keys.EdDSA, "P-256": keys.ES256, "P-384": keys.ES384, "RSA": keys.RS256}

// readChoice reads the options of a request to issue.
func readChoice(v strictjson.Value) (c issuer.Choice, err error) {
	if !v.Exists() {
		return c, nil
	}
	var o issueOptions
	if err := decode(v, "/options", &o); err != nil {
		return c, err
	}
	switch o.Type {
	case "", badge.TypeDataIntegrityProof:
		c.Suite = o.Cryptosuite
	case envelopingProof:
		if c.Suite = (proof.VCJWT{}).Name(); o.Cryptosuite != "" {
			return c, wire.At(wire.InvalidOption, "/options/cryptosuite", "An enveloping proof has no cryptosuite.")
		}
	default:
		return c, wire.At(wire.InvalidOption, "/options/type", "The type of a proof is DataIntegrityProof or EnvelopingProof.")
	}
	if o.KeyType != "" {
		known := false
		if c.Key, known = keyTypes[o.KeyType]; !known {
			return c, wire.At(wire.InvalidOption, "/options/keyType", "Keys are Ed25519, P-256, P-384 or RSA.")
		}
	}
	purposes := o.StatusPurpose
	if o.CredentialStatus.Exists() {
		var s statusOption
		if err := decode(o.CredentialStatus, "/options/credentialStatus", &s); err != nil {
			return c, err
		}
		if purposes.Exists() || s.Type != "" && s.Type != badge.TypeBitstringStatusEntry {
			return c, wire.At(wire.InvalidOption, "/options/credentialStatus", "Ask for statuses once, of the type BitstringStatusListEntry.")
		}
		purposes = s.StatusPurpose
	}
	for _, p := range purposes.Each() {
		c.Purposes = append(c.Purposes, p.Text())
	}
	return c, nil
}

// options names the members of a request by what they mean to an issuer.
var options = map[string]string{"suite": "/options/cryptosuite", "key": "/options/keyType", "purposes": "/options/statusPurpose"}

func optionFault(err error) error {
	var o *issuer.OptionError
	if !errors.As(err, &o) {
		return nil
	}
	return wire.At(wire.InvalidOption, options[o.Option], o.Detail)
}
