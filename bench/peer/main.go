// Command peer compares what issuing and verifying a badge costs here and with
// Digital Bazaar's libraries in Node, as processor time of whole processes, in
// alternating rounds. It measures and ships with nothing; bench/README.md says
// how to run it.
//
// What is compared is all in memory: ours parses, signs and reads the badge back
// as a stranger (issue), or parses it and checks shape, schema, terms, dates and
// proof (verify); theirs does what its functions issue and verifyCredential do.
// Neither fetches anything or asks a status list.
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/resolve"
	"laurel/schemas"
	"laurel/verifier"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds, of each side in turn")
	ours := flag.Int("n", 5000, "badges a round, here")
	theirs := flag.Int("peer-n", 100, "badges a round, in Node")
	file := flag.String("badge", "badge/canon/testdata/badge-4.5KB.json", "the badge, without a proof")
	script := flag.String("script", "interop/peer.mjs", "peer.mjs, beside the folder where Node finds its packages")
	only := flag.String("only", "", "issue or verify: do that -n times here, and nothing else")
	flag.Parse()
	var err error
	if *only != "" {
		err = work(*only, *ours, *file)
	} else {
		err = compare(*rounds, *ours, *theirs, *file, *script)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// work is what one process does that is measured.
func work(what string, n int, file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	b, err := newBench(raw)
	if err != nil {
		return err
	}
	signed, err := b.issue()
	for i := 0; i < n && err == nil; i++ {
		if what == "issue" {
			_, err = b.issue()
		} else {
			err = b.verify(signed)
		}
	}
	return err
}

type bench struct {
	unsigned []byte
	suite    proof.EdDSARDFC2022
	signer   keys.Signer
	verifier *verifier.Verifier
}

func newBench(raw []byte) (*bench, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	did, err := keys.DIDKey(public)
	if err != nil {
		return nil, err
	}
	method := keys.VerificationMethod{ID: did + "#" + strings.TrimPrefix(did, "did:key:"), Controller: did, Public: public, Assertion: true}
	signer, err := keyring.NewSigner(method, private)
	if err != nil {
		return nil, err
	}
	d, err := badge.Parse(raw)
	if err != nil {
		return nil, err
	}
	processor, err := canon.New()
	if err != nil {
		return nil, err
	}
	suite := proof.EdDSARDFC2022{Canon: processor}
	v, err := verifier.New(verifier.Config{Canon: processor, Suites: []proof.Suite{suite}, Keys: resolve.New(nil, nil)})
	unsigned := strings.Replace(string(raw), d.IssuerID(), did, 1)
	return &bench{[]byte(unsigned), suite, signer, v}, err
}

func (b *bench) issue() ([]byte, error) {
	d, err := badge.Parse(b.unsigned)
	if err != nil {
		return nil, err
	}
	signed, err := b.suite.Secure(context.Background(), d, b.signer, time.Now())
	if err != nil {
		return nil, err
	}
	return signed.Raw(), b.verify(signed.Raw())
}

func (b *bench) verify(signed []byte) error {
	return b.verifier.VerifyBytes(context.Background(), signed, verifier.Options{ProofOnly: true}).Err()
}

// compare prints processor time for each badge, and the ratio of each round.
func compare(rounds, ours, theirs int, file, script string) error {
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	contexts := filepath.Join(dir, "contexts.json")
	if err := writeContexts(contexts); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, what := range []string{"issue", "verify"} {
		var here, there, ratios []float64
		for range rounds {
			us, err := each(ours, func(n string) *exec.Cmd { return exec.Command(self, "-only", what, "-n", n, "-badge", file) })
			if err != nil {
				return err
			}
			node, err := each(theirs, func(n string) *exec.Cmd { return exec.Command("node", script, what, n, file, contexts) })
			if err != nil {
				return err
			}
			here, there, ratios = append(here, us), append(there, node), append(ratios, node/us)
		}
		fmt.Printf("%-7s here %6.0f µs, Node %7.0f µs, Node / here %.0f (%.0f to %.0f)\n", what,
			median(here), median(there), median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	return nil
}

func writeContexts(path string) error {
	documents := map[string]json.RawMessage{}
	for _, url := range schemas.ContextURLs() {
		document, ok := schemas.ContextDocument(url)
		if !ok {
			return errors.New(url + " is listed and not held")
		}
		documents[url] = document
	}
	raw, err := json.Marshal(documents)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

// each is the processor time of one badge in microseconds: that of a process
// that does n, less that of one that only starts.
func each(n int, command func(n string) *exec.Cmd) (float64, error) {
	var used [2]time.Duration
	for i, count := range []int{0, n} {
		c := command(strconv.Itoa(count))
		c.Stderr = os.Stderr
		if err := c.Run(); err != nil {
			return 0, fmt.Errorf("%s: %w", c, err)
		}
		used[i] = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	return float64((used[1] - used[0]).Nanoseconds()) / 1000 / float64(n), nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
