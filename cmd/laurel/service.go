package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"laurel/api"
	"laurel/api/cache"
	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/sessions"
	"laurel/api/tokens"
	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/endorser"
	"laurel/feed"
	"laurel/internal/bundle"
	"laurel/internal/certfile"
	"laurel/internal/door"
	"laurel/internal/fetch"
	"laurel/internal/i18n"
	"laurel/internal/lookalike"
	"laurel/internal/origin"
	"laurel/internal/typeset"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/resolve"
	"laurel/mail"
	"laurel/programme"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/postgres"
	"laurel/verifier"
	"laurel/verifier/trust"
)

// service is everything that runs on one data folder.
type service struct {
	settings  *settings
	store     store.Store
	ring      *keyring.Ring
	issuer    *issuer.Issuer
	programme *programme.Programme
	endorsers *endorser.Endorsers
	tokens    *tokens.Tokens
	audit     *auditlog.Log
	feed      *feed.Feed
	hooks     *feed.Hooks
	outbox    *mail.Outbox // nil where no mail is sent
	verifier  *verifier.Verifier
	answers   *cache.Cache       // to public reads
	known     verifier.TrustList // nil where there is no list
	outgoing  *fetch.Client
	web       web // what outgoing brings
	fonts     *typeset.Library
	caller    *fetch.Client  // of webhooks
	proxies   origin.Proxies // in front, whose word on addresses is taken
	metrics   *metrics       // nil where nobody reads them
	traces    *traces        // nil where nothing is traced
	baseURL   string
	began     time.Time
	leaving   atomic.Bool     // it was told to stop
	moving    atomic.Bool     // the store is being moved
	unsettled atomic.Bool     // whether the store was left for another one is not known
	working   context.Context // while it serves, until it is told to stop; nil before

	certificate *certfile.Pair // nil: plain HTTP
	public      *api.Handler   // once it serves, as the door before it
	door        *door.Listener

	log *slog.Logger
}

func (s *settings) seal() (keyring.Seal, error) {
	if s.passphraseFile == "" {
		return keyring.Seal{}, nil
	}
	seal, err := keyring.SealFromPassphraseFile(s.passphraseFile)
	if err != nil {
		return seal, usagef("--seal-passphrase-file: %w", err)
	}
	return seal, nil
}

// open opens what init has made, and makes nothing: a data folder that is
// missing or incomplete may be a disk that is not mounted. It refuses a store
// that went back in time until somebody has accepted that.
func open(ctx context.Context, s *settings, log *slog.Logger) (*service, error) {
	svc, err := openAny(ctx, s, log)
	if err != nil {
		return nil, err
	}
	if err := svc.wentBack(ctx); err != nil {
		return nil, errors.Join(err, svc.store.Close())
	}
	return svc, nil
}

// openAny is open for what issues nothing.
func openAny(ctx context.Context, s *settings, log *slog.Logger) (*service, error) {
	if s.verifyRate < 0 {
		return nil, usagef("--verify-rate is a number of verifications, 0 for no limit")
	}
	if _, err := os.Stat(s.data); err != nil {
		return nil, fmt.Errorf("there is no data folder at %s. Is its disk mounted? `laurel init --data %s …` makes a new one", s.data, s.data)
	}
	seal, err := s.seal()
	if err != nil {
		return nil, err
	}
	ring, err := keyring.Open(s.keysFolder(), seal)
	if err != nil {
		return nil, err
	}
	db, err := openStore(ctx, s)
	if err != nil {
		return nil, err
	}
	svc, err := assemble(ctx, s, db, ring, log)
	if err == nil {
		err = svc.issuer.CheckKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return svc, nil
}

func openStore(ctx context.Context, s *settings) (store.Store, error) {
	if s.store != "" {
		db, err := postgres.Open(ctx, s.store)
		if settled, is := s.settle(ctx, err); is {
			if settled != nil {
				return nil, settled
			}
			db, err = postgres.Open(ctx, s.store)
		}
		return grouped(db, err)
	}
	db, err := bolt.Open(s.storeFile(), fileOptions())
	if errors.Is(err, store.ErrDamaged) {
		err = fmt.Errorf("%w. Nothing is served from a file that is damaged: put the newest copy in its place (docs/operations.md, Damage)", err)
	} else if errors.Is(err, store.ErrMissing) {
		err = fmt.Errorf("%w. Is the right disk mounted? Where it is, put the newest copy in its place (docs/operations.md, Damage)", err)
	}
	if err != nil {
		return nil, err
	}
	return db, nil
}

// fileOptions are those of the store's file, whoever opens it.
func fileOptions() bolt.Options {
	return bolt.Options{CheckValue: checkSealed, Scattered: issuer.Scattered + programme.Scattered}
}

// checkSealed is for inspecting a file: all values of ours are sealed.
func checkSealed(key, value []byte) error {
	_, err := store.Unseal(key, value)
	return err
}

// replica names this process where others may work on the same store.
func replica(s *settings) string {
	if s.store == "" {
		return ""
	}
	return rand.Text()
}

// grouped tells the store what is about one person, so that services that serve
// several at once are not in each other's way.
func grouped(db *postgres.DB, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	db.Group(func(key []byte, prefix bool) []byte {
		if group := issuer.Group(key, prefix); group != nil {
			return group
		}
		return programme.Group(key, prefix)
	})
	return db, nil
}

func createStore(ctx context.Context, s *settings) (store.Store, error) {
	if s.store != "" {
		return grouped(postgres.Create(ctx, s.store))
	}
	return bolt.Create(s.storeFile(), fileOptions())
}

// assemble wires the parts, in the order in which they stand on each other.
func assemble(ctx context.Context, s *settings, db store.Store, ring *keyring.Ring, log *slog.Logger) (*service, error) {
	from, err := issuer.Upgrade(ctx, db)
	if errors.Is(err, issuer.ErrNotFound) {
		return nil, errors.New("the store is empty. Is it the right one? `laurel init` prepares a new one")
	} else if err != nil {
		return nil, err
	}
	meta, err := issuer.ReadMeta(ctx, db)
	if err != nil {
		return nil, err
	}
	if meta.Schema > from {
		log.InfoContext(ctx, "brought the store to the layout of this version", "from", from, "to", meta.Schema)
	}
	if err := s.issuesFor(meta.BaseURL); err != nil {
		return nil, err
	}
	proxies, err := s.trusted()
	if err != nil {
		return nil, err
	}
	certificate, err := s.certificate(meta.BaseURL, func(err error) {
		log.ErrorContext(context.WithoutCancel(ctx), "taking in the certificate that has changed; the one before is served on", "error", err)
	})
	if err != nil {
		return nil, err
	}
	outgoing, err := s.fetcher()
	if err != nil {
		return nil, err
	}
	processor, err := s.canonicaliser()
	if err != nil {
		return nil, err
	}
	svc := &service{settings: s, store: db, ring: ring, outgoing: outgoing, fonts: s.library(), proxies: proxies, certificate: certificate,
		traces: s.traced, baseURL: meta.BaseURL, began: time.Now(), log: log}
	own, err := newOwnRecords(meta.BaseURL, ring)
	if err != nil {
		return nil, err
	}
	// A badge that was just read back need not be canonicalised again for the first
	// who asks about it.
	facts := verifier.NewFacts(remembered)
	check, err := newVerifier(processor, resolve.New(nil, own), sources{records: own, now: own.now, facts: facts})
	if err != nil {
		return nil, err
	}
	reading, writing := svc.traces.store(db), svc.traces.store(patient{db})
	svc.issuer, err = issuer.New(ctx, issuer.Config{
		Store: writing, Keys: svc.traces.keys(ring), BaseURL: meta.BaseURL, Log: log,
		Suite: proof.NewSeries(processor), JWT: proof.VCJWT{}, SelfCheck: svc.traces.selfCheck(selfCheck(check, verifier.Options{ProofOnly: true})),
		Securers: proof.Securers(processor, false), Generic: proof.Securers(processor, true),
		GenericCheck: svc.traces.selfCheck(selfCheck(check, verifier.Options{ProofOnly: true, Generic: true})),
		Endorsements: endorser.Embedded, Replica: replica(s),
	})
	if err != nil {
		return nil, err
	}
	own.issuer = svc.issuer
	if svc.known, err = s.trustList(); err != nil {
		return nil, err
	}
	svc.web = svc.traces.web(live{outgoing})
	lists := &statusLists{own: own, outgoing: svc.web}
	svc.verifier, err = newVerifier(processor, newResolver(svc.web, own, time.Now),
		sources{lists: lists, others: newPages(svc.web, own), trust: svc.known, newer: lists.newer, stands: lists.standing, records: own, borrowed: own.borrowed, namesake: own.namesake, facts: facts})
	if err != nil {
		return nil, err
	}
	svc.answers = cache.New(cache.Config{Store: db, Changes: svc.changes, Now: time.Now, Bytes: cache.DefaultBytes})
	_, host, _ := strings.Cut(meta.BaseURL, "://")
	svc.audit, err = auditlog.New(auditlog.Config{Store: reading, Origin: host + "/log", Keys: ring.Issuer(issuer.LogSlug), Log: log})
	if err != nil {
		return nil, err
	}
	svc.feed = feed.New(reading, svc.issuer, meta.BaseURL)
	if svc.caller, err = s.caller(); err != nil {
		return nil, err
	}
	svc.hooks, err = feed.NewHooks(feed.HooksConfig{Store: reading, Feed: svc.feed, Issuer: svc.issuer, Seal: ring, Sender: svc.traces.hooks(svc.caller), Log: log})
	if err != nil {
		return nil, err
	}
	svc.programme = programme.New(writing, svc.issuer)
	own.programme = svc.programme
	svc.endorsers = endorser.New(endorser.Config{Store: writing, Issuer: svc.issuer, Verify: func(ctx context.Context, document []byte) error {
		return svc.verifier.Verify(ctx, document).Refusal()
	}})
	own.endorsers = svc.endorsers
	svc.issuer.Observe(svc.endorsers.Observe)
	svc.issuer.Observe(mail.Forget)
	if err := svc.openOutbox(); err != nil {
		return nil, err
	}
	svc.tokens = tokens.New(reading, svc.noteToken, nil)
	return svc, nil
}

// patient is a store whose writers let others of their gate go on while they wait
// for the disk.
type patient struct{ store.Store }

// Update implements store.Store.
func (p patient) Update(ctx context.Context, do func(store.Tx) error) error {
	back := limit.Aside(ctx)
	defer back()
	return p.Store.Update(ctx, do)
}

// openOutbox has letters written down and sent, where there is a mail server.
func (svc *service) openOutbox() error {
	sender, err := svc.settings.mailer()
	if err != nil || sender == nil {
		return err
	}
	catalog, err := i18n.New()
	if err != nil {
		return err
	}
	svc.outbox, err = mail.New(mail.Config{Store: svc.traces.store(svc.store), Issuer: svc.issuer, Seal: svc.ring, Sender: svc.traces.letters(sender), Catalog: catalog, BaseURL: svc.baseURL, Log: svc.log})
	if err == nil {
		svc.issuer.Observe(svc.outbox.Observe)
	}
	return err
}

// noteToken puts a change to a token on record beside what happens to badges.
func (svc *service) noteToken(tx store.Tx, action, id string) error {
	return svc.issuer.Note(tx, issuer.Event{Actor: actorCommand, Action: action, Subject: id})
}

// sources are what a verifier asks beside keys; each may be nil.
type sources struct {
	lists  verifier.StatusSource
	others verifier.PageSource
	trust  verifier.TrustList
	newer  func(ctx context.Context, list string, index int) (address string, ok bool)
	stands func(ctx context.Context, list string, index int) (verifier.Standing, error)
	// records tells since when our own badges are on record.
	records verifier.Records
	// borrowed tells of an address of ours on a badge of somebody else.
	borrowed func(address, issuer string) bool
	// namesake tells of the name of an issuer of ours on a badge of somebody else.
	namesake func(ctx context.Context, name, issuer string) (bool, error)
	// facts is what is remembered of documents that held.
	facts *verifier.Facts
	// now is the moment as of which is verified; nil is the present.
	now func() time.Time
}

// remembered is for five to ten thousand badges, in 3 MB.
const remembered = 1 << 15

func newVerifier(processor *canon.Canonicalizer, resolver *resolve.Resolver, from sources) (*verifier.Verifier, error) {
	return verifier.New(verifier.Config{
		Canon:    processor,
		Suites:   proof.Suites(processor),
		Keys:     resolver,
		Status:   from.lists,
		Pages:    from.others,
		Trust:    from.trust,
		Newer:    from.newer,
		Standing: from.stands,
		Records:  from.records,
		Borrowed: from.borrowed,
		Namesake: from.namesake,
		Now:      from.now,

		Facts: from.facts,
	})
}

// selfCheck lends the verifier to the issuer: what would not verify for a
// stranger is not released.
func selfCheck(v *verifier.Verifier, opts verifier.Options) issuer.SelfCheck {
	return func(ctx context.Context, document []byte) error {
		d, err := badge.Parse(document)
		if err != nil {
			return err
		}
		return v.VerifyDocument(ctx, d, opts).Err()
	}
}

// web is whatever brings what others publish: the outgoing client, one that
// keeps a copy of all that it brings, or a bundle of such copies.
type web interface {
	ask(ctx context.Context, use bundle.Use, r fetch.Request) (body []byte, mediaType string, err error)
	Scheme(host string) string
}

// live is the outgoing client, which brings things as they are now.
type live struct{ *fetch.Client }

func (l live) ask(ctx context.Context, _ bundle.Use, r fetch.Request) ([]byte, string, error) {
	return l.Do(ctx, r)
}

// newResolver fetches what is not ours, and nothing where from is nil.
func newResolver(from web, local resolve.Local, now func() time.Time) *resolve.Resolver {
	if from == nil {
		return resolve.NewWithClock(nil, local, now)
	}
	return resolve.NewWithClock(keyFetcher{from}, local, now)
}

// keyFetcher asks for the present state of a key document: the resolver keeps
// a copy for five minutes, and a copy of a copy would be believed for ten.
type keyFetcher struct{ from web }

// Get implements resolve.Fetcher.
func (f keyFetcher) Get(ctx context.Context, url string, maxBytes int64) ([]byte, string, error) {
	return f.from.ask(ctx, bundle.Key, fetch.Request{URL: url, MaxBytes: maxBytes, Fresh: true})
}

// Scheme lets did:web reach a host that was allowed without TLS.
func (f keyFetcher) Scheme(host string) string { return f.from.Scheme(host) }

// ownRecords answers in-process for what this service publishes: a service
// that asked itself over the network would wait for itself.
type ownRecords struct {
	baseURL   string
	host      string // of baseURL
	did       string // what the ids of all our issuers begin with; "" under plain http
	keys      *keyring.Ring
	issuer    *issuer.Issuer
	programme *programme.Programme
	endorsers *endorser.Endorsers // nil until the service stands
}

// newOwnRecords lacks what is made with it: the issuer and the
// others are set when they stand.
func newOwnRecords(baseURL string, ring *keyring.Ring) (*ownRecords, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	return &ownRecords{baseURL: baseURL, host: hostOf(base), did: issuer.DID(baseURL, ""), keys: ring}, nil
}

// ControllerDocument implements resolve.Local.
func (o *ownRecords) ControllerDocument(ctx context.Context, id string) ([]byte, bool, error) {
	return o.issuer.ControllerDocument(ctx, id)
}

// Changes counts what may change such a document: they are made of the ring alone.
func (o *ownRecords) Changes() uint64 { return o.keys.Changes() }

// RecordedAt implements verifier.Records.
func (o *ownRecords) RecordedAt(ctx context.Context, d *badge.Document) (time.Time, bool, error) {
	at, ok, err := o.issuer.RecordedAt(ctx, d)
	if err != nil || ok || o.endorsers == nil {
		return at, ok, err
	}
	return o.endorsers.RecordedAt(ctx, d)
}

// now is the time by which is issued.
func (o *ownRecords) now() time.Time { return o.issuer.Now() }

// Owns tells that an issuer is one of ours, for which nobody else is asked.
func (o *ownRecords) Owns(id string) bool {
	return o.did != "" && strings.HasPrefix(id, o.did)
}

// borrowed tells of a badge that has an address of this service and was signed by
// nobody who has keys here.
func (o *ownRecords) borrowed(address, issuer string) bool {
	if o.Owns(issuer) {
		return false
	}
	theirs, err := url.Parse(address)
	return err == nil && o.isHere(theirs) && !o.signs(issuer)
}

// namesake tells of a badge whose issuer is called what an issuer of this service
// is, or what can be taken for it, and was signed by nobody who has keys here.
func (o *ownRecords) namesake(ctx context.Context, name, issuer string) (bool, error) {
	if o.signs(issuer) {
		return false, nil
	}
	theirs := lookalike.Of(name)
	if theirs.Empty() {
		return false, nil
	}
	profiles, err := o.issuer.Profiles(ctx)
	if err != nil {
		return false, err
	}
	for _, p := range profiles {
		if theirs.Like(p.Name) {
			return true, nil
		}
	}
	return false, nil
}

// signs tells whether an issuer has keys here. Under plain http an issuer is one of
// its keys, and in any case the DID of the service itself signs what comes by the
// VC-API.
func (o *ownRecords) signs(issuer string) bool {
	return o.Owns(issuer) || slices.ContainsFunc(o.keys.Keys(), func(k keys.Info) bool { return k.Method.Controller == issuer })
}

// isHere compares hosts as browsers do, whatever the scheme.
func (o *ownRecords) isHere(u *url.URL) bool { return strings.EqualFold(o.host, hostOf(u)) }

func hostOf(u *url.URL) string {
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		return u.Hostname()
	}
	return u.Host
}

// statusLists gives our own lists in-process and fetches all others.
type statusLists struct {
	own      *ownRecords // nil without a service
	outgoing web         // nil where nothing may be fetched
}

// newer tells of an index of our own lists where the edition is that replaced
// the badge. A store that cannot tell leaves it at "revoked", which is true too.
func (l *statusLists) newer(ctx context.Context, url string, index int) (address string, ok bool) {
	name, ours := strings.CutPrefix(url, l.own.baseURL+"/status/")
	if !ours {
		return "", false
	}
	address, ok, err := l.own.issuer.NewerEdition(ctx, name, index)
	return address, ok && err == nil
}

// standing is what our records say of an index of our own lists; nil for an index of
// others.
func (l *statusLists) standing(ctx context.Context, url string, index int) (verifier.Standing, error) {
	name, ours := strings.CutPrefix(url, l.own.baseURL+"/status/")
	if !ours {
		return nil, nil
	}
	return l.own.programme.Standing(ctx, name, index)
}

// maxStatusList bounds a list credential in transfer; 131,072 bits take some
// 20 kB at worst.
const maxStatusList = 1 << 20

// StatusList implements verifier.StatusSource.
func (l *statusLists) StatusList(ctx context.Context, url string) ([]byte, error) {
	return l.get(ctx, url, false)
}

// FreshStatusList implements verifier.FreshStatusSource.
func (l *statusLists) FreshStatusList(ctx context.Context, url string) ([]byte, error) {
	return l.get(ctx, url, true)
}

func (l *statusLists) get(ctx context.Context, url string, fresh bool) ([]byte, error) {
	if l.own != nil {
		if name, ok := strings.CutPrefix(url, l.own.baseURL+"/status/"); ok {
			return l.own.issuer.StatusList(ctx, name)
		}
	}
	if l.outgoing == nil {
		return nil, errors.New("offline: the status list was not asked for")
	}
	raw, _, err := l.outgoing.ask(ctx, bundle.Status, fetch.Request{URL: url, MaxBytes: maxStatusList, Follow: true, Fresh: fresh})
	return raw, err
}

// otherPages fetches what else a badge names. A newer edition of a badge of
// ours is read in-process.
type otherPages struct {
	own      *ownRecords // nil without a service
	outgoing web
}

// maxPage bounds a schema, an edition or a related resource in transfer.
const maxPage = 1 << 20

// Page implements verifier.PageSource.
func (o *otherPages) Page(ctx context.Context, url string) ([]byte, error) {
	if o.own != nil {
		if id, ok := strings.CutPrefix(url, o.own.baseURL+"/credentials/"); ok {
			rec, err := o.own.issuer.PublicEdition(ctx, strings.TrimSuffix(id, ".json"), 0)
			if err != nil {
				return nil, err
			}
			return rec.Document, nil
		}
	}
	raw, _, err := o.outgoing.ask(ctx, bundle.Page, fetch.Request{URL: url, MaxBytes: maxPage, Follow: true,
		Accept: "application/vc, application/vc+jwt, application/schema+json, application/json, */*;q=0.5"})
	return raw, err
}

// newPages is nil where nothing may be fetched.
func newPages(from web, own *ownRecords) verifier.PageSource {
	if from == nil {
		return nil
	}
	return &otherPages{own: own, outgoing: from}
}

// handler is the public face of the service.
func (svc *service) handler() (*api.Handler, error) {
	cfg, err := svc.face()
	if err != nil {
		return nil, err
	}
	return api.New(cfg)
}

func (svc *service) face() (cfg api.Config, err error) {
	catalog, err := i18n.New()
	if err != nil {
		return cfg, err
	}
	templates, err := pages.New(catalog)
	if err != nil {
		return cfg, err
	}
	cfg = api.Config{Issuer: svc.issuer, Programme: svc.programme, Endorsers: svc.endorsers, Verifier: svc.verifier, Tokens: svc.tokens, Audit: svc.audit, Feed: svc.feed, Hooks: svc.hooks,
		Pages: templates, Catalog: catalog, Fonts: svc.fonts, BaseURL: svc.baseURL, Proxies: svc.proxies, VerifyRate: svc.settings.verifyRate,
		Version: version(), Log: svc.log, Ready: svc.readiness, Cache: svc.answers}
	cfg.Fetch = func(ctx context.Context, url string) ([]byte, error) { return fetchBadge(ctx, svc.web, url) }
	if svc.settings.console {
		cfg.Sessions = sessions.New(svc.traces.store(svc.store), svc.tokens, nil)
	}
	if svc.outbox != nil {
		cfg.Outbox = svc.outbox
	}
	cfg.Observer = svc.observer()
	if svc.settings.vcAPI {
		cfg.VCAPI = svc.issuer
	}
	return cfg, nil
}

// changes counts the changes of all that public answers rest on and that is not
// in the store.
func (svc *service) changes() uint64 {
	n := svc.ring.Changes()
	if lists, ok := svc.known.(*trust.Lists); ok {
		n += lists.Changes()
	}
	return n
}
