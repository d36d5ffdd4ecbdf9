package verifier

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/badge/status"
	"laurel/internal/strictjson"
)

// Error names of Bitstring Status List section 3.5 and VC data model section
// 7.1, told in Detail.
const (
	statusRetrieval    = "STATUS_RETRIEVAL_ERROR: "
	statusVerification = "STATUS_VERIFICATION_ERROR: "
	statusListLength   = "STATUS_LIST_LENGTH_ERROR: "
	statusRange        = "RANGE_ERROR: "
	statusMalformed    = "MALFORMED_VALUE_ERROR: "
)

// states are the answers of all status entries of a credential, by the check
// that tells them, and the lists that were read for them.
type states struct {
	revocation, suspension []Finding
	lists                  map[string]listAnswer
}

// checkRevocation asks the status lists that the credential names (OB 3.0
// section 9.1 step 8; Bitstring Status List section 3.2). It also speaks for
// entries that are not understood: a declared status is never passed over.
func checkRevocation(ctx context.Context, s *subject) Finding {
	return stateFinding(s.examine(ctx).revocation)
}

func checkSuspension(ctx context.Context, s *subject) Finding {
	return stateFinding(s.examine(ctx).suspension)
}

func stateFinding(answers []Finding) Finding {
	if len(answers) == 0 {
		return skipped(NoStatus)
	}
	return gravest(answers)
}

// examine reads every entry once.
func (s *subject) examine(ctx context.Context) *states {
	if s.states != nil {
		return s.states
	}
	st := &states{lists: map[string]listAnswer{}}
	member := s.doc.Root().Get("credentialStatus")
	for i, v := range member.Each() {
		ptr := "/credentialStatus"
		if member.Kind() == strictjson.Array {
			ptr = strictjson.Pointer(ptr, strconv.Itoa(i))
		}
		s.examineEntry(ctx, st, v, ptr)
	}
	s.states = st
	return st
}

// purposes are the statuses that decide whether a credential counts. Those of
// "refresh" and "message" do not (Bitstring Status List section 2.1).
var purposes = map[string]struct{ set, unset Code }{
	badge.StatusPurposeRevocation: {Revoked, NotRevoked},
	badge.StatusPurposeSuspension: {Suspended, NotSuspended},
}

func (s *subject) examineEntry(ctx context.Context, st *states, v strictjson.Value, ptr string) {
	if !badge.HasType(v.Get("type"), badge.TypeBitstringStatusEntry) {
		st.revocation = append(st.revocation, unknown(StatusUnsupported, ptr+"/type",
			"Statuses of the type %s are not read here.", clip(v.Get("type").Raw(), 80)))
		return
	}
	purpose, _, err := stringMember(v, "statusPurpose")
	switch {
	case err != nil || purpose == "":
		st.revocation = append(st.revocation, failed(StatusListInvalid, ptr+"/statusPurpose", statusMalformed+"An entry has one purpose."))
	case purpose == "refresh" || purpose == "message":
	case purpose == badge.StatusPurposeRevocation:
		st.revocation = append(st.revocation, s.entryState(ctx, st, v, purpose, ptr))
	case purpose == badge.StatusPurposeSuspension:
		st.suspension = append(st.suspension, s.entryState(ctx, st, v, purpose, ptr))
	default:
		st.revocation = append(st.revocation, unknown(StatusUnsupported, ptr+"/statusPurpose",
			"What the purpose %s means for the credential is not known here.", clip(strconv.Quote(purpose), 80)))
	}
}

// entryState answers one entry.
func (s *subject) entryState(ctx context.Context, st *states, v strictjson.Value, purpose, ptr string) Finding {
	entry, f := readEntry(v, ptr)
	if f.Outcome != Passed {
		return f
	}
	f = s.askList(ctx, st, entry, purpose, ptr)
	f.Params = map[string]string{"list": entry.list, "index": strconv.Itoa(entry.index)}
	if f.Code == Revoked && s.v.newer != nil {
		if address, ok := s.v.newer(ctx, entry.list, entry.index); ok {
			f.Code, f.Params[ParamNewer] = Superseded, address
		}
	}
	return f
}

func (s *subject) askList(ctx context.Context, st *states, e entry, purpose, ptr string) Finding {
	answer, known := st.lists[e.list]
	if !known {
		answer = s.readList(ctx, e.list, ptr)
		st.lists[e.list] = answer
	}
	if answer.finding.Outcome != Passed {
		return answer.finding
	}
	if !slices.Contains(answer.purposes, purpose) {
		return failed(StatusListInvalid, ptr, statusVerification+"The list is not for %s.", purpose)
	}
	on, err := answer.bits.Bit(e.index)
	switch {
	case errors.Is(err, status.ErrRange):
		return failed(StatusListInvalid, ptr+"/statusListIndex", statusRange+"%v", err)
	case err != nil:
		return failed(StatusListInvalid, ptr, statusListLength+"%v", err)
	case on:
		return failed(purposes[purpose].set, ptr, "The entry is set.")
	}
	return passed(purposes[purpose].unset)
}

// entry is a status entry as far as it is needed.
type entry struct {
	list  string
	index int
}

// readEntry holds an entry to Bitstring Status List section 2.1. The index is
// a string there; the examples of Open Badges had it as a number, which is
// read too.
func readEntry(v strictjson.Value, ptr string) (entry, Finding) {
	bad := func(name, format string, args ...any) (entry, Finding) {
		return entry{}, failed(StatusListInvalid, strictjson.Pointer(ptr, name), statusMalformed+format, args...)
	}
	list, _, err := stringMember(v, "statusListCredential")
	if err != nil || !isURL(list) {
		return bad("statusListCredential", "An entry names the address of its list.")
	}
	if v.Get("id").Text() == list {
		return bad("id", "The entry has the id of its list.")
	}
	position := v.Get("statusListIndex")
	text := position.Text()
	if position.Kind() == strictjson.Number {
		text = position.Raw()
	}
	index, err := status.ParseIndex(text)
	if err != nil {
		return bad("statusListIndex", "%v", err)
	}
	if f := readSize(v, ptr); f.Outcome != Passed {
		return entry{}, f
	}
	return entry{list, index}, passed(OK)
}

// readSize: entries of one bit are read; wider ones carry messages.
func readSize(v strictjson.Value, ptr string) Finding {
	size := v.Get("statusSize")
	if !size.Exists() || size.Raw() == "1" {
		return passed(OK)
	}
	if n, err := strconv.ParseInt(size.Raw(), 10, 32); err != nil || n < 1 {
		return failed(StatusListInvalid, ptr+"/statusSize", statusMalformed+"statusSize is a whole number of bits.")
	}
	return unknown(StatusUnsupported, ptr+"/statusSize", "Entries of more than one bit are not read here.")
}

// isURL: what may really be fetched is the decision of the StatusSource.
func isURL(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}

// listAnswer is a status list that held, or the finding why it did not.
type listAnswer struct {
	finding  Finding
	purposes []string
	bits     *status.List
}

// readList fetches a list and verifies it as what it is: a credential, by the
// same checks as any other, of the same issuer, one level deep.
func (s *subject) readList(ctx context.Context, url, ptr string) listAnswer {
	wrong := func(format string, args ...any) listAnswer {
		return listAnswer{finding: failed(StatusListInvalid, ptr, format, args...)}
	}
	raw, err := s.errands.list(ctx, url)
	if err != nil {
		f := unknown(StatusListUnreachable, ptr, statusRetrieval+"The list could not be fetched.")
		f.Cause = err
		return listAnswer{finding: f}
	}
	if answer, ok := s.recall(ctx, url, raw); ok {
		return answer
	}
	d, err := badge.Parse(raw)
	if tooMany(err) {
		return listAnswer{finding: unknown(StatusUnsupported, ptr, "%v", err)}
	}
	if err != nil {
		return wrong(statusVerification+"The list cannot be read: %v", err)
	}
	l := &subject{v: s.v, doc: d, opts: Options{Generic: true}, now: s.now, errands: s.errands, isList: true}
	if f := l.verifyList(ctx, ptr); f.Outcome != Passed {
		return listAnswer{finding: f}
	}
	if l.issuerID() != s.issuerID() {
		return wrong(statusVerification+"The list is of the issuer %s.", clip(l.issuerID(), 120))
	}
	if d.Root().Get("id").Text() != url {
		return wrong(statusVerification + "The list has another id than its address.")
	}
	answer := readBits(d.Root(), ptr)
	l.remember(ctx, url, answer)
	return answer
}

// verifyList runs the checks that a list has to pass.
func (s *subject) verifyList(ctx context.Context, ptr string) Finding {
	for _, c := range statusListChecks {
		s.ask(ctx, c)
	}
	worst := gravest(s.findings)
	if worst.Code == NoKey { // the reason stands beside it
		r := Report{Findings: s.findings}
		worst = r.Finding(CheckIssuerKey)
	}
	f := Finding{Outcome: worst.Outcome, Pointer: ptr, Cause: worst.Cause,
		Detail: statusVerification + "The list's own " + string(worst.Check) + " is " + string(worst.Code) + ". " + worst.Detail}
	switch {
	case worst.Outcome == Failed:
		f.Code = StatusListInvalid
	case worst.Code == KeyUnreachable:
		f.Code = StatusListUnreachable
	case worst.Code == InternalFault:
		f.Code = InternalFault
	case worst.Outcome == Unknown || !s.held(CheckProof) || !s.held(CheckIssuerKey):
		f.Outcome, f.Code = Unknown, StatusUnsupported
	case s.doc.Root().Get("credentialStatus").Exists():
		return failed(StatusListInvalid, ptr, statusVerification+"The list has a status of its own.")
	default:
		return passed(OK)
	}
	return f
}

// readBits reads the list itself (Bitstring Status List section 2.2).
func readBits(root strictjson.Value, ptr string) listAnswer {
	wrong := func(detail string) listAnswer {
		return listAnswer{finding: failed(StatusListInvalid, ptr, "%s", detail)}
	}
	subject := root.Get("credentialSubject")
	if !badge.HasType(root.Get("type"), badge.TypeBitstringStatusList) || !badge.HasType(subject.Get("type"), badge.BitstringStatusListTypeID) {
		return wrong(statusVerification + "This is no Bitstring Status List.")
	}
	a := listAnswer{finding: passed(OK)}
	for _, p := range subject.Get("statusPurpose").Each() {
		a.purposes = append(a.purposes, p.Text())
	}
	text, _, err := stringMember(subject, "encodedList")
	if err != nil {
		return wrong(statusMalformed + err.Error())
	}
	a.bits, err = decode(text)
	switch {
	case errors.Is(err, status.ErrTooLarge):
		return listAnswer{finding: unknown(StatusUnsupported, ptr, "%v", err)}
	case errors.Is(err, status.ErrLength):
		return wrong(statusListLength + err.Error())
	case err != nil:
		return wrong(statusMalformed + err.Error())
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
