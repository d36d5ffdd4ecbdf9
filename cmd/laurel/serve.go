package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"laurel/store/postgres"
)

// The time-outs of a public server: none of its connections may be held open
// for nothing.
const (
	headerTimeout   = 10 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 60 * time.Second
	idleTimeout     = 60 * time.Second
	maxHeaderBytes  = 32 << 10
	shutdownTimeout = 10 * time.Second
)

func (p *program) serve(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("serve", s, serveSettings()...)
	if err != nil {
		return err
	}
	first := set.Bool("init", false, "make the data folder first, as `laurel init` does, when there is none")
	who := identityFlags(set)
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return usagef("serve takes no operands, only flags")
	}
	log, flush := newLog(p.stderr)
	defer flush()
	if *first {
		if err := initialise(ctx, s, who); err != nil && !errors.Is(err, errInitialised) {
			return err
		}
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := s.checkClosed(); err != nil {
		log.WarnContext(ctx, "others can look into the data folder; laurel config check refuses it", "error", err)
	}
	if log, err = p.trace(ctx, s, log); err != nil {
		return err
	}
	defer s.traced.stop()
	svc, err := open(ctx, s, log)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer svc.store.Close()
	if err := svc.tryKeys(ctx); err != nil {
		return unlessStopped(ctx, err)
	}
	if err := svc.tryClock(ctx); err != nil {
		log.WarnContext(ctx, "issuing waits", "error", err)
	}
	// Before the public door opens, so that whoever finds that one open can
	// rely on this one.
	admin, err := svc.listenAdmin()
	if err != nil {
		return err
	}
	doors := doors{admin: admin}
	if s.metrics != "" {
		if doors.private, err = listenPrivate(s.metrics); err != nil {
			return errors.Join(usagef("--metrics: %w", err), admin.Close())
		}
		svc.metrics = newMetrics()
	}
	if doors.public, err = net.Listen("tcp", s.listen); err != nil {
		return errors.Join(fmt.Errorf("listening: %w", err), doors.close())
	}
	err = svc.run(ctx, doors, func() {
		log.InfoContext(ctx, "serving", "listen", doors.public.Addr().String(), "baseUrl", svc.baseURL)
	})
	if db, ok := svc.store.(*postgres.DB); ok { // how the services on one database got on with each other
		stats := db.Stats()
		log.InfoContext(ctx, "stopped", "updates", stats.Updates, "retries", stats.Retries)
	}
	return err
}

// unlessStopped is an error of the start; to be told to stop meanwhile is none.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// doors are what a service listens on.
type doors struct {
	public, admin net.Listener
	private       net.Listener // nil: no metrics
}

func (d doors) close() (err error) {
	for _, l := range []net.Listener{d.public, d.admin, d.private} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// run serves until ctx ends, then says that it is not ready, and lets the
// requests under way finish. Who asks for metrics is answered to the last.
func (svc *service) run(ctx context.Context, at doors, ready func()) error {
	handler, err := svc.handler()
	if err != nil {
		return errors.Join(err, at.close())
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	working, rest := context.WithCancel(work)
	defer rest()
	svc.working = working
	ended := make(chan error, 4)
	public := svc.newPublic(svc.traces.requests(handler), at.public)
	svc.public, svc.door = handler, public.door
	servers := []*http.Server{public.Server}
	go func() { ended <- public.serve() }()
	patient := func(h http.Handler, l net.Listener) {
		server := newServer(h, svc.log)
		server.WriteTimeout = 0 // a whole store is checked, or a profile taken, while its owner waits
		servers = append(servers, server)
		go func() { ended <- server.Serve(l) }()
	}
	patient(svc.adminHandler(), at.admin)
	if at.private != nil {
		patient(svc.privateHandler(), at.private)
	}
	var behind sync.WaitGroup // what ends with work, and logs what it meets
	behind.Go(func() { _ = svc.issuer.Run(work) })
	behind.Go(func() { _ = svc.audit.Run(work) })
	behind.Go(func() { _ = svc.hooks.Run(work) })
	if svc.outbox != nil {
		behind.Go(func() { _ = svc.outbox.Run(work) })
	}
	behind.Go(func() { svc.watchKeys(work) })
	behind.Go(func() { svc.tellFonts(work) })
	behind.Go(func() {
		svc.tokens.Run(work, func(err error) { svc.log.WarnContext(work, "noting which tokens were used", "error", err) })
	})
	behind.Go(func() {
		svc.programme.Improve(work, func(err error) {
			svc.log.ErrorContext(work, "signing badges anew that are to tell of better results", "error", err)
		})
	})
	behind.Go(func() { svc.keepWritable(work) })
	behind.Go(func() { svc.upkeep(work) })
	ready()
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-ended:
	}
	svc.leaving.Store(true)
	rest()
	if failed == nil {
		time.Sleep(time.Duration(svc.settings.drain) * time.Second)
	}
	grace, cancel := context.WithTimeout(work, shutdownTimeout)
	defer cancel()
	err = failed
	for _, server := range servers {
		err = errors.Join(err, svc.leave(grace, server))
	}
	stop()
	behind.Wait()
	return err
}

// leave lets the requests under way finish, and cuts short what takes longer: a
// backup whose reader stands still would hold the store open until its own time
// is up.
func (svc *service) leave(grace context.Context, server *http.Server) error {
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		svc.log.WarnContext(grace, "stopping: requests under way are cut short", "after", shutdownTimeout.String())
		return server.Close()
	}
	return err
}

// keysEvery is how often the folder of keys is looked at for what others have
// changed in it: a key that was revoked by another service signs no longer than
// that.
const keysEvery = time.Second

// watchKeys takes in what another service on the same keys has changed. What
// cannot be read changes nothing: the keys go on as they are.
func (svc *service) watchKeys(ctx context.Context) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if changed, err := svc.ring.Reload(ctx); err != nil && ctx.Err() == nil {
			svc.log.ErrorContext(ctx, "looking at the folder of keys", "error", err)
		} else if changed {
			svc.log.InfoContext(ctx, "the folder of keys was changed by another process")
		}
	}
}

// tellFonts says once what cannot be drawn with the fonts that are here. That
// fails nothing: such texts are left out of pictures and certificates.
func (svc *service) tellFonts(ctx context.Context) {
	lacks, err := svc.fonts.Lacks()
	if err != nil {
		svc.log.ErrorContext(ctx, "looking for fonts", "error", err)
	} else if len(lacks) > 0 {
		svc.log.WarnContext(ctx, "no font here draws the letters of some languages; texts in them are left out of pictures and certificates",
			"languages", lacks, "install", "Debian's fonts-noto-core and fonts-noto-cjk, or name a folder of fonts with --font-dir")
	}
}

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
