package verify

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"laurel/api/limit"
	"laurel/api/wire"
	"laurel/verifier"
)

// patience bounds one verification with all that it fetches.
const patience = 6 * time.Second

// Desk is where all verifications are made: it bounds how many an address may
// ask for, and has each wait for its turn.
type Desk struct {
	verifier *verifier.Verifier
	rate     *limit.Rate
	watch    func(context.Context) (context.Context, func(verdict string))
	log      *slog.Logger
}

// NewDesk makes the one Desk of a service.
func NewDesk(v *verifier.Verifier, rate *limit.Rate, log *slog.Logger) *Desk {
	d := &Desk{verifier: v, rate: rate, log: log}
	d.Tell(func(ctx context.Context) (context.Context, func(string)) { return ctx, func(string) {} })
	return d
}

// Tell has somebody told of each verification when it begins, which then goes on
// under the context that comes back, and of its verdict. It is for the time before
// the Desk is in use.
func (d *Desk) Tell(watch func(context.Context) (under context.Context, told func(verdict string))) {
	d.watch = watch
}

// Admit counts one verification of a caller, before anything is read. The
// error is a Fault.
func (d *Desk) Admit(r *http.Request) error {
	if ok, wait := d.rate.Allow(r.RemoteAddr); !ok {
		return &wire.Fault{Code: wire.TooManyRequests, Retry: wait,
			Detail: "Many verifications have come from your address. Wait as long as Retry-After says, then go on."}
	}
	wire.Counted(r.Context())
	return nil
}

// Report verifies what was brought when it is the turn of its request. The error is limit.ErrFull
// or that of ctx; whatever is wrong with the document is in the report.
func (d *Desk) Report(ctx context.Context, brought *verifier.Submission, opts verifier.Options) (*verifier.Report, error) {
	if err := limit.Await(ctx); err != nil {
		return nil, err
	}
	ctx, told := d.watch(ctx)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	opts.Waiting = func() (back func()) { return limit.Aside(ctx) }
	report := d.verifier.VerifySubmission(ctx, brought, opts)
	d.withhold(ctx, report)
	told(report.Verdict().String())
	return report, nil
}

// Endorsement verifies an endorsement that stands beside what it is about, by its
// id, when it is the turn of its request. The error is that of Report.
func (d *Desk) Endorsement(ctx context.Context, raw []byte, of string) (verifier.Endorsement, error) {
	if err := limit.Await(ctx); err != nil {
		return verifier.Endorsement{}, err
	}
	e := d.verifier.VerifyEndorsement(ctx, raw, of, verifier.Options{Waiting: func() (back func()) { return limit.Aside(ctx) }})
	if e.Report != nil {
		d.withhold(ctx, e.Report)
	}
	return e, nil
}

// withhold keeps to the log what a fault of ours says of our code.
func (d *Desk) withhold(ctx context.Context, report *verifier.Report) {
	for _, b := range report.Badges {
		d.withhold(ctx, b)
	}
	for n := range report.Findings {
		f := &report.Findings[n]
		if f.Code == verifier.InternalFault {
			d.log.ErrorContext(ctx, "a check failed by our own fault", "request", wire.RequestID(ctx), "check", f.Check, "detail", f.Detail)
			f.Detail = ""
		}
	}
	for _, e := range report.Endorsements {
		if e.Report != nil {
			d.withhold(ctx, e.Report)
		}
	}
}
