package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/mail"
	"laurel/store"
)

// upkeepEvery is how often the service looks for what is due. Nobody waits for
// it.
const upkeepEvery = time.Hour

// upkeep does what no request does, until ctx ends: it forgets old answers to
// idempotency keys, opens the gates of editions whose day has come, forgets
// learners without a name, takes the public statistics once a day, and compacts
// the store's file some hours after somebody was erased. What fails is told and
// tried again an hour later.
func (svc *service) upkeep(ctx context.Context) {
	for {
		if err := svc.keepUp(ctx); err != nil && ctx.Err() == nil {
			svc.log.ErrorContext(ctx, "upkeep", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(upkeepEvery):
		}
	}
}

func (svc *service) keepUp(ctx context.Context) error {
	n, err := svc.issuer.SweepAnswers(ctx)
	if n > 0 {
		svc.log.InfoContext(ctx, "forgot old answers", "answers", n)
	}
	err = errors.Join(err, svc.keepUpProgrammes(ctx))
	due, failed := svc.issuer.CompactionDue(ctx)
	wait := time.Duration(svc.settings.compactAfter) * time.Hour
	_, can := svc.store.(store.Compacter)
	if failed == nil && can && wait > 0 && !due.Since.IsZero() && time.Since(due.Since) >= wait {
		_, failed = compactStore(ctx, svc, nothing{})
	}
	if svc.outbox == nil { // what was to be sent by a server that is set no more
		failed = errors.Join(failed, mail.Drop(ctx, svc.store, time.Now()))
	}
	return errors.Join(err, failed, svc.programme.KeepSnapshot(ctx))
}

// keepUpProgrammes issues what waited for a day that has come, and forgets whom
// nobody named in time.
func (svc *service) keepUpProgrammes(ctx context.Context) error {
	issued, err := svc.programme.OpenDueGates(ctx)
	if issued > 0 {
		svc.log.InfoContext(ctx, "issued what waited for its day", "badges", issued)
	}
	dropped, failed := svc.programme.DropNameless(ctx)
	if dropped > 0 {
		svc.log.InfoContext(ctx, "forgot learners whose names nobody told in time", "learners", dropped)
	}
	return errors.Join(err, failed)
}

// keepWritable reopens the store after a commit whose outcome was unknown.
func (svc *service) keepWritable(ctx context.Context) {
	db, ok := svc.store.(store.Reopener)
	if !ok {
		return
	}
	store.KeepWritable(ctx, db, func(err error) {
		if err != nil {
			svc.log.ErrorContext(ctx, "the store takes no changes, and could not be reopened", "error", err)
			return
		}
		svc.log.WarnContext(ctx, "the store was reopened after a commit of unknown outcome, and takes changes again")
	})
}

// actorUpkeep stands in audit records for what the service does by itself.
const actorUpkeep = "upkeep"

func compactStore(ctx context.Context, svc *service, _ nothing) (nothing, error) {
	db, ok := svc.store.(store.Compacter)
	if !ok {
		return nothing{}, errors.New("this store has no file of its own; docs/operations.md says how its database is rid of what was deleted")
	}
	due, err := svc.issuer.CompactionDue(ctx)
	if err != nil {
		return nothing{}, err
	}
	start := time.Now()
	if err := db.Compact(ctx); err != nil {
		return nothing{}, err
	}
	svc.log.InfoContext(ctx, "compacted the store", "took", time.Since(start).String())
	return nothing{}, svc.issuer.Compacted(ctx, due, actorUpkeep)
}

func (p *program) compact(ctx context.Context, args []string) error {
	s, operands, err := p.manage("compact", args, "", nil)
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return usagef("compact takes no operands, only flags")
	}
	if _, err := operate[nothing](ctx, s, "compact", nothing{}); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "The store is compacted: what was erased is in its file no more.")
	return nil
}

type checkAnswer struct {
	Credentials  int      `json:"credentials"`
	Endorsements int      `json:"endorsements"`
	Problems     []string `json:"problems"`
}

func checkStore(ctx context.Context, svc *service, _ nothing) (a checkAnswer, err error) {
	report := func(problem string) {
		if len(a.Problems) < maxProblems {
			a.Problems = append(a.Problems, problem)
		}
	}
	if a.Credentials, err = svc.issuer.Check(ctx, report); err != nil {
		return a, err
	}
	if _, err = svc.programme.Check(ctx, report); err != nil {
		return a, err
	}
	if err = svc.hooks.Check(ctx, report); err != nil {
		return a, err
	}
	if err = mail.Check(ctx, svc.store, report); err != nil {
		return a, err
	}
	a.Endorsements, err = svc.endorsers.Check(ctx, report)
	return a, err
}

func (p *program) check(ctx context.Context, args []string) error {
	s, operands, err := p.manage("check", args, "", nil)
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return usagef("check takes no operands, only flags")
	}
	answer, err := operate[checkAnswer](ctx, s, "check", nothing{})
	if err != nil {
		return err
	}
	if len(answer.Problems) > 0 {
		return fmt.Errorf("the store is not in order:\n  %s", strings.Join(answer.Problems, "\n  "))
	}
	fmt.Fprintf(p.stdout, "The store is in order: %d editions of badges verify, %d endorsements are whole, and everything leads to what it should.\n", answer.Credentials, answer.Endorsements)
	return nil
}
