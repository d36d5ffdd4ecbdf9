package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"laurel/issuer"
)

func readClock(ctx context.Context, svc *service, _ nothing) (issuer.Moments, error) {
	return svc.issuer.Moments(ctx)
}

func acceptClock(ctx context.Context, svc *service, _ nothing) (issuer.Moments, error) {
	if err := svc.issuer.AcceptClock(ctx, actorCommand); err != nil {
		return issuer.Moments{}, err
	}
	return svc.issuer.Moments(ctx)
}

// clock tells how the clock of the service stands to what is on record. With
// --accept it says that the clock is right, and that it ran ahead when it put
// the future on record.
func (p *program) clock(ctx context.Context, args []string) error {
	var accept bool
	s, operands, err := p.manage("clock", args, "", func(set *flag.FlagSet) {
		set.BoolVar(&accept, "accept", false, "the clock is right, and what is on record from the future was dated by a clock that ran ahead")
	})
	if err != nil {
		return err
	}
	if len(operands) > 0 {
		return usagef("clock takes no operands, only flags")
	}
	name := "clock.read"
	if accept {
		name = "clock.accept"
	}
	m, err := operate[issuer.Moments](ctx, s, name, nothing{})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "clock:     %s\non record: %s\n", m.Now.Format(time.RFC3339), m.Latest.Format(time.RFC3339))
	if m.Behind() {
		return fmt.Errorf("the clock is behind what is on record, so nothing is issued: set it right, or where it ran ahead before, say so with --accept")
	}
	return nil
}
