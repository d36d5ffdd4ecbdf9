package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// ageBeginning is that of every file that age encrypts.
const ageBeginning = "age-encryption.org/"

// Lock says who can read a backup. The zero Lock is none: everybody.
type Lock struct {
	to   []age.Recipient
	read Key
}

// Key opens backups. The zero Key opens what is not encrypted.
type Key struct{ identities []age.Identity }

// LockTo encrypts to recipients as age writes them, age1… or age1pq…. A key of
// the moment, which is kept nowhere, is added to them: with it what was written
// is read back (Lock.Key) by somebody who has none of theirs.
func LockTo(recipients []string) (Lock, error) {
	to, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n")))
	if err != nil {
		return Lock{}, errors.New("backup: a recipient is written age1…, as age-keygen prints it")
	}
	if _, later := to[0].(*age.HybridRecipient); later { // which age does not mix with others
		moment, err := age.GenerateHybridIdentity()
		if err != nil {
			return Lock{}, err
		}
		return Lock{append(to, moment.Recipient()), Key{[]age.Identity{moment}}}, nil
	}
	moment, err := age.GenerateX25519Identity()
	if err != nil {
		return Lock{}, err
	}
	return Lock{append(to, moment.Recipient()), Key{[]age.Identity{moment}}}, nil
}

// LockBy encrypts with a passphrase.
func LockBy(passphrase string) (Lock, error) {
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return Lock{}, fmt.Errorf("backup: %w", err)
	}
	key, err := KeyOf(passphrase)
	return Lock{[]age.Recipient{to}, key}, err
}

// Encrypts tells whether a backup under this Lock is encrypted.
func (l Lock) Encrypts() bool { return len(l.to) > 0 }

// Key opens what this Lock has locked.
func (l Lock) Key() Key { return l.read }

// Writer locks what is written to it. Its Close writes the end, and leaves out
// open.
func (l Lock) Writer(out io.Writer) (io.WriteCloser, error) {
	if !l.Encrypts() {
		return plain{out}, nil
	}
	w, err := age.Encrypt(out, l.to...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return w, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// KeyFrom reads a file of age identities (AGE-SECRET-KEY-…).
func KeyFrom(file []byte) (Key, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(file))
	if err != nil { // which may quote the line
		return Key{}, errors.New("backup: this is no file of age identities, as age-keygen writes it")
	}
	return Key{identities}, nil
}

// KeyOf is for backups that were encrypted with a passphrase.
func KeyOf(passphrase string) (Key, error) {
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return Key{}, fmt.Errorf("backup: %w", err)
	}
	return Key{[]age.Identity{identity}}, nil
}

// Reader opens a backup, encrypted or not. The error is ErrEncrypted,
// ErrWrongKey or ErrDamaged.
func (k Key) Reader(in io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(in, buffer)
	head, err := b.Peek(len(ageBeginning))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(head) != ageBeginning {
		return b, nil
	}
	if len(k.identities) == 0 {
		return nil, ErrEncrypted
	}
	opened, err := age.Decrypt(b, k.identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, ErrWrongKey
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return decrypted{opened}, nil
}

// decrypted tells damage from the end of what age reads.
type decrypted struct{ io.Reader }

func (d decrypted) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return n, err
}
