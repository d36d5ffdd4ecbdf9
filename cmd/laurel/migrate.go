package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/move"
	"laurel/store/postgres"
)

// storeInFile names the store that is a file in the data folder.
const storeInFile = "bolt"

// discardPatience is how long it is tried to remove what a move has left that was
// given up; the next one removes it else.
const discardPatience = 5 * time.Second

// migrate moves a store from one backend to another. The keys stay where they
// are. A service that runs on a file moves it itself, and goes on meanwhile; of a
// database nobody can tell who else writes to it, so no service may run on it.
func (p *program) migrate(ctx context.Context, args []string) error {
	var in moveRequest
	s, operands, err := p.manage("migrate", args, "", func(set *flag.FlagSet) {
		set.StringVar(&in.From, "from", "", "the store as it is: bolt, the file in the data folder, or a postgres://… `URL`; without it the one that the settings name")
		set.StringVar(&in.To, "to", "", "the new `store`: bolt, or a postgres://… URL of a database without the table laurel_store")
	})
	if err != nil {
		return err
	}
	if len(operands) > 0 || in.To == "" {
		return usagef("migrate takes no operands, and needs --to, such as --to postgres://…")
	}
	if in.From != "" {
		s.store = storeURL(in.From)
	}
	if storeURL(in.To) == s.store {
		return usagef("the store is there already: --from and --to are the same")
	}
	ctx = telling(ctx, func(n progress) { fmt.Fprintf(p.stderr, "laurel: %s\n", n.What) })
	done, err := operate[moveAnswer](ctx, s, "migrate", in)
	if err != nil {
		return err
	}
	done.tell(p, s)
	return nil
}

func storeURL(name string) string {
	if name == storeInFile {
		return ""
	}
	return name
}

// moveRequest names stores as --from and --to do.
type moveRequest struct {
	From string `json:"from,omitzero"` // "": whichever it is
	To   string `json:"to"`
}

type moveAnswer struct {
	Records int           `json:"records"` // that are the same
	Changed int           `json:"changed"` // that were caught up with
	Held    time.Duration `json:"held"`
	Serving bool          `json:"serving"` // the service that was asked goes on reading
	Earlier bool          `json:"earlier"` // the move was made before
	Late    bool          `json:"late"`    // and finished now
	To      string        `json:"to"`      // without what is secret in it
}

func (a moveAnswer) tell(p *program, s *settings) {
	switch {
	case a.Late:
		fmt.Fprintln(p.stdout, "The store was moved before, and the new one was not finished. It is now.")
	case a.Earlier:
		fmt.Fprintln(p.stdout, "The store was moved before, and the new one was finished then: nothing was left to do.")
	case a.Serving:
		fmt.Fprintf(p.stdout, "Moved %d records while the service went on, and %d changes that came meanwhile; writers waited for %s.\n", a.Records, a.Changed, a.Held.Round(time.Millisecond))
	default:
		fmt.Fprintf(p.stdout, "Moved %d records.\n", a.Records)
	}
	if !a.Earlier {
		fmt.Fprintln(p.stdout, "Of the records every one was read again and is the same, and the check finds all in order.")
	}
	fmt.Fprintln(p.stdout, "The old store is marked as left and takes no changes any more.")
	next := nextCommand("serve", s.data, a.To)
	if a.Serving {
		fmt.Fprintf(p.stdout, "The running service reads from the old one and answers changes with 503 until you start it anew with the new one.\nNext: %s\n", next)
		return
	}
	fmt.Fprintf(p.stdout, "Next: %s\n", next)
}

// nextCommand is a command on a data folder as it can be typed. The store is an address.
func nextCommand(command, data, store string) string {
	line := "laurel " + command + " --data " + data
	if store != storeInFile {
		line += " --store " + store
	}
	return line
}

// next is a command on these settings as it can be typed, but for what is secret. How a
// database is spoken with, such as sslmode, must not get lost on the way.
func (s *settings) next(command string) string {
	line := nextCommand(command, s.data, s.address())
	if strings.Contains(s.store, "?") {
		line += " (and the parameters of that URL, as here)"
	}
	return line
}

// address is where a store is, with nothing that is secret in it.
func (s *settings) address() string {
	if s.store == "" {
		return storeInFile
	}
	return postgres.Address(s.store)
}

// moveStore moves the store of a service, or finishes a move that was cut short.
func moveStore(ctx context.Context, svc *service, in moveRequest) (a moveAnswer, err error) {
	if !svc.moving.CompareAndSwap(false, true) {
		return a, fmt.Errorf("%w: the store is being moved already, perhaps for a command that has gone. What comes of it stands in the log; say this again when it is over", store.ErrBusy)
	}
	defer svc.moving.Store(false)
	target := *svc.settings
	target.store = storeURL(in.To)
	switch {
	case in.From != "" && storeURL(in.From) != svc.settings.store:
		return a, fmt.Errorf("the service on %s has another store than --from says", svc.settings.data)
	case target.store == svc.settings.store:
		return a, errors.New("the store is there already: --from and --to are the same")
	}
	a.To, a.Serving = target.address(), svc.working != nil
	mark, err := issuer.ReadRollback(ctx, svc.store)
	if err != nil {
		return a, err
	}
	if mark.Pending && mark.Moved {
		a.Earlier = true
		a.Late, err = svc.finishMove(ctx, &target, mark)
		return a, err
	}
	if err := svc.wentBack(ctx); err != nil {
		return a, err
	}
	if a.Serving {
		if _, ok := svc.store.(store.Movable); !ok {
			return a, errors.New("only a store in a file is moved while a service runs on it. Stop this service, and every other one on the same database: what is written while it is copied would be lost")
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(svc.working, cancel)()
	}
	return a, svc.moveTo(ctx, &target, &a)
}

// moveTo moves a store to where there is none. What earlier attempts have left
// there is removed, once the old store says that they came to nothing: from then on
// none of them can leave it, though it go on in another process.
func (svc *service) moveTo(ctx context.Context, target *settings, a *moveAnswer) (err error) {
	if _, err := svc.audit.Sequence(ctx); err != nil { // so that a store that was left can be archived
		return err
	}
	name := rand.Text()
	before, err := issuer.BeginMove(ctx, svc.store, name)
	if err != nil {
		return err
	}
	for _, earlier := range before {
		if err := target.discard(ctx, earlier); err != nil {
			return err
		}
	}
	builder, err := buildStore(ctx, target, name)
	if err != nil {
		return target.occupied(ctx, err)
	}
	left := false
	defer func() {
		err = errors.Join(err, builder.Close()) // gives up what is not prepared
		if !left {
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardPatience)
			defer cancel()
			err = errors.Join(err, target.discard(late, name))
		}
	}()
	m := move.Move{From: svc.store, To: builder, Name: name,
		Check: func(ctx context.Context) error { return checkCopy(ctx, svc, target, builder) },
		Leave: func(tx store.Tx) error { return issuer.Leave(tx, name, target.address(), time.Now()) },
		Tell:  func(step move.Step, n int) { tell(ctx, progress{Done: n, What: moving(step, n)}) }}
	done, err := m.Run(ctx)
	left, a.Records, a.Changed, a.Held = done.Left, done.Records, done.Changed, done.Held
	switch {
	case done.Left:
		svc.log.WarnContext(ctx, "the store was left for another one and takes no changes any more; start the service with the new one", "to", target.address(), "held", done.Held.String())
	case err != nil:
		svc.log.ErrorContext(ctx, "moving the store; it stays in use", "error", err)
	}
	if err != nil && done.Left {
		svc.unsettled.Store(a.Serving && errors.Is(err, store.ErrUnknownOutcome))
		err = fmt.Errorf("%w\nThe old store was left, or it is not known whether it was, and takes no changes any more. Stop the service, if one runs, and say this command again, or start it with the new store, %s: either finds out and finishes what is left", err, target.address())
	}
	return err
}

// occupied says what to do where a store cannot be built.
func (s *settings) occupied(ctx context.Context, found error) error {
	if !errors.Is(found, store.ErrExists) {
		return found
	}
	if s.store != "" {
		db, err := postgres.Open(ctx, s.store)
		if errors.Is(err, store.ErrUnfinished) {
			return fmt.Errorf("%w, and is no store yet: another move or restoration into it goes on, or was cut short. Let that one come to its end; drop the table laurel_store only where none goes on", found)
		} else if err == nil {
			_ = db.Close()
		}
	}
	return fmt.Errorf("%w: a store is moved to where there is none. Move away or drop what is there", found)
}

// moving says what a move is doing.
func moving(step move.Step, n int) string {
	switch step {
	case move.Copying:
		return fmt.Sprintf("copying: %d records", n)
	case move.Comparing:
		return "comparing every record"
	case move.Checking:
		return "checking"
	case move.CatchingUp:
		return fmt.Sprintf("catching up: %d changes", n)
	case move.Holding:
		return "writers wait"
	default:
		return "the old store is left; finishing the new one"
	}
}

// discard removes what a move of that name has left where the settings have the
// store.
func (s *settings) discard(ctx context.Context, name string) error {
	if s.store != "" {
		return postgres.Discard(ctx, s.store, name)
	}
	return bolt.Discard(s.storeFile(), name)
}

// finishMove finishes a move of which the old store says that it was made, and
// makes sure that the new one is its copy. It reports whether anything was left to
// finish.
func (svc *service) finishMove(ctx context.Context, target *settings, mark issuer.Rollback) (late bool, err error) {
	if svc.unsettled.Load() {
		return false, errors.New("whether the old store was left is only settled when it is opened anew: stop the service, and say this command again")
	}
	late, err = target.finish(ctx, mark.Move)
	var db store.Store
	if err == nil {
		db, err = openStore(ctx, target)
	}
	if err != nil {
		return late, errors.Join(svc.wentBack(ctx), err)
	}
	copied, err := issuer.ReadRollback(ctx, db)
	if err = errors.Join(err, db.Close()); err == nil && copied.Move != mark.Move {
		err = errors.Join(svc.wentBack(ctx), fmt.Errorf("%s holds another store than the one that it was moved to", target.address()))
	}
	return late, err
}

// finish makes a store of what a move has prepared; false where it is one already.
func (s *settings) finish(ctx context.Context, name string) (late bool, err error) {
	if s.store != "" {
		return postgres.FinishPrepared(ctx, s.store, name)
	}
	err = bolt.FinishPrepared(s.storeFile(), name)
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// settle tells what to do about a database into which a store is being moved, or
// finishes that where the old store, in the data folder, says that it was left for
// it. It reports whether the error was one of these.
func (s *settings) settle(ctx context.Context, found error) (err error, was bool) {
	var copied *store.Unfinished
	switch {
	case !errors.As(found, &copied):
		return nil, false
	case !copied.Prepared:
		return fmt.Errorf("%w. A move or a restoration into it goes on, or was cut short: nothing was lost by that, the store before is in force. `laurel migrate` begins again; else drop the table laurel_store", found), true
	}
	if _, err := os.Stat(s.storeFile()); err != nil {
		return fmt.Errorf("%w: a move into it waits to be finished, by `laurel migrate` or `laurel serve` on the data folder with the old store", found), true
	}
	old, err := bolt.Open(s.storeFile(), fileOptions())
	if err != nil {
		return fmt.Errorf("%w. A move into it waits for its old store: %w", found, err), true
	}
	mark, err := issuer.ReadRollback(ctx, old)
	if err = errors.Join(err, old.Close()); err != nil {
		return err, true
	}
	if !mark.Pending || !mark.Moved || mark.Move != copied.Name {
		return fmt.Errorf("%w: a move into it was cut short, and the old store is in force. `laurel migrate` begins again; else drop the table laurel_store", found), true
	}
	_, err = s.finish(ctx, copied.Name)
	return err, true
}

// checkCopy opens the copy as serve will, and holds what is in a file, the copy or
// the store that it is the same as, against itself: of a database each record is
// asked for over the network.
func checkCopy(ctx context.Context, svc *service, target *settings, db store.Store) error {
	checked, err := assemble(ctx, target, db, svc.ring, discard())
	if err == nil {
		err = checked.issuer.CheckKeys(ctx)
	}
	if err != nil {
		return err
	}
	if svc.settings.store == "" {
		checked = svc
	}
	answer, err := checkStore(ctx, checked, checkQuestion{})
	if err != nil {
		return err
	}
	log, err := verifyAudit(ctx, checked, auditQuestion{})
	if err != nil {
		return err
	}
	return errors.Join(answer.err("the store is not in order, and is not moved"), log.err("the audit log is not whole, and the store is not moved"))
}
