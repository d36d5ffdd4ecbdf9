package verifier

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/internal/strictjson"
)

// maxBadges is how many credentials of one presentation are looked at, each
// within the bounds of one verification.
const maxBadges = 8

// presentation is what a holder puts together for somebody who asks (VC data
// model 2.0 section 4.13): credentials, and a proof that it was the holder.
type presentation struct {
	doc   *badge.Document
	body  strictjson.Value // the members of the presentation: of doc, or of its claim vp
	parts []*Submission
}

// isPresentation tells by the type; a token of data model 1.1 has the
// presentation in its claim vp (section 6.3.1 there).
func isPresentation(d *badge.Document) (body strictjson.Value, ok bool) {
	body = d.Root()
	if vp := body.Get("vp"); d.JWS() != nil && vp.Kind() == strictjson.Object && !body.Get("@context").Exists() {
		body = vp
	}
	return body, badge.HasType(body.Get("type"), badge.TypePresentation)
}

// openPresentation takes the credentials out of a presentation.
func openPresentation(d *badge.Document, body strictjson.Value) *Submission {
	p := &presentation{doc: d, body: body}
	member := body.Get("verifiableCredential")
	for i, v := range member.Each() {
		if i == maxBadges {
			return only(unknown(TooManyBadges, "/verifiableCredential", "There are more than %d credentials in the presentation.", maxBadges))
		}
		p.parts = append(p.parts, openPart(v, "/verifiableCredential/"+strconv.Itoa(i)))
	}
	return &Submission{document: d, presentation: p}
}

// shape is what speaks against looking at a presentation, or nil. One of badges
// begins with the context of credentials and has a badge. Any other may have
// contexts of its own before, and only say who made it.
func (p *presentation) shape(opts Options) *Finding {
	first := badge.FirstContext(p.body, badge.ContextCredentialsV2) || badge.FirstContext(p.body, badge.ContextCredentialsV1)
	if f := p.claims(); f != nil {
		return f
	}
	var f Finding
	switch {
	case !first && !(opts.Generic && hasContext(p.body, badge.ContextCredentialsV2)):
		f = failed(Malformed, "/@context", "The first context of a presentation is %s.", badge.ContextCredentialsV2)
	case len(p.parts) == 0 && !opts.Generic:
		f = failed(EmptyPresentation, "/verifiableCredential", "There is no credential in the presentation.")
	default:
		return nil
	}
	return &f
}

// claims is what speaks against the payload of a token, or nil: that something in it
// could be taken for what was signed in place of the presentation. In data model 2.0
// the payload is the presentation itself (VC-JOSE-COSE section 3.1), in 1.1 the claim vp
// is, and beside it stand claims of the token alone.
func (p *presentation) claims() *Finding {
	if p.doc.JWS() == nil {
		return nil
	}
	payload := p.doc.JWS().Payload
	vp := payload.Get("vp")
	var f Finding
	switch {
	case payload.Get("vc").Exists():
		f = failed(Malformed, "/vc", "A presentation has no claim vc.")
	case vp.Exists() && (presents(payload) || !badge.FirstContext(vp, badge.ContextCredentialsV1)):
		f = failed(Malformed, "/vp", "A vp claim holds a presentation of VC data model 1.1, and nothing stands beside it.")
	default:
		return nil
	}
	return &f
}

// presents tells whether an object has a member that belongs to a presentation.
func presents(v strictjson.Value) bool {
	return slices.ContainsFunc([]string{"@context", "type", "verifiableCredential", "holder", "proof"},
		func(name string) bool { return v.Get(name).Exists() })
}

// openPart reads one credential of a presentation: an object, one in an
// envelope, or, in data model 1.1, a compact JWS as a text.
func openPart(v strictjson.Value, ptr string) *Submission {
	text := v.Raw()
	switch v.Kind() {
	case strictjson.String:
		text = v.Text()
	case strictjson.Object:
	default:
		return only(failed(Malformed, ptr, "A credential is an object."))
	}
	d, err := parse([]byte(text))
	if err != nil {
		return only(unreadable(err))
	}
	if _, nested := isPresentation(d); nested {
		return only(failed(NotABadge, ptr, "A presentation stands in a presentation."))
	}
	return submit(d)
}

// verifyPresentation gives the report of the one badge in it, with the holder's
// proof among the findings; of several, a report of its own with theirs in it.
func (v *Verifier) verifyPresentation(ctx context.Context, p *presentation, opts Options) *Report {
	s := v.subject(p.doc, opts)
	defer s.errands.end()
	if s.told = p.shape(opts); s.told != nil {
		return s.report(ctx)
	}
	presenter, proven := s.checkHolder(ctx, p)
	proven.Check = CheckHolder
	reports, within := make([]*Report, len(p.parts)), opts
	within.HolderProof, within.Challenge, within.Domain = false, "", "" // asked of the whole
	for i, part := range p.parts {
		reports[i] = v.VerifySubmission(ctx, part, within)
		if proven.Outcome == Passed && anothers(reports[i].Document, presenter) {
			proven = Finding{Check: CheckHolder, Outcome: Warned, Code: HolderNotSubject, Params: proven.Params}
		}
	}
	if len(reports) == 1 {
		reports[0].Findings = append(reports[0].Findings, proven)
		reports[0].presented = p.doc
		return reports[0]
	}
	form := passed(SeveralBadges)
	if len(reports) == 0 {
		form = passed(EmptyPresentation)
	}
	form.Check, form.Params = CheckFormat, map[string]string{"count": strconv.Itoa(len(reports))}
	return &Report{CheckedAt: s.now, Findings: []Finding{form, proven}, Document: p.doc, presented: p.doc, Badges: reports}
}

// anothers tells whether a badge is about somebody who is not the presenter. An
// id that nobody can prove to be theirs, such as a urn:uuid, tells nothing.
func anothers(d *badge.Document, presenter string) bool {
	if d == nil {
		return false
	}
	for _, subject := range d.Root().Get("credentialSubject").Each() {
		if id := subject.Get("id").Text(); isDID(id) && id != presenter {
			return true
		}
	}
	return false
}

// checkHolder asks whether the holder made the presentation, and for whoever
// asks: with the challenge and for the domain that they gave (Data Integrity
// section 4.4; VC-JOSE-COSE section 3.2).
func (s *subject) checkHolder(ctx context.Context, p *presentation) (presenter string, f Finding) {
	defer func() {
		if r := recover(); r != nil {
			f = Finding{Outcome: Unknown, Code: InternalFault, Detail: fault(r).Error()}
		}
	}()
	if p.doc.JWS() == nil && len(p.doc.Proofs()) == 0 {
		f = Finding{Outcome: Warned, Code: HolderUnproven, Detail: "The presentation has no proof."}
		if s.opts.asksHolder() {
			f.Outcome = Failed
		}
		return "", f
	}
	if s.presenter = p.presenter(); s.presenter == "" {
		return "", failed(HolderInvalid, "/holder", "The presentation does not say who made it.")
	}
	if other := p.otherName(s.presenter); other != "" {
		return "", failed(HolderInvalid, "/holder", "Its holder is %s, and its token was made by %s.", clip(s.presenter, 120), clip(other, 120))
	}
	if !isDID(s.presenter) {
		return "", unknown(HolderOpen, "/holder", "Holders are known here by a DID; %s is none.", clip(s.presenter, 120))
	}
	a := s.authenticatePresentation(ctx)
	if f := gravest([]Finding{a.proof, a.key}); f.Outcome != Passed {
		return "", holderFinding(f)
	}
	if f := s.fresh(p); f.Outcome != Passed {
		return "", f
	}
	f = passed(HolderProven)
	f.Params = map[string]string{"holder": s.presenter}
	return s.presenter, f
}

// presenter is who says to have made the presentation, or else whose key
// signed it; "" where the holder is told in a way that names nobody, since
// whose key it is would then stand for somebody else's name.
func (p *presentation) presenter() string {
	if holder := p.body.Get("holder"); holder.Kind() == strictjson.Object {
		return holder.Get("id").Text()
	} else if holder.Exists() {
		return holder.Text()
	}
	method := ""
	if jws := p.doc.JWS(); jws != nil {
		if iss := jws.Payload.Get("iss").Text(); iss != "" {
			return iss
		}
		method = jws.Header.Get("kid").Text()
	} else {
		method = p.doc.Proofs()[0].VerificationMethod
	}
	owner, _, _ := strings.Cut(method, "#")
	return owner
}

// otherName is the claim iss of a token where it is not the presenter's: the
// two are names for one, and a reader may go by either.
func (p *presentation) otherName(presenter string) string {
	if p.doc.JWS() == nil {
		return ""
	}
	iss := p.doc.JWS().Payload.Get("iss")
	if !iss.Exists() || iss.Text() == presenter {
		return ""
	}
	return iss.Raw()
}

func (s *subject) authenticatePresentation(ctx context.Context) authentication {
	if s.doc.JWS() == nil {
		return s.authenticateSet(ctx)
	}
	if len(s.doc.JWS().Signature) == 0 {
		return badProof(NoProof, "", "The token is not signed.")
	}
	if alg := s.doc.JWS().Header.Get("alg").Text(); slices.Contains(foreignAlgorithms, alg) {
		return beyondUs("", "The algorithm %s is not verified here.", alg)
	}
	header, err := proof.ReadPresentationHeader(s.doc)
	if err != nil {
		return authentication{signatureFinding(err, ""), skipped(NotRun)}
	}
	if f := clearKeyID(header.KeyID); f.Outcome != Passed {
		return authentication{f, skipped(NotRun)}
	}
	method, key := s.namedKey(ctx, header.KeyID)
	if method.Public == nil {
		return authentication{unknown(NoKey, "", "There is no key to check it with."), key}
	}
	return authentication{signatureFinding(proof.VerifyPresentation(s.doc, method), ""), key}
}

// holderFinding tells of a holder's proof what the finding tells of an
// issuer's.
func holderFinding(f Finding) Finding {
	detail := string(f.Code) + ": " + f.Detail
	if f.Outcome == Failed {
		return failed(HolderInvalid, f.Pointer, "%s", detail)
	}
	return unknown(HolderOpen, f.Pointer, "%s", detail)
}

// fresh compares challenge and domain with those that were asked for, and in a
// token the time for which it is meant.
func (s *subject) fresh(p *presentation) Finding {
	if jws := p.doc.JWS(); jws != nil {
		if f := s.inTime(jws.Payload); f.Outcome != Passed {
			return f
		}
		return s.answers("", texts(jws.Payload.Get("nonce")), texts(jws.Payload.Get("aud")))
	}
	for _, pr := range p.doc.Proofs() { // a proof of a set may be older than the question
		if f := s.answers(pr.Pointer, []string{pr.Challenge}, pr.Domain); f.Outcome != Passed {
			return f
		}
	}
	return passed(HolderProven)
}

func (s *subject) answers(ptr string, challenges, domains []string) Finding {
	switch {
	case s.opts.Challenge != "" && (len(challenges) != 1 || challenges[0] != s.opts.Challenge):
		return failed(ChallengeDiffers, ptr, "The presentation does not answer the challenge that was given.")
	case s.opts.Domain != "" && !slices.Contains(domains, s.opts.Domain):
		return failed(DomainDiffers, ptr, "The presentation was made for another domain.")
	}
	return passed(HolderProven)
}

// inTime holds a token to its own times (RFC 7519 sections 4.1.4 and 4.1.5).
func (s *subject) inTime(claims strictjson.Value) Finding {
	ends, err := numericDate(claims.Get("exp"))
	begins, errBegin := numericDate(claims.Get("nbf"))
	switch {
	case err != nil || errBegin != nil:
		return failed(HolderInvalid, "", "The token has a time that is none.")
	case !ends.IsZero() && !s.now.Before(ends):
		return failed(HolderInvalid, "", "The token has expired.")
	case begins.After(s.now.Add(maxAhead)):
		return failed(HolderInvalid, "", "The token does not hold yet.")
	}
	return passed(HolderProven)
}

func texts(v strictjson.Value) []string {
	var out []string
	for _, e := range v.Each() {
		out = append(out, e.Text())
	}
	return out
}

// openEnvelopedPresentation reads a presentation that is the address of its own
// bytes (VC data model 2.0 section 4.13).
func openEnvelopedPresentation(root strictjson.Value) *Submission {
	d, told := openData(root, "application/vp", presentationEnvelopes)
	if told != nil {
		return &Submission{finding: told}
	}
	body, ok := isPresentation(d)
	if !ok {
		return only(failed(Malformed, "/id", "What is in the envelope is no presentation."))
	}
	return openPresentation(d, body)
}

// presentationEnvelopes are the media types of compact JWS with a presentation.
// What they are is told by what is in them, so the plain type does as well.
var presentationEnvelopes = []string{"application/vp+jwt", "application/vp+ld+json+jwt", "application/jwt"}

// openData reads the compact JWS in a data: address (RFC 2397) of one of the
// known media types. Others of the family are honest kinds that are not opened
// here.
func openData(root strictjson.Value, family string, known []string) (d *badge.Document, told *Finding) {
	if !hasContext(root, badge.ContextCredentialsV2) {
		f := failed(Malformed, "/@context", "An envelope has the context %s.", badge.ContextCredentialsV2)
		return nil, &f
	}
	address := root.Get("id").Text()
	mediaType, data, ok := strings.Cut(strings.TrimPrefix(address, "data:"), ",")
	say := func(f Finding) (*badge.Document, *Finding) { return nil, &f }
	if !ok || !strings.HasPrefix(address, "data:") {
		return say(failed(Malformed, "/id", "The id of an envelope is a data: address."))
	}
	if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, mediaType) }) {
		if strings.HasPrefix(strings.ToLower(mediaType), family) {
			return say(unknown(UnsupportedEnvelope, "/id", "Envelopes of the type %s are not opened here.", clip(mediaType, 60)))
		}
		return say(failed(Malformed, "/id", "No envelope is of the type %s.", clip(mediaType, 60)))
	}
	d, err := parse([]byte(data))
	if err == nil && d.JWS() == nil {
		err = fmt.Errorf("it is no compact JWS")
	}
	if err != nil {
		return say(failed(Malformed, "/id", "What is in the envelope cannot be read: %s", clip(err.Error(), 200)))
	}
	return d, nil
}
