package main

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"laurel/internal/bundle"
)

// waitLogged waits until the audit log has the issue of a badge: logged BASE ID.
func waitLogged(ts *testscript.TestScript, _ bool, args []string) {
	for range 6000 {
		resp, err := http.Get(args[0] + "/log/entries/" + args[1])
		ts.Check(err)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the issue of %s is not in the log", args[1])
}

// rebundle makes a bundle anew, digests included: with a text replaced
// (rebundle FROM TO old new), or without what was collected for a use
// (rebundle FROM TO drop use).
func rebundle(ts *testscript.TestScript, _ bool, args []string) {
	b, err := bundle.Parse([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	found := false
	if args[2] == "drop" {
		b.Documents = slices.DeleteFunc(b.Documents, func(d bundle.Document) bool {
			found = found || string(d.Use) == args[3]
			return string(d.Use) == args[3]
		})
	} else {
		documents := []*[]byte{}
		for n := range b.Documents {
			documents = append(documents, &b.Documents[n].Bytes)
		}
		for _, raw := range append(documents, &b.Badge.Bytes) {
			if changed := bytes.Replace(*raw, []byte(args[2]), []byte(args[3]), 1); !found && !bytes.Equal(changed, *raw) {
				*raw, found = changed, true
			}
		}
	}
	if !found {
		ts.Fatalf("there is no %s in %s", args[2:], args[0])
	}
	raw, err := b.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o600))
}
