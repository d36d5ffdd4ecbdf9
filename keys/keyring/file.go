package keyring

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"laurel/internal/strictjson"
	"laurel/keys"
)

const fileVersion = 1

// keyFile is one key on disk. The checksum finds damage; that nobody else
// writes here is the folder's matter.
type keyFile struct {
	Version    int               `json:"version"`
	Issuer     string            `json:"issuer"`
	ID         string            `json:"id"`
	Controller string            `json:"controller"`
	Algorithm  string            `json:"algorithm"`
	State      string            `json:"state"`
	Created    string            `json:"created"`             // RFC 3339, UTC, as are the others
	Activates  string            `json:"activates,omitempty"` // none: signs from the start
	Retired    string            `json:"retired,omitempty"`
	Revoked    string            `json:"revoked,omitempty"`
	Public     map[string]string `json:"public"`   // JSON Web Key
	Sealed     string            `json:"sealed"`   // PKCS #8 in PEM, encrypted by age, armored
	Checksum   string            `json:"checksum"` // SHA-256 in hex of this object, compact, checksum empty
}

// fileName is issuer.id.json: a slug has no dot, so the parts are clear.
func (e entry) fileName() string { return e.Issuer + "." + e.ID + keySuffix }

func sealedFile(e entry, l lock) (keyFile, error) {
	der, err := x509.MarshalPKCS8PrivateKey(e.signer.private)
	if err != nil {
		return keyFile{}, fmt.Errorf("encoding a private key: %w", err)
	}
	plain := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	clear(der)
	sealed, err := l.seal(plain)
	clear(plain)
	if err != nil {
		return keyFile{}, err
	}
	public, err := publicMembers(e.Method.Public)
	if err != nil {
		return keyFile{}, err
	}
	k := keyFile{
		Version: fileVersion, Issuer: e.Issuer, ID: e.ID, Controller: e.Method.Controller, Algorithm: string(e.Algorithm),
		Created: e.Created.Format(time.RFC3339Nano), Public: public, Sealed: sealed,
	}
	return k.at(e), nil
}

// at is the file with the times of an entry. Its state says what was decided
// last, the times say from when on.
func (k keyFile) at(e entry) keyFile {
	k.State = string(keys.Active)
	if !e.Retired.IsZero() {
		k.State = string(keys.Retired)
	}
	if !e.Revoked.IsZero() {
		k.State = string(keys.Revoked)
	}
	k.Activates, k.Retired, k.Revoked = stamp(e.Activates), stamp(e.Retired), stamp(e.Revoked)
	return k
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func publicMembers(public crypto.PublicKey) (map[string]string, error) {
	raw, err := keys.JWK(public, "")
	if err != nil {
		return nil, err
	}
	members := map[string]string{}
	return members, json.Unmarshal(raw, &members)
}

// encode sets the checksum too.
func (k *keyFile) encode() ([]byte, error) {
	var err error
	if k.Checksum, err = k.sum(); err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding a key file: %w", err)
	}
	return append(raw, '\n'), nil
}

func (k keyFile) sum() (string, error) {
	k.Checksum = ""
	raw, err := json.Marshal(k)
	if err != nil {
		return "", fmt.Errorf("encoding a key file: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// load reads one key file, opens it and tries the key out, unless it is known
// already.
func (r *Ring) load(name string, known entry) (entry, error) {
	raw, err := r.folder.read(name)
	if err != nil {
		return entry{}, err
	}
	path := r.folder.join(name)
	e, err := decodeFile(raw)
	if err != nil {
		return entry{}, fmt.Errorf("%w: %s: %w; restore it from a backup", ErrDamaged, path, err)
	}
	if known.signer != nil && known.file.Checksum == e.file.Checksum && known.fileName() == name {
		return known, nil
	}
	if e.fileName() != name {
		return entry{}, fmt.Errorf("%w: %s holds the key that belongs in %s; rename it back", ErrDamaged, path, e.fileName())
	}
	plain, err := r.lock.open(e.file.Sealed)
	if isIncorrect(err) {
		return entry{}, fmt.Errorf("%w: %s is sealed with another key than the other files; restore the folder from one backup", ErrSealed, path)
	}
	if err != nil {
		return entry{}, fmt.Errorf("%w: %s: its sealed part cannot be read: %w; restore it from a backup", ErrDamaged, path, err)
	}
	e.signer, err = openSigner(e.Method, plain)
	clear(plain)
	if err != nil {
		return entry{}, fmt.Errorf("%w: %s: %w; restore it from a backup", ErrDamaged, path, err)
	}
	return e, nil
}

// decodeFile reads everything but the sealed part.
func decodeFile(raw []byte) (entry, error) {
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxFile})
	if err != nil {
		return entry{}, err
	}
	if n := v.Get("version"); n.Raw() != fmt.Sprint(fileVersion) {
		return entry{}, fmt.Errorf("version %.20q is not known to this program", n.Raw())
	}
	var k keyFile
	if err := strictjson.Decode(v, &k); err != nil {
		return entry{}, err
	}
	sum, err := k.sum()
	if err != nil {
		return entry{}, err
	}
	if sum != k.Checksum {
		return entry{}, fmt.Errorf("its content does not match its checksum")
	}
	return k.entry()
}

func (k keyFile) entry() (entry, error) {
	public, err := k.publicKey()
	if err != nil {
		return entry{}, err
	}
	e := entry{file: k, Info: keys.Info{
		Issuer: k.Issuer, ID: k.ID, Method: methodOf(k.Controller, k.ID, public), Algorithm: keys.Algorithm(k.Algorithm),
	}}
	if k.Created == "" {
		return entry{}, fmt.Errorf("created is no time")
	}
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"created", k.Created, &e.Created}, {"activates", k.Activates, &e.Activates}, {"retired", k.Retired, &e.Retired}, {"revoked", k.Revoked, &e.Revoked}} {
		if f.text == "" {
			continue
		}
		if *f.to, err = time.Parse(time.RFC3339, f.text); err != nil || f.to.IsZero() {
			return entry{}, fmt.Errorf("%s is no time", f.name)
		}
	}
	if k.at(e).State != k.State {
		return entry{}, fmt.Errorf("the state %.40q does not fit", k.State)
	}
	e.Method.Revoked = e.Revoked
	return e, nil
}

func (k keyFile) publicKey() (crypto.PublicKey, error) {
	raw, err := json.Marshal(k.Public)
	if err != nil {
		return nil, err
	}
	jwk, err := keys.ParseJWK(raw)
	if err != nil {
		return nil, err
	}
	if alg, err := keys.AlgorithmOf(jwk.Public); err != nil || string(alg) != k.Algorithm {
		return nil, fmt.Errorf("the public key is not one for %.40q", k.Algorithm)
	}
	if fragment, err := fragmentOf(jwk.Public); err != nil || fragment != k.ID {
		return nil, fmt.Errorf("the public key is not the one of its id")
	}
	return jwk.Public, nil
}

// openSigner never passes on what a parser says of the private key.
func openSigner(method keys.VerificationMethod, plain []byte) (*signer, error) {
	block, _ := pem.Decode(plain)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("the sealed part is no private key")
	}
	defer clear(block.Bytes)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the sealed part is no private key that can be read")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("the sealed part is a %T", parsed)
	}
	s, err := newSigner(method, private)
	if err != nil {
		return nil, err
	}
	if err := s.selfTest(); err != nil {
		return nil, fmt.Errorf("the key does not work: %w", err)
	}
	return s, nil
}
