package verifier

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/status"
	"laurel/internal/strictjson"
)

// listAnswer is a status list that held, or the finding why it did not.
type listAnswer struct {
	finding  Finding
	purposes []string
	bits     *status.List
	revoked  map[string]string // of a list of ids: the reason by the id
}

// readList fetches a list and verifies it as what it is: a credential, by the
// same checks as any other, of the same issuer, one level deep. Bitstring
// Status List lets another issuer keep the list and leaves open how that would
// be granted, so nobody else's list counts here.
func (s *subject) readList(ctx context.Context, url, ptr string) listAnswer {
	raw, err := s.errands.list(ctx, url)
	if err != nil {
		return unreachableList(ptr, err)
	}
	raw, fresh := s.newest(ctx, url, raw)
	answer := s.readListText(ctx, url, ptr, raw, fresh)
	if answer.finding.Code == StatusListExpired { // the copy, perhaps, and not the list
		if newer, fresh := s.newest(ctx, url, raw); fresh && !bytes.Equal(newer, raw) {
			return s.readListText(ctx, url, ptr, newer, fresh)
		}
	}
	return answer
}

// newest asks for a newer list where this one is known to be older than it
// allows itself.
func (s *subject) newest(ctx context.Context, url string, raw []byte) (newest []byte, fresh bool) {
	if s.v.lists.overdue(url, raw, s.now) {
		if newer, ok := s.errands.freshList(ctx, url); ok {
			return newer, true
		}
	}
	return raw, false
}

func (s *subject) readListText(ctx context.Context, url, ptr string, raw []byte, fresh bool) listAnswer {
	if answer, ok := s.recall(ctx, url, raw); ok {
		return answer
	}
	d, told := openList(raw, ptr)
	if told != nil {
		return *told
	}
	l := &subject{v: s.v, doc: d, opts: Options{Generic: true}, now: s.now, errands: s.errands, isList: true}
	verified := l.verifyList(ctx, ptr)
	switch {
	case verified.Outcome != Passed && !outOfTime(verified):
		return listAnswer{finding: verified}
	case l.issuerID() != s.issuerID():
		return wrongList(ptr, statusVerification+"The list is of the issuer %s.", clip(l.issuerID(), 120))
	case d.Root().Get("id").Text() != url:
		return wrongList(ptr, statusVerification+"The list has another id than its address.")
	}
	answer := readBits(d.Root(), ptr)
	if answer.finding.Outcome == Passed {
		answer.finding = verified
	}
	l.remember(ctx, url, raw, answer, fresh)
	return answer
}

// openList reads a list in any of its forms.
func openList(raw []byte, ptr string) (*badge.Document, *listAnswer) {
	say := func(a listAnswer) (*badge.Document, *listAnswer) { return nil, &a }
	d, err := badge.Parse(plainText(raw))
	if tooMany(err) {
		return say(listAnswer{finding: unknown(StatusUnsupported, ptr, "%v", err)})
	}
	if err != nil { // a page of the host's, perhaps: nothing that the issuer says was read
		return say(noList(ptr, err))
	}
	sub := submit(d)
	if told := sub.finding; told != nil && told.Outcome == Unknown {
		return say(listAnswer{finding: unknown(StatusUnsupported, ptr, "%s", told.Detail)})
	} else if told != nil {
		return say(wrongList(ptr, statusVerification+"The list cannot be read: %s", told.Detail))
	}
	return sub.document, nil
}

func noList(ptr string, err error) listAnswer {
	a := unreachableList(ptr, err)
	a.finding.Detail = statusRetrieval + "What stands at its address is no status list."
	return a
}

func wrongList(ptr, format string, args ...any) listAnswer {
	return listAnswer{finding: failed(StatusListInvalid, ptr, format, args...)}
}

func unreachableList(ptr string, err error) listAnswer {
	f := unknown(StatusListUnreachable, ptr, statusRetrieval+"The list could not be fetched.")
	f.Cause = err
	return listAnswer{finding: f}
}

// lastKnown puts beside a list that cannot be had what it said when it was
// had last: the code in "last", and when that was in "lastAt".
func (s *subject) lastKnown(f *Finding, url string, read func(listAnswer) Finding) {
	k, ok := s.v.lists.last(url)
	if !ok || k.issuer != s.issuerID() {
		return
	}
	if last := read(k.answer); last.Code != StatusListInvalid {
		f.Params = withParams(f.Params, "last", string(last.Code), "lastAt", k.from.UTC().Format(time.RFC3339))
	}
}

// verifyList runs the checks that a list has to pass.
func (s *subject) verifyList(ctx context.Context, ptr string) Finding {
	for i := range statusListChecks {
		s.ask(ctx, &statusListChecks[i])
	}
	worst := gravestBeyondTime(s.findings, s.timeAbove())
	if worst.Code == NoKey { // the reason stands beside it
		r := Report{Findings: s.findings}
		worst = r.Finding(CheckIssuerKey)
	}
	f := Finding{Outcome: worst.Outcome, Pointer: ptr, Cause: worst.Cause,
		Detail: statusVerification + "The list's own " + string(worst.Check) + " is " + string(worst.Code) + ". " + worst.Detail}
	switch {
	case worst.Outcome == Failed && !isTime(worst):
		f.Code = StatusListInvalid
	case worst.Code == KeyUnreachable:
		f.Code = StatusListUnreachable
	case worst.Code == InternalFault:
		f.Code = InternalFault
	case s.doc.Root().Get("credentialStatus").Exists() && worst.Outcome != Unknown:
		return failed(StatusListInvalid, ptr, statusVerification+"The list has a status of its own.")
	case worst.Code == NotYetValid:
		f.Outcome, f.Code = Unknown, StatusListNotYetValid
	case isTime(worst):
		f.Outcome, f.Code, f.Params = Unknown, StatusListExpired, withParams(nil, "until", worst.Params["until"])
	case worst.Outcome == Unknown || !s.held(CheckProof) || !s.held(CheckIssuerKey):
		f.Outcome, f.Code = Unknown, StatusUnsupported
	default:
		return passed(OK)
	}
	return f
}

// isTime tells of a fault that it is one of time alone.
func isTime(f Finding) bool {
	return f.Outcome == Failed && (f.Code == Expired || f.Code == NotYetValid || f.Code == ProofExpired)
}

// outOfTime tells that a list is the issuer's and in order, but for its time.
func outOfTime(f Finding) bool {
	return f.Code == StatusListExpired || f.Code == StatusListNotYetValid
}

// readBits reads the list itself (Bitstring Status List section 2.2, and
// Status List 2021, which it grew from).
func readBits(root strictjson.Value, ptr string) listAnswer {
	subject := root.Get("credentialSubject")
	bitstring := badge.HasType(root.Get("type"), badge.TypeBitstringStatusList) && badge.HasType(subject.Get("type"), badge.BitstringStatusListTypeID)
	older := badge.HasType(root.Get("type"), "StatusList2021Credential") && badge.HasType(subject.Get("type"), "StatusList2021")
	if !bitstring && !older {
		return wrongList(ptr, statusVerification+"This is no Bitstring Status List.")
	}
	a := listAnswer{finding: passed(OK)}
	for _, p := range subject.Get("statusPurpose").Each() {
		a.purposes = append(a.purposes, p.Text())
	}
	text, _, err := stringMember(subject, "encodedList")
	if err != nil {
		return wrongList(ptr, "%s", statusMalformed+err.Error())
	}
	a.bits, err = decode(text)
	switch {
	case errors.Is(err, status.ErrTooLarge):
		return listAnswer{finding: unknown(StatusUnsupported, ptr, "%v", err)}
	case errors.Is(err, status.ErrLength):
		return wrongList(ptr, "%s", statusListLength+err.Error())
	case err != nil:
		return wrongList(ptr, "%s", statusMalformed+err.Error())
	}
	return a
}

// decode also reads lists without the multibase prefix, as older issuers
// write them.
func decode(text string) (*status.List, error) {
	if strings.HasPrefix(text, "u") {
		return status.Decode(text, status.DefaultMaxBytes)
	}
	return status.DecodeBare(text, status.DefaultMaxBytes)
}

// askRevocationList asks a list of revoked ids (1EdTech Revocation List Status
// Method 1.0), which older badges name. Nothing signs it: it is the word of
// the site that the signed badge names, and the code says so.
func (s *subject) askRevocationList(ctx context.Context, st *states, v strictjson.Value, ptr string) Finding {
	url := v.Get("id").Text()
	id := s.doc.Root().Get("id").Text()
	if !isURL(url) || id == "" {
		return failed(StatusListInvalid, ptr+"/id", statusMalformed+"The status names the address of its list, and the credential has an id.")
	}
	answer := st.list(url, func() listAnswer { return s.readRevocationList(ctx, url, ptr) })
	f := answer.finding
	if f.Outcome == Passed {
		f = answer.named(id, ptr)
	}
	f.Params = withParams(f.Params, "list", url)
	if f.Code == StatusListUnreachable {
		s.lastKnown(&f, url, func(a listAnswer) Finding { return a.named(id, ptr) })
	}
	return f
}

func (a listAnswer) named(id, ptr string) Finding {
	if a.revoked == nil { // the address was read as a list of bits
		return failed(StatusListInvalid, ptr, statusMalformed+"This is no list of revoked credentials.")
	}
	reason, revoked := a.revoked[id]
	if !revoked {
		return passed(NotRevokedUnsigned)
	}
	f := failed(Revoked, ptr, "The list, which is not signed, names the badge.")
	f.Params = withParams(nil, "reason", reason)
	return f
}

// readRevocationList: a list that names an issuer or an id has to name those
// that belong here. An id counts as revoked unless the list says that it is
// not.
func (s *subject) readRevocationList(ctx context.Context, url, ptr string) listAnswer {
	raw, err := s.errands.list(ctx, url)
	if err != nil {
		return unreachableList(ptr, err)
	}
	root, err := strictjson.Parse(raw, strictjson.Limits{Bytes: badge.MaxBytes})
	if err != nil { // a page of the host's, perhaps
		return noList(ptr, err)
	}
	entries := root.Get("revokedCredential")
	switch issuer := idOf(root.Get("issuer")); {
	case root.Kind() != strictjson.Object || !entries.Exists() && !badge.HasType(root.Get("type"), typeRevocationList):
		return wrongList(ptr, statusMalformed+"This is no list of revoked credentials.")
	case issuer != "" && issuer != s.issuerID():
		return wrongList(ptr, statusVerification+"The list is of the issuer %s.", clip(issuer, 120))
	case root.Get("id").Exists() && root.Get("id").Text() != url:
		return wrongList(ptr, statusVerification+"The list has another id than its address.")
	}
	a := listAnswer{finding: passed(OK), revoked: map[string]string{}}
	for _, e := range entries.Each() {
		id := idOf(e)
		if id == "" {
			return wrongList(ptr, statusMalformed+"An entry names a credential.")
		}
		if r := e.Get("revoked"); !r.IsBool() || r.Bool() {
			a.revoked[id] = clip(firstText(e.Get("revocationReason"), e.Get("statusReason")), 200)
		}
	}
	s.v.lists.put(url, knownList{raw: raw, issuer: s.issuerID(), from: s.now, answer: a}, true)
	return a
}

// idOf reads what stands as its id, or as an object that has one.
func idOf(v strictjson.Value) string {
	if v.Kind() == strictjson.String {
		return v.Text()
	}
	return v.Get("id").Text()
}

func firstText(values ...strictjson.Value) string {
	for _, v := range values {
		if t := v.Text(); t != "" {
			return t
		}
	}
	return ""
}
