package verifier

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/keys"
)

// KeyResolver finds public keys by what a proof says of them. Its errors are
// those of package keys: keys.Wrong tells which of them are anybody's fault.
type KeyResolver interface {
	keys.Resolver
	// ResolveForIssuer finds the key called kid among those that an issuer
	// publishes for assertions.
	ResolveForIssuer(ctx context.Context, kid, issuerID string) (keys.VerificationMethod, error)
	// ResolveKeyForIssuer finds a key that a token brought along among those
	// that an issuer publishes for assertions.
	ResolveKeyForIssuer(ctx context.Context, public crypto.PublicKey, issuerID string) (keys.VerificationMethod, error)
}

// StatusSource hands out status list credentials as published. It need not
// look into them: the list is verified here. An error means that it could not
// be had.
type StatusSource interface {
	StatusList(ctx context.Context, url string) ([]byte, error)
}

// FreshStatusSource is a StatusSource that keeps copies, and can be told to
// pass over them: a list may say that it is good for a shorter time than they
// are kept (ttl, Bitstring Status List section 2.2). What it hands out takes the
// place of the copy, so that StatusList gives it from then on.
type FreshStatusSource interface {
	FreshStatusList(ctx context.Context, url string) ([]byte, error)
}

// PageSource hands out other documents that a credential names: schemas,
// newer editions, related resources. It bounds them and decides which
// addresses may be asked. An error means that one could not be had.
type PageSource interface {
	Page(ctx context.Context, url string) ([]byte, error)
}

// TrustList knows issuers that somebody vouches for.
type TrustList interface {
	// Knows tells on which list an issuer stands.
	Knows(ctx context.Context, issuerID string) (l Listing, ok bool, err error)
}

// Listing is what a list of issuers says of one.
type Listing struct {
	List string // the list's name, or those of several
	Test bool   // it signs badges for trials only
}

// Records knows since when documents of one service's own are on its record.
type Records interface {
	// RecordedAt tells since when a document stands there under the very
	// signatures that it is shown with; false for one that does not.
	RecordedAt(ctx context.Context, d *badge.Document) (at time.Time, ok bool, err error)
}

// Standing is what the keeper of a list knows of one of its entries beside the
// list.
type Standing interface {
	// Revoked tells whether the entry was set since its list was read.
	Revoked() bool
	// Held tells whether a person has yet to decide if the badge stands. part is
	// the name of what the badge rests on, where that was revoked.
	Held() (part string, held bool)
}

// Config is what a Verifier works with. Canon, Suites and Keys are required.
type Config struct {
	Canon *canon.Canonicalizer
	// Suites are the securing mechanisms understood, each name once. They may
	// take inline contexts: where none may stand they are refused before.
	Suites []proof.Suite
	Keys   KeyResolver
	// Status fetches status lists. Without it a declared status is an open
	// question.
	Status StatusSource
	// Newer is asked about an entry that its list shows as revoked, by whoever
	// keeps that list too: whether a newer edition has replaced the badge, and
	// its address. It changes the words of a finding, never a verdict. nil where
	// no list is one's own.
	Newer func(ctx context.Context, list string, index int) (address string, ok bool)
	// Standing is asked about an entry that its list shows as not revoked, by
	// whoever keeps that list too. It can make a warning of it, or revoked, and never
	// anything better. nil where no list is one's own, and what it returns where this one is
	// not.
	Standing func(ctx context.Context, list string, index int) (Standing, error)
	// Pages fetches what else a credential names. Without it schemas of others
	// and related resources are open questions, and nobody is asked for a newer
	// edition.
	Pages PageSource
	// Trust may be nil: then no issuer is on a list.
	Trust TrustList
	// Borrowed is asked about the address that a badge gives itself, and that of its
	// achievement, by whoever has addresses for badges: whether it is one of theirs and the issuer, by its id,
	// none of theirs. nil for who has none.
	Borrowed func(address, issuer string) bool
	// Namesake is asked about the signed name of an issuer, by whoever has issuers:
	// whether one of theirs has that name, or one that it can be taken for, and the
	// issuer, by its id, is none of theirs. nil for who has none.
	Namesake func(ctx context.Context, name, issuer string) (bool, error)
	// Records may be nil: then nothing holds that a revoked key has signed,
	// because its holder can write any date into what he signs.
	Records Records
	// Facts is what is remembered of documents that held, so that they are verified
	// faster when they come again. nil for nothing.
	Facts *Facts
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Verifier verifies credentials. It is safe for concurrent use.
type Verifier struct {
	canon   *canon.Canonicalizer
	suites  map[string]proof.Suite
	keys    KeyResolver
	status  StatusSource
	newer   func(ctx context.Context, list string, index int) (address string, ok bool)
	stands  func(ctx context.Context, list string, index int) (Standing, error)
	pages   PageSource
	trust   TrustList
	borrows func(address, issuer string) bool
	named   func(ctx context.Context, name, issuer string) (bool, error)
	records Records
	now     func() time.Time
	lists   lists
	facts   *Facts
	often   keys.Familiar
}

// New makes a Verifier. The error says what is missing in cfg.
func New(cfg Config) (*Verifier, error) {
	if cfg.Canon == nil || cfg.Keys == nil || len(cfg.Suites) == 0 {
		return nil, errors.New("verifier: Canon, Suites and Keys are required")
	}
	v := &Verifier{canon: cfg.Canon, suites: map[string]proof.Suite{}, keys: cfg.Keys,
		status: cfg.Status, newer: cfg.Newer, stands: cfg.Standing, pages: cfg.Pages, trust: cfg.Trust, borrows: cfg.Borrowed, named: cfg.Namesake, records: cfg.Records, now: cfg.Now, facts: cfg.Facts}
	for _, s := range cfg.Suites {
		if _, twice := v.suites[s.Name()]; twice {
			return nil, fmt.Errorf("verifier: two suites are called %s", s.Name())
		}
		v.suites[s.Name()] = s
	}
	if v.now == nil {
		v.now = time.Now
	}
	return v, nil
}

// Identity is what somebody who asks knows about the recipient.
type Identity struct {
	Type  string // an identityType such as emailAddress, or IdentitySubject
	Value string // in plain text
}

// IdentitySubject as the type of an Identity asks for the id of the subject.
const IdentitySubject = "id"

// Options narrow or widen one verification. The zero value asks for
// everything a badge can be asked.
type Options struct {
	// Recipient, when not nil, asks whether the badge is that person's.
	Recipient *Identity
	// ProofOnly looks at shape, dates and proof only, without status, trust,
	// refresh, recipient and endorsements (the VC-API's checks ["proof"]).
	ProofOnly bool
	// Challenge and Domain, where not empty, are what the holder of a
	// presentation was asked to sign. They ask for HolderProof too.
	Challenge, Domain string
	// HolderProof asks that the holder of a presentation proves to be it.
	HolderProof bool
	// Generic takes any credential of VC data model 2.0: inline contexts are
	// allowed, and the Open Badges schema is asked only where it is named.
	Generic bool
	// Waiting, when not nil, is called when nothing is done but to wait for
	// other hosts, and what it returns before work goes on: whoever bounds how
	// much is verified at once need not count those who wait.
	Waiting func() (back func())
}

// asksHolder tells whether somebody has to prove to be the holder.
func (o Options) asksHolder() bool {
	return o.HolderProof || o.Challenge != "" || o.Domain != ""
}

// Verify verifies a badge in any form that Open reads. There is no error that
// could be mistaken for an answer.
func (v *Verifier) Verify(ctx context.Context, raw []byte) *Report {
	return v.VerifyBytes(ctx, raw, Options{})
}

// VerifyBytes is Verify with options.
func (v *Verifier) VerifyBytes(ctx context.Context, raw []byte, opts Options) *Report {
	sub, err := Open(raw)
	if err != nil {
		s := v.subject(nil, opts)
		s.unreadable = err
		return s.report(ctx)
	}
	return v.VerifySubmission(ctx, sub, opts)
}

// VerifyDocument verifies a document that was parsed already.
func (v *Verifier) VerifyDocument(ctx context.Context, d *badge.Document, opts Options) *Report {
	return v.subject(d, opts).report(ctx)
}

func (v *Verifier) subject(d *badge.Document, opts Options) *subject {
	s := &struct {
		subject
		own errands
	}{subject: subject{v: v, doc: d, opts: opts, now: v.now()}}
	s.own.prepare(v, opts.Waiting)
	s.errands = &s.own
	return &s.subject
}

// check is one question. It is put only where the answers that it needs held,
// and, for what is beyond the proof, only where it was asked for.
type check struct {
	id     Check
	needs  []Check
	beyond bool // not part of what ProofOnly asks
	// applies, where it is set, tells whether the question is put at all: what
	// few credentials have is not told of all others.
	applies func(s *subject) bool
	// amends: the answer is added to that of an earlier check of this name.
	amends bool
	run    func(ctx context.Context, s *subject) Finding
}

// authentic is what everything needs that relies on the issuer's word: an
// altered badge's dates and status mean nothing.
var authentic = []Check{CheckProof, CheckIssuerKey}

var (
	askFormat      = check{id: CheckFormat, run: checkFormat}
	askSchema      = check{id: CheckSchema, needs: []Check{CheckFormat}, run: checkSchema}
	askTerms       = check{id: CheckTerms, needs: []Check{CheckFormat}, run: checkTerms}
	askProof       = check{id: CheckProof, needs: []Check{CheckFormat, CheckTerms}, run: checkProof}
	askIssuerKey   = check{id: CheckIssuerKey, needs: []Check{CheckFormat, CheckTerms}, run: checkIssuerKey}
	askSchemas     = check{id: CheckSchema, needs: authentic, applies: namesForeignSchemas, amends: true, run: checkForeignSchemas}
	askTrust       = check{id: CheckIssuerTrust, needs: authentic, beyond: true, run: checkTrust}
	askValidity    = check{id: CheckValidity, needs: authentic, run: checkValidity}
	askRevocation  = check{id: CheckRevocation, needs: authentic, beyond: true, run: checkRevocation}
	askSuspension  = check{id: CheckSuspension, needs: authentic, beyond: true, run: checkSuspension}
	askMessage     = check{id: CheckStatusMessage, needs: authentic, beyond: true, applies: hasStatusMessage, run: checkStatusMessage}
	askResources   = check{id: CheckResources, needs: authentic, beyond: true, applies: hasResources, run: checkResources}
	askRefresh     = check{id: CheckRefresh, needs: authentic, beyond: true, run: checkRefresh}
	askRecipient   = check{id: CheckRecipient, needs: authentic, beyond: true, run: checkRecipient}
	askEndorsement = check{id: CheckEndorsement, needs: authentic, beyond: true, run: checkEndorsement}
)

// checks are all questions, in the order of the report: what is cheap comes
// before what is dear, and what is fetched after what is at hand.
var checks = []check{
	askFormat, askSchema, askTerms, askProof, askIssuerKey, askTrust, askSchemas, askValidity,
	askRevocation, askSuspension, askMessage, askResources, askRefresh, askRecipient, askEndorsement,
}

// statusListChecks are what a status list has to pass: it is a credential
// like any other, but has no status of its own and needs no list of trust.
var statusListChecks = []check{askFormat, askTerms, askProof, askIssuerKey, askValidity}

// editionChecks are what a newer edition has to pass, and endorsementChecks an
// endorsement, to count as good. Neither leads any further.
var (
	editionChecks     = []check{askFormat, askSchema, askTerms, askProof, askIssuerKey, askValidity, askRevocation, askSuspension}
	endorsementChecks = editionChecks
)

// within reports on a credential that was found in or behind this one, within
// the same bounds of requests and time.
func (s *subject) within(ctx context.Context, d *badge.Document, list []check) *Report {
	in := &subject{v: s.v, doc: d, now: s.now, errands: s.errands}
	for i := range list {
		in.ask(ctx, &list[i])
	}
	return &Report{CheckedAt: s.now, Findings: in.findings, Document: d}
}

// report puts all questions.
func (s *subject) report(ctx context.Context) *Report {
	defer s.errands.end()
	s.findings = make([]Finding, 0, len(checks))
	for i := range checks {
		c := &checks[i]
		switch c.id {
		case CheckProof:
			s.sendAhead(ctx, false)
		case CheckIssuerTrust:
			if s.mayAsk(c) {
				s.sendAhead(ctx, true)
			}
		}
		if c.applies == nil || s.mayAsk(c) && c.applies(s) {
			s.ask(ctx, c)
		}
	}
	return &Report{CheckedAt: s.now, Findings: s.findings, Document: s.doc, Endorsements: s.endorsements}
}

// ask puts one question and notes the answer.
func (s *subject) ask(ctx context.Context, c *check) {
	f := s.answer(ctx, c)
	f.Check = c.id
	for i := 0; c.amends && i < len(s.findings); i++ {
		if s.findings[i].Check == f.Check {
			s.findings[i] = f
			return
		}
	}
	s.findings = append(s.findings, f)
}

func (s *subject) answer(ctx context.Context, c *check) (f Finding) {
	defer func() {
		if r := recover(); r != nil {
			f = Finding{Outcome: Unknown, Code: InternalFault, Detail: fault(r).Error()}
		}
	}()
	if !s.mayAsk(c) {
		return Finding{Outcome: Skipped, Code: NotRun}
	}
	if c.beyond && s.opts.ProofOnly {
		return Finding{Outcome: Skipped, Code: NotAsked}
	}
	return c.run(ctx, s)
}

// mayAsk tells whether the answers that a question needs held.
func (s *subject) mayAsk(c *check) bool {
	for _, needed := range c.needs {
		if !s.held(needed) {
			return false
		}
	}
	return true
}

func (s *subject) held(id Check) bool {
	r := Report{Findings: s.findings}
	return r.held(id)
}

func (s *subject) finding(id Check) Finding {
	r := Report{Findings: s.findings}
	return r.Finding(id)
}

// fault is a panic as an error: a fault of ours, which says nothing about the
// document.
func fault(r any) error { return fmt.Errorf("a fault of this verifier: %v", r) }
