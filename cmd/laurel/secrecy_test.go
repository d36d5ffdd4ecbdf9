package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// TestNoSecretLeavesTheKeys: whatever is done with keys, well or badly, no
// private key, seal or passphrase shows in what is printed or stored.
func TestNoSecretLeavesTheKeys(t *testing.T) {
	for name, passphrase := range map[string]string{"key file": "", "passphrase": "correct horse battery staple"} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			data := filepath.Join(t.TempDir(), "data")
			seal := []string{"--data", data}
			if passphrase != "" {
				file := filepath.Join(t.TempDir(), "passphrase")
				if err := os.WriteFile(file, []byte(passphrase+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				seal = append(seal, "--seal-passphrase-file", file)
			}
			laurel := func(want int, args ...string) {
				t.Helper()
				p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &out}
				if code := p.exit(context.WithoutCancel(t.Context()), append(args, seal...)); code != want {
					t.Fatalf("%v: exit %d, want %d: %s", args, code, want, &out)
				}
			}
			laurel(0, "init", "--base-url", "https://badges.example", "--issuer", "city-academy", "--name", "City Academy")
			identity := openSeal(t, filepath.Join(data, "keys"), passphrase)
			if passphrase != "" {
				cheapen(t, filepath.Join(data, "keys"), passphrase, identity)
			}
			seed, id := openKey(t, filepath.Join(data, "keys"), identity)
			laurel(0, "keys", "rotate", "--issuer", "city-academy")
			laurel(0, "keys", "retire", "--issuer", "city-academy", "--id", id)
			laurel(0, "keys", "revoke", "--issuer", "city-academy", "--id", id, "--reason", "a test")
			laurel(0, "keys", "export-public", "--issuer", "city-academy")
			laurel(0, "keys", "export-public", "--issuer", "city-academy", "--jwks")
			laurel(1, "keys", "activate", "--issuer", "city-academy", "--id", id)
			laurel(1, "keys", "revoke", "--issuer", "city-academy", "--id", "AGE-SECRET")
			laurel(0, "keys", "list")
			damage(t, filepath.Join(data, "keys"))
			laurel(1, "keys", "list")
			db, err := os.ReadFile(filepath.Join(data, "laurel.db"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), id) || !bytes.Contains(db, []byte(id)) {
				t.Fatal("not even the public id shows: does the test look at anything?")
			}
			if strings.Contains(out.String(), "AGE ENCRYPTED") {
				t.Error("an age file shows")
			}
			out.Write(db) // which has sealed secrets of its own, and no key
			text := strings.ToLower(strings.ReplaceAll(out.String(), `id "AGE-SECRET"`, ""))
			for what, secret := range map[string]string{"the seed in hex": hex.EncodeToString(seed), "the seed in base64": base64.StdEncoding.EncodeToString(seed)[:40],
				"the seed in base64url": base64.RawURLEncoding.EncodeToString(seed)[:40], "the seed": string(seed), "the seal": identity.String(),
				"a private key in PEM": "PRIVATE KEY", "the passphrase": "correct horse", "a sealed key": sealedKey(t, filepath.Join(data, "keys"))} {
				if strings.Contains(text, strings.ToLower(secret)) {
					t.Errorf("%s shows", what)
				}
			}
		})
	}
}

// sealedKey is the longest line of the sealed part of one of the key files.
func sealedKey(t *testing.T, folder string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Sealed string }
		if err := json.Unmarshal(raw, &file); err == nil && file.Sealed != "" {
			return strings.Split(file.Sealed, "\n")[3] // behind the two that any file may begin with
		}
	}
	t.Fatal("no key file is sealed")
	return ""
}

// openSeal reads what opens the keys of a folder, as age alone would.
func openSeal(t *testing.T, folder, passphrase string) *age.X25519Identity {
	t.Helper()
	name := "seal.key"
	if passphrase != "" {
		name = "seal.age"
	}
	raw, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	if passphrase != "" {
		scrypt, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			t.Fatal(err)
		}
		raw = decryptAge(t, string(raw), scrypt)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(raw))
	if err != nil || len(identities) != 1 {
		t.Fatalf("%d identities, %v", len(identities), err)
	}
	return identities[0].(*age.X25519Identity)
}

// cheapen locks the seal anew with the same passphrase, so that opening it does not
// cost the second that it should.
func cheapen(t *testing.T, folder, passphrase string, identity *age.X25519Identity) {
	t.Helper()
	recipient, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(10)
	var file bytes.Buffer
	armored := armor.NewWriter(&file)
	w, err := age.Encrypt(armored, recipient)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, identity.String()+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), armored.Close(), os.WriteFile(filepath.Join(folder, "seal.age"), file.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func decryptAge(t *testing.T, text string, with age.Identity) []byte {
	t.Helper()
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(text)), with)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// openKey reads the private half of the academy's Ed25519 key.
func openKey(t *testing.T, folder string, identity age.Identity) (seed []byte, id string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "city-academy.z6Mk*.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ ID, Sealed string }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(decryptAge(t, file.Sealed, identity))
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return private.(ed25519.PrivateKey).Seed(), file.ID
}

// damage spoils the sealed part of a key file.
func damage(t *testing.T, folder string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "city-academy.z6Mk*.json"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%v, %v", found, err)
	}
	raw, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Replace(raw, []byte("BEGIN AGE"), []byte("BEGIN EGA"), 1)
	if bytes.Equal(raw, spoilt) {
		t.Fatal(fmt.Sprint("nothing to damage in ", found[0]))
	}
	if err := os.WriteFile(found[0], spoilt, 0o600); err != nil {
		t.Fatal(err)
	}
}
