package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/store"
)

// storeInFile names the store that is a file in the data folder.
const storeInFile = "bolt"

// migrate moves a store from one backend to another. The keys stay where they
// are. Nobody may write to the store meanwhile, so no service may run on it.
func (p *program) migrate(ctx context.Context, args []string) error {
	var from, to string
	s, operands, err := p.manage("migrate", args, "", func(set *flag.FlagSet) {
		set.StringVar(&from, "from", "", "the store as it is: bolt, the file in the data folder, or a postgres://… `URL`; without it the one that the settings name")
		set.StringVar(&to, "to", "", "the new `store`: bolt, or a postgres://… URL of a database without the table laurel_store")
	})
	if err != nil {
		return err
	}
	if len(operands) > 0 || to == "" {
		return usagef("migrate takes no operands, and needs --to, such as --to postgres://…")
	}
	source, target := *s, *s
	if from != "" {
		source.store = storeURL(from)
	}
	if target.store = storeURL(to); target.store == source.store {
		return usagef("the store is there already: --from and --to are the same")
	}
	if client := adminClient(s.socket()); client != nil {
		client.CloseIdleConnections()
		return fmt.Errorf("a service runs on %s. Stop it first, and every other one on the same store: what is written while a store is copied would be lost", s.data)
	}
	svc, err := open(ctx, &source, discard())
	if err != nil {
		return err
	}
	records, err := p.moveStore(ctx, svc, &target)
	if err = errors.Join(err, svc.store.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Moved %d records; every one was read again and is the same, and the check finds the copy in order.\n"+
		"The old store is marked as left and serves no more. Next: laurel serve --data %s%s\n", records, s.data, named(&target))
	return nil
}

func storeURL(name string) string {
	if name == storeInFile {
		return ""
	}
	return name
}

// named is the setting that names a store, without what is secret in it.
func named(s *settings) string {
	if s.store == "" {
		return ""
	}
	if u, err := url.Parse(s.store); err == nil {
		return " --store " + u.Redacted()
	}
	return " --store …"
}

// moveStore copies a store, holds the copy against it, key by key, and lets the
// copy be checked; only then does the copy become a store, and the old one is
// marked: issuing from both would give places in status lists twice.
func (p *program) moveStore(ctx context.Context, svc *service, target *settings) (records int, err error) {
	builder, err := buildStore(ctx, target)
	if errors.Is(err, store.ErrExists) {
		return 0, fmt.Errorf("%w: a store is moved to where there is none. Move away or drop what is there", err)
	} else if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, builder.Close()) }() // gives up what is not finished
	asOf := time.Now()
	if err := svc.store.View(ctx, func(r store.Reader) error {
		return store.Stream(ctx, r, tellingSink{builder, p.counter("copied")})
	}); err != nil {
		return 0, err
	}
	if err := builder.Flush(ctx); err != nil {
		return 0, err
	}
	if err := svc.store.View(ctx, func(old store.Reader) error {
		return builder.View(ctx, func(fresh store.Reader) (err error) {
			records, err = store.Compare(old, fresh)
			return err
		})
	}); err != nil {
		return 0, fmt.Errorf("comparing: %w. Does something still write to the old store?", err)
	}
	if err := checkCopy(ctx, svc, target, builder); err != nil {
		return 0, err
	}
	if err := builder.Finish(ctx); err != nil {
		return 0, err
	}
	return records, issuer.MarkRollback(ctx, svc.store, asOf, true)
}

// tellingSink tells how far a copy is.
type tellingSink struct {
	store.Sink
	count func(key, value []byte) error
}

// Append implements store.Sink.
func (t tellingSink) Append(ctx context.Context, key, value []byte) error {
	return errors.Join(t.count(key, value), t.Sink.Append(ctx, key, value))
}

// checkCopy opens the copy as serve will, and holds it against itself.
func checkCopy(ctx context.Context, svc *service, target *settings, db store.Store) error {
	copied, err := assemble(ctx, target, db, svc.ring, discard())
	if err == nil {
		err = copied.issuer.CheckKeys(ctx)
	}
	if err != nil {
		return err
	}
	answer, err := checkStore(ctx, copied, nothing{})
	if err == nil && len(answer.Problems) > 0 {
		err = fmt.Errorf("the store is not in order, and is not moved:\n  %s", strings.Join(answer.Problems, "\n  "))
	}
	return err
}
