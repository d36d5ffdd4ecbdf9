package keyring

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"strings"

	"laurel/keys"
)

const rsaBits = 2048

// signer holds a private key in memory. However it is printed, it shows the
// public identifier alone.
type signer struct {
	method  keys.VerificationMethod
	private crypto.Signer
}

// NewSigner makes a Signer of a private key in memory: ed25519.PrivateKey,
// *ecdsa.PrivateKey (P-256, P-384) or *rsa.PrivateKey. The error is
// keys.ErrInvalidKey when the method is not of its public half, else what
// keys.CheckPublic has against it.
func NewSigner(method keys.VerificationMethod, private crypto.Signer) (keys.Signer, error) {
	s, err := newSigner(method, private)
	if err != nil {
		return nil, err // not s: a nil *signer is no nil Signer
	}
	return s, nil
}

func newSigner(method keys.VerificationMethod, private crypto.Signer) (*signer, error) {
	if err := keys.CheckPublic(method.Public); err != nil {
		return nil, err
	}
	public, ok := method.Public.(interface{ Equal(crypto.PublicKey) bool })
	if private == nil || !ok || !public.Equal(private.Public()) {
		return nil, fmt.Errorf("%w: %.120q is not the public half of this private key", keys.ErrInvalidKey, method.ID)
	}
	return &signer{method, private}, nil
}

// Method is the public half.
func (s *signer) Method() keys.VerificationMethod { return s.method }

var _ keys.PromptSigner = (*signer)(nil)

// Prompt implements keys.PromptSigner.
func (*signer) Prompt() {}

// Sign signs as keys.Signer says.
func (s *signer) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch k := s.private.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(k, message), nil
	case *ecdsa.PrivateKey:
		return signECDSA(k, message)
	case *rsa.PrivateKey:
		sum := sha256.Sum256(message)
		return rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	}
	return nil, fmt.Errorf("%w: signing with a %T", keys.ErrUnsupported, s.private)
}

// signECDSA gives r||s, each as wide as the curve (RFC 7518 section 3.4). It is
// deterministic (RFC 6979), as VC-DI-ECDSA section 3 asks: a poor source of
// randomness cannot give the key away.
func signECDSA(k *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	hash := crypto.SHA256
	if k.Curve == elliptic.P384() {
		hash = crypto.SHA384
	}
	h := hash.New()
	h.Write(message)
	der, err := k.Sign(nil, h.Sum(nil), hash)
	if err != nil {
		return nil, err
	}
	var signature struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &signature); err != nil {
		return nil, fmt.Errorf("reading the signature just made: %w", err)
	}
	width := (k.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*width)
	signature.R.FillBytes(out[:width])
	signature.S.FillBytes(out[width:])
	return out, nil
}

// selfTest signs something fresh and verifies it with the public half: a key
// that does not do this must be found now, not by the holder of a badge.
func (s *signer) selfTest() error {
	message := make([]byte, 32)
	_, _ = rand.Read(message) // crypto/rand never fails
	signature, err := s.Sign(context.Background(), message)
	if err != nil {
		return err
	}
	return s.method.Verify(message, signature)
}

// newKey makes a private key with its method. The fragment that names it
// follows from the key, so no two keys share one.
func newKey(controller string, alg keys.Algorithm) (*signer, string, error) {
	if err := checkController(controller, alg); err != nil {
		return nil, "", err
	}
	private, err := generate(alg)
	if err != nil {
		return nil, "", err
	}
	fragment, err := fragmentOf(private.Public())
	if err != nil {
		return nil, "", err
	}
	if controller == "" {
		controller = "did:key:" + fragment
	}
	s, err := newSigner(methodOf(controller, fragment, private.Public()), private)
	if err != nil {
		return nil, "", err
	}
	if err := s.selfTest(); err != nil {
		return nil, "", fmt.Errorf("the key just made does not work: %w", err)
	}
	return s, fragment, nil
}

// methodOf is how a key is published: for assertions, retired or not, since
// what it signed must verify for ever.
func methodOf(controller, fragment string, public crypto.PublicKey) keys.VerificationMethod {
	return keys.VerificationMethod{ID: controller + "#" + fragment, Controller: controller, Public: public, Assertion: true}
}

func checkController(controller string, alg keys.Algorithm) error {
	switch {
	case controller == "" && alg == keys.RS256:
		return fmt.Errorf("%w: an RS256 key needs a controller, it cannot be a did:key", ErrInvalid)
	case controller == "":
		return nil
	case strings.HasPrefix(controller, "did:key:"), strings.HasPrefix(controller, "did:jwk:"):
		return fmt.Errorf("%w: a did:key or did:jwk is made of its one key; leave the controller empty", ErrInvalid)
	case !strings.HasPrefix(controller, "did:") && !strings.HasPrefix(controller, "https://") && !localAddress(controller):
		return fmt.Errorf("%w: a controller is a DID or an https address, not %.120q", ErrInvalid, controller)
	case len(controller) > 1024 || strings.ContainsFunc(controller, notInController):
		return fmt.Errorf("%w: a controller has no fragment, query, space or character beyond ASCII: %.120q", ErrInvalid, controller)
	}
	return nil
}

// localAddress takes plain http for a demonstration that is reached by its
// number or by localhost: there is no name that TLS could speak for.
func localAddress(controller string) bool {
	u, err := url.Parse(controller)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()) != nil)
}

func notInController(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`#?"<>\^{|}`+"`", r)
}

func generate(alg keys.Algorithm) (crypto.Signer, error) {
	switch alg {
	case keys.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case keys.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case keys.ES384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case keys.RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	}
	return nil, fmt.Errorf("%w: no key is made for the algorithm %.40q", ErrInvalid, string(alg))
}

func fragmentOf(public crypto.PublicKey) (string, error) {
	fragment, err := keys.Multikey(public)
	if errors.Is(err, keys.ErrUnsupported) {
		return keys.Thumbprint(public)
	}
	return fragment, err
}

// String names the key.
func (s *signer) String() string { return "private key of " + s.method.ID }

// GoString is String.
func (s *signer) GoString() string { return s.String() }

// Format is String under every verb, %x and %d included.
func (s *signer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String.
func (s *signer) LogValue() slog.Value { return slog.StringValue(s.String()) }
