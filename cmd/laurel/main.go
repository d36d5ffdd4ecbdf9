// Command laurel issues and verifies Open Badges 3.0 credentials.
//
// This package wires: it is the only one that names a store backend, reads the
// environment or ends the process. Each subcommand has a file of its own; the
// service that they share is put together in service.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	sampleHeap()
	collectSeldom()
	keepMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes. Those of verify are its verdicts.
const (
	exitOK      = 0
	exitFailure = 1 // verify: invalid
	exitUnknown = 2 // verify: could not tell
	exitUsage   = 3
)

// program is one run of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
}

// usageError is a mistake on the command line or in the environment.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitError ends the command with a code when everything was said already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, environ: os.Environ()}
	return p.exit(ctx, args)
}

// exit runs a command and says the one line that its error needs.
func (p *program) exit(ctx context.Context, args []string) int {
	err := p.dispatch(ctx, args)
	var code exitError
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(p.stderr, "laurel: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(p.stderr, "laurel: %v\n", err)
	return exitFailure
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(p.stderr, usage)
		return exitError(exitUsage)
	}
	commands := map[string]func(context.Context, []string) error{
		"init": p.init, "demo": p.demo, "serve": p.serve, "issue": p.issue, "verify": p.verify, "bundle": p.bundle, "revoke": p.revoke,
		"keys": p.keys, "token": p.token, "programme": p.programme, "canon": p.canon, "config": p.config, "audit": p.audit, "compact": p.compact, "backup": p.backup, "archive": p.archive, "restore": p.restore, "migrate": p.migrate, "check": p.check, "clock": p.clock, "health": p.health, "version": p.version,
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(p.stdout, usage)
		return nil
	}
	command, ok := commands[args[0]]
	if !ok {
		return usagef("there is no command %q; `laurel help` lists them", args[0])
	}
	return command(ctx, args[1:])
}
