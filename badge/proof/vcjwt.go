package proof

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/keys"
)

// VCJWT is the compact JWS envelope of OB 3.0 section 8.2: the payload is the
// credential itself with the registered claims beside its members.
type VCJWT struct{}

var _ Securer = VCJWT{}

// Name implements Suite.
func (VCJWT) Name() string { return "vc-jwt" }

// Algorithms implements Securer.
func (VCJWT) Algorithms() []keys.Algorithm {
	return []keys.Algorithm{keys.EdDSA, keys.ES256, keys.ES384, keys.RS256}
}

// algorithms are all that is ever looked at: none and HMAC are no signatures
// of an issuer.
var algorithms = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.ES384, jose.RS256}

// claims are the registered members that OB 3.0 section 8.2.4 adds to the
// credential in a JWS payload, and those it tolerates.
var claims = []string{"iss", "sub", "jti", "nbf", "exp", "iat", "aud"}

// Claims lists the registered JWT claims that stand beside a credential's own
// members in a payload.
func Claims() []string { return slices.Clone(claims) }

// Secure implements Securer. An embedded proof is left out of the payload: it
// covers other bytes.
func (s VCJWT) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	method := key.Method()
	alg, err := method.Algorithm()
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	payload, err := payload(d)
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	opts := (&jose.SignerOptions{}).WithType("JWT")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg),
		Key: opaque{ctx: ctx, key: key, method: method}}, opts)
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("securing with %s: signing: %w", s.Name(), err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("securing with %s: %w", s.Name(), err)
	}
	return badge.Parse([]byte(compact))
}

// opaque lends a Signer to the library, which never sees the private key.
type opaque struct {
	ctx    context.Context // of the one call that this value lives for
	key    keys.Signer
	method keys.VerificationMethod
}

// Public implements jose.OpaqueSigner. Only the key's id travels in the
// header: a key that a token brings along proves nothing.
func (o opaque) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: o.method.Public, KeyID: o.method.ID}
}

// Algs implements jose.OpaqueSigner.
func (o opaque) Algs() []jose.SignatureAlgorithm { return algorithms }

// SignPayload implements jose.OpaqueSigner.
func (o opaque) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return o.key.Sign(o.ctx, payload)
}

// payload is the credential with the claims that repeat what it says (OB 3.0
// section 8.2.2), its members exactly as they stand in the document. A badge has
// all of those that name somebody.
func payload(d *badge.Document) ([]byte, error) {
	root := d.Root()
	isBadge := badge.HasType(root.Get("type"), badge.TypeOpenBadge, badge.TypeAchievement)
	members := membersBut(root, "proof")
	for _, c := range []struct {
		claim string
		of    strictjson.Value
	}{{"iss", issuerID(root)}, {"jti", root.Get("id")}, {"sub", root.Get("credentialSubject").Get("id")}} {
		if c.of.Exists() {
			members = append(members, member{c.claim, c.of.Raw()})
		} else if isBadge {
			return nil, fmt.Errorf("the VC-JWT of a badge needs what its claim %s repeats", c.claim)
		}
	}
	for _, c := range [][2]string{{"nbf", "validFrom"}, {"exp", "validUntil"}} {
		if v := root.Get(c[1]); v.Exists() {
			at, err := badge.ParseTime(v.Text())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c[1], err)
			}
			members = append(members, member{c[0], strconv.FormatInt(at.Unix(), 10)})
		} else if isBadge && c[0] == "nbf" {
			return nil, fmt.Errorf("the VC-JWT of a badge needs %s", c[1])
		}
	}
	return object(members), nil
}

// issuerID is the issuer's id, which may stand by itself or in an object.
func issuerID(root strictjson.Value) strictjson.Value {
	if issuer := root.Get("issuer"); issuer.Kind() == strictjson.String {
		return issuer
	}
	return root.Get("issuer").Get("id")
}

// Header is the protected header of a VC-JWT, checked (OB 3.0 section 8.2.1).
type Header struct {
	Algorithm keys.Algorithm
	KeyID     string           // "" when absent
	JWK       strictjson.Value // a key the token brings; it must be found among the issuer's
}

// ReadHeader refuses every header member beyond alg, kid, jwk, typ and cty,
// and every algorithm that is not on the list. The errors are ErrHeader and
// ErrAlgorithm.
func ReadHeader(d *badge.Document) (Header, error) {
	return readHeader(d, []string{"JWT", "vc+jwt", "vc+ld+json+jwt", "vc+ld+jwt"})
}

// ReadPresentationHeader is ReadHeader for a presentation (VC-JOSE-COSE section
// 3.2.1), whose types are others.
func ReadPresentationHeader(d *badge.Document) (Header, error) {
	return readHeader(d, []string{"JWT", "vp+jwt", "vp+ld+json+jwt", "vp+ld+jwt"})
}

func readHeader(d *badge.Document, types []string) (Header, error) {
	h := d.JWS().Header
	for name := range h.Members() {
		if !slices.Contains([]string{"alg", "kid", "jwk", "typ", "cty"}, name) {
			return Header{}, fault(ErrHeader, "the JWS header member %q is not allowed (OB 3.0 section 8.2.1)", name)
		}
	}
	for _, name := range []string{"alg", "kid", "typ", "cty"} {
		if v := h.Get(name); v.Exists() && v.Kind() != strictjson.String {
			return Header{}, fault(ErrHeader, "the JWS header member %q is no string", name)
		}
	}
	alg := h.Get("alg").Text()
	if !slices.Contains(algorithms, jose.SignatureAlgorithm(alg)) {
		return Header{}, fault(ErrAlgorithm, "the algorithm %s is not accepted", strconv.Quote(clip(alg, 20)))
	}
	if typ := h.Get("typ"); typ.Exists() && !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, mediaType(typ.Text())) }) {
		return Header{}, fault(ErrHeader, "the type %s is not of this use", strconv.Quote(clip(typ.Text(), 20)))
	}
	return Header{Algorithm: keys.Algorithm(alg), KeyID: h.Get("kid").Text(), JWK: h.Get("jwk")}, nil
}

// mediaType is the type of a token without what may be left out in front of it
// (RFC 7515 section 4.1.9).
func mediaType(typ string) string {
	const usual = "application/"
	if len(typ) > len(usual) && strings.EqualFold(typ[:len(usual)], usual) {
		return typ[len(usual):]
	}
	return typ
}

// Verify implements Suite; the Proof is not used, the envelope is the proof.
func (s VCJWT) Verify(d *badge.Document, _ badge.Proof, key keys.VerificationMethod) error {
	header, err := ReadHeader(d)
	if err != nil {
		return err
	}
	if err := verifyToken(d, header, key); err != nil {
		return err
	}
	return checkClaims(d)
}

// VerifyPresentation checks the signature of a presentation that is a compact
// JWS (VC-JOSE-COSE section 3.2). What its claims say is the verifier's
// business.
func VerifyPresentation(d *badge.Document, key keys.VerificationMethod) error {
	header, err := ReadPresentationHeader(d)
	if err != nil {
		return err
	}
	return verifyToken(d, header, key)
}

func verifyToken(d *badge.Document, header Header, key keys.VerificationMethod) error {
	// The key says which algorithm it is for; the header only repeats it.
	alg, err := key.Algorithm()
	if err != nil {
		return err
	}
	if alg != header.Algorithm {
		return fault(ErrAlgorithm, "the token says %s, its key is for %s", header.Algorithm, alg)
	}
	return matches(key.Verify(d.JWS().SigningInput, d.JWS().Signature))
}

// checkClaims compares the claims with the credential (OB 3.0 section 8.2.4):
// two statements about one thing must be equal. Open Badges asks for iss, jti
// and sub; other credentials, status lists among them, may go without (VC-JOSE-COSE
// section 3.1.3).
func checkClaims(d *badge.Document) error {
	claims, view := d.JWS().Payload, d.View()
	from, until := view.ValidFrom, view.ValidUntil
	if claims.Get("vc").Exists() {
		if d.Root().Raw() == claims.Raw() {
			return fault(ErrClaims, "a vc claim stands beside the credential, or holds none of VC data model 1.1")
		}
		from, until = d.Root().Get("issuanceDate").Text(), d.Root().Get("expirationDate").Text()
	}
	differs := func(claim, from string) bool {
		v := claims.Get(claim)
		return (v.Exists() || needsClaims(d)) && v.Text() != from
	}
	if issuer := d.IssuerID(); issuer == "" || differs("iss", issuer) {
		return fault(ErrClaims, "iss is not the issuer's id")
	}
	if differs("jti", view.ID) {
		return fault(ErrClaims, "jti is not the credential's id")
	}
	subject := ""
	if view.CredentialSubject != nil {
		subject = view.CredentialSubject.ID
	}
	if differs("sub", subject) {
		return fault(ErrClaims, "sub is not the subject's id")
	}
	if err := sameMoment(claims, "nbf", from); err != nil {
		return err
	}
	return sameMoment(claims, "exp", until)
}

// needsClaims tells whether iss, jti and sub have to be there: in all that Open
// Badges describes, and beside a vc claim (VC data model 1.1 section 6.3.1).
func needsClaims(d *badge.Document) bool {
	return d.JWS().Payload.Get("vc").Exists() ||
		badge.HasType(d.Root().Get("type"), badge.TypeOpenBadge, badge.TypeAchievement, badge.TypeEndorsement)
}

// sameMoment compares a NumericDate with a date-time at whole seconds. An
// absent claim takes nothing away: the date it would repeat is signed too, and
// the specification's own examples have no nbf. An exp without
// validUntil stands for it; the verifier reads it there.
func sameMoment(claims strictjson.Value, claim, dateTime string) error {
	v := claims.Get(claim)
	if !v.Exists() {
		return nil
	}
	claimed, ok := strictjson.NumericDate(v)
	if !ok {
		return fault(ErrClaims, "%s is no moment", claim)
	}
	if dateTime == "" {
		return nil
	}
	at, err := badge.ParseTime(dateTime)
	if err != nil || claimed.Unix() != at.Unix() {
		return fault(ErrClaims, "%s is another moment than the credential's", claim)
	}
	return nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
