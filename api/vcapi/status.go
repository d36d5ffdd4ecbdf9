package vcapi

import (
	"net/http"
	"strconv"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// statusBody asks for another status (VCALM appendix C). The schema there has
// one entry, its example a list of them; both are taken.
type statusBody struct {
	CredentialID     string           `json:"credentialId"`
	CredentialStatus strictjson.Value `json:"credentialStatus"`
	Status           *bool            `json:"status"`
}

// statusEntry names a status by what is signed.
type statusEntry struct {
	ID                   *string `json:"id"`
	Type                 *string `json:"type"`
	StatusPurpose        string  `json:"statusPurpose"`
	StatusListIndex      *string `json:"statusListIndex"`
	StatusListCredential *string `json:"statusListCredential"`
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
	entries, err := statusEntries(body.CredentialStatus)
	if err != nil {
		return err
	}
	token := wire.Token(r.Context())
	err = h.signer.SetStatus(r.Context(), issuer.StatusRequest{CredentialID: body.CredentialID, Entries: entries,
		Set: *body.Status, Actor: wire.Actor(r.Context()),
		MayTouch: func(slug string) bool {
			return wire.MayTouch(r.Context(), slug, auth.Revoke) || slug == issuer.VCAPISlug && token.Allows(auth.VCIssue, slug) == nil
		}})
	if faults := faultsOf(err); faults != nil {
		list := wire.FieldErrors(faults)
		return &wire.Fault{Code: wire.MalformedBody, Detail: list[0].Message, Errors: list}
	} else if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct{}{})
}

// maxEntries is how many statuses a credential can have: one of each purpose.
const maxEntries = 2

// statusEntries reads one entry, or a list of them.
func statusEntries(v strictjson.Value) ([]issuer.StatusEntry, error) {
	const at = "/credentialStatus"
	if !v.Exists() || v.Kind() == strictjson.Array && v.Len() == 0 {
		return nil, wire.At(wire.MissingMember, at, "Name the status that is to change, or several as a list.")
	}
	if v.Kind() == strictjson.Array && v.Len() > maxEntries {
		return nil, wire.At(wire.MalformedBody, at, "A credential has at most two statuses, one of each purpose.")
	}
	var list []issuer.StatusEntry
	for n, e := range v.Each() {
		pointer := at
		if v.Kind() == strictjson.Array {
			pointer += "/" + strconv.Itoa(n)
		}
		var entry statusEntry
		if err := decode(e, pointer, &entry); err != nil {
			return nil, err
		}
		list = append(list, issuer.StatusEntry{Purpose: entry.StatusPurpose, List: text(entry.StatusListCredential),
			Index: text(entry.StatusListIndex), Pointer: pointer})
	}
	return list, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
