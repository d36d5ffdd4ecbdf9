package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"laurel/api"
	"laurel/internal/fetch"
	"laurel/internal/tally"
	"laurel/issuer"
	"laurel/keys"
	"laurel/store/bolt"
	"laurel/store/postgres"
)

// metrics is what an operator's Prometheus reads. This file is the only place
// that knows of Prometheus: the packages count for themselves and give their
// numbers as Stats. No label holds anything that a person, a stranger or an
// issuer has chosen.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	problems *prometheus.CounterVec
	verdicts *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "laurel_http_request_seconds",
			Help: "Time to answer a request, by the pattern of its route.", Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}},
			[]string{"route", "method", "status"}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "laurel_http_refused_total",
			Help: "Requests that were refused for now or failed (429 and 5xx), by the code of the problem."}, []string{"code"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "laurel_verified_total",
			Help: "Verifications of badges, by verdict."}, []string{"verdict"}),
	}
	for _, verdict := range []string{"valid", "warning", "invalid", "indeterminate"} {
		m.verdicts.WithLabelValues(verdict) // so that rates begin at nothing and not at one
	}
	m.registry.MustRegister(m.requests, m.problems, m.verdicts, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// Request implements api.Observer.
func (m *metrics) Request(_ context.Context, a api.Answered) {
	m.requests.WithLabelValues(a.Route, a.Method, strconv.Itoa(a.Status/100)+"xx").Observe(a.Took.Seconds())
}

// Problem implements api.Observer.
func (m *metrics) Problem(_ context.Context, status int, code string) {
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		m.problems.WithLabelValues(code).Inc()
	}
}

// Verifying implements api.Observer.
func (m *metrics) Verifying(ctx context.Context) (context.Context, func(string)) {
	return ctx, m.verified
}

func (m *metrics) verified(verdict string) { m.verdicts.WithLabelValues(verdict).Inc() }

// privateHandler is what the private listener answers: metrics, and profiles of
// the running program.
func (svc *service) privateHandler() http.Handler {
	svc.metrics.registry.MustRegister(collector{svc})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(svc.metrics.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 2, Timeout: metricsTimeout, ErrorHandling: promhttp.ContinueOnError, ErrorLog: scrapeLog{svc}}))
	mux.HandleFunc("GET /debug/pprof/{name}", profile)
	return mux
}

// metricsTimeout bounds one reading of the metrics.
const metricsTimeout = 10 * time.Second

// scrapeLog tells of metrics that could not be collected.
type scrapeLog struct{ svc *service }

// Println implements promhttp.Logger. What it is given may hold anything, so it
// is not passed on.
func (l scrapeLog) Println(...any) {
	l.svc.log.WarnContext(context.Background(), "some metrics could not be collected")
}

// listenPrivate opens the private listener: host:port, or unix: and a path. The
// socket is its owner's alone.
func listenPrivate(address string) (net.Listener, error) {
	path, isSocket := strings.CutPrefix(address, "unix:")
	if !isSocket {
		return net.Listen("tcp", address)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, errors.New("another process listens on " + path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil, errors.New(path + " is there already and is no socket")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return listenOwned(path)
}

// countAtMost bounds what is counted in the store for one reading.
const countAtMost = 10_000

// gauge and counter are numbers that are read when they are asked for.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("laurel_"+name, help, labels, nil)
}

// The numbers that are read from Stats. Tables of the package's own, in the
// order of what they tell of.
var (
	ready    = gauge("ready", "1 where reading, and where writing works.", "for")
	started  = gauge("start_time_seconds", "When the service began, in seconds since 1970.")
	readable = gauge("metrics_readable", "0 where some numbers could not be read from the store.")

	storeCommit   = gauge("store_commit_seconds", "Time that commits took: of the file each once for all that share it, of PostgreSQL each transaction's.")
	storeGroup    = gauge("store_group_size", "Updates that shared a commit.")
	storeWaiting  = gauge("store_waiting", "Updates that wait for their turn.")
	storeFull     = gauge("store_full_total", "Commits for which there was no room.")
	storeUnknown  = gauge("store_unknown_outcomes_total", "Commits of unknown outcome.")
	storeWritable = gauge("store_writable", "1 where the store takes changes.")
	storeBytes    = gauge("store_file_bytes", "Size of the store's file.")
	storeUpdates  = gauge("store_updates_total", "Updates of PostgreSQL that were begun.")
	storeRetries  = gauge("store_retries_total", "Transactions of PostgreSQL that were tried again.")
	storeOpen     = gauge("store_connections", "Connections to PostgreSQL that are open.")
	storeUsed     = gauge("store_connections_used", "Those of them that are in use.")
	storeMost     = gauge("store_connections_limit", "How many there may be (pool_max_conns).")
	diskFree      = gauge("data_free_bytes", "Room left for the service on the disk of the data folder.")
	diskSize      = gauge("data_size_bytes", "Size of the disk of the data folder.")

	changes     = gauge("credential_changes_total", "Changes of credentials that are on record, by action; credential.issue is a badge issued. What follows from a change of another badge, such as its whole being held, is not counted.", "action")
	signing     = gauge("signature_seconds", "Time that keys took to sign.")
	notSigned   = gauge("signatures_failed_total", "Signatures that a key did not make.")
	selfChecks  = gauge("self_check_failures_total", "Signed documents that did not verify, and so were not released.")
	listsSigned = gauge("status_lists_signed_total", "Status lists signed.")
	listsOldest = gauge("status_list_oldest_seconds", "Age of the oldest status list at hand; lists are signed anew at twelve hours, when they are asked for.")
	jwtWaiting  = gauge("jwt_waiting", "Badges whose JWT is still to be made, counted up to 10000.")
	jwtOldest   = gauge("jwt_oldest_seconds", "How long the oldest of them waits.")

	auditWaiting = gauge("audit_waiting", "Audit records without a place in the log, counted up to 10000.")
	auditOldest  = gauge("audit_oldest_seconds", "How long the oldest of them waits.")
	auditSize    = gauge("audit_size", "Audit records in the log.")
	auditSigned  = gauge("audit_signed", "Audit records that the newest checkpoint covers.")

	hookResults = gauge("webhook_attempts_total", "Attempts to deliver to webhooks, by what they came to.", "result")
	hookWaiting = gauge("webhook_waiting", "Deliveries that wait, counted up to 10000.")
	hookOverdue = gauge("webhook_overdue_seconds", "How long the delivery is due that is due longest.")
	mailResults = gauge("mail_attempts_total", "Attempts to send letters, by what they came to.", "result")
	mailWaiting = gauge("mail_waiting", "Letters that wait, counted up to 10000.")
	mailOverdue = gauge("mail_overdue_seconds", "How long the letter is due that is due longest.")

	fetchResults = gauge("fetch_total", "Requests to others, by what they came to.", "for", "result")
	fetchSeconds = gauge("fetch_seconds", "Time that requests to others took.", "for")
	fetchKept    = gauge("fetch_kept_total", "Calls answered from what was kept.", "for")
	fetchBytes   = gauge("fetch_kept_bytes", "What is kept of answers of others.", "for")

	gateWaiting  = gauge("requests_waiting", "Requests that wait for their turn: of strangers, and of callers with a token and platforms.", "of")
	gateAside    = gauge("requests_aside", "Requests that wait for the store or for other hosts meanwhile and take no place.", "of")
	gateRefused  = gauge("requests_refused_total", "Requests that were told to come back, for as many waited as may, or they had waited for too long.", "of")
	roomHeld     = gauge("bodies_held_bytes", "Room taken by the bodies of requests, of 32 MiB each.", "of")
	roomRefused  = gauge("bodies_refused_total", "Bodies that found no room in time.", "of")
	doorOpen     = gauge("connections", "Connections to the public port.")
	doorRefused  = gauge("connections_refused_total", "Connections that found no place.")
	doorClosed   = gauge("connections_closed_total", "Connections without a request that gave their place to others.")
	traceSpans   = gauge("trace_spans_total", "Spans of traces: sent, without room since too many waited, refused by the collector, or not sent since it did not answer; there with --traces alone.", "result")
	traceWaiting = gauge("trace_spans_waiting", "Spans that wait for the collector; there with --traces alone.")
	certificate  = gauge("certificate_expiry_time_seconds", "When the certificate ends that is shown, in seconds since 1970; there with --tls-cert alone.")

	answered     = gauge("answers_total", "Public answers that can be kept: hit was kept, miss was made, and stale was kept and did not stand any more.", "result")
	answersBytes = gauge("answers_kept_bytes", "What is kept of public answers.")

	keyCount  = gauge("keys", "Keys, by algorithm and state.", "algorithm", "state")
	keyOldest = gauge("key_signing_oldest_seconds", "Age of the oldest key that signs.", "algorithm")
)

// collector reads the numbers of a service.
type collector struct{ svc *service }

// Describe implements prometheus.Collector: which numbers there are depends on
// the service, so none is promised.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// reading is one reading of all numbers.
type reading struct {
	ch     chan<- prometheus.Metric
	now    time.Time
	failed bool
}

func (r *reading) gauge(d *prometheus.Desc, v float64, labels ...string) {
	r.ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (r *reading) counter(d *prometheus.Desc, v uint64, labels ...string) {
	r.ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func (r *reading) counters(d *prometheus.Desc, by map[string]uint64, labels ...string) {
	for kind, n := range by {
		r.counter(d, n, append(labels[:len(labels):len(labels)], kind)...)
	}
}

func (r *reading) spread(d *prometheus.Desc, s tally.Spread, labels ...string) {
	r.ch <- prometheus.MustNewConstHistogram(d, s.Count, s.Sum, s.UpTo, labels...)
}

// since is an age in seconds, 0 for what is not, or lies ahead.
func (r *reading) since(d *prometheus.Desc, at time.Time, labels ...string) {
	age := 0.0
	if !at.IsZero() {
		age = max(0, r.now.Sub(at).Seconds())
	}
	r.gauge(d, age, labels...)
}

// read notes whether something could be read.
func (r *reading) read(err error) bool {
	r.failed = r.failed || err != nil
	return err == nil
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout/2)
	defer cancel()
	r := &reading{ch: ch, now: time.Now()}
	read, write := c.svc.ready(ctx)
	r.gauge(ready, truth(read == nil), "read")
	r.gauge(ready, truth(write == nil), "write")
	r.gauge(started, float64(c.svc.began.Unix()))
	c.store(r)
	c.issuer(ctx, r)
	c.audit(ctx, r)
	c.outboxes(ctx, r)
	c.fetches(r)
	c.front(r)
	c.answers(r)
	c.keys(r)
	r.gauge(readable, truth(!r.failed))
}

func (c collector) store(r *reading) {
	switch db := c.svc.store.(type) {
	case *bolt.DB:
		s := db.Stats()
		r.spread(storeCommit, s.Commit)
		r.spread(storeGroup, s.Group)
		r.gauge(storeWaiting, float64(s.Waiting))
		r.counter(storeFull, s.Full)
		r.counter(storeUnknown, s.Unknown)
		r.gauge(storeWritable, truth(db.Writable()))
		r.gauge(storeBytes, float64(s.FileSize))
	case *postgres.DB:
		s := db.Stats()
		r.spread(storeCommit, s.Commit)
		r.counter(storeUnknown, s.Unknown)
		r.counter(storeUpdates, s.Updates)
		r.counter(storeRetries, s.Retries)
		r.gauge(storeOpen, float64(s.Connections))
		r.gauge(storeUsed, float64(s.InUse))
		r.gauge(storeMost, float64(s.Limit))
	}
	if free, size, ok := room(c.svc.settings.data); ok {
		r.gauge(diskFree, float64(free))
		r.gauge(diskSize, float64(size))
	}
}

func (c collector) issuer(ctx context.Context, r *reading) {
	s := c.svc.issuer.Stats()
	r.counters(changes, s.Changes)
	r.spread(signing, s.Signing)
	r.counter(notSigned, s.NotSigned)
	r.counter(selfChecks, s.SelfCheck)
	r.counter(listsSigned, s.ListsSigned)
	r.since(listsOldest, s.OldestList)
	if n, oldest, err := c.svc.issuer.WaitingJWTs(ctx, countAtMost); r.read(err) {
		r.gauge(jwtWaiting, float64(n))
		r.since(jwtOldest, oldest)
	}
}

func (c collector) audit(ctx context.Context, r *reading) {
	s, err := c.svc.audit.Stats(ctx, countAtMost)
	if !r.read(err) {
		return
	}
	var oldest time.Time
	if s.Oldest != "" {
		if oldest, err = issuer.SeqTime(s.Oldest); !r.read(err) {
			return
		}
	}
	r.gauge(auditWaiting, float64(s.Waiting))
	r.since(auditOldest, oldest)
	r.gauge(auditSize, float64(s.Size))
	r.gauge(auditSigned, float64(s.Signed))
}

func (c collector) outboxes(ctx context.Context, r *reading) {
	if s, err := c.svc.hooks.Stats(ctx, countAtMost); r.read(err) {
		r.counters(hookResults, s.Results)
		r.gauge(hookWaiting, float64(s.Waiting))
		r.since(hookOverdue, s.Oldest)
	}
	if c.svc.outbox == nil {
		return
	}
	if s, err := c.svc.outbox.Stats(ctx, countAtMost); r.read(err) {
		r.counters(mailResults, s.Results)
		r.gauge(mailWaiting, float64(s.Waiting))
		r.since(mailOverdue, s.Oldest)
	}
}

func (c collector) fetches(r *reading) {
	for use, client := range map[string]*fetch.Client{"verifying": c.svc.outgoing, "webhooks": c.svc.caller} {
		s := client.Stats()
		r.counters(fetchResults, s.Results, use)
		r.spread(fetchSeconds, s.Seconds, use)
		r.counter(fetchKept, s.Kept, use)
		r.gauge(fetchBytes, float64(s.Bytes), use)
	}
}

// front is what comes to the public port.
func (c collector) front(r *reading) {
	strangers, callers := c.svc.public.Load()
	for of, load := range map[string]api.Load{"strangers": strangers, "callers": callers} {
		r.gauge(gateWaiting, float64(load.Waiting), of)
		r.gauge(gateAside, float64(load.Aside), of)
		r.counter(gateRefused, load.Refused, of)
		r.gauge(roomHeld, float64(load.Bodies.Held), of)
		r.counter(roomRefused, load.Bodies.Refused, of)
	}
	s := c.svc.door.Stats()
	r.gauge(doorOpen, float64(s.Open))
	r.counter(doorRefused, s.Refused)
	r.counter(doorClosed, s.Closed)
	if c.svc.traces != nil {
		s := c.svc.traces.sender.Stats()
		r.counters(traceSpans, s.Results)
		r.gauge(traceWaiting, float64(s.Waiting))
	}
	if c.svc.certificate != nil {
		r.gauge(certificate, float64(c.svc.certificate.Expires().Unix()))
	}
}

func (c collector) answers(r *reading) {
	s := c.svc.answers.Stats()
	r.counter(answered, s.Hits, "hit")
	r.counter(answered, s.Misses, "miss")
	r.counter(answered, s.Stale, "stale")
	r.gauge(answersBytes, float64(s.Bytes))
}

func (c collector) keys(r *reading) {
	type kind struct {
		algorithm keys.Algorithm
		state     keys.State
	}
	count, oldest := map[kind]int{}, map[keys.Algorithm]time.Time{}
	for _, k := range c.svc.ring.Keys() {
		count[kind{k.Algorithm, k.State}]++
		if at := oldest[k.Algorithm]; k.Signs && (at.IsZero() || k.Created.Before(at)) {
			oldest[k.Algorithm] = k.Created
		}
	}
	for k, n := range count {
		r.gauge(keyCount, float64(n), string(k.algorithm), string(k.state))
	}
	for algorithm, at := range oldest {
		r.since(keyOldest, at, string(algorithm))
	}
}
