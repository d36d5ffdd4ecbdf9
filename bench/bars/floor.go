package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"syscall"
	"time"

	"laurel/schemas"
)

// floor is the processor time of what a verification cannot do without: one
// Ed25519 verification and SHA-256 of 16 kB.
func floor(rounds int) (time.Duration, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return 0, err
	}
	message, text := make([]byte, 64), make([]byte, 16<<10)
	signature := ed25519.Sign(private, message)
	before, err := processor()
	if err != nil {
		return 0, err
	}
	for range rounds {
		text[0] ^= sha256.Sum256(text)[0]
		if !ed25519.Verify(public, message, signature) {
			return 0, errors.New("the floor has a hole")
		}
	}
	after, err := processor()
	return (after - before) / time.Duration(rounds), err
}

// processor is the time that this process has used.
func processor() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// contextDocuments are the contexts that Node is given, by address.
func contextDocuments() ([]byte, error) {
	documents := map[string]json.RawMessage{}
	for _, url := range schemas.ContextURLs() {
		document, ok := schemas.ContextDocument(url)
		if !ok {
			return nil, errors.New(url + " is listed and not held")
		}
		documents[url] = document
	}
	return json.Marshal(documents)
}
