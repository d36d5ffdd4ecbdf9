package resolve

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"laurel/keys"
)

// TestDIDKeysStayRead: a did:key that is read again says the same, whoever asks
// at the same time, and those of strangers do not fill the memory.
func TestDIDKeysStayRead(t *testing.T) {
	r := New(nil, nil)
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	did, err := keys.DIDKey(public)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				m, err := r.Resolve(t.Context(), did)
				if err != nil || m.Controller != did || !public.Equal(m.Public) {
					t.Errorf("%+v, %v", m, err)
				}
			}
		})
	}
	all.Wait()
	for i := range 2 * maxDIDKeys {
		id := fmt.Sprintf("did:key:z6Mk%d", i)
		for range 2 {
			if _, err := r.Resolve(t.Context(), id); !errors.Is(err, keys.ErrInvalidKey) && !errors.Is(err, keys.ErrUnsupported) {
				t.Fatalf("%s: %v", id, err)
			}
		}
	}
	if n := r.didKeys.Len(); n != maxDIDKeys {
		t.Errorf("%d are kept", n)
	}
	long := "did:key:z" + strings.Repeat("1", maxDIDKey)
	if _, err := r.Resolve(t.Context(), long); err == nil {
		t.Error("a long one was read")
	}
	if _, kept := r.didKeys.Get(long); kept {
		t.Error("a long one is kept")
	}
}
