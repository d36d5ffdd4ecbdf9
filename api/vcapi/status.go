package vcapi

import (
	"net/http"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// statusBody asks for another status (VCALM appendix C).
type statusBody struct {
	CredentialID     string `json:"credentialId"`
	CredentialStatus struct {
		ID                   *string `json:"id"`
		Type                 *string `json:"type"`
		StatusPurpose        string  `json:"statusPurpose"`
		StatusListIndex      *string `json:"statusListIndex"`
		StatusListCredential *string `json:"statusListCredential"`
	} `json:"credentialStatus"`
	Status *bool `json:"status"`
}

// maxStatus bounds a change of status, in bytes.
const maxStatus = 16 << 10

// Status answers POST /credentials/status.
func (h *Handler) Status(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.IdempotencyKey(r); err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxStatus})
	if err != nil {
		return err
	}
	var body statusBody
	if err := decode(v, "", &body); err != nil {
		return err
	}
	if body.Status == nil {
		return wire.At(wire.MissingMember, "/status", "Say true for revoked or suspended, false for not.")
	}
	token := wire.Token(r.Context())
	err = h.signer.SetStatus(r.Context(), issuer.StatusRequest{CredentialID: body.CredentialID,
		Purpose: body.CredentialStatus.StatusPurpose, List: text(body.CredentialStatus.StatusListCredential),
		Index: text(body.CredentialStatus.StatusListIndex), Set: *body.Status, Actor: wire.Actor(r.Context()),
		MayTouch: func(slug string) bool {
			return token.Allows(auth.Revoke, slug) == nil || slug == issuer.VCAPISlug && token.Allows(auth.VCIssue, slug) == nil
		}})
	if faults := faultsOf(err); faults != nil {
		list := wire.FieldErrors(faults)
		return &wire.Fault{Code: wire.MalformedBody, Detail: list[0].Message, Errors: list}
	} else if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct{}{})
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
