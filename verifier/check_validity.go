package verifier

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
)

// checkValidity compares the period of validity with the present (OB 3.0
// section 9.1 steps 9 and 10), as instants and without leeway.
func checkValidity(_ context.Context, s *subject) Finding {
	root := s.doc.Root()
	from, err := s.bound("validFrom", "nbf", later)
	if err != nil {
		return failed(BadDate, "/validFrom", "%v", err)
	}
	until, err := s.bound("validUntil", "exp", earlier)
	if err != nil {
		return failed(BadDate, "/validUntil", "%v", err)
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
		return failed(BadDate, "/validUntil", "It ends before it begins.")
	case s.now.Before(from):
		f.Outcome, f.Code, f.Pointer = Failed, NotYetValid, present(root, "validFrom")
	case !until.IsZero() && s.now.After(until):
		f.Outcome, f.Code, f.Pointer = Failed, Expired, present(root, "validUntil")
	case until.IsZero():
		f.Code = NoEnd
	}
	return f
}

func present(root strictjson.Value, name string) string {
	if root.Get(name).Exists() {
		return strictjson.Pointer("", name)
	}
	return ""
}

func later(a, b time.Time) bool   { return a.After(b) }
func earlier(a, b time.Time) bool { return a.Before(b) }

// bound reads one end of the period: the member, and in a JWS the claim beside
// it. Where both stand the tighter one counts; zero is neither.
func (s *subject) bound(member, claim string, tighter func(a, b time.Time) bool) (time.Time, error) {
	text, ok, err := stringMember(s.doc.Root(), member)
	if err != nil {
		return time.Time{}, err
	}
	var at time.Time
	if ok {
		if at, err = badge.ParseTime(text); err != nil {
			return at, fmt.Errorf("%s: %w", member, err)
		}
	}
	if s.doc.JWS() == nil {
		return at, nil
	}
	claimed, err := numericDate(s.doc.Root().Get(claim))
	if err != nil {
		return at, fmt.Errorf("%s: %w", claim, err)
	}
	if !claimed.IsZero() && (!ok || tighter(claimed, at)) {
		return claimed, nil
	}
	return at, nil
}

// maxNumericDate is the last second of the year 9999.
const maxNumericDate = 253402300799

// numericDate reads seconds since 1970 (RFC 7519 section 2); the zero time
// when there are none.
func numericDate(v strictjson.Value) (time.Time, error) {
	if !v.Exists() {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(v.Raw(), 64)
	if v.Kind() != strictjson.Number || err != nil || seconds < 0 || seconds > maxNumericDate {
		return time.Time{}, fmt.Errorf("%s is no moment", clip(v.Raw(), 40))
	}
	return time.Unix(int64(seconds), 0), nil
}
