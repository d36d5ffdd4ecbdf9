package verifier

import (
	"context"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// checkValidity compares the period of validity with the present (OB 3.0
// section 9.1 steps 9 and 10), as instants and without leeway.
func checkValidity(_ context.Context, s *subject) Finding {
	from, begins, err := s.bound("nbf", later, s.dates("validFrom", "issuanceDate")...)
	if err != nil {
		return failed(BadDate, pointerTo(begins), "%v", err)
	}
	until, ends, err := s.bound("exp", earlier, s.dates("validUntil", "expirationDate")...)
	if err != nil {
		return failed(BadDate, pointerTo(ends), "%v", err)
	}
	f := Finding{Outcome: Passed, Code: OK, Params: map[string]string{}}
	if !from.IsZero() {
		f.Params["from"] = from.UTC().Format(time.RFC3339)
	}
	if !until.IsZero() {
		f.Params["until"] = until.UTC().Format(time.RFC3339)
	}
	switch {
	case !until.IsZero() && until.Before(from):
		return failed(BadDate, pointerTo(ends), "It ends before it begins.")
	case s.now.Before(from):
		f.Outcome, f.Code, f.Pointer = Failed, NotYetValid, pointerTo(begins)
	case !until.IsZero() && s.now.After(until):
		f.Outcome, f.Code, f.Pointer = Failed, Expired, pointerTo(ends)
	case until.IsZero():
		f.Code = NoEnd
	}
	return f
}

func later(a, b time.Time) bool   { return a.After(b) }
func earlier(a, b time.Time) bool { return a.Before(b) }

// dates are the names of a date in the data model of the credential. That of
// 1.1 has kept those of 2.0 for later.
func (s *subject) dates(name, former string) []string {
	if s.earlier {
		return []string{name, former}
	}
	return []string{name}
}

// bound reads one end of the period: the member, by the names that the two
// data models have for it, and in a JWS the claim beside it. Where several
// stand the tightest one counts, and name is that of its member; zero is none.
func (s *subject) bound(claim string, tighter func(a, b time.Time) bool, members ...string) (end time.Time, name string, err error) {
	for _, member := range members {
		text, ok, err := stringMember(s.doc.Root(), member)
		if err != nil {
			return end, member, err
		}
		if !ok {
			continue
		}
		at, err := badge.ParseTime(text)
		if err != nil {
			return end, member, fmt.Errorf("%s: %w", member, err)
		}
		if end.IsZero() || tighter(at, end) {
			end, name = at, member
		}
	}
	if s.doc.JWS() == nil {
		return end, name, nil
	}
	claimed, err := numericDate(s.doc.JWS().Payload.Get(claim))
	if err != nil {
		return end, "", fmt.Errorf("%s: %w", claim, err)
	}
	if !claimed.IsZero() && (end.IsZero() || tighter(claimed, end)) {
		end = claimed
	}
	return end, name, nil
}

// pointerTo points to a member of the credential; "" to none.
func pointerTo(member string) string {
	if member == "" {
		return ""
	}
	return "/" + member
}

// numericDate reads seconds since 1970 (RFC 7519 section 2); the zero time
// when there are none.
func numericDate(v strictjson.Value) (time.Time, error) {
	if !v.Exists() {
		return time.Time{}, nil
	}
	at, ok := strictjson.NumericDate(v)
	if !ok {
		return at, fmt.Errorf("%s is no moment", clip(v.Raw(), 40))
	}
	return at, nil
}
