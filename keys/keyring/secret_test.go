package keyring

import (
	"bytes"
	"strings"
	"testing"

	"laurel/keys"
)

func TestSealSecret(t *testing.T) {
	dir, r := create(t, Seal{}, keys.EdDSA)
	plain := []byte("a secret of thirty-two characters")
	sealed, err := r.SealSecret(plain)
	if err != nil || strings.Contains(sealed, string(plain)) {
		t.Fatal(sealed, err)
	}
	if twice, err := r.SealSecret(plain); err != nil || twice == sealed {
		t.Errorf("sealed twice alike, %v", err)
	}
	if again, err := open(t, dir, Seal{}).OpenSecret(sealed); err != nil || !bytes.Equal(again, plain) {
		t.Errorf("opened by another ring on the folder: %q, %v", again, err)
	}
	_, stranger := create(t, Seal{}, keys.EdDSA)
	if got, err := stranger.OpenSecret(sealed); err == nil {
		t.Errorf("a stranger's ring opens it: %q", got)
	}
	for _, at := range []int{10, len(sealed) / 2, len(sealed) - 40} {
		broken := []byte(sealed)
		broken[at] ^= 1
		if got, err := r.OpenSecret(string(broken)); err == nil {
			t.Errorf("changed at %d it opens: %q", at, got)
		}
	}
	if _, err := r.OpenSecret(""); err == nil {
		t.Error("nothing opens")
	}
}
