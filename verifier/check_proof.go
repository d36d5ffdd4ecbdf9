package verifier

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
	"laurel/keys"
)

const (
	maxProofs = 5
	// maxAhead is how far a signer's clock may run before ours.
	maxAhead = 5 * time.Minute
)

// authentication is what one look at a credential's proofs tells: whether they
// hold, and whether their keys are the issuer's. They are two findings, since
// a signature may be good and yet another's.
type authentication struct{ proof, key Finding }

func checkProof(ctx context.Context, s *subject) Finding { return s.authenticate(ctx).proof }

func checkIssuerKey(ctx context.Context, s *subject) Finding { return s.authenticate(ctx).key }

func (s *subject) authenticate(ctx context.Context) authentication {
	if !s.authenticated {
		s.auth = s.authenticateOnce(ctx)
		// The key may have been replaced since its document was fetched.
		wrong := s.auth.proof.Outcome == Failed && s.auth.proof.Code != ProofExpired // of one that expired the key fits
		if (wrong || s.auth.key.Outcome == Failed) && s.errands.refresh(ctx, s.issuerID(), s.now) {
			s.auth = s.authenticateOnce(ctx)
		}
		s.authenticated = true
	}
	return s.auth
}

func (s *subject) authenticateOnce(ctx context.Context) authentication {
	if s.doc.JWS() != nil {
		return s.authenticateJWS(ctx)
	}
	return s.authenticateSet(ctx)
}

// badProof: the proof is wrong by itself, so its key does not matter.
func badProof(code Code, ptr, format string, args ...any) authentication {
	return authentication{failed(code, ptr, format, args...), skipped(NotRun)}
}

// beyondUs: the proof is of a kind that is not understood here.
func beyondUs(ptr, format string, args ...any) authentication {
	return authentication{unknown(UnsupportedSuite, ptr, format, args...), skipped(NotRun)}
}

// authenticateSet verifies embedded proofs. Every one must hold (Data
// Integrity section 4.5); one of an unknown kind beside a good one of the
// issuer takes nothing away from it and is remarked on.
func (s *subject) authenticateSet(ctx context.Context) authentication {
	set := s.doc.Proofs()
	switch {
	case len(set) == 0:
		return badProof(NoProof, "/proof", "There is no proof.")
	case len(set) > maxProofs:
		return badProof(TooManyProofs, "/proof", "There are more than %d proofs.", maxProofs)
	}
	var room [maxProofs]authentication
	all := room[:len(set)]
	for i, p := range set {
		all[i] = s.authenticateProof(ctx, set, p)
	}
	restOnOthers(set, all)
	s.signsJSON = s.coversJSON(set, all) // before others may speak beside the issuer
	s.amongOthers(all)
	return together(all, s.timeAbove())
}

// jcsSuites sign the JSON as it stands, and not the statements that it makes.
var jcsSuites = []string{proof.EdDSAJCS2022{}.Name(), proof.ECDSAJCS2019{}.Name()}

// coversJSON tells whether a proof of the issuer that held is of such a suite.
func (s *subject) coversJSON(set []badge.Proof, all []authentication) bool {
	for i, p := range set {
		suite, _, ok := s.suite(p)
		if ok && slices.Contains(jcsSuites, suite.Name()) && held(all[i].proof) && held(all[i].key) {
			return true
		}
	}
	return false
}

// together sums up the proofs of a set. Their order is not signed, so that one
// which has expired must not stand before one that is forged.
func together(all []authentication, timeAbove Outcome) authentication {
	var room [2][maxProofs]Finding
	proofs, keyed := room[0][:0], room[1][:0]
	strange := -1
	for i := range all {
		if f := &all[i].proof; f.Outcome == Unknown && f.Code == UnsupportedSuite {
			strange = i
			continue
		}
		proofs, keyed = append(proofs, all[i].proof), append(keyed, all[i].key)
	}
	if len(proofs) == 0 {
		return authentication{all[strange].proof, skipped(NotRun)}
	}
	a := authentication{gravestBeyondTime(proofs, timeAbove), gravest(keyed)}
	if strange >= 0 && a.proof.Outcome == Passed {
		a.proof = all[strange].proof
		a.proof.Outcome = Warned
	}
	return a
}

// authenticateProof verifies one proof of a set.
func (s *subject) authenticateProof(ctx context.Context, set []badge.Proof, p badge.Proof) authentication {
	if p.Object.Kind() != strictjson.Object {
		return badProof(ProofInvalid, p.Pointer, "A proof is an object.")
	}
	suite, a, ok := s.suite(p)
	if !ok {
		return a
	}
	if name := keyword(p); name != "" {
		return badProof(ProofInvalid, strictjson.Pointer(p.Pointer, name), "A keyword of JSON-LD is no option of a proof.")
	}
	options := s.checkOptions(set, p)
	if options.Outcome != Passed && options.Code != ProofExpired { // an end that nobody signed is none
		return authentication{options, skipped(NotRun)}
	}
	method, key := s.proofKey(ctx, p)
	if method.Public == nil {
		return authentication{unknown(NoKey, p.Pointer, "There is no key to check it with."), key}
	}
	f := signatureFinding(s.verify(suite, p, method), p.Pointer)
	if f.Outcome == Passed {
		f = options
	}
	if suite.Name() == (proof.ECDSASD2023{}).Name() && f.Outcome == Passed {
		f = s.shown()
	}
	if name := strangeOption(p); name != "" && f.Outcome == Passed {
		f = unknown(Unsupported, strictjson.Pointer(p.Pointer, name), "What this option of a proof asks for is not known here.")
	}
	return authentication{f, key}
}

// shown remarks on what the holder of a derived proof shows no end or no status
// of: whether the issuer set any cannot be seen.
func (s *subject) shown() Finding {
	name := ""
	switch {
	case s.doc.ValidUntil() == "":
		name = "validUntil"
	case !s.doc.Root().Get("credentialStatus").Exists():
		name = "credentialStatus"
	default:
		return passed(OK)
	}
	return Finding{Outcome: Warned, Code: PartlyShown, Pointer: "/" + name, Detail: "The holder chose what is shown, and may have left out " + name + "."}
}

// verify lends the suite the canonical form that the terms were checked on, where
// they were not known to hold.
func (s *subject) verify(suite proof.Suite, p badge.Proof, method keys.VerificationMethod) error {
	return s.provenProof(suite, p.Pointer, method.Public, func() error {
		method := s.v.often.Ready(method)
		if f, ok := suite.(proof.FormVerifier); ok {
			return f.VerifyForm(s.doc, p, method, s.form)
		}
		return suite.Verify(s.doc, p, method)
	})
}

// notCryptosuites are suites that no proof names as its cryptosuite: an envelope,
// and a type of proof of its own.
var notCryptosuites = []string{proof.VCJWT{}.Name(), proof.Ed25519Signature2020{}.Name()}

// suite finds the mechanism of a proof.
func (s *subject) suite(p badge.Proof) (suite proof.Suite, a authentication, ok bool) {
	types := p.Object.Get("type")
	if !types.Exists() {
		return nil, badProof(ProofInvalid, p.Pointer, "A proof has a type."), false
	}
	if former := (proof.Ed25519Signature2020{}).Name(); types.Text() == former {
		suite, ok = s.v.suites[former]
	}
	if ok {
		return suite, authentication{}, true
	}
	if !badge.HasType(types, badge.TypeDataIntegrityProof) {
		return nil, beyondUs(p.Pointer+"/type", "Proofs of the type %s are not verified here.", clip(types.Raw(), 60)), false
	}
	if p.Cryptosuite == "" {
		return nil, badProof(ProofInvalid, p.Pointer, "A Data Integrity proof names its cryptosuite."), false
	}
	suite, ok = s.v.suites[p.Cryptosuite]
	if !ok || slices.Contains(notCryptosuites, p.Cryptosuite) {
		return nil, beyondUs(p.Pointer+"/cryptosuite", "The cryptosuite %s is not verified here.", clip(p.Cryptosuite, 60)), false
	}
	return suite, authentication{}, true
}

// knownOptions are the members of a proof whose meaning is taken account of
// here, or does not matter (nonce, and what only presentations use).
var knownOptions = []string{"@context", "id", "type", "cryptosuite", "created", "expires", "verificationMethod",
	"proofPurpose", "proofValue", "domain", "challenge", "nonce", "previousProof"}

// strangeOption names a member of a proof that is not known here. Options are
// signed as statements like the rest: one under another name could be the end
// of the proof.
func strangeOption(p badge.Proof) string {
	for name := range p.Object.Members() {
		if !slices.Contains(knownOptions, name) {
			return name
		}
	}
	return ""
}

// keyword names a member of a proof that JSON-LD reads as syntax: what it holds
// may not be signed, and no signer writes one.
func keyword(p badge.Proof) string {
	for name := range p.Object.Members() {
		if strings.HasPrefix(name, "@") && name != "@context" {
			return name
		}
	}
	return ""
}

// checkOptions asks what a proof says of itself (Data Integrity section 4.4).
func (s *subject) checkOptions(set []badge.Proof, p badge.Proof) Finding {
	if p.ProofPurpose != s.purpose() {
		return failed(WrongPurpose, p.Pointer+"/proofPurpose", "The purpose of the proof is not %s.", s.purpose())
	}
	for _, name := range []string{"cryptosuite", "verificationMethod", "proofValue"} {
		if text, present, _ := stringMember(p.Object, name); text == "" && (present || name != "cryptosuite") {
			return failed(ProofInvalid, strictjson.Pointer(p.Pointer, name), "A proof has one %s.", name)
		}
	}
	created, err := proofTime(p, "created")
	if err != nil {
		return failed(ProofInvalid, p.Pointer+"/created", "%v", err)
	}
	if created.After(s.now.Add(maxAhead)) {
		return failed(CreatedInFuture, p.Pointer+"/created", "The proof is not made yet, by our clock.")
	}
	expires, err := proofTime(p, "expires")
	if err != nil {
		return failed(ProofInvalid, p.Pointer+"/expires", "%v", err)
	}
	if f := checkPrevious(set, p); f.Outcome != Passed {
		return f
	}
	if !expires.IsZero() && !s.now.Before(expires) {
		f := failed(ProofExpired, p.Pointer+"/expires", "The proof has expired.")
		f.Params = map[string]string{"until": expires.UTC().Format(time.RFC3339)}
		return f
	}
	return passed(OK)
}

// proofTime reads an optional date of a proof; zero when it has none.
func proofTime(p badge.Proof, name string) (time.Time, error) {
	text, ok, err := stringMember(p.Object, name)
	if err != nil || !ok {
		return time.Time{}, err
	}
	return badge.ParseTime(text)
}

// signatureFinding sorts what a suite says.
func signatureFinding(err error, ptr string) Finding {
	if err == nil {
		return passed(OK)
	}
	var refusal *canon.Error
	switch {
	case errors.Is(err, proof.ErrBaseProof):
		return unknown(BaseProof, ptr, "%s", clip(err.Error(), 400))
	case errors.Is(err, proof.ErrInvalid):
		return failed(tokenCode(err), ptr, "%s", clip(err.Error(), 400))
	case errors.As(err, &refusal):
		f := canonFinding(err)
		f.Pointer = ptr
		return f
	case keys.Wrong(err):
		return failed(ProofInvalid, ptr, "%s", clip(err.Error(), 400))
	}
	return unknown(Unsupported, ptr, "%s", clip(err.Error(), 400))
}

// tokenCode tells the faults of tokens apart that say nothing of whether
// anything was changed.
func tokenCode(err error) Code {
	switch {
	case errors.Is(err, proof.ErrAlgorithm):
		return AlgorithmNotAllowed
	case errors.Is(err, proof.ErrHeader):
		return HeaderNotAllowed
	case errors.Is(err, proof.ErrClaims):
		return ClaimsDiffer
	}
	return ProofInvalid
}

// foreignAlgorithms are honest signature algorithms that are not verified
// here. Everything else that a header may say is refused.
var foreignAlgorithms = []string{"RS384", "RS512", "PS256", "PS384", "PS512", "ES512", "ES256K", "Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"}

// authenticateJWS verifies the envelope of a compact JWS (OB 3.0 section 8.2).
func (s *subject) authenticateJWS(ctx context.Context) authentication {
	suite, ok := s.v.suites[proof.VCJWT{}.Name()]
	if !ok {
		return beyondUs("", "Compact JWS are not verified here.")
	}
	if len(s.doc.JWS().Signature) == 0 {
		return badProof(NoProof, "", "The token is not signed.")
	}
	if alg := s.doc.JWS().Header.Get("alg").Text(); slices.Contains(foreignAlgorithms, alg) {
		return beyondUs("", "The algorithm %s is not verified here.", alg)
	}
	header, err := proof.ReadHeader(s.doc)
	if err != nil {
		return authentication{signatureFinding(err, ""), skipped(NotRun)}
	}
	if header.KeyID != "" || !header.JWK.Exists() {
		if f := clearKeyID(header.KeyID); f.Outcome != Passed {
			return authentication{f, skipped(NotRun)}
		}
	}
	method, key := s.envelopeKey(ctx, header)
	if method.Public == nil {
		return authentication{unknown(NoKey, "", "There is no key to check it with."), key}
	}
	if contradicts(header, method) {
		return authentication{failed(KeyUnclear, "", "The token names one key and brings another."), key}
	}
	a := authentication{signatureFinding(suite.Verify(s.doc, badge.Proof{}, s.v.often.Ready(method)), ""), key}
	if a.proof.Outcome != Passed || !s.doc.Root().Get("proof").Exists() {
		return a
	}
	return s.authenticateBoth(ctx, a)
}

// clearKeyID asks of a kid whether it names a key wherever it is read.
func clearKeyID(kid string) Finding {
	if kid == "" {
		return failed(KeyUnclear, "", "The JWS header names no key.")
	}
	if scheme, _, ok := strings.Cut(kid, ":"); !ok || scheme == "" {
		return failed(KeyUnclear, "", "The JWS header names its key by no address and no DID.")
	}
	return passed(OK)
}

// authenticateBoth takes account of embedded proofs beside an envelope that
// holds: they are a set like any other, over the payload without its claims.
func (s *subject) authenticateBoth(ctx context.Context, envelope authentication) authentication {
	inner := *s
	var err error
	if inner.doc, err = proof.Unclaimed(s.doc); err != nil {
		return authentication{unknown(InternalFault, "/proof", "%v", err), envelope.key}
	}
	embedded := inner.authenticateSet(ctx)
	if embedded.proof.Outcome == Unknown && embedded.proof.Code == UnsupportedSuite { // as in a set
		embedded.proof.Outcome = Warned
		return authentication{embedded.proof, envelope.key}
	}
	return authentication{gravest([]Finding{embedded.proof, envelope.proof}), gravest([]Finding{embedded.key, envelope.key})}
}

// isDID tells a DID from an address.
func isDID(id string) bool { return strings.HasPrefix(id, "did:") }
