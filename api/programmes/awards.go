package programmes

import "laurel/programme"

// rowAward is what became of one achievement.
type rowAward struct {
	Achievement string            `json:"achievement"`
	Outcome     programme.Outcome `json:"outcome"`
	Credential  *string           `json:"credential"`        // its address
	Page        *string           `json:"page"`              // where anybody can check it
	Revoked     bool              `json:"revoked,omitempty"` // it exists and was taken back
	// Review is what a person must decide first, where it is held.
	Review programme.Question `json:"review,omitempty"`
}

// The places of badges.
const (
	credentials = "/credentials/"
	pages       = "/v/"
)

func (h *Handler) awards(list []programme.AwardOutcome) []rowAward {
	out := make([]rowAward, len(list))
	for n, a := range list {
		out[n] = rowAward{Achievement: a.Achievement, Outcome: a.Outcome, Credential: h.address(credentials, a.Credential), Page: h.address(pages, a.Credential), Revoked: a.Revoked, Review: a.Review}
	}
	return out
}

func open(list []programme.Open) []programme.Open {
	if list == nil {
		return []programme.Open{}
	}
	return list
}

// noDash is the edition that a caller names: "-" is one without a name.
func noDash(edition string) string {
	if edition == "-" {
		return ""
	}
	return edition
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
