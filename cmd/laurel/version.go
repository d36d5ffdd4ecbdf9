package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime/debug"

	"laurel/internal/bill"
)

// version is that of the module, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

func (p *program) version(_ context.Context, args []string) error {
	set := flag.NewFlagSet("version", flag.ContinueOnError)
	sbom := set.Bool("sbom", false, "print what the program is made of, as CycloneDX")
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	switch {
	case set.NArg() > 0:
		return usagef("version takes no operands, only --sbom")
	case *sbom:
		return p.bill()
	}
	fmt.Fprintln(p.stdout, "laurel", version())
	return nil
}

// bill prints what the program is made of, as the linker recorded it.
func (p *program) bill() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this program was built without a record of its modules")
	}
	raw, err := bill.CycloneDX(info)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s\n", raw)
	return nil
}
