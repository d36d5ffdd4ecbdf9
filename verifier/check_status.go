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

// Kinds of status entries beside that of badge.TypeBitstringStatusEntry.
const (
	typeStatusList2021Entry = "StatusList2021Entry"
	typeRevocationList      = "1EdTechRevocationList"
)

// Purposes that do not decide whether a credential counts (Bitstring Status
// List section 2.1).
const (
	purposeRefresh = "refresh"
	purposeMessage = "message"
)

// maxStatuses bounds how many status entries of one credential are looked at.
const maxStatuses = 128

// states are the answers of all status entries of a credential, by the check
// that tells them, and the lists that were read for them.
type states struct {
	revocation, suspension, message, refresh []Finding
	lists                                    []readAnswer
}

// readAnswer is what was read at an address.
type readAnswer struct {
	url string
	listAnswer
}

// list reads the list at an address once, however many entries name it.
func (st *states) list(url string, read func() listAnswer) listAnswer {
	for i := range st.lists {
		if st.lists[i].url == url {
			return st.lists[i].listAnswer
		}
	}
	a := read()
	st.lists = append(st.lists, readAnswer{url, a})
	return a
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

// checkStatusMessage tells what the issuer says of the credential beside
// whether it counts.
func checkStatusMessage(ctx context.Context, s *subject) Finding {
	return stateFinding(s.examine(ctx).message)
}

// hasStatusMessage: the question is put only where there may be an answer.
func hasStatusMessage(s *subject) bool {
	for _, v := range s.doc.Root().Get("credentialStatus").Each() {
		if v.Get("statusPurpose").Text() == purposeMessage {
			return true
		}
	}
	return false
}

func stateFinding(answers []Finding) Finding {
	if len(answers) == 0 {
		return skipped(NoStatus)
	}
	return gravest(answers)
}

// examine reads every entry once.
func (s *subject) examine(ctx context.Context) *states {
	if s.examined {
		return &s.states
	}
	st := &s.states
	*st = states{} // an examination that broke off counts for nothing
	member := s.doc.Root().Get("credentialStatus")
	if n := values(member); n > maxStatuses { // none, since nobody signs which are the first
		st.revocation = []Finding{unknown(OverBudget, "/credentialStatus", "There are %d status entries; at most %d are looked at.", n, maxStatuses)}
		s.examined = true
		return st
	}
	ids := entriesByID{}
	for i, v := range member.Each() {
		ptr := "/credentialStatus"
		if member.Kind() == strictjson.Array {
			ptr = strictjson.Pointer(ptr, strconv.Itoa(i))
		}
		if s.doc.JWS() == nil && !s.signsJSON && ids.exchangeable(v) {
			st.revocation = append(st.revocation, failed(StatusListInvalid, ptr+"/id", statusMalformed+"Two entries have one id, so nobody can tell which of them is signed to say what."))
		}
		s.examineEntry(ctx, st, v, ptr)
	}
	s.examined = true
	return st
}

// entriesByID are the status entries met so far, by their ids.
type entriesByID map[string]*namesakes

// namesakes are the entries of one id: the first, and the one member in which
// others differ from it.
type namesakes struct {
	first  strictjson.Value
	differ string
}

// exchangeable tells whether an entry and one before it could give each other
// what they say under the same signature: what is signed are statements, and
// those about one id are about one thing. Entries that differ in a single member
// say the same afterwards.
func (ids entriesByID) exchangeable(v strictjson.Value) bool {
	id := v.Get("id").Text()
	if id == "" {
		return false
	}
	n := ids[id]
	if n == nil {
		ids[id] = &namesakes{first: v}
		return false
	}
	for _, name := range [...]string{"type", "statusPurpose", "statusListIndex", "statusListCredential", "statusSize", "statusMessage"} {
		if n.first.Get(name).Raw() == v.Get(name).Raw() {
			continue
		}
		if n.differ != "" && n.differ != name {
			return true
		}
		n.differ = name
	}
	return false
}

// codes are what an entry of a purpose says when it is set and when it is not.
type codes struct{ set, unset Code }

var purposes = map[string]codes{
	badge.StatusPurposeRevocation: {Revoked, NotRevoked},
	badge.StatusPurposeSuspension: {Suspended, NotSuspended},
	purposeMessage:                {StatusMessage, StatusMessage},
	purposeRefresh:                {NewerEdition, NoNewerEdition},
}

// answers is where the findings of a purpose are kept.
func (st *states) answers(purpose string) *[]Finding {
	switch purpose {
	case badge.StatusPurposeSuspension:
		return &st.suspension
	case purposeMessage:
		return &st.message
	case purposeRefresh:
		return &st.refresh
	}
	return &st.revocation
}

func (s *subject) examineEntry(ctx context.Context, st *states, v strictjson.Value, ptr string) {
	types := v.Get("type")
	note := func(purpose string, f Finding) {
		to := st.answers(purpose)
		*to = append(*to, f)
	}
	switch {
	case badge.HasType(types, typeRevocationList) && badge.HasType(types, badge.TypeBitstringStatusEntry, typeStatusList2021Entry):
		note("", failed(StatusListInvalid, ptr+"/type", statusMalformed+"An entry is of one kind."))
		return
	case badge.HasType(types, typeRevocationList):
		note(badge.StatusPurposeRevocation, s.askRevocationList(ctx, st, v, ptr))
		return
	case !badge.HasType(types, badge.TypeBitstringStatusEntry, typeStatusList2021Entry):
		note("", unknown(StatusUnsupported, ptr+"/type", "Statuses of the type %s are not read here.", clip(types.Raw(), 80)))
		return
	}
	purpose, _, err := stringMember(v, "statusPurpose")
	_, known := purposes[purpose]
	switch {
	case err != nil || purpose == "":
		note("", failed(StatusListInvalid, ptr+"/statusPurpose", statusMalformed+"An entry has one purpose."))
	case !known:
		note("", unknown(StatusUnsupported, ptr+"/statusPurpose",
			"What the purpose %s means for the credential is not known here.", clip(strconv.Quote(purpose), 80)))
	default:
		note(purpose, s.entryState(ctx, st, v, purpose, ptr))
	}
}

// entryState answers one entry.
func (s *subject) entryState(ctx context.Context, st *states, v strictjson.Value, purpose, ptr string) Finding {
	e, f := readEntry(v, ptr)
	if f.Outcome != Passed {
		return f
	}
	answer := st.list(e.list, func() listAnswer { return s.readList(ctx, e.list, ptr) })
	f = answer.finding
	if f.Outcome == Passed {
		f = answer.state(e, purpose, ptr)
	}
	if outOfTime(f) {
		f = answer.saidLast(f, e, purpose, ptr)
	}
	f.Params = withParams(f.Params, "list", e.list, "index", strconv.Itoa(e.index))
	if f.Code == StatusListUnreachable || f.Code == StatusListNotYetValid {
		s.lastKnown(&f, e.list, func(a listAnswer) Finding { return a.state(e, purpose, ptr) })
	}
	if f.Code == NotRevoked && s.v.stands != nil {
		s.heldBack(ctx, &f, e, ptr)
	}
	if f.Code == Revoked && s.v.newer != nil {
		if address, ok := s.v.newer(ctx, e.list, e.index); ok {
			f.Code, f.Params[ParamNewer] = Superseded, address
		}
	}
	return f
}

// heldBack adds what the keeper of the list says of an entry that is not set.
// One that cannot say it leaves the question open: a badge that is held is never
// told as good because our own records failed.
func (s *subject) heldBack(ctx context.Context, f *Finding, e entry, ptr string) {
	standing, err := s.v.stands(ctx, e.list, e.index)
	if err != nil {
		f.Outcome, f.Code, f.Detail = Unknown, InternalFault, err.Error()
		return
	}
	if standing == nil {
		return
	}
	f.Standing = standing
	switch part, held := standing.Held(); {
	case standing.Revoked():
		f.Outcome, f.Code, f.Pointer, f.Detail = Failed, Revoked, ptr, "The entry was set since its list was read."
	case held && part != "":
		f.Outcome, f.Code = Warned, PartRevoked
		f.Params[ParamPart] = part
	case held:
		f.Outcome, f.Code = Warned, UnderReview
	}
}

// withParams adds names and values to those that there are.
func withParams(params map[string]string, pairs ...string) map[string]string {
	all := make(map[string]string, len(params)+len(pairs)/2)
	for name, value := range params {
		all[name] = value
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all[pairs[i]] = pairs[i+1]
		}
	}
	return all
}

// state reads one entry of a list that held.
func (a listAnswer) state(e entry, purpose, ptr string) Finding {
	if !slices.Contains(a.purposes, purpose) {
		return failed(StatusListInvalid, ptr, statusVerification+"The list is not for %s.", purpose)
	}
	value, err := a.bits.Value(e.index, e.size)
	switch {
	case errors.Is(err, status.ErrRange):
		return failed(StatusListInvalid, ptr+"/statusListIndex", statusRange+"%v", err)
	case err != nil:
		return failed(StatusListInvalid, ptr, statusListLength+"%v", err)
	}
	return e.meaning(value, purpose, ptr)
}

// saidLast puts beside a list that has ended what it said until then. One that
// could not say anything is wrong, whenever it was good.
func (a listAnswer) saidLast(f Finding, e entry, purpose, ptr string) Finding {
	last := a.state(e, purpose, ptr)
	switch {
	case last.Code == StatusListInvalid:
		return last
	case f.Code == StatusListExpired:
		f.Params = withParams(f.Params, "last", string(last.Code))
	}
	return f
}

// meaning: every value but 0 is set (Bitstring Status List section 3.2). What
// the entry says of the value is signed with the credential.
func (e entry) meaning(value uint64, purpose, ptr string) Finding {
	f := Finding{Outcome: Passed, Code: purposes[purpose].unset, Pointer: ptr}
	if value != 0 {
		f.Outcome, f.Code, f.Detail = Failed, purposes[purpose].set, "The entry is set."
		if purpose == purposeMessage || purpose == purposeRefresh {
			f.Outcome = Warned
		}
	}
	if f.Outcome == Passed && purpose != purposeMessage {
		f.Pointer = ""
	}
	if e.size > 1 || purpose == purposeMessage {
		f.Params = withParams(nil, "status", "0x"+strconv.FormatUint(value, 16), "message", e.messages[value], "reference", e.reference)
	}
	return f
}

// entry is a status entry as far as it is needed.
type entry struct {
	list      string
	index     int
	size      int               // bits
	messages  map[uint64]string // what each value means
	reference string            // where more is said about them
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
	e := entry{list: list, index: index}
	f := e.readMessages(v, ptr)
	return e, f
}

// readMessages reads how wide entries are, and what their values mean. The
// widths are those that fill bytes.
func (e *entry) readMessages(v strictjson.Value, ptr string) Finding {
	size, member := v.Get("statusSize"), v.Get("statusMessage")
	if !size.Exists() && !member.Exists() {
		e.size = 1
		return passed(OK)
	}
	switch n, err := strconv.ParseInt(size.Raw(), 10, 32); {
	case !size.Exists():
		e.size = 1
	case err != nil || n < 1:
		return failed(StatusListInvalid, ptr+"/statusSize", statusMalformed+"statusSize is a whole number of bits.")
	case n != 1 && n != 2 && n != 4 && n != 8:
		return unknown(StatusUnsupported, ptr+"/statusSize", "Entries of so many bits are not read here.")
	default:
		e.size = int(n)
	}
	if !member.Exists() && e.size == 1 {
		return passed(OK)
	}
	for _, r := range v.Get("statusReference").Each() {
		e.reference = strings.TrimSpace(e.reference + " " + clip(r.Text(), 200))
	}
	wrong := func(detail string) Finding {
		return failed(StatusListInvalid, ptr+"/statusMessage", statusMalformed+"%s", detail)
	}
	e.messages = map[uint64]string{}
	for _, m := range member.Each() {
		value, err := strconv.ParseUint(strings.TrimPrefix(m.Get("status").Text(), "0x"), 16, 8)
		if err != nil || value >= 1<<e.size || m.Get("message").Kind() != strictjson.String {
			return wrong("A message says of which value it is.")
		}
		if _, twice := e.messages[value]; twice {
			return wrong("A value has one message.")
		}
		e.messages[value] = clip(m.Get("message").Text(), 400)
	}
	if len(e.messages) != 1<<e.size {
		return wrong("There is a message for each value.")
	}
	return passed(OK)
}

// isURL: what may really be fetched is the decision of the StatusSource.
func isURL(s string) bool {
	return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
}
