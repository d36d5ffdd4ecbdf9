package main

import (
	"context"
	"time"

	"laurel/api/public"
	"laurel/issuer"
	"laurel/keys"
	"laurel/store"
)

// What a service warns of that goes on all the same.
const (
	// tardy is how old an audit record may be that no checkpoint covers; the
	// sequencer looks every second.
	tardy = time.Minute
	// scarce is how much of the disk of the data folder is to be left, in
	// hundredths.
	scarce = 5
)

// readiness is how the service is, as /readyz tells it.
func (svc *service) readiness(ctx context.Context) public.Readiness {
	if svc.leaving.Load() {
		return public.Readiness{Read: public.ErrStopping, Write: public.ErrStopping}
	}
	var is public.Readiness
	if is.Read, is.Write = svc.ready(ctx); is.Read == nil {
		is.Warnings = svc.warnings(ctx)
	}
	return is
}

// ready tells whether reading and writing work.
func (svc *service) ready(ctx context.Context) (read, write error) {
	read = svc.store.View(ctx, func(r store.Reader) error {
		_, err := r.Get([]byte("m"))
		return err
	})
	if read == nil {
		write = svc.takesChanges(ctx)
	}
	return read, write
}

// takesChanges tells what stands in the way of changes, without making one: what the
// store knows of, or a clock that went back.
func (svc *service) takesChanges(ctx context.Context) error {
	if r, ok := svc.store.(store.Refuser); ok {
		if err := r.Refuses(ctx); err != nil {
			return err
		}
	}
	return svc.issuer.Steady(ctx)
}

func (svc *service) warnings(ctx context.Context) (codes []string) {
	if s, err := svc.audit.Stats(ctx, 1); err == nil && s.Oldest != "" {
		if at, err := issuer.SeqTime(s.Oldest); err == nil && time.Since(at) > tardy {
			codes = append(codes, "audit_log_behind")
		}
	}
	for _, slug := range svc.ring.Issuers() {
		if _, err := svc.ring.Issuer(slug).Active(ctx, keys.EdDSA); err != nil {
			codes = append(codes, "issuer_without_key")
			break
		}
	}
	if free, size, ok := room(svc.settings.data); ok && free*100 < size*scarce {
		codes = append(codes, "disk_nearly_full")
	}
	return codes
}
