package keyring

import (
	"testing"
	"time"

	"filippo.io/age"

	"laurel/keys"
)

// FuzzKeyFile: whatever a key file holds, it is read whole or refused, and what
// is read says the same when it is written again.
func FuzzKeyFile(f *testing.F) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	e, err := newEntry(f.Context(), "main", controller, keys.EdDSA)
	if err != nil {
		f.Fatal(err)
	}
	e.Created = dawn
	if e.file, err = sealedFile(e, lock{identity}); err != nil {
		f.Fatal(err)
	}
	e.Activates = dawn.Add(time.Minute)
	seeds := []entry{e}
	e.Retired = e.Created.Add(time.Hour)
	seeds = append(seeds, e)
	e.Revoked = e.Created.Truncate(time.Second)
	seeds = append(seeds, e)
	for _, e := range seeds {
		k := e.file.at(e)
		raw, err := k.encode()
		if err != nil {
			f.Fatal(err)
		}
		if _, err := decodeFile(raw); err != nil {
			f.Fatalf("a file of our own: %v", err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeFile(raw)
		if err != nil {
			return
		}
		k := e.file.at(e)
		again, err := k.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeFile(again)
		if err != nil || back.ID != e.ID || back.Issuer != e.Issuer || !back.Created.Equal(e.Created) || !back.Activates.Equal(e.Activates) ||
			!back.Retired.Equal(e.Retired) || !back.Revoked.Equal(e.Revoked) || back.stateAt(e.Created) != e.stateAt(e.Created) {
			t.Fatalf("%+v became %+v, %v", e.Info, back.Info, err)
		}
	})
}
