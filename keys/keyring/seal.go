package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// The file that opens the keys of a folder: an age identity as it stands, or
// the same encrypted with a passphrase.
const (
	sealKeyFile    = "seal.key"
	sealPassphrase = "seal.age"
)

// Seal is what locks the private keys of a folder. The zero Seal is a key file
// that Create makes beside them, as safe as the folder itself; a passphrase
// kept elsewhere also protects a copy of the folder.
type Seal struct {
	passphrase string
	file       string // where the passphrase came from, for messages
	workFactor int    // log2 of the scrypt cost; 0 for the default of age, about a second
}

// SealFromPassphraseFile reads the passphrase of a seal: the text of the file
// without the line end. The file must be closed to others, as the keys are. The
// error is ErrPermissions or ErrDamaged, or that of the disk.
func SealFromPassphraseFile(path string) (Seal, error) {
	raw, err := readPrivateFile(path)
	if err != nil {
		return Seal{}, err
	}
	passphrase := strings.TrimRight(string(raw), "\r\n")
	if passphrase == "" || strings.ContainsAny(passphrase, "\r\n\x00") {
		return Seal{}, fmt.Errorf("%w: %s does not hold a passphrase; it is one line of text", ErrDamaged, path)
	}
	return Seal{passphrase: passphrase, file: path}, nil
}

func (s Seal) fileName() string {
	if s.passphrase == "" {
		return sealKeyFile
	}
	return sealPassphrase
}

// create makes a random identity, to which all keys will be sealed. A
// passphrase then costs one scrypt at start, not one for each key.
func (s Seal) create(f folder) error {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("making the seal: %w", err)
	}
	text := []byte("# This opens the issuing keys in this folder. Keep it secret, and keep a copy.\n" + identity.String() + "\n")
	if s.passphrase != "" {
		if text, err = s.encrypt(text); err != nil {
			return err
		}
	}
	if err := f.create(s.fileName(), text); err != nil {
		return fmt.Errorf("storing the seal: %w", err)
	}
	return nil
}

func (s Seal) encrypt(text []byte) ([]byte, error) {
	recipient, err := age.NewScryptRecipient(s.passphrase)
	if err != nil {
		return nil, fmt.Errorf("making the seal: %w", err)
	}
	if s.workFactor != 0 {
		recipient.SetWorkFactor(s.workFactor)
	}
	return encrypt(text, recipient)
}

// open reads the seal that a folder has, which must be of the kind that was
// asked for: a folder must not open by less than its operator believes.
func (s Seal) open(f folder, found []string) (lock, error) {
	if len(found) != 1 {
		return lock{}, fmt.Errorf("%w: %s holds both %s and %s; remove the one that does not belong to its keys",
			ErrDamaged, f.path, sealKeyFile, sealPassphrase)
	}
	path := f.join(found[0])
	switch {
	case found[0] == s.fileName():
	case found[0] == sealPassphrase:
		return lock{}, fmt.Errorf("%w: the keys are locked by a passphrase (%s); name the file that holds it", ErrSealed, path)
	default:
		return lock{}, fmt.Errorf("%w: the keys are locked by the key file %s, not by a passphrase; name no passphrase file", ErrSealed, path)
	}
	text, err := f.read(found[0])
	if err != nil {
		return lock{}, err
	}
	if s.passphrase != "" {
		if text, err = s.decrypt(text, path); err != nil {
			return lock{}, err
		}
	}
	l, err := lockIn(text, path)
	clear(text)
	if err != nil {
		return lock{}, fmt.Errorf("%w; restore it from a backup", err)
	}
	return l, nil
}

// lockIn is what the text of a key file stands for.
func lockIn(text []byte, path string) (lock, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil || len(identities) != 1 {
		// The error of age may quote the line, hence it is not passed on.
		return lock{}, fmt.Errorf("%w: %s does not hold one age identity", ErrDamaged, path)
	}
	identity, ok := identities[0].(*age.X25519Identity)
	if !ok {
		return lock{}, fmt.Errorf("%w: %s holds an identity of another kind than X25519", ErrDamaged, path)
	}
	return lock{identity}, nil
}

func (s Seal) decrypt(text []byte, path string) ([]byte, error) {
	identity, err := age.NewScryptIdentity(s.passphrase)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	plain, err := decrypt(text, identity)
	if isIncorrect(err) {
		return nil, fmt.Errorf("%w: the passphrase in %s does not open %s", ErrSealed, s.file, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s cannot be read; restore it from a backup: %w", ErrDamaged, path, err)
	}
	return plain, nil
}

// isIncorrect tells a wrong key or passphrase from a damaged text.
func isIncorrect(err error) bool {
	var none *age.NoIdentityMatchError
	return errors.As(err, &none)
}

// lock seals and opens the private keys of one folder.
type lock struct{ identity *age.X25519Identity }

func (l lock) seal(plain []byte) (string, error) {
	sealed, err := encrypt(plain, l.identity.Recipient())
	return string(sealed), err
}

func (l lock) open(sealed string) ([]byte, error) {
	return decrypt([]byte(sealed), l.identity)
}

func encrypt(plain []byte, to age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	text := armor.NewWriter(&out)
	w, err := age.Encrypt(text, to)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = text.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return out.Bytes(), nil
}

func decrypt(sealed []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(sealed)), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxFile))
}

// String says of what kind the seal is.
func (s Seal) String() string {
	if s.passphrase == "" {
		return "seal by key file"
	}
	return "seal by the passphrase in " + s.file
}

// GoString is String.
func (s Seal) GoString() string { return s.String() }

// Format is String under every verb.
func (s Seal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s Seal) LogValue() slog.Value { return slog.StringValue(s.String()) }
