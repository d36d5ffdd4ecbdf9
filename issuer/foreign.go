package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/internal/strictjson"
	"laurel/store"
)

// checkForeign reports what can be seen in what was sent. The schema is asked
// about the whole badge, by inForm, and terms by the suite, before it signs.
func (i *Issuer) checkForeign(f *foreign) error {
	var all faults
	if f.root.Kind() != strictjson.Object {
		return fault("not_an_object", "", "A credential is a JSON object.")
	}
	if f.root.Get("proof").Exists() {
		all.add("proof_supplied", "/proof", "Send the credential without a proof.")
	}
	for _, e := range faultsOf(f.checkEnvelope()) {
		if e.Pointer != "/issuer" || !f.badge || f.root.Get("issuer").Exists() { // else it is filled in
			all.Errors = append(all.Errors, e)
		}
	}
	all.Errors = append(all.Errors, faultsOf(badge.CheckContent(f.root, []string{"proof"}))...)
	all.controls(f.root, "")
	i.checkID(&all, f.root.Get("id"))
	f.checkPeriod(&all, i.now())
	if f.badge {
		f.checkIdentities(&all)
		f.checkResults(&all)
		f.checkTexts(&all)
		all.endorsements(f.root, "")
		f.checkClaims(&all)
	}
	return all.Err()
}

func (f *foreign) checkEnvelope() error {
	if f.earlier {
		return badge.CheckEarlierEnvelope(f.root)
	}
	return badge.CheckEnvelope(f.root)
}

// issuanceDate is when a credential of VC data model 1.1 begins (its section
// 4.6); every one has it.
const issuanceDate = "issuanceDate"

// completeEarlier gives a credential of VC data model 1.1 what it may leave out
// here: its date, and the context in which Data Integrity proofs mean something
// (VC Data Integrity section 2.4), which that model's own has not.
func (i *Issuer) completeEarlier(f *foreign) (change, add []member) {
	if !f.root.Get(issuanceDate).Exists() {
		add = append(add, member{issuanceDate, marshalled(badge.FormatTime(i.now()))})
	}
	var contexts []string
	for _, c := range f.root.Get("@context").Elements() {
		if c.Text() == badge.ContextDataIntegrityV2 {
			return nil, add
		}
		contexts = append(contexts, c.Raw())
	}
	contexts = append(contexts, marshalled(badge.ContextDataIntegrityV2))
	return []member{{"@context", "[" + strings.Join(contexts, ",") + "]"}}, add
}

// controls refuses control characters in any text: they are verified where
// others signed them, but never issued (docs/architecture.md).
func (f *faults) controls(v strictjson.Value, ptr string) {
	if strings.ContainsFunc(v.Text(), func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }) {
		f.add("control_character", ptr, "Take out control characters.")
	}
	for name, m := range v.Members() {
		f.controls(m, strictjson.Pointer(ptr, name))
	}
	for n, e := range v.Elements() {
		f.controls(e, strictjson.Pointer(ptr, strconv.Itoa(n)))
	}
}

func (i *Issuer) checkID(f *faults, id strictjson.Value) {
	switch {
	case !id.Exists():
	case !absoluteIRI(id.Text()):
		f.add("relative_id", "/id", "Give one absolute address, or leave the id out.")
	case id.Text() == i.cfg.BaseURL || strings.HasPrefix(id.Text(), i.cfg.BaseURL+"/"):
		f.add("id_reserved", "/id", "Addresses of this service are given by the service itself.")
	}
}

// checkClaims asks for what the claims of a VC-JWT repeat (OB 3.0 section
// 8.2.4) and nobody else can fill in.
func (f *foreign) checkClaims(all *faults) {
	if f.suite.Name() != (proof.VCJWT{}).Name() {
		return
	}
	if f.root.Get("credentialSubject").Get("id").Text() == "" {
		all.add("required", "/credentialSubject/id", "A badge in an enveloping proof names its subject by an id.")
	}
	if !f.root.Get("validFrom").Exists() {
		all.add("required", "/validFrom", "A badge says from when it is valid.")
	}
}

// statedIssuer is the issuer's id that the caller has written, and where.
func (f *foreign) statedIssuer() (id, at string) {
	v := f.root.Get("issuer")
	if v.Kind() == strictjson.Object {
		return v.Get("id").Text(), "/issuer/id"
	}
	return v.Text(), "/issuer"
}

// checkPeriod holds the dates to VC data model 2.0 section 4.9. Both ends may
// lie in the past or in the future, but not those of a badge: one that nobody
// would take now is not signed now.
func (f *foreign) checkPeriod(all *faults, now time.Time) {
	begin, end := "validFrom", "validUntil"
	if f.earlier {
		begin, end = issuanceDate, "expirationDate"
	}
	from, started := f.date(all, begin)
	until, ends := f.date(all, end)
	if started && ends && until.Before(from) {
		all.add("date_order", "/"+end, "The end of validity must not come before its beginning.")
	}
	switch {
	case !f.badge:
		return
	case from.After(now.Add(clockSkew)):
		all.add("date_in_future", "/validFrom", "This lies in the future; a badge is valid from the day it was earned.")
	case from.After(now):
		f.soon = true
	}
	if ends && !until.After(now) {
		all.add("expired", "/validUntil", "This badge would have expired already.")
	}
}

// date reads an end of the period; ok tells that there is one.
func (f *foreign) date(all *faults, name string) (at time.Time, ok bool) {
	v := f.root.Get(name)
	if !v.Exists() {
		return at, false
	}
	at, err := badge.ParseTime(v.Text())
	if err != nil {
		all.add("date_invalid", "/"+name, "Give a date-time with a time zone, such as 2025-07-11T08:00:00Z.")
	}
	return at, err == nil
}

// identities yields the identifiers of a badge's recipient.
func (f *foreign) identities(do func(at string, v strictjson.Value)) {
	list := f.root.Get("credentialSubject").Get("identifier")
	for n, v := range list.Each() {
		at := "/credentialSubject/identifier"
		if list.Kind() == strictjson.Array {
			at += "/" + strconv.Itoa(n)
		}
		do(at, v)
	}
}

var hashedIdentity = regexp.MustCompile(`^sha256\$[0-9a-fA-F]{64}$`)

// checkIdentities lets an address into a badge only as a salted SHA-256,
// whatever it is called, and takes a plain one only if it is one.
func (f *foreign) checkIdentities(all *faults) {
	f.identities(func(at string, v strictjson.Value) {
		switch {
		case v.Get("identityType").Text() != badge.IdentityTypeEmail:
			if emailAddress(strings.TrimPrefix(strings.TrimSpace(v.Get("identityHash").Text()), "mailto:")) {
				all.add("email_not_hashed", at+"/identityHash", "An e-mail address is never signed as it is. Give it the identityType emailAddress, and it is hashed here.")
			}
		case v.Get("hashed").Bool():
			if !hashedIdentity.MatchString(v.Get("identityHash").Text()) {
				all.add("identity_hash_invalid", at+"/identityHash", "A hashed address is sha256$ and 64 hexadecimal digits.")
			}
			if v.Get("salt").Text() == "" {
				all.add("identity_unsalted", at+"/salt", "Whole lists of addresses can be tried against a hash without salt. Send the address plainly, and it is hashed here.")
			}
		default:
			if !emailAddress(strings.TrimSpace(v.Get("identityHash").Text())) {
				all.add("email_invalid", at+"/identityHash", "Give one e-mail address, such as ana@example.org.")
			}
			for name := range v.Members() {
				if !slices.Contains([]string{"type", "hashed", "identityHash", "identityType", "salt"}, name) {
					all.add("unknown_member", strictjson.Pointer(at, name), "An IdentityObject has no such member.")
				}
			}
		}
	})
}

// compose writes the credential that is signed. Every member that the caller
// wrote stays as it stands, but for plain addresses.
func (i *Issuer) compose(ctx context.Context, f *foreign) (*badge.Document, error) {
	f.id, f.claims = f.root.Get("id").Text(), nil
	var change, add []member
	if f.badge {
		var err error
		if change, add, err = i.fillIn(ctx, f); err != nil {
			return nil, err
		}
	}
	if f.earlier {
		change, add = i.completeEarlier(f)
	}
	entries, err := i.statusOf(ctx, f)
	if err != nil {
		return nil, err
	}
	return badge.Parse([]byte(splice(f.root, change, append(add, entries...))))
}

// statusOf gives the credential the status entries that it is to have: those
// asked for, and to a badge one for its revocation.
func (i *Issuer) statusOf(ctx context.Context, f *foreign) ([]member, error) {
	purposes := f.choice.Purposes
	switch {
	case f.badge && f.root.Get("credentialStatus").Exists():
		return nil, i.checkStatus(ctx, f)
	case f.badge && len(purposes) == 0:
		purposes = []string{badge.StatusPurposeRevocation}
	}
	var entries badge.StatusEntries
	for _, purpose := range purposes {
		list, index, err := i.freeIndex(ctx, VCAPISlug, purpose)
		if err != nil {
			return nil, err
		}
		f.claims = append(f.claims, claim{list, index})
		entries = append(entries, i.statusEntry(list, purpose, index))
	}
	if len(entries) == 0 {
		return nil, nil
	}
	return []member{{"credentialStatus", marshalled(entries)}}, nil
}

// fillIn gives what a badge may leave out, and hashes addresses.
func (i *Issuer) fillIn(ctx context.Context, f *foreign) (change, add []member, err error) {
	if !f.root.Get("issuer").Exists() {
		add = append(add, member{"issuer", marshalled(f.profile.Signed())})
	}
	if f.id == "" {
		random, err := uuid.NewRandomFromReader(i.cfg.Random)
		if err != nil {
			return nil, nil, fmt.Errorf("drawing an id: %w", err)
		}
		// Not an address of ours: the credential is not kept, so none would
		// ever answer.
		f.id = random.URN()
		add = append(add, member{"id", marshalled(f.id)})
	}
	subject, err := i.hashAddresses(f)
	if err != nil {
		return nil, nil, err
	}
	return append(change, subject...), add, nil
}

// checkStatus takes a status that we gave to this very credential before, and
// no other: two badges with one index would be revoked together.
func (i *Issuer) checkStatus(ctx context.Context, f *foreign) error {
	v := f.root.Get("credentialStatus")
	url, index := v.Get("statusListCredential").Text(), v.Get("statusListIndex").Text()
	list, ours := strings.CutPrefix(url, i.StatusListURL(""))
	owner, purpose, known := parseList(list)
	n, err := status.ParseIndex(index)
	if ours && err == nil && known && owner == VCAPISlug && purpose == badge.StatusPurposeRevocation && f.root.Get("id").Exists() &&
		v.Get("type").Text() == badge.TypeBitstringStatusEntry && v.Get("statusPurpose").Text() == badge.StatusPurposeRevocation {
		var claimed string
		err := i.cfg.Store.View(ctx, func(r store.Reader) error {
			var err error
			claimed, err = readMark(r, indexKey(list, n))
			return err
		})
		if err == nil && claimed == i.claim(f.id) {
			return nil
		} else if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return fault("status_mismatch", "/credentialStatus", "Leave the status out: the service gives one of its own.")
}

// hashAddresses is the subject with each plain address hashed, if there is any.
func (i *Issuer) hashAddresses(f *foreign) ([]member, error) {
	var list []string
	var failed error
	plain := false
	f.identities(func(_ string, v strictjson.Value) {
		if v.Get("identityType").Text() != badge.IdentityTypeEmail || v.Get("hashed").Bool() {
			list = append(list, v.Raw())
			return
		}
		hashed, err := HashedEmail(i.cfg.Random, v.Get("identityHash").Text())
		failed = errors.Join(failed, err)
		list = append(list, marshalled(hashed))
		plain = true
	})
	if failed != nil || !plain {
		return nil, failed
	}
	subject := f.root.Get("credentialSubject")
	identifier := "[" + strings.Join(list, ",") + "]"
	return []member{{"credentialSubject", splice(subject, []member{{"identifier", identifier}}, nil)}}, nil
}

// member is one of an object's, its value as JSON.
type member struct{ name, value string }

// splice writes an object with some members changed and others added behind;
// all the rest stands as it stood.
func splice(object strictjson.Value, change, add []member) string {
	var b strings.Builder
	b.WriteByte('{')
	put := func(name, value string) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(marshalled(name) + ":" + value)
	}
	for name, v := range object.Members() {
		value := v.Raw()
		if n := slices.IndexFunc(change, func(m member) bool { return m.name == name }); n >= 0 {
			value = change[n].value
		}
		put(name, value)
	}
	for _, m := range add {
		put(m.name, m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// marshalled is for strings and structs of strings, which always marshal.
func marshalled(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}
