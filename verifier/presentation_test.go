package verifier_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/verifier"
)

const holderCheck = verifier.CheckHolder

// presented is a presentation with embedded proof. The options replace those of
// its proof; a nil key is no proof.
func (w *world) presented(by signer, signed bool, options map[string]any, credentials ...string) string {
	text := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"` + by.method.Controller +
		`","verifiableCredential":[` + strings.Join(credentials, ",") + `]}`
	if !signed {
		return text
	}
	all := map[string]any{"proofPurpose": "authentication"}
	for name, v := range options {
		all[name] = v
	}
	return w.prove(text, by, all)
}

// presentedToken is the same as a compact JWS, with more claims.
func (w *world) presentedToken(by signer, claims map[string]any, credentials ...string) string {
	payload := map[string]any{"@context": []string{"https://www.w3.org/ns/credentials/v2"}, "type": []string{"VerifiablePresentation"}, "holder": by.method.Controller}
	var enveloped []any
	for _, c := range credentials {
		enveloped = append(enveloped, map[string]any{"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + c})
	}
	payload["verifiableCredential"] = enveloped
	for name, v := range claims {
		payload[name] = v
	}
	return w.jws(map[string]any{"alg": "EdDSA", "kid": by.method.ID, "typ": "vp+jwt"}, string(marshal(w.t, payload)), by)
}

// of makes the fixture a badge about somebody.
func (w *world) of(subject signer, edits ...edit) string {
	return w.badge(append([]edit{swap("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", subject.method.Controller)}, edits...)...)
}

type presentationState struct {
	name     string
	make     func(w *world, holder signer) string
	opts     verifier.Options
	verdict  verifier.Verdict
	outcome  verifier.Outcome
	code     verifier.Code
	detail   string
	badgeSay *finding
}

func TestPresentations(t *testing.T) {
	ask := verifier.Options{Challenge: "c-1", Domain: "employer.example"}
	answer := map[string]any{"challenge": "c-1", "domain": "employer.example"}
	token := func(w *world, h signer) string {
		return w.token(w.issuer, swap("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", h.method.Controller))
	}
	embedded := func(options map[string]any) func(*world, signer) string {
		return func(w *world, h signer) string { return w.presented(h, true, options, w.of(h)) }
	}
	inToken := func(claims map[string]any) func(*world, signer) string {
		return func(w *world, h signer) string { return w.presentedToken(h, claims, token(w, h)) }
	}
	for _, s := range []presentationState{
		{name: "embedded", make: embedded(nil), verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "embedded, answering", make: embedded(answer), opts: ask, verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "embedded, of several domains", make: embedded(map[string]any{"challenge": "c-1", "domain": []string{"a.example", "employer.example"}}), opts: ask, verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "another challenge", make: embedded(map[string]any{"challenge": "c-2", "domain": "employer.example"}), opts: ask, verdict: invalid, outcome: fail, code: verifier.ChallengeDiffers},
		{name: "no challenge", make: embedded(nil), opts: ask, verdict: invalid, outcome: fail, code: verifier.ChallengeDiffers},
		{name: "another domain", make: embedded(map[string]any{"challenge": "c-1", "domain": "other.example"}), opts: ask, verdict: invalid, outcome: fail, code: verifier.DomainDiffers},
		{name: "for another purpose", make: embedded(map[string]any{"proofPurpose": "assertionMethod"}), verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "wrong_purpose"},
		{name: "expired", make: embedded(map[string]any{"expires": "2026-11-21T09:30:00Z"}), verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "proof_expired"},
		{name: "an unknown suite", make: func(w *world, h signer) string {
			return strings.Replace(embedded(nil)(w, h), `"cryptosuite":"eddsa-rdfc-2022","proofPurpose":"authentication"`, `"cryptosuite":"future-2030","proofPurpose":"authentication"`, 1)
		}, verdict: indeterminate, outcome: open, code: verifier.HolderOpen, detail: "unsupported_suite"},
		{name: "changed", make: func(w *world, h signer) string {
			return strings.Replace(embedded(nil)(w, h), `"type":["VerifiablePresentation"]`, `"id":"urn:x:1","type":["VerifiablePresentation"]`, 1)
		}, verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "proof_invalid"},
		{name: "of another's key", make: func(w *world, h signer) string {
			return strings.Replace(embedded(nil)(w, h), `"holder":"`+h.method.Controller, `"holder":"`+w.issuer.method.Controller, 1)
		}, verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "wrong_controller"},
		{name: "another's badge", make: func(w *world, h signer) string { return w.presented(h, true, nil, w.badge()) },
			verdict: warning, outcome: warn, code: verifier.HolderNotSubject},
		{name: "a badge about a urn", make: func(w *world, h signer) string {
			return w.presented(h, true, nil, w.badge(swap("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10")))
		}, verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "not signed", make: func(w *world, h signer) string { return w.presented(h, false, nil, w.of(h)) }, verdict: valid, outcome: warn, code: verifier.HolderUnproven},
		{name: "not signed, though asked", make: func(w *world, h signer) string { return w.presented(h, false, nil, w.of(h)) },
			opts: verifier.Options{HolderProof: true}, verdict: invalid, outcome: fail, code: verifier.HolderUnproven},
		{name: "a changed badge in it", make: func(w *world, h signer) string {
			return w.presented(h, true, nil, swap("Foundations", "foundations")(t, w.of(h)))
		}, verdict: invalid, outcome: pass, code: verifier.HolderProven, badgeSay: &finding{proofs, fail, verifier.ProofInvalid}},
		{name: "an envelope in it", make: func(w *world, h signer) string {
			return w.presented(h, true, nil, envelope("application/vc+jwt", token(w, h)))
		}, verdict: valid, outcome: pass, code: verifier.HolderProven, badgeSay: &finding{proofs, pass, verifier.OK}},

		{name: "a token", make: inToken(nil), verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "a token, answering", make: inToken(map[string]any{"nonce": "c-1", "aud": "employer.example"}), opts: ask, verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "a token for another", make: inToken(map[string]any{"nonce": "c-1", "aud": []string{"other.example"}}), opts: ask, verdict: invalid, outcome: fail, code: verifier.DomainDiffers},
		{name: "an older token", make: inToken(map[string]any{"nonce": "c-0"}), opts: ask, verdict: invalid, outcome: fail, code: verifier.ChallengeDiffers},
		{name: "an expired token", make: inToken(map[string]any{"exp": now.Add(-time.Second).Unix()}), verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "expired"},
		{name: "a token of tomorrow", make: inToken(map[string]any{"nbf": now.Add(time.Hour).Unix()}), verdict: invalid, outcome: fail, code: verifier.HolderInvalid},
		{name: "a token that is not signed", make: func(w *world, h signer) string {
			text := inToken(nil)(w, h)
			return text[:strings.LastIndexByte(text, '.')+1]
		}, verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "not signed"},
		{name: "a token of another's key", make: inToken(map[string]any{"holder": "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"}), verdict: invalid, outcome: fail, code: verifier.HolderInvalid, detail: "wrong_controller"},
		{name: "a token in an envelope", make: func(w *world, h signer) string {
			return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,%s"}`, inToken(nil)(w, h))
		}, verdict: valid, outcome: pass, code: verifier.HolderProven},
		{name: "a token of data model 1.1", make: func(w *world, h signer) string {
			return w.jws(map[string]any{"alg": "EdDSA", "kid": h.method.ID, "typ": "JWT"},
				`{"iss":"`+h.method.Controller+`","nonce":"c-1","aud":"employer.example","vp":{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiablePresentation"],"verifiableCredential":["`+token(w, h)+`"]}}`, h)
		}, opts: ask, verdict: valid, outcome: pass, code: verifier.HolderProven},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w, holder := newWorld(t), didKey(t)
			w.list(listURL, "revocation", w.issuer, nil)
			r := w.v.VerifyBytes(context.Background(), []byte(s.make(w, holder)), s.opts)
			want := []finding{{holderCheck, s.outcome, s.code}}
			if s.badgeSay != nil {
				want = append(want, *s.badgeSay)
			}
			expect(t, r, s.verdict, want...)
			if f := r.Finding(holderCheck); !strings.Contains(f.Detail, s.detail) {
				t.Errorf("detail %q", f.Detail)
			}
			if len(r.Badges) != 0 || r.Document == nil {
				t.Errorf("%d badges, document %v", len(r.Badges), r.Document)
			}
		})
	}
}

func TestPresentationsOfSeveral(t *testing.T) {
	w, holder := newWorld(t), didKey(t)
	w.list(listURL, "revocation", w.issuer, nil)
	good, other := w.of(holder), w.badge()
	bad := swap("Foundations", "foundations")(t, good)
	for name, c := range map[string]struct {
		credentials []string
		verdict     verifier.Verdict
		holder      finding
		each        []verifier.Verdict
	}{
		"two good ones":        {[]string{good, good}, valid, finding{holderCheck, pass, verifier.HolderProven}, []verifier.Verdict{valid, valid}},
		"one of another":       {[]string{good, other}, warning, finding{holderCheck, warn, verifier.HolderNotSubject}, []verifier.Verdict{valid, valid}},
		"one changed":          {[]string{good, bad}, invalid, finding{holderCheck, pass, verifier.HolderProven}, []verifier.Verdict{valid, invalid}},
		"one of an older kind": {[]string{envelope("application/vc+sd-jwt", "x"), good}, indeterminate, finding{holderCheck, pass, verifier.HolderProven}, []verifier.Verdict{indeterminate, valid}},
		"the worst decides":    {[]string{envelope("application/vc+sd-jwt", "x"), bad}, invalid, finding{holderCheck, pass, verifier.HolderProven}, []verifier.Verdict{indeterminate, invalid}},
	} {
		r := w.v.Verify(context.Background(), []byte(w.presented(holder, true, nil, c.credentials...)))
		expect(t, r, c.verdict, c.holder, finding{format, pass, verifier.SeveralBadges})
		if len(r.Badges) != len(c.each) {
			t.Errorf("%s: %d reports", name, len(r.Badges))
			continue
		}
		for i, want := range c.each {
			if r.Badges[i].Verdict() != want {
				t.Errorf("%s: badge %d is %s\n%s", name, i, r.Badges[i].Verdict(), lines(r.Badges[i]))
			}
		}
	}
	unsigned := w.v.Verify(context.Background(), []byte(w.presented(holder, false, nil, good, good)))
	expect(t, unsigned, valid, finding{holderCheck, warn, verifier.HolderUnproven})
}

// TestPresentationsWithClaimsOfAnotherModel signs tokens in which two presentations, or
// a presentation and a credential, could each be taken for what was signed.
func TestPresentationsWithClaimsOfAnotherModel(t *testing.T) {
	beside := func(claim string, value map[string]any) func(*world) string {
		return func(w *world) string {
			return w.presentedToken(didKey(w.t), map[string]any{claim: value}, w.token(w.issuer))
		}
	}
	signed := func(payload func(w *world, h signer) map[string]any) func(*world) string {
		return func(w *world) string {
			h := didKey(w.t)
			claims := payload(w, h)
			claims["iss"] = h.method.Controller
			return w.jws(map[string]any{"alg": "EdDSA", "kid": h.method.ID, "typ": "JWT"}, string(marshal(w.t, claims)), h)
		}
	}
	with := func(w *world) map[string]any {
		return map[string]any{"@context": []string{"https://www.w3.org/2018/credentials/v1"}, "type": []string{"VerifiablePresentation"}, "verifiableCredential": []string{w.token(w.issuer)}}
	}
	older := map[string]any{"@context": []string{"https://www.w3.org/2018/credentials/v1"}, "type": []string{"VerifiablePresentation"}, "verifiableCredential": []string{}}
	for _, s := range []state{
		{name: "an empty claim vp", verdict: invalid, make: beside("vp", map[string]any{}), want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "another presentation", verdict: invalid, make: beside("vp", older), want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "one of data model 1.1 beside another", verdict: invalid, make: func(w *world) string {
			h := didKey(w.t)
			return w.presentedToken(h, map[string]any{"@context": older["@context"], "vp": older}, w.token(w.issuer))
		}, want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "a claim vc", verdict: invalid, make: beside("vc", map[string]any{}), want: one(format, fail, verifier.Malformed), pointer: "/vc"},
		{name: "a presentation in a claim vc", verdict: invalid, make: signed(func(w *world, _ signer) map[string]any { return map[string]any{"vc": with(w)} }),
			want: one(format, fail, verifier.Malformed), pointer: "/vc"},
		{name: "one in a claim vc and one in a claim vp", verdict: invalid, make: signed(func(w *world, _ signer) map[string]any { return map[string]any{"vc": with(w), "vp": older} }),
			want: one(format, fail, verifier.Malformed), pointer: "/vc"},
		{name: "a type and a badge beside a claim vp", verdict: invalid, make: signed(func(w *world, _ signer) map[string]any {
			return map[string]any{"vp": with(w), "type": []string{"VerifiablePresentation"}, "verifiableCredential": []string{w.token(w.issuer)}}
		}), want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "a holder beside a claim vp", verdict: invalid, make: signed(func(w *world, _ signer) map[string]any {
			return map[string]any{"vp": with(w), "holder": "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"}
		}), want: one(format, fail, verifier.Malformed), pointer: "/vp"},
		{name: "data model 2.0 in a claim vp", verdict: invalid, make: func(w *world) string {
			h := didKey(w.t)
			return w.jws(map[string]any{"alg": "EdDSA", "kid": h.method.ID, "typ": "JWT"},
				`{"iss":"`+h.method.Controller+`","vp":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[`+w.badge()+`]}}`, h)
		}, want: one(format, fail, verifier.Malformed), pointer: "/vp"},
	} {
		s.run(t)
	}
}

func TestPresentationsThatAreNone(t *testing.T) {
	of := func(text string) func(*world) string { return func(*world) string { return text } }
	const head = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]`
	many := strings.TrimSuffix(strings.Repeat(`{"a":1},`, 9), ",")
	for _, s := range []state{
		{name: "empty", verdict: invalid, make: of(head + `}`), want: one(format, fail, verifier.EmptyPresentation)},
		{name: "an empty list", verdict: invalid, make: of(head + `,"verifiableCredential":[]}`), want: one(format, fail, verifier.EmptyPresentation)},
		{name: "nine", verdict: indeterminate, make: of(head + `,"verifiableCredential":[` + many + `]}`), want: one(format, open, verifier.TooManyBadges)},
		{name: "no context", verdict: invalid, make: of(`{"type":"VerifiablePresentation","verifiableCredential":{"a":1}}`), want: one(format, fail, verifier.Malformed), pointer: "/@context"},
		{name: "a page in an envelope", verdict: invalid, make: of(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:text/html,x"}`), want: one(format, fail, verifier.Malformed), pointer: "/id"},
		{name: "COSE in an envelope", verdict: indeterminate, make: of(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+cose,x"}`), want: one(format, open, verifier.UnsupportedEnvelope)},
		{name: "a badge in its envelope", verdict: invalid, make: func(w *world) string {
			return `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,` + w.token(w.issuer) + `"}`
		}, want: one(format, fail, verifier.Malformed), pointer: "/id"},
	} {
		s.run(t)
	}
	w := newWorld(t)
	for _, credential := range []string{`7`, `"words"`, `{"id":1,"x":[` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `]}`, head + `,"verifiableCredential":{"a":1}}`} {
		r := w.v.Verify(context.Background(), []byte(head+`,"verifiableCredential":`+credential+`}`))
		if r.Verdict() == valid || r.Verified() {
			t.Errorf("%s: %s", credential, lines(r))
		}
	}
}
