package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/status"
	"laurel/store"
)

// Check holds the whole store against itself: every record is whole, verifies
// and has its status index, audit record and finders; no index is used twice;
// everything that leads somewhere leads to a record; each status list says
// what the records say. It reports each thing that is not so in a sentence; the
// error says that the store could not be read. It returns how many credentials
// it looked at. It writes nothing, and what others change meanwhile does not
// disturb it.
func (i *Issuer) Check(ctx context.Context, report func(problem string)) (credentials int, err error) {
	c := &checker{i: i, report: report, noted: map[string]map[string]bool{}}
	if err := i.cfg.Store.View(ctx, c.structure); err != nil {
		return 0, fmt.Errorf("checking the store: %w", err)
	}
	for n, rec := range c.records {
		if err := c.verify(ctx, rec); err != nil {
			return n, fmt.Errorf("checking %s/%s: %w", rec.Issuer, rec.Seq, err)
		}
	}
	for _, list := range c.lists {
		if err := c.list(ctx, list); err != nil {
			return len(c.records), fmt.Errorf("checking status list %s: %w", list, err)
		}
	}
	return len(c.records), nil
}

type checker struct {
	i       *Issuer
	report  func(string)
	r       store.Reader               // of the one snapshot that structure looks at
	noted   map[string]map[string]bool // by id, what the audit records say that was done
	records []pointer
	lists   []string
}

func (c *checker) problem(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// structure looks at every entry of one snapshot.
func (c *checker) structure(r store.Reader) error {
	c.r = r
	var looked []string
	for _, kind := range []struct {
		prefix string
		check  func(k []byte, payload []byte) error
	}{
		{"D/", c.stencil}, {"u/", c.event}, {"c/", c.record}, {"n/", c.id}, {"x/", c.index}, {"b/", c.bit}, {"v/", c.version},
		{"k/", c.answer}, {"r/", c.past}, {"d/", c.duplicate}, {"f/", c.finder}, {"j/", c.owned}, {"w/", c.owned}, {"W/", c.owned},
		{"i/", c.whole}, {"a/", c.whole}, {"a!/", c.whole}, {"I/", c.whole}, {"l/", c.whole}, {"h/", c.whole}, {"y/", c.whole}, {"e", c.whole}, {"q/", c.claim},
		{"m", c.whole}, {"s", c.whole}, {"R", c.whole}, {"C", c.whole}, {"ml/", c.whole}, {"p/", c.whole}, {"P/", c.whole}, {"S/", c.whole}, {"t/", c.whole}, {"t!/", c.whole}, {"ts/", c.whole}, {"z/", c.whole}, // packages programme, tokens, sessions and endorser read most of these
		{"o/", c.waits}, {"g/", c.whole}, // package auditlog tells more of these
	} {
		err := r.Scan([]byte(kind.prefix), nil, func(k, v []byte) error {
			payload, err := store.Unseal(k, v)
			if err != nil {
				c.problem("%s is damaged", k)
				return nil //nolint:nilerr // told as a problem, which is what was asked
			}
			return kind.check(k, payload)
		})
		if err != nil {
			return err
		}
		looked = append(looked, kind.prefix)
	}
	return c.others(looked)
}

// others looks at the entries of all other kinds.
func (c *checker) others(looked []string) error {
	return c.r.Scan(nil, nil, func(k, v []byte) error {
		if _, err := store.Unseal(k, v); err != nil && !slices.ContainsFunc(looked, func(p string) bool { return bytes.HasPrefix(k, []byte(p)) }) {
			c.problem("%s is damaged", k)
		}
		return nil
	})
}

// whole is for entries of which nothing else can be told here.
func (c *checker) whole([]byte, []byte) error { return nil }

// tell reports that an entry that should be there is missing or damaged.
func (c *checker) tell(err error, format string, args ...any) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		c.problem("%s: %v", fmt.Sprintf(format, args...), err)
		return nil
	}
	return err
}

func (c *checker) waits(k, _ []byte) error {
	_, err := c.r.Get(auditKey(lastPart(k)))
	if errors.Is(err, store.ErrNotFound) {
		c.problem("%s waits for the audit log, and is not there", k)
		return nil
	}
	return err
}

func (c *checker) event(k, _ []byte) error {
	var e Event
	if err := getJSON(c.r, k, &e); err != nil {
		return c.tell(err, "audit record %s", k)
	}
	if c.noted[e.Subject] == nil {
		c.noted[e.Subject] = map[string]bool{}
	}
	c.noted[e.Subject][e.Action] = true
	return nil
}

// parts splits a key that has to have so many of them, and tells of one that has
// not.
func (c *checker) parts(k []byte, n int) (parts []string, ok bool) {
	parts = strings.Split(string(k), "/")
	if ok = len(parts) == n; !ok {
		c.problem("%s is no key of an entry", k)
	}
	return parts, ok
}

func (c *checker) record(k, _ []byte) error {
	parts, ok := c.parts(k, 3)
	if !ok {
		return nil
	}
	rec, err := recordAt(c.r, parts[1], parts[2])
	if err != nil {
		return c.tell(err, "record %s", k)
	}
	c.records = append(c.records, pointer{Issuer: rec.Issuer, Seq: rec.seq})
	if rec.Issuer != parts[1] {
		c.problem("record %s says it is of %s", k, rec.Issuer)
	}
	for _, check := range []func(*Record) error{c.ownIndex, c.ownEvents, c.ownEntries} {
		if err := check(rec); err != nil {
			return c.tell(err, "record %s", k)
		}
	}
	return nil
}

// stencil holds what badges have in common to its name.
func (c *checker) stencil(k, text []byte) error {
	if !bytes.Equal(k, stencilKey(stencilName(text))) {
		c.problem("%s is the name of another text", k)
	}
	return nil
}

func (c *checker) ownIndex(rec *Record) error {
	for _, k := range rec.indexKeys() {
		id, err := readMark(c.r, k)
		if err != nil {
			return err
		} else if id != rec.ID {
			c.problem("%s and %s have the same index %s", rec.ID, id, k)
		}
	}
	set, err := exists(c.r, bitKey(rec.List, rec.Index))
	if err == nil && set != (rec.Status == Revoked || rec.Status == Superseded) {
		c.problem("%s is %s, and its bit is %t", rec.ID, rec.Status, set)
	}
	if err != nil || rec.PauseList == "" {
		return err
	}
	// What was revoked while it was suspended keeps both bits.
	set, err = exists(c.r, bitKey(rec.PauseList, rec.PauseIndex))
	if err == nil && rec.Status != Revoked && set != (rec.Status == Suspended) {
		c.problem("%s is %s, and its bit of suspension is %t", rec.ID, rec.Status, set)
	}
	return err
}

func (c *checker) ownEvents(rec *Record) error {
	var e Event
	if err := getJSON(c.r, auditKey(rec.seq), &e); err != nil {
		return err
	}
	made := []string{actionIssue}
	if rec.Edition > 1 {
		made = []string{actionReissue, actionRenew}
	}
	if !slices.Contains(made, e.Action) || e.Subject != rec.ID || e.Issuer != rec.Issuer {
		c.problem("%s has the audit record of %s %s", rec.ID, e.Action, e.Subject)
	}
	if rec.ErasedAt.IsZero() && e.Document != DocumentDigest(rec.Document) {
		c.problem("%s is not what its audit record says was signed", rec.ID)
	}
	noted := c.noted[rec.ID]
	if erased := !rec.ErasedAt.IsZero(); erased != noted[actionErase] {
		c.problem("%s was erased: %t, and that was noted: %t", rec.ID, erased, noted[actionErase])
	}
	if ended := noted[actionRevoke] || noted[actionErase]; rec.Status != Superseded && ended != (rec.Status == Revoked) {
		c.problem("%s is %s, and its revocation was noted: %t", rec.ID, rec.Status, ended)
	}
	if rec.Status == Suspended && !noted[actionSuspend] {
		c.problem("%s is suspended, and that was not noted", rec.ID)
	}
	claimed := noted[actionClaim] || noted[actionRegister] || noted[actionReissue] // the latter two by another address
	if !rec.HiddenAt.IsZero() && !noted[actionHide] || rec.Claims > 0 && !claimed {
		c.problem("%s is hidden since %s and has its %d. claim, and not all of that was noted", rec.ID, rec.HiddenAt, rec.Claims+1)
	}
	return nil
}

// ownEntries are those without which a record is not found again.
func (c *checker) ownEntries(rec *Record) error {
	var p pointer
	if err := getJSON(c.r, idKey(rec.ID), &p); err != nil {
		return err
	}
	if p.Issuer != rec.Issuer || p.edition(rec.Edition) != rec.seq || (rec.seq == p.Seq) == (rec.Status == Superseded) {
		c.problem("%s leads to another record than %s/%s, which is %s", rec.ID, rec.Issuer, rec.seq, rec.Status)
	}
	if rec.seq == p.Seq && p.Hidden == rec.HiddenAt.IsZero() {
		c.problem("%s is hidden: %t, and its record says since %s", rec.ID, p.Hidden, rec.HiddenAt)
	}
	need := append(c.i.finders(rec), profileKey(rec.Issuer), listVersionKey(rec.List),
		achievementKey(rec.Achievement), versionKey(rec.Achievement, rec.Version))
	if !IsTest(rec.Issuer) { // a trial binds nobody to the words of a version
		need = append(need, usedKey(rec.Achievement, rec.Version))
	}
	for _, k := range need {
		if known, err := exists(c.r, k); err != nil {
			return err
		} else if !known {
			c.problem("%s lacks its entry %s", rec.ID, k)
		}
	}
	queued, err := exists(c.r, jwtQueueKey(rec.Issuer, rec.seq))
	if err != nil {
		return err
	}
	made, err := exists(c.r, jwtKey(rec.Issuer, rec.seq))
	if err == nil && queued == made && rec.ErasedAt.IsZero() || (queued || made) && !rec.ErasedAt.IsZero() {
		c.problem("the JWT of %s is queued: %t, and made: %t", rec.ID, queued, made)
	}
	if err != nil {
		return err
	}
	carded, err := exists(c.r, cardKey(rec.Issuer, rec.seq))
	if err == nil && carded && !rec.ErasedAt.IsZero() {
		c.problem("the card of %s is left, and its person was erased", rec.ID)
	}
	return err
}

func (c *checker) id(k, _ []byte) error {
	rec, err := recordByID(c.r, lastPart(k))
	if err == nil && rec.ID != lastPart(k) {
		c.problem("%s leads to the record of %s", k, rec.ID)
	}
	return c.tell(err, "%s", k)
}

func (c *checker) index(k, payload []byte) error {
	owner, _, ok := parseList(strings.Split(string(k), "/")[1])
	if ok && (owner == VCAPISlug || endorses(owner)) {
		return nil // what was signed for others is not kept; package endorser looks at its own
	}
	_, err := recordByID(c.r, string(payload))
	return c.tell(err, "%s", k)
}

func (c *checker) claim(k, payload []byte) error {
	at, _, err := parsePlace(string(payload))
	if err != nil {
		c.problem("%s leads to no index", k)
		return nil //nolint:nilerr // told as a problem
	}
	_, err = readMark(c.r, indexKey(at.list, at.index))
	return c.tell(err, "%s", k)
}

func (c *checker) bit(k, _ []byte) error {
	taken := slices.Concat([]byte("x"), k[1:])
	_, err := readMark(c.r, taken)
	return c.tell(err, "%s", k)
}

func (c *checker) version(k, _ []byte) error {
	if bytes.Count(k, []byte("/")) > 1 { // a change of a list
		return nil
	}
	c.lists = append(c.lists, lastPart(k))
	return nil
}

func (c *checker) answer(k, _ []byte) error {
	var kept keptAnswer
	err := getJSON(c.r, k, &kept)
	if err == nil {
		_, err = recordAt(c.r, kept.Issuer, kept.Seq)
	}
	return c.tell(err, "idempotency key %s", k)
}

// past is a record as it was: of one that is still of somebody.
func (c *checker) past(k, payload []byte) error {
	parts, ok := c.parts(k, 4)
	if !ok {
		return nil
	}
	rec, err := recordAt(c.r, parts[1], parts[2])
	if err != nil {
		return c.tell(err, "%s", k)
	}
	var p past
	was := new(Record)
	if err := json.Unmarshal(payload, &p); err != nil || json.Unmarshal(p.Head, was) != nil || was.ID != rec.ID || was.Changes >= rec.Changes {
		c.problem("%s is not what %s once was", k, rec.ID)
	}
	if !rec.ErasedAt.IsZero() {
		c.problem("%s was erased, and %s is left", rec.ID, k)
	}
	return nil
}

func (c *checker) duplicate(k, _ []byte) error {
	parts := strings.SplitN(string(k), "/", 5)
	prefix := []byte(strings.Join(parts[:min(len(parts), 4)], "/"))
	v, err := c.r.Get(k)
	if err != nil {
		return err
	}
	seq, err := duplicateSeq(c.r, k, v, len(prefix))
	if err != nil {
		return c.tell(err, "%s", k)
	}
	rec, err := recordAt(c.r, parts[1], seq)
	if err == nil && !slices.ContainsFunc(rec.duplicateKeys(), func(own []byte) bool { return bytes.HasPrefix(own, k) }) {
		c.problem("%s leads to %s, which it does not describe", k, rec.ID)
	}
	return c.tell(err, "%s", k)
}

func (c *checker) finder(k, _ []byte) error {
	parts, ok := c.parts(k, 5)
	if !ok {
		return nil
	}
	rec, err := recordAt(c.r, parts[2], parts[4])
	if err == nil && !slices.ContainsFunc(c.i.finders(rec), func(own []byte) bool { return bytes.Equal(own, k) }) {
		c.problem("%s leads to %s, which it does not describe", k, rec.ID)
	}
	return c.tell(err, "%s", k)
}

// owned is for entries beside a record, under its issuer and sequence.
func (c *checker) owned(k, _ []byte) error {
	parts, ok := c.parts(k, 3)
	if !ok {
		return nil
	}
	_, err := recordAt(c.r, parts[1], parts[2])
	return c.tell(err, "%s", k)
}

// verify reads a badge and its JWT as a stranger, and compares what is signed
// with what the record says.
func (c *checker) verify(ctx context.Context, p pointer) error {
	var rec *Record
	err := c.i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		rec, err = recordAt(r, p.Issuer, p.Seq)
		return err
	})
	if err != nil {
		return c.tell(err, "record %s/%s", p.Issuer, p.Seq)
	}
	if !rec.ErasedAt.IsZero() {
		c.erased(rec)
		return nil
	}
	if err := c.form(ctx, rec, rec.Document); err != nil {
		c.problem("%s does not verify: %v", rec.ID, err)
	}
	if doc, err := badge.Parse(rec.Document); err == nil {
		c.compare(rec, doc.View())
	}
	token, err := c.i.storedJWT(ctx, rec)
	if errors.Is(err, ErrNotFound) {
		return nil // still queued
	} else if err != nil {
		return c.tell(err, "JWT of %s", rec.ID)
	}
	if err := c.form(ctx, rec, token); err != nil {
		c.problem("the JWT of %s does not verify: %v", rec.ID, err)
	}
	return nil
}

// form reads one form of a badge as a stranger. What is out of force may have
// lost its key as well, or be dated ahead: that is no damage, and nothing could cure it.
func (c *checker) form(ctx context.Context, rec *Record, raw []byte) error {
	err := authentic(c.i.cfg.SelfCheck(ctx, raw))
	now := c.i.now()
	if err == nil || !rec.outOfForce(now) {
		return err
	}
	if rec.signedAhead(now) {
		return nil
	}
	if revoked, fault := c.i.signedByRevoked(ctx, rec, raw); fault != nil || !revoked {
		return err
	}
	return nil
}

// outOfForce tells of an edition that nobody is to take for good any more.
func (r *Record) outOfForce(now time.Time) bool {
	return r.Status == Superseded || r.Status == Revoked || r.expired(now)
}

func (r *Record) expired(now time.Time) bool {
	return !r.ValidUntil.IsZero() && !now.Before(r.ValidUntil)
}

// erased holds a record to its promise that nothing of the person is left.
func (c *checker) erased(rec *Record) {
	if len(rec.Document) > 0 || rec.Email != nil || rec.Person != nil || rec.ByPerson != nil || rec.ByEmail != nil || rec.ExternalRef != "" {
		c.problem("%s was erased, and something of the person is left in its record", rec.ID)
	}
}

func (c *checker) compare(rec *Record, signed *badge.Credential) {
	if signed.ID != c.i.CredentialURL(rec.ID) {
		c.problem("%s is signed as %s", rec.ID, signed.ID)
	}
	if !slices.Equal(signed.CredentialStatus, c.i.statusEntries(rec)) {
		c.problem("%s is signed with another status than index %d of list %s", rec.ID, rec.Index, rec.List)
	}
	if from := rec.validFrom(); signed.ValidFrom != badge.FormatTime(from) {
		c.problem("%s is signed as valid from %s, not from %s", rec.ID, signed.ValidFrom, from)
	}
}

// list holds a list as it is published against the marks it was made of. A
// change between the two looks is no disagreement, so it looks again.
func (c *checker) list(ctx context.Context, list string) error {
	for range attempts {
		before, marks, err := c.marks(ctx, list)
		if err != nil {
			return c.tell(err, "status list %s", list)
		}
		raw, problem := c.i.StatusList(ctx, list)
		after, err := c.i.listVersion(ctx, list)
		if err != nil {
			return err
		}
		if problem == nil && before != after {
			continue
		}
		if problem == nil {
			problem = sameBits(raw, marks)
		}
		if problem != nil {
			c.problem("status list %s: %v", list, problem)
		}
		return nil
	}
	return nil
}

func (c *checker) marks(ctx context.Context, list string) (version string, bits *status.List, err error) {
	err = c.i.cfg.Store.View(ctx, func(r store.Reader) error {
		if version, _, err = readListVersion(r, list); err != nil {
			return err
		}
		bits, err = readBits(r, list)
		return err
	})
	return version, bits, err
}

// sameBits compares a published list with the marks.
func sameBits(published []byte, marks *status.List) error {
	doc, err := badge.Parse(published)
	if err != nil {
		return err
	}
	bits, err := status.Decode(doc.Root().Get("credentialSubject").Get("encodedList").Text(), status.DefaultMaxBytes)
	if err != nil {
		return err
	}
	for n := range listBits {
		shown, err := bits.Bit(n)
		marked, _ := marks.Bit(n) // within the bounds of a list that we made
		if err != nil || shown != marked {
			return fmt.Errorf("it shows %t at %d, and %t is stored", shown, n, marked)
		}
	}
	return nil
}
