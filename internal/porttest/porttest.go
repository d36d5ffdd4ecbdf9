// Package porttest keeps ports of loopback for the programs that tests start.
package porttest

import "testing"

// Address is a host and port of loopback where nobody listens, for a program that
// begins to listen there, ends, and begins again. Until the test ends, the port is
// given to nobody who asks for any, as all tests on this machine do all the time.
func Address(tb testing.TB) string {
	tb.Helper()
	address, leave, err := Keep()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(leave)
	return address
}
