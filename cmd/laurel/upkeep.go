package main

import (
	"context"
	"errors"
	"flag"
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

// maxProblems is how many are told where nobody asked for all: a store that is damaged
// in more places needs a backup and not a longer list.
const maxProblems = 100

// findings are what is not as it should be: the first of them in words, or all where
// that is asked for, and how many there are.
type findings struct {
	Problems []string `json:"problems"`
	Found    int      `json:"found"`
	all      bool
}

func (f *findings) note(problem string) {
	f.Found++
	if f.all || len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, problem)
	}
}

// err tells them under a heading; nil where there are none. Whoever works through a list
// has to know where it was cut.
func (f *findings) err(heading string) error {
	if f.Found == 0 && len(f.Problems) == 0 {
		return nil
	}
	told := strings.Join(f.Problems, "\n  ")
	if more := f.Found - len(f.Problems); more > 0 { // none of a service that runs an older program
		told += fmt.Sprintf("\n  … and %d more", more)
	}
	return fmt.Errorf("%s:\n  %s", heading, told)
}

type checkQuestion struct {
	All bool `json:"all"` // tell of everything, however much
}

type checkAnswer struct {
	findings

	Credentials  int `json:"credentials"`
	Endorsements int `json:"endorsements"`
}

func checkStore(ctx context.Context, svc *service, in checkQuestion) (a checkAnswer, err error) {
	a.all = in.All
	if a.Credentials, err = svc.issuer.Check(ctx, a.note); err != nil {
		return a, err
	}
	if _, err = svc.programme.Check(ctx, a.note); err != nil {
		return a, err
	}
	if err = svc.hooks.Check(ctx, a.note); err != nil {
		return a, err
	}
	if err = mail.Check(ctx, svc.store, a.note); err != nil {
		return a, err
	}
	a.Endorsements, err = svc.endorsers.Check(ctx, a.note)
	return a, err
}

func (p *program) check(ctx context.Context, args []string) error {
	var in checkQuestion
	s, operands, err := p.manage("check", args, "", func(set *flag.FlagSet) {
		set.BoolVar(&in.All, "all", false, fmt.Sprintf("tell of everything that is not as it should be, and not of the first %d", maxProblems))
	})
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return usagef("check takes no operands, only flags")
	}
	answer, err := operate[checkAnswer](ctx, s, "check", in)
	if err != nil {
		return err
	}
	if err := answer.err("the store is not in order"); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The store is in order: %d editions of badges verify, %d endorsements are whole, and everything leads to what it should.\n", answer.Credentials, answer.Endorsements)
	return nil
}
