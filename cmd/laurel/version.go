package main

import (
	"context"
	"errors"
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
	switch {
	case len(args) == 0:
		fmt.Fprintln(p.stdout, "laurel", version())
		return nil
	case len(args) == 1 && args[0] == "--sbom":
		return p.bill()
	}
	return usagef("version takes --sbom and nothing else")
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
